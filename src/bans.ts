/**
 * Who may not come in at all: addresses, networks and masks that server operators have banned, for a time or for good.
 *
 * An address is looked up before anything is spent on a connection, a mask once somebody has said who they are. What is
 * banned outlives a restart where there is somewhere to keep it.
 */
import { BlockList, isIP } from "node:net";
import { completeMask, MASK_MAX, matches } from "./chat/modes.ts";
import { fold } from "./chat/names.ts";

/** The most bans there can be. */
export const BANS_MAX = 1000;

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
  #addresses = new BlockList();
  #dueAt = Infinity; // when the next of them is over

  /** @throws What the store throws when it is asked which there are. */
  constructor(store: BanStore = NOWHERE, onTrouble: (error: Error) => void = () => {}) {
    this.#store = store;
    this.#onTrouble = onTrouble;
    for (const ban of store.bans()) this.#bans.set(fold(ban.what), ban);
    this.#rebuild();
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
    this.#keep(() => this.#store.addBan(ban));
    const key = fold(ban.what);
    this.#bans.delete(key);
    this.#bans.set(key, ban);
    this.#rebuild();
  }

  /** Lifts a ban; returns whether there was one. */
  remove(what: string): boolean {
    const ban = this.#bans.get(fold(what));
    if (ban === undefined) return false;
    this.#keep(() => this.#store.removeBan(ban.what));
    this.#bans.delete(fold(what));
    this.#rebuild();
    return true;
  }

  /** The ban of an address, if there is one. */
  ofAddress(address: string): Ban | undefined {
    this.#expire();
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*/, "");
    const family = familyOf(plain);
    if (family === undefined || !this.#addresses.check(plain, family)) return undefined;
    for (const ban of this.#bans.values()) {
      const list = new BlockList();
      if (put(list, ban.what) && list.check(plain, family)) return ban;
    }
    return undefined;
  }

  /** The ban of somebody, `nick!user@host`, if there is one. */
  ofOrigin(origin: string): Ban | undefined {
    this.#expire();
    const folded = fold(origin);
    for (const [key, ban] of this.#bans) if (key.includes("!") && matches(key, folded)) return ban;
    return undefined;
  }

  #expire() {
    const now = Date.now();
    if (now < this.#dueAt) return;
    for (const [key, ban] of this.#bans) {
      if (ban.until > now) continue;
      this.#bans.delete(key);
      this.#keep(() => this.#store.removeBan(ban.what));
    }
    this.#rebuild();
  }

  #keep(keep: () => void) {
    try {
      keep();
    } catch (error) {
      this.#onTrouble(error as Error);
    }
  }

  #rebuild() {
    this.#addresses = new BlockList();
    this.#dueAt = Infinity;
    for (const { what, until } of this.#bans.values()) {
      put(this.#addresses, what);
      this.#dueAt = Math.min(this.#dueAt, until);
    }
  }
}

/**
 * Reads what somebody wants to ban.
 *
 * @returns An address or a network as it is, anything else completed to a mask; `undefined` for what can be neither, and
 * for what would ban everybody.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readBan } from "./bans.ts";
 *
 * assertEquals(readBan("192.0.2.0/24"), "192.0.2.0/24");
 * assertEquals(readBan("troll"), "troll!*@*");
 * assertEquals(readBan("*"), undefined);
 * ```
 */
export function readBan(text: string): string | undefined {
  if (put(new BlockList(), text)) return /\/0+$/.test(text) ? undefined : text;
  const mask = completeMask(text);
  if (mask.length > MASK_MAX || !/^["-9;-~][!-~]*$/.test(mask) || /^[*?!@]*$/.test(mask)) return undefined;
  return mask;
}

/** Puts an address or a network on a list; returns whether it is one. */
function put(list: BlockList, what: string): boolean {
  const [, address = "", prefix] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(what) ?? [];
  const family = familyOf(address);
  const most = family === "ipv6" ? 128 : 32;
  if (family === undefined || Number(prefix ?? 0) > most) return false;
  list.addSubnet(address, Number(prefix ?? most), family);
  return true;
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  return version === 4 ? "ipv4" : version === 6 ? "ipv6" : undefined;
}
