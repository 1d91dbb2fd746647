/** The nicknames in use: who has which, which ones a member may take, and the names of guests. */
import { ChatError } from "./chat_error.ts";
import { conversationName } from "./conversations.ts";
import type { Member } from "./member.ts";
import { fold, isNick } from "./names.ts";
import type { Policy } from "./policy.ts";
import { skeleton } from "./skeleton.ts";

/** Matches the skeleton of a guest's name, with its letters `l` and `o` read as digits. */
const GUEST = /^guest([1-9]\d{0,8})$/;

/** An index of members by nickname. No two nicknames in it differ in case only or look alike. */
export class Nicknames {
  readonly #byNick = new Map<string, Member>(); // by folded nickname
  readonly #bySkeleton = new Map<string, Member>();
  readonly #reserved: ReadonlySet<string>;
  readonly #reservedSkeletons: ReadonlySet<string>;
  readonly #policy: Pick<Policy, "isRegistered" | "registeredLike">;
  #nextGuest = 1; // all lower guest numbers are taken

  /**
   * @param policy Which nicknames are registered.
   * @param reserved Nicknames that no member may have, such as the server's name.
   */
  constructor(policy: Pick<Policy, "isRegistered" | "registeredLike">, reserved: readonly string[] = []) {
    this.#policy = policy;
    this.#reserved = new Set(reserved.map(fold));
    this.#reservedSkeletons = new Set(reserved.map(skeleton));
  }

  /** A number that is not greater than that of {@linkcode guestName}, so that few have to be tried. */
  get nextGuest(): number {
    return this.#nextGuest;
  }

  /** Restores {@linkcode nextGuest}. */
  restore(nextGuest: number): void {
    this.#nextGuest = nextGuest;
  }

  /** Removes all members. */
  reset(): void {
    this.#byNick.clear();
    this.#bySkeleton.clear();
    this.#nextGuest = 1;
  }

  /** The member with a nickname, in any case. */
  get(nick: string): Member | undefined {
    return this.#byNick.get(fold(nick));
  }

  /** The name of the user with a nickname in the conversations of others; the nickname itself if no member has it. */
  conversationName(nick: string): string {
    const member = this.get(nick);
    return member === undefined ? nick : conversationName(member);
  }

  /** Whether a nickname is that of an account, in any case. */
  isRegistered(nick: string): boolean {
    return this.#policy.isRegistered(nick);
  }

  /** Adds a member under its nickname, which has to be free: see {@linkcode requireFree}. */
  add(member: Member): void {
    this.#byNick.set(fold(member.nick), member);
    this.#bySkeleton.set(skeleton(member.nick), member);
  }

  /** Removes a member, so that its nickname and its guest number are free. */
  remove(member: Member): void {
    this.#byNick.delete(fold(member.nick));
    const shape = skeleton(member.nick);
    this.#bySkeleton.delete(shape);
    this.#freeGuest(shape);
  }

  /**
   * Notes that a nickname is not registered any more. Without this, the name of the next guest would depend on when
   * {@linkcode guestName} was called before, which is not part of the state that nodes share.
   */
  unregistered(nick: string): void {
    this.#freeGuest(skeleton(nick));
  }

  /** Notes that a guest number is free, if a nickname with this skeleton has used one. */
  #freeGuest(shape: string) {
    // A nickname that looks like a guest's, such as guestl, has used that guest number.
    const guest = GUEST.exec(shape.replaceAll("l", "1").replaceAll("o", "0"));
    // The number of a registered name stays in use: guestName would only try it again each time.
    if (guest === null || this.#policy.isRegistered(`guest${guest[1]}`)) return;
    this.#nextGuest = Math.min(this.#nextGuest, Number(guest[1]));
  }

  /**
   * Checks that a nickname is valid and that no member has it or one that looks like it. Registration does not matter.
   *
   * @param holder The member that may have it already.
   * @throws {ChatError} `nick-invalid`, `nick-taken` or `nick-confusable`
   */
  requireFree(nick: string, holder?: Member): void {
    if (!isNick(nick)) throw new ChatError("nick-invalid", nick);
    const key = fold(nick);
    const same = this.#byNick.get(key);
    if (this.#reserved.has(key) || (same !== undefined && same !== holder)) throw new ChatError("nick-taken", nick);
    const shape = skeleton(nick);
    const similar = this.#bySkeleton.get(shape);
    if (this.#reservedSkeletons.has(shape) || (similar !== undefined && similar !== holder)) {
      throw new ChatError("nick-confusable", nick);
    }
  }

  /** Whether no member has a nickname, or one that looks like it. */
  isFree(nick: string): boolean {
    return this.get(nick) === undefined && !this.#bySkeleton.has(skeleton(nick));
  }

  /**
   * Checks that a nickname is free, and not registered to another account.
   *
   * @param holder The member that may have it already.
   * @param account The account whose nickname the member may have; that of the holder, unless given.
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable` or `nick-registered`
   */
  requireAvailable(nick: string, holder?: Member, account: string | undefined = holder?.fullAccount): void {
    const conflict = this.registrationConflict(nick, account);
    // Of a registered nickname that is in use, its owner has to learn how to get it: users who are always on have it then.
    if (conflict !== "nick-registered" || !isNick(nick)) this.requireFree(nick, holder);
    if (conflict !== undefined) throw new ChatError(conflict, nick);
  }

  /** Why a client that is logged in to `account`, if to any, may not use a nickname: it is or resembles a registered one. */
  registrationConflict(nick: string, account: string | undefined): "nick-registered" | "nick-confusable" | undefined {
    if (isAccount(nick, account)) return undefined;
    if (this.#policy.isRegistered(nick)) return "nick-registered";
    const like = this.#policy.registeredLike(skeleton(nick));
    return like !== undefined && like !== fold(nick) && !isAccount(like, account) ? "nick-confusable" : undefined;
  }

  /** `guest` and the lowest number whose name is free and not registered. */
  guestName(): string {
    while (this.#isTaken(`guest${this.#nextGuest}`)) this.#nextGuest++;
    return `guest${this.#nextGuest}`;
  }

  #isTaken(nick: string): boolean {
    const shape = skeleton(nick);
    return this.#bySkeleton.has(shape) || this.#policy.isRegistered(nick) ||
      this.#policy.registeredLike(shape) !== undefined;
  }
}

/** Whether a nickname is the name of an account, in any case. */
export function isAccount(nick: string, account: string | undefined): boolean {
  return account !== undefined && fold(nick) === fold(account);
}
