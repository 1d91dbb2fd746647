/**
 * The name of ChanServ, and the notices that it sends.
 */
import { fold } from "../../chat/names.ts";
import type { IrcContext } from "./context.ts";

/** A nickname that is reserved: messages to it are requests about channels and their owners. */
export const CHANSERV = "ChanServ";

/** Whether a target of a message is ChanServ. */
export function isChanServ(target: string): boolean {
  return target.length === CHANSERV.length && fold(target) === fold(CHANSERV);
}

/** Sends notices from ChanServ, one for each sentence. */
export function replyFromChanServ(context: IrcContext, ...sentences: string[]): void {
  const { options, name } = context;
  context.reply(...sentences.map((text) => `:${CHANSERV}!services@${options.name} NOTICE ${name} :${text}`));
}
