/** KLINE, UNKLINE, MUTE, UNMUTE, ANNOUNCE, and STATS for server operators; KILL is in server_test.ts. */
import { assertEquals } from "@std/assert";
import { BANS_MAX } from "../../../src/moderation/bans.ts";
import { testModeration } from "../moderation_harness.ts";
import { type Client, clock, ProtocolFixture, THEN } from "./harness.ts";

const MINUTE = 60_000;

testModeration(
  "KLINE: bans for good or for a time in minutes or as in 12h, and replies with the number of disconnected users",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    await root.expect("KLINE 10.0.0.0/8 :too loud", "NOTICE root :Banned 10.0.0.0/8; 3 disconnected");
    await root.expect("KLINE 90 troll", "NOTICE root :Banned troll!*@*; 3 disconnected");
    await root.expect("KLINE 12h *!~bot@* :bots", "NOTICE root :Banned *!~bot@*; 3 disconnected");
    await root.expect("KLINE 0 192.0.2.7 :out", "NOTICE root :Banned 192.0.2.7; 3 disconnected");
    const made = { by: "root", since: THEN * 1000 };
    assertEquals(server.bans.all, [
      { what: "10.0.0.0/8", reason: "too loud", until: Infinity, ...made },
      { what: "troll!*@*", reason: "no reason given", until: THEN * 1000 + 90 * MINUTE, ...made },
      { what: "*!~bot@*", reason: "bots", until: THEN * 1000 + 12 * 60 * MINUTE, ...made },
      { what: "192.0.2.7", reason: "out", until: Infinity, ...made },
    ]);
    assertEquals([server.disconnects, server.takeAudits()], [4, [
      "banned root 10.0.0.0/8 for good",
      "banned root troll!*@* 1h30m",
      "banned root *!~bot@* 12h",
      "banned root 192.0.2.7 for good",
    ]]);
  },
);

testModeration(
  "KLINE: replies with an error, and bans nothing, when a parameter is not valid",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture, "standard-replies");
    await root.expect("KLINE", "461 root KLINE :Not enough parameters");
    await root.expect("KLINE 90", "461 root KLINE :Not enough parameters");
    const impossible = "Invalid ban: give an address, a network or a mask that does not match everyone";
    for (const what of ["*", "0.0.0.0/0", "0::/0", "*!*@*", "10.0.0.0/33", "é…"]) {
      await root.expect(`KLINE ${what} :x`, `FAIL KLINE INVALID_MASK ${what} :${impossible}`);
    }
    await root.expect("KLINE 10 90 :x", `FAIL KLINE INVALID_MASK 90 :${impossible}`);
    for (const time of ["9999999", "12y", "0h", "1h0x", "5Q"]) {
      await root.expect(
        `KLINE ${time} troll :x`,
        `FAIL KLINE INVALID_TIME ${time} :Invalid time: give minutes, or a duration such as 12h`,
      );
    }
    await root.expect("KLINE 10 *", `FAIL KLINE INVALID_MASK * :${impossible}`);
    assertEquals([server.bans.all, server.disconnects, server.takeAudits()], [[], 0, []]);
    for (let n = 0; n < BANS_MAX; n++) {
      server.bans.add({ what: `n${n}!*@*`, by: "x", reason: "", since: 0, until: Infinity });
    }
    await root.expect("KLINE more", `FAIL KLINE TOO_MANY_BANS :Too many bans: at most ${BANS_MAX}`);
    assertEquals([server.disconnects, server.takeAudits()], [0, []]);
  },
);

testModeration(
  "UNKLINE: lifts a ban by its mask in any case, and replies with an error when there is none",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    await root.asks("KLINE Troll", "KLINE 2001:DB8::/32");
    server.takeAudits();
    await root.expect("UNKLINE", "461 root UNKLINE :Not enough parameters");
    await root.expect("UNKLINE nobody", "NOTICE root :UNKLINE: No such ban. STATS k lists them");
    await root.expect("UNKLINE troll", "NOTICE root :Lifted the ban of troll!*@*");
    await root.expect("UNKLINE troll", "NOTICE root :UNKLINE: No such ban. STATS k lists them");
    await root.expect("UNKLINE 2001:db8::/32", "NOTICE root :Lifted the ban of 2001:db8::/32");
    assertEquals([server.bans.all, server.takeAudits()], [[], [
      "unbanned root troll!*@*",
      "unbanned root 2001:db8::/32",
    ]]);
  },
);

testModeration(
  "MUTE: mutes all users of a host, tells the user, and is audited; so does UNMUTE",
  async (fixture, server) => {
    const [root, troll] = [await server.ircOperator(fixture), await fixture.irc("troll")];
    await root.expect("MUTE TROLL 90", "NOTICE root :Muted troll and everyone else from host");
    assertEquals(troll.hears(), ["NOTICE * :root has muted you for 1h30m. You can read, but not write."]);
    await troll.expect("PRIVMSG root :x", "NOTICE troll :PRIVMSG: A server operator has muted you");
    clock.now += 90 * MINUTE - 1;
    await troll.expect("PRIVMSG root :x", "NOTICE troll :PRIVMSG: A server operator has muted you");
    clock.now++;
    await troll.expect("PRIVMSG root :x");
    assertEquals(root.hears(), [":troll!~troll@host PRIVMSG root :x"]);
    for (const line of ["MUTE troll", "MUTE troll 0"]) {
      await root.expect(line, "NOTICE root :Muted troll and everyone else from host");
      assertEquals(troll.hears(), ["NOTICE * :root has muted you. You can read, but not write."]);
    }
    clock.now += 1e12;
    await troll.expect("PRIVMSG root :x", "NOTICE troll :PRIVMSG: A server operator has muted you");
    await root.expect("UNMUTE troll", "NOTICE root :Unmuted troll");
    assertEquals(troll.hears(), ["NOTICE * :You can speak again."]);
    await troll.expect("PRIVMSG root :x");
    assertEquals(server.takeAudits(), [
      "muted root troll!~troll@host 1h30m",
      "muted root troll!~troll@host for good",
      "muted root troll!~troll@host for good",
      "unmuted root troll!~troll@host",
    ]);
  },
);

testModeration(
  "MUTE: replies with an error when a time is not valid, or the user is not muted",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture, "standard-replies");
    const troll = await fixture.irc("troll");
    await root.expect("MUTE", "461 root MUTE :Not enough parameters");
    await root.expect("MUTE nobody", "401 root nobody :No such nick/channel");
    for (const time of ["soon", "1y", "-5", "1.5h", "9999999"]) {
      await root.expect(
        `MUTE troll ${time}`,
        `FAIL MUTE INVALID_TIME ${time} :Invalid time: give minutes, or a duration such as 12h`,
      );
    }
    await root.expect("UNMUTE", "461 root UNMUTE :Not enough parameters");
    await root.expect("UNMUTE nobody", "401 root nobody :No such nick/channel");
    await root.expect("UNMUTE TROLL", "FAIL UNMUTE NOT_MUTED troll :Not muted");
    assertEquals([troll.hears(), fixture.chat.mutes.has("host"), server.takeAudits()], [[], false, []]);
  },
);

testModeration(
  "ANNOUNCE: tells all IRC and text users, in a room or not, and its text is not audited",
  async (fixture, server) => {
    const [root, bob] = [await server.ircOperator(fixture), await fixture.irc("bob")];
    const tom = await fixture.text("tom");
    await root.expect("ANNOUNCE", "461 root ANNOUNCE :Not enough parameters");
    await root.expect("ANNOUNCE : \x07 ");
    fixture.quiet();
    assertEquals(server.takeAudits(), []);
    await root.expect("ANNOUNCE :back\x07 at noon", "NOTICE * :Announcement from root: back at noon");
    assertEquals([bob.hears(), tom.hears()], [
      ["NOTICE * :Announcement from root: back at noon"],
      ["-- Announcement from root: back at noon"],
    ]);
    assertEquals(server.takeAudits(), ["announced root"]);
  },
);

testModeration(
  "STATS: k lists bans and z shows statistics, and both are audited",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    await root.expect("STATS k", "219 root k :End of /STATS report");
    await root.asks("KLINE 10.0.0.0/8 :too loud", "KLINE 90 troll");
    await root.expect(
      "STATS k",
      "216 root K 10.0.0.0/8 * * :10.0.0.0/8 for good, by root: too loud",
      "216 root K troll!*@* * * :troll!*@* for 1h30m more, by root: no reason given",
      "219 root k :End of /STATS report",
    );
    clock.now += 90 * MINUTE;
    assertEquals((await root.asks("STATS k")).length, 2);
    await root.expect("STATS z", "249 root :All is well.", "219 root z :End of /STATS report");
    assertEquals(server.takeAudits().filter((line) => !line.startsWith("banned")), [
      "bans root",
      "bans root",
      "bans root",
      "stats root",
    ]);
  },
);

testModeration("WALLOPS: is audited without its text", async (fixture, server) => {
  const root = await server.ircOperator(fixture);
  await root.asks("WALLOPS :secret plans");
  assertEquals(server.takeAudits(), ["wallops root"]);
});

testModeration(
  "moderation: every line is valid when a reason, a name or a mask is long or has odd characters",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture, "standard-replies");
    const [troll] = await fixture.channel("#tea", "troll") as [Client];
    const long = "ü".repeat(240);
    for (
      const line of [
        `KLINE ${"x".repeat(140)}!*@* :${long}`,
        `KLINE :${long}`,
        `KLINE :a b :c`,
        `UNKLINE :${long}`,
        `UNKLINE ::`,
        `MUTE troll ::`,
        `MUTE :${long}`,
        `ANNOUNCE :${long}`,
        "STATS k",
        `KILL troll :${long}`,
        `KILL troll :${"ü".repeat(155)}`,
      ]
    ) {
      await root.says(line);
      for (const client of [root, troll]) for (const each of client.gets()) ProtocolFixture.assertSound(each);
    }
    await troll.over;
  },
);
