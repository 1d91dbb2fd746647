/** How many lines and bytes each writer has: what the counts are when lines are deleted. `limits_test.ts` has the rest. */
import { assertEquals } from "@std/assert";
import { Database } from "../../src/history/database.ts";
import { FileTable } from "../../src/history/file_table.ts";
import { LineCounts } from "../../src/history/line_counts.ts";
import { LineDeletion, SCAN_STEP } from "../../src/history/line_deletion.ts";
import { Statements } from "../../src/history/statements.ts";
import { Targets } from "../../src/history/targets.ts";
import { COUNTED_COLUMNS, type CountedRow, Usage } from "../../src/history/usage.ts";
import { WordIndex } from "../../src/history/word_index.ts";
import { Writers } from "../../src/history/writers.ts";

/** A file in memory with a room, which has the number 1, and its usage. */
function open() {
  const file = Database.inMemory();
  const sql = new Statements(file.db);
  sql.run("INSERT INTO target (key, name) VALUES ('#room', '#room')");
  const say = (id: number, nick = "alice", host = `${nick}.host`) => {
    const origin = `${nick}!~u@${host}`;
    sql.run("INSERT INTO message VALUES (1, ?, 0, 0, ?, NULL, 'text', '', 0, NULL, NULL, NULL, 0)", id, origin);
  };
  const rows = (...ids: number[]) =>
    sql.all<CountedRow>(`SELECT ${COUNTED_COLUMNS} FROM message ORDER BY id`).filter(({ id }) => ids.includes(id));
  return { sql, say, rows, usage: new Usage(sql, new Writers(), true), [Symbol.dispose]: () => file.close() };
}

Deno.test("usage: a deleted line that was not counted yet is not subtracted", () => {
  using room = open();
  const { sql, usage } = room;
  for (const id of [1, 2]) room.say(id);
  usage.countTarget(1);
  room.say(3);
  sql.write(() => usage.remove(1, room.rows(1, 3)));
  assertEquals([usage.ofRoom(1)?.lines, usage.of("alice.host", 1)?.lines, usage.of("alice.host")?.lines], [1, 1, 1]);
});

Deno.test("usage: a writer is forgotten with its last line, in the room and in all rooms", () => {
  using room = open();
  const { sql, usage } = room;
  room.say(1);
  room.say(2, "bob");
  usage.countTarget(1);
  sql.write(() => usage.remove(1, room.rows(1)));
  assertEquals([usage.of("alice.host", 1), usage.of("alice.host")], [undefined, undefined]);
  assertEquals(usage.largest().map(({ writer }) => writer), ["bob.host"]);
});

Deno.test("usage: the oldest lines of a room are subtracted when they are deleted", () => {
  using room = open();
  const { sql, usage } = room;
  for (const id of [1, 2, 3]) room.say(id);
  usage.countTarget(1);
  const deletion = new LineDeletion(
    sql,
    new Targets(sql),
    new WordIndex(sql),
    usage,
    new LineCounts(false),
    new FileTable(sql),
  );
  assertEquals(deletion.deleteOldest(1, 2), 2);
  assertEquals([usage.ofRoom(1)?.lines, usage.of("alice.host")?.lines], [1, 1]);
});

Deno.test("usage: a part of a writer is named if it is large enough, and else the writer", () => {
  using room = open();
  const { usage } = room;
  for (const [n, nick] of ["alice", "alice", "bob"].entries()) room.say(n + 1, nick, "host");
  usage.countTarget(1);
  const [host] = usage.largest(1);
  const { bytes } = usage.of("alice@host", 1)!;
  assertEquals(usage.largestPart(host!, bytes, 1).writer, "alice@host");
  assertEquals(usage.largestPart(host!, bytes + 1, 1).writer, "host");
});

Deno.test("usage: a writer whose lines are behind many of others loses them in further steps", () => {
  using room = open();
  const { sql, usage } = room;
  const last = SCAN_STEP + 10;
  for (let id = 1; id <= last; id++) room.say(id, id === 1 || id === last ? "alice" : "bob");
  usage.schedule(1);
  while (!usage.countTarget(1));
  const deletion = new LineDeletion(
    sql,
    new Targets(sql),
    new WordIndex(sql),
    usage,
    new LineCounts(false),
    new FileTable(sql),
  );
  const steps = Array.from({ length: 2 }, () => sql.write(() => deletion.deleteByWriter("alice.host", 1, last, 9)));
  assertEquals(steps.map(({ deleted, done }) => [deleted, done]), [[1, false], [1, true]]);
  assertEquals(usage.of("alice.host", 1), undefined);
});
