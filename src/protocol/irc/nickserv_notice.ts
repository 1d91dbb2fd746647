/**
 * The name of NickServ, and the notices that it sends.
 */
import { fold } from "../../chat/names.ts";
import type { AccountAction } from "../accounts.ts";
import type { IrcContext } from "./context.ts";

/** A nickname that is reserved: messages to it are requests to the auth service. */
export const NICKSERV = "NickServ";

/** Whether a target of a message is NickServ. */
export function isNickServ(target: string): boolean {
  return target.length === NICKSERV.length && fold(target) === fold(NICKSERV);
}

/** The requests whose names differ from those of the text protocol. */
const REQUEST_NAMES: Readonly<Partial<Record<AccountAction, string>>> = {
  login: "IDENTIFY",
  password: "SET PASSWORD",
  "devices add": "TOKEN",
  "devices revoke": "REVOKE",
};

/** The request to NickServ for an action, as users type it. */
export function nickServRequest(action: AccountAction, ...args: string[]): string {
  return [`/msg ${NICKSERV}`, REQUEST_NAMES[action] ?? action.toUpperCase(), ...args].join(" ");
}

/** Sends notices from NickServ, one for each sentence. */
export function replyFromNickServ(context: IrcContext, ...sentences: string[]): void {
  const { options, name } = context;
  context.reply(...sentences.map((text) => `:${NICKSERV}!services@${options.name} NOTICE ${name} :${text}`));
}
