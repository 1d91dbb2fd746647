/**
 * Takes out of people's words what could do something to a terminal.
 */

// C0 but for the tab, DEL, C1 (0x9B alone is a control sequence introducer to some terminals), the line and paragraph
// separators, and the byte order mark that some editors put before the first line.
const CONTROL = /[^\P{Cc}\t]|[\u2028\u2029\ufeff]/gu;

/**
 * Removes control characters, escape sequences' introducers among them; a tab may stay.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clean } from "./clean.ts";
 *
 * assertEquals(clean("\x1b[31mred\x07"), "[31mred");
 * ```
 */
export function clean(text: string): string {
  return text.replace(CONTROL, "");
}
