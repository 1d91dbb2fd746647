/** Checkpoints in the database. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Json, NO_CHECKPOINTS, RECORD_MAX } from "../../src/chat/checkpoint_store.ts";
import { StoreError } from "../../src/chat/store.ts";
import { erase } from "../../src/history/erase.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { Crashing } from "./crashing.ts";
import { commitLines, Place, runMaintenance, said } from "./helpers.ts";

/** The head of a checkpoint with everything that is stored. */
function head(sequence: number) {
  return { created: "2026-01-01", sequence, position: 0 };
}

/** Writes a checkpoint in some slices, with maintenance between them. */
function write({ checkpoints }: SqliteHistory, sequence: number, records: readonly Json[], slices = 3): boolean {
  const writer = checkpoints.begin();
  const step = Math.ceil(records.length / slices);
  for (let at = 0; at < records.length; at += step) {
    writer.write(records.slice(at, at + step));
    checkpoints.runStep();
  }
  return writer.finish(head(sequence));
}

/** The sequence of the checkpoint that counts, and its records. */
function loaded({ checkpoints }: SqliteHistory): [number, Json[]] | undefined {
  const found = checkpoints.load();
  return found && [found.head.sequence, [...found.records()]];
}

/** Records of some size with a mark in them. */
function records(mark: string, count = 50, size = 3000): Json[] {
  return Array.from({ length: count }, (_, n) => ({ n, mark, text: mark.repeat(size) }));
}

Deno.test("checkpoints: a checkpoint is read as it was written after the file is opened again, and no row is large", async () => {
  using place = new Place();
  const history = await place.open();
  assertEquals(loaded(history), undefined);
  const large = ["ü".repeat(RECORD_MAX - 2), null, [1, { a: true }], "", ...records("x", 500)];
  assert(write(history, 7, large));
  const reopened = await place.open();
  assertEquals(loaded(reopened), [7, large]);
  assertEquals(place.number("SELECT max(length(records)) FROM checkpoint_part"), RECORD_MAX + 2);
  assert(place.number("SELECT max(length(records)) FROM checkpoint_part WHERE number > 0") < 40_000);
  assertEquals(reopened.checkpoints.load()!.head, head(7));
});

Deno.test("checkpoints: a crash after any transaction leaves the older checkpoint, or the newer one when it is finished", async () => {
  const [older, newer] = [records("a"), records("b")];
  const found = new Set<number>();
  for (let last = 1; last <= 12; last++) {
    using place = new Place();
    write(await place.open(), 1, older);
    await place.open();
    const crash = new Crashing(place.database, last);
    try {
      const history = new SqliteHistory(place.database);
      write(history, 2, newer);
      runMaintenance(history);
    } catch (error) {
      assert(crash.dead, `${error}`);
    }
    const history = await place.open();
    const [sequence, all] = loaded(history)!;
    assertEquals(all, sequence === 1 ? older : newer);
    assertEquals(sequence, last <= 4 ? 1 : 2, `after transaction ${last}`);
    found.add(sequence);
    if (last % 2 === 0) {
      runMaintenance(history);
      assertEquals(loaded(history), [sequence, all]);
      const generations = place.number("SELECT count(DISTINCT generation) FROM checkpoint_part");
      assertEquals(generations, 1, "what was left over is deleted");
    }
    assert(write(history, 3, ["c"]));
    assertEquals(loaded(history), [3, ["c"]], "a later one does not mix with what was left over");
  }
  assertEquals(found.size, 2);
});

Deno.test("checkpoints: the older checkpoint is deleted some parts at a time", async () => {
  using place = new Place();
  const history = await place.open();
  write(history, 1, records("a", 500));
  runMaintenance(history);
  const parts = () => place.number("SELECT count(*) FROM checkpoint_part");
  const before = parts();
  assert(before > 40, "there are several steps of parts");
  write(history, 2, ["b"]);
  let steps = 0;
  for (let left = parts(); history.checkpoints.runStep(); steps++) {
    assert(left - parts() <= 8, "a step deletes at most 8");
    left = parts();
  }
  assertEquals([parts(), steps > 4], [1, true]);
});

Deno.test("checkpoints: one whose changes are not all stored is not finished", async () => {
  using place = new Place();
  const history = await place.open();
  write(history, 1, ["a"]);
  history.position = 100;
  commitLines(history, said("#a", "1"));
  const writer = history.checkpoints.begin();
  writer.write(["b"]);
  assertEquals([writer.finish({ ...head(2), position: 100 }), loaded(history)], [false, [1, ["a"]]]);
  history.position = 200;
  history.commit(false); // some changes wait
  const waiting = history.checkpoints.begin();
  assertEquals(waiting.finish({ ...head(2), position: 100 }), false);
  history.commit();
  const settled = history.checkpoints.begin();
  assertEquals([settled.finish({ ...head(3), position: 100 }), loaded(history)], [true, [3, []]]);
});

Deno.test("checkpoints: one that is begun later ends another, and a record that is too large is rejected", async () => {
  using place = new Place();
  const history = await place.open();
  const first = history.checkpoints.begin();
  first.write(["a"]);
  const second = history.checkpoints.begin();
  assertThrows(() => first.write(["b"]), StoreError, "this checkpoint was abandoned");
  assertThrows(() => first.finish(head(1)), StoreError);
  assertThrows(() => second.write(["x".repeat(RECORD_MAX)]), RangeError, "A record of a checkpoint has at most");
  second.write(["c"]);
  assertEquals([second.finish(head(2)), loaded(history)], [true, [2, ["c"]]]);
});

Deno.test("checkpoints: none counts after they were cleared, or when a user was erased", async () => {
  using place = new Place();
  const history = await place.open();
  write(history, 1, ["alice"]);
  const open = history.checkpoints.begin();
  history.checkpoints.clear();
  assertEquals(loaded(history), undefined);
  assertThrows(() => open.finish(head(2)), StoreError);
  write(history, 3, ["alice"]);
  await place.open();
  erase(place.database, "alice");
  assertEquals(loaded(await place.open()), undefined);
  assertEquals(place.number("SELECT count(*) FROM checkpoint_part"), 0);
});

Deno.test("checkpoints: a node without a file keeps none", () => {
  const writer = NO_CHECKPOINTS.begin();
  writer.write(["a"]);
  assertEquals([writer.finish(head(1)), NO_CHECKPOINTS.load()], [true, undefined]);
});
