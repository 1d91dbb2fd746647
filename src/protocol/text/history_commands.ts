/** Commands that read the history of a room, or of a private conversation. */
import type { Actor } from "../../chat/events.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Member } from "../../chat/member.ts";
import { isNick, prepareName } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import type { HistoryRange, Line } from "../../chat/store.ts";
import { formatDateTime, parseDateTime } from "../../util/datetime.ts";
import type { Steps } from "../time_slicer.ts";
import { isOwn } from "../missed_private.ts";
import { parseSearch, SearchError, searchLines, type SearchResult, type SearchWords } from "../search.ts";
import { type Command, splitWord } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { suggestUser } from "./near_misses.ts";
import { historyLine, system } from "./render.ts";
import { ANSWER_MAX, renderFitting } from "./truncate.ts";

/** The number of past lines shown on joining a room, by `/history` without a number, and by `/search`. */
export const REPLAY = 20;

/** The resolution of times that users write, in milliseconds. */
const MINUTE = 60_000;

export const history: Command = {
  args: "[NAME] [N] [before TIME]",
  help: "show the last lines, or those with NAME",
  topic: "basics",
  lane: "prompt",
  run: (context, arg) => showHistory(context, arg),
};

export const search: Command = {
  args: "WORDS",
  help: "find lines with these words, from:NAME, has:link",
  topic: "basics",
  lane: "long",
  run: (context, arg) => searchRoom(context, arg),
};

/** Renders past messages: as many of the last ones as fit into a reply. Those of several lines have `\n` between them: see `split`. */
export function historyLines(messages: readonly Line[], charactersMax: number, reader: Member): string[] {
  const now = Date.now();
  const render = (line: Line) => historyLine(line, now, isOwn(line, reader));
  return renderFitting(messages.toReversed(), charactersMax, render).reverse();
}

/** The lines of rendered messages. */
export function split(messages: readonly string[]): string[] {
  return messages.flatMap((message) => message.split("\n"));
}

/** Lines without those of users that the reader ignores, and without the reactions of these users. */
export function withoutIgnored<L extends Line>({ chat, member }: CommandContext, lines: readonly L[]): L[] {
  const isShown = (author: Actor) => !chat.ignores.ignores(member, author);
  return lines.filter(isShown).map((line) => {
    return line.reactions === undefined ? line : { ...line, reactions: line.reactions.filter(isShown) };
  });
}

/** A history that can be read: of the room that the client shows, or of a private conversation. */
interface Source {
  /** The room, or the nickname of the other user. */
  readonly where: Room | string;
  /** The command that reads it. */
  readonly command: string;
  /** What there is none of, if it is empty. */
  readonly nothing: string;
  page(range: HistoryRange): Line[];
}

/** @param nick The nickname of the other user of a conversation; none for the room. */
function sourceOf({ chat, member, room, answerMax: characters }: CommandContext, nick: string | undefined): Source {
  if (nick === undefined) {
    const page = (range: HistoryRange) => chat.history.page(room, { ...range, characters });
    return { where: room, command: "/history", nothing: `No messages in ${room.name}`, page };
  }
  const page = (range: HistoryRange) => chat.history.conversation(member, nick, { ...range, characters });
  return { where: nick, command: `/history ${nick}`, nothing: `No stored private messages with ${nick}`, page };
}

function showHistory(context: CommandContext, arg: string): void {
  const { first, rest } = splitWord(arg);
  if (first.startsWith("#")) return showHistoryOf(context, first, rest);
  const nick = first.toLowerCase() !== "before" && isNick(prepareName(first)) ? prepareName(first) : undefined;
  const source = sourceOf(context, nick);
  const { command, where } = source;
  const [, number = "", time] = /^(\d*) *(?:\bbefore +(.*))?$/is.exec(nick === undefined ? arg : rest) ?? [, "0"];
  const count = number === "" ? REPLAY : Number(number);
  if (count < 1 || count > ANSWER_MAX) {
    return context.reply([
      system(`Invalid range: use 1 to ${ANSWER_MAX} lines, as in ${command} 50 or ${command} 50 before 14:05`),
    ]);
  }
  const now = Date.now();
  const before = time === undefined ? undefined : parseDateTime(time, now);
  if (time !== undefined && before === undefined) {
    return context.reply([system(`Invalid time: use 14:05 or a date, as in ${command} 50 before 2026-11-20 14:05`)]);
  }
  const { chat, member, answerMax } = context;
  const id = before && chat.history.firstIdSince(before, member, [where]);
  const past = source.page({ count, before: id });
  if (past.length > 0) {
    const shown = withoutIgnored(context, past);
    const lines = historyLines(shown, answerMax, member);
    const first = shown.at(-lines.length)?.id;
    const covered = lines.length === shown.length ? past : past.slice(past.findIndex(({ id }) => id === first));
    const more = covered.length < count ? furtherBack(context, source, count, covered) : undefined;
    return context.reply([
      ...more === undefined ? [] : [system(more)],
      ...split(lines),
      ...hiddenNotice(covered.length - lines.length),
    ]);
  }
  const when = before === undefined ? "yet" : `before ${formatDateTime(before, now)}`; // a time alone may be yesterday's
  const hint = nick === undefined ? undefined : suggestUser(context, nick);
  context.reply([system(`${source.nothing} ${when}.${hint === undefined ? "" : ` ${hint}`}`)]);
}

/** `/history #ROOM`: the history of the room that the client shows, or how to read that of another one. */
function showHistoryOf(context: CommandContext, name: string, rest: string): void {
  const { chat, member, room: current } = context;
  const room = chat.findRoom(name);
  if (room === current) return showHistory(context, rest);
  if (room.switches.has("s") && !room.has(member)) throw new ChatError("no-such-room", name);
  context.reply([
    system(`/history shows the room that you are in, ${current.name}. To read ${room.name}: /join ${room.name}`),
  ]);
}

/** The most characters of a message of several lines that is shown in one. */
const ONE_LINE_MAX = 300;

/**
 * A message to be shown in one line, without reactions. Of several lines, ` / ` is put between them; if they are long, those before the
 * first one with any of some terms are left out, and so is the end.
 */
export function inOneLine<L extends Line>(line: L, terms: readonly string[] = []): L {
  const { text, reactions: _, ...rest } = line;
  const parts = text.split("\n");
  if (parts.length === 1) return { ...rest, text } as L;
  const hit = parts.findIndex((part) => terms.some((term) => part.toLowerCase().includes(term)));
  const isLong = text.length > ONE_LINE_MAX && hit > 0;
  const words = [
    ...isLong ? ["…"] : [],
    ...(isLong ? parts.slice(hit) : parts).map((part) => part.trim()).filter((part) => part !== ""),
  ]
    .join(" / ");
  const characters = [...words];
  const isCut = characters.length > ONE_LINE_MAX;
  return { ...rest, text: isCut ? `${characters.slice(0, ONE_LINE_MAX).join("")}…` : words } as L;
}

/** Says that lines of ignored users are missing, if so. */
function hiddenNotice(count: number): string[] {
  if (count === 0) return [];
  const lines = count === 1 ? "1 line" : `${count} lines`;
  return [system(`${lines} of users that you ignore not shown.`)];
}

/**
 * How to see more, if the reply has fewer lines than were asked for because they are long.
 *
 * @param said The lines in the reply.
 */
function furtherBack(
  { chat, member }: CommandContext,
  { where, command, page }: Source,
  count: number,
  said: readonly Line[],
): string | undefined {
  const [first, last] = [said[0]!, said.at(-1)!];
  const hasLineBefore = (id: number) => page({ count: 1, before: id }).length > 0;
  if (!hasLineBefore(first.id)) return undefined;
  const now = Date.now();
  // Users write minutes: the end of the first line's minute, or its start if its end would show the same lines again.
  for (const time of [first.time + MINUTE, first.time]) {
    const when = formatDateTime(time, now);
    const read = parseDateTime(when, now)!;
    const id = chat.history.firstIdSince(read, member, [where]);
    const isSameDay = time - read < MINUTE; // a time that is not over yet is read as yesterday's
    if (isSameDay && id <= last.id && hasLineBefore(id)) {
      return `There is more: go on with ${command} ${count} before ${when}`;
    }
  }
  if (typeof where === "string") return `There is more than fits into one reply. Ask for fewer lines: ${command} 5`;
  return `There is more than fits into one reply: /search WORDS finds lines in it.`;
}

/** Finds the last lines that match a search, in the room or in another one that the member has joined. */
function* searchRoom(context: CommandContext, arg: string): Steps<void> {
  const { chat, member, room: current, answerMax } = context;
  let words: SearchWords;
  let found: SearchResult;
  try {
    words = parseSearch(arg, Date.now());
    found = yield* searchLines(chat, member, words, { rooms: [current], count: REPLAY });
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    return context.reply([system(`${error.message}.`)]);
  }
  const { lines, unsearched, room = current } = found;
  const shown = withoutIgnored(context, lines).map((line) => inOneLine(line, words.terms));
  const replies = [...historyLines(shown, answerMax, member), ...hiddenNotice(lines.length - shown.length)];
  if (replies.length > 0 && room !== current) replies.unshift(system(`In ${room.name}:`));
  if (unsearched !== undefined) {
    const since = formatDateTime(unsearched, Date.now());
    const sentence = `Lines before ${since} were not searched, to save time. Search for a rarer word.`;
    replies.unshift(system(sentence));
  }
  if (replies.length > 0) context.reply(replies);
  else context.reply([system(`No matches in ${room.name}. Search finds beginnings of words, in any order.`)]);
}
