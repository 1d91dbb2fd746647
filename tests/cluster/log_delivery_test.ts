import { assert, assertEquals } from "@std/assert";
import { type Batch, Delivery } from "../../src/cluster/log_delivery.ts";
import { SLICE, UNHANDLED_MAX } from "../../src/cluster/log_limits.ts";

function batch(sequence: number): Batch {
  return { sequence, bytes: new Uint8Array(), own: 0 };
}

/** A delivery whose handler is given, with what it reports. */
function start(apply: (batch: Batch) => void | Promise<void>, last: number) {
  const handled: number[] = [];
  const failed: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const delivery = new Delivery({
    apply,
    applied: ({ sequence }) => sequence === last ? resolve() : undefined,
    handled: (sequence) => void handled.push(sequence),
    failed: (error, { sequence }) => void failed.push(`${sequence}: ${(error as Error).message}`),
  });
  return { delivery, handled, failed, done: promise };
}

Deno.test("log delivery: the next batch waits until the one before is applied, or has failed", async () => {
  const events: string[] = [];
  const { delivery, failed, done } = start(async ({ sequence }) => {
    events.push(`begin ${sequence}`);
    await Promise.resolve();
    events.push(`end ${sequence}`);
    if (sequence === 2) throw new Error("broken");
  }, 3);
  for (const sequence of [1, 2, 3]) delivery.add(batch(sequence));
  await done;
  assertEquals(events, ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
  assertEquals(failed, ["2: broken"]);
  await new Promise((resolve) => setTimeout(resolve)); // its own timer
});

Deno.test("log delivery: other events get in when the batches take longer than a slice", async () => {
  const COUNT = 20;
  let timers = 0;
  const timer = setInterval(() => timers++);
  const { delivery, done } = start(() => {
    for (const end = performance.now() + SLICE; performance.now() < end;);
  }, COUNT);
  for (let sequence = 1; sequence <= COUNT; sequence++) delivery.add(batch(sequence));
  await done;
  clearInterval(timer);
  assert(timers >= COUNT / 2, `a timer ran ${timers} times`);
});

Deno.test("log delivery: the sender is told of handled batches before it runs out of room, and of the last", async () => {
  const { delivery, handled, done } = start(() => {}, UNHANDLED_MAX);
  for (let sequence = 1; sequence <= UNHANDLED_MAX; sequence++) delivery.add(batch(sequence));
  await done;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(handled.at(-1), UNHANDLED_MAX);
  assert(handled.length < UNHANDLED_MAX / 10, `${handled.length} messages`);
  let before = 0;
  for (const sequence of handled) {
    assert(sequence - before <= UNHANDLED_MAX / 2);
    before = sequence;
  }
});

Deno.test("log delivery: nothing is delivered after it was stopped", async () => {
  const applied: number[] = [];
  const { delivery } = start(({ sequence }) => {
    applied.push(sequence);
    if (sequence === 2) delivery.stop();
  }, 3);
  for (const sequence of [1, 2, 3]) delivery.add(batch(sequence));
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(applied, [1, 2]);
});
