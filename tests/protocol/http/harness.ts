/** A web port with the HTTP API and files, and accounts in a database of its own. All its answers have to be described. */
import { assert, assertEquals } from "@std/assert";
import type { AuthOptions } from "../../../src/accounts/auth.ts";
import type { ChatOptions } from "../../../src/chat/chat_options.ts";
import type { LocalChat } from "../../../src/chat/local_chat.ts";
import type { Member } from "../../../src/chat/member.ts";
import type { Scope } from "../../../src/chat/scope.ts";
import { sniff } from "../../../src/files/sniff.ts";
import { Database } from "../../../src/history/database.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { SqliteHistory } from "../../../src/history/sqlite.ts";
import { Api, type ApiOptions } from "../../../src/protocol/http/api.ts";
import { type DownloadContext, downloadResources } from "../../../src/protocol/http/downloads.ts";
import { apiResources } from "../../../src/protocol/http/resources.ts";
import { type Resource, Router } from "../../../src/protocol/http/router.ts";
import { identifyUploader } from "../../../src/protocol/http/uploader.ts";
import { type UploadContext, uploadResources } from "../../../src/protocol/http/uploads.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import type { HttpTimes } from "../../../src/transport/http.ts";
import { listenWeb, type WebListener } from "../../../src/transport/web.ts";
import { AuthFixture, CALLER } from "../../accounts/helpers.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { chatForProtocols } from "../../delayed_chat.ts";
import { webOptions } from "../../transport/ports.ts";
import openapi from "../../../src/protocol/http/openapi.json" with { type: "json" };

/** An answer, or a reference to one of `components`. */
interface Described {
  readonly $ref?: string;
  readonly content?: object;
  readonly headers?: object;
}

/** Answers that the description has, such as `POST /rooms/{name} 201 application/json`, and the header fields of each. */
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map(described());
export const DESCRIBED: ReadonlySet<string> = new Set(FIELDS.keys());

function* described(): Generator<[answer: string, fields: string[]]> {
  const shared: Record<string, Described> = openapi.components.responses;
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!("responses" in operation)) continue;
      for (const [status, response] of Object.entries<Described>(operation.responses)) {
        const { content = { none: {} }, headers = {} } = shared[response.$ref?.split("/").at(-1) ?? ""] ?? response;
        for (const type of Object.keys(content)) {
          yield [`${method.toUpperCase()} ${path} ${status} ${type}`, Object.keys(headers)];
        }
      }
    }
  }
}

/** The path in the description, such as `/rooms/{name}`, that matches a path; the path itself if none does. */
function describedPath(path: string): string {
  const given = path.split("/");
  const isOf = (parts: string[]) =>
    parts.length === given.length && parts.every((part, i) => part.startsWith("{") || part === given[i]);
  return Object.keys(openapi.paths).find((each) => isOf(each.split("/"))) ?? path;
}

/** The most bytes of an uploaded file. */
export const FILE_MAX = 1000;

/** Options that are not the default. */
export interface ApiServerOptions {
  readonly api?: Partial<ApiOptions>;
  readonly chat?: Partial<ChatOptions>;
  readonly auth?: AuthOptions;
  readonly times?: Partial<HttpTimes>;
  readonly uploads?: Partial<UploadContext>;
  /** Gets a file of another node. */
  readonly fetch?: DownloadContext["fetch"];
}

/** A server of the API. */
export class ApiServer implements AsyncDisposable {
  /** The answers so far, as in {@linkcode DESCRIBED}. */
  readonly seen = new Set<string>();
  readonly #listener: WebListener;
  readonly #history: SqliteHistory; // for the files alone

  private constructor(
    readonly accounts: AuthFixture,
    readonly chat: LocalChat,
    readonly api: Api,
    readonly resources: readonly Resource[],
    history: SqliteHistory,
    listener: WebListener,
  ) {
    this.#history = history;
    this.#listener = listener;
  }

  static async open(
    { api = {}, chat: options, auth, times = {}, uploads, fetch }: ApiServerOptions = {},
  ): Promise<ApiServer> {
    const accounts = await AuthFixture.open(auth);
    // As rounds of the fan-out do.
    const flushWanted = () => queueMicrotask(() => chat.flush());
    const loginsEnded = (account: string) => made.streams.endLogins(account);
    const observer = { flushWanted, loginsEnded };
    const chat: LocalChat = accounts.chat({ history: new MemoryHistory(), observer, ...options });
    const all: ApiOptions = {
      chat: chatForProtocols(chat),
      auth: accounts.auth,
      hostOf: (address) => `of-${address}`,
      slicer: new TimeSlicer(() => 0),
      limitsNetworks: true,
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
    const [made, history] = [new Api(all), new SqliteHistory(Database.inMemory())];
    const { files } = history;
    const slicer = new TimeSlicer(undefined, undefined, Infinity);
    const resources = [
      ...downloadResources({ files, slicer, fetch }),
      ...uploadResources({
        files,
        slicer,
        sniff,
        maxFile: FILE_MAX,
        rate: Infinity,
        identify: (call) => identifyUploader(call, made, "everyone"),
        operation: (answer, bodyLimit) => made.operation(answer, bodyLimit),
        originOf: ({ url }) => url.origin,
        ...uploads,
      }),
      ...apiResources(made),
    ];
    const router = new Router(resources);
    const listener = await listenWeb({
      ...webOptions(),
      times: { head: 60_000, idle: 60_000, body: 60_000, response: 60_000, linger: 100, total: 60_000, ...times },
      respond: (request, client) => router.answer(request, client) ?? new Response("page", { status: 404 }),
      bodyLimit: (method, path) => router.bodyLimit(method, path),
    });
    return new ApiServer(accounts, chat, made, resources, history, listener);
  }

  /** The store of the uploaded files. */
  get files(): SqliteHistory["files"] {
    return this.#history.files;
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

  /** Notes an answer: it has to be described, and to have the header fields that are. */
  note(method: string, path: string, status: number, headers: Headers): void {
    if (status === 405) return; // of methods that are not described
    const type = headers.get("content-type")?.split(";")[0] ?? "none";
    const { pathname } = new URL(path, "http://x");
    const start = `${method === "HEAD" ? "GET" : method} ${describedPath(pathname)} ${status}`;
    const range = `${start} ${type.replace(/\/.*/, "/*")}`; // such as image/*
    const answer = FIELDS.has(range) ? range : `${start} ${type}`;
    this.seen.add(answer);
    const fields = FIELDS.get(answer);
    assert(fields !== undefined, `not described: ${answer}`);
    assertEquals(fields.filter((name) => !headers.has(name)), [], `fields of ${answer}`);
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
    this.#history.close();
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
