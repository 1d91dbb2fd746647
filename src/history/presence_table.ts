/** The users who are always on, the choices of accounts, and for which accounts messages wait, in the database. */
import { RANKS } from "../chat/modes.ts";
import type { PresenceStore, SavedMember } from "../chat/presence_store.ts";
import { storeError } from "./database.ts";
import type { Statements } from "./statements.ts";

/** A row of the table `presence`. */
interface PresenceRow extends Omit<SavedMember, "rooms" | "bot" | "lastSeen"> {
  readonly key: string;
  readonly bot: number;
  readonly seen: number | null;
}

/** A row of the table `presence_room`. */
interface RoomRow {
  readonly key: string;
  readonly room: string;
  readonly ranks: string;
}

/** Stores members that are always on. What was given to it is written by the next `write`. */
export class PresenceTable implements PresenceStore {
  readonly #sql: Statements;
  readonly #members = new Map<string, SavedMember | undefined>(); // by folded account
  readonly #choices = new Map<string, boolean | undefined>();
  readonly #waiting = new Map<string, number | undefined>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  members(): SavedMember[] {
    return convertErrors(() => {
      const rooms = new Map<string, SavedMember["rooms"][number][]>();
      for (const { key, room, ranks } of this.#sql.all<RoomRow>("SELECT * FROM presence_room ORDER BY key, number")) {
        const some = rooms.get(key) ?? [];
        const known = ranks.split(" ");
        some.push({ name: room, ranks: RANKS.filter((rank) => known.includes(rank)) });
        rooms.set(key, some);
      }
      const rows = this.#sql.all<PresenceRow>("SELECT * FROM presence ORDER BY since, key");
      return rows.map(({ key, bot, seen, ...member }) => {
        return { ...member, bot: bot === 1, lastSeen: seen ?? undefined, rooms: rooms.get(key) ?? [] };
      });
    });
  }

  choices(): (readonly [account: string, choice: boolean])[] {
    return convertErrors(() => {
      const rows = this.#sql.all<{ key: string; choice: number }>("SELECT key, choice FROM always_on ORDER BY key");
      return rows.map(({ key, choice }) => [key, choice === 1]);
    });
  }

  waiting(): (readonly [account: string, since: number])[] {
    return convertErrors(() => {
      const rows = this.#sql.all<{ key: string; since: number }>("SELECT key, since FROM waiting ORDER BY key");
      return rows.map(({ key, since }) => [key, since]);
    });
  }

  saveMember(account: string, member: SavedMember | undefined): void {
    this.#members.set(account, member);
  }

  saveChoice(account: string, choice: boolean | undefined): void {
    this.#choices.set(account, choice);
  }

  saveWaiting(account: string, since: number | undefined): void {
    this.#waiting.set(account, since);
  }

  /** Whether there is something to write. */
  get hasPending(): boolean {
    return this.#members.size > 0 || this.#choices.size > 0 || this.#waiting.size > 0;
  }

  /** Writes what was given, within a transaction of the caller. */
  write(): void {
    for (const [key, member] of this.#members) this.#writeMember(key, member);
    for (const [key, choice] of this.#choices) {
      if (choice === undefined) this.#sql.run("DELETE FROM always_on WHERE key = ?", key);
      else this.#sql.run("INSERT OR REPLACE INTO always_on (key, choice) VALUES (?, ?)", key, choice ? 1 : 0);
    }
    for (const [key, since] of this.#waiting) {
      if (since === undefined) this.#sql.run("DELETE FROM waiting WHERE key = ?", key);
      else this.#sql.run("INSERT OR REPLACE INTO waiting (key, since) VALUES (?, ?)", key, since);
    }
  }

  /** To be called when the transaction is committed. If it is not, the next one writes all again. */
  confirm(): void {
    this.#members.clear();
    this.#choices.clear();
    this.#waiting.clear();
  }

  #writeMember(key: string, member: SavedMember | undefined) {
    this.#sql.run("DELETE FROM presence_room WHERE key = ?", key);
    if (member === undefined) return this.#sql.run("DELETE FROM presence WHERE key = ?", key);
    const { account, nick, user, host, realname, bot, since, lastSeen, rooms } = member;
    this.#sql.run(
      `INSERT OR REPLACE INTO presence (key, account, nick, user, host, realname, bot, since, seen)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      account,
      nick,
      user,
      host,
      realname,
      bot ? 1 : 0,
      since,
      lastSeen ?? null,
    );
    for (const [number, { name, ranks }] of rooms.entries()) {
      this.#sql.run(
        "INSERT INTO presence_room (key, number, room, ranks) VALUES (?, ?, ?, ?)",
        key,
        number,
        name,
        ranks.join(" "),
      );
    }
  }
}

function convertErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw storeError(error);
  }
}
