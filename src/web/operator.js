// @ts-check
/**
 * What server operators can do: becoming one, and their requests. The password is neither shown nor stored.
 */
import { OFFLINE } from "./account.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./account.js").Callbacks} Callbacks */

/** A ban or a mute of the server: `what` is its mask, `about` the reason or, of a mute, the nickname. @typedef {{ what: string, isMute: boolean, time: string, by: string, about: string }} ServerBan */

/** What server operators do to a person. @typedef {"kill" | "mute" | "ban"} Sanction */

/**
 * Sends a request.
 *
 * @param {ChatContext} chat
 * @param {string} command
 * @param {string[]} params
 * @param {Callbacks} callbacks One of them is called, with all that the server replies; the text may be empty if there was no error.
 */
export function askAsOperator(chat, command, params, ...[done, failed]) {
  /** @type {string[]} */
  const replies = [];
  /** @type {string[]} */
  const errors = [];
  const sent = chat.request(command, params, {
    onReply: (text) => replies.push(text),
    onError(why) {
      errors.push(why);
      if (!chat.online) failed(why); // nothing follows
    },
    onDone() {
      const text = [...errors, ...replies].map((each) => each.replace(/[^.!?:]$/, "$&.")).join(" ");
      if (errors.length > 0) failed(text);
      else done(text);
    },
  });
  if (!sent) failed(OFFLINE);
}

/** Makes the user a server operator. @param {ChatContext} chat @param {string} name The name in the operators file. @param {string} password @param {Callbacks} callbacks */
export function becomeOperator(chat, name, password, ...callbacks) {
  askAsOperator(chat, "OPER", [name, password], ...callbacks);
}

/**
 * Disconnects, mutes or bans a person.
 *
 * @param {ChatContext} chat
 * @param {Sanction} kind
 * @param {string} who A nickname; to ban, an address or a mask as well.
 * @param {{ time?: string, reason?: string }} details The time as in `12h`, without end if it is empty.
 * @param {Callbacks} callbacks
 */
export function sanction(chat, kind, who, { time = "", reason = "" }, ...callbacks) {
  const why = reason === "" ? [] : [reason];
  if (/\s/.test(who)) return callbacks[1]("A name, an address or a mask has no spaces.");
  if (kind === "kill") askAsOperator(chat, "KILL", [who, ...why], ...callbacks);
  else if (kind === "mute") askAsOperator(chat, "MUTE", time === "" ? [who] : [who, time], ...callbacks);
  else askAsOperator(chat, "KLINE", [time || "0", who, ...why], ...callbacks); // 0 is without end
}

/** Lifts a ban or a mute. @param {ChatContext} chat @param {ServerBan} ban @param {Callbacks} callbacks */
export function lift(chat, { what, isMute, about }, ...callbacks) {
  // By the nickname, the mutes of account and host end together, and the person is told.
  if (isMute) askAsOperator(chat, "UNMUTE", [about || what], ...callbacks);
  else askAsOperator(chat, "UNKLINE", [what], ...callbacks);
}

/**
 * Loads the bans and mutes of the server.
 *
 * @param {ChatContext} chat
 * @param {(bans: ServerBan[]) => void} done Called also after an error, with those that came: there may be too many for one answer.
 * @param {(why: string) => void} failed
 */
export function loadServerBans(chat, done, failed) {
  /** @type {string[]} */
  const lines = [];
  const sent = chat.request("STATS", ["k"], {
    onReply: (text) => lines.push(text),
    onError: failed,
    onDone: () => done(parseServerBans(lines)),
  });
  if (!sent) failed(OFFLINE);
}

/** Loads the state of the server, in sentences. @param {ChatContext} chat @param {(lines: string[]) => void} done @param {(why: string) => void} failed */
export function loadStatistics(chat, done, failed) {
  /** @type {string[]} */
  const lines = [];
  const request = {
    onReply: (/** @type {string} */ text) => lines.push(text),
    onError: failed,
    onDone: () => done(lines),
  };
  if (!chat.request("STATS", ["z"], request)) failed(OFFLINE);
}

/**
 * Parses the lines of STATS k: `*!*@host for 12h more, by root: spam`, or `*!*@host muted for good, by root: bob`. A long
 * line continues in the next one.
 *
 * @param {string[]} lines
 */
export function parseServerBans(lines) {
  /** @type {ServerBan[]} */
  const bans = [];
  for (const line of lines) {
    const [, what, muted, time = "", by = "", about = ""] =
      /^(\S+) (muted )?(for good|for \S+ more)(?:, by (\S+): ?(.*))?$/.exec(line) ?? [];
    const last = bans.at(-1);
    if (what !== undefined) bans.push({ what, isMute: muted !== undefined, time, by, about });
    else if (last !== undefined) last.about += line; // a space before it is at the end of the line before
  }
  return bans;
}
