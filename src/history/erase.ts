/**
 * Erases the lines of a user, so that no trace of them is left in the file: neither rows, nor terms in the index, nor the
 * remains of deleted rows in free space.
 *
 * SQLite does not overwrite deleted rows, and the server leaves it at that, as overwriting takes time. `VACUUM` would
 * remove them, but Deno allows it only to programs with all permissions. So this rewrites all tables with `secure_delete`
 * on, which overwrites the old rows with zeros.
 */
import type { DatabaseSync } from "node:sqlite";
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";
import { hostOwner, linkedIds } from "../files/links.ts";
import { StoreError } from "../chat/store.ts";
import { SqliteHistory } from "./sqlite.ts";
import { CHUNKS } from "./file_table.ts";
import { RECOUNT } from "./usage.ts";

/**
 * All tables, since any of them may use pages that contained messages before; except those of the full-text index, and the chunks of
 * files, which are rewritten one by one.
 */
const TABLES = `SELECT name FROM sqlite_schema
  WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name <> 'word' AND name NOT GLOB 'word_*' AND name <> 'file_chunk'`;

/** The folded nickname in a column with `nick!user@host`; an empty text for other values. */
const nickIn = (column: string) => `fold(substr(${column}, 1, instr(${column}, '!') - 1))`;

/** Lines that were said under the nickname, or by its account. */
const BY_USER = `(${nickIn("origin")} = ?1 OR fold(account) = ?1)`;

/** Lines of the user in rooms. */
const IN_ROOMS = `recipient IS NULL AND ${BY_USER}`;

/** The private conversations of the user, and those of others with the user. */
const CONVERSATIONS = `SELECT id FROM target WHERE NOT (key >= '#' AND key < '$')
  AND (substr(key, 1, length(?1) + 1) = ?1 || '@' OR substr(key, -length(?1) - 1) = ' ' || ?1)`;

/**
 * All lines of these conversations, and other private lines from or to the user, whatever conversation they are filed
 * under. A line to the user under another nickname is known only by the user's copy of it: the other copy has the same id.
 */
const IN_PRIVATE = `target IN (${CONVERSATIONS})
  OR (recipient IS NOT NULL AND (${BY_USER} OR fold(recipient) = ?1
    OR (id, origin) IN (SELECT id, origin FROM message WHERE target IN (${CONVERSATIONS}))))`;

/** Makes the operator that has been one for longest the owner of a room that has none: see `Roles` in the chat. */
const SUCCESSION = `UPDATE role SET role = 'owner', by = '*'
  WHERE target = ?1 AND NOT EXISTS (SELECT 1 FROM role WHERE target = ?1 AND role = 'owner')
    AND key = (SELECT key FROM role WHERE target = ?1 AND role = 'op' ORDER BY since, key LIMIT 1)`;

/** How many lines were erased. */
export interface Erased {
  readonly inRooms: number;
  /** From or to the user. Lines that both sides had a copy of are counted once. */
  readonly inPrivate: number;
  /** Whether there was an account of that name. */
  readonly account: boolean;
}

/**
 * Erases all lines of a user in rooms and in private, private lines to the user, the user's reactions, the mentions of the account,
 * topics that the user set, the user's name on masks, roles, bans, ignore lists and lines that it has deleted, with the reasons of
 * these bans, the files that the user has uploaded, the account with its roles, tokens, certificates and read markers, the invite
 * links that the user has made or used, the read markers of others in conversations with the user, and the user if it is always on. A room of
 * which it was the last owner belongs to the operator that has been one for longest.
 *
 * @throws {StoreError} Then some of this may still be in the file, and erasing has to be repeated.
 */
export function erase(file: Database, nick: string): Erased {
  const { db } = file;
  try {
    db.exec("PRAGMA secure_delete = ON; BEGIN IMMEDIATE");
    const erased = eraseRows(file, fold(nick));
    const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`); // they would delete what belongs to the rows
    for (const { name } of db.prepare(TABLES).all()) {
      db.exec(`CREATE TABLE copy AS SELECT * FROM ${name}; DELETE FROM ${name};
        INSERT INTO ${name} SELECT * FROM copy; DROP TABLE copy`);
    }
    rewriteChunks(db);
    for (const { sql } of triggers) db.exec(String(sql));
    db.exec("INSERT INTO word (word) VALUES ('delete-all'); UPDATE target SET indexed = 0");
    db.exec(`${RECOUNT}; COMMIT`);
    const history = new SqliteHistory(file);
    while (history.runStep(() => {})); // rebuilds the index and the counts
    db.prepare("PRAGMA incremental_vacuum").all(); // returns a row for each page; exec() would stop after one
    const { busy } = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
    if (busy !== 0) throw new StoreError("another program reads it, so its log could not be truncated");
    return erased;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw storeError(error);
  }
}

/** Rewrites the chunks of files. A copy of their table would double the size of the file meanwhile. */
function rewriteChunks(db: DatabaseSync) {
  const read = db.prepare("SELECT bytes FROM file_chunk WHERE id = ?");
  const remove = db.prepare("DELETE FROM file_chunk WHERE id = ?");
  const insert = db.prepare("INSERT INTO file_chunk (id, bytes) VALUES (?, ?)");
  for (const { id } of db.prepare("SELECT id FROM file_chunk").all() as { id: number }[]) {
    const { bytes } = read.get(id) as { bytes: Uint8Array };
    remove.run(id);
    insert.run(id, bytes);
  }
}

function eraseRows({ db }: Database, nick: string): Erased {
  const run = (sql: string) => Number(db.prepare(sql).run(nick).changes);
  // Lines of deleted targets that maintenance has not removed yet.
  const deleted = "SELECT id FROM target WHERE key >= '!' AND key < '#'";
  db.exec(`DELETE FROM message WHERE target IN (${deleted}); DELETE FROM read_marker WHERE room IN (${deleted});
    DELETE FROM target WHERE id IN (${deleted});
    DELETE FROM checkpoint; DELETE FROM checkpoint_part`); // a node starts from the state of another one then
  eraseFiles(db, nick);
  const inPrivate = db.prepare(`SELECT count(DISTINCT id) AS count FROM message WHERE ${IN_PRIVATE}`).get(nick);
  const inRooms = run(`DELETE FROM message WHERE ${IN_ROOMS}`);
  run(`DELETE FROM message WHERE ${IN_PRIVATE}`);
  run(`DELETE FROM target WHERE id IN (${CONVERSATIONS})`);
  run(`DELETE FROM reaction WHERE ${BY_USER}`);
  run(`DELETE FROM late_change WHERE change <> 2 AND ${BY_USER}`);
  run("UPDATE message SET deleted_by = '*' WHERE fold(deleted_by) = ?1");
  run("UPDATE late_change SET origin = '*' WHERE change = 2 AND fold(origin) = ?1");
  run("DELETE FROM mention WHERE account = ?1");
  run(`UPDATE target SET topic = NULL, topic_by = NULL, topic_at = NULL WHERE ${nickIn("topic_by")} = ?1`);
  run(`UPDATE mask SET by = '*' WHERE ${nickIn("by")} = ?1`);
  run("UPDATE ban SET by = '*', reason = 'no reason given' WHERE fold(by) = ?1");
  run("UPDATE mask SET nick = NULL WHERE fold(nick) = ?1");
  run("UPDATE ban SET nick = NULL WHERE fold(nick) = ?1");
  run("UPDATE role SET by = '*' WHERE fold(by) = ?1");
  const owned = db.prepare("SELECT target FROM role WHERE key = ? AND role = 'owner'").all(nick);
  run("DELETE FROM role WHERE key = ?1");
  for (const { target } of owned) db.prepare(SUCCESSION).run(target!);
  run("DELETE FROM presence_room WHERE key IN (SELECT key FROM presence WHERE key = ?1 OR fold(nick) = ?1)");
  run("DELETE FROM presence WHERE key = ?1 OR fold(nick) = ?1");
  run("DELETE FROM always_on WHERE key = ?1");
  run("DELETE FROM read_marker WHERE account = ?1 OR nick = ?1");
  run("DELETE FROM waiting WHERE key = ?1");
  run("DELETE FROM token WHERE account = ?1");
  run("DELETE FROM certificate WHERE account = ?1");
  run(`DELETE FROM invite_link WHERE fold(by) = ?1 OR maker = '~' || ?1
    OR EXISTS (SELECT 1 FROM json_each(guests) WHERE value = '~' || ?1 OR substr(value, 1, length(?1) + 1) = ?1 || '@')`);
  const account = run("DELETE FROM account WHERE key = ?1") > 0;
  run("DELETE FROM ignored WHERE account = ?1 OR key = ?1 OR substr(key, 1, length(?1) + 1) = ?1 || '!'");
  return { inRooms, inPrivate: (inPrivate as { count: number }).count, account };
}

/** Deletes the files of the account, and those of a guest that lines of the user link to. */
function eraseFiles(db: DatabaseSync, nick: string) {
  db.prepare("DELETE FROM file WHERE owner = ?").run(nick);
  const linking = db.prepare(
    `SELECT text, origin FROM message WHERE account IS NULL AND instr(text, '/f/') AND ${BY_USER}`,
  );
  const remove = db.prepare("DELETE FROM file WHERE id = ? AND owner = ?");
  for (const { text, origin } of linking.all(nick) as { text: string; origin: string }[]) {
    for (const id of linkedIds(text)) remove.run(id, hostOwner(origin.slice(origin.lastIndexOf("@") + 1)));
  }
  db.exec(`DELETE FROM file_chunk WHERE id / ${CHUNKS} NOT IN (SELECT number FROM file); DELETE FROM file_remains`);
}
