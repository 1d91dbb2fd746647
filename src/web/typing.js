// @ts-check
/**
 * Typing notifications (IRCv3, "typing"): sends them while the user writes, and stores those of other members for each room.
 */
import { localStore } from "./storage.js";
import { fold, isRoom } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./irc.js").Message} Message */
/** @typedef {import("./room.js").Room} Room */

/** How often others are told, at most, and how long a notification lasts, in milliseconds; both are those of the specification. */
export const TELL_EVERY = 3000;
export const ACTIVE_TIME = 6000;
export const PAUSED_TIME = 30_000;

/** Others are told in rooms of at most so many members: with more, the names would change too fast to be read. */
export const TYPING_MEMBERS_MAX = 100;

/** The most users that are remembered for each room. */
export const TYPING_MAX = 20;

/** The setting of this browser. */
const SETTING = "typing";

/** Whether others are told when this user types. */
export function isTypingShown() {
  return localStore.get(SETTING) !== "off";
}

/** @param {boolean} on */
export function setTypingShown(on) {
  localStore.set(SETTING, on ? "" : "off");
}

/** Handles a notification. @param {ChatContext} chat @param {Message} message */
export function receiveTyping({ model }, { tags, nick, params: [to = ""] }) {
  const state = tags.get("+typing");
  if (state === undefined || fold(nick) === fold(model.nick)) return;
  const room = model.find(isRoom(to) ? to : nick);
  if (room === undefined) return;
  if (state === "active" || state === "paused") {
    noteTyping(room, nick, Date.now() + (state === "active" ? ACTIVE_TIME : PAUSED_TIME));
  } else stopTyping(room, nick);
  model.emit("typing", room);
}

/** @param {Room} room @param {string} nick @param {number} until Milliseconds since 1970. */
function noteTyping(room, nick, until) {
  room.typing.delete(fold(nick));
  room.typing.set(fold(nick), { nick, until });
  const [oldest] = room.typing.keys();
  if (room.typing.size > TYPING_MAX && oldest !== undefined) room.typing.delete(oldest);
}

/** Forgets that a user types: a message of the user has come, or the user is gone. @param {Room} room @param {string} nick @returns {boolean} Whether it did. */
export function stopTyping(room, nick) {
  return room.typing.delete(fold(nick));
}

/** The members who are typing in a room now. @param {Room} room @param {number} now Milliseconds since 1970. @returns {string[]} */
export function typists(room, now) {
  for (const [key, { until }] of room.typing) if (until <= now) room.typing.delete(key);
  return [...room.typing.values()].map(({ nick }) => nick);
}

/** `alice is typing`, `alice and bob are typing`, `4 people are typing`; empty without nicknames. @param {string[]} nicks */
export function typingText(nicks) {
  if (nicks.length === 0) return "";
  if (nicks.length === 1) return `${nicks[0]} is typing …`;
  return nicks.length === 2 ? `${nicks[0]} and ${nicks[1]} are typing …` : `${nicks.length} people are typing …`;
}

/** Tells the others that the user types. One object for the whole page. */
export class TypingNotifier {
  #chat;
  #now;
  /** @type {Room | undefined} The room in which the others believe that the user types. */
  #room;
  #toldAt = -Infinity;

  /** @param {ChatContext} chat @param {() => number} now Milliseconds since 1970. */
  constructor(chat, now = Date.now) {
    this.#chat = chat;
    this.#now = now;
  }

  /** Called when the input of a room has changed. @param {Room} room @param {string} text */
  changed(room, text) {
    if (text.trim() === "" || text.startsWith("/")) return this.stopped(room);
    const { online, connection, typingDenied } = this.#chat;
    const isCrowded = room.members.size > TYPING_MEMBERS_MAX;
    if (!online || !connection.has("message-tags") || typingDenied || isCrowded || !isTypingShown()) return;
    if (room === this.#room && this.#now() - this.#toldAt < TELL_EVERY) return;
    this.#room = room;
    this.#toldAt = this.#now();
    this.#tell(room, "active");
  }

  /** Called when the input is empty without having been sent. @param {Room} room */
  stopped(room) {
    if (room !== this.#room) return;
    this.#room = undefined;
    this.#tell(room, "done");
  }

  /** Called when the input was sent: the message says so itself. @param {Room} room */
  sent(room) {
    if (room === this.#room) this.#room = undefined;
    this.#toldAt = -Infinity;
  }

  /** @param {Room} room @param {"active" | "done"} state */
  #tell(room, state) {
    this.#chat.request("TAGMSG", [room.name], { room, silent: true, onError() {} }, { "+typing": state });
  }
}
