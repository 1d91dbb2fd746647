/** The store of what outlives the process of users who are always on: an interface, which `history/` implements in a file. */
import type { Rank } from "./modes.ts";

/** A member that is always on. */
export interface SavedMember {
  /** The account, in the case in which it was registered. */
  readonly account: string;
  readonly nick: string;
  readonly user: string;
  /** The host as other members see it. */
  readonly host: string;
  readonly realname: string;
  /** Whether it is a bot. */
  readonly bot: boolean;
  /** When it connected first, in milliseconds since 1970. */
  readonly since: number;
  /** When it was last here, in milliseconds since 1970; `undefined` if it had a session when this was stored. */
  readonly lastSeen: number | undefined;
  /** Its rooms, with its ranks there. */
  readonly rooms: readonly { readonly name: string; readonly ranks: readonly Rank[] }[];
}

/** Stores members that are always on, the choices of accounts, and for which accounts messages wait. Accounts are folded. */
export interface PresenceStore {
  /** The stored members, in the order in which they connected. @throws {StoreError} */
  members(): SavedMember[];
  /** The stored choices. @throws {StoreError} */
  choices(): (readonly [account: string, choice: boolean])[];
  /** The accounts for which private messages wait, and since when, in milliseconds since 1970. @throws {StoreError} */
  waiting(): (readonly [account: string, since: number])[];
  /** Has the next `commit` of the history store a member, or delete it if there is none. */
  saveMember(account: string, member: SavedMember | undefined): void;
  /** Has the next `commit` of the history store a choice, or delete it. */
  saveChoice(account: string, choice: boolean | undefined): void;
  /** Has the next `commit` of the history store since when messages wait for an account, or delete that. */
  saveWaiting(account: string, since: number | undefined): void;
}
