/** A TCP proxy whose cable can be cut: bytes then wait in both directions, and nobody is told. */

/** Forwards connections from a free port to another. */
export class Cable implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #work: Promise<void>;
  #answersOnly = false;
  #mended: PromiseWithResolvers<void> | undefined; // while it is cut

  /**
   * @param target The port on 127.0.0.1 that connections are forwarded to.
   * @param port Where it listens: a free one, or that of a cable that was closed.
   */
  constructor(target: number, port = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    this.#target = target;
    this.#work = this.#accept();
  }

  /** Where clients connect. */
  readonly port: number;

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Forwards nothing from now on; or, with `answersOnly`, nothing to the clients. */
  cut(answersOnly = false): void {
    this.#mended ??= Promise.withResolvers();
    this.#answersOnly = answersOnly;
  }

  /** Forwards everything again, beginning with what has waited; or, with `drop`, closes all connections first. */
  mend(drop = false): void {
    if (drop) this.drop();
    this.#mended?.resolve();
    this.#mended = undefined;
  }

  /** Closes all connections. */
  drop(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  /** Accepts no connections from now on. */
  close(): void {
    close(this.#listener);
  }

  async #accept(): Promise<void> {
    const pumps: Promise<void>[] = [];
    for await (const near of this.#listener) {
      this.#connections.add(near);
      pumps.push(this.#forward(near));
    }
    await Promise.all(pumps);
  }

  async #forward(near: Deno.TcpConn): Promise<void> {
    await this.#mended?.promise;
    const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target }).catch(() => undefined);
    if (far === undefined) return close(near);
    if (!this.#connections.has(near)) return close(far); // dropped meanwhile
    this.#connections.add(far);
    await Promise.all([this.#pump(near, far, false), this.#pump(far, near, true)]);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, isAnswer: boolean): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        if (isAnswer || !this.#answersOnly) await this.#mended?.promise;
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch { /* one of them is closed */ }
    for (const connection of [from, to]) {
      this.#connections.delete(connection);
      close(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    this.mend(true);
    await this.#work;
  }
}

function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch { /* it is closed */ }
}
