/**
 * Collects the changes of members that are always on, and of what waits for absent accounts, until the next commit of the
 * history, as room settings are.
 */
import { savedMember } from "./always_on.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { PresenceStore } from "./presence_store.ts";

/**
 * How many rows one commit writes, about: some 2 ms. A user has one row, and one for each room. Thousands of users may lose
 * their connections at once.
 */
export const ROWS_MAX = 500;

/** The changes since the last commit. Without a store, it collects nothing. */
export class PresenceWriter {
  readonly #store: PresenceStore | undefined;
  readonly #onChange: () => void;
  readonly #isSettled: () => boolean;
  readonly #stored = new Set<string>(); // accounts whose member is in the store, or will be
  readonly #members = new Map<string, Member | undefined>(); // by folded account
  readonly #choices = new Map<string, boolean | undefined>();
  readonly #waiting = new Map<string, number | undefined>();

  /**
   * @param onChange Called when there is something to commit.
   * @param isSettled Whether changes are ignored now, as they are stored already.
   */
  constructor(store: PresenceStore | undefined, onChange: () => void, isSettled: () => boolean = () => false) {
    this.#store = store;
    this.#onChange = onChange;
    this.#isSettled = isSettled;
  }

  /** Notes that the member of an account is in the store. */
  noteStored(account: string): void {
    if (this.#store !== undefined) this.#stored.add(fold(account));
  }

  /** Has a member stored by the next commit, as it is then. */
  save(account: string, member: Member): void {
    if (this.#store === undefined) return;
    this.noteStored(account);
    this.#change(this.#members, account, member);
  }

  /** Has the member of an account deleted from the store, if it is there. */
  delete(account: string): void {
    if (this.#stored.delete(fold(account))) this.#change(this.#members, account, undefined);
  }

  /** Has the choice of an account stored, or deleted. */
  saveChoice(account: string, choice: boolean | undefined): void {
    if (this.#store !== undefined) this.#change(this.#choices, account, choice);
  }

  /** Has the time stored since when messages wait for an account, or deleted. */
  saveWaiting(account: string, since: number | undefined): void {
    if (this.#store !== undefined) this.#change(this.#waiting, account, since);
  }

  /** Drops the changes. What is in the store stays there. */
  reset(): void {
    for (const changes of [this.#members, this.#choices, this.#waiting]) changes.clear();
  }

  /** Whether there is something to commit. */
  get hasPending(): boolean {
    return this.#members.size > 0 || this.#choices.size > 0 || this.#waiting.size > 0;
  }

  /**
   * Gives changes to the store, which commits them, or tries again if it cannot. Those that are too many for one commit wait
   * for the next.
   *
   * @param all Whether there is no later commit.
   */
  write(all: boolean): void {
    if (!this.hasPending) return;
    for (const [account, choice] of this.#choices) this.#store!.saveChoice(account, choice);
    this.#choices.clear();
    for (const [account, since] of this.#waiting) this.#store!.saveWaiting(account, since);
    this.#waiting.clear();
    let rows = 0;
    for (const [account, member] of this.#members) {
      if (rows >= ROWS_MAX && !all) return this.#onChange();
      rows += 1 + (member?.rooms.size ?? 0);
      this.#store!.saveMember(account, member === undefined ? undefined : savedMember(member));
      this.#members.delete(account);
    }
  }

  #change<T>(changes: Map<string, T>, account: string, change: T) {
    if (this.#isSettled()) return;
    changes.set(fold(account), change);
    this.#onChange();
  }
}
