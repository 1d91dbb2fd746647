/** How far users have read, as protocols see it. */
import { type Answer, settle, then } from "./answer.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import type { Whispered } from "./events.ts";
import { type HistoryReader, readable } from "./history_reader.ts";
import type { Member, Session } from "./member.ts";
import { fold, isNick } from "./names.ts";
import type { Nicknames } from "./nicknames.ts";
import type { ReadMarkerStore } from "./read_marker_store.ts";
import type { Room } from "./room.ts";
import { requireReadable } from "./scope.ts";

/** Upper bound on the new lines of a room that are counted. */
export const NEW_COUNTED = 500;

/** The lines of a room that a member has not read. */
export interface NewLines {
  /** They have greater ids than this. */
  readonly after: number;
  /** How many there are: one more than {@linkcode NEW_COUNTED} if there are more than that. */
  readonly count: number;
}

/**
 * Up to when each member has read its rooms and private conversations. Those of an account are the same for all of its
 * sessions, and are stored. Those of other members, also of those whose tokens have a scope, end with them.
 */
export interface ReadMarkers {
  /**
   * Up to when a member has read a room that it is in, or its conversation with a nickname, in milliseconds since 1970;
   * `undefined` if it is not known.
   *
   * @throws {ChatError} `nick-invalid`, `history-unreadable` or `token-room`
   */
  get(member: Member, where: Room | string): number | undefined;
  /**
   * Notes that a member has read up to a time, if that is later than before. A time in the future means now. The sessions of the
   * member are notified.
   *
   * @returns Up to when it has read.
   * @throws {ChatError} as `get`, and `not-in-room`
   */
  advance(member: Member, where: Room | string, time: number): Answer<number>;
  /**
   * The lines of a room that a member has not read; `undefined` if it is not known up to when it has read.
   *
   * @param fallback When it was last here, if that is known, in milliseconds since 1970.
   * @throws {ChatError} `history-unreadable` or `token-room`
   */
  newLines(member: Member, room: Room, fallback?: number): NewLines | undefined;
}

/** Submits the commands. */
export class AuthoredReadMarkers implements ReadMarkers {
  readonly #store: ReadMarkerStore;
  readonly #history: HistoryReader;
  readonly #nicknames: Pick<Nicknames, "conversationName">;
  readonly #submit: (command: CommandOf<"mark-read">) => Answer<void>;

  /** @param submit Submits a command. @throws {ChatError} if it is rejected. */
  constructor(
    store: ReadMarkerStore,
    history: HistoryReader,
    nicknames: Pick<Nicknames, "conversationName">,
    submit: (command: CommandOf<"mark-read">) => Answer<void>,
  ) {
    this.#store = store;
    this.#history = history;
    this.#nicknames = nicknames;
    this.#submit = submit;
  }

  get(member: Member, where: Room | string): number | undefined {
    const isName = typeof where === "string";
    requireReadable(member, isName ? undefined : where.key);
    if (isName && !isNick(where)) throw new ChatError("nick-invalid", where);
    const { fullAccount: account, readMarkers } = member;
    const key = isName ? fold(this.#nicknames.conversationName(where)) : where;
    if (account === undefined) return readMarkers?.get(key);
    return readable(() => this.#store.get(fold(account), typeof key === "string" ? key : key.key));
  }

  advance(member: Member, where: Room | string, time: number): Answer<number> {
    const known = this.get(member, where) ?? -Infinity;
    const reached = Math.min(time, Date.now());
    if (reached <= known) return known;
    const target = typeof where === "string" ? { nick: where } : { room: where.key };
    return then(this.#submit({ op: "mark-read", member: member.id, target, time: reached }), () => reached);
  }

  newLines(member: Member, room: Room, fallback?: number): NewLines | undefined {
    const read = this.get(member, room);
    const first = read === undefined ? fallback : read + 1;
    if (first === undefined) return undefined;
    const after = this.#history.firstIdSince(first, member, [room]) - 1;
    return { after, count: this.#history.countAfter(room, after, NEW_COUNTED + 1) };
  }

  /**
   * To be called when a member has sent private messages from a session whose client does not tell what is read: the
   * conversations count as read.
   */
  written(member: Member, messages: readonly (Whispered | ChatError | undefined)[]): void {
    if (member.fullAccount === undefined) return; // no other device could need it
    for (const message of messages) {
      if (message === undefined || message instanceof ChatError) continue;
      this.#tryAdvance(() => this.advance(member, message.to, message.time));
    }
  }

  /**
   * To be called before sessions of a member disconnect or log out: the rooms and private messages that they are shown count as
   * read, if their clients do not tell what is.
   */
  sessionsEnd(member: Member, sessions: readonly Session[]): void {
    if (member.fullAccount === undefined) return; // its markers end with it
    if (!sessions.some(({ readsShown }) => readsShown)) return;
    for (const { shownPrivate } of sessions) {
      for (const [nick, time] of shownPrivate ?? []) this.#tryAdvance(() => this.advance(member, nick, time));
    }
    for (const room of member.rooms.values()) this.roomLeft(member, room, sessions);
  }

  /** To be called before sessions are no longer shown a room: it counts as read, as in `sessionsEnd`. */
  roomLeft(member: Member, room: Room, sessions: readonly Session[]): void {
    if (room.closed || room.hasLines === false || !room.has(member)) return;
    const hasRead = (session: Session) => session.readsShown && session.attended && room.sessions.has(session);
    if (!sessions.some(hasRead)) return;
    this.#tryAdvance(() => {
      const [last] = this.#history.latest(room, 1);
      if (last !== undefined) return this.advance(member, room, last.time);
    });
  }

  #tryAdvance(advance: () => Answer<unknown>) {
    settle(advance, (error) => error instanceof ChatError); // the history cannot be read now: the lines stay unread
  }
}
