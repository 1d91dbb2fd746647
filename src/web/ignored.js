// @ts-check
/**
 * The users whose lines are not shown. The server keeps the list of an account. A guest's list ends with its connection, so
 * the browser stores it, and the page sends it again after connecting.
 *
 * A user is named by account, or else by nickname and host: `bob`, or `dave!*@host`.
 */
import { fold } from "./room.js";
import { localStore } from "./storage.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./irc.js").Message} Message */

/** How the author of a message is named on ignore lists, folded. @param {Message} message */
export function authorOf({ nick, source, tags }) {
  return fold(tags.get("account") ?? `${nick}!*${source.slice(source.lastIndexOf("@"))}`);
}

/** A name on an ignore list without the host of a guest. @param {string} name */
export function shortName(name) {
  return name.split("!")[0] ?? name;
}

/** Loads the list after connecting, or after a login or logout. @param {ChatContext} chat */
export function loadIgnored(chat) {
  if (chat.connection.account === "") chat.model.setIgnored(storedNames());
  else chat.request("SILENCE", [], { silent: true, ignored: [], onError: () => {} });
}

/** Sends the stored list of a guest to the server, which adds it to that of the account if there is one. @param {ChatContext} chat */
export function sendIgnored(chat) {
  const names = storedNames();
  for (const name of names) chat.request("SILENCE", [`+${name}`], { silent: true, onError: () => {} });
  if (chat.connection.account !== "") localStore.set("ignored", "");
}

/** Applies a change that the server has confirmed. @param {ChatContext} chat @param {string} name @param {boolean} on */
export function changeIgnored({ model, connection }, name, on) {
  const others = model.ignoredNames.filter((each) => fold(each) !== fold(name));
  model.setIgnored(on ? [...others, name] : others);
  if (connection.account === "") localStore.set("ignored", JSON.stringify(model.ignoredNames));
}

/** @returns {string[]} */
function storedNames() {
  try {
    const names = JSON.parse(localStore.get("ignored"));
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  } catch {
    return []; // not stored, or not valid
  }
}

/** Whether the user ignores a person with a nickname. @param {import("./model.js").Model} model @param {string} nick */
export function ignoresNick(model, nick) {
  const folded = fold(nick);
  if (model.ignoredNames.some((name) => fold(shortName(name)) === folded)) return true;
  // The person may be named by an account with another name: that of its messages.
  return [...model.rooms.values()].some(({ lines }) =>
    lines.some((line) =>
      line.author !== undefined && fold(line.nick ?? "") === folded && !line.own && model.ignores(line.author)
    )
  );
}
