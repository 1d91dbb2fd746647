/**
 * Who was here, and who is told when somebody comes or goes: what outlives or goes before somebody's presence.
 *
 * Both are bounded, whatever the clients do.
 */
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import { copyString } from "../util/copy_string.ts";
import { tellEach } from "./tell.ts";
import { NetworkPool } from "../util/network_pool.ts";

/** The most of those who are gone that are remembered. */
export const WHOWAS_MAX = 1000;

/** The most names that one member can look out for. */
export const MONITOR_MAX = 100;

/** Somebody who is no longer here, or no longer called so. */
export interface WhowasEntry {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
  readonly realname: string;
  /** When they went, in milliseconds since 1970. */
  readonly at: number;
}

/** Remembers those who went last; where there is no room for another, the heaviest network loses its oldest. */
export class Whowas {
  readonly #gone = new Set<WhowasEntry>(); // in the order in which they went
  readonly #byNetwork = new NetworkPool<WhowasEntry>();

  add({ nick, user, host, realname, networks }: Member): void {
    const gone = { nick, user, host, realname, at: Date.now() };
    this.#gone.add(gone);
    this.#byNetwork.add(networks, gone);
    if (this.#gone.size <= WHOWAS_MAX) return;
    const oldest = this.#byNetwork.heaviest()!;
    this.#gone.delete(oldest);
    this.#byNetwork.delete(oldest);
  }

  /** Those who were called so, the last one first. */
  find(nick: string): WhowasEntry[] {
    const key = fold(nick);
    return [...this.#gone].filter((gone) => fold(gone.nick) === key).reverse();
  }
}

/** Tells members of the coming and going of those whose names they have given. */
export class MonitorLists {
  readonly #watchers = new Map<string, Set<Member>>(); // by folded nick
  readonly #names = new Map<Member, Map<string, string>>(); // what each looks out for, by folded nick

  /** Has a member be told of a name. Returns whether there was room for it. */
  add(member: Member, nick: string): boolean {
    const names = this.#names.get(member) ?? new Map<string, string>();
    const name = copyString(nick);
    const key = fold(name);
    if (!names.has(key) && names.size >= MONITOR_MAX) return false;
    this.#names.set(member, names.set(key, name));
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(member));
    return true;
  }

  delete(member: Member, nick: string): void {
    const key = fold(nick);
    const names = this.#names.get(member);
    if (!names?.delete(key)) return;
    if (names.size === 0) this.#names.delete(member);
    const watchers = this.#watchers.get(key)!;
    watchers.delete(member);
    if (watchers.size === 0) this.#watchers.delete(key);
  }

  /** What a member looks out for. */
  list(member: Member): string[] {
    return [...this.#names.get(member)?.values() ?? []];
  }

  /** Has a member be told nothing more. */
  forget(member: Member): void {
    for (const nick of this.list(member)) this.delete(member, nick);
  }

  /** Tells those who look out for somebody that they are here. */
  came({ nick, origin }: Member): void {
    tellEach(this.#watchers.get(fold(nick)) ?? [], { kind: "online", who: nick, origin });
  }

  /** Tells those who look out for somebody that they are gone. */
  went({ nick }: Member): void {
    tellEach(this.#watchers.get(fold(nick)) ?? [], { kind: "offline", who: nick });
  }
}
