/** Tests of the bars: tabs, topic, people, status. */
import { assert, assertEquals } from "@std/assert";
import { drawPeople, drawStatus, drawTabs, drawTopic, statusRows } from "../../../src/client/views/bars.ts";
import { ClientPage, Drawing, TERMINAL } from "../client_page.ts";

const tabs = (page: ClientPage, columns = 80) =>
  new Drawing(columns, 1, (screen) => drawTabs(screen, 0, columns, page.chat.model));

Deno.test("client bars: tabs have a number, and a count of unread messages, marked if one is for the user", () => {
  using page = new ClientPage("#tea", "#den", "#quiet");
  page.hear("bob", "one", { to: "#den" });
  page.hear("bob", "two", { to: "#den" });
  assertEquals(tabs(page).lines, [" 1 #tea  2 #den 2  3 #quiet"]);
  assertEquals([tabs(page).styleOf("#tea")?.reverse, tabs(page).styleOf("#den")?.bold], [undefined, undefined]);
  page.hear("bob", "alice: three", { to: "#den" });
  assertEquals(tabs(page).lines, [" 1 #tea  2 #den 3!  3 #quiet"]);
  assertEquals(tabs(page).styleOf("#den")?.bold, true);
  page.hear("bob", "psst", { to: "alice" });
  page.answerHistory();
  assertEquals(tabs(page).lines, [" 1 #tea  2 #den 3!  3 #quiet  4 bob 1"]);
});

Deno.test("client bars: the tab that is shown is visible among many, and signs tell of those at both sides", () => {
  const names = Array.from({ length: 30 }, (_, n) => `#room${n}`);
  using page = new ClientPage(...names);
  for (const name of names) {
    page.chat.model.show(page.room(name));
    for (const columns of [24, 40, 80]) {
      const drawing = tabs(page, columns);
      const [line = ""] = drawing.lines;
      const style = drawing.styleOf(`${name} `) ?? drawing.styleOf(name);
      assert(line.includes(name), `${columns}: ${line}`);
      assertEquals(style?.bold, true, `${columns}: ${line}`);
    }
  }
  const [line = ""] = tabs(page, 40).lines;
  assert(line.startsWith("‹"), line);
  page.chat.model.show(page.room("#room0"));
  assert(tabs(page, 40).lines[0]!.endsWith("›"));
  assertEquals(tabs(page, 40).styleOf("›")?.bold, undefined);
  page.hear("bob", "hi", { to: "#room29" });
  assertEquals(tabs(page, 40).styleOf("›")?.bold, true);
  page.chat.model.show(page.room("#room28"));
  page.hear("bob", "hi", { to: "#room0" });
  assertEquals(tabs(page, 40).styleOf("‹")?.bold, true);
});

Deno.test("client bars: the topic is in one row", () => {
  using page = new ClientPage("#tea");
  page.room().topic = "Lunch at one, see https://example.org/menu";
  const drawn = new Drawing(30, 1, (screen) => drawTopic(screen, 0, 30, page.room(), 256));
  assertEquals(drawn.lines, ["#tea: Lunch at one, see https:"]);
});

Deno.test("client bars: people have their rank, the absent are dim, and the rest is counted", () => {
  using page = new ClientPage("#tea");
  const { socket } = page.browser;
  socket.say(":carol!~u@host JOIN #tea", ":carol!~u@host AWAY :lunch");
  for (let n = 0; n < 10; n++) page.browser.socket.say(`:user${n}!~u@host JOIN #tea`);
  const people = (rows: number) =>
    new Drawing(20, rows, (screen) => drawPeople(screen, { top: 0, left: 0, rows }, page.room(), TERMINAL));
  assertEquals(people(20).text.slice(0, 3), ["│ @bob", "│ alice", "│ carol"]);
  assertEquals([people(20).styleOf("carol")?.dim, people(20).styleOf("alice")?.dim], [true, undefined]);
  assertEquals(people(5).text, ["│ @bob", "│ alice", "│ carol", "│ user0", "│ +9 more"]);
});

Deno.test("client bars: an error has as many rows as it needs, up to three; other texts have one", () => {
  const text = "No such command: /frobnicate. /help lists the commands. //frobnicate says it as a message.";
  const status = { text, kind: "error", hint: "3 here" } as const;
  assertEquals([statusRows(status, 80, 24), statusRows(status, 120, 24), statusRows(status, 20, 24)], [2, 1, 3]);
  assertEquals([statusRows({ ...status, kind: "plain" }, 80, 24), statusRows(status, 80, 6)], [1, 1]);
  assertEquals(statusRows({ ...status, kind: "plain", isWhole: true }, 80, 24), 2);
  const drawn = (columns: number, rows: number) =>
    new Drawing(columns, rows, (screen) => drawStatus(screen, { top: 0, rows, columns }, status)).lines;
  assertEquals(drawn(80, 2).join(" "), text);
  assertEquals(drawn(40, 3).join(" "), text);
  assertEquals(drawn(30, 3), [
    "No such command: /frobnicate.",
    "/help lists the commands.",
    "//frobnicate says it as a mes…",
  ]);
  assertEquals(drawn(100, 1), [`${text}${" ".repeat(100 - text.length - 6)}3 here`]);
  assertEquals(drawn(50, 1)[0]!.length, 50);
  assertEquals(drawn(50, 1)[0]!.at(-1), "…");
});
