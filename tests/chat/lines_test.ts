/** Replies, reactions and deleted texts: permissions, and what clients are told. */
import { assertEquals } from "@std/assert";
import { AuthoredChat } from "../../src/chat/authored_chat.ts";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import type { CommandSink } from "../../src/chat/command_sink.ts";
import type { CommandOf, Op, Results } from "../../src/chat/commands.ts";
import type { ChatEvent } from "../../src/chat/events.ts";
import type { Hub } from "../../src/chat/hub.ts";
import { firstId } from "../../src/chat/ids.ts";
import type { Endpoint, Member, Session } from "../../src/chat/member.ts";
import { type Line, REACTIONS_MAX, REACTIONS_PER_MEMBER } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { DelayedChat } from "../delayed_chat.ts";
import { Clock, NOON } from "../history/helpers.ts";
import { ANY_ACCOUNT, assertRejected, ChatFixture, IDENTITY, Inbox, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";

/** Writes what clients show of events that refer to lines, and the text of others. */
function write(event: ChatEvent): string | undefined {
  switch (event.kind) {
    case "said":
    case "whispered":
      return `${event.who}${event.reply ? ` to <${event.reply.who}> ${event.reply.text}` : ""}: ${event.text}`;
    case "reacted":
      return `${event.who} ${event.on ? "+" : "-"}${event.text} ${event.to}${
        event.forAuthor ? " (own)" : ""
      } <${event.line.who}> ${event.line.text}`;
    case "redacted":
      return `${event.who} deletes ${event.to}${
        event.forAuthor ? " (own)" : ""
      } <${event.line.who}> ${event.line.text}${event.reason ? `: ${event.reason}` : ""}`;
    default:
      return undefined;
  }
}

/** A chat whose members show these events. */
class World extends ChatFixture {
  constructor(options: Partial<ChatOptions> = {}) {
    super(options);
    this.format.render = write;
  }

  room = () => this.chat.findRoom(TEA);

  /** Says a line in #tea; returns its id. All have heard it. */
  add(member: Member, text: string, ...others: Member[]): number {
    this.say(member, TEA, text);
    for (const each of [member, ...others]) this.heard(each);
    return this.chat.history.latest(this.room(), 1)[0]!.id;
  }

  line(id: number): Line {
    return this.chat.history.page(this.room(), { after: id - 1, before: id + 1, count: 1 })[0]!;
  }

  hear(...members: Member[]): string[][] {
    return members.map((member) => this.heard(member));
  }
}

Deno.test("reply: it quotes a line of the room, that its author can read", () => {
  const world = new World();
  const [alice, bob] = [world.enter("alice", TEA), world.enter("bob", TEA)];
  const carol = world.enter("carol", "#coffee");
  const id = world.add(alice, "\x02Lunch\x02\nat one?", bob);
  world.say(bob, TEA, "yes", { reply: id });
  assertEquals(world.hear(alice, bob), [["bob to <alice> Lunch at one?: yes"], ["bob to <alice> Lunch at one?: yes"]]);
  assertRejected("no-such-line", TEA, () => world.say(bob, TEA, "yes", { reply: id - 1 }));
  assertRejected("no-such-line", "#coffee", () => world.say(carol, "#coffee", "yes", { reply: id }));
  assertRejected("not-in-room", TEA, () => world.say(carol, TEA, "yes", { reply: id }));
  world.chat.lines.redact(alice, world.room(), id);
  world.hear(alice, bob);
  world.say(bob, TEA, "still", { reply: id });
  assertEquals(world.heard(alice), ["bob to <alice> : still"]);
});

Deno.test("react: members are told once, and the line has the reaction until it is taken back", () => {
  const world = new World();
  const [alice, bob] = [world.enter("alice", TEA), world.enter("bob", TEA)];
  const id = world.add(alice, "hi", bob);
  const react = (member: Member, text: string, on = true) => world.chat.lines.react(member, world.room(), id, text, on);
  assertEquals((react(bob, "👍") as { text: string }).text, "👍");
  assertEquals(react(bob, "👍"), undefined);
  assertEquals(react(alice, "👍", false), undefined);
  assertEquals(world.hear(alice, bob), [["bob +👍 #tea <alice> hi"], ["bob +👍 #tea <alice> hi"]]);
  assertEquals(world.line(id).reactions?.map(({ who, text }) => [who, text]), [["bob", "👍"]]);
  sessionOf(bob).echo = false;
  react(bob, "👍", false);
  assertEquals(world.hear(alice, bob), [["bob -👍 #tea <alice> hi"], []]);
  assertEquals(world.line(id).reactions, []);
  for (const text of ["", "a b", "x".repeat(33), "\x07", "\ud800", "\u202ex", "\ufeff", "\u200b\u200d", "\ufe0f"]) {
    assertRejected("reaction-invalid", text, () => void react(bob, text));
  }
});

Deno.test("react: the reactions to a line are limited, in all and for each member", () => {
  const world = new World();
  const alice = world.enter("alice", TEA);
  const id = world.add(alice, "hi");
  const react = (member: Member, text: string) => world.chat.lines.react(member, world.room(), id, text, true);
  for (let n = 0; n < REACTIONS_PER_MEMBER; n++) react(alice, `+${n}`);
  assertRejected("reactions-full", String(REACTIONS_PER_MEMBER), () => void react(alice, "more"));
  for (let n = REACTIONS_PER_MEMBER; n < REACTIONS_MAX; n++) react(world.arrive(`bob${n}`, [TEA]), "+1");
  assertRejected("reactions-full", String(REACTIONS_MAX), () => void react(world.arrive("carol", [TEA]), "+1"));
});

Deno.test("react: users that may not speak cannot react, and reactions of ignored users are not shown", () => {
  const world = new World();
  const [alice, bob] = [world.enter("alice", TEA), world.enter("bob", TEA)];
  const carol = world.arrive("carol", [TEA], { host: "elsewhere" });
  const id = world.add(alice, "hi", bob, carol);
  const react = (member: Member, text = "+1") => void world.chat.lines.react(member, world.room(), id, text, true);
  world.chat.ignores.add(alice, "carol");
  sessionOf(alice).hidesIgnored = true;
  react(carol);
  assertEquals(world.hear(alice, bob).map((heard) => heard.length), [0, 1]);
  world.chat.mutes.add("elsewhere", Infinity);
  assertRejected("muted", "carol", () => react(carol, "-1"));
  world.chat.leave(bob, world.room());
  assertRejected("not-in-room", TEA, () => react(bob));
});

Deno.test("react: reactions that a mute or the room rejects do not count for the storage limit", () => {
  const { restart } = lasting({ storage: { rate: 64, members: 1 } });
  const world = restart();
  const [alice, bob] = [world.enter("alice", TEA), world.arrive("bob", [TEA], { host: "elsewhere" })];
  const tea = world.chat.findRoom(TEA);
  world.say(alice, TEA, "hi");
  const { id } = world.chat.history.latest(tea, 1)[0]!;
  const react = () => void world.chat.lines.react(bob, tea, id, "+1", true);
  const reactMany = (code: ChatErrorCode, subject: string) => {
    for (let n = 0; n < 20; n++) assertRejected(code, subject, react);
  };
  world.chat.mutes.add("elsewhere", Infinity);
  reactMany("muted", "bob");
  world.chat.mutes.remove("elsewhere");
  world.mode(alice, TEA, "+m");
  reactMany("cannot-speak", TEA);
  world.mode(alice, TEA, "-m");
  react();
  assertEquals(world.chat.history.latest(tea, 1)[0]!.reactions?.length, 1);
});

Deno.test("redact: the author may for some time, operators always, and others never", () => {
  using clock = new Clock();
  const world = new World({ redactTime: 60_000 });
  const [op, alice, bob] = [world.enter("op", TEA), world.enter("alice", TEA), world.enter("bob", TEA)];
  world.chat.setFlag(op, "operator", true);
  const redact = (member: Member, id: number, reason?: string) => {
    return void world.chat.lines.redact(member, world.room(), id, reason);
  };
  const [one, two, three] = ["one", "two", "three"].map((text) => world.add(alice, text, op, bob)) as [
    number,
    number,
    number,
  ];
  assertRejected("not-own-line", "alice", () => redact(bob, one));
  clock.now = NOON + 60_000;
  redact(alice, one, "oops");
  assertEquals(world.hear(alice, bob), Array(2).fill(["alice deletes #tea <alice> one: oops"]));
  assertEquals([world.line(one).text, world.line(one).deletedBy], ["", "alice"]);
  assertRejected("line-deleted", TEA, () => redact(alice, one));
  assertRejected("line-deleted", TEA, () => void world.chat.lines.react(bob, world.room(), one, "+1", true));
  clock.now++;
  assertRejected("redact-too-late", "alice", () => redact(alice, two));
  redact(op, two);
  assertEquals(world.hear(alice, bob), Array(2).fill(["op deletes #tea <alice> two"]));
  world.chat.ignores.add(bob, "alice");
  clock.now -= 10;
  redact(alice, three);
  assertEquals(world.heard(bob), ["alice deletes #tea <alice> three"], "also of an ignored user");
  assertRejected("no-such-line", TEA, () => redact(op, firstId(NOON) - 1));
});

Deno.test("redact: a nickname without the host of the author, or an account of another one, is not the author", () => {
  const world = new World();
  const [alice, bob] = [world.enter("alice", TEA), world.enter("bob", TEA)];
  const asGuest = world.add(alice, "as a guest", bob);
  world.chat.login(sessionOf(alice), "alice");
  const asAlice = world.add(alice, "as alice", bob);
  world.chat.rename(alice, "ally");
  world.chat.rename(bob, "alfred");
  const other = world.arrive("albert", [TEA], { host: "other" });
  for (const [member, id] of [[bob, asGuest], [other, asGuest], [other, asAlice]] as const) {
    assertRejected("not-own-line", "alice", () => void world.chat.lines.redact(member, world.room(), id));
  }
  world.chat.lines.redact(alice, world.room(), asAlice);
  assertEquals(world.line(asAlice).deletedBy, "alice", "under the name that the line has");
});

/** A private line, as both sides have it. */
function privately() {
  const { history, restart } = lasting({ keepPrivate: "all" });
  const world = restart();
  world.format.render = write;
  const [alice, bob] = [world.enter("alice"), world.enter("bob")];
  world.chat.whisper(alice, "bob", "psst");
  const { id } = world.chat.history.conversation(alice, "bob", { count: 1 })[0]!;
  for (const member of [alice, bob]) world.heard(member);
  const both = () => [world.chat.history.line(alice, "bob", id), world.chat.history.line(bob, "alice", id)];
  return { world, history, alice, bob, id, both };
}

Deno.test("private lines: reactions and deletions are told to the other side, and change the line on both sides", () => {
  const { world, alice, bob, id, both } = privately();
  const carol = world.enter("carol");
  world.chat.lines.react(bob, "alice", id, "👍", true);
  assertEquals([alice, bob].map((each) => world.heard(each)), [["bob +👍 alice <alice> psst"], []]);
  assertEquals(both().map((line) => line!.reactions?.length), [1, 1]);
  world.chat.whisper(bob, "alice", "what?", { reply: id });
  assertEquals(world.heard(alice), ["bob to <alice> psst: what?"]);
  assertRejected("not-own-line", "alice", () => void world.chat.lines.redact(bob, "alice", id));
  assertRejected("no-such-line", "alice", () => void world.chat.lines.react(carol, "alice", id, "👍", true));
  world.chat.lines.redact(alice, "bob", id, "oops");
  assertEquals([alice, bob].map((each) => world.heard(each)), [[], ["alice deletes bob <alice> psst: oops"]]);
  assertEquals(
    both().map((line) => [line!.text, line!.reactions, line!.deletedBy]),
    Array(2).fill(["", undefined, "alice"]),
  );
});

/** Applies commands at once, those about lines after what the test has happen first. */
class LateSink implements CommandSink {
  meanwhile = () => {};
  readonly #hub: Hub;
  #id = 0;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  nextId(): number {
    return ++this.#id;
  }

  submit<O extends Op>(command: CommandOf<O>, endpoint?: Endpoint): Results[O] {
    if (command.op === "react" || command.op === "redact") this.meanwhile();
    const result = this.#hub.apply<O>(command, { now: Date.now(), endpoint });
    if (result instanceof ChatError) throw result;
    return result;
  }

  say(command: CommandOf<"say">): void {
    this.submit(command);
  }

  underWay(): undefined {}
}

Deno.test("private lines: changes reach the user that was named, also if another one has the nickname by then", () => {
  let sink!: LateSink;
  const history = new MemoryHistory();
  const chat = new AuthoredChat({ history, directory: ANY_ACCOUNT }, (hub) => sink = new LateSink(hub));
  const connect = (nick: string, account: string): { member: Member; inbox: Inbox } => {
    const inbox = new Inbox();
    const { member } = chat.connect(nick, { ...IDENTITY, account }, { render: write }, inbox) as Session;
    return { member, inbox };
  };
  const alice = connect("alice", "alice");
  const bob = connect("bob", "robert");
  chat.whisper(alice.member, "bob", "psst");
  const { id } = chat.history.conversation(alice.member, "bob", { count: 1 })[0]!;
  bob.inbox.take();
  let other: { inbox: Inbox } | undefined;
  sink.meanwhile = () => {
    chat.rename(bob.member, "robin");
    other ??= connect("bob", "bobby");
  };
  chat.lines.react(alice.member, "bob", id, "👍", true);
  chat.lines.redact(alice.member, "robin", id);
  assertEquals(bob.inbox.take(), ["alice +👍 robin <alice> psst", "alice deletes robin <alice> psst"]);
  assertEquals(other!.inbox.take(), []);
  assertEquals(chat.history.line(bob.member, "alice", id)!.deletedBy, "alice");
});

Deno.test("private lines: the reaction of an ignored user is neither told nor stored on the side that ignores it", () => {
  const { world, alice, bob, id, both } = privately();
  world.chat.ignores.add(alice, "bob");
  world.chat.lines.react(bob, "alice", id, "👍", true);
  assertEquals([alice, bob].map((each) => world.heard(each)), [[], []]);
  assertEquals(both().map((line) => line!.reactions?.length), [undefined, 1]);
});

Deno.test("private lines: what cannot be committed is rejected, and not told", () => {
  const { world, history, alice, bob, id, both } = privately();
  history.full = "the disk is full";
  assertRejected("not-stored", "alice", () => void world.chat.lines.react(bob, "alice", id, "👍", true));
  assertRejected("not-stored", "bob", () => void world.chat.lines.redact(alice, "bob", id));
  history.full = undefined;
  assertEquals([alice, bob].map((each) => world.heard(each)), [[], []]);
  assertEquals(both().map((line) => [line!.text, line!.reactions]), Array(2).fill(["psst", undefined]));
});

Deno.test("private lines: a change is rejected, and never stored, while another program has the database locked", () => {
  const { world, history, alice, bob, id, both } = privately();
  const tea = world.arrive("carol", [TEA]).rooms.get(TEA)!;
  for (const isPending of [false, true]) {
    if (isPending) world.chat.say([...tea.members][0]!, tea, "waits");
    history.locked = true;
    assertRejected("not-stored", "alice", () => void world.chat.lines.react(bob, "alice", id, "👍", true));
    assertRejected("not-stored", "bob", () => void world.chat.lines.redact(alice, "bob", id));
    history.locked = false;
    assertEquals([alice, bob].map((each) => world.heard(each)), [[], []]);
    assertEquals(both().map((line) => [line!.text, line!.reactions]), Array(2).fill(["psst", undefined]));
  }
  assertEquals(world.said(TEA), ["waits"]);
});

Deno.test("lines: pending lines are committed for a reply, reaction or deletion only if it is read of them", () => {
  const { history, restart } = lasting();
  const world = restart();
  const [alice, bob] = [world.enter("alice", TEA), world.enter("bob", TEA)];
  const tea = world.chat.findRoom(TEA);
  world.say(alice, TEA, "first");
  const { id } = world.chat.history.latest(tea, 1)[0]!;
  const say = (text: string, reply?: number) => world.say(alice, TEA, text, { reply });
  const react = (member: Member, text: string) => world.chat.lines.react(member, tea, id, text, true);
  say("waits");
  history.take();
  say("a reply", id);
  assertRejected("no-such-line", TEA, () => say("a reply", id + 2 ** 40));
  react(alice, "+1");
  react(bob, "+1");
  world.chat.lines.redact(alice, tea, id);
  assertEquals(history.take(), []);
  assertRejected("line-deleted", TEA, () => react(bob, "-1"));
  assertEquals(history.take().length, 1, "as the line is deleted by what is pending");
  say("pending");
  const { lastLine } = tea;
  say("a reply", lastLine);
  assertEquals(history.take(), [["pending"]]);
  world.chat.lines.react(bob, tea, lastLine, "+1", true);
  assertEquals([world.chat.lines.react(bob, tea, lastLine, "+1", true), history.take().length], [undefined, 1]);
});

Deno.test("lines of a room: a reaction or deletion that cannot be committed is not told, and changes nothing", () => {
  const { history, restart } = lasting();
  const fixture = restart();
  fixture.format.render = write;
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  const tea = fixture.chat.findRoom(TEA);
  fixture.say(alice, TEA, "hi");
  for (const member of [alice, bob]) fixture.heard(member);
  const { id } = fixture.chat.history.latest(tea, 1)[0]!;
  const early: string[] = [];
  history.onCommit = () => early.push(...fixture.told(alice), ...fixture.told(bob));
  history.full = "the disk is full";
  fixture.chat.lines.react(bob, tea, id, "👍", true);
  assertEquals([fixture.heard(alice), fixture.heard(bob)], [[], []]);
  fixture.chat.lines.redact(alice, tea, id);
  assertEquals([fixture.heard(alice), fixture.heard(bob)], [[], []]);
  history.full = undefined;
  assertEquals([fixture.chat.history.latest(tea, 1)[0]!.text, fixture.chat.history.latest(tea, 1)[0]!.reactions], [
    "hi",
    undefined,
  ]);
  fixture.chat.lines.react(bob, tea, id, "👍", true);
  assertEquals([early, fixture.heard(alice)], [[], ["bob +👍 #tea <alice> hi"]]);
});

Deno.test("lines: a token that only reads can neither react nor delete", () => {
  const world = new World();
  const [alice, bob] = [world.enter("alice", TEA, "#coffee"), world.enter("bob", TEA)];
  const id = world.add(alice, "hi", bob);
  const tea = world.room();
  const tries = () => [
    () => void world.chat.lines.react(bob, tea, id, "+1", true),
    () => void world.chat.lines.redact(bob, tea, id),
  ];
  world.chat.login(
    sessionOf(bob),
    "bob",
    { id: 1, since: 1, account: "bob", readOnly: true, room: undefined } as never,
  );
  for (const run of tries()) assertRejected("token-read-only", "bob", run);
});

Deno.test("lines: a delayed chat applies reactions and deletions later, and tells the same", async () => {
  const fixture = new World();
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  const id = fixture.add(alice, "hi", bob);
  const delayed = new DelayedChat(fixture.chat);
  const reacting = delayed.chat.lines.react(bob, fixture.room(), id, "👍", true) as unknown as Promise<{ on: boolean }>;
  const deleting = delayed.chat.lines.redact(alice, fixture.room(), id) as unknown as Promise<{ kind: string }>;
  assertEquals(fixture.heard(alice), []);
  await delayed.applyAll();
  assertEquals([(await reacting).on, (await deleting).kind], [true, "redacted"]);
  assertEquals(fixture.heard(bob), ["bob +👍 #tea <alice> hi", "alice deletes #tea <alice> hi"]);
});
