/**
 * The commands of the terminal client: those of the page, and those that the page has buttons for. `/help` is made from the
 * same tables.
 */
import { askChanServ } from "../web/chanserv.js";
import type { Chat } from "../web/chat.js";
import { ALIASES, COMMANDS, listedCommands, resolveAlias, runInput } from "../web/commands.js";
import type { Line } from "../web/lines.js";
import { nearest } from "../web/nearest.js";
import type { Room } from "../web/room.js";
import { cert, drop, password } from "./account_commands.ts";
import type { ClientUi, Command } from "./command.ts";
import { echo, history, mentions, paste, ping, times } from "./here_commands.ts";
import { discard, react, remove, reply, resend, unreact } from "./message_commands.ts";

const quit: Command = {
  args: "[REASON]",
  help: "leave, and close this client",
  run: ({ ui, arg }) => ui.quit(arg),
};

const set: Command = {
  args: "bell|notify|always-on on|off",
  help:
    "ring the terminal, or notify the desktop, when you are mentioned or get a private message; stay when you disconnect",
  run(invocation) {
    const { chat, ui, room, arg, word, rest } = invocation;
    if (word === "") {
      for (const name of ["bell", "notify"]) chat.model.tell(room, ui.setting(name, "") ?? "");
      return "Write /set bell on, /set notify on or /set always-on on; off ends it.";
    }
    const said = ui.setting(word, rest);
    if (said === undefined) return runInput(chat, ui, room, `/set ${arg}`);
    chat.model.tell(room, said);
  },
};

const join: Command = {
  args: "[#ROOM] [KEY]",
  help: "join a room, with its key if it needs one; alone: the room that is shown",
  run(invocation) {
    const { chat, ui, room, arg } = invocation;
    if (arg !== "") return runInput(chat, ui, room, `/join ${arg}`);
    if (!room.isRoom) return "Name a room: /join #ROOM";
    if (room.state === "in") return `You are in ${room.name} already. To join another room: /join #ROOM`;
    chat.openTab(room.name);
  },
};

const links: Command = {
  args: "",
  help: "list the invite links of the room",
  run({ chat, room }) {
    if (!room.isRoom) return "This command works only in rooms, and this is a private conversation.";
    askChanServ(chat, ["LINKS", room.name], { room });
  },
};

const help: Command = {
  args: "[COMMAND]",
  help: "list the keys and commands, or explain a command",
  run({ chat, ui, room, word }) {
    if (word === "") return ui.help();
    const text = explain(chat, word);
    if (text === undefined) return unknownCommand(chat, word.replace(/^\//, ""));
    chat.model.tell(room, text);
  },
};

/** The commands that the page does not have, or has otherwise. */
const OWN: Readonly<Record<string, Command>> = {
  join,
  links,
  help,
  reply,
  react,
  unreact,
  delete: remove,
  resend,
  discard,
  set,
  password,
  drop,
  cert,
  mentions,
  quit,
  ping,
  times,
  echo,
  paste,
  history,
};

/** A command in a list. */
export interface Listed {
  readonly name: string;
  readonly args: string;
  readonly help: string;
}

/** The groups of `/help`, each with its commands. Those that are in none of them come last. */
const GROUPS: readonly (readonly [title: string, names: string])[] = [
  ["Basics", "join leave msg me reply react unreact delete nick who list rooms search mentions whois away help quit"],
  ["Rooms", "topic invite link links unlink mode kick ban unban op deop voice devoice members member transfer rename"],
  ["Your name", "register login logout ghost password drop devices cert"],
  ["This client", "set ignore unignore resend discard"],
];

/** The commands that the user can use, by name. */
function listed(chat: Chat): Listed[] {
  const own = Object.entries(OWN).filter(([, { isUnlisted = false }]) => !isUnlisted);
  const page = listedCommands(chat).filter(([name]) => !Object.hasOwn(OWN, name));
  return [...own, ...page].map(([name, { args, help }]) => ({ name, args, help }));
}

/** The commands that the user can use, in groups. */
export function helpGroups(chat: Chat): { title: string; commands: Listed[] }[] {
  const rest = new Map(listed(chat).map((command) => [command.name, command]));
  const groups = GROUPS.map(([title, names]) => {
    const commands = names.split(" ").flatMap((name) => rest.get(name) ?? []);
    for (const { name } of commands) rest.delete(name);
    return { title, commands };
  });
  groups.push({ title: "Server operators", commands: [...rest.values()] });
  return groups.filter(({ commands }) => commands.length > 0);
}

/** The names of commands that begin with a text. */
export function commandsLike(chat: Chat, text: string): Listed[] {
  const found = listed(chat).filter(({ name }) => name.startsWith(text.toLowerCase()));
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Explains a command, with its other names. @returns `undefined` if there is no such command. */
function explain(chat: Chat, word: string): string | undefined {
  const name = resolveAlias(word.replace(/^\//, ""));
  const command = find(name);
  if (command === undefined) return undefined;
  const others = Object.keys(ALIASES).filter((alias) => resolveAlias(alias) === name).map((alias) => `/${alias}`);
  const { args, help } = listed(chat).find((each) => each.name === name) ?? command;
  const also = others.length === 0 ? "" : ` Also: ${others.join(", ")}`;
  return `/${name}${args === "" ? "" : ` ${args}`} – ${help}.${also}`;
}

function find(name: string): Pick<Command, "args" | "help"> | undefined {
  return Object.hasOwn(OWN, name) ? OWN[name] : Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** The error text for a word that is no command, with the nearest command. */
function unknownCommand(chat: Chat, name: string): string {
  const aliases = Object.keys(ALIASES).filter((alias) => alias.length > 1);
  const known = nearest(name.toLowerCase(), [...listed(chat).map(({ name }) => name), ...aliases]);
  const hint = known === undefined ? "/help lists the commands." : `Did you mean /${known}?`;
  return `No such command: /${name}. ${hint} //${name} says it as a message.`;
}

/** Runs a command, or sends a message. @returns An error text, or nothing. */
export function run(chat: Chat, ui: ClientUi, room: Room, text: string, selected?: Line): string | undefined {
  const [, name, arg = ""] = /^\/(?!\/)(\S*)\s*(.*)$/s.exec(text.trimEnd()) ?? [];
  if (name === undefined) return outsideText(room) ?? runInput(chat, ui, room, text);
  const key = resolveAlias(name);
  if (find(key) === undefined) return name === "" ? "Name a command; /help lists them." : unknownCommand(chat, name);
  if (key === "me") {
    const problem = outsideText(room);
    if (problem !== undefined) return problem;
  }
  if (!Object.hasOwn(OWN, key)) return runInput(chat, ui, room, text);
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(arg) ?? [];
  return OWN[key]!.run({ chat, ui, room, arg, word, rest, selected }) ?? undefined;
}

/** Why the user is not in a room, and what to do; `undefined` for a room that the user is in, or that is being joined. */
export function outsideText({ name, isRoom, state, joinError }: Room): string | undefined {
  if (!isRoom || state !== "out") return undefined;
  const { text = `You are not in ${name}.`, needsKey = false } = joinError ?? {};
  return `${text.replace(/ Enter it to join\.$/, "")} To join it: /join${needsKey ? ` ${name} KEY` : ""}`;
}
