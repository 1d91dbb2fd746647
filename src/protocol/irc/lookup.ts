/**
 * Finds channels as one client may see them, and the rank prefixes of their members.
 */
import { ChatError } from "../../chat/chat_error.ts";
import type { Member } from "../../chat/member.ts";
import { fold } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import type { MemberContext } from "./context.ts";
import { PREFIXES } from "./format.ts";

/** Returns a channel that the client has joined. */
export function joinedRoom({ member }: MemberContext, name: string): Room | undefined {
  return member.rooms.get(fold(name));
}

/** Returns a channel, unless it is secret and the client has not joined it. */
export function visibleRoom(context: MemberContext, name: string): Room | undefined {
  const joined = joinedRoom(context, name);
  if (joined !== undefined) return joined;
  const room = context.chat.getRoom(name);
  return room?.switches.has("s") ? undefined : room;
}

/**
 * Returns a channel, unless it is secret and the client has not joined it.
 *
 * @throws {ChatError} `no-such-room`
 */
export function requireVisibleRoom(context: MemberContext, name: string): Room {
  const room = visibleRoom(context, name);
  if (room === undefined) throw new ChatError("no-such-room", name);
  return room;
}

/** The prefixes of a member's ranks in a channel: the highest, or all with `multi-prefix`. */
export function rankPrefix(context: MemberContext, room: Room, member: Member): string {
  const owner = room.ranks.owner.has(member) ? PREFIXES.owner : "";
  const op = room.ranks.op.has(member) ? PREFIXES.op : "";
  const voice = room.ranks.voice.has(member) ? PREFIXES.voice : "";
  return context.has("multi-prefix") ? owner + op + voice : owner || op || voice;
}
