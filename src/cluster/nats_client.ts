/**
 * The connection to NATS, which is made again whenever it is lost. Runs in the worker.
 *
 * The library reconnects by itself. Two things are added: it forgets servers that were down at the start, and it waits
 * without an end for a stale connection to send its unsent bytes.
 */
import {
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  errors,
  type Msg,
  type NatsConnection,
  type Subscription,
} from "@nats-io/transport-node";
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { LogError } from "./log_error.ts";
import { BATCH_MAX, HEADERS_MAX } from "./log_limits.ts";
import type { OpenOrder } from "./log_messages.ts";
import { reasonOf } from "./nats_errors.ts";
import { formatServers } from "./log_servers.ts";

/** How long one attempt to connect may take, in milliseconds. */
const DIAL_TIMEOUT = 2000;

/** How often the server is asked whether it is there, and how many answers may be missing. Stale after 3 s. */
const PING_INTERVAL = 1000;
const PINGS_MAX = 2;

/** How long a stale connection may take to close, in milliseconds. */
const STALE_TIMEOUT = 500;

/** How long a request of JetStream waits for its answer, in milliseconds. */
const REQUEST_TIMEOUT = 1500;

/** The calls that a client makes. */
export interface ClientEvents {
  /** It is there again. Subscriptions were made again; messages that were published in between are lost. */
  connected(): void;
  disconnected(reason: string): void;
  /** Something to log; the work goes on. */
  trouble(message: string): void;
}

/** Receives a message. An error that it throws is reported, and does not end the subscription. */
type Receiver = (message: Msg) => void;

/** A subscription that is made on each new connection. */
interface Wanted {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly receive: Receiver;
  current?: Subscription;
  /** Why the server does not permit it. */
  denial?: string | undefined;
}

/** A connection to one of the servers. */
export class NatsClient {
  connected = true;
  readonly #order: OpenOrder;
  readonly #events: ClientEvents;
  readonly #secrets: readonly string[];
  readonly #wanted = new Set<Wanted>();
  #connection!: NatsConnection;
  #jetstream!: JetStreamClient;
  #manager!: JetStreamManager;
  #reason = ""; // why the connection is being lost, if known

  private constructor(order: OpenOrder, events: ClientEvents) {
    this.#order = order;
    this.#events = events;
    this.#secrets = [order.password, order.token, order.creds];
  }

  /**
   * Connects to the first server that accepts the connection.
   *
   * @throws {LogError} if none does.
   */
  static async open(order: OpenOrder, events: ClientEvents): Promise<NatsClient> {
    const client = new NatsClient(order, events);
    try {
      await client.#adopt(await connect(client.#options(false)));
    } catch (error) {
      const reason = client.reasonOf(error);
      const isTls = order.tls || order.ca !== "";
      // Deno fails in the handshake with an error that the library does not see.
      const hint = "; a server that asks for client certificates (verify: true) is not supported";
      const why = isTls && error instanceof errors.TimeoutError ? reason + hint : reason;
      throw new LogError("unreachable", `Cannot reach NATS at ${formatServers(order)}: ${why}`);
    }
    const largest = client.#connection.info?.max_payload ?? 0;
    if (largest < BATCH_MAX + HEADERS_MAX) {
      const why = `it accepts messages of ${largest} bytes only; set max_payload to 1MB there`;
      throw new LogError("unreachable", `Cannot use NATS at ${formatServers(order)}: ${why}`);
    }
    return client;
  }

  get connection(): NatsConnection {
    return this.#connection;
  }

  get jetstream(): JetStreamClient {
    return this.#jetstream;
  }

  get manager(): JetStreamManager {
    return this.#manager;
  }

  /** The reason of an error, without credentials. */
  reasonOf(error: unknown): string {
    return reasonOf(error, this.#secrets);
  }

  /** Subscribes, on this connection and all after it. Returns a function that ends it. */
  subscribe(subject: string, receive: Receiver, queue?: string): () => void {
    const wanted: Wanted = { subject, queue, receive };
    this.#wanted.add(wanted);
    this.#subscribe(wanted);
    return () => {
      this.#wanted.delete(wanted);
      wanted.current?.unsubscribe();
    };
  }

  /**
   * Resolves when the server has all subscriptions that were made before.
   *
   * @throws {LogError} if it does not permit one.
   */
  async subscribed(): Promise<void> {
    await this.#connection.flush();
    for (const { denial } of this.#wanted) {
      if (denial !== undefined) {
        throw new LogError("unreachable", `Cannot use NATS at ${formatServers(this.#order)}: ${denial}`);
      }
    }
  }

  #options(waits: boolean): ConnectionOptions {
    const { hosts, tls, user, password, token, creds, ca } = this.#order;
    return {
      servers: [...hosts],
      name: "tincan",
      timeout: DIAL_TIMEOUT,
      pingInterval: PING_INTERVAL,
      maxPingOut: PINGS_MAX,
      reconnectTimeWait: 100,
      reconnectJitter: 50,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: waits,
      ignoreAuthErrorAbort: true, // the operator may correct the server's configuration
      // The worker may reach the named hosts alone: neither their addresses by number, nor servers that NATS tells of.
      resolve: false,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
      ...(tls || ca !== "" ? { tls: ca === "" ? {} : { ca } } : {}),
      ...(user === "" ? {} : { user, pass: password }),
      ...(token === "" ? {} : { token }),
      ...(creds === "" ? {} : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
    };
  }

  /** Uses a connection from now on. */
  async #adopt(connection: NatsConnection): Promise<void> {
    this.#connection = connection;
    this.#jetstream = jetstream(connection, { timeout: REQUEST_TIMEOUT });
    this.#manager = await jetstreamManager(connection, { timeout: REQUEST_TIMEOUT, checkAPI: false });
    // The library has dropped the servers that it could not reach before the first connection.
    connection.setServers([...this.#order.hosts]);
    for (const wanted of this.#wanted) this.#subscribe(wanted);
    void this.#watch(connection);
  }

  #subscribe(wanted: Wanted): void {
    const callback = (error: Error | null, message: Msg) => {
      if (error !== null) {
        wanted.denial = this.reasonOf(error);
        return this.#events.trouble(`Cannot read ${wanted.subject}: ${wanted.denial}`);
      }
      try {
        wanted.receive(message);
      } catch (error) { // the library would stop reading
        this.#events.trouble(`Cannot use a message of ${wanted.subject}: ${this.reasonOf(error)}`);
      }
    };
    wanted.denial = undefined;
    wanted.current = this.#connection.subscribe(wanted.subject, { callback, queue: wanted.queue });
  }

  /** Follows what happens to a connection, until another takes its place. */
  async #watch(connection: NatsConnection): Promise<void> {
    let stale;
    for await (const status of connection.status()) {
      if (this.#connection !== connection) break;
      if (status.type === "error") {
        // A subject that is not permitted is the error of the request or of the subscription.
        if (!(status.error instanceof errors.PermissionViolationError)) this.#reason = this.reasonOf(status.error);
      } else if (status.type === "staleConnection") {
        if (this.#reason === "") this.#reason = "no answer";
        // The library would first send its unsent bytes, however long that takes.
        stale = setTimeout(() => void connection.close(), STALE_TIMEOUT);
      } else if (status.type === "disconnect") {
        clearTimeout(stale);
        this.#lose();
      } else if (status.type === "reconnect") this.#regain();
    }
    clearTimeout(stale);
    if (this.#connection !== connection) return;
    this.#lose();
    await this.#replace();
  }

  /** Makes a new connection, however long that takes. */
  async #replace(): Promise<void> {
    for (;;) {
      try {
        await this.#adopt(await connect(this.#options(true)));
        return this.#regain();
      } catch (error) {
        this.#reason = this.reasonOf(error);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  #lose(): void {
    if (!this.connected) return;
    this.connected = false;
    this.#events.disconnected(this.#reason === "" ? "the connection was closed" : this.#reason);
    this.#reason = "";
  }

  #regain(): void {
    this.connected = true;
    this.#events.connected();
  }
}
