/** The fan-out: rounds, the window, slow writes, slices and input credit. */
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { Fanout, ROUND_SLICE, SLOW_WRITE_TIME, WINDOW } from "../../src/transport/fanout.ts";
import { FakeTimers } from "../fake_timers.ts";
import { reported } from "../reported.ts";
import { outboxTo, Pipe } from "./pipe.ts";

const STALL_TIME = 60_000;

const bytes = (text: string) => new TextEncoder().encode(text);

/** A client whose writes complete when the test says so. */
function slowClient(fanout: Fanout, onStalled = () => {}) {
  const pipe = new Pipe();
  const outbox = outboxTo(100_000, pipe, { timeout: STALL_TIME, onStalled });
  return { pipe, outbox, write: (text: string) => (outbox.push(bytes(text)), fanout.add(outbox)) };
}

/** A client whose writes complete at once. */
function quickClient(fanout: Fanout) {
  const writes: string[] = [];
  const outbox = outboxTo(100_000, {
    write(bytes) {
      writes.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  });
  return { writes, outbox, write: (text: string) => (outbox.push(bytes(text)), fanout.add(outbox)) };
}

/** A fan-out whose clock advances by a millisecond with each write, so that rounds yield; and the order of the writes. */
class TimedFanout {
  readonly fanout: Fanout;
  /** The names of the clients that were written to. */
  readonly order: string[] = [];
  #now = 0;

  /** @param nextSlice What a round waits for when it yields. */
  constructor(nextSlice: () => Promise<void>) {
    this.fanout = new Fanout(1e6, () => this.#now, nextSlice);
  }

  client(name: string) {
    const outbox = outboxTo(100_000, {
      write: (bytes) => {
        this.order.push(name);
        this.#now++;
        return Promise.resolve(bytes.length);
      },
    });
    return { outbox, write: () => (outbox.push(bytes("x")), this.fanout.add(outbox)) };
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Runs the event loop until a condition holds; fails if it never does. */
async function until(condition: () => boolean) {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`No end of the wait for ${condition} within 20 s`);
    await nextTurn();
  }
}

Deno.test("fanout: chunks queued in one turn of the event loop are written together", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  for (const text of ["a", "b", "c"]) client.write(text);
  assertEquals(client.writes, [], "nothing is written in the same turn");
  await until(() => client.outbox.empty);
  assertEquals(client.writes, ["abc"]);
});

Deno.test("fanout: an exception in collect is reported, and delivery goes on", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  const bug = new TypeError("a bug");
  const errors = await reported(async () => {
    fanout.collect = () => {
      throw bug;
    };
    client.write("a");
    await until(() => client.outbox.empty);
    fanout.collect = () => {};
    client.write("b");
    await until(() => client.outbox.empty);
  });
  assertEquals(client.writes, ["a", "b"]);
  assertEquals(errors, [bug]);
});

Deno.test("fanout: collect is called once per round, and what it queues is written in that round", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  let rounds = 0;
  fanout.collect = () => {
    rounds++;
    client.write(`round ${rounds}`);
  };
  fanout.request();
  fanout.request();
  await until(() => client.writes.length === 1);
  assertEquals([rounds, ...client.writes], [1, "round 1"]);
  fanout.request();
  await until(() => client.writes.length === 2);
  assertEquals([rounds, ...client.writes], [2, "round 1", "round 2"]);
});

Deno.test("fanout: a round begins after the previous one has ended, with everything queued meanwhile", async () => {
  const fanout = new Fanout(1000);
  const [slow, quick] = [slowClient(fanout), quickClient(fanout)];
  let rounds = 0;
  fanout.collect = () => rounds++;
  slow.write("1");
  await until(() => slow.pipe.waiting === 1);
  quick.write("a");
  quick.write("b");
  fanout.request();
  assertEquals(rounds, 1);
  slow.pipe.takeAll();
  await until(() => quick.outbox.empty);
  assertEquals(quick.writes, ["ab"]);
  assertEquals(rounds, 2);
});

Deno.test("fanout: at most WINDOW writes are in flight", async () => {
  const fanout = new Fanout(1000);
  const clients = Array.from({ length: WINDOW + 10 }, () => slowClient(fanout));
  const waiting = () => clients.reduce((sum, { pipe }) => sum + pipe.waiting, 0);
  for (const client of clients) client.write("x");
  await until(() => waiting() > 0);
  assertEquals(waiting(), WINDOW);
  clients[0]!.pipe.takeAll();
  await until(() => clients[0]!.outbox.empty && waiting() >= WINDOW); // the next one has taken its place
  await until(() => {
    for (const { pipe } of clients) pipe.takeAll();
    return clients.every(({ outbox }) => outbox.empty);
  });
});

Deno.test("fanout: clients that do not read do not delay others, however many there are", async () => {
  const fanout = new Fanout(1000);
  const stuck = Array.from({ length: 3 * WINDOW }, () => slowClient(fanout));
  const quick = quickClient(fanout);
  for (const client of [...stuck, quick]) client.write("1");
  await until(() => quick.outbox.empty);
  for (const client of [...stuck, quick]) client.write("2");
  await until(() => quick.writes.length === 2);
  assertEquals(quick.writes, ["1", "2"]);
  // One of them begins to read: it catches up on its own, without a round.
  const { pipe, outbox } = stuck[0]!;
  pipe.takeAll();
  await until(() => pipe.waiting === 1);
  pipe.takeAll();
  await until(() => outbox.empty);
  assertEquals(pipe.writes, ["1", "2"]);
  outbox.push(bytes("3"));
  fanout.add(outbox);
  await until(() => pipe.waiting === 1);
  for (const { pipe } of stuck) pipe.fail();
});

Deno.test("fanout: a failed write closes only its own outbox", async () => {
  const fanout = new Fanout(1000);
  const [broken, quick] = [slowClient(fanout), quickClient(fanout)];
  broken.write("1");
  await until(() => broken.pipe.waiting === 1);
  broken.pipe.fail();
  quick.write("a");
  await until(() => quick.outbox.empty);
  broken.write("2");
  quick.write("b");
  await until(() => quick.writes.length === 2);
  assertEquals([broken.pipe.waiting, ...quick.writes], [0, "a", "b"]);
});

Deno.test("fanout: a closed outbox is skipped", async () => {
  const fanout = new Fanout(1000);
  const [closed, quick] = [quickClient(fanout), quickClient(fanout)];
  closed.write("1");
  quick.write("1");
  closed.outbox.close();
  await until(() => quick.outbox.empty);
  assertEquals([closed.writes, quick.writes], [[], ["1"]]);
});

Deno.test("fanout: once the input credit is used, input waits for the end of the round", async () => {
  const fanout = new Fanout(200);
  const slow = slowClient(fanout);
  slow.write("1");
  await until(() => slow.pipe.waiting === 1); // a round is under way
  let admitted = 0;
  for (; fanout.hasCredit; admitted++) fanout.useCredit(10);
  assertEquals(admitted, 3, "a line costs its length and a constant");
  const over = fanout.roundOver();
  let isOver = false;
  void over.then(() => isOver = true);
  await new Promise<void>((resolve) => setImmediate(resolve));
  assert(!isOver);
  slow.pipe.takeAll();
  await over;
  await until(() => fanout.hasCredit);
});

Deno.test("fanout: input credit is renewed when there is nothing to deliver", async () => {
  const fanout = new Fanout(100);
  while (fanout.hasCredit) fanout.useCredit(10);
  await fanout.roundOver();
  assert(fanout.hasCredit);
});

Deno.test("fanout: a long round yields, and replies queued meanwhile are written before the rest of it", async () => {
  const yielded = Promise.withResolvers<void>();
  const timed = new TimedFanout(() => yielded.promise);
  const { order } = timed;
  const members = Array.from({ length: 4 * ROUND_SLICE }, (_, n) => timed.client(`member${n}`));
  const answered = timed.client("answered");
  members.forEach((each) => each.write());
  await until(() => order.length > 0);
  assertEquals(order.length, ROUND_SLICE, "the round yields");
  answered.write();
  yielded.resolve();
  await until(() => members.every(({ outbox }) => outbox.empty) && answered.outbox.empty);
  assertEquals(order.indexOf("answered"), ROUND_SLICE, "the reply does not wait for the round");
  assertEquals(order.length, members.length + 1);
});

Deno.test("fanout: chunks queued while a round yields are written before the rest of it to other clients, and after it to its own", async () => {
  const yielded = Promise.withResolvers<void>();
  const timed = new TimedFanout(() => yielded.promise);
  const { fanout, order } = timed;
  const members = Array.from({ length: 4 * ROUND_SLICE }, (_, n) => timed.client(`member${n}`));
  const other = timed.client("other");
  members.forEach((each) => each.write());
  await until(() => order.length > 0);
  let yields = 0;
  fanout.collect = () => { // each of the first two times, a line for the first member, another client, and the last member
    if (++yields <= 2) { for (const each of [members[0]!, other, members.at(-1)!]) each.write(); }
  };
  yielded.resolve();
  await until(() => yields > 2 && [...members, other].every(({ outbox }) => outbox.empty));
  assertEquals(
    [order.indexOf("other"), order.lastIndexOf("other")],
    [ROUND_SLICE, 2 * ROUND_SLICE],
    "both times at once",
  );
  assertEquals(order.lastIndexOf("member0"), members.length + 2, "no outbox is written twice while others wait");
  assertEquals(
    order.filter((name) => name === `member${members.length - 1}`).length,
    1,
    "queued lines share a write",
  );
});

Deno.test("fanout: a round that yields ends after all of it was written", async () => {
  let now = 0;
  const yielded = Promise.withResolvers<void>();
  const fanout = new Fanout(1e6, () => now, () => yielded.promise);
  const clients = Array.from({ length: 3 * ROUND_SLICE + 1 }, () => quickClient(fanout));
  for (const { outbox } of clients) {
    outbox.push(bytes("x"));
    fanout.add(outbox);
  }
  const { flush } = clients[0]!.outbox;
  for (const { outbox } of clients) {
    outbox.flush = (done) => {
      now++;
      flush.call(outbox, done);
    };
  }
  let over = false;
  const ended = fanout.roundOver().then(() => over = true);
  await until(() => clients.filter(({ writes }) => writes.length > 0).length >= ROUND_SLICE);
  assertEquals([over, clients.every(({ writes }) => writes.length > 0)], [false, false]);
  yielded.resolve();
  await ended;
  assert(clients.every(({ writes }) => writes.length === 1));
});

Deno.test("fanout: chunks queued during a write are written in the next round", async () => {
  const fanout = new Fanout(1000);
  const client = slowClient(fanout);
  client.write("1");
  await until(() => client.pipe.waiting === 1);
  client.write("2");
  client.pipe.takeAll();
  await until(() => client.pipe.waiting === 1);
  client.pipe.takeAll();
  await until(() => client.outbox.empty);
  assertEquals(client.pipe.writes, ["1", "2"]);
});

Deno.test("fanout: a write leaves its round after SLOW_WRITE_TIME to twice that, and not before", async () => {
  using timers = new FakeTimers(SLOW_WRITE_TIME);
  const fanout = new Fanout(1000);
  let rounds = 0;
  fanout.onRound = () => rounds++;
  const slow = [slowClient(fanout), slowClient(fanout)] as const;
  slow[0].write("1");
  await until(() => slow[0].pipe.waiting === 1);
  timers.pass(SLOW_WRITE_TIME);
  assertEquals(rounds, 0, "the write began within this interval");
  timers.pass(SLOW_WRITE_TIME - 1);
  assertEquals(rounds, 0);
  timers.pass(1);
  assertEquals(rounds, 1);
  // A write that begins in a later interval has as much time.
  slow[1].write("1");
  await until(() => slow[1].pipe.waiting === 1);
  timers.pass(SLOW_WRITE_TIME);
  assertEquals(rounds, 1, "the write began within this interval");
  timers.pass(SLOW_WRITE_TIME);
  assertEquals(rounds, 2);
  for (const { pipe } of slow) pipe.fail();
});

Deno.test("fanout: a write that has left its round is watched for a stall", async () => {
  using timers = new FakeTimers();
  const fanout = new Fanout(1000);
  let stalls = 0;
  const slow = slowClient(fanout, () => stalls++);
  slow.write("1");
  await until(() => slow.pipe.waiting === 1);
  timers.pass(2 * SLOW_WRITE_TIME);
  timers.pass(STALL_TIME - 1);
  assertEquals(stalls, 0);
  timers.pass(1);
  assertEquals(stalls, 1);
  slow.pipe.fail();
});

Deno.test("fanout: writes that follow a slow one are watched for a stall each", async () => {
  using timers = new FakeTimers();
  const fanout = new Fanout(1000);
  let stalls = 0;
  const slow = slowClient(fanout, () => stalls++);
  slow.write("1");
  await until(() => slow.pipe.waiting === 1);
  slow.write("2");
  timers.pass(2 * SLOW_WRITE_TIME);
  timers.pass(STALL_TIME - 1);
  slow.pipe.takeAll();
  await until(() => slow.pipe.waiting === 1);
  timers.pass(STALL_TIME - 1);
  assertEquals(stalls, 0);
  timers.pass(1);
  assertEquals(stalls, 1);
  slow.pipe.fail();
});

Deno.test("fanout: the duration of each round is reported", async () => {
  let now = 100;
  const fanout = new Fanout(1000, () => now);
  const durations: number[] = [];
  fanout.onRound = (milliseconds) => durations.push(milliseconds);
  const slow = slowClient(fanout);
  slow.write("1");
  await until(() => slow.pipe.waiting === 1);
  now = 103;
  slow.pipe.takeAll();
  await until(() => durations.length > 0);
  assertEquals(durations, [3]);
});

Deno.test("fanout: a round requested while one is running follows it", async () => {
  const fanout = new Fanout(1000);
  let rounds = 0;
  fanout.collect = () => rounds++;
  const slow = slowClient(fanout);
  slow.write("1");
  await until(() => slow.pipe.waiting === 1);
  fanout.request();
  assert(fanout.busy);
  slow.pipe.takeAll();
  await until(() => rounds === 2);
  await until(() => !fanout.busy);
  await nextTurn();
  assertEquals(rounds, 2);
});

Deno.test("fanout: an outbox that is added twice is written once, and can be added again after that", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  for (const text of ["a", "b"]) {
    client.write(text);
    fanout.add(client.outbox);
    await until(() => client.outbox.empty && !fanout.busy);
  }
  assertEquals(client.writes, ["a", "b"]);
});

Deno.test("fanout: the last line of a round may exceed the credit, and no line is accepted at its end", () => {
  const fanout = new Fanout(100 + 64);
  fanout.useCredit(99);
  assert(fanout.hasCredit);
  fanout.useCredit(100);
  assert(!fanout.hasCredit);
  const exact = new Fanout(100 + 64);
  exact.useCredit(100);
  assert(!exact.hasCredit);
});

Deno.test("fanout: outboxes that overtake a round may do so again after it yielded in between", async () => {
  const timed = new TimedFanout(nextTurn);
  const { fanout, order } = timed;
  const members = Array.from({ length: 4 * ROUND_SLICE }, () => timed.client("member"));
  const others = Array.from({ length: 2 * ROUND_SLICE }, (_, n) => timed.client(`other${n}`));
  let yields = -1; // collect is called once before the round begins
  fanout.collect = () => {
    yields++;
    if (yields === 1) { for (const other of others) other.write(); }
    if (yields === 3) others.at(-1)!.write();
  };
  for (const member of members) member.write();
  await until(() => order.length === members.length + others.length + 1);
  const names = others.map((_, n) => `other${n}`);
  assertEquals(order, [
    ...Array(ROUND_SLICE).fill("member"),
    ...names,
    names.at(-1),
    ...Array(3 * ROUND_SLICE).fill("member"),
  ]);
});
