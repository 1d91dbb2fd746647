/** The outbox: order, joining, limits, failures and stalls. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { Outbox } from "../../src/transport/outbox.ts";
import { FakeTimers } from "../fake_timers.ts";
import { outboxTo, Pipe } from "./pipe.ts";

/** Flushes an outbox; resolves when that is done. */
const flush = (outbox: Outbox) => new Promise<void>((resolve) => outbox.flush(() => resolve()));

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("outbox: queued chunks are written in order and joined", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  for (const text of ["a", "b", "c"]) assert(outbox.push(bytes(text)));
  assert(outbox.ready && !outbox.empty);
  const flushed = flush(outbox);
  assert(!outbox.ready, "one write at a time");
  outbox.push(bytes("d"));
  pipe.takeAll();
  await flushed;
  assertEquals(pipe.writes, ["abc"]);
  assert(outbox.ready);
  const again = flush(outbox);
  pipe.takeAll();
  await again;
  assertEquals(pipe.writes, ["abc", "d"]);
  assert(outbox.empty);
  assertEquals(outbox.size, 0);
});

Deno.test("outbox: a single chunk is written without a copy", async () => {
  const chunk = bytes("shared by many");
  let written: Uint8Array | undefined;
  const outbox = outboxTo(10_000, {
    write(bytes) {
      written = bytes;
      return Promise.resolve(bytes.length);
    },
  });
  outbox.push(chunk);
  await flush(outbox);
  assert(written === chunk);
});

Deno.test("outbox: all bytes are written once and in order when each write takes a few of them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 50, unit: "binary-ascii" }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
      async (chunks, takes) => {
        let got = "";
        let i = 0;
        const outbox = outboxTo(100_000, {
          write(bytes) {
            const n = Math.min(takes[i++ % takes.length]!, bytes.length);
            got += new TextDecoder().decode(bytes.subarray(0, n));
            return Promise.resolve(n);
          },
        });
        for (const chunk of chunks) outbox.push(bytes(chunk));
        while (outbox.ready) await flush(outbox);
        assertEquals(got, chunks.join(""));
        assertEquals(outbox.size, 0);
      },
    ),
  );
});

Deno.test("outbox: at most 64 KiB are joined into one write", async () => {
  const sizes: number[] = [];
  const outbox = outboxTo(1_000_000, {
    write(bytes) {
      sizes.push(bytes.length);
      return Promise.resolve(bytes.length);
    },
  });
  for (let i = 0; i < 10; i++) outbox.push(new Uint8Array(20_000));
  outbox.push(new Uint8Array(100_000)); // longer than that by itself
  while (outbox.ready) await flush(outbox);
  assertEquals(sizes, [60_000, 60_000, 60_000, 20_000, 100_000]);
});

Deno.test("outbox: a chunk beyond the limit is not queued, and small chunks cost more than their bytes", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  let count = 0;
  while (outbox.push(bytes("x"))) count++;
  assert(count > 0 && count < 100, `${count} chunks of one byte fit into 10,000`);
  assert(outbox.size <= 10_000);
  const flushed = flush(outbox);
  assert(!outbox.push(bytes("x")), "chunks being written still count");
  pipe.takeAll();
  await flushed;
  assertEquals(pipe.writes, ["x".repeat(count)]);
  assert(outbox.push(bytes("x")));
});

Deno.test("outbox: a failed write closes it and resolves drained", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  outbox.push(bytes("a"));
  const flushed = flush(outbox);
  outbox.push(bytes("b"));
  const drained = Promise.all([outbox.drained(), outbox.drained()]);
  pipe.fail();
  await flushed;
  await drained;
  assert(outbox.failed && outbox.empty && !outbox.ready);
  assert(outbox.push(bytes("c")), "a closed outbox accepts and drops everything");
  assert(outbox.empty);
});

Deno.test("outbox: close drops queued chunks", async () => {
  const outbox = outboxTo(10_000, { write: () => Promise.reject(new Error("not to be called")) });
  outbox.push(bytes("a"));
  const drained = outbox.drained();
  outbox.close();
  await drained;
  assert(outbox.empty && !outbox.failed);
  assertEquals(outbox.size, 0);
});

Deno.test("outbox: close does not wait for a write in flight", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  outbox.push(bytes("a"));
  const done = flush(outbox);
  outbox.push(bytes("b"));
  outbox.close();
  await outbox.drained();
  assertEquals(outbox.size, 0);
  pipe.takeAll(); // the write completes later nevertheless
  await done;
  assertEquals([outbox.size, ...pipe.writes], [0, "a"]);
});

Deno.test("outbox: the size returns to 0 when everything was written, however often it is flushed", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  for (let n = 0; n < 1000; n++) {
    assert(outbox.push(bytes("a")) && outbox.push(bytes("bc")), `after ${n} writes of ${outbox.size} bytes`);
    const flushed = flush(outbox);
    pipe.take(1);
    await Promise.resolve();
    pipe.takeAll();
    await flushed;
    assertEquals(outbox.size, 0);
  }
});

Deno.test("outbox: the size is the sum of all chunks and their cost, and may reach the limit", () => {
  const outbox = outboxTo(10_000, new Pipe());
  outbox.push(new Uint8Array(100));
  const cost = outbox.size - 100;
  assert(cost > 0);
  assert(!outbox.push(new Uint8Array(10_000 - outbox.size - cost + 1)));
  assert(outbox.push(new Uint8Array(10_000 - outbox.size - cost)));
  assertEquals(outbox.size, 10_000);
});

Deno.test("outbox: exactly 64 KiB are joined into one write", async () => {
  const sizes: number[] = [];
  const outbox = outboxTo(1_000_000, {
    write(bytes) {
      sizes.push(bytes.length);
      return Promise.resolve(bytes.length);
    },
  });
  for (let i = 0; i < 5; i++) outbox.push(new Uint8Array(16_384));
  while (outbox.ready) await flush(outbox);
  assertEquals(sizes, [65_536, 16_384]);
});

Deno.test("outbox: a closed outbox does not continue a partial write", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  outbox.push(bytes("abc"));
  const flushed = flush(outbox);
  outbox.close();
  pipe.take(1);
  await flushed;
  assertEquals([pipe.waiting, outbox.size], [0, 0]);
});

const STALL_TIME = 1000;

Deno.test("outbox: a write without progress is reported as stalled after the timeout", async () => {
  using timers = new FakeTimers();
  const pipe = new Pipe();
  let stalls = 0;
  const outbox = outboxTo(10_000, pipe, { timeout: STALL_TIME, onStalled: () => stalls++ });
  outbox.push(bytes("a"));
  const flushed = flush(outbox);
  timers.pass(10 * STALL_TIME);
  assertEquals(stalls, 0, "the timer was not started");
  outbox.startStallTimer();
  outbox.startStallTimer();
  timers.pass(STALL_TIME - 1);
  assertEquals(stalls, 0);
  timers.pass(1);
  assertEquals(stalls, 1);
  pipe.fail();
  await flushed;
});

Deno.test("outbox: no stall is reported after the write, after close, or if no write is in flight", async () => {
  using timers = new FakeTimers();
  let stalls = 0;
  const writing = () => {
    const pipe = new Pipe();
    const outbox = outboxTo(10_000, pipe, { timeout: STALL_TIME, onStalled: () => stalls++ });
    outbox.push(bytes("a"));
    return { pipe, outbox, done: flush(outbox) };
  };
  const [written, closed] = [writing(), writing()];
  for (const { outbox } of [written, closed]) outbox.startStallTimer();
  written.pipe.takeAll();
  closed.outbox.close();
  await written.done;
  written.outbox.startStallTimer();
  assertEquals(timers.size, 0);
  timers.pass(2 * STALL_TIME);
  assertEquals(stalls, 0);
  closed.pipe.fail();
});

Deno.test("outbox: each partial write restarts the stall timeout", async () => {
  using timers = new FakeTimers();
  let stalls = 0;
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe, { timeout: STALL_TIME, onStalled: () => stalls++ });
  outbox.push(bytes("abc"));
  const done = flush(outbox);
  outbox.startStallTimer();
  for (let n = 0; n < 2; n++) {
    timers.pass(STALL_TIME - 1);
    pipe.take(1);
    await Promise.resolve();
    assertEquals(pipe.waiting, 1, "the rest is being written");
  }
  timers.pass(STALL_TIME - 1);
  assertEquals(stalls, 0);
  timers.pass(1);
  assertEquals(stalls, 1);
  pipe.takeAll();
  await done;
  assertEquals(pipe.writes.join(""), "abc");
});
