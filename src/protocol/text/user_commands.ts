/** Commands about users and this connection: names, private messages, settings, leaving. */
import { type Command, splitWord, usage } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { whisperSent } from "./messages.ts";
import { system, userCount } from "./render.ts";
import { truncateList } from "./truncate.ts";

export const nick: Command = {
  args: "NAME",
  help: "choose a nickname",
  topic: "basics",
  async run(context, arg) {
    if (arg === context.member.nick) return context.reply([system(`You are already ${arg}.`)]);
    await context.chat.rename(context.member, arg);
    context.rejectedNick = undefined;
  },
};

export const list: Command = {
  args: "",
  help: "list all users online, not rooms; LIST does, too",
  topic: "basics",
  lane: "long",
  run: listUsers,
};

/** Lists the users that are visible to this one, in the order of arrival, below their number. */
function listUsers(context: CommandContext): void {
  const { chat, member: self, answerMax } = context;
  const visible = [...chat.members].filter((member) => member.isVisibleTo(self));
  const lines = truncateList(visible, answerMax, (member, index) => {
    const known = [...member.rooms.values()].filter((room) => member.isSeenIn(room, self));
    const rooms = known.map((room) => room.name).join(", ") || "no room";
    return `Client ${index + 1}: ${member.nick} in ${rooms}${member === self ? " (you)" : ""}`;
  });
  context.reply([`Online: ${userCount(visible.length)}`, ...lines].map(system));
}

export const msg: Command = {
  args: "NAME TEXT",
  help: "send a private message",
  topic: "basics",
  async run(context, arg) {
    const { first: name, rest: text } = splitWord(arg);
    if (text === "") return context.reply(usage("msg", msg));
    await sendPrivate(context, name, text);
  },
};

/**
 * Sends a private message, and replies with it unless the client wants no echo.
 *
 * @param reply The id of the message that it replies to.
 * @throws {ChatError} as `Chat.whisper`
 */
export async function sendPrivate(context: CommandContext, nick: string, text: string, reply?: number): Promise<void> {
  const sent = await context.chat.whisper(context.member, nick, text, { from: context.session, reply });
  if (sent === undefined) return;
  if (context.session.echo) context.reply(context.withTimes(whisperSent(sent)));
  if (sent.waits) return context.reply([system(`${sent.to} is offline and will see it.`)]);
  const isAbsent = context.chat.get(sent.to)?.sessions.length === 0;
  if (isAbsent) context.reply([system(`${sent.to} is not connected now, and may not see that.`)]);
}

export const me: Command = {
  args: "ACTION",
  help: "describe what you do: /me waves",
  topic: "basics",
  run: ({ chat, member, session, room }, arg) => chat.say(member, room, arg, { style: "action", from: session }),
};

export const quit: Command = {
  args: "[REASON]",
  help: "leave the chat",
  topic: "basics",
  run: (context, arg) => context.quit(arg || undefined),
};

export const echo: Command = {
  args: "on|off",
  help: "show your own lines, or not",
  topic: "settings",
  run(context, arg) {
    if (arg !== "on" && arg !== "off") return context.reply(usage("echo", echo));
    context.chooseEcho(arg === "on");
    context.reply([
      system(arg === "on" ? "You see your own lines now." : "You no longer see your own lines."),
    ]);
  },
};

export const times: Command = {
  args: "on|off",
  help: "begin lines with the time, as in [14:05], or not",
  topic: "settings",
  run(context, arg) {
    if (arg !== "on" && arg !== "off") return context.reply(usage("times", times));
    context.showTimes = arg === "on";
    context.reply([
      system(arg === "on" ? "New lines begin with the time now." : "New lines no longer begin with the time."),
    ]);
  },
};

export const ping: Command = {
  args: "",
  help: "check that the server answers",
  topic: "settings",
  run: (context) => context.reply([system("Pong.")]),
};
