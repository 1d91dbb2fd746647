/**
 * Commands of room owners, shared by the protocols: what each does, and the sentences that the user gets for it.
 *
 * Functions throw a `ChatError` for what cannot be done.
 */
import type { Chat } from "../chat/chat.ts";
import { ChatError } from "../chat/chat_error.ts";
import type { Member, Session } from "../chat/member.ts";
import { rankOf, type Role, type RoleName } from "../chat/roles.ts";
import type { Room } from "../chat/room.ts";
import { formatDateTime } from "../util/datetime.ts";
import type { ModerationContext } from "./moderation.ts";

/** How long the first request to delete a room waits for the second one, in milliseconds. */
export const CONFIRM_TIME = 60_000;

/** What a role is called. */
const ROLE_NAMES: Readonly<Record<RoleName, string>> = {
  owner: "an owner",
  op: "an operator",
  voice: "a member with a voice",
  member: "a member",
};

/** The prefix of each role in a list of members; a member has none. */
export const ROLE_PREFIXES: Readonly<Record<RoleName, string>> = { owner: "~", op: "@", voice: "+", member: "" };

/** The session of a member, as the commands of room owners see it. */
export interface RoomAdminContext {
  readonly chat: Chat;
  readonly moderation: ModerationContext;
  readonly session: Session;
  readonly member: Member;
}

/** The rooms that users have asked to delete on a device, until they ask again there. */
const asked = new WeakMap<Session, { readonly room: Room; readonly at: number }>();

/** Makes another account the owner of a room. */
export async function transfer({ chat, member }: RoomAdminContext, room: Room, name: string): Promise<string> {
  const account = await chat.admin.transfer(member, room, name);
  return `${account} owns ${room.name} now.`;
}

/**
 * Lists the roles of a room, a line each: `~alice, an owner since 2026-11-20 14:05`.
 *
 * @throws {ChatError} `not-in-room`: only members of the room, and accounts that have a role in it, can see them
 */
export function listRoles({ member }: RoomAdminContext, room: Room): string[] {
  if (!room.has(member) && room.roleOf(member) === undefined) throw new ChatError("not-in-room", room.name);
  if (room.roles.size === 0) return [`${room.name} belongs to no account.`];
  return [...room.roles].map(describeRole);
}

function describeRole({ account, role, since }: Role): string {
  return `${ROLE_PREFIXES[role]}${account}, ${ROLE_NAMES[role]} since ${formatDateTime(since, 0)}`;
}

/** Lists the bans of a room, a line each: `bob (*!*@host), by alice since 2026-11-20 14:05`. A mask may have no nickname. */
export function listBans(room: Room): string[] {
  const bans = [...room.lists.b.values()];
  if (bans.length === 0) return [`${room.name} has no bans.`];
  return bans.map(({ mask, nick, by, at }) => {
    const who = nick === undefined ? mask : `${nick} (${mask})`;
    return `${who}, by ${by.split("!")[0]} since ${formatDateTime(at, 0)}`;
  });
}

/** Lets an account always enter a room, or takes its role. */
export async function setMember(
  { chat, member }: RoomAdminContext,
  room: Room,
  name: string,
  on: boolean,
): Promise<string> {
  const account = await chat.admin.setMember(member, room, name, on);
  if (!on) return `${account} has no role in ${room.name} any more.`;
  return `${account} is ${ROLE_NAMES[room.roles.of(account) ?? "member"]} of ${room.name}, and can always enter.`;
}

/** Has a server operator make an account an owner of a room. Written to the audit log. */
export async function appoint(
  { chat, moderation, member }: RoomAdminContext,
  room: Room,
  name: string,
): Promise<string> {
  const account = await chat.admin.appoint(member, room, name);
  moderation.audit("appointed owner", member, `${room.name} ${account}`);
  return `${account} is an owner of ${room.name} now.`;
}

/**
 * Deletes a room with its history, when it is asked for twice within a minute on the same device.
 *
 * @param again How the user repeats the command.
 */
export async function destroy({ chat, session, member }: RoomAdminContext, room: Room, again: string): Promise<string> {
  if (room.roleOf(member) !== "owner") throw new ChatError("not-owner", room.name);
  const before = asked.get(session);
  const now = performance.now();
  if (before?.room !== room || now - before.at > CONFIRM_TIME) {
    asked.set(session, { room, at: now });
    return `This deletes ${room.name} and its history for good. To do it, repeat within a minute: ${again}`;
  }
  asked.delete(session);
  await chat.admin.destroy(member, room);
  return `${room.name} and its history are deleted.`;
}

/** What a member that has entered a room is told of its own rank there, if its account has one. */
export function ownRank(room: Room, member: Member): string | undefined {
  const rank = rankOf(room.roleOf(member));
  return rank === undefined ? undefined : `You are ${ROLE_NAMES[rank]} of ${room.name}.`;
}
