/**
 * What was said before: CHATHISTORY and SEARCH for clients that ask, and a playback on coming into a channel for those
 * that know `batch` and not how to ask (IRCv3, "chathistory", a draft; SEARCH is soju's "search").
 *
 * One may read what is said in the channels that one is in, and what one has said and heard in private, where that is
 * kept. Several lines that were one message are one message here: they count as one, and each's name stands for all.
 */
import type { ChatEvent } from "../../chat/events.ts";
import { readId } from "../../chat/ids.ts";
import type { Member } from "../../chat/member.ts";
import { fold, isNick } from "../../chat/names.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import type { HistoryRange, Line } from "../../chat/store.ts";
import { wordsSought } from "../../history/tokenizer.ts";
import type { Steps } from "../time_slicer.ts";
import { writeWhen } from "../../util/datetime.ts";
import { ownRoom } from "./channels.ts";
import { isoTime } from "./format.ts";
import { parseTags } from "./parser.ts";
import { word } from "./numerics.ts";
import { refused } from "./error_replies.ts";
import { type IrcSession, withTag } from "./session.ts";

/** The most messages in one answer, by default; whoever asks for more gets so many. */
export const HISTORY_MAX = 100;

/** How many messages are played back to who comes into a channel. */
const PLAYBACK = 20;

/** What is wrong with a request. */
class Fault extends Error {
  readonly code: "INVALID_PARAMS" | "INVALID_TARGET" | "MESSAGE_ERROR";
  readonly context: readonly string[];

  constructor(code: Fault["code"], text: string, ...context: string[]) {
    super(text);
    this.code = code;
    this.context = context;
  }
}

/** Where in a history something is: behind all ids up to `after`, and before all from `before` on. */
interface Place {
  readonly after: number;
  readonly before: number;
}

/** What has a history: a channel, or a conversation with somebody. */
interface Source {
  readonly name: string;
  page(range: HistoryRange): Line[];
  /** The place of a message. */
  placeOf(id: number): Place | undefined;
  /** The place of a time. */
  placeIn(time: number): Place;
}

export function* chathistory(session: IrcSession, params: readonly string[]): Steps<void> {
  const [given = "", ...args] = params;
  try {
    if (given.toUpperCase() === "TARGETS") yield* targets(session, args);
    else select(session, given.toUpperCase(), args);
  } catch (error) {
    failed(session, "CHATHISTORY", [word(given)], ["MESSAGE_ERROR", word(given), word(args[0] ?? "")], error);
  }
}

function select(session: IrcSession, subcommand: string, args: readonly string[]) {
  const select = Object.hasOwn(SELECTIONS, subcommand) ? SELECTIONS[subcommand] : undefined;
  if (select === undefined) throw new Fault("INVALID_PARAMS", "Unknown command");
  const cursors = subcommand === "BETWEEN" ? 2 : 1;
  requireCount(args, cursors + 2);
  const source = sourceOf(session, args[0]!);
  const count = limitOf(session, args.at(-1)!);
  const places = args.slice(1, -1).map((arg) => {
    return subcommand === "LATEST" && arg === "*" ? { after: 0, before: Infinity } : placeOf(source, arg);
  });
  const { lines, centre } = select(source, count, places[0]!, places[1] ?? places[0]!);
  batch(session, `chathistory ${source.name}`, rendered(session, lines), centre);
}

/** What a subcommand selects. */
interface Selection {
  readonly lines: Line[];
  /** Where among them is what was asked about: what is farthest from there is left out when not all can be had. */
  readonly centre: number;
}

/** Which messages each subcommand selects. */
const SELECTIONS: Readonly<
  Record<string, (source: Source, count: number, a: Place, b: Place) => Selection>
> = {
  LATEST: (source, count, { after }) => ({ lines: source.page({ after, count }), centre: Infinity }),
  BEFORE: (source, count, { before }) => ({ lines: source.page({ before, count }), centre: Infinity }),
  AFTER: (source, count, { after }) => ({ lines: source.page({ after, count, first: true }), centre: 0 }),
  BETWEEN: (source, count, a, b) => {
    const first = a.after <= b.after; // from the one to the other, in time or against it
    const range = first ? { after: a.after, before: b.before } : { after: b.after, before: a.before };
    return { lines: source.page({ ...range, count, first }), centre: first ? 0 : Infinity };
  },
  AROUND(source, count, { before }) {
    // As many on either side; where there are fewer, more on the other.
    const older = source.page({ before, count });
    const newer = source.page({ after: before - 1, count, first: true });
    const half = Math.floor(count / 2);
    const taken = Math.min(older.length, Math.max(half, count - newer.length));
    return { lines: [...older.slice(older.length - taken), ...newer.slice(0, count - taken)], centre: taken };
  },
};

/** Which channels and people there is a history with, and of what time. */
function* targets(session: IrcSession, args: readonly string[]): Steps<void> {
  requireCount(args, 3);
  const [from, to] = args.slice(0, 2).map((arg) => {
    const time = arg.startsWith("timestamp=") ? timeOf(arg.slice("timestamp=".length)) : undefined;
    if (time === undefined) throw new Fault("INVALID_PARAMS", "Invalid timestamp", word(arg));
    return time;
  }) as [number, number];
  const count = limitOf(session, args[2]!);
  const { chat } = session;
  const member = session.member!;
  const rooms: { name: string; time: number }[] = [];
  for (const room of [...member.rooms.values()]) {
    for (const { time } of chat.history.latest(room, 1)) rooms.push({ name: room.name, time });
    yield;
  }
  const people = (yield* chat.history.conversations(member)).map(({ with: nick, line }) => ({
    name: partner(line, member, nick),
    time: line.time,
  }));
  const found = [...rooms, ...people]
    .filter(({ time }) => time > Math.min(from, to) && time < Math.max(from, to))
    .sort((a, b) => a.time - b.time);
  const some = from <= to ? found.slice(0, count) : found.slice(Math.max(0, found.length - count));
  const server = session.options.name;
  const lines = some.map(({ name, time }) => [`:${server} CHATHISTORY TARGETS ${name} ${isoTime(time)}`]);
  batch(session, "draft/chathistory-targets", lines, from <= to ? 0 : Infinity);
}

/** Somebody's name as they write it, where the last line has it. */
function partner(line: Line, member: Member, folded: string): string {
  const other = line.kind === "whispered" && fold(line.who) === fold(member.nick) ? line.to : line.who;
  return fold(other) === folded ? other : folded;
}

export function* search(session: IrcSession, params: readonly string[]): Steps<void> {
  try {
    yield* searchRooms(session, params);
  } catch (error) {
    failed(session, "SEARCH", [], ["INTERNAL_ERROR"], error);
  }
}

/** What is not searched, as that would take too long, is missing: there is no reply that would say so. */
function* searchRooms(session: IrcSession, params: readonly string[]): Steps<void> {
  const wanted = parseTags(params[0] ?? "");
  const words = wordsSought(wanted.get("text") ?? "");
  if (words.length === 0) throw new Fault("INVALID_PARAMS", "There is no word to search for", "text");
  const where = wanted.get("in");
  const rooms = where === undefined ? [...session.member!.rooms.values()] : [ownRoom(session, where)];
  if (rooms.some((room) => room === undefined)) {
    throw new Fault("INVALID_PARAMS", "You are not in that channel", "in");
  }
  const place = function* (name: "after" | "before"): Steps<number | undefined> {
    const text = wanted.get(name);
    if (text === undefined) return undefined;
    const time = timeOf(text);
    if (time === undefined) throw new Fault("INVALID_PARAMS", "Invalid timestamp", name);
    let first = Infinity;
    for (const room of rooms as Room[]) {
      first = Math.min(first, placeIn(session, time, [room])[name]);
      yield;
    }
    return first;
  };
  const [after, before] = [yield* place("after"), yield* place("before")];
  const from = wanted.get("from");
  const { lines } = yield* session.chat.history.search(rooms as Room[], {
    words,
    from: from === undefined ? undefined : fold(from),
    after,
    before,
    count: limitOf(session, wanted.get("limit") ?? "50", "limit"),
  });
  batch(session, "soju.im/search", rendered(session, lines));
}

/**
 * Plays back what was said last in a channel to a client that has just joined it, in a batch.
 *
 * Without `batch` these lines would look like live ones, and bots would answer them: such a client is told once how to
 * ask. A bot gets nothing, nor does a client with `draft/chathistory`, which asks for what it has not seen.
 */
export function playback(session: IrcSession, room: Room): void {
  if (session.has("draft/chathistory") || session.member!.bot) return;
  const batched = session.has("batch");
  if (!batched && session.hinted) return;
  try {
    const lines = session.chat.history.latest(room, batched ? PLAYBACK : 1);
    if (lines.length === 0) return;
    if (batched) return batch(session, `chathistory ${room.name}`, rendered(session, lines));
    session.hinted = true;
    session.reply(
      `NOTICE ${session.name} :To see what was said in ${room.name}: /quote CHATHISTORY LATEST ${room.name} * ${PLAYBACK}`,
    );
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    refused(session, error, "JOIN");
  }
}

/**
 * Says what is wrong with a request; what is a mistake of ours is thrown on.
 *
 * @param given What of it is repeated in the answer.
 * @param unreadable What is answered when the history cannot be read: a code, and what belongs to it.
 */
function failed(
  session: IrcSession,
  command: string,
  given: readonly string[],
  [code = "", ...about]: readonly string[],
  error: unknown,
) {
  if (error instanceof Fault) return session.fail(command, error.code, error.message, ...given, ...error.context);
  if (!(error instanceof ChatError)) throw error;
  session.fail(command, code, "Messages could not be retrieved", ...about);
}

/**
 * Answers with messages, in a batch if the client knows what that is.
 *
 * @param centre Where among them to begin: what is farthest from there is left out when the answer would be too long. The
 *   end, unless it is said.
 */
function batch(session: IrcSession, type: string, messages: readonly string[][], centre = Infinity) {
  const middle = Math.min(centre, messages.length);
  let [from, to] = [middle, middle];
  for (const at of outwards(messages.length, middle)) {
    if (!session.afford(messages[at]!)) break;
    [from, to] = [Math.min(from, at), Math.max(to, at + 1)];
  }
  const lines = messages.slice(from, to).flat();
  if (!session.has("batch")) return session.reply(...lines);
  const name = session.nextBatch();
  session.reply(`BATCH +${name} ${type}`, ...lines.map((line) => withTag(line, "batch", name)), `BATCH -${name}`);
}

/** The places from 0 to below `length`, what is at `middle` first, then in turn before and behind it. */
function* outwards(length: number, middle: number): Generator<number> {
  for (let distance = 0; distance < length; distance++) {
    if (middle + distance < length) yield middle + distance;
    if (middle - distance > 0) yield middle - distance - 1;
  }
}

/**
 * Messages as this client sees them: each in as many lines as it takes, or in none. A client that has asked for neither
 * `server-time` nor `draft/chathistory` is told the time with the words.
 */
function rendered(session: IrcSession, messages: readonly ChatEvent[]): string[][] {
  const now = Date.now();
  const timed = session.has("server-time") || session.has("draft/chathistory");
  return messages.map((message) => {
    const shown = timed || !("text" in message && "time" in message)
      ? message
      : { ...message, text: `[${writeWhen(message.time, now)}] ${message.text}` };
    const lines = session.member!.format.render(shown) ?? [];
    return typeof lines === "string" ? [lines] : [...lines];
  });
}

/** What has a history for this client. */
function sourceOf(session: IrcSession, name: string): Source {
  const { chat } = session;
  const member = session.member!;
  const room = ownRoom(session, name);
  const where = room ?? (isNick(name) ? name : undefined);
  if (where === undefined) throw new Fault("INVALID_TARGET", "Messages could not be retrieved", word(name));
  return {
    name: typeof where === "string" ? where : where.name,
    page(range) {
      const fitting = { ...range, characters: session.options.answerMax };
      return typeof where === "string"
        ? chat.history.conversation(member, where, fitting)
        : chat.history.page(where, fitting);
    },
    placeOf: (id) => chat.history.hasLine(member, where, id) ? { after: id, before: id } : undefined,
    placeIn: (time) => placeIn(session, time, [where]),
  };
}

/** The place that `timestamp=…` or `msgid=…` stands for. */
function placeOf(source: Source, cursor: string): Place {
  const [, kind, value = ""] = /^(timestamp|msgid)=(.*)$/s.exec(cursor) ?? [];
  if (kind === "timestamp") {
    const time = timeOf(value);
    if (time !== undefined) return source.placeIn(time);
    throw new Fault("INVALID_PARAMS", "Invalid timestamp", word(cursor));
  }
  if (kind === undefined) throw new Fault("INVALID_PARAMS", "Invalid message reference", word(cursor));
  const id = readId(value);
  const place = id === undefined ? undefined : source.placeOf(id);
  if (place === undefined) throw new Fault("MESSAGE_ERROR", "There is no such message", source.name, word(cursor));
  return place;
}

/** The place of a time in what was said in some channels, or to somebody. */
function placeIn({ chat, member }: IrcSession, time: number, where: readonly (Room | string)[]): Place {
  return {
    after: chat.history.firstIdSince(time + 1, member!, where) - 1,
    before: chat.history.firstIdSince(time, member!, where),
  };
}

/** A time as `server-time` has it, in milliseconds since 1970. */
function timeOf(text: string): number | undefined {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

function limitOf({ options: { historyMax: most } }: IrcSession, text: string, ...context: string[]): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Math.min(Number(text), most);
  throw new Fault("INVALID_PARAMS", "Invalid limit", ...context.length > 0 ? context : [word(text)]);
}

function requireCount(args: readonly string[], count: number) {
  if (args.length < count) throw new Fault("INVALID_PARAMS", "Insufficient parameters");
  if (args.length > count) throw new Fault("INVALID_PARAMS", "Too many parameters");
}
