/**
 * Where transports, protocols and the chat meet: opens the doors, runs the accept loops, counts who is in, and lets
 * everybody out on stop.
 */
import { ConnectionLimits } from "./connection_limits.ts";
import { Bans } from "../moderation/bans.ts";
import { LocalChat } from "../chat/local_chat.ts";
import type { Member } from "../chat/member.ts";
import type { ChatObserver } from "../chat/observer.ts";
import { STORAGE_RATE, type StorageLimits } from "../chat/storage_limit.ts";
import { LINES_IN_BUFFER, type Options } from "../cli/options.ts";
import { type Files, makeHandlers, type ProtocolHandler, type ProtocolHandlers } from "./listeners.ts";
import { AuthService } from "../accounts/auth.ts";
import { writeDuration } from "../util/duration.ts";
import { Maintenance } from "../history/maintenance.ts";
import type { Log } from "../monitoring/log.ts";
import { Histogram, renderAll } from "../monitoring/metrics.ts";
import { networksOf } from "../util/address_ranges.ts";
import { LOOK_TIME, MEMORY_SHORT, relieve } from "./memory_pressure.ts";
import { NICKSERV } from "../protocol/irc/nickserv.ts";
import { TOO_MANY_FAILURES } from "../protocol/accounts.ts";
import { IRC_LINE_MAX } from "../protocol/irc/format.ts";
import type { ModerationContext } from "../protocol/moderation.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import { RejectionLog } from "./rejection_log.ts";
import { enforceBan } from "./enforce_ban.ts";
import { hint } from "./hints.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import { Site } from "../protocol/http/site.ts";
import { type Connection, type Protocol, WRONG_PROTOCOL } from "../transport/connection.ts";
import { Fanout } from "../transport/fanout.ts";
import type { Cause } from "../transport/admission.ts";
import { HTTP_TIMES } from "../transport/http.ts";
import type { Hint, LineOptions, Traffic } from "../transport/line_connection.ts";
import type { Listener as Port } from "../transport/listen.ts";
import { listenTcp, type TcpOptions } from "../transport/tcp.ts";
import type { Tls } from "../transport/tls.ts";
import { listenWeb, type WebSocketPath } from "../transport/web.ts";
import { assetsFor } from "../web/assets.ts";
import { reasonOf } from "../util/system_error.ts";

/** How long stopping waits for what is queued to go out, in milliseconds. */
const STOP_TIME = 5000;

/** How long a client may take none of what waits for it before it is disconnected, in milliseconds. */
const STALL_TIME = 60_000;

/** A door that cannot be opened. The message is one line for whoever started the server. */
export class ListenError extends Error {
  override name = "DoorError";
}

/** A port that is to be opened. */
interface Opening {
  /** What it is called on stdout and in the log. */
  readonly name: string;
  /** The flag that moves or closes it. */
  readonly flag: string;
  readonly port: number;
  /** How to get in, for people. */
  readonly invitation: (host: string, port: number) => string;
  readonly open: () => Listener;
}

/** An open port. */
interface Listener {
  /** The address that it is open on. */
  readonly hostname: string;
  readonly port: number;
  /** Whether it goes on answering questions until all who were in are out. */
  readonly answers?: boolean;
  close(): void;
}

/** A client that is in. */
interface Client {
  readonly door: ProtocolHandler;
  /** Who it is, once it has said so. */
  member: Member | undefined;
  /** Resolves when all that belongs to it is over. */
  over: Promise<void>;
}

/** How long rounds take, in seconds: the bounds of the histogram. */
const ROUND_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** Why a connection ended that had not registered, when there was no room for another. */
const EVICTED = "made room for another";

/** The reasons for which connections end that are counted apart. */
const REASONS: ReadonlySet<string> = new Set([
  "left",
  "quit",
  "killed",
  "banned",
  "connection lost",
  "too slow to read",
  MEMORY_SHORT,
  "sent too much at once",
  "server stopping",
  "internal error",
  "no password in time",
  "Registration timed out",
  "Password wanted",
  EVICTED,
  TOO_MANY_FAILURES,
  WRONG_PROTOCOL,
]);

/** What the first line of a client must not be, by listener. On a WebSocket, only what a chat client can be taken for. */
const REJECTED = {
  text: new Set<Protocol>(["HTTP", "TLS", "SSH", "IRC", "PROXY", "binary"]),
  irc: new Set<Protocol>(["HTTP", "TLS", "SSH", "PROXY", "binary"]),
  echo: new Set<Protocol>(["HTTP", "TLS", "SSH", "PROXY", "binary"]),
  "/text": new Set<Protocol>(["IRC"]),
  "/irc": undefined,
};

/**
 * How long requests to the web port are heard at a time, in milliseconds: a quarter of what else takes long, as reading and
 * writing them costs several times as much again.
 */
const REQUESTS_SLICE = 0.25;

/** How long it waits until it tries again to keep what is said, while another program has the file locked, in milliseconds. */
const LOCKED_PAUSE = 10;

/** How often the event loop's delay is measured, in milliseconds. */
const DELAY_TIME = 500;

/** A server whose doors are open. */
export class Server {
  /** How to get in: a line for each door, for people. */
  readonly doors: readonly string[];
  /** Their ports, in the same order. */
  readonly ports: readonly number[];

  readonly #options: Options;
  readonly #files: Files;
  readonly #log: Log;
  readonly #listeners: Listener[] = [];
  readonly #doorNames: string[] = [];
  readonly #fanout: Fanout;
  readonly #hub: LocalChat;
  readonly #bans: Bans;
  readonly #since = performance.now();
  readonly #upkeep: Maintenance;
  readonly #auth: AuthService;
  readonly #clients = new Map<Connection, Client>();
  readonly #admission: ConnectionLimits;
  readonly #tls: Tls | undefined;
  readonly #traffic: Traffic = { linesIn: 0, linesOut: 0, bytesOut: 0 };
  readonly #refusals: RejectionLog;
  readonly #ended = new Map<string, number>(); // how many were let go of, by the reason
  readonly #rounds = new Histogram(ROUND_BOUNDS);
  #delay = 0; // how late the event loop was the last time, in seconds
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #locked: ReturnType<typeof setTimeout> | undefined; // runs while another program has the history locked
  #stopping = false;

  /**
   * Opens the doors that the options ask for.
   *
   * @throws {ListenError} when one cannot be opened; then none is.
   */
  constructor(options: Options, files: Files, log: Log) {
    this.#options = options;
    this.#log = log;
    this.#files = files;
    this.#tls = files.tls;
    this.#refusals = new RejectionLog(log);
    // The largest round fits several times into an outbox, so that only who does not read runs over.
    this.#fanout = new Fanout(options.sendBuffer / LINES_IN_BUFFER);
    this.#bans = new Bans(files.bans, (error) => log.error("cannot keep a ban", { error: error.message }), files.clock);
    this.#admission = new ConnectionLimits(
      options.name,
      {
        clients: options.maxClients,
        perNetwork: options.maxPerIp,
        perMinute: options.maxPerIp === Infinity ? Infinity : options.connectRate, // all may come from one place then
        unregistered: options.command === "echo" ? Infinity : options.maxUnregistered, // nobody says there who they are
      },
      this.#bans,
      (peer, reason) => log.info("evicted", { peer, reason }),
    );
    this.#hub = new LocalChat({
      history: files.history,
      clock: files.clock,
      keepPrivate: options.keepPrivate,
      maxRooms: options.maxRooms,
      maxJoined: options.maxJoined,
      renames: options.nickRate,
      roomsMade: options.roomRate,
      storage: storageLimits(options),
      reserved: [options.name, NICKSERV],
      policy: {
        isRegistered: (nick) => files.accounts?.find(nick) !== undefined,
        registeredLike: (skeleton) => files.accounts?.ownedLike(skeleton),
        banReason: (origin) => this.#bans.ofOrigin(origin)?.reason,
      },
      observer: this.#observer(),
    });
    this.#upkeep = new Maintenance(files.history, {
      busy: () => this.#fanout.busy,
      onDeserted: (room) => this.#hub.dropRoom(room),
      onTrouble: (trouble) => log.error("cannot tidy up", { data: options.data, error: trouble.message }),
    });
    this.#fanout.collect = () => this.#hub.flush();
    this.#fanout.onRound = (milliseconds) => this.#rounds.observe(milliseconds / 1000);

    const { password, accounts, operators } = files;
    this.#auth = new AuthService({ password, accounts, operators, log: log, maxFailures: options.maxFailures });
    const order: ModerationContext = {
      bans: this.#bans,
      audit: (what, by, about) => this.#audit(what, by, about),
      refused: (caller, refusal) => this.#refusals.add(caller, refusal),
      stats: () => this.#stats(),
      reload: () => this.reload(),
      disconnect: (by, ban) => enforceBan(ban, by, this.#clients, this.#hub),
    };
    const openings = this.#openings(makeHandlers(options, files, this.#hub, this.#auth, order));
    try {
      for (const opening of openings) this.#listeners.push(this.#open(opening));
    } catch (error) {
      for (const listener of this.#listeners) listener.close();
      this.#upkeep.stop();
      throw error;
    }
    this.ports = this.#listeners.map((listener) => listener.port);
    this.#doorNames.push(...openings.map(({ name }) => name));
    this.#watchMemory();
    this.doors = openings.map(({ name, invitation }, i) => {
      const { hostname, port } = this.#listeners[i]!;
      log.info("open", { door: name, host: hostname, port });
      return `${name.padEnd(4)}  ${invitation(reachable(hostname), port)}`;
    });
  }

  /** What the chat reports goes to the log, the metrics and the fan-out. */
  #observer(): ChatObserver {
    const log = this.#log;
    return {
      flushWanted: () => this.#fanout.request(),
      storeLocked: () => {
        this.#locked ??= setTimeout(() => {
          this.#locked = undefined;
          this.#fanout.request();
        }, LOCKED_PAUSE);
      },
      storeFailed: ({ message }) => {
        log.error("cannot keep what is said, so it is not passed on", { data: this.#options.data, error: message });
      },
      storeRecovered: () => log.info("keeps what is said again"),
      banned: (who, { peer }) => {
        this.#admission.count("banned");
        log.info("refused", { peer, who, reason: "banned", ban: this.#bans.ofOrigin(who)?.what });
      },
      rateLimited: ({ origin, outlet }, code) => {
        this.#refusals.count(code);
        log.info("too fast", { peer: outlet.peer, who: origin, reason: code });
      },
      entryForced: (member, room) => this.#audit("entered", member, room.name),
    };
  }

  /** The ports that are to be opened. */
  #openings(doors: ProtocolHandlers): Opening[] {
    const { port, ircPort, webPort, maxLine, maxTags, command } = this.#options;
    const openings: Opening[] = [];
    const tcp = (
      flag: string,
      port: number | "off",
      door: ProtocolHandler,
      maxLine: number,
      lineEnd: TcpOptions["lineEnd"],
    ) => {
      if (port === "off") return;
      const secure = this.#tls !== undefined;
      const invitation = door === doors.irc
        ? (host: string, port: number) => `${secure ? "ircs" : "irc"}://${bracketed(host)}:${port}`
        : secure
        ? (host: string, port: number) => `openssl s_client -quiet -connect ${bracketed(host)}:${port}`
        : (host: string, port: number) => `nc ${host} ${port}`;
      const open = () => this.#openTcp(door, port, maxLine, lineEnd);
      openings.push({ name: door.name, flag, port, invitation, open });
    };
    if (command === "echo") {
      tcp("--port", port, doors.echo, maxLine, "as the client");
      return openings;
    }
    tcp("--port", port, doors.text, maxLine, "as the client");
    tcp("--irc-port", ircPort, doors.irc, maxTags + IRC_LINE_MAX, "\r\n");
    if (webPort !== "off") {
      const scheme = this.#tls === undefined ? "http" : "https";
      const invitation = (host: string, port: number) => `${scheme}://${bracketed(host)}:${port}`;
      openings.push({
        name: "web",
        flag: "--web-port",
        port: webPort,
        invitation,
        open: () => this.#openWeb(webPort, doors),
      });
    }
    return openings;
  }

  /**
   * Reads the files again that flags name, and has them used from now on. Clients stay connected; a server
   * operator whose line has changed or gone loses that role.
   */
  async reload(): Promise<Reloaded> {
    const reloaded = await this.#files.reload();
    const { password, revoked = [] } = this.#files;
    if (password !== undefined) this.#auth.password = password;
    for (const member of this.#hub.members) {
      if (!member.operator || !revoked.includes(member.operatorName!)) continue;
      this.#audit("operator revoked", member);
      this.#hub.setFlag(member, "operator", false);
      member.operatorName = undefined;
      member.tell({ kind: "notice", text: "You are not a server operator any more: your entry has changed or gone." });
    }
    return reloaded;
  }

  /** Lets nobody in any more, tells everybody, and resolves when all that is queued has gone out, or after 5 seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#upkeep.stop();
    for (const listener of this.#listeners) if (!listener.answers) listener.close();
    this.#hub.notice(`${this.#options.name} is stopping. Goodbye.`);
    clearTimeout(this.#locked);
    this.#hub.flush(true);
    for (const [connection, { door }] of this.#clients) {
      connection.send(door.farewell("server stopping"));
      connection.close("server stopping");
    }
    const all = Promise.all([...this.#clients.values()].map(({ over }) => over));
    let timeout;
    await Promise.race([all, new Promise((resolve) => timeout = setTimeout(resolve, STOP_TIME))]);
    clearTimeout(timeout);
    for (const listener of this.#listeners) if (listener.answers) listener.close();
    this.#log.info("stopped");
  }

  #open({ flag, port, open }: Opening): Listener {
    try {
      return open();
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) {
        throw new ListenError(
          `Cannot open port ${port}: address already in use (${flag} N takes another, ${flag} off closes this door)`,
        );
      }
      if (error instanceof Deno.errors.PermissionDenied) {
        throw new ListenError(`Cannot open port ${port}: permission denied (${flag} N takes another)`);
      }
      const why = reasonOf(error);
      if (/open files/.test(why)) {
        throw new ListenError(`Cannot open port ${port}: ${why} (ulimit -n raises the limit)`);
      }
      throw new ListenError(`Cannot listen on "${this.#options.host}": ${why} (--host takes another address)`);
    }
  }

  #openTcp(door: ProtocolHandler, port: number, maxLine: number, lineEnd: TcpOptions["lineEnd"]): Listener {
    const lines = this.#lineOptions(maxLine, door.name as keyof typeof REJECTED);
    const refusal = (why: string) => door.refuse(why) + (lineEnd === "\r\n" ? lineEnd : "\n");
    const listener = listenTcp({ ...lines, ...this.#portOptions(door.name, port), lineEnd, refusal });
    void this.#accept(listener, door);
    return listener;
  }

  #openWeb(port: number, doors: ProtocolHandlers): Listener {
    const { maxLine, maxTags, allowOrigin, trustProxy, registerTime } = this.#options;
    const irc = { ...doors.irc, name: "web" };
    const text = { ...doors.text, name: "web" };
    const assets = assetsFor(this.#options.name);
    const turns = new TimeSlicer(undefined, REQUESTS_SLICE, Infinity); // of each connection waits one at the most
    const site = new Site({ assets, healthy: () => !this.#stopping, metrics: () => this.#metrics() });
    const listener = listenWeb({
      ...this.#portOptions("web", port),
      allowedOrigins: new Set(allowOrigin),
      proxies: trustProxy,
      accepting: () => !this.#stopping,
      respond: (request) => site.respond(request),
      inTurn: <T>(work: () => T, address: string) =>
        turns.run(work, { networks: networksOf(address).toReversed() }) as T | Promise<Awaited<T>>,
      times: { ...HTTP_TIMES, all: registerTime },
      hint: this.#hintAt("web"),
      onError: (error) => this.#log.error("request failed", { door: "web", error: stackOf(error) }),
      sockets: new Map<string, WebSocketPath>([
        ["/irc", {
          // One that is tincan's own: all that goes out together, in one frame. A frame costs more than a line.
          subprotocols: { "lines.tincan": "lines", "text.ircv3.net": "text", "binary.ircv3.net": "binary" },
          framing: "text",
          lines: this.#lineOptions(maxTags + IRC_LINE_MAX, "/irc"),
          refusal: irc.refuse,
          onConnection: (connection) => this.#welcome(irc, connection),
        }],
        ["/text", {
          subprotocols: { "lines.tincan": "lines" },
          framing: "text",
          lines: this.#lineOptions(maxLine, "/text"),
          refusal: text.refuse,
          onConnection: (connection) => this.#welcome(text, connection),
        }],
      ]),
    });
    this.#measureDelay();
    const { hostname, port: opened } = listener;
    return { hostname, port: opened, close: () => listener.close(), answers: true };
  }

  /** What goes for every port. */
  #portOptions(door: string, port: number) {
    return {
      hostname: this.#options.host,
      port,
      admission: this.#admission,
      tls: this.#tls,
      onRefused: (peer: string, reason: string, cause?: Cause) => this.#refused(peer, door, reason, cause),
      onAcceptError: (error: Error) => this.#log.warn("cannot accept connections", { door, error: error.message }),
    };
  }

  #lineOptions(maxLine: number, listener: keyof typeof REJECTED): LineOptions {
    const { rate, burst, sendBuffer } = this.#options;
    const shared = { fanout: this.#fanout, traffic: this.#traffic, rate, burst, sendBuffer, stallTime: STALL_TIME };
    const door = listener.startsWith("/") ? "web" : listener;
    const onRejected: LineOptions["onRejected"] = (peer, protocol) => {
      this.#refused(peer, door, `speaks ${protocol}`, `speaks ${protocol}`);
    };
    return { ...shared, maxLine, rejects: REJECTED[listener], hint: this.#hintAt(listener), onRejected };
  }

  /** What clients are told that come to a listener, or to a path of WebSockets, with another protocol. */
  #hintAt(listener: string): Hint {
    return (protocol, secure) => {
      const ports = this.#doorNames.map((name, i) => ({ name, port: this.ports[i]! }));
      return hint(listener, protocol, ports, this.#tls === undefined ? "none" : secure ? "spoken" : "missing");
    };
  }

  /** Logs a client that was refused, and counts it, unless the admission has done so. */
  #refused(peer: string, door: string, reason: string, cause?: Cause) {
    if (cause !== undefined) this.#admission.count(cause);
    this.#log.info("refused", { peer, door, reason });
  }

  /** Takes note of how late the event loop is, for `/metrics`. */
  #measureDelay() {
    let expected = performance.now() + DELAY_TIME;
    const measure = () => {
      const now = performance.now();
      this.#delay = Math.max(0, now - expected) / 1000;
      expected = now + DELAY_TIME;
    };
    this.#timers.push(setInterval(measure, DELAY_TIME));
  }

  /** Sees to it that those who do not read do not take all the memory together. */
  #watchMemory() {
    const { maxMemory } = this.#options;
    if (maxMemory === Infinity) return;
    const look = () => {
      const memory = Deno.memoryUsage().rss;
      const gone = relieve(this.#staying(), maxMemory, memory);
      if (gone > 0) this.#log.warn("memory is short", { memory, limit: maxMemory, disconnected: gone });
    };
    this.#timers.push(setInterval(look, LOOK_TIME));
  }

  /** Those who are not on their way out already. */
  *#staying(): Generator<Connection> {
    for (const connection of this.#clients.keys()) if (connection.ending === undefined) yield connection;
  }

  async #accept(listener: Port<Connection>, door: ProtocolHandler) {
    for await (const connection of listener) this.#welcome(door, connection);
  }

  /** Lets a client in. It may have been banned since it passed the admission, while it shook hands or looked at the page. */
  #welcome(door: ProtocolHandler, connection: Connection) {
    const ban = this.#bans.ofAddress(connection.address);
    if (ban !== undefined) {
      this.#admission.count("banned");
      this.#log.info("refused", { peer: connection.peer, door: door.name, reason: "banned", ban: ban.what });
      connection.send([door.refuse(`You are banned from this server: ${ban.reason}`)]);
      return connection.close("banned");
    }
    this.#watch(door, connection);
    const client: Client = { door, member: undefined, over: Promise.resolve() };
    this.#clients.set(connection, client);
    client.over = this.#serve(door, connection, client);
  }

  /** Has a client told why, if it is evicted before it has registered. */
  #watch(door: ProtocolHandler, connection: Connection) {
    if (connection.entrant === undefined) return;
    if (this.#options.command === "echo") return this.#admission.registered(connection.entrant); // there is nothing to say
    connection.entrant.onEvicted = () => {
      connection.send([door.refuse(this.#admission.crowded)]);
      connection.close(EVICTED);
    };
  }

  /** A client has registered. */
  #registered({ entrant }: Connection) {
    if (entrant === undefined) return;
    this.#admission.registered(entrant);
    entrant.onEvicted = undefined;
  }

  /** Serves one client from its first moment to its last. Never rejects. */
  #serve(door: ProtocolHandler, connection: Connection, client: Client): Promise<void> {
    const onMember = (joined: Member) => {
      client.member = joined;
      this.#registered(connection);
      this.#log.info("connected", { peer: connection.peer, door: door.name, nick: joined.nick });
    };
    // No async function: it would keep its frame for every client that is in.
    return door.serve(connection, onMember)
      .catch((error) => this.#failed(door, connection, error))
      .then(() => this.#seeOff(door, connection, client.member));
  }

  /** A mistake of ours, in the one client's session where it showed. Everybody else goes on. */
  #failed(door: ProtocolHandler, connection: Connection, error: unknown) {
    this.#log.error("session failed", { peer: connection.peer, door: door.name, error: stackOf(error) });
    connection.close("internal error");
  }

  async #seeOff(door: ProtocolHandler, connection: Connection, member: Member | undefined) {
    const { peer } = connection;
    connection.close();
    await connection.closed;
    // A client that was rejected by its first line has been counted and logged as refused.
    if (member !== undefined || connection.ending !== WRONG_PROTOCOL) {
      this.#count(connection.ending ?? "left");
      this.#log.info("disconnected", {
        peer,
        door: door.name,
        nick: member?.nick,
        reason: connection.ending ?? "left",
      });
    }
    this.#clients.delete(connection);
  }

  /** Puts on record what a server operator did. */
  #audit(what: string, by: Member, about?: string) {
    this.#log.warn(what, { who: by.nick, operator: by.operatorName, peer: by.outlet.peer, about });
  }

  /** How the server is, a sentence each. */
  #stats(): string[] {
    const { members, rooms } = this.#hub;
    const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
    const { linesIn, linesOut, bytesOut } = this.#traffic;
    return [
      `Up for ${
        writeDuration(performance.now() - this.#since)
      }, with ${members.size} people on ${this.#clients.size} connections, in ${rooms.size} rooms.`,
      `${linesIn} lines came in, ${linesOut} went out (${
        megabytes(bytesOut)
      }); ${this.#hub.linesStored} were kept, ${this.#hub.linesLost} could not be.`,
      `${megabytes(Deno.memoryUsage().rss)} of memory are in use. ${this.#bans.all.length} bans.`,
    ];
  }

  /** Counts somebody who is gone: by a reason of ours, as what clients give for one could be anything. */
  #count(reason: string) {
    const known = REASONS.has(reason) ? reason : "other";
    this.#ended.set(known, (this.#ended.get(known) ?? 0) + 1);
  }

  /** What `/metrics` says. */
  #metrics(): string {
    const connections = new Map(this.#doorNames.map((name) => [name, 0]));
    let queued = 0;
    for (const [connection, { door }] of this.#clients) {
      connections.set(door.name, (connections.get(door.name) ?? 0) + 1);
      queued += connection.queued;
    }
    return renderAll({
      connections,
      disconnects: this.#ended,
      members: this.#hub.members.size,
      rooms: this.#hub.rooms.size,
      accounts: this.#auth.size,
      passwords: this.#auth.throttle.counts,
      denied: this.#auth.denied,
      refused: this.#admission.refused,
      evicted: this.#admission.evicted,
      refusals: this.#refusals.counts,
      kept: this.#hub.linesStored,
      lost: this.#hub.linesLost,
      traffic: this.#traffic,
      queued,
      rounds: this.#rounds,
      delay: this.#delay,
      memory: Deno.memoryUsage(),
    });
  }
}

/** What each network may have stored. Without limits for one client or one address, there is none for this. */
function storageLimits({ rate, maxPerIp }: Options): StorageLimits {
  return { rate: rate === Infinity || maxPerIp === Infinity ? Infinity : STORAGE_RATE, members: maxPerIp };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : String(error);
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
