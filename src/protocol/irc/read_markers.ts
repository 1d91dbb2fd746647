/** MARKREAD (IRCv3, "read-marker", a draft): up to when the user has read its channels and private conversations. */
import { ChatError } from "../../chat/chat_error.ts";
import { isNick, prepareName } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import type { MemberContext } from "./context.ts";
import { isoTime, parseTime } from "./format.ts";
import { joinedRoom } from "./lookup.ts";
import { word } from "./numerics.ts";

const CAPABILITY = "draft/read-marker";

/** How a timestamp begins. */
const PREFIX = "timestamp=";

/** MARKREAD target [timestamp=…]. */
export async function markRead(context: MemberContext, params: readonly string[]): Promise<void> {
  const [target = "", stamp] = params;
  if (target === "") return context.fail("MARKREAD", "NEED_MORE_PARAMS", "Missing parameters");
  const { chat: { readMarkers }, member } = context;
  const where = joinedRoom(context, target) ?? prepareName(target);
  if (typeof where === "string" && !isNick(where)) {
    return context.fail("MARKREAD", "INVALID_PARAMS", "Not a nickname or a channel that you are in", word(target));
  }
  const time = stamp?.startsWith(PREFIX) ? parseTime(stamp.slice(PREFIX.length)) : undefined;
  if (stamp !== undefined && time === undefined) {
    return context.fail("MARKREAD", "INVALID_PARAMS", "Invalid timestamp", word(target), word(stamp));
  }
  try {
    const before = readMarkers.get(member, where);
    if (time === undefined) return replyMarker(context, nameOf(where), before);
    const after = await context.inResponse(() => readMarkers.advance(member, where, time));
    // If it has changed, `announceMarker` has replied.
    if (after === before || !context.has(CAPABILITY)) replyMarker(context, nameOf(where), after);
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== "history-unreadable") throw error;
    replyUnreadable(context, target);
  }
}

/** Replies with the read marker of a channel that the client has joined, if it has the capability. */
export function replyMarkerOf(context: MemberContext, room: Room): void {
  if (!context.has(CAPABILITY)) return;
  try {
    replyMarker(context, room.name, context.chat.readMarkers.get(context.member, room));
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    replyUnreadable(context, room.name);
  }
}

/**
 * Sends a client with the capability the read markers of all channels that it shows, after its user has logged in or out.
 * After an error of the history, the rest is left out.
 */
export function announceMarkers(context: MemberContext): void {
  const { session, member, chat: { readMarkers } } = context;
  if (!context.has(CAPABILITY)) return;
  try {
    for (const room of member.rooms.values()) {
      if (room.sessions.has(session)) announceMarker(context, room.name, readMarkers.get(member, room));
    }
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
  }
}

/** Sends a client with the capability a read marker, as an event: one of its user's devices has set it. */
export function announceMarker(context: MemberContext, target: string, time: number | undefined): void {
  if (context.has(CAPABILITY)) context.session.send([`:${context.options.name} ${markerLine(target, time)}`]);
}

function replyMarker(context: MemberContext, target: string, time: number | undefined) {
  context.reply(markerLine(target, time));
}

function replyUnreadable(context: MemberContext, target: string) {
  context.fail("MARKREAD", "INTERNAL_ERROR", "The read timestamp could not be read. Try again later", word(target));
}

function markerLine(target: string, time: number | undefined): string {
  return `MARKREAD ${target} ${time === undefined ? "*" : PREFIX + isoTime(time)}`;
}

function nameOf(where: Room | string): string {
  return typeof where === "string" ? where : where.name;
}
