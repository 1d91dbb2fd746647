/** Tests of what is suggested while the user types, and of the list of emoji. */
import { assert, assertEquals } from "@std/assert";
import { assets } from "../../src/web/assets.ts";
import type { Chat } from "../../src/web/chat.js";
import { loadEmoji, matchingEmoji, parseEmoji } from "../../src/web/emoji.js";
import { Model } from "../../src/web/model.js";
import { suggestions, typedEmoji } from "../../src/web/suggestions.js";

const EMOJI = assets.find(({ path }) => path === "/emoji.txt")!.text;

/** Answers requests for the list, until it is disposed. */
class FakeFetch implements Disposable {
  readonly #real = globalThis.fetch;
  requests = 0;
  status = 200;

  constructor() {
    globalThis.fetch = () => {
      this.requests++;
      return Promise.resolve(new Response(EMOJI, { status: this.status }));
    };
  }

  [Symbol.dispose](): void {
    globalThis.fetch = this.#real;
  }
}

const model = new Model();
model.nick = "alice";
const room = model.open("#tea");
for (const nick of ["alice", "Bob", "bert", "Zoë", "太郎", "abbot"]) model.addMember(room, nick);
const chat = { model } as unknown as Chat;

/** The suggestions for a text, as `index: label …`. */
async function suggested(before: string, where = room): Promise<string> {
  const found = await suggestions(chat, where, before);
  return found === undefined ? "" : `${found.from}: ${found.options.map(({ label }) => label).join(" ")}`;
}

Deno.test("suggestions: a list that cannot be loaded suggests nothing, and is loaded once otherwise", async () => {
  using fake = new FakeFetch();
  fake.status = 503;
  assertEquals(await suggested(":tad"), "0: ");
  fake.status = 200;
  assertEquals(await suggested(":tad"), "0: :tada:");
  assertEquals([(await loadEmoji()).length > 1800, fake.requests], [true, 2]);
});

Deno.test("suggestions: members are listed after @, those whose names begin with the word first", async () => {
  assertEquals(await suggested("@"), "0: abbot bert Bob Zoë 太郎");
  assertEquals(await suggested("hi @B"), "3: bert Bob abbot");
  assertEquals(await suggested("hi @bo"), "3: Bob abbot");
  assertEquals(await suggested("(@ZOË"), "1: "); // complete
  assertEquals(await suggested("你好@太"), "2: 太郎");
  assertEquals(await suggested("@al"), "0: "); // not the user
  for (const text of ["a@b", "@bob ", "@@", "`@b", `@${"b".repeat(31)}`, "x"]) assertEquals(await suggested(text), "");
  assertEquals(await suggested("`x` @be"), "4: bert");
  assertEquals(await suggested("@b", model.open("bob")), "0: bob");
  assertEquals((await suggestions(chat, room, "@bo"))?.options[0]?.text, "@Bob ");
});

Deno.test("suggestions: at most eight names are listed", async () => {
  const big = model.open("#big");
  for (let n = 0; n < 5000; n++) model.addMember(big, `user${n}`);
  assertEquals((await suggested("@user", big)).split(" ").length, 9);
});

Deno.test("suggestions: emoji are listed after a colon and two letters, but not in times, addresses and smileys", async () => {
  using _fake = new FakeFetch();
  assertEquals((await suggested("yes :+1")).split(" ").slice(0, 2), ["4:", ":+1:"]);
  assertEquals((await suggested(":JOY")).split(" ")[1], ":joy:");
  assertEquals((await suggested(":thumbsu")).split(" ")[1], ":+1:");
  assertEquals((await suggested(":hooray")).split(" ").includes(":tada:"), true);
  for (const text of [":", ":j", ":)", ":-D", "12:30", "http://ex", "a:joy", "::joy", "`:joy", ":nosuchemoji"]) {
    assertEquals((await suggested(text)).replace(/^\d+: $/, ""), "", text);
  }
});

Deno.test("suggestions: the whole name of an emoji is replaced", async () => {
  using _fake = new FakeFetch();
  assertEquals(await typedEmoji("well :tada:"), { from: 5, emoji: "🎉" });
  assertEquals(await typedEmoji(":Thumbsup:"), { from: 0, emoji: "👍️" });
  for (const text of [":none:", "`:tada:", "12:30:", "a:tada:", "tada:", ": tada:", "::"]) {
    assertEquals(await typedEmoji(text), undefined, text);
  }
});

Deno.test("emoji: the list has groups, and unique names that can be typed", () => {
  const all = parseEmoji(EMOJI);
  assertEquals([...new Set(all.map(({ group }) => group))], [
    "smileys",
    "people",
    "nature",
    "food",
    "travel",
    "activities",
    "objects",
    "symbols",
    "flags",
  ]);
  assertEquals(new Set(all.map(({ emoji }) => emoji)).size, all.length);
  for (const { emoji, names } of all) {
    assert(/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(emoji), emoji);
    assert(names.every((name) => /^[a-z0-9+-][\w+-]*$/.test(name)), `${emoji} ${names}`);
  }
  const first = (word: string) => matchingEmoji(all, word, 1)[0]?.emoji;
  assertEquals(["joy", "smile", "heart", "+1", "tada", "de", "umbrella", "🎉"].map(first), [
    "😂",
    "😄",
    "❤️",
    "👍️",
    "🎉",
    "🇩🇪",
    "☔️",
    undefined,
  ]);
  assertEquals(matchingEmoji(all, "s", 5).length, 5);
});
