// @ts-check
/**
 * What can be done by writing it: a row for each command. The help is made from the rows. To add a command, add a row.
 */
import { askNickServ, ghost, hasAccounts, isNickServ, login, logout, register } from "./account.js";
import { canSearch } from "./history.js";
import { fold, isRoom, toRoomName } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/**
 * @typedef {object} Command
 * @property {string} args Capitals stand for something, brackets for what may be left out.
 * @property {string} help
 * @property {(doing: Invocation) => string | void} run Returns what is wrong, as a sentence.
 * @property {boolean} [secret] Whether what follows its name is kept nowhere.
 */

/**
 * A command that was given: where, what follows its name, and the first word of that and the rest.
 *
 * @typedef {{ chat: Chat, ui: Ui, room: Room, arg: string, word: string, rest: string }} Invocation
 */

/**
 * What commands can open.
 *
 * @typedef {object} Ui
 * @property {() => void} help
 * @property {(text: string) => void} go
 * @property {(words: string) => void} search
 * @property {() => void} settings
 */

/** @type {Record<string, Command>} */
export const COMMANDS = {
  join: {
    args: "#ROOM [KEY]",
    help: "come into a room",
    run({ chat, word, rest }) {
      const keys = rest.split(",");
      const rooms = word.split(",").filter((name) => name !== "").map((name, i) => {
        return chat.join(toRoomName(name), keys[i] || undefined);
      });
      if (rooms.length === 0) return "Which room? /join #ROOM";
      chat.model.show(rooms.at(-1));
    },
  },
  part: {
    args: "[#ROOM] [REASON]",
    help: "leave a room",
    run({ chat, room, arg, word, rest }) {
      if (!isRoom(word)) return chat.part(room, arg);
      const named = chat.model.find(word);
      if (named === undefined) return `You are not in ${word}.`;
      chat.part(named, rest);
    },
  },
  msg: {
    args: "NAME [TEXT]",
    help: "talk to one person, or say something in another room",
    run({ chat, room, word, rest }) {
      if (word === "") return "To whom? /msg NAME TEXT";
      if (isNickServ(word)) return askNickServ(chat, rest, room);
      const to = isRoom(word) ? chat.model.find(word) : chat.model.open(word);
      if (to === undefined) return `You are not in ${word}.`;
      chat.model.show(to);
      if (rest !== "") chat.say(to, rest);
    },
  },
  me: {
    args: "TEXT",
    help: "say what you do",
    run({ chat, room, arg }) {
      if (arg === "") return "What do you do? /me TEXT";
      chat.say(room, arg, "action");
    },
  },
  nick: {
    args: "NAME",
    help: "be called otherwise",
    run({ chat, room, word }) {
      if (word === "") return "What do you want to be called? /nick NAME";
      chat.request("NICK", [word], { room });
    },
  },
  register: {
    args: "[PASSWORD]",
    help: "make the name that you have your own",
    secret: true,
    run: withAccounts(({ chat, ui, room, arg }) => {
      if (arg === "") return ui.settings();
      register(chat, arg, ...callbacks(chat, room));
    }),
  },
  login: {
    args: "[NAME] PASSWORD",
    help: "show that a name is your own, and have it",
    secret: true,
    run: withAccounts(({ chat, ui, room, arg, word, rest }) => {
      if (arg === "") return ui.settings();
      const [name, password] = rest === "" ? [chat.model.nick, word] : [word, rest];
      login(chat, { name, password }, ...callbacks(chat, room));
    }),
  },
  logout: {
    args: "",
    help: "be nobody in particular again",
    run: withAccounts(({ chat, room }) => logout(chat, ...callbacks(chat, room))),
  },
  ghost: {
    args: "NAME [PASSWORD]",
    help: "disconnect whoever has your name, and have it again",
    secret: true,
    run: withAccounts(({ chat, room, word, rest }) => {
      if (word === "") return "Which name of yours? /ghost NAME [PASSWORD]";
      ghost(chat, word, rest, ...callbacks(chat, room));
    }),
  },
  topic: {
    args: "[TEXT]",
    help: "see or set what the room is about",
    run: inRoom(({ chat, room, arg }) => {
      chat.request("TOPIC", arg === "" ? [room.name] : [room.name, arg], { room });
    }),
  },
  names: {
    args: "[#ROOM]",
    help: "who is in a room",
    run({ chat, room, word }) {
      if (word === "" && !room.isRoom) return "Of which room? /names #ROOM";
      const name = toRoomName(word || room.name);
      chat.request("NAMES", [name], { room, names: [] });
    },
  },
  list: {
    args: "",
    help: "which rooms there are",
    run: ({ ui }) => ui.go(""),
  },
  search: {
    args: "[WORDS]",
    help: "find what was said, here or in all your rooms",
    run({ chat, ui, arg }) {
      if (!canSearch(chat)) return "This server cannot search.";
      ui.search(arg);
    },
  },
  whois: {
    args: "NAME",
    help: "who somebody is",
    run({ chat, room, word }) {
      const nick = word || (room.isRoom ? "" : room.name);
      if (nick === "") return "Who is who? /whois NAME";
      chat.request("WHOIS", [nick], { room });
    },
  },
  away: {
    args: "[TEXT]",
    help: "say that you are away; without a text, that you are back",
    run: ({ chat, room, arg }) => void chat.request("AWAY", arg === "" ? [] : [arg], { room }),
  },
  invite: {
    args: "NAME [#ROOM]",
    help: "ask somebody in",
    run({ chat, room, word, rest }) {
      const name = rest === "" ? room.name : toRoomName(rest);
      if (word === "" || !isRoom(name)) return "Whom, and where to? /invite NAME #ROOM";
      chat.request("INVITE", [word, name], { room });
    },
  },
  kick: {
    args: "NAME [REASON]",
    help: "put somebody out of the room",
    run: inRoom(({ chat, room, word, rest }) => {
      if (word === "") return "Whom? /kick NAME";
      chat.request("KICK", rest === "" ? [room.name, word] : [room.name, word, rest], { room });
    }),
  },
  ban: {
    args: "[NAME]",
    help: "keep somebody, or a mask as in *!*@host, out of the room; without a name, see who is",
    run: inRoom(({ chat, room, word }) => {
      chat.request("MODE", word === "" ? [room.name, "b"] : [room.name, "+b", word], { room });
    }),
  },
  unban: { args: "NAME", help: "lift a ban", run: mode("-b") },
  op: { args: "NAME", help: "make somebody an operator of the room", run: mode("+o") },
  deop: { args: "NAME", help: "make an operator an ordinary person again", run: mode("-o") },
  voice: { args: "NAME", help: "let somebody speak where others may not", run: mode("+v") },
  devoice: { args: "NAME", help: "take that back", run: mode("-v") },
  mode: {
    args: "[MODES]",
    help: "see or set the modes of the room: +k KEY locks it, +i closes it, +m silences it",
    run({ chat, room, arg }) {
      const words = arg.split(/\s+/).filter((word) => word !== "");
      const [first = ""] = words;
      const named = isRoom(first) || fold(first) === fold(chat.model.nick);
      if (!named && !room.isRoom) return "Of which room? /mode #ROOM [MODES]";
      chat.request("MODE", named ? words : [room.name, ...words], { room });
    },
  },
  help: {
    args: "",
    help: "all of this",
    run: ({ ui }) => ui.help(),
  },
  quit: {
    args: "[REASON]",
    help: "leave the server",
    run: ({ chat, arg }) => chat.connection.disconnect(arg),
  },
};

/** A command that is about names that are somebody's own. @param {Command["run"]} run @returns {Command["run"]} */
function withAccounts(run) {
  return (doing) => hasAccounts(doing.chat) ? run(doing) : "Names cannot be owned on this server.";
}

/** Where it is told what came of it. @param {Chat} chat @param {Room} room @returns {import("./account.js").Callbacks} */
function callbacks({ model }, room) {
  return [(text) => model.tell(room, text), (why) => model.tell(room, why, "error")];
}

/** What takes a password elsewhere, and is not to be had here: people write it from habit. */
const OTHER_SECRETS = new Set(["drop", "identify", "nickserv", "ns", "oper", "pass", "password"]);

/** Whether there may be a password in what is written, in any line of it: it is kept nowhere. @param {string} text */
export function isSecret(text) {
  return text.split("\n").some((line) => {
    const [, name = "", to = ""] = /^\s*\/(\S+)\s+(\S*)/.exec(line) ?? [];
    const key = name.toLowerCase();
    const own = Object.hasOwn(COMMANDS, key) && COMMANDS[key]?.secret === true;
    return own || OTHER_SECRETS.has(key) || (key === "msg" && isNickServ(to));
  });
}

/** A command that is about the room that it is given in. @param {Command["run"]} run @returns {Command["run"]} */
function inRoom(run) {
  return (doing) => doing.room.isRoom ? run(doing) : "That can be done in rooms only, and this is a conversation.";
}

/** A command that does something to people. @param {string} change @returns {Command["run"]} */
function mode(change) {
  return inRoom(({ chat, room, arg }) => {
    const names = arg.split(/\s+/).filter((word) => word !== "");
    if (names.length === 0) return "Whom?";
    const [sign = "", letter = ""] = change;
    chat.request("MODE", [room.name, sign + letter.repeat(names.length), ...names], { room });
  });
}

/**
 * Does what somebody has written: a command, or something to say.
 *
 * @param {Chat} chat
 * @param {Ui} ui
 * @param {Room} room
 * @param {string} line
 * @returns {string | undefined} What is wrong with it: a sentence.
 */
export function runInput(chat, ui, room, line) {
  if (!line.startsWith("/") || line.startsWith("//")) {
    if (room.state !== "in") return `You are not in ${room.name} yet. Try again in a moment.`;
    return void chat.say(room, line.replace(/^\/\//, "/"));
  }
  const [, name = "", arg = ""] = /^\/(\S*)\s*(.*)$/s.exec(line.trimEnd()) ?? [];
  const command = Object.hasOwn(COMMANDS, name.toLowerCase()) ? COMMANDS[name.toLowerCase()] : undefined;
  if (command === undefined) return `There is no /${name}. See /help, or write //${name} to say it.`;
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(arg) ?? [];
  return command.run({ chat, ui, room, arg, word, rest }) ?? undefined;
}

/**
 * What the word before the caret could become: commands at the beginning, rooms after a `#`, names anywhere.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {string} before What stands before the caret.
 * @returns {{ from: number, options: string[] }} Where the word begins, and what could stand there.
 */
export function completions(chat, room, before) {
  const from = before.search(/\S*$/);
  const word = before.slice(from);
  const fits = (/** @type {string} */ name) => fold(name).startsWith(fold(word));
  if (word === "") return { from, options: [] };
  if (from === 0 && word.startsWith("/")) {
    return { from, options: Object.keys(COMMANDS).map((name) => `/${name} `).filter(fits) };
  }
  if (isRoom(word)) return { from, options: chat.model.tabs.map(({ name }) => `${name} `).filter(fits) };
  // Who spoke last is meant most likely.
  const spoke = room.lines.flatMap(({ nick, own }) => nick === undefined || own ? [] : [nick]).reverse();
  const here = room.sortedMembers.map(({ nick }) => nick);
  const there = new Set(here);
  const names = [...new Set([...spoke.filter((nick) => there.has(nick)), ...here, ...room.isRoom ? [] : [room.name]])];
  const options = names.filter((nick) => fits(nick) && fold(nick) !== fold(chat.model.nick));
  return { from, options: options.map((nick) => from === 0 ? `${nick}: ` : `${nick} `) };
}
