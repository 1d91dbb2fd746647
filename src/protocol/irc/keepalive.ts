/**
 * Finds out who is still there: asks clients that have been silent for a while, and lets go of those who do not answer,
 * and of those who do not say who they are.
 *
 * One timer serves all clients: ten thousand of them would cost more than it takes to look at each now and then.
 */

/** How long a client may be silent before it is asked, in milliseconds. */
export const PING_TIME = 120_000;

/** How long it then has to answer. */
export const PONG_TIME = 60_000;

/** How long a client has to say who it is, by default. */
export const REGISTRATION_TIME = 30_000;

/** How often clients are looked at: a tenth of the time to say who they are if that is less, as it may be so late. */
const LOOK_TIME = 5_000;

/** A client, as far as it matters here. */
export interface KeepaliveTarget {
  /** When it came, by `performance.now()`. */
  readonly since: number;
  /** When it last said anything. */
  heardAt: number;
  /** When it was asked whether it is there, if it has not answered. */
  askedAt: number | undefined;
  /** Whether it has said who it is. */
  readonly registered: boolean;
  /** Asks it. */
  ping(): void;
  /** Lets go of it. */
  close(reason: string): void;
}

/** See the head of this file. */
export class Keepalive {
  readonly #clients = new Set<KeepaliveTarget>();
  readonly #registrationTime: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param registrationTime How long a client has to say who it is, in milliseconds. */
  constructor(registrationTime: number = REGISTRATION_TIME) {
    this.#registrationTime = registrationTime;
  }

  /** Looks at a client from now on. */
  add(client: KeepaliveTarget): void {
    this.#clients.add(client);
    const time = Math.min(LOOK_TIME, this.#registrationTime / 10);
    this.#timer ??= setInterval(() => this.look(performance.now()), time);
  }

  /** Looks at it no more. */
  delete(client: KeepaliveTarget): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks at all clients once. */
  look(now: number): void {
    for (const client of [...this.#clients]) {
      const silence = now - client.heardAt;
      if (!client.registered) {
        if (now - client.since >= this.#registrationTime) client.close("Registration timed out");
      } else if (client.askedAt !== undefined) {
        if (now - client.askedAt >= PONG_TIME) client.close(`Ping timeout: ${Math.round(silence / 1000)} seconds`);
      } else if (silence >= PING_TIME) {
        client.askedAt = now;
        client.ping();
      }
    }
  }
}
