// @ts-check
/**
 * What the server says, line by line, and what becomes of it in the model.
 */
import { isNickServ } from "./account.js";
import { now } from "./clock.js";
import { plainText } from "./format.js";
import { fold, isRoom } from "./room.js";
import { isRegisteredNick, modeChanges, replyText, standardReply, withPageCommands } from "./reply_texts.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./context.ts").PendingRequest} PendingRequest */
/** @typedef {import("./irc.js").Message} Message */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./room.js").Room} Room */

/** In rooms of up to so many, we ask who is away. */
const WHO_MAX = 200;

/** What stands before an action, and before anything else that is for programs. */
const ACTION = "\x01ACTION ";
const CTCP = "\x01";

/** Numerics that say that there is no way into a room. */
const JOIN_ERRORS = new Set(["403", "405", "471", "473", "474", "475", "476"]);

/**
 * Takes in a line.
 *
 * @param {ChatContext} chat
 * @param {Message} message
 * @param {PendingRequest | undefined} asked What it is the answer to.
 */
export function receive(chat, message, asked) {
  const handler = HANDLERS[message.command];
  if (handler !== undefined) handler(chat, message, asked);
  else if (/^\d{3}$/.test(message.command)) handleNumeric(chat, message, asked);
}

/** @type {Record<string, (chat: ChatContext, message: Message, asked: PendingRequest | undefined) => void>} */
const HANDLERS = {
  PRIVMSG: handleMessage,
  NOTICE: handleMessage,

  /** Nothing came back, and nothing will: it was taken. */
  ACK(chat, _message, asked) {
    if (asked?.pending !== undefined && asked.room !== undefined) chat.confirm(asked.room, asked.pending);
    asked?.onEnd?.();
  },

  /** A name is somebody's own from here on. */
  REGISTER(_chat, { params }, asked) {
    asked?.onReply?.(withPageCommands(params.at(-1) ?? ""));
  },

  /** All of an answer has come. */
  BATCH(_chat, _message, asked) {
    asked?.onEnd?.();
  },

  /** With whom there is a history. */
  CHATHISTORY(_chat, { params: [, name = "", time = ""] }, asked) {
    asked?.onLine?.(name, { kind: "info", text: name, time: new Date(time) });
  },

  JOIN(chat, { nick, params: [name = ""], tags }) {
    const { model } = chat;
    if (fold(nick) === fold(model.nick)) {
      const room = model.open(name);
      room.name = name; // as it is written there
      room.joinedAt = timeOf(tags);
      model.setState(room, "in");
    }
    const room = model.find(name);
    if (room === undefined) return;
    model.addMember(room, nick);
    if (fold(nick) !== fold(model.nick)) {
      model.tell(room, `${nick} came in`, "quiet", { nick, change: "came", time: timeOf(tags) });
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
    // Perhaps it was ourselves, left over from a connection that was lost.
    if (fold(nick) === fold(chat.wantedNick) && fold(nick) !== fold(model.nick)) {
      chat.request("NICK", [chat.wantedNick]);
    }
  },

  KICK({ model }, { nick, params: [name = "", whom = "", reason = ""] }) {
    const room = model.find(name);
    if (room === undefined) return;
    const why = reason === "" || reason === nick ? "" : `: ${plainText(reason)}`;
    if (fold(whom) === fold(model.nick)) {
      model.tell(room, `${nick} put you out of the room${why}`, "error");
      return model.setState(room, "out", {
        text: `${nick} put you out of ${room.name}${why}.`,
        action: "Come back in",
      });
    }
    model.removeMember(room, whom);
    model.tell(room, `${nick} put ${whom} out of the room${why}`);
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

  MODE({ model }, { nick, params: [name = "", letters = "", ...args] }) {
    const room = model.find(name);
    if (room === undefined || !room.isRoom) return model.tell(model.current, `Your modes: ${letters}`);
    for (const { on, letter, arg, text } of modeChanges(letters, args)) {
      const person = room.members.get(fold(arg));
      const sign = letter === "o" ? "@" : letter === "v" ? "+" : "";
      if (sign !== "" && person !== undefined) {
        person.prefixes = person.prefixes.replace(sign, "") + (on ? sign : "");
        model.emit("members", room);
      }
      model.tell(room, `${nick} ${text}`);
    }
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
    model.setState(room, "out", { text, action: "Come in" });
    model.add(room, { kind: "notice", nick, text, time: now(), mention: true });
    chat.onMention(room, { kind: "notice", nick, text, time: now() });
  },

  FAIL(chat, { params: [command, code = "", ...rest] }, asked) {
    const text = standardReply(code, rest.at(-1) ?? "");
    // Once one is in, it may be what was said before that cannot be had.
    if (command === "JOIN" && asked?.join && asked.room !== undefined && asked.room.state !== "in") {
      return joinFailed(chat, asked.room, text, code === "TOO_MANY_KEYS");
    }
    requestFailed(chat, text, asked);
  },
  WARN({ model }, { params }, asked) {
    model.tell(asked?.room ?? model.current, params.at(-1) ?? "");
  },
  NOTE({ model }, { params }, asked) {
    model.tell(asked?.room ?? model.current, params.at(-1) ?? "");
  },
  WALLOPS({ model }, { nick, params: [text = ""] }) {
    model.tell(model.current, `${nick} to everybody: ${text}`);
  },

  /** What the server is called, and how much of what was said it tells at a time: 0 is as much as one likes. */
  "005"(chat, { params }) {
    for (const param of params) {
      const [name, value = ""] = param.split("=");
      if (name === "NETWORK") chat.network = value;
      if (name === "CHATHISTORY") chat.historyMax = Number(value) || Infinity;
    }
    chat.model.emit("tabs");
  },

  /** How somebody is away: told once, and not with everything that is said to them. */
  301({ model }, { params: [, nick = "", text = ""] }, asked) {
    const said = `${nick} is away: ${text}`;
    const room = asked?.room;
    if (room === undefined || room.lines.some((line) => line.kind === "info" && line.text === said)) return;
    model.tell(room, said);
  },

  /** Rooms of the server. */
  322(_chat, { params: [, name = "", people = "", topic = ""] }, asked) {
    asked?.list?.push({ name, people: Number(people), topic: plainText(topic) });
  },
  323(_chat, _message, asked) {
    asked?.onListEnd?.();
  },

  332({ model }, { params: [, name = "", topic = ""] }, asked) {
    const room = model.find(name);
    if (room === undefined) return;
    room.topic = topic;
    model.emit("room", room);
    if (asked !== undefined && !asked.join) model.tell(asked.room, `The topic: ${topic}`);
  },

  /** Who is away. */
  352({ model }, { params }, asked) {
    if (asked?.silent) setAway(model, params[5] ?? "", params[6]?.startsWith("G") ?? false);
  },

  /** Who is in a room. */
  353({ model }, { params: [, , name = "", names = ""] }, asked) {
    if (asked?.names !== undefined) return void asked.names.push(...names.split(" "));
    const room = model.find(name);
    for (const word of names.split(" ")) {
      const [, ranks = "", nick = ""] = /^([@+]*)(.*)$/.exec(word) ?? [];
      if (nick !== "") room?.members.set(fold(nick), { nick, prefixes: ranks, away: false });
    }
  },
  366(chat, { params: [, name = ""] }, asked) {
    const { model } = chat;
    if (asked?.names !== undefined) {
      const names = asked.names.filter((name) => name !== "");
      return model.tell(asked.room, names.length === 0 ? `Nobody is in ${name}.` : `In ${name}: ${names.join(", ")}`);
    }
    const room = model.find(name);
    if (room === undefined) return;
    model.emit("members", room);
    if (room.members.size <= WHO_MAX) chat.request("WHO", [name], { room, silent: true });
  },

  /** The message of the day: once is enough. */
  372(chat, { params: [, text = ""] }) {
    const [first] = chat.model.tabs;
    if (!chat.motdShown) chat.model.tell(first, text.replace(/^- /, "") || " ");
  },
  376(chat) {
    chat.motdShown = true;
  },
};

/** Somebody says something, or has said it. @param {ChatContext} chat @param {Message} message @param {PendingRequest} [asked] */
function handleMessage(chat, message, asked) {
  const { model } = chat;
  const { source, nick, params: [target = "", text = ""] } = message;
  if (!source.includes("!")) return model.tell(model.current, text); // the server
  if (isNickServ(nick)) return asked?.onReply?.(withPageCommands(text)); // unasked, it says in other words what a numeric does
  const own = fold(nick) === fold(model.nick);
  if (own && asked?.pending !== undefined && asked.room !== undefined) chat.confirm(asked.room, asked.pending);

  const [, few = "", to = target] = /^([@+]+)(#.*)$/s.exec(target) ?? [];
  const line = lineOf(model, message, !isRoom(to), few);
  if (line === undefined) return;
  if (asked?.onLine !== undefined) return asked.onLine(to, line);
  const room = isRoom(to) ? model.find(to) : model.open(own ? to : nick);
  if (room === undefined) return;
  // It may be what the server had of us before the connection was lost.
  model.reconcile(room, [line], asked?.pending !== undefined);
  model.add(room, line);
  if (line.mention) chat.onMention(room, line);
}

/**
 * What somebody says, as a line.
 *
 * @param {Model} model
 * @param {Message} message
 * @param {boolean} inPrivate
 * @param {string} few Which of a room it is for, if not for all.
 * @returns {import("./lines.js").Line | undefined} Nothing, if it is what programs say to each other.
 */
function lineOf(model, { command, nick, params: [, text = ""], tags }, inPrivate, few) {
  const action = text.startsWith(ACTION) ? text.slice(ACTION.length).replaceAll(CTCP, "") : undefined;
  if (text.startsWith(CTCP) && action === undefined) return undefined;
  const kind = command === "NOTICE" ? "notice" : action === undefined ? "say" : "action";
  const said = `${few === "" ? "" : `(to ${few.includes("+") ? "voices" : "operators"}) `}${action ?? text}`;
  const own = fold(nick) === fold(model.nick);
  const mention = !own && (inPrivate || model.mentions(plainText(said)));
  // Of a message in several lines, each has the name of the first, and a number.
  const [, id, part = "0"] = /^(.*?)(?:-(\d+))?$/s.exec(tags.get("msgid") ?? "") ?? [];
  return { kind, nick, text: said, time: timeOf(tags), id: id || undefined, part: Number(part), own, mention };
}

/** @param {ChatContext} chat @param {Message} message @param {PendingRequest} [asked] */
function handleNumeric(chat, { command, params: [, ...params] }, asked) {
  if (asked?.silent) return;
  const said = replyText(command, params);
  if (said === undefined) return;
  const { model } = chat;
  if (asked?.join && asked.room !== undefined && JOIN_ERRORS.has(command)) {
    const { room } = asked;
    const locked = command === "475";
    const text = locked && room.key !== "" ? `That is not the key to ${room.name}.` : said.text;
    return joinFailed(chat, room, text, locked);
  }
  // A member who is connected is not banned, but would be with the new nickname.
  if (command === "465" && chat.online) said.text = said.text.replace(/^You are/, "With that nickname you would be");
  if (said.wrong) return requestFailed(chat, said.text, asked, command === "433" && isRegisteredNick(params[1] ?? ""));
  model.tell(asked?.room ?? model.find(params[0] ?? "") ?? model.current, said.text);
}

/** There is no way into a room. @param {ChatContext} chat @param {Room} room @param {string} text @param {boolean} key Whether it takes one. */
function joinFailed({ model }, room, text, key) {
  room.key = "";
  model.setState(room, "out", { text, action: key ? "Come in" : "Try again", needsKey: key });
}

/** Something could not be done. @param {ChatContext} chat @param {string} text @param {PendingRequest | undefined} asked @param {boolean} owned */
function requestFailed({ model }, text, asked, owned = false) {
  const room = asked?.room ?? model.current;
  if (asked?.pending !== undefined && room !== undefined) model.failPending(room, asked.pending, `Not sent. ${text}`);
  else if (asked?.onError !== undefined) asked.onError(text, owned);
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

/** @param {Map<string, string>} tags */
function timeOf(tags) {
  const time = new Date(tags.get("time") ?? "");
  return Number.isNaN(time.getTime()) ? now() : time;
}
