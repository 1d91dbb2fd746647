/** What ports and connections need to be told, for tests that care about something else. */
import { Fanout } from "../../src/transport/fanout.ts";
import type { Admission, Rejection } from "../../src/transport/admission.ts";
import type { LineOptions } from "../../src/transport/line_connection.ts";
import type { ListenOptions } from "../../src/transport/listen.ts";
import type { TcpOptions } from "../../src/transport/tcp.ts";
import type { WebOptions } from "../../src/transport/web.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";

/** How long anything may take before it counts as not happening, in milliseconds. */
const DEADLINE = 60_000;

/** Lets everybody in, and keeps count. */
export class OpenGate implements Admission {
  /** Who is in, one entry a connection. */
  readonly inside: string[] = [];
  /** How many ever came. */
  entered = 0;
  /** What is said to who comes, if nobody is let in. */
  closed: string | undefined;
  #waiting: { count: number; resolve: () => void }[] = [];

  enter(address: string): Rejection | undefined {
    if (this.closed !== undefined) return { message: this.closed, reason: "closed" };
    this.entered++;
    this.inside.push(address);
    this.#look();
  }

  leave(address: string): void {
    const at = this.inside.indexOf(address);
    if (at < 0) throw new Error(`${address} left, and was not in`);
    this.inside.splice(at, 1);
    this.#look();
  }

  /** Resolves when so many are in. */
  holds(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#look();
    });
  }

  #look() {
    for (const { resolve } of this.#waiting.filter(({ count }) => count === this.inside.length)) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => count !== this.inside.length);
  }
}

/** A port that is free, behind a admission that is open. What goes wrong there fails the test, as it is not caught. */
export function portOptions(admission: Admission = new OpenGate()): ListenOptions {
  return {
    hostname: "127.0.0.1",
    port: 0,
    admission,
    refusal: (why) => `${why}\n`,
    onRefused: () => {},
    onAcceptError: (error) => {
      throw error;
    },
  };
}

/** Connections that may do anything. */
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

/** For `listenTcp`. */
export function tcpOptions(admission?: Admission): TcpOptions {
  return { ...portOptions(admission), ...lineOptions(), lineEnd: "as the client" };
}

/** For `listenWeb`: answers `ok` to everything. */
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

/** What a promise resolves to; fails, rather than to wait for ever, where it does not. */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Waited in vain")), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
