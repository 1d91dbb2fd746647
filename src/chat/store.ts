/**
 * The store that the chat needs for its history: an interface, which `history/` implements in memory and in a file.
 *
 * A store files lines under targets: rooms, by their folded names, and private conversations, by names that the chat
 * chooses. The lines of a target are in the order of their ids. A store does not check who may read them.
 */
import type { Actor, Quote, Reaction, Said, Whispered } from "./events.ts";
import type { List, Mask, Switch } from "./modes.ts";
import type { Role } from "./roles.ts";
import type { PresenceStore } from "./presence_store.ts";
import type { ReadMarkerStore } from "./read_marker_store.ts";
import type { Steps } from "../util/steps.ts";

/** A line that a store can hold. */
export type Line = Said | Whispered;

/** Selects lines of a target. */
export interface HistoryRange {
  /** Only lines with greater ids. */
  readonly after?: number | undefined;
  /** Only lines with smaller ids. */
  readonly before?: number | undefined;
  /** Whether the first lines are returned instead of the last ones. */
  readonly first?: boolean;
  /** The most lines to return. */
  readonly count: number;
  /**
   * Upper bound on the characters returned, including tags, and {@linkcode REACTION_CHARACTERS} for each reaction; at least one
   * line is returned.
   */
  readonly characters?: number;
}

/** A search for lines that match all terms and meet all other conditions. Without terms, author and link, it finds nothing. */
export interface SearchQuery {
  /** Terms from `queryTerms`. */
  readonly terms: readonly string[];
  /** Only lines of this author, a folded nickname. */
  readonly from?: string | undefined;
  /** Only lines with a link: see `util/links.ts`. */
  readonly hasLink?: boolean;
  /** Only lines with greater ids. */
  readonly after?: number | undefined;
  /** Only lines with smaller ids. */
  readonly before?: number | undefined;
  /** The most lines to find: the newest ones. */
  readonly count: number;
}

/** The result of a search. */
export interface FoundLines {
  /** In the order of their ids. */
  readonly lines: Line[];
  /** Lines with smaller ids were not searched, as the search had used up its budget; 0 if all were searched. */
  readonly unsearched: number;
}

/** The state of a room, with all that its operators have set. */
export interface SavedRoom {
  readonly name: string;
  /** When the room was created, in milliseconds since 1970. */
  readonly since: number;
  readonly topic: { readonly text: string; readonly by: string; readonly at: number } | undefined;
  readonly switches: readonly Switch[];
  readonly password: string | undefined;
  /** The most members; Infinity for no limit. */
  readonly limit: number;
  readonly masks: readonly (Mask & { readonly list: List })[];
  readonly roles: readonly Role[];
}

/** How much is stored, and for how long. */
export interface Retention {
  /** The age at which lines expire, in milliseconds; Infinity for never. */
  readonly age: number;
  /** The most lines of a target. */
  readonly lines: number;
  /** The most bytes of a file. Above that, lines of the largest writer or of the largest room are deleted. */
  readonly size: number;
}

/** A store could not be read or written. The message is a few words for the operator of the server. */
export class StoreError extends Error {
  override name = "StoreError";
}

/**
 * The store of a node of a cluster cannot be written. The state of the node may differ from that of others from now on, so that it
 * has to leave: the code that applies the log stops at this error, and applies nothing more.
 */
export class StoreLost extends Error {
  override name = "StoreLost";

  constructor(cause: StoreError) {
    super(`Cannot stay in the cluster: the history cannot be written: ${cause.message}`, { cause });
  }
}

/** The reactions to a line. */
export interface ReactionsTo {
  /** How many there are. */
  readonly total: number;
  /** The texts of those of one member. */
  readonly own: readonly string[];
}

/** The most reactions to a line, and the most of one member to it. */
export const REACTIONS_MAX = 200;
export const REACTIONS_PER_MEMBER = 10;

/** What a reaction counts, where the characters of lines are limited. */
export const REACTION_CHARACTERS = 100;

/** The most mentions of an account that are stored: the newest ones. */
export const MENTIONS_MAX = 1000;

/** Stores lines and rooms. */
export interface HistoryStore {
  /** Whether the store outlives the process. Then rooms do too, even without members. */
  readonly persistent: boolean;
  /** The greatest id of all lines when the store was opened; 0 if there was none. */
  readonly last: number;
  /** Secret random bytes, which stay the same for as long as the stored lines. */
  readonly secret: Uint8Array;

  /**
   * Replaces the secret by that of a cluster: in the file, and in place, for those that hold it.
   *
   * @throws {StoreError}
   */
  adoptSecret(secret: Uint8Array): void;

  /** Stores members that are always on, if the store outlives the process. `commit` writes what it was given. */
  readonly presence?: PresenceStore | undefined;
  /** Stores how far accounts have read. `commit` writes what it was given. */
  readonly readMarkers: ReadMarkerStore;

  /**
   * In a cluster, the number of the command that is being applied, or was applied last: set before each command. It only
   * grows. Commits store it, so that commands can be applied again after a crash.
   */
  position: number | undefined;
  /**
   * All lines and rooms of the commands up to this one are stored; 0 if there is none. While `position` is not greater, nothing
   * is written: `add`, `saveRoom`, `commit`, `deleteTarget` and `renameRoom` leave what is stored as it is.
   */
  readonly storedPosition: number;
  /** Everything of the commands up to this one is stored, also presence and read markers. */
  readonly settledPosition: number;
  /**
   * What is stored now is that of another state from here on, which contains all commands up to a position. The next commits store
   * what differs.
   *
   * @throws {StoreError}
   */
  adoptPosition(position: number): void;

  /**
   * Tells the store which network a host belongs to, so that it can count lines by network.
   *
   * @param host The cloaked host, as in the lines.
   * @param network A name for the network that does not reveal its address.
   */
  setNetwork(host: string, network: string): void;

  /** Adds a line to those that the next `commit` stores, with its reply and mentions. */
  add(target: string, line: Line): void;

  /**
   * Has the next `commit` add a reaction to a line, or remove it. Does nothing if there is no such line, if it is deleted, or if
   * it has {@linkcode REACTIONS_MAX} reactions, or {@linkcode REACTIONS_PER_MEMBER} of the member. A member is known by its
   * account, else by its origin.
   */
  react(target: string, id: number, reaction: Reaction, on: boolean): void;

  /**
   * Has the next `commit` delete the text of a line, with its tags, reactions and mentions, also from the index. The line stays, with
   * `deletedBy`; so does the fact that it is a reply. If the store does not have the line yet, as it catches up, the text is deleted
   * when it gets the line; so it is with reactions.
   *
   * @param by The nickname of the member that deletes it.
   */
  redact(target: string, line: Quote, by: string): void;

  /** Has the next `commit` store the state of a room. */
  saveRoom(room: SavedRoom): void;

  /**
   * Whether `commit` can write now. While another program has locked the file, it cannot: the caller asks again later, as
   * waiting for the lock would block the event loop.
   */
  readonly ready: boolean;

  /**
   * Stores all lines and rooms that were added since the last call. If that fails, the lines are dropped, and the rooms are
   * tried again by the next call.
   *
   * @param complete Whether all changes of the commands before `position` were given to it.
   * @returns Whether there was anything to store.
   * @throws {StoreError}
   */
  commit(complete?: boolean): boolean;

  /**
   * Returns lines of a target in the order of their ids, with their reactions, and with the current texts of the lines that they
   * reply to: those that are not stored any more have empty names and texts. Returns fewer lines where these have very many
   * reactions, at least one.
   *
   * @throws {StoreError}
   */
  page(target: string, range: HistoryRange): Line[];

  /**
   * Whether a target has a line with an id.
   *
   * @throws {StoreError}
   */
  has(target: string, id: number): boolean;

  /**
   * Returns a line, as `page` does.
   *
   * @throws {StoreError}
   */
  line(target: string, id: number): Line | undefined;

  /**
   * Returns a line without its reply, reactions and mentions, which takes a tenth of the time if it has many.
   *
   * @throws {StoreError}
   */
  bareLine(target: string, id: number): Line | undefined;

  /**
   * Counts the reactions to a line, and returns those of a member.
   *
   * @throws {StoreError}
   */
  reactionsTo(target: string, id: number, member: Pick<Actor, "origin" | "account">): ReactionsTo;

  /**
   * Returns lines that mention an account, the newest first.
   *
   * @param account The folded name.
   * @param before Only lines with smaller ids.
   * @throws {StoreError}
   */
  mentions(account: string, before: number, count: number): { target: string; line: Line }[];

  /**
   * Forgets the mentions of an account that is deleted, so that the next owner of its name does not see them.
   *
   * @param account The folded name.
   * @throws {StoreError}
   */
  forgetMentions(account: string): void;

  /**
   * Counts the lines of a target with greater ids, up to `max`. Takes no longer than reading `max` lines.
   *
   * @throws {StoreError}
   */
  countAfter(target: string, id: number, max: number): number;

  /**
   * Finds the first line of a target that was said at a time or later. The times of the lines decide, also where their
   * ids are ahead of the clock: see `Ids.ahead`.
   *
   * @param time In milliseconds since 1970.
   * @returns The id of the line; Infinity if there is none.
   * @throws {StoreError}
   */
  firstSince(target: string, time: number): number;

  /**
   * Finds the newest lines of some rooms that match a query, in steps and within a budget. Lines that were committed
   * shortly before may be missing. Lines that are added during the search are ignored.
   *
   * @throws {StoreError}
   */
  search(targets: readonly string[], query: SearchQuery): Steps<FoundLines>;

  /**
   * Lists targets whose names start with a prefix, each with its newest line, in steps. They are in no particular order, and
   * at most 1,000: those with the newest lines. Of more than 10,000, only some are looked at.
   *
   * @throws {StoreError}
   */
  targets(prefix: string): Steps<{ target: string; line: Line }[]>;

  /**
   * Returns the stored rooms.
   *
   * @throws {StoreError}
   */
  rooms(): SavedRoom[];

  /**
   * Deletes a target and all of its lines. `runStep` removes what is left of them in a file.
   *
   * @throws {StoreError}
   */
  deleteTarget(target: string): void;

  /**
   * Deletes all conversations whose targets begin with a prefix, as `deleteTarget` does.
   *
   * @throws {StoreError}
   */
  deleteConversations(prefix: string): void;

  /**
   * Changes the name of a room: its lines and settings are those of the new name from now on. Does nothing if the room is
   * not stored. The time does not depend on the number of lines. Lines and rooms that were added have to be committed before.
   *
   * @param key The folded name.
   * @param name The new name, which no other room has.
   * @throws {StoreError}
   */
  renameRoom(key: string, name: string): void;

  /** Whether a limit of the retention is exceeded, so that `runStep` should not be delayed. */
  readonly overdue: boolean;

  /**
   * Runs a short step of maintenance, a few milliseconds long: deletes what exceeds the retention, and whatever else the
   * store has put off.
   *
   * @param onRoomExpired Called for each room without lines that was not changed for the retention period.
   * @returns Whether there is more to do.
   * @throws {StoreError}
   */
  runStep(onRoomExpired: (room: string) => void): boolean;

  /** Closes the store. Lines that were not committed are lost. */
  close(): void;
}
