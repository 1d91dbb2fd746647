/** Applies the commands that concern read markers: those of accounts are stored, those of other members end with them. */
import { requireIn } from "./access.ts";
import type { CommandOf } from "./commands.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import { advanceMarker } from "./read_marker_store.ts";
import type { ChatState } from "./state.ts";
import { notify as notifySession } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";

/** The most read markers of a member without an account. Above that, the one with the earliest time is dropped. */
export const GUEST_MARKERS_MAX = 100;

/** @throws {ChatError} `not-in-room` */
export function markRead(state: ChatState, { member: id, target, time }: CommandOf<"mark-read">): void {
  const member = state.requireMember(id);
  const { fullAccount: account } = member;
  if ("room" in target) {
    const room = state.requireRoom(target.room);
    requireIn(room, member);
    if (account === undefined) advanceMarker(member.readMarkers ??= new Map(), room, time, GUEST_MARKERS_MAX);
    else {
      if (!room.stored) state.storage.saveRoom(room); // a marker refers to a stored room
      state.storage.markRead(account, room.key, time);
    }
    notify(member, room.name, time);
  } else {
    const name = fold(copyString(state.nicknames.conversationName(target.nick)));
    if (account === undefined) advanceMarker(member.readMarkers ??= new Map(), name, time, GUEST_MARKERS_MAX);
    else state.storage.markRead(account, name, time);
    notify(member, target.nick, time);
  }
}

/** Gives an account the read markers of a guest that has logged in to it. */
export function adoptMarkers(state: ChatState, { readMarkers }: Member, account: string): void {
  for (const [where, time] of readMarkers ?? []) {
    if (typeof where === "string") state.storage.markRead(account, where, time);
    else if (!where.closed && (where.stored || !state.storage.persistent)) {
      state.storage.markRead(account, where.key, time);
    }
  }
}

/** Notifies the sessions of a member. To be called last, as a handler may give another command. */
function notify({ sessions }: Member, target: string, time: number) {
  for (const each of [...sessions]) notifySession(each, (handlers) => handlers.markedRead?.(target, time));
}
