/**
 * The format of exports: JSON lines.
 *
 * An export starts with a head. Then comes each room with its settings and its messages, the oldest first; then private
 * messages, if they are stored; then uploaded files, if they are asked for (`jsonl_files.ts`); and an end line, which tells a
 * complete export from a truncated one. The reader trusts nothing: each line that it accepts is one that the chat could have stored.
 */
import { sanitize } from "../util/sanitize.ts";
import { ChatError } from "../chat/chat_error.ts";
import { ACCOUNT_HOST } from "../chat/conversations.ts";
import type { Actor, Reaction } from "../chat/events.ts";
import { STORED_TOPIC_MAX } from "../chat/lengths.ts";
import { firstId } from "../chat/ids.ts";
import { reactorKey } from "../chat/line_author.ts";
import { isReaction } from "../chat/line_commands.ts";
import { MENTIONED_MAX } from "../chat/mentions.ts";
import { messageText } from "../chat/message_text.ts";
import { completeMask, isMask, KEY_MAX, LISTS, MASK_MAX, MASKS_MAX, type Switch, SWITCHES } from "../chat/modes.ts";
import { fold, isNick, isStoredRoom } from "../chat/names.ts";
import { type Role, ROLES, ROLES_MAX } from "../chat/roles.ts";
import { type Line, REACTIONS_MAX, type SavedRoom } from "../chat/store.ts";
import { enumType, Fields, type FieldType, FormatError, nullable, stringType } from "./jsonl_fields.ts";
import { type ChunkEntry, type FileEntry, readChunk, readFile } from "./jsonl_files.ts";

export { FormatError };

/** A line of an export. */
export type Entry =
  | { readonly kind: "head"; readonly messages: number }
  | { readonly kind: "room"; readonly room: SavedRoom; readonly at: number }
  | { readonly kind: "message"; readonly target: string; readonly line: Line }
  | ChunkEntry
  | FileEntry
  | { readonly kind: "end" };

/**
 * The version of the format: 1 had no roles, and no nicknames of masks; 2 had no replies, reactions, mentions and deleted texts, and
 * no texts of several lines.
 */
const FORMAT = 3;

/** How far ahead the clock of the exporting server may have been, in milliseconds. */
const CLOCK_DIFFERENCE = 24 * 60 * 60_000;

/** The most characters of client-only message tags (IRCv3 message-tags): as many as a client may send by default. */
export const TAGS_MAX = 4096;

/**
 * Writes the first line.
 *
 * @param messages The number of messages that follow, or an estimate: for a progress bar.
 */
export function writeHead(messages: number): string {
  return JSON.stringify({ tincan: FORMAT, messages });
}

/**
 * The latest time in a room and its lines, in milliseconds since 1970: tells which of two states of a room is newer. Some
 * changes, such as removing a mode, leave no time in the room itself, so the time of the last line counts too.
 *
 * @param last The last line in the room, if there is any.
 */
export function lastChange({ since, topic, masks, roles }: SavedRoom, last: Line | undefined): number {
  const times = [...masks.map(({ at }) => at), ...roles.map(({ since }) => since)];
  return Math.max(since, topic?.at ?? 0, last?.time ?? 0, ...times);
}

/**
 * Writes a room.
 *
 * @param at The result of {@linkcode lastChange}.
 */
export function writeRoom(room: SavedRoom, at: number): string {
  const { name, since, topic, switches, password, limit, masks, roles } = room;
  return JSON.stringify({
    kind: "room",
    name,
    since: iso(since),
    at: iso(at),
    topic: topic === undefined ? null : { text: topic.text, by: topic.by, at: iso(topic.at) },
    modes: switches.join(""),
    key: password ?? null,
    limit: limit === Infinity ? null : limit,
    masks: masks.map(({ at, list, mask, by, nick }) => {
      return { list, mask, by, at: iso(at), ...(nick === undefined ? {} : { nick }) };
    }),
    roles: roles.map(({ account, role, since, by }) => ({ account, role, since: iso(since), by })),
  });
}

/** Writes a message. A private one is exported once for each side that stores it, and names the side as its owner. */
export function writeMessage(target: string, line: Line): string {
  const { id, time, style, origin, account, text, tags, bot, reply, reactions, deletedBy } = line;
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
    ...(reply === undefined ? {} : { reply: reply.id }),
    ...(line.kind === "said" && line.mentions !== undefined ? { mentions: line.mentions } : {}),
    ...(reactions === undefined || reactions.length === 0 ? {} : { reactions: reactions.map(writeReaction) }),
    ...(deletedBy === undefined ? {} : { deleted: deletedBy }),
  });
}

function writeReaction({ origin, account, text, time }: Reaction) {
  return { from: origin, ...(account === undefined ? {} : { account }), text, time: iso(time) };
}

/** The owner of a conversation; and the other side, where the message does not tell it: see `conversation` in the chat. */
function ownership(target: string): { owner: string; with?: string } {
  const [owner = "", other = ""] = target.split(" ");
  return owner.endsWith(`@${ACCOUNT_HOST}`) ? { owner, with: other } : { owner };
}

/** Writes the last line. */
export function writeEnd(): string {
  return JSON.stringify({ kind: "end" });
}

/**
 * Parses and checks a line.
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
    throw new FormatError("it is not JSON"); // V8's message would quote the input
  }
  const fields = new Fields(value);
  const entry = fields.has("tincan") ? readHead(fields) : readBody(fields);
  fields.end();
  return entry;
}

function readHead(fields: Fields): Entry {
  const format = fields.take("tincan", INTEGER);
  if (format > FORMAT) {
    throw new FormatError(`it is of a newer tincan (format ${format}, and this one knows ${FORMAT})`);
  }
  return { kind: "head", messages: fields.take("messages", INTEGER) };
}

function readBody(fields: Fields): Entry {
  switch (fields.take("kind", KIND)) {
    case "room":
      return { kind: "room", room: readRoom(fields), at: fields.take("at", TIME) };
    case "message":
      return readMessage(fields);
    case "chunk":
      return readChunk(fields);
    case "file":
      return readFile(fields, TIME);
    case "end":
      return { kind: "end" };
  }
}

function readRoom(fields: Fields): SavedRoom {
  const topic = fields.takeObject("topic");
  const room: SavedRoom = {
    name: fields.take("name", ROOM),
    since: fields.take("since", TIME),
    topic: topic && { text: topic.take("text", TOPIC), by: topic.take("by", AUTHOR), at: topic.take("at", TIME) },
    switches: fields.take("modes", MODES),
    password: fields.take("key", nullable(KEY)) ?? undefined,
    limit: fields.take("limit", nullable(LIMIT)) ?? Infinity,
    masks: fields.takeList("masks", MASKS_MAX).map((mask) => {
      const read = {
        list: mask.take("list", enumType(LISTS)),
        mask: mask.take("mask", MASK),
        by: mask.take("by", AUTHOR),
        at: mask.take("at", TIME),
        ...(mask.has("nick") ? { nick: mask.take("nick", NICK) } : {}),
      };
      mask.end();
      return read;
    }),
    roles: fields.has("roles") ? fields.takeList("roles", ROLES_MAX).map(readRole) : [],
  };
  topic?.end();
  const different = new Set(room.masks.map(({ list, mask }) => `${list} ${fold(mask)}`));
  if (different.size < room.masks.length) throw new FormatError('"masks" contains one mask twice');
  const accounts = new Set(room.roles.map(({ account }) => fold(account)));
  if (accounts.size < room.roles.length) throw new FormatError('"roles" contains one account twice');
  return room;
}

function readRole(fields: Fields): Role {
  const role = {
    account: fields.take("account", NICK),
    role: fields.take("role", enumType(ROLES)),
    since: fields.take("since", TIME),
    by: fields.take("by", GIVER),
  };
  fields.end();
  return role;
}

function readMessage(fields: Fields): Entry {
  const isDeleted = fields.has("deleted");
  const speech = {
    ...readActor(fields),
    id: fields.take("id", ID),
    text: fields.take("text", isDeleted ? EMPTY : MESSAGE_TEXT),
    style: fields.take("style", STYLE),
    time: fields.take("time", TIME),
    tags: fields.take("tags", isDeleted ? EMPTY : TAGS),
    bot: fields.take("bot", BOOLEAN),
    ...(fields.has("reply") ? { reply: { id: fields.take("reply", ID), who: "", text: "" } } : {}),
    ...(fields.has("reactions") ? { reactions: readReactions(fields) } : {}),
    ...(isDeleted ? { deletedBy: fields.take("deleted", GIVER) } : {}),
  };
  if (isDeleted && "reactions" in speech) throw new FormatError('"reactions" does not belong to a deleted message');
  if (speech.reply !== undefined && speech.reply.id >= speech.id) {
    throw new FormatError('"reply" is not smaller than "id"');
  }
  if (speech.id < firstId(speech.time)) throw new FormatError('"id" is smaller than its "time" allows');
  if (!fields.has("owner")) {
    const room = fields.take("room", ROOM);
    const mentions = fields.has("mentions") ? { mentions: fields.take("mentions", MENTIONS) } : {};
    return { kind: "message", target: fold(room), line: { kind: "said", ...speech, ...mentions, room } };
  }
  const owner = fold(fields.take("owner", OWNER));
  const to = fields.take("to", NICK);
  const ownNick = owner.slice(0, owner.indexOf("@"));
  const [author, recipient] = [fold(speech.who), fold(to)];
  if (owner.endsWith(`@${ACCOUNT_HOST}`)) {
    const other = fold(fields.take("with", NICK));
    if (other !== author && other !== recipient) {
      throw new FormatError('"with" is neither the author nor the recipient');
    }
    return { kind: "message", target: `${owner} ${other}`, line: { kind: "whispered", ...speech, to } };
  }
  if (ownNick !== author && ownNick !== recipient) {
    throw new FormatError('"owner" is neither the author nor the recipient');
  }
  const target = `${owner} ${ownNick === author ? recipient : author}`;
  return { kind: "message", target, line: { kind: "whispered", ...speech, to } };
}

/** A member; without an account if it was not logged in. */
function readActor(fields: Fields): Actor {
  const origin = fields.take("from", ORIGIN);
  const account = fields.has("account") ? { account: fields.take("account", NICK) } : {};
  return { who: origin.slice(0, origin.indexOf("!")), origin, ...account };
}

function readReactions(fields: Fields): Reaction[] {
  const reactions = fields.takeList("reactions", REACTIONS_MAX).map((each) => {
    const reaction = { ...readActor(each), text: each.take("text", REACTION), time: each.take("time", TIME) };
    each.end();
    return reaction;
  });
  const different = new Set(reactions.map((each) => `${each.text} ${reactorKey(each)}`));
  if (different.size < reactions.length) throw new FormatError('"reactions" contains one twice');
  return reactions;
}

const KIND = enumType(["room", "message", "chunk", "file", "end"]);
const STYLE = enumType(["say", "action", "notice"]);
const NICK = stringType("a nick", isNick);
const ROOM = stringType("a room", isStoredRoom);
const GIVER = stringType("a nick, or *", (by) => by === "*" || isNick(by));

const ORIGIN = stringType("nick!user@host", isOrigin);
const AUTHOR = stringType("nick!user@host, or *", (author) => author === "*" || isOrigin(author));

function isOrigin(origin: string): boolean {
  const [, nick = "", user = "", host = ""] = /^([^!]{1,100})!([^@]{1,100})@(.{1,100})$/.exec(origin) ?? [];
  return isNick(nick) && isUserOrHost(user) && isUserOrHost(host);
}

const OWNER = stringType("nick@host", (owner) => {
  const [, nick = "", host = ""] = /^([^@]{1,100})@(.{1,100})$/.exec(owner) ?? [];
  return isNick(nick) && isUserOrHost(host);
});

/** Whether a text can be a user name or a host: visible ASCII characters, except `!` and `@`. */
function isUserOrHost(name: string): boolean {
  return /^["-?A-~]+$/.test(name);
}

const TEXT: FieldType<string> = {
  description: "a text that is not empty",
  read(value) {
    const text = typeof value === "string" ? sanitize(value.toWellFormed()) : "";
    return text.trim() === "" ? undefined : text;
  },
};

const MESSAGE_TEXT: FieldType<string> = {
  description: "a text that is not empty, or one of several lines within their limits",
  read(value) {
    if (typeof value !== "string") return undefined;
    try {
      const text = messageText(value.toWellFormed());
      return text.trim() === "" ? undefined : text;
    } catch (error) {
      if (error instanceof ChatError) return undefined;
      throw error;
    }
  },
};

const EMPTY = stringType("empty in a deleted message", (text) => text === "");
const REACTION = stringType("a reaction", isReaction);

const MENTIONS: FieldType<readonly string[]> = {
  description: `a list of up to ${MENTIONED_MAX} nicks`,
  read(value) {
    if (!Array.isArray(value) || value.length > MENTIONED_MAX) return undefined;
    return value.every((each) => typeof each === "string" && isNick(each)) ? value : undefined;
  },
};

const TOPIC: FieldType<string> = {
  description: `a text of 1 to ${STORED_TOPIC_MAX} characters`,
  read(value) {
    const topic = TEXT.read(value)?.trim();
    return topic !== undefined && [...topic].length <= STORED_TOPIC_MAX ? topic : undefined;
  },
};

const MODES: FieldType<Switch[]> = {
  description: `letters of ${SWITCHES.join("")}, each once`,
  read(value) {
    if (typeof value !== "string") return undefined;
    const modes = SWITCHES.filter((mode) => value.includes(mode));
    return modes.length === value.length ? [...value] as Switch[] : undefined;
  },
};

// The same rules as for MODE +k.
const KEY_PATTERN = new RegExp(`^[^\\p{Z}\\p{C},:][^\\p{Z}\\p{C},]{0,${KEY_MAX - 1}}$`, "u");
const KEY = stringType(`a key of 1 to ${KEY_MAX} characters`, (key) => KEY_PATTERN.test(key));
const MASK = stringType(
  `nick!user@host or ~a:account with up to ${MASK_MAX} bytes`,
  (mask) => isMask(mask) && completeMask(mask) === mask,
);

/** Tags: those that are not valid or exceed the limit are dropped, as a message is worth more than its tags. */
const TAGS: FieldType<string> = {
  description: "a text",
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

const BOOLEAN: FieldType<boolean> = {
  description: "true or false",
  read: (value) => typeof value === "boolean" ? value : undefined,
};

const INTEGER: FieldType<number> = {
  description: "a whole number",
  read: (value) => Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : undefined,
};

const LIMIT: FieldType<number> = {
  description: "a whole number from 1 to 999999999",
  read(value) {
    const limit = INTEGER.read(value) ?? 0;
    return limit >= 1 && limit <= 999_999_999 ? limit : undefined;
  },
};

const ID: FieldType<number> = {
  description: "a whole number above 0, and not in the future",
  read(value) {
    const id = INTEGER.read(value) ?? 0;
    return id > 0 && id < firstId(Date.now() + CLOCK_DIFFERENCE) ? id : undefined;
  },
};

const TIME: FieldType<number> = {
  description: "a time such as 2026-11-22T13:05:09.123Z, and not in the future",
  read(value) {
    if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return undefined;
    const time = Date.parse(value);
    const possible = time >= 0 && time < Date.now() + CLOCK_DIFFERENCE && iso(time) === value; // rejects 30 February
    return possible ? time : undefined;
  },
};

function iso(time: number): string {
  return new Date(time).toISOString();
}
