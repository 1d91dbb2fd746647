/** `/oper`, `/kill`, `/ban`, `/unban`, `/bans`, `/mute`, `/unmute`, `/announce` and `/stats`. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { hashPassword } from "../../../src/accounts/password.ts";
import { BANS_MAX } from "../../../src/moderation/bans.ts";
import { Operators } from "../../../src/moderation/operators.ts";
import { clock, test, THEN } from "../irc/harness.ts";
import { ordered } from "../ordered.ts";

const HOUR = 3600_000;

const OPERATORS = Operators.read(`root ${await hashPassword("open sesame")}`);
const withOperators = () => ({ auth: new AuthService({ operators: OPERATORS }) });

test(
  "/oper with the right name and password makes an operator, who finds more in /help, and is put on record",
  async (chat) => {
    const alice = await chat.text("alice");
    const commands = async () => (await alice.asks("/help all")).map((line) => /^-- \/(\w+)/.exec(line)?.[1]);
    const before = await commands();
    await alice.expect(
      "/oper root open sesame",
      "-- You are a server operator now. /help operators shows what else you can do.",
    );
    assert(alice.member.operator);
    assertEquals(chat.hub.flagCounts.operator, 1);
    assertEquals(chat.audits, ["operator alice (root)"]);
    const after = await commands();
    assertEquals(after.filter((name) => !before.includes(name)), [
      "kill",
      "bans",
      "mute",
      "unmute",
      "announce",
      "stats",
    ]);
  },
  withOperators,
);

test(
  "/oper that is wrong three times ends the connection, after saying so, and nobody is an operator",
  async (chat) => {
    const [alice, bob] = [await chat.text("alice"), await chat.text("bob")];
    const wrong = "-- That is not the password.";
    await alice.expect("/oper", "-- Write /oper NAME PASSWORD – become a server operator, if you are listed as one.");
    await alice.expect("/oper root", wrong);
    await alice.expect("/oper nobody open sesame", wrong);
    bob.hears();
    await alice.expect("/oper root Open sesame", wrong, "-- Too many wrong passwords.");
    await alice.over;
    assertEquals(bob.hears(), ["-- alice left #lobby (Too many wrong passwords)"]);
    assertEquals([chat.hub.flagCounts.operator, chat.audits], [0, []]);
  },
  withOperators,
);

test("/oper makes no operator of who is gone by then, and keeps the next lines waiting", async (chat) => {
  const [alice, bob] = [await chat.text("alice"), await chat.text("bob")];
  chat.quiet();
  const asked = alice.says("/oper root open sesame", "/stats");
  assertEquals(alice.hears(), []);
  await asked;
  assertEquals(alice.hears().at(-1), "-- All is well.");
  const operator = () => Promise.resolve(chat.hub.disconnect(bob.member));
  Object.assign(chat.options.auth, { operator }); // the password is right, and takes as long as it does to be gone
  await bob.says("/oper root open sesame");
  assert(!bob.member.operator);
  assertEquals(chat.hub.flagCounts.operator, 1);
}, withOperators);

test("/oper where there are no operators says so, without a try being counted", async (chat) => {
  const alice = await chat.text("alice");
  for (let i = 0; i < 4; i++) {
    await alice.expect("/oper root x", "-- Nobody can: the server was started without --operators.");
  }
});

ordered(
  "/kill disconnects somebody, says why to them and to their room, and the reason is not on record",
  async (chat, station) => {
    const root = await station.textRoot(chat);
    const [tom, bob] = [await chat.text("tom"), await chat.irc("bob")];
    await chat.join("#lobby", bob);
    await root.expect("/kill", "-- Write /kill NAME [REASON] – disconnect a user.");
    await root.expect("/kill nobody", "-- No such user: nobody. /list shows who is here.");
    await root.expect("/kill TOM too  loud", "-- tom left #lobby (Killed (root (too loud)))");
    assertEquals(tom.hears(), ["-- You were disconnected by root: too loud"]);
    await tom.over;
    assertEquals(bob.hears(), [":tom!~guest@host QUIT :Killed (root (too loud))"]);
    await root.expect("/kill bob", "-- bob left #lobby (Killed (root (no reason given)))");
    await bob.over;
    assertEquals(station.recorded(), ["killed root tom", "killed root bob"]);
  },
);

ordered(
  "/ban bans from the server, for good or for a time, with a reason or without, and /bans lists it",
  async (chat, station) => {
    const root = await station.textRoot(chat);
    const answer = (what: string) => `-- ${what} is banned from this server; 3 disconnected. /bans lists all.`;
    await root.expect("/bans", "-- Nobody is banned, and nobody is muted.");
    await root.expect("/ban 10.0.0.0/8", answer("10.0.0.0/8"));
    await root.expect("/ban troll 12h too  loud", answer("troll!*@*"));
    await root.expect("/ban *!~bot@* soon", answer("*!~bot@*"));
    await root.expect(
      "/bans",
      "-- 10.0.0.0/8 for good, by root: no reason given",
      "-- troll!*@* for 12h more, by root: too loud",
      "-- *!~bot@* for good, by root: soon",
    );
    assertEquals(station.bans.all.map(({ since, until }) => [since, until]), [
      [THEN * 1000, Infinity],
      [THEN * 1000, THEN * 1000 + 12 * HOUR],
      [THEN * 1000, Infinity],
    ]);
    clock.now += 12 * HOUR;
    assertEquals((await root.asks("/bans")).length, 2);
    assertEquals([station.putOuts, station.recorded()], [3, [
      "bans root",
      "banned root 10.0.0.0/8 for good",
      "banned root troll!*@* 12h",
      "banned root *!~bot@* for good",
      "bans root",
      "bans root",
    ]]);
  },
);

ordered("who bans where they come from themselves is told so, on both doors", async (chat, station) => {
  station.own = true;
  const root = await station.textRoot(chat);
  assertEquals(await root.asks("/ban 192.0.2.7"), [
    "-- 192.0.2.7 is banned from this server; 3 disconnected. /bans lists all.",
    "-- You come from there yourself: /unban 192.0.2.7 before you leave, or stay out.",
  ]);
  const irc = await chat.irc("alice");
  chat.hub.setFlag(irc.member, "operator", true);
  assertEquals(await irc.asks("KLINE 192.0.2.7"), [
    "NOTICE alice :Banned 192.0.2.7; 3 disconnected",
    "NOTICE alice :This ban includes you: UNKLINE 192.0.2.7 before you disconnect, or you cannot come back",
  ]);
});

ordered("a time is minutes, or as in 12h, and 0 is for good, as on IRC", async (chat, station) => {
  const root = await station.textRoot(chat);
  await root.asks("/ban a 90 too loud", "/ban b 1h30m too loud", "/ban c 0 too loud", "/ban d 2nd time");
  assertEquals(station.bans.all.map(({ until, reason }) => [until - THEN * 1000, reason]), [
    [1.5 * HOUR, "too loud"],
    [1.5 * HOUR, "too loud"],
    [Infinity, "too loud"],
    [Infinity, "2nd time"],
  ]);
  const tom = await chat.text("tom");
  await root.asks("/mute tom 90");
  assertEquals(tom.hears(), ["-- You may not say anything, for 1h30m, as root has muted you."]);
  await root.asks("/mute tom 0");
  assertEquals(tom.hears(), ["-- You may not say anything, as root has muted you."]);
});

ordered("/ban says what cannot be banned, and /unban what is not", async (chat, station) => {
  const root = await station.textRoot(chat);
  await root.expect("/ban", "-- Write /ban NAME|MASK – keep a member out and silent, or all like *!*@HOST.");
  const impossible = "-- That cannot be banned. Write an address, a network such as 10.0.0.0/8, or nick!user@host.";
  for (const what of ["*", "*!*@*", "0.0.0.0/0", "::/0", "10.0.0.0/33 1h", "é", "90 troll"]) {
    await root.expect(`/ban ${what}`, impossible);
  }
  for (const time of ["9999999", "12y", "0h", "1h0x"]) {
    const sentence = `-- ${time} is no time. Write minutes, or as in 12h or 1h30m; 0 is for good.`;
    await root.expect(`/ban troll ${time} too loud`, sentence);
    await root.expect(`/mute root ${time}`, sentence);
  }
  await root.expect("/unban 10.0.0.0/8", "-- Nothing like that is banned. /bans lists what is.");
  for (let n = 0; n < BANS_MAX; n++) {
    station.bans.add({ what: `n${n}!*@*`, by: "x", reason: "", since: 0, until: Infinity });
  }
  await root.expect("/ban more", `-- There are ${BANS_MAX} bans already. /unban lifts one, /bans lists them.`);
  assertEquals([station.putOuts, station.recorded()], [0, []]);
  await root.expect("/unban N7", "-- N7!*@* is no longer banned.");
  assertEquals([station.bans.all.length, station.recorded()], [BANS_MAX - 1, ["unbanned root N7!*@*"]]);
});

ordered(
  "/mute and /unmute tell whom they concern, hold for all from there, and are put on record",
  async (chat, station) => {
    const root = await station.textRoot(chat);
    const tom = await chat.text("tom");
    await root.expect("/mute", "-- Write /mute NAME [TIME] – let a user say nothing, anywhere.");
    await root.expect("/mute nobody", "-- No such user: nobody. /list shows who is here.");
    await root.expect("/mute tom soon", "-- soon is no time. Write minutes, or as in 12h or 1h30m; 0 is for good.");
    await root.expect("/unmute tom", "-- tom is not muted.");
    assertEquals([tom.hears(), station.recorded()], [[], []]);
    const done = "-- tom can say nothing, and nobody else from host.";
    const muted = "-- A server operator has muted you: you can read, and say nothing.";
    await root.expect("/mute TOM 12h", done);
    assertEquals(tom.hears(), ["-- You may not say anything, for 12h, as root has muted you."]);
    await tom.expect("spam", muted);
    clock.now += 12 * HOUR;
    await tom.expect("hello", "<tom> hello");
    await root.asks("/mute tom");
    assertEquals(tom.hears(), ["-- You may not say anything, as root has muted you."]);
    await tom.expect("spam", muted);
    await root.expect("/unmute tom", "-- tom may speak again.");
    assertEquals(tom.hears(), ["-- You may speak again."]);
    await tom.expect("hello", "<tom> hello");
    assertEquals(station.recorded(), [
      "muted root tom!~guest@host 12h",
      "muted root tom!~guest@host for good",
      "unmuted root tom!~guest@host",
    ]);
  },
);

ordered("/announce tells everybody, and /stats how the server is; both are put on record", async (chat, station) => {
  const root = await station.textRoot(chat);
  const [tom, bob] = [await chat.text("tom"), await chat.irc("bob")];
  await root.expect("/announce", "-- Write /announce TEXT – send a notice to everyone.");
  await root.expect("/announce back at noon", "-- root to everybody: back at noon");
  assertEquals([tom.hears(), bob.hears()], [
    ["-- root to everybody: back at noon"],
    ["NOTICE * :root to everybody: back at noon"],
  ]);
  await root.expect("/stats", "-- All is well.");
  assertEquals(station.recorded(), ["announced root", "stats root"]);
});
