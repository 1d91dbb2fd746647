/** `/paste`: several lines as one message. */
import { assertEquals } from "@std/assert";
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../../src/chat/message_text.ts";
import { PASTE_TIME } from "../../../src/protocol/text/paste.ts";
import { FakeTimers } from "../../fake_timers.ts";
import { dialogue, inRoom, TextServer } from "./harness.ts";

const PROMPT = "-- Paste your lines. A line with just . sends them, /cancel drops them.";
const TOO_LONG = "-- The paste is too long: at most 100 lines and 8192 bytes. It will not be sent. " +
  "End it with a line with just .";

Deno.test("paste: lines up to the dot are one message, with blank lines and indentation", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [["/paste", PROMPT]]);
  const lines = ["", "  if (x) {", "", "/quit", "//no command", "LIST", "..", "...", ".x", "  }", "", "."];
  const shown = [
    "<alice>   if (x) {",
    "",
    "        /quit",
    "        //no command",
    "        LIST",
    "        .",
    "        ...",
    "        .x",
    "          }",
  ];
  assertEquals(await alice.asks(...lines, "after"), [...shown, "<alice> after"]);
  assertEquals(bob.hears(), [...shown, "<alice> after"]);
});

Deno.test("paste: one line is a message like any other", async () => {
  const [alice] = await new TextServer().enter("alice");
  assertEquals(await alice.asks("/paste", "/me waves", "."), [PROMPT, "<alice> /me waves"]);
});

Deno.test("paste: /paste NAME sends the lines to one user", async () => {
  const [alice, bob, carol] = await new TextServer().enter("alice", "bob", "carol");
  await dialogue(alice, [
    ["/paste 1st", "-- Usage: /paste [NAME] – send several lines as one message."],
    ["/paste #lobby", "-- Usage: /paste [NAME] – send several lines as one message."],
    ["/paste bob", "-- Paste your lines. A line with just . sends them to bob, /cancel drops them."],
  ]);
  assertEquals(await alice.asks("one", "two", "."), ["-> *bob* one", "         two"]);
  assertEquals(bob.hears(), ["*alice* one", "        two"]);
  await alice.says("/paste nobody");
  assertEquals(await alice.asks("one", ".", "after"), [
    "-- No such user: nobody. /list shows who is here.",
    "<alice> after",
  ]);
  assertEquals(carol.hears(), ["<alice> after"]);
});

Deno.test("paste: /cancel and an empty paste send nothing", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  assertEquals(await alice.asks("/paste", "secret", "/cancel"), [PROMPT, "-- The paste is cancelled."]);
  assertEquals(await alice.asks("/paste", ""), [PROMPT]);
  assertEquals(await alice.asks("  ", "."), ["-- The paste is empty, and was not sent."]);
  assertEquals(await alice.asks("."), ["<alice> ."]);
  assertEquals(bob.hears(), ["<alice> ."]);
});

Deno.test("paste: Ctrl-C cancels it, and does nothing otherwise", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  assertEquals(await alice.asks("/paste", "secret", "\x03"), [PROMPT, "-- The paste is cancelled."]);
  assertEquals(await alice.asks("\x03", "hi"), ["<alice> hi"]);
  assertEquals(await alice.asks("/paste", "\x0304red\x03", "."), [PROMPT, "<alice> red"]);
  assertEquals(bob.hears(), ["<alice> hi", "<alice> red"]);
});

Deno.test("paste: the most lines and bytes are sent, and one more is not, nor said line by line", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  const most = Array.from({ length: MULTILINE_LINES_MAX }, (_, n) => `${n}`);
  await alice.says("/paste", ...most, ".");
  assertEquals(bob.hears().length, MULTILINE_LINES_MAX);
  alice.hears();
  await alice.says("/paste", ...most);
  alice.hears();
  assertEquals(await alice.asks("one more"), [TOO_LONG]);
  assertEquals(await alice.asks(...most, ...most, ".", "after"), [
    "-- The paste was not sent.",
    "<alice> after",
  ]);
  assertEquals(bob.hears(), ["<alice> after"]);
  const half = "é".repeat(MULTILINE_BYTES_MAX / 4);
  await alice.says("/paste", half, half.slice(1) + "x", ".");
  assertEquals(bob.hears().length, 2);
  alice.hears();
  assertEquals(await alice.asks("/paste", half, half, "/cancel"), [PROMPT, TOO_LONG, "-- The paste is cancelled."]);
  assertEquals(bob.hears(), []);
});

Deno.test("paste: a line that is too long for the server spoils the paste", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await alice.says("/paste", "one");
  alice.hears();
  alice.connection.onTooLong();
  alice.connection.onTooLong();
  assertEquals(await alice.asks("three", "."), ["-- The paste was not sent."]);
  assertEquals(bob.hears(), []);
});

Deno.test("paste: a line that is too long is told once", async () => {
  const [alice] = await new TextServer().enter("alice");
  await alice.says("/paste");
  alice.hears();
  alice.connection.onTooLong();
  alice.connection.onTooLong();
  assertEquals(alice.hears(), [
    "-- A line of the paste is too long. It will not be sent. End it with a line with just .",
  ]);
  await alice.says("/cancel");
});

Deno.test("paste: is dropped when nothing comes for some time, or the client disconnects", async () => {
  using timers = new FakeTimers(PASTE_TIME);
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await alice.says("/paste");
  timers.pass(PASTE_TIME - 1);
  await alice.says("one");
  timers.pass(PASTE_TIME - 1);
  alice.hears();
  timers.pass(1);
  const dropped = "-- Your paste was dropped, as nothing came for 5 minutes. What you type now is sent to the room.";
  assertEquals(alice.hears(), [dropped]);
  assertEquals(await alice.asks("."), ["<alice> ."]);
  await alice.says("/paste", "two");
  assertEquals(timers.size, 1);
  alice.connection.leave();
  await alice.over;
  assertEquals(timers.size, 0);
  assertEquals(bob.hears(), ["<alice> .", "-- alice left #lobby"]);
});

Deno.test("paste: goes to the room in which it was begun, or nowhere", async () => {
  const { clients: [alice, bob] } = await inRoom("alice", "bob");
  await bob.says("/paste", "one");
  await alice.says("/kick bob");
  alice.hears();
  bob.hears();
  assertEquals(await bob.asks("two", "."), ["-- You are not in #tea. Join it first: /join #tea"]);
  assertEquals(alice.hears(), []);
  assertEquals(await bob.asks("here"), ["<bob> here"]);
});

Deno.test("paste: a member who may not speak gets the reason at its end", async () => {
  const { clients: [alice, bob] } = await inRoom("alice", "bob");
  await alice.says("/mode +m");
  bob.hears();
  assertEquals(await bob.asks("/paste", "one", "."), [
    PROMPT,
    "-- You cannot speak in #tea. Ask an operator of the room for a voice.",
  ]);
});
