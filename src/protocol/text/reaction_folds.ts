/**
 * Folds reactions: the first one to a line of a room is shown at once; those that follow within a short time are shown together, in
 * one line, when the time is over.
 *
 * What is shown then is read from the history: reactions that were taken back or could not be stored are not among them, and none
 * are shown if the line was deleted.
 */
import type { Chat } from "../../chat/chat.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Quote, Reacted, Reaction } from "../../chat/events.ts";
import { reactorKey } from "../../chat/line_author.ts";
import { isRoom } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import { REACTIONS_MAX } from "../../chat/store.ts";

/** For how long reactions to a line are folded, after one was shown, in milliseconds. */
export const FOLD_TIME = 5000;

/** The most lines with folded reactions at a time. Reactions to further lines are shown at once. */
export const FOLDS_MAX = 1000;

/** The reactions to a line since one was shown. */
interface Fold {
  /** The room itself, as it may be renamed. */
  readonly room: Room;
  readonly line: Quote;
  /** The keys of the reactions that were not shown yet: see `keyOf`. */
  held: Set<string>;
  /** The last event, which is rendered for each of the formats with and without times, and whether it is shown. */
  last: { readonly id: number; readonly isShown: boolean };
}

/** The reactions of a text port that are not shown yet. */
export class ReactionFolds {
  readonly #chat: Pick<Chat, "getRoom" | "history" | "ignores">;
  readonly #folds = new Map<number, Fold>(); // by the id of the line

  constructor(chat: Pick<Chat, "getRoom" | "history" | "ignores">) {
    this.#chat = chat;
  }

  /** Whether a reaction is shown by itself. May be asked several times for the same one, before the next. */
  shows(event: Reacted): boolean {
    const { line, to, id } = event;
    if (!isRoom(to)) return true;
    const fold = this.#folds.get(line.id);
    if (fold === undefined) {
      const room = this.#chat.getRoom(to);
      if (event.on && room !== undefined && this.#folds.size < FOLDS_MAX) this.#open(event, room);
      return true;
    }
    if (fold.last.id !== id) fold.last = { id, isShown: !this.#hold(fold, event) };
    return fold.last.isShown;
  }

  /** Whether a reaction is one that will be shown later. */
  holds({ line, id }: Reacted): boolean {
    const fold = this.#folds.get(line.id);
    return fold?.last.id === id && !fold.last.isShown;
  }

  #open({ line, id }: Reacted, room: Room) {
    this.#folds.set(line.id, { room, line, held: new Set(), last: { id, isShown: true } });
    this.#wait(line.id);
  }

  #wait(line: number) {
    const timer = setTimeout(() => this.#show(line), FOLD_TIME);
    Deno.unrefTimer(Number(timer)); // a server that stops does not wait for it
  }

  /** Returns whether an event is not shown now: a reaction that is shown later, or one taken back that was not shown yet. */
  #hold({ held, room }: Fold, event: Reacted): boolean {
    const key = keyOf(event);
    if (!event.on) return held.delete(key);
    // Members that ignore the author are not told, and a folded line cannot have an audience for each of its reactions.
    if (this.#chat.ignores.isHidden(event, room)) return false;
    if (held.size >= REACTIONS_MAX) return false;
    held.add(key);
    return true;
  }

  /** Shows what was not shown yet, and waits for more; ends the fold if there is nothing. */
  #show(id: number) {
    const fold = this.#folds.get(id)!;
    const { room, line, held } = fold;
    const [member] = room.members;
    if (held.size === 0 || member === undefined) return void this.#folds.delete(id);
    fold.held = new Set();
    this.#wait(id);
    const reactions = this.#stored(() => this.#chat.history.line(member, room, id)?.reactions).filter((each) => {
      return held.has(keyOf(each));
    });
    if (reactions.length > 0) room.sessions.announce({ kind: "reactions-folded", line, reactions });
  }

  #stored(read: () => readonly Reaction[] | undefined): readonly Reaction[] {
    try {
      return read() ?? [];
    } catch (error) {
      if (!(error instanceof ChatError)) throw error; // a timer has no caller: that is a bug
      return []; // the history cannot be read
    }
  }
}

/** Identifies a reaction to a line: its text and its author. */
function keyOf(reaction: Pick<Reacted, "origin" | "account" | "text">): string {
  return `${reaction.text} ${reactorKey(reaction)}`;
}
