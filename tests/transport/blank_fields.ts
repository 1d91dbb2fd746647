/** HTTP requests that are nearly all spaces. `tests/bench/hostile_bench.ts` measures how long they take to parse. */

/** About the number of spaces in a request, in characters: nearly as many as a request head may have. */
const BLANKS = 8000;

/** Fields with many spaces, by the place of the spaces, and the status of the response. */
export const BLANK_FIELDS: Readonly<Record<string, readonly [field: (blanks: string) => string, status: number]>> = {
  "around a value": [(blanks) => `A:${blanks}b${blanks}`, 200],
  "inside of a value": [(blanks) => `A: b${blanks}c`, 200],
  "instead of a value": [(blanks) => `A:${blanks}`, 200],
  "before an invalid value": [(blanks) => `A:${blanks}\x01`, 400],
  "after an invalid value": [(blanks) => `A: \x01${blanks}`, 400],
  "before a colon": [(blanks) => `A${blanks}: b`, 400],
  "inside of a Host": [(blanks) => `Host: x${blanks}y`, 400],
  "in a field without a colon": [(blanks) => `A${blanks}b`, 400],
  "in a list": [(blanks) => `Connection:${blanks}close${blanks}, ${blanks}x`, 200],
};

/** A request with such a field. @param blank The character to repeat. */
export function requestWith(field: (blanks: string) => string, blank: string): string {
  const parts = field("-").split("-").length - 1;
  const host = field("").startsWith("Host") ? "" : "Host: x\r\n";
  return `GET / HTTP/1.1\r\n${host}${field(blank.repeat(BLANKS / parts))}\r\nConnection: close\r\n\r\n`;
}
