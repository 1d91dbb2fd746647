import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { Outbox } from "../../src/transport/outbox.ts";
import { outboxTo, Pipe } from "./pipe.ts";

/** Flushes, and resolves when it is done. */
const flush = (outbox: Outbox) => new Promise<void>((resolve) => outbox.flush(() => resolve()));

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("what is pushed is written, in order, and joined where more than one thing waits", async () => {
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

Deno.test("a single chunk is written as it is, without a copy", async () => {
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

Deno.test("a socket that takes a few bytes at a time gets them all, once, in order", async () => {
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

Deno.test("no more than 64 KiB are joined into one write", async () => {
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

Deno.test("what does not fit is not queued, and small chunks count more than their bytes", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  let count = 0;
  while (outbox.push(bytes("x"))) count++;
  assert(count > 0 && count < 100, `${count} objects of one byte fit into 10,000`);
  assert(outbox.size <= 10_000);
  const flushed = flush(outbox);
  assert(!outbox.push(bytes("x")), "what is being written still counts");
  pipe.takeAll();
  await flushed;
  assertEquals(pipe.writes, ["x".repeat(count)]);
  assert(outbox.push(bytes("x")));
});

Deno.test("a write that fails closes the outbox, and whoever waits for it to drain goes on", async () => {
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
  assert(outbox.push(bytes("c")), "which is nobody's business any more");
  assert(outbox.empty);
});

Deno.test("closing drops what waits", async () => {
  const outbox = outboxTo(10_000, { write: () => Promise.reject(new Error("not to be called")) });
  outbox.push(bytes("a"));
  const drained = outbox.drained();
  outbox.close();
  await drained;
  assert(outbox.empty && !outbox.failed);
  assertEquals(outbox.size, 0);
});

Deno.test("nobody waits for a write that is under way as an outbox is closed", async () => {
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe);
  outbox.push(bytes("a"));
  const done = flush(outbox);
  outbox.push(bytes("b"));
  outbox.close();
  await outbox.drained();
  assertEquals(outbox.size, 0);
  pipe.takeAll(); // it ends at some time all the same
  await done;
  assertEquals([outbox.size, ...pipe.writes], [0, "a"]);
});

Deno.test("a late write that makes no progress is told of; one that does, or is not late, is not", async () => {
  const told: string[] = [];
  const stalled = Promise.withResolvers<void>();
  /** An outbox with something under way; whose name is told when it stalls. */
  function writing(name: string) {
    const pipe = new Pipe();
    const onStalled = () => {
      told.push(name);
      if (name === "stuck") stalled.resolve();
    };
    const outbox = outboxTo(10_000, pipe, { timeout: 20, onStalled });
    outbox.push(bytes(name));
    return { pipe, outbox, done: flush(outbox) };
  }
  const [taken, closed, inTime] = [writing("taken"), writing("closed"), writing("in time")];
  for (const { outbox } of [taken, closed]) outbox.startStallTimer();
  taken.pipe.takeAll();
  closed.outbox.close();
  await taken.done;
  const stuck = writing("stuck"); // whose timer starts after the others': when it is told of, they would have been
  stuck.outbox.startStallTimer();
  await stalled.promise;
  assertEquals(told, ["stuck"]);
  for (const { pipe } of [closed, inTime, stuck]) pipe.fail();
});

Deno.test("a late write that goes on bit by bit has the whole time again with each bit", async () => {
  let stalls = 0;
  const pipe = new Pipe();
  const outbox = outboxTo(10_000, pipe, { timeout: 1000, onStalled: () => stalls++ });
  outbox.push(bytes("abc"));
  const done = flush(outbox);
  outbox.startStallTimer();
  pipe.take(1);
  await Promise.resolve();
  assertEquals(pipe.waiting, 1, "the rest is on its way");
  pipe.take(2);
  await done;
  assertEquals([stalls, pipe.writes.join("")], [0, "abc"]);
});
