/** Replies that are too long are cut. */
import { assert, assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { LOBBY } from "../../../src/chat/names.ts";
import type { HistoryRange, Line } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { ANSWER_MAX, clip } from "../../../src/protocol/text/truncate.ts";
import { TextServer } from "./harness.ts";

Deno.test("truncate: a long history is rendered only as far as the reply has room", async () => {
  let looked = 0;
  class Long extends MemoryHistory {
    override page(_target: string, { count }: HistoryRange): Line[] {
      return Array.from({ length: count }, (_, id) => ({
        ...{
          kind: "said",
          room: "#lobby",
          who: "bob",
          origin: "bob!b@b",
          style: "say",
          tags: "",
          bot: false,
          time: 0,
          id,
        },
        get text() {
          looked++;
          return "x".repeat(100);
        },
      } as const));
    }
  }
  const server = new TextServer({ chat: new LocalChat({ history: new Long() }), answerMax: 1000 });
  const alice = server.arrive();
  alice.connection.take();
  looked = 0;
  assertEquals((await alice.asks("/history 1000")).length, 1 + 8); // of 125 characters, with the time and the name
  assertEquals(looked, 9);
});

Deno.test("truncate: a reply of more than 1000 lines is cut, and says how many are missing", async () => {
  const server = new TextServer();
  const [alice] = await server.enter("alice");
  for (let number = 0; number < ANSWER_MAX + 1; number++) server.connect();
  const answer = await alice.asks("LIST");
  assertEquals([ANSWER_MAX, answer.length], [1000, 1002]);
  assertEquals(answer[0], "-- Online: 1002 users");
  assertEquals(answer.slice(-2), ["-- Client 1000: guest999 in no room", "-- … and 2 more"]);
});

Deno.test("truncate: a single line that exceeds the limit is shown all the same", async () => {
  const [alice] = await new TextServer({ answerMax: 64 }).enter("alice");
  await alice.asks("x".repeat(64));
  assertEquals((await alice.asks("/history")).map((line) => line.replace(/^\[.*?\] /, "")), [
    `<alice> ${"x".repeat(64)}`,
  ]);
});

Deno.test("truncate: /who that is cut says how many members are missing, not how many lines", async () => {
  const server = new TextServer({ answerMax: 40 });
  const [alice] = await server.enter("alice");
  for (let number = 0; number < 20; number++) {
    const member = server.connect();
    server.chat.join(member, LOBBY);
  }
  assertEquals(await alice.asks("/who"), [
    "-- In #lobby: 21 users",
    "-- alice (you), guest1, guest2, guest3, guest4, … and 16 more",
  ]);
});

Deno.test("truncate: a reply that is too long loses the end of a list, but the start of the history", async () => {
  const server = new TextServer({ answerMax: 100 });
  const [alice] = await server.enter("alice", "bob", "carol", "dave");
  assertEquals(await alice.asks("LIST"), [
    "-- Online: 4 users",
    "-- Client 1: alice in #lobby (you)",
    "-- Client 2: bob in #lobby",
    "-- Client 3: carol in #lobby",
    "-- … and 1 more",
  ]);
  const lines = ["one", "two", "three"].map((word) => word.padEnd(30, "."));
  await alice.says(...lines);
  const [more, ...shown] = await alice.asks("/history");
  assert(more?.startsWith("-- There is more"), more);
  assertEquals(shown, lines.slice(-2).map((line) => `[past] <alice> ${line}`));
});

Deno.test("truncate: /search, /rooms, /mode b and the lines shown on joining are cut as well", async () => {
  const server = new TextServer({ answerMax: 100 });
  const [alice] = await server.enter("alice");
  for (let number = 0; number < 9; number++) {
    await alice.says(`needle ${number}`.padEnd(30, "."));
    server.chat.join(server.connect(), `#room${number}`.padEnd(30, "."));
  }
  assertEquals((await alice.asks("/search needle")).length, 2);
  assertEquals(server.arrive().hears().slice(1).map((line) => line.slice(0, 10)), [
    "-- Earlier",
    "[past] <al",
    "[past] <al",
  ]);
  const rooms = await alice.asks("/rooms");
  assertEquals([rooms.length, rooms[0], rooms.at(-1)], [
    5,
    "-- Rooms: 10, each with its number of members",
    "-- … and 7 more",
  ]);
  await alice.says("/join #tea", ...Array.from({ length: 9 }, (_, number) => `/ban b${number}!*@${"x".repeat(25)}`));
  const bans = await alice.asks("/mode b");
  assertEquals([bans.length, bans.at(-1)], [3, "-- … and 7 more"]);
});

Deno.test("truncate: input that a reply repeats is cut after 60 characters", () => {
  assertEquals(clip("x".repeat(60)), "x".repeat(60));
  assertEquals(clip("x".repeat(61)), `${"x".repeat(60)}…`);
});
