/** The stored roles of a room: what its owner and operators have given to accounts, and who owns it when an owner goes. */
import type { Rank } from "./modes.ts";
import { fold } from "./names.ts";

/** The roles, the highest first. A *member* has no rank, but may always enter. */
export const ROLES = ["owner", "op", "voice", "member"] as const;
export type RoleName = typeof ROLES[number];

/** The most roles of one room. */
export const ROLES_MAX = 100;

/** The role of an account in a room. */
export interface Role {
  /** The account, in the case in which it was given. */
  readonly account: string;
  readonly role: RoleName;
  /** When it was given, in milliseconds since 1970. */
  readonly since: number;
  /** The account or nickname of the user that gave it; `*` for the server. */
  readonly by: string;
}

/** The rank that comes with a role. */
export function rankOf(role: RoleName | undefined): Rank | undefined {
  return role === "member" ? undefined : role;
}

/** Whether a role is lower than another one; having none is the lowest. */
export function isLower(role: RoleName | undefined, than: RoleName): boolean {
  return role === undefined || ROLES.indexOf(role) > ROLES.indexOf(than);
}

/** The roles of a room by account. A room that has no owner has no operators among them: it gives no lasting power. */
export class Roles implements Iterable<Role> {
  readonly #roles = new Map<string, Role>(); // by folded account
  #list: readonly Role[] | undefined; // until a role changes

  /** @param saved The roles from an earlier run. What violates the rules is corrected. */
  constructor(saved: Iterable<Role> = []) {
    for (const role of saved) if (this.hasPlaceFor(role.account)) this.#roles.set(fold(role.account), role);
    this.#settle(0);
  }

  get size(): number {
    return this.#roles.size;
  }

  [Symbol.iterator](): Iterator<Role> {
    return this.list.values();
  }

  /** The roles in the order in which they were given: the same array until one changes. */
  get list(): readonly Role[] {
    const order = (a: Role, b: Role) => a.since - b.since || (fold(a.account) < fold(b.account) ? -1 : 1);
    return this.#list ??= [...this.#roles.values()].sort(order);
  }

  /** The role of an account, in any case. */
  of(account: string | undefined): RoleName | undefined {
    if (account === undefined || this.#roles.size === 0) return undefined; // the common case
    return this.#roles.get(fold(account))?.role;
  }

  /** Whether an account owns the room. */
  get owned(): boolean {
    for (const { role } of this.#roles.values()) if (role === "owner") return true;
    return false;
  }

  /** Whether an account can be given a role: it has one, or the limit is not reached. */
  hasPlaceFor(account: string): boolean {
    return this.#roles.size < ROLES_MAX || this.#roles.has(fold(account));
  }

  /** Gives an account a role, in place of the one that it has. The caller has checked that there is place for it. */
  give(role: Role): void {
    this.#list = undefined;
    this.#roles.set(fold(role.account), role);
  }

  /**
   * Takes the role of an account. If it was the last owner, the operator that has been one for longest is the owner now.
   *
   * @param now In milliseconds since 1970.
   * @returns The account that is the owner now, if it has changed.
   */
  take(account: string, now: number): string | undefined {
    this.#list = undefined;
    this.#roles.delete(fold(account));
    return this.#settle(now);
  }

  #settle(now: number): string | undefined {
    if (this.#roles.size === 0 || this.owned) return undefined;
    const next = Iterator.from(this).find(({ role }) => role === "op");
    if (next === undefined) return undefined;
    this.give({ account: next.account, role: "owner", since: now, by: "*" });
    return next.account;
  }
}
