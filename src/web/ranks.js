// @ts-check
/**
 * The user's rank in a room.
 */
import { fold } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/** Whether the user is an operator or owner of a room. @param {Chat} chat @param {Room} room */
export function isOperator({ model }, room) {
  return /[~@]/.test(room.members.get(fold(model.nick))?.prefixes ?? "");
}

/** Whether the user is an owner of a room. @param {Chat} chat @param {Room} room */
export function isOwner({ model }, room) {
  return room.members.get(fold(model.nick))?.prefixes.includes("~") === true;
}
