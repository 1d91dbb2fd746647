/** A store of files, the resources for them, and clients, for tests. */
import { accountOwner } from "../../../src/files/links.ts";
import { sniff } from "../../../src/files/sniff.ts";
import { Database } from "../../../src/history/database.ts";
import { SqliteHistory } from "../../../src/history/sqlite.ts";
import { type DownloadContext, downloadResources } from "../../../src/protocol/http/downloads.ts";
import { ApiError, errorResponse, notLoggedIn } from "../../../src/protocol/http/api_error.ts";
import { type Call, Router } from "../../../src/protocol/http/router.ts";
import { type UploadContext, type Uploader, uploadResources } from "../../../src/protocol/http/uploads.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import type { HttpAnswer, HttpClient } from "../../../src/transport/connection.ts";

/** A client of the web port. */
export const CLIENT: HttpClient = {
  address: "192.0.2.1",
  peer: "192.0.2.1:1",
  secure: false,
  evictable: undefined,
  foreign: false,
};

/** The answer to a request. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The body as JSON. */
  readonly json: Record<string, unknown>;
}

/** The web port of a server with files in memory. The name of an account is its token. */
export class FileSite implements Disposable {
  readonly history: SqliteHistory;
  readonly database = Database.inMemory();
  readonly posted: string[] = [];
  /** The rooms that reject a link. */
  readonly closed = new Set<string>();
  readonly #router: Router;

  constructor(change: Partial<UploadContext> = {}, fetch?: DownloadContext["fetch"]) {
    this.history = new SqliteHistory(this.database);
    const slicer = new TimeSlicer(undefined, undefined, Infinity);
    const files = this.history.files;
    this.#router = new Router([
      ...downloadResources({ files, slicer, fetch }),
      ...uploadResources({
        files,
        slicer,
        sniff,
        maxFile: 1024 * 1024,
        identify: (call) => this.#uploader(call),
        operation: (answer, bodyLimit) => ({ bodyLimit, answer: (call) => answer(call).catch(problem) }),
        originOf: () => "https://chat.example",
        ...change,
      }),
    ]);
  }

  get files() {
    return this.history.files;
  }

  /** The length of the body that a request may have. */
  bodyLimit(method: string, path: string): number {
    return this.#router.bodyLimit(method, path);
  }

  /** Answers a request to its end. */
  async request(
    method: string,
    path: string,
    init: RequestInit = {},
    client: Partial<HttpClient> = {},
  ): Promise<Answered> {
    const answer = await this.answer(method, path, init, client);
    const headers = new Headers(answer.headers);
    const body = answer instanceof Response ? answer.body : method === "HEAD" ? null : answer.stream;
    const bytes = await new Response(body).bytes();
    const isJson = headers.get("content-type")?.endsWith("json");
    const json = isJson ? JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown> : {};
    return { status: answer.status, headers, bytes, json };
  }

  /** The answer to a request, before its body is read. */
  async answer(method: string, path: string, init: RequestInit, client: Partial<HttpClient> = {}): Promise<HttpAnswer> {
    const request = new Request(`https://chat.example${path}`, { method, ...init });
    const answer = await this.#router.answer(request, { ...CLIENT, ...client });
    if (answer === undefined) throw new Error(`There is no resource at ${path}`);
    return answer;
  }

  /** Uploads a file of alice; returns the path of its link. */
  async upload(bytes: Uint8Array<ArrayBuffer>, name = "a"): Promise<string> {
    const { json } = await this.request("PUT", `/files/${name}`, { body: bytes, headers: ALICE });
    return String(json["path"]);
  }

  [Symbol.dispose](): void {
    this.history.close();
  }

  async #uploader({ request, params }: Call): Promise<Uploader> {
    await Promise.resolve();
    const name = request.headers.get("authorization") ?? "";
    if (name === "") throw notLoggedIn("Log in first.");
    const room = params["name"];
    if (room === "secret") throw new ApiError(403, "It is secret.");
    if (room === undefined) return { owner: accountOwner(name) };
    return {
      owner: accountOwner(name),
      post: async (text) => {
        await Promise.resolve();
        if (this.closed.has(room)) throw new ApiError(403, "It is closed.");
        this.posted.push(`${room} ${text}`);
      },
    };
  }
}

/** The response to an error of the API; all others are thrown. */
function problem(error: unknown): Response {
  const response = errorResponse(error);
  if (response === undefined) throw error;
  return response;
}

export const ALICE = { authorization: "alice" };
