/** Collects the lines that rooms have queued until the next flush, and the changes of wire formats that wait for it. */
import { BroadcastSet } from "./broadcast.ts";
import type { WireFormat } from "./events.ts";
import type { Session } from "./member.ts";

/** The most sessions of a set that may be flushed several times in one round of writes. */
export const SMALL_SET = 200;

/** The broadcast sets of all rooms. */
export class Delivery {
  readonly #requestFlush: () => void;
  readonly #commit: () => void;
  readonly #formats = new Map<Session, WireFormat>();
  readonly #flushed = new Set<BroadcastSet<Session>>(); // large ones, in the current round
  #queued: BroadcastSet<Session>[] = [];
  #isStopped = false;

  /**
   * @param requestFlush Called when there is something to flush, once until the next flush.
   * @param commit Called before pending lines are sent. It has to call `confirm` or `rollBack`, or they stay queued.
   */
  constructor(requestFlush: () => void, commit: () => void) {
    this.#requestFlush = requestFlush;
    this.#commit = commit;
  }

  /** The set of sessions of a new room. */
  createSet(): BroadcastSet<Session> {
    return new BroadcastSet(this.#onQueued, this.#commit);
  }

  /** The pending lines are committed. */
  confirm(): void {
    for (const set of this.#queued) set.confirm();
  }

  /** The pending lines could not be committed, and must not be sent. */
  rollBack(): void {
    for (const set of this.#queued) set.rollBack();
  }

  /** Sends nothing from now on: pending lines can be neither committed nor rolled back. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Changes the wire format of a session.
   *
   * @param later Whether to wait for the next flush, as pending lines are rendered in the old format already.
   */
  setFormat(session: Session, format: WireFormat, later: boolean): void {
    this.#formats.delete(session);
    if (session.format === format) return;
    if (later) return void this.#formats.set(session, format);
    const shown = [...session.member.rooms.values()].filter(({ sessions }) => sessions.has(session));
    for (const { sessions } of shown) sessions.delete(session);
    session.format = format;
    for (const { sessions } of shown) sessions.add(session);
  }

  /** Forgets a session that has disconnected. */
  remove(session: Session): void {
    this.#formats.delete(session);
  }

  /** Drops all that is queued, with the sessions that it is for. */
  reset(): void {
    this.#formats.clear();
    this.#flushed.clear();
    this.#queued = [];
  }

  /**
   * Sends all sessions what is queued for them. Pending lines have to be committed or rolled back before.
   *
   * @param resting Whether a round of writes is under way and has only yielded. A large set that was flushed since the
   * round began then waits for the next one: a second chunk for each of its sessions costs more than the wait.
   * @returns Whether there was anything.
   */
  flush(resting = false): boolean {
    if (!resting) this.#flushed.clear();
    const queued = this.#queued;
    if (this.#isStopped) return false;
    if (queued.length === 0 && this.#formats.size === 0) return false;
    this.#queued = [];
    for (const set of queued) {
      if (resting && this.#flushed.has(set)) {
        this.#queued.push(set);
        continue;
      }
      set.flush();
      if (set.size > SMALL_SET) this.#flushed.add(set);
    }
    for (const [session, format] of this.#formats) this.setFormat(session, format, false);
    return true;
  }

  readonly #onQueued = (set: BroadcastSet<Session>) => {
    this.#queued.push(set);
    if (this.#queued.length === 1) this.#requestFlush();
  };
}
