/**
 * Opens the ports that the options ask for, and passes each new connection on with the handler of its protocol.
 */
import type { Options } from "../cli/options.ts";
import { errorDetails, type Log } from "../monitoring/log.ts";
import { OPENAPI } from "../protocol/http/openapi.ts";
import { type Resource, Router } from "../protocol/http/router.ts";
import { Site } from "../protocol/http/site.ts";
import { IRC_LINE_MAX } from "../protocol/irc/format.ts";
import { TimeSlicer } from "../protocol/time_slicer.ts";
import type { Cause } from "../transport/admission.ts";
import type { Connection, Protocol } from "../transport/connection.ts";
import type { Fanout } from "../transport/fanout.ts";
import { HTTP_TIMES } from "../transport/http.ts";
import type { LineOptions, Traffic, WrongProtocolReply } from "../transport/line_connection.ts";
import type { Listener } from "../transport/listen.ts";
import { listenTcp, type TcpOptions } from "../transport/tcp.ts";
import type { Tls } from "../transport/tls.ts";
import { listenWeb, type WebSocketPath } from "../transport/web.ts";
import { networksOf } from "../util/address_ranges.ts";
import { bracketed } from "../util/bracketed.ts";
import { reasonOf } from "../util/system_error.ts";
import { assetsFor } from "../web/assets.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { hint, type OpenPort } from "./hints.ts";
import type { ProtocolHandler, ProtocolHandlers } from "./protocol_handlers.ts";
import { webUrl } from "./web_url.ts";

/** How long a client may read nothing of what is queued for it before it is disconnected, in milliseconds. */
const STALL_TIME = 60_000;

/**
 * The time slice of requests to the web port, in milliseconds: a quarter of that of other long work, as reading a request
 * and writing its response cost several times as much again.
 */
const REQUESTS_SLICE = 0.25;

/** The protocols that a listener, or a WebSocket path, rejects by a client's first line. */
const REJECTED = {
  text: new Set<Protocol>(["HTTP", "TLS", "SSH", "IRC", "PROXY", "binary"]),
  irc: new Set<Protocol>(["HTTP", "TLS", "SSH", "PROXY", "binary"]),
  echo: new Set<Protocol>(["HTTP", "TLS", "SSH", "PROXY", "binary"]),
  "/text": new Set<Protocol>(["IRC"]),
  "/irc": undefined,
};

/** A port cannot be opened. The message is one line for the person who started the server. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** What listeners need of the other parts of the server. */
export interface ListenerContext {
  readonly handlers: ProtocolHandlers;
  readonly limits: ConnectionLimits;
  /** Without it, ports do not use TLS. */
  readonly tls: Tls | undefined;
  readonly fanout: Fanout;
  readonly traffic: Traffic;
  readonly log: Log;
  /** Takes over a new connection. */
  readonly accept: (handler: ProtocolHandler, connection: Connection) => void;
  /** Why no client can be served now; `undefined` if clients can be. */
  readonly trouble: () => string | undefined;
  /** Returns the body of `/metrics`. */
  readonly metrics: () => string;
  /** The resources of the HTTP API. */
  readonly resources: readonly Resource[];
}

/** A port that the options ask for. */
interface PortRequest {
  /** The listener's name in the log, in metrics and on stdout. */
  readonly name: string;
  /** The flag that sets the port. */
  readonly flag: string;
  readonly port: number;
  /** How a person connects to it: a command or a URL. */
  readonly usage: (host: string, port: number) => string;
  readonly open: () => Promise<Pick<Listener<Connection>, "hostname" | "port" | "close">>;
}

/** An open port. */
interface OpenListener extends OpenPort {
  readonly hostname: string;
  /** A line for people: the name, and how to connect. */
  readonly address: string;
  close(): void;
}

/** The open ports of a server. */
export class Listeners {
  readonly #options: Options;
  readonly #context: ListenerContext;
  readonly #open: OpenListener[] = [];
  #stopping = false;

  constructor(options: Options, context: ListenerContext) {
    this.#options = options;
    this.#context = context;
  }

  /**
   * Opens all ports.
   *
   * @throws {ListenError} when one cannot be opened; the others are closed again.
   */
  async open(): Promise<void> {
    const { log } = this.#context;
    try {
      for (const request of this.#requests()) this.#open.push(await this.#openPort(request));
    } catch (error) {
      for (const listener of this.#open) listener.close();
      throw error;
    }
    for (const { name, hostname, port } of this.#open) log.info("open", { door: name, host: hostname, port });
  }

  /** The names of the listeners, in the order in which they were opened. */
  get names(): readonly string[] {
    return this.#open.map(({ name }) => name);
  }

  /** Their ports, in the same order. */
  get ports(): readonly number[] {
    return this.#open.map(({ port }) => port);
  }

  /** How to connect to each, in the same order: a line for people. */
  get addresses(): readonly string[] {
    return this.#open.map(({ address }) => address);
  }

  /**
   * The URL of the page without a path, as far as it is known: `HOST` is in place of the host if the port listens on all
   * addresses. `undefined` without a web port.
   */
  get webUrl(): string | undefined {
    const web = this.#open.find(({ name }) => name === "web");
    if (web === undefined) return undefined;
    const hasTls = this.#context.tls !== undefined;
    return webUrl(web.hostname, web.port, hasTls) ?? webUrl("HOST", web.port, hasTls);
  }

  /** Closes all ports but the web port, which rejects new WebSockets and still answers `/healthz` and `/metrics`. */
  stopAccepting(): void {
    this.#stopping = true;
    for (const listener of this.#open) if (listener.name !== "web") listener.close();
  }

  /** Closes all ports. */
  close(): void {
    for (const listener of this.#open) listener.close();
  }

  #requests(): PortRequest[] {
    const { port, ircPort, webPort, maxLine, maxTags, command } = this.#options;
    const { handlers: { text, irc, echo }, tls } = this.#context;
    const rawUsage = tls === undefined
      ? (host: string, port: number) => `nc ${host} ${port}`
      : (host: string, port: number) => `openssl s_client -quiet -connect ${bracketed(host)}:${port}`;
    const urlUsage = (scheme: string) => (host: string, port: number) => `${scheme}://${bracketed(host)}:${port}`;
    const lines = (
      handler: ProtocolHandler,
      port: number,
      usage: PortRequest["usage"],
      maxLine: number,
    ): PortRequest => {
      const lineEnd = handler === irc ? "\r\n" : "as the client";
      const flag = handler === irc ? "--irc-port" : "--port";
      return { name: handler.name, flag, port, usage, open: () => this.#openTcp(handler, port, maxLine, lineEnd) };
    };
    if (command === "echo") return port === "off" ? [] : [lines(echo, port, rawUsage, maxLine)];
    const requests: PortRequest[] = [];
    if (port !== "off") requests.push(lines(text, port, rawUsage, maxLine));
    if (ircPort !== "off") {
      requests.push(lines(irc, ircPort, urlUsage(tls === undefined ? "irc" : "ircs"), maxTags + IRC_LINE_MAX));
    }
    if (webPort !== "off") {
      const usage = urlUsage(tls === undefined ? "http" : "https");
      requests.push({ name: "web", flag: "--web-port", port: webPort, usage, open: () => this.#openWeb(webPort) });
    }
    return requests;
  }

  async #openPort({ name, flag, port: requested, usage, open }: PortRequest): Promise<OpenListener> {
    let listener: Awaited<ReturnType<PortRequest["open"]>>;
    try {
      listener = await open();
    } catch (error) {
      throw this.#listenError(error, flag, requested);
    }
    const { hostname, port } = listener;
    const address = `${name.padEnd(4)}  ${usage(reachable(hostname), port)}`;
    return { name, hostname, port, address, close: () => listener.close() };
  }

  #listenError(error: unknown, flag: string, port: number): ListenError {
    if (error instanceof Deno.errors.AddrInUse) {
      return new ListenError(
        `Cannot open port ${port}: address already in use (${flag} N selects another port, ${flag} off disables it)`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return new ListenError(`Cannot open port ${port}: permission denied (${flag} N selects another port)`);
    }
    const reason = reasonOf(error);
    if (/open files/.test(reason)) {
      return new ListenError(`Cannot open port ${port}: ${reason} (ulimit -n raises the limit)`);
    }
    return new ListenError(`Cannot listen on "${this.#options.host}": ${reason} (--host selects another address)`);
  }

  async #openTcp(handler: ProtocolHandler, port: number, maxLine: number, lineEnd: TcpOptions["lineEnd"]) {
    const lines = this.#lineOptions(maxLine, handler.name as keyof typeof REJECTED);
    const refusal = (reason: string) => handler.rejection(reason) + (lineEnd === "\r\n" ? lineEnd : "\n");
    const listener = await listenTcp({
      ...lines,
      ...this.#portOptions(handler.name, port),
      lineEnd,
      refusal,
      asksForCertificate: handler.name === "irc",
    });
    void this.#acceptAll(listener, handler);
    return listener;
  }

  #openWeb(port: number) {
    const { name, maxLine, maxTags, allowOrigin, trustProxy, registerTime } = this.#options;
    const { handlers, accept, log, metrics, resources, trouble } = this.#context;
    const irc = { ...handlers.irc, name: "web" };
    const text = { ...handlers.text, name: "web" };
    const slicer = new TimeSlicer(undefined, REQUESTS_SLICE, Infinity); // each connection has at most one job in the queue
    const accepting = () => !this.#stopping;
    const site = new Site({
      assets: [...assetsFor(name), OPENAPI],
      trouble: () => this.#stopping ? "stopping" : trouble(),
      metrics,
    });
    const router = new Router(resources);
    return listenWeb({
      ...this.#portOptions("web", port),
      allowedOrigins: new Set(allowOrigin),
      proxies: trustProxy,
      accepting,
      respond: (request, client) => router.answer(request, client) ?? site.respond(request),
      bodyLimit: (method, pathname) => router.bodyLimit(method, pathname),
      schedule: <T>(work: () => T, address: string) =>
        slicer.run(work, { networks: networksOf(address).toReversed() }) as T | Promise<Awaited<T>>,
      times: { ...HTTP_TIMES, total: registerTime },
      wrongProtocolReply: this.#hintFor("web"),
      onError: (error) => log.error("request failed", { door: "web", error: errorDetails(error) }),
      sockets: new Map<string, WebSocketPath>([
        ["/irc", {
          // `lines.tincan` is tincan's own: all lines of a round in one frame, as a frame costs more than a line.
          subprotocols: { "lines.tincan": "lines", "text.ircv3.net": "text", "binary.ircv3.net": "binary" },
          framing: "text",
          lines: this.#lineOptions(maxTags + IRC_LINE_MAX, "/irc"),
          refusal: irc.rejection,
          onConnection: (connection) => accept(irc, connection),
        }],
        ["/text", {
          subprotocols: { "lines.tincan": "lines" },
          framing: "text",
          lines: this.#lineOptions(maxLine, "/text"),
          refusal: text.rejection,
          onConnection: (connection) => accept(text, connection),
        }],
      ]),
    });
  }

  async #acceptAll(listener: Listener<Connection>, handler: ProtocolHandler) {
    for await (const connection of listener) this.#context.accept(handler, connection);
  }

  /** The options that all ports have in common. */
  #portOptions(name: string, port: number) {
    const { limits, tls, log } = this.#context;
    return {
      hostname: this.#options.host,
      port,
      reusePort: this.#options.reusePort,
      admission: limits,
      tls,
      onRejected: (peer: string, reason: string, cause?: Cause) => this.#reject(peer, name, reason, cause),
      onAcceptError: (error: Error) => log.warn("cannot accept connections", { door: name, error: error.message }),
    };
  }

  /** The options of the connections of a listener or a WebSocket path. */
  #lineOptions(maxLine: number, at: keyof typeof REJECTED): LineOptions {
    const { rate, burst, sendBuffer } = this.#options;
    const { fanout, traffic } = this.#context;
    const name = at.startsWith("/") ? "web" : at;
    const onWrongProtocol: LineOptions["onWrongProtocol"] = (peer, protocol) => {
      this.#reject(peer, name, `speaks ${protocol}`, `speaks ${protocol}`);
    };
    const limits = { rate, burst, sendBuffer, stallTime: STALL_TIME, maxLine };
    return {
      fanout,
      traffic,
      ...limits,
      rejectedProtocols: REJECTED[at],
      wrongProtocolReply: this.#hintFor(at),
      onWrongProtocol,
    };
  }

  /** The hint for clients that connect to a listener, or to a WebSocket path, with another protocol. */
  #hintFor(at: string): WrongProtocolReply {
    const { tls } = this.#context;
    return (protocol, secure) =>
      hint(at, protocol, this.#open, tls === undefined ? "none" : secure ? "spoken" : "missing");
  }

  /** Logs a rejected connection. Without a cause, the connection limits rejected it and have counted it already. */
  #reject(peer: string, name: string, reason: string, cause?: Cause) {
    const { limits, log } = this.#context;
    if (cause !== undefined) limits.count(cause);
    log.info("refused", { peer, door: name, reason });
  }
}

/** An address to connect to: a wildcard listens on all addresses of this machine, the loopback address among them. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
