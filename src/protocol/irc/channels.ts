/**
 * Channels: JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK.
 */
import type { Answer } from "../../chat/chat.ts";
import { ChatError } from "../../chat/chat_error.ts";
import { SERVER } from "../../chat/events.ts";
import { matchesMask, MODE_OF } from "../../chat/modes.ts";
import { fold } from "../../chat/names.ts";
import { rankOf } from "../../chat/roles.ts";
import type { Room } from "../../chat/room.ts";
import { sanitize } from "../../util/sanitize.ts";
import type { Steps } from "../time_slicer.ts";
import type { MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { joinWords } from "./join_words.ts";
import { NAMES_MAX } from "./limits.ts";
import { rankPrefix, requireVisibleRoom, visibleRoom } from "./lookup.ts";
import { replyMarkerOf } from "./read_markers.ts";
import { noteSent, replay } from "./replay.ts";

/** The away message of an account that is not in the chat when it is invited. */
const OFFLINE = "Offline, and may enter the channel from now on";

/** The most conditions of LIST that count: each is tested on each channel. */
export const CONDITIONS_MAX = 8;

/**
 * JOIN (RFC 2812, section 3.2.1). Each channel that was joined is confirmed with its topic, its members (unless the
 * client has enabled IRCv3 "no-implicit-names") and a replay.
 */
export async function join(context: MemberContext, params: readonly string[]): Promise<void> {
  const [names = "", keys = ""] = params;
  if (names === "0") return await partAll(context);
  const keyOf = keys.split(",");
  const joinOne = (name: string, i: number) => joinChannel(context, name, keyOf[i] || undefined);
  // Each channel is one slice of time, unless the response must not be interrupted.
  if (context.interruptible) {
    await forEach(context, names, "JOIN", (name, i) => context.inSlice("prompt", () => joinOne(name, i)));
  } else await context.inSlice("prompt", () => forEach(context, names, "JOIN", joinOne));
}

/** Joins a channel and sends what a client needs to know of it: at once if the chat answers at once. */
function joinChannel(context: MemberContext, name: string, key: string | undefined): void | Promise<void> {
  if (visibleRoom(context, name)?.has(context.member)) return;
  const joined = context.chat.join(context.member, name, key, context.session);
  if (!(joined instanceof Promise)) return replyJoined(context, joined);
  return joined.then((room) => {
    if (room.has(context.member)) replyJoined(context, room); // else the client has another user now
  });
}

/** Tells a client that its user is in a channel: JOIN, topic, read marker, members and, unless it is not wanted, a replay. */
export function replyJoined(context: MemberContext, room: Room, replayed = true) {
  const { nick: who, origin, account, realname } = context.member;
  const joined = { kind: "joined", room: room.name, who, origin, account, realname, away: undefined } as const;
  context.tell({ ...joined, size: room.members.size });
  const rank = rankOf(room.roleOf(context.member)); // the others were told by the room
  if (rank !== undefined) {
    context.tell({
      kind: "modes",
      room: room.name,
      ...SERVER,
      changes: [{ on: true, mode: MODE_OF[rank], nick: who }],
    });
  }
  if (room.topic !== undefined) replyTopic(context, room);
  replyMarkerOf(context, room); // before the end of the names
  const wantsNames = !context.has("no-implicit-names") && !context.has("draft/no-implicit-names");
  if (wantsNames) replyNames(context, room);
  if (replayed) replay(context, room);
  else noteSent(context, room);
}

/**
 * Tells a client that a channel has another name, as if the client had left it and joined another one, unless it knows RENAME
 * (IRCv3, "channel-rename", "Fallback"). The names follow when it is the turn of the client.
 *
 * @param from The old name.
 */
export function replyRenamed(context: MemberContext, room: Room, from: string, reason: string | undefined): void {
  if (context.has("draft/channel-rename") || fold(from) === room.key) return;
  // Events of the session, not of the response: a response of this client that is being collected is to another command.
  const { session, member: { nick: who, origin, account, realname } } = context;
  session.tell({ kind: "left", room: from, who, origin, account, reason, size: 0, quit: false, own: true });
  const joined = { kind: "joined", room: room.name, who, origin, account, realname, away: undefined } as const;
  session.tell({ ...joined, size: room.members.size });
  if (room.topic !== undefined) replyTopic(context, room);
  replyMarkerOf(context, room);
  const names = () => {
    if (room.has(context.member)) replyNames(context, room);
  };
  void context.inSlice("prompt", names);
}

async function partAll(context: MemberContext) {
  for (const room of [...context.member.rooms.values()]) {
    if (!room.has(context.member)) continue; // it has left or was kicked meanwhile
    try {
      await context.inResponse(() => partChannel(context, room, undefined));
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      replyError(context, error, "JOIN");
    }
  }
}

/** PART (RFC 2812, section 3.2.2). */
export async function part(context: MemberContext, params: readonly string[]): Promise<void> {
  await forEach(context, params[0]!, "PART", (name) => {
    return partChannel(context, requireVisibleRoom(context, name), params[1] || undefined);
  });
}

async function partChannel(context: MemberContext, room: Room, reason: string | undefined) {
  const { chat, member } = context;
  await chat.leave(member, room, reason, context.session);
  const { nick: who, origin, account } = member;
  const text = reason && sanitize(reason);
  context.tell({ kind: "left", room: room.name, who, origin, account, reason: text, size: 0, quit: false, own: true });
}

/** TOPIC (RFC 2812, section 3.2.4). The topic of a channel is for its members only. */
export async function topic(context: MemberContext, params: readonly string[]): Promise<void> {
  const { chat, member } = context;
  const room = requireVisibleRoom(context, params[0]!);
  if (params[1] !== undefined) return await chat.setTopic(member, room, params[1]);
  if (!room.has(member)) throw new ChatError("not-in-room", room.name);
  if (room.topic === undefined) context.numeric("RPL_NOTOPIC", room.name);
  else replyTopic(context, room);
}

/** NAMES (RFC 2812, section 3.2.5), for at most {@linkcode NAMES_MAX} channels. */
export function* names(context: MemberContext, params: readonly string[]): Steps<void> {
  const list = params[0] ?? "";
  if (list === "") return context.numeric("RPL_ENDOFNAMES", "*");
  const channels = [...new Set(list.split(","))];
  for (const name of channels.slice(0, NAMES_MAX)) {
    const room = visibleRoom(context, name);
    if (room === undefined) context.numeric("RPL_ENDOFNAMES", name);
    else replyNames(context, room);
    if (context.interruptible) yield;
  }
  const next = channels[NAMES_MAX];
  if (next !== undefined) context.numeric("ERR_TOOMANYTARGETS", next);
}

/** LIST (RFC 2812, section 3.2.6), with names, masks and the conditions of ELIST. */
export function* list(context: MemberContext, params: readonly string[]): Steps<void> {
  const words = params.slice(0, 2).flatMap((param) => param.split(",")).filter((word) => word !== "");
  const isName = (word: string) => word.startsWith("#") && !/[*?]/.test(word);
  const names = new Set(words.filter(isName).map(fold));
  const conditions = words.filter((word) => !isName(word)).slice(0, CONDITIONS_MAX).map((word) => condition(word));
  const isListed = (room: Room) => {
    if (room.switches.has("s") && !room.has(context.member)) return false;
    return (names.size === 0 || names.has(room.key)) && conditions.every((test) => test(room));
  };
  const lines = function* () {
    yield context.line("RPL_LISTSTART");
    for (const room of context.chat.rooms) {
      if (!isListed(room)) yield undefined;
      else yield context.line("RPL_LIST", room.name, room.members.size, room.topic?.text ?? "");
    }
  };
  if (!(yield* context.replyInSteps(lines()))) context.numeric("ERR_TOOMANYMATCHES", "LIST");
  context.numeric("RPL_LISTEND");
}

/** INVITE (RFC 2812, section 3.2.7). Without parameters it lists the invitations that the client has received. */
export async function invite(context: MemberContext, params: readonly string[]): Promise<void> {
  const { chat, member } = context;
  const [nick, name] = params;
  if (nick === undefined) { // lists the invitations that the client has received
    for (const key of member.invitations) {
      context.numeric("RPL_INVITELIST", visibleRoom(context, key)?.name ?? key);
    }
    return context.numeric("RPL_ENDOFINVITELIST");
  }
  if (name === undefined) return context.numeric("ERR_NEEDMOREPARAMS", "INVITE");
  const room = requireVisibleRoom(context, name);
  const invitee = await chat.invite(member, room, nick);
  context.numeric("RPL_INVITING", invitee.nick, room.name);
  const away = invitee.member === undefined ? OFFLINE : invitee.member.away;
  if (away !== undefined) context.numeric("RPL_AWAY", invitee.nick, away);
}

/** KICK (RFC 2812, section 3.2.8). */
export async function kick(context: MemberContext, params: readonly string[]): Promise<void> {
  const [names = "", nicks = "", reason] = params;
  const rooms = names.split(",");
  // One channel for all nicks, or one for each.
  if (rooms.length > 1 && rooms.length !== nicks.split(",").length) {
    return context.numeric("ERR_NEEDMOREPARAMS", "KICK");
  }
  await forEach(context, nicks, "KICK", (nick, i) => {
    const room = requireVisibleRoom(context, rooms[rooms.length > 1 ? i : 0]!);
    return context.chat.kick(context.member, room, nick, reason || undefined);
  });
}

function replyTopic(context: MemberContext, room: Room) {
  const { text, by, at } = room.topic!;
  context.numeric("RPL_TOPIC", room.name, text);
  context.numeric("RPL_TOPICWHOTIME", room.name, by, Math.floor(at / 1000));
}

function replyNames(context: MemberContext, room: Room) {
  const symbol = room.switches.has("s") ? "@" : "=";
  if (!context.replyWithinLimit(namesReplies(context, room, symbol))) context.numeric("ERR_TOOMANYMATCHES", room.name);
  context.numeric("RPL_ENDOFNAMES", room.name);
}

function* namesReplies(context: MemberContext, room: Room, symbol: string): Generator<string> {
  const max = context.bytesLeft(context.line("RPL_NAMREPLY", symbol, room.name, ""));
  // Nicknames, user names and hosts are ASCII.
  for (const names of joinWords(memberNames(context, room), max, " ", ({ length }) => length)) {
    yield context.line("RPL_NAMREPLY", symbol, room.name, names);
  }
}

function* memberNames(context: MemberContext, room: Room): Generator<string> {
  const full = context.has("userhost-in-names");
  for (const member of room.members) {
    if (!member.isSeenIn(room, context.member)) continue;
    yield rankPrefix(context, room, member) + (full ? member.origin : member.nick);
  }
}

/**
 * Runs a command for each item of a comma-separated list, one after the other. An error for one item does not stop the
 * others. Waits only for commands that return a promise.
 */
function forEach(
  context: MemberContext,
  list: string,
  command: string,
  run: (item: string, index: number) => Answer<unknown> | Promise<unknown>,
): void | Promise<void> {
  const items = list.split(",");
  const reject = (error: unknown) => {
    if (!(error instanceof ChatError)) throw error;
    replyError(context, error, command);
  };
  const from = (index: number): void | Promise<void> => {
    for (let i = index; i < items.length; i++) {
      if (items[i] === "") continue;
      if (!context.chat.hasSession(context.session)) return; // it was disconnected meanwhile
      try {
        const done = context.inResponse(() => run(items[i]!, i));
        if (done instanceof Promise) return done.catch(reject).then(() => from(i + 1));
      } catch (error) {
        reject(error);
      }
    }
  };
  return from(0);
}

/** Parses a condition of LIST: on users, on the age of channel or topic in minutes, or on the name (ELIST: U, C, T, M, N). */
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
  return (room) => matchesMask(mask, room.key) !== not;
}
