/**
 * A totally ordered log of batches that all nodes of a cluster share: a stream of NATS JetStream.
 *
 * Every node is handed every batch once, in the order of the stream. A batch is bytes; the log does not know their meaning.
 * An append is over when its batch is handed back. It may be stored twice if an acknowledgement is lost: its author puts a
 * number into it, by which the applier tells.
 *
 * The NATS client runs in a worker, which alone may connect to the NATS servers: see `docs/decisions/log-on-jetstream.md`.
 */
/// <reference lib="deno.unstable" />
import { type Batch, Delivery } from "./log_delivery.ts";
import { LogError, logErrorKind } from "./log_error.ts";
import { BATCH_MAX, SILENCE } from "./log_limits.ts";
import { type Order, readReport, type Report } from "./log_messages.ts";
import { readNatsServers } from "./log_servers.ts";
import { type Answer, PeerRequests } from "./peer_requests.ts";

/** Where the log is, and how to get there. */
export interface LogOptions {
  /** URLs of NATS servers, separated by commas, with credentials if needed: `nats://user:password@host:4222`. */
  readonly servers: string;
  /** The contents of a `.creds` file. */
  readonly creds?: string;
  /** The certificate of the authority that the servers' certificates are checked with, in PEM. Requires TLS. */
  readonly ca?: string;
  /** The name of the cluster: letters, digits, `_` and `-`. */
  readonly cluster: string;
  /** How many servers store each batch: 1, 3 or 5. */
  readonly replicas: number;
  /** How long the log may deliver nothing before it counts as silent, in milliseconds. */
  readonly silence?: number;
}

/** Whether the log can be relied on now. */
export interface LogStatus {
  readonly connected: boolean;
  /** Nothing was delivered for some seconds, though nodes append all the time. */
  readonly silent: boolean;
  /** Why the connection was lost; empty while it is there. */
  readonly reason: string;
}

/** The calls that a log makes. */
export interface LogHandlers {
  /** Applies a batch. The next one is not delivered before the promise is settled; slice what takes long. */
  batch(sequence: number, bytes: Uint8Array<ArrayBuffer>): void | Promise<void>;
  status?(status: LogStatus): void;
  /**
   * The log cannot be used any longer: it is another, lacks a batch, or its worker has failed. Called once, and only after
   * `start` has resolved: before, `open` or `start` rejects.
   */
  lost?(error: LogError): void;
  /** Something to log; the work goes on. */
  trouble?(message: string): void;
}

/** The name of a cluster becomes a part of subjects and of the name of the stream. */
const CLUSTER_NAME = /^[A-Za-z0-9_-]{1,32}$/;

/** The log of a cluster. */
export class Log {
  /** When the stream was created, which tells a log from another with the same name. */
  created = "";
  /** The first sequence that is stored, and the last, when the log was opened. An empty log begins after it ends. */
  first = 0;
  last = 0;
  /** How often a batch was appended again, for want of an acknowledgement. */
  resent = 0;
  /** How many batches were fetched that were not received. */
  filled = 0;

  readonly #handlers: LogHandlers;
  readonly #silence: number;
  readonly #worker: Worker;
  readonly #delivery: Delivery;
  readonly #peers: PeerRequests;
  readonly #opened = Promise.withResolvers<void>();
  readonly #started = Promise.withResolvers<void>();
  readonly #ranges = new Map<number, PromiseWithResolvers<{ first: number; last: number }>>();
  #append: { readonly id: number; readonly result: PromiseWithResolvers<number | undefined> } | undefined;
  #lastId = 0;
  #isStarted = false;
  #status: LogStatus = { connected: true, silent: false, reason: "" };
  #delivered = 0; // when the last batch was delivered, in milliseconds
  #watch: ReturnType<typeof setTimeout> | undefined;
  #error: LogError | undefined; // once the log is lost or closed

  private constructor(options: LogOptions, worker: Worker, handlers: LogHandlers) {
    this.#handlers = handlers;
    this.#silence = options.silence ?? SILENCE;
    this.#delivery = new Delivery({
      apply: ({ sequence, bytes }) => {
        this.#delivered = performance.now();
        if (this.#status.silent) this.#setStatus({ silent: false });
        return handlers.batch(sequence, bytes);
      },
      applied: (batch) => this.#applied(batch),
      handled: (sequence) => this.#post({ type: "handled", sequence }),
      failed: (error, { sequence }) => {
        this.#trouble(`Cannot apply batch ${sequence}: ${error instanceof Error ? error.message : String(error)}`);
      },
    });
    this.#peers = new PeerRequests((order) => this.#post(order));
    this.#worker = worker;
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onmessageerror = () => this.#trouble("A report of the worker cannot be read");
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else the error ends the process
      this.#lose(new LogError("worker", `The worker of the log has failed: ${event.message}`));
    };
    // Handled here, in case that the owner does not wait for them.
    this.#opened.promise.catch(() => {});
    this.#started.promise.catch(() => {});
  }

  /**
   * Connects to NATS, and creates the stream, or checks the settings of the one that is there.
   *
   * @param start Starts the worker; tests use other workers.
   * @throws {LogError} if the log cannot be used; its message is a sentence without credentials.
   */
  static async open(options: LogOptions, handlers: LogHandlers, start = startWorker): Promise<Log> {
    const { hosts, ...credentials } = readNatsServers(options.servers);
    const { cluster, replicas, creds = "", ca = "" } = options;
    if (!CLUSTER_NAME.test(cluster)) {
      throw new LogError("address", `Invalid cluster name "${cluster}": use 1 to 32 letters, digits, "_" or "-"`);
    }
    const log = new Log(options, start(hosts), handlers);
    log.#post({ type: "open", hosts, ...credentials, creds, ca, cluster, replicas });
    await log.#opened.promise;
    return log;
  }

  get status(): LogStatus {
    return this.#status;
  }

  /**
   * Delivers the batches from a sequence on: those that are stored, and those to come. Call it once.
   *
   * @throws {LogError} `trimmed` if the log does not have that batch any longer; `behind` if it ends before the one ahead of
   * it, so that it cannot be the log that was applied.
   */
  async start(from: number): Promise<void> {
    this.#check();
    if (this.#watch !== undefined) throw new Error("The log was started already");
    this.#delivered = performance.now();
    this.#watchSilence();
    this.#post({ type: "start", from });
    await this.#started.promise;
  }

  /**
   * Appends a batch, which takes as long as NATS is away. Resolves to its sequence, when it was handed back and applied.
   *
   * Only one append can be under way. The log must have been started.
   *
   * @param bytes At most `BATCH_MAX`. The log takes them: an array with a buffer of its own is empty afterwards.
   * @throws {LogError} if the log is lost or closed meanwhile; the batch may have been stored all the same.
   */
  async append(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const sequence = await this.#startAppend(bytes, undefined);
    return sequence!; // only a conditional append is refused
  }

  /**
   * Appends a batch if the last sequence of the log is the given one, such as 0 for a log that was never used.
   *
   * @returns Its sequence, or `undefined` if another batch was first.
   */
  appendAfter(last: number, bytes: Uint8Array<ArrayBuffer>): Promise<number | undefined> {
    return this.#startAppend(bytes, last);
  }

  /** Asks for the first sequence that is stored, and the last. */
  async range(): Promise<{ first: number; last: number }> {
    this.#check();
    const id = ++this.#lastId;
    const range = Promise.withResolvers<{ first: number; last: number }>();
    this.#ranges.set(id, range);
    this.#post({ type: "range", id });
    return await range.promise;
  }

  /**
   * Asks one of the peers that serve a topic, and yields its answer in chunks. A log that serves the topic itself may get
   * its own question.
   *
   * @param topic A word, which becomes a part of a subject of NATS.
   * @throws {PeerError} if no peer answers, or not completely.
   */
  ask(topic: string, question: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    this.#check();
    return this.#peers.ask(topic, question);
  }

  /** Answers the questions of peers on a topic; without `answer`, no longer. Each question goes to one peer. */
  serve(topic: string, answer: Answer | undefined): void {
    this.#check();
    this.#peers.serve(topic, answer);
  }

  /** Ends the connection and the worker. Nothing is delivered after this. */
  close(): void {
    this.#end(new LogError("closed", "The log is closed"));
  }

  async #startAppend(bytes: Uint8Array<ArrayBuffer>, last: number | undefined): Promise<number | undefined> {
    this.#check();
    if (bytes.length > BATCH_MAX) throw new RangeError(`A batch has at most ${BATCH_MAX} bytes`);
    if (this.#append !== undefined) throw new Error("Another append is under way");
    const id = ++this.#lastId;
    const result = Promise.withResolvers<number | undefined>();
    this.#append = { id, result };
    this.#post({ type: "append", id, bytes, conditional: last !== undefined, last: last ?? 0 });
    return await result.promise;
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  #post(order: Order): void {
    if (this.#error !== undefined) return;
    if (!("bytes" in order)) return this.#worker.postMessage(order);
    // Bytes are moved instead of copied, unless that would move other bytes with them.
    const { bytes } = order;
    const owned = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
    this.#worker.postMessage({ ...order, bytes: owned }, [owned.buffer]);
  }

  #receive(data: unknown): void {
    if (this.#error !== undefined) return;
    let report: Report;
    try {
      report = readReport(data);
    } catch (error) {
      return this.#lose(error as LogError);
    }
    switch (report.type) {
      case "opened":
        Object.assign(this, { first: report.first, last: report.last, created: report.created });
        return this.#opened.resolve();
      case "started":
        this.#isStarted = true;
        return this.#started.resolve();
      case "failed":
        return this.#lose(new LogError(logErrorKind(report.kind), report.message));
      case "batch":
        return this.#delivery.add(report);
      case "refused":
        return this.#settle(report.id, (result) => result.resolve(undefined));
      case "range":
        this.#ranges.get(report.id)?.resolve({ first: report.first, last: report.last });
        return void this.#ranges.delete(report.id);
      case "rejected":
        return this.#rejected(report.id, report.message);
      case "connection":
        return this.#setStatus({ connected: report.connected, reason: report.reason });
      case "trouble":
        return this.#trouble(report.message);
      case "resent":
        return void this.resent++;
      case "filled":
        return void (this.filled += report.count);
      default:
        return this.#peers.receive(report);
    }
  }

  #applied({ sequence, own }: Batch): void {
    if (own !== 0) this.#settle(own, (result) => result.resolve(sequence));
  }

  #rejected(id: number, message: string): void {
    const error = new LogError("worker", message);
    this.#settle(id, (result) => result.reject(error));
    this.#ranges.get(id)?.reject(error);
    this.#ranges.delete(id);
  }

  /** Ends the append under way, if it is the one with this id. */
  #settle(id: number, settle: (result: PromiseWithResolvers<number | undefined>) => void): void {
    if (this.#append?.id !== id) return;
    const { result } = this.#append;
    this.#append = undefined; // the next append may be made at once
    settle(result);
  }

  #setStatus(change: Partial<LogStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#call(() => this.#handlers.status?.(this.#status));
  }

  /** Notices when nothing is delivered for a while. */
  #watchSilence(): void {
    const quiet = performance.now() - this.#delivered;
    if (quiet >= this.#silence && !this.#status.silent) this.#setStatus({ silent: true });
    this.#watch = setTimeout(() => this.#watchSilence(), Math.max(this.#silence - quiet, this.#silence / 10));
  }

  #trouble(message: string): void {
    this.#call(() => this.#handlers.trouble?.(message));
  }

  /** The log cannot be used any longer. */
  #lose(error: LogError): void {
    if (this.#error !== undefined) return;
    this.#end(error);
    if (this.#isStarted) this.#call(() => this.#handlers.lost?.(error));
  }

  #end(error: LogError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    clearTimeout(this.#watch);
    this.#delivery.stop();
    this.#worker.terminate();
    this.#opened.reject(error);
    this.#started.reject(error);
    this.#append?.result.reject(error);
    for (const { reject } of this.#ranges.values()) reject(error);
    this.#ranges.clear();
    this.#peers.fail(error);
  }

  /** Calls a handler, whose error must not end the log. */
  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      reportError(error);
    }
  }
}

/** Starts the worker. It may connect to these hosts, and nothing else; it keeps that when its parent gives up everything. */
export function startWorker(hosts: readonly string[]): Worker {
  const permissions: Deno.PermissionOptionsObject = {
    net: [...hosts],
    read: false,
    write: false,
    env: false,
    run: false,
    ffi: false,
    sys: false,
    import: false,
  };
  // `deno compile` needs this file in --include: see deno.json.
  const url = new URL("./nats_worker.ts", import.meta.url);
  try {
    return new Worker(url, { type: "module", name: "nats", deno: { permissions } });
  } catch (error) { // such as a permission that the process itself does not have
    throw new LogError("worker", `Cannot start the worker of the log: ${(error as Error).message}`);
  }
}
