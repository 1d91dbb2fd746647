/**
 * Write-behind of lines and room settings: collects them during a round and commits them to the history at once, before
 * the lines are delivered.
 *
 * A line is pending until its commit. If that fails it is rolled back: no member gets it, and its author is told. Room
 * settings take effect at once and are written as soon as that is possible. While another process has the database locked,
 * nothing is committed for up to a second, so that the event loop does not wait for the lock.
 *
 * In a cluster, all nodes have to store the same and to give the same answers. So a node whose history cannot be written rolls
 * nothing back: it delivers nothing more, and has to leave (`ChatObserver.storeLost`).
 */
import { accountPrefix, type KeepPrivate } from "./conversations.ts";
import type { Delivery } from "./delivery.ts";
import type { Actor, Quote, Reaction, Said, Whispered } from "./events.ts";
import { reactorKey } from "./line_author.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { ChatObserver } from "./observer.ts";
import { PresenceWriter } from "./presence_writer.ts";
import type { Room } from "./room.ts";
import { type HistoryStore, type Line, StoreError, StoreLost } from "./store.ts";

/** How long commits wait for another process that has the database locked, in milliseconds. */
export const LOCK_TIMEOUT = 1000;

/** How often a command that needs the database tries to lock it, in a cluster, in milliseconds. */
const LOCK_STEP = 5;

/** Writes to a history, and counts the lines. */
export class WriteBehind {
  /** The number of lines that a persistent history has stored. */
  stored = 0;
  /** The number of lines that it could not store. */
  lost = 0;

  /** Whose private messages are stored. */
  readonly keeps: KeepPrivate;

  /** Members that are always on. */
  readonly presence: PresenceWriter;

  readonly #history: HistoryStore;
  readonly #delivery: Delivery;
  readonly #observer: ChatObserver;
  readonly #changed = new Set<Room>(); // rooms with settings to save
  #pending: { readonly author: Member; readonly said: Said }[] = [];
  readonly #pendingTexts = new Set<number>(); // the ids of lines that were said, or whose texts were deleted
  readonly #pendingReactions = new Set<string>(); // see `reactionKey`
  #failing = false;
  #lockedSince: number | undefined; // on the monotonic clock
  #lost: StoreError | undefined;

  constructor(history: HistoryStore, keeps: KeepPrivate, delivery: Delivery, observer: ChatObserver) {
    this.keeps = keeps;
    this.#history = history;
    this.#delivery = delivery;
    this.#observer = observer;
    this.presence = new PresenceWriter(history.presence, () => observer.flushWanted(), () => this.#isSettled);
  }

  /** Whether the history outlives the process. */
  get persistent(): boolean {
    return this.#history.persistent;
  }

  /**
   * Adds a line of a room.
   *
   * @returns Whether it is pending: it must not be delivered before the commit.
   */
  addLine(room: Room, said: Said, author: Member): boolean {
    this.#history.add(room.key, said);
    room.hasLines = true;
    room.lastLine = said.id;
    if (!this.#history.persistent) return false;
    if (!room.stored) this.saveRoom(room);
    else if (!this.#hasPending) this.#observer.flushWanted(); // no delivery may: there may be no client on this node
    if (this.#isReplay) return false;
    this.#pending.push({ author, said });
    this.#pendingTexts.add(said.id);
    return true;
  }

  /** Adds a private line to conversations. It is written by the next `commitPrivate`. */
  addPrivate(targets: readonly string[], line: Whispered): void {
    for (const target of targets) this.#history.add(target, line);
  }

  /**
   * Adds a reaction to a line of a room, or removes it: see `HistoryStore`.
   *
   * @param room Its key.
   * @returns Whether that is pending, as for `addLine`.
   */
  react(room: string, id: number, reaction: Reaction, on: boolean): boolean {
    this.#history.react(room, id, reaction, on);
    return this.#note(this.#pendingReactions, reactionKey(id, reaction));
  }

  /** As `react`, in conversations. It is written by the next `commitPrivate`. */
  reactPrivate(targets: readonly string[], id: number, reaction: Reaction, on: boolean): void {
    for (const target of targets) this.#history.react(target, id, reaction, on);
  }

  /**
   * Deletes the text of a line of a room: see `HistoryStore`.
   *
   * @param room Its key.
   * @returns Whether that is pending, as for `addLine`.
   */
  redact(room: string, line: Quote, by: string): boolean {
    this.#history.redact(room, line, by);
    return this.#note(this.#pendingTexts, line.id);
  }

  /** As `redact`, in conversations. It is written by the next `commitPrivate`. */
  redactPrivate(targets: readonly string[], line: Quote, by: string): void {
    for (const target of targets) this.#history.redact(target, line, by);
  }

  /** Advances the read marker of an account: see `ReadMarkerStore`. */
  markRead(account: string, target: string, time: number): void {
    if (this.#isSettled) return;
    this.#history.readMarkers.advance(fold(account), target, time);
    this.#wantMarkersStored();
  }

  /** Deletes the read markers of an account. */
  forgetMarkers(account: string): void {
    if (this.#isSettled) return;
    this.#history.readMarkers.forget(fold(account));
    this.#wantMarkersStored();
  }

  /**
   * Deletes the private conversations of an account, so that the next owner of its name cannot read them.
   *
   * @throws {StoreError}
   * @throws {StoreLost} in a cluster.
   */
  forgetConversations(account: string): void {
    this.require(() => this.#history.deleteConversations(accountPrefix(account)));
  }

  /**
   * Forgets the mentions of an account, so that the next owner of its name does not see them.
   *
   * @throws {StoreError}
   * @throws {StoreLost} in a cluster.
   */
  forgetMentions(account: string): void {
    this.require(() => this.#history.forgetMentions(fold(account)));
  }

  /** Has the settings of a room saved by the next commit. */
  saveRoom(room: Room): void {
    if (!this.#history.persistent) return;
    room.stored = true;
    if (this.#isReplay) return;
    this.#changed.add(room);
    this.#observer.flushWanted();
  }

  /**
   * Deletes a room and its lines from the history.
   *
   * @throws {StoreError}
   * @throws {StoreLost} in a cluster.
   */
  deleteRoom(room: Room): void {
    if (room.stored || !this.#history.persistent) this.require(() => this.#history.deleteTarget(room.key));
    this.#changed.delete(room);
  }

  /**
   * Renames a room in the history, before the room itself is renamed. Commits what is pending under the old name.
   *
   * @throws {StoreError}
   * @throws {StoreLost} in a cluster.
   */
  renameRoom(room: Room, name: string): void {
    if (!this.#commitNow()) throw new StoreError("it cannot be written right now");
    if (room.stored || !this.#history.persistent) this.require(() => this.#history.renameRoom(room.key, name));
  }

  /** Whether a room has lines that are not committed. */
  hasPending(key: string): boolean {
    return this.#pending.some(({ said }) => fold(said.room) === key);
  }

  /**
   * Commits what was added, and tells the authors of lines that could not be committed.
   *
   * @param final Whether to commit even while the database is locked, as there is no later time.
   * @returns Whether there are no pending lines that may be committed later or were rolled back.
   */
  commit(final = false): boolean {
    if (!this.#history.persistent) return true;
    if (this.#lost !== undefined || (!final && this.isLocked())) return false;
    const pending = this.#pending;
    this.#forgetPending();
    for (const room of this.#changed) this.#history.saveRoom(room.saved);
    this.#changed.clear();
    this.presence.write(final);
    try {
      do {
        if (this.#history.commit(!this.presence.hasPending)) this.#report(undefined);
      } while (final && !this.#isReplay && this.#history.readMarkers.hasPending);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (this.#inCluster) return this.#lose(error);
      this.#report(error);
      this.lost += pending.length;
      this.#delivery.rollBack();
      for (const { author, said: { who, room, text } } of pending) author.tell({ kind: "not-stored", who, room, text });
      return false;
    }
    this.stored += pending.length;
    this.#delivery.confirm();
    this.#wantMarkersStored(); // what one commit has left over
    return true;
  }

  /** Commits the pending lines of rooms, so that they can be read. Without any, other changes wait for the next commit. */
  commitLines(): void {
    if (this.#hasPending) this.commit();
  }

  /**
   * Commits all that is pending if the text of a line is, or a reaction of a member to it, so that these can be read.
   *
   * @param member The member whose reactions are read, if any.
   */
  commitLine(id: number, member?: Pick<Actor, "origin" | "account">): void {
    const isReactionPending = member !== undefined && this.#pendingReactions.has(reactionKey(id, member));
    if (isReactionPending || this.#pendingTexts.has(id)) this.commit();
  }

  /**
   * Commits some private messages, or changes of them, that were added. Returns whether they are stored, and may be delivered.
   *
   * @param count How many messages there are.
   *
   * @throws {StoreLost} in a cluster, where they cannot be rejected: other nodes may have stored them.
   */
  commitPrivate(count: number): boolean {
    if (this.#isReplay) return true;
    const committed = this.#commitNow();
    if (committed) this.stored += count;
    else this.lost += count;
    return committed;
  }

  /** Drops changes of rooms and members that are not written, as these rooms and members are replaced by others. */
  reset(): void {
    this.#changed.clear();
    this.#forgetPending();
    this.presence.reset();
  }

  /** Whether there is something to commit and another process has the database locked, for less than {@linkcode LOCK_TIMEOUT}. */
  isLocked(): boolean {
    const { hasPending } = this.#history.readMarkers;
    if (!this.#hasPending && this.#changed.size === 0 && !hasPending) return false;
    if (this.#history.ready) {
      this.#lockedSince = undefined;
      return false;
    }
    const now = performance.now();
    this.#lockedSince ??= now;
    return now - this.#lockedSince < LOCK_TIMEOUT;
  }

  /** Why the history of a node of a cluster cannot be written. The node has to leave: it must apply and deliver nothing more. */
  get failure(): StoreError | undefined {
    return this.#lost;
  }

  get #inCluster(): boolean {
    return this.#history.position !== undefined;
  }

  /** Whether the current command is applied again, and its lines and rooms are stored already. */
  get #isReplay(): boolean {
    const { position } = this.#history;
    return position !== undefined && position <= this.#history.storedPosition;
  }

  /** Whether the current command is applied again, and its read markers and presence are stored already. */
  get #isSettled(): boolean {
    const { position } = this.#history;
    return position !== undefined && position <= this.#history.settledPosition;
  }

  /**
   * Commits for a command whose result depends on it. In a cluster the result must be that of the other nodes, so this waits for
   * the lock of another process, which blocks the event loop.
   *
   * @throws {StoreLost} in a cluster, if it fails.
   */
  #commitNow(): boolean {
    if (!this.#inCluster) return this.commit();
    const end = performance.now() + LOCK_TIMEOUT;
    while (!this.#history.ready && performance.now() < end) pause(LOCK_STEP);
    if (this.commit()) return true;
    if (this.#lost === undefined) this.#lose(new StoreError("another program keeps it locked"));
    throw new StoreLost(this.#lost!);
  }

  /**
   * Reads or writes something that the result of a command depends on. In a cluster that is repeated for as long as another process
   * may have the database locked.
   *
   * @param use Changes nothing if it throws.
   * @throws {StoreError}
   * @throws {StoreLost} in a cluster.
   */
  require<T>(use: () => T): T {
    if (!this.#inCluster) return use();
    for (const end = performance.now() + LOCK_TIMEOUT;; pause(LOCK_STEP)) {
      try {
        return use();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (performance.now() < end) continue;
        this.#lose(error);
        throw new StoreLost(error);
      }
    }
  }

  /** This node of a cluster has to leave. Nothing is delivered from now on. */
  #lose(error: StoreError): false {
    this.#lost = error;
    this.#delivery.stop();
    this.#observer.storeLost?.(error);
    return false;
  }

  /** Whether lines of rooms, or changes of them, are pending. */
  get #hasPending(): boolean {
    return this.#pendingTexts.size + this.#pendingReactions.size > 0;
  }

  #forgetPending() {
    this.#pending = [];
    this.#pendingTexts.clear();
    this.#pendingReactions.clear();
  }

  /** Adds a change of a line to those that are pending. Returns whether it is. */
  #note<T>(changes: Set<T>, change: T): boolean {
    if (!this.#history.persistent) return false;
    if (!this.#hasPending) this.#observer.flushWanted();
    if (this.#isReplay) return false;
    changes.add(change);
    return true;
  }

  #wantMarkersStored() {
    if (this.#isReplay) return; // they are stored after it
    if (this.#history.readMarkers.hasPending) this.#observer.flushWanted();
  }

  #report(error: StoreError | undefined) {
    if (this.#failing === (error !== undefined)) return;
    this.#failing = error !== undefined;
    if (error === undefined) this.#observer.storeRecovered();
    else this.#observer.storeFailed(error);
  }
}

/** Blocks the event loop for some milliseconds. */
function pause(time: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
}

/** Names the reactions of a member to a line. */
function reactionKey(line: number, member: Pick<Actor, "origin" | "account">): string {
  return `${line} ${reactorKey(member)}`;
}

/** Whether lines of a style are stored: what users say, but not what their programs tell each other. */
export function isStored({ style }: Pick<Line, "style">): boolean {
  return style === "say" || style === "action" || style === "notice";
}
