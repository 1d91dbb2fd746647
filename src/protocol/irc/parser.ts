/**
 * IRC's lines: takes apart what a client sent (RFC 1459 as modern.ircdocs.horse tells it), and puts together the tags of
 * what it gets (IRCv3's message tags).
 *
 * It knows how a line is built, and no command. `parse` takes any text and never throws. `renderTags` makes tags that
 * `parse` gives back as they were, or throws: no tag can become two, and no line can become two.
 */

/** A line, in its parts. */
export interface IrcMessage {
  /** Values by key, unescaped; "" where there is none. */
  readonly tags: ReadonlyMap<string, string>;
  /** What stands behind the colon that begins the line. */
  readonly source: string | undefined;
  /** In upper case. */
  readonly command: string;
  /** All of them; whether the last had a colon makes no difference. */
  readonly params: readonly string[];
  /** The same as it was written, for commands that take a text of their own: with each space, and the colon. */
  readonly rest: string;
}

const COLON = 0x3a;
const AT = 0x40;
const SPACE = 0x20;

const NO_TAGS: ReadonlyMap<string, string> = new Map(); // shared by all lines without tags: nearly all
const KEY_BREAKERS = " ;=\r\n\0";

/**
 * Takes a line apart.
 *
 * Several spaces between parts are one, and those before the first part are none. The last of equal tags wins; a tag
 * without a key is left out, as is an empty source. Only spaces separate: a tab, and a CR or NUL on its own, stays in the
 * part that it is in, so what is passed on must be cleaned first.
 *
 * @param line The line, without its end.
 * @returns Its parts; `undefined` when there is no command in it.
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
 * What follows the first parameters of a line, for a last one that may have spaces though no colon is before it, as many
 * clients send what a user types: with its spaces, and without a colon that begins it.
 *
 * @param count How many parameters are before it.
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
 * Renders tags, to be put before a line: with the space that follows them. Without any, it is "".
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
    if (key === "" || hasAny(key, KEY_BREAKERS)) throw cannotSend(key, "it must be a tag's key");
    if (value.includes("\0")) throw cannotSend(value, "a tag's value must have no NUL");
    text += text === "" ? "@" : ";";
    text += value === "" ? key : `${key}=${escapeTagValue(value)}`;
  }
  return `${text} `;
}

/**
 * Escapes what may not stand in a tag's value.
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
 * The value that was escaped. A backslash before any other character is dropped, and so is one at the end.
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

/** The tags in what stands between the `@` and the space; never throws. */
export function parseTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of text.split(";")) {
    const equals = tag.indexOf("=");
    if (equals === -1 && tag !== "") tags.set(tag, "");
    else if (equals > 0) tags.set(tag.slice(0, equals), unescapeTagValue(tag.slice(equals + 1)));
  }
  return tags;
}

/** ASCII only, as commands are: to `toUpperCase`, a dotless i is an I too. */
function upperCase(command: string): string {
  for (let i = 0; i < command.length; i++) {
    const code = command.charCodeAt(i);
    if (code >= 0x61 && code <= 0x7a) return command.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  }
  return command; // nearly always
}

/** Where the spaces that begin at `at` are over. */
function skipSpaces(line: string, at: number): number {
  while (line.charCodeAt(at) === SPACE) at++;
  return at;
}

/** Where the word that begins at `at` is over. */
function wordEnd(line: string, at: number): number {
  const end = line.indexOf(" ", at);
  return end === -1 ? line.length : end;
}

function hasAny(text: string, characters: string): boolean {
  for (const character of characters) if (text.includes(character)) return true;
  return false;
}

/** Quoted as JSON is: what cannot be sent should not reach a log as it is either. */
function cannotSend(text: string, why: string): TypeError {
  return new TypeError(`Cannot send ${JSON.stringify(text)}: ${why}`);
}
