/**
 * What looks like something else: terminal escapes, text turned around, what cannot be seen, letters that look like other
 * letters. A table says what becomes of each, and everything that people can write is tried with it, through every door,
 * to every door and to the log.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hasControl } from "../fuzz/sound.ts";
import { WebSocketClient } from "../websocket_client.ts";
import { test } from "./forms.ts";
import { Client, type Form, type Program, start } from "./harness.ts";

/** One kind of disguise. */
interface Disguise {
  readonly what: string;
  readonly text: string;
  /** What of it arrives in what is said, on IRC: people may say nearly everything … */
  readonly irc: string;
  /** … and on the text door. */
  readonly text_: string;
  /** Whether a room may have it in its name, between `x` and `x`. */
  readonly room: boolean;
}

/** A row: what arrives, first on IRC, then on the text door where that is less. */
function row(what: string, text: string, irc: string, { plain = irc, room = false } = {}): Disguise {
  return { what, text, irc, text_: plain, room };
}

const TABLE: readonly Disguise[] = [
  row("a colour of the terminal's", "\x1b[31m", "[31m"),
  row("a title for the window", "\x1b]0;t\x07", "]0;t"),
  row("a cleared screen, with one byte for ESC [", "\u009b2J", "2J"),
  row("a backspace", "\b\b\b", ""),
  row("a delete", "\x7f", ""),
  row("IRC's bold, which IRC clients show", "\x02", "\x02", { plain: "" }),
  row("IRC's colours, likewise", "\x034,12", "\x034,12", { plain: "" }),
  row("a right-to-left override", "\u202e", ""),
  row("a right-to-left embedding", "\u202b", ""),
  row("an isolate that has no end", "\u2067", ""),
  row("an end that has no isolate", "\u2069", ""),
  row("a line separator", "\u2028", ""),
  row("a byte order mark", "\ufeff", ""),
  // What people need who write Hebrew, Persian or Hindi, or a family in one emoji, may be said, and names nothing.
  row("a direction mark", "\u200f", "\u200f"),
  row("a zero-width joiner", "\u200d", "\u200d"),
  row("a zero-width non-joiner", "\u200c", "\u200c"),
  row("a zero-width space", "\u200b", "\u200b"),
  row("a soft hyphen", "\u00ad", "\u00ad"),
  row("a tag character", "\u{e0041}", "\u{e0041}"),
  row("a variation selector", "\ufe0f", "\ufe0f"),
  row("a Hangul filler", "\u3164", "\u3164"),
  row("combining marks in a pile", "\u0300\u0301\u0302", "\u0300\u0301\u0302", { room: true }), // x has no letter with them
  row("a Cyrillic o", "\u043e", "\u043e"),
  row("a Greek omicron", "\u03bf", "\u03bf"),
  row("a wide o", "\uff4f", "\uff4f"),
  row("a bold o", "\u{1d428}", "\u{1d428}"),
  row("an é", "é", "é", { room: true }),
  row("an emoji", "😀", "😀", { room: true }),
];

/** What people write through a door, each with `word` in it, and which of it is for all in the room to see. */
interface Writer {
  say(word: string): string;
  readonly others: readonly ((word: string) => string)[];
}

const TEXT: Writer = {
  say: (word) => word,
  others: [
    (word) => `/me ${word}`,
    (word) => `/topic ${word}`,
    (word) => `/msg reader ${word}`,
    (word) => `/msg hearer ${word}`,
  ],
};

const IRC: Writer = {
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

/** Somebody who writes, by any door. */
interface Speaker {
  send(line: string): Promise<void>;
}

/** One who reads on each door, and one who writes on each, all in `#den`. */
async function people(server: Program) {
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
  const writer = await irc("ircwriter"); // first, so it may put others out and set the topic
  await writer.send("MODE #den -t");
  const web = await WebSocketClient.open(server.webPort);
  await web.send("NICK webwriter", "USER u 0 * :r", "JOIN #den");
  await web.until(/ 366 /);
  return { hearer: await irc("hearer"), reader: await text("reader"), writer, typist: await text("typist"), web };
}

const TURNING = /[\u202a-\u202e\u2066-\u206f\u2028\u2029]/;

for (const [door, writes] of [["text", TEXT], ["irc", IRC], ["web", IRC]] as const) {
  test(`what is disguised arrives as the table says, written on the ${door} door`, async (form) => {
    await using server = await start(form, ["--rate", "off"]);
    const all = await people(server);
    const { hearer, reader, writer, typist, web } = all;
    const speaker: Speaker = { text: typist, irc: writer, web }[door];
    for (const { what, text, irc, text_ } of TABLE) {
      for (const write of writes.others) await speaker.send(write(`a${text}b`));
      await speaker.send(writes.say(`>a${text}b`));
      const plain = door === "text" ? text_ : irc; // who writes on the text door has no formatting
      assertEquals((await hearer.until(/ PRIVMSG #den :>a/)).split(" :>").at(-1), `a${plain}b`, `${what}, on IRC`);
      assertEquals((await reader.until(/^<\w+> >a/)).split("> >").at(-1), `a${text_}b`, `${what}, on the text door`);
    }
    // Of all that else was written nothing was lost, and nothing of it does anything to anybody.
    assert(hearer.received.includes(door === "text" ? "\x01ACTION a[31mb\x01" : "AWAY :a[31mb"));
    for (const line of reader.received.split("\n")) {
      assert(!/[^\P{Cc}\t]/u.test(line) && !TURNING.test(line), JSON.stringify(line));
    }
    for (const line of hearer.received.split("\r\n")) {
      assert(!hasControl(line) && !TURNING.test(line), JSON.stringify(line));
    }
    for (const client of [hearer, reader, writer, typist, web]) client[Symbol.dispose]();
  });
}

test("nobody can be called anything that is disguised, nor what looks like somebody who is there", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { hearer, reader, writer, typist, web } = await people(server);
  for (const { what, text, text_ } of TABLE) {
    if (text_ !== "" || !what.startsWith("IRC's")) { // which the text door takes out of all that it is sent
      await typist.send(`/nick a${text}b`);
      assertMatch(await typist.until(/^-- (?:Invalid|typist is now)/), /^-- Invalid nickname: /, what);
    }
    for (const [nick, client] of [["ircwriter", writer], ["webwriter", web]] as const) {
      await client.send(`NICK a${text}b`);
      assertMatch(await client.until(new RegExp(` 432 |^\\S*:${nick}!\\S+ NICK `)), / 432 /, what);
    }
  }
  await typist.send("/nick tim");
  await typist.until(/ is now tim$/);
  await hearer.send("NICK alice");
  await hearer.until(/ NICK alice$/);
  for (const nick of ["a1ice", "aIice", "AIice", "al1ce", "tirn", "t1m"]) {
    await reader.send(`/nick ${nick}`);
    assertEquals(
      await reader.until(/^-- Somebody here/),
      `-- Somebody here has a name that looks like ${nick}. Choose another name.`,
    );
    await writer.send(`NICK ${nick}`);
    await writer.until(new RegExp(`^:\\S+ 433 ircwriter ${nick} :`));
    await web.send(`NICK ${nick}`);
    await web.until(new RegExp(`^:\\S+ 433 webwriter ${nick} :`));
  }
  // Who is not in yet is told the same, and chooses another one.
  using late = new Client(await Deno.connect({ port: server.ircPort }));
  await late.send("NICK a1ice", "USER u 0 * :r");
  await late.until(/ 433 \* a1ice :/);
  await late.send("NICK alicia");
  await late.until(/ 001 alicia /);
  // One may look like oneself; and a name is free with all that look like it.
  await hearer.send("NICK a1ice");
  await hearer.until(/ NICK a1ice$/);
  await hearer.send("QUIT");
  await hearer.rest();
  await reader.send("/nick AIice");
  await reader.until(/ is now AIice$/);
  for (const client of [reader, writer, typist, web]) client[Symbol.dispose]();
});

test("no room can be called what is disguised, nor what looks like the lobby", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { hearer, reader, writer, typist, web } = await people(server);
  for (const { what, text: disguise, room } of TABLE) {
    const text = disguise.replace(",", ""); // it parts names
    await writer.send(`JOIN #x${text}x`);
    assertMatch(await writer.until(/ (?:476|366) /), room ? / 366 / : / 476 /, what);
    await web.send(`JOIN #x${text}x`);
    assertMatch(await web.until(/ (?:476|366) /), room ? / 366 / : / 476 /, what);
    // The text door takes out IRC's formatting, and any space there is parts the name from the key.
    if (what.startsWith("IRC's") || /\s/.test(text)) continue;
    await typist.send(`/join #x${text}x`);
    assertMatch(
      await typist.until(/^-- (?:Invalid|You are)/),
      room ? /^-- You are/ : /^-- Invalid room name: /,
      what,
    );
  }
  for (const name of ["#l\u043ebby", "#1obby", "#Iobby", "#l0bby", "#lobby\u200b", "#\u202eybbol"]) {
    await writer.send(`JOIN ${name}`);
    await writer.until(/ 476 /);
  }
  for (const client of [hearer, reader, writer, typist, web]) client[Symbol.dispose]();
});

test("a room's key has nothing in it that cannot be seen", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  const { hearer, reader, writer, typist, web } = await people(server);
  for (const { what, text, irc } of TABLE) {
    await writer.send(`MODE #den +k a${text}b`);
    const answer = await writer.until(/ (?:525 |MODE #den \+k )/);
    const kept = / MODE #den \+k (.*)$/.exec(answer)?.[1];
    if (kept === undefined) continue;
    assert(!/[\p{C}\p{Z}]/u.test(kept) && kept === `a${irc}b`, `${what}: ${answer}`);
    await writer.send("MODE #den -k *");
    await writer.until(/ MODE #den -k /);
  }
  for (const client of [hearer, reader, writer, typist, web]) client[Symbol.dispose]();
});

for (const format of ["text", "json"]) {
  test(`nothing that anybody writes does anything to who reads the log, as ${format}`, async (form: Form) => {
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
