/** Tests of the log of a room: following, scrolling, loading history, jumping, selecting. */
import { assert, assertEquals } from "@std/assert";
import { LogView } from "../../../src/client/views/log_view.ts";
import { ClientPage, Drawing, TERMINAL } from "../client_page.ts";

/** A client in rooms, and its log, drawn into 80 columns and 10 rows. */
class LogPage extends ClientPage {
  readonly log = new LogView(this.chat, TERMINAL, () => {});

  draw(columns = 80, rows = 10): Drawing {
    return new Drawing(columns, rows, (screen) => this.log.draw(screen, 0, 0, columns, rows));
  }

  /** The texts of the visible rows, without times, names and separators. */
  texts(columns = 80, rows = 10): string[] {
    return this.draw(columns, rows).text.filter((row) => !row.startsWith("─")).map((row) => row.slice(21));
  }

  /** Some messages, `0` to the last. */
  hearMany(count: number, text = (n: number) => `line ${n}.`): void {
    for (let n = 0; n < count; n++) this.hear("bob", text(n));
    this.draw();
  }
}

Deno.test("client log: the end is shown, and follows new messages", () => {
  using page = new LogPage("#tea");
  page.hearMany(20);
  assertEquals([page.texts().at(0), page.texts().at(-1)], ["line 10.", "line 19."]);
  page.hear("bob", "one more.");
  assertEquals([page.texts().at(-1), page.log.isAtEnd, page.chat.model.atEnd], ["one more.", true, true]);
});

Deno.test("client log: what is visible stays in place while lines arrive, when scrolled up", () => {
  using page = new LogPage("#tea");
  page.hearMany(40);
  page.log.scroll(-12);
  const before = page.texts();
  assertEquals([before.at(0), before.at(-1)], ["line 18.", "line 27."]);
  for (let n = 0; n < 15; n++) page.hear("bob", `later ${n}.`);
  assertEquals([page.texts(), page.log.isAtEnd, page.chat.model.atEnd], [before, false, false]);
  page.log.scroll(12 + 15);
  assertEquals([page.texts().at(-1), page.log.isAtEnd], ["later 14.", true]);
  page.log.scroll(-3);
  page.log.toEnd();
  assertEquals([page.texts().at(-1), page.log.isAtEnd], ["later 14.", true]);
});

Deno.test("client log: a message of several rows is scrolled by rows, and nothing is skipped", () => {
  using page = new LogPage("#tea");
  page.hearMany(3, (n) => `${n} ${"word ".repeat(40)}end${n}.`);
  page.hear("bob", "last.");
  const seen = new Set<string>();
  for (let n = 0; n < 12; n++) {
    for (const text of page.texts(80, 4)) seen.add(text);
    page.log.scroll(-1);
  }
  for (let n = 0; n < 3; n++) {
    assert([...seen].some((text) => text.startsWith(`${n} word`)), `beginning of ${n}`);
    assert([...seen].some((text) => text.includes(`end${n}.`)), `end of ${n}`);
  }
});

Deno.test("client log: scrolling does not go beyond the first line", () => {
  using page = new LogPage("#tea");
  page.hearMany(15);
  page.log.scroll(-500);
  const drawn = page.draw();
  assertEquals(drawn.lines[0], "This is where #tea begins.");
  assert(drawn.lines.every((row) => row !== ""), drawn.lines.join("\n"));
});

Deno.test("client log: earlier messages are loaded when the beginning is visible, and the view stays", () => {
  using page = new LogPage();
  const { chat, browser } = page;
  chat.model.show(chat.join("#den"));
  browser.socket.say(":alice!~a@host JOIN #den", "353 alice = #den :alice", "366 alice #den :End");
  const line = (n: number) => {
    const time = new Date(browser.now - 1_000_000 + n * 1000).toISOString();
    return `@time=${time};msgid=h${n} :bob!~u@host PRIVMSG #den :line ${n}.`;
  };
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i));
  page.answerHistory(...lines(100, 200));
  assertEquals([page.texts().at(-1), page.sent()], ["line 199.", []]);
  page.log.scroll(-500);
  const before = page.texts();
  assertEquals(before.at(-1), "line 107."); // "Loading …", the day, and eight lines
  assert(before.length < 10);
  page.answerHistory(...lines(0, 100));
  const after = page.texts();
  assertEquals([after.at(-1), after.at(0)], ["line 107.", "line 98."]);
});

Deno.test("client log: the first new message is shown when the user comes back to a room", () => {
  using page = new LogPage("#tea", "#den");
  page.hearMany(5);
  page.chat.model.show(page.room("#den"));
  page.draw();
  for (let n = 0; n < 30; n++) page.hear("bob", `new ${n}.`);
  page.chat.model.show(page.room());
  const { lines } = page.draw();
  assert(lines[0]!.includes(" New messages "), lines.join("\n"));
  assert(lines[1]!.endsWith("new 0."));
  assert(page.draw().styleOf("New messages")!.bold);
});

Deno.test("client log: a small window scrolls past a day that begins with the new messages", () => {
  using page = new LogPage("#tea", "#den");
  page.hearMany(3);
  page.chat.model.show(page.room("#den"));
  page.draw();
  const tomorrow = new Date(page.browser.now + 24 * 60 * 60 * 1000).toISOString();
  for (let n = 0; n < 5; n++) {
    page.browser.socket.say(`@time=${tomorrow};msgid=t${n} :bob!~u@host PRIVMSG #tea :new ${n}.`);
  }
  page.chat.model.show(page.room());
  for (let n = 0; n < 12; n++) {
    page.draw(80, 3);
    page.log.scrollPages(-1);
  }
  assertEquals(page.draw(80, 3).lines[0], "This is where #tea begins.");
});

Deno.test("client log: Alt+Up selects the last visible message, then those before; Alt+Down goes back", () => {
  using page = new LogPage("#tea");
  page.hearMany(30);
  page.log.select(-1);
  assertEquals(page.log.selected?.text, "line 29.");
  assertEquals([page.draw().styleOf("line 29.")?.reverse, page.draw().styleOf("line 28.")?.reverse], [true, undefined]);
  for (let n = 0; n < 15; n++) page.log.select(-1);
  assertEquals(page.log.selected?.text, "line 14.");
  assert(page.texts().includes("line 14."), "the selected message is visible");
  page.log.select(1);
  assertEquals(page.log.selected?.text, "line 15.");
  for (let n = 0; n < 15; n++) page.log.select(1);
  assertEquals([page.log.selected, page.log.isAtEnd, page.texts().at(-1)], [undefined, true, "line 29."]);
});

Deno.test("client log: deleted and ignored messages cannot be selected", () => {
  using page = new LogPage("#tea");
  page.hear("bob", "stays.");
  const id = page.hear("bob", "goes.");
  page.browser.socket.say(`:bob!~u@host REDACT #tea ${id}`);
  page.draw();
  page.log.select(-1);
  assertEquals(page.log.selected?.text, "stays.");
});

Deno.test("client log: the selected message is visible in a window that is too narrow for the time", () => {
  using page = new LogPage("#tea");
  page.hear("bob", "hello.");
  page.draw(30, 6);
  page.log.select(-1);
  assertEquals(page.draw(30, 6).styleOf("bob: hello.")?.reverse, true);
});

Deno.test("client log: a long message is folded, and opened on demand", () => {
  using page = new LogPage("#tea");
  page.hear("bob", Array.from({ length: 400 }, (_, n) => `word${n}`).join(" "));
  const last = () => page.draw(80, 60).lines.at(-1)!;
  const rows = () => page.draw(80, 60).lines.join(" ");
  assert(/… \d+ more rows\. Alt\+Up selects/.test(rows()), rows());
  page.log.select(-1);
  page.log.toggleFold(page.log.selected!);
  assert(last().endsWith("word399"), last());
  page.log.toggleFold(page.log.selected!);
  assert(rows().includes("more rows"));
});

Deno.test("client log: a message that is opened is visible from its beginning, and entirely when it is folded again", () => {
  using page = new LogPage("#tea");
  page.hearMany(5);
  page.hear("bob", Array.from({ length: 400 }, (_, n) => `word${n}`).join(" "));
  page.hear("bob", "the last one.");
  page.draw(80, 20);
  page.log.select(-1);
  page.log.select(-1);
  const line = page.log.selected!;
  page.log.toggleFold(line);
  const opened = page.draw(80, 20).text;
  assert(opened[0]!.slice(21).startsWith("word0 "), opened.join("\n"));
  page.log.scroll(5);
  page.log.toggleFold(line);
  const folded = page.draw(80, 20).text.join("\n");
  assert(folded.includes("word0 ") && folded.includes("more rows"), folded);
});

Deno.test("client log: a selected message whose last rows are hidden becomes visible as a whole", () => {
  using page = new LogPage("#tea");
  page.hearMany(10);
  page.hear("bob", `${"word ".repeat(40)}end.`);
  page.hearMany(3, (n) => `later ${n}.`);
  page.log.scroll(-5);
  assert(!page.texts().join(" ").includes("end."));
  page.log.select(-1);
  assert(page.texts().join(" ").includes("end."), page.texts().join("\n"));
});

Deno.test("client log: a changed message is drawn again", () => {
  using page = new LogPage("#tea");
  const id = page.hear("bob", "hello.");
  assertEquals(page.texts().at(-1), "hello.");
  const { socket } = page.browser;
  socket.say(`@+draft/react=👍;+draft/reply=${id} :carol!~u@host TAGMSG #tea`);
  assertEquals(page.texts().slice(-2), ["hello.", "👍 1"]);
  socket.say(`:bob!~u@host REDACT #tea ${id}`);
  assertEquals(page.texts().at(-1), "Deleted");
  assertEquals(page.draw().styleOf("Deleted")?.italic, true);
});

Deno.test("client log: what is not confirmed is dim, and says why it was not sent", () => {
  using page = new LogPage("#tea");
  page.chat.say(page.room(), "on my way");
  assertEquals(page.draw().styleOf("on my way")?.dim, true);
  const [line = ""] = page.browser.socket.take();
  const [label] = line.split(" ");
  page.browser.socket.say(`${label} 404 alice #tea :Cannot send to channel`);
  const { text } = page.draw();
  assert(text.join("\n").includes("/resend or /discard."), text.join("\n"));
});

Deno.test("client log: each width has its columns", () => {
  using page = new LogPage("#tea");
  page.hear("a_name_of_twenty_char", "hello.");
  const last = (columns: number) => page.draw(columns, 8).lines.at(-1);
  assertEquals(last(80), "12:00 a_name_of_t…   hello.");
  assertEquals(last(130), "12:00 a_name_of_twent…   hello.");
  assertEquals(last(60), "12:00 a_name_of_twenty_char: hello.");
  assertEquals(last(40), "a_name_of_twenty_char: hello.");
});
