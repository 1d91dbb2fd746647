/** Sessions: labels, limits on the input, timeouts, and random lines from several clients. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../../dependencies.ts";
import { fold, LOBBY } from "../../../src/chat/names.ts";
import { AuthService } from "../../../src/accounts/auth.ts";
import { hashPassword } from "../../../src/accounts/password.ts";
import { Operators } from "../../../src/moderation/operators.ts";
import { CAPABILITIES } from "../../../src/protocol/irc/capabilities.ts";
import { commands } from "../../../src/protocol/irc/commands.ts";
import { PING_TIME, PING_TIMEOUT, PONG_TIME, REGISTRATION_TIME } from "../../../src/protocol/irc/keepalive.ts";
import { INPUT_MAX, TAGS_MAX } from "../../../src/protocol/irc/options.ts";
import { type Outcome, type RunOptions, TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { type Client, clock, ProtocolFixture, test, TIME } from "./harness.ts";

type Pair = [Client, Client];

const OPERATORS = Operators.read(`root ${await hashPassword("open sesame")}`);

/** Returns a client with the capabilities that labels need. */
function labeler(fixture: ProtocolFixture, nick: string, ...more: string[]): Promise<Client> {
  return fixture.irc(nick, "labeled-response", "batch", ...more);
}

test("session: a response of one line has the label, and an empty one is an ACK", async (fixture) => {
  const alice = await labeler(fixture, "alice");
  await alice.expect("@label=a1 PING x", "@label=a1 PONG irc.test :x");
  await alice.expect("@label=a2 PONG x", "@label=a2 ACK");
  await alice.expect("@label=a3 PRIVMSG nobody :x", "@label=a3 401 alice nobody :No such nick/channel");
  await alice.expect("@label=a4 NOSUCH", "@label=a4 421 alice NOSUCH :Unknown command");
  await alice.expect("@label=a5 NICK", "@label=a5 431 alice :No nickname given");
  await alice.expect("@label=a6 PASS", "@label=a6 461 alice PASS :Not enough parameters");
  await alice.expect("@label=a\\:\\sb PONG x", "@label=a\\:\\sb ACK");
  await alice.expect("@label=a7 NICK eve", "@label=a7 :alice!~alice@host NICK eve");
});

test("session: a response of several lines is a batch with the label", async (fixture) => {
  const alice = await labeler(fixture, "alice");
  await alice.expect(
    "@label=x JOIN #tea",
    "@label=x BATCH +b0 labeled-response",
    "@batch=b0 :alice!~alice@host JOIN #tea",
    "@batch=b0 353 alice = #tea :@alice",
    "@batch=b0 366 alice #tea :End of /NAMES list",
    "BATCH -b0",
  );
  await alice.asks("CAP REQ server-time");
  await alice.expect(
    "@label=y PART #tea,#none",
    "@label=y BATCH +b1 labeled-response",
    `@batch=b1;time=${TIME} :alice!~alice@host PART #tea`,
    "@batch=b1 403 alice #none :No such channel",
    "BATCH -b1",
  );
});

test("session: earlier messages of others precede a labeled response", async (fixture) => {
  const [alice, bob] = [await labeler(fixture, "alice"), await fixture.irc("bob")];
  await fixture.join("#tea", alice, bob);
  await bob.says("PRIVMSG #tea :hi");
  await alice.says("@label=x MODE #tea +m", "PRIVMSG #tea :1");
  await bob.says("PART #tea");
  assertEquals(alice.hears(), [
    ":bob!~bob@host PRIVMSG #tea :hi",
    "@label=x :alice!~alice@host MODE #tea +m",
    ":bob!~bob@host PART #tea",
  ]);
});

test("session: the echo of a labeled message has the label, before the client's tags", async (fixture) => {
  const alice = await labeler(fixture, "alice", "echo-message", "message-tags");
  await fixture.join("#tea", alice, await fixture.irc("bob"));
  await alice.expect(
    "@label=x;+a=b PRIVMSG #tea :hi",
    "@label=x;msgid=0;+a=b :alice!~alice@host PRIVMSG #tea :hi",
  );
  await alice.expect("@label=y NOTICE bob :hi", "@label=y;msgid=1 :alice!~alice@host NOTICE bob :hi");
  await alice.expect("@label=z;+c TAGMSG #tea", "@label=z;msgid=2;+c :alice!~alice@host TAGMSG #tea");
  await alice.asks("CAP REQ -echo-message");
  await alice.expect("@label=x PRIVMSG #tea :hi", "@label=x ACK");
});

test("session: a message to oneself has the label on its echo only", async (fixture) => {
  const alice = await labeler(fixture, "alice", "message-tags");
  await alice.expect("@label=x PRIVMSG alice :1", "@msgid=0 :alice!~alice@host PRIVMSG alice :1", "@label=x ACK");
  await alice.asks("CAP REQ echo-message");
  await alice.expect(
    "@label=x PRIVMSG alice :2",
    "@msgid=1 :alice!~alice@host PRIVMSG alice :2",
    "@label=x;msgid=1 :alice!~alice@host PRIVMSG alice :2",
  );
  await alice.expect(
    "@label=x;+a TAGMSG alice",
    "@msgid=2;+a :alice!~alice@host TAGMSG alice",
    "@label=x;msgid=2;+a :alice!~alice@host TAGMSG alice",
  );
  await alice.asks("JOIN #tea");
  await alice.expect(
    "@label=x PRIVMSG #tea,alice :3",
    "@msgid=4 :alice!~alice@host PRIVMSG alice :3",
    "@label=x BATCH +b3 labeled-response",
    "@batch=b3;msgid=3 :alice!~alice@host PRIVMSG #tea :3",
    "@batch=b3;msgid=4 :alice!~alice@host PRIVMSG alice :3",
    "BATCH -b3",
  );
});

test("session: a label is ignored without batch and labeled-response, or when it is not 1 to 64 bytes long", async (fixture) => {
  const alice = await fixture.irc("alice", "labeled-response");
  await alice.expect("@label=x PING a", "PONG irc.test :a");
  await alice.asks("CAP REQ batch");
  await alice.expect("@label=x PING a", "@label=x PONG irc.test :a");
  await alice.expect(`@label=${"é".repeat(32)} PONG`, `@label=${"é".repeat(32)} ACK`);
  await alice.expect(`@label=${"é".repeat(32)}x PONG`);
  await alice.expect("@label= PING a", "PONG irc.test :a");
  await alice.expect("@label PING a", "PONG irc.test :a");
  await alice.asks("CAP REQ -labeled-response");
  await alice.expect("@label=x PING a", "PONG irc.test :a");
});

test(
  "session: a slow command has a labeled response, without events that happen meanwhile",
  async (fixture) => {
    const [alice, bob] = [await labeler(fixture, "alice"), await fixture.irc("bob")];
    await fixture.join("#tea", alice, bob);
    const asked = alice.says("@label=x OPER root :open sesame");
    await bob.says("PRIVMSG #tea :1", "PRIVMSG alice :2");
    assertEquals(alice.hears(), [":bob!~bob@host PRIVMSG #tea :1", ":bob!~bob@host PRIVMSG alice :2"]);
    await asked;
    assertEquals(alice.hears(), [
      "@label=x BATCH +b0 labeled-response",
      "@batch=b0 381 alice :You are now an IRC operator",
      "@batch=b0 :alice!~alice@host MODE alice :+o",
      "BATCH -b0",
    ]);
  },
  () => ({ auth: new AuthService({ operators: OPERATORS }) }),
);

test("session: replies precede the ERROR that ends the connection, labeled or not", async (fixture) => {
  const alice = await labeler(fixture, "alice");
  for (let i = 0; i < 2; i++) await alice.expect("@label=x OPER root x", "@label=x 464 alice :Password incorrect");
  await alice.expect(
    "@label=x OPER root x",
    "@label=x BATCH +b2 labeled-response",
    "@batch=b2 464 alice :Password incorrect",
    "@batch=b2 ERROR :Closing link: (alice) [Too many wrong passwords]",
    "BATCH -b2",
  );
}, () => ({ auth: new AuthService({ operators: OPERATORS }) }));

test("session: a registration can be labeled", async (fixture) => {
  const alice = fixture.connect();
  await alice.says("CAP REQ :labeled-response batch", "NICK alice", "USER alice 0 * :Alice");
  const answer = await alice.asks("@label=x CAP END");
  assertEquals(answer.slice(0, 2), [
    "@label=x BATCH +b0 labeled-response",
    "@batch=b0 001 alice :Welcome to the irc.test network, alice!~alice@host",
  ]);
  assertEquals(answer.at(-1), "BATCH -b0");
});

/** A slicer that records the networks of its work. */
class RecordingSlicer extends TimeSlicer {
  readonly networks: (readonly string[] | undefined)[] = [];

  override run<W>(work: () => W, options?: RunOptions): ReturnType<typeof TimeSlicer.prototype.run<W>> {
    this.networks.push(options?.networks);
    return super.run(work, options);
  }
}

const WIDEST_FIRST = ["192.0.0.0/16", "192.0.2.0/24", "192.0.2.0/28", "192.0.2.1"];

const [slicer, departures] = [new RecordingSlicer(), new RecordingSlicer()];
test("session: commands and disconnects share time by networks, the widest first", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.says("LIST");
  assertEquals([slicer.networks.at(-1), departures.networks], [WIDEST_FIRST, []]);
  await alice.leave();
  assertEquals(departures.networks, [WIDEST_FIRST]);
}, () => ({ slicer, departures }));

test("session: ends after its member has left, also when disconnects have to wait", async (fixture) => {
  const alice = await fixture.irc("alice");
  let present = true;
  const ended = alice.over.then(() => present = fixture.chat.has(alice.member));
  alice.connection.close();
  await ended;
  assertEquals(present, false);
}, () => ({ departures: new LateSlicer() }));

/** A slicer that begins its work in another task of the event loop. */
class LateSlicer extends TimeSlicer {
  override run<W>(work: () => W, options?: RunOptions): Promise<Outcome<W> | undefined> {
    return new Promise((resolve) => setTimeout(resolve)).then(() => super.run(work, options));
  }
}

/** Returns `PRIVMSG #tea :xxx…` with a number of bytes. */
function sized(bytes: number, letter = "x"): string {
  const head = "PRIVMSG #tea :";
  const each = new TextEncoder().encode(letter).length;
  const text = letter.repeat(Math.floor((bytes - head.length) / each));
  return head + text.padEnd(text.length + (bytes - head.length) % each, "y");
}

test("session: a line of more than 510 bytes, or 4096 bytes of tags, is rejected", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "message-tags"), await fixture.irc("bob", "message-tags")];
  await fixture.join("#tea", alice, bob);
  const tooLong = "417 alice :Input line was too long";
  const tags = (bytes: number, letter = "v") => `@+t=${letter.repeat(bytes - 5)} `;
  for (const letter of ["x", "é", "€", "😀"]) {
    await alice.expect(sized(510, letter));
    assert(bob.hears().length > 0);
    await alice.expect(sized(511, letter), tooLong);
  }
  await alice.expect(tags(TAGS_MAX) + sized(510));
  assert(bob.hears()[0]!.startsWith(`@msgid=4;+t=${"v".repeat(TAGS_MAX - 5)} :alice`));
  await alice.expect(tags(TAGS_MAX + 1) + sized(100), tooLong);
  await alice.expect(tags(100) + sized(511), tooLong);
  await alice.expect(`@+t=${"é".repeat((TAGS_MAX - 5) / 2 + 1)} PING x`, tooLong);
  await alice.expect(`@${"v".repeat(TAGS_MAX)}`, tooLong);
  await alice.expect(`@${"v".repeat(TAGS_MAX - 1)}`); // tags alone are no command
  await alice.expect("x".repeat(511), tooLong);
  assertEquals([bob.hears(), INPUT_MAX], [[], 4606]);
  alice.connection.onTooLong();
  assertEquals(alice.hears(), [tooLong]);
  await fixture.connect().expect("x".repeat(511), "417 * :Input line was too long");
});

test("session: NUL and CR are removed from a line", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("PI\0NG :a\rQUIT\0", "PONG irc.test :aQUIT");
});

test("session: no line of a response has more than 510 bytes without its tags", async (fixture) => {
  const alice = await fixture.irc("alice", "labeled-response", "batch");
  for (const letter of ["x", "é", "😀"]) {
    const long = letter.repeat(110);
    for (const line of [`PING :${long}`, long, `HELP ${long}`, `CAP REQ :${long}`, `WHOIS ${long}`, `JOIN #${long}`]) {
      await alice.says(line, `@label=${"l".repeat(60)} ${line}`);
      const answer = alice.gets();
      assert(answer.length >= 2);
      for (const each of answer) {
        ProtocolFixture.assertSound(each);
        assert(each.isWellFormed());
      }
    }
  }
});

test("session: a silent client gets a PING, and is disconnected when it does not reply", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const { keepalive } = fixture.options;
  const look = (after: number) => {
    clock.now += after;
    keepalive.check(performance.now());
  };
  look(PING_TIME - 1);
  assertEquals([alice.hears(), bob.hears()], [[], []]);
  await bob.says("PONG x");
  look(1);
  assertEquals([alice.gets(), bob.gets()], [["PING :irc.test"], []]); // without a source, which confuses simple bots
  look(PONG_TIME - 1);
  assertEquals(alice.hears(), []);
  await alice.says("PONG irc.test");
  look(PING_TIME);
  assertEquals([alice.hears(), bob.hears()], [["PING :irc.test"], ["PING :irc.test"]]);
  await bob.says("x");
  bob.hears();
  look(PONG_TIME);
  assertEquals(alice.hears(), ["ERROR :Closing link: (alice) [Ping timeout: 180 seconds]"]);
  await alice.over;
  assertEquals(bob.hears(), [":alice!~alice@host QUIT :Ping timeout: 180 seconds"]);
  assertEquals(alice.connection.closeReason, PING_TIMEOUT);
});

test("session: a client that sent a line which is not UTF-8 is not silent", async (fixture) => {
  const alice = await fixture.irc("alice");
  clock.now += PING_TIME - 1;
  alice.connection.onMalformed!("\ufffd");
  alice.hears();
  clock.now++;
  fixture.options.keepalive.check(performance.now());
  assertEquals(alice.hears(), []);
});

test("session: a client is disconnected when it does not register in time, whatever else it sends", async (fixture) => {
  clock.now += REGISTRATION_TIME; // it counts from the connection on
  const [one, two] = [fixture.connect(), fixture.connect()];
  const { keepalive } = fixture.options;
  clock.now += REGISTRATION_TIME - 1;
  await one.says("PING x", "NICK one");
  await two.says("NICK two", "USER two 0 * :Two");
  keepalive.check(performance.now());
  assertEquals(fixture.options.unregistered.count, 1);
  one.hears();
  two.hears();
  clock.now += 1;
  keepalive.check(performance.now());
  assertEquals([one.hears(), two.hears()], [["ERROR :Closing link: (one) [Registration timed out]"], []]);
  await one.over;
  assertEquals(fixture.options.unregistered.count, 0);
  clock.now += PONG_TIME; // no PING was sent to it
  keepalive.check(performance.now());
  assertEquals(two.hears(), []);
});

// Random lines.

const NICKS = ["ann", "Ben", "cat", "tom", "ANN", "dora", "no-such-user", "1st", "*", "a!b@c", "x".repeat(31), "é"];
const ROOMS = [
  "#a",
  "#A",
  "#b",
  "#lobby",
  "#none",
  "#é😀",
  "a",
  "#",
  "@#a",
  "+#b",
  "@+#a",
  "#a,#b,,#c",
  "0",
  "&x",
  `#${"é".repeat(49)}`,
];
const TEXTS = [
  "hi",
  "",
  " ",
  ":)",
  "\x01ACTION waves\x01",
  "\x01VERSION\x01",
  "\x01",
  "\x07",
  "€".repeat(150),
  "😀".repeat(110),
  "a\rb",
  "a\0b",
  "\ud800",
  "%",
  "x".repeat(490),
];
const MODES = [
  "+o",
  "-o+v",
  "b",
  "+b",
  "+beI",
  "-b",
  "+k",
  "-k",
  "+l",
  "-l",
  "+imnst",
  "-imnst",
  "+xyz",
  "+",
  "iwB",
  "+o-i",
  `+${"b".repeat(25)}`,
];
const ODD = [
  "*",
  "0",
  "-1",
  "5",
  "99999999999",
  "key",
  "a,b",
  "%tcuihsnfdlaor,42",
  "o%n",
  ">0,C<5,!#a*",
  "T>x",
  "irc.test",
  "L",
  "S",
  "C",
  "+",
  "-",
];
const CAPS = [...CAPABILITIES, ...CAPABILITIES.map((name) => `-${name}`), "nosuch"];

const param = fc.oneof(
  fc.constantFrom(...NICKS),
  fc.constantFrom(...ROOMS),
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...MODES),
  fc.constantFrom(...ODD),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const tags = fc.constantFrom(
  "",
  "",
  "",
  "@label=x ",
  "@+t=1 ",
  "@label=y;+a=b\\:;c ",
  "@ ",
  "@;=;+ ",
  `@+t=${"v".repeat(4100)} `,
);
const anything = fc.tuple(
  tags,
  fc.constantFrom(...commands.keys(), "NOSUCH", "privmsg"),
  fc.array(param, { maxLength: 4 }),
  fc.boolean(),
).filter(([, command]) => command !== "OPER").map(([tags, command, params, colon]) => {
  const last = params.at(-1);
  const before = params.slice(0, -1).map((word) => word.replaceAll(" ", "_"));
  return tags + [command, ...before, ...(last === undefined ? [] : [(colon ? ":" : "") + last])].join(" ");
});
const word = <T extends string>(...words: T[]) => fc.constantFrom(...words);
const room = word("#a", "#A", "#b", "#lobby");
const nick = word("ann", "Ben", "cat", "tom", "dora");
const plausible = fc.oneof(
  fc.tuple(word("JOIN", "PART", "NAMES", "TOPIC", "WHO", "LIST"), room).map((words) => words.join(" ")),
  fc.tuple(word("PRIVMSG", "NOTICE"), fc.oneof(room, nick), fc.constantFrom(...TEXTS)).map(([c, t, x]) =>
    `${c} ${t} :${x}`
  ),
  fc.tuple(word("NICK", "WHOIS", "MONITOR +", "WHOWAS", "KILL"), nick).map((words) => words.join(" ")),
  fc.tuple(word("KICK", "INVITE"), room, nick).map(([c, r, n]) => c === "KICK" ? `${c} ${r} ${n}` : `${c} ${n} ${r}`),
  fc.tuple(room, fc.constantFrom(...MODES), nick, nick).map((words) => `MODE ${words.join(" ")}`),
  fc.subarray(CAPS, { minLength: 1, maxLength: 4 }).map((caps) => `CAP REQ :${caps.join(" ")}`),
  fc.tuple(room, fc.constantFrom(...TEXTS)).map(([r, x]) => `TOPIC ${r} :${x}`),
  fc.constantFrom(...TEXTS).map((x) => `AWAY :${x}`),
  word("CAP LS 302", "CAP END", "NICK dora", "USER u 0 * :U", "QUIT :bye", "JOIN 0", "CAP REQ :batch labeled-response"),
);
const step = fc.tuple(fc.nat({ max: 2 }), fc.oneof(plausible, plausible, anything, fc.string({ unit: "binary" })));

/** Asserts the invariants of a chat. */
function assertConsistent({ chat }: ProtocolFixture): void {
  const members = new Set(chat.members);
  const keys = [...members].map((member) => fold(member.nick));
  assertEquals(new Set(keys).size, keys.length, "two have one nick");
  for (const member of members) {
    assertEquals(chat.find(member.nick), member);
    for (const [key, room] of member.rooms) assertEquals([chat.findRoom(key), room.has(member)], [room, true]);
  }
  for (const room of chat.rooms) {
    const inside = [...room.members];
    assertEquals(inside.length, room.members.size);
    assert(inside.length > 0 || room.name === LOBBY, `${room.name} is empty`);
    assert(inside.every((member) => members.has(member) && member.rooms.get(room.key) === room), "a ghost");
    for (const ranked of [...room.operators, ...room.ranks.voice]) assert(inside.includes(ranked), "a ghost's rank");
  }
}

Deno.test("session: arbitrary lines of three clients keep the state consistent, and all replies valid", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const fixture = new ProtocolFixture();
      try {
        const tom = await fixture.text("tom");
        const names = ["ann", "Ben", "cat"];
        const clients: Client[] = [];
        for (const name of names) clients.push(await fixture.irc(name));
        await fixture.join("#a", ...clients, tom);
        await tom.says("/join #a");
        fixture.chat.setFlag(clients[0]!.member, "operator", true);
        for (const [who, line] of steps) {
          if (!clients[who]!.connection.open) {
            await clients[who]!.over;
            clients[who] = fixture.connect();
            await clients[who]!.says(`NICK ${names[who]}`, "USER u 0 * :U");
          }
          await clients[who]!.says(line.replaceAll("\n", ""));
          assertConsistent(fixture);
          for (const client of clients) client.gets().forEach(ProtocolFixture.assertSound);
        }
        for (const client of fixture.clients) if (!client.connection.open) await client.over;
      } finally {
        await fixture.close();
      }
      assertEquals([fixture.chat.members.size, [...fixture.chat.rooms].length, fixture.options.unregistered.count], [
        0,
        1,
        0,
      ]);
    }),
    { numRuns: 150 },
  );
});
