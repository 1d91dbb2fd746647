/** Parts of a node: the queue of commands, leases, checksums, snapshots, figures. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { COMMANDS_MAX } from "../../src/cluster/batches.ts";
import { Checksums } from "../../src/cluster/checksums.ts";
import {
  CHECKSUMS_MAX,
  COMMANDS_QUEUED_BYTES_MAX,
  COMMANDS_QUEUED_MAX,
  LEASE_BEATS,
} from "../../src/cluster/cluster_limits.ts";
import { EncodeError } from "../../src/cluster/codec_errors.ts";
import { STRING_MAX } from "../../src/cluster/codecs.ts";
import { CommandQueue, type Entry } from "../../src/cluster/command_queue.ts";
import { AppendFigures } from "../../src/cluster/figures.ts";
import { Lease } from "../../src/cluster/lease.ts";
import { BATCH_MAX, CHUNK_MAX } from "../../src/cluster/log_limits.ts";
import type { LivingNode } from "../../src/cluster/membership.ts";
import { packSnapshot, readSnapshot, type SnapshotHead } from "../../src/cluster/snapshot.ts";

function entry(text: string): Entry<string> {
  return { command: { op: "notice", text }, own: undefined, waits: true, applied() {}, rejected() {} };
}

Deno.test("command queue: a command is rejected when as many as allowed wait", () => {
  const queue = new CommandQueue<string>();
  for (let i = 0; i < COMMANDS_QUEUED_MAX; i++) queue.add(entry("x"), 1);
  assertEquals(assertThrows(() => queue.add(entry("x"), 1), ChatError).code, "cluster-busy");
  assertEquals(queue.take(1).entries.length, COMMANDS_MAX);
  queue.add(entry("x"), 1);
  assertEquals(queue.length, COMMANDS_QUEUED_MAX - COMMANDS_MAX + 1);
});

Deno.test("command queue: a command is rejected when as many bytes as allowed wait", () => {
  const queue = new CommandQueue<string>();
  const text = "x".repeat(STRING_MAX);
  let count = 0;
  assertThrows(() => {
    for (; count < COMMANDS_QUEUED_MAX; count++) queue.add(entry(text), 1);
  }, ChatError);
  assertEquals(count, Math.ceil(COMMANDS_QUEUED_BYTES_MAX / (STRING_MAX + '["no",""],'.length)));
  // All that was taken is counted out again.
  while (queue.length > 0) queue.take(1);
  for (let i = 0; i < count; i++) queue.add(entry(text), 1);
  assertThrows(() => queue.add(entry(text), 1), ChatError);
  assertEquals(queue.clear().length, count);
  queue.add(entry(text), 1);
});

Deno.test("command queue: what is taken at once fits into a batch, and is in order", () => {
  const queue = new CommandQueue<string>();
  const texts = Array.from({ length: 30 }, (_, i) => String.fromCharCode(97 + i % 26).repeat(60_000 - i));
  for (const text of texts) queue.add(entry(text), 1);
  const taken: string[] = [];
  while (queue.length > 0) {
    const { entries, encoded } = queue.take(1);
    assert(encoded.join().length < BATCH_MAX);
    assert(entries.length > 0);
    taken.push(...encoded);
  }
  assertEquals(taken, texts.map((text) => `["no","${text}"]`));
});

Deno.test("command queue: a command that cannot be encoded is not added", () => {
  const queue = new CommandQueue<string>();
  assertThrows(() => queue.add(entry("x".repeat(STRING_MAX + 1)), 1), EncodeError);
  assertEquals(queue.length, 0);
});

const node = (incarnation: number) => ({ incarnation }) as LivingNode;

Deno.test("lease: a node is gone when it was silent for ten own beats, and not before", () => {
  const lease = new Lease();
  lease.heard(7);
  for (let beat = 1; beat < LEASE_BEATS; beat++) assertEquals(lease.beat([node(7)]), []);
  assertEquals(lease.beat([node(7)]), [node(7)]);
  lease.heard(7);
  for (let beat = 1; beat < LEASE_BEATS; beat++) assertEquals(lease.beat([node(7)]), []);
  lease.reset();
  assertEquals(lease.beat([node(7)]), []);
});

Deno.test("lease: a node that was never heard is gone after ten own beats", () => {
  const lease = new Lease();
  for (let beat = 1; beat < LEASE_BEATS; beat++) assertEquals(lease.beat([node(7)]), []);
  assertEquals(lease.beat([node(7)]), [node(7)]);
});

Deno.test("checksums: as many as CHECKSUMS_MAX are remembered", () => {
  const checksums = new Checksums();
  for (let sequence = 1; sequence <= CHECKSUMS_MAX + 1; sequence++) checksums.remember({ sequence, value: sequence });
  assertEquals(checksums.size, CHECKSUMS_MAX);
  assertEquals(checksums.differing({ sequence: 1, value: 0 }), undefined); // forgotten
  assertEquals(checksums.differing({ sequence: 2, value: 0 }), 2);
  assertEquals(checksums.differing({ sequence: 2, value: 2 }), undefined);
  assertEquals(checksums.compared, 2);
});

const HEAD: SnapshotHead = {
  created: "now",
  sequence: 12,
  now: 1000,
  membership: { nodes: [], nextNumber: 3, settings: [["a", "b"]], version: 1 },
  founding: undefined,
};

Deno.test("snapshot: records are the same when they were packed into chunks and read", async () => {
  const records = [[1, 2], { a: "ü\n" }, "€".repeat(700_000), "🍵".repeat(500_000), "", null];
  const chunks = await packSnapshot(HEAD, records);
  assert(chunks.length > 5);
  for (const chunk of chunks) assert(chunk.length <= CHUNK_MAX);
  const { head, records: read } = readSnapshot(chunks);
  assertEquals({ created: head.created, sequence: head.sequence, now: head.now, membership: head.membership }, {
    created: HEAD.created,
    sequence: HEAD.sequence,
    now: HEAD.now,
    membership: HEAD.membership,
  });
  assertEquals([...read], records);
});

Deno.test("snapshot: an incomplete or other one is not read", async () => {
  const chunks = await packSnapshot(HEAD, ["record", "x".repeat(400_000)]);
  assertThrows(() => [...readSnapshot(chunks.slice(0, -1)).records], SyntaxError);
  assertThrows(() => readSnapshot([]), SyntaxError);
  assertThrows(() => readSnapshot([new TextEncoder().encode('{"format":2}\n')]), SyntaxError);
});

Deno.test("append figures: the slowest append and the last one are told apart", () => {
  const figures = new AppendFigures();
  figures.add(10, 7);
  figures.add(20, 3);
  assertEquals([figures.appended, figures.appendedBytes, figures.appendTime, figures.slowestAppend], [2, 30, 3, 7]);
});
