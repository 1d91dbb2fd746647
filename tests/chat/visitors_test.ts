/** Visitors: what clients may read and say in rooms without being members of the chat. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import type { Member } from "../../src/chat/member.ts";
import { Hub } from "../../src/chat/hub.ts";
import { fold } from "../../src/chat/names.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { NAMES_TRIED } from "../../src/chat/post_command.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import type { Posted, PostOptions, Visitor } from "../../src/chat/visitors.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Clock, MINUTE, NOON } from "../history/helpers.ts";
import { ANY_ACCOUNT, ChatFixture, Inbox, lasting, spell } from "./helpers.ts";

const ACCOUNTS = ["alice", "boss"];
const REGISTERED: Partial<ChatOptions> = {
  policy: {
    isRegistered: (nick) => ACCOUNTS.includes(fold(nick)),
    registeredLike: (look) => ACCOUNTS.find((name) => skeleton(name) === look),
  },
};

const GUEST: Visitor = {
  identity: { user: "~http", host: "h1", realname: "" },
  nick: undefined,
  bot: false,
  peer: "192.0.2.1:5",
};
const HOOK: Visitor = {
  ...GUEST,
  identity: { ...GUEST.identity, account: "alice", token: { id: 1, readOnly: false, room: "#tea" } },
  nick: "deploy",
  bot: true,
};
const ALICE: Visitor = { ...GUEST, identity: { ...GUEST.identity, account: "alice" }, nick: "alice" };

/** A chat with op in #tea, which it has created, and bob. */
class Tea extends ChatFixture {
  readonly op: Member;
  readonly bob: Member;

  constructor(options: Partial<ChatOptions> = {}) {
    super({ ...REGISTERED, ...options });
    this.op = this.enter("op", "#tea");
    this.bob = this.enter("bob", "#tea");
  }

  post(visitor: Visitor, text = "hi", options?: PostOptions, room = "#tea"): Posted | undefined {
    return this.chat.visitors.post(visitor, this.chat.findRoom(room), text, options) as Posted | undefined;
  }

  /** Why a visitor may not speak, and why it may not read. */
  bars(visitor: Visitor, key?: string): [string | undefined, string | undefined] {
    const room = this.chat.findRoom("#tea");
    return [
      code(() => this.post(visitor, "hi", { key })),
      code(() => this.chat.visitors.requireEntry(visitor, room, key)),
    ];
  }
}

function code(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof ChatError) return error.code;
    throw error;
  }
}

Deno.test("visitors: a line reaches the members of the room, and the history, without anyone joining", () => {
  const tea = new Tea();
  const posted = tea.post(HOOK, "done\nin 3 s\x07");
  assertEquals(tea.heard(tea.bob), ["said #tea deploy done\nin 3 s say alice bot"]);
  assertEquals([posted?.stored, posted?.line.text, posted?.line.origin], [
    true,
    "done\nin 3 s",
    "deploy!~http@h1",
  ]);
  assertEquals(tea.said("#tea"), ["done\nin 3 s"]);
  assertEquals([...tea.chat.members].map(({ nick }) => nick), ["op", "bob"]);
  assertEquals(tea.post(GUEST, " \n\x07 "), undefined);
  assertEquals(tea.heard(tea.bob), []);
});

Deno.test("visitors: guests get the next free guest name, accounts their own, tokens one that no other user has", () => {
  const tea = new Tea();
  const who = (visitor: Visitor) => tea.post(visitor)?.line.who;
  assertEquals([who(GUEST), who(GUEST)], ["guest1", "guest1"]);
  tea.enter();
  assertEquals(who(GUEST), "guest2");
  assertEquals(who(ALICE), "alice");
  tea.arrive("ali", ["#tea"], { account: "alice" });
  assertEquals(who(ALICE), "alice");
  const named = (nick: string) => who({ ...HOOK, nick });
  assertEquals([named("deploy"), named("bob"), named("b0b"), named("boss"), named("b0ss"), named("alice")], [
    "deploy",
    "bob2",
    "b0b2",
    "boss2",
    "b0ss2",
    "alice2",
  ]);
  assertEquals(named("x".repeat(30)), "x".repeat(30));
  tea.enter("x".repeat(30));
  assertEquals(named("x".repeat(30)), `${"x".repeat(29)}2`);
  for (let n = 2; n <= NAMES_TRIED; n++) tea.enter(`deploy${n}`);
  tea.enter("deploy");
  assertEquals([named("deploy"), named("no nickname")], ["guest2", "guest2"]);
});

Deno.test("visitors: modes, keys, limits and bans of a room apply as to clients that join", () => {
  const tea = new Tea();
  const cases: [modes: string, guest: string | undefined, account: string | undefined, reads: boolean][] = [
    ["+n", undefined, undefined, true],
    ["+m", "cannot-speak", "cannot-speak", true],
    ["+M", "login-required", undefined, true],
    ["+R", "login-required", undefined, false],
    ["+i", "invite-only", "invite-only", false],
    ["+k secret", "wrong-key", "wrong-key", false],
    ["+l 2", "room-full", "room-full", false],
    ["+b *!*@h1", "banned", "banned", false],
    ["+b ~a:alice", undefined, "banned", true],
    ["+b guest1!*@*", "banned", undefined, false],
  ];
  for (const [modes, guest, account, reads] of cases) {
    tea.mode(tea.op, "#tea", modes);
    assertEquals(tea.bars(GUEST), [guest, reads ? undefined : guest], `${modes} for a guest`);
    assertEquals(tea.bars(ALICE)[0], account, `${modes} for an account`);
    assertEquals(tea.bars(HOOK)[0], account, `${modes} for a token`);
    tea.mode(tea.op, "#tea", modes.replace("+l 2", "-l").replace("+", "-"));
  }
  tea.mode(tea.op, "#tea", "+k secret");
  assertEquals(tea.bars(GUEST, "secret"), [undefined, undefined]);
  assertEquals(tea.bars(GUEST, "wrong"), ["wrong-key", "wrong-key"]);
});

Deno.test("visitors: no more keys may be tried than by clients that join", () => {
  const tea = new Tea();
  tea.mode(tea.op, "#tea", "+k secret");
  const visitor = { ...GUEST, identity: { ...GUEST.identity, networks: ["n1", "n2", "n3", "n4"] } };
  const tried = Array.from({ length: 100 }, (_, n) => tea.bars(visitor, `wrong${n}`)[1]);
  assertEquals(new Set(tried), new Set(["wrong-key", "keys-too-fast"]));
  assertEquals(tea.bars(visitor, "secret")[1], "keys-too-fast");
});

Deno.test("visitors: roles, invitations and the presence of an account count, also for a token of that room alone", () => {
  const tea = new Tea();
  const alice = tea.arrive("alice", [], { account: "alice" });
  tea.mode(tea.op, "#tea", "+i");
  assertEquals([tea.bars(ALICE)[1], tea.bars(HOOK)[1]], ["invite-only", "invite-only"]);
  tea.chat.invite(tea.op, tea.chat.findRoom("#tea"), "alice");
  assertEquals([tea.bars(ALICE), tea.bars(HOOK)], [[undefined, undefined], [undefined, undefined]]);
  const readOnly = { ...HOOK, identity: { ...HOOK.identity, token: { id: 9, readOnly: true, room: undefined } } };
  assertEquals(tea.bars(readOnly)[1], "invite-only", "a scope that is not this room");
  tea.chat.join(alice, "#tea");
  assertEquals(tea.bars(ALICE), [undefined, undefined]);
  tea.mode(tea.op, "#tea", "+m");
  assertEquals(tea.bars(ALICE), ["cannot-speak", undefined]);
  tea.mode(tea.op, "#tea", "+v alice");
  assertEquals([tea.bars(ALICE), tea.bars(HOOK)], [[undefined, undefined], [undefined, undefined]]);
  // A role counts without a member.
  const boss = tea.arrive("boss", ["#own"], { account: "boss" });
  tea.mode(boss, "#own", "+i");
  tea.mode(boss, "#own", "+m");
  tea.enter("guard");
  tea.chat.invite(boss, tea.chat.findRoom("#own"), "guard");
  tea.chat.disconnect(boss.sessions[0]!);
  const asBoss = { ...ALICE, identity: { ...GUEST.identity, account: "boss" }, nick: "boss" };
  assertEquals(tea.post(asBoss, "mine", {}, "#own")?.line.who, "boss");
});

Deno.test("visitors: mutes of the host and of the account, and bans of the server apply", () => {
  const bans = new Set<string>();
  const banReason = () => bans.values().next().value;
  const tea = new Tea({ policy: { ...REGISTERED.policy, banReason } });
  tea.chat.mutes.add("h1", Infinity);
  assertEquals(tea.bars(GUEST), ["muted", undefined]);
  tea.chat.mutes.remove("h1");
  tea.chat.mutes.add("~a:alice", Infinity);
  assertEquals([tea.bars(GUEST)[0], tea.bars(ALICE)[0], tea.bars(HOOK)[0]], [undefined, "muted", "muted"]);
  tea.chat.mutes.remove("~a:alice");
  tea.arrive("alice", [], { account: "alice", host: "h9" });
  tea.chat.mutes.add("h9", Infinity);
  assertEquals([tea.bars(ALICE)[0], tea.bars(HOOK)[0]], ["muted", undefined]);
  tea.chat.mutes.remove("h9");
  bans.add("spam");
  assertEquals(tea.bars(GUEST), ["server-banned", "server-banned"]);
});

Deno.test("visitors: a token permits what its scope does", () => {
  const tea = new Tea();
  tea.enter("other", "#other");
  const withToken = (readOnly: boolean, room: string | undefined) => ({
    ...HOOK,
    identity: { ...HOOK.identity, token: { id: 1, readOnly, room } },
  });
  assertEquals(tea.bars(withToken(true, "#tea")), ["token-read-only", undefined]);
  assertEquals(tea.bars(withToken(true, undefined)), ["token-read-only", undefined]);
  assertEquals(tea.bars(withToken(false, "#other")), ["token-room", "token-room"]);
  assertEquals(tea.bars(withToken(false, undefined)), [undefined, undefined]);
});

Deno.test("visitors: users that ignore the author do not see its lines", () => {
  const tea = new Tea();
  tea.bob.sessions[0]!.hidesIgnored = true;
  tea.chat.ignores.add(tea.bob, "alice");
  tea.heard(tea.bob);
  tea.post(HOOK);
  assertEquals([tea.heard(tea.bob), tea.heard(tea.op).length], [[], 1]);
});

Deno.test("visitors: a reply quotes the line, which has to be one of the room", () => {
  const tea = new Tea();
  tea.say(tea.bob, "#tea", "Lunch?");
  const [line] = tea.chat.history.latest(tea.chat.findRoom("#tea"), 1);
  assertEquals(tea.post(GUEST, "yes", { reply: line!.id })?.line.reply, { id: line!.id, who: "bob", text: "Lunch?" });
  const error = assertThrows(() => tea.post(GUEST, "yes", { reply: 5 }), ChatError);
  assertEquals(error.code, "no-such-line");
  const tooLong = assertThrows(() => tea.post(GUEST, "a\n".repeat(101) + "b"), ChatError);
  assertEquals(tooLong.code, "message-too-long");
});

Deno.test("visitors: a line is rejected when its account was dropped or its token revoked in the meantime", () => {
  const hub = new Hub({
    history: new MemoryHistory(),
    keepPrivate: "all",
    limits: { maxRooms: 9, maxJoined: 9, maxSessions: 9, maxAbsent: 9 },
    reserved: [],
    policy: { isRegistered: () => false, registeredLike: () => undefined },
    directory: { ...ANY_ACCOUNT, revision: (account) => account === "gone" ? undefined : "2" },
    observer: NO_OBSERVER,
    alwaysOn: "opt-in",
    now: 0,
  });
  const post = (account: string | undefined, revision: string | undefined) => {
    const identity = { ...GUEST.identity, account };
    const command = { op: "post", room: "#lobby", nick: undefined, identity, revision, key: undefined } as const;
    const result = hub.apply<"post">({ ...command, text: "hi", bot: false }, { now: 1 });
    return result instanceof ChatError ? result.code : result.who;
  };
  assertEquals(post("alice", "2"), "guest1");
  assertEquals(post(undefined, undefined), "guest1");
  for (const revision of ["1", undefined]) assertEquals(post("alice", revision), "login-outdated");
  assertEquals(post("gone", "2"), "login-outdated");
});

Deno.test("visitors: lines count for the storage limit", () => {
  const { fixture } = lasting({ ...REGISTERED, storage: { rate: 2 ** 12, members: 1 } });
  fixture.enter("op", "#tea");
  const room = fixture.chat.findRoom("#tea");
  const codes = Array.from({ length: 20 }, () => code(() => fixture.chat.visitors.post(GUEST, room, "x".repeat(4000))));
  assertEquals(new Set(codes), new Set([undefined, "stored-too-much"]));
});

Deno.test("visitors: lines that a room or a mute rejects do not count for the storage limit", () => {
  const { fixture } = lasting({ ...REGISTERED, storage: { rate: 2 ** 12, members: 1 } });
  const op = fixture.enter("op", "#tea");
  const room = fixture.chat.findRoom("#tea");
  const post = () => code(() => fixture.chat.visitors.post(GUEST, room, "x".repeat(4000)));
  const postMany = () => new Set(Array.from({ length: 20 }, post));
  fixture.mode(op, "#tea", "+m");
  assertEquals(postMany(), new Set(["cannot-speak"]));
  fixture.mode(op, "#tea", "-m");
  fixture.chat.mutes.add("h1", Infinity);
  assertEquals(postMany(), new Set(["muted"]));
  fixture.chat.mutes.remove("h1");
  assertEquals(post(), undefined);
});

Deno.test("visitors: a mute that has ended rejects no line", () => {
  using clock = new Clock();
  const tea = new Tea();
  tea.chat.mutes.add("h1", tea.chat.mutes.now() + MINUTE);
  assertEquals(tea.bars(GUEST)[0], "muted");
  clock.now = NOON + MINUTE;
  assertEquals(tea.bars(GUEST)[0], undefined);
});

Deno.test("visitors: a line is delivered when it is stored, and rejected when it cannot be", () => {
  const { fixture, history } = lasting(REGISTERED);
  const op = fixture.enter("op", "#tea");
  const room = fixture.chat.findRoom("#tea");
  assertEquals((fixture.chat.visitors.post(GUEST, room, "one") as Posted).stored, true);
  assertEquals(history.commits.flat().filter((each) => each === "one"), ["one"]);
  history.full = "disk full";
  const error = assertThrows(() => fixture.chat.visitors.post(GUEST, room, "two"), ChatError);
  assertEquals(error.code, "not-stored");
  history.full = undefined;
  assertEquals(fixture.heard(op), ["said #tea guest1 one say"]);
});

Deno.test("visitors: a watcher gets the lines of a room from now on, until it ends that", () => {
  const tea = new Tea();
  const inbox = new Inbox();
  tea.say(tea.bob, "#tea", "before");
  const end = tea.chat.visitors.watch(GUEST, tea.chat.findRoom("#tea"), { render: spell }, inbox);
  tea.say(tea.bob, "#tea", "one");
  tea.post(HOOK, "two");
  tea.mode(tea.op, "#tea", "+m");
  tea.chat.flush();
  assertEquals(inbox.take(), [
    "said #tea bob one say",
    "said #tea deploy two say alice bot",
    "modes #tea op +m",
  ]);
  tea.say(tea.op, "#tea", "for operators", { minRank: "op" });
  end!();
  tea.say(tea.op, "#tea", "after");
  tea.chat.flush();
  assertEquals(inbox.take(), []);
  assert(tea.heard(tea.bob).length > 0);
});

Deno.test("visitors: nothing is watched while lines wait to be stored, as they would be missed", () => {
  const { fixture, history } = lasting(REGISTERED);
  const op = fixture.enter("op", "#tea");
  const room = fixture.chat.findRoom("#tea");
  const watch = () => fixture.chat.visitors.watch(GUEST, room, { render: spell }, new Inbox());
  history.full = "disk full";
  fixture.chat.say(op, room, "waits");
  assertEquals(watch(), undefined);
  history.full = undefined;
  fixture.chat.flush();
  assert(watch() !== undefined);
});
