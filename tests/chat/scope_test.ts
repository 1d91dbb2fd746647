/** Scopes: what members may do that have logged in by a token for bots. The chat enforces it, whatever the protocol is. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Member, Session } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import type { Room } from "../../src/chat/room.ts";
import type { SessionToken } from "../../src/chat/scope.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { readModes } from "../../src/protocol/modes.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Inbox, spell } from "./helpers.ts";

const READ: SessionToken = { id: 1, readOnly: true, room: undefined };
const IN_TEA: SessionToken = { id: 2, readOnly: false, room: "#tea" };
const READ_TEA: SessionToken = { id: 3, readOnly: true, room: "#tea" };

/** A token without a scope. */
const FULL: SessionToken = { id: 4, readOnly: false, room: undefined };

/** A chat in which alice is registered. */
function newChat(): LocalChat {
  return new LocalChat({
    history: new MemoryHistory(),
    keepPrivate: "all",
    policy: { isRegistered: (nick) => fold(nick) === "alice" },
  });
}

/** Connects a client. */
function enter(chat: LocalChat, nick: string, account?: string, token?: SessionToken, inbox = new Inbox()): Session {
  const identity = { user: nick, host: "host", realname: nick, account, token };
  return chat.connect(nick, identity, { render: spell }, inbox);
}

/** A chat with `bot` and bob in #tea and #coffee, both operators. The bot is a guest. */
class Rooms {
  readonly chat = newChat();
  readonly inbox = new Inbox();
  readonly session = enter(this.chat, "bot", undefined, undefined, this.inbox);
  readonly bot = this.session.member;
  readonly bob = enter(this.chat, "bob").member;
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
  const { chat, session, bot, bob } = rooms;
  chat.setFlag(bot, "operator", true);
  chat.login(session, "alice", READ);
  const all = {
    ...actions(rooms, rooms.tea),
    ...elsewhere(rooms),
    nick: () => chat.rename(bot, "bot2"),
    away: () => chat.setAway(bot, "lunch"),
    realname: () => chat.setRealname(bot, "spam"),
    ignore: () => chat.ignores.add(bot, "bob"),
    unignore: () => chat.ignores.remove(bot, "bob"),
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
  const { chat, session, bot } = rooms;
  const bob = new Inbox();
  chat.join(enter(chat, "carol", undefined, undefined, bob).member, "#tea");
  chat.login(session, "alice", READ);
  chat.leave(bot, rooms.tea, "buy now");
  chat.join(bot, "#tea");
  chat.disconnect(session, "buy now", true);
  chat.flush();
  assertEquals(bob.take().filter((line) => line.includes("buy now")), []);
});

Deno.test("scope: a token for a room leaves all others, and can join, speak and be an operator there alone", () => {
  const rooms = new Rooms();
  const { chat, session, bot, tea, coffee } = rooms;
  chat.login(session, "alice", IN_TEA);
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

Deno.test("scope: a limited token does not read the private conversations of its account", () => {
  const rooms = new Rooms();
  const { chat, session, bot, bob } = rooms;
  const owner = enter(chat, "alice", "alice").member;
  chat.whisper(bob, "alice", "a secret");
  chat.flush();
  const read = (member: Member) => chat.history.conversation(member, "bob", { count: 5 }).length;
  const list = (member: Member) => runToEnd(chat.history.conversations(member)).length;
  assertEquals([read(owner), list(owner)], [1, 1]);
  for (const token of [IN_TEA, READ_TEA]) {
    chat.login(session, "alice", token);
    assertEquals(assertThrows(() => read(bot), ChatError).code, "token-room");
    assertEquals(codeOf(() => chat.history.hasLine(bot, "bob", 1)), "token-room");
    assertEquals(list(bot), 0);
    assertEquals(codeOf(() => chat.history.hasLine(bot, rooms.tea, 1)), undefined);
  }
  chat.login(session, "alice", READ);
  assertEquals([read(bot), list(bot)], [0, 0]);
});

for (const [kind, token] of Object.entries({ IN_TEA, READ_TEA })) {
  Deno.test(`scope: a session that is limited to a room gets no private message, and the sender is told (${kind})`, () => {
    const { chat, bob, bot, heard } = beside(token);
    heard("bot");
    assertEquals(codeOf(() => chat.whisper(bob, "bot", "hi")), "no-private-messages");
    assertEquals(codeOf(() => chat.tag(bob, bot.member, "+typing=active")), "no-private-messages");
    const [toBot, toOwner] = chat.whisperEach(bob, ["bot", "alice"], "hi");
    assertEquals([toBot instanceof ChatError && toBot.code, toOwner instanceof ChatError], [
      "no-private-messages",
      false,
    ]);
    assertEquals(heard("bot"), []);
    assertEquals(chat.history.conversation(bob, "bot", { count: 5 }).length, 0, "it is not stored either");
    chat.logout(bot);
    chat.whisper(bob, bot.member.nick, "hi");
    assertEquals(heard("bot").length, 1, "a guest gets them");
  });
}

Deno.test("scope: it ends with a login by password or a logout, and a token without a scope limits nothing", () => {
  const rooms = new Rooms();
  const { chat, session, bot, tea, coffee } = rooms;
  chat.login(session, "alice", READ_TEA);
  assertEquals(codeOf(() => chat.say(bot, tea, "hi")), "token-read-only");
  chat.login(session, "alice");
  assertEquals([session.token, bot.scope, bot.fullAccount], [undefined, undefined, "alice"]);
  assertEquals(codeOf(() => chat.say(bot, tea, "hi")), undefined);
  chat.login(session, "alice", READ);
  chat.logout(session);
  assertEquals([session.token, bot.scope, bot.account], [undefined, undefined, undefined]);
  assertEquals(codeOf(() => chat.say(bot, tea, "hi")), undefined);
  chat.join(bot, "#coffee");
  chat.login(session, "alice", FULL);
  assertEquals([session.token, bot.scope], [FULL, undefined]);
  assertEquals(codeOf(() => chat.say(bot, coffee, "hi")), undefined);
  assertEquals(codeOf(() => chat.whisper(bot, "bob", "hi")), undefined);
});

Deno.test("tokens: a session counts as logged in with one only if it is of its account, and has no scope", () => {
  const chat = newChat();
  const guest = enter(chat, "bob");
  const owner = enter(chat, "alice", "alice");
  const bot = enter(chat, "bot", "alice", READ);
  assertEquals(codeOf(() => chat.setToken(guest, "alice", FULL)), "account-required");
  assertEquals(codeOf(() => chat.setToken(bot, "alice", FULL)), "account-required");
  assertEquals(codeOf(() => chat.setToken(owner, "bob", FULL)), "account-required");
  assertEquals(codeOf(() => chat.setToken(owner, "alice", IN_TEA)), "account-required");
  assertEquals([guest.token, owner.token, bot.token], [undefined, undefined, READ]);
  chat.setToken(owner, "ALICE", FULL);
  assertEquals(owner.token, FULL);
  chat.logout(owner);
  assertEquals(owner.token, undefined);
});

Deno.test("scope: a session that is limited to a room may be in it when it is renamed, and not in its old name", () => {
  for (const isInside of [true, false]) {
    const chat = newChat();
    const owner = enter(chat, "alice", "alice").member;
    const room = chat.join(owner, "#tea");
    const session = enter(chat, "bot", "alice", IN_TEA);
    const [bot, reader] = [session.member, enter(chat, "reader", "alice", READ).member];
    if (isInside) chat.join(bot, "#tea");
    chat.admin.rename(owner, room, "#Coffee");
    assertEquals([bot.scope, session.token], [{ ...IN_TEA, room: "#coffee" }, { ...IN_TEA, room: "#coffee" }]);
    assertEquals(reader.scope, READ);
    chat.join(bot, "#COFFEE");
    chat.say(bot, room, "hi");
    chat.join(owner, "#tea"); // another room
    assertEquals(codeOf(() => chat.join(bot, "#tea")), "token-room");
  }
});

/** alice, who owns #hers and is an operator of #tea, beside a bot with a token of hers. */
function beside(token: SessionToken) {
  const chat = newChat();
  const inboxes = { owner: new Inbox(), bot: new Inbox() };
  const bob = enter(chat, "bob").member;
  const owner = enter(chat, "alice", "alice", undefined, inboxes.owner);
  const hers = chat.join(owner.member, "#hers");
  const bot = enter(chat, "bot", "alice", token, inboxes.bot);
  const heard = (who: keyof typeof inboxes) => {
    chat.flush();
    return inboxes[who].take();
  };
  return { chat, bob, owner, hers, bot, heard };
}

for (const [kind, token] of Object.entries({ READ, IN_TEA, READ_TEA })) {
  Deno.test(`scope: a session with a limited token is a user of its own beside its owner (${kind})`, () => {
    const { chat, bob, owner, bot, heard } = beside(token);
    assertEquals([bot.member === owner.member, bot.member.nick, bot.member.account], [false, "bot", "alice"]);
    assertEquals([chat.getByAccount("alice"), bot.member.rooms.size], [owner.member, 0]);
    const phone = enter(chat, "x", "alice");
    assertEquals([phone.member, bot.member.sessions], [owner.member, [bot]], "other devices are not the bot's");
    heard("bot");
    chat.whisper(bob, "alice", "a secret");
    chat.say(owner.member, chat.findRoom("#hers"), "another");
    assertEquals(heard("bot"), []);
    assertEquals([...chat.sessionsOf("ALICE")], [owner, phone, bot]);
    chat.disconnect(owner);
    chat.disconnect(phone);
    assertEquals([chat.getByAccount("alice"), [...chat.sessionsOf("alice")]], [undefined, [bot]]);
    const again = enter(chat, "alice", "alice");
    assertEquals([again.member === bot.member, chat.getByAccount("alice")], [false, again.member]);
    chat.disconnect(bot);
    assertEquals(chat.getByAccount("alice"), again.member, "the owner stays when the bot goes");
  });

  Deno.test(`scope: a limited token does not permit the nickname of its account (${kind})`, () => {
    const chat = newChat();
    assertEquals(codeOf(() => enter(chat, "Alice", "alice", token)), "token-nick");
    const { member } = enter(chat, "bot", "alice", token);
    const code = token.readOnly ? "token-read-only" : "token-nick";
    assertEquals(codeOf(() => chat.rename(member, "alice")), code);
    const owner = enter(chat, "alice", "alice");
    chat.login(owner, "alice", token);
    assertEquals([owner.member.nick, owner.member.account], ["guest1", "alice"], "it had the nickname before");
    assertEquals(enter(chat, "alice", "alice").member.nick, "alice");
  });
}

Deno.test("scope: a limited session has no role of its account, and gets none for it", () => {
  const { chat, bob, owner, hers, bot } = beside({ ...IN_TEA, room: "#hers" });
  chat.join(bot.member, "#hers");
  const { ranks, roles } = hers;
  assertEquals([ranks.owner.has(bot.member), hers.roleOf(bot.member)], [false, undefined]);
  const own = (action: () => unknown) => codeOf(action);
  assertEquals(own(() => chat.setModes(bot.member, hers, readModes(["+m"]).changes)), "not-operator");
  assertEquals(own(() => chat.admin.transfer(bot.member, hers, "bob")), "not-owner");
  assertEquals(own(() => chat.admin.setMember(bot.member, hers, "bob", true)), "not-operator");
  assertEquals(own(() => chat.admin.rename(bot.member, hers, "#his")), "not-owner");
  assertEquals(own(() => chat.admin.destroy(bot.member, hers)), "not-owner");
  chat.setModes(owner.member, hers, readModes(["+v", "bot"]).changes);
  assertEquals([ranks.voice.has(bot.member), roles.of("alice")], [true, "owner"]);
  assertEquals(chat.setModes(owner.member, hers, readModes(["+q", "bot"]).changes).rejected[0]?.code, "no-account");
  chat.setModes(owner.member, hers, readModes(["-v", "bot"]).changes);
  assertEquals([ranks.voice.has(bot.member), roles.of("alice")], [false, "owner"]);
  chat.join(bob, "#hers");
  chat.setModes(owner.member, hers, readModes(["+o", "bob"]).changes);
  assertEquals(codeOf(() => chat.admin.ban(bob, hers, "bot")), "not-owner", "it would ban the owner, too");
  assert(hers.has(owner.member));
  chat.kick(bob, hers, "bot");
  chat.setModes(owner.member, hers, readModes(["+iI", "~a:alice"]).changes);
  assertEquals(codeOf(() => chat.join(bot.member, "#hers")), "invite-only");
  chat.setModes(owner.member, hers, readModes(["-i+be", "*!*@host", "~a:alice"]).changes);
  assertEquals(codeOf(() => chat.join(bot.member, "#hers")), "banned");
  chat.invite(owner.member, hers, "bot");
  chat.join(bot.member, "#hers");
});

Deno.test("scope: roles that its account gets or loses do not reach a limited session", () => {
  const { chat, bob, owner, bot } = beside(IN_TEA);
  chat.login([...bob.sessions][0]!, "bob");
  const tea = chat.join(bob, "#tea");
  chat.join(owner.member, "#tea");
  chat.join(bot.member, "#tea");
  chat.setModes(bob, tea, readModes(["+o", "alice"]).changes);
  assertEquals([tea.roles.of("alice"), [...tea.ranks.op]], ["op", [owner.member]]);
  chat.admin.transfer(bob, tea, "alice");
  assertEquals([...tea.ranks.owner], [owner.member]);
  assertEquals(codeOf(() => chat.admin.unban(bot.member, tea, "x")), "not-operator");
});

Deno.test("scope: an invitation of a limited session gives its account no role", () => {
  const { chat, bob, bot } = beside(IN_TEA);
  chat.login([...bob.sessions][0]!, "bob");
  const tea = chat.join(bob, "#tea");
  chat.setModes(bob, tea, readModes(["+i"]).changes);
  chat.invite(bob, tea, "bot");
  assertEquals([tea.roles.of("alice"), chat.join(bot.member, "#tea").has(bot.member)], [undefined, true]);
});

Deno.test("scope: a server operator cannot log in with a limited token of an account that is banned", () => {
  const policy = { banReason: (_origin: string, account?: string) => account === "alice" ? "spam" : undefined };
  const chat = new LocalChat({ history: new MemoryHistory(), policy });
  const session = enter(chat, "boss");
  chat.setFlag(session.member, "operator", true);
  assertEquals(codeOf(() => chat.login(session, "alice", READ)), "server-banned");
  chat.login(session, "alice", FULL);
  assertEquals([session.member.account, session.member.operator], ["alice", true]);
});

Deno.test("scope: a room that a limited session creates has no owner", () => {
  const { chat, bot } = beside(IN_TEA);
  const tea = chat.join(bot.member, "#tea");
  assertEquals([tea.roles.owned, tea.ranks.op.has(bot.member)], [false, true]);
});

Deno.test("scope: administrating a room is not possible with a token that does not permit the room", () => {
  const { chat, hers, bot, owner } = beside(READ);
  const { member } = bot;
  const admin: Record<string, () => unknown> = {
    ban: () => chat.admin.ban(member, hers, "bob"),
    unban: () => chat.admin.unban(member, hers, "bob"),
    transfer: () => chat.admin.transfer(member, hers, "bob"),
    member: () => chat.admin.setMember(member, hers, "bob", true),
    appoint: () => chat.admin.appoint(member, hers, "bob"),
    rename: () => chat.admin.rename(member, hers, "#his"),
    destroy: () => chat.admin.destroy(member, hers),
  };
  for (const [name, action] of Object.entries(admin)) assertEquals(codeOf(action), "token-read-only", name);
  chat.login(bot, "alice", IN_TEA);
  for (const [name, action] of Object.entries(admin)) assertEquals(codeOf(action), "token-room", name);
  assertEquals([hers.name, hers.roles.of("alice"), owner.member.account], ["#hers", "owner", "alice"]);
});

Deno.test("scope: a device that logs in again with a limited token leaves its user, who keeps the others", () => {
  const { chat, hers, owner } = beside(READ);
  const phone = enter(chat, "x", "alice");
  chat.login(phone, "alice", READ);
  assertEquals([owner.member.sessions, owner.member.nick], [[owner], "alice"]);
  assertEquals([phone.member.nick, phone.member.rooms.size, phone.member.account], ["guest1", 0, "alice"]);
  chat.setFlag(owner.member, "operator", true);
  chat.login(owner, "alice", READ);
  assertEquals([owner.member.operator, owner.member.nick], [false, "guest2"]);
  assertEquals([hers.has(owner.member), hers.ranks.owner.size, hers.roles.of("alice")], [true, 0, "owner"]);
  chat.login(phone, "alice");
  assertEquals([chat.getByAccount("alice"), phone.member.scope], [phone.member, undefined]);
  chat.login(owner, "alice", FULL);
  assertEquals([owner.member, owner.token, hers.ranks.owner.has(owner.member)], [phone.member, FULL, true]);
});

Deno.test("scope: ignore lists of its account do not concern a limited session, and it is ignored as its account is", () => {
  const { chat, bob, owner, bot } = beside(READ);
  chat.ignores.add(owner.member, "bob");
  assertEquals([chat.ignores.list(owner.member).length, chat.ignores.list(bot.member)], [1, []]);
  chat.ignores.add(bob, "alice");
  assert(chat.ignores.ignores(bob, bot.member.actor()));
  chat.login(owner, "alice", READ);
  assertEquals(chat.ignores.list(owner.member), [], "the list was that of the account");
});

Deno.test("scope: a limited session of an account that is always on leaves the chat, and cannot change the choice", () => {
  const { chat, owner, bot } = beside(READ);
  chat.alwaysOn.choose(owner.member, true);
  assertEquals(codeOf(() => chat.alwaysOn.choose(bot.member, false)), "token-read-only");
  chat.disconnect(bot);
  assertEquals([chat.has(bot.member), chat.alwaysOn.status("alice").on], [false, true]);
  chat.disconnect(owner);
  assertEquals([chat.has(owner.member), owner.member.sessions], [true, []]);
  const again = enter(chat, "bot", "alice", READ);
  assertEquals([again.member === owner.member, owner.member.sessions], [false, []]);
  chat.login(enter(chat, "x", "alice"), "alice", READ);
  assertEquals([chat.getByAccount("alice"), owner.member.sessions], [owner.member, []], "it stays without the session");
});

Deno.test("scope: bans and mutes of its account apply to a limited session", () => {
  const { chat, bob, bot } = beside(IN_TEA);
  const tea = chat.join(bob, "#tea");
  chat.setModes(bob, tea, readModes(["+b", "~a:alice"]).changes);
  assertEquals(codeOf(() => chat.join(bot.member, "#tea")), "banned");
  chat.setModes(bob, tea, readModes(["-b", "~a:alice"]).changes);
  chat.join(bot.member, "#tea");
  chat.mutes.add("~a:alice", Infinity);
  assertEquals(codeOf(() => chat.say(bot.member, tea, "hi")), "muted");
});
