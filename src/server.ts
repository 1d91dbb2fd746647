/**
 * Where transports, protocols and the chat meet: opens the doors, runs the accept loops, counts who is in, and lets
 * everybody out on stop.
 */
import { Hub } from "./chat/hub.ts";
import type { Member } from "./chat/member.ts";
import { LINES_IN_BUFFER, type Options } from "./cli.ts";
import { MemoryHistory } from "./history/memory.ts";
import type { Log } from "./log.ts";
import { echo } from "./protocol/echo.ts";
import { system, textFormat } from "./protocol/text/render.ts";
import { text } from "./protocol/text/session.ts";
import type { Connection } from "./transport/connection.ts";
import { Fanout } from "./transport/fanout.ts";
import { listenTcp, type TcpListener } from "./transport/tcp.ts";

/** How long stopping waits for what is queued to go out, in milliseconds. */
const STOP_TIME = 5000;

/** How long a client may take none of what waits for it before it is disconnected, in milliseconds. */
const STALL_TIME = 60_000;

/** A door that cannot be opened. The message is one line for whoever started the server. */
export class DoorError extends Error {
  override name = "DoorError";
}

/** What goes on behind a door. */
interface Door {
  /** Its name in the log and on stdout. */
  readonly name: string;
  /** Serves one client until it leaves. */
  serve(connection: Connection, onMember: (member: Member) => void): Promise<void>;
  /** What a client is told that is not let in. */
  refuse(why: string): string;
}

/** A server whose doors are open. */
export class Server {
  /** How to get in: a line for each door, for people. */
  readonly doors: readonly string[];
  /** The port of its door. */
  readonly port: number;

  readonly #options: Options;
  readonly #log: Log;
  readonly #listener: TcpListener;
  readonly #hub: Hub;
  readonly #connections = new Map<Connection, Promise<void>>(); // and when all that belongs to one is over
  readonly #perAddress = new Map<string, number>();

  /**
   * Opens the doors that the options ask for.
   *
   * @param motd What everybody is shown on arrival, a line each.
   * @throws {DoorError} when one cannot be opened.
   */
  constructor(options: Options, motd: readonly string[], log: Log) {
    this.#options = options;
    this.#log = log;
    // The largest round fits several times into an outbox, so that only who does not read runs over.
    const budget = options.sendBuffer / LINES_IN_BUFFER;
    const fanout = new Fanout(budget);
    const hub = new Hub({ history: new MemoryHistory(), onHeld: () => fanout.request() });
    fanout.collect = () => hub.flush();
    this.#hub = hub;

    const { name } = options;
    const textDoor = { hub, name, motd, answerMax: budget, format: textFormat(options.announce) };
    const door: Door = options.command === "echo"
      ? { name: "echo", serve: echo, refuse: (why) => why }
      : { name: "text", serve: (connection, onMember) => text(connection, textDoor, onMember), refuse: system };

    this.#listener = open(options, fanout, log);
    this.port = this.#listener.port;
    log.info("open", { door: door.name, host: options.host, port: this.port });
    this.doors = [`${door.name}  nc ${reachable(options.host)} ${this.port}`];
    void this.#accept(door);
  }

  /** Lets nobody in any more, tells everybody, and resolves when all that is queued has gone out, or after 5 seconds. */
  async stop(): Promise<void> {
    this.#listener.close();
    this.#hub.notice(`${this.#options.name} is stopping. Goodbye.`);
    this.#hub.flush();
    for (const connection of this.#connections.keys()) connection.close("server stopping");
    const all = Promise.all(this.#connections.values());
    let timeout;
    await Promise.race([all, new Promise((resolve) => timeout = setTimeout(resolve, STOP_TIME))]);
    clearTimeout(timeout);
    this.#log.info("stopped");
  }

  async #accept(door: Door) {
    for await (const connection of this.#listener) this.#welcome(door, connection);
  }

  /** Lets a client in, or tells it why not. */
  #welcome(door: Door, connection: Connection) {
    const { peer, address } = connection;
    const full = this.#full(address);
    if (full !== undefined) {
      this.#log.info("refused", { peer, door: door.name, reason: full });
      connection.send([door.refuse(full)]);
      return connection.close(full);
    }
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    this.#connections.set(connection, this.#serve(door, connection));
  }

  /** Serves one client from its first moment to its last. Never rejects. */
  #serve(door: Door, connection: Connection): Promise<void> {
    let member: Member | undefined;
    const onMember = (joined: Member) => {
      member = joined;
      this.#log.info("connected", { peer: connection.peer, door: door.name, nick: joined.nick });
    };
    // No async function: it would keep its frame for every client that is in.
    return door.serve(connection, onMember)
      .catch((error) => this.#failed(door, connection, error))
      .then(() => this.#seeOff(door, connection, member));
  }

  /** A mistake of ours, in the one client's session where it showed. Everybody else goes on. */
  #failed(door: Door, connection: Connection, error: unknown) {
    const stack = error instanceof Error ? error.stack : String(error);
    this.#log.error("session failed", { peer: connection.peer, door: door.name, error: stack });
    connection.close("internal error");
  }

  async #seeOff(door: Door, connection: Connection, member: Member | undefined) {
    const { peer, address } = connection;
    connection.close();
    await connection.closed;
    this.#connections.delete(connection);
    const others = this.#perAddress.get(address)! - 1;
    if (others > 0) this.#perAddress.set(address, others);
    else this.#perAddress.delete(address);
    this.#log.info("disconnected", { peer, door: door.name, nick: member?.nick, reason: connection.ending ?? "left" });
  }

  /** Why nobody else is let in from an address, if so. */
  #full(address: string): string | undefined {
    const { maxClients, maxPerIp, name } = this.#options;
    if (this.#connections.size >= maxClients) return `${name} is full. Come back later.`;
    if ((this.#perAddress.get(address) ?? 0) >= maxPerIp) {
      return `Too many connections from your address. Close one first.`;
    }
  }
}

function open(options: Options, fanout: Fanout, log: Log): TcpListener {
  const { host, maxLine, rate, burst, sendBuffer } = options;
  const port = options.port === "off" ? 0 : options.port;
  const onAcceptError = (error: Error) => log.warn("cannot accept connections", { error: error.message });
  try {
    return listenTcp({
      hostname: host,
      port,
      fanout,
      maxLine,
      rate,
      burst,
      sendBuffer,
      stallTime: STALL_TIME,
      onAcceptError,
    });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new DoorError(
        `Cannot open port ${port}: address already in use (--port N takes another, --port off closes this door)`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new DoorError(`Cannot open port ${port}: permission denied (--port N takes another)`);
    }
    throw new DoorError(`Cannot listen on "${host}": ${(error as Error).message} (--host takes another address)`);
  }
}

/** An address to connect to, for one to listen on: a wildcard stands for all addresses of this machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
