/**
 * Connections to a server that carry lines: IRC over TCP or TLS, and over a WebSocket.
 */
import { connect as connectTcp, type Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type RawData, WebSocket } from "ws";
import { ConnectError } from "./connect_error.ts";
import { copyString } from "../util/copy_string.ts";
import { LINE_MAX, LineSplitter, skippedLine } from "./line_splitter.ts";
import { isEncrypted, urlOf, type Way } from "./target.ts";
import type { Trust } from "./trust.ts";

/** An open connection. */
export abstract class Wire {
  /** Lines that came while `onLines` was not set. */
  readonly early: string[] = [];
  /** Called with the lines of one chunk. */
  onLines: ((lines: string[]) => void) | undefined;
  /** Called once when the other side or an error has ended the connection, with the reason if one is known. */
  onClose: (reason: string) => void = () => {};
  /** That reason, or the empty string, once the connection has ended: `onClose` may not have had a listener then. */
  ended: string | undefined;

  /** Resolves after `close` when the connection has ended. */
  abstract readonly closed: Promise<void>;

  abstract send(line: string): void;

  /** Closes the connection; `onClose` is not called any more. */
  abstract close(): void;

  /** Passes received lines on. */
  protected receive(lines: string[]): void {
    if (lines.length === 0) return;
    if (this.onLines !== undefined) this.onLines(lines);
    else this.keep(lines);
  }

  /** Adds lines to the early ones. */
  keep(lines: readonly string[]): void {
    this.early.push(...lines.slice(0, EARLY_MAX - this.early.length));
  }

  /** The other side or an error has ended the connection. */
  protected end(reason: string): void {
    this.ended = reason;
    this.onClose(reason);
  }
}

/** The most early lines. Further ones are dropped: before the registration, a server has little to say. */
export const EARLY_MAX = 1000;

/** The timeouts of the phases of a connection, in milliseconds. */
export interface Timeouts {
  readonly connect: number;
  readonly tls: number;
  /** The answer to the request for a WebSocket. */
  readonly upgrade: number;
  /** The first line. Some servers look up the names of addresses before they answer. */
  readonly firstLine: number;
}

/** The timeouts of the client. */
export const TIMEOUTS: Timeouts = { connect: 10_000, tls: 10_000, upgrade: 10_000, firstLine: 20_000 };

/** The most bytes that wait to be sent. Above this, the connection is closed. */
export const SEND_MAX = 1024 * 1024;

/** The most bytes of one WebSocket message. Above this, the connection is closed. */
export const FRAME_MAX = 4 * 1024 * 1024;

const TOO_SLOW = "The server does not read what is sent to it.";
const SUBPROTOCOLS = ["lines.tincan", "text.ircv3.net"];

/** Messages for system errors, by their code. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the server closed the connection",
  EPIPE: "the server closed the connection",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ETIMEDOUT: "no answer",
  ENOTFOUND: "no such host",
  EACCES: "permission denied",
};

/** The message for an error of the system. */
export function reasonOfFailure(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return REASONS[String(code)] ??
    (/connection refused/i.test(String(message)) ? REASONS.ECONNREFUSED! : String(message));
}

/**
 * Opens a connection on which lines can be sent.
 *
 * @param address The IP address of the host.
 * @param signal Aborts it.
 * @throws {ConnectError} with a clause that says why it failed, such as `connection refused`.
 * @throws {UnknownCertificateError} if the user has to decide about the certificate.
 */
export async function openWire(
  way: Way,
  address: string,
  { trust, timeouts, signal }: { trust: Trust; timeouts: Timeouts; signal: AbortSignal },
): Promise<Wire> {
  const socket =
    await (isEncrypted(way)
      ? openTls(way, address, trust, timeouts, signal)
      : openTcp(way.port, address, timeouts, signal));
  return way.path === "" ? new SocketWire(socket) : await openWebSocket(socket, way, timeouts, signal);
}

/**
 * Waits for an event of a socket. Destroys the socket if the event does not come in time.
 *
 * @param late The error after the timeout.
 * @throws {ConnectError}
 */
function waitFor(
  socket: TcpSocket,
  event: string,
  timeout: number,
  late: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: ConnectError) => {
      clearTimeout(timer);
      socket.off(event, succeed);
      socket.off("error", fail);
      socket.off("close", ended);
      signal.removeEventListener("abort", abort);
      if (error === undefined) return resolve();
      socket.on("error", () => {}); // it may fail again while it is destroyed
      socket.destroy();
      reject(error);
    };
    const succeed = () => settle();
    const fail = (error: Error) => settle(new ConnectError(reasonOfFailure(error)));
    const ended = () => settle(new ConnectError("the server closed the connection"));
    const abort = () => settle(new ConnectError("canceled"));
    const timer = setTimeout(() => settle(new ConnectError(late)), timeout);
    socket.on(event, succeed);
    socket.on("error", fail);
    socket.on("close", ended);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

const seconds = (milliseconds: number) => `${Math.round(milliseconds / 100) / 10} s`;

async function openTcp(port: number, address: string, timeouts: Timeouts, signal: AbortSignal): Promise<TcpSocket> {
  const socket = connectTcp({ host: address, port });
  await waitFor(socket, "connect", timeouts.connect, `no answer within ${seconds(timeouts.connect)}`, signal);
  socket.setNoDelay(true);
  return socket;
}

async function openTls(
  { host, port }: Way,
  address: string,
  trust: Trust,
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = trust.connect({ host, address, port });
  const secure = Promise.withResolvers<void>();
  socket.once("secureConnect", () => secure.resolve());
  await waitFor(socket, "connect", timeouts.connect, `no answer within ${seconds(timeouts.connect)}`, signal);
  let isSecure = false;
  void secure.promise.then(() => isSecure = true);
  await Promise.resolve();
  if (!isSecure) {
    await waitFor(socket, "secureConnect", timeouts.tls, `no TLS within ${seconds(timeouts.tls)}`, signal)
      .catch((error: ConnectError) => {
        const plain = /wrong.version|record|InvalidContentType|corrupt|unexpected|ProtocolVersion/i.test(error.message);
        throw plain ? new ConnectError("it does not speak TLS") : error;
      });
  }
  try {
    trust.check(socket, host, port);
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  return socket;
}

/** IRC over TCP or TLS. */
class SocketWire extends Wire {
  override readonly closed: Promise<void>;
  readonly #socket: TcpSocket;
  readonly #splitter = new LineSplitter();

  constructor(socket: TcpSocket) {
    super();
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
    let reason = "";
    socket.on("data", (bytes: Uint8Array) => {
      this.receive(this.#splitter.write(bytes));
    });
    socket.on("error", () => {}); // "close" follows; that the connection was lost says enough
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.end(reason));
    this.#fail = (why) => {
      reason = why;
      socket.destroy();
    };
  }

  readonly #fail: (why: string) => void;

  override send(line: string): void {
    this.#socket.write(`${line}\r\n`);
    if (this.#socket.writableLength > SEND_MAX) this.#fail(TOO_SLOW);
  }

  override close(): void {
    this.onClose = this.onLines = () => {}; // what comes now is dropped
    this.#socket.end(); // sends what waits, such as a QUIT
    const timer = setTimeout(() => this.#socket.destroy(), 1000);
    this.#socket.on("close", () => clearTimeout(timer));
  }
}

/** Opens a WebSocket on a connected socket. */
function openWebSocket(socket: TcpSocket, way: Way, timeouts: Timeouts, signal: AbortSignal): Promise<Wire> {
  const url = urlOf({ ...way, scheme: "ws" }); // the socket has TLS already, and the certificate was checked
  const { promise, resolve, reject } = Promise.withResolvers<Wire>();
  const webSocket = new WebSocket(url, SUBPROTOCOLS, {
    createConnection: () => socket,
    maxPayload: FRAME_MAX,
    perMessageDeflate: false,
    skipUTF8Validation: true, // invalid bytes are replaced
    followRedirects: false,
  });
  const fail = (why: string) => {
    clearTimeout(timer);
    webSocket.removeAllListeners();
    webSocket.on("error", () => {});
    webSocket.terminate();
    socket.destroy();
    signal.removeEventListener("abort", abort);
    reject(new ConnectError(why));
  };
  const abort = () => fail("canceled");
  signal.addEventListener("abort", abort);
  const timer = setTimeout(() => fail(`no answer within ${seconds(timeouts.upgrade)}`), timeouts.upgrade);
  webSocket.on("error", (error: Error) => {
    if (/^Parse Error/.test(error.message)) return fail("it does not speak HTTP");
    fail(reasonOfFailure(error));
  });
  webSocket.on("unexpected-response", (_request: unknown, response: WebResponse) => {
    if (redirectsToTls(response)) return fail("it accepts TLS only: use https:// or wss://");
    void rejectionIn(response).then((why) => fail(why === "" ? "there is no chat at that address" : why));
  });
  webSocket.on("open", () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    webSocket.removeAllListeners();
    resolve(new WebSocketWire(webSocket));
  });
  return promise;
}

/** The part of an HTTP response that is used. */
interface WebResponse extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Whether a server answers a request without TLS with a redirect to itself with TLS, as tincan does. */
function redirectsToTls({ statusCode = 0, headers }: WebResponse): boolean {
  return statusCode >= 300 && statusCode < 400 && /^https:/i.test(String(headers["location"] ?? ""));
}

/** The most bytes of a response that are read. */
const REJECTION_MAX = 1000;

/** Why a server rejects connections, if its response (503) is a sentence. */
async function rejectionIn(response: WebResponse): Promise<string> {
  if (response.statusCode !== 503) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of response) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > REJECTION_MAX) return "";
    }
  } catch {
    // what has come is enough
  }
  return /^[^<\n]{1,300}$/.test(text.trim()) ? text.trim() : ""; // a proxy may send a whole page
}

/** IRC over a WebSocket, with several lines in a message. */
class WebSocketWire extends Wire {
  override readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #decoder = new TextDecoder();

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
    let failure = "";
    socket.on("message", (data: RawData) => {
      const text = this.#decoder.decode(data as Uint8Array<ArrayBuffer>); // as `binaryType` is "nodebuffer"
      const lines = text.split(/[\r\n]+/).filter((line) => line !== "").map((line) => {
        return line.length > LINE_MAX ? skippedLine(line.length) : copyString(line.replaceAll("\0", ""));
      });
      this.receive(lines);
    });
    socket.on("error", (error: Error) => {
      failure = /max payload/i.test(error.message) ? "The server sent a message that is too long." : "";
    });
    socket.on("close", (_code: number, reason: Uint8Array) => {
      this.end(this.#failure || failure || this.#decoder.decode(reason));
    });
  }

  #failure = "";

  override send(line: string): void {
    this.#socket.send(line);
    if (this.#socket.bufferedAmount <= SEND_MAX) return;
    this.#failure = TOO_SLOW;
    this.#socket.terminate();
  }

  override close(): void {
    this.onClose = this.onLines = () => {}; // what comes now is dropped
    this.#socket.close();
    const timer = setTimeout(() => this.#socket.terminate(), 1000);
    this.#socket.on("close", () => clearTimeout(timer));
  }
}
