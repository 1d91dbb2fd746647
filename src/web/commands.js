// @ts-check
/**
 * The slash commands: a row each. The help dialog is generated from the rows. To add a command, add a row.
 */
import { askNickServ, ghost, hasAccounts, isNickServ, login, logout, register } from "./account.js";
import { askChanServ, isChanServ } from "./chanserv.js";
import { canSearch } from "./history.js";
import { nearest } from "./nearest.js";
import { fold, isRoom, toRoomName } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/**
 * @typedef {object} Command
 * @property {string} args Its parameters: words in capitals; optional ones in brackets.
 * @property {string} help
 * @property {(doing: Invocation) => string | void} run Returns an error text if the command cannot be sent.
 * @property {boolean} [secret] Whether its arguments may be a password, which must not be stored.
 * @property {boolean} [forOperators] Whether it is for server operators, and not listed for other users.
 */

/**
 * One use of a command: the room, all arguments as one text (`arg`), and its first word and the rest.
 *
 * @typedef {{ chat: Chat, ui: Ui, room: Room, arg: string, word: string, rest: string }} Invocation
 */

/**
 * The dialogs that commands open.
 *
 * @typedef {object} Ui
 * @property {() => void} help
 * @property {(text: string) => void} go
 * @property {(words: string) => void} search
 * @property {() => void} settings
 * @property {() => void} devices
 * @property {() => void} invite
 * @property {(name?: string) => void} operator
 */

/** @type {Record<string, Command>} */
export const COMMANDS = {
  join: {
    args: "#ROOM [KEY]",
    help: "join a room, with its key if it needs one",
    run({ chat, word, rest }) {
      const keys = rest.split(",");
      const rooms = word.split(",").filter((name) => name !== "").map((name, i) => {
        return chat.join(toRoomName(name), keys[i] || undefined);
      });
      if (rooms.length === 0) return "Name a room: /join #ROOM";
      chat.model.show(rooms.at(-1));
    },
  },
  leave: {
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
    help: "send a private message, or a message to another room",
    run({ chat, room, word, rest }) {
      if (word === "") return "Name a user or a room: /msg NAME TEXT";
      if (isNickServ(word)) return askNickServ(chat, rest, room);
      if (isChanServ(word)) return void askChanServ(chat, [rest], { room });
      const to = isRoom(word) ? chat.model.find(word) : chat.model.open(word);
      if (to === undefined) return `You are not in ${word}.`;
      chat.model.show(to);
      if (rest !== "") chat.say(to, rest);
    },
  },
  me: {
    args: "TEXT",
    help: "describe what you do, for example: /me waves",
    run({ chat, room, arg }) {
      if (arg === "") return "Write what you do: /me TEXT";
      chat.say(room, arg, "action");
    },
  },
  ignore: {
    args: "[NAME]",
    help: "hide what a person says, or list the ignored people",
    run({ chat, room, word }) {
      if (word !== "") return void chat.request("SILENCE", [`+${word}`], { room });
      const names = chat.model.ignoredNames;
      chat.model.tell(room, names.length === 0 ? "You ignore no one." : `You ignore: ${names.join(", ")}`);
    },
  },
  unignore: {
    args: "NAME",
    help: "show again what a person says",
    run({ chat, room, word }) {
      if (word === "") return "Name a user: /unignore NAME";
      chat.request("SILENCE", [`-${word}`], { room });
    },
  },
  nick: {
    args: "NAME",
    help: "change your name",
    run({ chat, room, word }) {
      if (word === "") return "Give a new name: /nick NAME";
      chat.request("NICK", [word], { room });
    },
  },
  register: {
    args: "[PASSWORD]",
    help: "register your current name with a password",
    secret: true,
    run: withAccounts(({ chat, ui, room, arg }) => {
      if (arg === "") return ui.settings();
      register(chat, arg, ...callbacks(chat, room));
    }),
  },
  login: {
    args: "[NAME] PASSWORD",
    help: "log in to a registered name, and use it",
    secret: true,
    run: withAccounts(({ chat, ui, room, arg, word, rest }) => {
      if (arg === "") return ui.settings();
      const [name, password] = rest === "" ? [chat.model.nick, word] : [word, rest];
      login(chat, { name, password }, ...callbacks(chat, room));
    }),
  },
  logout: {
    args: "",
    help: "log out of your registered name",
    run: withAccounts(({ chat, room }) => logout(chat, ...callbacks(chat, room))),
  },
  set: {
    args: "always-on on|off",
    help: "stay in the chat when you disconnect, or not",
    run: withAccounts(({ chat, room, arg }) => {
      if (!/^always-on\s+(?:on|off)$/i.test(arg)) return "Write /set always-on on, or /set always-on off";
      askNickServ(chat, `SET ${arg}`, room);
    }),
  },
  ghost: {
    args: "NAME [PASSWORD]",
    help: "disconnect the connection that uses your name, and use it yourself",
    secret: true,
    run: withAccounts(({ chat, room, word, rest }) => {
      if (word === "") return "Give your registered name: /ghost NAME [PASSWORD]";
      ghost(chat, word, rest, ...callbacks(chat, room));
    }),
  },
  devices: {
    args: "[add NAME [read] [#ROOM] | revoke N]",
    help: "show devices and bots that stay signed in, add one, or sign one out",
    run: withAccounts(({ chat, ui, room, word, rest }) => {
      const request = { add: "TOKEN", revoke: "REVOKE" }[word];
      if (word === "") return ui.devices();
      if (request === undefined || rest === "") return "Write /devices, /devices add NAME or /devices revoke N.";
      askNickServ(chat, `${request} ${rest}`, room);
    }),
  },
  topic: {
    args: "[TEXT]",
    help: "show or set the topic of the room",
    run: inRoom(({ chat, room, arg }) => {
      chat.request("TOPIC", arg === "" ? [room.name] : [room.name, arg], { room });
    }),
  },
  who: {
    args: "[#ROOM]",
    help: "list the people in a room",
    run({ chat, room, word }) {
      if (word === "" && !room.isRoom) return "Name a room: /who #ROOM";
      const name = toRoomName(word || room.name);
      chat.request("NAMES", [name], { room, names: [] });
    },
  },
  list: {
    args: "",
    help: "list all people who are online; for rooms: /rooms",
    run: ({ chat, room }) => void chat.request("WHO", ["*"], { room, names: [] }),
  },
  rooms: {
    args: "",
    help: "list the rooms of the server",
    run: ({ ui }) => ui.go(""),
  },
  search: {
    args: "[WORDS]",
    help: "search messages, here or in all your rooms",
    run({ chat, ui, arg }) {
      if (!canSearch(chat)) return "This server does not support search.";
      ui.search(arg);
    },
  },
  whois: {
    args: "NAME",
    help: "show information about a person",
    run({ chat, room, word }) {
      const nick = word || (room.isRoom ? "" : room.name);
      if (nick === "") return "Name a user: /whois NAME";
      chat.request("WHOIS", [nick], { room });
    },
  },
  away: {
    args: "[TEXT]",
    help: "mark yourself as away; without a text, as back",
    run: ({ chat, room, arg }) => void chat.request("AWAY", arg === "" ? [] : [arg], { room }),
  },
  invite: {
    args: "NAME [#ROOM]",
    help: "invite a person to a room",
    run({ chat, room, word, rest }) {
      const name = rest === "" ? room.name : toRoomName(rest);
      if (word === "" || !isRoom(name)) return "Name a user and a room: /invite NAME #ROOM";
      chat.request("INVITE", [word, name], { room });
    },
  },
  link: {
    args: "[7d] [5 uses]",
    help: "make an invite link to the room",
    run: inRoom(({ chat, ui, room, arg }) => {
      if (arg === "") return ui.invite();
      askChanServ(chat, ["LINK", room.name, ...arg.split(/\s+/)], { room });
    }),
  },
  links: {
    args: "",
    help: "list the invite links of the room",
    run: inRoom(({ ui }) => ui.invite()),
  },
  unlink: {
    args: "NUMBER",
    help: "revoke an invite link",
    run: inRoom(({ chat, room, word }) => {
      if (word === "") return "Give the number of a link: /unlink NUMBER";
      askChanServ(chat, ["UNLINK", room.name, word], { room });
    }),
  },
  kick: {
    args: "NAME [REASON]",
    help: "remove a person from the room",
    run: inRoom(({ chat, room, word, rest }) => {
      if (word === "") return "Name a user: /kick NAME";
      chat.request("KICK", rest === "" ? [room.name, word] : [room.name, word, rest], { room });
    }),
  },
  ban: {
    args: "[NAME]",
    help: "ban a person or a mask such as *!*@host from the room; without a name, list the bans",
    run: inRoom(({ chat, room, word }) => {
      if (word === "") chat.request("MODE", [room.name, "b"], { room });
      else chat.request("BAN", [room.name, word], { room });
    }),
  },
  unban: {
    args: "NAME",
    help: "remove a ban",
    run: inRoom(({ chat, room, word }) => {
      if (word === "") return "Name a user: /unban NAME";
      chat.request("UNBAN", [room.name, word], { room });
    }),
  },
  op: { args: "NAME", help: "make a person an operator of the room", run: memberMode("+o") },
  deop: { args: "NAME", help: "remove a person as operator of the room", run: memberMode("-o") },
  voice: { args: "NAME", help: "let a person speak while the room is moderated", run: memberMode("+v") },
  devoice: { args: "NAME", help: "remove a person's voice", run: memberMode("-v") },
  members: {
    args: "",
    help: "list the owners, operators and members of the room",
    run: inRoom(({ chat, room }) => void askChanServ(chat, ["MEMBERS", room.name], { room })),
  },
  member: {
    args: "add|remove NAME",
    help: "let a registered user always enter the room; or take the role that a user has",
    run: inRoom(({ chat, room, word, rest: name }) => {
      const what = word.toUpperCase();
      if ((what !== "ADD" && what !== "REMOVE") || name === "") return "Write /member add NAME or /member remove NAME.";
      askChanServ(chat, ["MEMBER", room.name, what, name], { room });
    }),
  },
  transfer: {
    args: "NAME",
    help: "give your room to another registered user",
    run: inRoom(({ chat, room, word }) => {
      if (word === "") return "Name a user: /transfer NAME";
      askChanServ(chat, ["TRANSFER", room.name, word], { room });
    }),
  },
  rename: {
    args: "#ROOM",
    help: "give your room another name",
    run: inRoom(({ chat, room, arg }) => {
      if (arg === "") return "Give the new name: /rename #ROOM";
      chat.request("RENAME", [room.name, toRoomName(arg)], { room });
    }),
  },
  mode: {
    args: "[MODES]",
    help: "show or set the modes of the room: +k KEY sets a key, +i makes it invite-only, +m moderates it",
    run({ chat, room, arg }) {
      const words = arg.split(/\s+/).filter((word) => word !== "");
      const [first = ""] = words;
      const named = isRoom(first) || fold(first) === fold(chat.model.nick);
      if (!named && !room.isRoom) return "Name a room: /mode #ROOM [MODES]";
      chat.request("MODE", named ? words : [room.name, ...words], { room });
    },
  },
  help: {
    args: "",
    help: "list the keys and commands",
    run: ({ ui }) => ui.help(),
  },
  quit: {
    args: "[REASON]",
    help: "disconnect from the server",
    run: ({ chat, arg }) => chat.connection.disconnect(arg),
  },
  oper: {
    args: "[NAME] [PASSWORD]",
    help: "become a server operator, if you are listed as one",
    secret: true,
    run({ chat, ui, room, word, rest }) {
      if (rest === "") return ui.operator(word);
      chat.request("OPER", [word, rest], { room, onReply: (text) => chat.model.tell(room, text) });
    },
  },
  kill: operatorCommand("KILL", "NAME [REASON]", "disconnect a user"),
  mute: operatorCommand("MUTE", "NAME [TIME]", "let a user read but not write, for example for 12h"),
  unmute: operatorCommand("UNMUTE", "NAME|MASK", "let a user write again"),
  announce: {
    args: "TEXT",
    help: "send a notice to all users",
    forOperators: true,
    run({ chat, room, arg }) {
      if (arg === "") return "Write what to announce: /announce TEXT";
      chat.request("ANNOUNCE", [arg], { room });
    },
  },
  bans: {
    args: "",
    help: "list the bans and mutes of the server",
    forOperators: true,
    run: ({ chat, room }) => void chat.request("STATS", ["k"], { room }),
  },
  stats: {
    args: "",
    help: "show the state of the server",
    forOperators: true,
    run: ({ chat, room }) => void chat.request("STATS", ["z"], { room }),
  },
  nodes: {
    args: "",
    help: "list the nodes of the cluster",
    forOperators: true,
    run: ({ chat, room }) => void chat.request("NODES", [], { room }),
  },
  resetpass: {
    args: "NAME",
    help: "make a one-time word for a user who has lost the password",
    forOperators: true,
    run: withAccounts(({ chat, room, word }) => {
      if (word === "") return "Name a user: /resetpass NAME";
      askNickServ(chat, `RESETPASS ${word}`, room);
    }),
  },
  owner: {
    args: "#ROOM NAME",
    help: "make a registered user an owner of a room",
    forOperators: true,
    run({ chat, room, word, rest: name }) {
      if (name === "") return "Name a room and a user: /owner #ROOM NAME";
      askChanServ(chat, ["OWNER", toRoomName(word), name], { room });
    },
  },
};

/**
 * Other names of commands. The text port has the same ones: see `protocol/text/help.ts`.
 *
 * @type {Record<string, string>}
 */
export const ALIASES = {
  "?": "help",
  channels: "rooms",
  exit: "quit",
  identify: "login",
  j: "join",
  names: "who",
  part: "leave",
  query: "msg",
  users: "list",
  w: "msg",
  whisper: "msg",
};

/** The names and commands that the user can use: those for server operators are listed for them alone. @param {Chat} chat */
export function listedCommands({ model }) {
  return Object.entries(COMMANDS).filter(([, { forOperators = false }]) => !forOperators || model.isServerOperator);
}

/** Words that are suggested for a mistyped one. Any word of two characters is one error away from `/j`. */
const SUGGESTED = [...Object.keys(COMMANDS), ...Object.keys(ALIASES).filter((name) => name.length > 1)];

/** The name of the command that a word stands for, in any case. There may be no such command. @param {string} word */
export function resolveAlias(word) {
  const name = word.toLowerCase();
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] ?? name : name;
}

/** Makes a command fail if the server has no accounts. @param {Command["run"]} run @returns {Command["run"]} */
function withAccounts(run) {
  return (doing) => hasAccounts(doing.chat) ? run(doing) : "This server has no registered names.";
}

/** Callbacks that show the outcome of a request in a room. @param {Chat} chat @param {Room} room @returns {import("./account.js").Callbacks} */
function callbacks({ model }, room) {
  // A logout closes the room if the user has other devices.
  const place = () => model.find(room.name) === room ? room : model.current;
  return [(text) => model.tell(place(), text), (why) => model.tell(place(), why, "error")];
}

/** Commands of IRC clients that take a password. The page does not have them, but people type them out of habit. */
const OTHER_SECRETS = new Set(["drop", "nickserv", "ns", "pass", "password"]);

/** Whether any line of a text may contain a password, which must not be stored. @param {string} text */
export function isSecret(text) {
  return text.split("\n").some((line) => {
    const [, name = "", to = ""] = /^\s*\/(\S+)\s+(\S*)/.exec(line) ?? [];
    const key = resolveAlias(name);
    const own = Object.hasOwn(COMMANDS, key) && COMMANDS[key]?.secret === true;
    return own || OTHER_SECRETS.has(key) || (key === "msg" && isNickServ(to));
  });
}

/** Makes a command fail in a private conversation. @param {Command["run"]} run @returns {Command["run"]} */
function inRoom(run) {
  return (doing) =>
    doing.room.isRoom ? run(doing) : "This command works only in rooms, and this is a private conversation.";
}

/** A command of server operators about a user. @param {string} command @param {string} args @param {string} help @returns {Command} */
function operatorCommand(command, args, help) {
  return {
    args,
    help,
    forOperators: true,
    run({ chat, room, word, rest }) {
      if (word === "") return `Name a user: /${command.toLowerCase()} ${args}`;
      chat.request(command, rest === "" ? [word] : [word, rest], { room });
    },
  };
}

/** A command that sets or removes a mode of members, such as `+o`. @param {string} change @returns {Command["run"]} */
function memberMode(change) {
  return inRoom(({ chat, room, arg }) => {
    const names = arg.split(/\s+/).filter((word) => word !== "");
    if (names.length === 0) return "Name at least one user.";
    const [sign = "", letter = ""] = change;
    chat.request("MODE", [room.name, sign + letter.repeat(names.length), ...names], { room });
  });
}

/**
 * Runs a command, or sends a message.
 *
 * @param {Chat} chat
 * @param {Ui} ui
 * @param {Room} room
 * @param {string} line
 * @returns {string | undefined} An error text, or nothing.
 */
export function runInput(chat, ui, room, line) {
  if (!line.startsWith("/") || line.startsWith("//")) {
    if (room.state !== "in") return `You are not in ${room.name} yet. Try again in a moment.`;
    return void chat.say(room, line.replace(/^\/\//, "/"));
  }
  const [, name = "", arg = ""] = /^\/(\S*)\s*(.*)$/s.exec(line.trimEnd()) ?? [];
  const key = resolveAlias(name);
  const command = Object.hasOwn(COMMANDS, key) ? COMMANDS[key] : undefined;
  if (command === undefined) return unknownCommand(name);
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(arg) ?? [];
  return command.run({ chat, ui, room, arg, word, rest }) ?? undefined;
}

/** The error text for a word that is no command, with the nearest command. @param {string} name */
function unknownCommand(name) {
  const known = nearest(name.toLowerCase(), SUGGESTED);
  const hint = known === undefined ? "/help lists the commands." : `Did you mean /${known}?`;
  return `No such command: /${name}. ${hint} To send it as a message, write //${name}.`;
}

/**
 * Completions of the word before the caret: commands at the beginning, rooms after a `#`, nicknames anywhere.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {string} before The text before the caret.
 * @returns {{ from: number, options: string[] }} The index of the word, and the texts that can replace it.
 */
export function completions(chat, room, before) {
  const from = before.search(/\S*$/);
  const word = before.slice(from);
  const fits = (/** @type {string} */ name) => fold(name).startsWith(fold(word));
  if (word === "") return { from, options: [] };
  if (from === 0 && word.startsWith("/")) {
    return { from, options: listedCommands(chat).map(([name]) => `/${name} `).filter(fits) };
  }
  if (isRoom(word)) return { from, options: chat.model.tabs.map(({ name }) => `${name} `).filter(fits) };
  // Members who spoke last come first.
  const spoke = room.lines.flatMap(({ nick, own }) => nick === undefined || own ? [] : [nick]).reverse();
  const here = room.sortedMembers.map(({ nick }) => nick);
  const there = new Set(here);
  const names = [...new Set([...spoke.filter((nick) => there.has(nick)), ...here, ...room.isRoom ? [] : [room.name]])];
  const options = names.filter((nick) => fits(nick) && fold(nick) !== fold(chat.model.nick));
  return { from, options: options.map((nick) => from === 0 ? `${nick}: ` : `${nick} `) };
}
