/**
 * Who may run the server: names and password hashes, from a file with a line for each.
 *
 * A line is a name and, after a space, what `tincan passwd` printed; `#` begins a comment. Hashes are scrypt's (RFC 7914),
 * by the runtime's own OpenSSL.
 */
import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** scrypt's costs: some 60 ms and 32 MB for each try (OWASP, "Password Storage Cheat Sheet", 2^15). */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_LENGTH = 32;

/** A hash as `tincan passwd` prints it. */
const HASH = /^scrypt\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/**
 * Hashes a password.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { hashPassword, Operators } from "./operators.ts";
 *
 * const operators = Operators.read(`alice ${await hashPassword("open sesame")}`);
 * assert(await operators.verify("alice", "open sesame"));
 * assert(!await operators.verify("alice", "open"));
 * ```
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/** See the head of this file. */
export class Operators {
  readonly #hashes = new Map<string, string>();
  #trying = Promise.resolve(); // one at a time: each takes memory, and as many can be asked for as there are clients

  /** How many there are. */
  get size(): number {
    return this.#hashes.size;
  }

  /**
   * Reads a file's text.
   *
   * @throws {RangeError} for a line that makes no sense; the message says which, and not what is in it.
   */
  static read(text: string): Operators {
    const operators = new Operators();
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      const [name = "", hash = "", ...rest] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (name === "") continue;
      if (rest.length > 0 || !HASH.test(hash)) throw new RangeError(`line ${i + 1} is not a name and a hash`);
      operators.#hashes.set(name, hash);
    }
    return operators;
  }

  /** Whether there is such an operator with such a password. Takes as long when there is none. */
  verify(name: string, password: string): Promise<boolean> {
    const result = this.#trying.then(() => this.#verify(name, password));
    this.#trying = result.then(() => {}, () => {});
    return result;
  }

  async #verify(name: string, password: string): Promise<boolean> {
    const [, salt = "", key = ""] = HASH.exec(this.#hashes.get(name) ?? "") ?? [];
    const derived = await derive(password, Buffer.from(salt, "base64url"));
    const expected = Buffer.from(key, "base64url");
    return expected.length === derived.length && timingSafeEqual(expected, derived);
  }
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_LENGTH, COST, (error, key) => error === null ? resolve(key) : reject(error));
  });
}
