/**
 * Serves uploaded files at `/f/ID/NAME`. Images, sound and films are shown by browsers; all others are downloaded.
 *
 * The content of a file comes from its uploader, so browsers have to use the type that the server gives it, must not run anything
 * in it, and must not let other sites embed it.
 */
import { ifNoneMatch } from "@std/http/etag";
import { StoreError } from "../../chat/store.ts";
import { CHUNK_SIZE, type FileStore, type StoredFile } from "../../files/file_store.ts";
import { isFileId } from "../../files/links.ts";
import { ENDINGS, isMedia, isShown, UNKNOWN_TYPE } from "../../files/types.ts";
import type { HttpAnswer } from "../../transport/connection.ts";
import { networksOf } from "../../util/address_ranges.ts";
import { NetworkLimiter } from "../../util/network_limiter.ts";
import { problemResponse } from "../../util/problem.ts";
import type { TimeSlicer } from "../time_slicer.ts";
import { disposition } from "./disposition.ts";
import { readRange } from "./ranges.ts";
import type { Call, Resource } from "./router.ts";

/** The fields of all files. */
const SECURITY = {
  "content-security-policy": "default-src 'none'; sandbox",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** How long a browser may keep a file, in seconds: it may be deleted here meanwhile. */
const CACHE_TIME = 3600;

/** The parts of the server that the resource uses. */
export interface DownloadContext {
  readonly files: FileStore;
  /** Shares the time for reading chunks between networks. */
  readonly slicer: TimeSlicer;
  /** In a cluster, gets a file of another node into the store. */
  readonly fetch?: ((id: string) => Promise<"found" | "missing" | "unreachable" | "busy">) | undefined;
}

/** How many files a minute one network may request that this node does not have; those around it have multiples of that. */
export const FETCH_RATE = 60;

const MINUTE = 60_000;

/** The resources of uploaded files. */
export function downloadResources(context: DownloadContext): Resource[] {
  const rate = new NetworkLimiter({ limit: FETCH_RATE, time: MINUTE });
  const operations = { GET: { answer: (call: Call) => download(call, context, rate) } };
  return ["/f/{id}/{name}", "/f/{id}/{size}/{name}"].map((path) => ({ path, operations, public: true }));
}

async function download(call: Call, context: DownloadContext, rate: NetworkLimiter): Promise<HttpAnswer> {
  try {
    return await fetchFirst(call, context, rate) ?? answer(call, context);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return later(503, "Not available", "The file cannot be read right now.");
  }
}

/** A problem that may be over when the client tries again. */
function later(status: number, title: string, detail: string): Response {
  return problemResponse(status, title, detail, { "retry-after": "5" });
}

/** Gets a file of another node, and answers then; `undefined` if that is not needed, or not possible. */
function fetchFirst(call: Call, context: DownloadContext, rate: NetworkLimiter): Promise<HttpAnswer> | undefined {
  const { params: { id = "" }, client: { address } } = call;
  const { files, fetch } = context;
  if (fetch === undefined || !isFileId(id) || files.find(id) !== undefined) return undefined;
  if (!rate.take(networksOf(address), performance.now())) {
    return Promise.resolve(later(429, "Too many requests", "Too many requests for files from your network."));
  }
  return fetch(id).then(
    (outcome) => {
      if (outcome === "busy") return later(503, "Busy", "Too many files are fetched from other nodes.");
      if (outcome !== "unreachable") return answer(call, context);
      return later(503, "Not available", "Another node may have the file, but does not answer right now.");
    },
    (error) => {
      if (!(error instanceof StoreError)) throw error;
      return later(503, "Cannot be stored", `The file cannot be fetched: ${error.message}.`);
    },
  );
}

function answer({ request, params, client }: Call, { files, slicer }: DownloadContext): HttpAnswer {
  const file = findFile(files, params);
  if (file === undefined) return problemResponse(404, "Not found", "There is no such file, or no longer.");
  const etag = `"${file.id}"`;
  const shown = isShown(file.type);
  const headers: Record<string, string> = {
    ...SECURITY,
    etag,
    "cache-control": `private, max-age=${CACHE_TIME}`,
    "accept-ranges": isMedia(file.type) ? "bytes" : "none",
  };
  if (!ifNoneMatch(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  const { size } = file;
  const range = isMedia(file.type) ? rangeOf(request, etag, size) : undefined;
  if (range === "unsatisfiable") {
    const fields = { ...headers, "content-range": `bytes */${size}` };
    return problemResponse(416, "Range not satisfiable", `The file has ${size} bytes.`, fields);
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  if (range !== undefined) headers["content-range"] = `bytes ${first}-${last}/${size}`;
  headers["content-type"] = shown ? file.type : UNKNOWN_TYPE;
  headers["content-disposition"] = disposition(shown ? "inline" : "attachment", nameOf(file));
  headers["content-length"] = String(last - first + 1);
  const networks = networksOf(client.address).toReversed();
  const read = (index: number) => slicer.run(() => files.read(file.id, index), { networks });
  return { status: range === undefined ? 200 : 206, headers, stream: streamOf(read, first, last) };
}

/** The name for a browser that saves a file: with an ending of its type, by which programs will open it. */
function nameOf({ name, type }: StoredFile): string {
  const [usual, ...others] = ENDINGS.get(type) ?? [];
  if (usual === undefined) return name;
  return [usual, ...others].some((ending) => name.toLowerCase().endsWith(ending)) ? name : name + usual;
}

/** The file of a path, whose every part has to be that of the link. */
function findFile(files: FileStore, { id = "", name, size }: Call["params"]): StoredFile | undefined {
  if (!isFileId(id)) return undefined;
  const file = files.find(id);
  if (file === undefined || file.name !== name) return undefined;
  return size === (file.width === undefined ? undefined : `${file.width}x${file.height}`) ? file : undefined;
}

function rangeOf({ headers }: Request, etag: string, size: number) {
  const condition = headers.get("if-range");
  if (condition !== null && condition !== etag) return undefined; // a date, or the tag of another file
  return readRange(headers.get("range"), size);
}

/** The bytes of a file from one to another, inclusive, a chunk at a time. Fails if the file is deleted meanwhile. */
function streamOf(
  read: (index: number) => Uint8Array<ArrayBuffer> | undefined | Promise<Uint8Array<ArrayBuffer> | undefined>,
  first: number,
  last: number,
): ReadableStream<Uint8Array> {
  let at = first;
  return new ReadableStream({
    async pull(controller) {
      const start = Math.floor(at / CHUNK_SIZE) * CHUNK_SIZE;
      const chunk = await read(start / CHUNK_SIZE);
      if (chunk === undefined) return controller.error(new FileGoneError());
      controller.enqueue(chunk.subarray(at - start, last + 1 - start));
      at = start + CHUNK_SIZE;
      if (at > last) controller.close();
    },
  }, { highWaterMark: 0 });
}

/** A file was deleted while it was sent. */
class FileGoneError extends Error {
  override name = "FileGoneError";
  override message = "The file was deleted while it was sent";
}
