/** What a node of a cluster needs to give its lines to another node, and to store those that it lacks. `history/` implements it. */
import type { Line } from "./store.ts";

/** Up to which line a catching up has come. Targets are in the order of their keys. */
export interface CatchUp {
  /** Lines with greater ids are missing … */
  readonly after: number;
  /** … up to this one: later ones come from the log. */
  readonly until: number;
  /** The command up to which a peer must have stored everything, to have them all. */
  readonly position: number;
  /** Whether these lines are stored, and what is missing is older lines of rooms that the store did not know. */
  readonly older: boolean;
  /** The target that was stored last, and the id of its last line. */
  readonly target: string;
  readonly id: number;
}

/** A target as peers name it. A room is told by the time when it was created, too: others may get its name. */
export interface ArchiveTarget {
  readonly key: string;
  readonly since: number;
}

/** Reads lines target by target, and inserts lines that are older than others. All methods throw `StoreError`. */
export interface LineArchive {
  /** The catching up that is not finished. It outlives the process. */
  readonly catchUp: CatchUp | undefined;

  /** Has lines caught up on from now on. A catching up that was not finished begins again, for all lines since its beginning. */
  begin(range: Pick<CatchUp, "after" | "until" | "position">): void;

  /** Notes how far it has come; without an argument, that it is finished. */
  note(catchUp: CatchUp | undefined): void;

  /** The next targets whose key is not smaller than a key. */
  targets(from: string, count: number): ArchiveTarget[];

  /** The next rooms whose key is not smaller than a key, and that have no line with an id up to this one. */
  roomsWithout(from: string, id: number, count: number): ArchiveTarget[];

  /**
   * Stores some lines of a target, in the order of their ids, for as long as a short step may take. Lines that are stored
   * already are left out, and so are those of a room that does not exist.
   *
   * @param catchUp Noted in the same transaction, with the target and the last line.
   * @returns How many lines are done with.
   */
  insert(target: ArchiveTarget, lines: readonly Line[], catchUp: CatchUp): number;
}
