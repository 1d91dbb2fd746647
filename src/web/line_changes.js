// @ts-check
/**
 * What happens to lines after they were said: reactions and deletions, as the server tells of them (IRCv3, "react", a draft,
 * and "message-redaction", a draft), and what the user does.
 */
import { authorOf } from "./ignored.js";
import { isOperator } from "./ranks.js";
import { fold, isRoom } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./context.ts").PendingRequest} PendingRequest */
/** @typedef {import("./irc.js").Message} Message */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./room.js").Room} Room */

/** The capability for deleting messages. */
const REDACTION = "draft/message-redaction";

/** The most different reactions to a message, and the most members of each that are known. Further ones are dropped. */
export const REACTIONS_MAX = 50;
export const REACTED_MAX = 1000;

/** The id of the message that another one replies or reacts to. @param {Map<string, string>} tags */
export function repliedTo(tags) {
  return baseId(tags.get("+draft/reply") ?? tags.get("+reply") ?? "") || undefined;
}

/** The lines of a long message have the id of the first one, with a number appended. @param {string} id */
export function baseId(id) {
  return id.replace(/-\d+$/s, "");
}

/**
 * Handles tags without a text (TAGMSG): a reaction that was added or taken back. Typing is handled in typing.js.
 *
 * @param {ChatContext} chat
 * @param {Message} message
 * @param {PendingRequest | undefined} request
 */
export function receiveReaction(chat, message, request) {
  const { tags, nick } = message;
  const id = repliedTo(tags);
  const [added, removed] = [tags.get("+draft/react"), tags.get("+draft/unreact")];
  const text = added ?? removed;
  if (id === undefined || text === undefined) return;
  const account = tags.get("account") ?? "";
  const own = fold(nick) === fold(chat.model.nick) || (account !== "" && account === chat.model.account);
  const member = { key: authorOf(message), nick, own };
  const change = (/** @type {Line} */ line) => react(line, text, member, added !== undefined);
  changeLine(chat, message, request, id, change);
}

/** Handles REDACT: the text of a line was deleted. @param {ChatContext} chat @param {Message} message @param {PendingRequest | undefined} request */
export function receiveDeletion(chat, message, request) {
  const [, id = "", reason = ""] = message.params;
  const author = authorOf(message);
  changeLine(chat, message, request, baseId(id), (line) => {
    line.deletedBy = line.author === author ? line.nick : message.nick; // authors may have changed their nicknames
    line.reason = reason;
    line.text = "";
    line.mention = false;
    line.reactions = undefined;
  });
}

/**
 * Changes a line of a room, or of the answer to a request.
 *
 * @param {ChatContext} chat
 * @param {Message} message
 * @param {PendingRequest | undefined} request
 * @param {string} id
 * @param {(line: Line) => void} change
 */
function changeLine({ model }, { nick, params: [to = ""] }, request, id, change) {
  if (request?.onChange !== undefined) return request.onChange(id, change);
  const room = model.find(isRoom(to) || fold(nick) === fold(model.nick) ? to : nick);
  if (room !== undefined) model.changeLine(room, id, change);
}

/**
 * Adds a reaction to a line, or removes it.
 *
 * @param {Line} line
 * @param {string} text
 * @param {{ key: string, nick: string, own: boolean }} member `key`: as in {@linkcode authorOf}, as the nickname may change.
 * @param {boolean} on
 */
function react(line, text, { key, nick, own }, on) {
  if (line.deletedBy !== undefined) return;
  const all = line.reactions ?? [];
  const known = all.find((each) => each.text === text);
  if (on && (known === undefined ? all.length >= REACTIONS_MAX : known.nicks.size >= REACTED_MAX)) return;
  const nicks = new Map(known?.nicks);
  if (on) nicks.set(key, nick);
  else nicks.delete(key);
  const reaction = { text, nicks, own: own ? on : known?.own ?? false };
  line.reactions = known === undefined ? [...all, reaction] : all.map((each) => each === known ? reaction : each);
  line.reactions = line.reactions.filter(({ nicks }) => nicks.size > 0);
}

/** Adds the user's reaction to a line, or takes it back. @param {ChatContext} chat @param {Room} room @param {Line} line @param {string} text */
export function toggleReaction(chat, room, line, text) {
  if (line.id === undefined) return;
  const own = line.reactions?.some((each) => each.own && each.text === text) ?? false;
  chat.request("TAGMSG", [room.name], { room }, {
    "+draft/reply": line.id,
    [own ? "+draft/unreact" : "+draft/react"]: text,
  });
}

/** Deletes a line for all. @param {ChatContext} chat @param {Room} room @param {Line} line */
export function deleteLine(chat, room, line) {
  if (line.id !== undefined) chat.request("REDACT", [room.name, line.id], { room });
}

/**
 * Whether the user may try to delete a line: its author, under any nickname of the account, and operators.
 *
 * @param {import("./chat.js").Chat} chat
 * @param {Room} room
 * @param {Line} line
 */
export function mayDelete(chat, room, line) {
  const { connection, model } = chat;
  const own = line.own || (model.account !== "" && line.author === fold(model.account));
  return connection.has(REDACTION) && (own || model.isServerOperator || (room.isRoom && isOperator(chat, room)));
}
