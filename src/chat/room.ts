/**
 * A room: who is in it, what it is about, and what its operators have ruled.
 */
import type { SavedRoom } from "./store.ts";
import type { BroadcastSet } from "./broadcast.ts";
import type { Member } from "./member.ts";
import { type List, LISTS, type Mask, MASKS_MAX, matches, type Rank, type Switch } from "./modes.ts";
import { fold } from "./names.ts";

/** What a room is about, and who said so. */
export interface Topic {
  readonly text: string;
  /** In full. */
  readonly by: string;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** See the head of this file. Only the hub changes one. */
export class Room {
  /** Its name, as it was written by who came first. */
  readonly name: string;
  /** Its name, folded: the same for all ways of writing it. */
  readonly key: string;
  /** Who is in it, and how they are told things. */
  readonly members: BroadcastSet;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number = Date.now();
  /** What it is about, if anybody has said. */
  topic: Topic | undefined;

  /** The modes that are on. */
  readonly switches = new Set<Switch>();
  /** What has to be said to come in, if anything. */
  password: string | undefined;
  /** How many may be in it. */
  limit = Infinity;
  /** Those of its members who have a rank. */
  readonly ranks: Readonly<Record<Rank, Set<Member>>> = { op: new Set(), voice: new Set() };
  /** Those who were asked in and have not come since. */
  readonly invited = new Set<Member>();
  /** The lists of masks, by the folded mask. */
  readonly lists: Readonly<Record<List, Map<string, Mask>>> = { b: new Map(), e: new Map(), I: new Map() };
  /** Whether there is anything to find here for who comes back to it: something said, or ruled. */
  worthKeeping = false;
  /** Whether anybody has spoken here; `undefined` if that is not known, as of a room from an earlier time. */
  spoken: boolean | undefined = false;
  /** Who of the members is banned: to go through all masks for each line would be too much. */
  readonly #banned = new Map<Member, boolean>();

  /**
   * @param members Who is in it: nobody yet.
   * @param saved What is known of it from an earlier time, if it was there before.
   */
  constructor(name: string, members: BroadcastSet, saved?: SavedRoom) {
    this.name = name;
    this.key = fold(name);
    this.members = members;
    if (saved === undefined) return;
    this.worthKeeping = true;
    this.spoken = undefined;
    this.since = saved.since;
    this.topic = saved.topic;
    this.password = saved.password;
    this.limit = saved.limit;
    for (const mode of saved.switches) this.switches.add(mode);
    for (const { list, mask, by, at } of saved.masks) this.lists[list].set(fold(mask), { mask, by, at });
  }

  /** All that is to be known of it later. */
  get saved(): SavedRoom {
    const { name, since, topic, switches, password, limit, lists } = this;
    const masks = LISTS.flatMap((list) => [...lists[list].values()].map((mask) => ({ ...mask, list })));
    return { name, since, topic, switches: [...switches], password, limit, masks };
  }

  /** Whether somebody is in it. */
  has(member: Member): boolean {
    return member.rooms.get(this.key) === this;
  }

  /** Whether somebody in it has a rank, or a higher one. */
  holds(member: Member, least: Rank): boolean {
    return this.ranks.op.has(member) || (least === "voice" && this.ranks.voice.has(member));
  }

  /** Whether there is room for another mask. */
  get masksFull(): boolean {
    const { b, e, I } = this.lists;
    return b.size + e.size + I.size >= MASKS_MAX;
  }

  /** Whether a member, or somebody who wants to be one, is banned. */
  bans(member: Member): boolean {
    if (this.lists.b.size === 0) return false;
    let banned = this.has(member) ? this.#banned.get(member) : undefined;
    if (banned === undefined) {
      banned = this.#listed("b", member) && !this.#listed("e", member);
      if (this.has(member)) this.#banned.set(member, banned);
    }
    return banned;
  }

  /** Whether somebody may come in without being asked, where only who was asked may. */
  expects(member: Member): boolean {
    return this.#listed("I", member);
  }

  /** Forgets who is banned, to find out anew: of one who has another name, or of all when the masks are others. */
  reconsider(member?: Member): void {
    if (member === undefined) this.#banned.clear();
    else this.#banned.delete(member);
  }

  #listed(list: List, member: Member): boolean {
    const origin = fold(member.origin);
    for (const mask of this.lists[list].keys()) if (matches(mask, origin)) return true;
    return false;
  }
}
