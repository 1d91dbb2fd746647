/** Applies the commands that deliver messages; those in private are in `whisper_command.ts`. */
import { requireUnmuted, requireVoice } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import type { Said, Tagged } from "./events.ts";
import type { Member, Session } from "./member.ts";
import { mentionedAccounts } from "./mentions.ts";
import { fold } from "./names.ts";
import type { Rank } from "./modes.ts";
import type { Room } from "./room.ts";
import { takesPrivate } from "./scope.ts";
import type { ChatState } from "./state.ts";
import { sessionsOf, tellEach, tellOthers } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";
import { isStored } from "./write_behind.ts";

/**
 * Checks whether a line may be said now, without saying it.
 *
 * @throws {ChatError} `muted`, `cannot-speak` or `not-in-room`
 */
export function requireMaySay(state: ChatState, { member: id, room: key }: CommandOf<"say">): void {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireUnmuted(state.muted, member);
  requireVoice(room, member);
}

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
    reply: command.reply,
    room: room.name,
    minRank,
    mentions: state.byAccount.size === 0 ? undefined : mentionsOf(state, command, member, room),
  };
  member.spokeAt = time;
  const from = member.session(command.session);
  if (minRank !== undefined) return tellRanked(state, room, said, member, from, minRank);
  const pending = isStored(said) && state.storage.addLine(room, said, member);
  const audience = state.ignores.audience(said, room);
  room.sessions.announce(said, from === undefined || from.echo ? undefined : [from], pending, audience);
}

/** The accounts that a line mentions. A reply mentions the author of the line that it replies to. */
export function mentionsOf(
  state: ChatState,
  { text, style, reply }: Pick<CommandOf<"say">, "text" | "style" | "reply">,
  member: Member,
  room: Room,
): string[] | undefined {
  if (!isStored({ style })) return undefined;
  const find = (name: string) => state.nicknames.get(name) ?? state.byAccount.get(fold(name));
  return mentionedAccounts(reply === undefined ? text : `${reply.who} ${text}`, member, room, find);
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

export function notice(state: ChatState, { text, to }: CommandOf<"notice">): void {
  tellEach(addressed(state, to), { kind: "notice", text });
}

function addressed(state: ChatState, to: CommandOf<"notice">["to"]): Iterable<Session> {
  if (to === undefined) return state.sessions.values();
  if ("member" in to) return state.members.get(to.member)?.sessions ?? [];
  const session = state.sessions.get(to.session);
  return session === undefined ? [] : [session];
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
