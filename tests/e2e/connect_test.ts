/**
 * `tincan connect`, read from its screen: conversations with other clients, the input, rooms, history, and the terminal.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, notInstalled, type Program, start } from "./harness.ts";
import { Directory, joinIrc, writePast } from "./history_store.ts";
import { Bot, Nc } from "./irc_clients.ts";
import { ClientTerminal, missing } from "./terminal_client.ts";

/** Connects a client of the text port under a name, and waits until alice sees it. */
async function onText(server: Program, name: string, alice: ClientTerminal): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`);
  await client.until(new RegExp(`^-- You are now ${name}|^-- \\S+ is now ${name}`));
  await alice.shows(name);
  return client;
}

/** A directory in which #lobby has messages: `line 0` to `line 299`. */
async function withPast(): Promise<Directory> {
  const directory = await Directory.make();
  const since = Date.now() - 60 * 60_000;
  const lines = Array.from({ length: 300 }, (_, n) => ({ time: since + n * 1000, text: `line ${n}.` }));
  await writePast(directory, [{ room: "#lobby", since, lines }]);
  return directory;
}

const rows = (screen: string[]) => screen.map((row) => row.trim()).filter((row) => row !== "");

test("connect: the first screen names the room, and /help shows commands and keys", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  assertEquals(rows(await alice.screen()), [
    "1 #lobby",
    "This is where #lobby begins.",
    "1 here",
    "alice › Message #lobby, or /help",
  ]);
  assertEquals(await alice.modes(), { alternate: true, cursor: true });
  await alice.type("/help");
  await alice.shows(/^ ?Help/m, "A line that begins with / is a command", "Ctrl+K");
  await alice.press(...Array(4).fill("NPage"));
  await alice.shows(/^ ?\/\w+ /m);
  await alice.hides("Ctrl+K");
  await alice.press("Escape");
  await alice.shows("alice › Message #lobby, or /help");
}, missing);

test("connect: incoming lines leave the typed text alone, and nc and IRC clients get what is sent", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  await using bob = new Nc(server.port);
  await bob.until(/^-- Welcome/);
  await bob.type("/nick bob");
  await using carol = await Bot.connect(server.ircPort, "carol");
  await carol.join("#lobby");
  await alice.shows("3 here");
  await alice.write("I type whle");
  await alice.press("Left", "Left");
  await alice.shows("alice › I type whle");
  await bob.type("Hello from nc");
  carol.client.say("#lobby", "Hello from IRC");
  await alice.shows(/ bob +Hello from nc/, / carol +Hello from IRC/);
  assertEquals(await alice.inputRow(), "alice › I type whle");
  await alice.write("i");
  await alice.press("Enter");
  await bob.until("<alice> I type while");
  await carol.expect("message", { nick: "bob", message: "Hello from nc" });
  await carol.expect("message", { nick: "alice", message: "I type while" });
  const screen = await alice.shows("Message #lobby, or /help", / alice +I type while/);
  assertEquals(screen.filter((row) => row.includes("I type while")).length, 1);
  await alice.type("/me waves");
  await bob.until("* alice waves");
  await alice.shows(/\* +alice waves/);
  await bob.type("/msg alice psst");
  await alice.shows(" 2 bob 1");
  await alice.press("M-2");
  await alice.shows("psst", "Message bob");
  await alice.type("yes?");
  await bob.until("*alice* yes?");
}, missing ?? notInstalled("nc"));

test("connect: a paste of several lines is one message", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  const dave = await joinIrc(server, "dave", "draft/multiline", "batch", "message-tags");
  using _dave = dave;
  await dave.send("JOIN #lobby");
  await alice.shows("2 here");
  await alice.paste("first\n  second\n\nlast /quit");
  await alice.shows("alice › first", "last /quit");
  assertEquals(rows((await alice.screen()).slice(-4)), ["alice › first", "second", "last /quit"]);
  await alice.press("Enter");
  await dave.until(/ BATCH \+\S+ draft\/multiline #lobby$/);
  const parts = await dave.lines(4);
  assertEquals(parts.map((line) => line.replace(/^.* PRIVMSG #lobby :?/, "")), ["first", "  second", "", "last /quit"]);
  await dave.until(/ BATCH -/);
  await alice.shows("Message #lobby, or /help", "last /quit");
}, missing);

test("connect: Tab completes names, rooms, commands, and lists follow @ and :", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  using _bob = await onText(server, "bobby", alice);
  const input = (text: string) => alice.shows(`alice › ${text}`);
  await alice.write("bo");
  await alice.press("Tab");
  await input("bobby: ".trimEnd());
  await alice.write("see #lo");
  await alice.press("Tab");
  await input("bobby: see #lobby");
  await alice.press("C-u");
  await alice.write("/top");
  await alice.shows(/^ \/topic +/m);
  await alice.press("Tab");
  await input("/topic");
  await alice.press("C-u");
  await alice.write("thanks @bo");
  await alice.shows(/^ @bobby/m);
  await alice.press("Tab");
  await input("thanks @bobby");
  await alice.press("C-u");
  await alice.write("done :tad");
  await alice.shows(/^ 🎉 .*tada/m);
  await alice.press("Escape");
  await alice.hides(/^ 🎉 .*tada/m);
  await alice.write("a:");
  await input("done 🎉");
}, missing);

test("connect: replies, reactions, deleted messages and code are shown", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  using bob = await onText(server, "bob", alice);
  await bob.send("Lunch at one?");
  await alice.shows("Lunch at one?");
  await alice.type("/reply bob Yes");
  await bob.until('<alice to bob> "Lunch at one?": Yes');
  await alice.shows(/ alice +╭ bob Lunch at one\?\n +Yes/);
  await bob.send("/react alice 👍");
  await alice.shows("👍 1");
  await alice.type("/react bob :tada:");
  await bob.until('-- alice reacted 🎉 to "Lunch at one?"');
  await alice.shows("🎉 1");
  await bob.send("oops");
  await alice.shows("oops");
  await bob.send("/delete");
  await alice.hides("oops");
  await alice.shows(/ bob +Deleted$/m);
  await alice.paste("Run it:\n```sh\nls -l\n```");
  await alice.press("Enter");
  await alice.shows(/┌ sh\n +│ ls -l/);
  await alice.press("M-Up");
  await alice.shows("r reply");
  await alice.write("d");
  await alice.shows("Delete this message");
  await alice.type("y");
  await alice.hides("│ ls -l");
}, missing);

test("connect: tabs count unread messages, and keys go to rooms", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  using bob = await onText(server, "bob", alice);
  await alice.type("/join #tea");
  await alice.shows("Message #tea", "1 here");
  await alice.type("/join #garden");
  await alice.shows("Message #garden", "1 here");
  await bob.send("one", "two", "/join #tea", "alice: the kettle is on");
  await alice.shows(/ 1 #lobby 2 {2}2 #tea 1! {2}3 #garden$/m);
  await alice.press("M-a");
  await alice.shows("Message #tea", "the kettle is on", " 2 #tea  3 ");
  await alice.press("M-a");
  await alice.shows("Message #lobby", " two");
  await alice.hides(/#lobby \d/);
  await alice.press("M-3");
  await alice.shows("Message #garden");
  await alice.press("C-k");
  await alice.shows("Go to");
  await alice.write("lob");
  await alice.shows(/▸ #lobby/);
  await alice.press("Enter");
  await alice.shows("Message #lobby");
}, missing);

test("connect: a line marks where new messages begin in a room", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  using bob = await onText(server, "bob", alice);
  await bob.send("an old message");
  await alice.shows("an old message");
  await alice.type("/join #tea");
  await alice.shows("Message #tea", "1 here");
  await bob.send("a new message");
  await alice.shows(" 1 #lobby 1 ");
  await alice.press("M-1");
  await alice.shows(/an old message\n─+ New messages ─+\n.* a new message/);
}, missing);

test("connect: PgUp loads the history, and /search jumps to a message", async (form) => {
  await using directory = await withPast();
  await using server = await start(form, ["--data", directory.path]);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  await alice.shows("line 299.");
  const isAt = (text: string) => async () => (await alice.screen()).some((row) => row.includes(text));
  for (const isThere = isAt("line 7."); !await isThere();) await alice.press("PPage");
  await alice.shows("Alt+End: to the end");
  await alice.press("M-End");
  await alice.shows("line 299.");
  await alice.type("/search line 42");
  await alice.shows("Search", "1 message", /▸.*line 42\./);
  await alice.press("Enter");
  await alice.shows("line 41.", "line 42.", "line 43.");
  await alice.hides("line 299.");
  await alice.type("back");
  await alice.shows("line 299.", "back");
}, missing);

test("connect: the screen is drawn for each size of the terminal, down to 20 by 5", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  using bob = await onText(server, "bob", alice);
  await bob.send("a message that is longer than a row of a small terminal", "日本語 and é");
  await alice.shows("日本語");
  await alice.write("draft");
  const before = await alice.shows("alice › draft");
  await alice.resize("20x5");
  await alice.until((screen) => screen.length === 5 && screen[0]!.includes("#lobby"));
  assertEquals(rows(await alice.screen()), ["1 #lobby", "terminal", "日本語 and é", "2 here", "alice › draft"]);
  await alice.resize("120x30");
  const wide = await alice.shows(/│ alice\n/, /│ bob\n/, "alice › draft");
  assertEquals(wide.length, 30);
  await alice.resize("3x2");
  await alice.resize("44x12");
  const narrow = await alice.shows("bob: a message", "alice › draft");
  assertEquals(narrow.filter((row) => row.includes("alice › draft")).length, 1);
  await alice.resize("80x24");
  await alice.until((screen) => screen.join("\n") === before.join("\n"));
}, missing);

test("connect: Ctrl-C clears the input, twice leaves, and the terminal is as before", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.open(form);
  const before = await alice.output("stty -a");
  assertMatch(before, / echo /);
  await alice.run(`connect irc://127.0.0.1:${server.ircPort} --nick alice`);
  await alice.shows("alice ›", "1 here");
  await alice.write("never sent");
  await alice.shows("alice › never sent");
  await alice.press("C-c");
  await alice.shows("Cleared. Ctrl+C again leaves.", "Message #lobby");
  await alice.press("C-c"); // two signals at the same time would be one
  const screen = await alice.shell();
  assertMatch(screen[0]!, /^ready> ~\/tincan connect/);
  assertEquals(rows(screen).filter((row) => !row.includes("connect irc:")), ["ready>"]);
  assertEquals(await alice.modes(), { alternate: false, cursor: true });
  assertEquals(await alice.output("echo $?"), "0\n");
  assertEquals(await alice.output("stty -a"), before);
  await alice.run(`connect irc://127.0.0.1:${server.ircPort}`);
  await alice.shows("alice ›", "1 here");
  await alice.type("/quit see you");
  await alice.shell();
  assertEquals(await alice.output("stty -a"), before);
}, missing);

test("connect: after Ctrl-Z and fg, the screen is drawn again", async (form) => {
  await using server = await start(form);
  await using alice = await ClientTerminal.connect(form, server.ircPort, "alice");
  using bob = await onText(server, "bob", alice);
  await alice.write("my draft");
  await alice.shows("alice › my draft");
  await alice.press("C-z");
  await alice.shell();
  await bob.send("said meanwhile");
  await bob.send("/ping");
  await bob.until("-- Pong.");
  await alice.type("fg");
  await alice.shows("said meanwhile", "alice › my draft");
  assertEquals((await alice.screen()).filter((row) => row.includes("ready>")), []);
  await alice.type(" is done");
  await bob.until("<alice> my draft is done");
}, missing);
