/** `/oper`, `/kill`, `/ban`, `/unban`, `/bans`, `/mute`, `/unmute`, `/announce` and `/stats`. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { hashPassword } from "../../../src/accounts/password.ts";
import { BANS_MAX } from "../../../src/moderation/bans.ts";
import { Operators } from "../../../src/moderation/operators.ts";
import { clock, test, THEN } from "../irc/harness.ts";
import { testModeration } from "../moderation_harness.ts";

const HOUR = 3600_000;

const OPERATORS = Operators.read(`root ${await hashPassword("open sesame")}`);
const withOperators = () => ({ auth: new AuthService({ operators: OPERATORS }) });

test(
  "oper: the right name and password make a server operator, with more in /help and an audit entry",
  async (fixture) => {
    const alice = await fixture.text("alice");
    const commands = async () => (await alice.asks("/help all")).map((line) => /^-- \/(\w+)/.exec(line)?.[1]);
    const before = await commands();
    await alice.expect(
      "/oper root open sesame",
      "-- Your password was visible. Next time write /oper root alone: telnet hides what it asks for.",
      "-- You are a server operator now. /help operators lists your commands.",
    );
    assert(alice.member.operator);
    assertEquals(fixture.chat.flagCounts.operator, 1);
    assertEquals(fixture.audits, ["operator alice (root)"]);
    const after = await commands();
    assertEquals(after.filter((name) => !before.includes(name)), [
      "kill",
      "bans",
      "mute",
      "unmute",
      "owner",
      "announce",
      "resetpass",
      "stats",
      "nodes",
    ]);
  },
  withOperators,
);

test(
  "oper: three wrong passwords end the connection, and make no operator",
  async (fixture) => {
    const [alice, bob] = [await fixture.text("alice"), await fixture.text("bob")];
    const wrong = "-- Wrong password.";
    await alice.expect(
      "/oper",
      "-- Usage: /oper NAME [PASSWORD] – become a server operator, if you are listed as one.",
    );
    await alice.expect("/oper root", "-- Password of operator root, please:");
    await alice.expect("open", wrong, "-- Password of operator root, please (an empty line cancels):");
    await alice.expect("", "-- Cancelled.");
    await alice.says("/oper nobody open sesame"); // it also says, once, that the password is visible
    assertEquals(alice.hears().at(-1), wrong);
    bob.hears();
    await alice.expect("/oper root Open sesame", wrong, "-- Too many wrong passwords.");
    await alice.over;
    assertEquals(bob.hears(), ["-- alice left #lobby (Too many wrong passwords)"]);
    assertEquals([fixture.chat.flagCounts.operator, fixture.audits], [0, []]);
  },
  withOperators,
);

test("oper: a member that has left meanwhile is not made an operator, and the next line waits", async (fixture) => {
  const [alice, bob] = [await fixture.text("alice"), await fixture.text("bob")];
  fixture.quiet();
  const asked = alice.says("/oper root open sesame", "/stats");
  assertEquals(alice.hears(), []);
  await asked;
  assertEquals(alice.hears().at(-1), "-- All is well.");
  const verifyOperator = () => Promise.resolve(fixture.chat.remove(bob.member));
  Object.assign(fixture.options.auth, { verifyOperator }); // right, but the member leaves during the check
  await bob.says("/oper root open sesame");
  assert(!bob.member.operator);
  assertEquals([fixture.chat.flagCounts.operator, fixture.audits], [1, [
    "operator alice (root)",
    "stats alice (root)",
  ]]);
}, withOperators);

test("oper: a server without operators replies so, and counts no failure", async (fixture) => {
  const alice = await fixture.text("alice");
  for (let i = 0; i < 4; i++) {
    await alice.expect("/oper root x", "-- This server has no operators: it was started without --operators.");
  }
});

testModeration(
  "kill: disconnects a user with the reason, which is not in the audit log",
  async (fixture, server) => {
    const root = await server.textOperator(fixture);
    const [tom, bob] = [await fixture.text("tom"), await fixture.irc("bob")];
    await fixture.join("#lobby", bob);
    await root.expect("/kill", "-- Usage: /kill NAME [REASON] – disconnect a user.");
    await root.expect("/kill nobody", "-- No such user: nobody. /list shows who is here.");
    await root.expect("/kill TOM too  loud", "-- tom left #lobby (Killed (root (too loud)))");
    assertEquals(tom.hears(), ["-- You were disconnected by root: too loud"]);
    await tom.over;
    assertEquals(bob.hears(), [":tom!~guest@host QUIT :Killed (root (too loud))"]);
    await root.expect("/kill bob", "-- bob left #lobby (Killed (root (no reason given)))");
    await bob.over;
    assertEquals(server.takeAudits(), ["killed root tom", "killed root bob"]);
  },
);

testModeration(
  "ban: bans from the server, for a time or for good, with or without a reason, and /bans lists it",
  async (fixture, server) => {
    const root = await server.textOperator(fixture);
    const answer = (what: string) => `-- ${what} is banned from this server; 3 disconnected. /bans lists all.`;
    await root.expect("/bans", "-- There are no bans and no mutes.");
    await root.expect("/ban 10.0.0.0/8", answer("10.0.0.0/8"));
    await root.expect("/ban troll 12h too  loud", answer("troll!*@*"));
    await root.expect("/ban *!~bot@* soon", answer("*!~bot@*"));
    await root.expect(
      "/bans",
      "-- 10.0.0.0/8 for good, by root: no reason given",
      "-- troll!*@* for 12h more, by root: too loud",
      "-- *!~bot@* for good, by root: soon",
    );
    assertEquals(server.bans.all.map(({ since, until }) => [since, until]), [
      [THEN * 1000, Infinity],
      [THEN * 1000, THEN * 1000 + 12 * HOUR],
      [THEN * 1000, Infinity],
    ]);
    clock.now += 12 * HOUR;
    assertEquals((await root.asks("/bans")).length, 2);
    assertEquals([server.disconnects, server.takeAudits()], [3, [
      "bans root",
      "banned root 10.0.0.0/8 for good",
      "banned root troll!*@* 12h",
      "banned root *!~bot@* for good",
      "bans root",
      "bans root",
    ]]);
  },
);

testModeration("ban: an operator whose ban includes them is warned, on both protocols", async (fixture, server) => {
  server.includesCaller = true;
  const root = await server.textOperator(fixture);
  assertEquals(await root.asks("/ban 192.0.2.7"), [
    "-- 192.0.2.7 is banned from this server; 3 disconnected. /bans lists all.",
    "-- This ban includes you: /unban 192.0.2.7 before you leave, or you cannot come back.",
  ]);
  const irc = await fixture.irc("alice");
  fixture.chat.setFlag(irc.member, "operator", true);
  assertEquals(await irc.asks("KLINE 192.0.2.7"), [
    "NOTICE alice :Banned 192.0.2.7; 3 disconnected",
    "NOTICE alice :This ban includes you: UNKLINE 192.0.2.7 before you disconnect, or you cannot come back",
  ]);
});

testModeration("ban: a time is in minutes or as in 12h, and 0 is for good", async (fixture, server) => {
  const root = await server.textOperator(fixture);
  await root.asks("/ban a 90 too loud", "/ban b 1h30m too loud", "/ban c 0 too loud", "/ban d 2nd time");
  assertEquals(server.bans.all.map(({ until, reason }) => [until - THEN * 1000, reason]), [
    [1.5 * HOUR, "too loud"],
    [1.5 * HOUR, "too loud"],
    [Infinity, "too loud"],
    [Infinity, "2nd time"],
  ]);
  const tom = await fixture.text("tom");
  await root.asks("/mute tom 90");
  assertEquals(tom.hears(), ["-- root has muted you for 1h30m. You can read, but not write."]);
  await root.asks("/mute tom 0");
  assertEquals(tom.hears(), ["-- root has muted you. You can read, but not write."]);
});

testModeration("ban: /ban rejects what cannot be banned, and /unban what is not", async (fixture, server) => {
  const root = await server.textOperator(fixture);
  await root.expect("/ban", "-- Usage: /ban NAME|MASK – ban and remove a user, or all who match *!*@HOST.");
  const impossible = "-- Invalid ban: use an address, a network such as 10.0.0.0/8, or nick!user@host.";
  for (const what of ["*", "*!*@*", "0.0.0.0/0", "::/0", "10.0.0.0/33 1h", "é…", "90 troll"]) {
    await root.expect(`/ban ${what}`, impossible);
  }
  for (const time of ["9999999", "12y", "0h", "1h0x"]) {
    const sentence = `-- Invalid time: ${time}. Use minutes, 12h or 1h30m; 0 is for good.`;
    await root.expect(`/ban troll ${time} too loud`, sentence);
    await root.expect(`/mute root ${time}`, sentence);
  }
  await root.expect("/unban 10.0.0.0/8", "-- No such ban. /bans lists the bans.");
  for (let n = 0; n < BANS_MAX; n++) {
    server.bans.add({ what: `n${n}!*@*`, by: "x", reason: "", since: 0, until: Infinity });
  }
  await root.expect(
    "/ban more",
    `-- This server has reached its limit of ${BANS_MAX} bans. /bans lists them, /unban removes one.`,
  );
  assertEquals([server.disconnects, server.takeAudits()], [0, []]);
  await root.expect("/unban N7", "-- N7!*@* is no longer banned.");
  assertEquals([server.bans.all.length, server.takeAudits()], [BANS_MAX - 1, ["unbanned root N7!*@*"]]);
});

testModeration(
  "mute: /mute and /unmute notify the user, apply to the host, and are in the audit log",
  async (fixture, server) => {
    const root = await server.textOperator(fixture);
    const tom = await fixture.text("tom");
    await root.expect("/mute", "-- Usage: /mute NAME [TIME] – mute a user, in all rooms.");
    await root.expect("/mute nobody", "-- No such user: nobody. /list shows who is here.");
    await root.expect("/mute tom soon", "-- Invalid time: soon. Use minutes, 12h or 1h30m; 0 is for good.");
    await root.expect("/unmute tom", "-- tom is not muted.");
    assertEquals([tom.hears(), server.takeAudits()], [[], []]);
    const done = "-- Muted tom, and all users from host.";
    const muted = "-- A server operator has muted you. You can read, but not write.";
    await root.expect("/mute TOM 12h", done);
    assertEquals(tom.hears(), ["-- root has muted you for 12h. You can read, but not write."]);
    await tom.expect("spam", muted);
    clock.now += 12 * HOUR;
    await tom.expect("hello", "<tom> hello");
    await root.asks("/mute tom");
    assertEquals(tom.hears(), ["-- root has muted you. You can read, but not write."]);
    await tom.expect("spam", muted);
    await root.expect("/unmute tom", "-- tom can speak again.");
    assertEquals(tom.hears(), ["-- You can speak again."]);
    await tom.expect("hello", "<tom> hello");
    assertEquals(server.takeAudits(), [
      "muted root tom!~guest@host 12h",
      "muted root tom!~guest@host for good",
      "unmuted root tom!~guest@host",
    ]);
  },
);

testModeration(
  "announce: /announce reaches all users, /stats shows the state; both are in the audit log",
  async (fixture, server) => {
    const root = await server.textOperator(fixture);
    const [tom, bob] = [await fixture.text("tom"), await fixture.irc("bob")];
    await root.expect("/announce", "-- Usage: /announce TEXT – send a notice to all users.");
    await root.expect("/announce back at noon", "-- Announcement from root: back at noon");
    assertEquals([tom.hears(), bob.hears()], [
      ["-- Announcement from root: back at noon"],
      ["NOTICE * :Announcement from root: back at noon"],
    ]);
    await root.expect("/stats", "-- All is well.");
    assertEquals(server.takeAudits(), ["announced root", "stats root"]);
  },
);
