/** Ranges of bytes in requests (RFC 9110, section 14): a single one. */

/** A part of a file: from the first byte to the last one, inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/i;

/**
 * Reads a `Range` field.
 *
 * @param size The size of the whole in bytes, at least 1.
 * @returns `undefined` if the whole is to be sent: without the field, for several ranges and for one that is not valid;
 * `unsatisfiable` if no byte is in the range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readRange } from "./ranges.ts";
 *
 * assertEquals(readRange("bytes=-10", 100), { first: 90, last: 99 });
 * assertEquals(readRange("bytes=100-", 100), "unsatisfiable");
 * ```
 */
export function readRange(field: string | null, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = RANGE.exec(field ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    return Number(last) === 0 ? "unsatisfiable" : { first: Math.max(0, size - Number(last)), last: size - 1 };
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { first: Number(first), last: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}
