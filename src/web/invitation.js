// @ts-check
/**
 * Invite links: the page that is opened by one, and the requests about them.
 */
import { OFFLINE } from "./account.js";
import { askChanServ } from "./chanserv.js";
import { LOBBY } from "./chat.js";
import { isOperator } from "./ranks.js";
import { fold } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./room.js").Room} Room */

/** A link of a room: what it may still be used for, in words. @typedef {{ id: string, by: string, about: string }} InviteLink */

/** The path of an invite link, behind that of the page. */
const PATH = /^(.*\/)i\/([a-z2-7]{20})$/i;

/** The code that waits until the page is online, by chat. @type {WeakMap<ChatContext, string>} */
const waiting = new WeakMap();

/** Takes the code out of the address, so that it is not shown, shared or opened again. Returns the empty string if there is none. */
export function takeInvitation() {
  const [, folder = "", code = ""] = PATH.exec(location.pathname) ?? [];
  if (code !== "") history.replaceState(null, "", folder);
  return code.toLowerCase();
}

/**
 * Has the next connection use a code: in place of the server password, unless the page has that.
 *
 * @param {ChatContext} chat
 * @param {string} code
 */
export function useInvitation(chat, code) {
  if (code === "") return;
  // In place of the password, the server uses it and says which room it leads to; else the page asks for that.
  if (chat.connection.password === "") chat.connection.password = code;
  else waiting.set(chat, code);
}

/** Joins the room of a code that was not used as the server password. To be called when the page is online. @param {ChatContext} chat */
export function joinInvitation(chat) {
  const code = waiting.get(chat);
  if (code === undefined) return;
  waiting.delete(chat);
  const { model } = chat;
  chat.request("JOIN", [code], {
    isInvitation: true,
    onError: (why) => model.tell(model.current, why, "error"),
  });
}

/** Whether the user may make invite links to a room. @param {Chat} chat @param {Room | undefined} room */
export function mayInvite(chat, room) {
  if (room?.isRoom !== true || room.state !== "in") return false;
  if (chat.model.isServerOperator) return true;
  return fold(room.name) === LOBBY ? chat.connection.account !== "" : isOperator(chat, room);
}

/**
 * Makes a link.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {{ time: string, uses: string }} wanted As in `7d` and `5`; any number of uses if that is empty.
 * @param {(url: string) => void} done Called with the URL.
 * @param {(why: string) => void} failed
 */
export function makeLink(chat, room, { time, uses }, done, failed) {
  const sent = askChanServ(chat, ["LINK", room.name, time, ...uses === "" ? [] : [uses]], {
    room,
    onReply(text) {
      const [, code] = /\/i\/([a-z2-7]{20})$/.exec(text) ?? [];
      // At the address of the page: the server may not know how people reach it.
      if (code !== undefined) done(new URL(`i/${code}`, location.href).href);
    },
    onError: failed,
  });
  if (!sent) failed(OFFLINE);
}

/**
 * Loads the links of a room that the user may revoke.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {(links: InviteLink[]) => void} done
 */
export function loadLinks(chat, room, done) {
  /** @type {InviteLink[]} */
  const links = [];
  askChanServ(chat, ["LINKS", room.name], {
    room,
    onReply(text) {
      const link = parseLink(text);
      if (link !== undefined) links.push(link);
    },
    onError: () => {},
    onDone: () => done(links),
  });
}

/** Revokes a link. @param {ChatContext} chat @param {Room} room @param {string} id @param {import("./account.js").Callbacks} callbacks */
export function revokeLink(chat, room, id, ...[done, failed]) {
  if (!askChanServ(chat, ["UNLINK", room.name, id], { room, onReply: done, onError: failed })) failed(OFFLINE);
}

/** Reads a line of LINKS: `3: #tea, by alice, used 2 of 5 times, until 2026-12-07 10:30`. @param {string} text @returns {InviteLink | undefined} */
export function parseLink(text) {
  const [, id, by = "", used = "", end = ""] = /^(\d+): \S+, by (\S+), (used [^,]+), (.+)$/.exec(text) ?? [];
  if (id === undefined) return undefined;
  const [, time] = /^until (.+)$/.exec(end) ?? [];
  const until = time === undefined ? end : `until ${new Date(`${time.replace(" ", "T")}Z`).toLocaleString()}`;
  return { id, by, about: `${used}, ${until}` };
}
