/** MODE, for channels and for the client itself. */
import { assert, assertEquals } from "@std/assert";
import { type Client, clock, ProtocolFixture, test, THEN } from "./harness.ts";

type Pair = [Client, Client];

test("MODE: shows the modes and the creation time of a channel, and the key to members only", async (fixture) => {
  clock.now += 999;
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  clock.now += 5000;
  const bob = await fixture.irc("bob");
  await alice.expect("MODE #TEA", "324 alice #tea +nt", `329 alice #tea ${THEN}`);
  await alice.asks("MODE #tea +lki 10 key");
  await alice.expect("MODE #tea", "324 alice #tea +ntikl key 10", `329 alice #tea ${THEN}`);
  await bob.expect("MODE #tea", "324 bob #tea +ntikl * 10", `329 bob #tea ${THEN}`);
  await bob.expect("MODE #lobby", "324 bob #lobby +n", `329 bob #lobby ${THEN}`);
});

test("MODE: changes modes and tells all members, but not of a mode that was set already", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const changes = [
    ["+m", "+m"],
    ["mi", "+i"],
    ["-mi+s", "-mi+s"],
    ["+n"],
    ["-", undefined],
    ["+k key", "+k key"],
    ["+k key"],
    ["-k anything", "-k key"],
    ["-k"],
    ["+l 5", "+l 5"],
    ["+l 05"],
    ["-l", "-l"],
    ["+v BOB", "+v bob"],
    ["+vo bob bob", "+o bob"],
    ["-ov bob bob", "-ov bob bob"],
    ["+b eve", "+b eve!*@*"],
    ["+b EVE!*@*"],
    ["-b Eve", "-b Eve!*@*"],
    ["+eI a@b *.example.org", "+eI *!a@b *!*@*.example.org"],
    ["+s-n+t", "-n"],
  ] as const;
  for (const [asked, done] of changes) {
    const told = done === undefined ? [] : [`:alice!~alice@host MODE #tea ${done}`];
    await alice.expect(`MODE #tea ${asked}`, ...told);
    assertEquals(bob.hears(), told);
  }
});

test("MODE: lists bans for all users, and exceptions for operators only", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  clock.now += 999; // times are in whole seconds
  await alice.says("MODE #tea +bbeI a b c d");
  fixture.quiet();
  const by = `alice!~alice@host ${THEN}`;
  const bans = (nick: string) => [
    `367 ${nick} #tea a!*@* ${by}`,
    `367 ${nick} #tea b!*@* ${by}`,
    `368 ${nick} #tea :End of channel ban list`,
  ];
  await alice.expect("MODE #tea b", ...bans("alice"));
  await alice.expect("MODE #tea +b", ...bans("alice"));
  await alice.expect("MODE #tea +b :", ...bans("alice"));
  await bob.expect("MODE #TEA +bb", ...bans("bob"));
  await alice.expect("MODE #tea e", `348 alice #tea c!*@* ${by}`, "349 alice #tea :End of channel exception list");
  await alice.expect(
    "MODE #tea I",
    `346 alice #tea d!*@* ${by}`,
    "347 alice #tea :End of channel invite exception list",
  );
  await bob.expect("MODE #tea e", "482 bob #tea :You're not channel operator");
  await bob.expect("MODE #tea +I", "482 bob #tea :You're not channel operator");
  const carol = await fixture.irc("carol");
  await carol.expect("MODE #tea b", ...bans("carol"));
});

test("MODE: replies to each invalid change, and makes all others", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  await bob.expect("MODE", "461 bob MODE :Not enough parameters");
  await bob.expect("MODE #none", "403 bob #none :No such channel");
  await bob.expect("MODE #none +m", "403 bob #none :No such channel");
  await carol.expect("MODE #tea +m", "442 carol #tea :You're not on that channel");
  await bob.expect("MODE #tea +m", "482 bob #tea :You're not channel operator");
  await bob.expect("MODE #tea +x", "472 bob x :is unknown mode char to me");
  await alice.expect(
    "MODE #tea +xmx:o",
    "472 alice x :is unknown mode char to me",
    "472 alice * :is unknown mode char to me",
    "461 alice MODE :Not enough parameters",
    ":alice!~alice@host MODE #tea +m",
  );
  for (const few of ["+k", "+l", "+o", "-v"]) {
    await alice.expect(`MODE #tea ${few}`, "461 alice MODE :Not enough parameters");
  }
  await alice.expect(
    "MODE #tea +oovs nobody carol bob",
    ":alice!~alice@host MODE #tea +vs bob",
    "401 alice nobody :No such nick/channel",
    "441 alice carol #tea :They aren't on that channel",
  );
  await alice.expect("MODE #tea +k a,b", "525 alice #tea :Key is not well-formed");
  await alice.expect("MODE #tea +k :a b", "525 alice #tea :Key is not well-formed");
  await alice.expect("MODE #tea +b :a b", "696 alice #tea b * :Invalid mask");
  await alice.expect(`MODE #tea +e ${"x".repeat(147)}`, `696 alice #tea e ${"x".repeat(147)} :Invalid mask`);
  await carol.expect("MODE #tea", "403 carol #tea :No such channel");
  await carol.expect("MODE #tea b", "403 carol #tea :No such channel");
  await alice.expect("MODE #tea +b ::a!b", "696 alice #tea b * :Invalid mask");
});

test("MODE: replies with 696 when a limit is not valid, with 525 when a key is not, and makes all other changes", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const limit = (shown: string) => `696 alice #tea l ${shown} :Invalid limit, it must be 1 to 999999999`;
  const limits = { "0": "0", "-1": "-1", ":": "*", "ten": "ten", "5x": "5x", ": 5": "*", "1e3": "1e3", "+5": "+5" };
  for (const [asked, shown] of Object.entries(limits)) await alice.expect(`MODE #tea +l ${asked}`, limit(shown));
  await alice.expect("MODE #tea +l 1234567890", limit("1234567890"));
  const keys = [":", ":a b", ": a", ":a ", "a,b", "::a", "a\x07", "a\x02b", "a\u200bb", "x".repeat(33), "é".repeat(33)];
  for (const key of keys) await alice.expect(`MODE #tea +k ${key}`, "525 alice #tea :Key is not well-formed");
  assertEquals(bob.hears(), []);
  await alice.expect(
    "MODE #tea +lmk 0 :",
    ":alice!~alice@host MODE #tea +m",
    "525 alice #tea :Key is not well-formed",
    limit("0"),
  );
  await alice.expect("MODE #tea +o :", "401 alice * :No such nick/channel");
});

test("MODE: replies with 482 when the client is not an operator, also with invalid parameters", async (fixture) => {
  const [, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  for (const modes of ["+l 0", "+l 5", "+k :", "+k key", "+o :"]) {
    await bob.expect(`MODE #tea ${modes}`, "482 bob #tea :You're not channel operator");
  }
});

test("MODE: the lobby has no operators", async (fixture) => {
  const [alice] = await fixture.channel("#lobby", "alice") as [Client];
  await alice.expect("MODE #lobby +m", "482 alice #lobby :You're not channel operator");
});

test("MODE: is announced in several lines with whole masks when it does not fit into one", async (fixture) => {
  const [alice, bob] = await fixture.channel(`#${"é".repeat(49)}`, "alice", "bob") as Pair;
  const masks = Array.from({ length: 20 }, (_, i) => `${"m".repeat(13)}${i}`);
  await alice.says(`MODE #${"é".repeat(49)} +${"b".repeat(20)} ${masks.join(" ")}`);
  const lines = bob.gets();
  lines.forEach(ProtocolFixture.assertSound);
  assert(lines.length > 1);
  const set: string[] = [];
  for (const line of lines) {
    const [, letters = "", args = ""] = /^:alice!~alice@host MODE #é{49} \+(b+) (.*)$/.exec(line) ?? [];
    assertEquals(args.split(" ").length, letters.length, line);
    set.push(...args.split(" "));
  }
  assertEquals(set, masks.map((mask) => `${mask}!*@*`));
});

test("MODE: IRC and text clients see each other's changes", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const tom = await fixture.text("tom");
  await tom.asks("/join #tea");
  await alice.asks("MODE #tea +o tom");
  assertEquals(tom.hears(), ["-- alice made tom an operator of #tea"]);
  await tom.says("/mode +mk key", "/voice alice");
  assertEquals(alice.hears(), [":tom!~guest@host MODE #tea +mk key", ":tom!~guest@host MODE #tea +v alice"]);
});

test("MODE: a user can set and unset i, w and B of itself, and only unset o", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("MODE ALICE", "221 alice +");
  await alice.expect("MODE alice +i", ":alice!~alice@host MODE alice :+i");
  await alice.expect("MODE alice +iwB", ":alice!~alice@host MODE alice :+w+B");
  await alice.expect("MODE alice", "221 alice +Biw");
  await alice.expect("MODE alice +wB");
  await alice.expect("MODE alice +o");
  await alice.expect("MODE alice -o");
  await alice.expect("MODE alice -wi+i", ":alice!~alice@host MODE alice :-w-i+i");
  fixture.chat.setFlag(alice.member, "operator", true);
  await alice.expect("MODE alice", "221 alice +Bio");
  await alice.expect("MODE alice -o", ":alice!~alice@host MODE alice :-o");
  assert(!alice.member.operator);
  await alice.expect("MODE alice -B+xi", "501 alice :Unknown MODE flag", ":alice!~alice@host MODE alice :-B");
  await alice.expect("MODE alice +x-y", "501 alice :Unknown MODE flag");
});

test("MODE: is rejected for another user, and for a nick that does not exist", async (fixture) => {
  const alice = await fixture.irc("alice");
  await fixture.irc("bob");
  await alice.expect("MODE bob", "502 alice :Can't change mode for other users");
  await alice.expect("MODE bob +i", "502 alice :Can't change mode for other users");
  await alice.expect("MODE nobody +i", "401 alice nobody :No such nick/channel");
});
