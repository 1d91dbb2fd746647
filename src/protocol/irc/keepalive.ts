/**
 * Detects dead connections: sends PING to clients that have been silent for a while, and closes the connections of those
 * that do not reply, and of those that do not register in time.
 *
 * One timer serves all clients: with ten thousand, a timer each would cost more than a look at all of them now and then.
 */

/** How long a client may be silent before a PING is sent, in milliseconds. */
export const PING_TIME = 120_000;

/** How long a client has to reply to a PING, in milliseconds. The time in which lines wait to be sent to it does not count. */
export const PONG_TIME = 60_000;

/**
 * The lowest rate limit, in lines per second, at which no client is taken for silent while its lines wait for the limit: one
 * of them is read at least twice in `PING_TIME`.
 */
export const SAFE_RATE = 2 * 1000 / PING_TIME;

/** How long a client has to register, by default, in milliseconds. */
export const REGISTRATION_TIME = 30_000;

/** The reason in the log when a client did not reply to a PING. */
export const PING_TIMEOUT = "ping timeout";

/** The reason in the log when a client did not register in time. */
export const REGISTRATION_TIMEOUT = "Registration timed out";

/** How often all clients are checked, in milliseconds; a tenth of the time to register if that is less. */
const CHECK_INTERVAL = 5_000;

/** A client that is checked. All times are those of `performance.now()`. */
export interface KeepaliveTarget {
  /** When the client connected. */
  readonly since: number;
  /** When the client last sent a line. */
  heardAt: number;
  /** When a PING was sent that the client has not replied to. */
  pingedAt: number | undefined;
  /** How many bytes wait to be sent to it. */
  readonly queued: number;
  readonly registered: boolean;
  /** The reason in the log if the client does not register in time. */
  readonly unregisteredReason: string;
  /** Sends a PING. */
  ping(): void;
  /** As `Outlet.close`. */
  close(ending: string, words?: string): void;
}

/** Checks the clients of a listener. */
export class Keepalive {
  readonly #clients = new Set<KeepaliveTarget>();
  readonly #registrationTime: number;
  #checkedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param registrationTime How long a client has to register, in milliseconds. */
  constructor(registrationTime: number = REGISTRATION_TIME) {
    this.#registrationTime = registrationTime;
  }

  add(client: KeepaliveTarget): void {
    this.#clients.add(client);
    const interval = Math.min(CHECK_INTERVAL, this.#registrationTime / 10);
    this.#timer ??= setInterval(() => this.check(performance.now()), interval);
  }

  delete(client: KeepaliveTarget): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Checks all clients once. */
  check(now: number): void {
    const passed = now - this.#checkedAt;
    this.#checkedAt = now;
    for (const client of [...this.#clients]) {
      const silence = now - client.heardAt;
      if (!client.registered) {
        if (now - client.since >= this.#registrationTime) client.close(client.unregisteredReason);
      } else if (client.pingedAt !== undefined) {
        // The PING may wait behind long lines. The transport disconnects a client that reads nothing of what is queued.
        if (client.queued > 0) client.pingedAt = Math.min(now, client.pingedAt + passed);
        else if (now - client.pingedAt >= PONG_TIME) {
          client.close(PING_TIMEOUT, `Ping timeout: ${Math.round(silence / 1000)} seconds`);
        }
      } else if (silence >= PING_TIME) {
        client.pingedAt = now;
        client.ping();
      }
    }
  }
}
