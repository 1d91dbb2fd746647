/** The base of the resources of the HTTP API: limits, visitors, rooms and errors. */
import type { AuthService } from "../../accounts/auth.ts";
import type { Chat } from "../../chat/chat.ts";
import type { WireFormat } from "../../chat/events.ts";
import { isRoom } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { HttpAnswer, HttpClient } from "../../transport/connection.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { NetworkLimiter } from "../../util/network_limiter.ts";
import type { Outcome, TimeSlicer } from "../time_slicer.ts";
import { ApiError, errorResponse, tooFast } from "./api_error.ts";
import { isParsable } from "./json.ts";
import type { Call, Operation } from "./router.ts";
import { Streams } from "./streams.ts";
import { type KnownVisitor, visitorOf, type VisitorOptions } from "./visitors.ts";

/** The most requests that read, of one network: a minute, and at once. */
export const READS_PER_MINUTE = 300;
export const READS_AT_ONCE = 100;

const MINUTE = 60_000;

/** The parts and settings of the server that the API uses. */
export interface ApiOptions extends VisitorOptions {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly slicer: TimeSlicer;
  /** Whether networks have limits: not if all clients may have the same address. */
  readonly limitsNetworks: boolean;
  /** Lines a second of one network, and how many at once, as those of one client elsewhere. */
  readonly rate: number;
  readonly burst: number;
  /** Upper bound on the characters of an answer, and on the bytes that wait for a client that reads a stream. */
  readonly answerMax: number;
  readonly queueMax: number;
  /** The wire format for people. */
  readonly format: WireFormat;
  /** Why no client can be served now; `undefined` if clients can be. */
  readonly trouble: () => string | undefined;
  /** The reason of the ban of an address, if there is one. */
  readonly banOf: (address: string) => string | undefined;
  /** Called when a client begins to read a stream: its connection stays from now on. */
  readonly onStream: (client: HttpClient) => void;
}

/** The limits and streams that all resources share. */
export class Api {
  readonly options: ApiOptions;
  readonly streams: Streams;
  readonly #posts: NetworkLimiter;
  readonly #reads: NetworkLimiter;

  constructor(options: ApiOptions) {
    this.options = options;
    this.streams = new Streams(options);
    const { rate, burst, limitsNetworks } = options;
    const none = { limit: Infinity, time: MINUTE };
    this.#posts = new NetworkLimiter(limitsNetworks ? { limit: rate * MINUTE / 1000, time: MINUTE, burst } : none);
    const reads = { limit: READS_PER_MINUTE, time: MINUTE, burst: READS_AT_ONCE };
    this.#reads = new NetworkLimiter(limitsNetworks ? reads : none);
  }

  /** An operation whose errors are problem details. */
  operation(answer: (call: Call) => Promise<HttpAnswer>, bodyLimit?: number): Operation {
    return {
      ...bodyLimit !== undefined && { bodyLimit },
      answer: async (call) => {
        try {
          this.#requireService(call.client);
          return await answer(call);
        } catch (error) {
          const response = errorResponse(asNamed(error, call));
          if (response === undefined) throw error; // such as of a body that cannot be read
          return response;
        }
      },
    };
  }

  /** Counts a request that reads. @throws {ApiError} 429 */
  limitReads({ address }: HttpClient): void {
    const [networks, now] = [networksOf(address), performance.now()];
    if (this.#reads.take(networks, now)) return;
    throw tooFast("Too many requests from your network.", this.#reads.wait(networks, now));
  }

  /** Counts the lines of a message. More than a client may send at once count as that many. @throws {ApiError} 429 */
  limitLines({ address }: HttpClient, text: string): void {
    const [networks, now] = [networksOf(address), performance.now()];
    const lines = Math.min(text.split("\n").length, this.options.burst);
    if (this.#posts.take(networks, now, lines)) return;
    throw tooFast("Too many messages from your network.", this.#posts.wait(networks, now, lines));
  }

  visitor({ request, client }: Call): Promise<KnownVisitor> {
    return visitorOf(request, client, this.options);
  }

  /** The room that a path names, with or without `#`. @throws {ChatError} `no-such-room` */
  room({ params: { name = "" } }: Call): Room {
    const room = this.options.chat.getRoom(withHash(name));
    if (room === undefined) throw new ChatError("no-such-room", name);
    return room;
  }

  /** Runs work in slices of time that all networks share. */
  async run<W>({ address }: HttpClient, work: () => W): Promise<Outcome<W>> {
    const networks = networksOf(address).toReversed();
    return await this.options.slicer.run(work, { lane: "prompt", networks }) as Outcome<W>; // it is always wanted
  }

  /** @throws {ApiError} */
  #requireService({ address }: HttpClient) {
    const trouble = this.options.trouble();
    if (trouble !== undefined) {
      throw new ApiError(503, "This server cannot serve you right now.", { "retry-after": "5" });
    }
    const ban = this.options.banOf(address);
    if (ban !== undefined) throw new ChatError("server-banned", ban);
  }
}

/** The name of a room, with or without `#`, as the chat knows it. */
function withHash(name: string): string {
  return name.startsWith("#") ? name : `#${name}`;
}

/** An error, with the name of a missing room as the path has it: the spelling of a secret room would reveal that it exists. */
function asNamed(error: unknown, { params: { name } }: Call): unknown {
  if (name === undefined || !(error instanceof ChatError) || error.code !== "no-such-room") return error;
  const full = withHash(name);
  return new ChatError("no-such-room", isRoom(full) ? full : "that is no name of a room");
}

/** The key of a room (mode `k`) that a request gives. */
export function keyOf({ request }: Call): string | undefined {
  return request.headers.get("room-key") ?? undefined;
}

/** Reads a body as UTF-8. @throws {ApiError} 400 */
export async function readText(request: Request): Promise<string> {
  const bytes = await request.bytes();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError(400, "The body is not UTF-8.");
  }
}

/** Reads JSON. @throws {ApiError} 400 */
export function parseJson(text: string): unknown {
  if (!isParsable(text)) throw new ApiError(400, "The JSON has too many values, or is nested too deep.");
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, "The body is not valid JSON.");
  }
}

/** The media type of a body, in lower case and without parameters. */
export function mediaType(request: Request): string {
  return request.headers.get("content-type")?.replace(/;.*/, "").trim().toLowerCase() ?? "";
}
