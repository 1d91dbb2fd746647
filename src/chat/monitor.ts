/** Monitor lists (IRCv3 MONITOR): nicknames whose coming and going a member is notified of. */
import { copyString } from "../util/copy_string.ts";
import type { ChatEvent } from "./events.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import { tellEach } from "./tell.ts";

/** The most nicknames on the list of one member. */
export const MONITOR_MAX = 100;

/** The monitor lists of all members of this process. */
export class MonitorLists {
  readonly #watchers = new Map<string, Set<Member>>(); // by folded nickname
  readonly #lists = new Map<Member, Map<string, string>>(); // the nicknames of each, as given, by folded nickname

  /** Adds a nickname to a member's list. Returns `false` when the list is full. */
  add(member: Member, nick: string): boolean {
    const list = this.#lists.get(member) ?? new Map<string, string>();
    const name = copyString(nick);
    const key = fold(name);
    if (!list.has(key) && list.size >= MONITOR_MAX) return false;
    this.#lists.set(member, list.set(key, name));
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(member));
    return true;
  }

  /** Removes a nickname from a member's list. */
  delete(member: Member, nick: string): void {
    const key = fold(nick);
    const list = this.#lists.get(member);
    if (!list?.delete(key)) return;
    if (list.size === 0) this.#lists.delete(member);
    const watchers = this.#watchers.get(key)!;
    watchers.delete(member);
    if (watchers.size === 0) this.#watchers.delete(key);
  }

  /** The nicknames on a member's list. */
  list(member: Member): string[] {
    return [...this.#lists.get(member)?.values() ?? []];
  }

  /** Clears a member's list. */
  clear(member: Member): void {
    for (const nick of this.list(member)) this.delete(member, nick);
  }

  /** Notifies the members that monitor a nickname that it is in use now. */
  online({ nick, origin }: Member): void {
    tellEach(this.#watchers.get(fold(nick)) ?? [], { kind: "online", who: nick, origin });
  }

  /** Notifies the members that monitor a nickname that it is not in use any more. */
  offline({ nick }: Member): void {
    tellEach(this.#watchers.get(fold(nick)) ?? [], { kind: "offline", who: nick });
  }

  /**
   * Notifies the members that monitor a member of its new away message, real name or account (IRCv3, "extended-monitor"),
   * except for those that share a room with it: they are told there.
   */
  changed(member: Member, event: ChatEvent): void {
    const watchers = this.#watchers.get(fold(member.nick));
    if (watchers === undefined) return;
    const isNotTold = (watcher: Member) => {
      if (!watcher.extendedMonitor || watcher === member) return false;
      for (const room of member.rooms.values()) if (room.has(watcher)) return false;
      return true;
    };
    tellEach([...watchers].filter(isNotTold), event);
  }
}
