// @ts-check
/**
 * IRC formatting characters: bold, italic, underline, strikethrough, monospace, reverse, colours (modern.ircdocs.horse,
 * "Formatting"). They become classes of the style sheet, so that no message can make text unreadable.
 */

/** Toggles by character. */
const SWITCHES = {
  "\x02": "bold",
  "\x1d": "italic",
  "\x1f": "underline",
  "\x1e": "strike",
  "\x11": "mono",
  "\x16": "reverse",
};

// A colour, and its background, has up to two digits. Hexadecimal colours (\x04) are ignored.
// deno-lint-ignore no-control-regex -- IRC formatting codes are control characters
const CODE = /([\x02\x0f\x11\x16\x1d-\x1f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[\da-f]{6}(?:,[\da-f]{6})?)?)/i;

/**
 * Splits a text into runs with the same formatting.
 *
 * @param {string} text
 * @returns {{ text: string, classes: string }[]}
 */
export function formattingRuns(text) {
  const found = [];
  /** @type {Set<string>} */
  let on = new Set();
  let [ink, paper] = ["", ""];
  for (const [i, part] of text.split(CODE).entries()) {
    if (i % 2 === 0) {
      if (part !== "") found.push({ text: part, classes: [...on, ink, paper].filter((name) => name !== "").join(" ") });
      continue;
    }
    const name = SWITCHES[/** @type {keyof SWITCHES} */ (part)];
    if (part === "\x0f") [on, ink, paper] = [new Set(), "", ""];
    else if (name !== undefined) on = on.symmetricDifference(new Set([name]));
    else if (part.startsWith("\x03")) {
      const [front = "", back] = part.slice(1).split(",");
      ink = colourClass("ink", front);
      if (front === "") paper = "";
      else if (back !== undefined) paper = colourClass("paper", back);
    }
  }
  return found;
}

/** The text without formatting. @param {string} text */
export function plainText(text) {
  return formattingRuns(text).map(({ text }) => text).join("");
}

/** The class of a colour; only the first sixteen have one. @param {string} what @param {string} number */
function colourClass(what, number) {
  return number !== "" && Number(number) < 16 ? `${what}${Number(number)}` : "";
}
