/** The log when servers crash, freeze, or lose their store, and when the cable is cut. */
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { LogError } from "../../src/cluster/log_error.ts";
import { Author, checkAll } from "./authors.ts";
import { Cable } from "./cable.ts";
import { bytes, RecordedLog } from "./helpers.ts";
import { NatsServer } from "./nats.ts";

Deno.test("log: nothing is lost, and the order stays the same, when NATS is killed and started again under load", async () => {
  await using nats = await NatsServer.start();
  using one = await RecordedLog.start(nats.url);
  using two = await RecordedLog.start(nats.url);
  const authors = [new Author(one, "one"), new Author(two, "two")];
  for (let crash = 0; crash < 3; crash++) {
    await Promise.all(authors.map((author) => author.appends(100)));
    await nats.kill();
    await Promise.all(authors.map(({ log }) => log.until(() => !log.log.status.connected)));
    await nats.start();
  }
  await Promise.all(authors.map((author) => author.appends(100)));
  using late = await RecordedLog.start(nats.url);
  await checkAll(authors, [one, two, late]);
});

Deno.test("log: it is silent and then disconnected while NATS is frozen, and goes on afterwards", async () => {
  await using nats = await NatsServer.start();
  using one = await RecordedLog.start(nats.url, { silence: 1000 });
  using two = await RecordedLog.start(nats.url);
  const authors = [new Author(one, "one"), new Author(two, "two")];
  await Promise.all(authors.map((author) => author.appends(20)));
  nats.signal("SIGSTOP");
  await one.until(() => one.log.status.silent);
  assertEquals(one.log.status.connected, true); // nothing has told it yet
  await one.until(() => !one.log.status.connected);
  assertEquals(one.log.status.reason, "no answer");
  nats.signal("SIGCONT");
  await one.until(() => one.log.status.connected && !one.log.status.silent);
  await Promise.all(authors.map((author) => author.appends(20)));
  await checkAll(authors, [one, two]);
});

for (const drop of [false, true]) {
  const how = drop ? "and the connections are reset" : "and nothing is lost on it";
  Deno.test(`log: what was missed is delivered when a cable that was cut is mended, ${how}`, async () => {
    await using nats = await NatsServer.start();
    await using cable = new Cable(nats.port);
    using far = await RecordedLog.start(cable.url, { silence: 500 });
    using near = await RecordedLog.start(nats.url);
    const authors = [new Author(far, "far"), new Author(near, "near")];
    await Promise.all(authors.map((author) => author.appends(20)));
    cable.cut();
    await far.until(() => far.log.status.silent);
    await authors[1]!.appends(500); // the other goes on
    cable.mend(drop);
    await Promise.all(authors.map((author) => author.appends(20)));
    await checkAll(authors, [far, near]);
  });
}

Deno.test("log: a batch whose acknowledgement is lost with the connection is found, and not appended again", async () => {
  await using nats = await NatsServer.start();
  await using cable = new Cable(nats.port);
  using far = await RecordedLog.start(cable.url);
  using near = await RecordedLog.start(nats.url);
  cable.cut(true);
  const first = far.log.appendAfter(0, bytes("first"));
  await near.until(() => near.last === 1);
  cable.mend(true);
  assertEquals(await first, 1); // though another attempt would be refused
  cable.cut(true);
  const second = far.append("second");
  await near.until(() => near.last === 2);
  cable.mend(true);
  assertEquals(await second, 2);
  assertEquals([far.texts, far.log.resent], [["first", "second"], 0]);
  assertEquals(await near.append("third"), 3);
});

Deno.test("log: it connects through another cable when one is cut for good", async () => {
  await using nats = await NatsServer.start();
  await using first = new Cable(nats.port);
  await using second = new Cable(nats.port);
  using log = await RecordedLog.start(`${first.url},${second.url}`);
  const author = new Author(log, "one");
  for (const [cut, other] of [[first, second], [second, first]] as const) {
    await author.appends(10);
    other.mend();
    cut.cut();
    await author.appends(10);
  }
  await author.appends(10);
  first.mend();
  second.mend();
  await checkAll([author], [log]);
});

/** Appends some batches to a log, and returns a promise of the error with which the log is lost. */
async function untilLost(log: RecordedLog): Promise<LogError> {
  await log.until(() => log.error !== undefined);
  assertEquals((await assertRejects(() => log.append("late"), LogError)).kind, log.error!.kind);
  return log.error!;
}

Deno.test("log: it is lost when the stream is deleted, and when it was created again", async () => {
  await using nats = await NatsServer.start();
  using deleted = await RecordedLog.start(nats.url);
  using recreated = await RecordedLog.start(nats.url);
  await deleted.append("a");
  await recreated.append("b");
  await recreated.until(() => recreated.last === 2);
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  const { config } = await manager.streams.info("TINCAN_test");
  await manager.streams.delete("TINCAN_test");
  const pending = assertRejects(() => deleted.append("c"), LogError);
  const error = await untilLost(deleted);
  assertEquals([error.kind, error.message], ["replaced", "The stream TINCAN_test was deleted."]);
  await pending;
  await manager.streams.add(config);
  await connection.close();
  await recreated.until(() => recreated.error !== undefined);
  assertEquals(recreated.error!.kind, "replaced");
  assertEquals(recreated.texts, ["a", "b"]);
});

Deno.test("log: it is lost when NATS comes back with an empty store, and another log has begun anew", async () => {
  await using nats = await NatsServer.start();
  using log = await RecordedLog.start(nats.url);
  for (const text of ["a", "b", "c"]) await log.append(text);
  await nats.kill();
  await nats.erase();
  await log.until(() => !log.log.status.connected);
  await nats.start();
  using fresh = await RecordedLog.start(nats.url);
  for (const text of ["u", "v", "w", "x", "y"]) await fresh.append(text);
  const error = await untilLost(log);
  assertEquals(error.kind, "replaced");
  assertEquals(log.texts, ["a", "b", "c"]); // nothing of the other one
});

for (const hidden of [false, true]) {
  const how = hidden ? ", also if as many batches were appended since" : "";
  Deno.test(`log: it is lost when NATS comes back with an older copy of the store${how}`, async () => {
    await using nats = await NatsServer.start();
    await using cable = new Cable(nats.port);
    using log = await RecordedLog.start(cable.url);
    await log.append("a");
    await nats.kill();
    await nats.copyStore("save");
    await nats.start();
    await log.append("b");
    await log.append("c");
    await nats.kill();
    await nats.copyStore("restore");
    cable.cut();
    await nats.start();
    if (hidden) {
      using fresh = await RecordedLog.start(nats.url);
      for (const text of ["x", "y", "z"]) await fresh.append(text);
    }
    cable.mend(true);
    const pending = assertRejects(() => log.append("d"), LogError);
    const error = await untilLost(log);
    await pending;
    assertEquals(error.kind, "behind");
    assertEquals(log.texts, ["a", "b", "c"]);
  });
}

Deno.test("log: it is lost when the log was trimmed beyond the next batch, also at the start", async () => {
  await using nats = await NatsServer.start();
  await using cable = new Cable(nats.port);
  using far = await RecordedLog.start(cable.url);
  using near = await RecordedLog.start(nats.url);
  await near.append("1");
  await far.until(() => far.last === 1);
  cable.cut();
  for (let number = 2; number <= 10; number++) await near.append(`${number}`);
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.update("TINCAN_test", { max_msgs: 3 });
  cable.mend(true);
  const error = await untilLost(far);
  assertEquals(error.kind, "trimmed");
  assertEquals(error.message, "The stream TINCAN_test begins with batch 8 by now, and batch 2 is needed.");
  assertEquals(far.texts, ["1"]);
  await manager.streams.update("TINCAN_test", { max_msgs: -1 });
  await connection.close();
  const start = await assertRejects(() => RecordedLog.start(nats.url, {}, 7), LogError);
  assertEquals([start.kind, start.message], ["trimmed", error.message.replace("batch 2", "batch 7")]);
  using last = await RecordedLog.start(nats.url, {}, 8);
  await last.until(() => last.last === 10);
  assertEquals(last.log.first, 8);
});
