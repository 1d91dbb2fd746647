/**
 * Prepares, checks and hashes passwords.
 *
 * Hashes are made by scrypt (RFC 7914) of the runtime's OpenSSL. One derivation takes some 200 ms and 32 MB, so the process
 * runs one at a time and bounds how many wait.
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { BusyError } from "../util/fair_queue.ts";

export { BusyError };

/** The fewest and the most characters of a new password. */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 200;

/** The most bytes of a new password: it has to fit into an IRC line with a NickServ command before it. */
export const PASSWORD_BYTES_MAX = 400;

/** The most derivations that may run or wait. */
export const DERIVATIONS_QUEUED_MAX = 50;

/** The cost of scrypt (one of the minimums in OWASP's "Password Storage Cheat Sheet"). */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const KEY_LENGTH = 32;

/** The prefix of each hash. It contains the cost, so that new hashes can have a higher one in future. */
const HEAD = `scrypt$ln=${Math.log2(COST.N)},r=${COST.r},p=${COST.p}`;

/** A hash: prefix, salt and key. */
const HASH = new RegExp(String.raw`^${HEAD.replace("$", "\\$")}\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$`);

/** A well-formed hash, to derive a key for where there is no hash. */
const NO_HASH = `${HEAD}$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Derives a key from a password and a salt. */
export type Derive = (password: string, salt: Uint8Array) => Promise<Uint8Array>;

/** Runs tasks one after another. */
export class SerialQueue {
  readonly #max: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param max How many tasks may run or wait. */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Runs a task after all earlier ones, whether these succeed or fail.
   *
   * @throws {BusyError} when too many tasks wait.
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#max) throw new BusyError("Cannot derive a key: too many derivations are waiting");
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

/** All derivations of the process. */
const derivations = new SerialQueue(DERIVATIONS_QUEUED_MAX);

/**
 * Runs a task that takes as much memory or time as scrypt in the queue of derivations.
 *
 * @throws {BusyError} when too many derivations wait.
 */
export function queueDerivation<T>(task: () => Promise<T>): Promise<T> {
  return derivations.run(task);
}

/** Derives a key by scrypt, in the queue of derivations. @throws {BusyError} */
export const derive: Derive = (password, salt) => {
  return queueDerivation(() =>
    new Promise((resolve, reject) => {
      scrypt(password, salt, KEY_LENGTH, COST, (error, key) => error === null ? resolve(key) : reject(error));
    })
  );
};

/**
 * Returns a password in the form in which it is hashed and compared, independent of how it was typed: by SASLprep
 * (RFC 4013), but with the characters of current Unicode, and without the check of bidirectional text.
 *
 * @returns `undefined` for an empty password and for one with prohibited characters, such as control characters.
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
  // RFC 3454: tables C.1.2 and B.1, then NFKC, then the prohibited characters of C.2 to C.9, and unassigned ones.
  const mapped = password.replace(/\p{Zs}/gu, " ").replace(IGNORED, "");
  const prepared = mapped.length > NORMALIZED_MAX ? mapped : mapped.normalize("NFKC");
  return prepared === "" || PROHIBITED.test(prepared) ? undefined : prepared;
}

/**
 * The most UTF-16 units of a password that is normalized: normalization composes at most four characters, so a longer one has
 * more than {@linkcode PASSWORD_MAX} in any case. It takes quadratic time in the number of adjacent marks: 0.7 ms for 1,000.
 */
const NORMALIZED_MAX = 1000;

/** Characters "commonly mapped to nothing" (RFC 3454, table B.1). */
const IGNORED = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;

const PROHIBITED = /[\p{C}\p{Zl}\p{Zp}\u0340\u0341\u2ff0-\u2ffb\ufff9-\ufffd]/u;

/** The reasons for which a new password is rejected. */
const FLAWS = {
  short: `fewer than ${PASSWORD_MIN} characters`,
  long: `more than ${PASSWORD_MAX} characters`,
  wide: `more than ${PASSWORD_BYTES_MAX} bytes`,
  impossible: "it contains a control character, or begins or ends with a space",
} as const;

/** A new password is rejected. */
export class PasswordError extends Error {
  override name = "PasswordError";
  readonly flaw: keyof typeof FLAWS;

  constructor(flaw: keyof typeof FLAWS) {
    super(`Cannot use this password: ${FLAWS[flaw]}`);
    this.flaw = flaw;
  }
}

/**
 * Checks a new password and returns it prepared. Spaces at its ends are rejected: they would be lost where it is the rest
 * of a line.
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

/** Returns whether a password has more than {@linkcode PASSWORD_BYTES_MAX} bytes. */
export function isWide(password: string): boolean {
  return new TextEncoder().encode(password).length > PASSWORD_BYTES_MAX;
}

/** Returns whether a text is a hash as {@linkcode hashPassword} returns it. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

/**
 * Hashes a password with a random salt.
 *
 * @param password A prepared password.
 * @throws {BusyError}
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
export async function hashPassword(password: string, deriveKey: Derive = derive): Promise<string> {
  const salt = randomBytes(16);
  const key = await deriveKey(password, salt);
  return `${HEAD}$${salt.toString("base64url")}$${Buffer.from(key).toString("base64url")}`;
}

/**
 * Returns whether a password has a hash. Takes the same time when there is no hash.
 *
 * @throws {BusyError}
 */
export async function verifyPassword(
  password: string,
  hash: string | undefined,
  deriveKey: Derive = derive,
): Promise<boolean> {
  const [, salt = "", key = ""] = HASH.exec(hash ?? NO_HASH) ?? [];
  const derived = await deriveKey(password, Buffer.from(salt, "base64url"));
  const expected = Buffer.from(key, "base64url");
  return expected.length === derived.length && timingSafeEqual(expected, derived) && hash !== undefined;
}

/** Compares two texts in a time that does not depend on where they differ. */
export function equalInConstantTime(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
