/**
 * Uploaded files in a cluster: a node that is asked for a file which it does not have gets it from the node that has it, once, and
 * keeps it.
 *
 * Each node answers on a topic of its own. So all other nodes can be asked, one after the other, and a file that no node has
 * is known not to be there.
 */
import type { FileStore, StoredFile } from "../files/file_store.ts";
import { isFileId } from "../files/links.ts";
import type { Answer } from "./peer_requests.ts";

/** The most files that are fetched at the same time. */
export const FETCHES_MAX = 4;

/** For how long a file that no node has is not asked for again, in milliseconds, and how many of those are remembered. */
export const MISS_TIME = 10_000;
export const MISSES_MAX = 1000;

/** For how long a chunk waits for a database that another program has locked, and between attempts, in milliseconds. */
const LOCK_TIME = 5000;
const LOCK_PAUSE = 20;

/**
 * What has become of a request for a file: `missing` if no node has it, `unreachable` if a node that may have it does not answer,
 * `busy` if too many are fetched.
 */
export type Fetched = "found" | "missing" | "unreachable" | "busy";

/** Asks a peer: see `ClusterNode.ask`. */
export type AskPeer = (topic: string, question: Uint8Array<ArrayBuffer>) => AsyncIterable<Uint8Array>;

/** The topic on which a node answers. @param number That of the node. */
export function fileTopic(number: number): string {
  return `file${number}`;
}

/** Answers questions for files: with the details, and then each chunk; with nothing if there is no such file. The question is the id. */
export function serveFiles(store: FileStore): Answer {
  return function* (question) {
    const id = new TextDecoder().decode(question);
    const file = isFileId(id) ? store.find(id) : undefined;
    if (file === undefined) return;
    yield new TextEncoder().encode(JSON.stringify(file));
    let sent = 0;
    for (let index = 0; sent < file.size; index++) {
      const chunk = store.read(id, index);
      if (chunk === undefined) throw new Error("the file was deleted");
      yield chunk;
      sent += chunk.length;
    }
  };
}

/** Fetches files of other nodes. */
export class FileFetcher {
  readonly #store: FileStore;
  readonly #ask: AskPeer;
  readonly #topics: () => readonly string[];
  readonly #now: () => number;
  readonly #running = new Map<string, Promise<Fetched>>();
  readonly #misses = new Map<string, number>(); // until when, the oldest first

  /**
   * @param topics Those of the other nodes.
   * @param now The time in milliseconds, on a monotonic clock.
   */
  constructor(store: FileStore, ask: AskPeer, topics: () => readonly string[], now = () => performance.now()) {
    this.#store = store;
    this.#ask = ask;
    this.#topics = topics;
    this.#now = now;
  }

  /**
   * Has a file in the store that another node has. Requests for the same file wait for the same answer.
   *
   * @throws {StoreError}
   */
  async fetch(id: string): Promise<Fetched> {
    const running = this.#running.get(id);
    if (running !== undefined) return await running;
    if (this.#store.wasDeleted(id) || (this.#misses.get(id) ?? -Infinity) > this.#now()) return "missing";
    if (this.#running.size >= FETCHES_MAX) return "busy";
    const fetching = this.#fetch(id);
    this.#running.set(id, fetching);
    try {
      return await fetching;
    } finally {
      this.#running.delete(id);
    }
  }

  async #fetch(id: string): Promise<Fetched> {
    let outcome: Fetched = "missing";
    for (const topic of this.#topics()) {
      const each = await this.#fetchFrom(topic, id);
      if (each === "found") return each;
      if (each === "unreachable") outcome = each;
    }
    if (outcome !== "missing") return outcome;
    this.#misses.delete(id);
    this.#misses.set(id, this.#now() + MISS_TIME);
    if (this.#misses.size > MISSES_MAX) this.#misses.delete(this.#misses.keys().next().value!);
    return "missing";
  }

  /** Gets a file of a peer, if that has it. */
  async #fetchFrom(topic: string, id: string): Promise<"found" | "missing" | "unreachable"> {
    const chunks = this.#ask(topic, new TextEncoder().encode(id))[Symbol.asyncIterator]();
    let failed = false;
    const next = async () => {
      try {
        return (await chunks.next()).value as Uint8Array | undefined;
      } catch {
        failed = true;
        return undefined;
      }
    };
    const head = await next();
    if (head === undefined) return failed ? "unreachable" : "missing";
    const { size, ...details } = JSON.parse(new TextDecoder().decode(head)) as StoredFile;
    const writer = this.#store.begin();
    try {
      while (writer.size < size) {
        const chunk = await next();
        if (chunk === undefined || writer.size + chunk.length > size) return failed ? "unreachable" : "missing";
        await this.#whenReady(() => writer.append(chunk));
      }
      if (this.#store.wasDeleted(id)) return "missing"; // in the meantime
      await this.#whenReady(() => writer.finish({ ...details, id }));
      return "found";
    } finally {
      writer.abort();
      await chunks.return?.();
    }
  }

  async #whenReady(change: () => void) {
    const end = this.#now() + LOCK_TIME;
    while (!this.#store.ready && this.#now() < end) await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE));
    change();
  }
}
