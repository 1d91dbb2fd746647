/**
 * How sessions end whose token was revoked, or whose account has a new password.
 */
import type { Chat } from "../chat/chat.ts";
import type { Session } from "../chat/member.ts";

/** The reason in the log and the metrics. */
export const SIGNED_OUT = "signed out";

/** The reason for sessions whose token was revoked. The page knows both reasons by how they begin. */
export const REVOKED = "Signed out: this device was removed from the account. Log in again with the password.";

/** The reason for the other sessions of an account with a new password. */
export const NEW_PASSWORD = "Signed out: the password of the account was changed. Log in again with the new one.";

/**
 * Disconnects sessions that are logged in to an account.
 *
 * @param reason What their clients are told. Other members are not: it is no matter of theirs.
 * @returns How many there were.
 */
export async function endSessions(
  chat: Chat,
  account: string,
  ends: (session: Session) => boolean,
  reason: string,
): Promise<number> {
  const ended = [...chat.sessionsOf(account)].filter(ends);
  const close = { ending: SIGNED_OUT, words: reason, notice: reason };
  for (const each of ended) await chat.disconnect(each, "Signed out", false, close);
  return ended.length;
}

/** Ends all sessions of an account with a new password, except one and those with the same token. */
export function endOtherSessions(chat: Chat, account: string, session: Session): Promise<number> {
  const own = session.token?.id;
  const isOther = (each: Session) => each !== session && (own === undefined || each.token?.id !== own);
  return endSessions(chat, account, isOther, NEW_PASSWORD);
}
