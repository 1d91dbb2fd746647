/** Settings of listeners and connections for tests that do not depend on them. */
import { Fanout } from "../../src/transport/fanout.ts";
import type { Admission, Rejection } from "../../src/transport/admission.ts";
import type { LineOptions } from "../../src/transport/line_connection.ts";
import type { ListenOptions } from "../../src/transport/listen.ts";
import type { TcpOptions } from "../../src/transport/tcp.ts";
import type { WebOptions } from "../../src/transport/web.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";

/** How long `soon` waits before it fails, in milliseconds. */
const DEADLINE = 60_000;

/** Connection limits that admit every client, and count. */
export class OpenAdmission implements Admission {
  /** Addresses of open connections, one entry each. */
  readonly inside: string[] = [];
  /** Number of connections admitted so far. */
  entered = 0;
  /** If set, all clients are rejected with this message. */
  closed: string | undefined;
  #waiting: { count: number; resolve: () => void }[] = [];

  admit(address: string): Rejection | undefined {
    if (this.closed !== undefined) return { message: this.closed, reason: "closed" };
    this.entered++;
    this.inside.push(address);
    this.#notify();
  }

  release(address: string): void {
    const at = this.inside.indexOf(address);
    if (at < 0) throw new Error(`${address} left without having entered`);
    this.inside.splice(at, 1);
    this.#notify();
  }

  /** Resolves when this number of connections is open. */
  holds(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#notify();
    });
  }

  #notify() {
    for (const { resolve } of this.#waiting.filter(({ count }) => count === this.inside.length)) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => count !== this.inside.length);
  }
}

/** A free port without connection limits. Errors of accepting fail the test. */
export function portOptions(admission: Admission = new OpenAdmission()): ListenOptions {
  return {
    hostname: "127.0.0.1",
    port: 0,
    admission,
    refusal: (why) => `${why}\n`,
    onRejected: () => {},
    onAcceptError: (error) => {
      throw error;
    },
  };
}

/** Connections without limits in practice. */
export function lineOptions(maxLine = 8192): LineOptions {
  return {
    fanout: new Fanout(1e6),
    traffic: { linesIn: 0, linesOut: 0, bytesOut: 0 },
    maxLine,
    rate: Infinity,
    burst: 1,
    sendBuffer: 1e6,
    stallTime: 60_000,
  };
}

/** Settings for `listenTcp`. */
export function tcpOptions(admission?: Admission): TcpOptions {
  return { ...portOptions(admission), ...lineOptions(), lineEnd: "as the client" };
}

/** Settings for `listenWeb`: each request is answered by `ok`. */
export function webOptions(admission?: Admission): WebOptions {
  return {
    ...portOptions(admission),
    sockets: new Map(),
    allowedOrigins: new Set(),
    proxies: new AddressSet(),
    accepting: () => true,
    respond: () => new Response("ok\n"),
    schedule: (work) => work(),
    onError: (error) => {
      throw error;
    },
  };
}

/** Turns of the event loop in which nothing must change for {@linkcode untilStill}. */
const STILL_TURNS = 100;

/** Resolves when a value has not changed in many turns of the event loop, such as the bytes that a peer has accepted. */
export async function untilStill(value: () => unknown): Promise<void> {
  for (let last = value(), turns = 0; turns < STILL_TURNS; turns++) {
    await new Promise((resolve) => setTimeout(resolve));
    const now = value();
    if (now !== last) turns = 0;
    last = now;
  }
}

/**
 * Awaits a promise; fails if it takes too long.
 *
 * @param expected What the promise stands for, such as `end of the connection`, for the error.
 */
export async function soon<T>(promise: Promise<T>, expected: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${expected} within ${DEADLINE / 1000} s`)), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
