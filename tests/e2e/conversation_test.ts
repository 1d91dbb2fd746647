/**
 * Conversations over the text protocol, on real sockets, with the source and the compiled program.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, notInstalled, start, Talker } from "./harness.ts";

test("text: two clients are welcomed and see each other join, talk and leave", async (form) => {
  await using server = await start(form);
  using alice = new Client(await Deno.connect({ port: server.port }));
  assertEquals(await alice.lines(2), [
    "-- Welcome to tincan. You are guest1, alone in #lobby. Say something, or /help.",
    "-- More comfortable than nc and telnet: tincan connect HOST",
  ]);
  using bob = new Client(await Deno.connect({ port: server.port }));
  assertEquals(await bob.lines(2), [
    "-- Welcome to tincan. You are guest2, in #lobby with 1 other. Say something, or /help.",
    "-- More comfortable than nc and telnet: tincan connect HOST",
  ]);
  await alice.send("/nick alice", "hello, is somebody here?");
  await bob.until("<alice> hello, is somebody here?");
  await bob.send("I am", "/me waves", "//help is a command", "/quit tea");
  assertEquals(await alice.lines(7), [
    "-- guest2 joined #lobby",
    "-- guest1 is now alice",
    "<alice> hello, is somebody here?",
    "<guest2> I am",
    "* guest2 waves",
    "<guest2> /help is a command",
    "-- guest2 left #lobby (tea)",
  ]);
  assertEquals(await bob.rest(), ["<guest2> I am", "* guest2 waves", "<guest2> /help is a command", "-- Goodbye."]);
});

test("text: LIST, private messages, rooms and topics work between clients", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await alice.send("/nick alice");
  await bob.until("-- guest1 is now alice");
  await bob.send("/nick bob", "LIST");
  await bob.until("-- Client 1: alice in #lobby");
  assertEquals(await bob.lines(1), ["-- Client 2: bob in #lobby (you)"]);
  await bob.send("/join #tea", "/topic green, not black", "/msg ALICE psst");
  await bob.until("-> *alice* psst");
  await alice.until("*bob* psst");
  await alice.send("/rooms");
  await alice.until("-- #tea (1): green, not black");
  await alice.send("/join #TEA");
  await alice.until("-- You are in #tea with 1 other.");
  assertEquals(await alice.lines(1), ["-- The topic of #tea is: green, not black"]);
  await bob.until("-- alice joined #tea");
  await alice.send("/echo off", "you do not hear me twice", "/echo on", "/ping");
  await bob.until("<alice> you do not hear me twice");
  await alice.until("-- Pong.");
  assert(!alice.received.includes("twice"));
});

test("text: a client that joins later sees earlier messages, with their times", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  await alice.send(...Array.from({ length: 25 }, (_, i) => `line ${i + 1}`));
  await alice.until("<guest1> line 25");
  using bob = await Client.join(server.port);
  const past = await bob.lines(21);
  assertEquals(past[0], "-- Earlier messages:");
  // The date precedes the time if the test runs across midnight.
  assertMatch(past[1]!, /^\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\] <guest1> line 6$/);
  assertMatch(past[20]!, /^\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\] <guest1> line 25$/);
  await bob.send("/history 2");
  const two = await bob.lines(2);
  assertMatch(two[0]!, /^\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\] <guest1> line 24$/);
  assertMatch(two[1]!, /^\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d\] <guest1> line 25$/);
});

test("text: a client that sends \\r\\n receives \\r\\n, and others receive \\n", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await alice.until("-- guest2 joined #lobby");
  await bob.write("hello\r\n");
  assertEquals(await alice.raw(), "<guest2> hello\n");
  assertEquals(await bob.raw(), "<guest2> hello\r\n");
  await alice.send("hi");
  assertEquals(await alice.raw(), "<guest1> hi\n");
  assertEquals(await bob.raw(), "<guest1> hi\r\n");
});

test("text: the creator of a room can grant a voice, moderate, lock, ban and kick", async (form) => {
  await using server = await start(form);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await alice.send("/nick alice", "/join #tea");
  await alice.until("-- You are alone in #tea.");
  await bob.send("/nick bob", "/join #tea");
  await bob.until("-- You are in #tea with 1 other.");
  await alice.until("-- bob joined #tea");
  await alice.send("/voice bob", "/mode +mk sesame", "/ban *.example", "/kick bob see you");
  const lines = [
    "-- alice gave bob a voice in #tea",
    "-- alice moderated #tea: only operators and members with a voice can speak",
    "-- alice locked #tea: /join #tea sesame",
    "-- alice banned *!*@*.example from #tea",
    "-- alice kicked bob from #tea (see you)",
  ];
  assertEquals(await alice.lines(5), lines); // and no empty line among them
  assertEquals(await bob.lines(6), [...lines, "-- You are alone in #lobby."]);
  await bob.send("/join #tea", "/join #tea sesame", "hi");
  assertEquals(await bob.lines(3), [
    "-- #tea is locked. To join with its key: /join #tea KEY",
    "-- You are in #tea with 1 other.",
    "-- You cannot speak in #tea. Ask an operator of the room for a voice.",
  ]);
});

test("text: a new client sees the server name and the motd", async (form) => {
  const motd = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(motd, "Be kind.\r\nTea is at four.\n");
    await using server = await start(form, ["--motd", motd], { TINCAN_NAME: "teapot" });
    using alice = new Client(await Deno.connect({ port: server.port }));
    assertEquals(await alice.lines(4), [
      "-- Welcome to teapot. You are guest1, alone in #lobby. Say something, or /help.",
      "-- More comfortable than nc and telnet: tincan connect HOST",
      "-- Be kind.",
      "-- Tea is at four.",
    ]);
  } finally {
    await Deno.remove(motd);
  }
});

test("echo: replies to each line that is not empty", async (form) => {
  const [command, ...args] = form.command;
  await using server = await start({ ...form, command: [command!, ...args, "echo"] });
  using client = new Client(await Deno.connect({ port: server.port }));
  await client.write("one\n\n\r\ntwo\r\nthree");
  await client.end();
  assertEquals(await client.rest(), ["Hello, world!", "Hello, world!", "Hello, world!"]);
});

test("echo: clients do not register, so --max-unregistered does not apply", async (form) => {
  const [command, ...args] = form.command;
  const limit = ["--max-unregistered", "1"];
  await using server = await start({ ...form, command: [command!, ...args, "echo"] }, limit);
  using one = new Client(await Deno.connect({ port: server.port }));
  await one.send("hi");
  assertEquals(await one.lines(1), ["Hello, world!"]);
  using two = new Client(await Deno.connect({ port: server.port }));
  await two.send("hi");
  assertEquals(await two.lines(1), ["Hello, world!"]);
});

/** Starts a client program with its stdin and stdout on pipes. */
function spawn(program: string, ...args: string[]) {
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  return { child, talker: new Talker(child.stdout, child.stdin) };
}

test("text: nc and telnet clients talk to each other", async (form) => {
  await using server = await start(form);
  const port = String(server.port);
  const alice = spawn("nc", "127.0.0.1", port);
  await alice.talker.until(/^-- Welcome/);
  await alice.talker.send("/nick alice");
  const bob = spawn("nc", "127.0.0.1", port);
  await bob.talker.until(/^-- Welcome/);
  await bob.talker.send("/nick bob");
  const carol = spawn("telnet", "127.0.0.1", port);
  await carol.talker.until(/^-- Welcome .* with 2 others/);
  await carol.talker.send("/nick carol", "hello from telnet");
  await alice.talker.until("<carol> hello from telnet");
  await alice.talker.send("and from nc");
  for (const { talker } of [alice, bob, carol]) await talker.until("<alice> and from nc");
  // telnet exits when its input ends; nc stays until the server closes the connection.
  await carol.talker.end();
  await bob.talker.until("-- carol left #lobby");
  await bob.talker.send("/quit");
  await bob.talker.until("-- Goodbye.");
  await bob.talker.end();
  await alice.talker.until("-- bob left #lobby");
  await alice.talker.end();
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  for (const { child } of [alice, bob, carol]) await child.status;
}, notInstalled("nc", "telnet"));

test("text: nc and telnet paste, reply, react and delete, and each shows the other's actions", async (form) => {
  await using server = await start(form);
  const port = String(server.port);
  const alice = spawn("nc", "127.0.0.1", port);
  await alice.talker.until(/^-- Welcome/);
  await alice.talker.send("/nick alice");
  await alice.talker.until("-- guest1 is now alice");
  const bob = spawn("telnet", "127.0.0.1", port);
  await bob.talker.until(/^-- Welcome/);
  await bob.talker.send("/nick bob");
  for (const { talker } of [alice, bob]) await talker.until(/^-- guest\d is now bob$/);
  await bob.talker.send("/paste", "if (lunch) {", "", "  /eat", "}", ".");
  await bob.talker.until("-- Paste your lines. A line with just . sends them, /cancel drops them.");
  const pasted = ["<bob> if (lunch) {", "", "        /eat", "      }"];
  assertEquals(await alice.talker.lines(4), pasted);
  assertEquals(await bob.talker.lines(4), pasted);
  await alice.talker.send("/reply bob at one", "/react bob 👍");
  const quote = '"if (lunch) { /eat }"';
  for (const { talker } of [alice, bob]) {
    await talker.until(`<alice to bob> ${quote}: at one`);
    await talker.until(`-- alice reacted 👍 to ${quote}`);
  }
  await bob.talker.send("/react bob 🎉");
  await bob.talker.until(`-- You reacted 🎉 to ${quote}`);
  for (const { talker } of [alice, bob]) await talker.until(`-- bob reacted 🎉 to ${quote}`); // when the fold is over
  await bob.talker.send("/delete");
  for (const { talker } of [alice, bob]) await talker.until(`-- bob deleted: ${quote}`);
  await alice.talker.send("/history 2");
  assertMatch((await alice.talker.lines(1))[0]!, /^\[.*\] -- bob deleted this message$/);
  assertMatch((await alice.talker.lines(1))[0]!, /^\[.*\] <alice to bob> \(deleted\): at one$/);
  await bob.talker.end();
  await alice.talker.until(/^-- bob left #lobby/);
  await alice.talker.send("/quit");
  await alice.talker.until("-- Goodbye.");
  await alice.talker.end();
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  for (const { child } of [alice, bob]) await child.status;
}, notInstalled("nc", "telnet"));

test("text: every line has a time when the only input of nc was /times on", async (form) => {
  await using server = await start(form);
  const port = String(server.port);
  const log = spawn("nc", "127.0.0.1", port);
  await log.talker.send("/times on");
  await log.talker.end(); // as `printf '/times on\n' | nc` does
  await log.talker.until("-- New lines begin with the time now.");
  using alice = await Client.join(server.port);
  await alice.send("for the log");
  await log.talker.until(/^\[\d\d:\d\d\] -- guest2 joined #lobby$/);
  await log.talker.until(/^\[\d\d:\d\d\] <guest2> for the log$/);
  await alice.until("<guest2> for the log");
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  await log.child.status;
}, notInstalled("nc"));
