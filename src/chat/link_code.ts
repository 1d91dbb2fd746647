/** The codes of invite links: 100 random bits in base32, so that a hash needs neither salt nor key derivation. */
import { createHash, randomBytes } from "node:crypto";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const LENGTH = 20;

/** A code, alone or at the end of the URL of a link. Users write it in any case. */
const CODE = new RegExp(`^(?:\\S{0,300}/i/)?([a-z2-7]{${LENGTH}})$`, "i");

/** Draws a code. */
export function drawCode(): string {
  return Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte % 32]).join("");
}

/**
 * The code in what a user has written: a code, or the URL of a link.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readCode } from "./link_code.ts";
 *
 * assertEquals(readCode("https://chat.example.org/i/abcdefghijklmnopqrst"), "abcdefghijklmnopqrst");
 * assertEquals(readCode("#tea"), undefined);
 * ```
 */
export function readCode(text: string): string | undefined {
  return CODE.exec(text)?.[1]?.toLowerCase();
}

/** The SHA-256 hash of a code, in base64: what commands and stores have of it. */
export function hashCode(code: string): string {
  return createHash("sha256").update(code).digest("base64");
}
