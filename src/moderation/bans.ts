/**
 * Who may not come in at all: addresses, networks and masks that server operators have banned, for a time or for good.
 *
 * An address is looked up before anything is spent on a connection, a mask once somebody has said who they are. What is
 * banned outlives a restart where there is somewhere to keep it.
 */
import { completeMask, MASK_MAX, matches } from "../chat/modes.ts";
import { fold } from "../chat/names.ts";
import { AddressRanges, hasAll, readNetwork } from "../util/address_ranges.ts";
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";

/** The most bans there can be. */
export const BANS_MAX = 1000;

/** By how much the time has to jump for bans to be written anew, in milliseconds. */
const JUMP = 60_000;

/** A ban. */
export interface Ban {
  /** An IP address, a network (`10.0.0.0/8`), or a mask (`nick!user@host`). */
  readonly what: string;
  /** Who banned it. */
  readonly by: string;
  readonly reason: string;
  /** When, and until when, in milliseconds since 1970; Infinity for good. */
  readonly since: number;
  readonly until: number;
}

/** Where bans are kept. What it throws is told to `onTrouble`; a ban counts all the same, until the end. */
export interface BanStore {
  bans(): Ban[];
  addBan(ban: Ban): void;
  removeBan(what: string): void;
}

/** Where there is nowhere to keep them. */
export const NOWHERE: BanStore = { bans: () => [], addBan() {}, removeBan() {} };

/** See the head of this file. */
export class Bans {
  readonly #store: BanStore;
  readonly #onTrouble: (error: Error) => void;
  readonly #bans = new Map<string, Ban>(); // by what, folded
  readonly #clock: ExpiryClock;
  readonly #ends = new Map<string, number>(); // when those made in this run are over, by the monotonic clock
  #addresses = new AddressRanges<Ban>();
  #dueAt = Infinity; // when the next of those made before is over …
  #nextEnd = Infinity; // … and of those made in this run
  #offset: number; // from the monotonic clock to the time, when `until` was written last

  /** @throws What the store throws when it is asked which there are. */
  constructor(
    store: BanStore = NOWHERE,
    onTrouble: (error: Error) => void = () => {},
    clock: ExpiryClock = WALL_CLOCK,
  ) {
    this.#store = store;
    this.#onTrouble = onTrouble;
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic;
    for (const ban of store.bans()) this.#bans.set(fold(ban.what), ban);
    this.#rebuild();
  }

  /** The time by which bans are made: their `since` and `until`. */
  now(): number {
    return this.#clock.now();
  }

  /** For how long a ban still counts, in milliseconds. */
  left({ what, until }: Ban): number {
    const end = this.#ends.get(fold(what));
    return Math.max(0, end === undefined ? until - this.#clock.reached() : end - this.#clock.monotonic);
  }

  /** All that count now, in the order in which they were made. */
  get all(): readonly Ban[] {
    this.#expire();
    return [...this.#bans.values()];
  }

  /** Whether there can be no more of them. */
  get full(): boolean {
    this.#expire();
    return this.#bans.size >= BANS_MAX;
  }

  /** Bans something; a ban of the same is replaced. */
  add(ban: Ban): void {
    const key = fold(ban.what);
    const before = this.#bans.get(key);
    // In other letters it would stay in the store, and come back when this one is lifted.
    if (before !== undefined && before.what !== ban.what) this.#keep(() => this.#store.removeBan(before.what));
    this.#keep(() => this.#store.addBan(ban));
    this.#bans.delete(key);
    this.#bans.set(key, ban);
    this.#ends.set(key, this.#clock.monotonic + ban.until - this.#clock.now());
    if (before === undefined) this.#index(ban);
    else this.#rebuild();
  }

  /** Lifts a ban; returns whether there was one. */
  remove(what: string): boolean {
    const ban = this.#bans.get(fold(what));
    if (ban === undefined) return false;
    this.#keep(() => this.#store.removeBan(ban.what));
    this.#delete(fold(what));
    this.#rebuild();
    return true;
  }

  /** The ban of an address, if there is one. */
  ofAddress(address: string): Ban | undefined {
    this.#expire();
    return this.#addresses.of(address);
  }

  /** The ban of somebody, `nick!user@host`, if there is one. */
  ofOrigin(origin: string): Ban | undefined {
    this.#expire();
    const folded = fold(origin);
    for (const [key, ban] of this.#bans) if (key.includes("!") && matches(key, folded)) return ban;
    return undefined;
  }

  #expire() {
    const { monotonic } = this.#clock;
    if (this.#ends.size > 0) this.#followClock(monotonic);
    if (monotonic < this.#nextEnd && (this.#dueAt === Infinity || this.#clock.reached() < this.#dueAt)) return;
    for (const [key, ban] of this.#bans) {
      if (this.left(ban) > 0) continue;
      this.#delete(key);
      this.#keep(() => this.#store.removeBan(ban.what));
    }
    this.#rebuild();
  }

  /** Where the time has jumped, writes when those bans are over that were made before: or a restart would miscount them. */
  #followClock(monotonic: number) {
    const offset = this.#clock.now() - monotonic;
    if (Math.abs(offset - this.#offset) < JUMP) return;
    this.#offset = offset;
    for (const [key, end] of this.#ends) {
      if (end === Infinity) continue;
      const ban = { ...this.#bans.get(key)!, until: end + offset };
      this.#bans.set(key, ban);
      this.#keep(() => this.#store.addBan(ban));
    }
    this.#rebuild();
  }

  #delete(key: string) {
    this.#bans.delete(key);
    this.#ends.delete(key);
  }

  #keep(keep: () => void) {
    try {
      keep();
    } catch (error) {
      this.#onTrouble(error as Error);
    }
  }

  #rebuild() {
    this.#addresses = new AddressRanges();
    this.#dueAt = this.#nextEnd = Infinity;
    for (const ban of this.#bans.values()) this.#index(ban);
  }

  #index(ban: Ban) {
    const network = readNetwork(ban.what);
    if (network !== undefined) this.#addresses.add(network, ban);
    const end = this.#ends.get(fold(ban.what));
    if (end === undefined) this.#dueAt = Math.min(this.#dueAt, ban.until);
    else this.#nextEnd = Math.min(this.#nextEnd, end);
  }
}

/** Two who have nothing in common but what everybody has: a mask for both is everybody's. */
const UNLIKE = ["a!~b@012345678901.hidden", "xy-z!~vw.xy@abcdefabcdef.hidden"];

/**
 * Reads what somebody wants to ban.
 *
 * @returns An address or a network as it is, also where it is written as on IRC, `*@192.0.2.7`; anything else completed to
 * a mask. `undefined` for what can be neither, and for what would ban everybody or nobody.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readBan } from "./bans.ts";
 *
 * assertEquals(readBan("192.0.2.0/24"), "192.0.2.0/24");
 * assertEquals(readBan("*@192.0.2.7"), "192.0.2.7");
 * assertEquals(readBan("troll"), "troll!*@*");
 * assertEquals(readBan("*"), undefined);
 * ```
 */
export function readBan(text: string): string | undefined {
  const where = text.replace(/^(?:\*!)?\*?@/, "");
  const network = readNetwork(where);
  if (network !== undefined) return network.bits === 0 || hasAll(network) ? undefined : where;
  const mask = completeMask(text);
  if (isMeantAsAddress(text) || isMeantAsAddress(mask.slice(mask.lastIndexOf("@") + 1))) return undefined;
  if (mask.length > MASK_MAX || !/^["-9;-~][!-~]*$/.test(mask)) return undefined;
  return UNLIKE.every((origin) => matches(fold(mask), origin)) ? undefined : mask;
}

/** Whether something is meant as a part of an address: no mask matches one, as nobody is shown any. */
function isMeantAsAddress(text: string): boolean {
  return /^[\da-f.:/*?]*$/i.test(text) && /[.:/]/.test(text);
}
