/** Passwords with spaces and letters of any kind: one that is registered on one protocol works on the others. */
import { assertEquals } from "@std/assert";
import { AuthService } from "../../src/accounts/auth.ts";
import { hashPassword, PASSWORD_BYTES_MAX } from "../../src/accounts/password.ts";
import { Operators } from "../../src/moderation/operators.ts";
import { readLogin } from "../../src/protocol/accounts.ts";
import { type Client, type ProtocolFixture, test, testAccounts } from "./irc/harness.ts";

const PHRASES = [
  "correct horse battery staple",
  "two  spaces",
  ":begins with a colon",
  "a :colon within",
  "ends with a colon:",
  "nul\u00eb \u05d0\u05d1\u05d2 \u4f60\u597d",
  "comma, equals= and @at",
  "a".repeat(200),
  "\u4f60".repeat(133), // 399 bytes
];

/** How to register the account alice: the client, and the line that it sends. */
const REGISTRATIONS: Readonly<Record<string, (fixture: ProtocolFixture, phrase: string) => Promise<[Client, string]>>> =
  {
    "/register": async (fixture, phrase) => [await fixture.text("alice"), `/register ${phrase}`],
    "REGISTER": async (fixture, phrase) => [await fixture.irc("alice"), `REGISTER * * :${phrase}`],
    "NickServ": async (fixture, phrase) => [await fixture.irc("alice"), `PRIVMSG NickServ :REGISTER ${phrase}`],
    "NS": async (fixture, phrase) => [await fixture.irc("alice"), `NS :REGISTER ${phrase}`],
  };

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** How bob logs in to the account alice. */
const LOGINS: Readonly<Record<string, (fixture: ProtocolFixture, phrase: string) => Promise<[Client, ...string[]]>>> = {
  "/login NAME": async (fixture, phrase) => [await fixture.text("bob"), `/login alice ${phrase}`],
  "/login after /nick": async (fixture, phrase) => [await fixture.text("bob"), "/nick alice", `/login ${phrase}`],
  "/ghost": async (fixture, phrase) => [await fixture.text("bob"), `/ghost alice ${phrase}`],
  "NickServ": async (fixture, phrase) => [await fixture.irc("bob"), `PRIVMSG NickServ :IDENTIFY alice ${phrase}`],
  "NS": async (fixture, phrase) => [await fixture.irc("bob"), `NS :IDENTIFY alice ${phrase}`],
  "NS GHOST": async (fixture, phrase) => [await fixture.irc("bob"), `NS :GHOST alice ${phrase}`],
  async "SASL PLAIN"(fixture, phrase) {
    const bob = await fixture.irc("bob", "sasl");
    const text = base64(`\0alice\0${phrase}`);
    const pieces = text.match(/.{1,400}/g)!;
    return [
      bob,
      "AUTHENTICATE PLAIN",
      ...pieces.map((piece) => `AUTHENTICATE ${piece}`),
      ...text.length % 400 === 0 ? ["AUTHENTICATE +"] : [],
    ];
  },
};

testAccounts(
  "passwords: one that is registered on one protocol works on all",
  async (fixture, { clock, auth }) => {
    for (const phrase of PHRASES) {
      for (const [how, register] of Object.entries(REGISTRATIONS)) {
        clock.time += 3600_000; // since registrations per hour are limited
        const [alice, line] = await register(fixture, phrase);
        await alice.says(line);
        assertEquals(auth.find("alice")?.name, "alice", `${how} ${phrase}`);
        await alice.leave();
        for (const [where, login] of Object.entries(LOGINS)) {
          const [bob, ...lines] = await login(fixture, phrase);
          await bob.says(...lines);
          assertEquals(bob.member.account, "alice", `${how}, then ${where}: ${phrase}`);
          await bob.leave();
        }
        const owner = await fixture.text("carol");
        await owner.says(`/login alice ${phrase}`, `/drop ${phrase}`);
        assertEquals(auth.find("alice"), undefined, `/drop ${phrase}`);
        await owner.leave();
      }
    }
  },
);

testAccounts("passwords: REGISTER takes all words of one without a colon", async (fixture, { auth }) => {
  const alice = await fixture.irc("alice");
  await alice.says("REGISTER * * correct horse  battery", "NS LOGOUT", "NS IDENTIFY alice correct horse  battery");
  assertEquals([auth.find("alice")?.name, alice.member.account], ["alice", "alice"]);
});

testAccounts(
  "passwords: the first word after IDENTIFY is a name only if there is such an account",
  async (fixture) => {
    const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
    await alice.says("NS REGISTER horse battery staple");
    await bob.says("NS REGISTER correct horse battery");
    const told = async (line: string) => (await alice.asks(line)).at(-1)!.replace(/^.*? NOTICE \S+ :/, "");
    assertEquals(await told("NS IDENTIFY horse battery staple"), "You are logged in as alice.");
    assertEquals(await told("NS IDENTIFY alice horse battery staple"), "You are logged in as alice.");
    assertEquals(
      await told("NS IDENTIFY bob correct horse battery"),
      "You are already logged in as alice. First: /msg NickServ LOGOUT",
    );
  },
);

testAccounts(
  "passwords: one that does not fit into a line of IRC is rejected on registration",
  async (fixture, { auth }) => {
    const wide = "\u4f60".repeat(134);
    const tom = await fixture.text("tom");
    await tom.says("/register short"); // it warns, once, that the password is visible
    tom.hears();
    assertEquals(await tom.asks(`/register ${wide}`), [
      `-- Password too long: at most ${PASSWORD_BYTES_MAX} bytes. Letters outside ASCII take 2 to 4 bytes each.`,
    ]);
    const alice = await fixture.irc("alice");
    const [answer = ""] = await alice.asks(`REGISTER * * :${wide}`);
    assertEquals(answer.replace(/ :.*/, ""), "FAIL REGISTER UNACCEPTABLE_PASSWORD alice");
    assertEquals(auth.size, 0);
  },
);

test("passwords: OPER takes all words, with or without a colon", async (fixture) => {
  for (const line of ["OPER root open  sesame", "OPER root :open  sesame", "OPER  root  open  sesame "]) {
    const alice = await fixture.irc("alice");
    await alice.says(line);
    assertEquals(alice.member.operator, true, line);
    await alice.leave();
  }
}, () => ({ auth: new AuthService({ operators: OPERATORS }) }));

const OPERATORS = Operators.read(`root ${await hashPassword("open  sesame")}`);

test("passwords: PASS takes all words, with or without a colon", async (fixture) => {
  for (const line of ["PASS open sesame", "PASS :open sesame"]) {
    const alice = fixture.connect();
    await alice.says(line, "NICK alice", "USER alice 0 * :Alice");
    assertEquals(alice.member?.nick, "alice", line);
    await alice.leave();
  }
}, () => ({ auth: new AuthService({ password: "open sesame" }) }));

testAccounts("passwords: readLogin takes the first word as a name only if it can be one", async (fixture, { auth }) => {
  const alice = await fixture.irc("alice");
  await alice.says("NS REGISTER long enough");
  const read = (text: string, own: string) => Object.values(readLogin(auth, text, own)).join("|");
  assertEquals(read("one two", "alice"), "alice|one two");
  assertEquals(read("ALICE one two", "alice"), "ALICE|one two");
  assertEquals(read("alice  one  two", "guest1"), "alice|one  two");
  assertEquals(read("bob one", "guest1"), "bob|one", "neither account exists: as in the help");
  assertEquals(read("secret", "alice"), "alice|secret");
  assertEquals(read("secret", "guest1"), "guest1|secret", "one word is no name, though neither account exists");
});
