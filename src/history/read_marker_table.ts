/** The read markers of accounts, in the database. */
import { READ_MARKERS_MAX, type ReadMarkerStore } from "../chat/read_marker_store.ts";
import { type Json, RecordReader, type SnapshotSection } from "../chat/snapshot_records.ts";
import { withStoreErrors } from "./database.ts";
import type { Steps } from "../util/steps.ts";
import { type PendingMarker, PendingMarkers } from "./pending_markers.ts";
import type { Statements } from "./statements.ts";
import { isRoomKey, type Targets } from "./targets.ts";

/** After what time a commit begins to write no further marker, in milliseconds. */
const WRITE_TIME = 2;

/** How many markers of a deleted room one step deletes. */
const DELETE_STEP = 200;

/** How many markers are read at a time for a snapshot, or written. */
const TAKE_STEP = 200;

/** A row of the table, with the key of its room. */
interface MarkerRow {
  readonly account: string;
  readonly room: number;
  readonly nick: string;
  readonly time: number;
  readonly key: string | null;
}

/** Stores read markers. They are written by the next `write`, or by later ones if there are many. */
export class ReadMarkerTable implements ReadMarkerStore, SnapshotSection {
  readonly name = "read markers";
  readonly #sql: Statements;
  readonly #targets: Targets;
  readonly #pending = new PendingMarkers();
  readonly #forgotten = new Set<string>();
  #written: PendingMarker[] = []; // until the transaction is committed
  #restored: PendingMarker[] = []; // of a snapshot, until `replace`

  constructor(sql: Statements, targets: Targets) {
    this.#sql = sql;
    this.#targets = targets;
  }

  get(account: string, target: string): number | undefined {
    const pending = this.#pending.get(account, target);
    const stored = this.#forgotten.has(account) ? undefined : this.#stored(account, target);
    return pending === undefined || (stored !== undefined && stored > pending) ? stored : pending;
  }

  advance(account: string, target: string, time: number): void {
    this.#pending.advance({ account, target, time });
  }

  forget(account: string): void {
    this.#pending.forget(account);
    this.#forgotten.add(account);
  }

  get hasPending(): boolean {
    return this.#pending.size > 0 || this.#forgotten.size > 0;
  }

  /**
   * Writes some of what was given, within a transaction of the caller, who has stored rooms before.
   *
   * @returns Whether that is all.
   */
  write(): boolean {
    this.#written = [];
    if (!this.hasPending) return true;
    for (const account of this.#forgotten) this.#sql.run("DELETE FROM read_marker WHERE account = ?", account);
    const end = performance.now() + WRITE_TIME;
    for (const marker of this.#pending.next()) {
      this.#write(marker);
      this.#written.push(marker);
      if (performance.now() >= end) break;
    }
    return this.#written.length === this.#pending.size;
  }

  /** To be called when the transaction is committed. If it is not, the next one writes all again. */
  confirm(): void {
    this.#pending.confirm(this.#written);
    this.#written = [];
    this.#forgotten.clear();
  }

  /** The markers that are committed, as `[account, target, time]`. */
  *take(): Generator<Json, void, void> {
    const sql =
      `SELECT account, room, nick, time, target.key AS key FROM read_marker LEFT JOIN target ON target.id = room
      WHERE (account, room, nick) > (?, ?, ?) ORDER BY account, room, nick LIMIT ${TAKE_STEP}`;
    for (let after: [string, number, string] = ["", 0, ""];;) {
      const rows = this.#sql.all<MarkerRow>(sql, ...after);
      for (const { account, room, nick, time, key } of rows) {
        if (room === 0) yield [account, nick, time];
        else if (key !== null && isRoomKey(key)) yield [account, key, time]; // else that of a room that is being deleted
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      after = [last.account, last.room, last.nick];
    }
  }

  /** Takes the markers that `replace` writes. */
  restore(records: Iterable<Json>): void {
    this.#restored = [];
    for (const record of records) {
      const reader = new RecordReader(record);
      this.#restored.push({ account: reader.text(), target: reader.text(), time: reader.number() });
      reader.end();
    }
  }

  /** Replaces all markers by those of `restore`, in steps. The rooms are stored already. */
  *replace(): Steps<void> {
    const restored = this.#restored;
    this.#restored = [];
    this.#sql.write(() => this.#sql.run("DELETE FROM read_marker"));
    for (let at = 0; at < restored.length; at += TAKE_STEP) {
      yield;
      this.#sql.write(() => {
        for (const marker of restored.slice(at, at + TAKE_STEP)) this.#write(marker);
      });
    }
  }

  /** Has pending markers of a room stored under its new key. Those that are stored refer to it by its id. */
  renameRoom(key: string, newKey: string): void {
    for (const { account, time } of this.#pending.take(key)) this.advance(account, newKey, time);
  }

  /** Drops the pending markers of a room that is deleted. */
  cancel(key: string): void {
    this.#pending.take(key);
  }

  /** Whether there are markers of a room. */
  hasMarkers(room: number): boolean {
    return this.#sql.get("SELECT 1 FROM read_marker WHERE room = ? LIMIT 1", room) !== undefined;
  }

  /** Deletes some markers of a deleted room, within a transaction of the caller; returns whether there may be more. */
  deleteSome(room: number): boolean {
    const sql = `DELETE FROM read_marker WHERE (account, room, nick) IN
      (SELECT account, room, nick FROM read_marker WHERE room = ? LIMIT ${DELETE_STEP})`;
    return Number(this.#sql.prepare(sql).run(room).changes) === DELETE_STEP;
  }

  #stored(account: string, target: string): number | undefined {
    return withStoreErrors(() => {
      const place = this.#placeOf(target);
      if (place === undefined) return undefined;
      const sql = "SELECT time FROM read_marker WHERE account = ? AND room = ? AND nick = ?";
      return this.#sql.get<{ time: number }>(sql, account, ...place)?.time;
    });
  }

  #write({ account, target, time }: PendingMarker) {
    const place = this.#placeOf(target);
    if (place === undefined) return; // the room was deleted, or could not be stored
    const update = "UPDATE read_marker SET time = max(time, ?) WHERE account = ? AND room = ? AND nick = ?";
    if (Number(this.#sql.prepare(update).run(time, account, ...place).changes) > 0) return;
    this.#sql.run("INSERT INTO read_marker (account, room, nick, time) VALUES (?, ?, ?, ?)", account, ...place, time);
    const counted = "SELECT count(*) AS count FROM read_marker WHERE account = ?";
    const excess = this.#sql.get<{ count: number }>(counted, account)!.count - READ_MARKERS_MAX;
    if (excess <= 0) return;
    const dropped = `DELETE FROM read_marker WHERE account = ?1 AND (room, nick) IN
      (SELECT room, nick FROM read_marker WHERE account = ?1 ORDER BY time LIMIT ?2)`;
    this.#sql.run(dropped, account, excess);
  }

  /** How the table names a target; `undefined` for a room that is not stored. */
  #placeOf(target: string): [room: number, nick: string] | undefined {
    if (!isRoomKey(target)) return [0, target];
    const room = this.#targets.find(target)?.id;
    return room === undefined ? undefined : [room, ""];
  }
}
