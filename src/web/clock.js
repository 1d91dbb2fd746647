// @ts-check
/**
 * The server's clock. The clock of this device may be wrong, and messages have times of the server.
 */

/** How far the server's clock is ahead of this device's, in milliseconds. */
let offset = 0;

/** Sets the clock by the `time` tag of a line that was sent just now. @param {string | undefined} time */
export function syncClock(time) {
  const there = Date.parse(time ?? "");
  if (!Number.isNaN(there)) offset = there - Date.now();
}

/** The current time by the server's clock, or by this device's before the first line. */
export function now() {
  return new Date(Date.now() + offset);
}
