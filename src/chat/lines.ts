/**
 * What members do to lines that were said before: they reply to them, react to them, and delete them.
 *
 * A line is known by its message id, and found in the history of this process; its author and its first words go into the
 * command, so that all nodes tell their clients the same.
 */
import { requireUnmuted, requireVoice } from "./access.ts";
import type { Answer } from "./answer.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, LinePlace } from "./commands.ts";
import type { Quote, Reacted, Redacted } from "./events.ts";
import type { HistoryReader } from "./history_reader.ts";
import { isAuthor } from "./line_author.ts";
import { isReaction } from "./line_commands.ts";
import type { Member, Session } from "./member.ts";
import type { MutedHosts } from "./muted_hosts.ts";
import { quoteOf } from "./quotes.ts";
import type { Room } from "./room.ts";
import { requireReadable, requireScope } from "./scope.ts";
import { type Line, REACTION_CHARACTERS, REACTIONS_MAX, REACTIONS_PER_MEMBER } from "./store.ts";

/** For how long authors may delete their lines, by default, in milliseconds. */
export const REDACT_TIME = 24 * 60 * 60_000;

/** Replies, reactions and deletions. A room, or the nickname of the other user in a private conversation, is the place of a line. */
export interface Lines {
  /** For how long authors may delete their lines, in milliseconds; Infinity for always, 0 for never. */
  readonly redactTime: number;
  /**
   * A line that the member can read and refer to, without its reply, reactions and mentions.
   *
   * @throws {ChatError} `no-such-line`, `not-in-room`, `token-room` or `history-unreadable`
   */
  find(member: Member, place: Room | string, id: number): Line;
  /**
   * Adds a reaction of a member to a line, or removes it.
   *
   * @param text An emoji or a short word: see `isReaction`.
   * @returns What all are told; `undefined` if the member has that reaction already, or has not.
   * @throws {ChatError} as `find`, and `muted`, `cannot-speak`, `reaction-invalid`, `reactions-full`, `line-deleted`,
   *   `stored-too-much`, `no-such-user`, `not-stored` or those of tokens with a scope
   */
  react(
    member: Member,
    place: Room | string,
    id: number,
    text: string,
    on: boolean,
    from?: Session,
  ): Answer<Reacted | undefined>;
  /**
   * Deletes the text of a line: the author may, within `redactTime`, operators of the room and server operators always may.
   *
   * @throws {ChatError} as `find`, and `line-deleted`, `not-own-line`, `redact-too-late`, `no-such-user`, `not-stored` or those of
   *   tokens with a scope
   */
  redact(member: Member, place: Room | string, id: number, reason?: string, from?: Session): Answer<Redacted>;
}

/** What the lines are of. */
interface LinesOptions {
  readonly history: HistoryReader;
  /** The hosts that are muted now. */
  readonly muted: () => MutedHosts;
  /** Whether another process has the database locked. */
  readonly isLocked: () => boolean;
  /** The member with a nickname. */
  readonly get: (nick: string) => Member | undefined;
  /** For how long authors may delete their lines, in milliseconds; Infinity for always, 0 for never. */
  readonly redactTime: number;
  readonly submit: <O extends "react" | "redact">(
    command: CommandOf<O>,
  ) => Answer<{ react: Reacted; redact: Redacted }[O]>;
  /** Counts characters that are to be stored. @throws {ChatError} `stored-too-much` */
  readonly requireStorage: (member: Member, from: Session | undefined, where: string, characters: number) => void;
}

/** Finds lines in the history, and submits commands. */
export class AuthoredLines implements Lines {
  readonly #options: LinesOptions;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  get redactTime(): number {
    return this.#options.redactTime;
  }

  find(member: Member, place: Room | string, id: number): Line {
    if (typeof place !== "string") {
      requireReadable(member, place.key);
      if (place.closed || (!place.has(member) && !member.operator)) throw new ChatError("not-in-room", place.name);
    }
    return this.#options.history.bareLine(member, place, id);
  }

  /** The quote of a line that a message replies to. @throws {ChatError} as `find` */
  quote(member: Member, place: Room | string, id: number | undefined): Quote | undefined {
    return id === undefined ? undefined : quoteOf(this.find(member, place, id));
  }

  react(
    member: Member,
    place: Room | string,
    id: number,
    text: string,
    on: boolean,
    from: Session | undefined = member.sessions[0],
  ): Answer<Reacted | undefined> {
    requireScope(member, keyOf(place));
    if (!isReaction(text)) throw new ChatError("reaction-invalid", text);
    const line = this.find(member, place, id);
    if (line.deletedBy !== undefined) throw new ChatError("line-deleted", nameOf(place));
    const { total, own } = this.#options.history.reactionsTo(member, place, id);
    if (own.includes(text) === on) return undefined;
    if (on) {
      if (total >= REACTIONS_MAX) throw new ChatError("reactions-full", String(REACTIONS_MAX));
      if (own.length >= REACTIONS_PER_MEMBER) throw new ChatError("reactions-full", String(REACTIONS_PER_MEMBER));
      requireUnmuted(this.#options.muted(), member); // before the reaction counts
      if (typeof place !== "string") requireVoice(place, member);
      this.#options.requireStorage(member, from, nameOf(place), REACTION_CHARACTERS);
    }
    this.#requireUnlocked(place);
    const command = { member: member.id, session: from?.id, to: this.#placeOf(place), line: quoteOf(line), text, on };
    return this.#options.submit<"react">({ op: "react", ...command });
  }

  redact(
    member: Member,
    place: Room | string,
    id: number,
    reason?: string,
    from: Session | undefined = member.sessions[0],
  ): Answer<Redacted> {
    requireScope(member, keyOf(place));
    const line = this.find(member, place, id);
    if (line.deletedBy !== undefined) throw new ChatError("line-deleted", nameOf(place));
    const isOwn = isAuthor(line, member);
    const own = isOwn && Date.now() - line.time <= this.#options.redactTime;
    const mayDelete = own || member.operator || (typeof place !== "string" && place.holds(member, "op"));
    if (!mayDelete) throw new ChatError(isOwn ? "redact-too-late" : "not-own-line", line.who);
    this.#requireUnlocked(place);
    const command = {
      member: member.id,
      session: from?.id,
      to: this.#placeOf(place),
      line: quoteOf(line),
      own,
      reason,
    };
    return this.#options.submit<"redact">({ op: "redact", ...command });
  }

  /** Checks that a change in a private conversation can be committed at once. @throws {ChatError} `not-stored` */
  #requireUnlocked(place: Room | string) {
    if (typeof place === "string" && this.#options.isLocked()) throw new ChatError("not-stored", place);
  }

  #placeOf(place: Room | string): LinePlace {
    if (typeof place !== "string") return { room: place.key };
    const other = this.#options.get(place);
    return other === undefined ? { account: place } : { member: other.id };
  }
}

function keyOf(place: Room | string): string | undefined {
  return typeof place === "string" ? undefined : place.key;
}

function nameOf(place: Room | string): string {
  return typeof place === "string" ? place : place.name;
}
