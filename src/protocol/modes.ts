/** Parses and formats room modes as IRC writes them: `+mk-l KEY` (modern.ircdocs.horse, "MODE message"). */
import { type List, LISTS, type ModeChange, RANK_OF, type RankMode, type Switch, SWITCHES } from "../chat/modes.ts";
import type { Room } from "../chat/room.ts";

/** The most changes in one command. Each is a line for all members of the room. */
export const MODES_MAX = 20;

/** The greatest limit of members (mode `l`). */
export const LIMIT_MAX = 999_999_999;

/** Parsed modes. */
export interface ParsedModes {
  readonly changes: ModeChange[];
  /** Lists of masks that the user asked for: list modes without a parameter. */
  readonly lists: List[];
  /** Letters that are not modes. */
  readonly unknown: string[];
  /** Modes without their required parameter. */
  readonly lacking: string[];
  /** Invalid limits as the user wrote them: not a number from 1 to {@linkcode LIMIT_MAX}. */
  readonly limits: string[];
}

/**
 * Parses modes.
 *
 * @param words The letters with their signs, then the parameters.
 * @param max The most changes that are read. The rest is ignored.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readModes } from "./modes.ts";
 *
 * assertEquals(readModes(["+ml-b", "10", "bob"]).changes, [
 *   { on: true, mode: "m" },
 *   { on: true, mode: "l", limit: 10 },
 *   { on: false, mode: "b", mask: "bob" },
 * ]);
 * ```
 */
export function readModes(words: readonly string[], max = MODES_MAX): ParsedModes {
  const read: ParsedModes = { changes: [], lists: [], unknown: [], lacking: [], limits: [] };
  const [letters = "", ...args] = words;
  let on = true;
  for (const letter of letters) {
    if (letter === "+" || letter === "-") on = letter === "+";
    else if (read.changes.length < max) readMode(read, letter, on, args);
  }
  return read;
}

function readMode(read: ParsedModes, letter: string, on: boolean, args: string[]) {
  const { changes, lists, unknown, lacking, limits } = read;
  const mode = letter as Switch | List;
  if (SWITCHES.includes(mode as Switch)) changes.push({ on, mode: mode as Switch });
  else if (LISTS.includes(mode as List)) {
    const mask = args.shift();
    if (mask !== undefined && mask !== "") changes.push({ on, mode: mode as List, mask });
    else if (!lists.includes(mode as List)) lists.push(mode as List);
  } else if (letter === "l" && !on) changes.push({ on, mode: "l" });
  else if (letter === "k" && !on) changes.push({ on, mode: "k", key: args.shift() ?? "" });
  else if (letter === "l" || letter === "k" || letter in RANK_OF) {
    const arg = args.shift();
    if (arg === undefined) lacking.push(letter);
    else if (letter === "k") changes.push({ on, mode: "k", key: arg }); // the chat checks whether it is valid
    else if (letter !== "l") changes.push({ on, mode: letter as RankMode, nick: arg });
    else if (/^0*[1-9]\d{0,8}$/.test(arg)) changes.push({ on: true, mode: "l", limit: Number(arg) });
    else limits.push(arg);
  } else unknown.push(letter);
}

/**
 * Formats the modes of a room: `+ntkl KEY 10`.
 *
 * @param showKey Whether the reader may see the key; otherwise it is `*`.
 */
export function writeModes(room: Room, showKey: boolean): string {
  const letters: string[] = [...room.switches];
  const args: string[] = [];
  if (room.password !== undefined) {
    letters.push("k");
    args.push(showKey ? room.password : "*");
  }
  if (room.limit !== Infinity) {
    letters.push("l");
    args.push(String(room.limit));
  }
  return ["+" + letters.join(""), ...args].join(" ");
}
