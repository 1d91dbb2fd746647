/**
 * Terminal escapes, bidirectional controls, invisible characters and confusable letters. A table holds the expected
 * result for each; it is tried in every kind of text that clients can send, from each protocol to each protocol and to
 * the log.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hasControl } from "../fuzz/sound.ts";
import { WebSocketClient } from "../websocket_client.ts";
import { test } from "./forms.ts";
import { Client, type Form, type Program, start } from "./harness.ts";

/** A string that can make text look like other text. */
interface Disguise {
  readonly label: string;
  readonly text: string;
  /** What remains of it in a message, as an IRC client receives it. */
  readonly irc: string;
  /** What remains of it in a message, as a text client receives it. */
  readonly text_: string;
  /** Whether a room name may contain it, between `x` and `x`. */
  readonly room: boolean;
  /** Whether a nickname may contain it, between `a` and `b`. */
  readonly nick: boolean;
}

/** A row of the table; `plain` is given where a text client receives less than an IRC client. */
function row(label: string, text: string, irc: string, { plain = irc, room = false, nick = false } = {}): Disguise {
  return { label, text, irc, text_: plain, room, nick };
}

const TABLE: readonly Disguise[] = [
  row("a terminal colour", "\x1b[31m", "[31m"),
  row("a window title", "\x1b]0;t\x07", "]0;t"),
  row("clear screen, with a one-byte CSI", "\u009b2J", "2J"),
  row("a backspace", "\b\b\b", ""),
  row("a delete", "\x7f", ""),
  row("IRC's bold", "\x02", "\x02", { plain: "" }),
  row("IRC's colours", "\x034,12", "\x034,12", { plain: "" }),
  row("a right-to-left override", "\u202e", ""),
  row("a right-to-left embedding", "\u202b", ""),
  row("an isolate without its end", "\u2067", ""),
  row("the end of an isolate alone", "\u2069", ""),
  row("a line separator", "\u2028", ""),
  row("a byte order mark", "\ufeff", ""),
  // Hebrew, Persian, Hindi and some emoji need these: allowed in messages, not in names.
  row("a direction mark", "\u200f", "\u200f"),
  row("a zero-width joiner", "\u200d", "\u200d"),
  row("a zero-width non-joiner", "\u200c", "\u200c"),
  row("a zero-width space", "\u200b", "\u200b"),
  row("a soft hyphen", "\u00ad", "\u00ad"),
  row("a tag character", "\u{e0041}", "\u{e0041}"),
  row("a variation selector", "\ufe0f", "\ufe0f"),
  row("a Hangul filler", "\u3164", "\u3164"),
  row("stacked combining marks", "\u0300\u0301\u0302", "\u0300\u0301\u0302", { room: true, nick: true }), // no precomposed x exists
  row("a Cyrillic o", "\u043e", "\u043e"),
  row("a Greek omicron", "\u03bf", "\u03bf"),
  row("a wide o", "\uff4f", "\uff4f", { room: true, nick: true }), // it is the same name as with an o
  row("a bold o", "\u{1d428}", "\u{1d428}"),
  row("an é", "é", "é", { room: true, nick: true }),
  row("an emoji", "😀", "😀", { room: true }),
];

/** The lines of a protocol that carry free text: a message to the room, and all others. */
interface Templates {
  say(word: string): string;
  readonly others: readonly ((word: string) => string)[];
}

const TEXT: Templates = {
  say: (word) => word,
  others: [
    (word) => `/me ${word}`,
    (word) => `/topic ${word}`,
    (word) => `/msg reader ${word}`,
    (word) => `/msg hearer ${word}`,
  ],
};

const IRC: Templates = {
  say: (word) => `PRIVMSG #den :${word}`,
  others: [
    (word) => `PRIVMSG #den :\x01ACTION ${word}\x01`,
    (word) => `NOTICE #den :${word}`,
    (word) => `TOPIC #den :${word}`,
    (word) => `AWAY :${word}`,
    (word) => `SETNAME :${word}`,
    (word) => `PRIVMSG reader,hearer :${word}`,
    (word) => `@+draft/react=${word.replaceAll(";", "")} TAGMSG #den`,
    (word) => `KICK #den kicked :${word}`,
  ],
};

/** A client of any protocol that sends lines. */
interface Sender {
  send(line: string): Promise<void>;
}

/** Connects a reader and a writer for each protocol, all in `#den`. */
async function connectAll(server: Program) {
  const irc = async (nick: string) => {
    const client = new Client(await Deno.connect({ port: server.ircPort }));
    await client.send(
      `CAP REQ :message-tags away-notify setname extended-join`,
      `NICK ${nick}`,
      `USER u 0 * :r`,
      "CAP END",
    );
    await client.send("JOIN #den");
    await client.until(/ 366 /);
    return client;
  };
  const text = async (nick: string) => {
    const client = await Client.join(server.port);
    await client.send(`/nick ${nick}`, "/join #den");
    await client.until(/^-- You are (?:alone )?in #den/);
    return client;
  };
  const writer = await irc("ircwriter"); // first, so that it is the operator: it kicks and sets the topic
  await writer.send("MODE #den -t");
  const web = await WebSocketClient.open(server.webPort);
  await web.send("NICK webwriter", "USER u 0 * :r", "JOIN #den");
  await web.until(/ 366 /);
  return { hearer: await irc("hearer"), reader: await text("reader"), writer, typist: await text("typist"), web };
}

const BIDI_OR_SEPARATOR = /[\u202a-\u202e\u2066-\u206f\u2028\u2029]/;

for (const [protocol, templates] of [["text", TEXT], ["irc", IRC], ["web", IRC]] as const) {
  test(`sanitize: each kind of text arrives as the table says when sent over ${protocol}`, async (form) => {
    await using server = await start(form, ["--rate", "off"]);
    const all = await connectAll(server);
    const { hearer, reader, writer, typist, web } = all;
    const sender: Sender = { text: typist, irc: writer, web }[protocol];
    for (const { label, text, irc, text_ } of TABLE) {
      for (const template of templates.others) await sender.send(template(`a${text}b`));
      await sender.send(templates.say(`>a${text}b`));
      const plain = protocol === "text" ? text_ : irc; // formatting is removed from what text clients send
      assertEquals((await hearer.until(/ PRIVMSG #den :>a/)).split(" :>").at(-1), `a${plain}b`, `${label}, on IRC`);
      assertEquals(
        (await reader.until(/^<\w+> >a/)).split("> >").at(-1),
        `a${text_}b`,
        `${label}, on the text protocol`,
      );
    }
    // All other lines have arrived as well, without control characters.
    assert(hearer.received.includes(protocol === "text" ? "\x01ACTION a[31mb\x01" : "AWAY :a[31mb"));
    for (const line of reader.received.split("\n")) {
      assert(!/[^\P{Cc}\t]/u.test(line) && !BIDI_OR_SEPARATOR.test(line), JSON.stringify(line));
    }
    for (const line of hearer.received.split("\r\n")) {
      assert(!hasControl(line) && !BIDI_OR_SEPARATOR.test(line), JSON.stringify(line));
    }
    for (const client of [hearer, reader, writer, typist, web]) client[Symbol.dispose]();
  });
}

test("nicknames: NICK is rejected when the name has disguised characters or looks like a member's", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { hearer, reader, writer, typist, web } = await connectAll(server);
  for (const { label, text, text_, nick } of TABLE) {
    if (nick) continue;
    if (text_ !== "" || !label.startsWith("IRC's")) { // the text protocol removes IRC formatting from all input
      await typist.send(`/nick a${text}b`);
      assertMatch(await typist.until(/^-- (?:Invalid|typist is now)/), /^-- Invalid nickname: /, label);
    }
    for (const [nick, client] of [["ircwriter", writer], ["webwriter", web]] as const) {
      await client.send(`NICK a${text}b`);
      assertMatch(await client.until(new RegExp(` 432 |^\\S*:${nick}!\\S+ NICK `)), / 432 /, label);
    }
  }
  await typist.send("/nick tim");
  await typist.until(/ is now tim$/);
  await hearer.send("NICK alice");
  await hearer.until(/ NICK alice$/);
  for (const nick of ["a1ice", "aIice", "AIice", "al1ce", "tirn", "t1m"]) {
    await reader.send(`/nick ${nick}`);
    assertEquals(
      await reader.until(/^-- \S+ looks like a nickname in use/),
      `-- ${nick} looks like a nickname in use. Choose another one.`,
    );
    await writer.send(`NICK ${nick}`);
    await writer.until(new RegExp(`^:\\S+ 433 ircwriter ${nick} :`));
    await web.send(`NICK ${nick}`);
    await web.until(new RegExp(`^:\\S+ 433 webwriter ${nick} :`));
  }
  // A connection that is not registered yet gets the same reply and can choose another nickname.
  using late = new Client(await Deno.connect({ port: server.ircPort }));
  await late.send("NICK a1ice", "USER u 0 * :r");
  await late.until(/ 433 \* a1ice :/);
  await late.send("NICK alicia");
  await late.until(/ 001 alicia /);
  // A member may take a nickname that looks like their own; when they quit, all lookalikes are free.
  await hearer.send("NICK a1ice");
  await hearer.until(/ NICK a1ice$/);
  await hearer.send("QUIT");
  await hearer.rest();
  await reader.send("/nick AIice");
  await reader.until(/ is now AIice$/);
  for (const client of [reader, writer, typist, web]) client[Symbol.dispose]();
});

test("room names: JOIN is rejected when the name has disguised characters or looks like #lobby", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { hearer, reader, writer, typist, web } = await connectAll(server);
  for (const { label, text: disguise, room } of TABLE) {
    const text = disguise.replace(",", ""); // a comma separates names
    await writer.send(`JOIN #x${text}x`);
    assertMatch(await writer.until(/ (?:476|366) /), room ? / 366 / : / 476 /, label);
    await web.send(`JOIN #x${text}x`);
    assertMatch(await web.until(/ (?:476|366) /), room ? / 366 / : / 476 /, label);
    // The text protocol removes IRC formatting, and a space separates the name from the key.
    if (label.startsWith("IRC's") || /\s/.test(text)) continue;
    await typist.send(`/join #x${text}x`);
    assertMatch(
      await typist.until(/^-- (?:Invalid|You are)/),
      room ? /^-- You are/ : /^-- Invalid room name: /,
      label,
    );
  }
  for (const name of ["#l\u043ebby", "#1obby", "#Iobby", "#l0bby", "#lobby\u200b", "#\u202eybbol"]) {
    await writer.send(`JOIN ${name}`);
    await writer.until(/ 476 /);
  }
  for (const client of [hearer, reader, writer, typist, web]) client[Symbol.dispose]();
});

test("irc: MODE +k is rejected when the key has invisible characters", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { hearer, reader, writer, typist, web } = await connectAll(server);
  for (const { label, text, irc } of TABLE) {
    await writer.send(`MODE #den +k a${text}b`);
    const answer = await writer.until(/ (?:525 |MODE #den \+k )/);
    const key = / MODE #den \+k (.*)$/.exec(answer)?.[1];
    if (key === undefined) continue;
    assert(!/[\p{C}\p{Z}]/u.test(key) && key === `a${irc}b`, `${label}: ${answer}`);
    await writer.send("MODE #den -k *");
    await writer.until(/ MODE #den -k /);
  }
  for (const client of [hearer, reader, writer, typist, web]) client[Symbol.dispose]();
});

for (const format of ["text", "json"]) {
  test(`log: client input cannot add control characters or lines, as ${format}`, async (form: Form) => {
    await using server = await start(form, ["--rate", "off", "--log-format", format, "--log-level", "debug"]);
    for (const [i, { text }] of TABLE.entries()) {
      using client = await Client.join(server.port);
      await client.send(`/quit ${i}>a${text}b`);
      await client.rest();
      using irc = new Client(await Deno.connect({ port: server.ircPort }));
      await irc.send(`NICK n${i}_`, `USER a${text}b 0 * :a${text}b`, `QUIT :${i}>a${text}b`);
      await irc.rest();
      await server.logged(new RegExp(`disconnected.*n${i}_.*quit`));
    }
    for (const line of server.log.all.trimEnd().split("\n")) {
      assert(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line), JSON.stringify(line));
      if (format === "json") JSON.parse(line);
    }
  });
}
