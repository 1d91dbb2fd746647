/** Tests of the page's actions: connect, join and leave rooms, send messages. The test is the server. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { Chat } from "../../src/web/chat.js";
import type { Room } from "../../src/web/room.js";
import { webSockets } from "../../src/web/rejection.js";
import { FakeBrowser } from "./fake_browser.ts";

const CAPABILITIES = "draft/chathistory echo-message labeled-response server-time message-tags batch";

/** A page of alice. */
class Page implements Disposable {
  readonly browser = new FakeBrowser();
  readonly chat = new Chat(webSockets("ws://chat.example/irc"));
  /** The lines that wait for an answer, by their text without the label. */
  readonly #labels = new Map<string, string>();

  constructor(...rooms: string[]) {
    for (const name of rooms) this.chat.model.open(name);
    this.chat.connect("alice");
  }

  /** Registers on the current socket. Returns what is sent then. */
  register(capabilities = CAPABILITIES): string[] {
    const { socket } = this.browser;
    socket.open();
    socket.say(`CAP * LS :${capabilities}`, `CAP * ACK :${capabilities}`);
    socket.take();
    socket.say("001 alice :Welcome");
    return this.sent();
  }

  /** The lines that the page has sent since the last call, without labels. */
  sent(): string[] {
    return this.browser.socket.take().map((line) => {
      const [, label, text = line] = /^@label=(\S+) (.*)$/s.exec(line) ?? [];
      if (label !== undefined) this.#labels.set(text, label);
      return text;
    });
  }

  /** Answers a line that was sent. */
  answer(text: string, line: string): void {
    this.browser.socket.say(`@label=${this.#labels.get(text)} ${line}`);
  }

  room(name = "#tea"): Room {
    return this.chat.model.find(name)!;
  }

  /** Says a text in a room that the user is in. */
  say(text: string, name = "#tea"): string[] {
    this.chat.model.setState(this.room(name), "in");
    this.chat.say(this.room(name), text);
    return this.sent();
  }

  /** The pending messages of a room, each with its error. */
  pending(name = "#tea"): string[] {
    return this.room(name).pending.map(({ text, error }) => error === undefined ? text : `${text} (${error})`);
  }

  [Symbol.dispose](): void {
    this.browser[Symbol.dispose]();
  }
}

const LOST = "Possibly not sent: the connection was lost.";
const UNCONFIRMED = "Possibly not sent: the server has not confirmed it.";

Deno.test("chat: all rooms are joined after connecting, the current one first, and their history is requested", () => {
  using page = new Page("#tea", "#den", "bob", "#out");
  const { model } = page.chat;
  model.show(page.room("#den"));
  page.room().key = "sesame";
  model.setState(page.room("#out"), "out");
  assertEquals(page.register(), [
    "JOIN #den",
    "CHATHISTORY LATEST #den * 100",
    "JOIN #tea sesame",
    "CHATHISTORY LATEST #tea * 100",
    "CHATHISTORY LATEST bob * 100",
    "CHATHISTORY TARGETS timestamp=9999-12-31T23:59:59.999Z timestamp=1970-01-01T00:00:00.000Z 100",
  ]);
  assertEquals([model.nick, page.room().state], ["alice", "joining"]);
});

Deno.test("chat: a room is joined once, and left only if the user is in it", () => {
  using page = new Page();
  page.register("labeled-response");
  page.chat.join("#tea", "sesame");
  assertEquals([page.sent(), page.room().key], [["JOIN #tea sesame"], "sesame"]);
  page.browser.socket.say(":alice!~a@host JOIN #tea");
  page.chat.join("#TEA");
  assertEquals(page.sent(), []);
  page.chat.join("#tea", "other");
  assertEquals([page.sent(), page.room().key], [[], "other"]);
  page.chat.part(page.room(), "bye now");
  assertEquals([page.sent(), page.chat.model.tabs], [["PART #tea :bye now"], []]);
  page.chat.join("#den");
  page.chat.part(page.room("#den"));
  assertEquals([page.sent(), page.chat.model.tabs], [["JOIN #den"], []]);
  page.chat.part(page.chat.openTab("bob"));
  page.chat.openTab("#den");
  assertEquals([page.sent(), page.chat.model.current?.name], [["WHO bob %na", "JOIN #den"], "#den"]);
  page.answer("JOIN #den", "474 alice #den :Cannot join channel");
  assertEquals([page.room("#den").state, page.room("#den").joinError?.text], ["out", "You are banned from #den."]);
  page.chat.openTab("#den");
  assertEquals([page.sent(), page.room("#den").state], [["JOIN #den"], "joining"]);
  page.browser.socket.say(":alice!~a@host JOIN #den");
  page.chat.part(page.room("#den"));
  assertEquals(page.sent(), ["PART #den"]);
});

Deno.test("chat: the history of a private conversation is requested when it is opened", () => {
  using page = new Page();
  page.register();
  page.chat.openTab("bob");
  assertEquals(page.sent(), ["CHATHISTORY LATEST bob * 100", "WHO bob %na"]);
  page.chat.openTab("#den");
  assertEquals(page.sent(), ["JOIN #den", "CHATHISTORY LATEST #den * 100"]); // once
});

Deno.test("chat: after connecting, the server is asked whether the user of the conversation that is shown is a guest", () => {
  using page = new Page("bob", "carol");
  page.chat.model.show(page.room("carol"));
  assertEquals(page.register().filter((line) => line.startsWith("WHO")), ["WHO carol %na"]);
  page.chat.model.show(page.room("bob"));
  assertEquals(page.sent(), ["WHO bob %na"]);
});

Deno.test("chat: a message is pending until the server has echoed it", () => {
  using page = new Page("#tea");
  page.register();
  assertEquals(page.say("hi"), ["PRIVMSG #tea hi"]);
  assertEquals([page.pending(), page.room().pending[0]?.nick], [["hi"], "alice"]);
  page.chat.say(page.room(), "waves", "action");
  assertEquals([page.sent(), page.pending()], [["PRIVMSG #tea :\x01ACTION waves\x01"], ["hi", "waves"]]);
  page.answer("PRIVMSG #tea hi", ":alice!~a@host PRIVMSG #tea :hi");
  assertEquals(page.pending(), ["waves"]);
  page.answer("PRIVMSG #tea :\x01ACTION waves\x01", "ACK");
  assertEquals(page.pending(), []);
  page.say("no");
  page.answer("PRIVMSG #tea no", "404 alice #tea :Cannot send to channel");
  assertEquals(page.pending(), ["no (Not sent. You cannot send messages to #tea. Ask one of its operators.)"]);
});

Deno.test("chat: a message is marked as possibly lost 15 seconds after it and the last confirmed one", () => {
  using page = new Page("#tea");
  page.register();
  page.say("one");
  page.browser.pass(10);
  page.say("two");
  page.say("three");
  page.browser.pass(4);
  page.answer("PRIVMSG #tea two", ":alice!~a@host PRIVMSG #tea :two");
  page.browser.socket.say("PING x");
  page.browser.pass(14);
  assertEquals(page.pending(), ["one", "three"]);
  page.browser.pass(1);
  assertEquals(page.pending(), [`one (${UNCONFIRMED})`, `three (${UNCONFIRMED})`]);
  assert(page.room().pending.every(({ after }) => after !== undefined), "they may be found among delivered ones");
});

Deno.test("chat: a message that cannot be sent is shown as failed, and can be sent again", async () => {
  using page = new Page("#tea");
  page.register();
  page.say("one");
  await page.browser.socket.end();
  assertEquals(page.pending(), [`one (${LOST})`]);
  page.chat.say(page.room(), "two");
  page.chat.resend(page.room(), page.room().pending[0]!);
  assertEquals(page.pending(), [`one (${LOST})`, "two (Not sent: not connected.)"]);
  assertEquals(page.room().pending.map(({ after }) => after !== undefined), [true, false]);
  page.chat.connection.connect();
  page.register();
  page.chat.resend(page.room(), page.room().pending[1]!);
  assertEquals([page.sent(), page.pending()], [["PRIVMSG #tea two"], [`one (${LOST})`, "two"]]);
  page.room().pending[0]!.kind = "action";
  page.chat.resend(page.room(), page.room().pending[0]!);
  assertEquals(page.sent(), ["PRIVMSG #tea :\x01ACTION one\x01"]);
});

Deno.test("chat: a message that is sent again does not reply to the message that was chosen since, which stays chosen", () => {
  using page = new Page("#tea");
  page.register();
  const room = page.room();
  const line = { kind: "say" as const, time: new Date(), text: "hi", nick: "bob", id: "m9" };
  page.chat.model.replyTo(room, line);
  page.say("yes");
  page.chat.model.failPending(room, room.pending[0]!, LOST);
  page.say("no reply");
  page.chat.model.failPending(room, room.pending[1]!, LOST);
  page.chat.model.replyTo(room, { ...line, id: "m10" });
  for (const pending of [...room.pending]) page.chat.resend(room, pending);
  assertEquals(room.pending.map(({ text, reply }) => [text, reply]), [["yes", "m9"], ["no reply", undefined]]);
  assertEquals(room.replyTo?.id, "m10");
});

Deno.test("chat: a message for which a reply, or none, is given leaves the chosen one for the next message", () => {
  using page = new Page("#tea");
  page.register();
  const room = page.room();
  page.chat.model.replyTo(room, { kind: "say", time: new Date(), text: "hi", nick: "bob", id: "m9" });
  page.chat.say(room, "a file", "say", "m1");
  page.chat.say(room, "another", "say", "");
  page.chat.say(room, "yes");
  page.chat.say(room, "so");
  assertEquals(room.pending.map(({ reply }) => reply), ["m1", undefined, "m9", undefined]);
});

Deno.test("chat: a long message is sent in parts that fit with the user's host", () => {
  using page = new Page("#tea");
  page.register();
  const sizes = () => page.say("x".repeat(1000)).map((line) => line.replace(/^PRIVMSG #tea /, "").length);
  const most = (host: string) => 510 - `:alice!${host} PRIVMSG #tea :\x01ACTION \x01`.length;
  assertEquals(sizes()[0], most("~".repeat(75))); // the longest host, as the server has not sent it yet
  page.browser.socket.say(":alice!~a@host AWAY");
  assertEquals(sizes()[0], most("~a@host"));
});

Deno.test("chat: a text for ChanServ is a request, whose answer is shown in the conversation", () => {
  using page = new Page("#tea", "chanserv");
  page.register("labeled-response batch");
  assertEquals(page.say("BANS #tea", "chanserv"), ["CS :BANS #tea"]);
  page.answer("CS :BANS #tea", ":ChanServ!services@irc.example NOTICE alice :#tea has no bans.");
  assertEquals(page.room("chanserv").lines.at(-1)?.text, "#tea has no bans.");
  assertEquals([page.pending("chanserv"), page.room().lines], [[], []]);
});

Deno.test("chat: a text for NickServ is not shown, since it may contain a password", () => {
  using page = new Page("#tea", "NickServ");
  page.chat.model.show(page.room());
  page.register("labeled-response");
  assertEquals(page.say("IDENTIFY sesame", "NickServ"), ["NS :IDENTIFY sesame"]);
  assertEquals(page.pending("NickServ"), []);
  page.answer("NS :IDENTIFY sesame", ":NickServ!services@irc.example NOTICE alice :Wrong password.");
  assertEquals(page.room("NickServ").lines.at(-1)?.text, "Wrong password.");
  page.say("HELP", "NickServ");
  page.answer("NS HELP", "FAIL NS BUSY :The server is busy");
  assertEquals([page.room("NickServ").lines.at(-1)?.text, page.room().lines], ["The server is busy", []]);
});

Deno.test("chat: rooms are joined again after the connection was lost, with a notice when there is no history", async () => {
  for (const [capabilities, notices] of [[CAPABILITIES, 0], ["batch", 1]] as const) {
    using page = new Page("#tea", "#out", "bob");
    page.register(capabilities);
    page.browser.socket.say(":alice!~a@host JOIN #tea");
    page.chat.model.setState(page.room("#out"), "out");
    page.room().newest = { id: "a", time: new Date(0) };
    const statuses: string[] = [];
    page.chat.onStatus = ({ kind }) => void statuses.push(kind);
    await page.browser.socket.end();
    assertEquals([page.room().state, page.room("#out").state, page.room("bob").state], ["joining", "out", "in"]);
    assertEquals([page.room().lines.length, page.room().queue], [notices, undefined]);
    assertEquals(page.chat.online, false);
    page.browser.pass(1);
    assertEquals(page.register(capabilities).filter((line) => line.startsWith("JOIN")), ["JOIN #tea"]);
    assertEquals(statuses, ["waiting", "connecting", "online"]);
  }
});

Deno.test("chat: a request fails with a reason when the connection is lost before its answer", async () => {
  using page = new Page();
  page.register();
  const failed: string[] = [];
  assertEquals(page.chat.request("NICK", ["bob"], { onError: (why) => void failed.push(why) }), true);
  await page.browser.socket.end();
  assertEquals([failed, page.chat.request("NICK", ["bob"])], [["The connection was lost."], false]);
});

Deno.test("chat: the latest conversations are opened, unless they were closed after their last message", () => {
  const values = new Map([["tincan.read", JSON.stringify([["#tea", "id5", 5]])]]);
  const storage = {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
    removeItem: (name: string) => void values.delete(name),
  };
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => storage });
  using page = new Page("#tea");
  const targets = page.register().at(-1)!;
  assertEquals(page.room().lastRead, { id: "id5", time: new Date(5) });
  const conversations = ["carol", "Frank", "grace"].map((name) => page.chat.openTab(name));
  for (const room of conversations) {
    room.newest = { id: "x", time: new Date(7) };
    page.chat.part(room);
  }
  page.chat.openTab("frank");
  page.chat.model.close(page.room("frank"));
  page.answer(targets, "BATCH +b draft/chathistory-targets");
  const latest = { bob: 6, carol: 7, "#den": 9, frank: 7, grace: 8 };
  for (const [name, time] of Object.entries(latest)) {
    page.browser.socket.say(`@batch=b CHATHISTORY TARGETS ${name} ${new Date(time).toISOString()}`);
  }
  page.browser.socket.say("BATCH -b");
  assertEquals(page.chat.model.tabs.map(({ name }) => name), ["#tea", "bob", "frank", "grace"]);
  assertEquals(JSON.parse(values.get("tincan.closed")!), [["carol", 7]]);

  // A damaged value is ignored, and at most 200 are stored.
  for (const damaged of ["x", "{}", '[1,["a"],["b","c"]]']) {
    values.set("tincan.closed", damaged);
    page.chat.part(page.room("bob"));
    assertEquals(JSON.parse(values.get("tincan.closed")!).length, 1);
    page.chat.openTab("bob");
    assertEquals(values.has("tincan.closed"), false);
  }
  for (let n = 0; n < 210; n++) page.chat.part(page.chat.openTab(`n${n}`));
  const rows = JSON.parse(values.get("tincan.closed")!);
  assertEquals([rows.length, rows[0][0], rows.at(-1)[0]], [200, "n10", "n209"]);
});

Deno.test("chat: no more than 20 conversations are opened, the latest ones", () => {
  using page = new Page();
  const targets = page.register().at(-1)!;
  page.answer(targets, "BATCH +b draft/chathistory-targets");
  for (let n = 1; n <= 25; n++) {
    page.browser.socket.say(`@batch=b CHATHISTORY TARGETS p${n} ${new Date(n).toISOString()}`);
  }
  page.browser.socket.say("BATCH -b");
  const { tabs } = page.chat.model;
  assertEquals([tabs.length, tabs[0]?.name, tabs.at(-1)?.name], [20, "p6", "p25"]);
});

Deno.test("chat: a guest who logs in on the page is shown the conversations of the account", () => {
  using page = new Page();
  page.register();
  const targets = (lines: string[]) => lines.filter((line) => line.startsWith("CHATHISTORY TARGETS "));
  page.browser.socket.say("900 alice alice!~a@host alice :You are now logged in as alice");
  const [request, ...more] = targets(page.sent());
  assertEquals(more, []);
  page.answer(request!, "BATCH +b draft/chathistory-targets");
  page.browser.socket.say(`@batch=b CHATHISTORY TARGETS bob ${new Date(5).toISOString()}`, "BATCH -b");
  assertEquals(page.chat.model.tabs.map(({ name }) => name), ["bob"]);
  page.browser.socket.say("901 alice alice!~a@host :You are now logged out");
  assertEquals(targets(page.sent()), []);
});
