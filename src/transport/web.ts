/**
 * HTTP: opens a port, answers requests, and makes each WebSocket a {@linkcode Connection}.
 *
 * Whoever comes through a web page of somebody else's is not let in: browsers say which page it is, and say it truly.
 */
import { type BlockList, isIP } from "node:net";
import type { Connection } from "./connection.ts";
import type { LineOptions } from "./line_connection.ts";
import { type Framing, webSocketConnection } from "./websocket.ts";

/** How long a client may leave a ping unanswered before its WebSocket is closed, in seconds. */
const IDLE_TIME = 60;

/** Subprotocols of WebSocket, in the order of preference, and how they put lines into frames. */
export type Subprotocols = Readonly<Record<string, Framing>>;

/** How a web port behaves. */
export interface WebOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on; 0 for any that is free. */
  readonly port: number;
  /** Where there are WebSockets: by path, the subprotocols that can be asked for, and what is spoken by who asks for none. */
  readonly sockets: ReadonlyMap<string, WebSocketPath>;
  /** Pages that may open WebSockets here beside those of the same host: `https://chat.example.org`. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Proxies that are believed when they say for whom they ask. */
  readonly proxies: BlockList;
  /** Whether WebSockets are let in. */
  readonly accepting: () => boolean;
  /** Answers all other requests. */
  readonly respond: (request: Request) => Response | Promise<Response>;
  /** Told of what went wrong here with a request; whoever made it is told that something did. */
  readonly onError: (error: unknown) => void;
}

/** A path where there are WebSockets. */
export interface WebSocketPath {
  readonly subprotocols: Subprotocols;
  /** What is spoken with who asks for none. */
  readonly framing: Framing;
  readonly lines: LineOptions;
  readonly onConnection: (connection: Connection) => void;
}

/** An open web port. */
export interface WebListener {
  readonly port: number;
  /** Takes no more requests. WebSockets that are open stay. */
  close(): void;
}

/**
 * Opens a web port.
 *
 * @throws {Deno.errors.AddrInUse} and what else `Deno.serve` throws.
 */
export function listenWeb(options: WebOptions): WebListener {
  const { hostname, port, sockets, respond } = options;
  const stop = new AbortController();
  const onError = (error: unknown) => {
    options.onError(error);
    return refusal(500, "Something went wrong here");
  };
  const serving = { hostname, port, signal: stop.signal, onListen: () => {}, onError };
  const server = Deno.serve(serving, (request, info) => {
    // What is asked for by way of a proxy can be anything, and so can what the host is said to be.
    if (!URL.canParse(request.url)) return refusal(400, "This is no address of anything");
    const path = sockets.get(new URL(request.url).pathname);
    return path === undefined ? respond(request) : upgrade(request, info, path, options);
  });
  return { port: (server.addr as Deno.NetAddr).port, close: () => stop.abort() };
}

/** Lets a WebSocket in, or says why not. */
function upgrade(
  request: Request,
  { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>,
  { subprotocols, framing, lines, onConnection }: WebSocketPath,
  options: WebOptions,
): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return refusal(426, "This is for WebSocket clients. People find a page at /", { upgrade: "websocket" });
  }
  if (!options.accepting()) return refusal(503, "The server is stopping");
  if (!sameOrigin(request, options.allowedOrigins)) {
    return refusal(403, "This page is not from here. --allow-origin lets it in");
  }
  const asked = request.headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
  const protocol = Object.keys(subprotocols).find((name) => asked.includes(name));
  if (protocol === undefined && asked.length > 0) {
    return refusal(400, `No such subprotocol. There is ${Object.keys(subprotocols).join(", ") || "none"}`);
  }
  const address = clientAddress(request, remoteAddr.hostname, options.proxies);
  const port = address === remoteAddr.hostname ? `:${remoteAddr.port}` : ""; // a proxy does not tell it
  const peer = `${address.includes(":") && port !== "" ? `[${address}]` : address}${port}`;
  let upgraded;
  try {
    upgraded = Deno.upgradeWebSocket(request, { protocol, idleTimeout: IDLE_TIME });
  } catch {
    return refusal(400, "This is not how a WebSocket is asked for");
  }
  const { socket, response } = upgraded;
  socket.addEventListener("open", () => {
    const client = { address, peer, framing: protocol === undefined ? framing : subprotocols[protocol]! };
    onConnection(webSocketConnection(socket, client, lines));
  });
  return response;
}

/** Whether a request comes from a page of this host, from one that is allowed, or from no page at all. */
function sameOrigin({ headers }: Request, allowed: ReadonlySet<string>): boolean {
  const origin = headers.get("origin");
  if (origin === null || allowed.has(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === headers.get("host");
}

/**
 * Where a request comes from: if a proxy that is believed hands it on, what that says in `X-Forwarded-For` or, where
 * there is none, in `Forwarded` (RFC 7239).
 *
 * Each proxy adds whom it has it from; the last one that is not believed is the client, whatever stands before it. Where
 * there are both headers it is the first that counts: most proxies write that one, and pass the other on as it came.
 */
export function clientAddress({ headers }: Request, peer: string, proxies: BlockList): string {
  const chain = headers.get("x-forwarded-for")?.split(",") ??
    headers.get("forwarded")?.split(",").map((hop) => /(?:^|;)\s*for=("[^"]*"|[^;\s]*)/i.exec(hop)?.[1] ?? "") ?? [];
  let client = peer;
  for (const hop of chain.reverse()) {
    if (!believed(client, proxies)) break;
    const address = addressOf(hop);
    if (address === undefined) break;
    client = address;
  }
  return client;
}

function believed(address: string, proxies: BlockList): boolean {
  return proxies.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

/** The address in `192.0.2.1`, `192.0.2.1:80`, `"[2001:db8::1]:80"` and the like; none in `unknown` and `_hidden`. */
function addressOf(hop: string): string | undefined {
  const text = hop.trim().replace(/^"|"$/g, "");
  const [, six, four] = /^(?:\[(.*)\]|(\d+\.\d+\.\d+\.\d+))(?::\w+)?$/.exec(text) ?? [];
  const address = (six ?? four ?? text).toLowerCase();
  return isIP(address) === 0 || address.includes("%") ? undefined : address;
}

/** An answer in plain words. */
function refusal(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}.\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}
