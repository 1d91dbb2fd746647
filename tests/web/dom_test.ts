/** Tests of the elements of the page: text, links, times, lines, joins and parts. */
/// <reference lib="dom" />
import { outline } from "./fake_document.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { syncClock } from "../../src/web/clock.js";
import { announce, byId, dateTimeOf, dayText, formattedText, make, sinceText, timeOf } from "../../src/web/dom.js";
import type { Line } from "../../src/web/lines.js";
import { isLong, messageNodes } from "../../src/web/views/message_text.js";
import { isContinued } from "../../src/web/lines.js";
import { renderLine, renderMembership, separator } from "../../src/web/views/lines.js";

/** The time of day as the page shows it. */
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });

/** The current time by the server's clock. The clock of this device does not matter. */
const NOW = new Date(2031, 5, 18, 12, 0);
syncClock(NOW.toISOString());

function line(more: Partial<Line> = {}): Line {
  return { kind: "say", nick: "bob", text: "hi", time: NOW, ...more };
}

Deno.test("dom: a link opens another tab, which learns nothing of the page", () => {
  const nodes = formattedText("see \x02http://x.example/a\x02.") as HTMLElement[];
  assertEquals(nodes.map(({ textContent }) => textContent), ["see ", "http://x.example/a", "."]);
  const [link] = nodes[1]!.children as unknown as HTMLAnchorElement[];
  assertEquals([nodes[1]!.className, link!.href, link!.target, link!.rel], [
    "bold",
    "http://x.example/a",
    "_blank",
    "noopener noreferrer",
  ]);
});

Deno.test("dom: a missing element is an error", () => {
  assertThrows(() => byId("nothing", HTMLElement), TypeError, "Cannot find #nothing");
  announce("bob joined");
  assertEquals(byId("status", HTMLElement).textContent, "bob joined");
});

Deno.test("dom: a time has its day unless it is today, and a day its year unless it is this one", () => {
  const at = (...[month, day, year = 2031]: [number, number, number?]) => new Date(year, month - 1, day, 9, 5);
  const time = clock.format(at(6, 18));
  assertEquals([timeOf(at(6, 18)).dateTime, dateTimeOf(at(6, 18)).textContent], [at(6, 18).toISOString(), time]);
  for (const before of [at(6, 17), at(6, 18, 2030)]) {
    const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(before);
    assertEquals(dateTimeOf(before).textContent, `${day}, ${time}`);
  }
  const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
  assertEquals(sinceText(at(6, 18)), time);
  assertEquals(sinceText(at(6, 13)), `${weekday.format(at(6, 13))}, ${time}`);
  assert(sinceText(at(6, 12)).includes("2031"), sinceText(at(6, 12))); // a weekday would be ambiguous
  assertEquals([dayText(at(1, 2)).includes("2031"), dayText(at(12, 31, 2030)).includes("2030")], [false, true]);
});

Deno.test("lines: successive messages of one person within five minutes are one block", () => {
  const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
  assertEquals(isContinued(undefined, line()), false);
  for (const kind of ["say", "notice"] as const) {
    assertEquals(isContinued(line({ kind }), line({ kind, time: later(4.9) })), true);
  }
  assertEquals(isContinued(line(), line({ time: later(5) })), false);
  assertEquals(isContinued(line(), line({ nick: "carol" })), false);
  assertEquals(isContinued(line({ kind: "notice" }), line()), false);
  assertEquals(isContinued(line({ kind: "action" }), line({ kind: "action" })), false);
});

Deno.test("lines: each kind of line has its name, and a continued one has it for screen readers", () => {
  const shown = (more: Partial<Line>, follows = false) =>
    outline(renderLine(line(more), follows)).replace(/\.c\d+/g, "");
  assertEquals(shown({}), "div.line.say(span.nick(bob) div.text(hi))");
  assertEquals(shown({}, true), "div.line.say.follows(span.sr(bob: ) div.text(hi))");
  assertEquals(shown({ kind: "action", text: "waves" }), "div.line.action(div.text(span.nick(bob)))");
  assertEquals(shown({ own: true, mention: true }), "div.line.say.own.mention(span.nick(bob) div.text(hi))");
  for (const kind of ["info", "error"] as const) assertEquals(shown({ kind }), `div.line.${kind}(div.text(hi))`);
  const action = renderLine(line({ kind: "action", text: "waves" }), false).children[1] as HTMLElement;
  assertEquals([action.textContent, action.dir], ["bob waves", "auto"]);
  assertEquals((action.children[0] as HTMLElement).dataset["nick"], "bob");
});

Deno.test("lines: the text of a message has elements for code, quotes, rooms and names, and that of other lines only links", () => {
  const names = { own: "alice", member: (name: string) => name === "bob" ? "bob" : undefined };
  const shown = (text: string) => {
    return messageNodes(text, names).map((node) => "tagName" in node ? outline(node as HTMLElement) : node.textContent);
  };
  assertEquals(shown("a **b**\n`c` <b>"), ["a ", "span.bold(b)", "\n", "code(c)", " <b>"]);
  assertEquals(shown("> a\n> _b_\nc"), ["blockquote(span.italic(b))", "c"]);
  assertEquals(shown("```js\nx\n```"), ["div.code-block(button.copy(Copy) pre(code(x)))"]);
  assertEquals(shown("@alice: @bob, #tea"), ["mark(@alice)", ": ", "span.named(@bob)", ", ", "a(#tea)"]);
  const [, , , , room] = messageNodes("@alice: @bob, #日本", names) as HTMLAnchorElement[];
  assertEquals([room!.href, room!.dataset["room"], room!.target], ["#%E6%97%A5%E6%9C%AC", "#日本", ""]);
  const words = renderLine(line({ kind: "info", text: "**a** #tea" }), false).children[1]!;
  assertEquals(words.textContent, "**a** #tea");
});

Deno.test("lines: a message is long from 13 lines or 2,001 characters on", () => {
  const lines = (count: number) => "x\n".repeat(count - 1) + "x";
  assertEquals([lines(12), lines(13), "x".repeat(2000), "x".repeat(2001)].map(isLong), [false, true, false, true]);
});

Deno.test("lines: joins and parts are summed up by what became of each person", () => {
  const change = (nick: string, came: boolean): Line => {
    return line({ kind: "quiet", nick, change: came ? "came" : "left", text: `${nick} ${came ? "joined" : "left"}` });
  };
  const came = (nick: string) => change(nick, true);
  const left = (nick: string) => change(nick, false);
  const renamed = line({ kind: "quiet", nick: "al", text: "alice is al now" });
  const summaries: [Line[], string][] = [
    [[came("a"), came("b")], "a and b joined"],
    [[came("a"), left("b"), renamed], "a joined · b left · alice is al now"],
    [[left("a"), came("a")], "a left and rejoined"],
    [[came("a"), left("a")], "a joined and left"],
    [[left("a"), came("a"), left("a")], "a left"],
    [[came("a"), left("a"), came("a")], "a joined"],
    [["a", "b", "c"].map(came), "a, b and c joined"],
    [["a", "b", "c", "d"].map(came), "a, b and 2 others joined"],
  ];
  for (const [lines, summary] of summaries) {
    const element = renderMembership(lines, true);
    const details = element.children[1] as HTMLDetailsElement;
    const [title, list] = details.children;
    assertEquals([title?.textContent, details.open], [summary, true]);
    assertEquals([...list!.children].map(({ textContent }) => textContent), lines.map(({ text }) => text));
  }
  assertEquals(outline(renderMembership([came("a")], false)), "div.line.quiet(div.text(a joined))");
});

Deno.test("lines: a separator has a label", () => {
  const { attributes } = separator("day", "Friday") as unknown as { attributes: Map<string, string> };
  assertEquals([...attributes], [["role", "separator"], ["aria-label", "Friday"]]);
  assertEquals(outline(make("b", "", "x")), "b(x)");
});
