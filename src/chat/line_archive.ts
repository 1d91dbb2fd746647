/** What a node of a cluster needs to give its lines to another node, and to store those that it lacks. `history/` implements it. */
import type { Line } from "./store.ts";

/**
 * What is caught up on, in this order: lines that are missing, deletions of texts of lines that the store had before, and older lines
 * of rooms that it did not know.
 */
export type CatchUpStep = "missing" | "deleted" | "older";

/** Up to which line a catching up has come. Targets are in the order of their keys. */
export interface CatchUp {
  /** Lines with greater ids are missing … */
  readonly after: number;
  /** … up to this one: later ones come from the log. */
  readonly until: number;
  /** The command up to which a peer must have stored everything, to have them all. */
  readonly position: number;
  readonly step: CatchUpStep;
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

  /** The ids of lines of a target whose texts were deleted, from one id to another, both excluded, in ascending order. */
  deleted(key: string, after: number, before: number, count: number): number[];

  /**
   * Stores some lines of a target, in the order of their ids, for as long as a short step may take. Of lines that are stored
   * already, the text is deleted if it was deleted elsewhere; else they are left out, and so are those of a room that does not exist.
   * In the step `deleted`, no line is added.
   *
   * @param catchUp Noted in the same transaction, with the target and the last line.
   * @returns How many lines are done with.
   */
  insert(target: ArchiveTarget, lines: readonly Line[], catchUp: CatchUp): number;
}
