/**
 * The bans of the server: addresses, networks, masks and accounts, for a time or permanently.
 *
 * An address is checked when a connection is accepted, a mask when a client registers, and an account when a client logs in. Bans outlive a restart if there is a
 * store.
 */
import { ACCOUNT_MASK, completeMask, isMask, matchesMask, matchesUser } from "../chat/modes.ts";
import { fold, prepareName } from "../chat/names.ts";
import { type Json, RecordReader, type SnapshotSection } from "../chat/snapshot_records.ts";
import type { ServerBan as Ban, ServerBans } from "../chat/server_bans.ts";
import { AddressRanges, containsAllIPv4, parseNetwork } from "../util/address_ranges.ts";
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";

/** The most bans. */
export const BANS_MAX = 1000;

/** By how much the clock has to jump for bans to be stored again with new times, in milliseconds. */
const JUMP = 60_000;

export type { Ban };

/** Where bans are stored. Errors are reported; the ban is in force all the same until the process ends. */
export interface BanStore {
  bans(): Ban[];
  addBan(ban: Ban): void;
  removeBan(what: string): void;
}

/** Stores nothing. */
export const NO_STORE: BanStore = { bans: () => [], addBan() {}, removeBan() {} };

/** All bans of a server. */
export class Bans implements ServerBans {
  /** The bans as a section of a snapshot: what a node takes, another one restores. */
  readonly section: SnapshotSection = {
    name: "bans",
    take: () => this.all.map(writeBan),
    restore: (records) => this.#replace(Array.from(records, readBanRecord)),
  };
  readonly #store: BanStore;
  readonly #onError: (error: Error) => void;
  readonly #bans = new Map<string, Ban>(); // by folded address, network or mask
  readonly #clock: ExpiryClock;
  readonly #ends = new Map<string, number>(); // when bans made by this process end, by the monotonic clock
  #addresses = new AddressRanges<Ban>();
  #nextStoredEnd = Infinity; // when the next ban of an earlier process ends …
  #nextEnd = Infinity; // … and the next one of this process, by the monotonic clock
  #offset: number; // of the time from the monotonic clock, when `until` was stored last

  /**
   * @param onError Called with each error of the store.
   * @throws {StoreError} when the store cannot be read.
   */
  constructor(
    store: BanStore = NO_STORE,
    onError: (error: Error) => void = () => {},
    clock: ExpiryClock = WALL_CLOCK,
  ) {
    this.#store = store;
    this.#onError = onError;
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic;
    for (const ban of store.bans()) this.#bans.set(fold(ban.what), ban);
    this.#rebuild();
  }

  /** Returns the time for `since` and `until` of a new ban. */
  now(): number {
    return this.#clock.now();
  }

  /** Returns how long a ban is still in force, in milliseconds. */
  left({ what, until }: Ban): number {
    const end = this.#ends.get(fold(what));
    return Math.max(0, end === undefined ? until - this.#clock.reached() : end - this.#clock.monotonic);
  }

  /** The bans in force, in the order in which they were made. */
  get all(): readonly Ban[] {
    this.#expire();
    return [...this.#bans.values()];
  }

  /** Whether the limit of bans is reached. */
  get full(): boolean {
    this.#expire();
    return this.#bans.size >= BANS_MAX;
  }

  /** Adds a ban; replaces an earlier one of the same address, network or mask. */
  add(ban: Ban): void {
    const key = fold(ban.what);
    const before = this.#bans.get(key);
    // The store compares by case: a ban in other case would stay there, and be back after a restart.
    if (before !== undefined && before.what !== ban.what) this.#write(() => this.#store.removeBan(before.what));
    this.#write(() => this.#store.addBan(ban));
    this.#bans.delete(key);
    this.#bans.set(key, ban);
    this.#ends.set(key, this.#clock.monotonic + ban.until - this.#clock.now());
    if (before === undefined) this.#index(ban);
    else this.#rebuild();
  }

  /** Removes a ban; returns whether there was one. */
  remove(what: string): boolean {
    const ban = this.#bans.get(fold(what));
    if (ban === undefined) return false;
    this.#write(() => this.#store.removeBan(ban.what));
    this.#delete(fold(what));
    this.#rebuild();
    return true;
  }

  /** Replaces all bans. Those that have ended since the snapshot was taken end at once. */
  #replace(bans: readonly Ban[]) {
    const stored = new Set(bans.map(({ what }) => what));
    for (const { what } of this.#bans.values()) if (!stored.has(what)) this.#write(() => this.#store.removeBan(what));
    for (const ban of bans) this.#write(() => this.#store.addBan(ban));
    this.#bans.clear();
    this.#ends.clear();
    for (const ban of bans) this.#bans.set(fold(ban.what), ban);
    this.#rebuild();
  }

  /** Returns a ban that matches an address. */
  findByAddress(address: string): Ban | undefined {
    this.#expire();
    return this.#addresses.find(address);
  }

  /** Returns a ban that matches a member: `nick!user@host`, or the account that it is logged in to. */
  findByOrigin(origin: string, account?: string): Ban | undefined {
    this.#expire();
    const folded = fold(origin);
    const foldedAccount = account === undefined ? undefined : fold(account);
    for (const [key, ban] of this.#bans) {
      const isMask = key.includes("!") || key.startsWith(ACCOUNT_MASK);
      if (isMask && matchesUser(key, folded, foldedAccount)) return ban;
    }
    return undefined;
  }

  /** The bans that were made from a nickname, in any case. */
  byNick(nick: string): Ban[] {
    return this.all.filter((ban) => ban.nick !== undefined && fold(ban.nick) === fold(nick));
  }

  #expire() {
    const { monotonic } = this.#clock;
    if (this.#ends.size > 0) this.#followClock(monotonic);
    if (
      monotonic < this.#nextEnd && (this.#nextStoredEnd === Infinity || this.#clock.reached() < this.#nextStoredEnd)
    ) return;
    for (const [key, ban] of this.#bans) {
      if (this.left(ban) > 0) continue;
      this.#delete(key);
      this.#write(() => this.#store.removeBan(ban.what));
    }
    this.#rebuild();
  }

  /** After a jump of the clock, stores the new end times, so that bans end at the right moment after a restart. */
  #followClock(monotonic: number) {
    const offset = this.#clock.now() - monotonic;
    if (Math.abs(offset - this.#offset) < JUMP) return;
    this.#offset = offset;
    for (const [key, end] of this.#ends) {
      if (end === Infinity) continue;
      const ban = { ...this.#bans.get(key)!, until: end + offset };
      this.#bans.set(key, ban);
      this.#write(() => this.#store.addBan(ban));
    }
    this.#rebuild();
  }

  #delete(key: string) {
    this.#bans.delete(key);
    this.#ends.delete(key);
  }

  #write(write: () => void) {
    try {
      write();
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #rebuild() {
    this.#addresses = new AddressRanges();
    this.#nextStoredEnd = this.#nextEnd = Infinity;
    for (const ban of this.#bans.values()) this.#index(ban);
  }

  #index(ban: Ban) {
    const network = parseNetwork(ban.what);
    if (network !== undefined) this.#addresses.add(network, ban);
    const end = this.#ends.get(fold(ban.what));
    if (end === undefined) this.#nextStoredEnd = Math.min(this.#nextStoredEnd, ban.until);
    else this.#nextEnd = Math.min(this.#nextEnd, end);
  }
}

/** A ban as a record of a snapshot: `null` is in place of a time or nickname that it does not have. */
function writeBan({ what, by, reason, since, until, nick }: Ban): Json {
  return [what, by, reason, since, until === Infinity ? null : until, nick ?? null];
}

/** @throws {SnapshotError} */
function readBanRecord(record: Json): Ban {
  const reader = new RecordReader(record);
  const [what, by, reason, since] = [reader.text(), reader.text(), reader.text(), reader.number()];
  const until = reader.optional((each) => each.number()) ?? Infinity;
  const nick = reader.optional((each) => each.text());
  reader.end();
  return { what, by, reason, since, until, ...(nick === undefined ? {} : { nick }) };
}

/** Two members with nothing in common: a mask that matches both matches all members. */
const DIFFERENT_ORIGINS = ["a!~b@012345678901.hidden", "xy-z!~vw.xy@abcdefabcdef.hidden"];

/**
 * Parses the argument of a ban command.
 *
 * @returns An address or a network, also of the form `*@192.0.2.7`, which is usual on IRC; or else a mask, completed; a mask
 * of accounts stays as it is.
 * `undefined` for anything that is neither, and for bans that would match all members or none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readBan } from "./bans.ts";
 *
 * assertEquals(readBan("192.0.2.0/24"), "192.0.2.0/24");
 * assertEquals(readBan("*@192.0.2.7"), "192.0.2.7");
 * assertEquals(readBan("troll"), "troll!*@*");
 * assertEquals(readBan("~a:troll"), "~a:troll");
 * assertEquals(readBan("*"), undefined);
 * ```
 */
export function readBan(text: string): string | undefined {
  const address = text.replace(/^(?:\*!)?\*?@/, "");
  const network = parseNetwork(address);
  if (network !== undefined) return containsAllIPv4(network) ? undefined : address;
  const mask = completeMask(prepareName(text));
  if (mask.startsWith(ACCOUNT_MASK)) return isAccountMask(mask) ? mask : undefined;
  if (isMeantAsAddress(text) || isMeantAsAddress(mask.slice(mask.lastIndexOf("@") + 1))) return undefined;
  if (!isMask(mask)) return undefined;
  return DIFFERENT_ORIGINS.every((origin) => matchesMask(fold(mask), origin)) ? undefined : mask;
}

/** Whether a mask matches accounts, but not nearly all of them. */
function isAccountMask(mask: string): boolean {
  return isMask(mask) && /^~a:[^\p{Z}\p{C},!@]*[^\p{Z}\p{C},!@*?][^\p{Z}\p{C},!@]*$/u.test(mask);
}

/** Whether a text looks like a part of an address. No mask matches addresses, since members have cloaked hosts. */
function isMeantAsAddress(text: string): boolean {
  return /^[\da-f.:/*?]*$/i.test(text) && /[.:/]/.test(text);
}
