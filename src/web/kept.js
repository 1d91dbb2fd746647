// @ts-check
/**
 * Whether the server stores the private messages of a conversation: it says whose it stores (`PRIVATEHISTORY` of
 * RPL_ISUPPORT), and who is logged in to an account.
 */
import { fold } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./room.js").Room} Room */

/** How the server says in RPL_AWAY that a message waits for a user who is not in the chat: as in `protocol/irc/messages.ts`. */
const OFFLINE = "Offline, and will see it";

/** Asks the server whether the other user of a conversation is logged in (WHOX). @param {ChatContext} chat @param {Room} room */
export function askIfGuest(chat, room) {
  chat.request("WHO", [room.name, "%na"], { room, silent: true, onError() {} });
}

/** Notes whether a user is a guest. @param {ChatContext} chat @param {string} nick @param {boolean} isGuest */
export function noteGuest({ model }, nick, isGuest) {
  const room = model.find(nick);
  if (room === undefined || room.isRoom || room.isGuest === isGuest) return;
  room.isGuest = isGuest;
  model.emit("room", room);
}

/**
 * What the user should know about a conversation that is not stored; the empty string if it is, or if that is not known.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 */
export function notKeptText({ connection, model, privateHistory }, room) {
  const isOwnNote = fold(room.name) === fold(model.nick);
  switch (privateHistory) {
    case "off":
      return "This server does not keep private messages.";
    case "all":
      return connection.account === ""
        ? "You are a guest: when you disconnect, you lose these messages. Log in to keep them."
        : "";
    case "accounts":
      if (connection.account === "") return "Messages of guests are not kept. Log in to keep them.";
      return room.isGuest && !isOwnNote ? "Messages with guests are not kept." : "";
    default:
      return "";
  }
}

/** What a user is told about another one who is away. @param {string} nick @param {string} text The parameter of RPL_AWAY. */
export function awayText(nick, text) {
  return text === OFFLINE ? `${nick} is offline and will see it.` : `${nick} is away: ${text}`;
}
