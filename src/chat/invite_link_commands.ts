/** Applies the commands that make, use and revoke invite links. */
import { requireUnmuted } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import {
  guestKey,
  type InviteLink,
  LINK_TIME_MAX,
  LINK_TIME_MIN,
  LINK_USES_MAX,
  personKey,
  requireUsable,
} from "./invite_links.ts";
import type { Member } from "./member.ts";
import { LOBBY } from "./names.ts";
import { addInvitation } from "./room_commands.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { StoreError } from "./store.ts";

/**
 * @throws {ChatError} `not-in-room`, `not-operator`, `account-required`, `muted`, `link-time-invalid`, `link-uses-invalid`,
 *   `links-full` or `links-unstored`
 */
export function addLink(state: ChatState, command: CommandOf<"link-add">): InviteLink {
  const { hash, time, uses } = command;
  const member = state.requireMember(command.member);
  const room = state.requireRoom(command.room);
  requireLinkMaker(room, member);
  requireUnmuted(state.muted, member);
  if (!(time >= LINK_TIME_MIN && time <= LINK_TIME_MAX)) throw new ChatError("link-time-invalid", String(time));
  if (uses !== undefined && !(uses >= 1 && uses <= LINK_USES_MAX)) {
    throw new ChatError("link-uses-invalid", String(LINK_USES_MAX));
  }
  const { now } = state;
  const link = { hash, room: room.key, by: member.nick, maker: personKey(member), since: now, until: now + time, uses };
  return stored(state, () => state.links.add(link));
}

/**
 * Invites a member to the room of a link, as its operators do. Other than their invitations, a link does not override a ban: its
 * maker does not know its users.
 *
 * @returns The name of the room.
 * @throws {ChatError} `link-unknown`, `link-expired`, `link-used-up`, `banned` or `links-unstored`
 */
export function takeLink(state: ChatState, { member: id, hash }: CommandOf<"link-use">): string {
  const member = state.requireMember(id);
  const link = state.links.find(hash);
  const room = link === undefined ? undefined : state.rooms.get(link.room);
  if (link === undefined || room === undefined) throw new ChatError("link-unknown", "");
  const guest = guestKey(member);
  requireUsable(link, room.name, state.now, guest !== undefined && link.guests.includes(guest));
  if (room.bans(member)) throw new ChatError("banned", room.name);
  stored(state, () => state.links.use(link, guest));
  if (!room.has(member)) addInvitation(state, member, room);
  state.observer.linkUsed(member, link);
  return room.name;
}

/** @throws {ChatError} `no-such-link`, also for one that the member may not revoke, or `links-unstored` */
export function removeLink(state: ChatState, { member: id, id: number }: CommandOf<"link-remove">): InviteLink {
  const member = state.requireMember(id);
  const link = state.links.get(number);
  if (link === undefined || !mayRevoke(link, state.rooms.get(link.room), member)) {
    throw new ChatError("no-such-link", String(number));
  }
  stored(state, () => state.links.remove(link));
  return link;
}

/**
 * Checks that a member may make links to a room: its operators, who need not be in it, and server operators. The lobby has no
 * operators, so every account may: its user could pass on the server password just as well.
 *
 * @throws {ChatError} `not-operator`, `not-in-room` or `account-required`
 */
function requireLinkMaker(room: Room, member: Member) {
  if (member.operator || mayOperate(room, member)) return;
  if (room.key !== LOBBY) throw new ChatError(room.has(member) ? "not-operator" : "not-in-room", room.name);
  if (member.fullAccount === undefined) throw new ChatError("account-required", member.nick);
}

/** Whether a member may see a link in lists, and revoke it. */
export function mayRevoke(link: InviteLink, room: Room | undefined, member: Member): boolean {
  if (member.operator || link.maker === personKey(member)) return true;
  return room !== undefined && mayOperate(room, member);
}

/** Whether a member is an operator of a room, or would be if it were in it. */
function mayOperate(room: Room, member: Member): boolean {
  if (room.holds(member, "op")) return true;
  const role = room.roleOf(member);
  return role === "owner" || role === "op";
}

/** Changes what is stored. @throws {ChatError} `links-unstored` */
function stored<T>(state: ChatState, change: () => T): T {
  try {
    return state.storage.require(change);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new ChatError("links-unstored", error.message);
  }
}
