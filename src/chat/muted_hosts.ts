/** The hosts whose members may not say anything, as every node knows them. No clock unmutes one: that is a command, too. */

/** The most hosts that can be muted at a time. One more unmutes the one that was muted first. */
export const MUTES_MAX = 1000;

/** The nicknames of a mute, as they were when it was made. */
export interface MuteAction {
  /** The member that was to be muted. */
  readonly who: string;
  /** The server operator. */
  readonly by: string;
}

/** A mute. */
export interface MutedHost {
  readonly action: MuteAction | undefined;
  /** When it is to end, in milliseconds since 1970; `undefined` for a mute without a time limit. */
  readonly until: number | undefined;
}

/** A bounded set of hosts, in the order in which they were muted. */
export class MutedHosts {
  /** Grows with each change. */
  version = 0;
  readonly #hosts = new Map<string, MutedHost>();

  get size(): number {
    return this.#hosts.size;
  }

  /** The hosts, in the order in which they were muted. */
  [Symbol.iterator](): Iterator<[host: string, mute: MutedHost]> {
    return this.#hosts.entries();
  }

  has(host: string): boolean {
    return this.#hosts.size > 0 && this.#hosts.has(host);
  }

  /** Mutes a host, which then counts as the last one that was muted. */
  mute(host: string, until?: number, action?: MuteAction): void {
    this.version++;
    this.#hosts.delete(host);
    if (this.#hosts.size >= MUTES_MAX) {
      const [oldest] = this.#hosts.keys();
      this.#hosts.delete(oldest!);
    }
    this.#hosts.set(host, { action, until });
  }

  clear(): void {
    this.version++;
    this.#hosts.clear();
  }

  /**
   * Unmutes a host. Returns whether it was muted.
   *
   * @param until Unmutes it only if its mute is to end at that time.
   */
  unmute(host: string, until?: number): boolean {
    if (until !== undefined && this.#hosts.get(host)?.until !== until) return false;
    this.version++;
    return this.#hosts.delete(host);
  }
}
