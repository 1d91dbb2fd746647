/** Tests of messages of several lines: what is sent and received as a batch, and the limits. The test is the server. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { Chat } from "../../src/web/chat.js";
import { bytes, messageMax } from "../../src/web/irc.js";
import { excessText, limitsIn, trimLines } from "../../src/web/multiline.js";
import type { Room } from "../../src/web/room.js";
import { webSockets } from "../../src/web/rejection.js";
import { FakeBrowser } from "./fake_browser.ts";

const CAPABILITIES = "draft/chathistory echo-message labeled-response server-time message-tags batch";
const LIMITS = "max-bytes=8192,max-lines=100";

/** A page of alice in #tea, whose history is loaded. */
class Page implements Disposable {
  readonly browser = new FakeBrowser();
  readonly chat = new Chat(webSockets("ws://chat.example/irc"));

  constructor(multiline: string | undefined = LIMITS) {
    this.chat.model.open("#tea");
    this.chat.connect("alice");
    const { socket } = this.browser;
    socket.open();
    const offered = multiline === "" ? "" : ` draft/multiline=${multiline}`;
    socket.say(`CAP * LS :${CAPABILITIES}${offered}`);
    const requested = socket.take().find((line) => line.startsWith("CAP REQ"))!;
    assertEquals(requested.includes("draft/multiline"), multiline !== "");
    socket.say(`CAP * ACK :${requested.slice("CAP REQ :".length)}`, "001 alice :Welcome");
    const history = socket.take().find((line) => line.includes("CHATHISTORY LATEST #tea"))!;
    this.says(":alice!~a@host JOIN #tea");
    this.says(`${history.split(" ")[0]} BATCH +h chathistory #tea`, "BATCH -h");
    socket.take();
  }

  get room(): Room {
    return this.chat.model.find("#tea")!;
  }

  /** The messages of the room. */
  get texts(): string[] {
    return this.room.lines.filter(({ kind }) => kind === "say").map(({ text }) => text);
  }

  says(...lines: string[]): void {
    this.browser.socket.say(...lines);
  }

  /** Says a text, and returns the lines that are sent, with the label `L` and the batch `B`. */
  say(text: string): string[] {
    this.chat.say(this.room, text);
    return this.browser.socket.take().map((line) =>
      line.replace(/^@label=\w+ /, "@label=L ").replace(/BATCH ([+-])\w+/, "BATCH $1B").replace(/batch=\w+/, "batch=B")
    );
  }

  [Symbol.dispose](): void {
    this.browser[Symbol.dispose]();
  }
}

Deno.test("multiline: a text of several lines is sent as a batch, and each line as a message without the capability", () => {
  using page = new Page();
  assertEquals(page.say("one\n\n two"), [
    "@label=L BATCH +B draft/multiline #tea",
    "@batch=B PRIVMSG #tea one",
    "@batch=B PRIVMSG #tea :",
    "@batch=B PRIVMSG #tea : two",
    "BATCH -B",
  ]);
  assertEquals(page.room.pending.map(({ text }) => text), ["one\n\n two"]);
  assertEquals(page.say("one"), ["@label=L PRIVMSG #tea one"]);
  using other = new Page("");
  assertEquals(other.say("one\n\n two"), ["@label=L PRIVMSG #tea one", "@label=L PRIVMSG #tea : two"]);
  assertEquals(other.room.pending.length, 2);
  using odd = new Page("max-lines=7"); // without the limit that the specification requires
  assertEquals(odd.say("one\ntwo").length, 2);
});

Deno.test("multiline: a line that is too long is continued, and its text is whole", () => {
  using page = new Page();
  const text = `${"word ".repeat(150)}end\n${"é".repeat(600)}`;
  const sent = page.say(text).slice(1, -1);
  const parts = sent.map((line) => /^@batch=B(;draft\/multiline-concat)? PRIVMSG #tea :?(.*)$/.exec(line)!);
  const joined = parts.reduce((all, [, concat, part = ""], i) => `${all}${concat || i === 0 ? "" : "\n"}${part}`, "");
  assertEquals(joined, text);
  const most = messageMax("alice!~a@host", "#tea");
  for (const [, , part = ""] of parts) assert(bytes(part) <= most, `${bytes(part)} bytes`);
  assertEquals(parts[0]?.[2]?.endsWith("word "), true); // a space stays at the end of a line
});

Deno.test("multiline: messages to services and actions are sent line by line", () => {
  using page = new Page();
  const service = page.chat.model.open("ChanServ");
  assertEquals(page.chat.sendsAsOne(service), false);
  assertEquals([page.chat.sendsAsOne(page.room), page.chat.excessOf(service, "x\n".repeat(500))], [true, ""]);
  page.browser.socket.take();
  page.chat.say(page.room, "waves\nagain", "action");
  assertEquals(page.browser.socket.take().map((line) => line.replace(/^\S+ /, "")), [
    "PRIVMSG #tea :\x01ACTION waves\x01",
    "PRIVMSG #tea :\x01ACTION again\x01",
  ]);
});

Deno.test("multiline: the echo of a batch confirms the message, and an error marks it as failed", () => {
  using page = new Page();
  page.chat.say(page.room, "one\ntwo");
  const label = () => /^@label=(\w+) BATCH/.exec(page.browser.socket.take()[0]!)![1];
  page.says(`@label=${label()};msgid=7;time=2026-11-20T12:00:00.000Z :alice!~a@host BATCH +r draft/multiline #tea`);
  page.says("@batch=r :alice!~a@host PRIVMSG #tea one", "@batch=r :alice!~a@host PRIVMSG #tea two");
  assertEquals([page.texts, page.room.pending.length], [[], 1]);
  page.says("BATCH -r");
  assertEquals([page.texts, page.room.pending.length], [["one\ntwo"], 0]);
  const { id, own, time } = page.room.lines.at(-1)!;
  assertEquals([id, own, time.toISOString()], ["7", true, "2026-11-20T12:00:00.000Z"]);

  page.chat.say(page.room, "three\nfour");
  page.says(`@label=${label()} FAIL BATCH MULTILINE_MAX_LINES 100 :Too many lines`);
  assertEquals(page.room.pending.map(({ text, error }) => [text, error]), [[
    "three\nfour",
    "Not sent. Too many lines",
  ]]);
});

Deno.test("multiline: a batch of another user is one message, whose mention counts once", () => {
  using page = new Page();
  page.says(
    "@msgid=8;account=bob :bob!~b@host BATCH +1 draft/multiline #tea",
    "@batch=1 :bob!~b@host PRIVMSG #tea :is ",
  );
  page.says(":carol!~c@host PRIVMSG #tea between", "@batch=1;draft/multiline-concat :bob!~b@host PRIVMSG #tea :it?");
  page.says("@batch=1 :bob!~b@host PRIVMSG #tea :", "@batch=1 :bob!~b@host PRIVMSG #tea :Alice?", "BATCH -1");
  assertEquals(page.texts, ["between", "is it?\n\nAlice?"]);
  assertEquals([page.room.lines.at(-1)?.mention, page.room.unread, page.room.mentions], [true, 2, 1]);
  // An empty batch, and one that is not open.
  page.says(":bob!~b@host BATCH +2 draft/multiline #tea", "BATCH -2", "BATCH -3");
  assertEquals(page.texts.length, 2);
});

Deno.test("multiline: batches within a batch of history are messages of that history", () => {
  using page = new Page();
  page.room.older = "more";
  page.chat.request("CHATHISTORY", ["BEFORE", "#tea", "msgid=1", "50"], {
    onLine: (_room, line) => void found.push(line.text),
    onEnd: () => void found.push("the end"),
  });
  const found: string[] = [];
  const label = page.browser.socket.take()[0]!.split(" ")[0];
  page.says(`${label} BATCH +h chathistory #tea`, "@batch=h;msgid=1 :bob!~b@host PRIVMSG #tea zero");
  page.says("@batch=h;msgid=2;time=2026-11-20T11:00:00.000Z :bob!~b@host BATCH +m draft/multiline #tea");
  page.says("@batch=m :bob!~b@host PRIVMSG #tea one", "@batch=m :bob!~b@host PRIVMSG #tea two", "BATCH -m");
  page.says("@batch=h;msgid=3 :bob!~b@host PRIVMSG #tea three", "BATCH -h");
  assertEquals(found, ["zero", "one\ntwo", "three", "the end"]);
});

Deno.test("multiline: a batch that never ends has a limit, and is forgotten with the connection", async () => {
  using page = new Page();
  page.says(":bob!~b@host BATCH +1 draft/multiline #tea");
  for (let n = 0; n < 500; n++) page.says(`@batch=1 :bob!~b@host PRIVMSG #tea ${"x".repeat(400)}`);
  page.says("BATCH -1");
  assert(page.texts[0]!.length > 60_000 && page.texts[0]!.length <= 65_536, `${page.texts[0]!.length}`);
  page.says(":bob!~b@host BATCH +2 draft/multiline #tea", "@batch=2 :bob!~b@host PRIVMSG #tea lost");
  await page.browser.socket.end();
  page.browser.pass(2);
  const { socket } = page.browser;
  socket.open();
  socket.say("CAP * LS :batch", "CAP * ACK :batch", "001 alice :Welcome", "BATCH -2");
  assertEquals([page.texts.length, page.chat.connection.multiline], [1, undefined]);
});

Deno.test("multiline: the limits are those of the server, and what exceeds them is told", () => {
  assertEquals(limitsIn("max-bytes=4096,other,max-lines=24"), { bytes: 4096, lines: 24 });
  assertEquals(limitsIn("max-bytes=4096"), { bytes: 4096, lines: Infinity });
  assertEquals([limitsIn(""), limitsIn("max-lines=24"), limitsIn("max-bytes=x")], [undefined, undefined, undefined]);
  const excess = (text: string) => excessText(text, 400, { bytes: 1000, lines: 10 });
  assertEquals(excess("x\n".repeat(9) + "x"), "");
  assertEquals(
    excess("x\n".repeat(10) + "x"),
    "The message has 11 lines; at most 10 can be sent at once. Shorten it, or send it in parts.",
  );
  const fits = `${"é".repeat(400)}\n${"x".repeat(199)}`; // 800 bytes in two lines, a line break, 199 bytes
  assertEquals([excess(fits), excess(`${fits}x`).slice(0, 30)], ["", "The message has 1001 bytes; at"]);
  using page = new Page();
  assertEquals(page.chat.excessOf(page.room, "x\n".repeat(99) + "x"), "");
  assert(page.chat.excessOf(page.room, "x\n".repeat(100) + "x").startsWith("The message has 101 lines"));
});

Deno.test("multiline: blank lines at the beginning and spaces at the end are not sent", () => {
  assertEquals(trimLines("\n \n  a\n\nb \n\n"), "  a\n\nb");
  assertEquals([trimLines(""), trimLines(" \n "), trimLines("a")], ["", "", "a"]);
});
