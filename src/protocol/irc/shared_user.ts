/**
 * Keeps an IRC client up to date when its user has other sessions: the channels that one of them joins or leaves, and the
 * user that a login or logout gives it.
 */
import type { Style } from "../../chat/events.ts";
import type { SessionHandlers } from "../../chat/member.ts";
import type { Room } from "../../chat/room.ts";
import type { Steps } from "../time_slicer.ts";
import { replyJoined, replyRenamed } from "./channels.ts";
import type { MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { announceStatus } from "./persistence.ts";
import { announceMarker, announceMarkers } from "./read_markers.ts";
import { replayMissed, replayMissedPrivate } from "./replay.ts";

/**
 * The handlers of a client's session.
 *
 * @param replyAccount Tells the client which account it is logged in to.
 */
export function sessionHandlers(context: MemberContext, replyAccount: () => void): SessionHandlers {
  return {
    accountChanged() {
      replyAccount();
      announceMarkers(context);
      replayMissedPrivate(context);
    },
    alwaysOnChanged: () => announceStatus(context),
    markedRead: (target, time) => announceMarker(context, target, time),
    joined: (room) => showRooms(context, [room]),
    roomRenamed: (room, from, reason) => replyRenamed(context, room, from, reason),
    rejected: (error, style) => replyError(context, error, isNoReply(style) ? "NOTICE" : "PRIVMSG"),
    applying: (apply) => context.applying(apply),
    left: (room, reason) => tellLeft(context, room, reason),
    moved(previous, rooms, joined) {
      const { session, member } = context;
      context.outsideResponse(() => session.tell({ kind: "renamed", ...previous.actor(), to: member.nick }));
      for (const room of rooms) if (!room.has(member)) tellLeft(context, room, undefined);
      // In a room that the user was not in before, it has missed nothing.
      showRooms(context, [...member.rooms.values()].filter((room) => !joined.includes(room)), session.missedSince);
    },
  };
}

/**
 * Shows a client those of some channels that its user is in and that it does not show yet. In slices of time: there may be many,
 * with many members.
 *
 * @param since When the user was last here, if the client has brought it back, in milliseconds since 1970: then what was
 *   said since is replayed, after all channels are shown, without what the client was sent already.
 */
export function showRooms(context: MemberContext, rooms: Iterable<Room>, since?: number): void {
  const waiting = [...rooms];
  if (waiting.length === 0) return;
  const steps = function* (): Steps<void> {
    for (const room of waiting) {
      const { chat, member, session } = context;
      if (!room.has(member) || room.sessions.has(session)) continue; // since then it has left, or the client has joined
      chat.show(session, room);
      context.outsideResponse(() => replyJoined(context, room, since === undefined));
      yield;
    }
    if (since === undefined) return;
    for (const room of waiting) {
      if (room.has(context.member)) context.outsideResponse(() => replayMissed(context, room, since));
      yield;
    }
  };
  void context.inSlice("prompt", steps);
}

/** Whether lines of a style are sent by NOTICE, which never gets a reply. */
function isNoReply(style: Style): boolean {
  return style === "notice" || style === "ctcp-reply";
}

function tellLeft(context: MemberContext, room: Room, reason: string | undefined) {
  const { session, member } = context;
  const left = { kind: "left", room: room.name, ...member.actor(), reason, size: 0, quit: false, own: true } as const;
  context.outsideResponse(() => session.tell(left));
}
