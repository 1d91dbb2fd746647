/** Registration: CAP, PASS, NICK, USER, PING, PONG, QUIT, the welcome, and the limits in ISUPPORT. */
import { assert, assertEquals } from "@std/assert";
import { available } from "../../../src/protocol/irc/capabilities.ts";
import { commands } from "../../../src/protocol/irc/commands.ts";
import { type Client, test, testAccounts, TIME } from "./harness.ts";
import { NICK_RULE, ROOM_RULE } from "../../../src/protocol/names.ts";

const ISUPPORT = [
  "005 alice ACCOUNTEXTBAN=a AWAYLEN=200 BOT=B CASEMAPPING=rfc8265 CHANLIMIT=#:50 CHANMODES=beI,k,l,imnstMR " +
  "CHANNELLEN=50 CHANTYPES=# CHATHISTORY=100 ELIST=CMNTU EXCEPTS=e EXTBAN=~,a INVEX=I :are supported by this server",
  "005 alice KEYLEN=32 KICKLEN=200 MAXLIST=beI:100 MODES=20 MONITOR=100 MSGREFTYPES=msgid,timestamp NAMELEN=150 " +
  "NETWORK=irc.test NICKLEN=30 PREFIX=(qov)~@+ PRIVATEHISTORY=accounts SAFELIST SILENCE=100 :are supported by this server",
  "005 alice STATUSMSG=~@+ TARGMAX=JOIN:,KICK:,LIST:,NAMES:4,NOTICE:4,PART:,PRIVMSG:4,TAGMSG:4,WHOIS:4 TOPICLEN=360 USERLEN=10 " +
  "UTF8ONLY WHOX :are supported by this server",
];

const WELCOME = [
  "001 alice :Welcome to the irc.test network, alice!~alice@host",
  "002 alice :Your host is irc.test, running version tincan-1.2",
  "003 alice :This server was started Fri, 02 Jan 2026 03:04:05 GMT",
  "004 alice irc.test tincan-1.2 Biow IMRbeiklmnoqstv",
  ...ISUPPORT,
  "251 alice :There are 1 users and 0 invisible on 1 servers",
  "252 alice 0 :operator(s) online",
  "253 alice 0 :unknown connection(s)",
  "254 alice 1 :channels formed",
  "255 alice :I have 1 clients and 0 servers",
  "265 alice 1 1 :Current local users 1, max 1",
  "266 alice 1 1 :Current global users 1, max 1",
  "422 alice :MOTD File is missing",
];

/** Returns the command or numeric of each line. */
function kinds(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^(@\S+ )?(:\S+ )?/, "").split(" ")[0]!);
}

test("registration: NICK and USER in either order register the client and send the welcome", async (fixture) => {
  const alice = fixture.connect();
  await alice.expect("NICK alice");
  await alice.expect("USER alice 0 * :Alice A.", ...WELCOME);
  assertEquals([alice.member.origin, alice.member.realname], ["alice!~alice@host", "Alice A."]);
  await alice.leave();
  const again = fixture.connect();
  await again.expect("user alice 0 * :Alice A.");
  await again.expect("nick alice", ...WELCOME);
});

test("registration: the welcome ends with the message of the day", async (fixture) => {
  fixture.motd = ["one", "", " two"];
  const alice = fixture.connect();
  assertEquals((await alice.asks("NICK alice", "USER alice 0 * :Alice")).slice(-5), [
    "375 alice :- irc.test Message of the day - ",
    "372 alice :- one",
    "372 alice :- ",
    "372 alice :-  two",
    "376 alice :End of /MOTD command",
  ]);
});

test("registration: every other command gets 451 before it is complete, with any parameters", async (fixture) => {
  const allowed = new Set<string>();
  for (const name of commands.keys()) {
    for (const line of [name, `${name} a b c d`]) {
      const answer = await fixture.connect().asks(line);
      if (!kinds(answer).includes("451")) allowed.add(name);
      else assertEquals(answer, ["451 * :You have not registered"], line);
    }
  }
  assertEquals([...allowed], ["AUTHENTICATE", "CAP", "NICK", "PASS", "PING", "PONG", "QUIT", "REGISTER", "USER"]);
  const other = fixture.connect();
  await other.expect("WELCOME", "451 * :You have not registered");
  await other.expect("NOSUCH", "451 * :You have not registered");
  await other.expect("NICK alice");
  await other.expect("LIST", "451 alice :You have not registered");
});

test("registration: an unknown command gets 421 afterwards", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("nosuch a b", "421 alice NOSUCH :Unknown command");
  await alice.expect("WELCOME", "421 alice WELCOME :Unknown command");
  await alice.expect("constructor", "421 alice CONSTRUCTOR :Unknown command");
  await alice.expect(":somebody :x", "421 alice * :Unknown command");
  await alice.expect("");
  await alice.expect("  ");
  await alice.expect("@a=b ");
});

test("irc: a command gets 461 when it needs more parameters", async (fixture) => {
  const alice = await fixture.irc("alice");
  const enough: Record<string, string> = {
    ANNOUNCE: "",
    AUTHENTICATE: "",
    BAN: "#a",
    BATCH: "",
    CAP: "",
    ISON: "",
    JOIN: "",
    KICK: "#a",
    KILL: "",
    KLINE: "",
    MODE: "",
    MONITOR: "",
    MUTE: "",
    OPER: "name",
    PART: "",
    PASS: "",
    PING: "",
    REGISTER: "* *",
    RENAME: "#a",
    REDACT: "#a",
    SEARCH: "",
    SETNAME: "",
    TAGMSG: "",
    TOKEN: "",
    TOPIC: "",
    UNBAN: "#a",
    UNKLINE: "",
    UNMUTE: "",
    USER: "a 0 *",
    USERHOST: "",
    WALLOPS: "",
  };
  for (const [name, few] of Object.entries(enough)) {
    await alice.expect(`${name} ${few}`, `461 alice ${name} :Not enough parameters`);
  }
  const others = [...commands].filter(([name, { minParams }]) =>
    minParams !== 0 && minParams !== undefined && !(name in enough)
  );
  assertEquals(others, []);
  await fixture.connect().expect("PASS", "461 * PASS :Not enough parameters");
  await fixture.connect().expect("USER alice", "461 * USER :Not enough parameters");
});

test("NICK: another nick can be tried before registration when one is invalid or in use", async (fixture) => {
  await fixture.irc("alice");
  const bob = fixture.connect();
  await bob.expect("NICK", "431 * :No nickname given");
  await bob.expect("NICK :", "431 * :No nickname given");
  await bob.expect("NICK 1st", `432 * 1st :Erroneous nickname: ${NICK_RULE}`);
  await bob.expect("NICK :a b", `432 * * :Erroneous nickname: ${NICK_RULE}`);
  await bob.expect("NICK ALICE", "433 * ALICE :Nickname is already in use");
  await bob.expect("USER bob 0 * :Bob");
  assertEquals(kinds(await bob.asks("NICK bob"))[0], "001");
});

test("NICK: of two clients with the same nick, the first to register gets it, and the other can try again", async (fixture) => {
  const [one, two] = [fixture.connect(), fixture.connect()];
  await one.says("NICK alice");
  await two.says("NICK alice");
  await one.says("USER one 0 * :One");
  await two.expect("USER two 0 * :Two", "433 * alice :Nickname is already in use");
  assertEquals((await two.asks("NICK bob"))[0], "001 bob :Welcome to the irc.test network, bob!~two@host");
});

test("NICK: renames after registration, and tells each user with a common channel once, and no others", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as [Client, Client, Client];
  await fixture.join("#den", alice, bob);
  await carol.says("PART #tea");
  fixture.quiet();
  await alice.expect("NICK alice");
  await alice.expect("NICK bob", "433 alice bob :Nickname is already in use");
  await alice.expect("NICK #x", `432 alice #x :Erroneous nickname: ${NICK_RULE}`);
  await alice.expect("NICK", "431 alice :No nickname given");
  await alice.expect("NICK Alice", ":alice!~alice@host NICK Alice");
  await alice.expect("NICK eve", ":Alice!~alice@host NICK eve");
  assertEquals(bob.hears(), [":alice!~alice@host NICK Alice", ":Alice!~alice@host NICK eve"]);
  assertEquals(carol.hears(), []);
  await carol.expect("NICK alice", ":carol!~carol@host NICK alice");
});

test("USER: is allowed once; the user name is sanitized, cut and marked with a tilde", async (fixture) => {
  const alice = fixture.connect();
  await alice.expect("USER a@b!c*d?é 0 * :Alice");
  await alice.expect("USER other 0 * :Other", "462 * :You may not reregister");
  await alice.says("NICK alice");
  await alice.expect("USER other 0 * :Other", "462 alice :You may not reregister");
  assertEquals(alice.member.origin, "alice!~abcd@host");
  const bob = fixture.connect();
  await bob.says("NICK bob", "USER a23456789012 0 * :Bob");
  assertEquals(bob.member.origin, "bob!~a23456789@host");
  const carol = fixture.connect();
  await carol.says("NICK carol");
  for (const empty of [":", ": ", ":\x07", ":\x1b "]) {
    await carol.expect(`USER carol 0 * ${empty}`, "461 carol USER :Not enough parameters");
  }
  await carol.says("USER @@@ 0 * :Carol");
  assertEquals([carol.member.origin, carol.member.realname], ["carol!~user@host", "Carol"]);
});

test("PASS: every password is accepted, before registration only, when none is required", async (fixture) => {
  const alice = fixture.connect();
  await alice.expect("PASS secret");
  await alice.says("NICK alice", "USER alice 0 * :Alice");
  await alice.expect("PASS secret", "462 alice :You may not reregister");
});

test("PING: is answered with its token, also before registration; PONG is not answered", async (fixture) => {
  const alice = fixture.connect();
  await alice.expect("PING :a b", "PONG irc.test :a b");
  await alice.expect("PONG :a b");
  const bob = await fixture.irc("bob");
  await bob.expect("PING tok:en", "PONG irc.test :tok:en");
  await bob.expect("PING :", "PONG irc.test :");
  await bob.expect("PING", "461 bob PING :Not enough parameters");
  await bob.expect("PONG");
});

test("QUIT: sends ERROR, tells each user with a common channel once, and closes the connection", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as [Client, Client, Client];
  await fixture.join("#den", alice, bob);
  await alice.expect("QUIT :so long", "ERROR :Closing link: (alice) [Quit: so long]");
  assertEquals([bob.hears(), carol.hears()], [
    [":alice!~alice@host QUIT :Quit: so long"],
    [":alice!~alice@host QUIT :Quit: so long"],
  ]);
  await alice.over;
  assert(!fixture.chat.has(alice.member));
  await bob.expect("QUIT", "ERROR :Closing link: (bob) [Quit]");
  assertEquals(carol.hears(), [":bob!~bob@host QUIT :Quit"]);
  const unregistered = fixture.connect();
  await unregistered.expect("QUIT :x", "ERROR :Closing link: (*) [Quit: x]");
  await unregistered.over;
});

test("QUIT: is announced with the reason when the connection is lost or closed", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as [Client, Client, Client];
  await alice.leave();
  await bob.leave("too slow to read");
  assertEquals(carol.hears(), [
    ":alice!~alice@host QUIT :Connection closed",
    ":bob!~bob@host QUIT :too slow to read",
  ]);
});

test("QUIT: lines after it in the same packet are not run", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
  await alice.asks("QUIT :x", "PRIVMSG #tea :hi", "NICK eve");
  assertEquals(bob.hears(), [":alice!~alice@host QUIT :Quit: x"]);
});

test("CAP: LS lists all capabilities, and delays registration until END", async (fixture) => {
  const alice = fixture.connect();
  const values: Readonly<Record<string, string>> = { "draft/multiline": "=max-bytes=8192,max-lines=100" };
  const listed = available(false).map((name) => name + (values[name] ?? ""));
  await alice.expect("CAP LS 302", `CAP * LS :${listed.join(" ")}`);
  await alice.expect("NICK alice");
  await alice.expect("USER alice 0 * :Alice");
  await alice.expect("cap ls", `CAP alice LS :${available(false).join(" ")}`);
  assert(alice.member === undefined);
  assertEquals(kinds(await alice.asks("CAP END"))[0], "001");
  await alice.expect("CAP END");
});

test("CAP: REQ delays registration, and LIST does not", async (fixture) => {
  const alice = fixture.connect();
  await alice.expect("CAP REQ server-time", "CAP * ACK :server-time");
  await alice.says("NICK alice", "USER alice 0 * :Alice");
  assert(alice.member === undefined);
  await alice.says("CAP END");
  assert(alice.member !== undefined);
  const bob = fixture.connect();
  await bob.expect("CAP LIST", "CAP * LIST :");
  await bob.says("NICK bob", "USER bob 0 * :Bob");
  assert(bob.member !== undefined);
});

test("CAP: END before NICK and USER does not register the client", async (fixture) => {
  const alice = fixture.connect();
  await alice.says("CAP LS 302");
  await alice.expect("CAP END");
  await alice.expect("NICK alice");
  assertEquals(kinds(await alice.asks("USER alice 0 * :Alice"))[0], "001");
});

test("CAP: REQ enables and disables all capabilities or none, and repeats the request", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("CAP REQ :batch  away-notify ", "CAP alice ACK :batch  away-notify ");
  await alice.expect("CAP LIST", "CAP alice LIST :batch away-notify");
  await alice.expect("CAP REQ :setname -batch sasl", "CAP alice NAK :setname -batch sasl");
  await alice.expect("CAP REQ :Setname", "CAP alice NAK :Setname");
  await alice.expect("CAP REQ :--batch", "CAP alice NAK :--batch");
  await alice.expect("CAP REQ :batch=1", "CAP alice NAK :batch=1");
  await alice.expect("CAP LIST", "CAP alice LIST :batch away-notify");
  await alice.expect("CAP REQ :-batch setname", "CAP alice ACK :-batch setname");
  await alice.expect("CAP REQ :-batch setname", "CAP alice ACK :-batch setname");
  await alice.expect("CAP LIST", "CAP alice LIST :away-notify setname");
  await alice.expect("CAP REQ :setname -setname", "CAP alice ACK :setname -setname");
  await alice.expect("CAP LIST", "CAP alice LIST :away-notify");
  await alice.expect("CAP REQ", "CAP alice ACK :");
});

test("CAP: cap-notify cannot be disabled after LS 302", async (fixture) => {
  for (const [version, answer] of [["302", "NAK"], ["307", "NAK"], ["", "ACK"], ["301", "ACK"], ["x", "ACK"]]) {
    const client = fixture.connect();
    await client.says(`CAP LS ${version}`);
    await client.expect("CAP REQ cap-notify", "CAP * ACK :cap-notify");
    await client.expect("CAP REQ -cap-notify", `CAP * ${answer} :-cap-notify`);
    await client.says("CAP LS");
    await client.expect("CAP REQ -cap-notify", `CAP * ${answer} :-cap-notify`);
  }
});

test("CAP: REQ repeats a long list completely, in several lines if need be", async (fixture) => {
  const alice = await fixture.irc("alice");
  const words = Array.from({ length: 60 }, (_, i) => `no-${i}/cap`);
  const lines = await alice.asks(`CAP REQ :${words.slice(0, 50).join(" ")}`);
  assert(lines.length > 1);
  for (const line of lines) assert(line.startsWith("CAP alice NAK :") && `:irc.test ${line}`.length <= 510, line);
  const repeated = lines.flatMap((line) => line.slice("CAP alice NAK :".length).split(" "));
  assertEquals(repeated, words.slice(0, 50));
});

testAccounts("CAP: LS shows values only with version 302 in the request", async (fixture) => {
  const alice = fixture.connect();
  assert((await alice.asks("CAP LS 302"))[0]!.includes(" sasl="));
  assert(!(await alice.asks("CAP LS"))[0]!.includes("sasl="));
  assert((await alice.asks("CAP LS 307"))[0]!.includes(" sasl="));
});

test("PING: is rejected when the token does not fit into the reply", async (fixture) => {
  const alice = await fixture.irc("alice");
  const most = 510 - ":irc.test PONG irc.test :".length;
  await alice.expect(`PING :${"x".repeat(most)}`, `PONG irc.test :${"x".repeat(most)}`);
  await alice.expect(`PING :${"x".repeat(most + 1)}`, "417 alice :Input line was too long");
  await alice.expect(`PING :${"é".repeat(250)}`, "417 alice :Input line was too long");
});

test("CAP: an unknown subcommand gets 410, before and after registration", async (fixture) => {
  const unregistered = fixture.connect();
  await unregistered.expect("CAP FOO", "410 * FOO :Invalid CAP command");
  await unregistered.expect("CAP :", "410 * * :Invalid CAP command");
  await unregistered.expect("CAP", "461 * CAP :Not enough parameters");
  const alice = await fixture.irc("alice");
  await alice.expect("CAP ACK :batch", "410 alice ACK :Invalid CAP command");
});

test("CAP: LS and REQ delay nothing after registration, and REQ takes effect at once", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
  await bob.asks("CAP LS 302", "CAP REQ :message-tags");
  await alice.says("PRIVMSG #tea :hi");
  assertEquals(bob.hears(), ["@msgid=0 :alice!~alice@host PRIVMSG #tea :hi"]);
  await bob.asks("CAP REQ :-message-tags echo-message");
  await bob.expect("PRIVMSG #tea :hi", ":bob!~bob@host PRIVMSG #tea :hi");
  await bob.asks("CAP REQ -echo-message");
  await bob.expect("PRIVMSG #tea :hi");
});

test("registration: the welcome counts users, operators and unregistered connections", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice", "bob") as [Client];
  fixture.connect();
  fixture.chat.setFlag(alice.member, "operator", true);
  await alice.says("MODE alice +i");
  const carol = fixture.connect();
  const greeting = await carol.asks("NICK carol", "USER carol 0 * :Carol");
  assertEquals(greeting.filter((line) => /^2[56]/.test(line)), [
    "251 carol :There are 2 users and 1 invisible on 1 servers",
    "252 carol 1 :operator(s) online",
    "253 carol 1 :unknown connection(s)",
    "254 carol 2 :channels formed",
    "255 carol :I have 3 clients and 0 servers",
    "265 carol 3 3 :Current local users 3, max 3",
    "266 carol 3 3 :Current global users 3, max 3",
  ]);
});

test("registration: an unregistered connection is counted until it registers or closes", async (fixture) => {
  const { unregistered } = fixture.options;
  const [one, two] = [fixture.connect(), fixture.connect()];
  assertEquals(unregistered.count, 2);
  await one.says("NICK one", "USER one 0 * :One");
  assertEquals(unregistered.count, 1);
  await two.leave();
  await one.leave();
  assertEquals(unregistered.count, 0);
});

test("ISUPPORT: has at most 13 tokens a line, and none twice", async (fixture) => {
  const alice = await fixture.irc("alice");
  const lines = (await alice.asks("VERSION")).slice(1);
  assertEquals(lines, ISUPPORT);
  const tokens = lines.map((line) => line.split(" :")[0]!.split(" ").slice(2));
  assert(tokens.every((some) => some.length <= 13));
  const names = tokens.flat().map((token) => token.split("=")[0]);
  assertEquals(new Set(names).size, names.length);
});

/** Repeats a character. */
const some = (count: number, text = "x") => text.repeat(count);

test("ISUPPORT: the server enforces NICKLEN=30, CHANNELLEN=50, CHANTYPES=#, CASEMAPPING=rfc8265", async (fixture) => {
  const [alice] = await fixture.channel("#Tea[", "alice") as [Client];
  await alice.expect(`NICK ${some(31)}`, `432 alice ${some(31)} :Erroneous nickname: ${NICK_RULE}`);
  await alice.expect(`NICK ${some(30)}`, `:alice!~alice@host NICK ${some(30)}`);
  await alice.expect("NICK alice", `:${some(30)}!~alice@host NICK alice`);
  await alice.expect(`JOIN #${some(50)}`, `476 alice #${some(50)} :Bad Channel Mask: ${ROOM_RULE}`);
  assertEquals((await alice.asks(`JOIN #${some(49)}`))[0], `:alice!~alice@host JOIN #${some(49)}`);
  await alice.expect("JOIN &tea", `476 alice &tea :Bad Channel Mask: ${ROOM_RULE}`);
  await alice.expect("TOPIC #TEA[", "331 alice #Tea[ :No topic is set");
  await alice.expect("TOPIC #tea{", "403 alice #tea{ :No such channel");
});

test("ISUPPORT: the server compares names by CASEMAPPING=rfc8265, in all commands", async (fixture) => {
  const [zoe, omar] = [await fixture.irc("Zoë"), await fixture.irc("عمر")];
  await fixture.join("#Чай", zoe, omar);
  await zoe.expect("NICK ZOE\u0308", ":Zoë!~Zo@host NICK ZOË");
  omar.gets();
  await omar.expect("PRIVMSG zoe\u0308 :hi");
  assertEquals(zoe.hears(), [":عمر!~user@host PRIVMSG ZOË :hi"]);
  await omar.expect("TOPIC #ЧАЙ", "331 عمر #Чай :No topic is set");
  await omar.expect("NICK zoë", "433 عمر zoë :Nickname is already in use");
  await omar.expect("WHO zoë n", "352 عمر #Чай ~Zo host irc.test ZOË H@ :0 Real Zoë", "315 عمر zoë :End of WHO list");
  await omar.expect("WHO *ë", "352 عمر #Чай ~Zo host irc.test ZOË H@ :0 Real Zoë", "315 عمر *ë :End of WHO list");
  await omar.expect("ISON zoë ZOE", "303 عمر :ZOË");
  await omar.expect("USERHOST zoë", "302 عمر :ZOË=+~Zo@host");
  await omar.expect("MONITOR + zoe\u0308,李", "730 عمر :ZOË!~Zo@host", "731 عمر :李");
  await zoe.expect("KICK #чай عمر", ":ZOË!~Zo@host KICK #Чай عمر :ZOË");
  await zoe.expect("MODE #чай +b ع*", ":ZOË!~Zo@host MODE #Чай +b ع*!*@*");
  omar.gets();
  await omar.expect("JOIN #ЧАЙ", "474 عمر #Чай :Cannot join channel (+b)");
  await omar.expect("NICK \u0391\u0392\u0393", ":عمر!~user@host NICK ΑΒΓ");
  await omar.expect("WHOWAS عمر", "314 ΑΒΓ عمر ~user host * :Real عمر", ...(await omar.asks("WHOWAS عمر")).slice(1));
});

test("ISUPPORT: the server enforces AWAYLEN=200, KICKLEN=200, TOPICLEN=360, NAMELEN=150, KEYLEN=32", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
  const notice = (words: string) => [`NOTICE ${words}`];
  assertEquals(await bob.asks(`AWAY :${some(201)}`), notice("bob :AWAY: Reason too long: at most 200 characters"));
  await bob.asks(`AWAY :${some(199)}é`);
  await alice.expect("PRIVMSG bob :hi", `301 alice bob :${some(199)}é`);
  await alice.expect(`TOPIC #tea :${some(361)}`, ...notice("alice :TOPIC: Topic too long: at most 360 characters"));
  await alice.expect(`TOPIC #tea :${some(359)}é`, `:alice!~alice@host TOPIC #tea :${some(359)}é`);
  await alice.expect(`MODE #tea +k ${some(33)}`, "525 alice #tea :Key is not well-formed");
  await alice.expect(`MODE #tea +k ${some(32)}`, `:alice!~alice@host MODE #tea +k ${some(32)}`);
  const long = notice("alice :KICK: Reason too long: at most 200 characters");
  await alice.expect(`KICK #tea bob :${some(201)}`, ...long);
  await alice.expect(`KICK #tea bob :${some(199)}é`, `:alice!~alice@host KICK #tea bob :${some(199)}é`);
  await alice.expect(`SETNAME :${some(149)}é`);
  assertEquals(alice.member.realname, `${some(149)}é`);
  assertEquals((await alice.asks(`SETNAME :${some(151)}`)).length, 1);
  const carol = fixture.connect();
  await carol.says("NICK carol", `USER carol 0 * :${some(149)}é!`);
  assertEquals(carol.member.realname, `${some(149)}é`);
  assertEquals(carol.hears().at(-1), `NOTICE carol :Your real name is too long. It was cut to: ${some(149)}é`);
  const dave = fixture.connect();
  await dave.says("NICK dave", "USER dave 0 * :Da\x07ve");
  assertEquals([dave.member.realname, dave.hears().at(-1)], ["Dave", "422 dave :MOTD File is missing"]);
});

test("ISUPPORT: the server enforces CHANLIMIT=#:50", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (let i = 0; i < 50; i += 10) {
    await alice.says(`JOIN ${Array.from({ length: 10 }, (_, j) => `#c${i + j}`).join(",")}`);
  }
  await alice.expect("JOIN #more", "405 alice #more :You have joined too many channels");
  await alice.asks("PART #c0");
  assertEquals((await alice.asks("JOIN #more"))[0], ":alice!~alice@host JOIN #more");
});

test("ISUPPORT: the server enforces MODES=20, MAXLIST=beI:100", async (fixture) => {
  const [alice] = await fixture.channel("#tea", "alice") as [Client];
  const room = fixture.chat.findRoom("#tea");
  const masks = (from: number, count: number) => Array.from({ length: count }, (_, i) => `m${from + i}`).join(" ");
  await alice.says(`MODE #tea +${some(21, "b")} ${masks(0, 21)}`);
  assertEquals(room.lists.b.size, 20);
  await alice.says(`MODE #tea +${some(20, "b")} ${masks(20, 20)}`, `MODE #tea +${some(20, "e")} ${masks(0, 20)}`);
  await alice.says(`MODE #tea +${some(20, "I")} ${masks(0, 20)}`, `MODE #tea +${some(19, "I")} ${masks(20, 19)}`);
  await alice.expect("MODE #tea +e last", ":alice!~alice@host MODE #tea +e last!*@*");
  await alice.expect("MODE #tea +b m100", "478 alice #tea b :Channel list is full");
  await alice.expect("MODE #tea +e m100", "478 alice #tea e :Channel list is full");
  await alice.expect("MODE #tea +I m100", "478 alice #tea I :Channel list is full");
});

test("ISUPPORT: SAFERATE is announced when the rate limit is safe", async (fixture) => {
  const lines = await fixture.connect().asks("NICK alice", "USER alice 0 * :Alice");
  assert(lines[6]?.endsWith(" UTF8ONLY WHOX soju.im/SAFERATE :are supported by this server"), lines[6]);
}, () => ({ safeRate: true }));

test("ISUPPORT: the server enforces MONITOR=100", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (let i = 0; i < 100; i += 20) {
    await alice.says(`MONITOR + ${Array.from({ length: 20 }, (_, j) => `n${i + j}`).join(",")}`);
  }
  await alice.expect("MONITOR + n0,x,y", "734 alice 100 x,y :Monitor list is full.", "731 alice :n0");
  await alice.asks("MONITOR - n0");
  await alice.expect("MONITOR + x,y", "734 alice 100 y :Monitor list is full.", "731 alice :x");
});

test("ISUPPORT: the server enforces TARGMAX, four for PRIVMSG, NOTICE, TAGMSG and WHOIS", async (fixture) => {
  const clients = await fixture.channel("#tea", "alice", "b", "c", "d", "e", "f");
  const [alice, ...others] = clients as [Client, ...Client[]];
  for (const other of others) await other.says("CAP REQ message-tags");
  await alice.says("CAP REQ message-tags");
  fixture.quiet();
  await alice.expect("PRIVMSG b,c,d,e,f :hi", "407 alice f :Too many targets; the rest was left out");
  await alice.expect("NOTICE b,c,d,e,f :hi");
  await alice.expect("@+x TAGMSG b,c,d,e,f", "407 alice f :Too many targets; the rest was left out");
  assertEquals(others.map((other) => kinds(other.hears())), [
    ...Array(4).fill(["PRIVMSG", "NOTICE", "TAGMSG"]),
    [],
  ]);
  const whois = await alice.asks("WHOIS b,c,d,e,f");
  assertEquals(whois.filter((line) => line.startsWith("311")).map((line) => line.split(" ")[2]), ["b", "c", "d", "e"]);
  assertEquals(whois.at(-1), "318 alice b,c,d,e,f :End of /WHOIS list");
});

test("ISUPPORT: the server enforces PREFIX, STATUSMSG, CHANMODES, EXCEPTS, INVEX, BOT", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as [Client, Client];
  const set = "+imsklbeIv-n+n key 5 x y z bob";
  await alice.expect(`MODE #tea ${set}`, ":alice!~alice@host MODE #tea +imsklbeIv-n+n key 5 x!*@* y!*@* z!*@* bob");
  await alice.expect("PRIVMSG +#tea :hi");
  assertEquals(bob.hears().at(-1), ":alice!~alice@host PRIVMSG +#tea :hi");
  await bob.expect("MODE bob +B", ":bob!~bob@host MODE bob :+B");
  await alice.expect(
    "WHO #tea",
    "352 alice #tea ~alice host irc.test alice H@ :0 Real alice",
    "352 alice #tea ~bob host irc.test bob H+B :0 Real bob",
    "315 alice #tea :End of WHO list",
  );
});

test("registration: the welcome has the time when the client has server-time", async (fixture) => {
  const alice = fixture.connect();
  await alice.says("CAP REQ server-time", "NICK alice", "USER alice 0 * :Alice");
  assertEquals(
    (await alice.asks("CAP END"))[0],
    `@time=${TIME} 001 alice :Welcome to the irc.test network, alice!~alice@host`,
  );
});

test("CAP: capabilities that need accounts are neither listed nor enabled when the server has none", async (fixture) => {
  const client = fixture.connect();
  const [listed = ""] = await client.asks("CAP LS 302");
  for (const name of ["draft/account-registration", "sasl"]) {
    assert(!listed.includes(name), name);
    await client.expect(`CAP REQ ${name}`, `CAP * NAK :${name}`);
  }
});
