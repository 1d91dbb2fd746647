/** Read markers of an account on the text port and on IRC, across restarts of the program. */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { Directory } from "./history_store.ts";
import { DatabaseSync } from "node:sqlite";

const PASSWORD = "open-sesame";

/** Connects a program on IRC that has read markers, and logs in to alice. */
async function onIrc(port: number): Promise<Client> {
  const client = new Client(await Deno.connect({ port }));
  await client.send("CAP REQ :draft/read-marker server-time", "NICK reader", "USER reader 0 * :reader", "CAP END");
  await client.until(/ 376 | 422 /);
  await client.send(`NS IDENTIFY alice ${PASSWORD}`);
  await client.until(/ 900 /);
  return client;
}

test("read markers: the text port counts what is new since the last visit, and IRC since what it has read", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  let second = "";
  {
    await using server = await start(form, args);
    using alice = await Client.join(server.port);
    using bob = await Client.join(server.port);
    await bob.send("/nick bob", "one");
    await alice.until("<bob> one");
    await alice.send("/nick alice", `/register ${PASSWORD}`);
    await alice.until(/^-- alice is now registered/);
    await alice.send("/quit"); // has read "one"
    await bob.until(/^-- alice left #lobby/);
    await bob.send("two", "three");
    await bob.until("<bob> three");
    using back = await Client.join(server.port);
    await back.send(`/login alice ${PASSWORD}`);
    await back.until("-- 2 new messages in #lobby since you were last here. To read them: /history 2");
    await back.send("/quit"); // was shown them by the greeting
    await back.until("-- Goodbye.");

    using reader = await onIrc(server.ircPort);
    await reader.send("JOIN #lobby");
    const marker = await reader.until(/ MARKREAD #lobby /);
    await bob.send("four");
    second = (await reader.until(/PRIVMSG #lobby :four$/)).split(" ")[0]!.replace("@time=", "timestamp=");
    assert(marker.split(" ").at(-1)! < second, `${marker} is before ${second}`);
    await reader.send(`MARKREAD #lobby ${second}`);
    await reader.until(new RegExp(`^:tincan MARKREAD #lobby ${second}$`));
    for (let time = second; time === second;) { // of the same millisecond, a marker cannot tell the lines
      await bob.send("five");
      time = (await reader.until(/PRIVMSG #lobby :five$/)).split(" ")[0]!.replace("@time=", "timestamp=");
    }
    await bob.send("six");
    await reader.until(/:six$/); // a line is stored before it is delivered, and the marker with it
    server.kill("SIGKILL");
    await server.code();
  }
  {
    await using server = await start(form, args);
    using reader = await onIrc(server.ircPort);
    await reader.send("JOIN #lobby");
    assertEquals((await reader.until(/ MARKREAD /)).split(" ").slice(-2), ["#lobby", second]);
    await reader.send("QUIT");
    await reader.until(/^ERROR/);
    using alice = await Client.join(server.port);
    await alice.send(`/login alice ${PASSWORD}`);
    await alice.until("-- 2 new messages in #lobby since you were last here. To read them: /history 2");
    server.kill("SIGTERM");
    assertEquals(await server.code(), 0);
    assert(!/ (warn|error) /.test(server.log.all), server.log.all);
  }
  // What was shown when the server stopped is read.
  await using server = await start(form, args);
  using alice = await Client.join(server.port);
  await alice.send(`/login alice ${PASSWORD}`, "/ping");
  await alice.until("-- Pong.");
  assert(!alice.received.includes("new message"), alice.received);
});

test("read markers: one that was set while the database was locked is stored, though nothing follows", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path]);
  using alice = await Client.join(server.port);
  await alice.send("/nick alice", `/register ${PASSWORD}`);
  await alice.until(/^-- alice is now registered/);
  using reader = await onIrc(server.ircPort);
  const db = new DatabaseSync(`${directory.path}/tincan.db`);
  try {
    db.exec("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE");
    await reader.send("MARKREAD bob timestamp=2026-01-01T00:00:00.000Z");
    await reader.until(/ MARKREAD bob timestamp=/);
    await server.logged(/ error cannot store messages/);
    db.exec("ROLLBACK");
    await server.logged(/ info messages can be stored again/);
    assertEquals(db.prepare("SELECT nick FROM read_marker").all().map(({ nick }) => nick), ["bob"]);
  } finally {
    db.close();
  }
});
