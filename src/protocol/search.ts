/**
 * Searches as users write them, the same on every protocol: words, and `from:alice`, `in:#room`, `before:2026-11-20`,
 * `after:2026-11-20` and `has:link` in any place between them.
 */
import type { Chat } from "../chat/chat.ts";
import type { Said } from "../chat/events.ts";
import type { Member } from "../chat/member.ts";
import { fold } from "../chat/names.ts";
import type { Room } from "../chat/room.ts";
import { parseDateTime } from "../util/datetime.ts";
import type { Steps } from "../util/steps.ts";
import { queryTerms } from "../util/tokenizer.ts";

/** What a condition of a search is about. */
export type SearchKey = "from" | "in" | "before" | "after" | "has";

/** What a user searches for. */
export interface SearchWords {
  /** Terms from `queryTerms`. */
  readonly terms: readonly string[];
  /** The nickname of the author. */
  readonly from?: string;
  /** The name of the room. */
  readonly in?: string;
  /** Only lines that were said before a time, in milliseconds since 1970. */
  readonly before?: number;
  /** Only lines that were said at a time or later, likewise. */
  readonly after?: number;
  readonly hasLink: boolean;
}

/** A search that is not valid. The message is a sentence for the user, without a full stop. */
export class SearchError extends Error {
  override name = "SearchError";
  /** The condition that is wrong, or `text` for the words. */
  readonly about: SearchKey | "text";

  constructor(about: SearchKey | "text", message: string) {
    super(message);
    this.about = about;
  }
}

/** A condition: a key, and a value, which may be in quotes and contain spaces then. */
const CONDITION = /(?<!\S)(from|in|before|after|has):(?:"([^"]*)"|(\S*))/gi;

/**
 * Reads what a user searches for. Words with other colons in them, such as links, are words.
 *
 * @param now In milliseconds since 1970: a time without a date is the most recent one.
 * @throws {SearchError}
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSearch } from "./search.ts";
 *
 * const { terms, from, hasLink } = parseSearch("green tea from:alice has:link", Date.now());
 * assertEquals({ terms, from, hasLink }, { terms: ["green", "tea"], from: "alice", hasLink: true });
 * ```
 */
export function parseSearch(text: string, now: number): SearchWords {
  const given = new Map<SearchKey, string>();
  const words = text.replace(CONDITION, (_, name: string, quoted: string | undefined, bare: string | undefined) => {
    const key = name.toLowerCase() as SearchKey;
    if (given.has(key)) throw new SearchError(key, `Give ${key}: only once`);
    given.set(key, (quoted ?? bare ?? "").trim());
    return " ";
  });
  const [from, room] = [given.get("from"), given.get("in")];
  if (from === "") throw new SearchError("from", "Name a user behind from:, as in from:alice");
  if (room === "") throw new SearchError("in", "Name a room behind in:, as in in:#lobby");
  const kind = given.get("has")?.toLowerCase();
  if (kind !== undefined && kind !== "link") throw new SearchError("has", "Only links can be found so: has:link");
  const [before, after] = [parseBound("before", given, now), parseBound("after", given, now)];
  return {
    terms: queryTerms(words),
    ...from === undefined ? {} : { from },
    ...room === undefined ? {} : { in: room },
    ...before === undefined ? {} : { before },
    ...after === undefined ? {} : { after },
    hasLink: kind === "link",
  };
}

function parseBound(key: "before" | "after", given: ReadonlyMap<SearchKey, string>, now: number): number | undefined {
  const text = given.get(key);
  if (text === undefined) return undefined;
  const time = parseDateTime(text, now) ?? parseTimestamp(text);
  if (time !== undefined) return time;
  throw new SearchError(key, `Invalid time: use a date or a time, as in ${key}:2026-11-20 or ${key}:14:05`);
}

/** Parses a time in UTC, such as `2026-11-20T14:05:00.000Z`, which programs write. */
function parseTimestamp(text: string): number | undefined {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** What a search is limited to apart from what the user has written. */
export interface SearchLimits {
  /** Where to search if the user names no room. */
  readonly rooms: readonly Room[];
  /** The author, if the user names none. */
  readonly from?: string | undefined;
  /** Only lines that were said before a time, in milliseconds since 1970. */
  readonly before?: number | undefined;
  /** Only lines that were said at a time or later, likewise. */
  readonly after?: number | undefined;
  /** The most lines to find: the newest ones. */
  readonly count: number;
}

/** The result of a search. */
export interface SearchResult {
  /** The oldest first. */
  readonly lines: Said[];
  /** Lines from before this time were not searched, to save time; `undefined` if all were. */
  readonly unsearched: number | undefined;
  /** The room that the user named; `undefined` if none. */
  readonly room: Room | undefined;
}

/**
 * Searches rooms that a member has joined.
 *
 * @throws {SearchError}
 * @throws {ChatError} `history-unreadable`
 */
export function* searchLines(
  chat: Chat,
  member: Member,
  words: SearchWords,
  limits: SearchLimits,
): Steps<SearchResult> {
  const { terms, hasLink } = words;
  const from = words.from ?? limits.from;
  if (terms.length === 0 && from === undefined && !hasLink) {
    throw new SearchError(
      "text",
      "Nothing to search for: use words, from:NAME or has:link (punctuation and emoji are not indexed)",
    );
  }
  const room = words.in === undefined ? undefined : findJoined(member, words.in);
  const rooms = room === undefined ? limits.rooms : [room];
  const before = Math.min(words.before ?? Infinity, limits.before ?? Infinity);
  const after = Math.max(words.after ?? -Infinity, limits.after ?? -Infinity);
  const found = yield* chat.history.search(rooms, {
    terms,
    hasLink,
    from: from === undefined ? undefined : fold(from),
    before: before === Infinity ? undefined : yield* firstIdSince(chat, before, member, rooms),
    after: after === -Infinity ? undefined : (yield* firstIdSince(chat, after, member, rooms)) - 1,
    count: limits.count,
  });
  return { ...found, room };
}

function findJoined(member: Member, name: string): Room {
  const room = member.rooms.get(fold(name)) ?? member.rooms.get(fold(`#${name}`));
  if (room === undefined) throw new SearchError("in", "You are not in that room");
  return room;
}

function* firstIdSince(chat: Chat, time: number, member: Member, rooms: readonly Room[]): Steps<number> {
  let first = Infinity;
  for (const room of rooms) {
    first = Math.min(first, chat.history.firstIdSince(time, member, [room]));
    yield;
  }
  return first;
}
