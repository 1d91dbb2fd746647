/**
 * Erases what somebody has said, so that nothing of it is left in the file: not as a line, not as words in the index, and
 * not in what is between them.
 *
 * SQLite leaves things behind wherever it makes room, and the server lets it, as to be thorough takes time. `VACUUM` would
 * do, but Deno allows that only to programs that may do anything. So all tables are written anew, and what was there is
 * overwritten with zeros.
 */
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";
import { StoreError } from "../chat/store.ts";
import { SqliteHistory } from "./sqlite.ts";
import { RECOUNT } from "./usage.ts";

/** All tables, since any of them may lie where messages were before; but for those of the index of words. */
const TABLES = `SELECT name FROM sqlite_schema
  WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name <> 'word' AND name NOT GLOB 'word_*'`;

/** The nick of somebody whose origin is in a column; an empty text for what is no origin. */
const nickIn = (column: string) => `lower(substr(${column}, 1, instr(${column}, '!') - 1))`;

/** What somebody has said: called so, or known to be whose name that is. */
const THEIRS = `(${nickIn("origin")} = ?1 OR lower(account) = ?1)`;

/** What somebody has said in rooms. */
const IN_ROOMS = `recipient IS NULL AND ${THEIRS}`;

/** The private conversations of somebody, and those of others with them. */
const CONVERSATIONS = `SELECT id FROM target WHERE NOT (key >= '#' AND key < '$')
  AND (substr(key, 1, length(?1) + 1) = ?1 || '@' OR substr(key, -length(?1) - 1) = ' ' || ?1)`;

/**
 * All that was said there, and what else somebody has said or was told in private, whatever that is filed under. Who was
 * told something under another name is only known by their own copy of it: the other one has the same number.
 */
const IN_PRIVATE = `target IN (${CONVERSATIONS})
  OR (recipient IS NOT NULL AND (${THEIRS} OR lower(recipient) = ?1
    OR (id, origin) IN (SELECT id, origin FROM message WHERE target IN (${CONVERSATIONS}))))`;

/** How many lines were erased. */
export interface Erased {
  readonly inRooms: number;
  /** By either side. Of most of them both sides had a copy. */
  readonly inPrivate: number;
  /** Whether the name was somebody's own. */
  readonly account: boolean;
}

/**
 * Erases what anybody of a name has said, in rooms and in private, and what was said to them in private; the topics that
 * they set; who it was that set their masks; who banned for them, and why; and their account: the name is nobody's own from here on.
 *
 * @throws {StoreError} Then some of it may still be there, and it has to be done again.
 */
export function erase(file: Database, nick: string): Erased {
  const { db } = file;
  try {
    db.exec("PRAGMA secure_delete = ON; BEGIN IMMEDIATE");
    const erased = eraseRows(file, fold(nick));
    for (const { name } of db.prepare(TABLES).all()) {
      db.exec(`CREATE TABLE copy AS SELECT * FROM ${name}; DELETE FROM ${name};
        INSERT INTO ${name} SELECT * FROM copy; DROP TABLE copy`);
    }
    db.exec("INSERT INTO word (word) VALUES ('delete-all'); UPDATE target SET indexed = 0");
    db.exec(`${RECOUNT}; COMMIT`);
    const history = new SqliteHistory(file);
    while (history.runStep(() => {})); // which makes the index anew
    db.prepare("PRAGMA incremental_vacuum").all(); // a page is a row, and exec() would stop after the first
    const { busy } = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
    if (busy !== 0) throw new StoreError("another program reads it, and keeps it as it was");
    return erased;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw storeError(error);
  }
}

function eraseRows({ db }: Database, who: string): Erased {
  const run = (sql: string) => Number(db.prepare(sql).run(who).changes);
  // Lines of forgotten targets that maintenance has not dropped yet.
  const forgotten = "SELECT id FROM target WHERE key >= '!' AND key < '#'";
  db.exec(`DELETE FROM message WHERE target IN (${forgotten}); DELETE FROM target WHERE id IN (${forgotten})`);
  const said = db.prepare(`SELECT count(DISTINCT id) AS count FROM message WHERE ${IN_PRIVATE}`).get(who);
  const inRooms = run(`DELETE FROM message WHERE ${IN_ROOMS}`);
  run(`DELETE FROM message WHERE ${IN_PRIVATE}`);
  run(`DELETE FROM target WHERE id IN (${CONVERSATIONS})`);
  run(`UPDATE target SET topic = NULL, topic_by = NULL, topic_at = NULL WHERE ${nickIn("topic_by")} = ?1`);
  run(`UPDATE mask SET by = '*' WHERE ${nickIn("by")} = ?1`);
  run("UPDATE ban SET by = '*', reason = 'no reason given' WHERE lower(by) = ?1");
  const account = run("DELETE FROM account WHERE key = ?1") > 0;
  return { inRooms, inPrivate: (said as { count: number }).count, account };
}
