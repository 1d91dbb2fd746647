/**
 * Who may read and say nothing, anywhere: hosts that server operators have muted, for a time or until the end.
 *
 * It is a host, not a name, since another name is had in a moment.
 */

/** The most hosts that can be muted at a time; the one muted first may speak again when there is another. */
export const MUTES_MAX = 1000;

/** See the head of this file. */
export class Mutes {
  readonly #until = new Map<string, number>();

  /** @param until In milliseconds since 1970; Infinity until the end. */
  add(host: string, until: number): void {
    this.#until.delete(host);
    const [oldest] = this.#until.keys();
    if (this.#until.size >= MUTES_MAX) this.#until.delete(oldest!);
    this.#until.set(host, until);
  }

  /** Lets a host speak again; returns whether it could not. */
  remove(host: string): boolean {
    const was = this.has(host);
    this.#until.delete(host);
    return was;
  }

  has(host: string): boolean {
    if (this.#until.size === 0) return false; // nearly always
    const until = this.#until.get(host);
    if (until === undefined || until > Date.now()) return until !== undefined;
    this.#until.delete(host);
    return false;
  }
}
