/** Applies the commands that deliver messages. */
import { isMuted, requireUnmuted, requireVoice } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, SessionId } from "./commands.ts";
import { conversationTarget } from "./conversations.ts";
import type { ChatEvent, Said, Tagged, Whispered } from "./events.ts";
import type { Member, Session } from "./member.ts";
import type { Rank } from "./modes.ts";
import type { Room } from "./room.ts";
import { takesPrivate } from "./scope.ts";
import type { ChatState } from "./state.ts";
import { sessionsOf, tellEach } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";
import { isStored } from "./write_behind.ts";

/**
 * Delivers a line to all members of the room, the author included; its session that wants no echo does not get it. Blank text is
 * ignored.
 *
 * @throws {ChatError} `muted`, `cannot-speak` or `not-in-room`
 */
export function say(state: ChatState, command: CommandOf<"say">): void {
  const member = state.requireMember(command.member);
  const room = state.requireRoom(command.room);
  requireUnmuted(state.muted, member);
  requireVoice(room, member);
  const { text, style, minRank } = command;
  if (text.trim() === "") return;
  const time = state.now;
  // A single literal without a spread, as it is made for every line.
  const said: Said = {
    kind: "said",
    who: member.nick,
    origin: member.origin,
    account: member.account,
    id: state.ids.next(time),
    text: copyString(text),
    style,
    time,
    tags: copyString(command.tags),
    bot: member.bot,
    room: room.name,
    minRank,
  };
  member.spokeAt = time;
  const from = member.session(command.session);
  if (minRank !== undefined) return tellRanked(state, room, said, member, from, minRank);
  const pending = isStored(said) && state.storage.addLine(room, said, member);
  const audience = state.ignores.audience(said, room);
  room.sessions.announce(said, from === undefined || from.echo ? undefined : [from], pending, audience);
}

/**
 * Delivers a message to each of some members. All copies are committed at once, which costs as much as one commit.
 *
 * @returns For each nickname: the message, `undefined` if the text is blank, or a ChatError: `muted`, `no-such-user`,
 *   `no-private-messages` or `not-stored`.
 */
export function whisper(state: ChatState, command: CommandOf<"whisper">): (Whispered | ChatError | undefined)[] {
  const member = state.requireMember(command.member);
  const messages = command.to.map((nick) => prepareMessage(state, member, nick, command));
  const count = messages.filter((message) => message !== undefined && "event" in message && message.stored).length;
  const committed = count === 0 || state.storage.commitPrivate(count);
  return messages.map((message) => {
    if (message === undefined || message instanceof ChatError) return message;
    const { to, event, stored, ignored } = message;
    if (stored && !committed) return new ChatError("not-stored", to.nick);
    member.spokeAt = event.time;
    if (!ignored) to.tell(event);
    if (to !== member) tellOthers(member, command.session, { ...event, forAuthor: true });
    return event;
  });
}

/** A message that is not delivered yet. */
interface Message {
  readonly to: Member;
  readonly event: Whispered;
  /** Whether it is in the history, and must be committed before it is delivered. */
  readonly stored: boolean;
  /** Whether the receiver ignores the author: then only the author has a copy, and is not told. */
  readonly ignored: boolean;
}

function prepareMessage(
  state: ChatState,
  member: Member,
  nick: string,
  { text, style, tags }: CommandOf<"whisper">,
): Message | ChatError | undefined {
  if (isMuted(state.muted, member)) return new ChatError("muted", member.nick);
  const to = state.nicknames.get(nick);
  if (to === undefined) return new ChatError("no-such-user", nick);
  if (!takesPrivate(to)) return new ChatError("no-private-messages", to.nick);
  if (text.trim() === "") return undefined;
  const event: Whispered = {
    kind: "whispered",
    to: to.nick,
    ...member.actor(),
    id: state.ids.next(state.now),
    text: copyString(text),
    style,
    time: state.now,
    tags: copyString(tags),
    bot: member.bot,
  };
  const ignored = state.ignores.ignores(to, event);
  const stored = state.storage.keepsPrivate && isStored(event);
  if (stored) {
    const targets = [conversationTarget(member, to.nick)];
    if (to !== member && !ignored) targets.push(conversationTarget(to, member.nick));
    state.storage.addPrivate(targets, event);
  }
  return { to, event, stored, ignored };
}

/** @throws {ChatError} `muted`, `no-such-user`, `no-private-messages`, `cannot-speak` or `not-in-room` */
export function tag(state: ChatState, { member: id, session, to, tags, minRank }: CommandOf<"tag">): Tagged {
  const member = state.requireMember(id);
  requireUnmuted(state.muted, member);
  const target = "room" in to ? state.requireRoom(to.room) : state.requireMember(to.member);
  if ("key" in target) requireVoice(target, member);
  else if (!takesPrivate(target)) throw new ChatError("no-private-messages", target.nick);
  const event: Tagged = {
    kind: "tagged",
    to: "key" in target ? target.name : target.nick,
    ...member.actor(),
    id: state.ids.next(state.now),
    time: state.now,
    tags,
    bot: member.bot,
    minRank,
  };
  const from = member.session(session);
  if ("nick" in target) {
    if (!state.ignores.ignores(target, event)) target.tell(event);
    if (target !== member) tellOthers(member, session, event);
  } else if (minRank !== undefined) tellRanked(state, target, event, member, from, minRank);
  else target.sessions.announce(event, from === undefined || from.echo ? undefined : [from]);
  return event;
}

export function notice(state: ChatState, { text }: CommandOf<"notice">): void {
  tellEach(state.sessions.values(), { kind: "notice", text });
}

export function wallops(state: ChatState, { member: id, text }: CommandOf<"wallops">): void {
  const member = state.requireMember(id);
  const receivers = state.members.values().filter(({ wallops }) => wallops);
  tellEach(sessionsOf(receivers), { kind: "wallops", ...member.actor(), text: sanitize(text) });
}

/** Sends an event to the members of a room that have a rank, and to its author; not to the session that wants no echo. */
function tellRanked(
  state: ChatState,
  room: Room,
  event: Said | Tagged,
  author: Member,
  from: Session | undefined,
  minRank: Rank,
) {
  const audience = state.ignores.audience(event, room);
  const receivers = Iterator.from(room.sessions).filter((session) => {
    if (session === from) return from.echo;
    return session.member === author || (room.holds(session.member, minRank) && audience?.has(session) !== false);
  });
  tellEach(receivers, event);
}

/** Sends an event to the sessions of its author but the one that has caused it, whose protocol confirms it. */
function tellOthers(author: Member, from: SessionId | undefined, event: ChatEvent) {
  for (const session of author.sessions) if (session.id !== from) session.tell(event);
}
