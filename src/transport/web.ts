/**
 * The web listener: answers HTTP requests and turns WebSockets into {@linkcode Connection}s.
 *
 * A WebSocket from a page of another host is rejected by its Origin, which browsers set truthfully. DNS rebinding can make
 * a foreign page look like one of this host: its owner lets the name of its host resolve to this address. So a listener
 * that is reachable only from this machine accepts only pages whose host cannot be rebound: addresses and `localhost`.
 */
import { concat } from "@std/bytes/concat";
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { Connection } from "./connection.ts";
import { CLOSE, closePayload, frame, type Framing, FRAMINGS, NORMAL } from "./frames.ts";
import type { Cause } from "./admission.ts";
import type { HttpAnswer, HttpClient } from "./http_exchange.ts";
import { HTTP_TIMES, HttpConnection, type HttpHandler, type HttpTimes, type Upgrade } from "./http.ts";
import { listTokens } from "./http_request.ts";
import { rawResponse, textResponse } from "./http_response.ts";
import type { LineOptions, WrongProtocolReply } from "./line_connection.ts";
import { listen, type Listener, type ListenOptions } from "./listen.ts";
import { peerOf, sendAndClose, type Socket, TrackedSocket } from "./socket.ts";
import { Heartbeat, WebSocketConnection } from "./websocket.ts";
import { AddressSet } from "../util/address_ranges.ts";

/** Protocols offered in the TLS handshake; HTTP/2 is not supported. */
const ALPN = ["http/1.1"];

/** Appended to the key of a client to compute the accept value (RFC 6455, section 1.3). */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** WebSocket subprotocols in order of preference, and how each frames lines. */
export type Subprotocols = Readonly<Record<string, Framing>>;

/** Settings of a web listener. */
export interface WebOptions extends Omit<ListenOptions, "exempt" | "onPlain" | "alpn" | "refusal"> {
  /** WebSocket endpoints by path. */
  readonly sockets: ReadonlyMap<string, WebSocketPath>;
  /** Origins that may open WebSockets in addition to the same origin, such as `https://chat.example.org`. */
  readonly allowedOrigins: ReadonlySet<string>;
  /**
   * Trusted proxies, whose `X-Forwarded-For` and `Forwarded` fields are used. They are exempt from the connection limits;
   * their clients count when they open a WebSocket.
   */
  readonly proxies: AddressSet;
  /** Whether WebSockets are accepted: not while the server is stopping. */
  readonly accepting: () => boolean;
  /** The message for a client that does not use HTTP. Default: an HTTP error. */
  readonly wrongProtocolReply?: WrongProtocolReply;
  /** Answers requests for all other paths. */
  readonly respond: (request: Request, client: HttpClient) => HttpAnswer | Promise<HttpAnswer>;
  /** The maximum length in bytes of the body of a request to one of these paths; 0 if it may have none. Default: none. */
  readonly bodyLimit?: (method: string, pathname: string) => number;
  /** Schedules the processing of a request from an address, so that one client cannot delay all others. */
  readonly schedule: <T>(work: () => T, address: string) => T | Promise<Awaited<T>>;
  /** Called with an internal error; the client gets status 500. */
  readonly onError: (error: unknown) => void;
  /** Timeouts. Default: {@linkcode HTTP_TIMES}. */
  readonly times?: HttpTimes;
  /** Default: one of its own. */
  readonly heartbeat?: Heartbeat;
}

/** A WebSocket endpoint. */
export interface WebSocketPath {
  readonly subprotocols: Subprotocols;
  /** Used for clients that request no subprotocol. */
  readonly framing: Framing;
  readonly lines: LineOptions;
  /** Formats the message for a client of a proxy that is not admitted. */
  readonly refusal: (why: string) => string;
  readonly onConnection: (connection: Connection) => void;
}

/** A web listener. */
export interface WebListener {
  /** As in {@linkcode Listener}. */
  readonly hostname: string;
  readonly port: number;
  /** Stops accepting connections and requests. Open WebSockets remain. */
  close(): void;
}

/**
 * Starts a web listener.
 *
 * @throws {Deno.errors.AddrInUse} and the other errors of `Deno.listen`.
 */
export async function listenWeb(options: WebOptions): Promise<WebListener> {
  const web = new Web(options);
  await web.open();
  return { hostname: web.hostname, port: web.port, close: () => web.close() };
}

class Web {
  readonly #options: WebOptions;
  #listener!: Listener<Socket>; // set by `open`
  readonly #connections = new Set<HttpConnection>(); // that have not become WebSockets
  readonly #heartbeat: Heartbeat;
  #isLocal = false; // whether it is reachable only from this machine

  constructor(options: WebOptions) {
    this.#options = options;
    this.#heartbeat = options.heartbeat ?? new Heartbeat();
  }

  /** Opens the port. Call it once. */
  async open(): Promise<void> {
    const options = this.#options;
    this.#listener = await listen({
      ...options,
      exempt: (address) => options.proxies.has(address),
      onPlain: (socket) => this.#servePlain(socket),
      alpn: ALPN,
      refusal: (message) => rawResponse(503, message),
    });
    this.#isLocal = LOOPBACK.has(this.hostname) && options.proxies.isEmpty;
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
    for (const connection of this.#connections) connection.close();
  }

  async #accept() {
    for await (const socket of this.#listener) void this.#serve(socket);
  }

  #serve(socket: Socket): Promise<void> {
    return this.#run(socket, true, (request) => this.#handle(request, socket));
  }

  /** Redirects a client that uses plain HTTP on a port with TLS to `https`. */
  #servePlain(socket: Socket): Promise<void> {
    return this.#run(socket, false, (request) => {
      this.#options.onRejected(peerOf(socket), "no TLS: sent to https", "no TLS");
      return redirectToHttps(request);
    });
  }

  /** @param expected Whether the client uses TLS exactly if the port does. */
  async #run(socket: Socket, expected: boolean, handler: HttpHandler) {
    const { wrongProtocolReply, schedule, bodyLimit, onError, onRejected, tls, times = HTTP_TIMES } = this.#options;
    const peer = peerOf(socket);
    const secure = expected && tls !== undefined;
    const connection = new HttpConnection(socket, {
      handler,
      secure,
      bodyLimit: (method, url) => expected ? bodyLimit?.(method, new URL(url).pathname) ?? 0 : Infinity, // all are redirected
      schedule: (work) => schedule(work, socket.remoteAddr.hostname),
      onRejected: (reason, cause) => onRejected(peer, reason, cause),
      onWrongProtocol: wrongProtocolReply && ((protocol) => {
        if (expected) onRejected(peer, `speaks ${protocol}`, `speaks ${protocol}`);
        else onRejected(peer, `no TLS: speaks ${protocol}`, "no TLS");
        return wrongProtocolReply(protocol, secure);
      }),
      onError,
      times,
    });
    this.#connections.add(connection);
    await connection.run();
    this.#connections.delete(connection);
  }

  #handle(request: Request, socket: Socket): ReturnType<HttpHandler> {
    const { sockets, respond, tls } = this.#options;
    const path = sockets.get(new URL(request.url).pathname);
    if (path !== undefined) return this.#upgrade(request, socket, path);
    const client: HttpClient = {
      ...this.#clientOf(request, socket),
      secure: tls !== undefined,
      evictable: socket.evictable,
      foreign: this.#isForeign(request),
    };
    return respond(request, client);
  }

  /** Whether a request has no Origin, that of this host, or an allowed one. */
  #isAllowedOrigin({ headers }: Request): boolean {
    const origin = headers.get("origin");
    if (origin === null || this.#options.allowedOrigins.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { host, hostname } = new URL(origin);
    return host === headers.get("host") && (!this.#isLocal || isFixedHost(hostname));
  }

  /**
   * Whether a page of another site has sent a request. A page whose host was rebound sends no Origin with GET, and no
   * `Sec-Fetch-Site` without TLS: it is recognized by the host.
   */
  #isForeign(request: Request): boolean {
    const { headers } = request;
    if (!this.#isAllowedOrigin(request)) return true;
    if (headers.has("origin")) return false;
    if (["cross-site", "same-site"].includes(headers.get("sec-fetch-site") ?? "")) return true;
    const { protocol, host, hostname } = new URL(request.url);
    return this.#isLocal && !isFixedHost(hostname) && !this.#options.allowedOrigins.has(`${protocol}//${host}`);
  }

  /** Checks a request for a WebSocket (RFC 6455, section 4.2). */
  #upgrade(request: Request, socket: Socket, path: WebSocketPath): Response | Upgrade {
    const { headers } = request;
    const { subprotocols } = path;
    const reject = (status: number, reason: string, cause: Cause, fields?: Record<string, string>) => {
      this.#options.onRejected(this.#clientOf(request, socket).peer, reason, cause);
      return textResponse(status, reason, fields);
    };
    if (!listTokens(headers.get("upgrade")).includes("websocket")) {
      // The page requests this path after a failed WebSocket to learn the reason. Closing the connection makes it connect
      // again, so that the connection limits are applied anew.
      const fields = { upgrade: "websocket", connection: "close" };
      return reject(426, "This address is for WebSocket clients; the web page is at /", "bad request", fields);
    }
    if (!this.#options.accepting()) return reject(503, "The server is stopping", "stopping");
    if (!this.#isAllowedOrigin(request)) {
      return reject(403, "Pages of other sites may not connect; --allow-origin allows one", "another page");
    }
    const requested = headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
    const protocol = Object.keys(subprotocols).find((name) => requested.includes(name));
    if (protocol === undefined && requested.length > 0) {
      const supported = Object.keys(subprotocols).join(", ") || "none";
      return reject(400, `Unknown subprotocol; supported: ${supported}`, "bad request");
    }
    if (headers.get("sec-websocket-version") !== "13" && headers.has("sec-websocket-version")) {
      const fields = { upgrade: "websocket", "sec-websocket-version": "13" };
      return reject(426, "Only version 13 of WebSocket is supported", "bad request", fields);
    }
    const key = headers.get("sec-websocket-key") ?? "";
    const isValid = request.method === "GET" && listTokens(headers.get("connection")).includes("upgrade") &&
      headers.has("sec-websocket-version") && /^[A-Za-z0-9+/]{22}==$/.test(key);
    if (!isValid) return reject(400, "Invalid WebSocket handshake", "bad request");
    return {
      headers: {
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-accept": createHash("sha1").update(key + KEY_SUFFIX).digest("base64"),
        ...(protocol === undefined ? {} : { "sec-websocket-protocol": protocol }),
      },
      onUpgraded: (_socket, rest) => {
        const framing = protocol === undefined ? path.framing : subprotocols[protocol]!;
        this.#openWebSocket(request, socket, rest, path, framing);
      },
    };
  }

  /** The client of a request, which a proxy may have forwarded. */
  #clientOf(request: Request, socket: Socket): { address: string; peer: string } {
    const { hostname } = socket.remoteAddr;
    const address = clientAddress(request, hostname, this.#options.proxies);
    return { address, peer: address === hostname ? peerOf(socket) : address }; // proxies do not forward the port
  }

  #openWebSocket(
    request: Request,
    socket: Socket,
    rest: Uint8Array<ArrayBuffer>,
    { lines, refusal, onConnection }: WebSocketPath,
    framing: Framing,
  ) {
    const { admission, proxies, onRejected, tls } = this.#options;
    const { address, peer } = this.#clientOf(request, socket);
    let admitted = socket;
    if (proxies.has(socket.remoteAddr.hostname)) {
      const tracked: TrackedSocket = new TrackedSocket(socket, () => admission.release(address, tracked), peer);
      const rejection = admission.admit(address, tracked);
      if (rejection !== undefined) {
        const { message, reason } = rejection;
        onRejected(peer, reason);
        const close = frame(CLOSE, closePayload(NORMAL, message));
        return void sendAndClose(socket, concat([FRAMINGS[framing].encode([refusal(message)]), close]));
      }
      admitted = tracked;
    }
    const client = { address, peer, secure: tls !== undefined, framing };
    onConnection(new WebSocketConnection(admitted, rest, client, lines, this.#heartbeat));
  }
}

/** Redirects a request to the same address with TLS. `http_request.ts` has validated the Host field. */
function redirectToHttps({ headers, url }: Request): Response {
  const host = headers.get("host");
  if (!host) return textResponse(400, "Exactly one Host field is required", { connection: "close" });
  const { pathname, search } = new URL(url);
  const location = `https://${host}${pathname}${search}`;
  return textResponse(308, "This port uses TLS: use https", { location, connection: "close" });
}

const LOOPBACK = new AddressSet(["127.0.0.0/8", "::1"]);

/** Whether the host of a URL cannot be made to resolve to another address: an address itself, or a name of this machine. */
function isFixedHost(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}

/**
 * Returns the address of the client that sent a request, possibly through trusted proxies, which append it to
 * `X-Forwarded-For` or, if that is missing, to `Forwarded` (RFC 7239).
 *
 * Each proxy appends the address from which it got the request. The last address that is not a trusted proxy is the
 * client's; addresses before it are not verified. `X-Forwarded-For` takes precedence because most proxies write it and
 * pass `Forwarded` on unchanged.
 *
 * @param peer Address of the other end of the connection.
 */
export function clientAddress({ headers }: { readonly headers: Headers }, peer: string, proxies: AddressSet): string {
  const chain = headers.get("x-forwarded-for")?.split(",") ??
    headers.get("forwarded")?.split(",").map((hop) => /(?:^|;)\s*for=("[^"]*"|[^;\s]*)/i.exec(hop)?.[1] ?? "") ?? [];
  let client = peer;
  for (const hop of chain.reverse()) {
    if (!proxies.has(client)) break;
    const address = addressOf(hop);
    if (address === undefined) break;
    client = address;
  }
  return client;
}

/** Returns the address in `192.0.2.1`, `192.0.2.1:80` or `"[2001:db8::1]:80"`; `undefined` for `unknown` and `_hidden`. */
function addressOf(hop: string): string | undefined {
  const text = hop.trim().replace(/^"|"$/g, "");
  const [, six, four] = /^(?:\[(.*)\]|(\d+\.\d+\.\d+\.\d+))(?::\w+)?$/.exec(text) ?? [];
  const address = (six ?? four ?? text).toLowerCase();
  return isIP(address) === 0 || address.includes("%") ? undefined : address;
}
