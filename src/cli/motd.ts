/**
 * The message of the day: what everybody is shown on arrival, out of a text file.
 */
import { sanitize } from "../util/sanitize.ts";

/** The most bytes in a file given with `--motd`. */
export const MOTD_MAX = 64 * 1024;

/** The most lines in it. On IRC each is a line of its own, with the server's and the client's name before it. */
export const MOTD_LINES_MAX = 1000;

/** Bytes around a line on IRC, at the most: `:SERVER 372 NICK :- ` and its end. What is long is sent as several lines. */
const AROUND = 200;

/**
 * Escape sequences of terminals: control sequences (ECMA-48, section 5.4) and operating system commands, such as one that
 * sets a window's title, to their end (section 8.3.89). Without their introducer they would be letters.
 */
// deno-lint-ignore no-control-regex -- control characters are what it is about
const SEQUENCE = /(?:\x1b\[|\x9b)[0-?]*[ -\/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)/g;

/**
 * Returns the lines of a message of the day, without control characters, and without empty lines at its end.
 *
 * @param most The most bytes that it may take to send it: what one client can be sent at once.
 * @throws {RangeError} if it is too long to be shown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readMotd } from "./motd.ts";
 *
 * assertEquals(readMotd("\ufeff\x1b]0;title\x07\x1b[1mBe kind.\x1b[0m\r\n\r\nNo\0 spam.\r", 1000), ["Be kind.", "", "No spam."]);
 * ```
 */
export function readMotd(text: string, most: number): string[] {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MOTD_MAX) throw new RangeError(`it has more than ${MOTD_MAX} bytes`);
  const lines = text.split(/\r\n?|\n/).map((line) => sanitize(line.replace(SEQUENCE, "")));
  while (lines.length > 0 && lines.at(-1)!.trim() === "") lines.pop();
  if (lines.length > MOTD_LINES_MAX) throw new RangeError(`it has more than ${MOTD_LINES_MAX} lines`);
  if (2 * bytes + lines.length * AROUND > most) {
    throw new RangeError("it is longer than --send-buffer lets one client be sent");
  }
  return lines;
}
