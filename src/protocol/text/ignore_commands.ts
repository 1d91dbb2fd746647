/** Commands about users whose lines this one does not want to see. */
import { IGNORED_MAX } from "../../chat/ignore_lists.ts";
import type { Command } from "./command.ts";
import { system } from "./render.ts";

export const ignore: Command = {
  args: "[NAME]",
  help: "hide what a user says, or list the ignored users",
  topic: "basics",
  async run(context, arg) {
    const { chat, member } = context;
    if (arg === "") return context.reply(listIgnored(chat.ignores.list(member)));
    const nick = shortName(await chat.ignores.add(member, arg));
    context.reply([system(`You ignore ${nick} now. To see again what ${nick} says: /unignore ${nick}`)]);
  },
};

export const unignore: Command = {
  args: "NAME",
  help: "show again what a user says",
  topic: "basics",
  async run(context, arg) {
    const names = await context.chat.ignores.remove(context.member, arg);
    context.reply([system(`You no longer ignore ${names.map(shortName).join(", ")}.`)]);
  },
};

/** The account of an ignored user, or the nickname of a guest without its host. */
function shortName(name: string): string {
  return name.split("!")[0]!;
}

function listIgnored(names: readonly string[]): string[] {
  if (names.length === 0) return [system("You ignore no user. To ignore one: /ignore NAME")];
  return [`You ignore ${names.length} of at most ${IGNORED_MAX}:`, ...names].map(system);
}
