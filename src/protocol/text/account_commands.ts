/** Commands for accounts: registered nicknames. */
import * as accounts from "../accounts.ts";
import { describeAlwaysOn, setAlwaysOn } from "../always_on.ts";
import { type Command, splitWord, usage } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { system } from "./render.ts";
import { dropRoom } from "./room_admin_commands.ts";

export const register: Command = {
  args: "PASSWORD",
  help: "register your nickname, so that it is yours alone",
  topic: "accounts",
  run: (context, arg) => answer(context, accounts.register(context, arg)),
};

export const login: Command = {
  args: "[NAME] PASSWORD",
  help: "log in, and take your registered nickname",
  topic: "accounts",
  async run(context, arg) {
    if (arg === "") return context.reply(usage("login", login));
    const { nick, account = nick } = context.member;
    const { name, password } = accounts.readLogin(context.auth, arg, context.rejectedNick ?? account);
    await answer(context, accounts.login(context, name, password, true));
  },
};

export const ghost: Command = {
  args: "NAME [PASSWORD]",
  help: "take your nickname from another connection",
  topic: "accounts",
  run(context, arg) {
    const { first, rest } = splitWord(arg);
    return answer(context, accounts.ghost(context, first, rest));
  },
};

export const logout: Command = {
  args: "",
  help: "log out, and be a guest again",
  topic: "accounts",
  async run(context) {
    context.reply([system(await accounts.logout(context))]);
  },
};

export const password: Command = {
  args: "PASSWORD",
  help: "change the password of your nickname",
  topic: "accounts",
  run: (context, arg) => answer(context, accounts.changePassword(context, arg)),
};

export const drop: Command = {
  args: "PASSWORD|#ROOM",
  help: "give up your registered nickname, or delete your room",
  topic: "accounts",
  run(context, arg) {
    // A password may begin with #, too. Only the name of a room is taken for a room.
    const isRoom = arg.startsWith("#") && context.chat.getRoom(arg) !== undefined;
    return isRoom ? dropRoom(context, arg) : answer(context, accounts.drop(context, arg));
  },
};

export const set: Command = {
  args: "[always-on on|off]",
  help: "show your settings, or change one",
  topic: "accounts",
  async run(context, arg) {
    if (arg === "") return context.reply([system(describeAlwaysOn(context))]);
    const [, value] = /^always-on\s+(on|off)$/i.exec(arg) ?? [];
    if (value === undefined) return context.reply(usage("set", set));
    context.reply([system(await setAlwaysOn(context, value.toLowerCase() === "on"))]);
  },
};

/** Replies with the result. The nickname that was rejected before no longer matters. */
async function answer(context: CommandContext, result: Promise<string>): Promise<void> {
  const sentence = await result;
  context.rejectedNick = undefined;
  if (sentence !== "") context.reply([system(sentence)]);
}
