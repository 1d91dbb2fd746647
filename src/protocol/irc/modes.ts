/**
 * MODE, for channels and for the client itself.
 */
import { ChatError } from "../../chat/chat_error.ts";
import type { List } from "../../chat/modes.ts";
import type { Room } from "../../chat/room.ts";
import { readModes, writeModes } from "../modes.ts";
import type { MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { requireVisibleRoom } from "./lookup.ts";
import type { Numeric } from "./numerics.ts";

/** The numerics for an item of a list, and for its end. */
const LIST_NUMERICS: Readonly<Record<List, readonly [Numeric, Numeric]>> = {
  b: ["RPL_BANLIST", "RPL_ENDOFBANLIST"],
  e: ["RPL_EXCEPTLIST", "RPL_ENDOFEXCEPTLIST"],
  I: ["RPL_INVEXLIST", "RPL_ENDOFINVEXLIST"],
};

/** MODE (RFC 2812, sections 3.1.5 and 3.2.3). A client can change its own user modes only. */
export function mode(context: MemberContext, params: readonly string[]): Promise<void> {
  const [target = "", ...words] = params;
  if (target.startsWith("#")) return roomMode(context, requireVisibleRoom(context, target), words);
  return userMode(context, target, words);
}

async function roomMode(context: MemberContext, room: Room, words: readonly string[]) {
  const { chat, member } = context;
  if (words.length === 0) {
    context.numeric("RPL_CHANNELMODEIS", room.name, writeModes(room, room.has(member)));
    return context.numeric("RPL_CREATIONTIME", room.name, Math.floor(room.since / 1000));
  }
  const { changes, lists, unknown, lacking, limits } = readModes(words);
  for (const letter of new Set(unknown)) context.numeric("ERR_UNKNOWNMODE", letter);
  for (const _ of new Set(lacking)) context.numeric("ERR_NEEDMOREPARAMS", "MODE");
  for (const list of lists) replyMasks(context, room, list);
  if (changes.length === 0 && limits.length === 0) return;
  // Also without a valid change: a client that is not an operator learns that first.
  const { rejected } = await chat.setModes(member, room, changes);
  for (const error of rejected) replyError(context, error, "MODE");
  for (const limit of limits) context.numeric("ERR_INVALIDLIMIT", room.name, limit);
}

function replyMasks(context: MemberContext, room: Room, list: List) {
  // Bans are public. Exceptions are for operators.
  if (list !== "b" && !room.holds(context.member, "op")) throw new ChatError("not-operator", room.name);
  const [item, end] = LIST_NUMERICS[list];
  for (const { mask, by, at } of room.lists[list].values()) {
    context.numeric(item, room.name, mask, by, Math.floor(at / 1000));
  }
  context.numeric(end, room.name);
}

async function userMode(context: MemberContext, target: string, words: readonly string[]) {
  const { chat, member } = context;
  if (chat.find(target) !== member) return context.numeric("ERR_USERSDONTMATCH");
  if (words.length === 0) return context.numeric("RPL_UMODEIS", userModes(context));
  let on = true;
  let changes = "";
  let unknown = false;
  for (const letter of words[0]!) {
    if (letter === "+" || letter === "-") on = letter === "+";
    else if (letter === "i" && member.invisible !== on) await chat.setFlag(member, "invisible", on);
    else if (letter === "w" && member.wallops !== on) await chat.setFlag(member, "wallops", on);
    else if (letter === "B" && member.bot !== on) await chat.setFlag(member, "bot", on);
    else if (letter === "o" && member.operator && !on) await chat.setFlag(member, "operator", false);
    else {
      unknown ||= !"iwBo".includes(letter);
      continue;
    }
    if (letter !== "+" && letter !== "-") changes += (on ? "+" : "-") + letter;
  }
  if (unknown) context.numeric("ERR_UMODEUNKNOWNFLAG");
  if (changes !== "") context.reply(`:${member.origin} MODE ${member.nick} :${changes}`);
}

/** The client's own modes, as in RPL_UMODEIS. */
export function userModes({ member }: MemberContext): string {
  const { invisible, wallops, bot, operator } = member;
  return `+${bot ? "B" : ""}${invisible ? "i" : ""}${operator ? "o" : ""}${wallops ? "w" : ""}`;
}
