/**
 * The store of the checkpoints of a node of a cluster: its state after one command of the log, from which it starts again.
 * `history/` implements it in a file.
 *
 * A checkpoint is written over many turns of the event loop, while commands are applied. It counts from the call of `finish` on;
 * until then, and after a crash, the one before counts.
 */

/** Data that can be stored as JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Which state a checkpoint has. */
export type CheckpointHead = {
  /** When the stream of the log was created, as the log names it: another stream has other commands. */
  readonly created: string;
  /** The sequence of the last batch that is part of the state. */
  readonly sequence: number;
  /** The position of the last command that is: see `HistoryStore.position`. */
  readonly position: number;
  readonly [key: string]: Json;
};

/** The most characters of a record, as JSON. */
export const RECORD_MAX = 512 * 1024;

/** A checkpoint that is being written. */
export interface CheckpointWriter {
  /**
   * Adds some records, in a transaction of its own: as many as the caller has time for.
   *
   * @throws {RangeError} if one has more than {@linkcode RECORD_MAX} characters.
   * @throws {StoreError} Then this checkpoint is abandoned.
   */
  write(records: Iterable<Json>): void;

  /**
   * Makes this checkpoint the one that counts. The one before is deleted by later steps of maintenance.
   *
   * @returns False if changes of its commands are not stored yet, so that a start from it would miss them. It is abandoned then.
   * @throws {StoreError} Then this checkpoint is abandoned.
   */
  finish(head: CheckpointHead): boolean;
}

/** Stores checkpoints. */
export interface CheckpointStore {
  /**
   * The checkpoint that counts, if there is one. Its records are read when they are asked for, some at a time; they end if another
   * checkpoint is finished meanwhile.
   *
   * @throws {StoreError} also while records are read.
   */
  load(): { readonly head: CheckpointHead; records(): Iterable<Json> } | undefined;

  /** Begins a checkpoint. One that was begun before and is not finished is abandoned. */
  begin(): CheckpointWriter;

  /** Has no checkpoint count from now on: what is stored beside them is about to be replaced. @throws {StoreError} */
  clear(): void;
}

/** For nodes without a file: nothing is kept. */
export const NO_CHECKPOINTS: CheckpointStore = {
  load: () => undefined,
  begin: () => ({ write: () => {}, finish: () => true }),
  clear: () => {},
};
