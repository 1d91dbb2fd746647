/** Commands that moderate a room; most of them are for its operators. */
import type { Answer } from "../../chat/chat.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { ModesResult } from "../../chat/commands.ts";
import type { ModeChange } from "../../chat/modes.ts";
import { sanitize } from "../../util/sanitize.ts";
import { LIMIT_MAX, readModes, writeModes } from "../modes.ts";
import { type Command, splitWord } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { errorReply } from "./near_misses.ts";
import { banFromServer, unbanFromServer } from "./operator_commands.ts";
import { system } from "./render.ts";
import { truncateList } from "./truncate.ts";

export const invite: Command = {
  args: "NAME",
  help: "invite a user to this room",
  topic: "moderation",
  async run(context, arg) {
    const { nick, member } = await context.chat.invite(context.member, context.room, arg);
    const { name } = context.room;
    const text = member === undefined
      ? `${nick} is offline, and may enter ${name} now.`
      : `You invited ${nick} to ${name}.`;
    context.reply([system(text)]);
  },
};

export const kick: Command = {
  args: "NAME [REASON]",
  help: "remove a member from this room",
  topic: "moderation",
  async run({ chat, member, room }, arg) {
    const { first, rest } = splitWord(arg);
    await chat.kick(member, room, first, rest || undefined);
  },
};

/** Bans from the room; a server operator bans from the server. */
export const ban: Command = {
  args: "NAME|MASK",
  help: "ban and remove a user, or all who match *!*@HOST",
  topic: "moderation",
  run(context, arg) {
    const { chat, member, room } = context;
    if (member.operator) return banFromServer(context, arg);
    return changed(context, chat.admin.ban(member, room, arg));
  },
};

/** Removes a ban of the room; for a server operator one of the server. */
export const unban: Command = {
  args: "NAME|MASK",
  help: "lift a ban; /mode b lists the bans",
  topic: "moderation",
  run(context, arg) {
    const { chat, member, room } = context;
    if (member.operator) return unbanFromServer(context, arg);
    return changed(context, chat.admin.unban(member, room, arg));
  },
};

export const op: Command = {
  args: "NAME",
  help: "make a member an operator",
  topic: "moderation",
  run: (context, arg) => setModes(context, [{ on: true, mode: "o", nick: arg }]),
};

export const deop: Command = {
  args: "NAME",
  help: "make an operator a plain member",
  topic: "moderation",
  run: (context, arg) => setModes(context, [{ on: false, mode: "o", nick: arg }]),
};

export const voice: Command = {
  args: "NAME",
  help: "let a member speak in a moderated room (+m)",
  topic: "moderation",
  run: (context, arg) => setModes(context, [{ on: true, mode: "v", nick: arg }]),
};

export const devoice: Command = {
  args: "NAME",
  help: "take the voice from a member",
  topic: "moderation",
  run: (context, arg) => setModes(context, [{ on: false, mode: "v", nick: arg }]),
};

export const mode: Command = {
  args: "[MODES]",
  help: "show or set modes, as on IRC: +m, +k KEY; b lists bans",
  topic: "moderation",
  async run(context, arg) {
    const { room } = context;
    const { changes, lists, unknown, lacking, limits } = readModes(arg.split(/\s+/));
    const [letter] = [...unknown, ...lacking]; // only the first: a line has room for hundreds
    if (letter !== undefined) {
      context.reply([system(`Unknown mode, or a missing parameter: ${sanitize(letter) || "?"}`)]);
    }
    if (limits.length > 0) context.reply([system(`Invalid limit: use a number from 1 to ${LIMIT_MAX}.`)]);
    for (const list of lists) context.reply(maskList(context, list).map(system));
    if (changes.length > 0) await setModes(context, changes);
    else if (arg === "") context.reply([system(`The modes of ${room.name} are ${writeModes(room, true)}.`)]);
  },
};

/** The masks in a list of the room. @throws {ChatError} `not-operator`: bans alone are listed for all members. */
function maskList({ member, room, answerMax }: CommandContext, list: "b" | "e" | "I"): string[] {
  if (list !== "b" && !room.holds(member, "op")) throw new ChatError("not-operator", room.name);
  const masks = [...room.lists[list].values()];
  if (masks.length === 0) return [`List ${list} of ${room.name} is empty.`];
  return truncateList(masks, answerMax, ({ mask, by, nick }) => {
    return `${nick === undefined ? mask : `${nick} (${mask})`}, by ${by.split("!")[0]}`;
  });
}

/** Changes the modes of the room, and replies with the changes that were rejected. */
function setModes(context: CommandContext, changes: readonly ModeChange[]): Promise<void> {
  return changed(context, context.chat.setModes(context.member, context.room, changes));
}

async function changed(context: CommandContext, result: Answer<ModesResult>): Promise<void> {
  const { made, rejected } = await result;
  if (rejected.length > 0) context.reply(rejected.map((error) => errorReply(context, error)));
  else if (made.length === 0) context.reply([system(`Nothing to change.`)]);
}
