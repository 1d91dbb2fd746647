/** The ignore lists of members, as protocols see and change them. */
import { ChatError } from "./chat_error.ts";
import { type Answer, then } from "./answer.ts";
import type { CommandOf } from "./commands.ts";
import type { Actor } from "./events.ts";
import {
  IGNORED_MAX,
  type IgnoreLists,
  ignoreName,
  type IgnoreStore,
  isGuestName,
  meansIgnored,
} from "./ignore_lists.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import { requireScope } from "./scope.ts";
import { StoreError } from "./store.ts";

/** What the chat does for {@linkcode AccountIgnores}. */
export interface IgnoreHost {
  /** The member with a nickname. */
  find(nick: string): Member | undefined;
  isRegistered(nick: string): boolean;
  /** @throws {TypeError} if the member has disconnected. */
  requireConnected(member: Member): void;
  /** Submits a command. @throws {ChatError} if it is rejected. */
  submit(command: CommandOf<"ignore">): Answer<void>;
}

/** Which users each member ignores, as protocols see it. */
export interface Ignores {
  /** The users that a member ignores, by account or as `nick!*@host`. */
  list(member: Member): string[];
  /** Whether a member ignores the author of a line. */
  ignores(member: Member, author: Pick<Actor, "origin" | "account">): boolean;
  /** Whether the events of an author are hidden from sessions of a room whose members ignore it. */
  isHidden(author: Pick<Actor, "origin" | "account">, room: { has(member: Member): boolean }): boolean;
  /**
   * Ignores a user: its private messages and invitations do not reach the member any more. The list of a member with an
   * account is stored, and is that of all members of the account; the list of a guest ends with its connection.
   *
   * @param name A nickname, a registered nickname, or `nick!*@host`.
   * @returns How the user is named on the list.
   * @throws {ChatError} `no-such-user`, `ignores-self`, `ignores-full` or `ignores-unstored`
   */
  add(member: Member, name: string): Answer<string>;
  /**
   * No longer ignores a user, named in any of these ways.
   *
   * @returns How the users were named that are not ignored any more.
   * @throws {ChatError} `not-ignored` or `ignores-unstored`
   */
  remove(member: Member, name: string): Answer<string[]>;
}

/** Reads the ignore lists of members and accounts, and submits their changes. */
export class AccountIgnores implements Ignores {
  readonly #store: IgnoreStore | undefined;
  readonly #lists: IgnoreLists;
  readonly #host: IgnoreHost;

  /** @param store Without one, lists end with the connection. */
  constructor(store: IgnoreStore | undefined, lists: IgnoreLists, host: IgnoreHost) {
    this.#store = store;
    this.#lists = lists;
    this.#host = host;
  }

  list(member: Member): string[] {
    return this.#lists.list(member);
  }

  ignores(member: Member, author: Pick<Actor, "origin" | "account">): boolean {
    return this.#lists.ignores(member, author);
  }

  isHidden(author: Pick<Actor, "origin" | "account">, room: { has(member: Member): boolean }): boolean {
    return this.#lists.audience(author, room) !== undefined;
  }

  add(member: Member, name: string): Answer<string> {
    this.#host.requireConnected(member);
    requireScope(member);
    const listed = this.#nameToIgnore(member, name);
    const list = this.list(member);
    if (list.length >= IGNORED_MAX && !list.some((each) => fold(each) === fold(listed))) {
      throw new ChatError("ignores-full", listed);
    }
    return then(this.#host.submit({ op: "ignore", member: member.id, name: listed, on: true }), () => listed);
  }

  remove(member: Member, name: string): Answer<string[]> {
    this.#host.requireConnected(member);
    requireScope(member);
    const user = this.#host.find(name);
    const also = user && fold(ignoreName(user));
    const names = this.list(member).filter((each) => meansIgnored(name, each) || fold(each) === also);
    if (names.length === 0) throw new ChatError("not-ignored", name);
    let done: Answer<void> = undefined;
    for (const each of names) {
      done = then(done, () => this.#host.submit({ op: "ignore", member: member.id, name: each, on: false }));
    }
    return then(done, () => names);
  }

  /**
   * Whether an account that has no member in the chat ignores the author of a line.
   *
   * @throws {ChatError} `ignores-unstored` if its list cannot be read.
   */
  isIgnoredBy(account: string, author: Pick<Actor, "origin" | "account">): boolean {
    const key = fold(ignoreName(author));
    const ignored = this.#use(account, (store) => store.ignored(account).some((name) => fold(name) === key));
    return ignored ?? false;
  }

  /** How the user that a member wants to ignore is named on its list. */
  #nameToIgnore(member: Member, name: string): string {
    const user = this.#host.find(name);
    const listed = user !== undefined ? ignoreName(user) : name;
    if (fold(listed) === fold(ignoreName(member))) throw new ChatError("ignores-self", name);
    if (user === undefined && !this.#host.isRegistered(name) && !isGuestName(name)) {
      throw new ChatError("no-such-user", name);
    }
    return listed;
  }

  /** Reads the stored list of an account. @throws {ChatError} `ignores-unstored` */
  #use<T>(account: string, use: (store: IgnoreStore) => T): T | undefined {
    if (this.#store === undefined) return undefined;
    try {
      return use(this.#store);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new ChatError("ignores-unstored", account);
    }
  }
}
