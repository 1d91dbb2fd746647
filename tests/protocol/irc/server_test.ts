/** The server: VERSION, TIME, INFO, ADMIN, STATS, LINKS, HELP, LUSERS, MOTD, OPER, KILL, WALLOPS, REHASH. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { hashPassword } from "../../../src/accounts/password.ts";
import { Operators } from "../../../src/moderation/operators.ts";
import type { Reloaded } from "../../../src/moderation/reloaded.ts";
import { commands } from "../../../src/protocol/irc/commands.ts";
import { type Client, clock, test } from "./harness.ts";

type Pair = [Client, Client];

const OPERATORS = Operators.read(`root ${await hashPassword("open sesame")}`);
const withOperators = () => ({ auth: new AuthService({ operators: OPERATORS }) });

test("server: VERSION, INFO, ADMIN and LINKS reply", async (fixture) => {
  const alice = await fixture.irc("alice");
  const [version, ...isupport] = await alice.asks("VERSION");
  assertEquals(version, "351 alice tincan-1.2 irc.test :a chat server in one executable");
  assert(isupport.length === 3 && isupport.every((line) => line.startsWith("005 alice ")));
  await alice.expect(
    "INFO",
    "371 alice :irc.test runs tincan 1.2, a chat server in one executable.",
    "371 alice :IRC, nc and telnet clients share the same channels.",
    "371 alice :Started Fri, 02 Jan 2026 03:04:05 GMT",
    "374 alice :End of INFO list",
  );
  await alice.expect("ADMIN", "423 alice irc.test :No administrative info available");
  await alice.expect("LINKS", "364 alice irc.test irc.test :0 tincan", "365 alice * :End of /LINKS list");
});

test("TIME: replies with the server's time", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("TIME", `391 alice irc.test :${new Date(clock.now).toUTCString()}`);
});

test("server: a command for another server gets 402, and one for this server, or for a user, is run", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (const command of ["ADMIN", "INFO", "MOTD", "STATS u", "TIME", "VERSION"]) {
    await alice.expect(`${command} other.test`, "402 alice other.test :No such server");
    await alice.expect(`${command} :`, "402 alice * :No such server");
    for (const here of ["irc.test", "IRC.*", "Alice"]) {
      const answer = await alice.asks(`${command} ${here}`);
      assert(answer.length > 0 && !answer.some((line) => line.startsWith("402")), `${command} ${here}`);
    }
  }
});

test("server: the name in a command for this server may be in any case", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (const name of ["IRC.Test", "irc.test"]) {
    assertEquals(
      (await alice.asks(`ADMIN ${name}`)).map((line) => line.replace(/^:\S+ /, "").slice(0, 3)),
      ["423"],
      name,
    );
  }
}, () => ({ name: "IRC.Test" }));

test("STATS: u shows the uptime, and unknown letters are empty", async (fixture) => {
  const alice = await fixture.irc("alice");
  clock.now += ((3 * 24 + 4) * 60 * 60 + 5 * 60 + 6) * 1000;
  await alice.expect("STATS u", "242 alice :Server Up 3 days 4:05:06", "219 alice u :End of /STATS report");
  await alice.expect("STATS k", "481 alice :Permission Denied- You're not an IRC operator");
  await alice.expect("STATS l", "219 alice l :End of /STATS report");
  await alice.expect("STATS", "219 alice * :End of /STATS report");
});

test("LUSERS: counts users, operators, channels and unregistered connections", async (fixture) => {
  const alice = await fixture.irc("alice");
  await (await fixture.irc("bob")).leave();
  await alice.expect(
    "LUSERS",
    "251 alice :There are 1 users and 0 invisible on 1 servers",
    "252 alice 0 :operator(s) online",
    "253 alice 0 :unknown connection(s)",
    "254 alice 1 :channels formed",
    "255 alice :I have 1 clients and 0 servers",
    "265 alice 1 2 :Current local users 1, max 2",
    "266 alice 1 2 :Current global users 1, max 2",
  );
});

test("MOTD: shows the message of the day, or 422 when there is none", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("MOTD", "422 alice :MOTD File is missing");
  fixture.motd = ["hello"];
  await alice.expect(
    "MOTD irc.test",
    "375 alice :- irc.test Message of the day - ",
    "372 alice :- hello",
    "376 alice :End of /MOTD command",
  );
});

test("HELP: lists every command, and explains each", async (fixture) => {
  const alice = await fixture.irc("alice");
  const answer = await alice.asks("HELP");
  assertEquals(answer[0], "704 alice index :Commands; HELP command explains one");
  assertEquals(answer.at(-1), "706 alice index :End of /HELP");
  const names = answer.slice(1, -1).flatMap((line) => line.replace("705 alice index :", "").split(" "));
  assertEquals(names, [...commands.keys()]);
  for (const name of names) {
    await alice.expect(
      `HELP ${name.toLowerCase()}`,
      `704 alice ${name} :${name}`,
      `705 alice ${name} :${commands.get(name)!.help}`,
      `706 alice ${name} :End of /HELP`,
    );
  }
  for (const unknown of ["nosuch", "welcome", "constructor"]) {
    await alice.expect(`HELP ${unknown}`, `524 alice ${unknown} :No help available on this topic`);
  }
  await alice.expect("HELP :a b", "524 alice * :No help available on this topic");
});

test("OPER: makes the client a server operator, and is audited, when name and password are right", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.asks("MODE alice +w");
  await alice.expect(
    "OPER root :open sesame",
    "381 alice :You are now an IRC operator",
    ":alice!~alice@host MODE alice :+ow",
  );
  assert(alice.member.operator);
  assertEquals(fixture.audits, ["operator alice (root)"]);
}, withOperators);

test("OPER: three wrong passwords close the connection, after the last reply", async (fixture) => {
  const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
  await alice.expect("OPER root", "461 alice OPER :Not enough parameters");
  await alice.expect("OPER root wrong", "464 alice :Password incorrect");
  await alice.expect("OPER nobody :open sesame", "464 alice :Password incorrect");
  await alice.expect(
    "OPER root Open",
    "464 alice :Password incorrect",
    "ERROR :Closing link: (alice) [Too many wrong passwords]",
  );
  await alice.over;
  assertEquals(bob.hears(), [":alice!~alice@host QUIT :Too many wrong passwords"]);
  assertEquals(fixture.audits, []); // the auth service logs it
}, withOperators);

test(
  "OPER: delays the client's next lines, and does nothing when the client has disconnected by then",
  async (fixture) => {
    const [alice, bob] = await fixture.channel("#tea", "alice", "bob") as Pair;
    const said = alice.says("OPER root :open sesame", "PRIVMSG #tea :hi");
    assertEquals(bob.hears(), []);
    await said;
    assertEquals(bob.hears(), [":alice!~alice@host PRIVMSG #tea :hi"]);
    const asked = bob.says("OPER root :open sesame");
    await Promise.resolve();
    fixture.chat.remove(bob.member);
    await asked;
    assert(!bob.member.operator);
    assertEquals(fixture.audits, ["operator alice (root)"]);
  },
  withOperators,
);

test("OPER: is rejected, and not counted as a failure, when the server has no operators", async (fixture) => {
  const alice = await fixture.irc("alice");
  for (let i = 0; i < 4; i++) await alice.expect("OPER root x", "491 alice :No O-lines for your host");
  assertEquals(fixture.audits, []);
});

test("KILL: disconnects the user, tells it and its channels the reason, and is audited", async (fixture) => {
  const [alice, bob, carol] = await fixture.channel("#tea", "alice", "bob", "carol") as [Client, Client, Client];
  fixture.chat.setFlag(alice.member, "operator", true);
  const quit = ":bob!~bob@host QUIT :Killed (alice (too loud))";
  await alice.expect("KILL BOB :too loud", quit);
  assertEquals(carol.hears(), [quit]);
  assertEquals(bob.hears(), [
    "NOTICE * :You were disconnected by alice: too loud",
    "ERROR :Closing link: (bob) [Killed (alice (too loud))]",
  ]);
  await bob.over;
  assertEquals(bob.connection.closeReason, "killed");
  await alice.expect("KILL carol", ":carol!~carol@host QUIT :Killed (alice (no reason given))");
  assertEquals(fixture.audits, ["killed alice bob", "killed alice carol"]);
});

test("KILL: disconnects text users, and the operator itself", async (fixture) => {
  const alice = await fixture.irc("alice");
  const tom = await fixture.text("tom");
  await fixture.join("#lobby", alice);
  fixture.chat.setFlag(alice.member, "operator", true);
  await alice.expect("KILL tom :out", ":tom!~guest@host QUIT :Killed (alice (out))");
  assertEquals(tom.hears(), ["-- You were disconnected by alice: out"]);
  await tom.over;
  assertEquals(tom.connection.closeReason, "killed", "what the log calls it has none of their words");
  await alice.expect(
    "KILL alice :bye",
    "NOTICE * :You were disconnected by alice: bye",
    "ERROR :Closing link: (alice) [Killed (alice (bye))]",
  );
  await alice.over;
});

test("KILL: is rejected when the client is not an operator, or the user does not exist", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  await alice.expect("KILL", "461 alice KILL :Not enough parameters");
  await alice.expect("KILL bob :x", "481 alice :Permission Denied- You're not an IRC operator");
  await alice.expect("KILL nobody :x", "481 alice :Permission Denied- You're not an IRC operator");
  fixture.chat.setFlag(alice.member, "operator", true);
  await alice.expect("KILL nobody :x", "401 alice nobody :No such nick/channel");
  assert(fixture.chat.has(bob.member));
  assertEquals(fixture.audits, []);
});

test("WALLOPS: reaches all IRC and text users with mode +w, and no others", async (fixture) => {
  const [alice, bob, carol] = [await fixture.irc("alice"), await fixture.irc("bob"), await fixture.irc("carol")];
  const tom = await fixture.text("tom");
  await bob.asks("MODE bob +w");
  fixture.chat.setFlag(tom.member, "wallops", true);
  await alice.expect("WALLOPS", "461 alice WALLOPS :Not enough parameters");
  await alice.expect("WALLOPS :hi", "481 alice :Permission Denied- You're not an IRC operator");
  fixture.chat.setFlag(alice.member, "operator", true);
  await alice.expect("WALLOPS :", "461 alice WALLOPS :Not enough parameters");
  await alice.expect("WALLOPS :maintenance\x07 at noon");
  assertEquals(bob.hears(), [":alice!~alice@host WALLOPS :maintenance at noon"]);
  assertEquals([carol.hears(), tom.hears()], [[], ["-- Message from server operator alice: maintenance at noon"]]);
  await alice.asks("MODE alice +w");
  await alice.expect("WALLOPS x", ":alice!~alice@host WALLOPS :x");
});

const nothing: Reloaded = { done: [], failed: [] };
let rehash = () => Promise.resolve(nothing);

test("REHASH: lists the files that were reloaded, and those that could not be, for server operators only", async (fixture) => {
  const alice = await fixture.irc("alice");
  Object.assign(fixture.options.moderation, { reload: () => rehash() });
  let read = 0;
  rehash = () => Promise.resolve({ ...nothing, done: ["motd", `operators${read++ || ""}`] });
  await alice.expect("REHASH", "481 alice :Permission Denied- You're not an IRC operator");
  assertEquals(read, 0);
  fixture.chat.setFlag(alice.member, "operator", true);
  await alice.expect("REHASH", "382 alice motd,operators :Rehashing");
  assertEquals([read, fixture.audits], [1, ["rehash alice"]]);
  rehash = () => Promise.resolve(nothing);
  await alice.expect("REHASH", "382 alice nothing :Rehashing");
  rehash = () => Promise.resolve({ done: ["motd"], failed: [{ what: "password", why: "no such file" }] });
  await alice.expect("REHASH", "382 alice motd,password :Rehashing", "NOTICE alice :REHASH: no such file");
  await alice.asks("CAP REQ standard-replies");
  await alice.expect("REHASH", "382 alice motd,password :Rehashing", "FAIL REHASH CANNOT_READ :no such file");
});

test("MOTD: a line that does not fit is split, and complete", async (fixture) => {
  const alice = await fixture.irc("alice");
  fixture.motd = [Array.from({ length: 300 }, (_, n) => `grüße${n}`).join(" "), "ü".repeat(700), "", "short"];
  alice.gets();
  await alice.says("MOTD");
  const lines = alice.gets();
  const texts = lines.filter((line) => line.includes(" 372 ")).map((line) => line.replace(/^.*? :- /, ""));
  for (const line of lines) assert(new TextEncoder().encode(line).length <= 510, line);
  assertEquals(texts.join(""), fixture.motd.join(""));
  assertEquals(texts.filter((text) => text === "" || text === "short"), ["", "short"]);
  for (const text of texts.slice(0, 5)) assert(text.endsWith(" "), "it breaks behind a space");
});
