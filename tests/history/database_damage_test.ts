/** Tests what is left of a database file, or of its log, that is truncated or damaged. */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StoreError } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { contents, fill, FRAME_HEADER, LOG_HEADER, PAGE, refusal } from "./database_helpers.ts";
import { commitLines, Place, runMaintenance, said, texts } from "./helpers.ts";

Deno.test("database: a truncated file is rejected and left unchanged, wherever it was cut", async () => {
  using place = new Place();
  await fill(place);
  const whole = Deno.readFileSync(place.file);
  const pages = whole.length / PAGE;
  const lengths = [
    1,
    15,
    16,
    50,
    99,
    100,
    511,
    512,
    PAGE - 1,
    PAGE,
    PAGE + 1,
    2 * PAGE,
    pages * PAGE / 2,
    (pages - 1) * PAGE,
  ];
  for (const length of lengths) {
    Deno.writeFileSync(place.file, whole.subarray(0, length));
    const before = contents(place.path);
    assertMatch(
      await refusal(place.path) ?? `opened, with ${length} bytes`,
      /^tincan\.db is (damaged|not a database|another program's)$/,
    );
    assert(JSON.stringify(contents(place.path)) === JSON.stringify(before), `changed, with ${length} bytes`);
  }
  Deno.writeFileSync(place.file, whole);
  assertEquals(texts(await place.open(), "#7").length, 50, "with all of it back");
});

Deno.test("database: the intact part of a damaged file is readable, and the file is left unchanged", async () => {
  using place = new Place();
  await fill(place);
  const whole = Deno.readFileSync(place.file);
  let damaged = 0;
  for (let page = 1; page < whole.length / PAGE; page += 3) {
    const bytes = whole.slice();
    bytes.fill(0xff, page * PAGE, (page + 1) * PAGE);
    Deno.writeFileSync(place.file, bytes);
    const before = contents(place.path);
    let readable = 0;
    try {
      const history = await place.open();
      for (let n = 0; n < 20; n++) {
        try {
          for (const text of texts(history, `#${n}`)) assert(text.startsWith(`${n} `), `${text} in #${n}`);
          readable++;
        } catch (error) {
          assert(error instanceof StoreError, `${error}`);
          assertEquals(error.message, "tincan.db is damaged");
        }
      }
      assert(readable >= 15, `page ${page}: only ${readable} rooms can be read`);
    } catch (error) {
      assert(error instanceof StoreError, `${error}`);
      assertEquals(error.message, "tincan.db is damaged");
    }
    place.close();
    if (readable < 20) damaged++;
    assert(JSON.stringify(contents(place.path)) === JSON.stringify(before), `page ${page}: something was changed`);
  }
  assert(damaged > 5, `only ${damaged} of these pages matter`);
});

Deno.test("database: maintenance of a damaged file reports the damage", async () => {
  using place = new Place();
  await fill(place);
  const reader = new DatabaseSync(place.file, { readOnly: true });
  const roots = reader.prepare("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0").all() as { rootpage: number }[];
  reader.close();
  const bytes = Deno.readFileSync(place.file);
  // Not the pages of the schema: the file could not be opened.
  for (const { rootpage } of roots) bytes.fill(0xff, (rootpage - 1) * PAGE, rootpage * PAGE);
  Deno.writeFileSync(place.file, bytes);
  const file = await Database.open(place.path);
  try {
    assertThrows(
      () => runMaintenance(new SqliteHistory(file, { age: 0, lines: 1 })),
      StoreError,
      "tincan.db is damaged",
    );
  } finally {
    file.close();
  }
});

Deno.test("database: all transactions before the cut are recovered from a truncated log, and new ones can be added", async () => {
  using place = new Place();
  using torn = new Place();
  const history = await place.open();
  const all = Array.from({ length: 20 }, (_, n) => said("#room", `${n}`));
  const ends = all.map((line) => { // the size of the log after each line
    commitLines(history, line);
    return Deno.statSync(`${place.file}-wal`).size;
  });
  const [file, log] = [Deno.readFileSync(place.file), Deno.readFileSync(`${place.file}-wal`)];
  assertEquals(log.length, ends.at(-1));
  const lengths = [0, 1, LOG_HEADER - 1, LOG_HEADER];
  for (let at = LOG_HEADER; at < log.length; at += FRAME_HEADER + PAGE) {
    lengths.push(
      at + 1,
      at + FRAME_HEADER,
      at + FRAME_HEADER + PAGE / 2,
      at + FRAME_HEADER + PAGE - 1,
      at + FRAME_HEADER + PAGE,
    );
  }
  for (const length of lengths) {
    for (const name of Object.keys(contents(torn.path))) Deno.removeSync(`${torn.path}/${name}`);
    Deno.writeFileSync(torn.file, file);
    Deno.writeFileSync(`${torn.file}-wal`, log.subarray(0, length));
    const left = all.slice(0, ends.filter((end) => end <= length).length);
    const again = await torn.open();
    assertEquals(again.page("#room", { count: 100 }), left, `with ${length} bytes of the log`);
    assertEquals(again.last, left.at(-1)?.id ?? 0);
    commitLines(again, said("#room", "new"));
    assertEquals(texts(await torn.open(), "#room"), [...left.map(({ text }) => text), "new"]);
    assertEquals(torn.database.db.prepare("PRAGMA integrity_check").get(), integrity("ok"));
  }
});

/** A result of SQLite's integrity check. */
function integrity(verdict: string): Record<string, string> {
  return Object.assign(Object.create(null), { integrity_check: verdict });
}

Deno.test("database: all transactions before the damage are recovered from a damaged log", async () => {
  using place = new Place();
  using torn = new Place();
  const history = await place.open();
  const all = Array.from({ length: 10 }, (_, n) => said("#room", `${n}`));
  const ends = all.map((line) => {
    commitLines(history, line);
    return Deno.statSync(`${place.file}-wal`).size;
  });
  const [file, log] = [Deno.readFileSync(place.file), Deno.readFileSync(`${place.file}-wal`)];
  for (let at = LOG_HEADER; at < log.length; at += 1999) {
    const bytes = log.slice();
    bytes[at]! ^= 0x55;
    Deno.writeFileSync(torn.file, file);
    Deno.writeFileSync(`${torn.file}-wal`, bytes);
    const left = all.slice(0, ends.filter((end) => end <= at).length);
    assertEquals((await torn.open()).page("#room", { count: 100 }), left, `with byte ${at} of the log changed`);
    torn.close();
  }
});
