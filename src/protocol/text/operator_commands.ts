/** Commands for server operators: `/oper` makes a user one, and from then on `/ban` and `/unban` mean the server. */
import {
  announce as announceToAll,
  ban,
  countDisconnected,
  describe,
  describeMute,
  grantOperator,
  kill as killUser,
  looksLikeTime,
  mute as muteUser,
  readTime,
  requireOperator,
  unban,
  unmute as unmuteHost,
} from "../moderation.ts";
import { listNodes } from "../nodes.ts";
import { withPassword } from "./account_commands.ts";
import { type Command, splitWord } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { system } from "./render.ts";
import { truncateList } from "./truncate.ts";

export const oper: Command = {
  args: "NAME [PASSWORD]",
  help: "become a server operator, if you are listed as one",
  topic: "accounts",
  run(context, arg) {
    const { member, chat, auth, moderation } = context;
    const { first: name, rest } = splitWord(arg);
    if (auth.operators.size === 0) {
      return context.reply([system("This server has no operators: it was started without --operators.")]);
    }
    return withPassword(context, rest, `/oper ${name}`, `Password of operator ${name}`, async (password) => {
      await auth.verifyOperator(context.caller, name, password);
      if (!chat.has(member)) return ""; // it left during the check of the password
      await grantOperator(moderation, chat, member, name);
      return "You are a server operator now. /help operators lists your commands.";
    });
  },
};

export const kill: Command = {
  args: "NAME [REASON]",
  help: "disconnect a user",
  topic: "operators",
  forOperators: true,
  run({ moderation, chat, member }, arg) {
    const [name = "", ...reason] = arg.split(/\s+/);
    return killUser(moderation, chat, member, name, reason.join(" "));
  },
};

export const bans: Command = {
  args: "",
  help: "list bans and mutes; /ban X [12h] [REASON] adds a ban",
  topic: "operators",
  forOperators: true,
  run(context) {
    const { member, moderation: { bans, audit }, chat: { mutes }, answerMax } = context;
    requireOperator(member);
    audit("bans", member);
    const all = [...bans.all, ...mutes.all];
    if (all.length === 0) return context.reply([system("There are no bans and no mutes.")]);
    const lines = truncateList(all, answerMax, (each) => {
      return "what" in each ? describe(each, bans.left(each)) : describeMute(each, each.until - mutes.now());
    });
    context.reply(lines.map(system));
  },
};

export const mute: Command = {
  args: "NAME [TIME]",
  help: "mute a user, in all rooms",
  topic: "operators",
  forOperators: true,
  async run(context, arg) {
    const { member, moderation, chat } = context;
    const [name = "", time] = arg.split(/\s+/);
    requireOperator(member); // before a wrong time is looked at
    const duration = time === undefined ? Infinity : readTime(time);
    const { nick, host } = await muteUser(moderation, chat, member, name, duration);
    context.reply([system(`Muted ${nick}, and all users from ${host}.`)]);
  },
};

export const unmute: Command = {
  args: "NAME|HOST",
  help: "unmute a user; /bans lists the muted hosts",
  topic: "operators",
  forOperators: true,
  async run(context, arg) {
    const who = await unmuteHost(context.moderation, context.chat, context.member, arg);
    context.reply([system(`${who} can speak again.`)]);
  },
};

export const announce: Command = {
  args: "TEXT",
  help: "send a notice to all users",
  topic: "operators",
  forOperators: true,
  async run({ moderation, chat, member }, arg) {
    await announceToAll(moderation, chat, member, arg);
  },
};

export const stats: Command = {
  args: "",
  help: "show the state of the server",
  topic: "operators",
  forOperators: true,
  run(context) {
    const { member, moderation } = context;
    requireOperator(member);
    moderation.audit("stats", member);
    context.reply(moderation.stats().map(system));
  },
};

export const nodes: Command = {
  args: "",
  help: "list the nodes of the cluster",
  topic: "operators",
  forOperators: true,
  run(context) {
    const { member, moderation, chat } = context;
    context.reply(listNodes(moderation, chat, member).map(system));
  },
};

/** `/ban WHAT [TIME] [REASON]` of a server operator. */
export async function banFromServer(context: CommandContext, arg: string): Promise<void> {
  const { first: what, rest } = splitWord(arg);
  const words = rest.split(/\s+/);
  const hasTime = looksLikeTime(words[0]!);
  const duration = hasTime ? readTime(words.shift()!) : Infinity;
  const { chat, member, moderation } = context;
  const made = await ban(moderation, chat, member, what, duration, words.join(" "));
  context.reply([
    system(`${made.what} is banned from this server; ${countDisconnected(chat, made)}. /bans lists all.`),
  ]);
  if (made.includesCaller) {
    context.reply([system(`This ban includes you: /unban ${made.undo} before you leave, or you cannot come back.`)]);
  }
}

/** `/unban WHAT` of a server operator. */
export async function unbanFromServer(context: CommandContext, arg: string): Promise<void> {
  const what = await unban(context.moderation, context.chat, context.member, arg);
  context.reply([system(`${what} is no longer banned.`)]);
}
