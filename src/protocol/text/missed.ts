/** Shows a user who was not connected for a while what was said in the meantime. */
import type { Room } from "../../chat/room.ts";
import { formatDateTime } from "../../util/datetime.ts";
import type { Steps } from "../time_slicer.ts";
import type { CommandContext } from "./context.ts";
import { historyLines, REPLAY } from "./history_commands.ts";
import { system } from "./render.ts";

/** The most messages of each room that are counted: reading more of them would take long. */
export const MISSED_COUNTED = 100;

/**
 * Replies with the number of new messages of each of some rooms of the user, and with the last ones of the room that the client
 * shows. Runs in steps, one for each room.
 *
 * @param since When the user was last here, in milliseconds since 1970.
 */
export function* showMissed(context: CommandContext, rooms: readonly Room[], since: number): Steps<void> {
  for (const room of rooms) {
    if (room.has(context.member)) showRoom(context, room, since);
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
    ...historyLines(last, answerMax),
  ]);
}
