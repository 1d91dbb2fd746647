/**
 * The fan-out's contract: rounds, the window, patience, the budget. Time is real here, but nothing waits for it: each
 * test waits for what is to happen.
 */
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { Fanout, ROUND_SLICE, WINDOW } from "../../src/transport/fanout.ts";
import { reported } from "../reported.ts";
import { outboxTo, Pipe } from "./pipe.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A client whose writes are taken by the test. */
function slowClient(fanout: Fanout) {
  const pipe = new Pipe();
  const outbox = outboxTo(100_000, pipe);
  return { pipe, outbox, say: (text: string) => (outbox.push(bytes(text)), fanout.add(outbox)) };
}

/** A client that takes what is written at once. */
function quickClient(fanout: Fanout) {
  const writes: string[] = [];
  const outbox = outboxTo(100_000, {
    write(bytes) {
      writes.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  });
  return { writes, outbox, say: (text: string) => (outbox.push(bytes(text)), fanout.add(outbox)) };
}

/** Lets the event loop turn until something holds. */
async function until(condition: () => boolean) {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}

Deno.test("all that is said in one turn goes out in one write", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  for (const text of ["a", "b", "c"]) client.say(text);
  assertEquals(client.writes, [], "nothing is written in the turn that says it");
  await until(() => client.outbox.empty);
  assertEquals(client.writes, ["abc"]);
});

Deno.test("a mistake of ours in collect is told, and costs nobody else what was said", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  const mistake = new TypeError("a mistake");
  const told = await reported(async () => {
    fanout.collect = () => {
      throw mistake;
    };
    client.say("a");
    await until(() => client.outbox.empty);
    fanout.collect = () => {};
    client.say("b");
    await until(() => client.outbox.empty);
  });
  assertEquals(client.writes, ["a", "b"]);
  assertEquals(told, [mistake]);
});

Deno.test("collect is called once a round, and what it queues goes out in that round", async () => {
  const fanout = new Fanout(1000);
  const client = quickClient(fanout);
  let rounds = 0;
  fanout.collect = () => {
    rounds++;
    client.say(`round ${rounds}`);
  };
  fanout.request();
  fanout.request();
  await until(() => client.writes.length === 1);
  assertEquals([rounds, ...client.writes], [1, "round 1"]);
  fanout.request();
  await until(() => client.writes.length === 2);
  assertEquals([rounds, ...client.writes], [2, "round 1", "round 2"]);
});

Deno.test("the next round begins when this one is over, and has all that was said meanwhile", async () => {
  const fanout = new Fanout(1000);
  const [slow, quick] = [slowClient(fanout), quickClient(fanout)];
  let rounds = 0;
  fanout.collect = () => rounds++;
  slow.say("1");
  await until(() => slow.pipe.waiting === 1);
  quick.say("a");
  quick.say("b");
  fanout.request();
  assertEquals(rounds, 1);
  slow.pipe.takeAll();
  await until(() => quick.outbox.empty);
  assertEquals(quick.writes, ["ab"]);
  assertEquals(rounds, 2);
});

Deno.test("no more writes are under way at a time than the window has room for", async () => {
  const fanout = new Fanout(1000);
  const clients = Array.from({ length: WINDOW + 10 }, () => slowClient(fanout));
  const waiting = () => clients.reduce((sum, { pipe }) => sum + pipe.waiting, 0);
  for (const client of clients) client.say("x");
  await until(() => waiting() > 0);
  assertEquals(waiting(), WINDOW);
  clients[0]!.pipe.takeAll();
  await until(() => clients[0]!.outbox.empty && waiting() >= WINDOW); // the next has its place
  await until(() => {
    for (const { pipe } of clients) pipe.takeAll();
    return clients.every(({ outbox }) => outbox.empty);
  });
});

Deno.test("clients that do not read hold up nobody, however many they are", async () => {
  const fanout = new Fanout(1000);
  const stuck = Array.from({ length: 3 * WINDOW }, () => slowClient(fanout));
  const quick = quickClient(fanout);
  for (const client of [...stuck, quick]) client.say("1");
  await until(() => quick.outbox.empty);
  for (const client of [...stuck, quick]) client.say("2");
  await until(() => quick.writes.length === 2);
  assertEquals(quick.writes, ["1", "2"]);
  // One of them begins to read: it catches up by itself, with nobody asking for a round.
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

Deno.test("a write that fails ends nothing but its own outbox", async () => {
  const fanout = new Fanout(1000);
  const [broken, quick] = [slowClient(fanout), quickClient(fanout)];
  broken.say("1");
  await until(() => broken.pipe.waiting === 1);
  broken.pipe.fail();
  quick.say("a");
  await until(() => quick.outbox.empty);
  broken.say("2");
  quick.say("b");
  await until(() => quick.writes.length === 2);
  assertEquals([broken.pipe.waiting, ...quick.writes], [0, "a", "b"]);
});

Deno.test("a closed outbox is passed over", async () => {
  const fanout = new Fanout(1000);
  const [gone, quick] = [quickClient(fanout), quickClient(fanout)];
  gone.say("1");
  quick.say("1");
  gone.outbox.close();
  await until(() => quick.outbox.empty);
  assertEquals([gone.writes, quick.writes], [[], ["1"]]);
});

Deno.test("once the budget is spent, lines wait for the round to be over", async () => {
  const fanout = new Fanout(200);
  const slow = slowClient(fanout);
  slow.say("1");
  await until(() => slow.pipe.waiting === 1); // a round is under way
  let admitted = 0;
  for (; fanout.hasCredit; admitted++) fanout.useCredit(10);
  assertEquals(admitted, 3, "a line counts its length, and something for what is put around it");
  const turn = fanout.roundOver();
  let over = false;
  void turn.then(() => over = true);
  await new Promise<void>((resolve) => setImmediate(resolve));
  assert(!over);
  slow.pipe.takeAll();
  await turn;
  await until(() => fanout.hasCredit);
});

Deno.test("the budget comes back even when there is nothing to hand out", async () => {
  const fanout = new Fanout(100);
  while (fanout.hasCredit) fanout.useCredit(10);
  await fanout.roundOver();
  assert(fanout.hasCredit);
});

Deno.test("fanout: a long round rests, and answers to what came in meanwhile are written before the rest of it", async () => {
  let now = 0;
  const rested = Promise.withResolvers<void>();
  const fanout = new Fanout(1e6, () => now, () => rested.promise);
  const order: string[] = [];
  const client = (name: string) => {
    const outbox = outboxTo(100_000, {
      write(bytes) {
        order.push(name);
        now++; // so long does a write take
        return Promise.resolve(bytes.length);
      },
    });
    return { outbox, say: () => (outbox.push(bytes("x")), fanout.add(outbox)) };
  };
  const members = Array.from({ length: 4 * ROUND_SLICE }, (_, n) => client(`member${n}`));
  const answered = client("answered");
  members.forEach((each) => each.say());
  await until(() => order.length > 0);
  assertEquals(order.length, ROUND_SLICE, "the round rests");
  answered.say();
  rested.resolve();
  await until(() => members.every(({ outbox }) => outbox.empty) && answered.outbox.empty);
  assertEquals(order.indexOf("answered"), ROUND_SLICE, "the answer does not wait for the round");
  assertEquals(order.length, members.length + 1);
});

Deno.test("fanout: what is said while a round rests reaches others before the rest of it, and its own members after it", async () => {
  let now = 0;
  const rested = Promise.withResolvers<void>();
  const fanout = new Fanout(1e6, () => now, () => rested.promise);
  const order: string[] = [];
  const client = (name: string) => {
    const outbox = outboxTo(100_000, {
      write(bytes) {
        order.push(name);
        now++;
        return Promise.resolve(bytes.length);
      },
    });
    return { outbox, say: () => (outbox.push(bytes("x")), fanout.add(outbox)) };
  };
  const members = Array.from({ length: 4 * ROUND_SLICE }, (_, n) => client(`member${n}`));
  const other = client("other");
  members.forEach((each) => each.say());
  await until(() => order.length > 0);
  let rests = 0;
  fanout.collect = () => { // in each of two rests, a line for the first member, another client, and the last member
    if (++rests <= 2) { for (const each of [members[0]!, other, members.at(-1)!]) each.say(); }
  };
  rested.resolve();
  await until(() => rests > 2 && [...members, other].every(({ outbox }) => outbox.empty));
  assertEquals(
    [order.indexOf("other"), order.lastIndexOf("other")],
    [ROUND_SLICE, 2 * ROUND_SLICE],
    "each time at once",
  );
  assertEquals(order.lastIndexOf("member0"), members.length + 2, "no member is written twice while others wait");
  assertEquals(
    order.filter((name) => name === `member${members.length - 1}`).length,
    1,
    "lines that wait share a write",
  );
});

Deno.test("fanout: a round that rests is over when all of it is written, and not before", async () => {
  let now = 0;
  const rested = Promise.withResolvers<void>();
  const fanout = new Fanout(1e6, () => now, () => rested.promise);
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
  rested.resolve();
  await ended;
  assert(clients.every(({ writes }) => writes.length === 1));
});
