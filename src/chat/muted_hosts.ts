/** The hosts whose members may not say anything, as every node knows them: without times, which differ from clock to clock. */

/** The most hosts that can be muted at a time. One more unmutes the one that was muted first. */
export const MUTES_MAX = 1000;

/** The nicknames of a mute, as they were when it was made. */
export interface MuteAction {
  /** The member that was to be muted. */
  readonly who: string;
  /** The server operator. */
  readonly by: string;
}

/** A bounded set of hosts, in the order in which they were muted. */
export class MutedHosts {
  readonly #hosts = new Map<string, MuteAction | undefined>();

  get size(): number {
    return this.#hosts.size;
  }

  /** The hosts, in the order in which they were muted. */
  [Symbol.iterator](): Iterator<[host: string, action: MuteAction | undefined]> {
    return this.#hosts.entries();
  }

  has(host: string): boolean {
    return this.#hosts.size > 0 && this.#hosts.has(host);
  }

  /** Mutes a host, which then counts as the last one that was muted. */
  mute(host: string, action?: MuteAction): void {
    this.#hosts.delete(host);
    if (this.#hosts.size >= MUTES_MAX) {
      const [oldest] = this.#hosts.keys();
      this.#hosts.delete(oldest!);
    }
    this.#hosts.set(host, action);
  }

  clear(): void {
    this.#hosts.clear();
  }

  /** Unmutes a host. Returns whether it was muted. */
  unmute(host: string): boolean {
    return this.#hosts.delete(host);
  }
}
