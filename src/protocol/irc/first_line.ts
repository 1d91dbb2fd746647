/**
 * Tells text from IRC by a client's first line.
 *
 * It is lenient to IRC: what a client or a bot may send is answered as IRC, even if it makes no sense. Words of a sentence
 * can be commands as well ("who is there?"), so one in lower case has to have the parameters of one.
 */
import { commands } from "./commands.ts";

/** The command in a line, behind its tags and its source. */
const COMMAND = /^ *(?:@[^ ]* +)?(?::[^ ]* +)?([^ ]+) *(.*)$/;
const UPPER_CASE = /^(?:[A-Z]+|[0-9]{3})$/;
const WRITTEN_SMALL =
  /^(?:nick|pass) :?[^ ]+ *$|^user [^ ]+ [^ ]+ [^ ]+ |^(?:cap|p[io]ng|quit)\b|^authenticate [^ ]+ *$| [:#]/i;

/**
 * Whether a client's first line may be IRC.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mayBeIrc } from "./first_line.ts";
 *
 * assertEquals(["CAP LS 302", "WHATEVER", "join #den", ""].map(mayBeIrc), [true, true, true, true]);
 * assertEquals(["hello", "who is there?", "list", ":) hi"].map(mayBeIrc), [false, false, false, false]);
 * ```
 */
export function mayBeIrc(line: string): boolean {
  const [, command, params] = COMMAND.exec(line) ?? [];
  if (command === undefined || UPPER_CASE.test(command)) return true;
  return commands.has(command.toUpperCase()) && WRITTEN_SMALL.test(`${command} ${params}`);
}
