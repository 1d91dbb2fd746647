/** Applies the commands that concern rooms: joining, leaving, topics and modes. */
import {
  isMuted,
  isNewRoomName,
  joinBar,
  mayForceEntry,
  requireIn,
  requireOperator,
  requirePowerOver,
  requireUnmuted,
} from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, Invitee, ModesResult } from "./commands.ts";
import type { Invited } from "./events.ts";
import { requireReason, requireTopic } from "./lengths.ts";
import type { Member, Session } from "./member.ts";
import { changeMode } from "./mode_changes.ts";
import { type ModeChange, NEW_ROOM, RANK_OF } from "./modes.ts";
import { fold, LOBBY } from "./names.ts";
import { announceModes, endPower, foundRoom, giveRole, restoreRank } from "./role_changes.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { notify, sessionsOf, tellEach } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";

/** The most invitations that a member can have. A further one replaces the oldest. */
export const INVITATIONS_MAX = 50;

/**
 * A member that creates a room owns it if it is logged in, and else is its operator. A member that joins gets the rank of its
 * role.
 *
 * @throws {ChatError} `room-invalid`, `room-confusable`, `too-many-rooms`, `rooms-full`, `banned`, `login-required`,
 * `invite-only`, `wrong-key` or `room-full`
 */
export function join(state: ChatState, { member: id, session, room: name, key }: CommandOf<"join">): Room {
  const member = state.requireMember(id);
  const from = member.session(session);
  const found = state.rooms.get(fold(name));
  if (found === undefined && !isNewRoomName(name)) throw new ChatError("room-invalid", name);
  if (found === undefined && state.roomNames.isConfusable(name)) throw new ChatError("room-confusable", name);
  if (found?.has(member)) {
    if (from !== undefined) show(state, from, found);
    return found;
  }
  if (member.rooms.size >= state.limits.maxJoined) throw new ChatError("too-many-rooms", name);
  if (found !== undefined) requireEntry(state, found, member, key);
  else if (state.rooms.size >= state.limits.maxRooms) throw new ChatError("rooms-full", name);
  const room = found ?? state.createRoom(name, state.now);
  state.addToRoom(member, room);
  if (from !== undefined) show(state, from, room);
  if (found === undefined) {
    for (const mode of NEW_ROOM) room.switches.add(mode);
    foundRoom(state, room, member);
  } else restoreRank(room, member);
  for (const other of [...member.sessions]) if (other !== from) notify(other, (handlers) => handlers.joined?.(room));
  return room;
}

/** Has the lines of a room sent to a session, from now on. Which rooms a session is shown is not part of the state. */
export function show(state: ChatState, session: Session, room: Room): void {
  room.sessions.add(session);
  state.audiences.clear();
}

/** No longer has the lines of a room sent to a session. */
export function hide(state: ChatState, session: Session, room: Room): void {
  room.sessions.delete(session);
  state.audiences.clear();
}

function requireEntry(state: ChatState, room: Room, member: Member, key: string | undefined) {
  const bar = joinBar(room, member, key);
  if (bar === undefined) return;
  if (!mayForceEntry(room, member)) throw new ChatError(bar, room.name);
  state.observer.entryForced(member, room);
}

/** @throws {ChatError} `not-in-room`, `reason-too-long` or `text-too-long` */
export function leave(state: ChatState, { member: id, session, room: key, reason }: CommandOf<"leave">): void {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireIn(room, member);
  const why = reasonOf(state, member, room, reason);
  state.removeFromRoom(member, room);
  state.audiences.clear();
  const { name, members } = room;
  room.sessions.announce({
    kind: "left",
    room: name,
    ...member.actor(),
    reason: why,
    size: members.size,
    quit: false,
    own: true,
  });
  endPower(state, room);
  state.closeIfEmpty(room);
  for (const other of [...member.sessions]) {
    if (other.id !== session) {
      notify(other, (handlers) => handlers.left?.(room, why));
    }
  }
}

/** @throws {ChatError} `not-in-room`, `not-operator`, `not-owner`, `no-such-user`, `user-not-in-room`, `reason-too-long` or `text-too-long` */
export function kick(state: ChatState, { member: id, room: key, nick, reason }: CommandOf<"kick">): Member {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireOperator(room, member);
  const target = state.findIn(room, nick);
  requirePowerOver(room, member, target);
  const why = reasonOf(state, member, room, reason);
  room.sessions.announce({ kind: "kicked", room: room.name, ...member.actor(), whom: target.nick, reason: why });
  state.removeFromRoom(target, room);
  state.audiences.clear();
  endPower(state, room);
  state.closeIfEmpty(room);
  for (const each of [...target.sessions]) notify(each, (handlers) => handlers.kicked?.(room)); // last, as it may give another command
  return target;
}

/** @throws {ChatError} `not-in-room`, `muted`, `not-operator`, `no-such-user`, `already-in-room` or `roles-full` */
export function invite(state: ChatState, { member: id, room: key, nick }: CommandOf<"invite">): Invitee {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireIn(room, member);
  requireUnmuted(state.muted, member);
  if (room.switches.has("i")) requireOperator(room, member);
  const target = state.nicknames.get(nick) ?? state.byAccount.get(fold(nick));
  if (target === undefined) return { nick: inviteAbsent(state, member, room, nick), member: undefined };
  if (room.has(target)) throw new ChatError("already-in-room", target.nick, room.name);
  // Any member may invite, but only an operator's invitation overrides bans, the key and the limit.
  if (room.holds(member, "op")) addInvitation(state, target, room);
  // An account that is invited into an invite-only room stays welcome there.
  const account = target.fullAccount;
  if (room.switches.has("i") && account !== undefined && room.roles.owned) {
    if (room.roles.of(account) === undefined && room.roles.hasPlaceFor(account)) {
      giveRole(state, room, account, "member", member);
    }
  }
  const event: Invited = {
    kind: "invited",
    room: room.name,
    ...member.actor(),
    whom: target.nick,
    forOperators: false,
  };
  if (!state.ignores.ignores(target, event)) target.tell(event);
  const others = Iterator.from(room.operators).filter((operator) => operator !== member);
  tellEach(sessionsOf(others), { ...event, forOperators: true });
  return { nick: target.nick, member: target };
}

/**
 * Lets an account that is not in the chat always enter an invite-only room, as its user cannot be told. Returns its name.
 *
 * @throws {ChatError} `no-such-user` or `roles-full`
 */
function inviteAbsent(state: ChatState, member: Member, room: Room, nick: string): string {
  const lasts = room.switches.has("i") && room.roles.owned;
  if (!lasts || !state.nicknames.isRegistered(nick)) throw new ChatError("no-such-user", nick);
  if (room.roles.of(nick) === undefined) giveRole(state, room, nick, "member", member);
  return copyString(nick);
}

/** Lets a member join a room in spite of its modes and bans. */
export function addInvitation(state: ChatState, member: Member, room: Room) {
  const { invitations } = member;
  const [oldest] = invitations;
  if (invitations.size >= INVITATIONS_MAX && !room.invited.has(member)) state.withdrawInvitation(member, oldest!);
  invitations.add(room.key);
  room.invited.add(member);
}

/** @throws {ChatError} `not-in-room`, `muted`, `not-operator`, `topic-too-long` or `text-too-long` */
export function topic(state: ChatState, { member: id, room: key, topic }: CommandOf<"topic">): void {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireIn(room, member);
  requireUnmuted(state.muted, member);
  if (room.switches.has("t")) requireOperator(room, member);
  const text = copyString(sanitize(topic).trim());
  requireTopic(text, room.name);
  room.topic = text === "" ? undefined : { text, by: member.origin, at: state.now };
  state.storage.saveRoom(room);
  room.sessions.announce({ kind: "topic", room: room.name, ...member.actor(), topic: text });
}

/**
 * Makes the changes that are possible.
 *
 * @throws {ChatError} `not-in-room` or `not-operator`
 */
export function modes(state: ChatState, { member: id, room: key, changes }: CommandOf<"modes">): ModesResult {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireOperator(room, member);
  const made: ModeChange[] = [];
  const rejected: ChatError[] = [];
  for (const change of changes) {
    try {
      made.push(...changeMode(state, member, room, change));
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      rejected.push(error);
    }
  }
  if (made.length > 0) {
    // Ranks are not saved; roles were, when they changed.
    if (made.some(({ mode }) => !(mode in RANK_OF))) state.storage.saveRoom(room);
    for (const change of made) {
      const ranked = "nick" in change && change.nick !== undefined ? state.nicknames.get(change.nick) : undefined;
      if (ranked !== undefined) state.saveMember(ranked);
    }
    announceModes(room, member.actor(), made);
    endPower(state, room);
  }
  return { made, rejected };
}

/**
 * Does nothing if the room has members or a line that its author had not seen, or is the lobby.
 *
 * @throws {StoreError} if the history cannot delete the room. It stays then.
 */
export function drop(state: ChatState, { room: key, seen }: CommandOf<"drop">): void {
  const room = state.rooms.get(key);
  if (room === undefined || room.members.size > 0 || key === LOBBY || room.lastLine > seen) return;
  state.deleteRoom(room);
}

/** A reason as other members get it: none from a muted member. @throws {ChatError} `reason-too-long` or `text-too-long` */
function reasonOf(state: ChatState, member: Member, room: Room, reason: string | undefined): string | undefined {
  if (reason === undefined || isMuted(state.muted, member)) return undefined;
  const text = sanitize(reason);
  requireReason(text, room.name);
  return text;
}
