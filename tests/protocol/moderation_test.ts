/** Moderation that is the same on all protocols. */
import { assert, assertEquals } from "@std/assert";
import { ban, countDisconnected, describe, kill, mute, unban, unmute } from "../../src/protocol/moderation.ts";
import { BANS_MAX } from "../../src/moderation/bans.ts";
import type { ClusterView } from "../../src/chat/cluster_view.ts";
import { REASON_MAX } from "../../src/chat/lengths.ts";
import { assertRejected } from "../chat/helpers.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { text } from "../../src/protocol/text/session.ts";
import { Client, clock, THEN } from "./irc/harness.ts";
import { testModeration } from "./moderation_harness.ts";

const NOW = THEN * 1000;
const HOUR = 3600_000;

testModeration(
  "moderation: commands of users who are not server operators are rejected and change nothing",
  async (fixture, server) => {
    const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
    const tom = await fixture.text("tom");
    fixture.chat.mutes.add("elsewhere", Infinity);
    server.bans.add({ what: "10.0.0.0/8", by: "root", reason: "spam", since: 0, until: Infinity });
    const lines = [
      "KILL bob :x",
      "KLINE bob :x",
      "KLINE 10 *!*@*",
      "KLINE 5Q bob",
      "KLINE 90",
      "UNKLINE 10.0.0.0/8",
      "MUTE bob",
      "MUTE bob soon",
      "UNMUTE bob",
      "ANNOUNCE :x",
      "STATS k",
      "STATS z",
      "WALLOPS x",
    ];
    for (const line of lines) await alice.expect(line, "481 alice :Permission Denied- You're not an IRC operator");
    const refusal = "-- Only server operators can do that. If you are one: /oper NAME";
    for (
      const line of ["/kill bob x", "/bans", "/mute bob", "/mute bob soon", "/unmute bob", "/announce x", "/stats"]
    ) {
      await tom.expect(line, refusal);
    }
    for (const line of ["/ban bob", "/unban 10.0.0.0/8"]) {
      await tom.expect(line, "-- Only operators of #lobby can do that. /who marks them with @ or ~.");
    }
    assertRejected(
      "not-server-operator",
      "alice",
      () => void ban(fixture.options.moderation, fixture.chat, alice.member, "bob"),
    );
    assertEquals([bob.hears(), fixture.chat.has(bob.member), fixture.chat.mutes.has("host")], [[], true, false]);
    assertEquals([server.bans.all.length, server.disconnects, server.takeAudits()], [1, 0, []]);
  },
);

testModeration("moderation: /ban and /unban of other users apply to their room alone", async (fixture, server) => {
  const tom = await fixture.text("tom");
  await tom.asks("/join #tea");
  await tom.expect("/ban bob", "-- tom banned bob!*@* from #tea");
  await tom.expect("/unban bob", "-- tom lifted the ban of bob!*@* from #tea");
  assertEquals([server.bans.all, server.disconnects, server.takeAudits()], [[], 0, []]);
});

testModeration(
  "ban: the nickname of a user means the user's host, and another name a mask",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    const troll = fixture.connect("192.0.2.66");
    await troll.says("NICK troll", "USER troll 0 * :x");
    const at = (text: string) => ban(fixture.options.moderation, fixture.chat, root.member, text);
    assertEquals(await at("TROLL"), { what: "*!*@elsewhere", undo: "troll", disconnected: 3, includesCaller: false });
    assertEquals(await at("nobody"), {
      what: "nobody!*@*",
      undo: "nobody!*@*",
      disconnected: 3,
      includesCaller: false,
    });
    assertEquals(await at("192.0.2.66"), {
      what: "192.0.2.66",
      undo: "192.0.2.66",
      disconnected: 3,
      includesCaller: false,
    });
    assertEquals(server.takeAudits(), [
      "banned root *!*@elsewhere for good",
      "banned root nobody!*@* for good",
      "banned root 192.0.2.66 for good",
    ]);
    assertEquals(server.bans.all.map(({ by, since, until, reason }) => [by, since, until, reason]), [
      ["root", NOW, Infinity, "no reason given"],
      ["root", NOW, Infinity, "no reason given"],
      ["root", NOW, Infinity, "no reason given"],
    ]);
  },
);

testModeration(
  "ban: a user that is logged in is banned by account and host, and the nickname lifts both when they are gone",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    const [troll, other] = [fixture.connect("192.0.2.66"), await fixture.irc("other")];
    await troll.says("NICK troll", "USER troll 0 * :x");
    fixture.chat.login(troll.session, "Trolls");
    const { moderation } = fixture.options;
    const made = await ban(moderation, fixture.chat, root.member, "troll");
    assertEquals([made.what, made.undo, made.disconnected], ["~a:trolls and *!*@elsewhere", "troll", 6]);
    assertRejected("server-banned", "no reason given", () => fixture.chat.login(other.session, "TROLLS"));
    assertEquals(other.member.account, undefined);
    await troll.leave();
    assertEquals(await unban(moderation, fixture.chat, root.member, "Troll"), "~a:trolls and *!*@elsewhere");
    assertEquals(server.bans.all, []);
    fixture.chat.login(other.session, "trolls");
    assertEquals((await ban(moderation, fixture.chat, root.member, "~a:someone")).what, "~a:someone");
    assertRejected("ban-invalid", "~a:*", () => void ban(moderation, fixture.chat, root.member, "~a:*"));
  },
);

testModeration(
  "mute: a user that is logged in is muted by account and host, and the nickname undoes both when they are gone",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    const [troll, other] = [fixture.connect("192.0.2.66"), await fixture.irc("other")];
    await troll.says("NICK troll", "USER troll 0 * :x");
    fixture.chat.login(troll.session, "trolls");
    const { moderation } = fixture.options;
    await mute(moderation, fixture.chat, root.member, "troll");
    assertEquals(fixture.chat.mutes.all.map(({ host }) => host), ["~a:trolls", "elsewhere"]);
    await fixture.join("#lobby", troll, other);
    const say = () => fixture.chat.say(troll.member, fixture.chat.findRoom("#lobby"), "hi");
    assertRejected("muted", "troll", say);
    fixture.chat.logout(troll.session);
    assertRejected("muted", "troll", say); // by its host
    fixture.chat.login(other.session, "Trolls");
    assertRejected("muted", "other", () => fixture.chat.say(other.member, fixture.chat.findRoom("#lobby"), "hi"));
    await troll.leave();
    assertEquals(await unmute(moderation, fixture.chat, root.member, "TROLL"), "~a:trolls and *!*@elsewhere");
    assertEquals(fixture.chat.mutes.all, []);
    await mute(moderation, fixture.chat, root.member, "other");
    assertEquals(await unmute(moderation, fixture.chat, root.member, "~a:trolls"), "~a:trolls");
  },
);

testModeration(
  "ban: control characters are removed from a reason, and one that is too long is rejected",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    const banned = (reason: string) => ban(fixture.options.moderation, fixture.chat, root.member, "a", HOUR, reason);
    await banned(` \x1b[2Jgo\x07 ${"😀".repeat(75)}`);
    assertEquals(server.bans.all[0]?.reason, `[2Jgo ${"😀".repeat(75)}`);
    assertEquals(server.takeAudits(), ["banned root a!*@* 1h"], "without the reason");
    assertRejected("reason-too-long", String(REASON_MAX), () => void banned("x".repeat(REASON_MAX + 1)));
    assertRejected("text-too-long", "310", () => void banned("😀".repeat(78)));
    assertRejected(
      "reason-too-long",
      "200",
      () => kill(fixture.options.moderation, fixture.chat, root.member, "root", "x".repeat(201)),
    );
    assertEquals([server.takeAudits(), server.bans.all.length], [[], 1]);
  },
);

testModeration(
  "ban: one more than BANS_MAX is rejected, but an existing ban can be replaced",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    const make = (what: string) => ban(fixture.options.moderation, fixture.chat, root.member, what);
    for (let n = 0; n < BANS_MAX; n++) await make(`n${n}`);
    assertRejected("bans-full", String(BANS_MAX), () => void make("another"));
    assertEquals(server.bans.all.length, BANS_MAX);
    server.takeAudits();
    await make("n7");
    await make("N7");
    assertEquals(server.bans.all.length, BANS_MAX);
    assertEquals(server.bans.all.at(-1)!.what, "N7!*@*");
  },
);

testModeration("ban: the operator gets the reply when the clients are disconnected", async (fixture, server) => {
  const [root, tom] = [
    await server.ircOperator(fixture, "labeled-response", "batch"),
    await server.textOperator(fixture, "tom"),
  ];
  const replies = {
    "@label=x KLINE troll": "@label=x NOTICE root :Banned troll!*@*; 3 disconnected",
    "KLINE troll": "NOTICE root :Banned troll!*@*; 3 disconnected",
    "/ban troll": "-- troll!*@* is banned from this server; 3 disconnected. /bans lists all.",
  };
  for (const [line, reply] of Object.entries(replies)) {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.disconnected = promise;
    const client = line.startsWith("/") ? tom : root;
    const said = client.says(line);
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(client.hears(), [], line);
    resolve();
    await said;
    assertEquals(client.hears(), [reply]);
  }
});

testModeration("ban: its effect on the clients of this node is told as such in a cluster", async () => {
  const result = { disconnected: 3, includesCaller: false };
  assertEquals(countDisconnected({ cluster: undefined }, result), "3 disconnected");
  const cluster: ClusterView = {
    name: "test",
    health: "ok",
    nodes: [],
    figures: {} as ClusterView["figures"],
    nodeOf: () => undefined,
  };
  assertEquals(countDisconnected({ cluster }, result), "3 disconnected from this node");
  await Promise.resolve();
});

testModeration("ban: its description says how long it still lasts", async (_chat) => {
  const made = { what: "10.0.0.0/8", by: "root", reason: "spam", since: NOW };
  clock.now = NOW;
  assertEquals(describe({ ...made, until: Infinity }), "10.0.0.0/8 for good, by root: spam");
  assertEquals(describe({ ...made, until: NOW + 12 * HOUR }), "10.0.0.0/8 for 12h more, by root: spam");
  clock.now += 11.5 * HOUR;
  assertEquals(describe({ ...made, until: NOW + 12 * HOUR }), "10.0.0.0/8 for 30m more, by root: spam");
  await Promise.resolve();
});

testModeration("ban: a mask rejects clients of all protocols, with the reason", async (fixture, server) => {
  await server.ircOperator(fixture);
  server.bans.add({ what: "troll*!*@*", by: "root", reason: "enough of you", since: NOW, until: NOW + HOUR });
  const troll = fixture.connect();
  await troll.says("NICK troll7", "USER troll 0 * :x", "PRIVMSG root :hi");
  await troll.over;
  assertEquals(
    troll.hears(),
    [
      "465 * :You are banned from this server (enough of you)",
      "ERROR :Closing link: (*) [Banned: enough of you]",
    ].map((line) => line),
  );
  assertEquals([troll.member, troll.connection.closeReason, fixture.chat.members.size], [undefined, "banned", 1]);
  server.bans.add({ what: "*!~guest@host", by: "root", reason: "and of you", since: NOW, until: Infinity });
  const options = { ...fixture.options, registrationTime: 30_000, format: textFormat(100) };
  const tom = new Client(fixture, (connection, onRegistered) => text(connection, options, onRegistered));
  await tom.over;
  assertEquals(tom.hears(), ["-- You are banned from this server: and of you"]);
  assertEquals([tom.member, tom.connection.closeReason, fixture.chat.members.size], [undefined, "banned", 1]);
  const { peer } = tom.connection;
  assertEquals(server.rejected, [`troll7!~troll@host ${peer}`, `guest1!~guest@host ${peer}`]);
  clock.now += HOUR;
  const later = await fixture.irc("troll8");
  assertEquals(later.member.nick, "troll8", "after the ban has ended");
});

testModeration("ban: a member that asks for a banned nickname keeps its own", async (fixture, server) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
  const tom = await fixture.text("tom");
  server.bans.add({ what: "troll*!*@*", by: "root", reason: "enough of you", since: NOW, until: Infinity });
  await alice.expect("NICK Troll1", "465 alice :You are banned from this server (enough of you)");
  await tom.expect("/nick troll2", "-- You are banned from this server: enough of you");
  assertEquals([alice.member.nick, tom.member.nick, bob.hears()], ["alice", "tom", []]);
  const { peer } = tom.connection;
  assertEquals(server.rejected, [`Troll1!~alice@host ${peer}`, `troll2!~guest@host ${peer}`]);
  await alice.expect("NICK alicia", ":alice!~alice@host NICK alicia");
});

testModeration("mute: a muted host is listed and can be unmuted after its user has left", async (fixture, server) => {
  const [root, textRoot] = [await server.ircOperator(fixture, "standard-replies"), await fixture.text("boss")];
  fixture.chat.setFlag(textRoot.member, "operator", true);
  for (const [way, line] of [["host", "elsewhere"], ["mask", "*!*@elsewhere"]]) {
    const troll = fixture.connect("192.0.2.66");
    await troll.says("NICK troll", "USER troll 0 * :x");
    await root.asks("MUTE troll 90");
    await troll.leave();
    const listed = "*!*@elsewhere muted for 1h30m more, by root: troll";
    await root.expect("STATS k", `216 root K *!*@elsewhere * * :${listed}`, "219 root k :End of /STATS report");
    await textRoot.expect("/bans", `-- ${listed}`);
    server.takeAudits();
    if (way === "host") await root.expect(`UNMUTE ${line}`, "NOTICE root :Unmuted *!*@elsewhere");
    else await textRoot.expect(`/unmute ${line}`, "-- *!*@elsewhere can speak again.");
    assertEquals(server.takeAudits(), [`unmuted ${way === "host" ? "root" : "boss"} *!*@elsewhere`]);
    assert(!fixture.chat.mutes.has("elsewhere"), way);
    await root.expect("UNMUTE *!*@elsewhere", "FAIL UNMUTE NOT_MUTED *!*@elsewhere :Not muted");
    await root.expect("UNMUTE nobody", "401 root nobody :No such nick/channel");
  }
});

testModeration(
  "moderation: a list of bans and mutes that is too long is cut, and both protocols say so",
  async (fixture, server) => {
    const [root, textRoot] = [await server.ircOperator(fixture), await fixture.text("boss")];
    fixture.chat.setFlag(textRoot.member, "operator", true);
    const reason = "x".repeat(REASON_MAX);
    for (let n = 0; n < BANS_MAX; n++) {
      server.bans.add({ what: `n${n}!*@*`, by: "root", reason, since: NOW, until: Infinity });
    }
    for (let n = 0; n < 7; n++) fixture.chat.mutes.add(`host${n}`, Infinity);
    const answer = await root.asks("STATS k");
    assert(answer.join("").length < 2 * fixture.options.answerMax && answer.length > 2, String(answer.length));
    assertEquals(
      answer.slice(-2),
      ["416 root STATS :Output too long, the rest was left out", "219 root k :End of /STATS report"],
    );
    const told = await textRoot.asks("/bans");
    assertEquals(told.at(-1), `-- … and ${BANS_MAX + 7 - (told.length - 1)} more`);
    assert(told.join("").length < 2 * fixture.options.answerMax && told.length > 2, String(told.length));
  },
);

testModeration(
  "mute: a muted user receives all lines, and each line of its own is rejected, on both protocols",
  async (fixture, server) => {
    const root = await server.ircOperator(fixture);
    const troll = await fixture.irc("troll", "message-tags", "standard-replies", "setname");
    const tom = await fixture.text("tom");
    await fixture.join("#tea", root, troll);
    await tom.asks("/join #tea");
    fixture.chat.mutes.add("host", Infinity);
    fixture.quiet();
    const muted = (command: string) => {
      const code = command === "SETNAME" ? "CANNOT_CHANGE_REALNAME" : "MUTED"; // as the setname specification has it
      return `FAIL ${command} ${code} :A server operator has muted you`;
    };
    await troll.expect("PRIVMSG #tea :spam", muted("PRIVMSG"));
    await troll.expect("PRIVMSG root :spam", muted("PRIVMSG"));
    await troll.expect("PRIVMSG #tea :\x01ACTION spams\x01", muted("PRIVMSG"));
    await troll.expect("@+typing=active TAGMSG #tea", muted("TAGMSG"));
    await troll.expect("TOPIC #tea :spam", muted("TOPIC"));
    await troll.expect("INVITE nobody #tea", muted("INVITE"));
    await troll.expect("AWAY :spam", muted("AWAY"));
    await troll.expect("SETNAME :spam", muted("SETNAME"));
    await troll.expect("NICK spam_spam", muted("NICK"));
    await fixture.join("#cave", troll, root);
    await troll.expect("MODE #cave +bk spam spam", muted("MODE"), muted("MODE"));
    const sentence = "-- A server operator has muted you. You can read, but not write.";
    for (const line of ["spam", "//spam", "/me spams", "/msg root spam", "/topic spam", "/invite root", "/nick spam"]) {
      await tom.expect(line, sentence);
    }
    assertEquals(root.hears(), []);
    await root.says("PRIVMSG #tea :hello", "PRIVMSG troll :you", "PRIVMSG tom :you");
    assertEquals(troll.hears().map((line) => line.replace(/^@\S+ /, "")), [
      ":root!~root@host PRIVMSG #tea :hello",
      ":root!~root@host PRIVMSG troll :you",
    ]);
    assertEquals(tom.hears(), ["<root> hello", "*root* you"]);
    await tom.asks("/join #other");
    assert(tom.member.rooms.has("#other"));
    await tom.expect("spam", sentence);
    await troll.asks("PART #tea :spam", "QUIT :spam");
    assertEquals(root.hears().filter((line) => line.includes("spam")), []);
  },
);
