/** Applies the commands that concern a line that was said before: reactions, and deleting its text. */
import { isMuted, requireUnmuted, requireVoice } from "./access.ts";
import type { Audience } from "./broadcast.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, LinePlace, SessionId } from "./commands.ts";
import { accountPrefix, conversationName, conversationTarget } from "./conversations.ts";
import type { Reacted, Redacted } from "./events.ts";
import type { Member, Session } from "./member.ts";
import { fold } from "./names.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { tellOthers } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";
import { findReceiver, type Receiver } from "./whisper_command.ts";

/** The most characters of a reaction: emoji are sequences of up to some ten code points. */
export const REACTION_MAX = 32;

/** Characters without a space, of which at least one is neither a mark nor invisible. */
const REACTION = /^(?=.*[^\p{C}\p{M}])[^\p{Z}\p{Cc}\p{Cs}]+$/u;

/**
 * Whether a text can be a reaction: an emoji or a short word, without spaces and what `sanitize` removes, and not invisible.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isReaction } from "./line_commands.ts";
 *
 * assert(isReaction("👍🏽") && isReaction("+1") && isReaction("👩‍👩‍👧"));
 * assert(!isReaction("") && !isReaction("two words") && !isReaction("x".repeat(33)) && !isReaction("\u202e"));
 * ```
 */
export function isReaction(text: string): boolean {
  return text.length <= REACTION_MAX && text.isWellFormed() && REACTION.test(text) && sanitize(text) === text;
}

/**
 * Tells the members of the room, or both sides of the conversation, of a reaction.
 *
 * @throws {ChatError} `muted`, `cannot-speak`, `not-in-room`, `reaction-invalid`, `no-such-user` or `not-stored`
 */
export function react(state: ChatState, { member: id, session, to, line, text, on }: CommandOf<"react">): Reacted {
  const member = state.requireMember(id);
  requireUnmuted(state.muted, member);
  if (!isReaction(text)) throw new ChatError("reaction-invalid", text);
  const place = placeOf(state, member, to);
  if ("room" in place) requireVoice(place.room, member);
  const event: Reacted = {
    kind: "reacted",
    ...change(state, member, place, line),
    text: copyString(text),
    on,
    bot: member.bot,
  };
  const reaction = { ...member.actor(), text: event.text, time: event.time };
  if ("room" in place) {
    const { room } = place;
    const isPending = state.storage.react(room.key, line.id, reaction, on);
    announce(member, session, room, event, isPending, state.ignores.audience(event, room));
    return event;
  }
  const { receiver } = place;
  const isIgnored = receiver.member !== undefined && state.ignores.ignores(receiver.member, event);
  const targets = targetsOf(member, receiver).slice(0, isIgnored ? 1 : 2); // the member's own side is the first
  state.storage.reactPrivate(targets, line.id, reaction, on);
  tell(state, member, session, receiver, event, isIgnored);
  return event;
}

/**
 * Deletes the text of a line, and tells the members of the room, or both sides of the conversation.
 *
 * @throws {ChatError} `not-in-room`, `not-own-line`, `no-such-user` or `not-stored`
 */
export function redact(state: ChatState, command: CommandOf<"redact">): Redacted {
  const { member: id, session, to, line, own, reason } = command;
  const member = state.requireMember(id);
  const place = placeOf(state, member, to);
  const mayDelete = own || member.operator || ("room" in place && place.room.holds(member, "op"));
  if (!mayDelete) throw new ChatError("not-own-line", line.who);
  const event: Redacted = {
    kind: "redacted",
    ...change(state, member, place, line),
    reason: isMuted(state.muted, member) ? undefined : reason && copyString(reason),
    ...own ? { own } : {},
  };
  const by = own ? event.line.who : event.who; // authors may have changed their nicknames
  if ("room" in place) {
    announce(member, session, place.room, event, state.storage.redact(place.room.key, event.line, by));
    return event;
  }
  state.storage.redactPrivate(targetsOf(member, place.receiver), event.line, by);
  tell(state, member, session, place.receiver, event, false);
  return event;
}

/** Where a line is: in a room, or in a private conversation. */
type Place = { readonly room: Room } | { readonly receiver: Receiver };

function placeOf(state: ChatState, member: Member, to: LinePlace): Place {
  if ("room" in to) return { room: state.requireRoom(to.room) };
  const name = "member" in to ? state.requireMember(to.member).nick : to.account;
  return { receiver: findReceiver(state, member, name, "say") };
}

function change(state: ChatState, member: Member, place: Place, { id, who, text }: CommandOf<"react">["line"]) {
  return {
    ...member.actor(),
    line: { id, who: copyString(who), text: copyString(text) },
    to: "room" in place ? place.room.name : place.receiver.nick,
    id: state.ids.next(state.now),
    time: state.now,
  };
}

/** The history targets that have a private line: one for each side, that of the member first. */
function targetsOf(member: Member, { nick, member: other }: Receiver): string[] {
  const name = conversationName(member);
  const own = conversationTarget(member, other === undefined ? nick : conversationName(other));
  if (other === member) return [own];
  return [own, other === undefined ? accountPrefix(nick) + fold(name) : conversationTarget(other, name)];
}

/**
 * Announces a change in a room.
 *
 * @param isPending Whether the change is not committed yet: then it must not be told before the next commit.
 * @param audience The sessions that are told; all, unless given.
 */
function announce(
  member: Member,
  from: SessionId | undefined,
  room: Room,
  event: Reacted | Redacted,
  isPending: boolean,
  audience?: Audience<Session>,
) {
  const session = member.session(from);
  room.sessions.announce(event, session === undefined || session.echo ? undefined : [session], isPending, audience);
}

/**
 * Commits a change in a private conversation, and tells both sides of it.
 *
 * @param isIgnored Whether the other side ignores the member, and is not told.
 * @throws {ChatError} `not-stored`
 */
function tell(
  state: ChatState,
  member: Member,
  from: SessionId | undefined,
  { nick, member: other }: Receiver,
  event: Reacted | Redacted,
  isIgnored: boolean,
) {
  if (!state.storage.commitPrivate(0)) throw new ChatError("not-stored", nick);
  if (other !== undefined && !isIgnored) other.tell(event.to === other.nick ? event : { ...event, to: other.nick });
  if (other !== member) tellOthers(member, from, { ...event, to: nick, forAuthor: true });
}
