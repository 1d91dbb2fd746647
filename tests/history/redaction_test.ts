/** Deleting the texts of lines: from the rows, the index, the counts, and from the bytes of the files. */
import { assert, assertEquals } from "@std/assert";
import type { Line } from "../../src/chat/store.ts";
import { Ids } from "../../src/chat/ids.ts";
import type { SqliteHistory } from "../../src/history/sqlite.ts";
import { Statements } from "../../src/history/statements.ts";
import { LOG_PAGES_MAX, Purge, PURGE_INTERVAL } from "../../src/history/purge.ts";
import { WordIndex } from "../../src/history/word_index.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Place, runMaintenance, said, whispered } from "./helpers.ts";

/** All bytes of the files of a place. */
function bytesIn({ path }: Place): string {
  const files = [...Deno.readDirSync(path)].map(({ name }) => Deno.readFileSync(`${path}/${name}`));
  return files.map((bytes) => new TextDecoder("latin1").decode(bytes)).join("\0");
}

/** A pseudorandom number generator with a fixed seed (mulberry32). */
function chanceFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A word of twelve letters. The index stores only the end of a word that begins like another one: see `endOf`. */
function wordFrom(chance: () => number): string {
  return Array.from({ length: 12 }, () => "abcdefghijklmnopqrstuvwxyz"[Math.floor(chance() * 26)]).join("");
}

/** What must not be found of a word that is deleted. */
function endOf(word: string): string {
  return word.slice(4);
}

/** Which lines a search for a word in #tea finds. */
function find(history: SqliteHistory, word: string, room = "#tea"): number[] {
  return runToEnd(history.search([room], { terms: [word], count: 10 })).lines.map(({ id }) => id);
}

/** The counts of all writers. */
function usage(place: Place): unknown[] {
  return place.database.db.prepare("SELECT target, writer, parent, lines, bytes FROM usage ORDER BY target, writer")
    .all();
}

Deno.test("redaction: no trace of a text is left in any file after maintenance", async () => {
  using place = new Place();
  const history = await place.open({ lines: 150 });
  const chance = chanceFrom(7);
  const ids = new Ids(0);
  const lines: { word: string; line: Line & { room: string } }[] = [];
  for (let n = 0; n < 3000; n++) {
    const word = wordFrom(chance);
    const text = `${word}${" some words".repeat(chance() < 0.02 ? 400 : chance() * 9)}`;
    const line = said(`#room${Math.floor(chance() ** 2 * 12)}`, text, {
      id: ids.next(1e12 + n * 1000),
      time: 1e12 + n * 1000,
    });
    lines.push({ word, line });
    history.add(line.room, line);
    if (n % 20 > 0) continue;
    history.commit();
    for (let steps = 0; steps < 8 && history.runStep(() => {}); steps++);
  }
  history.commit();
  const recent = lines.slice(-900);
  const deleted = recent.filter((_, n) => n % 15 === 0);
  for (const { line } of deleted) history.redact(line.room, line, "bob");
  history.commit();
  assertEquals(deleted.filter(({ word, line }) => find(history, word, line.room).length > 0), [], "not found at once");
  runMaintenance(history);
  const bytes = bytesIn(place);
  assertEquals(deleted.filter(({ word }) => bytes.includes(endOf(word))).map(({ word }) => word), []);
  const others = recent.filter(({ line }, n) => n % 15 > 0 && history.has(line.room, line.id));
  assert(others.length > 500);
  assertEquals(
    others.filter(({ word, line }) => !bytes.includes(endOf(word)) || find(history, word, line.room)[0] !== line.id),
    [],
  );
});

Deno.test("redaction: what SQLite has left of a line in the pages of its neighbours is removed", async () => {
  using place = new Place();
  const history = await place.open();
  const chance = chanceFrom(12);
  const ids = new Ids(0);
  const lines = Array.from({ length: 4000 }, (_, n) => {
    const time = 1e12 + n * 1000;
    const word = wordFrom(chance);
    const text = `${word}${" some words".repeat(chance() < 0.03 ? chance() * 200 : chance() * 12)}`;
    return { word, line: said(`#room${Math.floor(chance() ** 2 * 50)}`, text, { id: ids.next(time), time }) };
  });
  for (const [n, { line }] of lines.entries()) {
    history.add(line.room, line);
    if (n % 50 < 49) continue; // no maintenance in between: so the pages are always the same
    history.commit();
    if (n % 150 === 149) place.database.db.exec(`DELETE FROM message WHERE target = ${n % 37} AND id % 3 = 0`);
  }
  const deleted = lines.filter((_, n) => n % 4 === 0);
  for (const { line } of deleted) history.redact(line.room, line, "bob");
  history.commit();
  runMaintenance(history);
  const bytes = bytesIn(place);
  assertEquals(deleted.filter(({ word }) => bytes.includes(endOf(word))).map(({ word }) => word), []);
});

Deno.test("redaction: the line stays, without text, tags, reactions and mentions, and once deleted it is left alone", async () => {
  using place = new Place();
  const history = await place.open();
  const asked = said("#tea", "lunch?");
  const line = said("#tea", "zebra", { tags: "+a=b", reply: { id: asked.id, who: "", text: "" }, mentions: ["bob"] });
  for (const each of [asked, line]) history.add("#tea", each);
  history.react("#tea", line.id, { who: "bob", origin: "bob!b@h", text: "+1", time: 5 }, true);
  history.commit();
  for (const by of ["bob", "carol"]) {
    history.redact("#tea", line, by);
    history.commit();
  }
  history.react("#tea", line.id, { who: "bob", origin: "bob!b@h", text: "+1", time: 5 }, true);
  history.commit();
  const { mentions: _mentions, ...rest } = line;
  assertEquals(history.line("#tea", line.id), {
    ...rest,
    text: "",
    tags: "",
    deletedBy: "bob",
    reply: { id: asked.id, who: "alice", text: "lunch?" },
  });
  assertEquals(history.mentions("bob", Infinity, 10), []);
  history.redact("#tea", { id: 5, who: "", text: "" }, "bob"); // there is no such line
  history.redact("#none", line, "bob");
  history.commit();
  assertEquals(history.page("#tea", { count: 10 }).length, 2);
});

Deno.test("redaction: a line that is not indexed yet stays out of the index, and a private line is deleted for each side", async () => {
  using place = new Place();
  const history = await place.open();
  const line = said("#tea", "zebra");
  history.add("#tea", line);
  history.redact("#tea", line, "alice"); // before the line is committed
  const psst = whispered("bob", "xylophone");
  for (const target of ["alice@h/1 bob", "bob@h/2 alice"]) history.add(target, psst);
  history.commit();
  history.redact("bob@h/2 alice", psst, "alice");
  history.commit();
  runMaintenance(history);
  assertEquals(place.number("SELECT count(*) FROM word"), 0);
  assertEquals(["alice@h/1 bob", "bob@h/2 alice"].map((target) => history.line(target, psst.id)!.text), [
    "xylophone",
    "",
  ]);
  assert(!bytesIn(place).includes("zebra") && bytesIn(place).includes("xylophone"));
});

Deno.test("redaction: bytes are counted as if the line had been without a text from the start", async () => {
  using place = new Place();
  const history = await place.open({ size: 1e9 });
  const lines = ["one", "a zebra", "two"].map((text) => said("#tea", text, { tags: "+a=b" }));
  for (const line of lines) history.add("#tea", line);
  history.commit();
  runMaintenance(history);
  history.redact("#tea", lines[1]!, "alice");
  history.commit();
  const corrected = usage(place);
  history.recount();
  runMaintenance(history);
  assertEquals(usage(place), corrected);
});

Deno.test("redaction: commands that are applied again after a crash leave the same rows", async () => {
  using place = new Place();
  const line = said("#tea", "zebra");
  const reaction = { who: "bob", origin: "bob!b@h", account: "bob", text: "+1", time: 5 };
  const rows = () =>
    ["message", "reaction", "purge", "purge_line"].map((table) => {
      return place.database.db.prepare(`SELECT * FROM ${table}`).all();
    });
  const apply = (history: SqliteHistory, position: number) => {
    history.position = position;
    if (position === 1) { for (const target of ["#tea", "#coffee"]) history.add(target, { ...line, room: target }); }
    if (position === 2) history.react("#coffee", line.id, reaction, true);
    if (position === 3) history.redact("#tea", line, "alice");
    history.commit();
  };
  let history = await place.open();
  for (const position of [1, 2, 3]) apply(history, position);
  const expected = rows();
  history = await place.open();
  for (const position of [1, 2, 3]) apply(history, position);
  assertEquals(rows(), expected);
  assertEquals([history.line("#tea", line.id)!.deletedBy, history.line("#coffee", line.id)!.reactions?.length], [
    "alice",
    1,
  ]);
});

Deno.test("purge: the next one waits, a new process goes on with one that was interrupted", async () => {
  using place = new Place();
  const history = await place.open();
  const lines = Array.from({ length: 40 }, (_, n) => said("#tea", `word${n} zebra`));
  for (const line of lines) {
    history.add("#tea", line);
    history.commit();
    history.runStep(() => {});
  }
  runMaintenance(history);
  const sql = new Statements(place.database.db);
  let now = 0;
  const make = () => new Purge(sql, new WordIndex(sql), () => now);
  const note = (n: number) => {
    history.redact("#tea", lines[n]!, "alice");
    history.commit();
  };
  const due = () => Object.values(sql.get<Record<string, number>>("SELECT log, terms, merging FROM purge")!);
  note(1);
  let purge = make();
  assertEquals([purge.runStep(), purge.runStep(), due()], [true, true, [1, 0, 1]], "it has begun to merge");
  purge = make(); // the process has ended
  note(2);
  for (let steps = 0; purge.runStep(); steps++) assert(steps < 1000);
  assertEquals([due(), place.number("SELECT count(*) FROM purge_line")], [[0, 0, 0], 0]);
  note(3);
  assertEquals([purge.runStep(), due()], [false, [1, 1, 0]]);
  now = PURGE_INTERVAL;
  for (let steps = 0; purge.runStep(); steps++) assert(steps < 1000);
  assertEquals(due(), [0, 0, 0]);
});

Deno.test("purge: a text that is deleted while all segments are merged does not make it merge them again at once", async () => {
  using place = new Place();
  const history = await place.open();
  const lines = Array.from({ length: 40 }, (_, n) => said("#tea", `word${n} zebra`));
  for (const line of lines) history.add("#tea", line);
  history.commit();
  runMaintenance(history);
  const sql = new Statements(place.database.db);
  let now = 0;
  const purge = new Purge(sql, new WordIndex(sql), () => now);
  const due = () => Object.values(sql.get<Record<string, number>>("SELECT log, terms, merging FROM purge")!);
  const redact = (n: number) => {
    history.redact("#tea", lines[n]!, "alice");
    history.commit();
  };
  redact(0);
  for (let n = 1; due()[2] === 0; n++) assert(purge.runStep() && n < 10);
  redact(1);
  for (let steps = 0; purge.runStep(); steps++) assert(steps < 1000);
  assertEquals(due(), [0, 1, 0]);
  now = PURGE_INTERVAL;
  for (let steps = 0; purge.runStep(); steps++) assert(steps < 1000);
  assertEquals(due(), [0, 0, 0]);
});

Deno.test("purge: while another process reads, the log is truncated later", async () => {
  using place = new Place();
  const history = await place.open();
  place.database.failWhenLocked();
  const line = said("#tea", "zebra");
  history.add("#tea", line);
  history.commit();
  const { Database } = await import("../../src/history/database.ts");
  const reader = await Database.read(place.path);
  reader.db.exec("BEGIN");
  reader.db.prepare("SELECT count(*) FROM message").get();
  history.redact("#tea", line, "alice");
  history.commit();
  runMaintenance(history);
  assertEquals(place.number("SELECT log FROM purge"), 1);
  reader.close();
  runMaintenance(await place.open());
  assertEquals(place.number("SELECT log FROM purge"), 0);
  assert(!bytesIn(place).includes("zebra"));
});

Deno.test("purge: a long log is not copied at once, but truncated when commits have copied it", async () => {
  using place = new Place();
  const history = await place.open();
  const line = said("#tea", "zebra");
  history.add("#tea", line);
  history.commit();
  runMaintenance(history);
  const { db } = place.database;
  const sql = new Statements(db);
  let now = 0;
  const purge = new Purge(sql, new WordIndex(sql), () => now);
  const run = () => {
    for (let steps = 0; purge.runStep(); steps++) assert(steps < 1000);
    return [place.number("SELECT log FROM purge"), Deno.statSync(`${place.file}-wal`).size > 4096 * LOG_PAGES_MAX];
  };
  history.redact("#tea", line, "alice");
  history.commit();
  db.exec(`PRAGMA wal_autocheckpoint = 0; INSERT INTO file_chunk VALUES (1, zeroblob(4096 * ${LOG_PAGES_MAX + 1}))`);
  assertEquals(run(), [1, true]);
  db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
  now = PURGE_INTERVAL;
  assertEquals(run(), [0, false]);
});
