/**
 * The history in an SQLite file, which outlives the process.
 *
 * New lines are collected and committed in one transaction, as a transaction costs more than the lines in it: storing a
 * line takes some 3 µs. What can wait is done by `runStep`: the full-text index, the counts of `usage.ts`, the limits of
 * age, lines and size, and giving free pages back to the disk.
 */
import type { StatementSync } from "node:sqlite";
import type { Actor, Quote, Reaction } from "../chat/events.ts";
import { fold } from "../chat/names.ts";
import type { NodeHistory } from "../chat/node_history.ts";
import type { NodeState } from "../chat/node_state.ts";
import {
  type FoundLines,
  type HistoryRange,
  type Line,
  REACTION_CHARACTERS,
  type ReactionsTo,
  type Retention,
  type SavedRoom,
  type SearchQuery,
} from "../chat/store.ts";
import type { Steps } from "../util/steps.ts";
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";
import { CheckpointTable } from "./checkpoint_table.ts";
import { type Database, isLocked, storeError } from "./database.ts";
import { FileTable } from "./file_table.ts";
import { LateChanges } from "./late_changes.ts";
import { LineArchiveTable } from "./line_archive_table.ts";
import { LineCounts } from "./line_counts.ts";
import { LineDeletion } from "./line_deletion.ts";
import { LineExtras, PAGE_REACTIONS_MAX } from "./line_extras.ts";
import { LineLimit } from "./line_limit.ts";
import { firstSaidSince } from "./line_times.ts";
import { MaintenanceSteps } from "./maintenance_steps.ts";
import { Position } from "./position.ts";
import { PresenceTable } from "./presence_table.ts";
import { Purge } from "./purge.ts";
import { ReadMarkerTable } from "./read_marker_table.ts";
import { Redaction } from "./redaction.ts";
import { type MessageRow, rowLimit, styleCode } from "./rows.ts";
import { searchFile } from "./search_source.ts";
import { SizeLimit } from "./size_limit.ts";
import { replaceState } from "./state_replacement.ts";
import { Statements } from "./statements.ts";
import { Sweep } from "./sweep.ts";
import { TargetDeletion } from "./target_deletion.ts";
import { isRoomKey, type Target, Targets } from "./targets.ts";
import { Usage } from "./usage.ts";
import { WordIndex } from "./word_index.ts";
import { Writers } from "./writers.ts";

/** How many lines are read at a time: their characters and reactions may allow for fewer than are wanted. */
const PAGE_STEP = 50;

/** A line for the next commit. */
interface PendingLine {
  readonly target: string;
  readonly line: Line;
  /** Whether its command may have been applied before, and its line be stored: see `position.ts`. */
  readonly again: boolean;
}

/** A change of a line for the next commit, after those that were added before. */
interface PendingChange {
  readonly target: string;
  readonly apply: () => void;
}

/** Stores lines and rooms in a file. */
export class SqliteHistory implements NodeHistory {
  readonly persistent = true;
  readonly last: number;
  readonly secret: Uint8Array;
  readonly checkpoints: CheckpointTable;
  readonly archive: LineArchiveTable;
  readonly presence: PresenceTable;
  readonly readMarkers: ReadMarkerTable;
  /** Uploaded files. They expire with lines of the same age, and do not count for the size of the retention. */
  readonly files: FileTable;

  readonly #file: Database;
  readonly #sql: Statements;
  readonly #insert: StatementSync;
  readonly #position: Position;
  readonly #targets: Targets;
  readonly #index: WordIndex;
  readonly #writers = new Writers();
  readonly #usage: Usage;
  readonly #counts: LineCounts;
  readonly #lineLimit: LineLimit;
  readonly #targetDeletion: TargetDeletion;
  readonly #extras: LineExtras;
  readonly #redaction: Redaction;
  readonly #lateChanges: LateChanges;
  readonly #maintenance: MaintenanceSteps;

  #pendingLines: (PendingLine | PendingChange)[] = [];
  #pendingRooms = new Map<string, SavedRoom>();

  /**
   * @param clock Decides which lines have expired.
   * @throws {StoreError}
   */
  constructor(
    file: Database,
    { age = Infinity, lines = Infinity, size = Infinity }: Partial<Retention> = {},
    clock: ExpiryClock = WALL_CLOCK,
  ) {
    this.#file = file;
    try {
      const sql = this.#sql = new Statements(file.db);
      this.#insert = sql.prepare(
        `INSERT INTO message (target, id, time, style, origin, recipient, text, tags, bot, account, reply, extras)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.secret = sql.get<{ value: Uint8Array }>("SELECT value FROM secret")!.value;
      // By target: the primary key has the greatest id of each.
      this.last = sql.get<{ last: number | null }>(
        "SELECT max((SELECT max(id) FROM message WHERE target = target.id)) AS last FROM target",
      )!.last ?? 0;
      const extras = this.#extras = new LineExtras(sql);
      this.#position = new Position(sql);
      this.checkpoints = new CheckpointTable(sql, this.#position);
      this.presence = new PresenceTable(sql);
      const targets = this.#targets = new Targets(sql);
      const readMarkers = this.readMarkers = new ReadMarkerTable(sql, targets);
      const index = this.#index = new WordIndex(sql);
      const usage = this.#usage = new Usage(sql, this.#writers, lines !== Infinity || size !== Infinity);
      const files = this.files = new FileTable(sql, file.reserve);
      files.limit({ age, clock });
      const counts = this.#counts = new LineCounts(lines !== Infinity);
      sql.onRollback(() => counts.clear());
      const lineDeletion = new LineDeletion(sql, targets, index, usage, counts, files);
      const lineLimit = this.#lineLimit = new LineLimit(lines, sql, targets, usage, counts, lineDeletion);
      const targetDeletion = this.#targetDeletion = new TargetDeletion(sql, {
        targets,
        index,
        usage,
        lineLimit,
        lineDeletion,
        readMarkers,
      });
      const insert = (key: string, line: Line) => this.insert(key, line);
      const purge = new Purge(sql, index);
      const redaction = this.#redaction = new Redaction(sql, { index, usage, extras, purge, lineDeletion });
      const redact = (target: number, id: number, by: string) => void redaction.redact(target, id, by);
      const lateChanges = this.#lateChanges = new LateChanges(sql, {
        react: (target, id, reaction, on) => extras.react(target, id, reaction, on),
        redact,
      });
      this.archive = new LineArchiveTable(sql, { targets, index, usage, insert, redact, lateChanges });
      const sizeLimit = new SizeLimit(size, sql, usage, lineDeletion, targetDeletion, files);
      const sweep = new Sweep(age, clock, this.last, sql, { targets, lineLimit, lineDeletion, targetDeletion });
      const { checkpoints } = this;
      const parts = { sql, index, usage, sweep, lineLimit, sizeLimit, targetDeletion, checkpoints, files, purge };
      this.#maintenance = new MaintenanceSteps(parts);
    } catch (error) {
      throw storeError(error);
    }
  }

  setNetwork(host: string, network: string): void {
    this.#writers.setNetwork(host, network);
  }

  get markerSection(): ReadMarkerTable {
    return this.readMarkers;
  }

  get position(): number | undefined {
    return this.#position.current;
  }

  set position(position: number | undefined) {
    this.#position.current = position;
  }

  get storedPosition(): number {
    return this.#position.stored;
  }

  get settledPosition(): number {
    return this.#position.settled;
  }

  adoptPosition(position: number): void {
    this.#position.current = position;
    this.#position.replace(position);
  }

  adoptSecret(secret: Uint8Array): void {
    this.#sql.write(() => this.#sql.prepare("UPDATE secret SET value = ?").run(secret));
    this.secret.set(secret); // in place: others hold it
  }

  /**
   * Replaces rooms and presence by those of a snapshot, in steps: see `state_replacement.ts`. The directory is not part of it.
   *
   * @throws {StoreError}
   */
  replaceState(state: NodeState): Steps<void> {
    const parts = {
      sql: this.#sql,
      targets: this.#targets,
      targetDeletion: this.#targetDeletion,
      position: this.#position,
    };
    const { presence, readMarkers, checkpoints, archive, last } = this;
    return convertStepErrors(replaceState({ ...parts, presence, readMarkers, checkpoints, archive, last }, state));
  }

  add(target: string, line: Line): void {
    if (this.#position.isReplay) return;
    this.#pendingLines.push({ target, line, again: this.#position.mayRepeat });
  }

  react(target: string, id: number, reaction: Reaction, on: boolean): void {
    this.#addChange(target, id, (found) => this.#extras.react(found, id, reaction, on), (place) => {
      this.#lateChanges.addReaction(place, id, reaction, on);
    });
  }

  redact(target: string, { id }: Quote, by: string): void {
    this.#addChange(target, id, (found) => this.#redaction.redact(found, id, by), (place) => {
      this.#lateChanges.addRedaction(place, id, by);
    });
  }

  forgetMentions(account: string): void {
    if (!this.#position.isReplay) convertErrors(() => this.#extras.forgetMentions(account));
  }

  saveRoom(room: SavedRoom): void {
    if (this.#position.isReplay) return;
    this.#pendingRooms.set(fold(room.name), room);
  }

  get ready(): boolean {
    return !this.#hasPending || this.#sql.tryBegin();
  }

  commit(complete = true): boolean {
    const position = this.#position;
    if (position.isReplay) return false; // markers name rooms as they are named after the replay
    const lines = this.#pendingLines;
    const rooms = this.#pendingRooms;
    if (!this.#hasPending) {
      if (complete) position.pass();
      return false;
    }
    this.#pendingLines = [];
    this.#sql.write(() => {
      for (const [key, room] of rooms) this.#targets.saveRoom(key, room);
      for (const pending of lines) {
        if ("apply" in pending) pending.apply();
        else if (!pending.again || !this.#isStored(pending.target, pending.line)) {
          this.insert(pending.target, pending.line);
        }
      }
      this.presence.write();
      const isAll = this.readMarkers.write();
      position.write(complete && isAll);
    });
    position.confirm();
    this.#pendingRooms = new Map();
    this.presence.confirm();
    this.readMarkers.confirm();
    return true;
  }

  page(target: string, range: HistoryRange): Line[] {
    const { after = 0, before = Number.MAX_SAFE_INTEGER, first = false, count, characters = Infinity } = range;
    return convertErrors(() => {
      const found = this.#targets.find(target);
      if (found === undefined) return [];
      const sql = `SELECT * FROM message WHERE target = ? AND id > ? AND id < ?
        ORDER BY id ${first ? "ASC" : "DESC"} LIMIT ?`;
      const lines: Line[] = [];
      let [left, low, high] = [characters, after, before];
      let reactionsLeft = PAGE_REACTIONS_MAX;
      while (lines.length < count) {
        const wanted = Math.min(PAGE_STEP, count - lines.length);
        const rows = this.#sql.all<MessageRow>(sql, found.id, low, high, rowLimit(wanted));
        const reactions = this.#extras.countReactions(found.id, rows);
        const fitting = rows.findIndex((row, n) => {
          const count = reactions.get(row.id) ?? 0;
          left -= row.text.length + row.tags.length + REACTION_CHARACTERS * count;
          reactionsLeft -= count;
          return (left < 0 || reactionsLeft < 0) && lines.length + n > 0;
        });
        lines.push(...this.#extras.linesOf(found.id, fitting < 0 ? rows : rows.slice(0, fitting), found.name));
        if (fitting >= 0 || rows.length < wanted) break;
        if (first) low = rows.at(-1)!.id;
        else high = rows.at(-1)!.id;
      }
      return first ? lines : lines.reverse();
    });
  }

  line(target: string, id: number): Line | undefined {
    return this.page(target, { after: id - 1, before: id + 1, count: 1 })[0];
  }

  bareLine(target: string, id: number): Line | undefined {
    return convertErrors(() => {
      const found = this.#targets.find(target);
      return found && this.#extras.bareLine(found.id, id, found.name);
    });
  }

  reactionsTo(target: string, id: number, member: Pick<Actor, "origin" | "account">): ReactionsTo {
    return convertErrors(() => {
      const found = this.#targets.find(target);
      return found === undefined ? { total: 0, own: [] } : this.#extras.reactionsTo(found.id, id, member);
    });
  }

  mentions(account: string, before: number, count: number): { target: string; line: Line }[] {
    return convertErrors(() => this.#extras.mentions(account, before, rowLimit(count)));
  }

  has(target: string, id: number): boolean {
    return convertErrors(() => {
      const found = this.#targets.find(target);
      if (found === undefined) return false;
      return this.#sql.get("SELECT 1 FROM message WHERE target = ? AND id = ?", found.id, id) !== undefined;
    });
  }

  countAfter(target: string, id: number, max: number): number {
    return convertErrors(() => {
      const found = this.#targets.find(target);
      if (found === undefined) return 0;
      const sql = `SELECT count(*) AS count FROM (SELECT 1 FROM message WHERE target = ? AND id > ? LIMIT ?)`;
      return this.#sql.get<{ count: number }>(sql, found.id, id, rowLimit(max))!.count;
    });
  }

  firstSince(target: string, time: number): number {
    return convertErrors(() => {
      const found = this.#targets.find(target);
      if (found === undefined) return Infinity;
      return firstSaidSince(this.#sql, this.#targets, found.id, time, Date.now());
    });
  }

  search(targets: readonly string[], query: SearchQuery): Steps<FoundLines> {
    return convertStepErrors(searchFile(this.#sql, this.#targets, this.#extras, targets, query));
  }

  targets(prefix: string): Steps<{ target: string; line: Line }[]> {
    return convertStepErrors(this.#targets.latest(prefix, this.#extras));
  }

  rooms(): SavedRoom[] {
    return convertErrors(() => this.#targets.rooms());
  }

  deleteTarget(target: string): void {
    this.#pendingRooms.delete(target);
    this.#pendingLines = this.#pendingLines.filter((each) => each.target !== target);
    this.readMarkers.cancel(target);
    if (this.#position.isReplay) return;
    convertErrors(() => this.#targetDeletion.delete(target));
  }

  deleteConversations(prefix: string): void {
    this.#pendingLines = this.#pendingLines.filter(({ target }) => !target.startsWith(prefix));
    if (!this.#position.isReplay) convertErrors(() => this.#targetDeletion.deleteConversations(prefix));
  }

  renameRoom(key: string, name: string): void {
    if (!this.#position.isReplay) {
      this.#sql.write(() => {
        this.#targets.rename(key, fold(name), name);
        this.#position.write(false); // else an earlier rename could be repeated, though its new name is that of another room
      });
      this.#position.confirm();
    }
    this.readMarkers.renameRoom(key, fold(name));
  }

  get overdue(): boolean {
    return this.#maintenance.overdue;
  }

  runStep(onRoomExpired: (room: string) => void): boolean {
    try {
      return this.#maintenance.run(onRoomExpired);
    } catch (error) {
      if (isLocked(error)) return true; // another program has locked the file: later
      throw storeError(error);
    }
  }

  close(): void {
    this.#file.close();
  }

  /** Inserts a line, within a transaction of the caller. */
  insert(key: string, line: Line): void {
    const { id } = this.#targets.find(key) ?? this.#addTarget(key, line);
    const { origin, style, text, time, tags, account } = line;
    const recipient = line.kind === "whispered" ? line.to : null;
    const bot = line.bot ? 1 : 0;
    const hasExtras = line.reactions !== undefined || (line.kind === "said" && line.mentions !== undefined);
    const [code, reply, extras] = [styleCode(style), line.reply?.id ?? null, hasExtras ? 1 : 0];
    this.#insert.run(id, line.id, time, code, origin, recipient, text, tags, bot, account ?? null, reply, extras);
    if (hasExtras || line.deletedBy !== undefined) this.#extras.add(id, line);
    if (isRoomKey(key)) this.#index.schedule(id);
    this.#usage.schedule(id);
    this.#lineLimit.lineAdded(id);
  }

  /** Adds a line in a room to the full-text index, within a transaction of the caller. */
  indexLine(room: number, line: Line): void {
    this.#index.insert(room, line);
  }

  /** Has all lines counted again, before lines are inserted among those that were. */
  recount(): void {
    this.#usage.recount();
  }

  /** Adds a change of a line. One that is not stored yet, as this node catches up, is changed later. */
  #addChange(
    target: string,
    id: number,
    apply: (target: number) => void,
    applyLater: (place: string | number) => void,
  ) {
    if (this.#position.isReplay) return;
    this.#pendingLines.push({
      target,
      apply: () => {
        const found = this.#targets.find(target)?.id;
        const isLate = id <= (this.archive.catchUp?.until ?? 0) && !this.#isStored(target, { id });
        if (!isLate && found !== undefined) apply(found);
        else if (isLate && !isRoomKey(target)) applyLater(target);
        else if (isLate && found !== undefined) applyLater(found);
      },
    });
  }

  get #hasPending(): boolean {
    const { presence, readMarkers } = this;
    return this.#pendingLines.length > 0 || this.#pendingRooms.size > 0 || presence.hasPending ||
      readMarkers.hasPending;
  }

  #isStored(key: string, { id }: Pick<Line, "id">): boolean {
    const target = this.#targets.find(key)?.id;
    const sql = "SELECT 1 FROM message WHERE target = ? AND id = ?";
    return target !== undefined && this.#sql.get(sql, target, id) !== undefined;
  }

  #addTarget(key: string, line: Line): Target {
    const target = this.#targets.add(key, line);
    this.#counts.set(target.id, 0);
    return target;
  }
}

/** Runs a function, and converts its errors to StoreError. */
function convertErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw storeError(error);
  }
}

/** Runs steps, and converts their errors to StoreError. */
function* convertStepErrors<T>(steps: Steps<T>): Steps<T> {
  try {
    return yield* steps;
  } catch (error) {
    throw storeError(error);
  }
}
