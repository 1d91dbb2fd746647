// @ts-check
/**
 * Handlers for the lines of the server: each updates the model.
 */
import { isNickServ } from "./account.js";
import { isChanServ } from "./chanserv.js";
import { now } from "./clock.js";
import { noteFileHost } from "./files.js";
import { plainText } from "./format.js";
import { loadLatest } from "./history.js";
import { awayText, noteGuest } from "./kept.js";
import { changeIgnored, shortName } from "./ignored.js";
import { receiveDeletion, receiveReaction } from "./line_changes.js";
import { lineOf, timeOf } from "./message_lines.js";
import { receiveMarker } from "./read_sync.js";
import { fold, isRoom } from "./room.js";
import { isRegisteredNick, modeChanges, replyText, standardReply, withPageCommands } from "./reply_texts.js";
import { receiveTyping, stopTyping } from "./typing.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./context.ts").PendingRequest} PendingRequest */
/** @typedef {import("./irc.js").Message} Message */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./room.js").Room} Room */

/** WHO, which tells who is away, is sent only for rooms of at most so many members. */
const WHO_MAX = 200;

/** The most entries of a list that the server sends, such as that of its rooms. Further ones are dropped. */
export const LIST_MAX = 20_000;

/** Shown after a login with a one-time word. */
const CHOOSE_PASSWORD = "You have logged in with a one-time word. Choose a new password now, in your settings.";

/** The prefixes of members by the mode that gives the rank, the highest first (PREFIX of RPL_ISUPPORT). */
const PREFIX_OF = { q: "~", a: "&", o: "@", h: "%", v: "+" };

/** Numerics that are the error of a JOIN. */
const JOIN_ERRORS = new Set(["403", "405", "471", "473", "474", "475", "476", "477"]);

/**
 * Handles a line.
 *
 * @param {ChatContext} chat
 * @param {Message} message
 * @param {PendingRequest | undefined} request The request that it answers.
 */
export function receive(chat, message, request) {
  const handler = HANDLERS[message.command];
  if (handler !== undefined) handler(chat, message, request);
  else if (/^\d{3}$/.test(message.command)) handleNumeric(chat, message, request);
  // A line of a batch is not the last one: the end of the batch follows.
  if (request?.onDone !== undefined && !message.tags.has("batch")) request.onDone();
}

/** @type {Record<string, (chat: ChatContext, message: Message, request: PendingRequest | undefined) => void>} */
const HANDLERS = {
  PRIVMSG: handleMessage,
  NOTICE: handleMessage,

  /** Tags without a text: reactions and typing notifications. */
  TAGMSG(chat, message, request) {
    receiveReaction(chat, message, request);
    receiveTyping(chat, message);
  },

  /** The text of a message was deleted (IRCv3, "message-redaction", a draft). */
  REDACT: receiveDeletion,

  /** The request has no other answer (IRCv3, "labeled-response"). */
  ACK(chat, _message, request) {
    if (request?.pending !== undefined && request.room !== undefined) chat.confirm(request.room, request.pending);
    request?.onEnd?.();
  },

  /** An account was registered (IRCv3, "account-registration"). Errors come as FAIL. */
  REGISTER(_chat, { params: [outcome, , text = ""] }, request) {
    if (outcome === "SUCCESS") request?.onReply?.(withPageCommands(text));
  },

  /** A token of the account, or an answer about one: see the server's `protocol/irc/token.ts`. */
  TOKEN(_chat, { params: [what = "", id = "", ...rest] }, request) {
    const text = rest.at(-1) ?? "";
    if (what === "ADDED") request?.onToken?.(rest[0] ?? "");
    else if (what === "REVOKED") request?.onReply?.(withPageCommands(text));
    else if (what === "END") request?.onDevices?.();
    else if (what === "DEVICE") {
      const [, used = "", host = "", flags = "", room = ""] = rest;
      const limits = [flags.includes("r") ? "read only" : "", room === "*" ? "" : `only ${room}`];
      collect(request?.devices, {
        id: Number(id),
        name: text,
        used: new Date(used),
        host: host === "*" ? "" : host,
        own: flags.includes("*"),
        scope: limits.filter((limit) => limit !== "").join(", "),
      });
    }
  },

  /** The end of a batch. */
  BATCH(_chat, _message, request) {
    request?.onEnd?.();
  },

  /** A conversation of which the server has history (CHATHISTORY TARGETS). */
  CHATHISTORY(_chat, { params: [, name = "", time = ""] }, request) {
    request?.onLine?.(name, { kind: "info", text: name, time: new Date(time) });
  },

  JOIN(chat, { nick, params: [name = ""], tags }, request) {
    const { model } = chat;
    if (fold(nick) === fold(model.nick)) {
      const isRequested = model.find(name)?.state === "joining"; // else another device has joined, or the room was renamed
      const room = model.open(name);
      room.name = name; // in the spelling of the server
      room.joinedAt = timeOf(tags);
      model.setState(room, "in");
      if (!isRequested) loadLatest(chat, room);
      if (request?.isInvitation) model.show(room);
    }
    const room = model.find(name);
    if (room === undefined) return;
    model.addMember(room, nick, "", true);
    if (fold(nick) !== fold(model.nick)) {
      model.tell(room, `${nick} joined`, "quiet", { nick, change: "came", time: timeOf(tags) });
    }
  },

  PART({ model }, { nick, params: [name = "", reason = ""], tags }) {
    const room = model.find(name);
    if (room === undefined) return;
    if (fold(nick) === fold(model.nick)) return model.close(room);
    model.removeMember(room, nick);
    model.tell(room, leftText(nick, reason), "quiet", { nick, change: "left", time: timeOf(tags) });
  },

  QUIT(chat, { nick, params: [reason = ""], tags }) {
    const { model } = chat;
    for (const room of model.roomsWith(nick)) {
      model.removeMember(room, nick);
      model.tell(room, leftText(nick, reason), "quiet", { nick, change: "left", time: timeOf(tags) });
    }
    // It may be an old connection of this client; then the wanted nickname is free again.
    if (fold(nick) === fold(chat.wantedNick) && fold(nick) !== fold(model.nick)) {
      chat.request("NICK", [chat.wantedNick]);
    }
  },

  KICK({ model }, { nick, params: [name = "", whom = "", reason = ""] }) {
    const room = model.find(name);
    if (room === undefined) return;
    const why = reason === "" || reason === nick ? "" : `: ${plainText(reason)}`;
    if (fold(whom) === fold(model.nick)) {
      model.tell(room, `${nick} kicked you from the room${why}`, "error");
      return model.setState(room, "out", {
        text: `${nick} kicked you from ${room.name}${why}.`,
        action: "Rejoin",
      });
    }
    model.removeMember(room, whom);
    model.tell(room, `${nick} kicked ${whom} from the room${why}`);
  },

  NICK(chat, { nick, params: [to = ""], tags }) {
    const { model } = chat;
    const own = fold(nick) === fold(model.nick);
    if (own) model.nick = to;
    model.rename(nick, to);
    for (const room of model.roomsWith(to)) {
      const text = own ? `You are ${to} now` : `${nick} is ${to} now`;
      model.tell(room, text, own ? "info" : "quiet", { nick: to, time: timeOf(tags) });
    }
    if (own) model.emit("tabs");
  },

  TOPIC({ model }, { nick, params: [name = "", topic = ""] }) {
    const room = model.find(name);
    if (room === undefined) return;
    room.topic = topic;
    model.emit("room", room);
    model.tell(room, topic === "" ? `${nick} removed the topic` : `${nick} set the topic: ${topic}`);
  },

  MODE({ model }, { source, nick, params: [name = "", letters = "", ...args] }, request) {
    const room = model.find(name);
    if (room === undefined || !room.isRoom) return ownModes(model, letters, request);
    for (const { on, letter, arg, text } of modeChanges(letters, args)) {
      const person = room.members.get(fold(arg));
      const sign = PREFIX_OF[/** @type {keyof PREFIX_OF} */ (letter)];
      if (sign !== undefined && person !== undefined) {
        const has = (/** @type {string} */ prefix) => prefix === sign ? on : person.prefixes.includes(prefix);
        person.prefixes = Object.values(PREFIX_OF).filter(has).join(""); // the highest first, as in NAMES
        model.emit("members", room);
        const isRestored = person.isNew && on && !source.includes("!"); // by the server, after the JOIN
        person.isNew = false;
        if (isRestored) continue;
      }
      if (isSetting(letter)) {
        if (on) room.modes.set(letter, arg);
        else room.modes.delete(letter);
        model.emit("room", room);
      }
      model.tell(room, `${nick} ${text}`);
    }
  },

  /** Whether the user stays without a connection (IRCv3, "persistence", a draft): what it has chosen, and what is the case. */
  PERSISTENCE({ model }, { params: [what, setting, state] }) {
    if (what === "STATUS") model.setAlwaysOn({ on: state === "ON", wanted: setting === "ON" });
  },

  /** RPL_UMODEIS. */
  221(chat, message, request) {
    chat.model.setServerOperator(message.params[1]?.includes("o") === true);
    handleNumeric(chat, message, request);
  },
  /** RPL_YOUREOPER. */
  381(chat, message, request) {
    chat.model.setServerOperator(true);
    handleNumeric(chat, message, request);
  },
  /** ERR_NOPRIVILEGES: the user may have been a server operator, on another device or until the list of them was changed. */
  481(chat, message, request) {
    chat.model.setServerOperator(false);
    handleNumeric(chat, message, request);
  },

  /** RPL_CHANNELMODEIS. */
  324(chat, message, request) {
    const [, name = "", letters = "", ...args] = message.params;
    const room = chat.model.find(name);
    if (room !== undefined) {
      const settings = modeChanges(letters, args).filter(({ letter }) => /^[a-zA-Z]$/.test(letter));
      room.modes = new Map(settings.map(({ letter, arg }) => [letter, arg]));
      chat.model.emit("room", room);
    }
    handleNumeric(chat, message, request);
  },

  /** A room has another name (IRCv3, "channel-rename", a draft). */
  RENAME({ model }, { nick, params: [from = "", to = "", reason = ""], tags }) {
    const room = model.find(from);
    if (room === undefined) return;
    model.renameRoom(room, to);
    const why = reason === "" ? "" : ` (${plainText(reason)})`;
    model.tell(room, `${nick} renamed the room from ${from} to ${to}${why}`, "info", { time: timeOf(tags) });
  },

  /** Up to when the user has read a room or a private conversation, on any device (IRCv3, "read-marker", a draft). */
  MARKREAD(chat, { params: [name = "", stamp = ""] }) {
    receiveMarker(chat, name, stamp);
  },

  AWAY({ model }, { nick, params: [text = ""] }) {
    setAway(model, nick, text !== "");
  },

  INVITE(chat, { nick, params: [whom = "", name = ""] }) {
    const { model } = chat;
    if (fold(whom) !== fold(model.nick)) return model.tell(model.find(name), `${nick} invited ${whom}`);
    const room = model.open(name);
    if (room.state === "in") return;
    const text = `${nick} invites you to ${name}.`;
    model.setState(room, "out", { text, action: "Join" });
    model.add(room, { kind: "notice", nick, text, time: now(), mention: true });
    chat.onMention(room, { kind: "notice", nick, text, time: now() });
  },

  FAIL(chat, { params: [command, code = "", ...rest] }, request) {
    const text = standardReply(code, rest.at(-1) ?? "", command);
    // After the JOIN, the error may be about the history that follows it.
    if (command === "JOIN" && request?.join && request.room !== undefined && request.room.state !== "in") {
      return joinFailed(chat, request.room, text, code === "TOO_MANY_KEYS");
    }
    requestFailed(chat, text, request);
  },
  WARN({ model }, { params }, request) {
    model.tell(request?.room ?? model.current, params.at(-1) ?? "");
  },
  NOTE({ model }, { params }, request) {
    if (params[1] === "INVITED") return model.show(model.open(params[2] ?? ""));
    model.tell(request?.room ?? model.current, params.at(-1) ?? "");
  },

  /** A user is ignored now, or no longer: by a command of this page, or of another client of the account. */
  SILENCE(chat, { params: [change = ""] }, request) {
    const [on, name] = [change.startsWith("+"), change.slice(1)];
    changeIgnored(chat, name, on);
    if (request === undefined || request.silent) return;
    const nick = shortName(name);
    const text = on
      ? `You ignore ${nick} now. To see again what ${nick} says: /unignore ${nick}`
      : `You no longer ignore ${nick}.`;
    chat.model.tell(request.room, text);
  },
  271(_chat, { params: [, , name = ""] }, request) {
    collect(request?.ignored, name);
  },
  272({ model }, _message, request) {
    if (request?.ignored !== undefined) model.setIgnored(request.ignored);
  },

  WALLOPS({ model }, { nick, params: [text = ""] }) {
    model.tell(model.current, `${nick} to everyone: ${text}`);
  },

  /** RPL_ISUPPORT: the name of the server, whose private messages it stores, and the most messages of a history request; 0 means no limit. */
  "005"(chat, { params }) {
    for (const param of params) {
      const [name, value = ""] = param.split("=");
      if (name === "CLIENTTAGDENY") chat.typingDenied = value.split(",").some((tag) => tag === "*" || tag === "typing");
      if (name === "NETWORK") chat.network = value;
      if (name === "PRIVATEHISTORY") chat.privateHistory = value;
      if (name === "draft/FILEHOST") noteFileHost(value);
      if (name === "UPLOADS") chat.uploads = uploadRules(value);
      if (name === "CHATHISTORY") chat.historyMax = Number(value) || Infinity;
    }
    chat.model.emit("tabs");
  },

  /** RPL_AWAY: shown once, and not with each private message. */
  301({ model }, { params: [, nick = "", text = ""] }, request) {
    const said = awayText(nick, text);
    const room = request?.room;
    if (room === undefined || room.lines.some((line) => line.kind === "info" && line.text === said)) return;
    model.tell(room, said);
  },

  /** RPL_LIST. */
  322(_chat, { params: [, name = "", people = "", topic = ""] }, request) {
    collect(request?.list, { name, people: Number(people), topic: plainText(topic) });
  },
  323(_chat, _message, request) {
    request?.onListEnd?.();
  },

  332({ model }, { params: [, name = "", topic = ""] }, request) {
    const room = model.find(name);
    if (room === undefined) return;
    room.topic = topic;
    model.emit("room", room);
    if (request !== undefined && !request.join) model.tell(request.room, `Topic: ${topic}`);
  },

  /** RPL_WHOREPLY: all people who are online, or who is away. */
  352({ model }, { params }, request) {
    if (request?.names !== undefined) collect(request.names, params[5] ?? "");
    else if (request?.silent) setAway(model, params[5] ?? "", params[6]?.startsWith("G") ?? false);
  },

  /** RPL_WHOSPCRPL: the nickname, and the account or 0. */
  354(chat, { params: [, nick = "", account = ""] }) {
    noteGuest(chat, nick, account === "0");
  },

  315({ model }, _message, request) {
    if (request?.names !== undefined) model.tell(request.room, `Online: ${request.names.join(", ")}`);
  },

  /** RPL_NAMREPLY. */
  353({ model }, { params: [, , name = "", names = ""] }, request) {
    if (request?.names !== undefined) return collect(request.names, ...names.split(" "));
    const room = model.find(name);
    for (const word of names.split(" ")) {
      const [, prefixes = "", nick = ""] = /^([~&@%+]*)(.*)$/.exec(word) ?? [];
      if (nick !== "" && room !== undefined) model.setMember(room, { nick, prefixes, away: false });
    }
  },
  366(chat, { params: [, name = ""] }, request) {
    const { model } = chat;
    if (request?.names !== undefined) {
      const names = request.names.filter((name) => name !== "");
      return model.tell(request.room, names.length === 0 ? `${name} is empty.` : `In ${name}: ${names.join(", ")}`);
    }
    const room = model.find(name);
    if (room === undefined) return;
    model.emit("members", room);
    if (room.members.size <= WHO_MAX) chat.request("WHO", [name], { room, silent: true });
  },

  /** RPL_MOTD: the message of the day is shown once. */
  372(chat, { params: [, text = ""] }) {
    const [first] = chat.model.tabs;
    if (!chat.motdShown) chat.model.tell(first, text.replace(/^- /, "") || " ");
  },
  376(chat) {
    chat.motdShown = true;
  },
};

/** Handles PRIVMSG and NOTICE, new ones and those of a history request. @param {ChatContext} chat @param {Message} message @param {PendingRequest} [request] */
function handleMessage(chat, message, request) {
  const { model } = chat;
  const { source, nick, params: [target = "", text = ""] } = message;
  if (!source.includes("!")) { // sent by the server
    if (request?.onReply !== undefined) return request.onReply(text);
    return model.tell(request?.room ?? model.current, text);
  }
  if (isChanServ(nick)) {
    if (request?.onReply !== undefined) return request.onReply(text);
    return model.tell(request?.room ?? model.current, withPageCommands(text));
  }
  if (isNickServ(nick)) {
    // Without a request, it repeats what a numeric says, with one exception.
    if (request === undefined && text.startsWith("The one-time word")) model.tell(model.current, CHOOSE_PASSWORD);
    return request?.onReply?.(withPageCommands(text));
  }
  const own = fold(nick) === fold(model.nick);
  if (own && request?.pending !== undefined && request.room !== undefined) chat.confirm(request.room, request.pending);

  const [, few = "", to = target] = /^([~&@%+]+)(#.*)$/s.exec(target) ?? [];
  const line = lineOf(model, message, !isRoom(to), few);
  if (line === undefined) return;
  if (request?.onLine !== undefined) return request.onLine(to, line);
  const room = isRoom(to) || line.ignored ? model.find(isRoom(to) ? to : nick) : model.open(own ? to : nick);
  if (room === undefined) return;
  // It may be a message that was sent before the connection was lost.
  model.reconcile(room, [line], request?.pending !== undefined);
  if (stopTyping(room, nick)) model.emit("typing", room);
  if (!own && !room.isRoom) noteGuest(chat, nick, !message.tags.has("account"));
  model.add(room, line);
  if (line.mention) chat.onMention(room, line);
}

/** @param {ChatContext} chat @param {Message} message @param {PendingRequest} [request] */
function handleNumeric(chat, { command, params: [, ...params] }, request) {
  if (request?.silent) return;
  const said = replyText(command, params);
  if (said === undefined) return;
  const { model } = chat;
  if (request?.join && request.room !== undefined && JOIN_ERRORS.has(command)) {
    const { room } = request;
    const locked = command === "475";
    const text = locked && room.key !== "" ? `Wrong key for ${room.name}.` : said.text;
    return joinFailed(chat, room, text, locked);
  }
  // A connected member is not banned itself; it would be with the new nickname.
  if (command === "465" && chat.online) said.text = said.text.replace(/^You are/, "With that nickname you would be");
  if (said.wrong) {
    return requestFailed(chat, said.text, request, command === "433" && isRegisteredNick(params[1] ?? ""));
  }
  if (request?.onReply !== undefined) return request.onReply(said.text, params);
  model.tell(request?.room ?? model.find(params[0] ?? "") ?? model.current, said.text);
}

/** Adds to the list that a request collects. @template T @param {T[] | undefined} list @param {T[]} entries */
function collect(list, ...entries) {
  if (list !== undefined && list.length < LIST_MAX) list.push(...entries);
}

/** Handles a change of the user's own modes. @param {Model} model @param {string} letters @param {PendingRequest} [request] */
function ownModes(model, letters, request) {
  for (const { on, letter } of modeChanges(letters, [])) if (letter === "o") model.setServerOperator(on);
  if (request?.onReply === undefined) model.tell(request?.room ?? model.current, `Your modes: ${letters}`);
}

/** Whether a mode is a setting of the room, and not a rank or a list. @param {string} letter */
function isSetting(letter) {
  return /^[a-zA-Z]$/.test(letter) && !"qaohvbeI".includes(letter);
}

/** Shows why a JOIN failed. @param {ChatContext} chat @param {Room} room @param {string} text @param {boolean} key Whether the room needs a key. */
function joinFailed({ model }, room, text, key) {
  room.key = "";
  model.setState(room, "out", { text, action: key ? "Join" : "Try again", needsKey: key });
}

/** Shows an error where the request was made. @param {ChatContext} chat @param {string} text @param {PendingRequest | undefined} request @param {boolean} registered Whether a nickname is registered. */
function requestFailed({ model }, text, request, registered = false) {
  const room = request?.room ?? model.current;
  if (request?.pending !== undefined && room !== undefined) {
    model.failPending(room, request.pending, `Not sent. ${text}`);
  } else if (request?.onError !== undefined) request.onError(text, registered);
  else model.tell(room, text, "error");
}

/** @param {Model} model @param {string} nick @param {boolean} away */
function setAway(model, nick, away) {
  for (const room of model.roomsWith(nick)) {
    const person = room.members.get(fold(nick));
    if (person === undefined || person.away === away) continue;
    person.away = away;
    model.emit("members", room);
  }
}

/** @param {string} nick @param {string} reason */
function leftText(nick, reason) {
  const why = plainText(reason).replace(/^Quit:? ?/, "");
  return `${nick} left${why === "" ? "" : ` (${why})`}`;
}

/** The users that may upload files, and the most bytes of one (`UPLOADS` of RPL_ISUPPORT). @param {string} value */
function uploadRules(value) {
  const [who = "", max] = value.split(":");
  return { who, max: Number(max) };
}
