/**
 * A room: who is in it, what it is about, and what its operators have ruled.
 */
import { BroadcastSet } from "./broadcast.ts";
import type { Member } from "./member.ts";
import { type List, type Mask, MASKS_MAX, matches, type Rank, type Switch } from "./modes.ts";
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
  readonly since = Date.now();
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
  /** Who of the members is banned: to go through all masks for each line would be too much. */
  readonly #banned = new Map<Member, boolean>();

  /** @param onHeld See {@linkcode BroadcastSet}. */
  constructor(name: string, onHeld: (set: BroadcastSet) => void) {
    this.name = name;
    this.key = fold(name);
    this.members = new BroadcastSet(onHeld);
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
