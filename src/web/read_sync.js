// @ts-check
/**
 * Keeps read markers. Those of an account are on the server, which tells all of its devices (IRCv3, "read-marker", a draft).
 * Those of a guest are in the browser, as the server drops them when the connection ends.
 */
import { readMarkerOf, setReadMarker } from "./read_markers.js";
import { fold } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./lines.js").Position} Position */
/** @typedef {import("./room.js").Room} Room */

const CAPABILITY = "draft/read-marker";

/** The most rooms whose marker on the server is remembered. Those above it are sent once more than needed. */
const KNOWN_MAX = 2000;

/** How a time begins. */
const PREFIX = "timestamp=";

/** A marker is sent at once; further ones after this delay, in milliseconds: the user may read along in a busy room. */
const DELAY = 2000;

/**
 * The markers of a chat.
 *
 * @typedef {object} State
 * @property {Map<string, number>} known Up to when the server has each room as read, in milliseconds since 1970, by folded name.
 * @property {Set<Room>} waiting Rooms whose marker is to be sent.
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 */

/** @type {WeakMap<ChatContext, State>} */
const states = new WeakMap();

/** @param {ChatContext} chat */
function stateOf(chat) {
  const state = states.get(chat) ?? { known: new Map(), waiting: new Set(), timer: undefined };
  states.set(chat, state);
  return state;
}

/** Whether the server keeps the markers of this user. @param {ChatContext} chat */
function isKeptByServer({ connection }) {
  return Boolean(connection.account) && connection.has(CAPABILITY);
}

/** The marker that the browser has stored, unless the server has it. @param {ChatContext} chat @param {string} name @returns {Position | undefined} */
export function storedMarkerOf(chat, name) {
  return isKeptByServer(chat) ? undefined : readMarkerOf(name);
}

/** Stores a marker that has moved. @param {ChatContext} chat @param {Room} room */
export function storeMarker(chat, room) {
  const { lastRead, name } = room;
  if (lastRead === undefined) return;
  if (!isKeptByServer(chat)) return setReadMarker(name, lastRead);
  const state = stateOf(chat);
  if (!isNews(state, room)) return;
  state.waiting.add(room);
  if (state.timer === undefined) sendMarkers(chat);
}

/** Sends the markers that wait. @param {ChatContext} chat */
export function sendMarkers(chat) {
  const state = stateOf(chat);
  clearTimeout(state.timer);
  state.timer = undefined;
  const rooms = [...state.waiting].filter((room) => isNews(state, room));
  state.waiting.clear();
  if (rooms.length === 0 || !isKeptByServer(chat)) return;
  for (const { name, lastRead } of rooms) {
    if (lastRead === undefined) continue;
    // An error does not matter to the user: the marker of a room that they have left, for example.
    const sent = chat.request("MARKREAD", [name, PREFIX + lastRead.time.toISOString()], { onError() {} });
    if (!sent) return; // after reconnecting, each room is compared with what the server knows
    state.known.set(fold(name), lastRead.time.getTime());
  }
  state.timer = setTimeout(() => sendMarkers(chat), DELAY);
}

/** Asks the server for the marker of a private conversation: it tells those of rooms by itself. @param {ChatContext} chat @param {string} nick */
export function requestMarker(chat, nick) {
  if (isKeptByServer(chat)) chat.request("MARKREAD", [nick], { onError() {} });
}

/** Takes a marker from the server. @param {ChatContext} chat @param {string} name @param {string} stamp */
export function receiveMarker(chat, name, stamp) {
  if (!isKeptByServer(chat)) return;
  const time = stamp.startsWith(PREFIX) ? new Date(stamp.slice(PREFIX.length)) : undefined;
  const { model } = chat;
  const { known } = stateOf(chat);
  if (time !== undefined && (known.size < KNOWN_MAX || known.has(fold(name)))) {
    known.set(fold(name), Math.max(time.getTime(), known.get(fold(name)) ?? 0));
  }
  const room = model.find(name);
  if (room === undefined) return;
  if (time !== undefined) model.readUpTo(room, time);
  // The user has read a room that is new to them, but not what others have sent them in private.
  else if (!room.isRoom && room.newest === undefined) room.lastRead ??= { id: "", time: new Date(0) };
  storeMarker(chat, room);
}

/** Called after a login or logout: what a guest has read, the account has read. @param {ChatContext} chat */
export function accountChanged(chat) {
  const state = stateOf(chat);
  state.known.clear();
  if (!isKeptByServer(chat)) return;
  for (const room of chat.model.rooms.values()) state.waiting.add(room);
  sendMarkers(chat);
}

/** Whether the server does not know yet up to where a room is read. @param {State} state @param {Room} room */
function isNews({ known }, { name, lastRead }) {
  return lastRead !== undefined && lastRead.time.getTime() > (known.get(fold(name)) ?? 0);
}
