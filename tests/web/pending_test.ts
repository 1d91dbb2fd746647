/** Tests of messages that the server did not confirm, and that are found among delivered ones later. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { parse } from "../../src/web/irc.js";
import type { Line } from "../../src/web/lines.js";
import { Model } from "../../src/web/model.js";
import { receive } from "../../src/web/handlers.js";
import type { Pending } from "../../src/web/room.js";

const PERHAPS = "Possibly not sent: the connection was lost.";

/** A line of alice. Its number is its position among all messages. */
function line(number: number, text: string, more: Partial<Line> = {}): Line {
  return { kind: "say", text, nick: "alice", time: new Date(1000 * number), id: `id${number}`, part: 0, ...more };
}

/** A page with pending messages of alice. Message 10 was the last one delivered. */
class Page {
  readonly model = new Model();
  readonly room = this.model.open("#tea");
  readonly chat = { model: this.model, confirm: (_: unknown, it: Pending) => this.model.removePending(this.room, it) };

  constructor(...texts: string[]) {
    this.model.nick = "alice";
    this.model.setState(this.room, "in");
    this.model.add(this.room, line(10, "before"));
    for (const text of texts) this.say(text);
  }

  say(text: string): Pending {
    const pending = { kind: "say" as const, text, time: new Date(), nick: this.model.nick };
    this.model.addPending(this.room, pending);
    return pending;
  }

  /** The connection is lost, and restored. */
  lose(): void {
    for (const pending of this.room.pending) this.model.failPending(this.room, pending, PERHAPS, true);
    this.model.startQueue(this.room);
  }

  /** A line is received, as an answer to a request or without one. */
  hear(number: number, text: string, asked?: PendingRequest, nick = "alice"): void {
    const time = new Date(1000 * number).toISOString();
    const message = parse(`@time=${time};msgid=id${number} :${nick}!~u@h PRIVMSG #tea :${text}`);
    receive(this.chat as unknown as ChatContext, message, asked);
  }

  get pending(): string[] {
    return this.room.pending.map(({ text }) => text);
  }
}

Deno.test("page: a line that was delivered before the connection was lost is no longer offered to send again", () => {
  const page = new Page("one", "two", "three");
  page.lose();
  page.model.catchUp(page.room, [line(9, "three"), line(10, "before"), line(11, "one"), line(12, "two")], false);
  assertEquals(page.pending, ["three"]); // a message from before it was sent is another one
  assertEquals(page.room.lines.map(({ text }) => text), ["before", "one", "two"]);
});

Deno.test("page: of the same line sent twice, as many are settled as were delivered", () => {
  const page = new Page("ok", "ok", "ok");
  page.lose();
  const known = [line(10, "before"), line(11, "ok"), line(12, "ok")];
  page.model.catchUp(page.room, known, false);
  assertEquals(page.pending, ["ok"]);
  page.model.extend(page.room, "older", known); // the same messages again settle nothing
  assertEquals(page.pending, ["ok"]);
});

Deno.test("page: a line is settled wherever it comes: live, further back, or in another part of the room", () => {
  const ways: Record<string, (page: Page) => void> = {
    live: (page) => page.hear(11, "one"),
    back: (page) => page.model.extend(page.room, "older", [line(11, "one")]),
    elsewhere: (page) => page.model.replace(page.room, [line(11, "one")], false),
    "without what cannot be seen": (page) => page.hear(11, "o\u200bne "),
  };
  for (const [way, come] of Object.entries(ways)) {
    const page = new Page("one");
    page.lose();
    if (way !== "live") page.model.catchUp(page.room, [line(10, "before")], true);
    come(page);
    assertEquals(page.pending, [], way);
  }
});

Deno.test("page: another user's line, another text or another kind settles nothing", () => {
  const page = new Page("one");
  page.lose();
  const other = [line(11, "one", { nick: "bob" }), line(12, "one!"), line(13, "one", { kind: "action" })];
  page.model.catchUp(page.room, [line(10, "before"), ...other], false);
  assertEquals(page.pending, ["one"]);
});

Deno.test("page: the confirmation of a line that was said again settles that line alone", () => {
  const page = new Page("one");
  page.lose();
  page.model.catchUp(page.room, [line(10, "before")], false);
  const again = page.say("one");
  page.hear(11, "one", { room: page.room, pending: again });
  assertEquals(page.room.pending.map(({ error: failed }) => failed), [PERHAPS]);
  page.model.startQueue(page.room);
  page.model.catchUp(page.room, [line(10, "before"), line(11, "one")], false);
  assertEquals(page.pending, ["one"]);
});

Deno.test("page: a line that the server refused stays, whatever is said later", () => {
  const page = new Page();
  const rejected = page.say("one");
  page.model.failPending(page.room, rejected, "Not sent. You cannot send messages to #tea.");
  page.hear(11, "one");
  assertEquals(page.pending, ["one"]);
});

Deno.test("page: a confirmation that comes late settles a line that was given up", () => {
  const page = new Page("one");
  const [pending] = page.room.pending;
  page.model.failPending(page.room, pending!, "Possibly not sent: the server has not confirmed it.", true);
  page.hear(11, "one", { room: page.room, pending: pending! });
  assertEquals(page.pending, []);
});
