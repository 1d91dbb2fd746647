/** Tells a user what is new in its rooms, and which private messages it has missed. */
import { NEW_COUNTED, type NewLines } from "../../chat/read_markers.ts";
import type { Room } from "../../chat/room.ts";
import type { Steps } from "../time_slicer.ts";
import type { CommandContext } from "./context.ts";
import { type MissedConversation, takeMissedConversations } from "../missed_private.ts";
import { historyLines, REPLAY, split, withoutIgnored } from "./history_commands.ts";
import { system } from "./render.ts";

/** The most private messages that are shown at once. Of a conversation that exceeds it, only the number is. */
export const MISSED_SHOWN = 20;

/**
 * Replies with the number of new messages of each of some rooms of the user, and with the last ones of the room that the client
 * shows. Runs in steps, one for each room.
 *
 * @param since When the user was last here, in milliseconds since 1970, for rooms without a read marker.
 */
export function* showMissed(context: CommandContext, rooms: readonly Room[], since: number): Steps<void> {
  for (const room of rooms) {
    if (room.has(context.member)) showRoom(context, room, since);
    yield;
  }
}

function showRoom(context: CommandContext, room: Room, since: number) {
  const { chat, member, answerMax } = context;
  const found = chat.readMarkers.newLines(member, room, since);
  if (found === undefined || found.count === 0) return;
  const head = newLinesText(found, room.name);
  if (room !== context.room) return context.reply([system(`${head}. To read them: /join ${room.name}`)]);
  const said = chat.history.page(room, { after: found.after, count: REPLAY, characters: answerMax });
  context.reply([
    system(`${head}${said.length < found.count ? ". The last ones" : ""}:`),
    ...split(historyLines(withoutIgnored(context, said), answerMax, member)),
  ]);
}

/**
 * After a login, replies with the number of new messages of each room of the user. If the login ended an absence, `showMissed`
 * does that instead. Runs in steps, one for each room.
 */
export function* countNew(context: CommandContext): Steps<void> {
  const { chat, member, session } = context;
  if (session.missedSince !== undefined) return;
  for (const room of [...member.rooms.values()]) {
    const found = chat.readMarkers.newLines(member, room);
    if (found !== undefined && found.count > 0) {
      const way = room === context.room ? `/history ${Math.min(found.count, NEW_COUNTED)}` : `/join ${room.name}`;
      context.reply([system(`${newLinesText(found, room.name)}. To read them: ${way}`)]);
    }
    yield;
  }
}

/**
 * Replies with the private messages that came while the user was not connected: with all of them if they are few, and else
 * with their number. Runs in steps, one for each conversation.
 */
export function* showMissedPrivate(context: CommandContext): Steps<void> {
  const missed = yield* takeMissedConversations(context.chat, context.session, context.answerMax);
  let left = MISSED_SHOWN;
  for (const conversation of missed) {
    const { length } = conversation.lines;
    const isShown = length <= left && !conversation.more;
    if (isShown) left -= length;
    showConversation(context, conversation, isShown);
    yield;
  }
}

/**
 * How many messages are new, without a full stop: `12 new messages in #tea since you were last here`.
 *
 * @param room The name of the room, unless the reply is about that room alone.
 */
export function newLinesText({ count }: NewLines, room?: string): string {
  const number = count > NEW_COUNTED ? `More than ${NEW_COUNTED}` : String(count);
  const where = room === undefined ? "" : ` in ${room}`;
  return `${number} new ${count === 1 ? "message" : "messages"}${where} since you were last here`;
}

function showConversation(context: CommandContext, { nick, lines, more }: MissedConversation, isShown: boolean) {
  const count = more ? `${lines.length} or more` : String(lines.length);
  const noun = lines.length === 1 && !more ? "message" : "messages";
  const head = `${count} private ${noun} from ${nick} while you were away`;
  if (!isShown) return context.reply([system(`${head}. To read them: /history ${nick}`)]);
  context.reply([system(`${head}:`), ...split(historyLines(lines, context.answerMax, context.member))]);
  context.session.noteShown(nick, lines.at(-1)!.time);
}
