/**
 * Earlier messages on request: CHATHISTORY (IRCv3, "chathistory", a draft) and SEARCH (soju.im/search).
 *
 * A client may read the channels that it has joined, and its own private conversations if the server stores those. A message
 * of several lines counts as one, and the id of each line stands for the message.
 */
import { HISTORY_MAX } from "./limits.ts";
import { ChatError } from "../../chat/chat_error.ts";
import { readId } from "../../chat/ids.ts";
import { isNick, prepareName } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import type { HistoryRange, Line } from "../../chat/store.ts";
import { partner } from "../missed_private.ts";
import { parseSearch, SearchError, searchLines } from "../search.ts";
import type { Steps } from "../time_slicer.ts";
import type { MemberContext } from "./context.ts";
import { isoTime, parseTime } from "./format.ts";
import { joinedRoom } from "./lookup.ts";
import { renderMessages, replyBatch } from "./message_batch.ts";
import { word } from "./numerics.ts";
import { parseTags } from "./parser.ts";

export { HISTORY_MAX };

/** The attribute of SEARCH that lists mentions. Its value does not matter. */
const MENTIONS = "tincan.chat/mentions";

/** The most lines that are read in one step. */
const LINES_PER_STEP = 25;

/** How many mentions are read in one step. */
const MENTIONS_PAGE = 100;

/** A request that is not valid, with the code of its FAIL, and what goes between that and the description. */
class RequestError extends Error {
  readonly code: "INVALID_PARAMS" | "INVALID_TARGET" | "MESSAGE_ERROR";
  readonly about: readonly string[];

  constructor(code: RequestError["code"], text: string, ...about: string[]) {
    super(text);
    this.code = code;
    this.about = about;
  }
}

/** A position in a history: after all ids up to `after`, and before all from `before` on. */
interface Position {
  readonly after: number;
  readonly before: number;
}

/** A history: of a channel, or of a private conversation. */
interface HistorySource {
  readonly name: string;
  page(range: HistoryRange): Steps<Line[]>;
  /** The position of a message; `undefined` if it is not in this history. */
  positionOfId(id: number): Position | undefined;
  positionOfTime(time: number): Position;
}

/** CHATHISTORY (IRCv3, "chathistory"). */
export function* chathistory(context: MemberContext, params: readonly string[]): Steps<void> {
  const [given = "", ...args] = params;
  try {
    requireBatches(context);
    if (given.toUpperCase() === "TARGETS") yield* targets(context, args);
    else yield* select(context, given.toUpperCase(), args);
  } catch (error) {
    replyFailure(context, "CHATHISTORY", [word(given)], ["MESSAGE_ERROR", word(given), word(args[0] ?? "")], error);
  }
}

function* select(context: MemberContext, subcommand: string, args: readonly string[]): Steps<void> {
  const select = Object.hasOwn(SELECTIONS, subcommand) ? SELECTIONS[subcommand] : undefined;
  if (select === undefined) throw new RequestError("INVALID_PARAMS", "Unknown command");
  const cursors = subcommand === "BETWEEN" ? 2 : 1;
  requireCount(args, cursors + 2);
  const source = sourceOf(context, args[0]!);
  const count = parseLimit(context, args.at(-1)!);
  const positions = args.slice(1, -1).map((arg) => {
    return subcommand === "LATEST" && arg === "*" ? { after: 0, before: Infinity } : positionOf(source, arg);
  });
  const { lines, centre } = yield* select(source, count, positions[0]!, positions[1] ?? positions[0]!);
  replyBatch(context, `chathistory ${source.name}`, renderMessages(context, lines), centre);
}

/** The messages that a subcommand selects. */
interface Selection {
  readonly lines: Line[];
  /** The index of the message to keep if the response would be too long: those farthest from it are left out. */
  readonly centre: number;
}

const SELECTIONS: Readonly<
  Record<string, (source: HistorySource, count: number, a: Position, b: Position) => Steps<Selection>>
> = {
  *LATEST(source, count, { after }) {
    return { lines: yield* source.page({ after, count }), centre: Infinity };
  },
  *BEFORE(source, count, { before }) {
    return { lines: yield* source.page({ before, count }), centre: Infinity };
  },
  *AFTER(source, count, { after }) {
    return { lines: yield* source.page({ after, count, first: true }), centre: 0 };
  },
  *BETWEEN(source, count, a, b) {
    const first = a.after <= b.after; // else from the later one back to the earlier one
    const range = first ? { after: a.after, before: b.before } : { after: b.after, before: a.before };
    return { lines: yield* source.page({ ...range, count, first }), centre: first ? 0 : Infinity };
  },
  *AROUND(source, count, { before }) {
    // The same number before and after; if there are fewer on one side, more on the other.
    const older = yield* source.page({ before, count });
    const newer = yield* source.page({ after: before - 1, count, first: true });
    const half = Math.floor(count / 2);
    const taken = Math.min(older.length, Math.max(half, count - newer.length));
    return { lines: [...older.slice(older.length - taken), ...newer.slice(0, count - taken)], centre: taken };
  },
};

/** CHATHISTORY TARGETS: the channels and users with messages between two times, and the time of the latest message. */
function* targets(context: MemberContext, args: readonly string[]): Steps<void> {
  const { chat, member } = context;
  requireCount(args, 3);
  const [from, to] = args.slice(0, 2).map((arg) => {
    const time = arg.startsWith("timestamp=") ? parseTime(arg.slice("timestamp=".length)) : undefined;
    if (time === undefined) throw new RequestError("INVALID_PARAMS", "Invalid timestamp", word(arg));
    return time;
  }) as [number, number];
  const count = parseLimit(context, args[2]!);
  const rooms: { name: string; time: number }[] = [];
  for (const room of [...member.rooms.values()]) {
    for (const { time } of chat.history.latest(room, 1)) rooms.push({ name: room.name, time });
    yield;
  }
  const users = (yield* chat.history.conversations(member)).map(({ with: nick, line }) => ({
    name: partner(line, member, nick),
    time: line.time,
  }));
  const found = [...rooms, ...users]
    .filter(({ time }) => time > Math.min(from, to) && time < Math.max(from, to))
    .sort((a, b) => a.time - b.time);
  const some = from <= to ? found.slice(0, count) : found.slice(Math.max(0, found.length - count));
  const server = context.options.name;
  const lines = some.map(({ name, time }) => () => [`:${server} CHATHISTORY TARGETS ${name} ${isoTime(time)}`]);
  replyBatch(context, "draft/chathistory-targets", lines, from <= to ? 0 : Infinity);
}

/** SEARCH (soju.im/search), with an attribute that lists the messages which mention the user. */
export function* search(context: MemberContext, params: readonly string[]): Steps<void> {
  const query = parseTags(params[0] ?? "");
  try {
    requireBatches(context);
    if (query.has(MENTIONS)) yield* listMentions(context, query);
    else yield* searchChannels(context, query);
  } catch (error) {
    replyFailure(context, "SEARCH", [], ["INTERNAL_ERROR"], error);
  }
}

/**
 * Searches channels. The text may contain conditions, which replace the attributes of the same name; times have to meet both. A
 * search that takes too long ends early, and SEARCH has no reply to say so.
 */
function* searchChannels(context: MemberContext, given: ReadonlyMap<string, string>): Steps<void> {
  const { chat, member } = context;
  const words = parseSearch(given.get("text") ?? "", Date.now());
  const where = given.get("in");
  const room = where === undefined || words.in !== undefined ? undefined : joinedRoom(context, where);
  if (where !== undefined && words.in === undefined && room === undefined) {
    throw new RequestError("INVALID_PARAMS", "You are not in that channel", "in");
  }
  const timeOf = (name: "after" | "before"): number | undefined => {
    const text = given.get(name);
    const time = text === undefined ? undefined : parseTime(text);
    if (text !== undefined && time === undefined) throw new RequestError("INVALID_PARAMS", "Invalid timestamp", name);
    return time;
  };
  const after = timeOf("after"); // excluded, unlike the time of `after:`
  const { lines } = yield* searchLines(chat, member, words, {
    rooms: room === undefined ? [...member.rooms.values()] : [room],
    from: given.get("from"),
    after: after === undefined ? undefined : after + 1,
    before: timeOf("before"),
    count: parseLimit(context, given.get("limit") ?? "50", "limit"),
  });
  replyBatch(context, "soju.im/search", renderMessages(context, lines, { plain: true }));
}

/** Lists the latest messages that mention the account of the client, of the channels that it is in. `before` is a time. */
function* listMentions(context: MemberContext, query: ReadonlyMap<string, string>): Steps<void> {
  const { chat: { history }, member } = context;
  const before = query.get("before");
  const time = before === undefined ? Infinity : parseTime(before);
  if (time === undefined) throw new RequestError("INVALID_PARAMS", "Invalid timestamp", "before");
  const count = parseLimit(context, query.get("limit") ?? "50", "limit");
  const found: Line[] = [];
  for (let next = Infinity; found.length < count;) {
    const page = history.mentions(member, next, MENTIONS_PAGE);
    for (const { room, line } of page) if (line.time < time && member.rooms.has(room)) found.push(line);
    if (page.length < MENTIONS_PAGE) break;
    next = page.at(-1)!.line.id;
    yield;
  }
  replyBatch(context, "soju.im/search", renderMessages(context, found.slice(0, count).reverse(), { plain: true }));
}

/** A bot gets earlier messages in batches alone, so that it does not answer them. */
function requireBatches(context: MemberContext) {
  if (!context.member.bot || context.has("batch")) return;
  throw new RequestError("MESSAGE_ERROR", "Bots get earlier messages in batches alone: enable the capability batch");
}

/**
 * Sends the FAIL for an error; throws an error that is a bug on.
 *
 * @param given What goes before the context of a `RequestError`.
 * @param unreadable The code, and the context, if the history cannot be read.
 */
function replyFailure(
  context: MemberContext,
  command: string,
  given: readonly string[],
  [code = "", ...about]: readonly string[],
  error: unknown,
) {
  if (error instanceof SearchError) return context.fail(command, "INVALID_PARAMS", error.message, error.about);
  if (error instanceof RequestError) return context.fail(command, error.code, error.message, ...given, ...error.about);
  if (!(error instanceof ChatError)) throw error;
  context.fail(command, code, "Messages could not be retrieved", ...about);
}

/** Returns the history of a joined channel, or of the conversation with a user. */
function sourceOf(context: MemberContext, name: string): HistorySource {
  const { chat, member } = context;
  const where = joinedRoom(context, name) ?? (isNick(prepareName(name)) ? name : undefined);
  if (where === undefined) throw new RequestError("INVALID_TARGET", "Messages could not be retrieved", word(name));
  return {
    name: typeof where === "string" ? where : where.name,
    page: (range) =>
      pageInSteps({ ...range, characters: context.options.answerMax }, (range): Line[] => {
        return typeof where === "string"
          ? chat.history.conversation(member, where, range)
          : chat.history.page(where, range);
      }),
    positionOfId: (id) => chat.history.hasLine(member, where, id) ? { after: id, before: id } : undefined,
    positionOfTime: (time) => positionOfTime(context, time, [where]),
  };
}

/** Reads lines in steps, as each may have many reactions. */
function* pageInSteps(
  range: HistoryRange & { readonly characters: number },
  read: (range: HistoryRange) => Line[],
): Steps<Line[]> {
  let lines: Line[] = [];
  for (let characters = range.characters;;) {
    const count = Math.min(LINES_PER_STEP, range.count - lines.length);
    const edge = range.first ? { after: lines.at(-1)?.id ?? range.after } : { before: lines[0]?.id ?? range.before };
    const page = read({ ...range, ...edge, count, characters });
    lines = range.first ? [...lines, ...page] : [...page, ...lines];
    characters -= page.reduce((sum, { text, tags }) => sum + text.length + tags.length, 0);
    if (page.length < count || lines.length === range.count || characters <= 0) return lines;
    yield;
  }
}

/** Returns the position that `timestamp=…` or `msgid=…` refers to. */
function positionOf(source: HistorySource, reference: string): Position {
  const [, kind, value = ""] = /^(timestamp|msgid)=(.*)$/s.exec(reference) ?? [];
  if (kind === "timestamp") {
    const time = parseTime(value);
    if (time !== undefined) return source.positionOfTime(time);
    throw new RequestError("INVALID_PARAMS", "Invalid timestamp", word(reference));
  }
  if (kind === undefined) throw new RequestError("INVALID_PARAMS", "Invalid message reference", word(reference));
  const id = readId(value);
  const position = id === undefined ? undefined : source.positionOfId(id);
  if (position === undefined) {
    throw new RequestError("MESSAGE_ERROR", "There is no such message", source.name, word(reference));
  }
  return position;
}

/** Returns the position of a time in the histories of channels, or of the conversations with users. */
function positionOfTime(
  { chat, member }: MemberContext,
  time: number,
  where: readonly (Room | string)[],
): Position {
  return {
    after: chat.history.firstIdSince(time + 1, member, where) - 1,
    before: chat.history.firstIdSince(time, member, where),
  };
}

/** @param about What goes between the code and the description of the FAIL; by default the text. */
function parseLimit({ options }: MemberContext, text: string, about = word(text)): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Math.min(Number(text), options.historyMax);
  throw new RequestError("INVALID_PARAMS", "Invalid limit", about);
}

function requireCount(args: readonly string[], count: number) {
  if (args.length < count) throw new RequestError("INVALID_PARAMS", "Insufficient parameters");
  if (args.length > count) throw new RequestError("INVALID_PARAMS", "Too many parameters");
}
