/**
 * What an export is made of: objects, one a line, in JSON.
 *
 * First a head, then each room with all that was ruled there, and what was said in it, the oldest first; then what was
 * said in private, if that was kept; and an end, so that half an export is not taken for a whole one. What reads them
 * trusts nothing: whatever gets past it could have been written by the chat itself.
 */
import { plain, sanitize } from "../util/sanitize.ts";
import { ACCOUNT_HOST } from "../chat/conversations.ts";
import { TOPIC_MAX } from "../chat/lengths.ts";
import { firstId } from "../chat/ids.ts";
import { completeMask, KEY_MAX, LISTS, MASK_MAX, MASKS_MAX, type Switch, SWITCHES } from "../chat/modes.ts";
import { fold, isNick, isRoom } from "../chat/names.ts";
import type { Line, SavedRoom } from "../chat/store.ts";

/** One of those objects. */
export type Entry =
  | { readonly kind: "head"; readonly messages: number }
  | { readonly kind: "room"; readonly room: SavedRoom; readonly at: number }
  | { readonly kind: "message"; readonly target: string; readonly line: Line }
  | { readonly kind: "end" };

/** A line is none of them. What is wrong is said in a few words. */
export class FormatError extends Error {
  override name = "FormatError";
}

/** The version of all this. */
const FORMAT = 1;

/** How far ahead the clock may have been where something was said, in milliseconds. */
const CLOCK_DIFFERENCE = 24 * 60 * 60_000;

/** The most characters of what clients say to each other about a line: as many as a client may send, by default. */
const TAGS_MAX = 4096;

/** The most characters that a message of ours quotes of a line. */
const QUOTED_MAX = 40;

/**
 * The first line.
 *
 * @param messages How many lines follow that somebody has said: as far as is known, for a progress bar.
 */
export function writeHead(messages: number): string {
  return JSON.stringify({ tincan: FORMAT, messages });
}

/**
 * When something last happened in a room, as far as is known. Of two states of a room, the one where that is later is the
 * newer one: that a mode was taken away, say, leaves no time behind, but the talk goes on.
 *
 * @param last The last line that was said there, if there is any.
 */
export function lastChange({ since, topic, masks }: SavedRoom, last: Line | undefined): number {
  return Math.max(since, topic?.at ?? 0, last?.time ?? 0, ...masks.map(({ at }) => at));
}

/**
 * A room.
 *
 * @param at See `lastChange`.
 */
export function writeRoom({ name, since, topic, switches, password, limit, masks }: SavedRoom, at: number): string {
  return JSON.stringify({
    kind: "room",
    name,
    since: iso(since),
    at: iso(at),
    topic: topic === undefined ? null : { text: topic.text, by: topic.by, at: iso(topic.at) },
    modes: switches.join(""),
    key: password ?? null,
    limit: limit === Infinity ? null : limit,
    masks: masks.map(({ list, mask, by, at }) => ({ list, mask, by, at: iso(at) })),
  });
}

/** Something that was said to a target. What is private is there once for each of the two, and says whose it is. */
export function writeMessage(target: string, line: Line): string {
  const { id, time, style, origin, account, text, tags, bot } = line;
  return JSON.stringify({
    kind: "message",
    ...line.kind === "said" ? { room: line.room } : ownership(target),
    id,
    time: iso(time),
    style,
    from: origin,
    ...(account === undefined ? {} : { account }),
    ...line.kind === "said" ? {} : { to: line.to },
    text,
    tags,
    bot,
  });
}

/** Whose a conversation is; and with whom, where that cannot be told by the names in it: see `conversation` in the hub. */
function ownership(target: string): { owner: string; with?: string } {
  const [owner = "", other = ""] = target.split(" ");
  return owner.endsWith(`@${ACCOUNT_HOST}`) ? { owner, with: other } : { owner };
}

/** The last line. */
export function writeEnd(): string {
  return JSON.stringify({ kind: "end" });
}

/**
 * Reads a line.
 *
 * @throws {FormatError}
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { FormatError, readEntry, writeHead } from "./jsonl.ts";
 *
 * assertEquals(readEntry(writeHead(7)), { kind: "head", messages: 7 });
 * assertThrows(() => readEntry('{"tincan":1}'), FormatError, '"messages" is missing');
 * ```
 */
export function readEntry(line: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new FormatError("it is not JSON"); // V8 would say where, and quote what is there
  }
  const fields = new Fields(value);
  const entry = fields.has("tincan") ? readHead(fields) : readBody(fields);
  fields.end();
  return entry;
}

function readHead(fields: Fields): Entry {
  const format = fields.take("tincan", WHOLE);
  if (format > FORMAT) {
    throw new FormatError(`it is of a newer tincan (format ${format}, and this one knows ${FORMAT})`);
  }
  return { kind: "head", messages: fields.take("messages", WHOLE) };
}

function readBody(fields: Fields): Entry {
  switch (fields.take("kind", KIND)) {
    case "room":
      return { kind: "room", room: readRoom(fields), at: fields.take("at", TIME) };
    case "message":
      return readMessage(fields);
    case "end":
      return { kind: "end" };
  }
}

function readRoom(fields: Fields): SavedRoom {
  const topic = fields.optional("topic");
  const room: SavedRoom = {
    name: fields.take("name", ROOM),
    since: fields.take("since", TIME),
    topic: topic && { text: topic.take("text", TOPIC), by: topic.take("by", AUTHOR), at: topic.take("at", TIME) },
    switches: fields.take("modes", MODES),
    password: fields.take("key", orNull(KEY)) ?? undefined,
    limit: fields.take("limit", orNull(LIMIT)) ?? Infinity,
    masks: fields.list("masks", MASKS_MAX).map((mask) => {
      const read = {
        list: mask.take("list", oneOf(LISTS)),
        mask: mask.take("mask", MASK),
        by: mask.take("by", AUTHOR),
        at: mask.take("at", TIME),
      };
      mask.end();
      return read;
    }),
  };
  topic?.end();
  const different = new Set(room.masks.map(({ list, mask }) => `${list} ${fold(mask)}`));
  if (different.size < room.masks.length) throw new FormatError('"masks" has one of them twice');
  return room;
}

function readMessage(fields: Fields): Entry {
  const origin = fields.take("from", ORIGIN);
  const speech = {
    who: origin.slice(0, origin.indexOf("!")),
    origin,
    ...(fields.has("account") ? { account: fields.take("account", NICK) } : {}), // only those have one who are somebody
    id: fields.take("id", ID),
    text: fields.take("text", TEXT),
    style: fields.take("style", STYLE),
    time: fields.take("time", TIME),
    tags: fields.take("tags", TAGS),
    bot: fields.take("bot", YES_OR_NO),
  };
  if (speech.id < firstId(speech.time)) throw new FormatError('"id" is smaller than its "time" allows');
  if (!fields.has("owner")) {
    const room = fields.take("room", ROOM);
    return { kind: "message", target: fold(room), line: { kind: "said", ...speech, room } };
  }
  const owner = fold(fields.take("owner", OWNER));
  const to = fields.take("to", NICK);
  const mine = owner.slice(0, owner.indexOf("@"));
  const [who, whom] = [fold(speech.who), fold(to)];
  if (owner.endsWith(`@${ACCOUNT_HOST}`)) {
    const other = fold(fields.take("with", NICK));
    if (other !== who && other !== whom) throw new FormatError('"with" is neither who said it nor whom it was said to');
    return { kind: "message", target: `${owner} ${other}`, line: { kind: "whispered", ...speech, to } };
  }
  if (mine !== who && mine !== whom) throw new FormatError('"owner" is neither who said it nor whom it was said to');
  const target = `${owner} ${mine === who ? whom : who}`;
  return { kind: "message", target, line: { kind: "whispered", ...speech, to } };
}

/** What a field may be. */
interface Kind<T> {
  /** In words. */
  readonly what: string;
  /** What a value means, or `undefined` if it is none. */
  readonly read: (value: unknown) => T | undefined;
}

/** The fields of an object. Each is taken out once, so that what is left in the end does not belong there. */
class Fields {
  readonly #values: Map<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path = "") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FormatError(path === "" ? "it is not an object" : `"${path.slice(0, -1)}" must be an object`);
    }
    this.#values = new Map(Object.entries(value));
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  take<T>(name: string, { what, read }: Kind<T>): T {
    const taken = read(this.#take(name));
    if (taken === undefined) throw new FormatError(`"${this.#path}${name}" must be ${what}`);
    return taken;
  }

  /** The fields of an object in this one, or nothing for `null`. */
  optional(name: string): Fields | undefined {
    const value = this.#take(name);
    return value === null ? undefined : new Fields(value, `${this.#path}${name}.`);
  }

  /** The fields of each object of a list. */
  list(name: string, most: number): Fields[] {
    const values = this.#take(name);
    if (!Array.isArray(values) || values.length > most) {
      throw new FormatError(`"${this.#path}${name}" must be a list of up to ${most} objects`);
    }
    return values.map((value, i) => new Fields(value, `${this.#path}${name}[${i}].`));
  }

  /** Makes sure that nothing is left. */
  end(): void {
    const [name] = this.#values.keys();
    if (name === undefined) return;
    throw new FormatError(
      `${JSON.stringify(plain(sanitize(this.#path + name.slice(0, QUOTED_MAX))))} does not belong there`,
    );
  }

  #take(name: string): unknown {
    const value = this.#values.get(name);
    if (!this.#values.delete(name)) throw new FormatError(`"${this.#path}${name}" is missing`);
    return value;
  }
}

/** A kind of text: one that matches, and more. */
function text(what: string, good: (text: string) => boolean): Kind<string> {
  return { what, read: (value) => typeof value === "string" && good(value) ? value : undefined };
}

function oneOf<const T extends string>(allowed: readonly T[]): Kind<T> {
  return { what: `one of ${allowed.join(", ")}`, read: (value) => allowed.find((each) => each === value) };
}

function orNull<T>({ what, read }: Kind<T>): Kind<T | null> {
  return { what: `${what}, or null`, read: (value) => value === null ? null : read(value) };
}

const KIND = oneOf(["room", "message", "end"]);
const STYLE = oneOf(["say", "action", "notice"]);
const NICK = text("a nick", isNick);
const ROOM = text("a room", isRoom);

const ORIGIN = text("nick!user@host", isOrigin);
const AUTHOR = text("nick!user@host, or *", (author) => author === "*" || isOrigin(author));

function isOrigin(origin: string): boolean {
  const [, nick = "", user = "", host = ""] = /^([^!]{1,100})!([^@]{1,100})@(.{1,100})$/.exec(origin) ?? [];
  return isNick(nick) && isPlace(user) && isPlace(host);
}

const OWNER = text("nick@host", (owner) => {
  const [, nick = "", host = ""] = /^([^@]{1,100})@(.{1,100})$/.exec(owner) ?? [];
  return isNick(nick) && isPlace(host);
});

/** Whether something can be somebody's account or host: visible characters of ASCII, but those that stand between. */
function isPlace(name: string): boolean {
  return /^["-?A-~]+$/.test(name);
}

const TEXT: Kind<string> = {
  what: "a text, and not an empty one",
  read(value) {
    const words = typeof value === "string" ? sanitize(value.toWellFormed()) : "";
    return words.trim() === "" ? undefined : words;
  },
};

const TOPIC: Kind<string> = {
  what: `a text of 1 to ${TOPIC_MAX} characters`,
  read(value) {
    const words = TEXT.read(value)?.trim();
    return words !== undefined && [...words].length <= TOPIC_MAX ? words : undefined;
  },
};

const MODES: Kind<Switch[]> = {
  what: `letters of ${SWITCHES.join("")}, each once`,
  read(value) {
    if (typeof value !== "string" || value.length > SWITCHES.length) return undefined;
    const modes = SWITCHES.filter((mode) => value.includes(mode));
    return modes.length === value.length ? [...value] as Switch[] : undefined;
  },
};

// As the hub takes them.
const KEY_PATTERN = new RegExp(`^[^\\p{Z}\\p{C},:][^\\p{Z}\\p{C},]{0,${KEY_MAX - 1}}$`, "u");
const KEY = text(`a key of 1 to ${KEY_MAX} characters`, (key) => KEY_PATTERN.test(key));
const MASK = text(
  `nick!user@host with up to ${MASK_MAX} characters`,
  (mask) => mask.length <= MASK_MAX && /^["-9;-~][!-~]*$/.test(mask) && completeMask(mask) === mask,
);

/** Of tags, those are taken that are some and that there is room for: what programs say is no reason to lose a line. */
const TAGS: Kind<string> = {
  what: "a text",
  read(value) {
    if (typeof value !== "string") return undefined;
    let taken = "";
    for (const tag of value.split(";")) {
      const more = taken === "" ? tag : `${taken};${tag}`;
      if (more.length > TAGS_MAX) break;
      if (/^\+[^\0\r\n =]+(=[^\0\r\n ]*)?$/.test(tag) && tag.isWellFormed()) taken = more;
    }
    return taken;
  },
};

const YES_OR_NO: Kind<boolean> = {
  what: "true or false",
  read: (value) => typeof value === "boolean" ? value : undefined,
};

const WHOLE: Kind<number> = {
  what: "a whole number",
  read: (value) => Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : undefined,
};

const LIMIT: Kind<number> = {
  what: "a whole number from 1 to 999999999",
  read(value) {
    const limit = WHOLE.read(value) ?? 0;
    return limit >= 1 && limit <= 999_999_999 ? limit : undefined;
  },
};

const ID: Kind<number> = {
  what: "a whole number above 0, and not of the future",
  read(value) {
    const id = WHOLE.read(value) ?? 0;
    return id > 0 && id < firstId(Date.now() + CLOCK_DIFFERENCE) ? id : undefined;
  },
};

const TIME: Kind<number> = {
  what: "a time such as 2026-11-22T13:05:09.123Z, and not in the future",
  read(value) {
    if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return undefined;
    const time = Date.parse(value);
    const possible = time >= 0 && time < Date.now() + CLOCK_DIFFERENCE && iso(time) === value; // no 30th of February
    return possible ? time : undefined;
  },
};

function iso(time: number): string {
  return new Date(time).toISOString();
}
