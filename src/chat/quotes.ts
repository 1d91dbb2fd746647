/** Quotes: what replies, reactions and deletions tell of the line that they refer to. */
import { sanitize, stripFormatting } from "../util/sanitize.ts";
import type { Quote } from "./events.ts";
import type { Line } from "./store.ts";

/** The most characters of a quoted text, with the ellipsis. */
export const QUOTE_MAX = 80;

/**
 * Quotes a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quoteText } from "./quotes.ts";
 *
 * assertEquals(quoteText("\x02Lunch\x02\n  at one?"), "Lunch at one?");
 * assertEquals(quoteText("long ".repeat(20)).length, 80);
 * ```
 */
export function quoteOf({ id, who, text }: Pick<Line, "id" | "who" | "text">): Quote {
  return { id, who, text: quoteText(text) };
}

/** The first words of a text, in one line and without formatting. */
export function quoteText(text: string): string {
  const start = text.slice(0, 8 * QUOTE_MAX); // formatting may take most of it
  const words = stripFormatting(start.split("\n").map(sanitize).join(" ")).replace(/\s+/g, " ").trim();
  const characters = [...words];
  return characters.length <= QUOTE_MAX ? words : `${characters.slice(0, QUOTE_MAX - 1).join("")}…`;
}
