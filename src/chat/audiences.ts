/**
 * Determines the audience of an event that concerns a member of several rooms, so that each other member gets it once.
 *
 * The time is proportional to the number of members, not to members times rooms. The last result is cached, as many members
 * of the same rooms often do the same at once: all lose their connections, or log in.
 */
import type { Audience } from "./broadcast.ts";
import type { Member } from "./member.ts";
import type { Room } from "./room.ts";

/** A room in which an event is announced, and the members that it is for there; `undefined` for all. */
export interface Announced {
  readonly room: Room;
  readonly audience: Audience<Member> | undefined;
}

/** Finds and caches audiences. */
export class Audiences {
  readonly #everyone: Iterable<Member> & { readonly size: number };
  #last: { readonly key: string; readonly announced: readonly Announced[] } | undefined;

  /** @param everyone All members of all rooms. */
  constructor(everyone: Iterable<Member> & { readonly size: number }) {
    this.#everyone = everyone;
  }

  /** Drops the cached result. To be called when a member has joined or left a room. */
  clear(): void {
    this.#last = undefined;
  }

  /** Where to announce an event for all members of some rooms. A room in which no member would get it is left out. */
  of(rooms: Iterable<Room>): readonly Announced[] {
    const all = [...rooms];
    if (all.length < 2) return all.map((room) => ({ room, audience: undefined }));
    const key = all.map((room) => room.key).sort().join(" ");
    if (this.#last?.key !== key) this.#last = { key, announced: this.#find(all) };
    return this.#last.announced;
  }

  #find(rooms: readonly Room[]): Announced[] {
    const [first, ...others] = rooms;
    const audiences = others.map(() => new Set<Member>());
    const indexes = new Map(others.map((room, index) => [room, index]));
    const add = (member: Member) => {
      if (first!.has(member)) return;
      let earliest = Infinity;
      if (member.rooms.size < others.length) {
        for (const room of member.rooms.values()) earliest = Math.min(earliest, indexes.get(room) ?? Infinity);
      } else earliest = others.findIndex((room) => room.has(member));
      audiences[earliest]?.add(member);
    };
    const total = others.reduce((sum, { members }) => sum + members.size, 0);
    if (total > this.#everyone.size) { for (const member of this.#everyone) add(member); }
    else for (const { members } of others) for (const member of members) add(member);
    const announced: Announced[] = [{ room: first!, audience: undefined }];
    for (const [index, audience] of audiences.entries()) {
      if (audience.size > 0) announced.push({ room: others[index]!, audience });
    }
    return announced;
  }
}
