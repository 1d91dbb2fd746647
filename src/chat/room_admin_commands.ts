/** Applies the commands of owners: transfer, members, renaming and deleting rooms; and those about owners. */
import { isNewRoomName, requireOwner } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, RoomKey } from "./commands.ts";
import { SERVER } from "./events.ts";
import { requireReason, requireTopic } from "./lengths.ts";
import { fold, LOBBY } from "./names.ts";
import { isAccount } from "./nicknames.ts";
import type { Room } from "./room.ts";
import {
  accountOf,
  announceModes,
  endPower,
  giveRole,
  requireRoleGiver,
  requireRoleTaker,
  takeRole,
} from "./role_changes.ts";
import type { ChatState } from "./state.ts";
import { StoreError } from "./store.ts";
import { notify } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";

/** The most members of a room that can be renamed or deleted: each of them is told in lines of its own. */
export const CROWD_MAX = 500;

/**
 * Makes another account the owner, and the owner an operator.
 *
 * @returns The account that is the owner now.
 * @throws {ChatError} `not-in-room`, `not-owner`, `no-account` or `roles-full`
 */
export function transfer(state: ChatState, { member: id, room: key, name }: CommandOf<"transfer">): string {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireOwner(room, member);
  const account = accountOf(state, name);
  if (isAccount(account, member.fullAccount)) return account;
  const changes = giveRole(state, room, account, "owner", member);
  changes.push(...giveRole(state, room, member.fullAccount!, "op", member));
  announceModes(room, member.actor(), changes);
  return account;
}

/**
 * Lets an account always enter the room, or takes its role, whichever it has.
 *
 * @returns The account.
 * @throws {ChatError} `not-in-room`, `not-operator`, `not-owner`, `no-account`, `no-role`, `room-unowned` or `roles-full`
 */
export function role(state: ChatState, { member: id, room: key, name, on }: CommandOf<"role">): string {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireRoleGiver(room, member);
  const account = !on && room.roles.of(name) !== undefined ? name : accountOf(state, name);
  if (on) {
    if (!room.roles.owned) throw new ChatError("room-unowned", room.name);
    if (room.roles.of(account) === undefined) giveRole(state, room, account, "member", member);
    return account;
  }
  if (room.roles.of(account) === undefined) throw new ChatError("no-role", account, room.name);
  requireRoleTaker(room, member, account);
  announceModes(room, member.actor(), takeRole(state, room, account));
  endPower(state, room);
  state.closeIfEmpty(room); // it may have lasted only because of this role
  return account;
}

/**
 * Has a server operator make an account an owner of a room.
 *
 * @returns The account.
 * @throws {ChatError} `not-server-operator`, `not-in-room`, `room-fixed`, `no-account` or `roles-full`
 */
export function appoint(state: ChatState, { member: id, room: key, name }: CommandOf<"appoint">): string {
  const member = state.requireMember(id);
  if (!member.operator) throw new ChatError("not-server-operator", member.nick);
  const room = state.requireRoom(key);
  if (room.key === LOBBY) throw new ChatError("room-fixed", room.name);
  const account = accountOf(state, name);
  announceModes(room, member.actor(), giveRole(state, room, account, "owner", member));
  return account;
}

/**
 * Takes the role of an account that is deleted, in one room. Does nothing if it has none.
 *
 * A room that has no owner then, and no operator who is in, keeps its modes: a private room must not open to everyone by this.
 * A server operator can appoint an owner.
 */
export function disown(state: ChatState, { room: key, account }: CommandOf<"disown">): void {
  const room = state.rooms.get(key);
  if (room?.roles.of(account) === undefined) return;
  announceModes(room, SERVER, takeRole(state, room, account));
  room.ruled &&= room.operators.size > 0;
  state.closeIfEmpty(room); // it may have lasted only because of this role
}

/**
 * Deletes a room with its history. Its members are told that they were removed from it.
 *
 * @throws {ChatError} `not-in-room`, `not-owner`, `room-crowded` or `history-unreadable`
 */
export function destroy(state: ChatState, { member: id, room: key }: CommandOf<"destroy">): void {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireOwner(room, member);
  requireFew(room);
  stored(() => state.deleteRoom(room));
  for (const guest of room.invited) guest.invitations.delete(key);
  room.invited.clear();
  const actor = member.actor();
  const inside = [...room.members];
  for (const each of inside) {
    each.tell({ kind: "kicked", room: room.name, ...actor, whom: each.nick, reason: "The room was deleted" });
    state.removeFromRoom(each, room);
  }
  state.audiences.clear();
  // Last, as a handler may give another command.
  for (const { sessions } of inside) {
    for (const each of [...sessions]) {
      notify(each, (handlers) => handlers.kicked?.(room));
    }
  }
}

/**
 * Renames a room, which keeps its members, settings, roles and history. The old name is free.
 *
 * @throws {ChatError} `not-in-room`, `not-owner`, `room-invalid`, `room-taken`, `room-crowded`, `reason-too-long`,
 *   `text-too-long` or `history-unreadable`
 */
export function renameRoom(state: ChatState, command: CommandOf<"rename-room">): void {
  const member = state.requireMember(command.member);
  const room = state.requireRoom(command.room);
  const { key: before, name: from } = room;
  requireOwner(room, member);
  const name = copyString(command.name);
  const key = fold(name);
  const holder = state.rooms.get(key);
  if (holder === room ? name === from : holder !== undefined) throw new ChatError("room-taken", name);
  if (!isNewRoomName(name)) throw new ChatError("room-invalid", name);
  requireFew(room);
  if (room.topic !== undefined) requireTopic(room.topic.text, name);
  const reason = command.reason === undefined ? undefined : sanitize(command.reason);
  if (reason !== undefined) requireReason(reason, `${from} ${name}`);
  stored(() => state.storage.renameRoom(room, name));
  room.rename(name);
  state.rooms.delete(before);
  state.rooms.set(key, room);
  for (const each of room.members) {
    each.rooms.delete(before);
    each.rooms.set(key, room);
    state.saveMember(each);
  }
  for (const guest of room.invited) {
    guest.invitations.delete(before);
    guest.invitations.add(key);
  }
  if (key !== before) {
    followRename(state, before, key);
    renameLinks(state, before, key);
    state.storage.require(() => state.observer.roomRenamed(before, key));
  }
  state.audiences.clear();
  room.sessions.announce({ kind: "room-renamed", ...member.actor(), from, room: name, reason });
  for (const { sessions } of room.members) {
    for (const each of sessions) notify(each, (handlers) => handlers.roomRenamed?.(room, from, reason));
  }
}

/** Lets members whose token permits one room alone have that room under its new name. */
function followRename(state: ChatState, from: RoomKey, to: RoomKey) {
  for (const member of state.members.values()) { // 1 ms for 100,000
    const { scope } = member;
    if (scope === undefined || scope.room !== from) continue;
    member.scope = { ...scope, room: to };
    for (const session of member.sessions) if (session.token) session.token = { ...session.token, room: to };
  }
}

/** Has invite links lead to a room under its new name. */
function renameLinks(state: ChatState, from: RoomKey, to: RoomKey) {
  try {
    state.storage.require(() => state.links.renameRoom(from, to));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error; // else only the file has the old name, until the next use of the link
  }
}

function requireFew(room: Room) {
  if (room.members.size > CROWD_MAX) throw new ChatError("room-crowded", String(CROWD_MAX), room.name);
}

/** Writes to the history. @throws {ChatError} `history-unreadable` */
function stored(write: () => void) {
  try {
    write();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new ChatError("history-unreadable", error.message);
  }
}
