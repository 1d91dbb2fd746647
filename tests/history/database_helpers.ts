/** Helpers for the tests of the database file. */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { commitLines, type Place, runMaintenance, said } from "./helpers.ts";

/** The first bytes of each SQLite file. */
export const MAGIC = "SQLite format 3\0";

/** The sizes of a page, of the log's header, and of a frame's header in it (sqlite.org, "WAL-mode File Format"). */
export const PAGE = 4096;
export const LOG_HEADER = 32;
export const FRAME_HEADER = 24;

/** The error when a directory is opened; undefined if there is none. */
export async function refusal(directory: string, migrations?: readonly string[]): Promise<string | undefined> {
  try {
    (await Database.open(directory, "normal", migrations)).close();
  } catch (error) {
    assert(error instanceof StoreError, `${error}`);
    return error.message;
  }
}

/** The contents of all files in a directory except the lock. */
export function contents(directory: string): Record<string, string> {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name !== "tincan.lock");
  return Object.fromEntries(names.sort().map((name) => [name, Deno.readFileSync(`${directory}/${name}`).join()]));
}

/** Asserts that a directory cannot be opened, and that nothing in it changes. */
export async function assertRejected(place: Place, reason: string, migrations?: readonly string[]): Promise<void> {
  const before = contents(place.path);
  assertEquals(await refusal(place.path, migrations), reason);
  assert(JSON.stringify(contents(place.path)) === JSON.stringify(before), "a file has changed");
}

/** Runs SQL on a file, like another program. */
export function bySqlite(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** Creates a file with many lines in twenty rooms. */
export async function fill(place: Place): Promise<void> {
  const history = await place.open();
  for (let n = 0; n < 20; n++) {
    commitLines(history, ...Array.from({ length: 50 }, (_, line) => said(`#${n}`, `${n} ${line} ${"x".repeat(200)}`)));
  }
  runMaintenance(history);
  place.close();
}
