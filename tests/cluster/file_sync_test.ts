import { assertEquals, assertRejects } from "@std/assert";
import {
  type AskPeer,
  FETCHES_MAX,
  FileFetcher,
  fileTopic,
  MISS_TIME,
  MISSES_MAX,
  serveFiles,
} from "../../src/cluster/file_sync.ts";
import { CHUNK_SIZE, type StoredFile } from "../../src/files/file_store.ts";
import { newFileId } from "../../src/files/links.ts";
import { Database } from "../../src/history/database.ts";
import { FileTable } from "../../src/history/file_table.ts";
import { Statements } from "../../src/history/statements.ts";
import { StoreError } from "../../src/chat/store.ts";

/** Nodes whose stores are in memory. The last one fetches. */
class Nodes implements Disposable {
  readonly #databases = Array.from({ length: 3 }, () => Database.inMemory());
  readonly stores = this.#databases.map(({ db }) => new FileTable(new Statements(db)));
  readonly asked: string[] = [];
  now = 0;
  readonly fetcher: FileFetcher;

  constructor(change: (ask: AskPeer) => AskPeer = (ask) => ask) {
    const ask: AskPeer = async function* (this: Nodes, topic: string, question: Uint8Array<ArrayBuffer>) {
      this.asked.push(topic);
      yield* serveFiles(this.stores[Number(topic.slice(4))]!)(question);
    }.bind(this);
    this.fetcher = new FileFetcher(this.stores[2]!, change(ask), () => [fileTopic(0), fileTopic(1)], () => this.now);
  }

  /** Stores a file on a node. */
  add(node: number, size: number): StoredFile {
    const writer = this.stores[node]!.begin();
    for (let at = 0; at < size; at += CHUNK_SIZE) {
      writer.append(new Uint8Array(Math.min(CHUNK_SIZE, size - at)).fill(7));
    }
    const details = { name: "a.png", type: "image/png", width: 3, height: 2, owner: "alice", at: 5 };
    return writer.finish({ id: newFileId(), ...details });
  }

  get own(): FileTable {
    return this.stores[2]!;
  }

  [Symbol.dispose](): void {
    for (const database of this.#databases) database.close();
  }
}

Deno.test("file_sync: a file of another node is fetched once, and kept", async () => {
  using nodes = new Nodes();
  const file = nodes.add(1, 2 * CHUNK_SIZE + 3);
  assertEquals(await Promise.all([nodes.fetcher.fetch(file.id), nodes.fetcher.fetch(file.id)]), ["found", "found"]);
  assertEquals([nodes.own.find(file.id), nodes.own.read(file.id, 2)?.length], [file, 3]);
  assertEquals(nodes.asked, ["file0", "file1"]);
});

Deno.test("file_sync: a file that no node has is asked for again only after a while", async () => {
  using nodes = new Nodes();
  const id = newFileId();
  assertEquals([await nodes.fetcher.fetch(id), await nodes.fetcher.fetch(id)], ["missing", "missing"]);
  assertEquals(nodes.asked.length, 2);
  nodes.now += MISS_TIME;
  await nodes.fetcher.fetch(id);
  assertEquals(nodes.asked.length, 4);
  for (let n = 0; n < MISSES_MAX; n++) await nodes.fetcher.fetch(newFileId());
  nodes.asked.length = 0;
  await nodes.fetcher.fetch(id); // the oldest of too many is forgotten
  assertEquals(nodes.asked.length, 2);
});

Deno.test("file_sync: a file that was deleted here is not brought back", async () => {
  using nodes = new Nodes();
  const file = nodes.add(0, 5);
  await nodes.fetcher.fetch(file.id);
  nodes.own.deleteLinked(`/f/${file.id}/a`, { account: "alice", origin: "a!b@c" });
  assertEquals([await nodes.fetcher.fetch(file.id), nodes.own.count], ["missing", 0]);
});

Deno.test("file_sync: too many files at a time are not fetched", async () => {
  const gate = Promise.withResolvers<void>();
  using nodes = new Nodes((ask) =>
    async function* (topic, question) {
      await gate.promise;
      yield* ask(topic, question);
    }
  );
  const files = Array.from({ length: FETCHES_MAX + 1 }, () => nodes.add(0, 1));
  const fetching = files.map(({ id }) => nodes.fetcher.fetch(id));
  assertEquals(await fetching.at(-1), "busy");
  gate.resolve();
  assertEquals(await Promise.all(fetching.slice(0, -1)), Array(FETCHES_MAX).fill("found"));
});

Deno.test("file_sync: nothing is left of a file whose peer ends in the middle, or sends more than it said", async () => {
  for (const broken of ["cut", "long"]) {
    using nodes = new Nodes((ask) =>
      async function* (topic, question) {
        let count = 0;
        for await (const chunk of ask(topic, question)) {
          if (broken === "cut" && count === 2) throw new Error("gone");
          yield chunk;
          if (broken === "long" && count === 1) yield new Uint8Array(CHUNK_SIZE);
          if (broken === "long" && count === 1) yield new Uint8Array(CHUNK_SIZE);
          count++;
        }
      }
    );
    const file = nodes.add(1, 2 * CHUNK_SIZE + 1);
    const outcome = broken === "cut" ? "unreachable" : "missing";
    assertEquals([await nodes.fetcher.fetch(file.id), nodes.own.count, nodes.own.writing], [outcome, 0, 0], broken);
  }
});

Deno.test("file_sync: a node that does not answer may have the file: it is asked again, after the others", async () => {
  let isDown = true;
  using nodes = new Nodes((ask) =>
    async function* (topic, question) {
      if (isDown && topic === "file0") throw new Error("no answer");
      yield* ask(topic, question);
    }
  );
  const [own, other] = [nodes.add(0, 5), nodes.add(1, 5)];
  assertEquals([await nodes.fetcher.fetch(own.id), await nodes.fetcher.fetch(other.id)], ["unreachable", "found"]);
  isDown = false;
  assertEquals(await nodes.fetcher.fetch(own.id), "found");
});

Deno.test("file_sync: an error of the own store is told", async () => {
  using nodes = new Nodes();
  const file = nodes.add(0, 5);
  nodes.own.begin = () => {
    throw new StoreError("the disk is full");
  };
  await assertRejects(() => nodes.fetcher.fetch(file.id), StoreError);
});
