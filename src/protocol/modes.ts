/**
 * Room modes as people write them, on any door: `+mk-l KEY`, as IRC has it (modern.ircdocs.horse, "MODE message").
 */
import type { List, ModeChange, Switch } from "../chat/modes.ts";
import { LISTS, SWITCHES } from "../chat/modes.ts";
import type { Room } from "../chat/room.ts";

/** The most changes in one line: each is a line for everybody in the room. */
export const MODES_MAX = 20;

/** The highest limit of members that can be set. */
export const LIMIT_MAX = 999_999_999;

/** What somebody wrote about modes. */
export interface ModesRead {
  readonly changes: ModeChange[];
  /** The lists that they want to see. */
  readonly lists: List[];
  /** The letters that are no mode. */
  readonly unknown: string[];
  /** Modes that lack the parameter which they need. */
  readonly lacking: string[];
  /** Limits that are no number from 1 to {@linkcode LIMIT_MAX}, as they were written. */
  readonly limits: string[];
}

/**
 * Reads modes.
 *
 * @param words The letters with their signs, and what belongs to them.
 * @param most How many changes are read; what follows is left out.
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
export function readModes(words: readonly string[], most = MODES_MAX): ModesRead {
  const read: ModesRead = { changes: [], lists: [], unknown: [], lacking: [], limits: [] };
  const [letters = "", ...args] = words;
  let on = true;
  for (const letter of letters) {
    if (letter === "+" || letter === "-") on = letter === "+";
    else if (read.changes.length < most) readMode(read, letter, on, args);
  }
  return read;
}

function readMode(read: ModesRead, letter: string, on: boolean, args: string[]) {
  const { changes, lists, unknown, lacking, limits } = read;
  const mode = letter as Switch | List;
  if (SWITCHES.includes(mode as Switch)) changes.push({ on, mode: mode as Switch });
  else if (LISTS.includes(mode as List)) {
    const mask = args.shift();
    if (mask !== undefined && mask !== "") changes.push({ on, mode: mode as List, mask });
    else if (!lists.includes(mode as List)) lists.push(mode as List);
  } else if (letter === "l" && !on) changes.push({ on, mode: "l" });
  else if (letter === "k" && !on) changes.push({ on, mode: "k", key: args.shift() ?? "" });
  else if (letter === "l" || letter === "k" || letter === "o" || letter === "v") {
    const arg = args.shift();
    if (arg === undefined) lacking.push(letter);
    else if (letter === "k") changes.push({ on, mode: "k", key: arg }); // the hub says whether it can be one
    else if (letter !== "l") changes.push({ on, mode: letter, nick: arg });
    else if (/^0*[1-9]\d{0,8}$/.test(arg)) changes.push({ on: true, mode: "l", limit: Number(arg) });
    else limits.push(arg);
  } else unknown.push(letter);
}

/**
 * Writes the modes that a room has: `+klnt KEY 10`.
 *
 * @param inside Whether it is for somebody who may know the key.
 */
export function writeModes(room: Room, inside: boolean): string {
  const letters: string[] = [...room.switches];
  const args: string[] = [];
  if (room.password !== undefined) {
    letters.push("k");
    args.push(inside ? room.password : "*");
  }
  if (room.limit !== Infinity) {
    letters.push("l");
    args.push(String(room.limit));
  }
  return ["+" + letters.join(""), ...args].join(" ");
}
