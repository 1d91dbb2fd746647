// @ts-check
/**
 * IRC's lines: takes them apart, puts them together, and cuts what is too long for one.
 */

/**
 * A line, in its parts.
 *
 * @typedef {object} Message
 * @property {Map<string, string>} tags
 * @property {string} source `nick!user@host`, or the server's name.
 * @property {string} nick What of it stands before the `!`.
 * @property {string} command In upper case.
 * @property {string[]} params
 */

/** The most bytes in a line, its tags and its end not counted. */
const LINE_MAX = 510;

/** What a tag's value is escaped by. */
const ESCAPES = [["\\", "\\\\"], [";", "\\:"], [" ", "\\s"], ["\r", "\\r"], ["\n", "\\n"]];

/**
 * Takes a line apart. Never throws.
 *
 * @param {string} line
 * @returns {Message}
 */
export function parse(line) {
  const [, tags = "", source = "", command = "", rest = ""] =
    /^(?:@(\S*) +)?(?::(\S*) +)?(\S*) *([^]*)$/.exec(line.trimStart()) ?? [];
  const [middle = "", ...last] = ` ${rest}`.split(" :");
  const params = middle.split(" ").filter((word) => word !== "");
  if (last.length > 0) params.push(last.join(" :"));
  return { tags: parseTags(tags), source, nick: source.split("!")[0] ?? "", command: command.toUpperCase(), params };
}

/**
 * Puts a line together. The last parameter may be anything; whatever would end the line early is left out.
 *
 * @param {string} command
 * @param {string[]} params
 * @param {string} [label] What the answer is to be known by.
 */
export function render(command, params, label) {
  const words = params.map((param, i) => {
    const last = i === params.length - 1;
    return last && (param === "" || param.startsWith(":") || param.includes(" ")) ? `:${param}` : param;
  });
  const line = [command, ...words].join(" ").replace(/[\r\n\0]/g, "");
  return label === undefined ? line : `@label=${label} ${line}`;
}

/** How long one piece of what logs in is; a shorter one is the last. */
const PIECE = 400;

/** What shows that a name is one's own, in pieces (SASL's PLAIN). @param {{ name: string, password: string }} login */
export function plainLogin({ name, password }) {
  const text = btoa(String.fromCharCode(...new TextEncoder().encode(`\0${name}\0${password}`)));
  const pieces = text.match(new RegExp(`.{1,${PIECE}}`, "g")) ?? [];
  return text.length % PIECE === 0 ? [...pieces, "+"] : [...pieces];
}

/**
 * Attributes, for a command that takes such: `key=value;…`, the values escaped as those of tags.
 *
 * @param {Record<string, string | undefined>} values Those that are undefined are left out.
 */
export function attributes(values) {
  return Object.entries(values).flatMap(([key, value]) => value === undefined ? [] : `${key}=${escape(value)}`).join(
    ";",
  );
}

/** How many bytes a text is. @param {string} text */
export function bytes(text) {
  return new TextEncoder().encode(text).length;
}

/**
 * Cuts what somebody says into as many parts as it takes for each to fit into a line, with what the server puts before
 * it: between words where it can, and never within what a reader takes for one character.
 *
 * @param {string} text
 * @param {string} source The sender's `nick!user@host`.
 * @param {string} target
 */
export function split(text, source, target) {
  const most = LINE_MAX - bytes(`:${source} PRIVMSG ${target} :\x01ACTION \x01`);
  if (bytes(text) <= most) return [text];
  const parts = [];
  let part = "";
  for (const piece of pieces(text, most)) {
    if (bytes(part + piece) > most) {
      parts.push(part.trimEnd());
      part = piece.trimStart();
    } else part += piece;
  }
  return [...parts, part.trimEnd()].filter((text) => text !== "");
}

/**
 * Words with the spaces before them; of a word that fits into no line, its characters.
 *
 * @param {string} text
 * @param {number} most
 */
function* pieces(text, most) {
  const graphemes = new Intl.Segmenter();
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
    if (bytes(word) <= most) yield word;
    else for (const { segment } of graphemes.segment(word)) yield* bytes(segment) <= most ? [segment] : segment;
  }
}

/** @param {string} text @returns {Map<string, string>} */
function parseTags(text) {
  const tags = new Map();
  for (const tag of text.split(";")) {
    const [key = "", ...value] = tag.split("=");
    if (key !== "") tags.set(key, unescape(value.join("=")));
  }
  return tags;
}

/** @param {string} value */
function escape(value) {
  return value.replace(/[\\; \r\n]/g, (character) => ESCAPES.find(([it]) => it === character)?.[1] ?? character);
}

/** @param {string} value */
function unescape(value) {
  return value.replace(/\\(.?)/gs, (pair, character) => ESCAPES.find(([, it]) => it === pair)?.[0] ?? character);
}
