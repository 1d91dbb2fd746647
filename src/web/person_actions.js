// @ts-check
/**
 * What the user can do with a person: the buttons of the person's dialog, with the ranks that they need.
 */
import { hasAccounts } from "./account.js";
import { askChanServ } from "./chanserv.js";
import { LOBBY } from "./chat.js";
import { ignoresNick } from "./ignored.js";
import { isOperator, isOwner } from "./ranks.js";
import { fold } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/** A button. @typedef {{ label: string, run: () => void }} Action */

/**
 * @typedef {object} PersonActions
 * @property {Action[]} actions For everyone.
 * @property {Action[]} moderation For operators of the room; empty if the user is none.
 * @property {string} why Why an operator has fewer actions, or the empty string.
 */

/**
 * @param {Chat} chat
 * @param {Room} room The room in which the person was chosen, or the private conversation with it.
 * @param {string} nick
 * @param {{ banned?: boolean, mention: (nick: string) => void }} options Whether the person is banned from the room.
 * @returns {PersonActions}
 */
export function personActions(chat, room, nick, { banned = false, mention }) {
  const own = fold(nick) === fold(chat.model.nick);
  /** @param {string} label @param {string} command @param {string[]} params @returns {Action} */
  const ask = (label, command, ...params) => ({
    label,
    run: () => void chat.request(command, params, { room }),
  });
  /** @type {Action[]} */
  const actions = [];
  if (!own && room.isRoom) actions.push({ label: "Talk in private", run: () => void chat.openTab(nick) });
  if (room.isRoom) actions.push({ label: "Mention", run: () => mention(nick) });
  actions.push(ask("Who is this?", "WHOIS", nick));
  if (!own) {
    actions.push(
      ignoresNick(chat.model, nick)
        ? ask("Stop ignoring", "SILENCE", `-${nick}`)
        : ask("Ignore", "SILENCE", `+${nick}`),
    );
  }
  if (!room.isRoom) actions.push({ label: "Close this tab", run: () => chat.part(room) });
  if (!room.isRoom || !isOperator(chat, room)) return { actions, moderation: [], why: "" };

  const person = room.members.get(fold(nick));
  const prefixes = person?.prefixes ?? "";
  if (prefixes.includes("~") && !isOwner(chat, room)) {
    return { actions, moderation: [], why: "Only owners of the room can act against an owner." };
  }
  const moderation = person === undefined ? [] : roleActions(chat, room, nick, prefixes, ask);
  if (!own && person !== undefined) moderation.push(ask("Kick", "KICK", room.name, nick));
  if (!own && !prefixes.includes("~")) {
    moderation.push(
      banned ? ask("Lift the ban", "UNBAN", room.name, nick) : ask("Ban", "BAN", room.name, nick),
    );
  }
  return { actions, moderation, why: "" };
}

/**
 * What server operators can do with a person.
 *
 * @param {Chat} chat
 * @param {Room} room The room in which the person was chosen, or the private conversation with it.
 * @param {string} nick
 * @param {(kind: import("./operator.js").Sanction | "reset") => void} open Opens the dialog for it.
 * @returns {Action[]} Empty if the user is no server operator.
 */
export function serverActions(chat, room, nick, open) {
  const { model } = chat;
  if (!model.isServerOperator || fold(nick) === fold(model.nick)) return [];
  /** @type {Action[]} */
  const actions = [
    { label: "Mute …", run: () => open("mute") },
    { label: "Disconnect …", run: () => open("kill") },
    { label: "Ban from the server …", run: () => open("ban") },
  ];
  if (!hasAccounts(chat)) return actions;
  actions.push({ label: "Lost password …", run: () => open("reset") });
  const isOwned = room.members.get(fold(nick))?.prefixes.includes("~") === true;
  if (room.isRoom && fold(room.name) !== LOBBY && !isOwned && !isOwner(chat, room)) {
    const appoint = () => void askChanServ(chat, ["OWNER", room.name, nick], { room });
    actions.push({ label: `Make owner of ${room.name}`, run: appoint });
  }
  return actions;
}

/**
 * The changes of a person's role: the roles above the one that the person has, and taking that one.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {string} nick
 * @param {string} prefixes
 * @param {(label: string, command: string, ...params: string[]) => Action} ask
 */
function roleActions(chat, room, nick, prefixes, ask) {
  const own = fold(nick) === fold(chat.model.nick);
  /** @param {string} label @param {string} letters */
  const mode = (label, letters) => ask(label, "MODE", room.name, letters, ...Array(letters.length / 2).fill(nick));
  if (prefixes.includes("~")) {
    // An owner hands the room over instead, in the dialog about the room.
    return own ? [] : [mode("Make operator", "-q+o"), mode("Remove as owner", "-q")];
  }
  const actions = isOwner(chat, room) ? [mode("Make owner", "+q")] : [];
  if (prefixes.includes("@")) return [...actions, mode("Remove as operator", "-o")];
  actions.push(mode("Make operator", "+o"));
  if (prefixes.includes("+")) return [...actions, mode("Remove voice", "-v")];
  actions.push(mode("Give voice", "+v"));
  if (!hasAccounts(chat)) return actions;
  const add = () => void askChanServ(chat, ["MEMBER", room.name, "ADD", nick], { room });
  return [...actions, { label: "Make member", run: add }];
}
