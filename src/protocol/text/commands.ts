/**
 * The table of commands of the text protocol, and how a line is run.
 *
 * To add a command, write it in the file of its subject and add it to the table. `/help` is printed from the table.
 */
import {
  cert,
  deviceCommand,
  drop,
  ghost,
  login,
  logout,
  password,
  register,
  resetpass,
  set,
} from "./account_commands.ts";
import type { Command, CommandTable } from "./command.ts";
import { usage } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { helpFor, resolveAlias, unknownCommand } from "./help.ts";
import { history, search } from "./history_commands.ts";
import { ignore, unignore } from "./ignore_commands.ts";
import { link, links, unlink } from "./link_commands.ts";
import { announce, bans, kill, mute, nodes, oper, stats, unmute } from "./operator_commands.ts";
import { mentions } from "./mentions.ts";
import { deleteCommand, react, reply, unreact } from "./message_commands.ts";
import { paste } from "./paste.ts";
import { system } from "./render.ts";
import { member, members, owner, rename, transfer } from "./room_admin_commands.ts";
import { join, leave, rooms, topic, who } from "./room_commands.ts";
import { ban, deop, devoice, invite, kick, mode, op, unban, voice } from "./room_moderation.ts";
import { clip } from "./truncate.ts";
import { echo, list, me, msg, nick, ping, quit, times } from "./user_commands.ts";

const help: Command = {
  args: "[COMMAND]",
  help: "list commands, or explain one",
  topic: "basics",
  run: (context, arg) => context.reply(helpFor(commands, context.member.operator, arg)),
};

/** The commands by name, in the order of `/help`. */
export const commands: CommandTable = {
  help,
  nick,
  list,
  rooms,
  join,
  leave,
  who,
  msg,
  me,
  ignore,
  unignore,
  topic,
  invite,
  link,
  links,
  unlink,
  kick,
  ban,
  unban,
  op,
  deop,
  voice,
  devoice,
  mode,
  members,
  member,
  transfer,
  rename,
  history,
  search,
  reply,
  react,
  unreact,
  delete: deleteCommand,
  paste,
  mentions,
  echo,
  times,
  ping,
  register,
  login,
  ghost,
  logout,
  password,
  drop,
  set,
  devices: deviceCommand,
  cert,
  oper,
  kill,
  bans,
  mute,
  unmute,
  owner,
  announce,
  resetpass,
  stats,
  nodes,
  quit,
};

const names = Object.keys(commands);

/** Commands whose first argument is required. */
const withRequiredArgument = new Set(names.filter((name) => /^[^[]/.test(commands[name]!.args)));

/** Commands with a password among their arguments. */
const withPassword = new Set(names.filter((name) => commands[name]!.args.includes("PASSWORD")));

/** Whether a line is a command with a password after a space by mistake: it must not be said to the room. */
export function isMistypedPassword(line: string): boolean {
  const [, name = ""] = /^\s+\/(\w+)/.exec(line) ?? [];
  return withPassword.has(resolveAlias(name));
}

/**
 * Runs a line that begins with a single `/`.
 *
 * @returns A promise if the client's next line has to wait.
 * @throws {ChatError | AuthError} What the command throws, or `too-many-waiting`. A promise rejects with it.
 */
export function runCommand(context: CommandContext, line: string): Promise<void> | undefined {
  const [, word = "", rest = ""] = /^\/(\S*)(.*)$/s.exec(line)!;
  const name = resolveAlias(word);
  const arg = rest.trim();
  if (!Object.hasOwn(commands, name)) {
    const answer = unknownCommand(commands, context.member.operator, word);
    return void context.reply([system(`${answer} //${clip(word)} says it.`)]);
  }
  const command = commands[name]!;
  if (arg === "" && withRequiredArgument.has(name)) return void context.reply(usage(name, command));
  const { lane } = command;
  const work = () => command.run(context, arg) ?? undefined;
  if (lane === undefined) return work() as Promise<void> | undefined; // commands that run in steps have a lane
  const options = { lane, networks: context.networks, wanted: () => context.chat.has(context.member) };
  return context.slicer.run(work, options) ?? undefined;
}
