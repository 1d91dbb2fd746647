/**
 * Who may run the server: names and password hashes, from a file with a line for each.
 *
 * A line is a name and, after a space, what `tincan passwd` printed; `#` begins a comment.
 */
import { sanitize } from "../util/sanitize.ts";
import { isHash, verifyPassword } from "../accounts/password.ts";

/**
 * See the head of this file.
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

  /** How many there are. */
  get size(): number {
    return this.#hashes.size;
  }

  /** Whether there is one of that name. */
  has(name: string): boolean {
    return this.#hashes.has(name);
  }

  /**
   * Reads a file's text.
   *
   * @throws {RangeError} for a line that makes no sense; the message says which, and not what is in it.
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
   * Takes over what another file says.
   *
   * @returns The names that are gone, or whose password has changed.
   */
  replace(other: Operators): string[] {
    const revoked = [...this.#hashes.keys()].filter((name) => this.#hashes.get(name) !== other.#hashes.get(name));
    this.#hashes.clear();
    for (const [name, hash] of other.#hashes) this.#hashes.set(name, hash);
    return revoked;
  }

  /**
   * Whether there is such an operator with such a password. Takes as long when there is none.
   *
   * @throws {BusyError}
   */
  async verify(name: string, password: string): Promise<boolean> {
    const hash = this.#hashes.get(name);
    return await verifyPassword(password, hash) && this.#hashes.get(name) === hash; // it may have been replaced meanwhile
  }
}
