/** `/mentions`: lists the messages that mention the user. */
import { ChatError } from "../../chat/chat_error.ts";
import type { Said } from "../../chat/events.ts";
import type { Room } from "../../chat/room.ts";
import { MENTIONS_MAX } from "../../chat/store.ts";
import type { Steps } from "../time_slicer.ts";
import type { Command } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { inOneLine, REPLAY } from "./history_commands.ts";
import { saidLines } from "./messages.ts";
import { system, withTime } from "./render.ts";
import { renderFitting } from "./truncate.ts";

/** How many mentions are read in one step. */
const STEP = 50;

export const mentions: Command = {
  args: "",
  help: `list the last ${REPLAY} messages that mention you`,
  topic: "messages",
  lane: "long",
  run: listMentions,
};

/** Lists mentions in the rooms that the member is in; of others it says only how many there are. */
function* listMentions(context: CommandContext): Steps<void> {
  const { chat, member, answerMax } = context;
  if (member.fullAccount === undefined) throw new ChatError("account-required", member.nick);
  const found: { room: Room; line: Said }[] = [];
  let elsewhere = 0;
  let before = Number.MAX_SAFE_INTEGER;
  for (let read = 0; read < MENTIONS_MAX && found.length < REPLAY; read += STEP) {
    const page = chat.history.mentions(member, before, STEP);
    for (const { room: key, line } of page) {
      const room = chat.getRoom(key);
      if (line.deletedBy !== undefined || chat.ignores.ignores(member, line)) continue;
      if (room?.has(member)) found.push({ room, line });
      else elsewhere++;
    }
    if (page.length < STEP) break;
    before = page.at(-1)!.line.id;
    yield;
  }
  const now = Date.now();
  const lines = renderFitting(found.slice(0, REPLAY), answerMax, ({ room, line }) => {
    return withTime(`${room.name} ${saidLines(inOneLine(line))}`, line.time, now);
  });
  const more = elsewhere === 0 ? [] : [system(`${elsewhere} more in rooms that you are not in now.`)];
  if (lines.length > 0) context.reply([...lines.reverse(), ...more]);
  else context.reply([system("No messages mention you here."), ...more]);
}
