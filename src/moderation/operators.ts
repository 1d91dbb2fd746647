/**
 * The server operators: names and password hashes, read from the file of `--operators`.
 *
 * Each line is a name, a space and a hash, as `tincan passwd` prints it; `#` begins a comment.
 */
import { sanitize } from "../util/sanitize.ts";
import { isHash, verifyPassword } from "../accounts/password.ts";

/**
 * The entries of an operators file.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { hashPassword } from "../accounts/password.ts";
 * import { Operators } from "./operators.ts";
 *
 * const operators = Operators.read(`alice ${await hashPassword("open sesame")}`);
 * assert(await operators.verify("alice", "open sesame"));
 * assert(!await operators.verify("alice", "open"));
 * ```
 */
export class Operators {
  readonly #hashes = new Map<string, string>();

  /** How many operators there are. */
  get size(): number {
    return this.#hashes.size;
  }

  /** Returns whether an operator has this name. Case matters. */
  has(name: string): boolean {
    return this.#hashes.has(name);
  }

  /**
   * Parses the text of an operators file.
   *
   * @throws {RangeError} for a malformed line. The message has its number, and not its content, which may be a password.
   */
  static read(text: string): Operators {
    const operators = new Operators();
    for (const [i, line] of text.split(/\r\n?|\n/).entries()) {
      const [name = "", hash = "", ...rest] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (name === "") continue;
      if (rest.length > 0 || !isHash(hash) || sanitize(name) !== name) {
        throw new RangeError(`line ${i + 1} is not a name and a hash`);
      }
      operators.#hashes.set(name, hash);
    }
    return operators;
  }

  /**
   * Replaces all entries by those of another file.
   *
   * @returns The names that were removed, or whose hash changed.
   */
  replace(other: Operators): string[] {
    const revoked = [...this.#hashes.keys()].filter((name) => this.#hashes.get(name) !== other.#hashes.get(name));
    this.#hashes.clear();
    for (const [name, hash] of other.#hashes) this.#hashes.set(name, hash);
    return revoked;
  }

  /**
   * Returns whether the password of an operator is right. Takes the same time when there is no such operator.
   *
   * @throws {BusyError} when too many passwords are being checked.
   */
  async verify(name: string, password: string): Promise<boolean> {
    const hash = this.#hashes.get(name);
    return await verifyPassword(password, hash) && this.#hashes.get(name) === hash; // it may have been replaced while the key was derived
  }
}
