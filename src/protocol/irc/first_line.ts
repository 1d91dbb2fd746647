/**
 * Recognizes a client of the text protocol by its first line.
 *
 * In doubt a line is IRC: a line that only an IRC client or a bot would send counts, even if it is not valid. The first word
 * of a sentence can be a command ("who is there?"), so a command in lower case needs parameters that fit.
 */
import { commands } from "./commands.ts";

/** The command and the parameters of a line, after its tags and its source. */
const COMMAND = /^ *(?:@[^ ]* +)?(?::[^ ]* +)?([^ ]+) *(.*)$/;
const UPPER_CASE = /^(?:[A-Z]+|[0-9]{3})$/;
const LOWER_CASE =
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
  return commands.has(command.toUpperCase()) && LOWER_CASE.test(`${command} ${params}`);
}
