/** Tests that a hostile server can put nothing but text on the terminal, and that it cannot fill the memory. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LINE_MAX, LineSplitter } from "../../src/client/line_splitter.ts";
import { told } from "../../src/client/tell.ts";
import { plain } from "../../src/client/quiet_session.ts";
import { Batches, BATCHES_MAX, MULTILINE } from "../../src/web/multiline.js";
import { REQUESTS_MAX } from "../../src/web/connection.js";
import { LIST_MAX } from "../../src/web/handlers.js";
import { parse } from "../../src/web/irc.js";
import { REACTED_MAX, REACTIONS_MAX } from "../../src/web/line_changes.js";
import { IGNORED_MAX, MEMBERS_MAX, TABS_MAX } from "../../src/web/model.js";
import { CHARACTERS_MAX, QUEUE_MAX } from "../../src/web/room.js";
import { FakeApp } from "./fake_app.ts";

/** Timers of the core outlive a test: a message waits for its echo, and typing stops. */
const options = { sanitizeOps: false, sanitizeResources: false };

/** What could do harm on a terminal: sequences in 7 and 8 bits, bells, titles, links, the clipboard, bidirectional controls. */
const HARM = [
  "\x1b[31m\x1b[2J",
  "\x1b]0;owned\x07",
  "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\",
  "\x1b]52;c;b3duZWQ=\x07",
  "\x1bP+q544e\x1b\\",
  "\x9b31m\x9d0;owned\x9c\x90q\x9c\x85\x84",
  "\x07\x08\x0b\x0c\x0e\x7f\x1a\x18",
  "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
  "\u2028\u2029\u0085",
  "a" + "\u200b\u200d\ufe0f\u0301".repeat(500),
  "\ud800\udc00\ud800",
  "\u{e0041}\u{e0042}",
].join("");

/** Sequences that the client itself writes; the texts of a title and a notification end with BEL. */
const OWN =
  // deno-lint-ignore no-control-regex -- it matches escape sequences
  /\x1b\[[0-9;?]*[A-Za-z]|\x1b\](?:0|9|777);[^\x00-\x1f\x7f-\x9f]*\x07|\x1b\]8;;[\x21-\x7e]*\x1b\\|\x07|\r/g;
const NOT_TEXT =
  // deno-lint-ignore no-control-regex -- it matches control characters
  /[\x00-\x1f\x7f-\x9f]|[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u061c\u2028\u2029\ufeff]|\p{Cs}/u;

/** Fails if output has anything but text and sequences of the client. */
function assertText(output: string): void {
  assert(output.length > 0);
  const rest = output.replace(OWN, "");
  const found = NOT_TEXT.exec(rest);
  assertEquals(found && JSON.stringify(rest.slice(Math.max(0, found.index - 20), found.index + 20)), null);
  for (const sequence of ["\x1b[31m\x1b[2J", "\x1b]0;owned", "\x1b]8;;http://evil.example\x1b\\x"]) {
    assert(!output.includes(sequence), JSON.stringify(sequence)); // the client writes none of these
  }
}

const CAPABILITIES =
  "message-tags batch labeled-response echo-message server-time draft/chathistory draft/message-redaction account-tag " +
  "draft/multiline=max-bytes=4096 standard-replies extended-join soju.im/search";

Deno.test({
  name: "client: nothing but text of a server reaches the terminal, in whatever field it is",
  ...options,
  async fn() {
    const app = new FakeApp(110, 40);
    app.connect(CAPABILITIES);
    const tag = HARM.replaceAll(" ", "").replaceAll(";", "");
    const nick = tag.replaceAll("!", "");
    const user = `:${nick}!u@h`;
    const long = `:${"n".repeat(20_000)}${nick}!u@h`;
    app.receive(
      `:s 005 bob NETWORK=${tag} PRIVATEHISTORY=all :are supported`,
      `:s 375 bob :${HARM}`,
      `:s 372 bob :- ${HARM}`,
      `:s 376 bob :${HARM}`,
      `:s 332 bob #tea :${HARM}`,
      `:s 353 bob = #tea :@${nick} +${nick}x bob`,
      `:s 366 bob #tea :${HARM}`,
      `${user} JOIN #tea ${nick} :${HARM}`,
      `@msgid=1;account=${tag} ${user} PRIVMSG #tea :bob: ${HARM} http://${tag}.example/${tag} \`${HARM}\``,
      `@msgid=2;+draft/reply=1 ${user} PRIVMSG #tea :> ${HARM}`,
      `@msgid=3 ${user} PRIVMSG #tea :\x01ACTION ${HARM}\x01`,
      `@msgid=4 ${long} PRIVMSG bob :${HARM}`,
      `@+draft/reply=1;+draft/react=${tag} ${user} TAGMSG #tea`,
      `@+typing=active ${user} TAGMSG #tea`,
      `@msgid=5 ${user} NOTICE #tea :${HARM}`,
      `:${tag} NOTICE bob :${HARM}`,
      `${user} TOPIC #tea :${HARM}`,
      `${user} REDACT #tea 3 :${HARM}`,
      `${user} NICK :${nick}2`,
      `:${nick}2!u@h PART #tea :${HARM}`,
      `${user} QUIT :${HARM}`,
      `${user} INVITE bob :#${nick}`,
      `${user} KICK #tea ${nick} :${HARM}`,
      `${user} MODE #tea +k${tag.slice(0, 3)} ${nick}`,
      `:s FAIL * ${nick} :${HARM}`,
      `:s WARN * X :${HARM}`,
      `:s 900 bob ${nick} ${nick} :${HARM}`,
      `:s 433 bob ${nick} :${HARM}`,
      `:s 499 bob ${nick} :${HARM}`,
      `${user} WALLOPS :${HARM}`,
      `:bob!b@h JOIN #${nick}`,
    );
    assertText(await app.frame());
    for (
      const keys of [
        "\x1b[1;3A",
        "\x1b2",
        "\x1b3",
        "\x1b1",
        "@\t",
        "\x03",
        "/names\r",
        "\x0b",
        "\x1b",
        "/search x\r",
        "\x1b",
      ]
    ) {
      app.type(keys);
      const search = app.sent.findLast((line) => line.includes("SEARCH"));
      const label = /label=(\w+)/.exec(search ?? "")?.[1];
      if (label !== undefined) {
        app.receive(
          `@label=${label} BATCH +q soju.im/search`,
          `@batch=q;msgid=9 ${user} PRIVMSG #${nick} :${HARM}`,
          "BATCH -q",
        );
      }
      const output = await app.frame();
      if (output !== "") assertText(output);
    }
    app.receive(`ERROR :Closing link [${HARM}]`);
    app.hangUp(HARM);
    assertText(await app.frame());
    assertEquals(await app.leave(), 0);
  },
});

Deno.test("client: errors on stderr and output of the pipe have no control characters of a server", () => {
  for (const text of [told(`Cannot connect: ${HARM}`), plain(HARM)]) {
    // deno-lint-ignore no-control-regex -- it matches control characters
    assertEquals(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.exec(text), null);
  }
  assertMatch(told("one\ntwo"), /^one\ntwo$/);
  assert(told("x".repeat(1e6)).length < 3000);
});

Deno.test({
  name: "client: terminals of any size, and resizes in quick succession, are drawn",
  ...options,
  async fn() {
    const app = new FakeApp(20, 5);
    app.connect();
    app.receive(`:ann!a@h PRIVMSG #tea :${"word ".repeat(100)}`);
    app.type("hello");
    assertMatch(await app.frame(), /hello/);
    for (const [columns, rows] of [[1, 1], [0, 0], [2, 2], [9, 3], [10, 3], [500, 200], [20, 5]] as const) {
      app.events.resize(columns, rows);
      await app.frame();
    }
    for (let i = 0; i < 1000; i++) app.events.resize(i % 120, i % 50);
    app.events.resize(80, 24);
    const output = await app.frame();
    assert(output.length < 20_000, `${output.length}`); // one frame, not a thousand
    assertMatch(output, /hello/);
    await app.leave();
  },
});

Deno.test({
  name: "client: the tabs that a server opens are limited, and the shown one stays",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect();
    const { model } = app.chat;
    for (let i = 0; i < 3 * TABS_MAX; i++) {
      app.receive(`:n${i}!u@h PRIVMSG bob :hi`, `:n${i}!u@h INVITE bob #i${i}`, `:bob!b@h JOIN #j${i}`);
    }
    assertEquals(model.rooms.size, TABS_MAX);
    assertEquals(model.current?.name, "#tea");
    app.receive(...Array.from({ length: 2000 }, (_, i) => `:x!u@h JOIN #unknown${i}`));
    assertEquals(model.rooms.size, TABS_MAX);
    await app.leave();
  },
});

Deno.test({
  name: "client: the members of all rooms together are limited, and 100,000 are drawn",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect();
    const { model } = app.chat;
    const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `n${from + i}`).join(" ");
    for (let i = 0; i < 100_000; i += 500) app.receive(`:s 353 bob = #tea :${names(i, i + 500)}`);
    app.receive(":s 366 bob #tea :End");
    assertMatch(await app.frame(), /100001 here/);
    app.receive(":bob!b@h JOIN #big");
    for (let i = 0; i < MEMBERS_MAX; i += 500) app.receive(`:s 353 bob = #big :${names(i, i + 500)}`);
    app.receive(":new!u@h JOIN #big");
    const count = [...model.rooms.values()].reduce((sum, { members }) => sum + members.size, 0);
    assertEquals(count, MEMBERS_MAX);
    await app.leave();
  },
});

Deno.test({
  name: "client: lines that wait for history, lines of a history, and long texts are limited",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect(CAPABILITIES);
    const room = app.chat.model.find("#tea")!;
    assert(room.queue !== undefined); // the server does not answer the request for history
    for (let i = 0; i < QUEUE_MAX + 500; i++) app.receive(`@msgid=q${i} :ann!a@h PRIVMSG #tea :${i}`);
    assertEquals(room.queue.length, QUEUE_MAX);
    const label = /label=(\w+)/.exec(app.sent.find((line) => line.includes("CHATHISTORY LATEST #tea"))!)![1];
    app.receive(`@label=${label} BATCH +h chathistory #tea`);
    for (let i = 0; i < 5000; i++) app.receive(`@batch=h;msgid=h${i} :ann!a@h PRIVMSG #tea :${i}`);
    app.receive("BATCH -h");
    assert(room.lines.length <= 2100, `${room.lines.length}`);
    for (let i = 0; i < 400; i++) app.receive(`@msgid=l${i} :ann!a@h PRIVMSG #tea :${"x".repeat(20_000)}`);
    const characters = room.lines.reduce((sum, { text }) => sum + text.length, 0);
    assert(characters <= 1.2 * CHARACTERS_MAX, `${characters}`);
    await app.leave();
  },
});

Deno.test({
  name: "client: batches without end, reactions, modes, ignored users and lists are limited",
  ...options,
  async fn() {
    const batches = new Batches<number>();
    for (let i = 0; i < 5 * BATCHES_MAX; i++) batches.open(parse(`BATCH +b${i} ${MULTILINE} #tea`), i);
    assertEquals(batches.clear().length, BATCHES_MAX);

    const app = new FakeApp();
    app.connect(CAPABILITIES.replace("draft/chathistory", ""));
    const { chat } = app;
    const room = chat.model.find("#tea")!;
    app.receive("@msgid=1 :ann!a@h PRIVMSG #tea :hi");
    for (let i = 0; i < 2 * REACTIONS_MAX; i++) app.receive(`@+draft/reply=1;+draft/react=r${i} :x!u@h TAGMSG #tea`);
    for (let i = 0; i < 2 * REACTED_MAX; i++) app.receive(`@+draft/reply=1;+draft/react=r0 :x${i}!u@h TAGMSG #tea`);
    const { reactions = [] } = room.lines.find(({ id }) => id === "1")!;
    assertEquals([reactions.length, reactions[0]!.nicks.size], [REACTIONS_MAX, REACTED_MAX]);

    for (let i = 0; i < 5000; i++) app.receive(`:s MODE #tea +${String.fromCodePoint(0x4e00 + i)} x`);
    assert(room.modes.size <= 52);
    for (let i = 0; i < 1.1 * IGNORED_MAX; i++) app.receive(`:bob!b@h SILENCE +n${i}`);
    assertEquals(chat.model.ignoredNames.length, IGNORED_MAX);

    const list: { name: string; people: number; topic: string }[] = [];
    chat.request("LIST", [], { list });
    const label = /label=(\w+)/.exec(app.sent.at(-1)!)![1];
    app.receive(`@label=${label} BATCH +l labeled-response`);
    for (let i = 0; i < 2 * LIST_MAX; i++) app.receive(`@batch=l :s 322 bob #r${i} 1 :topic`);
    assertEquals(list.length, LIST_MAX);

    let unanswered = 0;
    for (let i = 0; i < REQUESTS_MAX + 10; i++) chat.request("WHO", ["x"], { onError: () => void unanswered++ });
    await app.frame();
    assert(unanswered >= 10);
    await app.leave();
  },
});

Deno.test({
  name: "client: a flood of mentions rings the bell at most once a second",
  ...options,
  async fn() {
    const app = new FakeApp();
    app.connect();
    app.events.input({ focus: false });
    for (let i = 0; i < 1000; i++) app.receive(`@msgid=${i} :ann!a@h PRIVMSG #tea :bob: ${i}`);
    const output = await app.frame();
    assertEquals(output.split("\x1b]9;").length - 1, 1);
    await app.leave();
  },
});

Deno.test("client: a line of 10 MB is skipped, and wrong UTF-8 is replaced", () => {
  const splitter = new LineSplitter();
  const chunk = new Uint8Array(64 * 1024).fill(0x78);
  for (let i = 0; i < 160; i++) assertEquals(splitter.write(chunk), []);
  const [skipped, next] = splitter.write(new TextEncoder().encode("\r\nPING x\r\n"));
  assertMatch(skipped!, /^NOTICE \* :The server sent a line of 10485761 bytes, which is too long/);
  assertEquals(next, "PING x");
  assertEquals(
    splitter.write(new Uint8Array([0x61, 0xff, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x0a]))[0]!.isWellFormed(),
    true,
  );
  assertEquals(splitter.write(new TextEncoder().encode(`${"y".repeat(LINE_MAX)}\n`))[0]!.length, LINE_MAX);
});
