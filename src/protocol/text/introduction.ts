/** What a member is shown on joining a room: its topic, the last lines that were said there, and which of them are new. */
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import type { CommandContext } from "./context.ts";
import { errorLine } from "./error_texts.ts";
import { historyLines, REPLAY, split, withoutIgnored } from "./history_commands.ts";
import { newLinesText } from "./missed.ts";
import { system } from "./render.ts";

/** The lines that introduce a room. If its history cannot be read, the last one says so. */
export function introduction(context: CommandContext, room: Room): string[] {
  const { chat, member, answerMax } = context;
  const { name, topic } = room;
  const lines = topic === undefined ? [] : [system(`The topic of ${name} is: ${topic.text}`)];
  try {
    const latest = withoutIgnored(context, chat.history.latest(room, REPLAY));
    const past = historyLines(latest, answerMax, member);
    const found = chat.readMarkers.newLines(member, room);
    const shown = latest.slice(latest.length - past.length);
    const fresh = found === undefined ? 0 : shown.filter(({ id }) => id > found.after).length;
    const read = past.slice(0, past.length - fresh);
    if (read.length > 0) lines.push(system(`Earlier messages:`), ...split(read));
    if (found === undefined || fresh === 0) return lines;
    const more = fresh < found.count ? ". The last ones" : "";
    return [...lines, system(`${newLinesText(found)}${more}:`), ...split(past.slice(read.length))];
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    return [...lines, errorLine(error)];
  }
}
