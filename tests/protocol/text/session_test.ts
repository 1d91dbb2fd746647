import { assert, assertEquals, assertMatch } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { LOBBY } from "../../../src/chat/names.ts";
import type { Member } from "../../../src/chat/member.ts";
import type { HistoryRange, Line } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { MODES_MAX } from "../../../src/protocol/modes.ts";
import { ANSWER_MAX } from "../../../src/protocol/text/truncate.ts";
import { commands, REPLAY } from "../../../src/protocol/text/commands.ts";
import { textFormat, timed } from "../../../src/protocol/text/render.ts";
import { text, type TextOptions } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { orderly } from "../orderly.ts";
import { FakeConnection } from "../../fake_connection.ts";

/** A text door, and people who come in by it. */
class Chat {
  readonly hub = new LocalChat({ history: new MemoryHistory() });
  readonly door: TextOptions;

  constructor({ announce = 100, ...options }: { announce?: number } & Partial<TextOptions> = {}) {
    const door = {
      chat: this.hub,
      auth: new AuthService(),
      moderation: orderly(),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      registrationTime: 30_000,
      format: textFormat(announce),
      name: "tincan",
      motd: () => [],
      answerMax: 1e6,
    };
    this.door = { ...door, hostOf: (address) => `of-${address}`, ...options };
  }

  /** Lets somebody in, without taking what they are greeted with. */
  arrive(): Person {
    return new Person(this);
  }

  /** Lets in somebody who is connected, and in no room. */
  connect(nick = this.hub.guestName()): Member {
    const identity = { user: "~user", host: "host", realname: "" };
    return this.hub.connect(nick, identity, this.door.format, new FakeConnection());
  }

  /** Lets people in, under names; nobody has heard anything yet then. */
  async enter(...nicks: string[]): Promise<Person[]> {
    const people: Person[] = [];
    for (const nick of nicks) {
      const person = this.arrive();
      await person.says(`/nick ${nick}`);
      people.push(person);
      for (const each of people) each.hears();
    }
    return people;
  }
}

class Person {
  readonly connection = new FakeConnection();
  /** Who the door says it is. */
  member?: Member;
  /** Resolves when they are gone. */
  readonly over: Promise<void>;
  readonly #hub: LocalChat;

  constructor({ hub, door }: Chat) {
    this.#hub = hub;
    this.over = text(this.connection, door, (member) => this.member = member);
  }

  /** Sends lines; resolves when they have been dealt with. */
  says(...lines: string[]): Promise<void> {
    return this.connection.says(...lines);
  }

  /** What they got since the last time, after a round; what is past without its time. */
  hears(): string[] {
    this.#hub.flush();
    return this.connection.take().map((line) => line.replace(/^\[(\d{4}-\d\d-\d\d )?\d\d:\d\d\] /, "[past] "));
  }

  /** What they get for lines of theirs. */
  async asks(...lines: string[]): Promise<string[]> {
    this.hears();
    await this.says(...lines);
    return this.hears();
  }
}

/** Asks one thing after the other, and compares what comes back. */
async function dialogue(person: Person, exchanges: readonly (readonly [string, ...string[]])[]): Promise<void> {
  for (const [line, ...answers] of exchanges) assertEquals(await person.asks(line), answers, line);
}

Deno.test("a newcomer is greeted by name, and told how many others there are", () => {
  const chat = new Chat();
  const people = [chat.arrive(), chat.arrive(), chat.arrive()];
  const greetings = people.map((person) => person.connection.take());
  assertEquals(greetings, [
    ["-- Welcome to tincan. You are guest1, alone in #lobby. Say something, or /help."],
    ["-- Welcome to tincan. You are guest2, in #lobby with 1 other. Say something, or /help."],
    ["-- Welcome to tincan. You are guest3, in #lobby with 2 others. Say something, or /help."],
  ]);
  assertEquals(people.map(({ member }) => member), [...chat.hub.members]);
});

Deno.test("the greeting has the server's name, the message of the day, the topic and what was said before", async () => {
  const chat = new Chat({ name: "kitchen", motd: () => ["Be kind.", ""] });
  await chat.arrive().says("/topic dinner", "who cooks?", "/me looks around");
  assertEquals(chat.arrive().hears(), [
    "-- Welcome to kitchen. You are guest2, in #lobby with 1 other. Say something, or /help.",
    "-- Be kind.",
    "-- ",
    "-- The topic of #lobby is: dinner",
    "-- What was said here before:",
    "[past] <guest1> who cooks?",
    "[past] * guest1 looks around",
  ]);
});

Deno.test("who cannot come into the lobby is told why, and nobody is left behind", async () => {
  const chat = new Chat();
  const [alice] = await chat.enter("alice") as [Person];
  const lobby = chat.hub.findRoom(LOBBY);
  lobby.limit = 1;
  const late = chat.arrive();
  await late.over;
  assertEquals(late.hears(), ["-- #lobby is full. Try again later."]);
  assertEquals([late.connection.open, late.member, [...chat.hub.members]], [false, undefined, [alice.member]]);
  lobby.limit = 2;
  assertEquals(chat.arrive().member?.nick, "guest1");
});

Deno.test("who comes is shown the last 20 lines of a room, marked as past", async () => {
  const chat = new Chat();
  const [alice, bob] = await chat.enter("alice", "bob") as [Person, Person];
  const lines = Array.from({ length: REPLAY + 5 }, (_, index) => `line ${index}`);
  await alice.says("/join #tea", ...lines);
  const shown = lines.slice(-REPLAY).map((line) => `[past] <alice> ${line}`);
  assertEquals(REPLAY, 20);
  assertEquals(await bob.asks("/join #tea"), [
    "-- You are in #tea with 1 other.",
    "-- What was said here before:",
    ...shown,
  ]);
  assertEquals(chat.arrive().hears().length, 1);
});

Deno.test("what is said while somebody comes reaches them once, as past, and the others once", async () => {
  const chat = new Chat();
  const [alice] = await chat.enter("alice") as [Person];
  await alice.says("before");
  const bob = chat.arrive();
  await alice.says("after");
  assertEquals(bob.hears().slice(1), ["-- What was said here before:", "[past] <alice> before", "<alice> after"]);
  assertEquals(alice.hears(), ["<alice> before", "-- guest1 joined #lobby", "<alice> after"]);
});

Deno.test("a line that is not a command is said to everybody in the room, the sender too", async () => {
  const chat = new Chat();
  const [alice, bob, carol] = await chat.enter("alice", "bob", "carol") as [Person, Person, Person];
  await carol.asks("/join #tea");
  bob.hears();
  const said = ["<alice> hi", "<alice>  two  spaces ", "<alice> list", "<alice> LIST!"];
  assertEquals(await alice.asks("hi", " two  spaces ", "list", "LIST!"), said);
  assertEquals(bob.hears(), said);
  assertEquals(carol.hears(), []);
});

Deno.test("empty lines, and lines of nothing but spaces and control characters, are skipped", async () => {
  const chat = new Chat();
  const [alice, bob] = await chat.enter("alice", "bob") as [Person, Person];
  assertEquals(await alice.asks("", " ", "\x1b\x07", "/me \x07", "/msg bob \x07", ""), []);
  assertEquals(bob.hears(), []);
});

Deno.test("//TEXT says /TEXT, and commands are found in any case", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  await dialogue(alice, [
    ["//quit is how you leave", "<alice> /quit is how you leave"],
    ["///", "<alice> //"],
    ["/PING", "-- Pong."],
    ["/Me  waves ", "* alice waves"],
  ]);
});

Deno.test("an unknown command is answered with where to look, and said to nobody", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  for (const line of ["/bogus", "/", "/ ping", "/pingpong", "/constructor", "/toString x", `/${"x".repeat(60)}`]) {
    const name = line.split(" ")[0];
    const answer = `-- No such command: ${name}. /help lists the commands. /${name} says it.`;
    assertEquals(await alice.asks(line), [answer], line);
  }
  const [long] = await alice.asks(`/${"x".repeat(61)}`);
  assertMatch(long!, /^-- No such command: \/x{60}…\. /);
  assertEquals(bob.hears(), []);
});

Deno.test("text: an unknown command is answered with the nearest one that its user may give", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  const nearest = {
    jion: "join",
    quit_: "quit",
    hist: "history",
    whois: "who",
    member: undefined,
    annuonce: undefined, // of server operators
    nmaes: "names",
  };
  for (const [word, name] of Object.entries(nearest)) {
    const hint = name === undefined ? "/help lists the commands." : `Did you mean /${name}?`;
    const answer = `-- No such command: /${word}. ${hint}`;
    assertEquals(await alice.asks(`/help ${word}`), [answer]);
    assertEquals(await alice.asks(`/${word} x`), [`${answer} //${word} says it.`]);
  }
  alice.member!.operator = true;
  assertMatch((await alice.asks("/annuonce"))[0]!, / Did you mean \/announce\? /);
});

Deno.test("text: the names that IRC clients have for a command do the same as the command", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  for (const [name, same] of [["names", "who"], ["users", "list"], ["channels", "rooms"], ["PART", "leave"]]) {
    assertEquals(await alice.asks(`/${name}`), await alice.asks(`/${same}`), name);
    assertEquals(await alice.asks(`/help ${name}`), await alice.asks(`/help ${same}`), name);
  }
  const slip = "-- That begins with a space, and nobody was told. Write it without.";
  assertEquals(await alice.asks(" /identify hunter22"), [slip]);
  assertEquals(await alice.asks("/exit"), ["-- Goodbye."]);
});

/** The rows of commands in what `/help` prints: name, arguments, help. */
function helpRows(lines: string[]): string[][] {
  const rows = lines.filter((line) => /^-- \/\w/.test(line));
  return rows.map((row) => /^-- \/(\S+) (.*?) {2,}(.*)$/.exec(row)!.slice(1).map((part) => part.trim()));
}

/** A terminal's rows and columns. One row is for what is typed next. */
const [ROWS, COLUMNS] = [24, 80];

Deno.test("text: /help and each of its topics fits into a terminal, and together they list each command once", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  const short = await alice.asks("/help");
  assertMatch(short[0]!, /^-- .+:$/);
  assert(short.some((line) => /^-- \/\/TEXT {2,}say \/TEXT$/.test(line)), "how to say a line that begins with /");
  assertEquals(short.at(-1), "-- More: /help moderation, /help accounts, /help settings, /help all");
  const common = ["nick", "list", "rooms", "join", "who", "msg", "quit"];
  const shown = helpRows(short).map(([name]) => name!);
  for (const name of common) assert(shown.includes(name), `/help has no /${name}`);
  const rows = helpRows(short);
  for (const topic of ["moderation", "accounts", "settings", "operators"]) {
    const lines = await alice.asks(`/help ${topic.toUpperCase()}`);
    assert(lines.length < ROWS, `/help ${topic} has ${lines.length} lines`);
    for (const line of lines) assert(line.length <= COLUMNS, line);
    rows.push(...helpRows(lines));
  }
  assert(short.length < ROWS, `/help has ${short.length} lines`);
  for (const line of short) assert(line.length <= COLUMNS, line);
  const table = Object.entries(commands).map(([name, { args, help }]) => [name, args, help]);
  assertEquals(rows.sort(), table.sort());
});

Deno.test("text: /help all lists each command, those of server operators only to them", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  for (const operator of [false, true]) {
    alice.member!.operator = operator;
    const all = await alice.asks("/help all");
    const wanted = Object.entries(commands).filter(([, { order }]) => operator || !order);
    assertEquals(
      helpRows(all).sort(),
      wanted.map(([name, { args, help }]) => [name, args, help]).sort(),
    );
    for (const line of all) assert(line.length <= COLUMNS, line);
  }
  assertMatch((await alice.asks("/help")).at(-1)!, /\/help operators, \/help all$/);
});

Deno.test("/help COMMAND tells of one command, with or without its /", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  for (const [name, { args, help }] of Object.entries(commands)) {
    const answer = [`-- ${`/${name} ${args}`.trim()}  ${help}`];
    assertEquals([await alice.asks(`/help ${name}`), await alice.asks(`/help /${name.toUpperCase()}`)], [
      answer,
      answer,
    ]);
  }
  await dialogue(alice, [
    ["/help nick", "-- /nick NAME  choose a name"],
    ["/help bogus", "-- No such command: /bogus. /help lists the commands."],
    ["/help constructor", "-- No such command: /constructor. /help lists the commands."],
  ]);
});

Deno.test("a command that lacks what it needs is answered with how to write it", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  await dialogue(alice, [
    ["/nick", "-- Write /nick NAME – choose a name."],
    ["/nick  ", "-- Write /nick NAME – choose a name."],
    ["/join", "-- Write /join #ROOM [KEY] – go to another room; it is made if it is not there."],
    ["/msg", "-- Write /msg NAME TEXT – say something to one person alone."],
    ["/msg bob ", "-- Write /msg NAME TEXT – say something to one person alone."],
    ["/me", "-- Write /me ACTION – say what you do: /me waves."],
    ["/echo", "-- Write /echo on|off – whether you get your own lines back."],
    ["/echo maybe", "-- Write /echo on|off – whether you get your own lines back."],
  ]);
  assertEquals(bob.hears(), []);
});

Deno.test("/nick gives another name, and says why not", async () => {
  const chat = new Chat();
  const [alice, bob] = [chat.arrive(), chat.arrive()];
  alice.hears();
  bob.hears();
  await dialogue(alice, [
    ["/nick alice", "-- guest1 is now alice"],
    ["/nick alice", "-- You are alice already."],
    ["/nick Alice", "-- alice is now Alice"],
    ["/nick GUEST2", "-- Somebody is called GUEST2 already. Choose another name."],
    [
      "/nick two words",
      "-- Invalid nickname: use 1 to 30 letters, digits or _-[]{}\\|^`; it cannot start with a digit or -.",
    ],
  ]);
  assertEquals(bob.hears(), ["-- guest1 is now alice", "-- alice is now Alice"]);
});

Deno.test("LIST and /list tell who is connected, a line each, in order of arrival", async () => {
  const chat = new Chat();
  const [alice, bob, carol] = await chat.enter("alice", "bob", "carol") as [Person, Person, Person];
  await bob.asks("/join #Tea");
  await alice.asks("/nick zoe");
  for (const line of ["LIST", "/list"]) {
    assertEquals(await alice.asks(line), [
      "-- Client 1: zoe in #lobby (you)",
      "-- Client 2: bob in #Tea",
      "-- Client 3: carol in #lobby",
    ]);
  }
  chat.connect();
  alice.connection.leave();
  await alice.over;
  assertEquals(await carol.asks("LIST"), [
    "-- Client 1: bob in #Tea",
    "-- Client 2: carol in #lobby (you)",
    "-- Client 3: guest1 in no room",
  ]);
});

Deno.test("/rooms lists the rooms with how many are there and what about, and /who who is there", async () => {
  const chat = new Chat();
  const [alice, bob, carol] = await chat.enter("alice", "bob", "carol") as [Person, Person, Person];
  await bob.asks("/join #tea", "/topic green or black?");
  await carol.asks("/join #tea");
  await dialogue(alice, [
    ["/rooms", "-- #lobby (1)", "-- #tea (2): green or black?"],
    ["/who", "-- You are alone in #lobby:", "-- alice (you)"],
    ["/who #TEA", "-- 2 in #tea:", "-- @bob, carol"],
    ["/who #coffee", "-- No such room: #coffee. /rooms shows the rooms there are; /join makes one."],
  ]);
  assertEquals(await carol.asks("/who"), ["-- You are in #tea with 1 other:", "-- @bob, carol (you)"]);
  await alice.asks("/join #tea");
  assertEquals(await alice.asks("/who #lobby"), ["-- Nobody is in #lobby."]);
});

Deno.test("who is invisible is not found in LIST by who shares no room with them, nor by /who from outside one", async () => {
  const chat = new Chat();
  const [alice, carol] = await chat.enter("alice", "carol") as [Person, Person];
  const bob = chat.connect("bob");
  for (const room of ["#den", "#tea"]) chat.hub.join(bob, room);
  chat.hub.setFlag(bob, "invisible", true);
  await carol.asks("/join #tea");
  await dialogue(alice, [
    ["LIST", "-- Client 1: alice in #lobby (you)", "-- Client 2: carol in #tea"],
    ["/who #den", "-- 1 in #den:", "-- … and 1 invisible"],
    ["/who #tea", "-- 2 in #tea:", "-- carol, … and 1 invisible"],
  ]);
  await dialogue(carol, [
    ["LIST", "-- Client 1: alice in #lobby", "-- Client 2: carol in #tea (you)", "-- Client 3: bob in #tea"],
    ["/who #den", "-- 1 in #den:", "-- … and 1 invisible"],
    ["/who", "-- You are in #tea with 1 other:", "-- @bob, carol (you)"],
  ]);
});

Deno.test("/who names everybody in a full room, in lines that are no wider than a terminal", async () => {
  const chat = new Chat();
  const [alice] = await chat.enter("alice") as [Person];
  const nicks = ["alice (you)"];
  for (let number = 1; number <= 60; number++) {
    const member = chat.connect();
    chat.hub.rename(member, `n${number}`.padEnd(2 + number % 29, "_"));
    chat.hub.join(member, LOBBY);
    nicks.push(member.nick);
  }
  const [head, ...lines] = await alice.asks("/who");
  assertEquals(head, "-- You are in #lobby with 60 others:");
  for (const line of lines) assert(line.length <= 80, line);
  assertEquals(lines.map((line) => line.slice(3)).join(", ").split(", "), nicks);
});

Deno.test("/join goes to another room and out of the last one, /leave back to the lobby", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  await dialogue(alice, [
    ["/join #tea", "-- You are alone in #tea."],
    ["/join #TEA", "-- You are in #tea already."],
    ["/join tea", "-- You are in #tea already."],
    [
      "/join #tea,#coffee",
      "-- Invalid room name: use # and 1 to 49 characters without spaces or commas, as in /join #tea.",
    ],
    ["/who lobby", "-- 1 in #lobby:", "-- bob"],
    ["/who cellar", "-- No such room: #cellar. /rooms shows the rooms there are; /join makes one."],
    ["hi", "<alice> hi"],
    ["/topic leaves", "-- alice set the topic of #tea: leaves"],
  ]);
  assertEquals(bob.hears(), ["-- alice left #lobby"]);
  assertEquals(await bob.asks("/join #Tea"), [
    "-- You are in #tea with 1 other.",
    "-- The topic of #tea is: leaves",
    "-- What was said here before:",
    "[past] <alice> hi",
  ]);
  assertEquals(alice.hears(), ["-- bob joined #tea"]);
  assertEquals(await alice.asks("/leave"), ["-- You are alone in #lobby."]);
  assertEquals(await alice.asks("/leave"), [
    "-- You are in #lobby. /join #ROOM takes you elsewhere, /quit out of here.",
  ]);
  assertEquals(bob.hears(), ["-- alice left #tea"]);
});

/** People in a room that the first of them runs; nobody has heard anything yet then. */
async function inRoom<Nicks extends string[]>(...nicks: [...Nicks]) {
  const chat = new Chat();
  const people = await chat.enter(...nicks) as { [Each in keyof Nicks]: Person };
  for (const person of people) await person.says("/join #tea");
  for (const person of people) person.hears();
  return { chat, people };
}

Deno.test("/join #ROOM KEY goes into a locked room, and each reason to stay out has its answer", async () => {
  const { chat, people: [alice] } = await inRoom("alice");
  const [bob] = await chat.enter("bob") as [Person];
  await alice.says("/mode +k sesame");
  await dialogue(bob, [
    ["/join #tea", "-- #tea is locked. With its key: /join #tea KEY"],
    ["/join #tea Sesame", "-- #tea is locked. With its key: /join #tea KEY"],
    ["/join  #tea   sesame ", "-- You are in #tea with 1 other."],
    ["/leave", "-- You are alone in #lobby."],
  ]);
  const reasons = [
    ["-k+i", "-- #tea is invite-only. Ask an operator of the room for an invitation."],
    ["-i+l 1", "-- #tea is full. Try again later."],
    ["-l+b bob", "-- You are banned from #tea. Ask one of its operators."],
  ] as const;
  for (const [modes, answer] of reasons) {
    await alice.says(`/mode ${modes}`);
    await dialogue(bob, [["/join #tea", answer], ["still here", "<bob> still here"]]);
  }
});

Deno.test("/invite asks somebody in, who may then come", async () => {
  const { chat, people: [alice] } = await inRoom("alice");
  const [bob] = await chat.enter("Bob") as [Person];
  await alice.says("/mode +i");
  await dialogue(alice, [
    ["/invite bob", "-- You asked Bob into #tea."],
    ["/invite carol", "-- No such user: carol. /list shows who is here."],
    ["/invite ALICE", "-- alice is in #tea already."],
  ]);
  assertEquals(bob.hears(), ["-- alice asks Bob into #tea. /join #tea goes there."]);
  assertEquals(await bob.asks("/join #tea"), ["-- You are in #tea with 1 other."]);
  assertEquals(await bob.asks("/invite alice"), [
    "-- Only an operator of #tea can do that. /who shows who is one, by an @.",
  ]);
});

Deno.test("/kick puts somebody out, who is back in the lobby and goes on from there", async () => {
  const { chat, people } = await inRoom("alice", "bob", "carol");
  const [alice, bob, carol] = people;
  const [dave] = await chat.enter("dave") as [Person];
  await dialogue(alice, [
    ["/kick BOB  enough of\x07 this ", "-- alice put bob out of #tea (enough of this)"],
    ["/kick bob", "-- bob is not in #tea. /who shows who is in it."],
    ["/kick nobody", "-- No such user: nobody. /list shows who is here."],
  ]);
  assertEquals(carol.hears(), ["-- alice put bob out of #tea (enough of this)"]);
  assertEquals(bob.hears(), ["-- alice put bob out of #tea (enough of this)", "-- You are in #lobby with 1 other."]);
  assertEquals(dave.hears(), ["-- bob joined #lobby"]);
  assertEquals(await bob.asks("hello, lobby"), ["<bob> hello, lobby"]);
  assertEquals([dave.hears(), carol.hears()], [["<bob> hello, lobby"], []]);
  await dialogue(carol, [["/kick alice", "-- Only an operator of #tea can do that. /who shows who is one, by an @."]]);
  assertEquals(await bob.asks("/join #tea", "/leave"), [
    "-- You are in #tea with 2 others.",
    "-- You are in #lobby with 1 other.",
    "-- What was said here before:",
    "[past] <bob> hello, lobby",
  ]);
  assertEquals(alice.hears(), ["-- bob joined #tea", "-- bob left #tea"]);
});

Deno.test("who is put out of one room and another is in the lobby each time, once", async () => {
  const { chat, people: [alice, bob] } = await inRoom("alice", "bob");
  await bob.asks("/join #coffee", "/join #tea");
  const answers = await alice.asks("/kick bob", "/kick alice");
  assertEquals(answers, [
    "-- alice put bob out of #tea",
    "-- alice put alice out of #tea",
    "-- You are in #lobby with 1 other.",
  ]);
  assertEquals([...chat.hub.rooms].map(({ name }) => name), [LOBBY]);
  assertEquals(bob.hears(), [
    "-- alice put bob out of #tea",
    "-- You are alone in #lobby.",
    "-- alice joined #lobby",
  ]);
});

Deno.test("/ban and /unban, by name or by mask, say what was done, and nothing more", async () => {
  const { people: [alice, bob] } = await inRoom("alice", "bob");
  await dialogue(alice, [
    ["/ban bob", "-- alice banned bob!*@* from #tea"],
    ["/ban BOB", "-- That is so already."],
    ["/ban two words", "-- Nobody can be banned like that. Write a name, or nick!user@host with * for anything."],
  ]);
  assertEquals(bob.hears(), ["-- alice banned bob!*@* from #tea"]);
  assertEquals(await bob.asks("hi"), ["-- You may not speak in #tea. Its operators can let you: /voice"]);
  await dialogue(alice, [["/unban bob", "-- alice lifted the ban of bob!*@* from #tea"], [
    "/unban bob",
    "-- That is so already.",
  ]]);
  assertEquals(await bob.asks("hi"), ["<bob> hi"]);
  await dialogue(alice, [["/ban *!*@of-127.*", "-- alice banned *!*@of-127.* from #tea"]]);
  assertEquals((await bob.asks("hi")).at(-1), "-- You may not speak in #tea. Its operators can let you: /voice");
});

Deno.test("/op, /deop, /voice and /devoice give ranks and take them, and /who shows them", async () => {
  const { people } = await inRoom("alice", "bob", "carol");
  const [alice, bob] = people;
  await dialogue(alice, [
    ["/op bob", "-- alice made bob an operator of #tea"],
    ["/op bob", "-- That is so already."],
    ["/voice carol", "-- alice gave carol a voice in #tea"],
    ["/who", "-- You are in #tea with 2 others:", "-- @alice (you), @bob, +carol"],
    ["/devoice carol", "-- alice took the voice in #tea from carol"],
    ["/op nobody", "-- No such user: nobody. /list shows who is here."],
  ]);
  assertEquals((await bob.asks("/deop alice")).at(-1), "-- bob took the rank of operator in #tea from alice");
  const not = "-- Only an operator of #tea can do that. /who shows who is one, by an @.";
  alice.hears();
  for (const command of ["/op", "/deop", "/voice", "/devoice", "/ban", "/unban", "/kick", "/mode +b"]) {
    await dialogue(alice, [[`${command} carol`, not]]);
  }
  await dialogue(alice, [["/who", "-- You are in #tea with 2 others:", "-- alice (you), @bob, carol"]]);
});

Deno.test("a question costs no more than its answer: of a long past only what fits is looked at", async () => {
  let looked = 0;
  class Long extends MemoryHistory {
    override page(_target: string, { count }: HistoryRange): Line[] {
      return Array.from({ length: count }, (_, id) => ({
        ...{
          kind: "said",
          room: "#lobby",
          who: "bob",
          origin: "bob!b@b",
          style: "say",
          tags: "",
          bot: false,
          time: 0,
          id,
        },
        get text() {
          looked++;
          return "x".repeat(100);
        },
      } as const));
    }
  }
  const chat = new Chat({ chat: new LocalChat({ history: new Long() }), answerMax: 1000 });
  const alice = chat.arrive();
  alice.connection.take();
  looked = 0;
  assertEquals((await alice.asks("/history 1000")).length, 1 + 8); // of 125 characters, with the time and the name
  assertEquals(looked, 9);
});

Deno.test("one /mode is few lines, for who gives it and for the others, whatever is in it", async () => {
  const chat = new Chat();
  const [alice, bob] = await chat.enter("alice", "bob") as [Person, Person];
  for (const person of [alice, bob]) await person.says("/join #tea");
  alice.hears();
  bob.hears();
  assertEquals((await alice.asks(`/mode ${"+m-m".repeat(2000)}`)).length, MODES_MAX);
  assertEquals(bob.hears().length, MODES_MAX);
  assertEquals(await alice.asks(`/mode ${"xyz".repeat(2000)}`), [
    "-- There is no mode x, or it wants something after it.",
  ]);
  assertEquals(await alice.asks("/mode \x1b"), ["-- There is no mode like that, or it wants something after it."]);
  assertEquals(bob.hears(), []);
});

Deno.test("/mode shows and sets a room's modes, and lists its masks", async () => {
  const { people: [alice, bob] } = await inRoom("alice", "bob");
  await dialogue(alice, [
    ["/mode", "-- The modes of #tea are +nt."],
    [
      "/mode +m-t",
      "-- alice muted #tea: only operators and voices speak",
      "-- alice lets everybody set the topic of #tea",
    ],
    ["/mode +kl sesame 7", "-- alice locked #tea: /join #tea sesame", "-- alice set #tea to 7 people at the most"],
    ["/mode", "-- The modes of #tea are +nmkl sesame 7."],
    ["/mode +z", "-- There is no mode z, or it wants something after it."],
    ["/mode +l ten", "-- Invalid limit: it must be a number from 1 to 999999999."],
    ["/mode +l", "-- There is no mode l, or it wants something after it."],
    ["/mode +k a,b", "-- A key has 1 to 32 characters, no spaces and no commas, and no colon first."],
    ["/mode b", "-- There is none in the list b of #tea."],
    ["/mode +bb eve *.example", "-- alice banned eve!*@* from #tea", "-- alice banned *!*@*.example from #tea"],
    ["/mode b", "-- eve!*@*, by alice", "-- *!*@*.example, by alice"],
    [
      "/mode -klm",
      "-- alice unlocked #tea",
      "-- alice lifted the limit of #tea",
      "-- alice lets everybody speak in #tea",
    ],
    ["/mode", "-- The modes of #tea are +n."],
  ]);
  await dialogue(bob, [
    ["/mode +m", "-- Only an operator of #tea can do that. /who shows who is one, by an @."],
    ["/mode", "-- The modes of #tea are +n."],
    ["/mode b", "-- eve!*@*, by alice", "-- *!*@*.example, by alice"],
  ]);
});

Deno.test("a secret room is hidden from /rooms, /list and /who for those who are not in it", async () => {
  const { chat, people: [alice] } = await inRoom("alice");
  const [bob] = await chat.enter("bob") as [Person];
  await alice.asks("/mode +s", "/topic secrets");
  const none = (room: string) => `-- No such room: ${room}. /rooms shows the rooms there are; /join makes one.`;
  await dialogue(bob, [
    ["/rooms", "-- #lobby (1)"],
    ["/list", "-- Client 1: alice in no room", "-- Client 2: bob in #lobby (you)"],
    ["LIST", "-- Client 1: alice in no room", "-- Client 2: bob in #lobby (you)"],
    ["/who #TEA", none("#TEA")], // as it was asked: its own name would tell that it exists
    ["/who #coffee", none("#coffee")],
  ]);
  await dialogue(alice, [
    ["/rooms", "-- #lobby (1)", "-- #tea (1): secrets"],
    ["/list", "-- Client 1: alice in #tea (you)", "-- Client 2: bob in #lobby"],
    ["/who #tea", "-- You are alone in #tea:", "-- @alice (you)"],
  ]);
  await bob.asks("/join #tea");
  assertEquals(await bob.asks("/who"), ["-- You are in #tea with 1 other:", "-- @alice, bob (you)"]);
});

Deno.test("IRC's formatting is taken out of what is written here, and of a topic that has some", async () => {
  const chat = new Chat();
  const [alice, bob] = await chat.enter("alice", "bob") as [Person, Person];
  assertEquals(await alice.asks("\x02bold\x02 and \x0304red", "\x02\x02", "/\x02ping"), [
    "<alice> bold and red",
    "-- Pong.",
  ]);
  assertEquals(bob.hears(), ["<alice> bold and red"]);
  chat.hub.setTopic(bob.member!, chat.hub.findRoom(LOBBY), "\x0304red");
  alice.hears();
  await dialogue(alice, [["/topic", "-- The topic of #lobby is: red"], ["/rooms", "-- #lobby (2): red"]]);
});

Deno.test("whoever comes in is known by what others may see of their address", () => {
  const chat = new Chat();
  const person = chat.arrive();
  assertEquals(person.member!.origin, "guest1!~guest@of-127.0.0.1");
});

Deno.test("/msg says something to one person alone, and shows the sender what was said", async () => {
  const [alice, bob, carol] = await new Chat().enter("alice", "Bob", "carol") as [Person, Person, Person];
  await dialogue(alice, [
    ["/msg bob  ps\x07st  you ", "-> *Bob* psst  you"],
    ["/msg dave hi", "-- No such user: dave. /list shows who is here."],
    ["/msg ALICE note to self", "*alice* note to self", "-> *alice* note to self"],
  ]);
  assertEquals([bob.hears(), carol.hears()], [["*alice* psst  you"], []]);
});

Deno.test("/topic shows and sets what a room is about", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  await dialogue(alice, [
    ["/topic", "-- #lobby has no topic. /topic TEXT sets one."],
    ["/topic  green\x07 tea ", "-- alice set the topic of #lobby: green tea"],
    ["/topic", "-- The topic of #lobby is: green tea"],
    [`/topic ${"x".repeat(391)}`, "-- Topic too long: at most 390 characters."],
    ["/topic", "-- The topic of #lobby is: green tea"],
  ]);
  assertEquals(bob.hears(), ["-- alice set the topic of #lobby: green tea"]);
});

Deno.test("/history shows as many past lines as were asked for, 1 to 1000", async () => {
  const [alice] = await new Chat().enter("alice") as [Person];
  const wrong = "-- Ask for 1 to 1000 lines, as in /history 50 or /history 50 before 14:05";
  assertEquals(await alice.asks("/history"), ["-- Nothing has been said in #lobby yet."]);
  const lines = Array.from({ length: 25 }, (_, index) => `line ${index}`);
  await alice.says(...lines);
  const last = (count: number) => lines.slice(-count).map((line) => `[past] <alice> ${line}`);
  await dialogue(alice, [
    ["/history", ...last(20)],
    ["/history 1", ...last(1)],
    ["/history 22", ...last(22)],
    ["/history 1000", ...last(25)],
  ]);
  for (const count of ["0", "1001", "-1", "1.5", "1e2", "0x10", "banana", "5 5"]) {
    await dialogue(alice, [[`/history ${count}`, wrong]]);
  }
});

Deno.test("/echo off spares a sender their own lines, /echo on brings them back", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  await dialogue(alice, [
    ["/echo off", "-- Your own lines do not come back to you any more."],
    ["one"],
    ["/me waves"],
    ["/echo on", "-- Your own lines come back to you."],
    ["two", "<alice> two"],
  ]);
  assertEquals(bob.hears(), ["<alice> one", "* alice waves", "<alice> two"]);
  assertEquals(alice.hears(), []);
});

Deno.test("a direct answer does not overtake what was said before it", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  await bob.says("first");
  await alice.says("second", "/ping", "third");
  assertEquals(alice.connection.take(), ["<bob> first", "<alice> second", "-- Pong."]);
  assertEquals(alice.hears(), ["<alice> third"]);
});

Deno.test("/quit says goodbye, hangs up, and tells the others why", async () => {
  for (
    const [line, told] of [
      ["/quit", "-- alice left #lobby"],
      ["/quit see you\x07 ", "-- alice left #lobby (see you)"],
    ] as const
  ) {
    const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
    await alice.says("last words", line, "lost");
    await alice.over;
    assertEquals(alice.hears(), ["<alice> last words", "-- Goodbye."]);
    assertEquals([alice.connection.open, alice.connection.ending], [false, "quit"]);
    assertEquals(bob.hears(), ["<alice> last words", told]);
  }
});

Deno.test("whoever is cut off has left, with the reason if there is one, and their name is free", async () => {
  for (const [ending, told] of [[undefined, "-- alice left #lobby"], ["too slow", "-- alice left #lobby (too slow)"]]) {
    const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
    alice.connection.leave(ending);
    await alice.over;
    assertEquals(bob.hears(), [told!]);
    assertEquals(await bob.asks("/nick alice"), ["-- bob is now alice"]);
  }
});

Deno.test("a mistake in one session ends it, and takes its member out of the chat", async () => {
  const chat = new Chat();
  const [alice, bob] = await chat.enter("alice", "bob") as [Person, Person];
  chat.hub.whisper = () => {
    throw new TypeError("a mistake");
  };
  const over = alice.over.catch((error: Error) => error.message);
  await alice.says("/msg bob hi");
  assertEquals(await over, "a mistake");
  assertEquals(bob.hears(), ["-- alice left #lobby"]);
});

Deno.test("who comes and goes is announced in rooms of up to so many", async () => {
  const chat = new Chat({ announce: 2 });
  const [alice] = await chat.enter("alice") as [Person];
  chat.arrive();
  assertEquals(alice.hears(), ["-- guest1 joined #lobby"]);
  const third = chat.arrive();
  assertEquals(alice.hears(), []);
  const fourth = chat.arrive();
  fourth.connection.leave();
  await fourth.over;
  assertEquals(alice.hears(), []);
  third.connection.leave();
  await third.over;
  assertEquals(alice.hears(), ["-- guest2 left #lobby"]);
});

Deno.test("a line that was too long is answered, in order, and what follows is taken as ever", async () => {
  const [alice, bob] = await new Chat().enter("alice", "bob") as [Person, Person];
  await alice.says("before");
  alice.connection.onTooLong();
  await alice.says("after");
  assertEquals(alice.hears(), [
    "<alice> before",
    "-- That line had more than 64 bytes and was not sent. Say it in parts.",
    "<alice> after",
  ]);
  assertEquals(bob.hears(), ["<alice> before", "<alice> after"]);
});

Deno.test("an answer with more than 1000 lines is cut, and says how much is missing", async () => {
  const chat = new Chat();
  const [alice] = await chat.enter("alice") as [Person];
  for (let number = 0; number < ANSWER_MAX + 1; number++) chat.connect();
  const answer = await alice.asks("LIST");
  assertEquals([ANSWER_MAX, answer.length], [1000, 1001]);
  assertEquals(answer.slice(-2), ["-- Client 1000: guest999 in no room", "-- … and 2 more"]);
});

Deno.test("a single line that is longer than an answer may be is shown all the same", async () => {
  const [alice] = await new Chat({ answerMax: 64 }).enter("alice") as [Person];
  await alice.asks("x".repeat(64));
  assertEquals((await alice.asks("/history")).map((line) => line.replace(/^\[.*?\] /, "")), [
    `<alice> ${"x".repeat(64)}`,
  ]);
});

Deno.test("/who that is cut says how many people are missing, not how many lines", async () => {
  const chat = new Chat({ answerMax: 40 });
  const [alice] = await chat.enter("alice") as [Person];
  for (let number = 0; number < 20; number++) {
    const member = chat.connect();
    chat.hub.join(member, LOBBY);
  }
  assertEquals(await alice.asks("/who"), [
    "-- You are in #lobby with 20 others:",
    "-- alice (you), guest1, guest2, guest3, guest4, … and 16 more",
  ]);
});

Deno.test("an answer that is too long in all is cut: lists at their end, the past at its beginning", async () => {
  const chat = new Chat({ answerMax: 100 });
  const [alice] = await chat.enter("alice", "bob", "carol", "dave") as [Person];
  assertEquals(await alice.asks("LIST"), [
    "-- Client 1: alice in #lobby (you)",
    "-- Client 2: bob in #lobby",
    "-- Client 3: carol in #lobby",
    "-- … and 1 more",
  ]);
  const lines = ["one", "two", "three"].map((word) => word.padEnd(30, "."));
  await alice.says(...lines);
  const [more, ...shown] = await alice.asks("/history");
  assert(more?.startsWith("-- There is more"), more);
  assertEquals(shown, lines.slice(-2).map((line) => `[past] <alice> ${line}`));
});

Deno.test("text: /times on puts the time before each line of what happens, and /times off takes it away", async () => {
  const chat = new Chat();
  const [alice, bob] = await chat.enter("alice", "bob") as [Person, Person];
  const timed = async (person: Person, ...lines: string[]) => {
    await person.says(...lines);
    chat.hub.flush();
    const now = new Date();
    return bob.connection.take().map((line) => {
      const [, time, rest] = /^\[(\d\d:\d\d)\] (.*)$/.exec(line) ?? [undefined, undefined, line];
      const [hour, minute] = (time ?? "").split(":").map(Number);
      const age = (now.getHours() * 60 + now.getMinutes() - hour! * 60 - minute! + 1440) % 1440;
      return time !== undefined && age <= 1 ? `[now] ${rest}` : line;
    });
  };
  assertEquals(await timed(bob, "/times"), [
    "-- Write /times on|off – whether lines begin with the time, as in [14:05].",
  ]);
  assertEquals(await timed(bob, "/times on"), ["-- New lines begin with the time."]);
  assertEquals(await timed(alice, "hi", "/me waves", "/msg bob psst", "/nick al", "/mode +m"), [
    "[now] <alice> hi",
    "[now] * alice waves",
    "[now] *alice* psst",
    "[now] -- alice is now al",
  ]);
  assertEquals(await timed(bob, "hello", "/msg al psst", "/ping"), [
    "[now] <bob> hello",
    "[now] -> *al* psst",
    "-- Pong.",
  ]);
  assertEquals(await timed(alice, "/join #tea", "/invite bob"), [
    "[now] -- al left #lobby",
    "[now] -- al asks bob into #tea. /join #tea goes there.",
  ]);
  assert(alice.connection.take().every((line) => !line.startsWith("[")), "another member's lines have none");
  assertEquals(await timed(bob, "/times off"), ["-- New lines have no time before them any more."]);
  assertEquals(await timed(bob, "bye"), ["<bob> bye"]);
});

Deno.test("text: all members with times on share one format, so that a line is rendered once for them", () => {
  const [one, another] = [textFormat(100), textFormat(100)];
  assert(timed(one) === timed(one) && timed(one) !== timed(another));
});
