/** Ignore lists: whom a member ignores, what does not reach it, and the lists that are stored with accounts. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { IGNORED_MAX, IgnoreLists, type IgnoreStore, isGuestName } from "../../src/chat/ignore_lists.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import type { Member } from "../../src/chat/member.ts";
import { StoreError } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { FakeConnection } from "../fake_connection.ts";

/** The lists of accounts, in memory. `broken`: every call throws. */
class Lists implements IgnoreStore {
  readonly lists = new Map<string, string[]>();
  broken = false;

  ignored(account: string): string[] {
    this.#check();
    return this.lists.get(account.toLowerCase()) ?? [];
  }

  addIgnored(account: string, names: readonly string[]): void {
    this.#check();
    this.lists.set(account.toLowerCase(), [...new Set([...this.ignored(account), ...names])]);
  }

  removeIgnored(account: string, name: string): void {
    this.#check();
    this.lists.set(account.toLowerCase(), this.ignored(account).filter((each) => each !== name));
  }

  #check() {
    if (this.broken) throw new StoreError("broken");
  }
}

/** A chat with members in the lobby. */
class World {
  readonly store = new Lists();
  readonly chat: LocalChat;

  constructor(options: Partial<ChatOptions> = {}) {
    const policy = { isRegistered: (nick: string) => /^(owner|Bob)$/i.test(nick) };
    this.chat = new LocalChat({ history: new MemoryHistory(), ignores: this.store, policy, ...options });
  }

  /** Connects a member whose client cannot hide lines itself. */
  enter(
    nick: string,
    { account, host = "host", hides = true }: { account?: string; host?: string; hides?: boolean } = {},
  ) {
    const identity = { user: "~user", host, realname: "", account };
    const session = this.chat.connect(nick, identity, textFormat(0), new FakeConnection());
    session.hidesIgnored = hides;
    this.chat.join(session.member, LOBBY, undefined, session);
    return session.member;
  }

  /** What a member has received since the last call. */
  heard({ sessions: [session] }: Member): string[] {
    this.chat.flush();
    return (session!.outlet as FakeConnection).take();
  }

  /** What members hear of a line in the lobby. */
  said(author: Member, text: string, ...members: Member[]): string[][] {
    members.forEach((member) => this.heard(member));
    this.chat.say(author, this.chat.findRoom(LOBBY), text);
    return members.map((member) => this.heard(member));
  }
}

function rejects(code: string, run: () => unknown) {
  assertEquals(assertThrows(run, ChatError).code, code);
}

Deno.test("ignore: lines of an ignored user do not reach a member whose client cannot hide them, and reach others", () => {
  const world = new World();
  const [alice, bob, carol] = [world.enter("alice"), world.enter("dave"), world.enter("carol", { hides: false })];
  assertEquals(world.chat.ignores.add(alice, "DAVE"), "dave!*@host");
  world.chat.ignores.add(carol, "dave");
  assertEquals(world.said(bob, "hi", alice, bob, carol), [[], ["<dave> hi"], ["<dave> hi"]]);
  assertEquals(world.said(carol, "hello", alice, bob, carol), [["<carol> hello"], ["<carol> hello"], [
    "<carol> hello",
  ]]);
  world.chat.say(bob, world.chat.findRoom(LOBBY), "before");
  world.chat.ignores.remove(alice, "dave"); // in the same round
  assertEquals(world.said(bob, "after", alice), [["<dave> after"]]);
});

Deno.test("ignore: lines for members of a rank are hidden, too", () => {
  const world = new World();
  const [alice, dave] = [world.enter("alice"), world.enter("dave")];
  const room = world.chat.join(alice, "#tea");
  world.chat.join(dave, "#tea");
  world.chat.ignores.add(alice, "dave");
  world.heard(alice);
  world.chat.say(dave, room, "for operators", { minRank: "op" });
  assertEquals(world.heard(alice), []);
});

Deno.test("ignore: private messages, tags and invitations of an ignored user do not reach a member, whatever its client", () => {
  const world = new World({ keepPrivate: "all" });
  for (const hides of [true, false]) {
    const nick = `alice${hides ? 1 : 2}`;
    const alice = world.enter(nick, { hides });
    const dave = world.enter("dave");
    world.chat.ignores.add(alice, "dave");
    const room = world.chat.join(dave, "#tea");
    world.heard(alice);
    const sent = world.chat.whisper(dave, nick, "psst");
    world.chat.tag(dave, alice, "+typing=active");
    world.chat.invite(dave, room, nick);
    assertEquals([sent?.text, world.heard(alice)], ["psst", []], "the sender is not told");
    assertEquals(world.chat.history.conversation(alice, "dave", { count: 9 }), []);
    assertEquals(world.chat.history.conversation(dave, nick, { count: 9 }).length, 1);
    world.chat.ignores.remove(alice, "dave!*@host");
    world.chat.whisper(dave, nick, "again");
    assertEquals(world.heard(alice), ["*dave* again"]);
    assertEquals(world.chat.history.conversation(alice, "dave", { count: 9 }).length, 1);
    world.chat.disconnect(dave.sessions[0]!);
  }
});

Deno.test("ignore: a user is ignored by account under any nickname, and a guest by nickname and host", () => {
  const world = new World();
  const alice = world.enter("alice");
  const bob = world.enter("robert", { account: "Bob" });
  assertEquals([world.chat.ignores.add(alice, "robert"), world.chat.ignores.add(alice, "owner")], ["Bob", "owner"]);
  world.chat.rename(bob, "bobby");
  assertEquals(world.said(bob, "hi", alice), [[]]);
  world.chat.logout(bob.sessions[0]!);
  assertEquals(world.said(bob, "hi", alice), [["<bobby> hi"]]);
  const dave = world.enter("dave");
  world.chat.ignores.add(alice, "dave");
  world.chat.disconnect(dave.sessions[0]!);
  assertEquals(world.said(world.enter("Dave"), "hi", alice), [[]]);
  assertEquals(world.said(world.enter("dave2"), "hi", alice), [["<dave2> hi"]]);
  world.chat.remove(world.chat.find("dave"));
  assertEquals(world.said(world.enter("dave", { host: "elsewhere" }), "hi", alice), [["<dave> hi"]]);
  assertEquals(world.chat.ignores.list(alice), ["Bob", "owner", "dave!*@host"]);
  assertEquals(world.chat.ignores.remove(alice, "BOB"), ["Bob"]);
});

Deno.test("ignore: a user that is not there, oneself and a user that is not ignored are rejected", () => {
  const { chat, ...world } = new World();
  const alice = new World().enter.call({ ...world, chat } as World, "alice");
  for (const name of ["nobody", "*!*@*", "a!*@h*st", "a b!*@host", "!*@host", "x".repeat(100)]) {
    rejects("no-such-user", () => chat.ignores.add(alice, name));
  }
  rejects("ignores-self", () => chat.ignores.add(alice, "ALICE"));
  rejects("ignores-self", () => chat.ignores.add(alice, "alice!*@host"));
  rejects("not-ignored", () => chat.ignores.remove(alice, "alice"));
  assertEquals(chat.ignores.add(alice, "gone!*@elsewhere"), "gone!*@elsewhere");
  assertEquals(chat.ignores.add(alice, "gone!*@elsewhere"), "gone!*@elsewhere");
  assertEquals(chat.ignores.list(alice), ["gone!*@elsewhere"]);
  assert(!isGuestName(`a!*@${"h".repeat(64)}`));
});

Deno.test("ignore: a member that takes the nickname of an ignored guest, or logs in to an ignored account, sees its own lines", () => {
  const world = new World();
  const alice = world.enter("alice");
  world.chat.ignores.add(alice, "dave!*@host");
  world.chat.ignores.add(alice, "owner");
  world.chat.rename(alice, "dave");
  assertEquals(world.said(alice, "hi", alice), [["<dave> hi"]]);
  world.chat.login(alice.sessions[0]!, "owner");
  assertEquals(world.said(alice, "hi", alice), [["<dave> hi"]]);
  assertEquals([world.chat.ignores.list(alice), world.store.ignored("owner")], [[], []]);
});

Deno.test("ignore: a list has at most IGNORED_MAX users", () => {
  const world = new World();
  const alice = world.enter("alice", { account: "owner" });
  for (let n = 0; n < IGNORED_MAX; n++) world.chat.ignores.add(alice, `g${n}!*@host`);
  rejects("ignores-full", () => world.chat.ignores.add(alice, "more!*@host"));
  world.chat.ignores.add(alice, "g0!*@host"); // is there already
  assertEquals([world.chat.ignores.list(alice).length, world.store.ignored("owner").length], [
    IGNORED_MAX,
    IGNORED_MAX,
  ]);
  world.chat.ignores.remove(alice, "g0");
  world.chat.ignores.add(alice, "more!*@host");
  const guest = world.enter("guest");
  world.chat.ignores.add(guest, "more2!*@host");
  const before = world.chat.ignores.list(alice);
  world.chat.login(guest.sessions[0]!, "owner"); // the list is full: what does not fit is left out
  assertEquals(world.chat.ignores.list(alice), before);
});

Deno.test("ignore: the list of an account is stored, and is that of all its members; a guest's ends with the connection", () => {
  const world = new World();
  const first = world.enter("a", { account: "owner" });
  assertEquals(world.enter("b", { account: "Owner" }), first);
  world.chat.ignores.add(first, "dave!*@host");
  assertEquals(world.store.ignored("owner"), ["dave!*@host"]);
  const dave = world.enter("dave");
  const [one, two] = first.sessions;
  for (const session of [one!, two!]) {
    session.hidesIgnored = session === one;
    (session.outlet as FakeConnection).take();
  }
  world.said(dave, "hi");
  world.chat.flush();
  const lines = [one!, two!].map(({ outlet }) => (outlet as FakeConnection).take());
  assertEquals(lines, [[], ["<dave> hi"]], "a session whose client hides lines itself gets them");
  const guest = world.enter("c");
  world.chat.ignores.add(guest, "erin!*@host");
  const session = guest.sessions[0]!;
  world.chat.login(session, "owner");
  assertEquals(world.chat.ignores.list(first), ["dave!*@host", "erin!*@host"], "what the guest ignored is added");
  assertEquals(world.store.ignored("owner"), ["dave!*@host", "erin!*@host"]);
  world.chat.logout(session);
  assertEquals(world.chat.ignores.list(session.member), []);
  world.chat.join(session.member, LOBBY);
  assertEquals(world.said(dave, "hi", session.member), [["<dave> hi"]]);
  world.chat.ignores.remove(first, "dave");
  assertEquals([world.chat.ignores.list(first), world.store.ignored("owner")], [["erin!*@host"], ["erin!*@host"]]);
  world.chat.remove(first);
  assertEquals(world.chat.ignores.list(first), []);
  assertEquals(world.chat.ignores.list(world.enter("a", { account: "owner" })), ["erin!*@host"]);
});

Deno.test("ignore: nothing changes and the member is told when the list of its account cannot be stored or read", () => {
  const world = new World();
  const alice = world.enter("alice", { account: "owner" });
  world.chat.ignores.add(alice, "dave!*@host");
  world.store.broken = true;
  rejects("ignores-unstored", () => world.chat.ignores.add(alice, "erin!*@host"));
  rejects("ignores-unstored", () => world.chat.ignores.remove(alice, "dave"));
  assertEquals(world.chat.ignores.list(alice), ["dave!*@host"]);
  world.chat.remove(alice);
  const guest = world.enter("guest");
  world.heard(guest);
  world.chat.login(guest.sessions[0]!, "owner");
  assertEquals(world.heard(guest), ["-- Your ignore list cannot be read right now. Log out and in again later."]);
});

Deno.test("ignore: of many authors that are ignored in one round, each is hidden from its ignorers alone", () => {
  const world = new World();
  const members = Array.from({ length: 12 }, (_, n) => world.enter(`m${n}`));
  for (const [n, member] of members.entries()) world.chat.ignores.add(member, `m${(n + 1) % 12}`);
  members.forEach((member) => world.heard(member));
  for (const [n, member] of members.entries()) world.chat.say(member, world.chat.findRoom(LOBBY), `${n}`);
  for (const [n, member] of members.entries()) {
    const all = members.map((_, each) => `<m${each}> ${each}`);
    assertEquals(world.heard(member), all.filter((_, each) => each !== (n + 1) % 12));
  }
});

Deno.test("ignore lists: the hub rejects a command beyond the limit, and changes nothing", () => {
  const lists = new IgnoreLists();
  const alice = new World().enter("alice");
  for (let n = 0; n < IGNORED_MAX; n++) assert(lists.add(alice, `g${n}`));
  assert(!lists.add(alice, "more") && lists.add(alice, "G1"));
  assertEquals(lists.list(alice).length, IGNORED_MAX);
  lists.clear(alice);
  assertEquals([lists.list(alice), lists.audience({ origin: "g1!~u@host", account: "g1" }, { has: () => true })], [
    [],
    undefined,
  ]);
});
