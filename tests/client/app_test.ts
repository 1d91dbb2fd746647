/** Tests of what the terminal client does with keys and with events of the terminal. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { FakeApp } from "./fake_app.ts";
import { Emulator } from "./terminal/emulator.ts";

/** Timers of the core outlive a test: a message waits for its echo, and typing stops. */
const options = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "client: Ctrl-C clears the input, and Up shows what was sent last",
  options,
  async () => {
    const app = new FakeApp();
    app.connect();
    app.type("one\rtwo\r\x1b[A");
    app.events.interrupted();
    assert((await app.frame()).includes("Cleared. Ctrl+C again leaves."));
    app.type("\x1b[A\r");
    const said = app.sent.filter((line) => line.includes("PRIVMSG")).map((line) => line.split(" ").at(-1));
    assertEquals(said, ["one", "two", "two"]);
    await app.leave();
  },
);

Deno.test("client: sets the title of the window again after it was stopped", options, async () => {
  const app = new FakeApp();
  app.connect();
  assert((await app.frame()).includes("\x1b]0;#tea – tincan\x07"));
  app.chat.model.tell(app.chat.model.current, "hello");
  assert(!(await app.frame()).includes("\x1b]0;"));
  app.events.resumed();
  assert((await app.frame()).includes("\x1b]0;#tea – tincan\x07"));
  await app.leave();
});

Deno.test(
  "client: titles and notifications are ASCII on a terminal without Unicode",
  options,
  async () => {
    const app = new FakeApp(100, 30, false);
    app.connect();
    app.receive(":zoë!u@h PRIVMSG bob :“hello” 世", ":bob!b@h JOIN #“te\u015b", ":zoë!u@h PRIVMSG #tea :bob: naïve…");
    app.type("\x1b2");
    const output = await app.frame();
    assert(output.includes('\x1b]9;zoe: "hello" ??\x07'), JSON.stringify(output));
    assert(output.includes('#"tes - tincan\x07'), JSON.stringify(output));
    assertEquals([...output].filter((character) => character > "~"), []);
    await app.leave();
  },
);

Deno.test("client: a long name is not before the input of a narrow window", options, async () => {
  for (const [columns, input] of [[80, "a_name_of_twenty_char › hello"], [24, "› hello"]] as const) {
    const app = new FakeApp(columns, 8);
    const emulator = new Emulator(columns, 8);
    app.connect();
    app.receive(":bob!b@h NICK a_name_of_twenty_char");
    app.type("hello");
    await emulator.write(await app.frame());
    assertEquals(emulator.row(7), input);
    emulator.close();
    await app.leave();
  }
});

Deno.test("client: a window of three rows says what is wrong, and why it asks something", options, async () => {
  const app = new FakeApp(40, 3);
  const emulator = new Emulator(40, 3);
  app.connect();
  app.type("/frobnicate\r");
  await emulator.write(await app.frame());
  assert(emulator.row(1).startsWith("No such command: /frobnicate."), emulator.text);
  app.type("\x15/oper root\r");
  await emulator.write(await app.frame());
  assert(emulator.row(1).startsWith("Makes you a server operator"), emulator.text);
  assert(emulator.row(2).startsWith("Operator password of root: "), emulator.text);
  app.type("\x1b");
  await emulator.write(await app.frame());
  assert(!emulator.text.includes("operator"), emulator.text);
  emulator.close();
  await app.leave();
});

Deno.test(
  "client: the first frame of a room with many new messages says that there are more below",
  options,
  async () => {
    const app = new FakeApp(60, 10);
    const emulator = new Emulator(60, 10);
    app.connect();
    app.receive(":bob!b@h JOIN #den", ":s 366 bob #den :End");
    app.type("\x1b2");
    await emulator.write(await app.frame());
    assert(emulator.row(0).startsWith(" 1 #tea  2 #den"), emulator.text);
    for (let n = 0; n < 30; n++) app.receive(`:carol!c@h PRIVMSG #tea :line ${n}`);
    app.type("\x1b1");
    await emulator.write(await app.frame());
    assert(emulator.row(1).includes("New messages"), emulator.text);
    assert(emulator.row(8).endsWith("Alt+End"), emulator.text);
    emulator.close();
    await app.leave();
  },
);

Deno.test(
  "client: messages below an open dialog are not read, and mentions in them notify",
  options,
  async () => {
    const app = new FakeApp(60, 12);
    const emulator = new Emulator(60, 12);
    app.connect();
    await app.frame();
    app.receive(":carol!c@h PRIVMSG #tea :bob: one");
    const seen = await app.frame();
    app.type("/help\r");
    await app.frame();
    app.receive(":carol!c@h PRIVMSG #tea :bob: two");
    app.events.resumed(); // draws all
    const covered = await app.frame();
    await emulator.write(covered);
    assertEquals([seen.includes("\x1b]9;"), covered.includes("\x1b]9;carol in #tea: bob: two\x07")], [false, true]);
    assert(emulator.row(0).startsWith(" 1 #tea 1!"), emulator.text);
    app.type("\x1b");
    await emulator.write(await app.frame());
    assertEquals(emulator.row(0).trim(), "1 #tea");
    assert(emulator.text.includes("bob: two"), emulator.text);
    emulator.close();
    await app.leave();
  },
);

Deno.test("client: has the size of the terminal after it was stopped and goes on", options, async () => {
  const app = new FakeApp(60, 20);
  const emulator = new Emulator(30, 8);
  app.connect();
  await app.frame();
  [app.columns, app.rows] = [30, 8]; // without an event: a stopped process gets no signal for it
  app.events.resumed();
  await emulator.write(await app.frame());
  assert(emulator.row(7).startsWith("bob › "), emulator.text);
  assertEquals(emulator.row(6), "1 here".padStart(30));
  assertEquals(emulator.cursor, { row: 7, column: 6 });
  emulator.close();
  await app.leave();
});

Deno.test(
  "client: /identify asks for the password of the account, also when /register was used before",
  options,
  async () => {
    const app = new FakeApp();
    app.connect("sasl");
    app.type("/register\r");
    assertMatch(await app.frame(), /New password for bob: /);
    app.type("\x1b");
    await app.frame();
    app.type("/identify\r");
    assertMatch(await app.frame(), /Password of bob: /);
    assertEquals(await app.leave(), 0);
  },
);

Deno.test({
  name: "client: the name is asked for again after an answer of spaces",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.receive(":s 433 * bob :Nickname is in use");
    app.type("  \r");
    assertMatch(await app.frame(), /Your name: /);
    app.type("bert\r");
    assertEquals([app.chat.wantedNick, app.chat.connection.status.kind], ["bert", "connecting"]);
    await app.leave();
  },
});

Deno.test({
  name: "client: what was sent to NickServ is not recalled",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect();
    app.chat.openTab("NickServ");
    app.type("identify sesame\r");
    assertMatch(app.sent.at(-1)!, /identify sesame$/);
    await app.frame();
    app.type("\x1b[A");
    assertEquals((await app.frame()).includes("sesame"), false);
    await app.leave();
  },
});

Deno.test({
  name: "client: of several lines none is a command, and /quit leaves in any case and offline",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect();
    app.type("\x1b[200~/exit the loop\n/quit\x1b[201~\r");
    assertEquals(app.closed, 0);
    assertEquals(app.sent.filter((line) => /PRIVMSG/.test(line)).map((line) => line.replace(/^@label=\w+ /, "")), [
      "PRIVMSG #tea :/exit the loop",
      "PRIVMSG #tea /quit",
    ]);
    app.type("/quitting\r");
    assertEquals(app.closed, 0);
    app.hangUp("");
    app.type("\x15/QUIT\r");
    assertEquals([app.closed, await app.exited], [1, 0]);
  },
});

Deno.test({
  name: "client: a draft is there again when its room was closed by another client of the account, and is joined again",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect();
    app.type("half a thought");
    app.receive(":bob!b@h JOIN #other", ":bob!b@h PART #tea");
    assertMatch(await app.frame(), /Message #other/);
    app.chat.openTab("#TEA");
    assertMatch(await app.frame(), /half a thought/);
    app.type("\x15/leave\r");
    app.chat.openTab("#tea");
    assertMatch(await app.frame(), /Message #tea/);
    await app.leave();
  },
});

Deno.test({
  name: "client: what was not confirmed is sent again after reconnecting, but not where the server keeps no messages",
  ...options,
  async fn() {
    const app = new FakeApp();
    const connect = () => {
      app.connect("batch message-tags labeled-response echo-message draft/chathistory");
      app.receive(":s 005 bob PRIVATEHISTORY=accounts :are supported");
      for (const line of app.sent.splice(0)) {
        const [, label] = /^@label=(\w+) CHATHISTORY/.exec(line) ?? [];
        if (label !== undefined) app.receive(`@label=${label} BATCH +h chathistory x`, "BATCH -h");
      }
    };
    const said = () => app.sent.flatMap((line) => /PRIVMSG (.*)$/.exec(line)?.[1] ?? []);
    connect();
    app.type("in a room\r");
    app.chat.openTab("ann");
    app.type("in private\r");
    assertEquals(said(), ["#tea :in a room", "ann :in private"]);
    app.hangUp("");
    app.chat.connection.connect();
    app.sent.length = 0;
    connect();
    assertEquals(said(), ["#tea :in a room"]);
    assertEquals(app.chat.model.find("ann")!.pending.map(({ error }) => error), [
      "Possibly not sent: the connection was lost.",
    ]);
    await app.leave();
  },
});
