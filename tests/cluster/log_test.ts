/** The log on one NATS server: order, appends, positions, limits. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BATCH_MAX, EARLY_MAX, UNHANDLED_MAX } from "../../src/cluster/log_limits.ts";
import { LogError } from "../../src/cluster/log_error.ts";
import { bytes, RecordedLog, textOf } from "./helpers.ts";
import { NatsServer } from "./nats.ts";

Deno.test("log: a batch is handed back to its author and to another log", async () => {
  await using nats = await NatsServer.start();
  using one = await RecordedLog.start(nats.url);
  using two = await RecordedLog.start(nats.url);
  assertEquals(await one.append("hello"), 1);
  assertEquals(await two.append("world"), 2);
  await Promise.all([one, two].map((log) => log.until(() => log.last === 2)));
  assertEquals(one.batches, [{ sequence: 1, text: "hello" }, { sequence: 2, text: "world" }]);
  assertEquals(two.batches, one.batches);
  assertEquals(await one.log.range(), { first: 1, last: 2 });
  assertEquals([one.troubles, two.troubles], [[], []]);
});

Deno.test("log: three logs are handed the same batches in the same order when all append at the same time", async () => {
  const COUNT = 400;
  await using nats = await NatsServer.start();
  using one = await RecordedLog.start(nats.url);
  using two = await RecordedLog.start(nats.url);
  using three = await RecordedLog.start(nats.url);
  const logs = [one, two, three];
  await Promise.all(logs.map(async (log, author) => {
    for (let number = 0; number < COUNT; number++) await log.append(`${author}:${number}`);
  }));
  await Promise.all(logs.map((log) => log.until(() => log.last === 3 * COUNT)));
  assertEquals(one.batches.map(({ sequence }) => sequence), Array.from({ length: 3 * COUNT }, (_, index) => index + 1));
  assertEquals(two.batches, one.batches);
  assertEquals(three.batches, one.batches);
  for (const author of [0, 1, 2]) {
    const own = one.texts.filter((text) => text.startsWith(`${author}:`));
    assertEquals(own, Array.from({ length: COUNT }, (_, number) => `${author}:${number}`));
  }
  assertEquals(logs.map(({ log }) => log.resent), [0, 0, 0]);
});

Deno.test("log: an append is over only when the batch was applied", async () => {
  await using nats = await NatsServer.start();
  const applying = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  using log = await RecordedLog.start(nats.url, {}, 1, () => {
    begun.resolve();
    return applying.promise;
  });
  let over = false;
  const append = log.append("slow").then(() => over = true);
  await begun.promise;
  await log.log.range(); // the acknowledgement has come by now
  assertEquals(over, false);
  applying.resolve();
  await append;
});

Deno.test("log: delivery begins with the given sequence, also with the one after the last", async () => {
  await using nats = await NatsServer.start();
  using author = await RecordedLog.start(nats.url);
  for (const text of ["a", "b", "c"]) await author.append(text);
  using middle = await RecordedLog.start(nats.url, {}, 2);
  using end = await RecordedLog.start(nats.url, {}, 4);
  assertEquals([middle.log.first, middle.log.last, middle.log.created], [1, 3, author.log.created]);
  await author.append("d");
  await Promise.all([middle, end].map((log) => log.until(() => log.last === 4)));
  assertEquals(middle.texts, ["b", "c", "d"]);
  assertEquals(end.texts, ["d"]);
  const error = await assertRejects(() => RecordedLog.start(nats.url, {}, 6), LogError);
  assertEquals(error.kind, "behind");
  assertEquals(error.message, "The stream TINCAN_test ends with batch 4, and batch 5 was delivered already.");
});

Deno.test("log: exactly one of ten appends succeeds when each is for an empty log", async () => {
  await using nats = await NatsServer.start();
  const logs = await Promise.all(Array.from({ length: 10 }, () => RecordedLog.start(nats.url)));
  try {
    const results = await Promise.all(logs.map((log, author) => log.log.appendAfter(0, bytes(`first ${author}`))));
    assertEquals(results.filter((sequence) => sequence !== undefined), [1]);
    const winner = results.indexOf(1);
    await Promise.all(logs.map((log) => log.until(() => log.last === 1)));
    for (const log of logs) assertEquals(log.texts, [`first ${winner}`]);
    assertEquals(await logs[0]!.log.appendAfter(1, bytes("second")), 2);
    assertEquals(await logs[1]!.append("third"), 3); // a refused append leaves room for the next
  } finally {
    for (const log of logs) log.log.close();
  }
});

Deno.test("log: logs of different clusters on one server do not mix", async () => {
  await using nats = await NatsServer.start();
  using one = await RecordedLog.start(nats.url, { cluster: "one" });
  using two = await RecordedLog.start(nats.url, { cluster: "two" });
  await one.append("for one");
  await two.append("for two");
  assertEquals([one.texts, two.texts], [["for one"], ["for two"]]);
});

Deno.test("log: a batch at the limit is delivered, a larger one is rejected, and so is a second append", async () => {
  await using nats = await NatsServer.start();
  const sizes: number[] = [];
  using log = await RecordedLog.start(nats.url, {}, 1, (_, batch) => void sizes.push(batch.length));
  await assertRejects(() => log.log.append(new Uint8Array(BATCH_MAX + 1)), RangeError, "at most 524288 bytes");
  const first = log.log.append(new Uint8Array(BATCH_MAX));
  await assertRejects(() => log.append("second"), Error, "Another append is under way");
  assertEquals(await first, 1);
  assertEquals(await log.log.append(new Uint8Array(0)), 2);
  assertEquals(sizes, [BATCH_MAX, 0]);
});

Deno.test("log: an append takes its bytes, and leaves others in the same buffer alone", async () => {
  await using nats = await NatsServer.start();
  using log = await RecordedLog.start(nats.url);
  const all = bytes("before, batch, after");
  await log.log.append(all.subarray(8, 13));
  assertEquals([log.texts, textOf(all)], [["batch"], "before, batch, after"]);
});

Deno.test("log: a log that applies nothing holds a bounded number of batches, and gets all of them later", async () => {
  const COUNT = UNHANDLED_MAX + EARLY_MAX + 500;
  await using nats = await NatsServer.start();
  const blocked = Promise.withResolvers<void>();
  using slow = await RecordedLog.start(nats.url, {}, 1, () => blocked.promise);
  using author = await RecordedLog.start(nats.url);
  for (let number = 1; number <= COUNT; number++) await author.append(`${number}`);
  await slow.log.range(); // what was republished has come to its worker by now
  assertEquals(slow.texts, ["1"]);
  blocked.resolve();
  await slow.until(() => slow.last === COUNT);
  assertEquals(slow.batches, author.batches);
  // Batches over the limits were dropped, and fetched afterwards.
  await slow.log.range(); // the count of the last ones comes before this
  assert(slow.log.filled >= 500, `${slow.log.filled} were fetched`);
});

Deno.test("log: a batch whose handler throws is reported, and the next one is delivered", async () => {
  await using nats = await NatsServer.start();
  using log = await RecordedLog.start(nats.url, {}, 1, (sequence) => {
    if (sequence === 1) throw new Error("broken");
  });
  await log.append("a");
  await log.append("b");
  assertEquals(log.texts, ["a", "b"]);
  assertEquals(log.troubles, ["Cannot apply batch 1: broken"]);
});

Deno.test("log: it is silent when nothing was delivered for a while, until the next batch", async () => {
  await using nats = await NatsServer.start();
  using log = await RecordedLog.start(nats.url, { silence: 200 });
  using other = await RecordedLog.start(nats.url);
  await log.until(() => log.log.status.silent);
  await other.append("a");
  await log.until(() => !log.log.status.silent);
  assertEquals(log.texts, ["a"]);
  assertEquals(log.statuses.map(({ silent }) => silent).slice(0, 2), [true, false]);
});

Deno.test("log: an append rejects when the log is closed, and so does everything after it", async () => {
  await using nats = await NatsServer.start();
  const log = await RecordedLog.start(nats.url);
  nats.signal("SIGSTOP");
  const append = log.append("a");
  const range = log.log.range();
  log.log.close();
  nats.signal("SIGCONT");
  for (const pending of [append, range]) assertEquals((await assertRejects(() => pending, LogError)).kind, "closed");
  await assertRejects(() => log.append("b"), LogError, "The log is closed");
  await assertRejects(() => log.log.range(), LogError, "The log is closed");
  assertThrows(() => log.log.ask("snap", bytes("")), LogError, "The log is closed");
  assertEquals(log.error, undefined);
});
