/**
 * Channels and their owners: requests to ChanServ, BAN and UNBAN, and RENAME (IRCv3, "channel-rename", a draft).
 */
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import { type LinkContext, listLinks, makeLink, revokeLink } from "../invite_links.ts";
import { appoint, destroy, listBans, listRoles, type RoomAdminContext, setMember, transfer } from "../room_admin.ts";
import { CHANSERV, replyFromChanServ } from "./chanserv_notice.ts";
import type { MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { requireVisibleRoom } from "./lookup.ts";
import { word } from "./numerics.ts";
import type { IrcMessage } from "./parser.ts";

/** A request to ChanServ about a channel. */
interface ChanServRequest {
  /** What follows the channel, for help. */
  readonly params: string;
  readonly help: string;
  /** Whether only server operators can use it. They find secret channels, too. */
  readonly forOperators?: boolean;
  run(context: RoomAdminContext, room: Room, words: readonly string[]): Promise<string | string[]> | string | string[];
}

const REQUESTS: Readonly<Record<string, ChanServRequest>> = {
  TRANSFER: {
    params: "NAME",
    help: "give the channel to another registered user",
    run: (context, room, [name = ""]) => transfer(context, room, name),
  },
  MEMBERS: { params: "", help: "list its owners, operators and members", run: listRoles },
  "MEMBER ADD": {
    params: "NAME",
    help: "let a registered user always enter",
    run: (context, room, [name = ""]) => setMember(context, room, name, true),
  },
  "MEMBER REMOVE": {
    params: "NAME",
    help: "take the role of a user, whichever it is",
    run: (context, room, [name = ""]) => setMember(context, room, name, false),
  },
  BANS: { params: "", help: "list its bans, with the nicknames", run: (_context, room) => listBans(room) },
  LINK: {
    params: "[7d] [5 uses]",
    help: "make an invite link, which also works as PASS and as the key",
    run: invite,
  },
  LINKS: {
    params: "",
    help: "list its invite links",
    run(context, room) {
      const links = listLinks(context, room);
      return links.length === 0 ? `${room.name} has no invite links that you may see.` : links;
    },
  },
  UNLINK: {
    params: "NUMBER",
    help: "revoke an invite link",
    run: (context, _room, [number = ""]) => revokeLink(context, number),
  },
  DROP: {
    params: "",
    help: "delete the channel and its history; asked twice",
    run: (context, room) => destroy(context, room, `/msg ${CHANSERV} DROP ${room.name}`),
  },
  OWNER: {
    params: "NAME",
    help: "make a registered user an owner; for server operators",
    forOperators: true,
    run: (context, room, [name = ""]) => appoint(context, room, name),
  },
};

/** Handles a message to ChanServ: `MEMBER #channel ADD NAME`, `DROP #channel`. */
export async function handleChannelRequest(context: MemberContext, message: string): Promise<void> {
  const [verb = "", channel = "", ...words] = message.trim().split(/\s+/);
  let name = verb.toUpperCase() || "HELP";
  if (name === "MEMBER") name = `MEMBER ${words.shift()?.toUpperCase() ?? ""}`;
  if (!Object.hasOwn(REQUESTS, name)) return help(context, name);
  const request = REQUESTS[name]!;
  const isOptional = request.params === "" || request.params.startsWith("[");
  if (channel === "" || (!isOptional && words.length === 0)) {
    return replyFromChanServ(context, `Write ${synopsis(name, request)} - ${request.help}.`);
  }
  try {
    if (request.forOperators && !context.member.operator) {
      throw new ChatError("not-server-operator", context.member.nick);
    }
    const room = findRoom(context, channel);
    const { chat, session, member, options: { moderation } } = context;
    const result = await context.inResponse(() => request.run({ chat, moderation, session, member }, room, words));
    if (typeof result === "string") replyFromChanServ(context, result);
    else replyRows(context, result);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    replyError(context, error, "CHANSERV");
  }
}

/** LINK #channel [7d] [5 uses]. */
async function invite(context: LinkContext, room: Room, words: readonly string[]): Promise<string[]> {
  const made = await makeLink(context, room, words, (id) => `/msg ${CHANSERV} UNLINK ${room.name} ${id}`);
  return [...made?.sentences ?? [`Write ${synopsis("LINK", REQUESTS["LINK"]!)} - ${REQUESTS["LINK"]!.help}.`]];
}

/** A channel that the client may know of: its own, and for server operators all. @throws {ChatError} `no-such-room` */
function findRoom(context: MemberContext, name: string): Room {
  const room = context.chat.getRoom(name);
  const mayKnow = context.member.operator || room?.roleOf(context.member) !== undefined;
  return room !== undefined && mayKnow ? room : requireVisibleRoom(context, name);
}

function replyRows(context: MemberContext, rows: readonly string[]) {
  const head = `:${CHANSERV}!services@${context.options.name} NOTICE ${context.name} :`;
  if (!context.replyWithinLimit(rows.map((row) => head + row))) context.numeric("ERR_TOOMANYMATCHES", "CHANSERV");
}

function synopsis(name: string, { params }: ChanServRequest): string {
  const [verb, ...more] = name.split(" ");
  return [verb, "#channel", ...more, params].join(" ").trimEnd();
}

function help(context: MemberContext, name: string) {
  const rows = Object.entries(REQUESTS).map(([name, request]) => `${synopsis(name, request)} - ${request.help}`);
  replyFromChanServ(context, name === "HELP" ? "Requests:" : "Unknown request. Requests:", ...rows);
}

/** CHANSERV and CS: the rest of the line is a request. */
export function cs(context: MemberContext, _params: readonly string[], { rest }: IrcMessage): Promise<void> {
  return handleChannelRequest(context, rest.replace(/(?<=^| ):/, ""));
}

/** BAN #channel nick|mask: bans a user by account or host, and removes it. */
export async function ban(context: MemberContext, [name = "", who = ""]: readonly string[]): Promise<void> {
  await context.chat.admin.ban(context.member, requireVisibleRoom(context, name), who);
}

/** UNBAN #channel nick|mask: lifts what BAN has done, also when the user is gone. */
export async function unban(context: MemberContext, [name = "", who = ""]: readonly string[]): Promise<void> {
  const { made } = await context.chat.admin.unban(context.member, requireVisibleRoom(context, name), who);
  if (made.length === 0) context.fail("UNBAN", "NO_SUCH_BAN", "No such ban. MODE #channel b lists the bans");
}

/** RENAME #channel #new [:reason]. */
export async function rename(context: MemberContext, params: readonly string[]): Promise<void> {
  const [name = "", to = "", reason] = params;
  const room = requireVisibleRoom(context, name);
  try {
    await context.chat.admin.rename(context.member, room, to, reason || undefined);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    if (error.code === "room-taken") {
      return context.fail("RENAME", "CHANNEL_NAME_IN_USE", "There is a channel of that name", room.name, word(to));
    }
    if (error.code !== "room-invalid" && error.code !== "room-crowded" && error.code !== "rooms-too-fast") throw error;
    context.fail("RENAME", "CANNOT_RENAME", WHY[error.code], room.name, word(to));
  }
}

const WHY = {
  "room-invalid": "Not a valid channel name",
  "room-crowded": "The channel has too many members to be renamed",
  "rooms-too-fast": "Too many channels were created or renamed from your network. Try again later",
} as const;
