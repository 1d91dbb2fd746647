/** Commands about the account that the page has a dialog for. Passwords are asked for, and not typed into the line. */
import { askNickServ, changePassword, dropAccount, hasAccounts } from "../web/account.js";
import type { Command, Invocation } from "./command.ts";
import { withRetry } from "./prompts.ts";

const NO_ACCOUNTS = "This server has no registered names.";

export const password: Command = {
  args: "",
  help: "change the password of your registered name",
  run: (invocation) => askPassword(invocation, "New password: ", changePassword),
};

export const drop: Command = {
  args: "",
  help: "delete your registered name",
  run: (invocation) => askPassword(invocation, "Your password, to delete the name: ", dropAccount),
};

export const cert: Command = {
  args: "[add|remove FINGERPRINT]",
  help: "list, add or remove the client certificates that log you in",
  run({ chat, room, arg }) {
    if (!hasAccounts(chat)) return NO_ACCOUNTS;
    askNickServ(chat, arg === "" ? "CERT LIST" : `CERT ${arg}`, room);
  },
};

function askPassword(
  invocation: Invocation,
  label: string,
  act: typeof changePassword,
  reason?: string,
): string | undefined {
  const { chat, ui, room } = invocation;
  if (!hasAccounts(chat)) return NO_ACCOUNTS;
  if (chat.connection.account === "") return "You are not logged in. Log in first: /login";
  const done = (said: string) => chat.model.tell(room, said);
  const failed = (why: string) => chat.model.tell(room, why, "error");
  ui.askSecret(label, (text) => {
    withRetry(chat, (failed) => act(chat, text, done, failed), failed, (why) => {
      askPassword(invocation, label, act, why);
    });
  }, reason);
  return undefined;
}
