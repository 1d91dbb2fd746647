/** `/history`, `/search`, and the lines that are shown on joining a room. */
import { assert, assertEquals } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { firstId } from "../../../src/chat/ids.ts";
import { StoreError } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { ANSWER_MAX } from "../../../src/protocol/text/truncate.ts";
import { REPLAY } from "../../../src/protocol/text/history_commands.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { fakeModeration } from "../fake_moderation.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { dialogue, TextServer } from "./harness.ts";

/** The current time. Each test starts at 9:30 in the server's time zone. */
const clock = { now: 0 };
Date.now = () => clock.now;

/** A time of that day, or of another day of November; numbers beyond it go on into later months. */
function at(hour: number, minute: number, day = 22): number {
  return new Date(2026, 10, day, hour, minute).getTime();
}

/** A client in the lobby. */
class TextClient {
  readonly connection = new FakeConnection();
  readonly #chat: LocalChat;

  constructor(chat: LocalChat) {
    this.#chat = chat;
    const options = {
      chat,
      auth: new AuthService(),
      moderation: fakeModeration(),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      registrationTime: 30_000,
      format: textFormat(100),
      name: "tincan",
      motd: () => [],
      answerMax: 1e6,
      hostOf: () => "host",
    };
    void text(this.connection, options, () => {});
  }

  async asks(...lines: string[]): Promise<string[]> {
    this.hears();
    await this.connection.says(...lines);
    return this.hears();
  }

  hears(): string[] {
    this.#chat.flush();
    return this.connection.take();
  }
}

/** A client that has said m0 to m9 in the lobby, one an hour from 20:00 of the day before. */
async function talker(): Promise<{ alice: TextClient; chat: LocalChat; history: MemoryHistory }> {
  const history = new MemoryHistory();
  const chat = new LocalChat({ history });
  clock.now = at(19, 0, 21);
  const alice = new TextClient(chat);
  await alice.asks("/nick alice");
  for (let i = 0; i < 10; i++) {
    clock.now = at(20 + i, 0, 21);
    await alice.connection.says(`m${i}`);
  }
  clock.now = at(9, 30);
  alice.hears();
  return { alice, chat, history };
}

Deno.test("history: shows the last lines with their times, or the last before a time", async () => {
  const { alice } = await talker();
  assertEquals(await alice.asks("/history 2"), ["[04:00] <alice> m8", "[05:00] <alice> m9"]);
  assertEquals((await alice.asks("/history")).length, 10);
  const before = async (time: string) => (await alice.asks(`/history 1 before ${time}`)).join("\n");
  assertEquals(await before("04:00"), "[03:00] <alice> m7");
  assertEquals(await before("4:01"), "[04:00] <alice> m8");
  assertEquals(await before("22:30"), "[2026-11-21 22:00] <alice> m2");
  assertEquals(await before("2026-11-22"), "[2026-11-21 23:00] <alice> m3");
  assertEquals(await before("2026-11-21 20:30"), "[2026-11-21 20:00] <alice> m0");
  assertEquals((await alice.asks("/history before 2026-11-21 22:00")).length, 2);
  assertEquals(await before("2026-11-20"), "-- No messages in #lobby before 2026-11-20 00:00.");
  assertEquals(await before("19:30"), "-- No messages in #lobby before 2026-11-21 19:30.");
  assertEquals(await alice.asks("/HISTORY 1 BEFORE 04:00"), ["[03:00] <alice> m7"]);
});

Deno.test("history: finds lines before a time although the clock was wrong once", async () => {
  const { alice } = await talker();
  clock.now = at(12, 0, 22 + 5000);
  await alice.connection.says("from the future");
  for (const minute of [31, 33]) {
    clock.now = at(9, minute);
    await alice.connection.says(`at ${minute}`);
  }
  assertEquals(await alice.asks("/history 1 before 9:33"), ["[09:31] <alice> at 31"]);
  assertEquals(await alice.asks("/history 1 before 9:31"), ["[2040-07-31 12:00] <alice> from the future"]);
  assertEquals(await alice.asks("/history 1 before 5:00"), ["[04:00] <alice> m8"]);
});

Deno.test("history: reads no more lines than the reply has room for", async () => {
  const { alice, history } = await talker();
  const read: (number | undefined)[] = [];
  const page = history.page.bind(history);
  history.page = (target, range) => {
    const lines = page(target, range);
    read.push(lines.length);
    return lines;
  };
  for (let i = 0; i < 20; i++) await alice.connection.says(`${i}`.padEnd(200_000, "."));
  const shown = await alice.asks("/history 100");
  assertEquals([shown.length, shown.at(-1)?.slice(0, 20), read[0]], [1 + 4, "[09:30] <alice> 19..", 5]);
  assertEquals(read.slice(1), Array(read.length - 1).fill(1));
});

Deno.test("history: says how to go on when its reply is too long, and no line is left out", async () => {
  const { alice } = await talker();
  for (let i = 0; i < 20; i++) {
    clock.now = at(9, 30) + i * 30_000; // two a minute
    await alice.connection.says(`${i} `.padEnd(200_000, "."));
  }
  const seen = new Set<string>();
  let asked: string | undefined = "/history 100";
  for (let replies = 0; asked !== undefined; replies++) {
    assert(replies < 20, `${asked} does not get on`);
    const shown = await alice.asks(asked);
    asked = /^-- There is more: go on with (\/history 100 before .+)$/.exec(shown[0]!)?.[1];
    if (asked !== undefined) shown.shift();
    if (replies === 0) {
      assertEquals([shown.length, shown[0]?.slice(0, 18), asked], [
        4,
        "[09:38] <alice> 16",
        "/history 100 before 09:39",
      ]);
    }
    for (const line of shown) seen.add(/<alice> (\w+)/.exec(line)![1]!);
  }
  assertEquals(seen.size, 10 + 20);
});

Deno.test("history: goes on before a minute whose lines do not fit into one reply", async () => {
  const { alice } = await talker();
  clock.now = at(5, 30, 23); // so that 05:31 is a time of yesterday
  for (let i = 0; i < 20; i++) await alice.connection.says(`${i} `.padEnd(200_000, "."));
  for (const minute of [30, 40]) {
    clock.now = at(5, minute, 23);
    assertEquals((await alice.asks("/history 50"))[0], "-- There is more: go on with /history 50 before 05:30");
  }
  assertEquals((await alice.asks("/history 50 before 05:30")).length, 10);
  await alice.connection.says("/join #tea", ...Array(9).fill("x".repeat(200_000)));
  assertEquals(
    (await alice.asks("/history 50"))[0],
    "-- There is more than fits into one reply: /search WORDS finds lines in it.",
  );
  assertEquals((await alice.asks("/history 4")).map((line) => line.slice(0, 17)), Array(4).fill("[05:40] <alice> x"));
});

Deno.test("history: replies with an example when its arguments are invalid", async () => {
  const { alice } = await talker();
  const count = `-- Invalid range: use 1 to ${ANSWER_MAX} lines, as in /history 50 or /history 50 before 14:05`;
  for (const asked of ["0", "-1", `${ANSWER_MAX + 1}`, "5 after 14:05", "5before 14:05", "before", "5 5"]) {
    assertEquals(await alice.asks(`/history ${asked}`), [count], asked);
  }
  const time = "-- Invalid time: use 14:05 or a date, as in /history 50 before 2026-11-20 14:05";
  for (const asked of ["noon", "25:00", "14:60", "2026-02-30", "2026-11-20 9", "14:05 x", "1 2026-11-20"]) {
    assertEquals(await alice.asks(`/history 5 before ${asked}`), [time], asked);
  }
});

Deno.test("search: finds the last lines of the room that contain all words", async () => {
  const { alice } = await talker();
  await alice.connection.says("Green TEA, please", "/me makes tea: green", "tea", "/join #else", "green tea elsewhere");
  await alice.connection.says("/leave");
  assertEquals(await alice.asks('/search "GREEN" tea*'), [
    "[09:30] <alice> Green TEA, please",
    "[09:30] * alice makes tea: green",
  ]);
  const none = "-- No matches in #lobby. Search finds beginnings of words, in any order.";
  for (const words of ["coffee", "ea", "tea NEAR(green)", "elsewhere"]) {
    assertEquals(await alice.asks(`/search ${words}`), [none], words);
  }
  await alice.connection.says("🎉 ?!"); // said, but without words
  for (const signs of ["🎉", "?!"]) {
    const answer =
      "-- Nothing to search for: use words, from:NAME or has:link (punctuation and emoji are not indexed).";
    assertEquals(await alice.asks(`/search ${signs}`), [answer], signs);
  }
  for (let i = 0; i < REPLAY + 5; i++) await alice.connection.says(`tea number ${i}`);
  const many = await alice.asks("/search tea");
  assertEquals([many.length, many[0], many.at(-1)], [
    REPLAY,
    "[09:30] <alice> tea number 5",
    `[09:30] <alice> tea number ${REPLAY + 4}`,
  ]);
});

Deno.test("search: finds beginnings of words by author, time, room and link", async () => {
  const { alice, chat } = await talker();
  const bob = new TextClient(chat);
  await bob.asks("/nick bob");
  await alice.connection.says("/join #tea", "teapots at https://example.org", "/leave");
  await alice.connection.says("a teapot", "see www.example.org");
  clock.now = at(9, 40);
  await bob.connection.says("tea, teapot", "ภาษาไทย");
  clock.now = at(9, 50);
  const [first, link] = ["[09:30] <alice> a teapot", "[09:30] <alice> see www.example.org"];
  const [second, thai] = ["[09:40] <bob> tea, teapot", "[09:40] <bob> ภาษาไทย"];
  const finds = async (search: string, ...lines: string[]) =>
    assertEquals(await alice.asks(`/search ${search}`), lines, search);
  await finds("te", first, second);
  await finds("te from:BOB", second);
  await finds("from:bob", second, thai);
  await finds("before:9:40 tea", first);
  await finds("tea after:9:40", second);
  await finds('before:"2026-11-22 09:40" after:2026-11-21 te', first);
  await finds("has:link", link);
  await finds("exam has:link from:alice", link);
  await finds("ไทย", thai);
  await finds("tea in:#lobby from:bob", second);
  await finds("in:nowhere tea", "-- You are not in that room.");
  await finds("in:#tea tea", "-- You are not in that room.");
  await finds("tea before:noon", "-- Invalid time: use a date or a time, as in before:2026-11-20 or before:14:05.");
  await finds("has:photo", "-- Only links can be found so: has:link.");
  await finds(
    "in:#lobby",
    "-- Nothing to search for: use words, from:NAME or has:link (punctuation and emoji are not indexed).",
  );
});

Deno.test("search: says since when it has searched when it stopped early", async () => {
  const { alice, history } = await talker();
  const all = history.search.bind(history);
  for (const [word, answer] of [["m9", ["[05:00] <alice> m9"]], ["never", []]] as const) {
    history.search = function* (targets, query) {
      return { ...yield* all(targets, query), unsearched: firstId(at(4, 30)) };
    };
    assertEquals(await alice.asks(`/search ${word}`), [
      "-- Lines before 04:30 were not searched, to save time. Search for a rarer word.",
      ...answer,
    ]);
  }
});

Deno.test("text: joining shows the last lines, or that the history cannot be read", async () => {
  const { chat, history } = await talker();
  const bob = new TextClient(chat);
  const [welcome, head, first] = bob.hears();
  assertEquals([welcome?.startsWith("-- Welcome"), head, first], [
    true,
    "-- Earlier messages:",
    "[2026-11-21 20:00] <alice> m0",
  ]);
  history.page = () => {
    throw new StoreError("the disk fails");
  };
  const unreadable = "-- The history cannot be read right now. Try again later.";
  const carol = new TextClient(chat);
  assertEquals(carol.hears().slice(1), [unreadable]);
  assertEquals(await carol.asks("/history"), [unreadable]);
  assertEquals(await carol.asks("still here"), ["<guest2> still here"]);
});

Deno.test("history: shows as many past lines as were asked for, 1 to 1000", async () => {
  const [alice] = await new TextServer().enter("alice");
  const wrong = "-- Invalid range: use 1 to 1000 lines, as in /history 50 or /history 50 before 14:05";
  assertEquals(await alice.asks("/history"), ["-- No messages in #lobby yet."]);
  const lines = Array.from({ length: 25 }, (_, index) => `line ${index}`);
  await alice.says(...lines);
  const last = (count: number) => lines.slice(-count).map((line) => `[past] <alice> ${line}`);
  await dialogue(alice, [
    ["/history", ...last(20)],
    ["/history 1", ...last(1)],
    ["/history 22", ...last(22)],
    ["/history 1000", ...last(25)],
  ]);
  for (const count of ["0", "1001", "-1", "1.5", "1e2", "0x10", "#lobby 0", "5 5"]) {
    await dialogue(alice, [[`/history ${count}`, wrong]]);
  }
});

Deno.test("history: goes on within a minute when only the last line of the reply is of the next one", async () => {
  const { alice } = await talker();
  for (let i = 0; i < 6; i++) {
    clock.now = i < 5 ? at(9, 30) : at(9, 31);
    await alice.connection.says(`${i} `.padEnd(200_000, "."));
  }
  const [more, ...lines] = await alice.asks("/history 100");
  assertEquals([more, lines.length], ["-- There is more: go on with /history 100 before 09:31", 4]);
});

Deno.test("history: messages of several lines are shown with all of them, also on joining", async () => {
  const { alice, chat } = await talker();
  await alice.asks("/paste", "one", "", "  two", ".");
  const shown = ["[09:30] <alice> one", "", "                  two"];
  assertEquals(await alice.asks("/history 1"), shown);
  assertEquals((await alice.asks("/history 2")).length, 4);
  const bob = new TextClient(chat);
  assertEquals(bob.hears().slice(-3), shown);
});

Deno.test("search: a message of several lines is shown in one, from the first line with a match if it is long", async () => {
  const { alice } = await talker();
  await alice.asks("/paste", "one apple", "", "  two pears", ".");
  assertEquals(await alice.asks("/search pears"), ["[09:30] <alice> one apple / two pears"]);
  await alice.asks("/paste", ...Array.from({ length: 60 }, (_, n) => `fruit${n}`), ".");
  const [early] = await alice.asks("/search fruit1");
  assertEquals(early?.slice(0, 40), "[09:30] <alice> … / fruit1 / fruit2 / fr");
  const [late] = await alice.asks("/search fruit58");
  assertEquals(late, "[09:30] <alice> … / fruit58 / fruit59");
  await alice.asks("/paste", "quince", "👍".repeat(400), ".");
  const [long = ""] = await alice.asks("/search quince");
  assertEquals([...long.slice("[09:30] <alice> ".length)].length, 301);
  assertEquals(long.slice(-3), "👍…");
});

Deno.test("history: what is deleted is shown as such, and reactions below their message", async () => {
  const { alice } = await talker();
  await alice.asks("/react alice 👍", "/delete m8");
  assertEquals(await alice.asks("/history 2"), [
    "[04:00] -- alice deleted this message",
    "[05:00] <alice> m9",
    "[05:00] -- alice reacted 👍",
  ]);
});
