/**
 * Determines the audience of an event that concerns a member of several rooms, so that each other session gets it once.
 *
 * The time is proportional to the number of sessions, not to sessions times rooms. The last result is cached, as many members
 * of the same rooms often do the same at once: all lose their connections, or log in.
 */
import type { Audience } from "./broadcast.ts";
import type { Session } from "./member.ts";
import type { Room } from "./room.ts";

/** A room in which an event is announced, and the sessions that it is for there; `undefined` for all. */
export interface Announced {
  readonly room: Room;
  readonly audience: Audience<Session> | undefined;
}

/** Finds and caches audiences. */
export class Audiences {
  readonly #everyone: Iterable<Session> & { readonly size: number };
  #last: { readonly key: string; readonly announced: readonly Announced[] } | undefined;

  /** @param everyone All sessions. */
  constructor(everyone: Iterable<Session> & { readonly size: number }) {
    this.#everyone = everyone;
  }

  /** Drops the cached result. To be called when a session is shown a room, or no longer. */
  clear(): void {
    this.#last = undefined;
  }

  /** Where to announce an event for all sessions that are shown some rooms. A room in which none would get it is left out. */
  of(rooms: Iterable<Room>): readonly Announced[] {
    const all = [...rooms];
    if (all.length < 2) return all.map((room) => ({ room, audience: undefined }));
    const key = all.map((room) => room.key).sort().join(" ");
    if (this.#last?.key !== key) this.#last = { key, announced: this.#find(all) };
    return this.#last.announced;
  }

  #find(rooms: readonly Room[]): Announced[] {
    const [first, ...others] = rooms;
    const audiences = others.map(() => new Set<Session>());
    const indexes = new Map(others.map((room, index) => [room, index]));
    const add = (session: Session) => {
      if (first!.sessions.has(session)) return;
      const { rooms } = session.member;
      let earliest = Infinity;
      if (rooms.size < others.length) {
        for (const room of rooms.values()) {
          if (room.sessions.has(session)) earliest = Math.min(earliest, indexes.get(room) ?? Infinity);
        }
      } else earliest = others.findIndex(({ sessions }) => sessions.has(session));
      audiences[earliest]?.add(session);
    };
    const total = others.reduce((sum, { sessions }) => sum + sessions.size, 0);
    if (total > this.#everyone.size) { for (const session of this.#everyone) add(session); }
    else for (const { sessions } of others) for (const session of sessions) add(session);
    const announced: Announced[] = [{ room: first!, audience: undefined }];
    for (const [index, audience] of audiences.entries()) {
      if (audience.size > 0) announced.push({ room: others[index]!, audience });
    }
    return announced;
  }
}
