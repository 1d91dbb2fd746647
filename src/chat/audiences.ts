/**
 * Finds out who is told what happens to a member of several rooms, so that a member of more than one of them is told once.
 *
 * It takes time in proportion to the members, not to the members times the rooms. The last answer is remembered, since many
 * members of the same rooms often do the same at once: all are cut off, or log in.
 */
import type { Audience } from "./broadcast.ts";
import type { Member } from "./member.ts";
import type { Room } from "./room.ts";

/** A room in which something is announced, and whom it is for; `undefined` for all of its members. */
export interface Announced {
  readonly room: Room;
  readonly audience: Audience | undefined;
}

/** See the head of this file. */
export class Audiences {
  readonly #everyone: Iterable<Member> & { readonly size: number };
  #known: { readonly key: string; readonly announced: readonly Announced[] } | undefined;

  /** @param everyone All members of all rooms. */
  constructor(everyone: Iterable<Member> & { readonly size: number }) {
    this.#everyone = everyone;
  }

  /** Forgets the last answer: a member has come into a room, or left one and not the others. */
  forget(): void {
    this.#known = undefined;
  }

  /** Where to announce something that all members of some rooms are told. A room where all know it already is left out. */
  of(rooms: Iterable<Room>): readonly Announced[] {
    const all = [...rooms];
    if (all.length < 2) return all.map((room) => ({ room, audience: undefined }));
    const key = all.map((room) => room.key).sort().join(" ");
    if (this.#known?.key !== key) this.#known = { key, announced: this.#find(all) };
    return this.#known.announced;
  }

  #find(rooms: readonly Room[]): Announced[] {
    const [first, ...others] = rooms;
    const audiences = others.map(() => new Set<Member>());
    const places = new Map(others.map((room, place) => [room, place]));
    const add = (member: Member) => {
      if (first!.has(member)) return;
      let earliest = Infinity;
      if (member.rooms.size < others.length) {
        for (const room of member.rooms.values()) earliest = Math.min(earliest, places.get(room) ?? Infinity);
      } else earliest = others.findIndex((room) => room.has(member));
      audiences[earliest]?.add(member);
    };
    const total = others.reduce((sum, { members }) => sum + members.size, 0);
    if (total > this.#everyone.size) { for (const member of this.#everyone) add(member); }
    else for (const { members } of others) for (const member of members) add(member);
    const announced: Announced[] = [{ room: first!, audience: undefined }];
    for (const [place, audience] of audiences.entries()) {
      if (audience.size > 0) announced.push({ room: others[place]!, audience });
    }
    return announced;
  }
}
