// @ts-check
/**
 * Converts messages of the server (PRIVMSG and NOTICE) into lines of a room.
 */
import { now } from "./clock.js";
import { plainText } from "./format.js";
import { authorOf } from "./ignored.js";
import { repliedTo } from "./line_changes.js";
import { fold } from "./room.js";

/** @typedef {import("./irc.js").Message} Message */
/** @typedef {import("./model.js").Model} Model */

/** How CTCP messages begin, and an action in particular. */
const ACTION = "\x01ACTION ";
const CTCP = "\x01";

/**
 * Converts a message into a line.
 *
 * @param {Model} model
 * @param {Message} message
 * @param {boolean} inPrivate
 * @param {string} few The prefix of members that it is for (STATUSMSG), or the empty string.
 * @returns {import("./lines.js").Line | undefined} `undefined` for CTCP messages other than actions.
 */
export function lineOf(model, message, inPrivate, few) {
  const { command, nick, params: [, text = ""], tags } = message;
  const action = text.startsWith(ACTION) ? text.slice(ACTION.length).replaceAll(CTCP, "") : undefined;
  if (text.startsWith(CTCP) && action === undefined) return undefined;
  const kind = command === "NOTICE" ? "notice" : action === undefined ? "say" : "action";
  const said = `${
    few === "" ? "" : `(to ${few.includes("+") ? "voices" : few.includes("@") ? "operators" : "owners"}) `
  }${action ?? text}`;
  const own = fold(nick) === fold(model.nick);
  const author = authorOf(message);
  const ignored = !own && model.ignores(author);
  const accounts = (tags.get("tincan.chat/mentions") ?? "").split(",");
  const isMentioned = model.account !== "" && accounts.includes(model.account);
  const mention = !own && !ignored && (inPrivate || isMentioned || model.mentions(plainText(said)));
  // The lines of a long message have the id of the first one, with a number appended.
  const [, id, part = "0"] = /^(.*?)(?:-(\d+))?$/s.exec(tags.get("msgid") ?? "") ?? [];
  return {
    kind,
    nick,
    text: said,
    time: timeOf(tags),
    id: id || undefined,
    part: Number(part),
    own,
    mention,
    author,
    ignored,
    reply: repliedTo(tags),
  };
}

/** The time of a message (IRCv3, "server-time"), or else the current time. @param {Map<string, string>} tags */
export function timeOf(tags) {
  const time = new Date(tags.get("time") ?? "");
  return Number.isNaN(time.getTime()) ? now() : time;
}
