/** The table of targets: rooms and private conversations. */
import { fold } from "../chat/names.ts";
import type { Line, SavedRoom } from "../chat/store.ts";
import type { Steps } from "../util/steps.ts";
import { type ListedTarget, NewestTargets } from "./newest_targets.ts";
import type { LineExtras } from "./line_extras.ts";
import { type MaskRow, type MessageRow, type RoleRow, savedRoomOf, type TargetRow } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** The most targets in the cache. */
const CACHE_MAX = 20_000;

/** The most targets that `latest` reads in one step. */
const LATEST_STEP = 50;

/** The key of a deleted target starts with this until its lines are deleted too. Keys of other targets never do. */
export const DELETED = "!";
export const DELETED_ROOM = "!#";

/** Whether a target is a room. */
export function isRoomKey(key: string): boolean {
  return key.startsWith("#");
}

/** The id and the display name of a target. */
export interface Target {
  readonly id: number;
  readonly name: string;
}

/** Reads and writes targets. Methods that write must be called within a transaction. */
export class Targets {
  readonly #sql: Statements;
  readonly #cache = new Map<string, Target>(); // by key
  #savedRoles = new WeakMap<SavedRoom["roles"], number>(); // the targets with these roles, so that they are not written again

  constructor(sql: Statements) {
    this.#sql = sql;
    sql.onRollback(() => { // they may hold what was never committed
      this.#cache.clear();
      this.#savedRoles = new WeakMap();
    });
  }

  /** Finds a target by its key. */
  find(key: string): Target | undefined {
    let target = this.#cache.get(key);
    if (target !== undefined) return target;
    target = this.#sql.get<Target>("SELECT id, name FROM target WHERE key = ?", key);
    if (target === undefined) return undefined;
    if (this.#cache.size >= CACHE_MAX) this.#cache.clear();
    this.#cache.set(key, target);
    return target;
  }

  /** Adds a target for its first line. */
  add(key: string, line: Line): Target {
    const name = line.kind === "said" ? line.room : key;
    this.#sql.run("INSERT INTO target (key, name, since) VALUES (?, ?, ?)", key, name, line.time);
    return this.find(key)!;
  }

  /** Inserts or replaces a room, its masks and its roles. */
  saveRoom(key: string, { name, since, topic, switches, password, limit, masks, roles }: SavedRoom): void {
    this.#sql.run(
      `INSERT INTO target (key, name, since, topic, topic_by, topic_at, switches, password, "limit", changed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET name = excluded.name, since = excluded.since, topic = excluded.topic,
          topic_by = excluded.topic_by, topic_at = excluded.topic_at, switches = excluded.switches,
          password = excluded.password, "limit" = excluded."limit", changed = excluded.changed`,
      key,
      name,
      since,
      topic?.text ?? null,
      topic?.by ?? null,
      topic?.at ?? null,
      switches.join(""),
      password ?? null,
      limit === Infinity ? null : limit,
      Date.now(),
    );
    this.uncache(key); // the case of its name may have changed
    const { id } = this.find(key)!;
    this.#sql.run("DELETE FROM mask WHERE target = ?", id);
    for (const { list, mask, by, at, nick = null } of masks) {
      const sql = "INSERT INTO mask (target, list, mask, by, at, nick) VALUES (?, ?, ?, ?, ?, ?)";
      this.#sql.run(sql, id, list, mask, by, at, nick);
    }
    if (this.#savedRoles.get(roles) === id) return;
    this.#savedRoles.set(roles, id);
    this.#sql.run("DELETE FROM role WHERE target = ?", id);
    for (const { account, role, since, by } of roles) {
      const sql = "INSERT INTO role (target, key, account, role, since, by) VALUES (?, ?, ?, ?, ?, ?)";
      this.#sql.run(sql, id, fold(account), account, role, since, by);
    }
  }

  /** Gives a room another key and name. Its lines, masks and roles refer to it by its id. */
  rename(key: string, newKey: string, name: string): void {
    const sql = "UPDATE target SET key = ?, name = ?, changed = ? WHERE key = ?";
    this.#sql.run(sql, newKey, name, Date.now(), key);
    this.uncache(key);
    this.uncache(newKey);
  }

  /** All rooms, in the order in which they were created. */
  rooms(): SavedRoom[] {
    const masks = new Map<number, SavedRoom["masks"][number][]>();
    for (const { target, nick, ...mask } of this.#sql.all<MaskRow>("SELECT * FROM mask ORDER BY at")) {
      const some = masks.get(target) ?? [];
      some.push(nick === null ? mask : { ...mask, nick });
      masks.set(target, some);
    }
    const roles = Map.groupBy(this.#sql.all<RoleRow>("SELECT * FROM role ORDER BY since, key"), ({ target }) => target);
    const rows = this.#sql.all<TargetRow>("SELECT * FROM target WHERE key >= '#' AND key < '$' ORDER BY id");
    return rows.map((row) => {
      const own = roles.get(row.id) ?? [];
      const rolesOf = own.map(({ account, role, since, by }) => ({ account, role, since, by }));
      return savedRoomOf(row, masks.get(row.id) ?? [], rolesOf);
    });
  }

  /** Targets whose keys start with a prefix, each with its newest line: see `HistoryStore.targets`. */
  *latest(prefix: string, extras: LineExtras): Steps<ListedTarget[]> {
    const found = new NewestTargets();
    for (let [at, operator] = [prefix || "#", ">="]; !found.isFull; yield) {
      const rows = this.#sql.all<Target & { key: string }>(
        `SELECT id, key, name FROM target WHERE key ${operator} ? AND key < ? ORDER BY key LIMIT ?`,
        at,
        `${prefix}\u{10ffff}`,
        LATEST_STEP,
      );
      for (const { id, key, name } of rows) {
        const row = this.#sql.get<MessageRow>("SELECT * FROM message WHERE target = ? ORDER BY id DESC LIMIT 1", id);
        if (row !== undefined) found.add(key, extras.linesOf(id, [row], name)[0]!);
      }
      if (rows.length < LATEST_STEP) break;
      [at, operator] = [rows.at(-1)!.key, ">"];
    }
    return found.list();
  }

  /** The smallest id of a target's lines; 0 if it has no line. */
  firstId(target: number): number {
    const sql = "SELECT min(id) AS first FROM message WHERE target = ?";
    return this.#sql.get<{ first: number | null }>(sql, target)!.first ?? 0;
  }

  /** The greatest id of a target's lines; 0 if it has no line. */
  lastId(target: number): number {
    const sql = "SELECT max(id) AS last FROM message WHERE target = ?";
    return this.#sql.get<{ last: number | null }>(sql, target)!.last ?? 0;
  }

  /** The id up to which a target's lines are in the full-text index; 0 for none. */
  indexed(target: number): number {
    return this.#sql.get<{ indexed: number }>("SELECT indexed FROM target WHERE id = ?", target)!.indexed;
  }

  /** Removes a target from the cache, after its row was changed or deleted. */
  uncache(key: string): void {
    this.#cache.delete(key);
  }
}
