/** Access rules: checks on members and rooms, which change nothing. */
import { ChatError } from "./chat_error.ts";
import type { Member } from "./member.ts";
import type { MutedHosts } from "./muted_hosts.ts";
import { accountMask } from "./modes.ts";
import { fold, isRoom, LOBBY } from "./names.ts";
import { rankOf } from "./roles.ts";
import type { Room } from "./room.ts";
import { skeleton } from "./skeleton.ts";

/** Whether a member may not say anything. Server operators are never muted. */
export function isMuted(muted: MutedHosts, member: Member): boolean {
  return muted.size > 0 && !member.operator &&
    (muted.has(member.host) || (member.account !== undefined && muted.has(accountMask(fold(member.account)))));
}

/** @throws {ChatError} `muted` */
export function requireUnmuted(muted: MutedHosts, member: Member): void {
  if (isMuted(muted, member)) throw new ChatError("muted", member.nick);
}

/** Checks that a member is in a room. @throws {ChatError} `not-in-room` */
export function requireIn(room: Room, member: Member): void {
  if (!room.has(member)) throw new ChatError("not-in-room", room.name);
}

/** Checks that a member is an operator of a room. @throws {ChatError} `not-in-room` or `not-operator` */
export function requireOperator(room: Room, member: Member): void {
  requireIn(room, member);
  if (!room.holds(member, "op")) throw new ChatError("not-operator", room.name);
}

/** Checks that the account of a member owns a room. It need not be in the room. @throws {ChatError} `not-owner` */
export function requireOwner(room: Room, member: Member): void {
  if (room.roleOf(member) !== "owner") throw new ChatError("not-owner", room.name);
}

/** Checks that a member may act against another one: only owners may act against an owner. @throws {ChatError} `not-owner` */
export function requirePowerOver(room: Room, member: Member, target: Member): void {
  if (room.holds(target, "owner") && !room.holds(member, "owner")) throw new ChatError("not-owner", room.name);
}

/**
 * Checks that a member may take another nickname: in no room where it is banned, as that could end the ban.
 *
 * @throws {ChatError} `banned-nick`
 */
export function requireNickChange(member: Member, nick: string): void {
  for (const room of member.rooms.values()) {
    if (room.bans(member) && !room.holds(member, "voice")) throw new ChatError("banned-nick", nick, room.name);
  }
}

/**
 * Checks that a member may speak in a room: it is in the room (or the room is `-n`), and is voiced or an operator where the
 * room is `+m` or the member is banned, or where the room is `+M` and the member is not logged in.
 *
 * @throws {ChatError} `cannot-speak`, `login-required` or `not-in-room`
 */
export function requireVoice(room: Room, member: Member): void {
  const inside = room.has(member);
  const { switches } = room;
  if (inside && !switches.has("m") && room.lists.b.size === 0 && !switches.has("M")) return; // the common case
  if (room.holds(member, "voice")) return;
  const external = !inside && room.switches.has("n");
  if (room.switches.has("m") || room.bans(member) || external) {
    throw new ChatError(external ? "not-in-room" : "cannot-speak", room.name);
  }
  if (switches.has("M") && member.account === undefined) throw new ChatError("login-required", room.name);
}

/**
 * Checks that a client may read a room without joining it: it could join, or its account is in.
 *
 * @param client The member that it would be.
 * @param known The member of its account, if there is one.
 * @param key The key of mode `k`.
 * @throws {ChatError} `banned`, `login-required`, `invite-only`, `wrong-key` or `room-full`
 */
export function requireEntryOf(client: Member, known: Member | undefined, room: Room, key: string | undefined): void {
  if (known !== undefined && (room.has(known) || known.invitations.has(room.key))) return;
  const bar = joinBar(room, client, key);
  if (bar !== undefined) throw new ChatError(bar, room.name);
}

/**
 * Checks that a client may speak in a room without joining it: it may enter, and speak there. That the room is for its members
 * alone (`+n`) does not matter, as it could join.
 *
 * @throws {ChatError} as `requireEntryOf`, and `cannot-speak` or `login-required`
 */
export function requireVoiceOf(client: Member, known: Member | undefined, room: Room, key: string | undefined): void {
  requireEntryOf(client, known, room, key);
  if (known !== undefined && room.has(known)) return requireVoice(room, known);
  if (rankOf(room.roleOf(client)) !== undefined) return;
  if (room.switches.has("m") || room.bans(client)) throw new ChatError("cannot-speak", room.name);
  if (room.switches.has("M") && client.account === undefined) throw new ChatError("login-required", room.name);
}

/** Whether a room may be created under a name. Rooms of older versions may have names that are invalid now. */
export function isNewRoomName(name: string): boolean {
  return isRoom(name) && skeleton(name) !== skeleton(LOBBY);
}

/**
 * Why a room rejects a member that wants to join, its key and its limit apart. An invitation overrides everything; a role
 * everything but bans.
 */
export function entryBar(room: Room, member: Member): "banned" | "login-required" | "invite-only" | undefined {
  if (member.invitations.has(room.key)) return undefined;
  if (room.bans(member)) return "banned";
  if (room.roleOf(member) !== undefined) return undefined;
  if (room.switches.has("R") && member.account === undefined) return "login-required";
  return room.switches.has("i") && !room.isInvitedByMask(member) ? "invite-only" : undefined;
}

/** Whether a room checks the key that a member gives to join. */
export function checksKey(room: Room, member: Member): boolean {
  return room.password !== undefined && !isAwaited(room, member) && entryBar(room, member) === undefined;
}

/** Why a room rejects a member that wants to join with a key, or none. */
export function joinBar(
  room: Room,
  member: Member,
  key: string | undefined,
): "banned" | "login-required" | "invite-only" | "wrong-key" | "room-full" | undefined {
  const bar = entryBar(room, member);
  if (bar !== undefined || isAwaited(room, member)) return bar;
  if (room.password !== undefined && key !== room.password) return "wrong-key";
  return room.members.size >= room.limit ? "room-full" : undefined;
}

/** Whether a member needs no key and no free place, as it was invited or has a role. */
function isAwaited(room: Room, member: Member): boolean {
  return member.invitations.has(room.key) || room.roleOf(member) !== undefined;
}

/** Whether a member may join a room that rejects it: a server operator may, where no member is left to open the room. */
export function mayForceEntry(room: Room, member: Member): boolean {
  return member.operator && room.members.size === 0;
}
