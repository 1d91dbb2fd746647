/** Reads the history: lines of rooms and private conversations, by id, time or words. */
import type { Steps } from "../util/steps.ts";
import { ChatError } from "./chat_error.ts";
import { accountPrefix, conversationPrefix, conversationTarget } from "./conversations.ts";
import type { Said } from "./events.ts";
import { firstId, type Ids, timeOf } from "./ids.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { Room } from "./room.ts";
import { requireReadable } from "./scope.ts";
import {
  type HistoryRange,
  type HistoryStore,
  type Line,
  type ReactionsTo,
  type SearchQuery,
  StoreError,
} from "./store.ts";
import type { WriteBehind } from "./write_behind.ts";

/** Reads a history. Each method commits pending lines first if it could find them. */
export class HistoryReader {
  readonly #history: HistoryStore;
  readonly #storage: Pick<WriteBehind, "commitLines" | "commitLine">;
  readonly #ids: Pick<Ids, "isAheadOf">;
  readonly #nameOf: (nick: string) => string;

  /**
   * @param storage Commits pending lines.
   * @param ids Where the ids of lines come from.
   * @param nameOf The name of the user with a nickname in the conversations of others: see `conversationName`.
   */
  constructor(
    history: HistoryStore,
    storage: Pick<WriteBehind, "commitLines" | "commitLine">,
    ids: Pick<Ids, "isAheadOf">,
    nameOf: (nick: string) => string = (nick) => nick,
  ) {
    this.#history = history;
    this.#storage = storage;
    this.#ids = ids;
    this.#nameOf = nameOf;
  }

  /** The last lines of a room, the oldest first. @throws {ChatError} `history-unreadable` */
  latest(room: Room, count: number): Said[] {
    return this.page(room, { count });
  }

  /** Lines of a room, the oldest first. @throws {ChatError} `history-unreadable` */
  page(room: Room, range: HistoryRange): Said[] {
    return this.#read((history) => history.page(room.key, range)).filter(isSaid);
  }

  /**
   * Lines of a member's private conversation with a nickname, the oldest first.
   *
   * @throws {ChatError} `history-unreadable` or `token-room`
   */
  conversation(member: Member, nick: string, range: HistoryRange): Line[] {
    requireReadable(member);
    return this.#read((history) => history.page(this.#target(member, nick), range));
  }

  /**
   * Whether a room, or a member's conversation with a nickname, has a line.
   *
   * @throws {ChatError} `history-unreadable` or `token-room`
   */
  hasLine(member: Member, where: Room | string, id: number): boolean {
    if (typeof where === "string") requireReadable(member);
    this.#storage.commitLine(id);
    return readable(() => this.#history.has(this.#target(member, where), id));
  }

  /**
   * A line of a room, or of a member's conversation with a nickname; `undefined` if there is none with that id.
   *
   * @throws {ChatError} `history-unreadable` or `token-room`
   */
  line(member: Member, where: Room | string, id: number): Line | undefined {
    requireReadable(member, typeof where === "string" ? undefined : where.key);
    return this.#read((history) => history.line(this.#target(member, where), id));
  }

  /**
   * A line of a room, or of a member's conversation with a nickname, without its reply, reactions and mentions.
   *
   * @throws {ChatError} `no-such-line`, `history-unreadable` or `token-room`
   */
  bareLine(member: Member, where: Room | string, id: number): Line {
    requireReadable(member, typeof where === "string" ? undefined : where.key);
    this.#storage.commitLine(id);
    const line = readable(() => this.#history.bareLine(this.#target(member, where), id));
    if (line === undefined) throw new ChatError("no-such-line", typeof where === "string" ? where : where.name);
    return line;
  }

  /** How many reactions there are to a line, and those of the member. @throws {ChatError} `history-unreadable` */
  reactionsTo(member: Member, where: Room | string, id: number): ReactionsTo {
    this.#storage.commitLine(id, member);
    return readable(() => this.#history.reactionsTo(this.#target(member, where), id, member));
  }

  /**
   * Lines of rooms that mention the account of a member, the newest first, with the keys of the rooms. Whether the member may read these
   * rooms now is left to the caller.
   *
   * @param before Only lines with smaller ids.
   * @throws {ChatError} `history-unreadable`
   */
  mentions(member: Member, before: number, count: number): { room: string; line: Said }[] {
    const account = member.fullAccount;
    if (account === undefined) return [];
    const found = this.#read((history) => history.mentions(fold(account), before, count));
    return found.flatMap(({ target, line }) => isSaid(line) ? [{ room: target, line }] : []);
  }

  /**
   * The id that separates the lines of a time from those before: lines with it or a greater id were said at `time` or later.
   * It need not be the id of a line.
   *
   * @param time In milliseconds since 1970.
   * @param where Rooms, and nicknames of private conversations.
   * @throws {ChatError} `history-unreadable`
   */
  firstIdSince(time: number, member: Member, where: readonly (Room | string)[]): number {
    if (!this.#ids.isAheadOf(Date.now())) return firstId(time);
    return this.#read((history) => {
      return Math.min(...where.map((each) => history.firstSince(this.#target(member, each), time)));
    });
  }

  /** The number of lines of a room with greater ids, up to `max`. @throws {ChatError} `history-unreadable` */
  countAfter(room: Room, id: number, max: number): number {
    return this.#read((history) => history.countAfter(room.key, id, max));
  }

  /**
   * A member's private conversations, by the folded account or nickname of the other user, with their last lines.
   *
   * @throws {ChatError} `history-unreadable`
   */
  *conversations(member: Member): Steps<{ with: string; line: Line }[]> {
    if (member.scope?.room !== undefined) return []; // its token permits that room alone
    const prefix = conversationPrefix(member);
    const found = yield* this.#readSteps((history) => history.targets(prefix));
    return found.map(({ target, line }) => ({ with: target.slice(prefix.length), line }));
  }

  /**
   * The last lines of some rooms that match a query, the oldest first. Lines of the last moments may be missing. Lines from
   * before `unsearched`, in milliseconds since 1970, were not searched.
   *
   * @throws {ChatError} `history-unreadable`
   */
  *search(rooms: readonly Room[], query: SearchQuery): Steps<{ lines: Said[]; unsearched: number | undefined }> {
    const keys = rooms.map(({ key }) => key);
    const { lines, unsearched } = yield* this.#readSteps((history) => history.search(keys, query));
    return { lines: lines.filter(isSaid), unsearched: unsearched === 0 ? undefined : timeOf(unsearched) };
  }

  /**
   * Deletes the private conversations of an account, so that the next owner of its name cannot read them.
   *
   * @throws {ChatError} `history-unreadable`
   */
  *forgetConversations(account: string): Steps<void> {
    const prefix = accountPrefix(account);
    for (;;) {
      const found = yield* this.#readSteps((history) => history.targets(prefix));
      if (found.length === 0) return;
      for (const { target } of found) {
        this.#read((history) => history.deleteTarget(target));
        yield;
      }
    }
  }

  /** The history target of a room, or of a member's conversation with the user of a nickname. */
  #target(member: Member, where: Room | string): string {
    return typeof where === "string" ? conversationTarget(member, this.#nameOf(where)) : where.key;
  }

  #read<T>(read: (history: HistoryStore) => T): T {
    this.#storage.commitLines();
    return readable(() => read(this.#history));
  }

  *#readSteps<T>(read: (history: HistoryStore) => Steps<T>): Steps<T> {
    const steps = this.#read(read);
    for (;;) {
      const next = readable(() => steps.next());
      if (next.done) return next.value;
      yield;
    }
  }
}

/** Runs a read of the history. @throws {ChatError} `history-unreadable` */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new ChatError("history-unreadable", error.message);
  }
}

function isSaid(line: Line): line is Said {
  return line.kind === "said";
}
