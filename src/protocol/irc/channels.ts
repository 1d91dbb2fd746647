/**
 * Channels: JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK.
 */
import { sanitize } from "../../util/sanitize.ts";
import { wrapList } from "../../util/wrap.ts";
import type { Member } from "../../chat/member.ts";
import { matches } from "../../chat/modes.ts";
import { fold } from "../../chat/names.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import { bytes, IRC_LINE_MAX, PREFIXES } from "./format.ts";
import { playback } from "./history.ts";
import { refused } from "./error_replies.ts";
import type { IrcSession } from "./session.ts";
import type { Steps } from "../time_slicer.ts";

/** The most channels of which NAMES tells the names: each can be long. */
export const NAMES_MAX = 4;

/** The most conditions of LIST that count: each is looked at for each channel. */
export const CONDITIONS_MAX = 8;

export function* join(session: IrcSession, params: readonly string[]): Steps<void> {
  const { chat } = session;
  const member = session.member!;
  if (params[0] === "0") {
    for (const room of [...member.rooms.values()]) leave(session, room, undefined);
    return;
  }
  const keys = params[1]?.split(",") ?? [];
  yield* eachInSteps(session, params[0]!, "JOIN", (name, i) => {
    if (hasRoom(session, name)?.has(member)) return;
    const room = chat.join(member, name, keys[i] || undefined);
    const { nick: who, origin, account, realname } = member;
    const joined = { kind: "joined", room: room.name, who, origin, account, realname, away: undefined } as const;
    member.tell({ ...joined, size: room.members.size });
    if (room.topic !== undefined) replyTopic(session, room);
    replyNames(session, room);
    playback(session, room);
  });
}

export function part(session: IrcSession, params: readonly string[]): void {
  eachOf(session, params[0]!, "PART", (name) => leave(session, visibleRoom(session, name), params[1] || undefined));
}

export function topic(session: IrcSession, params: readonly string[]): void {
  const member = session.member!;
  const room = visibleRoom(session, params[0]!);
  if (params[1] !== undefined) return session.chat.setTopic(member, room, params[1]);
  if (!room.has(member)) throw new ChatError("not-in-room", room.name);
  if (room.topic === undefined) session.numeric("RPL_NOTOPIC", room.name);
  else replyTopic(session, room);
}

export function* names(session: IrcSession, params: readonly string[]): Steps<void> {
  const asked = params[0] ?? "";
  if (asked === "") return session.numeric("RPL_ENDOFNAMES", "*");
  const channels = [...new Set(asked.split(","))];
  for (const name of channels.slice(0, NAMES_MAX)) {
    const room = hasRoom(session, name);
    if (room === undefined) session.numeric("RPL_ENDOFNAMES", name);
    else replyNames(session, room);
    if (session.divisible) yield;
  }
  const rest = channels[NAMES_MAX];
  if (rest !== undefined) session.numeric("ERR_TOOMANYTARGETS", rest);
}

export function* list(session: IrcSession, params: readonly string[]): Steps<void> {
  const asked = params.slice(0, 2).flatMap((param) => param.split(",")).filter((word) => word !== "");
  const conditions = asked.filter((word) => !word.startsWith("#") || /[*?]/.test(word));
  const tests = conditions.slice(0, CONDITIONS_MAX).map((word) => condition(word));
  const named = new Set(asked.filter((word) => word.startsWith("#") && !/[*?]/.test(word)).map(fold));
  const isListed = (room: Room) => {
    if (room.switches.has("s") && !room.has(session.member!)) return false;
    return (named.size === 0 || named.has(room.key)) && tests.every((test) => test(room));
  };
  const lines = function* () {
    yield session.line("RPL_LISTSTART");
    for (const room of session.chat.rooms) {
      if (!isListed(room)) yield undefined;
      else yield session.line("RPL_LIST", room.name, room.members.size, room.topic?.text ?? "");
    }
  };
  if (!(yield* session.replySteps(lines()))) session.numeric("ERR_TOOMANYMATCHES", "LIST");
  session.numeric("RPL_LISTEND");
}

export function invite(session: IrcSession, params: readonly string[]): void {
  const { chat } = session;
  const member = session.member!;
  const [nick, name] = params;
  if (nick === undefined) { // what one was asked into
    for (const key of member.invitations) {
      session.numeric("RPL_INVITELIST", hasRoom(session, key)?.name ?? key);
    }
    return session.numeric("RPL_ENDOFINVITELIST");
  }
  if (name === undefined) return session.numeric("ERR_NEEDMOREPARAMS", "INVITE");
  const room = visibleRoom(session, name);
  const target = chat.invite(member, room, nick);
  session.numeric("RPL_INVITING", target.nick, room.name);
  if (target.away !== undefined) session.numeric("RPL_AWAY", target.nick, target.away);
}

export function kick(session: IrcSession, params: readonly string[]): void {
  const [names = "", nicks = "", reason] = params;
  const rooms = names.split(",");
  // One channel for all, or one for each.
  if (rooms.length > 1 && rooms.length !== nicks.split(",").length) {
    return session.numeric("ERR_NEEDMOREPARAMS", "KICK");
  }
  eachOf(session, nicks, "KICK", (nick, i) => {
    const room = visibleRoom(session, rooms[rooms.length > 1 ? i : 0]!);
    session.chat.kick(session.member!, room, nick, reason || undefined);
  });
}

/** A room that this client is in. */
export function ownRoom(session: IrcSession, name: string): Room | undefined {
  return session.member!.rooms.get(fold(name));
}

/** A room, unless it is a secret from this client. */
export function hasRoom(session: IrcSession, name: string): Room | undefined {
  const own = ownRoom(session, name);
  if (own !== undefined) return own;
  try {
    const room = session.chat.findRoom(name);
    return room.switches.has("s") ? undefined : room;
  } catch (error) {
    if (error instanceof ChatError) return undefined;
    throw error;
  }
}

/**
 * A room, unless it is a secret from this client.
 *
 * @throws {ChatError} `no-such-room`
 */
export function visibleRoom(session: IrcSession, name: string): Room {
  const room = hasRoom(session, name);
  if (room === undefined) throw new ChatError("no-such-room", name);
  return room;
}

/** What stands before a member's nick in a room: for clients that want to know, all of it. */
export function prefix(session: IrcSession, room: Room, member: Member): string {
  const op = room.ranks.op.has(member) ? PREFIXES.op : "";
  const voice = room.ranks.voice.has(member) ? PREFIXES.voice : "";
  return session.has("multi-prefix") ? op + voice : op || voice;
}

function replyTopic(session: IrcSession, room: Room) {
  const { text, by, at } = room.topic!;
  session.numeric("RPL_TOPIC", room.name, text);
  session.numeric("RPL_TOPICWHOTIME", room.name, by, Math.floor(at / 1000));
}

function replyNames(session: IrcSession, room: Room) {
  const full = session.has("userhost-in-names");
  const symbol = room.switches.has("s") ? "@" : "=";
  const most = IRC_LINE_MAX - bytes(`:${session.options.name} ${session.line("RPL_NAMREPLY", symbol, room.name, "")}`);
  const names = function* () {
    for (const member of room.members) {
      if (member.isSeenIn(room, session.member!)) {
        yield prefix(session, room, member) + (full ? member.origin : member.nick);
      }
    }
  };
  const lines = function* () { // made one by one, as replyAll may stop before the last
    for (const some of wrapList(names(), most)) yield session.line("RPL_NAMREPLY", symbol, room.name, some);
  };
  if (!session.replyAll(lines())) session.numeric("ERR_TOOMANYMATCHES", room.name);
  session.numeric("RPL_ENDOFNAMES", room.name);
}

function leave(session: IrcSession, room: Room, reason: string | undefined) {
  const member = session.member!;
  session.chat.leave(member, room, reason);
  const { nick: who, origin, account } = member;
  const why = reason && sanitize(reason);
  member.tell({ kind: "left", room: room.name, who, origin, account, reason: why, size: 0, quit: false, own: true });
}

/** Does something for each of a list; one that fails keeps none of the others from it. */
function eachOf(session: IrcSession, items: string, command: string, run: (item: string, index: number) => void) {
  for (const _step of eachInSteps(session, items, command, run));
}

/** Does the same in slices of time, where the command may be interrupted. */
function* eachInSteps(
  session: IrcSession,
  items: string,
  command: string,
  run: (item: string, index: number) => void,
): Steps<void> {
  for (const [i, item] of items.split(",").entries()) {
    if (i > 0 && session.divisible) yield;
    try {
      if (item !== "") run(item, i);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      refused(session, error, command);
    }
  }
}

/** A condition of LIST's: on users, on the age of channel or topic in minutes, or on the name (ELIST: U, C, T, M, N). */
function condition(text: string): (room: Room) => boolean {
  const [, what = "", sign, number = ""] = /^([CT]?)([<>])(\d{1,9})$/i.exec(text) ?? [];
  if (sign !== undefined) {
    const limit = Number(number);
    const value = (room: Room) => {
      if (what === "") return room.members.size;
      const at = what.toUpperCase() === "C" ? room.since : room.topic?.at;
      return at === undefined ? NaN : (Date.now() - at) / 60_000;
    };
    return sign === "<" ? (room) => value(room) < limit : (room) => value(room) > limit;
  }
  const not = text.startsWith("!");
  const mask = fold(not ? text.slice(1) : text);
  return (room) => matches(mask, room.key) !== not;
}
