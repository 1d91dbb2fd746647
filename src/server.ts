/**
 * Where transports, protocols and the chat meet: opens the doors, runs the accept loops, counts who is in, and lets
 * everybody out on stop.
 */
import { Cloak } from "./cloak.ts";
import { Hub } from "./chat/hub.ts";
import type { Member } from "./chat/member.ts";
import { LINES_IN_BUFFER, type Options } from "./cli.ts";
import { MemoryHistory } from "./history/memory.ts";
import type { Log } from "./log.ts";
import { Operators } from "./operators.ts";
import { echo } from "./protocol/echo.ts";
import { Formats } from "./protocol/irc/format.ts";
import { Liveness } from "./protocol/irc/liveness.ts";
import { INPUT_MAX, irc, type IrcDoor } from "./protocol/irc/session.ts";
import { system, textFormat } from "./protocol/text/render.ts";
import { text } from "./protocol/text/session.ts";
import type { Connection } from "./transport/connection.ts";
import { Fanout } from "./transport/fanout.ts";
import { listenTcp, type TcpListener, type TcpOptions } from "./transport/tcp.ts";

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
  /** The flag that moves or closes it. */
  readonly flag: string;
  readonly port: number;
  /** How to get in, for people. */
  readonly invitation: (host: string, port: number) => string;
  /** The most bytes in a line, without its end. */
  readonly maxLine: number;
  readonly lineEnd: TcpOptions["lineEnd"];
  /** Serves one client until it leaves. */
  serve(connection: Connection, onMember: (member: Member) => void): Promise<void>;
  /** What a client is told that is not let in. */
  refuse(why: string): string;
  /** What a client is told last, as the server stops. */
  farewell(why: string): string[];
}

/** A client that is in. */
interface Client {
  readonly door: Door;
  /** Resolves when all that belongs to it is over. */
  readonly over: Promise<void>;
}

/** What the server is given of files. */
export interface Files {
  /** What everybody is shown on arrival, a line each. */
  readonly motd: readonly string[];
  readonly operators: Operators;
  /** Reads the former anew. */
  readonly readMotd: () => Promise<string[]>;
  readonly version: string;
}

/** When there are none. */
export const NO_FILES: Files = {
  motd: [],
  operators: new Operators(),
  readMotd: () => Promise.resolve([]),
  version: "",
};

/** A server whose doors are open. */
export class Server {
  /** How to get in: a line for each door, for people. */
  readonly doors: readonly string[];
  /** Their ports, in the same order. */
  readonly ports: readonly number[];

  readonly #options: Options;
  readonly #log: Log;
  readonly #listeners: TcpListener[] = [];
  readonly #fanout: Fanout;
  readonly #hub: Hub;
  readonly #clients = new Map<Connection, Client>();
  readonly #perAddress = new Map<string, number>();

  /**
   * Opens the doors that the options ask for.
   *
   * @throws {DoorError} when one cannot be opened; then none is.
   */
  constructor(options: Options, files: Files, log: Log) {
    this.#options = options;
    this.#log = log;
    // The largest round fits several times into an outbox, so that only who does not read runs over.
    this.#fanout = new Fanout(options.sendBuffer / LINES_IN_BUFFER);
    this.#hub = new Hub({ history: new MemoryHistory(), reserved: options.name, onHeld: () => this.#fanout.request() });
    this.#fanout.collect = () => this.#hub.flush();

    const doors = this.#behind(files);
    try {
      for (const door of doors) this.#listeners.push(this.#open(door));
    } catch (error) {
      for (const listener of this.#listeners) listener.close();
      throw error;
    }
    this.ports = this.#listeners.map((listener) => listener.port);
    this.doors = doors.map((door, i) => `${door.name.padEnd(4)}  ${door.invitation(options.host, this.ports[i]!)}`);
    for (const [i, door] of doors.entries()) {
      log.info("open", { door: door.name, host: options.host, port: this.ports[i] });
      void this.#accept(this.#listeners[i]!, door);
    }
  }

  /** What is behind the doors that are to be opened. */
  #behind(files: Files): Door[] {
    const { name, port, ircPort, maxLine, sendBuffer, announce, command } = this.#options;
    const hub = this.#hub;
    const cloak = new Cloak();
    const hostOf = (address: string) => cloak.of(address);
    let { motd } = files;
    const plain = {
      flag: "--port",
      maxLine,
      lineEnd: "as the client",
      invitation: (host: string, port: number) => `nc ${reachable(host)} ${port}`,
      farewell: () => [],
    } as const;
    if (command === "echo") {
      return [{ ...plain, name: "echo", port: port === "off" ? 0 : port, serve: echo, refuse: (why) => why }];
    }
    const doors: Door[] = [];
    if (port !== "off") {
      const answerMax = sendBuffer / LINES_IN_BUFFER;
      const door = { hub, name, hostOf, motd: () => motd, answerMax, format: textFormat(announce) };
      const serve: Door["serve"] = (connection, onMember) => text(connection, door, onMember);
      doors.push({ ...plain, name: "text", port, serve, refuse: system });
    }
    if (ircPort !== "off") {
      const door: IrcDoor = {
        hub,
        name,
        hostOf,
        formats: new Formats(name),
        liveness: new Liveness(),
        operators: files.operators,
        version: files.version,
        since: new Date(),
        motd: () => motd,
        reloadMotd: async () => void (motd = await files.readMotd()),
        strangers: { count: 0 },
        answerMax: sendBuffer * 3 / LINES_IN_BUFFER, // with half an outbox full, as at the most, it still fits
        audit: (what, who, about) => this.#log.warn(what, { who, about }),
      };
      const last = (why: string) => `ERROR :Closing link: ${why}`;
      doors.push({
        name: "irc",
        flag: "--irc-port",
        port: ircPort,
        maxLine: INPUT_MAX,
        lineEnd: "\r\n",
        invitation: (host, port) => `irc://${bracketed(reachable(host))}:${port}`,
        serve: (connection, onMember) => irc(connection, door, onMember),
        refuse: last,
        farewell: (why) => [last(why)],
      });
    }
    return doors;
  }

  /** Lets nobody in any more, tells everybody, and resolves when all that is queued has gone out, or after 5 seconds. */
  async stop(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#hub.notice(`${this.#options.name} is stopping. Goodbye.`);
    this.#hub.flush();
    for (const [connection, { door }] of this.#clients) {
      connection.send(door.farewell("server stopping"));
      connection.close("server stopping");
    }
    const all = Promise.all([...this.#clients.values()].map(({ over }) => over));
    let timeout;
    await Promise.race([all, new Promise((resolve) => timeout = setTimeout(resolve, STOP_TIME))]);
    clearTimeout(timeout);
    this.#log.info("stopped");
  }

  #open({ name, flag, port, maxLine, lineEnd }: Door): TcpListener {
    const { host, rate, burst, sendBuffer } = this.#options;
    const onAcceptError = (error: Error) => {
      this.#log.warn("cannot accept connections", { door: name, error: error.message });
    };
    try {
      return listenTcp({
        hostname: host,
        port,
        fanout: this.#fanout,
        lineEnd,
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
          `Cannot open port ${port}: address already in use (${flag} N takes another, ${flag} off closes this door)`,
        );
      }
      if (error instanceof Deno.errors.PermissionDenied) {
        throw new DoorError(`Cannot open port ${port}: permission denied (${flag} N takes another)`);
      }
      throw new DoorError(`Cannot listen on "${host}": ${(error as Error).message} (--host takes another address)`);
    }
  }

  async #accept(listener: TcpListener, door: Door) {
    for await (const connection of listener) this.#welcome(door, connection);
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
    this.#clients.set(connection, { door, over: this.#serve(door, connection) });
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
    this.#clients.delete(connection);
    const others = this.#perAddress.get(address)! - 1;
    if (others > 0) this.#perAddress.set(address, others);
    else this.#perAddress.delete(address);
    this.#log.info("disconnected", { peer, door: door.name, nick: member?.nick, reason: connection.ending ?? "left" });
  }

  /** Why nobody else is let in from an address, if so. */
  #full(address: string): string | undefined {
    const { maxClients, maxPerIp, name } = this.#options;
    if (this.#clients.size >= maxClients) return `${name} is full. Come back later.`;
    if ((this.#perAddress.get(address) ?? 0) >= maxPerIp) {
      return `Too many connections from your address. Close one first.`;
    }
  }
}

/** An address as it is written in a URL (RFC 3986, section 3.2.2). */
function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** An address to connect to, for one to listen on: a wildcard stands for all addresses of this machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
