/** PERSISTENCE (IRCv3, "persistence", a draft): whether the user of an account stays without a connection. */
import { type IrcContext, isRegistered, type MemberContext } from "./context.ts";

/** The settings of a client, and the choices that they stand for. */
const SETTINGS: Readonly<Record<string, boolean | undefined>> = { ON: true, OFF: false, DEFAULT: undefined };

/** PERSISTENCE GET|SET ON|OFF|DEFAULT. Other subcommands are ignored, as the specification demands. */
export async function persistence(context: MemberContext, params: readonly string[]): Promise<void> {
  const [subcommand = "", setting = ""] = params.map((param) => param.toUpperCase());
  if (subcommand !== "" && subcommand !== "GET" && subcommand !== "SET") return;
  const { chat, member } = context;
  if (member.account === undefined) return context.fail("PERSISTENCE", "ACCOUNT_REQUIRED", "An account is required");
  if (subcommand === "GET") return replyStatus(context);
  if (subcommand === "" || !Object.hasOwn(SETTINGS, setting)) {
    return context.fail("PERSISTENCE", "INVALID_PARAMETERS", "Invalid parameters");
  }
  await context.inResponse(() => chat.alwaysOn.choose(member, SETTINGS[setting]));
  if (!context.has("draft/persistence")) replyStatus(context); // else `announceStatus` has replied
}

/** Sends a client the status, if it is logged in and has asked for it with the capability. */
export function announceStatus(context: IrcContext): void {
  if (context.has("draft/persistence") && isRegistered(context) && context.account !== undefined) replyStatus(context);
}

function replyStatus(context: MemberContext): void {
  const { choice, on } = context.chat.alwaysOn.status(context.member.account!);
  const setting = choice === undefined ? "DEFAULT" : choice ? "ON" : "OFF";
  context.reply(`PERSISTENCE STATUS ${setting} ${on ? "ON" : "OFF"}`);
}
