/**
 * Rooms and messages under `--data` across restarts: persistence, retention and memory.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatDateTime } from "../../src/util/datetime.ts";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { ask, askIrc, Directory, eventually, historyFor, joinIrc, type Past, writePast } from "./history_store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const PASSWORD = "open-sesame";

/** The signals that end the server. */
const SIGNALS = ["SIGTERM", "SIGKILL"] as const;

/** Consecutive messages, one per millisecond. */
function lines(count: number, since: number, text = ""): Past["lines"] {
  return Array.from({ length: count }, (_, n) => ({ time: since + n, text: `line ${n}${text}` }));
}

/** Sends IRC lines and returns the numeric of each reply. */
async function numerics(client: Client, ...lines: string[]): Promise<string[]> {
  return (await askIrc(client, ...lines)).map((line) => line.split(" ")[1]!);
}

for (const signal of SIGNALS) {
  test(`history: rooms, topics and modes are restored after ${signal}`, async (form) => {
    await using directory = await Directory.make();
    const yesterday = Date.now() - DAY;
    await writePast(directory, [{ room: "#Tea", since: yesterday, owner: "alice", lines: [] }]);
    // Everything that can be queried about the rooms.
    const rooms = ["#tea", "#keys", "#club"];
    const queries = rooms.flatMap((room) => {
      return [`MODE ${room}`, `TOPIC ${room}`, ...["b", "e", "I"].map((list) => `MODE ${room} ${list}`)];
    });
    let before: string[];
    {
      await using server = await start(form, ["--data", directory.path, "--rate", "off"]);
      using guest = await joinIrc(server, "guest");
      await askIrc(guest, "JOIN #fleeting"); // nothing was said there, and it has no owner
      using alice = await joinIrc(server, "alice");
      const [done = ""] = await askIrc(alice, `NS REGISTER ${PASSWORD}`);
      assertMatch(done, / 900 alice .* :You are now logged in as alice$/);
      const joined = await askIrc(alice, "JOIN #tea,#keys,#club");
      const [, host] = /^:alice!~alice@(\S+) JOIN /.exec(joined[0]!)!;
      await askIrc(
        alice,
        "TOPIC #tea :green, not black",
        "MODE #tea +m-t",
        `MODE #tea +b *!*@${host}`,
        "MODE #tea +e alice!*@*",
        "MODE #keys +kl sesame 2",
        "MODE #club +iI alice!*@*",
        "MODE #club +I carol!*@*",
      );
      await askIrc(alice, "TOPIC #keys :for two"); // on its own: changes of one moment are committed together
      before = await askIrc(alice, ...queries);
      server.kill(signal);
      await server.code();
    }
    assertEquals(
      before.filter((line) => line.includes(" 329 "))[0],
      `:tincan 329 alice #Tea ${Math.floor(yesterday / 1000)}`,
    );

    await using server = await start(form, ["--data", directory.path, "--rate", "off"]);
    using guest = await Client.join(server.port);
    assertEquals((await ask(guest, "/rooms")).sort(), [
      "-- #Tea (0): green, not black",
      "-- #club (0)",
      "-- #keys (0): for two",
      "-- #lobby (1)",
      "-- Rooms: 4, each with its number of members",
    ]);
    using bob = await joinIrc(server, "bob");
    assertEquals((await askIrc(bob, "LIST")).sort(), [
      ":tincan 321 bob Channel :Users  Name",
      ":tincan 322 bob #Tea 0 :green, not black",
      ":tincan 322 bob #club 0 :",
      ":tincan 322 bob #keys 0 :for two",
      ":tincan 322 bob #lobby 1 :",
      ":tincan 323 bob :End of /LIST",
    ]);
    // bob has the banned host.
    assertEquals(await numerics(bob, "JOIN #tea", "JOIN #keys", "JOIN #club"), ["474", "475", "473"]);
    using alice = await joinIrc(server, "ally");
    await askIrc(alice, `NS IDENTIFY alice ${PASSWORD}`, "NICK alice");
    const joined = await askIrc(alice, "JOIN #tea,#keys,#club");
    const names = joined.filter((line) => line.includes(" 353 "));
    assertEquals(names, ["#Tea", "#keys", "#club"].map((room) => `:tincan 353 alice = ${room} :~alice`));
    assertEquals(await askIrc(alice, ...queries), before);
    using carol = await joinIrc(server, "carol");
    const inside = await askIrc(carol, "JOIN #keys,#club sesame");
    assertEquals(inside.filter((line) => line.includes(" 353 ")).length, 2);
    assertEquals(await numerics(bob, "JOIN #keys sesame"), ["471"]);
  });

  test(`history: a new client sees earlier messages and their times after ${signal}`, async (form) => {
    await using directory = await Directory.make();
    const once = Date.now() - 2 * DAY;
    await writePast(directory, [{ room: "#lobby", since: once, lines: lines(30, once) }]);
    {
      await using server = await start(form, ["--data", directory.path]);
      using alice = await Client.join(server.port);
      for (let n = 30; n < 35; n++) await ask(alice, `line ${n}`);
      server.kill(signal);
      await server.code();
    }
    const times = directory.rows("#lobby").slice(-20).map(({ time }) => time);
    await using server = await start(form, ["--data", directory.path]);
    using bob = await Client.join(server.port);
    const asked = Date.now();
    const shown = await ask(bob);
    // The format depends on the day, and midnight may pass between request and reply.
    const [first, second] = [asked, Date.now()].map((now) => [
      "-- Earlier messages:",
      ...times.map((time, i) => `[${formatDateTime(time, now)}] <${i < 15 ? "past" : "guest1"}> line ${15 + i}`),
    ]);
    assertEquals(shown, shown.join() === second!.join() ? second : first);
  });
}

test("retention: --keep deletes older messages and empty rooms, and shrinks the file", async (form) => {
  await using directory = await Directory.make();
  const old = Date.now() - 2 * DAY;
  const young = Date.now() - HOUR;
  await writePast(directory, [
    { room: "#lobby", since: old, lines: [...lines(5000, old, "x".repeat(500)), ...lines(10, young)] },
    { room: "#old", since: old, topic: "long ago", lines: lines(10, old) },
    { room: "#young", since: young, lines: lines(10, old) },
  ]);
  const { size } = await Deno.stat(directory.file());
  const free = () =>
    directory.query<{ pages: number }>("SELECT freelist_count AS pages FROM pragma_freelist_count")[0]!.pages;
  await using server = await start(form, ["--data", directory.path, "--keep", "1d", "--rate", "off"]);
  using alice = await Client.join(server.port);
  await eventually("deletion of old messages", () => directory.texts().length === 10);
  assertEquals(await historyFor(alice), lines(10, young).map(({ text }) => `<past> ${text}`));
  await eventually("deletion of empty rooms", () => directory.query("SELECT * FROM target").length === 2);
  assertEquals((await ask(alice, "/rooms")).slice(1), ["-- #lobby (1)", "-- #young (0)"]);
  await eventually("return of all free pages", () => free() === 0);
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  assertEquals(directory.texts().length, 10);
  const left = (await Deno.stat(directory.file())).size;
  assert(left < size / 10, `the file has ${left} of ${size} bytes`);
});

test("retention: --keep-lines deletes the oldest messages of a room", async (form) => {
  await using directory = await Directory.make();
  const said = Array.from({ length: 40 }, (_, n) => `<guest1> line ${n}`);
  for (const keep of [10, 5]) {
    await using server = await start(form, ["--data", directory.path, "--keep-lines", `${keep}`, "--rate", "off"]);
    using alice = await Client.join(server.port);
    if (keep === 10) await ask(alice, ...said.map((_, n) => `line ${n}`));
    await eventually("deletion of old messages", () => directory.texts().length === keep);
    assertEquals(await historyFor(alice), said.slice(-keep));
    server.kill("SIGTERM");
    assertEquals(await server.code(), 0);
  }
});

test("retention: --keep-lines deletes messages while clients keep talking", async (form) => {
  await using directory = await Directory.make();
  const flags = ["--keep-lines", "20", "--rate", "100", "--burst", "1"];
  await using server = await start(form, ["--data", directory.path, ...flags]);
  using alice = await Client.join(server.port);
  const count = 1500; // takes 15 seconds
  await alice.send(...Array.from({ length: count }, (_, n) => `${n}`));
  await eventually("deletion of the first messages", () => Number(directory.rows("#lobby")[0]?.text) > 100);
  assert(
    Number(directory.rows("#lobby").at(-1)!.text) < count - 1,
    "messages were deleted only after the traffic ended",
  );
});

test("retention: --max-data deletes the oldest messages of all rooms and shrinks the file", async (form) => {
  await using directory = await Directory.make();
  const [old, young] = [Date.now() - 2 * DAY, Date.now() - DAY];
  await writePast(directory, [
    { room: "#lobby", since: old, lines: lines(5000, old, " x".repeat(250)) },
    { room: "#tea", since: young, lines: lines(500, young, " x".repeat(250)) },
  ]);
  const { size } = await Deno.stat(directory.file());
  assert(size > 2 ** 21, `${size} bytes to begin with`);
  await using _server = await start(form, ["--data", directory.path, "--max-data", "1MiB", "--rate", "off"]);
  const pages = (what: string) => directory.query<{ n: number }>(`SELECT ${what} AS n FROM pragma_${what}`)[0]!.n;
  const bytes = () => pages("page_count") * pages("page_size");
  await eventually("smaller file", () => bytes() < 2 ** 21 && pages("freelist_count") === 0);
  const left = directory.rows("#lobby").length;
  assert(left > 0 && left < 4000, `${left} old lines are left`);
  assertEquals(directory.rows("#tea").length, 500);
  assertEquals(directory.rows("#lobby").at(-1)!.text.slice(0, 9), "line 4999");
});

test("storage limit: a flood from one address is rejected, and other clients at the address can talk", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path, "--rate", "100", "--burst", "100"]);
  using alice = await Client.join(server.port);
  await ask(alice, "hello");
  const trolls = await Promise.all(Array.from({ length: 40 }, () => Client.join(server.port)));
  try {
    const rejected = trolls.map(async (troll, n) => {
      await ask(troll, `/join #flood${n}`);
      await troll.send(...Array.from({ length: 90 }, () => "x".repeat(8000)));
      return await troll.until(/^-- Not sent: /);
    });
    for (const each of rejected) each.catch(() => {}); // some may be too slow to be rejected
    assertEquals(
      await Promise.any(rejected),
      "-- Not sent: your network or account is sending too much. Wait a minute, then send it again.",
    );
    assert((await ask(alice, "still here")).includes("<guest1> still here"));
  } finally {
    for (const troll of trolls) troll[Symbol.dispose]();
  }
  const [{ bytes = 0 } = {}] = directory.query<{ bytes: number }>("SELECT sum(length(text)) AS bytes FROM message");
  assert(bytes > 7e6 && bytes < 10e6, `${bytes} bytes were stored`);
});

test("memory: use does not grow with the length of the stored history", async (form) => {
  const memory = async (count: number) => {
    await using directory = await Directory.make();
    const since = Date.now() - DAY;
    await writePast(
      directory,
      Array.from({ length: 20 }, (_, n) => ({ room: `#room${n}`, since, lines: lines(count, since, "x".repeat(50)) })),
    );
    await using server = await start(form, ["--data", directory.path, "--log-level", "debug"]);
    await server.warm();
    using alice = await Client.join(server.port);
    await ask(alice, "/join #room1", "/history 10");
    return server.memory();
  };
  const [short, long] = [await memory(10), await memory(10_000)];
  // 20 MB were measured: 8 MiB of page cache, and garbage that V8 has not collected. The texts alone are 98 MB.
  assert(long - short < 40e6, `${short} bytes with 200 lines, ${long} with 200,000`);
}, Deno.build.os === "linux" ? undefined : "there is no /proc to read memory from");
