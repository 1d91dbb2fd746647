/** Shows a user who was not connected for a while what was said in the meantime. */
import type { Room } from "../../chat/room.ts";
import { formatDateTime } from "../../util/datetime.ts";
import type { Steps } from "../time_slicer.ts";
import type { CommandContext } from "./context.ts";
import { type MissedConversation, takeMissedConversations } from "../missed_private.ts";
import { historyLines, REPLAY } from "./history_commands.ts";
import { system } from "./render.ts";

/** The most messages of each room that are counted: reading more of them would take long. */
export const MISSED_COUNTED = 100;

/** The most private messages that are shown at once: of the others only the number. */
export const MISSED_SHOWN = 20;

/**
 * Replies with the number of new messages of each room of the user, and with the last ones of the room that the client
 * shows. Runs in steps, one for each room.
 *
 * @param since When the user was last here, in milliseconds since 1970.
 */
export function* showMissed(context: CommandContext, since: number): Steps<void> {
  for (const room of [...context.member.rooms.values()]) {
    showRoom(context, room, since);
    yield;
  }
}

function showRoom(context: CommandContext, room: Room, since: number) {
  const { chat, member, answerMax } = context;
  const after = chat.history.firstIdSince(since, member, [room]) - 1;
  const said = chat.history.page(room, { after, count: MISSED_COUNTED, characters: answerMax });
  if (said.length === 0) return;
  const count = said.length < MISSED_COUNTED ? String(said.length) : `${MISSED_COUNTED} or more`;
  const noun = said.length === 1 ? "message" : "messages";
  const head = `${count} new ${noun} in ${room.name} since ${formatDateTime(since, Date.now())}`;
  if (room !== context.room) return context.reply([system(`${head}. To read them: /join ${room.name}`)]);
  const last = said.slice(-REPLAY);
  context.reply([
    system(`${head}${last.length < said.length ? ". The last ones" : ""}:`),
    ...historyLines(last, answerMax, member),
  ]);
}

/**
 * Replies with the private messages that came while the user was not connected: with all of them if they are few, and else
 * with their number. Runs in steps, one for each conversation.
 */
export function* showMissedPrivate(context: CommandContext): Steps<void> {
  const missed = yield* takeMissedConversations(context.chat, context.session);
  let left = MISSED_SHOWN;
  for (const conversation of missed) {
    const { length } = conversation.lines;
    const isShown = length <= left && !conversation.more;
    if (isShown) left -= length;
    showConversation(context, conversation, isShown);
    yield;
  }
}

function showConversation(context: CommandContext, { nick, lines, more }: MissedConversation, isShown: boolean) {
  const count = more ? `${lines.length} or more` : String(lines.length);
  const noun = lines.length === 1 && !more ? "message" : "messages";
  const head = `${count} private ${noun} from ${nick} while you were away`;
  if (!isShown) return context.reply([system(`${head}. To read them: /history ${nick}`)]);
  context.reply([system(`${head}:`), ...historyLines(lines, context.answerMax, context.member)]);
}
