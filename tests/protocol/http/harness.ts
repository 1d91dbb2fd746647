/** A web port with the HTTP API, and accounts in a database of its own. All its answers have to be described. */
import { assert } from "@std/assert";
import type { AuthOptions } from "../../../src/accounts/auth.ts";
import type { ChatOptions } from "../../../src/chat/chat_options.ts";
import type { LocalChat } from "../../../src/chat/local_chat.ts";
import type { Member } from "../../../src/chat/member.ts";
import type { Scope } from "../../../src/chat/scope.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { Api, type ApiOptions } from "../../../src/protocol/http/api.ts";
import { apiResources } from "../../../src/protocol/http/resources.ts";
import { Router } from "../../../src/protocol/http/router.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import type { HttpTimes } from "../../../src/transport/http.ts";
import { listenWeb, type WebListener } from "../../../src/transport/web.ts";
import { AuthFixture, CALLER } from "../../accounts/helpers.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { chatForProtocols } from "../../delayed_chat.ts";
import { webOptions } from "../../transport/ports.ts";
import openapi from "../../../src/protocol/http/openapi.json" with { type: "json" };

/** Answers that the description has: `POST /rooms/{name} 201 application/json`. */
export const DESCRIBED: ReadonlySet<string> = new Set(described());

function* described(): Generator<string> {
  const { responses: shared } = openapi.components;
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!("responses" in operation)) continue;
      for (const status of Object.keys(operation.responses)) {
        const own = (operation.responses as unknown as Record<string, { content?: object }>)[status]!.content;
        const content = own ?? (shared as Record<string, { content: object }>)[status]!.content;
        for (const type of Object.keys(content)) yield `${method.toUpperCase()} ${path} ${status} ${type}`;
      }
    }
  }
}

/** Options that are not the default. */
export interface ApiServerOptions {
  readonly api?: Partial<ApiOptions>;
  readonly chat?: Partial<ChatOptions>;
  readonly auth?: AuthOptions;
  readonly times?: Partial<HttpTimes>;
}

/** A server of the API. */
export class ApiServer implements AsyncDisposable {
  /** The answers so far, as in {@linkcode DESCRIBED}. */
  readonly seen = new Set<string>();
  readonly #listener: WebListener;

  private constructor(
    readonly accounts: AuthFixture,
    readonly chat: LocalChat,
    readonly api: Api,
    times: Partial<HttpTimes>,
  ) {
    const router = new Router(apiResources(api));
    this.#listener = listenWeb({
      ...webOptions(),
      times: { head: 60_000, idle: 60_000, body: 60_000, response: 60_000, linger: 100, total: 60_000, ...times },
      respond: (request, client) => router.answer(request, client) ?? new Response("page", { status: 404 }),
      bodyLimit: (method, path) => router.bodyLimit(method, path),
    });
  }

  static async open({ api = {}, chat: options, auth, times = {} }: ApiServerOptions = {}): Promise<ApiServer> {
    const accounts = await AuthFixture.open(auth);
    // As rounds of the fan-out do.
    const flushWanted = () => queueMicrotask(() => chat.flush());
    const chat: LocalChat = accounts.chat({ history: new MemoryHistory(), observer: { flushWanted }, ...options });
    const all: ApiOptions = {
      chat: chatForProtocols(chat),
      auth: accounts.auth,
      hostOf: (address) => `of-${address}`,
      slicer: new TimeSlicer(() => 0),
      rate: Infinity,
      burst: Infinity,
      answerMax: 1e6,
      queueMax: 1e6,
      format: textFormat(100),
      trouble: () => undefined,
      banOf: () => undefined,
      onStream: () => {},
      ...api,
    };
    return new ApiServer(accounts, chat, new Api(all), times);
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Sends a request, and resolves to the answer, which has to be described. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const method = init.method ?? (init.body === undefined ? "GET" : "POST");
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, method });
    this.note(method, path, response.status, response.headers);
    return response;
  }

  /** Notes an answer. */
  note(method: string, path: string, status: number, headers: Headers): void {
    if (status === 405) return; // of methods that are not described
    const parts = new URL(path, "http://x").pathname.split("/");
    if (parts[1] === "hooks") parts[2] = "{token}";
    if (parts[1] === "rooms" && parts.length > 2) parts[2] = "{name}";
    const type = headers.get("content-type")?.split(";")[0];
    const answer = `${method === "HEAD" ? "GET" : method} ${parts.join("/")} ${status} ${type}`;
    this.seen.add(answer);
    assert(DESCRIBED.has(answer), `not described: ${answer}`);
  }

  /** The status and the text of an answer; of problem details, the sentence. */
  async ask(path: string, init?: RequestInit): Promise<[number, string]> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    const isProblem = response.headers.get("content-type") === "application/problem+json";
    return [response.status, isProblem ? JSON.parse(text).detail : text];
  }

  /** Posts to a path. */
  post(path: string, body: string | object, headers: Record<string, string> = {}): Promise<[number, string]> {
    const isJson = typeof body !== "string";
    const fields = { ...isJson && { "content-type": "application/json" }, ...headers };
    return this.ask(path, { method: "POST", body: isJson ? JSON.stringify(body) : body, headers: fields });
  }

  /** Registers an account. */
  async register(name: string, password = "open sesame"): Promise<void> {
    await this.accounts.auth.register({ ...CALLER, address: `2001:db8::${name.length}` }, name, password, () => true);
  }

  /** Makes a token, and registers its account if that is not. */
  async token(account: string, scope: Scope = { readOnly: false, room: undefined }, name = "curl"): Promise<string> {
    if (this.accounts.auth.find(account) === undefined) await this.register(account);
    const made = await this.accounts.accounts.tokens.add(account, name, "host", scope);
    if (typeof made === "string") throw new Error(`Cannot add a token: ${made}`);
    return made.secret;
  }

  /** Connects a member, and has it join rooms. */
  member(nick: string, ...rooms: string[]): Member {
    const identity = { user: "~user", host: "host", realname: "" };
    const { member } = this.chat.connect(nick, identity, textFormat(100), new FakeConnection());
    for (const room of rooms) this.chat.join(member, room);
    return member;
  }

  /** Has a member say something, and delivers it. */
  say(member: Member, room: string, text: string): void {
    this.chat.say(member, this.chat.findRoom(room), text);
    this.chat.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.api.streams.close();
    this.#listener.close();
    await this.accounts[Symbol.asyncDispose]();
  }
}

/** The fields of a request with a token. */
export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Reads the body of an answer line by line. */
export class LineReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line; `undefined` at the end. */
  async next(): Promise<string | undefined> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const [line, rest] = this.#text.split(/\n([^]*)/);
    this.#text = rest!;
    return line;
  }

  /** The data of the next server-sent event, with its name and id. */
  async event(): Promise<{ id?: string; event?: string; data: Record<string, unknown> } | undefined> {
    const fields: Record<string, string> = {};
    for (let line = await this.next(); line !== undefined; line = await this.next()) {
      if (line === "" && fields.data !== undefined) return { ...fields, data: JSON.parse(fields.data) };
      const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
      if (name !== undefined) fields[name] = value!;
    }
    return undefined;
  }

  /** Ends the stream. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
