/**
 * What a history is: it keeps what was said, and gives it back. There are two, one in memory and one in a file.
 *
 * It knows targets: rooms, by their folded names, and conversations of two, by a name that the chat gives them. What was
 * said to a target is in the order of its ids. Who may read what is none of its business.
 */
import type { Said, Whispered } from "./events.ts";
import type { List, Mask, Switch } from "./modes.ts";
import type { Steps } from "../util/steps.ts";

/** Something that was said, and is kept. */
export type Line = Said | Whispered;

/** Which lines of a target are wanted: some of those between two ids, neither of which is among them. */
export interface HistoryRange {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  /** Whether these are the first ones of them; else the last. */
  readonly first?: boolean;
  /** How many at the most. */
  readonly count: number;
  /** How many characters they may have, tags included; one line is always had. To read what nobody gets takes long. */
  readonly characters?: number;
}

/** What is searched for: lines in which all words are, and that are wanted otherwise. */
export interface SearchQuery {
  /** Words as `tokenizer.ts` makes them of a text. None at all finds nothing. */
  readonly words: readonly string[];
  /** By whom, if that matters: a folded nick. */
  readonly from?: string | undefined;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  /** How many at the most: the last ones. */
  readonly count: number;
}

/** What a search has found. */
export interface FoundLines {
  /** The oldest first. */
  readonly lines: Line[];
  /** Lines with smaller ids were not searched, as that would have taken too long; 0 if all were. */
  readonly unsearched: number;
}

/** A room as it is kept, with all that its operators have ruled. */
export interface SavedRoom {
  readonly name: string;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
  readonly topic: { readonly text: string; readonly by: string; readonly at: number } | undefined;
  readonly switches: readonly Switch[];
  readonly password: string | undefined;
  /** Infinity when there is none. */
  readonly limit: number;
  readonly masks: readonly (Mask & { readonly list: List })[];
}

/** How long and how much is kept. */
export interface Retention {
  /** For how long, in milliseconds; Infinity for ever. */
  readonly age: number;
  /** How many lines of a target. */
  readonly lines: number;
  /** How many bytes a file may take; of all that is in it, the oldest lines go first. */
  readonly size: number;
}

/** Something could not be kept, or not be read. What is wrong is said in a few words, for whoever runs the server. */
export class StoreError extends Error {
  override name = "StoreError";
}

/** See the head of this file. */
export interface HistoryStore {
  /** Whether it outlives the process: then rooms do as well, and those that nobody is in. */
  readonly lasting: boolean;
  /** The greatest id of all that it has kept, or 0. */
  readonly last: number;
  /** Random bytes that nobody else knows, which stay the same for as long as what is kept does. */
  readonly secret: Uint8Array;

  /** Tells which network a host is in, both as others may see them: what one network stores is limited. */
  introduce(host: string, network: string): void;

  /** Takes a line, to be kept from the next `commit` on. */
  add(target: string, line: Line): void;

  /** Takes a room as it is now, likewise. */
  saveRoom(room: SavedRoom): void;

  /**
   * Whether `commit` can keep it now. It cannot while another program has the file locked; then it is to be asked again
   * before something is committed, as to wait for that would have everybody wait.
   */
  readonly ready: boolean;

  /**
   * Keeps all that it was given since the last time, or none of the lines. Rooms that could not be kept are tried again.
   *
   * @returns Whether there was anything to keep.
   * @throws {StoreError}
   */
  commit(): boolean;

  /**
   * Lines of a target, the oldest first.
   *
   * @throws {StoreError}
   */
  page(target: string, range: HistoryRange): Line[];

  /**
   * Whether a target has a line.
   *
   * @throws {StoreError}
   */
  has(target: string, id: number): boolean;

  /**
   * The first line of a target that was said at a time or later, by its id; Infinity if there is none. It goes by when
   * things were said, where ids would not tell: see `Ids.ahead`.
   *
   * @throws {StoreError}
   */
  firstSince(target: string, time: number): number;

  /**
   * The last lines of some rooms that a query wants, in steps: a search has a budget. Lines of the last moments may be
   * missing, and lines that are added meanwhile are.
   *
   * @throws {StoreError}
   */
  search(targets: readonly string[], query: SearchQuery): Steps<FoundLines>;

  /**
   * The targets whose names begin like this, and the last lines said there, in steps; in no order, and no more than a
   * thousand.
   *
   * @throws {StoreError}
   */
  targets(prefix: string): Steps<{ target: string; line: Line }[]>;

  /** The rooms that it has kept. */
  rooms(): SavedRoom[];

  /**
   * Forgets a target, and all that was said there; what is left of it in a file is dropped by `tidy`.
   *
   * @throws {StoreError}
   */
  forget(target: string): void;

  /** Whether more is kept than may be, so that `tidy` had better not wait. */
  readonly overdue: boolean;

  /**
   * Does a little of what can wait: drops what is too old or too much, and whatever else keeps it in order.
   *
   * @param onDeserted Told of each room of which nothing is left that anybody has said.
   * @returns Whether there is more to do.
   * @throws {StoreError}
   */
  runStep(onDeserted: (room: string) => void): boolean;

  /** Lets go of everything. What was not committed is lost. */
  close(): void;
}
