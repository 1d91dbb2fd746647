/**
 * The invite links of the server, as commands change them. A link lets its holders past the server password, and into a room.
 *
 * The code of a link is a secret that its author draws; here is only its hash. How often a link was used is counted when the
 * command is applied, so that no two nodes exceed its limit.
 */
import { ChatError } from "./chat_error.ts";
import { fold } from "./names.ts";
import { type Json, RecordReader, type SnapshotSection } from "./snapshot_records.ts";

/** The most links of a server, of one room, and of one account; the guests of one host count as one account. */
export const LINKS_TOTAL = 1000;
export const LINKS_OF_ROOM_MAX = 50;
export const LINKS_OF_MAKER_MAX = 20;

/** How long a link is valid, in milliseconds: unless given, at least, and at most. */
export const LINK_TIME = 7 * 86_400_000;
export const LINK_TIME_MIN = 60_000;
export const LINK_TIME_MAX = 90 * 86_400_000;

/** How often a link can be used, at most, if that is limited. The users are remembered. */
export const LINK_USES_MAX = 100;

/** An invite link. All times are in milliseconds since 1970. */
export interface InviteLink {
  /** Its number in lists. The number of a link that was deleted may be used again. */
  readonly id: number;
  /** The SHA-256 hash of its code, in base64. */
  readonly hash: string;
  /** The key of its room. */
  readonly room: string;
  /** The nickname of the member that has made it. */
  readonly by: string;
  /** The key of that member: see {@linkcode personKey}. */
  readonly maker: string;
  readonly since: number;
  readonly until: number;
  /** How many users can use it; `undefined` for any number, until it ends. */
  readonly uses: number | undefined;
  /** How many have used it. */
  readonly used: number;
  /** The keys of these users, if their number is limited: one of them may come again. See {@linkcode guestKey}. */
  readonly guests: readonly string[];
}

/** Where links are stored. All methods may throw `StoreError`. */
export interface InviteLinkStore {
  /** All links, by number. */
  links(): InviteLink[];
  /** Adds a link, in place of one with the same number. */
  saveLink(link: InviteLink): void;
  removeLink(id: number): void;
  /** Replaces all links, or none of them. */
  replaceLinks(links: readonly InviteLink[]): void;
}

/** Stores nothing. */
const NO_STORE: InviteLinkStore = { links: () => [], saveLink() {}, removeLink() {}, replaceLinks() {} };

/** What a link needs to know of a user. */
export interface Person {
  readonly nick: string;
  readonly host: string;
  readonly fullAccount: string | undefined;
}

/** What the user of a link is recognized by when it comes again; `undefined` for a guest without a name of its own. */
export function guestKey(person: Person): string | undefined {
  const isNamed = person.fullAccount !== undefined || !/^guest\d+$/.test(fold(person.nick));
  return isNamed ? personKey(person) : undefined;
}

/** The key of a user: the account, else nickname and host. */
export function personKey({ nick, host, fullAccount }: Person): string {
  return fullAccount === undefined ? `${fold(nick)}@${host}` : accountKey(fullAccount);
}

function accountKey(account: string): string {
  return `~${fold(account)}`; // no nickname begins with a tilde
}

/** Whose links count together: those of an account, or of all guests of a host. */
function countedKey(maker: string): string {
  return maker.startsWith("~") ? maker : maker.slice(maker.indexOf("@"));
}

/** Whether the time of a link is over. */
export function isExpired({ until }: InviteLink, now: number): boolean {
  return now >= until;
}

/** Whether as many users as allowed have used a link. */
export function isUsedUp({ uses, used }: InviteLink): boolean {
  return uses !== undefined && used >= uses;
}

/**
 * Checks that a link can still be used.
 *
 * @param room The name of its room, for the error.
 * @param isKnown Whether its user has used it before, and may do so again.
 * @throws {ChatError} `link-expired` or `link-used-up`
 */
export function requireUsable(link: InviteLink, room: string, now: number, isKnown: boolean): void {
  if (isExpired(link, now)) throw new ChatError("link-expired", room);
  if (isUsedUp(link) && !isKnown) throw new ChatError("link-used-up", room);
}

/** The links of all nodes. */
export class LinkRegistry {
  /** The links as a section of a snapshot. */
  readonly section: SnapshotSection = {
    name: "links",
    take: () => this.all.map(writeLink),
    restore: (records) => this.#replace(Array.from(records, readLink)),
  };
  readonly #store: InviteLinkStore;
  readonly #links = new Map<number, InviteLink>();
  readonly #byHash = new Map<string, InviteLink>();

  /** @throws {StoreError} */
  constructor(store: InviteLinkStore = NO_STORE) {
    this.#store = store;
    for (const link of store.links()) this.#put(link);
  }

  /** All links, by number, also those that have ended. */
  get all(): InviteLink[] {
    return [...this.#links.values()].sort((a, b) => a.id - b.id);
  }

  get(id: number): InviteLink | undefined {
    return this.#links.get(id);
  }

  /** The link with the hash of a code. */
  find(hash: string): InviteLink | undefined {
    return this.#byHash.get(hash);
  }

  /**
   * Adds a link, and gives it a number. Links that have ended make room for it.
   *
   * @throws {ChatError} `links-full`: there are too many of the server, the room or the maker
   * @throws {StoreError} if it cannot be stored; then nothing is added.
   */
  add(link: Omit<InviteLink, "id" | "used" | "guests">): InviteLink {
    const counted = countedKey(link.maker);
    if (this.#byHash.has(link.hash)) throw new ChatError("links-unstored", "the code is in use");
    const replaced: (InviteLink | undefined)[] = [
      this.#replacedBy(link.since, LINKS_OF_ROOM_MAX, ({ room }) => room === link.room),
      this.#replacedBy(link.since, LINKS_OF_MAKER_MAX, ({ maker }) => countedKey(maker) === counted),
    ];
    // Last, as one of these may have made room.
    if (!replaced.some((each) => each !== undefined)) {
      replaced.push(this.#replacedBy(link.since, LINKS_TOTAL, () => true));
    }
    for (const each of new Set(replaced)) if (each !== undefined) this.remove(each);
    const added = { ...link, id: Math.max(0, ...this.#links.keys()) + 1, used: 0, guests: [] };
    this.#store.saveLink(added);
    this.#put(added);
    return added;
  }

  /**
   * Counts a user of a link, unless it has used the link before.
   *
   * @param guest The key of the user, if it is recognized.
   * @throws {StoreError} if it cannot be stored.
   */
  use(link: InviteLink, guest: string | undefined): void {
    if (guest !== undefined && link.guests.includes(guest)) return;
    const guests = link.uses === undefined || guest === undefined ? link.guests : [...link.guests, guest];
    const used = { ...link, used: link.used + 1, guests };
    this.#store.saveLink(used);
    this.#put(used);
  }

  /** @throws {StoreError} if it cannot be deleted. */
  remove({ id, hash }: InviteLink): void {
    this.#store.removeLink(id);
    this.#links.delete(id);
    this.#byHash.delete(hash);
  }

  /** Has the links to a room lead to it under its new key. @throws {StoreError} if that cannot be stored; they do all the same. */
  renameRoom(from: string, to: string): void {
    const renamed = [...this.#links.values()].filter(({ room }) => room === from).map((link) => ({
      ...link,
      room: to,
    }));
    for (const link of renamed) this.#put(link);
    for (const link of renamed) this.#store.saveLink(link);
  }

  /** Deletes the links to a room. @throws {StoreError} */
  removeRoom(room: string): void {
    for (const link of [...this.#links.values()]) if (link.room === room) this.remove(link);
  }

  /** Deletes the links of an account, by its folded name, so that the next owner of the name has none. @throws {StoreError} */
  removeAccount(account: string): void {
    for (const link of [...this.#links.values()]) if (link.maker === accountKey(account)) this.remove(link);
  }

  /**
   * The oldest of some links that have ended, which makes room for another one; `undefined` if there are fewer than allowed.
   *
   * @throws {ChatError} `links-full`
   */
  #replacedBy(now: number, most: number, counts: (link: InviteLink) => boolean): InviteLink | undefined {
    const all = this.all.filter(counts);
    if (all.length < most) return undefined;
    const ended = all.filter((link) => isExpired(link, now) || isUsedUp(link));
    const [oldest] = ended.sort((a, b) => a.until - b.until || a.id - b.id);
    if (oldest === undefined) throw new ChatError("links-full", String(most));
    return oldest;
  }

  #put(link: InviteLink) {
    this.#links.set(link.id, link);
    this.#byHash.set(link.hash, link);
  }

  /** Replaces all links. @throws {StoreError} Then nothing has changed. */
  #replace(links: readonly InviteLink[]) {
    this.#store.replaceLinks(links);
    this.#links.clear();
    this.#byHash.clear();
    for (const link of links) this.#put(link);
  }
}

function writeLink({ id, hash, room, by, maker, since, until, uses, used, guests }: InviteLink): Json {
  return [id, hash, room, by, maker, since, until, uses ?? null, used, guests];
}

/** @throws {SnapshotError} */
function readLink(record: Json): InviteLink {
  const reader = new RecordReader(record);
  const link = {
    id: reader.integer(),
    hash: reader.text(),
    room: reader.text(),
    by: reader.text(),
    maker: reader.text(),
    since: reader.number(),
    until: reader.number(),
    uses: reader.optional((each) => each.integer()),
    used: reader.integer(),
    guests: reader.list((list) => list.text()),
  };
  reader.end();
  return link;
}
