// @ts-check
/**
 * Finds links in what people say: http and https, nothing else.
 */

const LINK = /\bhttps?:\/\/[^\s<>"“”]+/gi;

/**
 * Cuts a text into what is a link and what is not.
 *
 * @param {string} text
 * @returns {{ text: string, href?: string }[]}
 */
export function findLinks(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const found = trimEnd(match[0]);
    const href = address(found);
    if (href === undefined) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: found, href });
    from = match.index + found.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** Without what belongs to the sentence: a full stop, or a bracket that was opened before. @param {string} link */
function trimEnd(link) {
  // Counted once: whoever sends thousands of brackets would keep every page busy otherwise.
  const surplus = new Map(["()", "[]", "{}"].map((pair) => {
    const [opened = 0, closed = 0] = [...pair].map((bracket) => link.split(bracket).length);
    return [pair[1], closed - opened];
  }));
  let end = link.length;
  for (; end > 0; end--) {
    const last = link.charAt(end - 1);
    const closed = surplus.get(last);
    if (closed === undefined ? !/[.,:;!?'"’*_~]/.test(last) : closed <= 0) break;
    if (closed !== undefined) surplus.set(last, closed - 1);
  }
  return link.slice(0, end);
}

/** @param {string} link */
function address(link) {
  try {
    const { protocol, href } = new URL(link);
    return protocol === "http:" || protocol === "https:" ? href : undefined;
  } catch {
    return undefined;
  }
}
