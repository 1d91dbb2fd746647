/** Length of texts in UTF-8. */

/**
 * Returns the length of a text in UTF-8, in bytes, without encoding it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { byteLength } from "./bytes.ts";
 *
 * assertEquals(["a", "é", "€", "😀"].map(byteLength), [1, 2, 3, 4]);
 * ```
 */
export function byteLength(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) count += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1; // a surrogate pair takes 4 bytes
  }
  return count;
}
