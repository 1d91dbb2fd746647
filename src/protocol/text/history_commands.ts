/** Commands that read the history of a room. */
import type { Said } from "../../chat/events.ts";
import { queryTerms } from "../../util/tokenizer.ts";
import { formatDateTime, parseDateTime } from "../../util/datetime.ts";
import type { Steps } from "../time_slicer.ts";
import type { Command } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { historyLine, system } from "./render.ts";
import { ANSWER_MAX, renderFitting } from "./truncate.ts";

/** The number of past lines shown on joining a room, by `/history` without a number, and by `/search`. */
export const REPLAY = 20;

/** The resolution of times that users write, in milliseconds. */
const MINUTE = 60_000;

export const history: Command = {
  args: "[N] [before TIME]",
  help: "show the last lines; TIME as in 14:05",
  topic: "basics",
  lane: "prompt",
  run: (context, arg) => showHistory(context, arg),
};

export const search: Command = {
  args: "WORDS",
  help: "find lines with all of these words",
  topic: "basics",
  lane: "long",
  run: (context, arg) => searchRoom(context, arg),
};

/** Renders past lines: as many of the last ones as fit into a reply. */
export function historyLines(said: readonly Said[], charactersMax: number): string[] {
  const now = Date.now();
  return renderFitting(said.toReversed(), charactersMax, (each) => historyLine(each, now)).reverse();
}

function showHistory(context: CommandContext, arg: string): void {
  const [, number = "", time] = /^(\d*) *(?:\bbefore +(.*))?$/is.exec(arg) ?? [, "0"];
  const count = number === "" ? REPLAY : Number(number);
  if (count < 1 || count > ANSWER_MAX) {
    return context.reply([
      system(`Invalid range: use 1 to ${ANSWER_MAX} lines, as in /history 50 or /history 50 before 14:05`),
    ]);
  }
  const now = Date.now();
  const before = time === undefined ? undefined : parseDateTime(time, now);
  if (time !== undefined && before === undefined) {
    return context.reply([system(`Invalid time: use 14:05 or a date, as in /history 50 before 2026-11-20 14:05`)]);
  }
  const { chat, member, room, answerMax } = context;
  const id = before && chat.history.firstIdSince(before, member, [room]);
  const said = chat.history.page(room, { count, before: id, characters: answerMax });
  if (said.length > 0) {
    const shown = said.filter((each) => !chat.ignores.ignores(member, each));
    const lines = historyLines(shown, answerMax);
    const covered = lines.length === shown.length ? said : said.slice(said.indexOf(shown.at(-lines.length)!));
    const more = covered.length < count ? furtherBack(context, count, covered) : undefined;
    return context.reply([
      ...more === undefined ? [] : [system(more)],
      ...lines,
      ...hiddenNotice(covered.length - lines.length),
    ]);
  }
  const when = before === undefined ? "yet" : `before ${formatDateTime(before, now)}`; // a time alone may be yesterday's
  context.reply([system(`No messages in ${room.name} ${when}.`)]);
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
function furtherBack({ chat, member, room }: CommandContext, count: number, said: readonly Said[]): string | undefined {
  const [first, last] = [said[0]!, said.at(-1)!];
  const hasLineBefore = (id: number) => chat.history.page(room, { count: 1, before: id }).length > 0;
  if (!hasLineBefore(first.id)) return undefined;
  const now = Date.now();
  // Users write minutes: the end of the first line's minute, or its start if its end would show the same lines again.
  for (const time of [first.time + MINUTE, first.time]) {
    const when = formatDateTime(time, now);
    const read = parseDateTime(when, now)!;
    const id = chat.history.firstIdSince(read, member, [room]);
    const isSameDay = time - read < MINUTE; // a time that is not over yet is read as yesterday's
    if (isSameDay && id <= last.id && hasLineBefore(id)) {
      return `There is more: go on with /history ${count} before ${when}`;
    }
  }
  return `There is more than fits into one reply: /search WORDS finds lines in it.`;
}

/** Finds the last lines of the room that contain all terms. */
function* searchRoom(context: CommandContext, arg: string): Steps<void> {
  const { chat, member, room, answerMax } = context;
  const terms = queryTerms(arg);
  if (terms.length === 0) {
    return context.reply([system(`Nothing to search for: use words, since punctuation and emoji are not indexed.`)]);
  }
  const { lines, unsearched } = yield* chat.history.search([room], { terms, count: REPLAY });
  const shown = lines.filter((each) => !chat.ignores.ignores(member, each));
  const replies = [...historyLines(shown, answerMax), ...hiddenNotice(lines.length - shown.length)];
  if (unsearched !== undefined) {
    const since = formatDateTime(unsearched, Date.now());
    const sentence = `Lines before ${since} were not searched, to save time. Search for a rarer word.`;
    replies.unshift(system(sentence));
  }
  if (replies.length > 0) context.reply(replies);
  else context.reply([system(`No matches in ${room.name}. Search finds whole words, in any order.`)]);
}
