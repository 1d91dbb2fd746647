/** Which members a text mentions. */
import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/chat/member.ts";
import { LOOKUPS_MAX, MENTIONED_MAX, mentionedAccounts } from "../../src/chat/mentions.ts";
import { fold } from "../../src/chat/names.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { ChatFixture, dropAccount, sessionOf } from "./helpers.ts";

/** Finds mentions among members, by nickname; each has an account of its own unless it is named. */
function mentions(text: string, nicks: Record<string, string | undefined>, outside: readonly string[] = []) {
  const members = new Map(Object.entries(nicks).map(([nick, fullAccount]) => [fold(nick), { nick, fullAccount }]));
  const seen = { lookups: 0 };
  const author = { nick: "author", fullAccount: "Author" } as Member;
  members.set("author", author);
  const found = mentionedAccounts(text, author, { has: ({ nick }) => !outside.includes(nick) }, (name) => {
    seen.lookups++;
    return members.get(fold(name)) as Member | undefined;
  });
  return { found, ...seen };
}

const NICKS = {
  alice: "Alice",
  Bob: "bob",
  "zoë": "zoe",
  "김철수": "kim",
  "田中": "tanaka",
  "w|bot": "wbot",
  guest: undefined,
};

Deno.test("mentions: names are found in any case, with and without @, and with punctuation around", () => {
  const cases: [string, string[] | undefined][] = [
    ["hello", undefined],
    ["alice: hi, @BOB!", ["Alice", "bob"]],
    ["(bob) bob, Bob", ["bob"]],
    ["[alice] {bob} `zoë`", ["Alice", "bob", "zoe"]],
    ["w|bot?", ["wbot"]],
    ["alice's, bob-", ["Alice", "bob"]],
    ["malice bobby alice2", undefined],
    ["guest, author", undefined],
    ["line one\nbob", ["bob"]],
  ];
  for (const [text, expected] of cases) assertEquals(mentions(text, NICKS).found, expected, text);
});

Deno.test("mentions: names are found before particles, and in texts without spaces", () => {
  const cases: [string, string[] | undefined][] = [
    ["김철수님, 안녕", ["kim"]],
    ["@김철수는 어디에", ["kim"]],
    ["昨日田中さんが来た", ["tanaka"]],
    ["田中", ["tanaka"]],
    ["田", undefined],
    ["bob이 왔다, @alice씨도", ["bob", "Alice"]],
    ["昨日bobさんと、malice氏", ["bob"]],
  ];
  for (const [text, expected] of cases) assertEquals(mentions(text, NICKS).found, expected, text);
});

Deno.test("mentions: users outside of the room are not mentioned", () => {
  assertEquals(mentions("alice bob", NICKS, ["alice"]).found, ["bob"]);
});

Deno.test("mentions: both the accounts of a line and its look-ups are limited", () => {
  const nicks = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`nick${n}`, `account${n}`]));
  const all = mentions(Object.keys(nicks).join(" "), nicks);
  assertEquals(all.found?.length, MENTIONED_MAX);
  const nested = Array.from({ length: 25 }, (_, n) => "가".repeat(n + 2));
  const inOneWord = mentions("가".repeat(30), Object.fromEntries(nested.map((nick) => [nick, nick])));
  assertEquals(inOneWord.found?.length, MENTIONED_MAX);
  for (const text of ["x ".repeat(5000), "漢".repeat(5000), "漢字 ".repeat(3000), "x漢".repeat(4000)]) {
    assert(mentions(text, NICKS).lookups <= LOOKUPS_MAX, text.slice(0, 4));
  }
});

Deno.test("mentions: a long run of punctuation inside of a word takes no quadratic time", () => {
  const start = performance.now();
  assertEquals(mentions(`x${"-".repeat(200_000)}x --alice--`, NICKS).found, ["Alice"]);
  assert(performance.now() - start < 5000, "quadratic, it would take half a minute");
});

Deno.test("mentions: a line in a room mentions its members, and a reply the author of what it replies to", () => {
  const fixture = new ChatFixture();
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((nick) => fixture.enter(nick, "#tea")) as [
    Member,
    Member,
    Member,
  ];
  const dave = fixture.enter("dave");
  for (const member of [alice, bob, carol, dave]) fixture.chat.login(sessionOf(member), member.nick);
  fixture.say(bob, "#tea", "lunch? alice, dave, bob");
  const read = () => fixture.chat.history.latest(fixture.chat.findRoom("#tea"), 1)[0]!;
  const { id, mentions } = read();
  assertEquals(mentions, ["alice"]);
  fixture.chat.rename(carol, "caz");
  fixture.say(alice, "#tea", "yes, CAZ and carol", { reply: id });
  assertEquals(read().mentions, ["bob", "carol"]);
  fixture.say(bob, "#tea", "me", { reply: id });
  assertEquals(read().mentions, undefined);
  fixture.say(bob, "#tea", "alice", { style: "ctcp" });
  assertEquals(read().text, "me");
});

Deno.test("mentions: a member reads those of its account, and a later owner of the name none of them", () => {
  const history = new SqliteHistory(Database.inMemory());
  const fixture = new ChatFixture({ history });
  const [alice, bob] = [fixture.enter("alice", "#tea"), fixture.enter("bob", "#tea")];
  fixture.chat.login(sessionOf(bob), "Bob");
  fixture.say(alice, "#tea", "hi bob");
  const read = (member: Member) => {
    return fixture.chat.history.mentions(member, Infinity, 10).map(({ room, line }) => `${room} ${line.text}`);
  };
  assertEquals([read(alice), read(bob)], [[], ["#tea hi bob"]]);
  dropAccount(fixture.chat, "bob");
  assertEquals(read(bob), []);
  fixture.chat.login(sessionOf(bob), "Bob");
  assertEquals(read(bob), []);
  history.close();
});
