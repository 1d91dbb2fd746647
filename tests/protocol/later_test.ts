/** Clients on a chat that answers later, as in a cluster, when other commands are applied in between. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../src/accounts/auth.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Session } from "../../src/chat/member.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { LINES_UNDER_WAY } from "../../src/protocol/lines_under_way.ts";
import { enforceBan } from "../../src/server/enforce_ban.ts";
import { AuthFixture } from "../accounts/helpers.ts";
import { PASSWORD } from "./irc/command_lines.ts";
import { DelayedChat } from "../delayed_chat.ts";
import { type Client, ProtocolFixture } from "./irc/harness.ts";

/** Clients of a chat whose commands are applied when a test says so. */
class LaterFixture {
  readonly local: LocalChat;
  readonly delayed: DelayedChat;
  readonly fixture: ProtocolFixture;

  constructor(office?: AuthFixture) {
    const options = { history: new MemoryHistory() };
    this.local = office?.chat(options) ?? new LocalChat(options);
    this.delayed = new DelayedChat(this.local);
    office?.accounts.submitTo(this.delayed.chat.directory);
    this.fixture = new ProtocolFixture({ chat: this.delayed.chat, auth: office?.auth ?? new AuthService() });
  }

  /** From now on, commands wait for `apply`. */
  hold(): void {
    this.fixture.quiet();
    this.delayed.isHeld = true;
  }

  /** Applies all commands. */
  apply(): Promise<void> {
    return this.delayed.applyAll();
  }

  /** Sends a line; resolves when it waits for the chat. What it waits for may be the lines before it. */
  async gives(client: Client, ...lines: string[]): Promise<void> {
    void client.says(...lines);
    await turns();
  }

  /** Resolves when a command that checks a password has given its first change, which is applied later. */
  async passwordChecked(): Promise<void> {
    const before = this.delayed.waiting;
    while (this.delayed.waiting === before) await turns();
  }

  /** An IRC client in #tea. */
  async inTea(nick: string, ...capabilities: string[]): Promise<Client> {
    const client = await this.fixture.irc(nick, ...capabilities);
    await client.says("JOIN #tea");
    return client;
  }
}

/** Lets all reactions run, of promises and of the time slicer. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve));
}

/** Registers a test with clients of its own, which leave in the end. */
function test(name: string, run: (later: LaterFixture) => Promise<void>): void {
  Deno.test(`delayed: ${name}`, async () => {
    const later = new LaterFixture();
    try {
      await run(later);
    } finally {
      later.delayed.isHeld = false;
      await later.apply();
      await later.fixture.close();
    }
    assertEquals(later.local.members.size, 0);
  });
}

/** Numbered lines. */
function numbered(count: number, line: (n: number) => string): string[] {
  return Array.from({ length: count }, (_, n) => line(n));
}

test("a client is read no further while it has as many lines under way as allowed", async (later) => {
  const [alice, bob] = [await later.inTea("alice"), await later.inTea("bob")];
  const tom = await later.fixture.text("tom");
  const count = 3 * LINES_UNDER_WAY;
  later.hold();
  await later.gives(alice, ...numbered(count, (n) => `PRIVMSG #tea :${n}`));
  assertEquals(later.delayed.waiting, LINES_UNDER_WAY);
  await later.gives(tom, ...numbered(count, String));
  assertEquals(later.delayed.waiting, 2 * LINES_UNDER_WAY);
  later.delayed.isHeld = false;
  await later.apply();
  assertEquals(bob.hears().map((line) => line.split(":")[2]), numbered(count, String));
  assertEquals(tom.gets(), numbered(count, (n) => `<tom> ${n}`));
});

test("a reply, a reaction and a deletion come in order, and after a kick the user gets the reason", async (later) => {
  const alice = await later.inTea("alice");
  const tom = await later.fixture.text("tom");
  await tom.says("/join #tea", "hello");
  await alice.says("PRIVMSG #tea :hi");
  await later.apply();
  later.hold();
  await later.gives(tom, "/reply yes", "/react alice 👍", "/paste", "one", "two", ".", "/delete two", "/ping");
  await later.apply();
  assertEquals(tom.gets(), [
    '<tom to alice> "hi": yes',
    '-- tom reacted 👍 to "hi"',
    "-- Paste your lines. A line with just . sends them, /cancel drops them.",
    "<tom> one",
    "      two",
    '-- tom deleted: "one two"',
    "-- Pong.",
  ]);
  for (const line of ["/reply yes", "/react alice x", "/unreact", "/delete hello"]) {
    await later.gives(alice, "KICK #tea tom");
    await later.gives(tom, line);
    await later.apply();
    assertEquals(tom.gets().slice(0, 2), [
      "-- alice kicked tom from #tea",
      "-- You are not in #tea. Join it first: /join #tea",
    ], line);
    later.delayed.isHeld = false;
    await tom.says("/join #tea");
    later.hold();
  }
});

test("a reply comes after the lines that the client has sent before", async (later) => {
  const alice = await later.inTea("alice", "echo-message");
  const tom = await later.fixture.text("tom");
  later.hold();
  await later.gives(alice, "PRIVMSG #tea :hi", "PING 1", "PRIVMSG #tea,alice :both");
  await later.gives(tom, "hello", "/ping", "again", "\x02/ping");
  assertEquals([alice.gets(), tom.gets()], [[], []]);
  await later.apply();
  assertEquals(alice.hears(), [
    ":alice!~alice@host PRIVMSG #tea :hi",
    "PONG irc.test :1",
    ":alice!~alice@host PRIVMSG #tea :both",
    ":alice!~alice@host PRIVMSG alice :both",
    ":alice!~alice@host PRIVMSG alice :both",
  ]);
  assertEquals(tom.gets(), ["<tom> hello", "-- Pong.", "<tom> again", "-- Pong."]);
});

const LABELS = ["labeled-response", "batch", "echo-message"];

test("a labeled message has its echo in the response, and not what others say meanwhile", async (later) => {
  const [alice, bob] = [await later.inTea("alice", ...LABELS), await later.inTea("bob")];
  later.hold();
  await later.gives(bob, "PRIVMSG #tea :before");
  await later.gives(alice, "PRIVMSG #tea :plain", "@label=x PRIVMSG #tea :hi", "@label=y NOTICE #tea :hi");
  await later.gives(bob, "PRIVMSG #tea :after");
  await later.apply();
  assertEquals(alice.hears(), [
    ":bob!~bob@host PRIVMSG #tea :before",
    ":alice!~alice@host PRIVMSG #tea :plain",
    ":bob!~bob@host PRIVMSG #tea :after",
    "@label=x :alice!~alice@host PRIVMSG #tea :hi",
    "@label=y :alice!~alice@host NOTICE #tea :hi",
  ]);
});

for (
  const [line, ...response] of [
    ["TOPIC #tea :green", ":alice!~alice@host TOPIC #tea :green"],
    ["NICK ally", ":alice!~alice@host NICK ally"],
    ["MODE #tea +m", ":alice!~alice@host MODE #tea +m"],
    ["KICK #tea carol :out", ":alice!~alice@host KICK #tea carol :out"],
    ["PART #tea", ":alice!~alice@host PART #tea"],
    ["AWAY :lunch", "306 alice :You have been marked as being away"],
    ["INVITE dave #tea", "341 alice dave #tea"],
    ["SETNAME :Real", ":alice!~alice@host SETNAME :Real"],
    ["@+a TAGMSG #tea", "+a :alice!~alice@host TAGMSG #tea"],
    ["PRIVMSG dave :hi", ":alice!~alice@host PRIVMSG dave :hi"],
  ] as const
) {
  test(`the response to a labeled ${line} is the same, and what others do meanwhile is no part of it`, async (later) => {
    const alice = await later.inTea("alice", ...LABELS, "message-tags", "setname");
    const [bob] = [await later.inTea("bob"), await later.inTea("carol"), await later.fixture.irc("dave")];
    const echoed = await later.fixture.irc("eve");
    await later.fixture.join("#milk", alice, echoed);
    later.hold();
    await later.gives(bob, "PRIVMSG #tea :before");
    const [tags = "", command = ""] = line.startsWith("@") ? line.slice(1).split(" TAGMSG") : [];
    await later.gives(alice, tags === "" ? `@label=x ${line}` : `@label=x;${tags} TAGMSG${command}`);
    await later.gives(echoed, "PRIVMSG #milk :after");
    await later.apply();
    const lines = alice.hears().map((each) => each.replace(/;msgid=\w+|@msgid=\w+ /, ""));
    const labeled = response.map((each) => each.startsWith("+") ? `@label=x;${each}` : `@label=x ${each}`);
    assertEquals(lines.filter((each) => each.startsWith("@label=x")), labeled);
    const others = lines.filter((each) => !each.startsWith("@label=x"));
    assertEquals(others, [":bob!~bob@host PRIVMSG #tea :before", ":eve!~eve@host PRIVMSG #milk :after"]);
  });
}

test("a labeled JOIN has all that follows from it in one batch, and not what is said meanwhile", async (later) => {
  const [alice, bob] = [await later.inTea("alice", ...LABELS), await later.inTea("bob")];
  later.hold();
  await later.gives(alice, "@label=x JOIN #milk,#den");
  await later.gives(bob, "PRIVMSG #tea :hi");
  await later.apply();
  const lines = alice.hears();
  assertEquals(lines.filter((line) => !/batch=|BATCH/.test(line)), [":bob!~bob@host PRIVMSG #tea :hi"]);
  const joined = lines.filter((line) => line.includes(" JOIN "));
  assertEquals(joined.map((line) => [line.startsWith("@batch=b0"), line.split(" JOIN ")[1]]), [
    [true, "#milk"],
    [true, "#den"],
  ]);
});

test("a line that is rejected when it is applied gets the reply that it gets at once", async (later) => {
  const op = await later.inTea("op");
  const [alice, carol] = [await later.inTea("alice", ...LABELS), await later.inTea("carol")];
  const tom = await later.fixture.text("tom");
  await tom.says("/join #tea");
  later.hold();
  await later.gives(op, "MODE #tea +m");
  await later.gives(alice, "@label=x PRIVMSG #tea :hi");
  await later.gives(carol, "NOTICE #tea :hi", "PRIVMSG #tea :\u0001ACTION waves\u0001");
  await later.gives(tom, "hi");
  await later.apply();
  const mode = ":op!~op@host MODE #tea +m";
  assertEquals(alice.hears(), [mode, "@label=x 404 alice #tea :Cannot send to channel"]);
  assertEquals(carol.hears(), [mode, "404 carol #tea :Cannot send to channel"]);
  assertEquals(tom.gets(), [
    "-- op moderated #tea: only operators and members with a voice can speak",
    "-- You cannot speak in #tea. Ask an operator of the room for a voice.",
  ]);
});

test("of two clients that register a nickname at once, the second gets 433 and chooses another one", async (later) => {
  const [alice, other] = [later.fixture.connect(), later.fixture.connect()];
  later.hold();
  for (const client of [alice, other]) await later.gives(client, "NICK alice", "USER a 0 * :A");
  void later.delayed.chat.notice("Good morning.");
  assertEquals([alice.gets(), other.gets()], [[], []]);
  await later.apply();
  const [first = ""] = alice.hears();
  assertEquals(first.split(" ", 2), ["001", "alice"]);
  assertEquals(other.hears(), ["433 * alice :Nickname is already in use"]);
  await later.gives(other, "NICK alicia");
  await later.apply();
  assertEquals(other.hears()[0]?.split(" ", 2), ["001", "alicia"]);
});

test("a client that leaves or is closed while it registers leaves no member behind", async (later) => {
  const { unregistered } = later.fixture.options;
  const [left, closed] = [later.fixture.connect(), later.fixture.connect()];
  later.hold();
  for (const [n, client] of [left, closed].entries()) {
    await later.gives(client, `NICK alice${n}`, "USER a 0 * :A");
  }
  left.connection.leave("connection lost");
  later.fixture.options.keepalive.check(performance.now() + 1e9);
  const tom = later.fixture.text("tom");
  later.fixture.clients.at(-1)!.connection.leave();
  assertEquals(unregistered.count, 2);
  await later.apply();
  await Promise.all([left.over, closed.over, tom]);
  await later.apply();
  assertEquals([later.local.members.size, unregistered.count, closed.session], [0, 0, undefined as unknown as Session]);
});

test("text clients that connect at once are different guests", async (later) => {
  later.hold();
  const connecting = Array.from({ length: 100 }, () => later.fixture.text(""));
  later.delayed.isHeld = false;
  await later.apply();
  await Promise.all(connecting);
  const nicks = later.fixture.clients.map(({ member }) => member.nick);
  assertEquals(new Set(nicks).size, 100);
});

test("JOIN 0 leaves all channels when the user is kicked from one of them meanwhile", async (later) => {
  const op = await later.inTea("op");
  const alice = await later.inTea("alice");
  await alice.says("JOIN #milk");
  later.hold();
  await later.gives(op, "KICK #tea alice");
  await later.gives(alice, "JOIN 0");
  await later.apply();
  assertEquals(alice.member.rooms.size, 0);
  assertEquals(alice.hears(), [
    ":op!~op@host KICK #tea alice :op",
    "442 alice #tea :You're not on that channel",
    ":alice!~alice@host PART #milk",
  ]);
});

test("TAGMSG names the user that has left meanwhile", async (later) => {
  const [alice, bob] = [await later.inTea("alice", "message-tags"), await later.inTea("bob")];
  later.hold();
  await later.gives(bob, "QUIT");
  await later.gives(alice, "@+a TAGMSG bob");
  await later.apply();
  assertEquals(alice.hears().at(-1), "401 alice bob :No such nick/channel");
});

test("a labeled message to oneself is not in the response, but its echo is", async (later) => {
  const alice = await later.inTea("alice", ...LABELS);
  later.hold();
  await later.gives(alice, "@label=x PRIVMSG alice :1", "@label=y PRIVMSG #tea,alice :2");
  await later.apply();
  assertEquals(alice.hears(), [
    ":alice!~alice@host PRIVMSG alice :1",
    "@label=x :alice!~alice@host PRIVMSG alice :1",
    ":alice!~alice@host PRIVMSG alice :2",
    "@label=y BATCH +b1 labeled-response",
    "@batch=b1 :alice!~alice@host PRIVMSG #tea :2",
    "@batch=b1 :alice!~alice@host PRIVMSG alice :2",
    "BATCH -b1",
  ]);
});

test("a client that is killed while its commands are under way ends without an error", async (later) => {
  const [alice, carol] = [await later.inTea("alice", ...LABELS), await later.inTea("carol")];
  const tom = await later.fixture.text("tom");
  const root = await later.inTea("root");
  later.local.setFlag(root.member, "operator", true);
  later.hold();
  await later.gives(alice, "@label=x JOIN #a,#b,#c", "PRIVMSG #tea :hi");
  await later.gives(root, "KILL alice");
  await later.apply();
  await later.gives(root, "KILL carol");
  await later.gives(carol, "PRIVMSG #tea :hi", "TOPIC #tea :green");
  let isRun = false;
  later.local.setTopic = () => void (isRun = true);
  await later.apply();
  assert(!isRun, "a line was run after its connection was closed");
  await later.gives(root, "KILL tom");
  await later.gives(tom, "hi", "/join #a", "hi");
  await later.apply();
  await Promise.all([alice.over, carol.over, tom.over]);
  assertEquals([...later.local.members].map(({ nick }) => nick), ["root"]);
});

test("a text client that is kicked while its line is under way says the next one in the lobby", async (later) => {
  const op = await later.inTea("op");
  const tom = await later.fixture.text("tom");
  await tom.says("/join #tea");
  later.hold();
  await later.gives(op, "KICK #tea tom");
  await later.gives(tom, "lost");
  await later.apply();
  await later.gives(tom, "found");
  await later.apply();
  const lines = tom.gets();
  assertEquals(lines.filter((line) => /lost|not in/.test(line)), ["-- You are not in #tea. Join it first: /join #tea"]);
  assertEquals(lines.at(-1), "<tom> found");
  assert(later.local.findRoom("#lobby").has(tom.member));
});

/** Registers a test with accounts, and two devices of alice, the first by IRC. */
function testDevices(
  name: string,
  connectSecond: (fixture: ProtocolFixture) => Promise<Client>,
  run: (later: LaterFixture, first: Client, second: Client) => Promise<void>,
) {
  Deno.test(`delayed: ${name}`, async () => {
    await using office = await AuthFixture.open();
    const later = new LaterFixture(office);
    const { fixture } = later;
    try {
      const first = await fixture.irc("alice", ...LABELS);
      await first.says(`NS REGISTER ${PASSWORD}`, "JOIN #tea");
      const second = await connectSecond(fixture);
      assertEquals(second.member.account, "alice");
      await run(later, first, second);
    } finally {
      later.delayed.isHeld = false;
      await later.apply();
      await fixture.close();
    }
  });
}

async function ircDevice(fixture: ProtocolFixture): Promise<Client> {
  const phone = await fixture.irc("phone", "standard-replies");
  await phone.says(`NS IDENTIFY alice ${PASSWORD}`);
  return phone;
}

async function textDevice(fixture: ProtocolFixture): Promise<Client> {
  const phone = await fixture.text("phone");
  await phone.says(`/login alice ${PASSWORD}`);
  return phone;
}

testDevices(
  "an account is deleted to the end when another device of it disconnects meanwhile",
  ircDevice,
  async (later, first, second) => {
    await first.says("NS SET ALWAYS-ON ON", "MODE #tea +m");
    later.hold();
    await later.gives(second, "QUIT");
    const dropped = first.says(`NS DROP ${PASSWORD}`);
    await later.passwordChecked();
    await later.apply();
    await dropped;
    await later.apply();
    assertEquals(first.hears().at(-1), ":NickServ!services@irc.test NOTICE alice :alice is no longer registered.");
    assertEquals([first.member.account, later.local.alwaysOn.status("alice").choice], [undefined, undefined]);
  },
);

/** Gives a line of the second device when the account is gone, and the logout of that device waits to be applied. */
async function giveWhileDropped(later: LaterFixture, first: Client, second: Client, line: string): Promise<void> {
  later.hold();
  const dropped = first.says(`NS DROP ${PASSWORD}`);
  await later.passwordChecked();
  await later.delayed.apply();
  await turns();
  await later.gives(second, line);
  await later.apply();
  await dropped;
  await later.apply();
}

testDevices(
  "a channel is not shown to a client whose user is another one when its JOIN is applied",
  ircDevice,
  async (later, first, second) => {
    await giveWhileDropped(later, first, second, "JOIN #milk");
    assertEquals(second.hears().filter((line) => line.includes("JOIN #milk")), []);
    assertEquals([...second.member.rooms.keys()], []);
  },
);

testDevices(
  "a text client whose user is another one when its /join is applied goes where that is",
  textDevice,
  async (later, first, second) => {
    await giveWhileDropped(later, first, second, "/join #milk");
    assertEquals(second.gets().filter((line) => line.includes("#milk")), []);
    later.delayed.isHeld = false;
    await second.says("hi");
    await later.apply();
    assertEquals(second.gets(), [`<${second.member.nick}> hi`]);
    assertEquals([...second.member.rooms.keys()], ["#lobby"]);
  },
);

testDevices(
  "a registration ends quietly when its client is killed before it is logged in",
  ircDevice,
  async (later) => {
    const tom = await later.fixture.text("tom");
    const { auth } = later.fixture.options;
    const register = auth.register.bind(auth);
    auth.register = async (...args) => {
      const account = await register(...args);
      const { member } = tom;
      later.local.remove(member, "killed", { ending: "killed", words: "killed", notice: "You are killed" });
      return account;
    };
    await tom.says(`/register ${PASSWORD}`);
    await tom.over;
    assertEquals(later.local.get("tom"), undefined);
  },
);

testDevices(
  "lines of a client are dropped that come while a ban disconnects it and its always-on user",
  ircDevice,
  async (later, first, second) => {
    await first.says("NS SET ALWAYS-ON ON");
    await second.leave();
    const root = await later.fixture.irc("root");
    later.hold();
    const ban = { what: "*!*@host", by: "root", reason: "spam", since: 0, until: Infinity };
    const { value } = enforceBan(ban, root.member, [[first.connection, first]], later.delayed.chat).next();
    await later.delayed.apply(); // its user is still to be removed
    let isRun = false;
    later.local.setTopic = () => void (isRun = true);
    await later.gives(first, "TOPIC #tea :green");
    await later.apply();
    assert(!isRun, "a line was run after its session was disconnected");
    await (value as { done: Promise<unknown> }).done;
    await first.over;
    assertEquals([first.connection.closeReason, later.local.get("alice")], ["banned", undefined]);
  },
);
