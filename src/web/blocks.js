// @ts-check
/**
 * Splits a message into blocks: text, code between lines of three backticks, and quotes. Lists and headings are text.
 */

/**
 * A block. Quotes are not nested: within a quote, a further `>` is text.
 *
 * @typedef {{ kind: "text", lines: string[] } | { kind: "code", text: string, language: string } | { kind: "quote", blocks: Block[] }} Block
 */

const FENCE = /^ {0,3}```+(.*)$/;

/** The name of a language after the backticks. Other text there is the first line of the code. */
const LANGUAGE = /^[\w+#.-]{1,20}$/;

/**
 * Splits a message, in time proportional to its length.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  return blocks(text.split("\n"), true);
}

/** @param {string[]} lines @param {boolean} quotes Whether there may be quotes. @returns {Block[]} */
function blocks(lines, quotes) {
  /** @type {Block[]} */
  const found = [];
  /** @type {string[]} */
  let plain = [];
  const endText = () => {
    const kept = trimBlank(plain);
    if (kept.length > 0) found.push({ kind: "text", lines: kept });
    plain = [];
  };
  let at = 0;
  let closing = 0; // the first line at or after `at` that may end code
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const start = FENCE.exec(line)?.[1];
    if (start !== undefined && !endsCode(start)) {
      closing = Math.max(closing, at + 1);
      while (closing < lines.length && !endsCode(lines[closing])) closing++;
      if (closing < lines.length) {
        endText();
        found.push(codeOf(start, lines.slice(at + 1, closing), lines[closing] ?? ""));
        at = closing + 1;
        continue;
      }
    }
    if (quotes && isQuote(line)) {
      endText();
      const from = at;
      while (at < lines.length && isQuote(lines[at] ?? "")) at++;
      found.push({ kind: "quote", blocks: blocks(lines.slice(from, at).map((each) => each.slice(2)), false) });
      continue;
    }
    plain.push(line);
    at++;
  }
  endText();
  return found.length === 0 ? [{ kind: "text", lines }] : found;
}

/** Whether code may end in a line. @param {string | undefined} line */
function endsCode(line = "") {
  return line.trimEnd().endsWith("```");
}

/** @param {string} line */
function isQuote(line) {
  return line.startsWith("> ") || line === ">";
}

/** @param {string} start What follows the opening backticks. @param {string[]} lines @param {string} last The line with the closing ones. @returns {Block} */
function codeOf(start, lines, last) {
  const isLanguage = LANGUAGE.test(start.trim());
  const end = last.trimEnd().replace(/`+$/, "");
  const code = [
    ...isLanguage || start.trim() === "" ? [] : [start],
    ...lines,
    ...end.trim() === "" ? [] : [end],
  ];
  return { kind: "code", text: code.join("\n"), language: isLanguage ? start.trim() : "" };
}

/** The lines without blank ones at both ends: blocks have their own space. @param {string[]} lines */
function trimBlank(lines) {
  const isText = (/** @type {string} */ line) => line.trim() !== "";
  const first = lines.findIndex(isText);
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex(isText) + 1);
}
