/** Always on, for all protocols: an account chooses whether its user stays in the chat without a connection. */
import { AuthError } from "../accounts/auth.ts";
import type { AccountContext } from "./accounts.ts";

/**
 * Has the account of the caller be always on, or not.
 *
 * @throws {AuthError} `no-accounts` or `not-logged-in`
 * @throws {ChatError} as `AlwaysOnUsers.choose`
 */
export async function setAlwaysOn(context: AccountContext, on: boolean): Promise<string> {
  const { chat, member } = context;
  const account = requireAccount(context);
  await context.answering(() => chat.alwaysOn.choose(member, on));
  if (on && !chat.alwaysOn.status(account).on) {
    return "Saved, but this server does not keep users who are not connected.";
  }
  return on
    ? `You stay in the chat now when you disconnect. To change that: ${command(context, "off")}`
    : "You leave the chat now when you disconnect.";
}

/** Says what the account of the caller has chosen. @throws {AuthError} `no-accounts` or `not-logged-in` */
export function describeAlwaysOn(context: AccountContext): string {
  const { on } = context.chat.alwaysOn.status(requireAccount(context));
  const about = on ? "you stay in the chat when you disconnect" : "you leave the chat when you disconnect";
  return `always-on is ${on ? "on" : "off"}: ${about}. To change that: ${command(context, on ? "off" : "on")}`;
}

function command(context: AccountContext, value: "on" | "off"): string {
  return context.commandFor("set", "always-on", value);
}

function requireAccount({ auth, member: { account } }: AccountContext): string {
  if (!auth.accountsEnabled) throw new AuthError("no-accounts");
  if (account === undefined) throw new AuthError("not-logged-in");
  return account;
}
