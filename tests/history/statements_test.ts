/** Tests prepared statements and transactions. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../src/chat/store.ts";
import { Statements } from "../../src/history/statements.ts";
import { Place } from "./helpers.ts";

/** Two connections to one file with a table `t`. */
function connections(place: Place): [one: Statements, other: Statements] {
  const [one, other] = [new DatabaseSync(place.file), new DatabaseSync(place.file)];
  for (const db of [one, other]) db.exec("PRAGMA busy_timeout = 0");
  one.exec("CREATE TABLE t (x INTEGER PRIMARY KEY)");
  return [new Statements(one), new Statements(other)];
}

function close(...all: Statements[]): void {
  for (const { db } of all) db.close();
}

function rowsOf(sql: Statements): number[] {
  return sql.all<{ x: number }>("SELECT x FROM t ORDER BY x").map(({ x }) => x);
}

Deno.test("statements: get, all and run bind values, and a statement is prepared once", () => {
  using place = new Place();
  const [sql, other] = connections(place);
  for (const x of [1, 2]) sql.run("INSERT INTO t VALUES (?)", x);
  assertEquals(sql.get<{ x: number }>("SELECT x FROM t WHERE x = ?", 2)?.x, 2);
  assertEquals(rowsOf(sql), [1, 2]);
  assertEquals(sql.get("SELECT x FROM t WHERE x = ?", 3), undefined);
  assert(sql.prepare("SELECT x FROM t") === sql.prepare("SELECT x FROM t"));
  assertEquals(sql.pragma("busy_timeout"), 0);
  close(sql, other);
});

Deno.test("statements: write commits all changes and returns the result", () => {
  using place = new Place();
  const [sql, other] = connections(place);
  const result = sql.write(() => {
    for (const x of [1, 2]) sql.run("INSERT INTO t VALUES (?)", x);
    return "done";
  });
  assertEquals([result, rowsOf(other)], ["done", [1, 2]]);
  close(sql, other);
});

Deno.test("statements: write rolls back, calls the listeners and throws a StoreError when it fails", () => {
  using place = new Place();
  const [sql, other] = connections(place);
  let rollbacks = 0;
  sql.onRollback(() => rollbacks++);
  const insertTwice = () => sql.write(() => [1, 1].forEach((x) => sql.run("INSERT INTO t VALUES (?)", x)));
  assertThrows(insertTwice, StoreError);
  assertEquals([rowsOf(sql), rollbacks, sql.db.isTransaction], [[], 1, false]);
  sql.write(() => sql.run("INSERT INTO t VALUES (3)"));
  assertEquals([rowsOf(sql), rollbacks], [[3], 1]);
  close(sql, other);
});

Deno.test("statements: tryBegin is false while another connection writes, and write uses its transaction", () => {
  using place = new Place();
  const [sql, other] = connections(place);
  assertEquals(other.tryBegin(), true);
  assertEquals([sql.tryBegin(), sql.db.isTransaction], [false, false]);
  other.write(() => other.run("INSERT INTO t VALUES (1)"));
  assertEquals([sql.tryBegin(), sql.tryBegin(), sql.db.isTransaction], [true, true, true]);
  sql.write(() => sql.run("INSERT INTO t VALUES (2)"));
  assertEquals([rowsOf(other), sql.db.isTransaction], [[1, 2], false]);
  close(sql, other);
});

Deno.test("statements: a write after one that has used the transaction of tryBegin has its own", () => {
  using place = new Place();
  const [sql, other] = connections(place);
  assert(sql.tryBegin());
  sql.write(() => sql.run("INSERT INTO t VALUES (1)"));
  sql.write(() => sql.run("INSERT INTO t VALUES (2)"));
  const failing = () => {
    sql.run("INSERT INTO t VALUES (3)");
    sql.run("INSERT INTO t VALUES (1)");
  };
  assertThrows(() => sql.write(failing), StoreError, "UNIQUE");
  assertEquals([rowsOf(sql), sql.db.isTransaction], [[1, 2], false]);
  close(sql, other);
});

Deno.test("statements: tryBegin is true after an error that waiting would not end, and write reports it", () => {
  using place = new Place();
  const [sql, other] = connections(place);
  close(sql, other);
  assertEquals(sql.tryBegin(), true);
  assertThrows(() => sql.write(() => {}), StoreError);
});
