/** Tests of typing notifications on the page. */
/// <reference lib="dom" />
import "./fake_browser.ts";
import { assertEquals } from "@std/assert";
import type { ChatContext } from "../../src/web/context.ts";
import { parse } from "../../src/web/irc.js";
import { Model } from "../../src/web/model.js";
import {
  ACTIVE_TIME,
  receiveTyping,
  setTypingShown,
  TELL_EVERY,
  TYPING_MAX,
  TYPING_MEMBERS_MAX,
  TypingNotifier,
  typingText,
  typists,
} from "../../src/web/typing.js";

function page() {
  const model = new Model();
  model.nick = "alice";
  const tea = model.open("#tea");
  const sent: string[] = [];
  const chat = {
    model,
    online: true,
    typingDenied: false,
    connection: { has: () => true },
    request: (command: string, params: string[], _context: unknown, tags: Record<string, string> = {}) => {
      return sent.push(`${command} ${params.join(" ")} ${Object.values(tags).join()}`) > 0;
    },
  };
  const context = chat as unknown as ChatContext;
  const hear = (...lines: string[]) => lines.forEach((line) => receiveTyping(context, parse(line)));
  return { model, tea, sent, chat, context, hear };
}

const active = (nick: string, state = "active") => `@+typing=${state} :${nick}!~u@host TAGMSG #tea`;

Deno.test("typing: users are typing until they are done, or have not said so for some time", () => {
  const { tea, hear } = page();
  hear(active("bob"), active("carol"), active("alice"), active("bob", "done"));
  const now = Date.now();
  assertEquals(typists(tea, now), ["carol"]);
  hear(active("bob", "paused"));
  assertEquals(typists(tea, now + ACTIVE_TIME + 1000), ["bob"]);
  assertEquals(typists(tea, now + 60_000), []);
});

Deno.test("typing: a private notification is for the conversation with its sender, if that is open", () => {
  const { model, hear } = page();
  hear("@+typing=active :bob!~b@host TAGMSG alice");
  assertEquals(model.find("bob"), undefined);
  const bob = model.open("bob");
  hear("@+typing=active :bob!~b@host TAGMSG alice");
  assertEquals(typists(bob, Date.now()), ["bob"]);
});

Deno.test("typing: a user who leaves the room is no longer typing", () => {
  const { model, tea, hear } = page();
  model.addMember(tea, "bob");
  hear(active("bob"));
  model.removeMember(tea, "bob");
  assertEquals(typists(tea, Date.now()), []);
});

Deno.test("typing: as many users as the limit are remembered, the latest ones", () => {
  const { tea, hear } = page();
  for (let n = 0; n <= TYPING_MAX; n++) hear(active(`u${n}`));
  const nicks = typists(tea, Date.now());
  assertEquals([nicks.length, nicks[0], nicks.at(-1)], [TYPING_MAX, "u1", `u${TYPING_MAX}`]);
});

Deno.test("typing: up to two users are named", () => {
  assertEquals([[], ["bob"], ["bob", "carol"], ["a", "b", "c"]].map(typingText), [
    "",
    "bob is typing …",
    "bob and carol are typing …",
    "3 people are typing …",
  ]);
});

Deno.test("typing: others are told at once, then every three seconds, and when the input is cleared", () => {
  const { tea, sent, context } = page();
  let now = 1000;
  const notifier = new TypingNotifier(context, () => now);
  notifier.changed(tea, "h");
  notifier.changed(tea, "he");
  now += TELL_EVERY;
  notifier.changed(tea, "hel");
  notifier.changed(tea, "");
  notifier.changed(tea, "");
  assertEquals(sent, ["TAGMSG #tea active", "TAGMSG #tea active", "TAGMSG #tea done"]);
});

Deno.test("typing: the message itself ends it, and the next letter is told at once", () => {
  const { tea, sent, context } = page();
  const notifier = new TypingNotifier(context, () => 1000);
  notifier.changed(tea, "hello");
  notifier.sent(tea);
  notifier.changed(tea, "");
  notifier.changed(tea, "a");
  assertEquals(sent, ["TAGMSG #tea active", "TAGMSG #tea active"]);
});

Deno.test("typing: no notification is sent for commands, in large rooms, and when the server or the user does not want it", () => {
  const { model, tea, sent, chat, context } = page();
  const type = () => new TypingNotifier(context, () => 1000).changed(tea, "hello");
  new TypingNotifier(context, () => 1000).changed(tea, "/join #x");
  chat.typingDenied = true;
  type();
  chat.typingDenied = false;
  setTypingShown(false);
  type();
  setTypingShown(true);
  for (let n = 0; n <= TYPING_MEMBERS_MAX; n++) model.addMember(tea, `u${n}`);
  type();
  assertEquals(sent, []);
  model.removeMember(tea, "u0");
  type();
  assertEquals(sent.length, 1);
});
