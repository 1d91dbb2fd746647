import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { EARLY_BYTES_MAX, EARLY_MAX, FETCHES_MAX } from "../../src/cluster/log_limits.ts";
import { Sequencer } from "../../src/cluster/sequencer.ts";

Deno.test("sequencer: values are delivered once and in order when they come in any order, several times", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 }), (arrivals) => {
    const delivered: number[] = [];
    const sequencer = new Sequencer<number>(3, (sequence, value) => {
      assertEquals(value, sequence * 10);
      delivered.push(sequence);
    });
    for (const sequence of arrivals) sequencer.take(sequence, () => sequence * 10, 1);
    // Missing values are fetched, as the follower does.
    for (let missing = sequencer.missing(); missing.length > 0; missing = sequencer.missing()) {
      for (const sequence of missing.reverse()) sequencer.take(sequence, () => sequence * 10, 1);
    }
    const last = Math.max(2, ...arrivals);
    assertEquals(delivered, Array.from({ length: last - 2 }, (_, index) => index + 3));
    assertEquals([sequencer.next, sequencer.early], [last + 1, 0]);
  }));
});

Deno.test("sequencer: no more values wait than the limits allow, by number and by size", () => {
  const many = new Sequencer<null>(1, () => {});
  for (let sequence = 2; sequence < EARLY_MAX + 100; sequence++) many.take(sequence, () => null, 1);
  assertEquals(many.early, EARLY_MAX - 1);
  const large = new Sequencer<null>(1, () => {});
  for (let sequence = 2; sequence < 100; sequence++) large.take(sequence, () => null, EARLY_BYTES_MAX / 16);
  assertEquals(large.early, 16);
  large.take(1, () => null, EARLY_BYTES_MAX); // the next one always has room
  assertEquals([large.next, large.early], [18, 0]);
  large.take(99, () => null, EARLY_BYTES_MAX);
  assertEquals(large.early, 1); // those that were delivered leave their room
});

Deno.test("sequencer: values wait while the receiver has no room, and are not missing", () => {
  const delivered: number[] = [];
  let room = 2;
  const sequencer = new Sequencer<null>(1, (sequence) => {
    room--;
    delivered.push(sequence);
  }, () => room > 0);
  for (const sequence of [3, 2, 1, 4]) sequencer.take(sequence, () => null, 1);
  assertEquals([delivered, sequencer.early, sequencer.missing()], [[1, 2], 2, []]);
  room = 5;
  sequencer.drain();
  assertEquals([delivered, sequencer.early], [[1, 2, 3, 4], 0]);
});

Deno.test("sequencer: as many values are reported missing as can be fetched at the same time, the lowest first", () => {
  const sequencer = new Sequencer<null>(1, () => {});
  sequencer.take(3, () => null, 1);
  sequencer.known = 1000;
  const expected = Array.from({ length: FETCHES_MAX }, (_, index) => index + 1).filter((sequence) => sequence !== 3);
  assertEquals(sequencer.missing(), expected);
});
