/**
 * Nicknames.
 */

/** Whether a text can be a nickname on most servers (RFC 2812, section 2.3.1, and letters of other scripts). */
export function isNick(text: string): boolean {
  return text.length <= 30 && /^[\p{L}_[\]{}\\|^`][\p{L}\p{M}\p{N}_[\]{}\\|^`-]*$/u.test(text);
}
