/**
 * Checks and cleans lines from clients before they are parsed.
 */
import { byteLength, IRC_LINE_MAX } from "./format.ts";
import { parseTags } from "./parser.ts";

/** Removes NUL, and CR that is not part of a line end: other programs might take them for the end of a line. */
export function withoutLineEnds(line: string): string {
  return line.includes("\0") || line.includes("\r") ? line.replace(/[\0\r]/g, "") : line;
}

/** Whether a line, or its tags, have too many bytes. */
export function isTooLong(line: string, tagsMax: number): boolean {
  if (3 * line.length <= IRC_LINE_MAX) return false; // nearly always: a UTF-16 unit takes at most 3 bytes
  if (!line.startsWith("@")) return byteLength(line) > IRC_LINE_MAX;
  const tags = line.indexOf(" ") + 1 || line.length;
  return byteLength(line.slice(0, tags)) > tagsMax || byteLength(line.slice(tags)) > IRC_LINE_MAX;
}

/** Parses the tags that begin a line. The line may have been cut off: the last tag is dropped if it may be incomplete. */
export function completeTags(line: string): ReadonlyMap<string, string> {
  const end = line.indexOf(" ");
  return parseTags(line.slice(1, end < 0 ? Math.max(line.lastIndexOf(";"), 1) : end));
}
