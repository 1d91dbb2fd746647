/**
 * Serves each connection from the moment it is accepted until it has ended, and counts how connections ended.
 */
import type { Session } from "../chat/member.ts";
import type { Bans } from "../moderation/bans.ts";
import { errorDetails, type Log } from "../monitoring/log.ts";
import { NICKNAME_RECLAIMED, TOO_MANY_FAILURES, WRONG_PASSWORD } from "../protocol/accounts.ts";
import { SIGNED_OUT } from "../protocol/sign_out.ts";
import { PING_TIMEOUT, REGISTRATION_TIMEOUT } from "../protocol/irc/keepalive.ts";
import { type Connection, WRONG_PROTOCOL } from "../transport/connection.ts";
import { NO_CLUSTER, NO_CLUSTER_TEXT } from "./cluster_health.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { MEMORY_SHORT } from "./memory_pressure.ts";
import type { ProtocolHandler } from "./protocol_handlers.ts";

/** The reason of an unregistered connection that was evicted for another one. */
const EVICTED = "made room for another";

/** The reasons that are counted by name. Others, such as those of errors in WebSocket frames, count as `other`. */
const REASONS: ReadonlySet<string> = new Set([
  "left",
  "quit",
  "killed",
  "banned",
  "connection lost",
  PING_TIMEOUT,
  "too slow to read",
  MEMORY_SHORT,
  "sent too much at once",
  "server stopping",
  "internal error",
  "no password in time",
  REGISTRATION_TIMEOUT,
  "Password wanted",
  EVICTED,
  NICKNAME_RECLAIMED,
  SIGNED_OUT,
  TOO_MANY_FAILURES,
  WRONG_PASSWORD,
  WRONG_PROTOCOL,
]);

/** What the server knows of a connection. */
export interface Client {
  readonly handler: ProtocolHandler;
  /** Set once the client has registered. */
  session: Session | undefined;
  /** Resolves when the session has ended and the connection is closed; never rejects. */
  done: Promise<void>;
}

/** What connections need of the other parts of the server. */
export interface ConnectionsContext {
  readonly limits: ConnectionLimits;
  readonly bans: Bans;
  readonly log: Log;
  /** Whether clients register. Those of the echo server do not, and are never evicted. */
  readonly registers: boolean;
  /** Why no client can be served now; `undefined` if clients can be. */
  readonly trouble?: (() => string | undefined) | undefined;
  /** Called for each client that has registered. */
  readonly onRegistered?: (session: Session) => void;
}

/** All connections of a server; iterates over them with their clients. */
export class Connections implements Iterable<readonly [Connection, Client]> {
  /** How many connections have ended, by reason. */
  readonly ended = new Map<string, number>();
  readonly #context: ConnectionsContext;
  readonly #clients = new Map<Connection, Client>();

  constructor(context: ConnectionsContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#clients.size;
  }

  [Symbol.iterator](): Iterator<readonly [Connection, Client]> {
    return this.#clients.entries();
  }

  /** Iterates over the connections that are not closing. */
  *open(): Generator<Connection> {
    for (const connection of this.#clients.keys()) if (connection.closeReason === undefined) yield connection;
  }

  /**
   * Serves a new connection, unless the node has lost its cluster: clients that are connected wait for it, others may find
   * another node. The client's address is checked again: it may have been banned since the connection was accepted, during the
   * TLS handshake or while the client looked at the page.
   */
  accept(handler: ProtocolHandler, connection: Connection): void {
    const { bans, limits, log } = this.#context;
    const trouble = this.#context.trouble?.();
    if (trouble !== undefined) {
      limits.count(NO_CLUSTER);
      log.info("refused", { peer: connection.peer, door: handler.name, reason: NO_CLUSTER, trouble });
      connection.send([handler.rejection(NO_CLUSTER_TEXT)]);
      return connection.close(NO_CLUSTER);
    }
    const ban = bans.findByAddress(connection.address);
    if (ban !== undefined) {
      limits.count("banned");
      log.info("refused", { peer: connection.peer, door: handler.name, reason: "banned", ban: ban.what });
      connection.send([handler.rejection(`You are banned from this server: ${ban.reason}`)]);
      return connection.close("banned");
    }
    this.#prepareEviction(handler, connection);
    const client: Client = { handler, session: undefined, done: Promise.resolve() };
    this.#clients.set(connection, client);
    client.done = this.#serve(connection, client);
  }

  /**
   * Closes all connections.
   *
   * @param timeout How long to wait for queued lines to be sent, in milliseconds.
   */
  async close(reason: string, timeout: number): Promise<void> {
    for (const [connection, { handler }] of this.#clients) {
      connection.send(handler.farewell(reason));
      connection.close(reason);
    }
    const all = Promise.all([...this.#clients.values()].map(({ done }) => done));
    let timer;
    await Promise.race([all, new Promise((resolve) => timer = setTimeout(resolve, timeout))]);
    clearTimeout(timer);
  }

  /** Has the client told the reason, if its connection is evicted before it has registered. */
  #prepareEviction(handler: ProtocolHandler, connection: Connection) {
    const { limits, registers } = this.#context;
    if (connection.evictable === undefined) return;
    if (!registers) return limits.registered(connection.evictable);
    connection.evictable.onEvicted = () => {
      connection.send([handler.rejection(limits.crowded)]);
      connection.close(EVICTED);
    };
  }

  #registered({ evictable }: Connection) {
    if (evictable === undefined) return;
    this.#context.limits.registered(evictable);
    evictable.onEvicted = undefined;
  }

  /** Not an async function: each connection would retain its frame. */
  #serve(connection: Connection, client: Client): Promise<void> {
    const { handler } = client;
    const onRegistered = (session: Session) => {
      client.session = session;
      this.#registered(connection);
      this.#context.log.info("connected", { peer: connection.peer, door: handler.name, nick: session.member.nick });
      this.#context.onRegistered?.(session);
    };
    return handler.serve(connection, onRegistered)
      .catch((error) => this.#failed(connection, handler, error))
      .then(() => this.#finish(connection, client));
  }

  /** An error in one session ends this session alone. */
  #failed(connection: Connection, handler: ProtocolHandler, error: unknown) {
    const { log } = this.#context;
    log.error("session failed", { peer: connection.peer, door: handler.name, error: errorDetails(error) });
    connection.close("internal error");
  }

  async #finish(connection: Connection, { handler, session }: Client) {
    connection.close();
    await connection.closed;
    // A connection that was rejected by its first line has been logged and counted as refused.
    if (session !== undefined || connection.closeReason !== WRONG_PROTOCOL) {
      const reason = connection.closeReason ?? "left";
      this.#count(reason);
      this.#context.log.info("disconnected", {
        peer: connection.peer,
        door: handler.name,
        nick: session?.member.nick,
        reason,
      });
    }
    this.#clients.delete(connection);
  }

  #count(reason: string) {
    const counted = REASONS.has(reason) ? reason : "other";
    this.ended.set(counted, (this.ended.get(counted) ?? 0) + 1);
  }
}
