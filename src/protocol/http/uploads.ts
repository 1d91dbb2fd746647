/**
 * Takes uploads of files: `POST /files` and `PUT /files/NAME` store one, `/rooms/NAME/files` posts its link to the room as well.
 *
 * A file becomes visible when its last byte is stored. Of an upload that ends before that, nothing is left.
 */
import { StoreError } from "../../chat/store.ts";
import type { FileStore, StoredFile } from "../../files/file_store.ts";
import { fileName, newFileId, pathOf } from "../../files/links.ts";
import type { Sniffer } from "../../files/types.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { NetworkLimiter } from "../../util/network_limiter.ts";
import { problemResponse } from "../../util/problem.ts";
import type { TimeSlicer } from "../time_slicer.ts";
import { nameIn } from "./disposition.ts";
import type { HttpAnswer } from "../../transport/connection.ts";
import type { Call, Operation, Resource } from "./router.ts";
import { whenReady, writeBody } from "./upload_body.ts";

/** The most uploads at a time: of all clients, and of one account or guest's host. */
export const UPLOADS_MAX = 32;
export const UPLOADS_OF_OWNER_MAX = 4;

/** How many uploads a minute a network may begin; those around it have multiples of that. */
export const UPLOAD_RATE = 30;

const MINUTE = 60_000;

/** The client that uploads. */
export interface Uploader {
  /** As `accountOwner` or `hostOwner` returns it. */
  readonly owner: string;
  /** Says a link in the room that the path names. Rejects if the room does not accept it. Without a room, there is none. */
  readonly post?: (text: string) => Promise<void>;
}

/** The parts and settings of the server that the resources use. */
export interface UploadContext {
  readonly files: FileStore;
  /** The most bytes of a file. */
  readonly maxFile: number;
  /** Identifies the client of a request. Rejects if it may not upload to the path. */
  readonly identify: (call: Call) => Promise<Uploader>;
  /** Makes an operation of a function that may reject. */
  readonly operation: (answer: (call: Call) => Promise<HttpAnswer>, bodyLimit: number) => Operation;
  readonly sniff: Sniffer;
  /** The origin of the link to a file, such as `https://chat.example.org`. */
  readonly originOf: (call: Call) => string;
  /** Shares the time for writing chunks between networks. */
  readonly slicer: TimeSlicer;
  /** Uploads a network may begin a minute. Default: {@linkcode UPLOAD_RATE}; Infinity for no limit. */
  readonly rate?: number | undefined;
  /** Called with the details of each upload, for the log. */
  readonly onStored?: (file: StoredFile, call: Call) => void;
}

/** The resources for uploads. Those with a room post the link there. */
export function uploadResources(context: UploadContext): Resource[] {
  const uploads = new Uploads(context);
  const { answer, ...others } = context.operation((call) => uploads.take(call), context.maxFile);
  const operation = { ...others, answer: async (call: Call) => withoutDialog(await answer(call)) };
  const options = {
    answer: () => new Response(null, { status: 204, headers: { allow: "OPTIONS, POST", "accept-post": "*/*" } }),
  };
  return resourcesWith(operation, { OPTIONS: options });
}

/** The resources of a server that takes no files: they answer 404, and read no body. */
export function resourcesWithoutUploads(): Resource[] {
  return resourcesWith({
    bodyLimit: Infinity,
    answer: () =>
      problemResponse(404, "No uploads", "This server takes no files: it runs without --data, or with --uploads off."),
  });
}

function resourcesWith(upload: Operation, others: Resource["operations"] = {}): Resource[] {
  return [
    { path: "/files", operations: { POST: upload, ...others } },
    { path: "/files/{file}", operations: { PUT: upload } },
    { path: "/rooms/{name}/files", operations: { POST: upload, PUT: upload } },
    { path: "/rooms/{name}/files/{file}", operations: { PUT: upload } },
  ];
}

/** Removes the challenge to log in by Basic: a browser would open a dialog when the login of the page is rejected. */
function withoutDialog(answer: HttpAnswer): HttpAnswer {
  if (answer instanceof Response && answer.status === 401) {
    answer.headers.set("www-authenticate", 'Bearer realm="tincan"');
  }
  return answer;
}

class Uploads {
  readonly #context: UploadContext;
  readonly #rate: NetworkLimiter;
  readonly #owners = new Map<string, number>(); // uploads in progress
  #count = 0;

  constructor(context: UploadContext) {
    this.#context = context;
    this.#rate = new NetworkLimiter({ limit: context.rate ?? UPLOAD_RATE, time: MINUTE });
  }

  async take(call: Call): Promise<Response> {
    const { request: { body }, client } = call;
    if (body === null) return problemResponse(400, "Empty file", "The file is empty: it needs at least one byte.");
    if (!this.#rate.take(networksOf(client.address), performance.now())) {
      return problemResponse(429, "Too many uploads", "Too many uploads from your network. Try again in a minute.", {
        "retry-after": "60",
      });
    }
    const uploader = await this.#context.identify(call);
    return await this.#admitted(call, uploader, () => this.#store(call, body, uploader));
  }

  /** Runs an upload, if there may be one more. */
  async #admitted({ request }: Call, { owner }: Uploader, run: () => Promise<Response>): Promise<Response> {
    const { files } = this.#context;
    const later = { "retry-after": "10" };
    const own = this.#owners.get(owner) ?? 0;
    if (own >= UPLOADS_OF_OWNER_MAX || this.#count >= UPLOADS_MAX) {
      const whose = own >= UPLOADS_OF_OWNER_MAX ? "you" : "all users";
      return problemResponse(429, "Too many uploads", `Too many uploads of ${whose} at once. Try again soon.`, later);
    }
    const size = Number(request.headers.get("content-length") ?? 0);
    if (files.writing + size > files.max) {
      return problemResponse(507, "No room", "Other uploads take all the space there is. Try again soon.", later);
    }
    this.#owners.set(owner, own + 1);
    this.#count++;
    try {
      return await run();
    } finally {
      this.#count--;
      const left = this.#owners.get(owner)! - 1;
      if (left === 0) this.#owners.delete(owner);
      else this.#owners.set(owner, left);
    }
  }

  async #store(call: Call, body: ReadableStream<Uint8Array>, uploader: Uploader): Promise<Response> {
    const { files, sniff, slicer, originOf, onStored } = this.#context;
    const target = { files, slicer, networks: networksOf(call.client.address).toReversed() };
    let file: StoredFile;
    try {
      const { writer, head } = await writeBody(body, target);
      try {
        if (writer.size === 0) {
          return problemResponse(400, "Empty file", "The file is empty: it needs at least one byte.");
        }
        const { ending, ...kind } = await sniff(head);
        const name = fileName(
          call.params["file"] ?? nameIn(call.request.headers.get("content-disposition")) ?? `file${ending}`,
        );
        const details = { id: newFileId(), name, ...kind, owner: uploader.owner, at: Date.now() };
        file = await whenReady(target, () => writer.finish(details));
      } finally {
        writer.abort();
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return problemResponse(507, "Cannot be stored", `The file cannot be stored: ${error.message}.`);
    }
    const path = pathOf(file);
    const url = originOf(call) + path;
    try {
      await uploader.post?.(url);
    } catch (error) {
      await whenReady(target, () => files.delete(file.id));
      throw error;
    }
    onStored?.(file, call);
    const { id, name, type, size, width, height } = file;
    return new Response(`${JSON.stringify({ url, path, id, name, type, size, width, height })}\n`, {
      status: 201,
      headers: {
        "content-type": "application/json",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        location: url,
      },
    });
  }
}
