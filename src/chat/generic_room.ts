/**
 * The state of a room: its members, topic, modes, ranks and lists of masks.
 *
 * The class does not import `member.ts`, as a member knows its rooms: it is generic, and `room.ts` puts the two together.
 */
import type { BroadcastSet, Recipient } from "./broadcast.ts";
import { type List, LISTS, type Mask, MASKS_MAX, matchesUser, type Rank, type Switch } from "./modes.ts";
import { fold } from "./names.ts";
import { type RoleName, Roles } from "./roles.ts";
import type { SavedRoom } from "./store.ts";

/** What a room needs to know of a member. */
export interface RoomMember {
  /** `nick!user@host` */
  readonly origin: string;
  /** The account that it is logged in to, if any. */
  readonly account: string | undefined;
  /** The account that it has the roles of, if any. */
  readonly fullAccount: string | undefined;
  /** The rooms that it is in, by key. */
  readonly rooms: ReadonlyMap<string, unknown>;
}

/** The topic of a room. */
export interface Topic {
  readonly text: string;
  /** Who set it, as `nick!user@host`. */
  readonly by: string;
  /** When it was set, in milliseconds since 1970. */
  readonly at: number;
}

/** A room. Only the hub changes one. */
export class GenericRoom<M extends RoomMember, S extends Recipient> {
  /** The members, in order of arrival. */
  readonly members = new Set<M>();
  /** The sessions of members that are shown the room: its lines are sent to them. */
  readonly sessions: BroadcastSet<S>;
  /** When it was created, in milliseconds since 1970. */
  readonly since: number;
  topic: Topic | undefined;

  /** The modes without a parameter that are on. */
  readonly switches = new Set<Switch>();
  /** The key of mode `k`, if it is on. */
  password: string | undefined;
  /** The limit of mode `l`; Infinity when it is off. */
  limit = Infinity;
  /** The members that have each rank: by their roles, or for as long as they are in. */
  readonly ranks: Readonly<Record<Rank, Set<M>>> = { owner: new Set(), op: new Set(), voice: new Set() };
  /** What the owner and the operators have given to accounts, for good. */
  readonly roles: Roles;
  /** Whether its modes end with its last operator, as no account owns it: see `endPower` in `role_changes.ts`. */
  ruled = false;
  /** The members that an operator has invited and that have not joined since. */
  readonly invited = new Set<M>();
  /** The lists of masks, by the folded mask. */
  readonly lists: Readonly<Record<List, Map<string, Mask>>> = { b: new Map(), e: new Map(), I: new Map() };
  /** Whether the history has lines or settings of this room, so that it outlives its members. */
  stored = false;
  /** Whether the history has lines of this room; `undefined` when that could not be read. No command depends on it. */
  hasLines: boolean | undefined = false;
  /** The id of the last line that was stored, or is to be; 0 if there was none since the server or the cluster began. */
  lastLine = 0;
  /** Whether it does not exist any more. A room of the same name that is created later is another object. */
  closed = false;
  #name: string;
  #key: string;
  readonly #banned = new Map<M, boolean>(); // of members: matching all masks for each line would take too long

  /**
   * @param sessions An empty set.
   * @param since When it was created, in milliseconds since 1970.
   * @param saved The settings from an earlier run, if the history has it.
   */
  constructor(name: string, sessions: BroadcastSet<S>, since: number, saved?: SavedRoom) {
    this.#name = name;
    this.#key = fold(name);
    this.roles = new Roles(saved?.roles);
    this.sessions = sessions;
    this.since = saved?.since ?? since;
    if (saved === undefined) return;
    this.stored = true;
    this.hasLines = undefined;
    this.topic = saved.topic;
    this.password = saved.password;
    this.limit = saved.limit;
    for (const mode of saved.switches) this.switches.add(mode);
    for (const { list, ...mask } of saved.masks) this.lists[list].set(fold(mask.mask), mask);
  }

  /** The name, as its first member wrote it, or as its owner has renamed it. */
  get name(): string {
    return this.#name;
  }

  /** The folded name, the same for all spellings. */
  get key(): string {
    return this.#key;
  }

  /** Changes the name. Everything that finds the room by its key has to be changed with it. */
  rename(name: string): void {
    this.#name = name;
    this.#key = fold(name);
  }

  /** The settings, as the history stores them. */
  get saved(): SavedRoom {
    const { name, since, topic, switches, password, limit, lists, roles } = this;
    const masks = LISTS.flatMap((list) => [...lists[list].values()].map((mask) => ({ ...mask, list })));
    return { name, since, topic, switches: [...switches], password, limit, masks, roles: roles.list };
  }

  /** Whether a member is in this room. */
  has(member: M): boolean {
    return member.rooms.get(this.key) === this;
  }

  /** Whether a member has a rank or a higher one. */
  holds(member: M, minRank: Rank): boolean {
    const { owner, op, voice } = this.ranks;
    if (owner.has(member)) return true;
    return minRank !== "owner" && (op.has(member) || (minRank === "voice" && voice.has(member)));
  }

  /** The operators that are in, owners included. */
  get operators(): Set<M> {
    return this.ranks.owner.union(this.ranks.op);
  }

  /** The role of a client's account, if it has one. */
  roleOf(member: M): RoleName | undefined {
    return this.roles.of(member.fullAccount);
  }

  /** Whether the lists have no space for another mask. */
  get masksFull(): boolean {
    const { b, e, I } = this.lists;
    return b.size + e.size + I.size >= MASKS_MAX;
  }

  /** Whether a member, or a client that wants to join, matches a ban and no exception (modes `b` and `e`). No owner does. */
  bans(member: M): boolean {
    if (this.lists.b.size === 0 || this.roleOf(member) === "owner") return false;
    let banned = this.has(member) ? this.#banned.get(member) : undefined;
    if (banned === undefined) {
      banned = this.#listed("b", member) && !this.#listed("e", member);
      if (this.has(member)) this.#banned.set(member, banned);
    }
    return banned;
  }

  /** Whether a client matches a mask of mode `I`, and so may join an invite-only room. */
  isInvitedByMask(member: M): boolean {
    return this.#listed("I", member);
  }

  /** Invalidates the cached bans: of a member whose nickname or account has changed, or of all members when masks have. */
  recheckBans(member?: M): void {
    if (member === undefined) this.#banned.clear();
    else this.#banned.delete(member);
  }

  #listed(list: List, member: M): boolean {
    const origin = fold(member.origin);
    const name = list === "b" ? member.account : member.fullAccount;
    const account = name === undefined ? undefined : fold(name);
    for (const mask of this.lists[list].keys()) if (matchesUser(mask, origin, account)) return true;
    return false;
  }
}
