/**
 * Passwords: what can be one, and what is kept of it.
 *
 * Hashes are scrypt's (RFC 7914), by the runtime's own OpenSSL. To derive one takes some 200 ms and 32 MB, so it is done
 * one at a time, however many ask; those who wait are bounded, too.
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { BusyError } from "../util/fair_queue.ts";

export { BusyError };

/** The fewest and the most characters of a password that somebody chooses here. */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 200;

/** The most bytes of one: it has to fit into a line of IRC, behind what it is sent to NickServ with. */
export const PASSWORD_BYTES_MAX = 400;

/** The most derivations that wait for their turn. */
export const DERIVATIONS_QUEUED_MAX = 50;

/** scrypt's costs (OWASP, "Password Storage Cheat Sheet": 2^15, 8 and 3 are among its least). */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const KEY_LENGTH = 32;

/** What each hash begins with. It says what it cost, so that new ones can cost more one day. */
const HEAD = `scrypt$ln=${Math.log2(COST.N)},r=${COST.r},p=${COST.p}`;

/** A hash as it is kept. */
const HASH = new RegExp(String.raw`^${HEAD.replace("$", "\\$")}\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$`);

/** What stands in for the hash of somebody who has none: no password fits. */
const NO_HASH = `${HEAD}$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Makes a key of a password and a salt. */
export type Derive = (password: string, salt: Uint8Array) => Promise<Uint8Array>;

/** Does one thing after the other. */
export class Queue {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param most How many may be under way or wait. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Does something when all before it is done.
   *
   * @throws {BusyError} when too many wait.
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#most) throw new BusyError("Cannot try a password: too many wait");
    this.#waiting++;
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    try {
      return await result;
    } finally {
      this.#waiting--;
    }
  }
}

/** All derivations of the process, whoever asks for them. */
const derivations = new Queue(DERIVATIONS_QUEUED_MAX);

/**
 * Does something that takes as much memory or time as a derivation, when its turn comes.
 *
 * @throws {BusyError}
 */
export function inTurn<T>(task: () => Promise<T>): Promise<T> {
  return derivations.run(task);
}

/** scrypt, in its turn. */
export const derive: Derive = (password, salt) => {
  return inTurn(() =>
    new Promise((resolve, reject) => {
      scrypt(password, salt, KEY_LENGTH, COST, (error, key) => error === null ? resolve(key) : reject(error));
    })
  );
};

/**
 * A password in the form in which it is hashed and compared, so that it is the same however it was typed: as SASLprep
 * (RFC 4013) has it, but that it takes the characters of today and does not look at the direction of writing.
 *
 * @returns `undefined` for what can be none: nothing at all, and what has control characters in it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { prepare } from "./password.ts";
 *
 * assertEquals(prepare("I\u00adX"), "IX");
 * assertEquals(prepare("\u2168\u00a0a"), "IX a");
 * assertEquals(prepare("bell\u0007"), undefined);
 * ```
 */
export function prepare(password: string): string | undefined {
  // RFC 3454, tables C.1.2 and B.1, then NFKC, then what is prohibited: C.2 to C.9, and what has no meaning yet.
  const mapped = password.replace(/\p{Zs}/gu, " ").replace(NOTHING, "");
  const prepared = mapped.normalize("NFKC");
  return prepared === "" || PROHIBITED.test(prepared) ? undefined : prepared;
}

/** Commonly mapped to nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;

const PROHIBITED = /[\p{C}\p{Zl}\p{Zp}\u0340\u0341\u2ff0-\u2ffb\ufff9-\ufffd]/u;

/** What can be wrong with a password that somebody chooses, and how it is told. */
const FLAWS = {
  short: `it has fewer than ${PASSWORD_MIN} characters`,
  long: `it has more than ${PASSWORD_MAX} characters`,
  wide: `it has more than ${PASSWORD_BYTES_MAX} bytes`,
  impossible: "it has a control character in it, or a space at an end",
} as const;

/** Somebody chooses what cannot be a password. */
export class PasswordError extends Error {
  override name = "PasswordError";
  readonly flaw: keyof typeof FLAWS;

  constructor(flaw: keyof typeof FLAWS) {
    super(`Cannot take this password: ${FLAWS[flaw]}`);
    this.flaw = flaw;
  }
}

/**
 * A password that somebody chooses, prepared. Spaces at its ends would be lost where it is the rest of a line.
 *
 * @throws {PasswordError}
 */
export function choose(password: string): string {
  const prepared = prepare(password);
  if (password !== "" && (prepared === undefined || /^ | $/.test(prepared))) throw new PasswordError("impossible");
  const length = [...prepared ?? ""].length;
  if (length < PASSWORD_MIN) throw new PasswordError("short");
  if (length > PASSWORD_MAX) throw new PasswordError("long");
  if (isWide(password)) throw new PasswordError("wide");
  return prepared!;
}

/** Whether a password has more bytes than can be said on all protocols. */
export function isWide(password: string): boolean {
  return new TextEncoder().encode(password).length > PASSWORD_BYTES_MAX;
}

/** Whether a text is a hash, as {@linkcode hashPassword} makes them. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

/**
 * Hashes a password.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { hashPassword, verifyPassword } from "./password.ts";
 *
 * const hash = await hashPassword("open sesame");
 * assert(await verifyPassword("open sesame", hash));
 * assert(!await verifyPassword("open", hash));
 * ```
 */
export async function hashPassword(password: string, how: Derive = derive): Promise<string> {
  const salt = randomBytes(16);
  const key = await how(password, salt);
  return `${HEAD}$${salt.toString("base64url")}$${Buffer.from(key).toString("base64url")}`;
}

/** Whether a hash is a password's. Takes as long when there is no hash. */
export async function verifyPassword(
  password: string,
  hash: string | undefined,
  how: Derive = derive,
): Promise<boolean> {
  const [, salt = "", key = ""] = HASH.exec(hash ?? NO_HASH) ?? [];
  const derived = await how(password, Buffer.from(salt, "base64url"));
  const expected = Buffer.from(key, "base64url");
  return expected.length === derived.length && timingSafeEqual(expected, derived) && hash !== undefined;
}

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
export function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
