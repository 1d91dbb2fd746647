/** Channels: JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK. */
import { ROOM_RULE } from "../../../src/protocol/names.ts";
import { assertEquals } from "@std/assert";
import { CONDITIONS_MAX } from "../../../src/protocol/irc/channels.ts";
import { SLICE, TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { type Client, clock, ProtocolFixture, test, THEN, TIME } from "./harness.ts";

type Pair = [Client, Client];
type Three = [Client, Client, Client];

test("JOIN: creates a channel with the client as operator, and announces later members, when it does not exist", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  await alice.expect(
    "JOIN #Tea",
    ":alice!~alice@host JOIN #Tea",
    "353 alice = #Tea :@alice",
    "366 alice #Tea :End of /NAMES list",
  );
  await bob.expect(
    "JOIN #tEA",
    ":bob!~bob@host JOIN #Tea",
    "353 bob = #Tea :@alice bob",
    "366 bob #Tea :End of /NAMES list",
  );
  assertEquals(alice.hears(), [":bob!~bob@host JOIN #Tea"]);
  await bob.expect("JOIN #tea");
  assertEquals(alice.hears(), []);
});

test("JOIN: replies with the topic, its author and its time when the channel has one", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  await alice.asks("TOPIC #tea :green or black");
  clock.now += 5000;
  const bob = await fixture.irc("bob");
  await bob.expect(
    "JOIN #tea",
    ":bob!~bob@host JOIN #tea",
    "332 bob #tea :green or black",
    `333 bob #tea alice!~alice@host ${THEN}`,
    "353 bob = #tea :@alice bob",
    "366 bob #tea :End of /NAMES list",
  );
});

test("JOIN: joins all other channels when one of several cannot be joined", async (fixture) => {
  const [alice] = await fixture.channel("#a", "alice") as [Client];
  await alice.asks("JOIN #b", "JOIN #c", "MODE #a +k one", "MODE #c +k three");
  const bob = await fixture.irc("bob");
  const answer = await bob.asks("JOIN #a,tea,,#b,#c one,,,,three");
  assertEquals(answer.filter((line) => / JOIN |^4/.test(line)), [
    ":bob!~bob@host JOIN #a",
    `476 bob tea :Bad Channel Mask: ${ROOM_RULE}`,
    ":bob!~bob@host JOIN #b",
    ":bob!~bob@host JOIN #c",
  ]);
});

test("JOIN: leaves all channels when the parameter is 0", async (fixture) => {
  const [alice, bob] = await fixture.channel("#a", "alice", "bob") as Pair;
  await bob.says("JOIN #b");
  fixture.quiet();
  await bob.expect("JOIN 0", ":bob!~bob@host PART #a", ":bob!~bob@host PART #b");
  assertEquals(alice.hears(), [":bob!~bob@host PART #a"]);
  await bob.expect("JOIN 0");
});

test("JOIN: replies with the reason when the key, the limit, an invitation, a ban or the name prevents it", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const bob = await fixture.irc("bob");
  await alice.says("MODE #tea +k key");
  await bob.expect("JOIN #tea", "475 bob #tea :Cannot join channel (+k)");
  await bob.expect("JOIN #tea KEY", "475 bob #tea :Cannot join channel (+k)");
  await alice.says("MODE #tea -k+l * 1");
  await bob.expect("JOIN #tea", "471 bob #tea :Cannot join channel (+l)");
  await alice.says("MODE #tea -l+i");
  await bob.expect("JOIN #tea", "473 bob #tea :Cannot join channel (+i)");
  await alice.says("MODE #tea -i+b *!~bob@*");
  await bob.expect("JOIN #tea", "474 bob #tea :Cannot join channel (+b)");
  for (const name of ["tea", "#", "#a\x07b", "@#tea"]) {
    await bob.expect(`JOIN ${name}`, `476 bob ${name} :Bad Channel Mask: ${ROOM_RULE}`);
  }
  await bob.expect("JOIN :#a b", `476 bob * :Bad Channel Mask: ${ROOM_RULE}`);
  await bob.expect("JOIN", "461 bob JOIN :Not enough parameters");
  assertEquals(alice.hears().filter((line) => line.includes("JOIN")), []);
});

test("JOIN: succeeds when a ban exception, an invite exception or an invitation applies", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const [bob, carol, dave] = [await fixture.irc("bob"), await fixture.irc("carol"), await fixture.irc("dave")];
  await alice.says("MODE #tea +ibeI *!*@host bob bob", "INVITE carol #tea");
  await dave.expect("JOIN #tea", "474 dave #tea :Cannot join channel (+b)");
  fixture.quiet();
  for (const [client, nick] of [[bob, "bob"], [carol, "carol"]] as const) {
    assertEquals((await client.asks("JOIN #tea"))[0], `:${nick}!~${nick}@host JOIN #tea`);
  }
  await carol.asks("PART #tea");
  await carol.expect("JOIN #tea", "474 carol #tea :Cannot join channel (+b)");
});

test("extended-join: adds account and real name to every JOIN, also the client's own", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "extended-join"), await fixture.irc("bob")];
  assertEquals((await alice.asks("JOIN #tea"))[0], ":alice!~alice@host JOIN #tea * :Real alice");
  assertEquals((await bob.asks("JOIN #tea"))[0], ":bob!~bob@host JOIN #tea");
  assertEquals(alice.hears(), [":bob!~bob@host JOIN #tea * :Real bob"]);
});

test("no-implicit-names: JOIN is not followed by the members of the channel, and NAMES is replied to", async (fixture) => {
  for (const capability of ["no-implicit-names", "draft/no-implicit-names"]) {
    const alice = await fixture.irc("alice", capability);
    await alice.expect("JOIN #tea", ":alice!~alice@host JOIN #tea");
    await alice.says("TOPIC #tea :Lunch");
    const bob = await fixture.irc("bob", capability);
    await bob.expect(
      "JOIN #tea,#two",
      ":bob!~bob@host JOIN #tea",
      "332 bob #tea :Lunch",
      `333 bob #tea alice!~alice@host ${THEN}`,
      ":bob!~bob@host JOIN #two",
    );
    await bob.expect("NAMES #tea", "353 bob = #tea :@alice bob", "366 bob #tea :End of /NAMES list");
    await alice.leave();
    await bob.leave();
  }
});

test("away-notify: sends AWAY after the JOIN of a user who is away", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "away-notify", "server-time"), await fixture.irc("bob")];
  const [carol, dave] = [await fixture.irc("carol"), await fixture.irc("dave", "away-notify")];
  await fixture.join("#tea", alice, bob);
  await carol.asks("AWAY :asleep");
  await carol.says("JOIN #tea");
  const tag = `@time=${TIME}`;
  assertEquals(alice.hears(), [`${tag} :carol!~carol@host JOIN #tea`, `${tag} :carol!~carol@host AWAY :asleep`]);
  assertEquals(bob.hears(), [":carol!~carol@host JOIN #tea"]);
  assertEquals((await dave.asks("JOIN #tea")).length, 3);
  assertEquals(alice.hears(), [`${tag} :dave!~dave@host JOIN #tea`]);
});

test("PART: leaves the channel and tells its members, with or without a reason", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await bob.expect("PART #TEA :so\x07 long", ":bob!~bob@host PART #tea :so long");
  assertEquals(alice.hears(), [":bob!~bob@host PART #tea :so long"]);
  await bob.says("JOIN #tea");
  fixture.quiet();
  await bob.expect(`PART #tea :${"x".repeat(201)}`, "NOTICE bob :PART: Reason too long: at most 200 characters");
  assertEquals(alice.hears(), []);
  await bob.expect(`PART #tea :${"é".repeat(168)}`, `:bob!~bob@host PART #tea :${"é".repeat(168)}`);
  assertEquals(alice.hears(), [`:bob!~bob@host PART #tea :${"é".repeat(168)}`]);
  await alice.expect("PART #tea", ":alice!~alice@host PART #tea");
  assertEquals([...fixture.chat.rooms].map(({ name }) => name), ["#lobby"]);
});

test("PART: replies to each of several channels that cannot be left", async (fixture) => {
  const [alice] = await fixture.channel("#a", "alice") as [Client];
  const bob = await fixture.irc("bob");
  await bob.asks("JOIN #b");
  await bob.expect(
    "PART #none,#a,#b :x",
    "403 bob #none :No such channel",
    "442 bob #a :You're not on that channel",
    ":bob!~bob@host PART #b :x",
  );
  await bob.expect("PART", "461 bob PART :Not enough parameters");
  await alice.says("MODE #a +s");
  await bob.expect("PART #a", "403 bob #a :No such channel");
});

test("TOPIC: shows, sets and removes the topic", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await bob.expect("TOPIC #tea", "331 bob #tea :No topic is set");
  clock.now += 999; // times are in whole seconds
  await alice.expect("TOPIC #TEA :green  tea", ":alice!~alice@host TOPIC #tea :green  tea");
  assertEquals(bob.hears(), [":alice!~alice@host TOPIC #tea :green  tea"]);
  await bob.expect("TOPIC #tea", "332 bob #tea :green  tea", `333 bob #tea alice!~alice@host ${THEN}`);
  await alice.expect("TOPIC #tea :", ":alice!~alice@host TOPIC #tea :");
  assertEquals(bob.hears(), [":alice!~alice@host TOPIC #tea :"]);
  await bob.expect("TOPIC #tea", "331 bob #tea :No topic is set");
});

test("TOPIC: replies with an error when the channel does not exist, or the client is no member or no operator", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  await carol.expect("TOPIC", "461 carol TOPIC :Not enough parameters");
  await carol.expect("TOPIC #none", "403 carol #none :No such channel");
  await carol.expect("TOPIC nick", "403 carol nick :No such channel");
  await carol.expect("TOPIC #tea", "442 carol #tea :You're not on that channel");
  await carol.expect("TOPIC #tea :x", "442 carol #tea :You're not on that channel");
  await bob.expect("TOPIC #tea :x", "482 bob #tea :You're not channel operator");
  await alice.says("MODE #tea +s-t");
  bob.hears();
  await carol.expect("TOPIC #tea :x", "403 carol #tea :No such channel");
  await bob.expect("TOPIC #tea :mine", ":bob!~bob@host TOPIC #tea :mine");
});

test("TOPIC: is rejected when the topic is too long, and no member is told", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const told = "NOTICE alice :TOPIC: Text too long: at most 366 bytes, and letters outside ASCII take 2 to 4 each";
  await alice.expect(`TOPIC #tea :${"😀".repeat(100)}`, told);
  await alice.expect(`TOPIC #tea :${"x".repeat(361)}`, "NOTICE alice :TOPIC: Topic too long: at most 360 characters");
  assertEquals(bob.hears(), []);
  const topic = "😀".repeat(91);
  await alice.says(`TOPIC #tea :${topic}`);
  assertEquals(bob.hears(), [`:alice!~alice@host TOPIC #tea :${topic}`]);
  assertEquals((await bob.asks("TOPIC #tea"))[0], `332 bob #tea :${topic}`);
});

test("NAMES: shows the highest rank of each member, or all ranks with multi-prefix", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as Three;
  await alice.asks("MODE #tea +vv alice bob");
  await carol.expect("NAMES #TEA", "353 carol = #tea :@alice +bob carol", "366 carol #tea :End of /NAMES list");
  await carol.asks("CAP REQ multi-prefix");
  await carol.expect("NAMES #tea", "353 carol = #tea :@+alice +bob carol", "366 carol #tea :End of /NAMES list");
  await bob.asks("CAP REQ userhost-in-names");
  await bob.expect(
    "NAMES #tea",
    "353 bob = #tea :@alice!~alice@host +bob!~bob@host carol!~carol@host",
    "366 bob #tea :End of /NAMES list",
  );
});

test("NAMES: lists at most four channels, each once", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const empty = (name: string) => `366 alice ${name} :End of /NAMES list`;
  const tea = ["353 alice = #tea :@alice", empty("#tea")];
  await alice.expect(`NAMES ${"#tea,".repeat(50)}#tea`, ...tea);
  await alice.expect(
    "NAMES #a,#b,#c,#d,#e",
    ...["#a", "#b", "#c", "#d"].map(empty),
    "407 alice #e :Too many targets; the rest was left out",
  );
});

test(
  "irc: all parts of one response share one limit, and the next command has its own",
  async (fixture) => {
    const [alice] = await fixture.channel("#a", "alice") as [Client];
    await alice.asks("JOIN #b");
    const [a, b] = ["#a", "#b"].map((name) => `366 alice ${name} :End of /NAMES list`) as [string, string];
    for (let again = 0; again < 2; again++) await alice.expect("NAMES #a", "353 alice = #a :@alice", a);
    const tooLong = "416 alice #b :Output too long, the rest was left out";
    await alice.expect("NAMES #a,#b", "353 alice = #a :@alice", a, tooLong, b);
  },
  () => ({ answerMax: 50 }),
);

/** Time that each step of a command takes, in milliseconds. */
let stepTime = 0;

for (
  const [how, label, expected] of [
    ["may be interrupted after a channel", "", ["353 #a", "366 #a", "PRIVMSG #a", "353 #b", "366 #b"]],
    [
      "is not interrupted when it has a label",
      "@label=x ",
      ["BATCH +b0", "353 #a", "366 #a", "353 #b", "366 #b", "BATCH -b0", "PRIVMSG #a"],
    ],
  ] as const
) {
  test(`NAMES: ${how}`, async (fixture) => {
    const alice = await fixture.irc("alice", "batch", "labeled-response");
    const bob = await fixture.irc("bob");
    for (const name of ["#a", "#b"]) await fixture.join(name, alice, bob);
    stepTime = SLICE;
    const asked = alice.says(`${label}NAMES #a,#b`);
    await bob.says("PRIVMSG #a :hi");
    await asked;
    const lines = alice.hears().map((line) => line.replace(/ alice (?:= )?/, " "));
    assertEquals(lines.map((line) => /(?:353|366|BATCH|PRIVMSG) \S+/.exec(line)?.[0]), [...expected]);
  }, () => {
    let now = stepTime = 0;
    return { slicer: new TimeSlicer(() => now += stepTime) };
  });
}

test("NAMES: is empty when the channel is secret or does not exist, or when none is given", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  await alice.asks("MODE #tea +s");
  bob.hears();
  await carol.expect("NAMES #tea", "366 carol #tea :End of /NAMES list");
  await carol.expect("NAMES #none", "366 carol #none :End of /NAMES list");
  await carol.expect("NAMES nick", "366 carol nick :End of /NAMES list");
  await carol.expect("NAMES", "366 carol * :End of /NAMES list");
  await bob.expect("NAMES #tea", "353 bob @ #tea :@alice bob", "366 bob #tea :End of /NAMES list");
});

test("NAMES: hides invisible users of channels that the client has not joined", async (fixture) => {
  const [alice, bob] = await fixture.channel("#a", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  await fixture.join("#b", carol);
  await alice.asks("MODE alice +i");
  await carol.expect(
    "NAMES #a,#b",
    "353 carol = #a :bob",
    "366 carol #a :End of /NAMES list",
    "353 carol = #b :@carol",
    "366 carol #b :End of /NAMES list",
  );
  await bob.expect("NAMES #a", "353 bob = #a :@alice bob", "366 bob #a :End of /NAMES list");
  await alice.expect("NAMES #a", "353 alice = #a :@alice bob", "366 alice #a :End of /NAMES list");
});

test("NAMES: lists every member once, in as many lines as it takes", async (fixture) => {
  const nicks = Array.from({ length: 60 }, (_, i) => `${"n".repeat(28)}${i + 10}`);
  const [first] = await fixture.channel(`#${"é".repeat(49)}`, ...nicks) as [Client];
  await first.says("CAP REQ userhost-in-names", `NAMES #${"é".repeat(49)}`);
  const lines = first.gets().filter((line) => line.includes(" 353 "));
  lines.forEach(ProtocolFixture.assertSound);
  const names = lines.flatMap((line) => line.slice(line.indexOf(" :") + 2).split(" "));
  assertEquals(names, nicks.map((nick, i) => `${i === 0 ? "@" : ""}${nick}!~${nick.slice(0, 9)}@host`));
});

test("irc: a response ends early with 416 when it would be too long", async (fixture) => {
  const [alice] = await fixture.channel("#a", "alice") as [Client];
  for (const name of ["#b", "#c", "#d"]) await alice.says(`JOIN ${name}`);
  fixture.quiet();
  await alice.expect(
    "LIST",
    "321 alice Channel :Users  Name",
    "322 alice #lobby 0 :",
    "322 alice #a 1 :",
    "416 alice LIST :Output too long, the rest was left out",
    "323 alice :End of /LIST",
  );
  const carol = await fixture.irc("carol");
  await carol.asks("JOIN #a");
  await carol.expect(
    "WHO *",
    "352 carol #a ~alice host irc.test alice H@ :0 Real alice",
    "416 carol WHO :Output too long, the rest was left out",
    "315 carol * :End of WHO list",
  );
  for (const nick of ["n".repeat(30), "m".repeat(30)]) {
    await (await fixture.irc(nick)).says("CAP REQ userhost-in-names", "JOIN #a");
  }
  const names = await carol.asks("CAP REQ userhost-in-names", "NAMES #a");
  assertEquals(names.slice(1), [
    "416 carol #a :Output too long, the rest was left out",
    "366 carol #a :End of /NAMES list",
  ]);
}, () => ({ answerMax: 110 }));

/** The channels that LIST shows, without its first and last line. */
async function listed(client: Client, conditions: string): Promise<string[]> {
  const answer = await client.asks(`LIST ${conditions}`);
  assertEquals([answer[0]!.slice(0, 3), answer.at(-1)!.slice(0, 3)], ["321", "323"]);
  return answer.slice(1, -1).map((line) => line.split(" ").slice(2).join(" "));
}

test("LIST: shows the size and topic of each channel, and secret channels to their members only", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await fixture.join("#den", alice);
  await alice.says("TOPIC #tea :green  tea", "MODE #den +s");
  await bob.expect(
    "LIST",
    "321 bob Channel :Users  Name",
    "322 bob #lobby 0 :",
    "322 bob #tea 2 :green  tea",
    "323 bob :End of /LIST",
  );
  assertEquals(await listed(alice, "#DEN,#none,#tea"), ["#tea 2 :green  tea", "#den 1 :"]);
  assertEquals(await listed(bob, "#den"), []);
  assertEquals(await listed(bob, "*"), ["#lobby 0 :", "#tea 2 :green  tea"]);
});

test("LIST: ignores conditions beyond the limit", async (fixture) => {
  const [, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const met = Array(CONDITIONS_MAX - 1).fill("*");
  assertEquals((await listed(bob, [...met, "*den"].join(","))).length, 0, "the last that counts");
  assertEquals((await listed(bob, [...met, "*", "*den"].join(","))).length, 2, "the first that does not");
});

test("LIST: filters by number of members, name, and age of channel or topic", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  clock.now += 10 * 60_000;
  await fixture.join("#den", alice);
  await alice.says("TOPIC #tea :t");
  clock.now += 10 * 60_000;
  const names = async (conditions: string) => (await listed(bob, conditions)).map((line) => line.split(" ")[0]);
  const [lobby, tea, den] = ["#lobby", "#tea", "#den"];
  const expected: [string, string[]][] = [
    [">0", [tea, den]],
    ["<1", [lobby]],
    [">1", [tea]],
    ["<2", [lobby, den]],
    ["#t*", [tea]],
    ["*E?", [tea, den]],
    ["!*e*", [lobby]],
    ["!#t*", [lobby, den]],
    ["den", []],
    ["C<15", [den]],
    ["c>15", [lobby, tea]],
    ["C<10", []],
    ["C>10", [lobby, tea]],
    ["T<11", [tea]],
    ["T>9", [tea]],
    ["t>10", []],
    [">0,C<15", [den]],
    ["*e*,!*d*", [tea]],
    ["#tea,#den >1", [tea]],
    ["#tea >0,C<15", []],
  ];
  for (const [conditions, found] of expected) assertEquals(await names(conditions), found, conditions);
});

test("INVITE: tells both users, and lets the invited user join an invite-only channel", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const bob = await fixture.irc("bob");
  await alice.asks("MODE #tea +ikl key 1");
  await alice.expect("INVITE BOB #TEA", "341 alice bob #tea");
  assertEquals(bob.hears(), [":alice!~alice@host INVITE bob #tea"]);
  await bob.expect("INVITE", "336 bob #tea", "337 bob :End of /INVITE list");
  assertEquals((await bob.asks("JOIN #tea"))[0], ":bob!~bob@host JOIN #tea");
  await bob.expect("INVITE", "337 bob :End of /INVITE list");
});

test("INVITE: replies with an error when it fails, and with 301 when the user is away", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  await carol.expect("INVITE bob", "461 carol INVITE :Not enough parameters");
  await carol.expect("INVITE carol #none", "403 carol #none :No such channel");
  await carol.expect("INVITE carol #tea", "442 carol #tea :You're not on that channel");
  await alice.expect("INVITE nobody #tea", "401 alice nobody :No such nick/channel");
  await alice.expect("INVITE BOB #tea", "443 alice bob #tea :is already on channel");
  await carol.asks("AWAY :asleep");
  await bob.expect("INVITE carol #tea", "341 bob carol #tea", "301 bob carol :asleep");
  await alice.asks("MODE #tea +is");
  bob.hears();
  await bob.expect("INVITE carol #tea", "482 bob #tea :You're not channel operator");
  await carol.asks();
  await carol.expect("INVITE carol #tea", "403 carol #tea :No such channel");
});

test("invite-notify: tells only operators of the channel with the capability", async (fixture) => {
  const names = ["alice", "bob", "carol", "dave"];
  const clients = [];
  for (const name of names) clients.push(await fixture.irc(name, ...(name === "carol" ? [] : ["invite-notify"])));
  const [alice, bob, carol, dave] = clients as [Client, Client, Client, Client];
  await fixture.join("#tea", ...clients);
  const eve = await fixture.irc("eve", "invite-notify");
  await alice.says("MODE #tea +oo bob carol");
  fixture.quiet();
  await alice.expect("INVITE eve #tea", "341 alice eve #tea");
  const line = ":alice!~alice@host INVITE eve #tea";
  assertEquals([bob.hears(), carol.hears(), dave.hears(), eve.hears()], [[line], [], [], [line]]);
});

test("KICK: removes a member and tells all members, with the reason or else the operator's nick", async (fixture) => {
  const clients = await fixture.channel("#tea", "alice", "bob", "carol", "dave");
  const [alice, bob, carol, dave] = clients as [Client, Client, Client, Client];
  const kicked = ":alice!~alice@host KICK #tea bob :too loud";
  await alice.expect("KICK #TEA BOB :too loud", kicked);
  assertEquals([bob.hears(), carol.hears()], [[kicked], [kicked]]);
  const both = [":alice!~alice@host KICK #tea carol :alice", ":alice!~alice@host KICK #tea dave :alice"];
  await alice.expect("KICK #tea carol,dave", ...both);
  assertEquals(dave.hears(), [kicked, ...both]);
  await alice.expect("NAMES #tea", "353 alice = #tea :@alice", "366 alice #tea :End of /NAMES list");
  await alice.expect("KICK #tea alice :", ":alice!~alice@host KICK #tea alice :alice");
  assertEquals([...fixture.chat.rooms].map(({ name }) => name), ["#lobby"]);
});

test("KICK: needs one channel, or as many as nicks", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#a", "alice", "bob", "carol") as Three;
  await fixture.join("#b", alice, carol);
  await alice.expect("KICK #a,#b bob,carol,x", "461 alice KICK :Not enough parameters");
  await alice.expect("KICK #a,#b bob", "461 alice KICK :Not enough parameters");
  await alice.expect(
    "KICK #a,#b bob,carol :x",
    ":alice!~alice@host KICK #a bob :x",
    ":alice!~alice@host KICK #b carol :x",
  );
  assertEquals(bob.hears(), [":alice!~alice@host KICK #a bob :x"]);
});

test("KICK: removes all other users when one cannot be removed", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as Three;
  const dave = await fixture.irc("dave");
  await dave.expect("KICK #tea", "461 dave KICK :Not enough parameters");
  await dave.expect("KICK #none alice", "403 dave #none :No such channel");
  await dave.expect("KICK #tea alice", "442 dave #tea :You're not on that channel");
  await bob.expect("KICK #tea alice", "482 bob #tea :You're not channel operator");
  await alice.expect(
    "KICK #tea nobody,Dave,bob",
    "401 alice nobody :No such nick/channel",
    "441 alice dave #tea :They aren't on that channel",
    ":alice!~alice@host KICK #tea bob :alice",
  );
  carol.hears();
  await alice.says("MODE #tea +s");
  await dave.expect("KICK #tea alice", "403 dave #tea :No such channel");
});

test("KICK: moves a text client to the lobby, which can kick IRC users as well", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const tom = await fixture.text("tom");
  await tom.asks("/join #tea");
  await alice.asks("KICK #tea tom :out");
  assertEquals(tom.hears().slice(0, 2), ["-- alice kicked tom from #tea (out)", "-- You are alone in #lobby."]);
  await tom.asks("/join #tea");
  await alice.asks("MODE #tea +o tom");
  bob.hears();
  await tom.asks("/kick bob no");
  assertEquals(bob.hears(), [":tom!~guest@host KICK #tea bob :no"]);
});
