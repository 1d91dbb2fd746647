// @ts-check
/**
 * Requests to ChanServ, the service for rooms that belong to accounts: roles, bans, handing over, deleting.
 */
import { fold } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./context.ts").PendingRequest} PendingRequest */
/** @typedef {import("./room.js").Room} Room */

/** The nickname to which IRC clients send requests about rooms. No member has it. */
const CHANSERV = "chanserv";

/** @typedef {"owner" | "operator" | "voice" | "member"} RoleName */

/** The role of an account in a room, and since when. @typedef {{ name: string, role: RoleName, since: Date }} Role */

/** A ban of a room. `name` is the nickname or account that was banned, or else the mask. @typedef {{ name: string, mask: string, by: string, since: Date }} Ban */

/** The role for each prefix (PREFIX of RPL_ISUPPORT). @type {Record<string, RoleName>} */
const ROLE_OF = { "~": "owner", "@": "operator", "+": "voice" };

/** @param {string} name */
export function isChanServ(name) {
  return fold(name) === CHANSERV;
}

/**
 * Sends a request.
 *
 * @param {ChatContext} chat
 * @param {string[]} words As in `["MEMBER", "#tea", "ADD", "bob"]`.
 * @param {PendingRequest} context Without `onReply`, the replies are shown in its room.
 */
export function askChanServ(chat, words, context) {
  return chat.request("CS", words, context);
}

/**
 * Loads the roles of a room.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {(roles: Role[]) => void} done Not called if the request fails.
 */
export function loadRoles(chat, room, done) {
  loadRows(chat, "MEMBERS", room, parseRole, done);
}

/** Loads the bans of a room. @param {ChatContext} chat @param {Room} room @param {(bans: Ban[]) => void} done Not called if the request fails. */
export function loadBans(chat, room, done) {
  loadRows(chat, "BANS", room, parseBan, done);
}

/**
 * @template Row
 * @param {ChatContext} chat
 * @param {string} request
 * @param {Room} room
 * @param {(text: string) => Row | undefined} parse
 * @param {(rows: Row[]) => void} done
 */
function loadRows(chat, request, room, parse, done) {
  /** @type {Row[]} */
  const rows = [];
  let failed = false;
  askChanServ(chat, [request, room.name], {
    room,
    onReply(text) {
      const row = parse(text);
      if (row !== undefined) rows.push(row);
    },
    onError: () => failed = true,
    onDone() {
      if (!failed) done(rows);
    },
  });
}

/** Reads a line of MEMBERS: `~alice, an owner since 2026-11-20 14:05`. @param {string} text @returns {Role | undefined} */
export function parseRole(text) {
  const [, prefix = "", name, since = ""] = /^([~@+]?)([^\s,]+), .* since (.+)$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, role: ROLE_OF[prefix] ?? "member", since: timeOf(since) };
}

/** Reads a line of BANS: `bob (*!*@host), by alice since 2026-11-20 14:05`, or a mask without a nickname. @param {string} text @returns {Ban | undefined} */
export function parseBan(text) {
  const [, first = "", inner, by, since = ""] = /^(\S+)(?: \((\S+)\))?, by (\S+) since (.+)$/.exec(text) ?? [];
  if (by === undefined) return undefined;
  const mask = inner ?? first;
  // The mask of an account, without wildcards.
  const name = inner === undefined ? mask.replace(/^~a:(?=[^*?]+$)/, "") : first;
  return { name, mask, by, since: timeOf(since) };
}

/** The server writes times in UTC, without seconds. @param {string} text */
function timeOf(text) {
  return new Date(`${text.replace(" ", "T")}Z`);
}
