/** Tests of the IRC lines of the page: parsing, rendering, SASL, and splitting long messages. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { attributes, bytes, parse, plainLogin, render, split } from "../../src/web/irc.js";

Deno.test("irc: a line is parsed into tags, source, command and parameters", () => {
  const line = parse("@time=12:00;msgid=a=b;flag;=x :alice!~a@host privmsg #tea  : hi :) there ");
  assertEquals([...line.tags], [["time", "12:00"], ["msgid", "a=b"], ["flag", ""]]);
  assertEquals([line.source, line.nick, line.command], ["alice!~a@host", "alice", "PRIVMSG"]);
  assertEquals(line.params, ["#tea", " hi :) there "]);
  assertEquals(parse(":irc.example 376 alice").nick, "irc.example");
  assertEquals(parse("PING a:b :").params, ["a:b", ""]);
  assertEquals(parse("PRIVMSG #tea :a\nb").params, ["#tea", "a\nb"]);
  assertEquals([parse("").command, parse("@").command, parse(":").command, parse("  PING").command], [
    "",
    "@",
    ":",
    "PING",
  ]);
  assertEquals([...parse("@a=\\:\\s\\\\\\r\\nx\\;b=\\y\\ PING").tags], [["a", "; \\\r\nx"], ["b", "y"]]);
});

Deno.test("irc: a rendered line is parsed to the same parameters, and has no line breaks", () => {
  const middle = fc.string({ minLength: 1, unit: fc.constantFrom(..."ab#,=;@é🎉") });
  const last = fc.string({ unit: fc.constantFrom(..."a :;é🎉") });
  fc.assert(fc.property(fc.array(middle, { maxLength: 3 }), last, (params, text) => {
    const { command, params: read, tags } = parse(render("PRIVMSG", [...params, text], "7"));
    assertEquals([command, read, tags.get("label")], ["PRIVMSG", [...params, text], "7"]);
  }));
  assertEquals(render("QUIT", []), "QUIT");
  assertEquals(render("JOIN", ["#tea", "key"]), "JOIN #tea key");
  assertEquals(render("TOPIC", ["#tea", ""]), "TOPIC #tea :");
  assertEquals(render("PRIVMSG", ["#tea", "one\r\nQUIT\0"], "1"), "@label=1 PRIVMSG #tea oneQUIT");
});

Deno.test("irc: a SASL PLAIN message is sent in chunks of 400, and the last one is shorter", () => {
  assertEquals(plainLogin({ name: "alice", password: "grün" }), [
    btoa(String.fromCharCode(...new TextEncoder().encode("\0alice\0grün"))),
  ]);
  for (const [length, chunks] of [[290, [396]], [293, [400, "+"]], [294, [400, 4]], [593, [400, 400, "+"]]] as const) {
    const pieces = plainLogin({ name: "alice", password: "x".repeat(length) });
    assertEquals(pieces.map((piece) => piece === "+" ? piece : piece.length), [...chunks], String(length));
    assertEquals(atob(pieces.filter((piece) => piece !== "+").join("")), `\0alice\0${"x".repeat(length)}`);
  }
});

Deno.test("irc: attributes are escaped as tags are, and omitted when they are undefined", () => {
  const values = { text: "a;b \\c\r\n", in: undefined, limit: "50" };
  assertEquals(attributes(values), "text=a\\:b\\s\\\\c\\r\\n;limit=50");
  assertEquals(Object.fromEntries(parse(`@${attributes(values)} PING`).tags), { text: values.text, limit: "50" });
});

const SOURCE = "alice!~alice@host.example";

/** The most bytes of a message of alice to #tea. */
const MOST = 510 - `:${SOURCE} PRIVMSG #tea :\x01ACTION \x01`.length;

Deno.test("irc: a message is split only when it does not fit into a line, between words", () => {
  const fits = "é".repeat(MOST / 2 - 1).padEnd(MOST - (MOST / 2 - 1), "x");
  assertEquals([bytes(fits), split(fits, SOURCE, "#tea")], [MOST, [fits]]);
  assertEquals(split(`${fits}x`, SOURCE, "#tea"), [fits, "x"]);
  const spaced = `${"x".repeat(MOST - 2)}  `;
  assertEquals(split(spaced, SOURCE, "#tea"), [spaced]);
  const words = `${"a".repeat(MOST - 2)} bb  cc `;
  assertEquals(split(words, SOURCE, "#tea"), ["a".repeat(MOST - 2), "bb  cc"]);
  assertEquals(split(`${" ".repeat(MOST)}a `, SOURCE, "#tea"), [" ".repeat(MOST - 1).concat("a").trim()]);
  assertEquals(split(" ".repeat(MOST + 1), SOURCE, "#tea"), []);
});

Deno.test("irc: no part of a split message is too long or divides a grapheme, and none of its text is lost", () => {
  const family = "👨‍👩‍👧‍👦";
  const text = `${family.repeat(40)} ${"e\u0301".repeat(300)} end`;
  const parts = split(text, SOURCE, "#tea");
  assert(parts.every((part) => bytes(part) <= MOST));
  assertEquals(parts.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
  for (const part of parts) assert(/^(👨‍👩‍👧‍👦| |e\u0301|end)+$/u.test(part), part);
  const tower = `e${"\u0301".repeat(MOST)}`; // one grapheme, longer than a line
  const pieces = split(tower, SOURCE, "#tea");
  assert(pieces.every((part) => bytes(part) <= MOST));
  assertEquals(pieces.join(""), tower);
});
