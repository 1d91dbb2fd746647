/**
 * The sockets of the core's connection (`src/web/connection.js`): it dials again for each attempt, by the way that worked.
 */
import { translate } from "./compatibility.ts";
import { ConnectError } from "./connect_error.ts";
import { dial, type DialOptions, FIRST_LINE } from "./dial.ts";
import type { Way } from "./target.ts";
import { UnknownCertificateError } from "./trust.ts";
import type { Wire } from "./wire.ts";
import type { Dialer, Socket } from "../web/connection.js";

/** A socket as the core uses it. */
class LineSocket implements Socket {
  /** As of a WebSocket: connecting, open, closed. */
  readyState: 0 | 1 | 3 = 0;
  onopen: ((event?: unknown) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { reason: string }) => unknown) | null = null;
  #wire: Wire | undefined;
  #hasSentFirst = false;

  /** Takes over an open connection, on which the first line was sent. */
  attach(wire: Wire): void {
    if (this.readyState === 3) return wire.close();
    this.#wire = wire;
    this.readyState = 1;
    wire.onClose = (reason) => this.fail(reason);
    this.onopen?.();
    // One at a time: a part of a string retains all of it, and so a line would retain those that came with it.
    wire.onLines = (lines) => {
      for (const line of lines) this.onmessage?.({ data: line });
    };
    const early = wire.early.splice(0);
    if (early.length > 0) wire.onLines(early);
    if (wire.ended !== undefined) this.fail(wire.ended);
  }

  /** Ends it, with the reason of the server if there is one. */
  fail(reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ reason });
  }

  send(line: string): void {
    if (!this.#hasSentFirst && line === FIRST_LINE) this.#hasSentFirst = true;
    else this.#wire?.send(line);
  }

  close(): void {
    this.readyState = 3;
    this.#wire?.close();
  }

  /** Resolves when the connection has ended. */
  async closed(): Promise<void> {
    await this.#wire?.closed;
  }
}

/** Opens the sockets of one server. */
export class ServerDialer implements Dialer {
  #trouble = "";
  #first: Wire | undefined;
  #socket: LineSocket | undefined;

  /**
   * @param way The way that has worked.
   * @param wire The connection by it.
   */
  constructor(readonly way: Way, wire: Wire, readonly options: DialOptions) {
    this.#first = wire;
  }

  open(): Socket {
    const socket = this.#socket = new LineSocket();
    const wire = this.#first;
    this.#first = undefined;
    this.#trouble = "";
    if (wire === undefined) void this.#dial(socket);
    else queueMicrotask(() => socket.attach(translate(wire)));
    return socket;
  }

  async #dial(socket: LineSocket) {
    try {
      const { wire } = await dial([this.way], this.options);
      socket.attach(translate(wire));
    } catch (error) {
      const changed = error instanceof UnknownCertificateError;
      const why = changed ? "the certificate has changed, and is not trusted" : (error as Error).message;
      if (!(changed || error instanceof ConnectError)) throw error;
      this.#trouble = `Cannot connect: ${why}${/[.!?]$/.test(why) ? "" : "."}`;
      socket.fail("");
    }
  }

  /** Resolves when the connection of the last socket has ended. */
  async closed(): Promise<void> {
    await this.#socket?.closed();
  }

  rejection(): Promise<string> {
    return Promise.resolve("");
  }

  trouble(): string {
    return this.#trouble;
  }
}
