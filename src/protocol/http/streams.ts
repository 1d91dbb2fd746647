/**
 * Streams: clients that read the lines of a room as they are said, without being members.
 *
 * A stream first reads the history after the line that its client knows, and is then added to the sessions that the room is
 * shown to, in the same step that finds no more lines: so it gets each line once. Its lines wait in a bounded queue.
 */
import type { AuthService } from "../../accounts/auth.ts";
import type { Chat } from "../../chat/chat.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { WireFormat } from "../../chat/events.ts";
import type { Outlet } from "../../chat/member.ts";
import { fold } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import type { HttpClient, StreamedResponse } from "../../transport/connection.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { byteLength } from "../../util/bytes.ts";
import { SHARES } from "../../util/network_limiter.ts";
import { NetworkPool } from "../../util/network_pool.ts";
import type { Steps } from "../../util/steps.ts";
import type { TimeSlicer } from "../time_slicer.ts";
import { ApiError, toApiError, tooFast } from "./api_error.ts";
import { EVENT_FORMAT, named, plainFormat, RECHECK } from "./line_json.ts";
import type { KnownVisitor } from "./visitors.ts";

/** The most streams in total, and of one network; the networks around it have `SHARES` times as many. */
export const STREAMS_MAX = 1000;
export const STREAMS_PER_NETWORK = 20;

/** How often it is checked whether the clients may still read, in milliseconds, and how many checks a heartbeat takes. */
export const RECHECK_INTERVAL = 5000;
const RECHECKS_PER_HEARTBEAT = 3;

/** How many lines of the history are read at a time. */
const PAGE = 100;

/** How long a stream waits for lines that are not stored yet, in milliseconds. */
const PENDING_PAUSE = 50;

/** The most characters that are sent at a time. */
const PIECE = 16 * 1024;

/** The reason for a client whose login has ended. */
const LOGIN_ENDED = "Your password was changed or your token revoked.";

const encoder = new TextEncoder();

/** The parts and settings of the server that streams use. */
export interface StreamsOptions {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly slicer: TimeSlicer;
  readonly answerMax: number;
  readonly queueMax: number;
  /** Whether networks have limits. */
  readonly limitsNetworks: boolean;
  /** The wire format for people. */
  readonly format: WireFormat;
  readonly banOf: (address: string) => string | undefined;
  readonly onStream: (client: HttpClient) => void;
}

/** A request for a stream. */
export interface StreamRequest {
  readonly visitor: KnownVisitor;
  readonly client: HttpClient;
  readonly room: Room;
  /** The key of the room (mode `k`). */
  readonly key: string | undefined;
  /** The id of the last line that the client knows; `undefined` if it wants lines from now on. */
  readonly after: number | undefined;
  /** Whether it wants the head of the response alone. */
  readonly headOnly: boolean;
}

/** How a stream is written. */
interface Manner {
  readonly type: string;
  readonly format: WireFormat;
  /** Text that keeps the connection alive without a meaning for the client; empty if the format has none. */
  readonly heartbeat: string;
  /** The last text of a stream, with the reason for its end. */
  readonly ending: (detail: string) => string;
}

/** All streams of a server. Iterates over them. */
export class Streams implements Iterable<{ readonly held: number; abort(): void }> {
  readonly #options: StreamsOptions;
  readonly #manners: Readonly<Record<"events" | "text", Manner>>;
  readonly #pool = new NetworkPool<Stream>();
  readonly #all = new Set<Stream>();
  #timer: ReturnType<typeof setTimeout> | undefined; // while there are streams
  #checks = 0;
  #closed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#manners = {
      events: {
        type: "text/event-stream",
        format: EVENT_FORMAT,
        heartbeat: ":\n\n",
        ending: (detail) => `${named("end", { detail }).join("\n")}\n`,
      },
      text: {
        type: "text/plain; charset=utf-8",
        format: plainFormat(options.format),
        heartbeat: "",
        ending: (detail) => `-- ${detail}\n`,
      },
    };
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Stream> {
    return this.#all.values();
  }

  /**
   * Opens a stream for a client that may read the room, as the caller has just checked.
   *
   * @throws {ChatError} `login-outdated`
   * @throws {ApiError} 429, or 503 after {@linkcode close}
   */
  open(request: StreamRequest, format: "events" | "text"): StreamedResponse {
    if (this.#closed) throw new ApiError(503, "The server is stopping.", { "retry-after": "5" });
    const { visitor, client, headOnly } = request;
    const { login } = visitor;
    if (login !== undefined && this.#options.auth.current(login) === undefined) { // since it was checked
      throw new ChatError("login-outdated", login.name);
    }
    const networks = networksOf(client.address);
    const reachesLimit = (network: string, i: number) => {
      return this.#pool.count(network) >= STREAMS_PER_NETWORK * SHARES[i]!;
    };
    const isFull = this.#all.size >= STREAMS_MAX || (this.#options.limitsNetworks && networks.some(reachesLimit));
    if (isFull) throw tooFast("Too many streams: close one first.", Infinity);
    const manner = this.#manners[format];
    const headers = {
      "content-type": manner.type,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no", // for nginx
    };
    if (headOnly) return { status: 200, headers, stream: new ReadableStream() };
    const stream = new Stream(request, manner, this.#options, () => this.#ended(stream));
    this.#all.add(stream);
    this.#pool.add(networks, stream);
    this.#timer ??= setTimeout(() => this.#tick(), RECHECK_INTERVAL);
    this.#options.onStream(client);
    try {
      stream.begin();
    } catch (error) {
      stream.abort();
      throw error;
    }
    return { status: 200, headers, stream: stream.readable };
  }

  /** Ends the streams that are logged in to an account, if their logins have ended: nothing that is said later is sent. */
  endLogins(account: string): void {
    for (const stream of this.#all) stream.endLogin(account);
  }

  /** Ends the streams whose clients may not read any more, soon: after a ban. Other reasons are noticed within {@linkcode RECHECK_INTERVAL}. */
  recheck(): void {
    if (this.#all.size === 0) return;
    setTimeout(() => void this.#options.slicer.run(() => this.#recheck(), { lane: "prompt" }));
  }

  /** Ends all streams, and rejects new ones. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#all) stream.end("The server is stopping.");
  }

  #tick() {
    this.#timer = setTimeout(() => this.#tick(), RECHECK_INTERVAL);
    this.recheck();
    if (++this.#checks % RECHECKS_PER_HEARTBEAT !== 0) return;
    for (const stream of this.#all) stream.beat();
  }

  *#recheck(): Steps<void> {
    for (const stream of [...this.#all]) {
      stream.recheck();
      yield;
    }
  }

  #ended(stream: Stream) {
    this.#all.delete(stream);
    this.#pool.delete(stream);
    if (this.#all.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** The stream of one client. */
class Stream implements Outlet {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #request: StreamRequest;
  readonly #manner: Manner;
  readonly #options: StreamsOptions;
  readonly #onEnded: () => void;
  #queue: string[] = [];
  #held = 0; // bytes of the queue
  #after: number | undefined; // the last line of the history that was read; undefined once all were
  #unwatch: (() => void) | undefined;
  #wake: (() => void) | undefined; // ends the wait of the reader
  #closing = false; // whether new lines are dropped
  #ended = false;
  #failed = false;

  constructor(request: StreamRequest, manner: Manner, options: StreamsOptions, onEnded: () => void) {
    this.#request = request;
    this.#manner = manner;
    this.#options = options;
    this.#onEnded = onEnded;
    this.readable = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#finish(),
    }, { highWaterMark: 0 });
  }

  get peer(): string {
    return this.#request.client.peer;
  }

  /** The memory that its queue takes, in bytes. */
  get held(): number {
    return this.#held;
  }

  /** Begins with the lines after the one that the client knows, or with those that are said from now on. */
  begin(): void {
    const { room, after } = this.#request;
    this.#after = after;
    if (after !== undefined || this.#watch()) return;
    this.#after = this.#options.chat.history.latest(room, 1)[0]?.id ?? 0; // lines that are not stored yet come first
  }

  send(lines: readonly string[]): void {
    if (this.#closing) return;
    const at = lines.indexOf(RECHECK);
    if (at < 0) return this.#add(lines);
    this.#add(lines.slice(0, at));
    const reason = this.#reasonToEnd();
    if (reason === undefined) return this.send(lines.slice(at + 1));
    this.#endSoon(reason);
  }

  close(): void {
    this.end("The server has ended this stream.");
  }

  /** Ends it at once, and drops its queue. */
  abort(): void {
    this.#failed = true;
    this.#queue = [];
    this.#held = 0;
    this.#finish();
  }

  /** Ends it once its queue is sent. */
  end(detail: string): void {
    if (this.#ended) return;
    this.#queue.push(this.#manner.ending(detail));
    this.#finish();
  }

  /** Sends something if nothing else was: a proxy would end the connection, and the client would not notice that it is gone. */
  beat(): void {
    if (this.#ended || this.#queue.length > 0 || this.#manner.heartbeat === "") return;
    this.#push(this.#manner.heartbeat);
  }

  /** Ends it if the client may not read any more. */
  recheck(): void {
    if (this.#ended) return;
    const reason = this.#reasonToEnd();
    if (reason !== undefined) this.end(reason);
  }

  /** Ends it if it is logged in to an account and its login has ended. */
  endLogin(account: string): void {
    const { login } = this.#request.visitor;
    if (this.#closing || login === undefined || fold(login.name) !== account) return;
    if (this.#options.auth.current(login) === undefined) this.#endSoon(LOGIN_ENDED);
  }

  /** Drops new lines, and ends it when the command that is being applied is done. */
  #endSoon(reason: string) {
    this.#closing = true;
    setTimeout(() => this.end(reason));
  }

  #finish() {
    if (this.#ended) return;
    this.#ended = this.#closing = true;
    this.#unwatch?.();
    this.#onEnded();
    this.#wake?.();
  }

  #reasonToEnd(): string | undefined {
    const { chat, auth, banOf } = this.#options;
    const { visitor, client, room, key } = this.#request;
    if (room.closed || chat.getRoom(room.name) !== room) return "The room does not exist any more.";
    if (banOf(client.address) !== undefined) return "You are banned from this server.";
    const { login } = visitor;
    const now = login === undefined ? undefined : auth.current(login);
    if (login !== undefined && now === undefined) return LOGIN_ENDED;
    const scope = now?.token; // the room of a token may have been renamed
    const { identity } = visitor;
    const current = scope === undefined ? visitor : { ...visitor, identity: { ...identity, token: scope } };
    try {
      chat.visitors.requireEntry(current, room, key);
    } catch (error) {
      if (error instanceof ChatError) return toApiError(error)?.message ?? "You may not read this room any more.";
      throw error;
    }
    return undefined;
  }

  /** Has new lines sent, if all earlier ones are stored. */
  #watch(): boolean {
    const { visitor, room } = this.#request;
    this.#unwatch = this.#options.chat.visitors.watch(visitor, room, this.#manner.format, this);
    return this.#unwatch !== undefined;
  }

  /** Queues lines; a client that does not read loses its stream. */
  #add(lines: readonly string[]) {
    if (lines.length > 0) this.#push(lines.map((line) => `${line}\n`).join(""));
  }

  #push(text: string) {
    if (this.#closing) return;
    this.#held += byteLength(text);
    if (this.#held > this.#options.queueMax) return this.abort();
    this.#queue.push(text);
    this.#wake?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>) {
    while (this.#queue.length === 0 && !this.#ended) {
      if (this.#after !== undefined) await this.#readHistory();
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#failed) return controller.error(new DOMException("too slow to read", "AbortError"));
    if (this.#queue.length > 0) {
      let piece = this.#queue.shift()!;
      while (this.#queue.length > 0 && piece.length < PIECE) piece += this.#queue.shift()!;
      this.#held = Math.max(0, this.#held - byteLength(piece)); // the text of the end does not count
      controller.enqueue(encoder.encode(piece));
    }
    if (this.#ended && this.#queue.length === 0) controller.close();
  }

  /** Reads the next page of the history, or goes on with new lines if there is none. */
  async #readHistory() {
    const { chat, slicer } = this.#options;
    const networks = networksOf(this.#request.client.address).toReversed();
    let wait: boolean | undefined;
    try {
      wait = await slicer.run(() => this.#readPage(chat), { lane: "prompt", networks });
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return this.end(toApiError(error)?.message ?? "The history cannot be read right now.");
    }
    if (wait === true) await new Promise((resolve) => setTimeout(resolve, PENDING_PAUSE));
  }

  /** Returns whether the stream has to wait: for lines that are not stored yet, or until it ends. */
  #readPage(chat: Chat): boolean {
    if (this.#closing) return true;
    const { room } = this.#request;
    const range = { after: this.#after, first: true, count: PAGE, characters: this.#options.answerMax };
    const lines = chat.history.page(room, range);
    if (lines.length === 0) {
      if (!this.#watch()) return true;
      this.#after = undefined;
      return false;
    }
    this.#after = lines.at(-1)!.id;
    const render = this.#manner.format;
    this.#add(lines.flatMap((line) => render.render(line) ?? []));
    return false;
  }
}
