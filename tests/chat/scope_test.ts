/** Scopes: what members may do that have logged in by a token for bots. The chat enforces it, whatever the protocol is. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Member } from "../../src/chat/member.ts";
import type { Room } from "../../src/chat/room.ts";
import type { SessionToken } from "../../src/chat/scope.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { readModes } from "../../src/protocol/modes.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Inbox } from "./helpers.ts";

const READ: SessionToken = { id: 1, readOnly: true, room: undefined };
const IN_TEA: SessionToken = { id: 2, readOnly: false, room: "#tea" };
const READ_TEA: SessionToken = { id: 3, readOnly: true, room: "#tea" };

/** A chat with `bot` and bob in #tea and #coffee, both operators. */
class Rooms {
  readonly chat = new LocalChat({ history: new MemoryHistory(), keepPrivate: true });
  readonly inbox = new Inbox();
  readonly bot = this.enter("bot", this.inbox);
  readonly bob = this.enter("bob");
  readonly tea: Room;
  readonly coffee: Room;

  constructor() {
    this.tea = this.chat.join(this.bot, "#tea");
    this.coffee = this.chat.join(this.bot, "#coffee");
    for (const room of [this.tea, this.coffee]) {
      this.chat.join(this.bob, room.name);
      this.chat.setModes(this.bot, room, readModes(["+o", "bob"]).changes);
    }
    this.chat.join(this.bob, "#elsewhere");
  }

  enter(nick: string, outlet = new Inbox()): Member {
    const identity = { user: nick, host: "host", realname: nick };
    return this.chat.connect(nick, identity, { render: (event) => JSON.stringify(event) }, outlet);
  }
}

/** What a member can do that others notice. */
function actions({ chat, bot }: Rooms, room: Room): Record<string, () => unknown> {
  return {
    say: () => chat.say(bot, room, "hi"),
    notice: () => chat.say(bot, room, "hi", { style: "notice" }),
    tag: () => chat.tag(bot, room, "+typing=active"),
    topic: () => chat.setTopic(bot, room, "tea time"),
    modes: () => chat.setModes(bot, room, []),
    invite: () => chat.invite(bot, room, "nobody"),
    kick: () => chat.kick(bot, room, "nobody"),
  };
}

/** What concerns no room. */
function elsewhere({ chat, bot, bob }: Rooms): Record<string, () => unknown> {
  return {
    whisper: () => chat.whisper(bot, "bob", "hi"),
    "whisper to several": () => chat.whisperEach(bot, ["bob"], "hi"),
    "tag to a user": () => chat.tag(bot, bob, "+typing=active"),
    wallops: () => chat.sayWallops(bot, "hi"),
    operator: () => chat.setFlag(bot, "operator", true),
    reclaim: () => chat.reclaim(bot, "bot", "mine"),
  };
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof ChatError) return error.code;
    throw error;
  }
  return undefined;
}

Deno.test("scope: a read token can do nothing that others notice, but join and leave existing rooms", () => {
  const rooms = new Rooms();
  const { chat, bot, bob } = rooms;
  chat.setFlag(bot, "operator", true);
  chat.login(bot, "bot", READ);
  const all = {
    ...actions(rooms, rooms.tea),
    ...elsewhere(rooms),
    nick: () => chat.rename(bot, "bot2"),
    away: () => chat.setAway(bot, "lunch"),
    realname: () => chat.setRealname(bot, "spam"),
    "new room": () => chat.join(bot, "#new"),
  };
  for (const [name, action] of Object.entries(all)) assertEquals(codeOf(action), "token-read-only", name);
  assertEquals([bot.operator, bot.away, chat.getRoom("#new")], [false, undefined, undefined]);
  assert(chat.join(bot, "#elsewhere").has(bot));
  chat.setFlag(bot, "bot", true); // IRC's +B says nothing
  rooms.inbox.take();
  chat.say(bob, rooms.tea, "hello");
  chat.flush();
  assert(rooms.inbox.take().some((line) => line.includes("hello")), "it reads");
});

Deno.test("scope: the reasons of PART and QUIT of a read token are not shown", () => {
  const rooms = new Rooms();
  const { chat, bot } = rooms;
  const bob = new Inbox();
  chat.join(rooms.enter("carol", bob), "#tea");
  chat.login(bot, "bot", READ);
  chat.leave(bot, rooms.tea, "buy now");
  chat.join(bot, "#tea");
  chat.disconnect(bot, "buy now", true);
  chat.flush();
  assertEquals(bob.take().filter((line) => line.includes("buy now")), []);
});

Deno.test("scope: a token for a room leaves all others, and can join, speak and be an operator there alone", () => {
  const rooms = new Rooms();
  const { chat, bot, tea, coffee } = rooms;
  chat.login(bot, "bot", IN_TEA);
  assertEquals([...bot.rooms.keys()], ["#tea"]);
  for (const [name, action] of Object.entries({ ...actions(rooms, coffee), ...elsewhere(rooms) })) {
    assertEquals(codeOf(action), "token-room", name);
  }
  for (const name of ["#coffee", "#new", "#elsewhere", "#lobby"]) {
    assertEquals(codeOf(() => chat.join(bot, name)), "token-room", name);
  }
  const { invite, kick, ...allowed } = actions(rooms, tea);
  for (const [name, action] of Object.entries(allowed)) assertEquals(codeOf(action), undefined, name);
  assertEquals([codeOf(invite!), codeOf(kick!)], ["no-such-user", "no-such-user"]);
  chat.leave(bot, tea, "back soon");
  assert(chat.join(bot, "#TEA").has(bot));
  chat.rename(bot, "teabot");
});

Deno.test("scope: a token for a room does not read the private conversations of its account", () => {
  const rooms = new Rooms();
  const { chat, bot, bob } = rooms;
  chat.login(bot, "bot");
  chat.whisper(bob, "bot", "a secret");
  chat.flush();
  const read = () => chat.history.conversation(bot, "bob", { count: 5 }).length;
  const list = () => runToEnd(chat.history.conversations(bot)).length;
  assertEquals([read(), list()], [1, 1]);
  for (const token of [IN_TEA, READ_TEA]) {
    chat.login(bot, "bot", token);
    assertEquals(assertThrows(read, ChatError).code, "token-room");
    assertEquals(codeOf(() => chat.history.hasLine(bot, "bob", 1)), "token-room");
    assertEquals(list(), 0);
    assertEquals(codeOf(() => chat.history.hasLine(bot, rooms.tea, 1)), undefined);
  }
  chat.login(bot, "bot", READ);
  assertEquals([read(), list()], [1, 1]);
});

Deno.test("scope: it ends with a login by password or a logout, and a token without a scope limits nothing", () => {
  const rooms = new Rooms();
  const { chat, bot, tea, coffee } = rooms;
  chat.login(bot, "bot", READ_TEA);
  assertEquals(codeOf(() => chat.say(bot, tea, "hi")), "token-read-only");
  chat.login(bot, "bot");
  assertEquals([bot.token, codeOf(() => chat.say(bot, tea, "hi"))], [undefined, undefined]);
  chat.login(bot, "bot", READ);
  chat.logout(bot);
  assertEquals([bot.token, codeOf(() => chat.say(bot, tea, "hi"))], [undefined, undefined]);
  chat.join(bot, "#coffee");
  chat.login(bot, "bot", { id: 4, readOnly: false, room: undefined });
  assertEquals(codeOf(() => chat.say(bot, coffee, "hi")), undefined);
  assertEquals(codeOf(() => chat.whisper(bot, "bob", "hi")), undefined);
});
