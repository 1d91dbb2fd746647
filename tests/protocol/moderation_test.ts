/** What holds on every door alike: who may keep order, and what becomes of whom it concerns. */
import { assert, assertEquals } from "@std/assert";
import { ban, describe, kill } from "../../src/protocol/moderation.ts";
import { BANS_MAX } from "../../src/moderation/bans.ts";
import { REASON_MAX } from "../../src/chat/lengths.ts";
import { assertRejected as refused } from "../chat/helpers.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { text } from "../../src/protocol/text/session.ts";
import { Client, clock, THEN } from "./irc/harness.ts";
import { atOnce, ordered } from "./ordered.ts";

const NOW = THEN * 1000;
const HOUR = 3600_000;

ordered(
  "nobody but server operators can do anything of it, and what they try changes nothing",
  async (chat, station) => {
    const [alice, bob] = await chat.channel("#tea", "alice", "bob") as [Client, Client];
    const tom = await chat.text("tom");
    chat.hub.mutes.add("elsewhere", Infinity);
    station.bans.add({ what: "10.0.0.0/8", by: "root", reason: "spam", since: 0, until: Infinity });
    const lines = [
      "KILL bob :x",
      "KLINE bob :x",
      "KLINE 10 *!*@*",
      "UNKLINE 10.0.0.0/8",
      "MUTE bob",
      "UNMUTE bob",
      "ANNOUNCE :x",
      "STATS k",
      "STATS z",
      "WALLOPS x",
    ];
    for (const line of lines) await alice.expect(line, "481 alice :Permission Denied- You're not an IRC operator");
    const refusal = "-- Only a server operator can do that. If you are one: /oper NAME PASSWORD";
    for (const line of ["/kill bob x", "/bans", "/mute bob", "/mute bob 1h", "/unmute bob", "/announce x", "/stats"]) {
      await tom.expect(line, refusal);
    }
    for (const line of ["/ban bob", "/unban 10.0.0.0/8"]) {
      await tom.expect(line, "-- Only an operator of #lobby can do that. /who shows who is one, by an @.");
    }
    assertEquals([bob.hears(), chat.hub.has(bob.member), chat.hub.mutes.has("host")], [[], true, false]);
    assertEquals([station.bans.all.length, station.putOuts, station.recorded()], [1, 0, []]);
  },
);

ordered("/ban and /unban of who is no server operator are their room's alone, on both doors", async (chat, station) => {
  const tom = await chat.text("tom");
  await tom.asks("/join #tea");
  await tom.expect("/ban bob", "-- tom banned bob!*@* from #tea");
  await tom.expect("/unban bob", "-- tom lifted the ban of bob!*@* from #tea");
  assertEquals([station.bans.all, station.putOuts, station.recorded()], [[], 0, []]);
});

ordered(
  "a ban by the name of who is here is one of where they come from, and else of the name",
  async (chat, station) => {
    const root = await station.root(chat);
    const troll = chat.stranger("192.0.2.66");
    await troll.says("NICK troll", "USER troll 0 * :x");
    const at = (text: string) => atOnce(ban(chat.door.moderation, chat.hub, root.member, text));
    assertEquals(at("TROLL"), { what: "*!*@elsewhere", gone: 3, own: false });
    assertEquals(at("nobody"), { what: "nobody!*@*", gone: 3, own: false });
    assertEquals(at("192.0.2.66"), { what: "192.0.2.66", gone: 3, own: false });
    assertEquals(station.recorded(), [
      "banned root *!*@elsewhere for good",
      "banned root nobody!*@* for good",
      "banned root 192.0.2.66 for good",
    ]);
    assertEquals(station.bans.all.map(({ by, since, until, reason }) => [by, since, until, reason]), [
      ["root", NOW, Infinity, "no reason given"],
      ["root", NOW, Infinity, "no reason given"],
      ["root", NOW, Infinity, "no reason given"],
    ]);
  },
);

ordered(
  "a reason has no characters that do things to a terminal, and is refused when it is too long",
  async (chat, station) => {
    const root = await station.root(chat);
    const banned = (reason: string) => atOnce(ban(chat.door.moderation, chat.hub, root.member, "a", HOUR, reason));
    banned(` \x1b[2Jgo\x07 ${"😀".repeat(90)}`);
    assertEquals(station.bans.all[0]?.reason, `[2Jgo ${"😀".repeat(90)}`);
    assertEquals(station.recorded(), ["banned root a!*@* 1h"], "and it is not on record");
    refused("reason-too-long", String(REASON_MAX), () => banned("x".repeat(REASON_MAX + 1)));
    refused("text-too-wide", "370", () => banned("😀".repeat(93)));
    refused("reason-too-long", "200", () => kill(chat.door.moderation, chat.hub, root.member, "root", "x".repeat(201)));
    assertEquals([station.recorded(), station.bans.all.length], [[], 1]);
  },
);

ordered(
  "there can be no more bans than so many, but one of them can be replaced, in any case",
  async (chat, station) => {
    const root = await station.root(chat);
    const make = (what: string) => atOnce(ban(chat.door.moderation, chat.hub, root.member, what));
    for (let n = 0; n < BANS_MAX; n++) make(`n${n}`);
    refused("bans-full", String(BANS_MAX), () => make("another"));
    assertEquals(station.bans.all.length, BANS_MAX);
    station.recorded();
    make("n7");
    make("N7");
    assertEquals(station.bans.all.length, BANS_MAX);
    assertEquals(station.bans.all.at(-1)!.what, "N7!*@*");
  },
);

ordered("a ban is described with how long it lasts still", async (_chat) => {
  const made = { what: "10.0.0.0/8", by: "root", reason: "spam", since: NOW };
  clock.now = NOW;
  assertEquals(describe({ ...made, until: Infinity }), "10.0.0.0/8 for good, by root: spam");
  assertEquals(describe({ ...made, until: NOW + 12 * HOUR }), "10.0.0.0/8 for 12h more, by root: spam");
  clock.now += 11.5 * HOUR;
  assertEquals(describe({ ...made, until: NOW + 12 * HOUR }), "10.0.0.0/8 for 30m more, by root: spam");
  await Promise.resolve();
});

ordered("whoever is banned by a mask comes in by no door, and is told why", async (chat, station) => {
  await station.root(chat);
  station.bans.add({ what: "troll*!*@*", by: "root", reason: "enough of you", since: NOW, until: NOW + HOUR });
  const troll = chat.stranger();
  await troll.says("NICK troll7", "USER troll 0 * :x", "PRIVMSG root :hi");
  await troll.over;
  assertEquals(
    troll.hears(),
    [
      "465 * :You are banned from this server (enough of you)",
      "ERROR :Closing link: (*) [Banned: enough of you]",
    ].map((line) => line),
  );
  assertEquals([troll.member, troll.connection.ending, chat.hub.members.size], [undefined, "banned", 1]);
  station.bans.add({ what: "*!~guest@host", by: "root", reason: "and of you", since: NOW, until: Infinity });
  const door = { ...chat.door, registrationTime: 30_000, format: textFormat(100) };
  const tom = new Client(chat, (connection, onMember) => text(connection, door, onMember));
  await tom.over;
  assertEquals(tom.hears(), ["-- You are banned from this server: and of you"]);
  assertEquals([tom.member, tom.connection.ending, chat.hub.members.size], [undefined, "banned", 1]);
  const { peer } = tom.connection;
  assertEquals(station.turnedAway, [`troll7!~troll@host ${peer}`, `guest1!~guest@host ${peer}`]);
  clock.now += HOUR;
  const later = await chat.irc("troll8");
  assertEquals(later.member.nick, "troll8", "that is over");
});

ordered("nobody takes a name that is banned; whoever tries is told, keeps theirs, and stays", async (chat, station) => {
  const [alice, bob] = await chat.channel("#tea", "alice", "bob") as [Client, Client];
  const tom = await chat.text("tom");
  station.bans.add({ what: "troll*!*@*", by: "root", reason: "enough of you", since: NOW, until: Infinity });
  await alice.expect("NICK Troll1", "465 alice :You are banned from this server (enough of you)");
  await tom.expect("/nick troll2", "-- You are banned from this server: enough of you");
  assertEquals([alice.member.nick, tom.member.nick, bob.hears()], ["alice", "tom", []]);
  const { peer } = tom.connection;
  assertEquals(station.turnedAway, [`Troll1!~alice@host ${peer}`, `troll2!~guest@host ${peer}`]);
  await alice.expect("NICK alicia", ":alice!~alice@host NICK alicia");
});

ordered("who is muted is listed, and may speak again, when they have left as well", async (chat, station) => {
  const [root, textRoot] = [await station.root(chat, "standard-replies"), await chat.text("boss")];
  chat.hub.setFlag(textRoot.member, "operator", true);
  for (const [way, line] of [["host", "elsewhere"], ["mask", "*!*@elsewhere"]]) {
    const troll = chat.stranger("192.0.2.66");
    await troll.says("NICK troll", "USER troll 0 * :x");
    await root.asks("MUTE troll 90");
    await troll.leave();
    const listed = "*!*@elsewhere muted for 1h30m more, by root: troll";
    await root.expect("STATS k", `216 root K *!*@elsewhere * * :${listed}`, "219 root k :End of /STATS report");
    await textRoot.expect("/bans", `-- ${listed}`);
    station.recorded();
    if (way === "host") await root.expect(`UNMUTE ${line}`, "NOTICE root :*!*@elsewhere may speak again");
    else await textRoot.expect(`/unmute ${line}`, "-- *!*@elsewhere may speak again.");
    assertEquals(station.recorded(), [`unmuted ${way === "host" ? "root" : "boss"} *!*@elsewhere`]);
    assert(!chat.hub.mutes.has("elsewhere"), way);
    await root.expect("UNMUTE *!*@elsewhere", "FAIL UNMUTE NOT_MUTED *!*@elsewhere :They may speak");
    await root.expect("UNMUTE nobody", "401 root nobody :No such nick/channel");
  }
});

ordered(
  "a list of bans and mutes is cut off where an answer ends, on both doors, which say so",
  async (chat, station) => {
    const [root, textRoot] = [await station.root(chat), await chat.text("boss")];
    chat.hub.setFlag(textRoot.member, "operator", true);
    const reason = "x".repeat(REASON_MAX);
    for (let n = 0; n < BANS_MAX; n++) {
      station.bans.add({ what: `n${n}!*@*`, by: "root", reason, since: NOW, until: Infinity });
    }
    for (let n = 0; n < 7; n++) chat.hub.mutes.add(`host${n}`, Infinity);
    const answer = await root.asks("STATS k");
    assert(answer.join("").length < 2 * chat.door.answerMax && answer.length > 2, String(answer.length));
    assertEquals(
      answer.slice(-2),
      ["416 root STATS :Output too long, the rest was left out", "219 root k :End of /STATS report"],
    );
    const told = await textRoot.asks("/bans");
    assertEquals(told.at(-1), `-- … and ${BANS_MAX + 7 - (told.length - 1)} more`);
    assert(told.join("").length < 2 * chat.door.answerMax && told.length > 2, String(told.length));
  },
);

ordered(
  "who is muted hears everything, on both doors, and is told that they can say nothing",
  async (chat, station) => {
    const root = await station.root(chat);
    const troll = await chat.irc("troll", "message-tags", "standard-replies", "setname");
    const tom = await chat.text("tom");
    await chat.join("#tea", root, troll);
    await tom.asks("/join #tea");
    chat.hub.mutes.add("host", Infinity);
    chat.quiet();
    const muted = (command: string) => {
      const code = command === "SETNAME" ? "CANNOT_CHANGE_REALNAME" : "MUTED"; // which its specification wants
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
    await chat.join("#cave", troll, root);
    await troll.expect("MODE #cave +bk spam spam", muted("MODE"), muted("MODE"));
    const sentence = "-- A server operator has muted you: you can read, and say nothing.";
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
