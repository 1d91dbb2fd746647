/**
 * Hostile and broken clients: each gets a clear reply or a log line, and the other clients are not affected.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, notInstalled, resettable, start } from "./harness.ts";

test("text: an invalid command gets a one-line error that no other client receives", async (form) => {
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
    ["/history 0", /^-- Invalid range: use 1 to 1000 lines/],
    ["/topic " + "x".repeat(361), /^-- Topic too long: at most 360 characters\./],
    ["/leave", /^-- You are in #lobby\. /],
  ];
  for (const [line, answer] of cases) {
    await alice.send(line);
    assertMatch((await alice.lines(1))[0]!, answer, line);
  }
  await alice.send("done");
  assertEquals(await bob.lines(1), ["<guest1> done"]);
});

test("text: control characters are removed from everything that clients send", async (form) => {
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

test("text: a client that does not read is disconnected with a reason, and the others miss no line", async (form) => {
  await using server = await start(form, ["--rate", "off", "--send-buffer", "256KiB"]);
  const stalled = await Deno.connect({ port: server.port }); // never read from
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
    assertEquals(await bob.until(/^<guest2>/), `<guest2> ${i} ${text}`); // no line is missing
    await alice.until(/^<guest2>/);
  }
  assertMatch(await reason, /reason="too slow to read"/);
  await alice.send("the end");
  await bob.until("<guest2> the end");
  assert(bob.received.includes("-- guest1 left #lobby (too slow to read)\n"));
  stalled.close();
});

test("text: a client that sends commands without reading the replies is slowed, not disconnected", async (form) => {
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

test("rate limiter: --rate slows a client down and drops none of its lines", async (form) => {
  await using server = await start(form, ["--rate", "50", "--burst", "10"]);
  using alice = await Client.join(server.port);
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`);
  const began = performance.now();
  await alice.send(...lines);
  assertEquals(await alice.lines(60), lines.map((line) => `<guest1> ${line}`));
  const took = performance.now() - began;
  assert(took > 900, `50 lines at 50 a second took ${took} ms`);
});

test("SAFERATE: announced to IRC clients unless the rate limit could make a client look dead", async (form) => {
  for (const [rate, isSafe] of [["10", true], ["off", true], ["0.01", false]] as const) {
    await using server = await start(form, ["--rate", rate]);
    using alice = new Client(await Deno.connect({ port: server.ircPort }));
    await alice.send("NICK alice", "USER alice 0 * :Alice");
    await alice.until(/ 422 alice /);
    assertEquals(alice.received.includes(" soju.im/SAFERATE "), isSafe, rate);
  }
});

test("tcp: a connection reset at any moment does not affect other sessions", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  using alice = await Client.join(server.port);
  for (let round = 0; round < 20; round++) {
    const socket = await resettable(server.port);
    await alice.until(/^-- guest2 joined/);
    socket.write("/list\n".repeat(50) + "half");
    await alice.send("x".repeat(8000)); // still being written when the socket is destroyed
    socket.resetAndDestroy();
    await alice.until("-- guest2 left #lobby (connection lost)");
  }
  await alice.send("LIST");
  await alice.until("-- Client 1: guest1 in #lobby (you)");
});

test("tcp: no member remains after 1,000 connects and disconnects in a row", async (form) => {
  await using server = await start(form, ["--max-per-ip", "off", "--log-rate", "off"]);
  using alice = await Client.join(server.port);
  for (let i = 0; i < 1000; i++) (await Deno.connect({ port: server.port })).close();
  // Connections are accepted in sequence, so this one is accepted after all the others.
  using bob = await Client.join(server.port);
  for (let count = 0; count < 1000; count++) await server.logged(/ disconnected /);
  await bob.send("LIST", "/ping");
  await bob.until("-- Client 1: guest1 in #lobby");
  assertMatch((await bob.lines(1))[0]!, /^-- Client 2: guest\d+ in #lobby \(you\)$/);
  assertEquals(await bob.lines(1), ["-- Pong."]);
  await alice.send("still here");
  await bob.until("<guest1> still here");
});

test("connection limits: --max-clients and --max-per-ip reject with a message until one disconnects", async (form) => {
  for (const [flag, sentence] of [["--max-clients", /^-- tincan is full/], ["--max-per-ip", /^-- Too many/]] as const) {
    await using server = await start(form, [flag, "2"]);
    using alice = await Client.join(server.port);
    {
      using _bob = await Client.join(server.port);
      using late = new Client(await Deno.connect({ port: server.port }));
      await late.send("hello?"); // still unread when the connection is rejected; the message arrives anyway
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

test("listener: accepts connections again when file descriptors are free after EMFILE", async (form) => {
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
