// @ts-check
/**
 * Matches what is typed into the "Go to a room" dialog: rooms, users, and a room that does not exist yet.
 */
import { fold, isRoom, toRoomName } from "./room.js";

/** @typedef {import("./context.ts").ListedRoom} Listed */
/** @typedef {import("./model.js").Model} Model */

/**
 * An entry of the dialog.
 *
 * @typedef {object} Place
 * @property {string} name A room or a nickname.
 * @property {string} about Its description.
 * @property {number} [count] A number to show with `unit`.
 * @property {string} [unit]
 */

/**
 * The places that match a text. Enter goes to the first one: an exact match, a room before a user; then open tabs that
 * contain the text; then a new room of that name; then all others. After an `@`, only users match, and an unknown nickname
 * comes last.
 *
 * @param {Model} model
 * @param {Listed[]} listed The rooms of the server.
 * @param {string} text A part of a name; or `@` and a part of a nickname.
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
  return [...new Set([...exact, ...open, { name, about: "Create this room" }, ...known])];
}

/** The nicknames of all users in the user's rooms. @param {Model} model */
function nicksIn(model) {
  const nicks = new Map(
    [...model.rooms.values()].flatMap(({ members: people }) => [...people].map(([key, { nick }]) => [key, nick])),
  );
  nicks.delete(fold(model.nick));
  return [...nicks.values()];
}
