// @ts-check
/**
 * The server's clock: that of this device may be wrong, and what was said has the server's times.
 */

/** By how much the server's clock is ahead of this device's, in milliseconds. */
let offset = 0;

/** Takes note of the time that a line from the server has, which was sent just now. @param {string | undefined} time */
export function syncClock(time) {
  const there = Date.parse(time ?? "");
  if (!Number.isNaN(there)) offset = there - Date.now();
}

/** The time by the server's clock, as far as it is known. */
export function now() {
  return new Date(Date.now() + offset);
}
