/**
 * Parses lines from clients (RFC 1459, as in modern.ircdocs.horse), and renders tags (IRCv3, "message-tags").
 *
 * `parse` accepts any text and never throws. `renderTags` returns tags that `parse` reads back unchanged, or throws: a value
 * cannot add a tag or a line.
 */

/** A parsed line. */
export interface IrcMessage {
  /** Unescaped values by key; "" if a tag has no value. */
  readonly tags: ReadonlyMap<string, string>;
  /** The source, without its colon. */
  readonly source: string | undefined;
  /** In upper case. */
  readonly command: string;
  /** All parameters; the colon of the last one is removed. */
  readonly params: readonly string[];
  /** The parameters as they were sent, with all spaces and the colon. */
  readonly rest: string;
}

const COLON = 0x3a;
const AT = 0x40;
const SPACE = 0x20;

const NO_TAGS: ReadonlyMap<string, string> = new Map(); // shared by all lines without tags, which are most
const KEY_BREAKERS = " ;=\r\n\0";

/**
 * Parses a line.
 *
 * Several spaces count as one, and leading spaces are ignored. Of tags with the same key the last one wins; a tag without a
 * key is ignored, as is an empty source. Only spaces separate parts: control characters stay in the part that they are in,
 * so a text has to be sanitized before it is passed on.
 *
 * @param line The line, without its line end.
 * @returns `undefined` if the line has no command.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parse } from "./parser.ts";
 *
 * assertEquals(parse("@+draft/reply=42 privmsg #den :hi there"), {
 *   tags: new Map([["+draft/reply", "42"]]),
 *   source: undefined,
 *   command: "PRIVMSG",
 *   params: ["#den", "hi there"],
 *   rest: "#den :hi there",
 * });
 * assertEquals(parse("  "), undefined);
 * ```
 */
export function parse(line: string): IrcMessage | undefined {
  let tags = NO_TAGS;
  let source: string | undefined;
  let at = skipSpaces(line, 0);
  if (line.charCodeAt(at) === AT) {
    const end = wordEnd(line, at);
    tags = parseTags(line.slice(at + 1, end));
    at = skipSpaces(line, end);
  }
  if (line.charCodeAt(at) === COLON) {
    const end = wordEnd(line, at);
    if (end > at + 1) source = line.slice(at + 1, end);
    at = skipSpaces(line, end);
  }
  if (at === line.length) return undefined;

  let end = wordEnd(line, at);
  const command = upperCase(line.slice(at, end));
  const rest = line.slice(skipSpaces(line, end));
  const params: string[] = [];
  while ((at = skipSpaces(line, end)) < line.length) {
    if (line.charCodeAt(at) === COLON) {
      params.push(line.slice(at + 1));
      break;
    }
    end = wordEnd(line, at);
    params.push(line.slice(at, end));
  }
  return { tags, source, command, params, rest };
}

/**
 * Returns all that follows the first parameters, without a leading colon: a last parameter with spaces that may lack its
 * colon, since many clients send what a user types.
 *
 * @param count The number of parameters before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parse, restOf } from "./parser.ts";
 *
 * assertEquals(restOf(parse("OPER root open  sesame ")!, 1), "open  sesame");
 * assertEquals(restOf(parse("OPER root :open sesame")!, 1), "open sesame");
 * ```
 */
export function restOf({ rest }: IrcMessage, count: number): string {
  let at = 0;
  for (let i = 0; i < count; i++) at = skipSpaces(rest, wordEnd(rest, at));
  return rest.charCodeAt(at) === COLON ? rest.slice(at + 1) : rest.slice(at).trimEnd();
}

/**
 * Renders tags to be put before a line, with the space that follows them; "" if there are none.
 *
 * @throws {TypeError} If a key is empty or has a space, `;`, `=`, CR, LF or NUL, or a value has a NUL.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { renderTags } from "./parser.ts";
 *
 * assertEquals(renderTags(new Map([["a", "b; c"], ["d", ""]])), "@a=b\\:\\sc;d ");
 * assertEquals(renderTags(new Map()), "");
 * ```
 */
export function renderTags(tags: ReadonlyMap<string, string>): string {
  if (tags.size === 0) return "";
  let text = "";
  for (const [key, value] of tags) {
    if (key === "" || hasAny(key, KEY_BREAKERS)) throw cannotSend(key, "it is not a valid tag key");
    if (value.includes("\0")) throw cannotSend(value, "a tag value cannot contain NUL");
    text += text === "" ? "@" : ";";
    text += value === "" ? key : `${key}=${escapeTagValue(value)}`;
  }
  return `${text} `;
}

/**
 * Escapes a tag value (IRCv3, "message-tags", "Escaping values").
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { escapeTagValue } from "./parser.ts";
 *
 * assertEquals(escapeTagValue("one; two\n"), "one\\:\\stwo\\n");
 * ```
 */
export function escapeTagValue(value: string): string {
  return value.replace(/[; \\\r\n]/g, escaped);
}

/**
 * Unescapes a tag value. A backslash before any other character is dropped, and so is one at the end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unescapeTagValue } from "./parser.ts";
 *
 * assertEquals(unescapeTagValue("one\\:\\stwo\\n"), "one; two\n");
 * assertEquals(unescapeTagValue("\\b\\"), "b");
 * ```
 */
export function unescapeTagValue(value: string): string {
  let backslash = value.indexOf("\\");
  if (backslash === -1) return value;
  let text = "";
  let from = 0;
  while (backslash !== -1) {
    text += value.slice(from, backslash) + unescaped(value.charAt(backslash + 1));
    from = backslash + 2;
    backslash = value.indexOf("\\", from);
  }
  return text + value.slice(from);
}

function escaped(character: string): string {
  switch (character) {
    case ";":
      return "\\:";
    case " ":
      return "\\s";
    case "\r":
      return "\\r";
    case "\n":
      return "\\n";
    default:
      return `\\${character}`;
  }
}

function unescaped(character: string): string {
  switch (character) {
    case ":":
      return ";";
    case "s":
      return " ";
    case "r":
      return "\r";
    case "n":
      return "\n";
    default:
      return character;
  }
}

/** Parses tags, given what is between the `@` and the space; never throws. */
export function parseTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of text.split(";")) {
    const equals = tag.indexOf("=");
    if (equals === -1 && tag !== "") tags.set(tag, "");
    else if (equals > 0) tags.set(tag.slice(0, equals), unescapeTagValue(tag.slice(equals + 1)));
  }
  return tags;
}

/** Converts ASCII letters only: `toUpperCase` would turn a dotless i into an I as well. */
function upperCase(command: string): string {
  for (let i = 0; i < command.length; i++) {
    const code = command.charCodeAt(i);
    if (code >= 0x61 && code <= 0x7a) return command.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  }
  return command; // already in upper case, as most are
}

/** Returns the index after the spaces that begin at `at`. */
function skipSpaces(line: string, at: number): number {
  while (line.charCodeAt(at) === SPACE) at++;
  return at;
}

/** Returns the index after the word that begins at `at`. */
function wordEnd(line: string, at: number): number {
  const end = line.indexOf(" ", at);
  return end === -1 ? line.length : end;
}

function hasAny(text: string, characters: string): boolean {
  for (const character of characters) if (text.includes(character)) return true;
  return false;
}

/** Quotes the text as JSON: a log must not contain it unescaped either. */
function cannotSend(text: string, why: string): TypeError {
  return new TypeError(`Cannot send ${JSON.stringify(text)}: ${why}`);
}
