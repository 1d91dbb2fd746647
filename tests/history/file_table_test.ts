import { assert, assertEquals, assertThrows } from "@std/assert";
import { CHUNK_SIZE, type FileDetails, type StoredFile } from "../../src/files/file_store.ts";
import { newFileId, pathOf } from "../../src/files/links.ts";
import { Database } from "../../src/history/database.ts";
import { erase } from "../../src/history/erase.ts";
import { DELETED_MAX, FILE_COST, type FileTable } from "../../src/history/file_table.ts";
import { StoreError } from "../../src/chat/store.ts";
import {
  Clock,
  commitLines,
  DAY,
  leaveRoom,
  MINUTE,
  NOON,
  Place,
  runMaintenance,
  said,
  SWEEP_TIME,
  whispered,
} from "./helpers.ts";

const DETAILS: Omit<FileDetails, "id"> = {
  name: "photo.jpg",
  type: "image/jpeg",
  width: 1200,
  height: 800,
  owner: "alice",
  at: NOON,
};

/** Some bytes, which differ from chunk to chunk. */
function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, n) => (n * 7 + Math.floor(n / CHUNK_SIZE)) % 251);
}

/** Stores a file. */
function store(files: FileTable, size: number, change: Partial<FileDetails> = {}): StoredFile {
  const writer = files.begin();
  const bytes = bytesOf(size);
  for (let at = 0; at < size; at += CHUNK_SIZE) writer.append(bytes.subarray(at, at + CHUNK_SIZE));
  return writer.finish({ id: newFileId(), ...DETAILS, ...change });
}

/** The bytes of a stored file. */
function contents(files: FileTable, id: string): number[] {
  const all: number[] = [];
  for (let index = 0;; index++) {
    const chunk = files.read(id, index);
    if (chunk === undefined) return all;
    all.push(...chunk);
  }
}

/** How many chunks the database has. */
const chunks = (place: Place) => place.number("SELECT count(*) FROM file_chunk");

Deno.test("file_table: a file has its bytes and details when the database is opened again", async () => {
  using place = new Place();
  const { files } = await place.open();
  const size = 2 * CHUNK_SIZE + 5;
  const file = store(files, size);
  const other = store(files, 3, { name: "notes.txt", width: undefined, height: undefined });
  const { files: again } = await place.open();
  assertEquals(again.find(file.id), { ...DETAILS, id: file.id, size });
  assertEquals(contents(again, file.id), [...bytesOf(size)]);
  assertEquals(again.find(other.id), other);
  assertEquals(contents(again, other.id), [0, 7, 14]);
  assertEquals([again.count, again.bytes], [2, size + 3 + 2 * FILE_COST]);
  assertEquals(again.read(file.id, 3), undefined);
  assertEquals(again.read(file.id, 2 ** 40), undefined);
});

Deno.test("file_table: a file cannot be found while it is written, nor after it was given up", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  const writer = files.begin();
  writer.append(bytesOf(CHUNK_SIZE));
  runMaintenance(history); // leaves what is being written
  assertEquals([files.count, files.writing, writer.size, chunks(place)], [0, CHUNK_SIZE, CHUNK_SIZE, 1]);
  writer.abort();
  assertEquals(files.writing, 0);
  assertThrows(() => writer.append(new Uint8Array(1)), StoreError);
  assertThrows(() => writer.finish({ id: newFileId(), ...DETAILS }), StoreError);
  runMaintenance(history);
  assertEquals([chunks(place), place.number("SELECT count(*) FROM file_remains")], [0, 0]);
});

Deno.test("file_table: what a crash has left of an upload is removed after the start, and complete files stay", async () => {
  using place = new Place();
  let { files } = await place.open();
  const file = store(files, CHUNK_SIZE + 1);
  const writer = files.begin();
  for (let n = 0; n < 10; n++) writer.append(bytesOf(CHUNK_SIZE));
  const history = await place.open();
  ({ files } = history);
  const later = store(files, 1); // its number is not that of the unfinished one
  runMaintenance(history);
  assertEquals(chunks(place), 3);
  assertEquals(contents(files, file.id), [...bytesOf(CHUNK_SIZE + 1)]);
  assertEquals(contents(files, later.id), [0]);
});

Deno.test("file_table: a step of maintenance removes few chunks", async () => {
  using place = new Place();
  const history = await place.open();
  const file = store(history.files, 20 * CHUNK_SIZE);
  history.files.delete(file.id);
  let before = chunks(place);
  while (history.files.runStep()) {
    assert(before - chunks(place) <= 4);
    before = chunks(place);
  }
  assertEquals(before, 0);
});

Deno.test("file_table: the oldest files go when a new one has no room, and the new one stays", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  files.limit({ size: 3 * (CHUNK_SIZE + FILE_COST) });
  const stored = Array.from({ length: 4 }, () => store(files, CHUNK_SIZE));
  assertEquals(stored.map(({ id }) => files.find(id) !== undefined), [false, true, true, true]);
  const large = store(files, 3 * CHUNK_SIZE);
  assertEquals([files.count, files.find(large.id)?.size], [1, 3 * CHUNK_SIZE]);
  runMaintenance(history);
  assertEquals(chunks(place), 3);
});

Deno.test("file_table: a slow upload stays, though it was begun before others that were finished earlier", async () => {
  using place = new Place();
  const { files } = await place.open();
  files.limit({ size: 4 * CHUNK_SIZE });
  const slow = files.begin();
  slow.append(bytesOf(CHUNK_SIZE));
  slow.append(bytesOf(CHUNK_SIZE));
  const quick = store(files, 2 * CHUNK_SIZE);
  const { id } = slow.finish({ id: newFileId(), ...DETAILS });
  assertEquals([files.find(id)?.size, files.find(quick.id)], [2 * CHUNK_SIZE, undefined]);
});

Deno.test("file_table: a file is stored even if the oldest cannot be deleted for it, and maintenance deletes that later", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  files.limit({ size: CHUNK_SIZE + FILE_COST });
  const first = store(files, CHUNK_SIZE);
  place.database.db.exec("CREATE TRIGGER failing BEFORE DELETE ON file BEGIN SELECT raise(ABORT, 'no'); END");
  const second = store(files, CHUNK_SIZE);
  assertEquals([files.find(first.id)?.size, files.find(second.id)?.size], [CHUNK_SIZE, CHUNK_SIZE]);
  place.database.db.exec("DROP TRIGGER failing");
  runMaintenance(history);
  assertEquals([files.find(first.id), files.find(second.id)?.size, files.count], [undefined, CHUNK_SIZE, 1]);
});

Deno.test("file_table: files that are being written have no more bytes than the store may hold", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  files.limit({ size: 3 * CHUNK_SIZE });
  const [one, two] = [files.begin(), files.begin()];
  for (const writer of [one, two, one]) writer.append(bytesOf(CHUNK_SIZE));
  assertThrows(() => two.append(bytesOf(1)), StoreError, "other uploads take all the space there is");
  assertThrows(() => two.finish({ id: newFileId(), ...DETAILS }), StoreError, "given up");
  one.append(bytesOf(CHUNK_SIZE)); // what the other had is free again
  assertEquals(one.finish({ id: newFileId(), ...DETAILS }).size, 3 * CHUNK_SIZE);
  runMaintenance(history);
  assertEquals([files.writing, chunks(place)], [0, 3]);
});

Deno.test("file_table: a limited number of deleted files is remembered, the newest", async () => {
  using place = new Place();
  const { files } = await place.open();
  const id = (n: number) => String(n).padStart(22, "0");
  place.database.db.exec(`INSERT INTO file (id, name, type, size, owner, at)
    WITH RECURSIVE one (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM one WHERE n < ${DELETED_MAX})
    SELECT format('%022d', n), 'a', 'text/plain', 1, 'alice', 0 FROM one`);
  for (let n = 0; n <= DELETED_MAX; n++) assert(files.delete(id(n)));
  assertEquals([0, 1, DELETED_MAX].map((n) => files.wasDeleted(id(n))), [false, true, true]);
});

Deno.test("file_table: many small files that have to go are deleted some at a time", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  for (let n = 0; n < 40; n++) store(files, 1);
  files.limit({ size: 5 * FILE_COST });
  store(files, 1);
  assertEquals([files.count, history.overdue], [33, true]);
  runMaintenance(history);
  assertEquals([files.count, history.overdue], [4, false]);
});

Deno.test("file_table: a chunk that is stored removes two of deleted files", async () => {
  using place = new Place();
  const { files } = await place.open();
  files.delete(store(files, 10 * CHUNK_SIZE).id);
  const writer = files.begin();
  for (let n = 0; n < 6; n++) writer.append(bytesOf(CHUNK_SIZE));
  assertEquals(chunks(place), 6);
});

Deno.test("file_table: files expire with lines of their age, also those whose clock was wrong", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: 10 * DAY });
  const { files } = history;
  store(files, 1, { at: 5 });
  store(files, 1, { at: NOON });
  const young = store(files, 1, { at: NOON + 5 * DAY });
  clock.now += 10 * DAY + MINUTE;
  const again = await place.open({ age: 10 * DAY });
  runMaintenance(again);
  assertEquals([again.files.count, again.files.find(young.id)?.size], [1, 1]);
});

Deno.test("file_table: a line that expires takes the files of its author along", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ lines: 2 });
  const { files } = history;
  const [own, foreign, guests, later] = ["alice", "bob", "@host", "alice"].map((owner) => store(files, 1, { owner }));
  const link = (file: StoredFile) => `see http://localhost:8080${pathOf(file)}`;
  commitLines(
    history,
    said("#room", `${link(own!)} ${link(foreign!)}`, { account: "Alice" }),
    said("#room", link(guests!)),
    said("#room", link(later!), { account: "Alice" }),
    said("#room", "hi", { account: "Alice" }),
  );
  clock.now += SWEEP_TIME;
  runMaintenance(history);
  assertEquals([own, foreign, guests, later].map((file) => files.find(file!.id) !== undefined), [
    false,
    true,
    false,
    true,
  ]);
});

Deno.test("file_table: a copy of a private line that expires leaves its files to the other copy", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ lines: 1 });
  const file = store(history.files, 1);
  for (const text of [pathOf(file), "hi"]) {
    history.add("bob@account alice", whispered("bob", text, { account: "alice" }));
  }
  history.commit();
  clock.now += SWEEP_TIME;
  runMaintenance(history);
  assertEquals(history.page("bob@account alice", { count: 9 }).map(({ text }) => text), ["hi"]);
  assertEquals(history.files.find(file.id)?.size, 1);
});

Deno.test("file_table: a line that stays, as it could not be deleted, keeps its files", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ lines: 1 });
  const file = store(history.files, 1);
  commitLines(history, said("#room", pathOf(file), { account: "alice" }), said("#room", "hi"));
  place.database.db.exec("CREATE TRIGGER failing BEFORE DELETE ON message BEGIN SELECT raise(ABORT, 'no'); END");
  clock.now += SWEEP_TIME;
  assertThrows(() => runMaintenance(history), StoreError);
  assertEquals(history.files.find(file.id)?.size, 1);
  place.database.db.exec("DROP TRIGGER failing");
  runMaintenance(history);
  assertEquals(history.files.find(file.id), undefined);
});

Deno.test("file_table: deleting a line deletes the files that its author has uploaded, and no others", async () => {
  using place = new Place();
  const { files } = await place.open();
  const of = (owner: string) => store(files, 1, { owner });
  const [own, second, foreign, guests] = [of("alice"), of("alice"), of("bob"), of("@host")];
  const text = [own, second, foreign, guests].map((file) => `<https://chat.example${pathOf(file!)}>,`).join("");
  assertEquals(files.deleteLinked(text, { account: "ALICE", origin: "x!y@host" }), 2);
  assertEquals(files.deleteLinked(text, { account: "ALICE", origin: "x!y@host" }), 0);
  assertEquals([foreign, guests].map((file) => files.find(file!.id)?.size), [1, 1]);
  assertEquals(files.deleteLinked(text, { origin: "x!y@other" }), 0);
  assertEquals(files.deleteLinked(text, { origin: "x!y@host" }), 1);
  assertEquals(files.deleteLinked("/f/x/ /f/aaaaaaaaaaaaaaaaaaaaaaaa/", { origin: "x!y@host" }), 0);
});

Deno.test("file_table: a line whose text is deleted takes the files of its author along, also a private one", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  const [own, foreign, secret] = ["alice", "bob", "alice"].map((owner) => store(files, 1, { owner }));
  const line = said("#room", `${pathOf(own!)} ${pathOf(foreign!)}`, { account: "alice" });
  const note = whispered("bob", pathOf(secret!), { account: "alice" });
  commitLines(history, line);
  history.add("alice@account bob", note);
  history.commit();
  history.redact("#room", { id: line.id, who: "alice", text: line.text }, "alice");
  history.redact("alice@account bob", { id: note.id, who: "alice", text: note.text }, "alice");
  history.commit();
  assertEquals([own, foreign, secret].map((file) => files.find(file!.id)?.size), [undefined, 1, undefined]);
});

Deno.test("file_table: an upload fails when the disk is full, and leaves room for others", async () => {
  using place = new Place();
  const history = await place.open();
  leaveRoom(place, 100);
  const writer = history.files.begin();
  const error = assertThrows(() => {
    for (let n = 0; n < 20; n++) writer.append(bytesOf(CHUNK_SIZE));
  }, StoreError);
  assertEquals([error.message, history.files.writing], ["the disk is full", 0]);
  runMaintenance(history);
  assertEquals(chunks(place), 0);
  commitLines(history, said("#room", "hi"));
  assertEquals(store(history.files, CHUNK_SIZE).size, CHUNK_SIZE);
});

Deno.test("file_table: no chunk is written while another program has locked the database", async () => {
  using place = new Place();
  const { files } = await place.open();
  place.database.failWhenLocked();
  const writer = files.begin();
  const other = new (await import("node:sqlite")).DatabaseSync(place.file);
  other.exec("BEGIN IMMEDIATE");
  assertEquals(files.ready, false);
  other.exec("ROLLBACK");
  other.close();
  assertEquals(files.ready, true);
  writer.append(bytesOf(3));
  assertEquals(writer.finish({ id: newFileId(), ...DETAILS }).size, 3);
});

Deno.test("file_table: files do not count for the size of the messages", async () => {
  using place = new Place();
  const history = await place.open({ size: 512 * 1024 });
  commitLines(history, said("#room", "hi"));
  const file = store(history.files, 20 * CHUNK_SIZE);
  const before = history.files.space;
  runMaintenance(history);
  history.files.delete(file.id);
  assertEquals(history.files.space, before, "its chunks are still there");
  runMaintenance(history);
  const writer = history.files.begin();
  for (let n = 0; n < 20; n++) writer.append(bytesOf(CHUNK_SIZE));
  writer.abort();
  runMaintenance(history);
  assertEquals([history.files.space, history.page("#room", { count: 1 }).length], [0, 1]);
});

Deno.test("file_table: what a crash has left of an upload does not count for the size of the messages", async () => {
  using place = new Place();
  const { files } = await place.open();
  const size = 2 * CHUNK_SIZE + 5;
  store(files, size);
  const after = files.space;
  const writer = files.begin();
  for (let n = 0; n < 20; n++) writer.append(bytesOf(CHUNK_SIZE));
  const { space } = files;
  const history = await place.open({ size: 512 * 1024 });
  assertEquals(history.files.space, space);
  commitLines(history, said("#room", "hi"));
  runMaintenance(history);
  assertEquals([history.files.space, history.page("#room", { count: 1 }).length], [after, 1]);
});

Deno.test("file_table: forgetting a user erases the files of its account, and those of its lines as a guest", async () => {
  using place = new Place();
  const history = await place.open();
  const { files } = history;
  const stored = ["alice", "@host", "@host", "bob"].map((owner) => store(files, CHUNK_SIZE + 1, { owner }));
  commitLines(history, said("#room", stored.map(pathOf).slice(0, 2).join(" ")));
  const writer = files.begin();
  writer.append(bytesOf(CHUNK_SIZE));
  place.close();
  const file = await Database.reopen(place.path);
  erase(file, "alice");
  file.close();
  const { files: left } = await place.open();
  assertEquals(stored.map(({ id }) => left.find(id)?.size), [undefined, undefined, CHUNK_SIZE + 1, CHUNK_SIZE + 1]);
  assertEquals(contents(left, stored[2]!.id), [...bytesOf(CHUNK_SIZE + 1)]);
  assertEquals(chunks(place), 4);
});

Deno.test("file_table: while a user is forgotten, the files of others do not take their space twice", async () => {
  using place = new Place();
  const size = 20 * CHUNK_SIZE;
  const { id } = store((await place.open()).files, size, { owner: "bob" });
  const pages = place.number("PRAGMA page_count");
  place.close();
  const file = await Database.reopen(place.path);
  file.db.exec(`PRAGMA max_page_count = ${pages + 100}`);
  erase(file, "alice");
  file.close();
  assertEquals(contents((await place.open()).files, id), [...bytesOf(size)]);
});
