/** Tells the user something on stderr. */
import { sanitize, stripFormatting } from "../util/sanitize.ts";

/** The most characters of what is told: a server can be the author of a part of it. */
const TEXT_MAX = 2000;

/** A text without control characters other than line breaks, and not longer than the limit. */
export function told(text: string): string {
  const lines = text.split("\n").map((line) => stripFormatting(sanitize(line)));
  const all = lines.join("\n");
  return all.length > TEXT_MAX ? `${all.slice(0, TEXT_MAX)}…` : all;
}

/** Writes a line to stderr. Never throws. Control characters, which could come from a server, are removed. */
export function tellError(text: string): void {
  try {
    let bytes = new TextEncoder().encode(`${told(text)}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch {
    // stderr is closed or full: the exit code says it
  }
}
