/** Tests of how a line is drawn: columns, marks, replies, reactions, code, and text of all scripts. */
import { assert, assertEquals } from "@std/assert";
import { lineRows, type RowOptions } from "../../../src/client/views/line_rows.ts";
import type { Line } from "../../../src/web/lines.js";
import type { Span } from "../../../src/client/terminal/style.ts";
import { widthOfSpans } from "../../../src/client/terminal/wrap.ts";
import { textOf } from "../client_page.ts";

const OPTIONS: RowOptions = {
  columns: 80,
  colors: 256,
  follows: false,
  names: { own: "alice", member: (name) => name.toLowerCase() === "bob" ? "bob" : undefined },
  isSelected: false,
  isFound: false,
  isUnfolded: false,
};

const TIME = new Date(2026, 10, 30, 9, 5);

/** The rows of a line of bob. */
function rowsOf(line: Partial<Line>, options: Partial<RowOptions> = {}): Span[][] {
  return lineRows({ kind: "say", nick: "bob", text: "", time: TIME, id: "1", ...line }, { ...OPTIONS, ...options });
}

const texts = (line: Partial<Line>, options: Partial<RowOptions> = {}) => rowsOf(line, options).map(textOf);

/** The style of a text in some rows. */
function styleOf(rows: Span[][], text: string) {
  return rows.flat().find((span) => span.text.includes(text))?.style;
}

Deno.test("client rows: names are right-aligned, and a line of the same user has none", () => {
  assertEquals(texts({ text: "hi" }), ["09:05          bob   hi"]);
  assertEquals(texts({ text: "hi" }, { follows: true }), ["09:05                hi"]);
  assertEquals(texts({ text: "waves", kind: "action" }), ["09:05            *   bob waves"]);
  assertEquals(texts({ text: "waves", kind: "action" }, { columns: 50 }), ["09:05 * bob waves"]);
});

Deno.test("client rows: what the client says has a sign in place of a name, and errors are red", () => {
  const rows = rowsOf({ kind: "info", nick: undefined, text: "Modes of #tea: +nt" });
  assertEquals(rows.map(textOf), ["09:05           --   Modes of #tea: +nt"]);
  const error = rowsOf({ kind: "error", nick: undefined, text: "No such user: dave." });
  assertEquals(styleOf(error, "No such user")?.color, 1);
});

Deno.test("client rows: no row is wider than the window, whatever the text and the width", () => {
  const hard = [
    "日本語のテキストはとても長いので折り返されるはずです。".repeat(3),
    "👩‍👩‍👧‍👦🇩🇪👍🏽❤️".repeat(30),
    "שלום עולם مرحبا ".repeat(20),
    "x".repeat(500),
    "> quote\n> quote\n```ts\nconst x = 1;\n\tindented\n```\nend",
    "e\u0301\u0302\u0303".repeat(200),
  ];
  const quoted: Line = { kind: "say", nick: "n".repeat(30), text: "quoted", time: TIME, id: "0" };
  const cases: [line: Partial<Line>, options?: Partial<RowOptions>][] = [
    ...hard.map((text): [Partial<Line>] => [{ text, mention: true }]),
    [{ text: "yes", reply: "0" }, { quoted }],
    [{ text: "yes", reply: "0" }, { quoted: null }],
    [{ text: "yes", reply: "0" }],
    [{ nick: "n".repeat(30), text: "```\ncode\n```" }],
    [{ nick: "n".repeat(30), text: "waves", kind: "action" }],
    [{ text: "", deletedBy: "carol", reason: "a reason that is longer than a narrow window" }],
  ];
  for (const [line, options] of cases) {
    for (const columns of [10, 20, 24, 40, 44, 71, 72, 80, 120, 200]) {
      for (const row of rowsOf(line, { ...options, columns })) {
        assert(widthOfSpans(row) <= columns, `${widthOfSpans(row)} > ${columns}: ${textOf(row)}`);
      }
    }
  }
});

Deno.test("client rows: all of a long text is there", () => {
  const words = Array.from({ length: 120 }, (_, n) => `word${n}`);
  for (const columns of [24, 50, 80]) {
    const shown = texts({ text: words.join(" ") }, { columns, isUnfolded: true }).join(" ");
    assertEquals(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(shown)), [], String(columns));
  }
});

Deno.test("client rows: a message that mentions the user is marked in each row, one of the user is not", () => {
  const text = `alice: ${"word ".repeat(30)}`;
  for (const [columns, place] of [[50, 5], [80, 19]] as const) {
    const rows = rowsOf({ text, mention: true }, { columns });
    assert(rows.length > 1 && rows.every((row) => textOf(row).indexOf("▌") === place), rows.map(textOf).join("\n"));
  }
  assertEquals(rowsOf({ text, mention: true, own: true }).some((row) => textOf(row).includes("▌")), false);
});

Deno.test("client rows: names, rooms, links and marks are styled, and their marks are not shown", () => {
  const rows = rowsOf({ text: "alice, see https://example.org/a in #tea: **bold** *it* ~~no~~ `x`, @bob" });
  const shown = rows.map(textOf).join(" ");
  assert(!/\*|~|`/.test(shown), shown);
  assertEquals(styleOf(rows, "https://example.org/a")?.link, "https://example.org/a");
  assertEquals(styleOf(rows, "alice")?.bold, true);
  assertEquals(styleOf(rows, "#tea")?.color, 6);
  assertEquals(styleOf(rows, "bold")?.bold, true);
  assertEquals(styleOf(rows, "it")?.italic, true);
  assertEquals(styleOf(rows, "no")?.strike, true);
  assert(styleOf(rows, "@bob")?.color !== undefined);
});

Deno.test("client rows: code keeps its spaces and has an edge with its language; quotes have an edge", () => {
  const code = texts({ text: "```ts\nif (x) {\n  y **z**\n\tw\n}\n```" });
  assertEquals(code.map((row) => row.slice(21)), ["┌ ts", "│ if (x) {", "│   y **z**", "│     w", "│ }"]);
  assertEquals(texts({ text: "> you said\nyes" }).map((row) => row.slice(21)), ["▎ you said", "yes"]);
});

Deno.test("client rows: without a column for names, a quote and code begin below the name, other text beside it", () => {
  const narrow = (text: string) => texts({ text }, { columns: 40 });
  assertEquals(narrow("> you said\nyes"), ["bob:", "▎ you said", "yes"]);
  assertEquals(narrow("```\nx\n```"), ["bob:", "│ x"]);
  assertEquals(narrow(">_<"), ["bob: >_<"]);
});

Deno.test("client rows: a reply begins with what it answers, in one row", () => {
  const quoted: Line = { kind: "say", nick: "carol", text: `first\n${"long ".repeat(40)}`, time: TIME, id: "0" };
  const rows = texts({ text: "yes", reply: "0" }, { quoted });
  assertEquals(rows.length, 2);
  assert(rows[0]!.startsWith("09:05          bob   ╭ carol first long"), rows[0]);
  assert(rows[0]!.endsWith("…"), rows[0]);
  assertEquals(rows[1], "                     yes");
  assertEquals(texts({ text: "yes", reply: "0" }, { quoted: null })[0]?.slice(21), "╭ A message that is gone");
  assertEquals(texts({ text: "yes", reply: "0" })[0]?.slice(21), "╭ An earlier message");
});

Deno.test("client rows: reactions are below the message, the user's own ones bold", () => {
  const reactions = [
    { text: "👍", nicks: new Map([["bob", "bob"], ["carol", "carol"]]), own: false },
    { text: "🎉", nicks: new Map([["alice", "alice"]]), own: true },
  ] as unknown as Line["reactions"];
  const rows = rowsOf({ text: "done", reactions });
  assertEquals(textOf(rows.at(-1)!).trim(), "👍 2  🎉 1");
  assertEquals([styleOf(rows, "🎉")?.bold, styleOf(rows, "👍")?.bold], [true, undefined]);
});

Deno.test("client rows: a deleted message shows neither text nor reply text", () => {
  const shown = texts({ text: "my secret", deletedBy: "bob" }).join("\n");
  assert(shown.includes("Deleted") && !shown.includes("secret"), shown);
  const reason = "a reason that is longer than a narrow window";
  const narrow = texts({ text: "", deletedBy: "carol", reason }, { columns: 30 });
  assertEquals(narrow.map((row) => row.trim()).join(" "), `bob: Deleted by carol: ${reason}`);
});

Deno.test("client rows: the selected message is reversed in its whole width, in all its rows", () => {
  const rows = rowsOf({ text: "word ".repeat(40) }, { isSelected: true });
  assert(rows.length > 1);
  for (const row of rows) {
    assertEquals(widthOfSpans(row), 80);
    assert(row.every(({ style }) => style.reverse));
  }
});
