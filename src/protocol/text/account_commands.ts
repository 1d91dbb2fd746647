/** Commands for accounts: registered nicknames. */
import { AuthError } from "../../accounts/auth.ts";
import { fold } from "../../chat/names.ts";
import * as accounts from "../accounts.ts";
import { describeAlwaysOn, setAlwaysOn } from "../always_on.ts";
import * as devices from "../devices.ts";
import { type Command, splitWord, usage } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { countNew } from "./missed.ts";
import { system } from "./render.ts";
import { dropRoom } from "./room_admin_commands.ts";

export const register: Command = {
  args: "[PASSWORD]",
  help: "register your nickname, so that it is yours alone",
  topic: "accounts",
  run(context, arg) {
    return withNewPassword(context, arg, "/register", (password) => accounts.register(context, password));
  },
};

export const login: Command = {
  args: "[NAME] [PASSWORD]",
  help: "log in, and take your registered nickname",
  topic: "accounts",
  run(context, arg) {
    const { nick, account = nick } = context.member;
    const own = context.rejectedNick ?? account;
    const isName = arg !== "" && context.auth.find(arg) !== undefined; // a name alone
    const { name, password } = isName ? { name: arg, password: "" } : accounts.readLogin(context.auth, arg, own);
    return withPassword(context, password, `/login ${name}`, `Password of ${name}`, (given) => {
      return accounts.login(context, name, given, true);
    }, () => showNew(context));
  },
};

export const ghost: Command = {
  args: "NAME [PASSWORD]",
  help: "take your nickname from another connection",
  topic: "accounts",
  run(context, arg) {
    const { first: name, rest } = splitWord(arg);
    const { account } = context.member;
    const isOwn = account !== undefined && fold(account) === fold(name);
    if (rest === "" && isOwn) return answer(context, accounts.ghost(context, name, ""));
    return withPassword(context, rest, `/ghost ${name}`, `Password of ${name}`, (password) => {
      return accounts.ghost(context, name, password);
    });
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
  args: "[PASSWORD]",
  help: "change your password, and sign out all other devices",
  topic: "accounts",
  run(context, arg) {
    return withNewPassword(context, arg, "/password", (password) => accounts.changePassword(context, password));
  },
};

export const drop: Command = {
  args: "[PASSWORD]|#ROOM",
  help: "give up your registered nickname, or delete your room",
  topic: "accounts",
  run(context, arg) {
    // A password may begin with #, too. Only the name of a room is taken for a room.
    if (arg.startsWith("#") && context.chat.getRoom(arg) !== undefined) return dropRoom(context, arg);
    return withPassword(context, arg, "/drop", "Your password", (password) => accounts.drop(context, password));
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

export const deviceCommand: Command = {
  args: "[add NAME|revoke N]",
  help: "devices and bots that stay signed in",
  topic: "accounts",
  async run(context, arg) {
    const { first: action, rest } = splitWord(arg);
    switch (action.toLowerCase()) {
      case "":
      case "list":
        return context.reply(devices.listDevices(context).map(system));
      case "add":
        if (rest !== "") return replyWithSecret(context, await devices.addDevice(context, rest));
        break;
      case "revoke":
        if (rest !== "") return context.reply((await devices.revokeDevice(context, rest)).map(system));
    }
    context.reply([system("Usage: /devices, /devices add NAME [read] [#ROOM], or /devices revoke N.")]);
  },
};

export const cert: Command = {
  args: "[add HASH|remove HASH]",
  help: "certificates to log in with",
  topic: "accounts",
  async run(context, arg) {
    const { first: action, rest } = splitWord(arg);
    switch (action.toLowerCase()) {
      case "":
      case "list":
        return context.reply(devices.listCertificates(context).map(system));
      case "add":
        return context.reply((await devices.addCertificate(context, rest)).map(system));
      case "remove":
        return context.reply((await devices.removeCertificate(context, rest)).map(system));
    }
    context.reply([system("Usage: /cert, /cert add [FINGERPRINT], or /cert remove FINGERPRINT.")]);
  },
};

export const resetpass: Command = {
  args: "NAME",
  help: "make a one-time word for a user without a password",
  topic: "operators",
  forOperators: true,
  async run(context, arg) {
    replyWithSecret(context, await devices.resetPassword(context, arg));
  },
};

/** A secret has a line of its own, without dashes, so that a double click selects nothing else. */
function replyWithSecret(context: CommandContext, [before = "", secret = "", ...after]: string[]) {
  context.reply([system(before), secret, ...after.map(system)]);
}

/**
 * Runs a command with a password, which it asks for if the user has not given one.
 *
 * @param given What the user has written after the command; telnet could not hide it.
 * @param command How to have it asked for.
 * @param then Called when it has replied.
 */
export function withPassword(
  context: CommandContext,
  given: string,
  command: string,
  prompt: string,
  run: (password: string) => Promise<string>,
  then?: () => Promise<void>,
): Promise<void> | undefined {
  if (!command.startsWith("/oper")) requireAccounts(context);
  if (given === "") {
    return void context.askSecret(`${prompt}, please:`, (password) => answer(context, run(password), then));
  }
  warn(context, command);
  return answer(context, run(given), then);
}

/** Runs a command with a new password. If it asks for that, it asks twice, as typing errors are not visible. */
function withNewPassword(
  context: CommandContext,
  given: string,
  command: string,
  run: (password: string) => Promise<string>,
): Promise<void> | undefined {
  if (given !== "") return withPassword(context, given, command, "", run);
  requireAccounts(context);
  const ask = (prompt: string) =>
    context.askSecret(prompt, (password) => {
      context.auth.requireNewPassword(password);
      context.askSecret("Once more, please:", (again) => {
        if (again === password) return answer(context, run(password));
        context.reply([system("The passwords differ.")]);
        ask("New password, please (an empty line cancels):");
      });
    });
  ask("New password, please:");
}

/** @throws {AuthError} `no-accounts` */
function requireAccounts({ auth }: CommandContext) {
  if (!auth.accountsEnabled) throw new AuthError("no-accounts");
}

/** Tells the user, once, that what a command asks for is not shown. */
function warn(context: CommandContext, command: string) {
  if (context.warnedOfPassword) return;
  context.warnedOfPassword = true;
  context.reply([
    system(`Your password was visible. Next time write ${command} alone: telnet hides what it asks for.`),
  ]);
}

/** Replies with the result. The nickname that was rejected before no longer matters. */
async function answer(context: CommandContext, result: Promise<string>, then?: () => Promise<void>): Promise<void> {
  const sentence = await result;
  context.rejectedNick = undefined;
  if (sentence === "") return;
  context.reply([system(sentence)]);
  await then?.();
}

/** Tells a user that has logged in what it has not read. */
async function showNew(context: CommandContext): Promise<void> {
  const { chat, slicer, networks, session } = context;
  await slicer.run(() => countNew(context), { lane: "prompt", networks, wanted: () => chat.hasSession(session) });
}
