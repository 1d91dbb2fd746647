/**
 * The commands of the terminal client: those of the page, and those that the page has buttons for. `/help` is made from the
 * same tables.
 */
import type { Chat } from "../web/chat.js";
import { listedCommands, resolveAlias, runInput } from "../web/commands.js";
import type { Line } from "../web/lines.js";
import type { Room } from "../web/room.js";
import { cert, drop, password } from "./account_commands.ts";
import type { ClientUi, Command } from "./command.ts";
import { react, remove, reply, resend, unreact } from "./message_commands.ts";

const quit: Command = {
  args: "[REASON]",
  help: "leave, and close this client",
  run: ({ ui, arg }) => ui.quit(arg),
};

const set: Command = {
  args: "bell|notify|always-on on|off",
  help: "ring the terminal, or notify the desktop, when somebody writes to you; stay when you disconnect",
  run(invocation) {
    const { chat, ui, room, arg, word, rest } = invocation;
    const said = ui.setting(word, rest);
    if (said === undefined) return runInput(chat, ui, room, `/set ${arg}`);
    chat.model.tell(room, said);
  },
};

/** The commands that the page does not have, or has otherwise. */
const OWN: Readonly<Record<string, Command>> = {
  reply,
  react,
  unreact,
  delete: remove,
  resend,
  set,
  password,
  drop,
  cert,
  quit,
};

/** The rows of `/help`: names with their arguments, and what they do. */
export function helpRows(chat: Chat): { name: string; args: string; help: string }[] {
  const page = listedCommands(chat).filter(([name]) => !Object.hasOwn(OWN, name));
  const all = [...Object.entries(OWN), ...page].map(([name, { args, help }]) => ({ name, args, help }));
  return all.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The names of commands that begin with a text. */
export function commandsLike(chat: Chat, text: string): { name: string; args: string; help: string }[] {
  return helpRows(chat).filter(({ name }) => name.startsWith(text.toLowerCase()));
}

/** Runs a command, or sends a message. @returns An error text, or nothing. */
export function run(chat: Chat, ui: ClientUi, room: Room, text: string, selected?: Line): string | undefined {
  const [, name = "", arg = ""] = /^\/(\S+)\s*(.*)$/s.exec(text.trimEnd()) ?? [];
  const key = resolveAlias(name);
  if (name === "" || !Object.hasOwn(OWN, key)) return runInput(chat, ui, room, text);
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(arg) ?? [];
  return OWN[key]!.run({ chat, ui, room, arg, word, rest, selected }) ?? undefined;
}
