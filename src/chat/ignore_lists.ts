/**
 * Ignore lists: the users whose private messages do not reach a member, and whose lines in rooms it does not see.
 *
 * An ignored user is named by account, or else by nickname and host together: `bob`, or `dave!*@host`. So a guest that
 * changes its nickname is not ignored any more, and a user with an account is, under any nickname and from any host.
 */
import type { Audience } from "./broadcast.ts";
import type { Actor } from "./events.ts";
import type { Member, Session } from "./member.ts";
import { fold, isNick } from "./names.ts";
import { copyString } from "../util/copy_string.ts";

/** The most users on one ignore list. */
export const IGNORED_MAX = 100;

/** The longest host in the name of an ignored user, in characters; those of the server are shorter. */
const HOST_MAX = 63;

/** Where the ignore lists of accounts are stored, by the account's name in any case. All methods throw `StoreError`. */
export interface IgnoreStore {
  /** The ignored users of an account, in the order in which they were added. */
  ignored(account: string): string[];
  /** Adds users, all or none of them. Those on the list already stay there. */
  addIgnored(account: string, names: readonly string[]): void;
  removeIgnored(account: string, name: string): void;
}

/** How an author is named on ignore lists. */
export function ignoreName({ origin, account }: Pick<Actor, "origin" | "account">): string {
  return account ?? `${origin.slice(0, origin.indexOf("!"))}!*${origin.slice(origin.lastIndexOf("@"))}`;
}

/** Whether a text names a user without an account as ignore lists do: `nick!*@host`. */
export function isGuestName(text: string): boolean {
  const [, nick, host] = /^([^!]+)!\*@([^!@*?\s,]+)$/.exec(text) ?? [];
  return nick !== undefined && host !== undefined && isNick(nick) && host.length <= HOST_MAX;
}

/** Whether what a user wrote means a name on an ignore list: the whole name, or its nickname. */
export function meansIgnored(text: string, name: string): boolean {
  return fold(text) === fold(name) || fold(text) === fold(name.split("!")[0]!);
}

/** The sessions that are sent the lines of one author: all but those that hide lines, of members that ignore it. */
class Seeing implements Audience<Session> {
  /** The members that ignore the author. */
  readonly blind = new Set<Member>();

  has({ hidesIgnored, member }: Session): boolean {
    return !(hidesIgnored && this.blind.has(member));
  }
}

/** Above so many members that ignore an author, it is not checked whether any of them is in the room. */
const CHECKED_MAX = 8;

/** The ignore lists of all members. */
export class IgnoreLists {
  readonly #lists = new Map<Member, Map<string, string>>(); // the names of each, as given, by folded name
  readonly #seeing = new Map<string, Seeing>(); // by folded name

  /** Adds a user to a member's list, unless it is the member itself. Returns `false` when the list is full. */
  add(member: Member, name: string): boolean {
    const list = this.#lists.get(member) ?? new Map<string, string>();
    const copy = copyString(name);
    const key = fold(copy);
    if (list.has(key) || key === fold(ignoreName(member))) return true;
    if (list.size >= IGNORED_MAX) return false;
    this.#put(member, copy);
    return true;
  }

  /** Restores a member's list, which is empty now, without the checks of `add`. */
  restore(member: Member, names: readonly string[]): void {
    for (const name of names) this.#put(member, name);
  }

  /** Removes all lists. */
  reset(): void {
    this.#lists.clear();
    this.#seeing.clear();
  }

  #put(member: Member, name: string) {
    const key = fold(name);
    const list = this.#lists.get(member) ?? new Map<string, string>();
    this.#lists.set(member, list.set(key, name));
    const seeing = this.#seeing.get(key) ?? new Seeing();
    this.#seeing.set(key, seeing);
    seeing.blind.add(member);
  }

  /** Removes a user from a member's list. */
  delete(member: Member, name: string): void {
    const key = fold(name);
    const list = this.#lists.get(member);
    if (!list?.delete(key)) return;
    if (list.size === 0) this.#lists.delete(member);
    const seeing = this.#seeing.get(key);
    seeing?.blind.delete(member);
    if (seeing?.blind.size === 0) this.#seeing.delete(key);
  }

  /** Clears a member's list. */
  clear(member: Member): void {
    for (const name of this.list(member)) this.delete(member, name);
  }

  /** The users on a member's list, in the order in which they were added. */
  list(member: Member): string[] {
    return [...this.#lists.get(member)?.values() ?? []];
  }

  /** Whether a member ignores the author of an event. */
  ignores(member: Member, author: Pick<Actor, "origin" | "account">): boolean {
    return this.#lists.get(member)?.has(fold(ignoreName(author))) ?? false;
  }

  /**
   * The sessions of a room that are sent the lines of an author; `undefined` if all do. Takes as long for many members as for few,
   * and no time while no member ignores any user. The same author has the same audience, as `BroadcastSet` requires.
   */
  audience(
    author: Pick<Actor, "origin" | "account">,
    room: { has(member: Member): boolean },
  ): Audience<Session> | undefined {
    if (this.#seeing.size === 0) return undefined;
    const seeing = this.#seeing.get(fold(ignoreName(author)));
    if (seeing === undefined) return undefined;
    const { blind } = seeing;
    const hides = (member: Member) => room.has(member) && member.sessions.some(({ hidesIgnored }) => hidesIgnored);
    return blind.size > CHECKED_MAX || blind.values().some(hides) ? seeing : undefined;
  }
}
