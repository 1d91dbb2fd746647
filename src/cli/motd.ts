/**
 * Reads the message of the day from a text file.
 */
import { sanitize } from "../util/sanitize.ts";

/** The largest file for `--motd`, in bytes. */
export const MOTD_MAX = 64 * 1024;

/** The most lines in the file. On IRC, each becomes a 372 reply (RFC 2812, section 5.1) of its own. */
export const MOTD_LINES_MAX = 1000;

/** The most bytes around a line on IRC: `:SERVER 372 NICK :- ` and CR LF. A long line is sent as several replies. */
const LINE_OVERHEAD = 200;

/**
 * Escape sequences of terminals: control sequences (ECMA-48, section 5.4) and operating system commands, such as the one
 * that sets a window's title, up to their end (section 8.3.89). They are removed as a whole, as without their introducer
 * the rest would be shown as letters.
 */
// deno-lint-ignore no-control-regex -- the pattern matches control characters to remove them
const SEQUENCE = /(?:\x1b\[|\x9b)[0-?]*[ -\/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)/g;

/**
 * Returns the lines of a message of the day, without control characters and without empty lines at its end.
 *
 * @param most The most bytes that can be sent to one client at once.
 * @throws {RangeError} if the text is too long.
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
  if (2 * bytes + lines.length * LINE_OVERHEAD > most) {
    throw new RangeError("it does not fit into half of --send-buffer");
  }
  return lines;
}
