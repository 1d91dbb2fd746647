// @ts-check
/**
 * IRC lines: parsing, rendering, and splitting long messages.
 */

/**
 * A parsed line.
 *
 * @typedef {object} Message
 * @property {Map<string, string>} tags
 * @property {string} source `nick!user@host`, or the server's name.
 * @property {string} nick The part of `source` before the `!`.
 * @property {string} command In upper case.
 * @property {string[]} params
 */

/** The most bytes in a line, without tags and line end (RFC 1459, section 2.3). */
const LINE_MAX = 510;

/** Escapes in tag values (IRCv3, "message-tags"). */
const ESCAPES = [["\\", "\\\\"], [";", "\\:"], [" ", "\\s"], ["\r", "\\r"], ["\n", "\\n"]];

/**
 * Parses a line. Never throws.
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
 * Renders a line. The last parameter may contain spaces. Line breaks and NUL are removed.
 *
 * @param {string} command
 * @param {string[]} params
 * @param {string} [label] The label of the response (IRCv3, "labeled-response").
 * @param {Record<string, string>} [tags] Further tags.
 */
export function render(command, params, label, tags = {}) {
  const words = params.map((param, i) => {
    const last = i === params.length - 1;
    return last && (param === "" || param.startsWith(":") || param.includes(" ")) ? `:${param}` : param;
  });
  const line = [command, ...words].join(" ").replace(/[\r\n\0]/g, "");
  const all = Object.entries(label === undefined ? tags : { label, ...tags });
  if (all.length === 0) return line;
  return `@${all.map(([key, value]) => `${key}=${escape(value)}`).join(";")} ${line}`;
}

/** The length of a chunk of AUTHENTICATE; a shorter one is the last (IRCv3, "sasl-3.1"). */
const PIECE = 400;

/** The chunks of a SASL PLAIN message (RFC 4616). @param {{ name: string, password: string }} login */
export function plainLogin({ name, password }) {
  const text = btoa(String.fromCharCode(...new TextEncoder().encode(`\0${name}\0${password}`)));
  const pieces = text.match(new RegExp(`.{1,${PIECE}}`, "g")) ?? [];
  return text.length % PIECE === 0 ? [...pieces, "+"] : [...pieces];
}

/**
 * Renders attributes for SEARCH: `key=value;…`, with values escaped as in tags.
 *
 * @param {Record<string, string | undefined>} values Undefined ones are omitted.
 */
export function attributes(values) {
  return Object.entries(values).flatMap(([key, value]) => value === undefined ? [] : `${key}=${escape(value)}`).join(
    ";",
  );
}

/** The length of a text in UTF-8. @param {string} text */
export function bytes(text) {
  return new TextEncoder().encode(text).length;
}

/**
 * The most bytes of a message that fit into a line together with the prefix that the server adds.
 *
 * @param {string} source The sender's `nick!user@host`.
 * @param {string} target
 */
export function messageMax(source, target) {
  return LINE_MAX - bytes(`:${source} PRIVMSG ${target} :\x01ACTION \x01`);
}

/**
 * Splits a message into parts that fit into a line together with the prefix that the server adds: between words where
 * possible, and never within a grapheme.
 *
 * @param {string} text
 * @param {string} source The sender's `nick!user@host`.
 * @param {string} target
 */
export function split(text, source, target) {
  const most = messageMax(source, target);
  if (bytes(text) <= most) return [text];
  return splitLine(text, most).map((part) => part.trim()).filter((part) => part !== "");
}

/**
 * Splits a text into parts whose concatenation it is, in the same way. Spaces between words stay at the end of a part.
 *
 * @param {string} text
 * @param {number} most The most bytes in a part.
 */
export function splitLine(text, most) {
  if (bytes(text) <= most) return [text];
  const parts = [];
  let [part, size] = ["", 0];
  for (const piece of pieces(text, most)) {
    const added = bytes(piece);
    if (size + added > most) {
      parts.push(part);
      [part, size] = ["", 0];
    }
    part += piece;
    size += added;
  }
  return [...parts, part];
}

/**
 * Yields words and the spaces after them, or the graphemes of what is too long for a line.
 *
 * @param {string} text
 * @param {number} most
 */
function* pieces(text, most) {
  const graphemes = new Intl.Segmenter();
  for (const word of text.match(/\S+ ?|\s+/g) ?? []) {
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
