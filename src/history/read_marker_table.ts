/** The read markers of accounts, in the database. */
import { READ_MARKERS_MAX, type ReadMarkerStore } from "../chat/read_marker_store.ts";
import { withStoreErrors } from "./database.ts";
import type { Statements } from "./statements.ts";
import { isRoomKey, type Targets } from "./targets.ts";

/** The most markers that wait to be stored. Above that, the one that waits longest is dropped. */
export const PENDING_MAX = 10_000;

/** After what time a commit begins to write no further marker, in milliseconds. */
const WRITE_TIME = 2;

/** How many markers of a deleted room one step deletes. */
const DELETE_STEP = 200;

/** A marker that waits to be stored. */
interface Marker {
  readonly account: string;
  readonly target: string;
  readonly time: number;
}

/** Stores read markers. They are written by the next `write`, or by later ones if there are many. */
export class ReadMarkerTable implements ReadMarkerStore {
  readonly #sql: Statements;
  readonly #targets: Targets;
  readonly #pending = new Map<string, Marker>(); // by account and target; the one that waits longest first
  readonly #forgotten = new Set<string>();
  #written: string[] = []; // the keys of pending ones, until the transaction is committed

  constructor(sql: Statements, targets: Targets) {
    this.#sql = sql;
    this.#targets = targets;
  }

  get(account: string, target: string): number | undefined {
    const pending = this.#pending.get(keyOf(account, target))?.time;
    const stored = this.#forgotten.has(account) ? undefined : this.#stored(account, target);
    return pending === undefined || (stored !== undefined && stored > pending) ? stored : pending;
  }

  advance(account: string, target: string, time: number): void {
    const key = keyOf(account, target);
    const before = this.#pending.get(key);
    if (before === undefined && this.#pending.size >= PENDING_MAX) {
      this.#pending.delete(this.#pending.keys().next().value!);
    }
    this.#pending.set(key, { account, target, time: Math.max(time, before?.time ?? time) });
  }

  forget(account: string): void {
    for (const [key, marker] of this.#pending) if (marker.account === account) this.#pending.delete(key);
    this.#forgotten.add(account);
  }

  get hasPending(): boolean {
    return this.#pending.size > 0 || this.#forgotten.size > 0;
  }

  /** Writes some of what was given, within a transaction of the caller, who has stored rooms before. */
  write(): void {
    this.#written = [];
    if (!this.hasPending) return;
    for (const account of this.#forgotten) this.#sql.run("DELETE FROM read_marker WHERE account = ?", account);
    const end = performance.now() + WRITE_TIME;
    for (const [key, marker] of this.#pending) {
      this.#write(marker);
      this.#written.push(key);
      if (performance.now() >= end) break;
    }
  }

  /** To be called when the transaction is committed. If it is not, the next one writes all again. */
  confirm(): void {
    for (const key of this.#written) this.#pending.delete(key);
    this.#written = [];
    this.#forgotten.clear();
  }

  /** Has pending markers of a room stored under its new key. Those that are stored refer to it by its id. */
  renameRoom(key: string, newKey: string): void {
    for (const { account, time } of this.#pendingOf(key)) this.advance(account, newKey, time);
  }

  /** Drops the pending markers of a room that is deleted. */
  cancel(key: string): void {
    this.#pendingOf(key);
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

  #write({ account, target, time }: Marker) {
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

  /** Takes the pending markers of a target. */
  #pendingOf(target: string): Marker[] {
    const found = [...this.#pending].filter(([, marker]) => marker.target === target);
    for (const [key] of found) this.#pending.delete(key);
    return found.map(([, marker]) => marker);
  }
}

/** Accounts contain no space. */
function keyOf(account: string, target: string): string {
  return `${account} ${target}`;
}
