/** `/invite`, `/kick`, `/ban`, `/op`, `/voice` and `/mode`. */
import { assertEquals } from "@std/assert";
import { LOBBY } from "../../../src/chat/names.ts";
import { MODES_MAX } from "../../../src/protocol/modes.ts";
import { dialogue, inRoom, TextServer } from "./harness.ts";

Deno.test("invite: invites a user, who can join then", async () => {
  const { server, clients: [alice] } = await inRoom("alice");
  const [bob] = await server.enter("Bob");
  await alice.says("/mode +i");
  await dialogue(alice, [
    ["/invite bob", "-- You invited Bob to #tea."],
    ["/invite carol", "-- No such user: carol. /list shows who is here."],
    ["/invite ALICE", "-- alice is already in #tea."],
  ]);
  assertEquals(bob.hears(), ["-- alice invited Bob to #tea. To go there: /join #tea"]);
  assertEquals(await bob.asks("/join #tea"), ["-- You are in #tea with 1 other."]);
  assertEquals(await bob.asks("/invite alice"), [
    "-- Only operators of #tea can do that. /who marks them with @ or ~.",
  ]);
});

Deno.test("kick: removes a member, who is back in the lobby", async () => {
  const { server, clients } = await inRoom("alice", "bob", "carol");
  const [alice, bob, carol] = clients;
  const [dave] = await server.enter("dave");
  await dialogue(alice, [
    ["/kick BOB  enough of\x07 this ", "-- alice kicked bob from #tea (enough of this)"],
    ["/kick bob", "-- bob is not in #tea. /who lists its members."],
    ["/kick nobody", "-- No such user: nobody. /list shows who is here."],
  ]);
  assertEquals(carol.hears(), ["-- alice kicked bob from #tea (enough of this)"]);
  assertEquals(bob.hears(), ["-- alice kicked bob from #tea (enough of this)", "-- You are in #lobby with 1 other."]);
  assertEquals(dave.hears(), ["-- bob joined #lobby"]);
  assertEquals(await bob.asks("hello, lobby"), ["<bob> hello, lobby"]);
  assertEquals([dave.hears(), carol.hears()], [["<bob> hello, lobby"], []]);
  await dialogue(carol, [["/kick alice", "-- Only operators of #tea can do that. /who marks them with @ or ~."]]);
  assertEquals(await bob.asks("/join #tea", "/leave"), [
    "-- You are in #tea with 2 others.",
    "-- You are in #lobby with 1 other.",
    "-- Earlier messages:",
    "[past] <bob> hello, lobby",
  ]);
  assertEquals(alice.hears(), ["-- bob joined #tea", "-- bob left #tea"]);
});

Deno.test("kick: a member who is kicked from several rooms is in the lobby each time, once", async () => {
  const { server, clients: [alice, bob] } = await inRoom("alice", "bob");
  await bob.asks("/join #coffee", "/join #tea");
  const answers = await alice.asks("/kick bob", "/kick alice");
  assertEquals(answers, [
    "-- alice kicked bob from #tea",
    "-- alice kicked alice from #tea",
    "-- You are in #lobby with 1 other.",
  ]);
  assertEquals([...server.chat.rooms].map(({ name }) => name), [LOBBY]);
  assertEquals(bob.hears(), [
    "-- alice kicked bob from #tea",
    "-- You are alone in #lobby.",
    "-- alice joined #lobby",
  ]);
});

Deno.test("ban: /ban and /unban accept a nickname or a mask, and reply only when nothing changes", async () => {
  const { clients: [alice, bob] } = await inRoom("alice", "bob");
  await dialogue(alice, [
    ["/ban bob", "-- alice banned bob from #tea", "-- alice kicked bob from #tea (Banned)"],
    ["/ban BOB", "-- Nothing to change."],
    ["/ban two words", "-- Invalid mask: use a nickname, nick!user@host with * for any text, or ~a:ACCOUNT."],
  ]);
  assertEquals(bob.hears(), [
    "-- alice banned bob from #tea",
    "-- alice kicked bob from #tea (Banned)",
    "-- You are alone in #lobby.",
  ]);
  const banned = "-- You are banned from #tea. Ask an operator of the room to lift the ban.";
  await dialogue(bob, [
    ["/join #tea", banned],
    ["/nick bobby", "-- bob is now bobby"],
    ["/join #tea", banned],
  ]);
  await dialogue(alice, [
    ["/mode b", `-- bob (*!*@${bob.member!.host}), by alice`],
    ["/unban bob", "-- alice lifted the ban of bob from #tea"],
    ["/unban bob", "-- Nothing to change."],
  ]);
  assertEquals(await bob.asks("/join #tea"), ["-- You are in #tea with 1 other."]);
  alice.hears();
  await dialogue(alice, [["/ban *!*@of-127.*", "-- alice banned *!*@of-127.* from #tea"]]);
  assertEquals((await bob.asks("hi")).at(-1), "-- You cannot speak in #tea. Ask an operator of the room for a voice.");
  const kept = "-- You are banned from #tea, and keep your nickname there. Leave it first: /leave";
  await dialogue(bob, [["/nick robert", kept], [
    "hi",
    "-- You cannot speak in #tea. Ask an operator of the room for a voice.",
  ]]);
});

Deno.test("op: /op, /deop, /voice and /devoice change ranks, and /who shows them", async () => {
  const { clients } = await inRoom("alice", "bob", "carol");
  const [alice, bob] = clients;
  await dialogue(alice, [
    ["/op bob", "-- alice made bob an operator of #tea"],
    ["/op bob", "-- Nothing to change."],
    ["/voice carol", "-- alice gave carol a voice in #tea"],
    ["/who", "-- In #tea: 3 users", "-- @alice (you), @bob, +carol"],
    ["/devoice carol", "-- alice took the voice in #tea from carol"],
    ["/op nobody", "-- No such user: nobody. /list shows who is here."],
  ]);
  assertEquals((await bob.asks("/deop alice")).at(-1), "-- bob made alice a plain member of #tea");
  const not = "-- Only operators of #tea can do that. /who marks them with @ or ~.";
  alice.hears();
  for (const command of ["/op", "/deop", "/voice", "/devoice", "/ban", "/unban", "/kick", "/mode +b"]) {
    await dialogue(alice, [[`${command} carol`, not]]);
  }
  await dialogue(alice, [["/who", "-- In #tea: 3 users", "-- alice (you), @bob, carol"]]);
});

Deno.test("mode: one command makes a bounded number of lines, whatever is in it", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  for (const client of [alice, bob]) await client.says("/join #tea");
  alice.hears();
  bob.hears();
  assertEquals((await alice.asks(`/mode ${"+m-m".repeat(2000)}`)).length, MODES_MAX);
  assertEquals(bob.hears().length, MODES_MAX);
  assertEquals(await alice.asks(`/mode ${"xyz".repeat(2000)}`), [
    "-- Unknown mode, or a missing parameter: x",
  ]);
  assertEquals(await alice.asks("/mode \x1b"), ["-- Unknown mode, or a missing parameter: ?"]);
  assertEquals(bob.hears(), []);
});

Deno.test("mode: shows and sets modes, and lists masks", async () => {
  const { clients: [alice, bob] } = await inRoom("alice", "bob");
  await dialogue(alice, [
    ["/mode", "-- The modes of #tea are +nt."],
    [
      "/mode +m-t",
      "-- alice moderated #tea: only operators and members with a voice can speak",
      "-- alice let everyone set the topic of #tea",
    ],
    ["/mode  +kl  sesame   7", "-- alice locked #tea: /join #tea sesame", "-- alice limited #tea to 7 members"],
    ["/mode", "-- The modes of #tea are +nmkl sesame 7."],
    ["/mode +z", "-- Unknown mode, or a missing parameter: z"],
    ["/mode +l ten", "-- Invalid limit: use a number from 1 to 999999999."],
    ["/mode +l", "-- Unknown mode, or a missing parameter: l"],
    ["/mode +k a,b", "-- Invalid key: use 1 to 32 characters without spaces or commas; it cannot start with a colon."],
    ["/mode b", "-- List b of #tea is empty."],
    ["/mode +bb eve *.example", "-- alice banned eve!*@* from #tea", "-- alice banned *!*@*.example from #tea"],
    ["/mode b", "-- eve!*@*, by alice", "-- *!*@*.example, by alice"],
    [
      "/mode -klm",
      "-- alice unlocked #tea",
      "-- alice lifted the limit of members of #tea",
      "-- alice let everyone speak in #tea",
    ],
    ["/mode", "-- The modes of #tea are +n."],
  ]);
  await dialogue(bob, [
    ["/mode +m", "-- Only operators of #tea can do that. /who marks them with @ or ~."],
    ["/mode", "-- The modes of #tea are +n."],
    ["/mode b", "-- eve!*@*, by alice", "-- *!*@*.example, by alice"],
  ]);
});

Deno.test("mode: the lists of exceptions are shown to operators alone", async () => {
  const { clients: [alice, bob] } = await inRoom("alice", "bob");
  await alice.says("/mode +e friend");
  for (const list of ["e", "I"]) {
    await dialogue(bob, [[`/mode ${list}`, "-- Only operators of #tea can do that. /who marks them with @ or ~."]]);
  }
  await dialogue(alice, [["/mode e", "-- friend!*@*, by alice"], ["/mode I", "-- List I of #tea is empty."]]);
});

Deno.test("kick: a kick without a reason has none", async () => {
  const { server, clients: [alice] } = await inRoom("alice", "bob");
  const reasons: unknown[] = [];
  const kick = server.chat.kick.bind(server.chat);
  server.chat.kick = (by, room, nick, reason) => {
    reasons.push(reason);
    return kick(by, room, nick, reason);
  };
  await alice.says("/kick bob ", "/kick alice  be nice");
  assertEquals(reasons, [undefined, "be nice"]);
});

Deno.test("mode: a list of masks is cut off at the limit on a reply", async () => {
  const server = new TextServer({ answerMax: 40 });
  const [alice] = await server.enter("alice");
  await alice.says("/join #tea", "/mode +bbb one two three");
  await dialogue(alice, [["/mode b", "-- one!*@*, by alice", "-- two!*@*, by alice", "-- … and 1 more"]]);
});
