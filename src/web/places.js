// @ts-check
/**
 * Where one can go from what one types: rooms, people, and a room that does not exist yet. A word alone is a room.
 */
import { fold, isRoom, toRoomName } from "./room.js";

/** @typedef {import("./context.ts").ListedRoom} Listed */
/** @typedef {import("./model.js").Model} Model */

/**
 * Somewhere to go.
 *
 * @typedef {object} Place
 * @property {string} name A room's, or a nickname.
 * @property {string} about What it is.
 * @property {number} [count] How many there are, and of what.
 * @property {string} [unit]
 */

/**
 * The places that fit what was typed, that first which Enter goes to: the one of that very name, be it a room or, where there
 * is no such room, a user; then what is open, to change to it by a few letters; then a new room; then all others. Behind
 * an `@`, an unknown nickname comes last.
 *
 * @param {Model} model
 * @param {Listed[]} listed The rooms of the server.
 * @param {string} text What was typed: part of a name, or an `@` and part of a nickname.
 * @returns {Place[]}
 */
export function places(model, listed, text) {
  const inPrivate = /^\s*@/.test(text);
  const typed = text.trim().replace(/^@\s*/, "");
  const name = inPrivate ? typed : toRoomName(typed.replace(/[\s,]+/g, "-"));
  const fits = (/** @type {string} */ each) => fold(each).includes(fold(typed)) && !(inPrivate && isRoom(each));
  const open = model.tabs.filter(({ name }) => fits(name)).map(({ name, unread }) => {
    return { name, about: "", count: unread, unit: "unread" };
  });
  const rooms = listed.filter(({ name }) => fits(name) && model.find(name) === undefined).map((room) => {
    return { name: room.name, about: room.topic, count: room.people, unit: room.people === 1 ? "person" : "people" };
  });
  const people = nicksIn(model).filter((nick) => fits(nick) && model.find(nick) === undefined).sort().map((nick) => {
    return { name: nick, about: "Talk in private" };
  });
  const known = [...open, ...rooms, ...people];
  const exact = [name, typed].flatMap((wanted) => known.filter(({ name }) => fold(name) === fold(wanted)));
  const isNew = !/^#*$/.test(name) && !known.some((place) => fold(place.name) === fold(name));
  if (!isNew) return [...new Set([...exact, ...open, ...known])];
  if (inPrivate) return [...known, { name, about: "Not in your rooms" }];
  return [...new Set([...exact, ...open, { name, about: "Make this room" }, ...known])];
}

/** Those who are in a room with us. @param {Model} model */
function nicksIn(model) {
  const nicks = new Map(
    [...model.rooms.values()].flatMap(({ members: people }) => [...people].map(([key, { nick }]) => [key, nick])),
  );
  nicks.delete(fold(model.nick));
  return [...nicks.values()];
}
