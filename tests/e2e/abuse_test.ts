/**
 * What hostile, broken and unlucky clients do: each gets a clear answer or a line in the log, and nobody else notices.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, notInstalled, resettable, start } from "./harness.ts";

test("what cannot be done is answered in one sentence, to that client alone", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await alice.until("-- guest2 joined #lobby");
  const cases: [string, RegExp][] = [
    ["/dance", /^-- No such command: \/\w+\. .*\/help/],
    ["/constructor", /^-- No such command: \/\w+\. .*\/help/],
    ["/nick GUEST2", /^-- Nickname in use: GUEST2\. /],
    ["/nick 1up", /^-- Invalid nickname: /],
    ["/nick " + "x".repeat(31), /^-- Invalid nickname: /],
    ["/nick", /^-- Usage: \/nick NAME/],
    ["/join lobby", /^-- You are already in #lobby\.$/],
    ["/join #a,b", /^-- Invalid room name: /],
    ["/msg nobody hi", /^-- No such user: nobody\. \/list/],
    ["/msg guest2", /^-- Usage: \/msg NAME TEXT/],
    ["/who #nowhere", /^-- No such room: #nowhere\. \/rooms/],
    ["/history many", /^-- Invalid range: use 1 to 1000 lines/],
    ["/topic " + "x".repeat(391), /^-- Topic too long: at most 390 characters\./],
    ["/leave", /^-- You are in #lobby\. /],
  ];
  for (const [line, answer] of cases) {
    await alice.send(line);
    assertMatch((await alice.lines(1))[0]!, answer, line);
  }
  await alice.send("done");
  assertEquals(await bob.lines(1), ["<guest1> done"]);
});

test("nobody receives another's control characters", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  using bob = await Client.join(server.port);
  using alice = await Client.join(server.port);
  await alice.send(
    "\x1b[31mred\x07 \x9b2J \x7f",
    "/me \x1b]0;title\x07 waves",
    "/nick \x1b[1m",
    "/topic \x1b[2Jtopic",
    "/msg guest1 \x1b[5mpsst",
    "/join #\x1b[1m",
    "/frob\x1b[1m",
    "/help \x1b[1m",
    "/who #\x1b[1m",
    "\x1b",
    "/quit \x1b[3mbye",
  );
  await alice.rest();
  await bob.until("-- guest2 left #lobby ([3mbye)");
  for (const { received } of [alice, bob]) {
    assert(!/(?![\t\n])\p{Cc}/u.test(received), JSON.stringify(received));
  }
  assert(bob.received.includes("<guest2> [31mred 2J \n* guest2 ]0;title waves\n"), JSON.stringify(bob.received));
});

test("a client that does not read is dropped with a reason, and costs the others nothing", async (form) => {
  await using server = await start(form, ["--rate", "off", "--send-buffer", "256KiB"]);
  const deaf = await Deno.connect({ port: server.port }); // never read from
  await server.logged(/connected .*nick=guest1/);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await alice.until("-- guest3 joined #lobby");
  const text = "x".repeat(8000);
  let dropped = false;
  const reason = server.logged(/disconnected .*nick=guest1 .*/).then((line) => {
    dropped = true;
    return line;
  });
  for (let i = 0; !dropped; i++) {
    await alice.send(`${i} ${text}`);
    assertEquals(await bob.until(/^<guest2>/), `<guest2> ${i} ${text}`); // none is missing
    await alice.until(/^<guest2>/);
  }
  assertMatch(await reason, /reason="too slow to read"/);
  await alice.send("the end");
  await bob.until("<guest2> the end");
  assert(bob.received.includes("-- guest1 left #lobby (too slow to read)\n"));
  deaf.close();
});

test("a client that asks without reading the answers is read more slowly, not dropped", async (form) => {
  await using server = await start(form, ["--rate", "off", "--max-per-ip", "off"]);
  using alice = await Client.join(server.port);
  const others = await Promise.all(Array.from({ length: 200 }, () => Client.join(server.port)));
  const asked = 3000; // some 20 MB of answers
  const asking = alice.send(...Array.from({ length: asked }, () => "/list"), "/ping");
  await alice.until("-- Pong.");
  await asking;
  assertEquals(alice.received.split("-- Client 1: guest1 in #lobby (you)\n").length - 1, asked);
  others.forEach((client) => client[Symbol.dispose]());
});

test("--rate slows a client down and loses none of its lines", async (form) => {
  await using server = await start(form, ["--rate", "50", "--burst", "10"]);
  using alice = await Client.join(server.port);
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`);
  const began = performance.now();
  await alice.send(...lines);
  assertEquals(await alice.lines(60), lines.map((line) => `<guest1> ${line}`));
  const took = performance.now() - began;
  assert(took > 900, `50 lines at 50 a second took ${took} ms`);
});

test("resets, at any time, end nobody else's session", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  using alice = await Client.join(server.port);
  for (let round = 0; round < 20; round++) {
    const socket = await resettable(server.port);
    await alice.until(/^-- guest2 joined/);
    socket.write("/list\n".repeat(50) + "half");
    await alice.send("x".repeat(8000)); // is being written while the socket goes
    socket.resetAndDestroy();
    await alice.until("-- guest2 left #lobby (connection lost)");
  }
  await alice.send("LIST");
  await alice.until("-- Client 1: guest1 in #lobby (you)");
});

test("1,000 connects and disconnects in a row leave nobody behind", async (form) => {
  await using server = await start(form, ["--max-per-ip", "off", "--log-rate", "off"]);
  using alice = await Client.join(server.port);
  for (let i = 0; i < 1000; i++) (await Deno.connect({ port: server.port })).close();
  // Each is accepted in turn, so whoever comes now comes after all of them, and outstays the last.
  using bob = await Client.join(server.port);
  for (let gone = 0; gone < 1000; gone++) await server.logged(/ disconnected /);
  await bob.send("LIST", "/ping");
  await bob.until("-- Client 1: guest1 in #lobby");
  assertMatch((await bob.lines(1))[0]!, /^-- Client 2: guest\d+ in #lobby \(you\)$/);
  assertEquals(await bob.lines(1), ["-- Pong."]);
  await alice.send("still here");
  await bob.until("<guest1> still here");
});

test("--max-clients and --max-per-ip turn away with a sentence, and let in again", async (form) => {
  for (const [flag, sentence] of [["--max-clients", /^-- tincan is full/], ["--max-per-ip", /^-- Too many/]] as const) {
    await using server = await start(form, [flag, "2"]);
    using alice = await Client.join(server.port);
    {
      using _bob = await Client.join(server.port);
      using late = new Client(await Deno.connect({ port: server.port }));
      await late.send("hello?"); // unread when it is turned away: still it gets the sentence
      const said = await late.rest();
      assertEquals(said.length, 1);
      assertMatch(said[0]!, sentence);
      await server.logged(/refused peer=127\.0\.0\.1:\d+ door=text/);
    }
    await server.logged(/disconnected .*nick=guest2/);
    using carol = await Client.join(server.port);
    await carol.send("made it");
    await alice.until("<guest2> made it");
  }
});

test("when files run out, accepting goes on as soon as there are some again", async (form) => {
  const [command, ...args] = form.command;
  const limited = { ...form, command: ["sh", "-c", `ulimit -n 64; exec "$0" "$@"`, command!, ...args] };
  await using server = await start(limited);
  const sockets: Deno.TcpConn[] = [];
  for (let i = 0; i < 80; i++) sockets.push(await Deno.connect({ port: server.port }));
  await server.logged(/cannot accept connections door=text error=/);
  sockets.forEach((socket) => socket.close());
  using alice = await Client.join(server.port);
  await alice.send("/ping");
  await alice.until("-- Pong.");
}, notInstalled("sh"));
