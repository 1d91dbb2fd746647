/** Monitor lists (IRCv3 MONITOR): nicknames whose coming and going a session is notified of. */
import { copyString } from "../util/copy_string.ts";
import type { Member, Session } from "./member.ts";
import type { ChatEvent } from "./events.ts";
import { fold } from "./names.ts";
import { tellEach } from "./tell.ts";

/** The most nicknames on the list of one session. */
export const MONITOR_MAX = 100;

/** The monitor lists of all sessions of this process. */
export class MonitorLists {
  readonly #watchers = new Map<string, Set<Session>>(); // by folded nickname
  readonly #lists = new Map<Session, Map<string, string>>(); // the nicknames of each, as given, by folded nickname

  /** Adds a nickname to a session's list. Returns `false` when the list is full. */
  add(session: Session, nick: string): boolean {
    const list = this.#lists.get(session) ?? new Map<string, string>();
    const name = copyString(nick);
    const key = fold(name);
    if (!list.has(key) && list.size >= MONITOR_MAX) return false;
    this.#lists.set(session, list.set(key, name));
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(session));
    return true;
  }

  /** Removes a nickname from a session's list. */
  delete(session: Session, nick: string): void {
    const key = fold(nick);
    const list = this.#lists.get(session);
    if (!list?.delete(key)) return;
    if (list.size === 0) this.#lists.delete(session);
    const watchers = this.#watchers.get(key)!;
    watchers.delete(session);
    if (watchers.size === 0) this.#watchers.delete(key);
  }

  /** The nicknames on a session's list. */
  list(session: Session): string[] {
    return [...this.#lists.get(session)?.values() ?? []];
  }

  /** Clears a session's list. */
  clear(session: Session): void {
    for (const nick of this.list(session)) this.delete(session, nick);
  }

  /** Removes all lists. */
  reset(): void {
    this.#watchers.clear();
    this.#lists.clear();
  }

  /** Notifies the sessions that monitor a nickname that it is in use now. */
  online({ nick, origin }: Member): void {
    tellEach(this.#watchers.get(fold(nick)) ?? [], { kind: "online", who: nick, origin });
  }

  /** Notifies the sessions that monitor a nickname that it is not in use any more. */
  offline({ nick }: Member): void {
    tellEach(this.#watchers.get(fold(nick)) ?? [], { kind: "offline", who: nick });
  }

  /**
   * Notifies the sessions that monitor a member of its new away message, real name or account (IRCv3, "extended-monitor"),
   * except for those that share a room with it: they are told there.
   */
  changed(member: Member, event: ChatEvent): void {
    const watchers = this.#watchers.get(fold(member.nick));
    if (watchers === undefined) return;
    const isNotTold = (watcher: Session) => {
      if (!watcher.extendedMonitor || watcher.member === member) return false;
      for (const room of member.rooms.values()) if (room.has(watcher.member)) return false;
      return true;
    };
    tellEach([...watchers].filter(isNotTold), event);
  }
}
