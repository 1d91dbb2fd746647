/** How many lines and bytes each writer has: what the counts are when lines are deleted. `limits_test.ts` has the rest. */
import { assertEquals } from "@std/assert";
import { Database } from "../../src/history/database.ts";
import { Statements } from "../../src/history/statements.ts";
import { COUNTED_COLUMNS, type CountedRow, Usage } from "../../src/history/usage.ts";
import { Writers } from "../../src/history/writers.ts";

/** A file in memory with a room, which has the number 1, and its usage. */
function open() {
  const file = Database.inMemory();
  const sql = new Statements(file.db);
  sql.run("INSERT INTO target (key, name) VALUES ('#room', '#room')");
  const say = (id: number, nick = "alice") => {
    const origin = `${nick}!~u@${nick}.host`;
    sql.run("INSERT INTO message VALUES (1, ?, 0, 0, ?, NULL, 'text', '', 0, NULL)", id, origin);
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
