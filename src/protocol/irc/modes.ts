/**
 * MODE, for channels and for oneself.
 */
import type { List } from "../../chat/modes.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import { readModes, writeModes } from "../modes.ts";
import { visibleRoom } from "./channels.ts";
import type { Numeric } from "./numerics.ts";
import { refused } from "./error_replies.ts";
import type { IrcSession } from "./session.ts";

const REPLIES: Readonly<Record<List, readonly [Numeric, Numeric]>> = {
  b: ["RPL_BANLIST", "RPL_ENDOFBANLIST"],
  e: ["RPL_EXCEPTLIST", "RPL_ENDOFEXCEPTLIST"],
  I: ["RPL_INVEXLIST", "RPL_ENDOFINVEXLIST"],
};

export function mode(session: IrcSession, params: readonly string[]): void {
  const [target = "", ...words] = params;
  if (target.startsWith("#")) roomMode(session, visibleRoom(session, target), words);
  else ownMode(session, target, words);
}

function roomMode(session: IrcSession, room: Room, words: readonly string[]) {
  const member = session.member!;
  const inside = room.has(member);
  if (words.length === 0) {
    session.numeric("RPL_CHANNELMODEIS", room.name, writeModes(room, inside));
    return session.numeric("RPL_CREATIONTIME", room.name, Math.floor(room.since / 1000));
  }
  const { changes, lists, unknown, lacking, limits } = readModes(words);
  for (const letter of new Set(unknown)) session.numeric("ERR_UNKNOWNMODE", letter);
  for (const _ of new Set(lacking)) session.numeric("ERR_NEEDMOREPARAMS", "MODE");
  for (const list of lists) replyList(session, room, list);
  if (changes.length === 0 && limits.length === 0) return;
  const { refused: rejected } = session.chat.setModes(member, room, changes); // which wants an operator, whatever it is
  for (const refusal of rejected) refused(session, refusal, "MODE");
  for (const limit of limits) session.numeric("ERR_INVALIDLIMIT", room.name, limit);
}

function replyList(session: IrcSession, room: Room, list: List) {
  // Bans are for all to see; who is excepted from them is the operators' business.
  if (list !== "b" && !room.holds(session.member!, "op")) throw new ChatError("not-operator", room.name);
  const [item, end] = REPLIES[list];
  for (const { mask, by, at } of room.lists[list].values()) {
    session.numeric(item, room.name, mask, by, Math.floor(at / 1000));
  }
  session.numeric(end, room.name);
}

function ownMode(session: IrcSession, target: string, words: readonly string[]) {
  const member = session.member!;
  if (session.chat.find(target) !== member) return session.numeric("ERR_USERSDONTMATCH");
  if (words.length === 0) return session.numeric("RPL_UMODEIS", userModes(session));
  let on = true;
  let done = "";
  let unknown = false;
  for (const letter of words[0]!) {
    if (letter === "+" || letter === "-") on = letter === "+";
    else if (letter === "i" && member.invisible !== on) session.chat.setFlag(member, "invisible", on);
    else if (letter === "w" && member.wallops !== on) session.chat.setFlag(member, "wallops", on);
    else if (letter === "B" && member.bot !== on) session.chat.setFlag(member, "bot", on);
    else if (letter === "o" && member.operator && !on) session.chat.setFlag(member, "operator", false);
    else {
      unknown ||= !"iwBo".includes(letter);
      continue;
    }
    if (letter !== "+" && letter !== "-") done += (on ? "+" : "-") + letter;
  }
  if (unknown) session.numeric("ERR_UMODEUNKNOWNFLAG");
  if (done !== "") session.reply(`:${member.origin} MODE ${member.nick} :${done}`);
}

/** The modes that somebody has set for themselves. */
export function userModes(session: IrcSession): string {
  const { invisible, wallops, bot, operator } = session.member!;
  return `+${bot ? "B" : ""}${invisible ? "i" : ""}${operator ? "o" : ""}${wallops ? "w" : ""}`;
}
