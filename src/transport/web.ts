/**
 * The web: opens a port, answers requests, and makes each WebSocket a {@linkcode Connection}.
 *
 * Whoever comes through a web page of somebody else's is not let in: browsers say which page it is, and say it truly. But
 * a name can be made to lead here by whoever owns it, and then a page of theirs looks like one of this host. So where
 * nobody but those on this machine can come, only names that nobody else can own are names of this host.
 */
import { createHash } from "node:crypto";
import { BlockList, isIP } from "node:net";
import type { Connection } from "./connection.ts";
import { CLOSE, closing, frame, type Framing, FRAMINGS, NORMAL } from "./frames.ts";
import type { Cause } from "./admission.ts";
import {
  type Answerer,
  HTTP_TIMES,
  HttpConnection,
  type HttpTimes,
  plainAnswer,
  refusal,
  type Takeover,
  tokens,
} from "./http.ts";
import type { Hint, LineOptions } from "./line_connection.ts";
import { listen, type Listener, type ListenOptions } from "./listen.ts";
import { peerOf, sendOff, type Socket, TrackedSocket } from "./socket.ts";
import { Heartbeat, WebSocketConnection } from "./websocket.ts";

/** What is offered as TLS begins: no HTTP/2. */
const ALPN = ["http/1.1"];

/** What is put to a client's key to show that it was understood (RFC 6455, section 1.3). */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Subprotocols of WebSocket, in the order of preference, and how they put lines into frames. */
export type Subprotocols = Readonly<Record<string, Framing>>;

/** How a web port behaves. */
export interface WebOptions extends Omit<ListenOptions, "exempt" | "onPlain" | "alpn" | "refusal"> {
  /** Where there are WebSockets: by path, the subprotocols that can be asked for, and what is spoken by who asks for none. */
  readonly sockets: ReadonlyMap<string, WebSocketPath>;
  /** Pages that may open WebSockets here beside those of the same host: `https://chat.example.org`. */
  readonly allowedOrigins: ReadonlySet<string>;
  /**
   * Proxies that are believed when they say for whom they ask. They do not count at the gate; whoever they bring does, from
   * when it asks for a WebSocket.
   */
  readonly proxies: BlockList;
  /** Whether WebSockets are let in. */
  readonly accepting: () => boolean;
  /** What a client is told that does not speak HTTP; without it, that this is no request, in HTTP. */
  readonly hint?: Hint;
  /** Answers all other requests. */
  readonly respond: (request: Request) => Response | Promise<Response>;
  /** How requests wait for one another; told from which address one comes. */
  readonly inTurn: <T>(work: () => T, address: string) => T | Promise<Awaited<T>>;
  /** Told of what went wrong here with a request; whoever made it is told that something did. */
  readonly onError: (error: unknown) => void;
  /** How long requests may take; {@linkcode HTTP_TIMES} if nothing else is said. */
  readonly times?: HttpTimes;
  /** Finds out which WebSockets are still there, instead of one that is made here. */
  readonly heartbeat?: Heartbeat;
}

/** A path where there are WebSockets. */
export interface WebSocketPath {
  readonly subprotocols: Subprotocols;
  /** What is spoken with who asks for none. */
  readonly framing: Framing;
  readonly lines: LineOptions;
  /** What a client of a proxy is told that is not let in. */
  readonly refusal: (why: string) => string;
  readonly onConnection: (connection: Connection) => void;
}

/** An open web port. */
export interface WebListener {
  /** See {@linkcode Listener}. */
  readonly hostname: string;
  readonly port: number;
  /** Takes no more requests. WebSockets that are open stay. */
  close(): void;
}

/**
 * Opens a web port.
 *
 * @throws {Deno.errors.AddrInUse} and what else `Deno.listen` throws.
 */
export function listenWeb(options: WebOptions): WebListener {
  const web = new Web(options);
  return { hostname: web.hostname, port: web.port, close: () => web.close() };
}

class Web {
  readonly #options: WebOptions;
  readonly #listener: Listener<Socket>;
  readonly #asking = new Set<HttpConnection>();
  readonly #heartbeat: Heartbeat;
  readonly #local: boolean; // whether nobody can come but from this machine

  constructor(options: WebOptions) {
    this.#options = options;
    this.#heartbeat = options.heartbeat ?? new Heartbeat();
    this.#listener = listen({
      ...options,
      exempt: (address) => isIn(address, options.proxies),
      onPlain: (socket) => this.#servePlain(socket),
      alpn: ALPN,
      refusal: (why) => plainAnswer(503, why),
    });
    this.#local = isIn(this.hostname, LOOPBACK) && options.proxies.rules.length === 0;
    void this.#accept();
  }

  get hostname(): string {
    return this.#listener.hostname;
  }

  get port(): number {
    return this.#listener.port;
  }

  close(): void {
    this.#listener.close();
    for (const connection of this.#asking) connection.close();
  }

  async #accept() {
    for await (const socket of this.#listener) void this.#serve(socket);
  }

  #serve(socket: Socket): Promise<void> {
    return this.#run(socket, true, (request) => this.#answer(request, socket));
  }

  /** Sends a client that speaks HTTP where TLS is spoken to the same address with `https`. */
  #servePlain(socket: Socket): Promise<void> {
    return this.#run(socket, false, (request) => {
      this.#options.onRefused(peerOf(socket), "no TLS: sent to https", "no TLS");
      return toHttps(request);
    });
  }

  /** @param asked Whether the client speaks TLS, if it should. */
  async #run(socket: Socket, asked: boolean, answer: Answerer) {
    const { hint, inTurn, onError, onRefused, tls, times = HTTP_TIMES } = this.#options;
    const peer = peerOf(socket);
    const secure = asked && tls !== undefined;
    const connection = new HttpConnection(socket, {
      answer,
      secure,
      inTurn: (work) => inTurn(work, socket.remoteAddr.hostname),
      onRefused: (why, cause) => onRefused(peer, why, cause),
      onRejected: hint && ((protocol) => {
        if (asked) onRefused(peer, `speaks ${protocol}`, `speaks ${protocol}`);
        else onRefused(peer, `no TLS: speaks ${protocol}`, "no TLS");
        return hint(protocol, secure);
      }),
      onError,
      times,
    });
    this.#asking.add(connection);
    await connection.run();
    this.#asking.delete(connection);
  }

  #answer(request: Request, socket: Socket): Response | Takeover | Promise<Response | Takeover> {
    const { sockets, respond } = this.#options;
    const path = sockets.get(new URL(request.url).pathname);
    return path === undefined ? respond(request) : this.#upgrade(request, socket, path);
  }

  /** Whether a request comes from a page of this host, from one that is allowed, or from no page at all. */
  #isOurs({ headers }: Request): boolean {
    const origin = headers.get("origin");
    if (origin === null || this.#options.allowedOrigins.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { host, hostname } = new URL(origin);
    return host === headers.get("host") && (!this.#local || isFixed(hostname));
  }

  /** Lets a WebSocket in, or says why not. */
  #upgrade(request: Request, socket: Socket, path: WebSocketPath): Response | Takeover {
    const { headers } = request;
    const { subprotocols } = path;
    const refuse = (status: number, why: string, cause: Cause, fields?: Record<string, string>) => {
      this.#options.onRefused(this.#clientOf(request, socket).peer, why, cause);
      return refusal(status, why, fields);
    };
    if (!tokens(headers.get("upgrade")).includes("websocket")) {
      // A page of ours that got no WebSocket asks why: it is told at the gate, where it has to come to anew.
      const known = { upgrade: "websocket", connection: "close" };
      return refuse(426, "This is for WebSocket clients. People find a page at /", "bad request", known);
    }
    if (!this.#options.accepting()) return refuse(503, "The server is stopping", "stopping");
    if (!this.#isOurs(request)) {
      return refuse(403, "This page is not from here. --allow-origin lets it in", "another page");
    }
    const asked = headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
    const protocol = Object.keys(subprotocols).find((name) => asked.includes(name));
    if (protocol === undefined && asked.length > 0) {
      const known = Object.keys(subprotocols).join(", ") || "none";
      return refuse(400, `No such subprotocol. There is ${known}`, "bad request");
    }
    if (headers.get("sec-websocket-version") !== "13" && headers.has("sec-websocket-version")) {
      const known = { upgrade: "websocket", "sec-websocket-version": "13" };
      return refuse(426, "This is version 13 of WebSocket", "bad request", known);
    }
    const key = headers.get("sec-websocket-key") ?? "";
    const wellAsked = request.method === "GET" && tokens(headers.get("connection")).includes("upgrade") &&
      headers.has("sec-websocket-version") && /^[A-Za-z0-9+/]{22}==$/.test(key);
    if (!wellAsked) return refuse(400, "This is not how a WebSocket is asked for", "bad request");
    return {
      headers: {
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-accept": createHash("sha1").update(key + KEY_SUFFIX).digest("base64"),
        ...(protocol === undefined ? {} : { "sec-websocket-protocol": protocol }),
      },
      take: (_socket, rest) => {
        const framing = protocol === undefined ? path.framing : subprotocols[protocol]!;
        this.#take(request, socket, rest, path, framing);
      },
    };
  }

  /** Who asks, be it through a proxy. */
  #clientOf(request: Request, socket: Socket): { address: string; peer: string } {
    const { hostname } = socket.remoteAddr;
    const address = clientAddress(request, hostname, this.#options.proxies);
    return { address, peer: address === hostname ? peerOf(socket) : address }; // a proxy does not tell the port
  }

  #take(
    request: Request,
    socket: Socket,
    rest: Uint8Array<ArrayBuffer>,
    { lines, refusal, onConnection }: WebSocketPath,
    framing: Framing,
  ) {
    const { admission, proxies, onRefused, tls } = this.#options;
    const { address, peer } = this.#clientOf(request, socket);
    let entered = socket;
    if (isIn(socket.remoteAddr.hostname, proxies)) {
      const tracked: TrackedSocket = new TrackedSocket(socket, () => admission.leave(address, tracked), peer);
      const refused = admission.enter(address, tracked);
      if (refused !== undefined) {
        const { told, reason } = refused;
        onRefused(peer, reason);
        return void sendOff(socket, farewell(FRAMINGS[framing].encode([refusal(told)]), told));
      }
      entered = tracked;
    }
    const client = { address, peer, secure: tls !== undefined, framing };
    onConnection(new WebSocketConnection(entered, rest, client, lines, this.#heartbeat));
  }
}

/** Redirects a request to the same address with TLS. `http.ts` has validated the Host field. */
function toHttps({ headers, url }: Request): Response {
  const host = headers.get("host");
  if (!host) return refusal(400, "There is one Host", { connection: "close" });
  const { pathname, search } = new URL(url);
  const location = `https://${host}${pathname}${search}`;
  return refusal(308, "This port speaks TLS: use https", { location, connection: "close" });
}

/** What tells somebody why not, in a frame that its page can show, and that this is the end. */
function farewell(words: Uint8Array, why: string): Uint8Array {
  const end = frame(CLOSE, closing(NORMAL, why));
  const all = new Uint8Array(words.length + end.length);
  all.set(words);
  all.set(end, words.length);
  return all;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether a host, as a URL has it, is one that nobody can make lead elsewhere: an address, or a name of this machine. */
function isFixed(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}

/**
 * Where a request comes from: if a proxy that is believed hands it on, what that says in `X-Forwarded-For` or, where
 * there is none, in `Forwarded` (RFC 7239).
 *
 * Each proxy adds whom it has it from; the last one that is not believed is the client, whatever stands before it. Where
 * there are both headers it is the first that counts: most proxies write that one, and pass the other on as it came.
 */
export function clientAddress({ headers }: { readonly headers: Headers }, peer: string, proxies: BlockList): string {
  const chain = headers.get("x-forwarded-for")?.split(",") ??
    headers.get("forwarded")?.split(",").map((hop) => /(?:^|;)\s*for=("[^"]*"|[^;\s]*)/i.exec(hop)?.[1] ?? "") ?? [];
  let client = peer;
  for (const hop of chain.reverse()) {
    if (!isIn(client, proxies)) break;
    const address = addressOf(hop);
    if (address === undefined) break;
    client = address;
  }
  return client;
}

function isIn(address: string, list: BlockList): boolean {
  return list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

/** The address in `192.0.2.1`, `192.0.2.1:80`, `"[2001:db8::1]:80"` and the like; none in `unknown` and `_hidden`. */
function addressOf(hop: string): string | undefined {
  const text = hop.trim().replace(/^"|"$/g, "");
  const [, six, four] = /^(?:\[(.*)\]|(\d+\.\d+\.\d+\.\d+))(?::\w+)?$/.exec(text) ?? [];
  const address = (six ?? four ?? text).toLowerCase();
  return isIP(address) === 0 || address.includes("%") ? undefined : address;
}
