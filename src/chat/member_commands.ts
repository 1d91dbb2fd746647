/** Applies the commands that concern one member: its connection, nickname, account and flags. */
import { isMuted, requireUnmuted } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import { type CommandOf, USER_FLAGS, type UserFlag } from "./commands.ts";
import type { ChatEvent, Left, Renamed } from "./events.ts";
import { clipRealname, isReason, requireReason } from "./lengths.ts";
import { IGNORED_MAX, ignoreName } from "./ignore_lists.ts";
import { type LocalSession, Member } from "./member.ts";
import { fold } from "./names.ts";
import { isAccount } from "./nicknames.ts";
import type { ChatState } from "./state.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";

/** @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable` or `nick-registered` */
export function connect(
  state: ChatState,
  { id, nick, identity }: CommandOf<"connect">,
  { format, outlet }: LocalSession,
): Member {
  state.nicknames.requireAvailable(nick, undefined, identity.account);
  const user = copyString(identity.user);
  const realname = copyString(clipRealname(sanitize(identity.realname)));
  const member = new Member(copyString(nick), { ...identity, user, realname }, format, outlet, id, state.now);
  state.members.set(id, member);
  state.nicknames.add(member);
  state.peak = Math.max(state.peak, state.members.size);
  state.monitor.online(member);
  return member;
}

/** Does nothing when the member has disconnected already. */
export function disconnect(state: ChatState, { member: id, reason, own }: CommandOf<"disconnect">): void {
  const member = state.members.get(id);
  if (member !== undefined) remove(state, member, reason, own);
}

/** @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered` or `muted` */
export function rename(state: ChatState, { member: id, nick }: CommandOf<"rename">): void {
  const member = state.requireMember(id);
  state.nicknames.requireAvailable(nick, member);
  if (nick === member.nick) return;
  // A nickname can be a message. The member's own one is not.
  if (!isAccount(nick, member.account)) requireUnmuted(state.muted, member);
  setNick(state, member, nick);
}

/** @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable` or `nick-registered` */
export function reclaim(
  state: ChatState,
  { member: id, nick, reason }: CommandOf<"reclaim">,
): Member | undefined {
  const member = state.requireMember(id);
  const holder = state.nicknames.get(nick);
  if (!isAccount(nick, member.account)) throw new ChatError("nick-registered", nick);
  state.nicknames.requireFree(nick, holder ?? member);
  if (holder === member) return undefined;
  if (holder !== undefined) remove(state, holder, reason, false);
  setNick(state, member, nick);
  return holder;
}

export function login(state: ChatState, { member: id, account }: CommandOf<"login">): void {
  const member = state.requireMember(id);
  setAccount(state, member, account);
  member.onAccount?.();
}

export function logout(state: ChatState, { member: id }: CommandOf<"logout">): void {
  const member = state.requireMember(id);
  setAccount(state, member, undefined);
  member.onAccount?.();
}

/** @throws {ChatError} `muted`, `reason-too-long` or `text-too-long` */
export function away(state: ChatState, { member: id, message }: CommandOf<"away">): void {
  const member = state.requireMember(id);
  if (message !== undefined) requireUnmuted(state.muted, member);
  const text = message === undefined ? undefined : copyString(sanitize(message));
  if (text !== undefined) requireReason(text);
  if (text === member.away) return;
  member.away = text;
  announceChange(state, member, { kind: "away", ...member.actor(), message: text }, false);
}

/** @throws {ChatError} `muted` */
export function realname(state: ChatState, { member: id, realname }: CommandOf<"realname">): void {
  const member = state.requireMember(id);
  requireUnmuted(state.muted, member);
  member.realname = copyString(clipRealname(sanitize(realname)));
  announceChange(state, member, { kind: "realname", ...member.actor(), realname: member.realname }, true);
}

/** @throws {ChatError} `ignores-full` */
export function ignore(state: ChatState, { member: id, name, on }: CommandOf<"ignore">): void {
  const member = state.requireMember(id);
  if (on && !state.ignores.add(member, name)) throw new ChatError("ignores-full", name);
  const { account } = member;
  for (const each of account === undefined ? [member] : state.members.values()) {
    if (each.account?.length !== account?.length) continue; // most members; comparing in any case takes longer
    if (each !== member && !isAccount(account!, each.account)) continue;
    if (on) state.ignores.add(each, name);
    else state.ignores.delete(each, name);
    each.tell({ kind: "ignore", ...each.actor(), name, on });
  }
}

/** Does nothing when the member has disconnected. Users beyond the limit are left out. */
export function ignored(state: ChatState, { member: id, names }: CommandOf<"ignored">): void {
  const member = state.members.get(id);
  if (member === undefined) return;
  state.ignores.clear(member);
  for (const name of names.slice(0, IGNORED_MAX)) state.ignores.add(member, name);
}

/** Does nothing when the member has disconnected. */
export function flag(state: ChatState, { member: id, flag, on }: CommandOf<"flag">): void {
  const member = state.members.get(id);
  if (member !== undefined) setFlag(state, member, flag, on);
}

function setFlag(state: ChatState, member: Member, flag: UserFlag, on: boolean) {
  if (member[flag] === on) return;
  member[flag] = on;
  state.flagCounts[flag] += on ? 1 : -1;
}

/** Removes a member from the chat, and announces once to each other member that it has quit. */
function remove(state: ChatState, member: Member, reason: string | undefined, own: boolean) {
  state.members.delete(member.id);
  const told = reason === undefined || (own && isMuted(state.muted, member)) ? undefined : sanitize(reason);
  // A client that is gone cannot be asked for a shorter reason.
  const why = own && told !== undefined && !isReason(told) ? undefined : told;
  for (const flag of USER_FLAGS) setFlag(state, member, flag, false);
  const rooms = [...member.rooms.values()];
  for (const room of rooms) state.removeFromRoom(member, room);
  const actor = member.actor();
  for (const { room, audience } of state.audiences.of(rooms)) {
    const { name, members } = room;
    const event: Left = { kind: "left", ...actor, room: name, reason: why, size: members.size, quit: true, own };
    members.announce(event, undefined, false, audience);
  }
  for (const room of rooms) state.closeIfEmpty(room);
  for (const key of member.invitations) state.withdrawInvitation(member, key);
  state.nicknames.remove(member);
  state.whowas.add(member, state.now);
  state.monitor.offline(member);
  state.delivery.remove(member);
  state.monitor.clear(member);
  state.ignores.clear(member);
}

/** Announces a change of a member in its rooms, and to those that monitor it. `self`: whether it is told, too. */
function announceChange(state: ChatState, member: Member, event: ChatEvent, self: boolean) {
  state.announceAround(member, event, self);
  state.monitor.changed(member, event);
}

/** Gives a member a nickname that is free, and announces it. */
function setNick(state: ChatState, member: Member, nick: string) {
  const event: Renamed = { kind: "renamed", ...member.actor(), to: nick };
  const isSame = fold(nick) === fold(member.nick);
  state.nicknames.remove(member);
  if (!isSame) {
    state.whowas.add(member, state.now);
    state.monitor.offline(member);
  }
  member.nick = copyString(nick);
  state.nicknames.add(member);
  state.ignores.delete(member, ignoreName(member)); // of a guest that it has ignored, and whose nickname it has now
  for (const room of member.rooms.values()) room.recheckBans(member);
  state.announceAround(member, event, true);
  if (!isSame) state.monitor.online(member);
}

/** Logs a member in or out. It becomes a guest if its nickname is, or looks like, that of another account. */
function setAccount(state: ChatState, member: Member, account: string | undefined) {
  if (member.account === account) return;
  member.account = account;
  announceChange(state, member, { kind: "account", ...member.actor() }, false);
  if (state.nicknames.registrationConflict(member.nick, account) !== undefined) {
    setNick(state, member, state.nicknames.guestName());
  }
}
