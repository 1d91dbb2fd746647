/** Users: WHO, WHOIS, WHOWAS, ISON, USERHOST, AWAY, SETNAME, MONITOR. */
import { assert, assertEquals } from "@std/assert";
import { TARGETS_MAX } from "../../../src/protocol/irc/limits.ts";
import { type Client, clock, ProtocolFixture, test, testAccounts, THEN, TIME } from "./harness.ts";

type Pair = [Client, Client];

const end = (mask: string) => `315 alice ${mask} :End of WHO list`;

test("WHO: lists the members of a channel, with flags for away, operator, rank and bot", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as [Client, Client, Client];
  const tom = await fixture.text("tom");
  await tom.asks("/join #tea");
  await alice.says("MODE #tea +ov bob bob", "MODE #tea +v carol");
  await bob.asks("AWAY :out", "MODE bob +B");
  fixture.chat.setFlag(bob.member, "operator", true);
  carol.hears();
  alice.hears();
  await alice.expect(
    "WHO #TEA",
    "352 alice #tea ~alice host irc.test alice H@ :0 Real alice",
    "352 alice #tea ~bob host irc.test bob G*@B :0 Real bob",
    "352 alice #tea ~carol host irc.test carol H+ :0 Real carol",
    "352 alice #tea ~guest host irc.test tom H :0 guest",
    end("#TEA"),
  );
  await alice.asks("CAP REQ multi-prefix");
  await alice.expect("WHO bob", "352 alice #tea ~bob host irc.test bob G*@+B :0 Real bob", end("bob"));
  await alice.expect("WHO #tea o", "352 alice #tea ~bob host irc.test bob G*@+B :0 Real bob", end("#tea"));
});

test("WHO: finds users by nick, user name, host or real name, or all; the list may be empty", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const far = fixture.connect("198.51.100.1");
  await far.says("NICK bob", "USER robert 0 * :Bob B.");
  const me = "352 alice #tea ~alice host irc.test alice H@ :0 Real alice";
  const bob = "352 alice * ~robert elsewhere irc.test bob H :0 Bob B.";
  const expected: [string, string[]][] = [
    ["BOB", [bob]],
    ["b?b", [bob]],
    ["~rob*", [bob]],
    ["else*", [bob]],
    ["*B.", [bob]],
    ["*o*", [me, bob]],
    ["*", [me, bob]],
    ["0", [me, bob]],
    ["nobody", []],
    ["#none", []],
    ["Bob", [bob]],
  ];
  for (const [mask, found] of expected) await alice.expect(`WHO ${mask}`, ...found, end(mask));
  await alice.expect("WHO", me, bob, end("*"));
  await alice.expect("WHO :*b B*", bob, end("*"));
});

test("WHO: shows the channel that was asked for when the users have several in common", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await fixture.join("#den", alice, bob);
  await alice.expect(
    "WHO #den",
    "352 alice #den ~alice host irc.test alice H@ :0 Real alice",
    "352 alice #den ~bob host irc.test bob H :0 Real bob",
    end("#den"),
  );
});

test("WHO: finds an invisible user only by nick or in a common channel, and a secret channel for members only", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  const [inside, outside] = ["#tea", "*"].map((room) => `352 carol ${room} ~bob host irc.test bob H :0 Real bob`);
  await alice.says("MODE #tea +s");
  await bob.asks("MODE bob +i");
  const over = (mask: string) => `315 carol ${mask} :End of WHO list`;
  await carol.expect("WHO #tea", over("#tea"));
  await carol.expect("WHO b*", over("b*"));
  await carol.expect("WHO bob", outside!, over("bob"));
  await carol.expect("WHO alice", "352 carol * ~alice host irc.test alice H :0 Real alice", over("alice"));
  await alice.says("MODE #tea -s");
  await carol.expect("WHO #tea", "352 carol #tea ~alice host irc.test alice H@ :0 Real alice", over("#tea"));
  await fixture.join("#den", bob, carol);
  await carol.expect("WHO #tea", "352 carol #tea ~alice host irc.test alice H@ :0 Real alice", over("#tea"));
  await carol.expect("WHO b*", inside!.replace("#tea", "#den").replace("H :", "H@ :"), over("b*"));
  await carol.says("PART #den", "JOIN #tea");
  carol.hears();
  await carol.expect("WHO b*", inside!, over("b*"));
  await bob.expect("WHO bob", "352 bob #tea ~bob host irc.test bob H :0 Real bob", "315 bob bob :End of WHO list");
  await bob.says("JOIN 0");
  bob.hears();
  const own = "352 bob * ~bob host irc.test bob H :0 Real bob";
  await bob.expect("WHO b*", own, "315 bob b* :End of WHO list");
});

test("WHO: finds an invisible user by nick in any case", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("Bob")];
  await bob.says("MODE Bob +i");
  for (const mask of ["bob", "BOB", "Bob"]) {
    await alice.expect(`WHO ${mask}`, "352 alice * ~Bob host irc.test Bob H :0 Real Bob", end(mask));
  }
});

test("WHOX: replies with the requested fields in its own order, with the token", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await bob.says("AWAY :out");
  clock.now += 7000;
  const expected: [string, string][] = [
    ["%nuh", "~bob host bob"],
    ["%tcuihsnfdlaor,42", "42 #tea ~bob 255.255.255.255 host irc.test bob G 0 0 0 n/a :Real bob"],
    ["%rt,7", "7 :Real bob"],
    ["%t", "0"],
    ["%t,1234", "0"],
    ["%t,x", "0"],
    ["%nzn!", "bob"],
    ["x%na", "bob 0"],
  ];
  for (const [fields, found] of expected) await alice.expect(`WHO bob ${fields}`, `354 alice ${found}`, end("bob"));
  await alice.expect("WHO #tea %lon", "354 alice alice 7 999", "354 alice bob 0 n/a", end("#tea"));
  await alice.expect("WHO #tea o%n", end("#tea"));
  await alice.expect("WHO nobody %n", end("nobody"));
});

test("WHOIS: replies with all that is public about a user", async (fixture) => {
  clock.now += 999; // times are in whole seconds
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await fixture.join("#den", bob);
  await bob.says("MODE bob +B", "AWAY :out");
  fixture.chat.setFlag(bob.member, "operator", true);
  clock.now += 7000;
  await alice.expect(
    "WHOIS BOB",
    "311 alice bob ~bob host * :Real bob",
    "319 alice bob :#tea @#den",
    "312 alice bob irc.test :tincan-1.2",
    "313 alice bob :is an IRC operator",
    "335 alice bob :is a bot",
    "301 alice bob :out",
    `317 alice bob 7 ${THEN} :seconds idle, signon time`,
    "318 alice BOB :End of /WHOIS list",
  );
  await bob.says("PRIVMSG alice :hi");
  assertEquals((await alice.asks("WHOIS irc.test bob")).at(-2), `317 alice bob 0 ${THEN} :seconds idle, signon time`);
});

test("WHOIS: works for a text user, the client itself, an unknown nick and several nicks", async (fixture) => {
  const alice = await fixture.irc("alice");
  await fixture.text("tom");
  const of = (nick: string, user: string, real: string, ...rooms: string[]) => [
    `311 alice ${nick} ${user} host * :${real}`,
    ...rooms,
    `312 alice ${nick} irc.test :tincan-1.2`,
    `317 alice ${nick} 0 ${THEN} :seconds idle, signon time`,
  ];
  const tom = of("tom", "~guest", "guest", "319 alice tom :#lobby");
  await alice.expect("WHOIS tom", ...tom, "318 alice tom :End of /WHOIS list");
  const me = of("alice", "~alice", "Real alice");
  await alice.expect("WHOIS alice", ...me, "318 alice alice :End of /WHOIS list");
  const nobody = "401 alice nobody :No such nick/channel";
  await alice.expect("WHOIS nobody", nobody, "318 alice nobody :End of /WHOIS list");
  await alice.expect("WHOIS tom,nobody", ...tom, nobody, "318 alice tom,nobody :End of /WHOIS list");
  const tooMany = Array.from({ length: TARGETS_MAX + 1 }, () => "nobody");
  await alice.expect(
    `WHOIS ${tooMany}`,
    ...tooMany.slice(1).map(() => nobody),
    `318 alice ${tooMany} :End of /WHOIS list`,
  );
  await alice.expect("WHOIS", "431 alice :No nickname given");
  await alice.expect("WHOIS :", "431 alice :No nickname given");
});

test("WHOIS: hides secret channels, and all channels of an invisible user, from clients that are not in them", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  const carol = await fixture.irc("carol");
  await fixture.join("#den", alice, carol);
  await alice.says("MODE #tea +s");
  const rooms = async (client: Client) => (await client.asks("WHOIS alice")).filter((line) => line.startsWith("319"));
  assertEquals(await rooms(carol), ["319 carol alice :@#den"]);
  assertEquals(await rooms(bob), ["319 bob alice :@#tea @#den"]);
  await alice.says("MODE alice +i");
  assertEquals(await rooms(bob), ["319 bob alice :@#tea"]);
  assertEquals(await rooms(alice), ["319 alice alice :@#tea @#den"]);
  assertEquals(await rooms(await fixture.irc("dave")), []);
});

test("WHOIS: lists each of many channels once, in as many lines as it takes", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  const names = Array.from({ length: 20 }, (_, i) => `#${"é".repeat(40)}${i}`);
  for (const name of names) await bob.says(`JOIN ${name}`);
  await alice.says("WHOIS bob");
  const lines = alice.gets().filter((line) => line.includes(" 319 "));
  lines.forEach(ProtocolFixture.assertSound);
  assert(lines.length > 1);
  assertEquals(lines.flatMap((line) => line.split(" :")[1]!.split(" ")), names.map((name) => `@${name}`));
});

test("WHOWAS: lists users who have left or changed their nick, the last one first", async (fixture) => {
  const alice = await fixture.irc("alice");
  const bob = await fixture.irc("bob");
  await bob.says("NICK robert");
  clock.now += 60_000;
  const other = fixture.connect("198.51.100.1");
  await other.says("NICK BOB", "USER b 0 * :Other");
  await other.leave();
  const first = ["314 alice bob ~bob host * :Real bob", "312 alice bob irc.test :Fri, 02 Jan 2026 03:04:05 GMT"];
  const last = ["314 alice BOB ~b elsewhere * :Other", "312 alice BOB irc.test :Fri, 02 Jan 2026 03:05:05 GMT"];
  const over = "369 alice bob :End of WHOWAS";
  await alice.expect("WHOWAS bob", ...last, ...first, over);
  await alice.expect("WHOWAS bob 1", ...last, over);
  await alice.expect("WHOWAS bob 0", ...last, ...first, over);
  await alice.expect("WHOWAS bob -1", ...last, ...first, over);
  await alice.expect(
    "WHOWAS robert",
    "406 alice robert :There was no such nickname",
    "369 alice robert :End of WHOWAS",
  );
  await alice.expect("WHOWAS", "431 alice :No nickname given");
  await alice.expect("WHOWAS :", "431 alice :No nickname given");
});

test("WHOWAS: is cut off at the limit on a response", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (let n = 0; n < 3; n++) await (await fixture.irc("bob")).leave();
  const lines = await alice.asks("WHOWAS bob");
  assertEquals([lines.length, lines.at(-1)], [6, "369 alice bob :End of WHOWAS"], "5 of 6 lines, and the end");
}, () => ({ answerMax: 300 }));

test("ISON: lists the users who are online, with their own spelling", async (fixture) => {
  const alice = await fixture.irc("alice");
  await fixture.irc("Bob");
  await alice.expect("ISON bob nobody ALICE", "303 alice :Bob alice");
  await alice.expect("ISON :nobody bob", "303 alice :Bob");
  await alice.expect("ISON nobody", "303 alice :");
});

test("ISON: lists as many whole nicks as fit into one line", async (fixture) => {
  const nick = "n".repeat(30);
  const one = await fixture.irc(nick);
  await one.says(`ISON ${Array(16).fill(nick).join(" ")}`);
  const [line = "", ...more] = one.gets();
  assertEquals(more, []);
  ProtocolFixture.assertSound(line);
  assertEquals(line, `:irc.test 303 ${nick} :${Array(15).fill(nick).join(" ")}`.slice(0, line.length));
  assert(line.split(" :")[1]!.split(" ").every((each) => each === nick));
});

test("ISON: leaves out a nick that is one byte too long for the line", async (fixture) => {
  const nick = "n".repeat(30);
  const one = await fixture.irc(nick);
  await fixture.irc("b");
  const fitting = [...Array(13).fill(nick), ...Array(16).fill("b")].join(" ");
  const head = `303 ${nick} :`;
  assertEquals(":irc.test ".length + head.length + fitting.length + ` ${nick}`.length, 511);
  await one.expect(`ISON ${fitting} ${nick} b`, `${head}${fitting} b`);
});

test("USERHOST: replies with up to five users, and whether they are operators or away", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  await bob.says("AWAY :out");
  fixture.chat.setFlag(bob.member, "operator", true);
  await alice.expect("USERHOST BOB nobody alice", "302 alice :bob*=-~bob@host alice=+~alice@host");
  await alice.expect("USERHOST a b c d e alice", "302 alice :");
  await alice.expect("USERHOST a b c d alice bob", "302 alice :alice=+~alice@host");
});

test("AWAY: is set and removed, and tells each client with away-notify and a common channel once", async (fixture) => {
  const [alice, bob] = [
    await fixture.irc("alice", "away-notify"),
    await fixture.irc("bob", "away-notify", "server-time"),
  ];
  const [carol, dave] = [await fixture.irc("carol"), await fixture.irc("dave", "away-notify")];
  for (const room of ["#a", "#b"]) await fixture.join(room, alice, bob, carol);
  const gone = "306 alice :You have been marked as being away";
  const back = "305 alice :You are no longer marked as being away";
  await alice.expect("AWAY :out for tea", gone);
  await alice.expect("AWAY :out for tea", gone);
  await alice.expect("AWAY", back);
  await alice.expect("AWAY :", back);
  await alice.expect("AWAY word", gone);
  await alice.expect("AWAY :\x07 ", back);
  assertEquals(bob.hears(), [
    `@time=${TIME} :alice!~alice@host AWAY :out for tea`,
    `@time=${TIME} :alice!~alice@host AWAY`,
    `@time=${TIME} :alice!~alice@host AWAY :word`,
    `@time=${TIME} :alice!~alice@host AWAY`,
  ]);
  assertEquals([carol.hears(), dave.hears()], [[], []]);
});

test("SETNAME: changes the real name, and tells clients with setname and a common channel, and the client itself", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "setname"), await fixture.irc("bob", "setname")];
  const [carol, dave] = [await fixture.irc("carol"), await fixture.irc("dave", "setname")];
  await alice.expect("SETNAME :Alone", ":alice!~alice@host SETNAME :Alone");
  await fixture.join("#tea", alice, bob, carol);
  const line = ":alice!~alice@host SETNAME :Alice B.";
  await alice.expect("SETNAME :Alice B.", line);
  assertEquals([bob.hears(), carol.hears(), dave.hears()], [[line], [], []]);
  await carol.expect("SETNAME Carol");
  assertEquals(carol.member.realname, "Carol");
  assertEquals((await bob.asks("WHOIS alice"))[0], "311 bob alice ~alice host * :Alice B.");
});

test("SETNAME: is rejected by FAIL or NOTICE when the real name is not valid", async (fixture) => {
  const clients = [
    [await fixture.irc("alice", "setname"), "FAIL SETNAME INVALID_REALNAME"],
    [await fixture.irc("bob", "standard-replies"), "FAIL SETNAME INVALID_REALNAME"],
    [await fixture.irc("carol"), "NOTICE carol :SETNAME"],
  ] as const;
  for (const [client, head] of clients) {
    for (const name of ["", " ", "\x07", "x".repeat(151)]) {
      const colon = head.startsWith("FAIL") ? " :" : ": ";
      await client.expect(`SETNAME :${name}`, `${head}${colon}A real name has 1 to 150 characters`);
    }
    assertEquals(client.member.realname, `Real ${client.member.nick}`);
  }
});

test("MONITOR: reports whether nicks are online, and later when they connect and disconnect", async (fixture) => {
  const alice = await fixture.irc("alice");
  await fixture.irc("Bob");
  await alice.expect(
    "MONITOR + bob,carol,1st,,#x,alice",
    "730 alice :Bob!~Bob@host,alice!~alice@host",
    "731 alice :carol",
  );
  const tom = await fixture.text("tom");
  const carol = await fixture.irc("Carol");
  assertEquals(alice.hears(), ["730 * :Carol!~Carol@host"]);
  await carol.says("NICK eve");
  assertEquals(alice.hears(), ["731 * :Carol"]);
  await tom.says("/nick carol");
  assertEquals(alice.hears(), ["730 * :carol!~guest@host"]);
  await tom.says("/nick CAROL");
  assertEquals(alice.hears(), []);
  await tom.leave();
  assertEquals(alice.hears(), ["731 * :CAROL"]);
});

test("MONITOR: removes nicks, clears the list, shows it, and reports its status", async (fixture) => {
  const alice = await fixture.irc("alice");
  await fixture.irc("bob");
  await alice.asks("MONITOR + bob,carol,Dave");
  await alice.expect("MONITOR L", "732 alice :bob,carol,Dave", "733 alice :End of MONITOR list");
  await alice.expect("monitor s", "730 alice :bob!~bob@host", "731 alice :carol,Dave");
  await alice.expect("MONITOR - BOB,dave,nobody");
  await alice.expect("MONITOR L", "732 alice :carol", "733 alice :End of MONITOR list");
  await alice.expect("MONITOR C");
  await alice.expect("MONITOR l", "733 alice :End of MONITOR list");
  await alice.expect("MONITOR S");
  await alice.expect("MONITOR x a");
  await alice.expect("MONITOR +");
  await fixture.irc("carol");
  assertEquals(alice.hears(), []);
});

test("SILENCE: an ignored user's private messages do not reach the client, and its lines in channels do", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
  await alice.expect("SILENCE", "272 alice :End of Silence List");
  await alice.expect("SILENCE +BOB", ":alice!~alice@host SILENCE +bob!*@host");
  await bob.expect("PRIVMSG alice :psst");
  await bob.says("NOTICE alice :psst", "TAGMSG alice", "PRIVMSG #tea :hi");
  assertEquals(alice.hears(), [":bob!~bob@host PRIVMSG #tea :hi"]);
  await alice.expect("SILENCE dave!*@elsewhere", ":alice!~alice@host SILENCE +dave!*@elsewhere");
  await alice.expect(
    "SILENCE",
    "271 alice alice bob!*@host",
    "271 alice alice dave!*@elsewhere",
    "272 alice :End of Silence List",
  );
  await alice.expect("SILENCE -bob", ":alice!~alice@host SILENCE -bob!*@host");
  await bob.says("PRIVMSG alice :psst");
  assertEquals(alice.hears(), [":bob!~bob@host PRIVMSG alice :psst"]);
  await alice.expect("SILENCE -bob", "NOTICE alice :SILENCE: You do not ignore that user. SILENCE lists those you do");
  await alice.expect("SILENCE +*!*@*", "401 alice *!*@* :No such nick/channel");
  await alice.expect("SILENCE +alice", "NOTICE alice :SILENCE: You cannot ignore yourself");
});

test("ISUPPORT: the server enforces SILENCE=100", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (let n = 0; n < 100; n++) await alice.says(`SILENCE +n${n}!*@host`);
  await alice.expect("SILENCE +x!*@host", "511 alice x!*@host :Your silence list is full");
});

testAccounts(
  "SILENCE: the list of an account is that of all its clients, and they are told of changes",
  async (fixture, office) => {
    await office.accounts.register("alice", "secret password");
    const [alice, other] = [await fixture.irc("one"), await fixture.irc("two")];
    for (const client of [alice, other]) await client.asks("NS IDENTIFY alice secret password");
    await alice.asks("SILENCE +x!*@host");
    assertEquals(other.hears(), [":one!~one@host SILENCE +x!*@host"]);
    await other.asks("SILENCE -x");
    assertEquals(alice.hears(), [":one!~one@host SILENCE -x!*@host"]);
  },
);

const EXTENDED = ["extended-monitor", "away-notify", "account-notify", "setname"];

test("extended-monitor: notifies of AWAY and SETNAME of monitored nicks in no common channel", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", ...EXTENDED), await fixture.irc("bob")];
  await alice.asks("MONITOR + BOB,alice");
  await bob.says("AWAY :asleep", "AWAY", "SETNAME :Robert");
  assertEquals(alice.hears(), [":bob!~bob@host AWAY :asleep", ":bob!~bob@host AWAY", ":bob!~bob@host SETNAME :Robert"]);
  await alice.expect("AWAY :me", "306 alice :You have been marked as being away");
  await alice.asks("MONITOR - bob");
  await bob.says("AWAY :again");
  assertEquals(alice.hears(), []);
});

test("extended-monitor: notifies once when the client shares a channel with the monitored nick", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", ...EXTENDED), await fixture.irc("bob")];
  await fixture.join("#a", alice, bob);
  await fixture.join("#b", alice, bob);
  await alice.asks("MONITOR + bob");
  await bob.says("AWAY :asleep");
  assertEquals(alice.hears(), [":bob!~bob@host AWAY :asleep"]);
});

test("extended-monitor: notifies only as far as the other capabilities are enabled, and not without its own", async (fixture) => {
  const clients = [
    await fixture.irc("alice", "away-notify", "setname"),
    await fixture.irc("carol", "extended-monitor"),
    await fixture.irc("dave", "extended-monitor", "away-notify"),
    await fixture.irc("erin", "extended-monitor", "setname"),
  ] as const;
  const bob = await fixture.irc("bob");
  for (const client of clients) await client.asks("MONITOR + bob");
  await bob.says("AWAY :asleep", "SETNAME :Robert");
  assertEquals(clients.map((client) => client.hears()), [
    [],
    [],
    [":bob!~bob@host AWAY :asleep"],
    [":bob!~bob@host SETNAME :Robert"],
  ]);
  await clients[2].says("CAP REQ -extended-monitor");
  await clients[0].says("CAP REQ extended-monitor");
  fixture.quiet();
  await bob.says("AWAY");
  assertEquals([clients[0].hears(), clients[2].hears()], [[":bob!~bob@host AWAY"], []]);
});

testAccounts("extended-monitor: notifies of the ACCOUNT of monitored nicks", async (fixture, office) => {
  await office.accounts.register("bob", "secret password");
  const alice = await fixture.irc("alice", ...EXTENDED);
  const bob = await fixture.irc("rob");
  await alice.asks("MONITOR + rob");
  await bob.says("NS IDENTIFY bob secret password", "NS LOGOUT");
  assertEquals(alice.hears(), [":rob!~rob@host ACCOUNT bob", ":rob!~rob@host ACCOUNT *"]);
});

test("MONITOR: lists each of many nicks once, in as many lines as it takes", async (fixture) => {
  const alice = await fixture.irc("alice");
  const nicks = Array.from({ length: 100 }, (_, i) => `${"n".repeat(28)}${i < 10 ? "_" : ""}${i}`);
  for (let i = 0; i < 100; i += 10) await alice.says(`MONITOR + ${nicks.slice(i, i + 10).join(",")}`);
  alice.gets();
  await alice.says("MONITOR L");
  const lines = alice.gets();
  lines.forEach(ProtocolFixture.assertSound);
  assertEquals(lines.slice(0, -1).flatMap((line) => line.split(" :")[1]!.split(",")), nicks);
});
