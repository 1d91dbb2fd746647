/** Finds the message that a command means: the last one of a user in the room, or in a private conversation. */
import { fold, isNick, prepareName } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import type { Line } from "../../chat/store.ts";
import type { Steps } from "../time_slicer.ts";
import { splitWord } from "./command.ts";
import type { CommandContext } from "./context.ts";

/** How many of the last messages are looked at, and how many in one step. */
export const LOOKED_AT = 200;
const STEP = 50;

/** Upper bound on the characters that one step reads. */
const STEP_CHARACTERS = 100_000;

/** Where a command looks for a message, and what follows in its argument. */
export interface Place {
  /** A room, or the nickname of the other user of a private conversation. */
  readonly where: Room | string;
  /** `in #tea`, `with bob` */
  readonly words: string;
  readonly rest: string;
}

/** Reads where a message is: in the room, unless the argument begins with a name as private messages have it: `*bob*`. */
export function readPlace({ room }: CommandContext, arg: string): Place {
  const { first, rest } = splitWord(arg);
  const nick = /^\*(.+)\*$/.exec(first)?.[1];
  if (nick === undefined || !isNick(prepareName(nick))) return { where: room, words: `in ${room.name}`, rest: arg };
  return { where: prepareName(nick), words: `with ${prepareName(nick)}`, rest };
}

/** Reads the name of a user at the beginning of an argument: `bob`, `@bob`, `bob:`. */
export function readName(word: string): string | undefined {
  const name = prepareName(word.replace(/^@/, "").replace(/[:,]$/, ""));
  return isNick(name) ? name : undefined;
}

/**
 * The last message that meets a condition, of those that are not deleted and not of ignored users.
 *
 * @throws {ChatError} `history-unreadable` or `token-room`
 */
export function* findLine(
  { chat, member }: CommandContext,
  where: Room | string,
  matches: (line: Line) => boolean,
): Steps<Line | undefined> {
  let before: number | undefined;
  for (let looked = 0; looked < LOOKED_AT;) {
    const range = { before, count: STEP, characters: STEP_CHARACTERS };
    const page: Line[] = typeof where === "string"
      ? chat.history.conversation(member, where, range)
      : chat.history.page(where, range);
    if (page.length === 0) return undefined;
    const found = page.findLast((line) => {
      return line.deletedBy === undefined && !chat.ignores.ignores(member, line) && matches(line);
    });
    if (found !== undefined) return found;
    looked += page.length;
    before = page[0]!.id;
    yield;
  }
  return undefined;
}

/** Whether a message is of a user, under a nickname in any case. */
export function isBy(name: string): (line: Line) => boolean {
  const folded = fold(name);
  return ({ who }) => fold(who) === folded;
}
