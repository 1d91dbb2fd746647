/** Finds the private messages that came while a user was not connected, for clients that do not ask for them. */
import type { Chat } from "../chat/chat.ts";
import type { Member, Session } from "../chat/member.ts";
import { fold } from "../chat/names.ts";
import { isAccount } from "../chat/nicknames.ts";
import type { Line } from "../chat/store.ts";
import type { Steps } from "./time_slicer.ts";

/** The most conversations that a user is shown who comes back: those with the latest messages. */
export const MISSED_CONVERSATIONS = 20;

/** The most messages of each of them: the latest ones. */
export const MISSED_PRIVATE = 100;

/** What another user has written in the meantime. */
export interface MissedConversation {
  /** The nickname of the other user. */
  readonly nick: string;
  /** At least one; the oldest first. */
  readonly lines: readonly Line[];
  /** Whether there are earlier ones that are not among the lines. */
  readonly more: boolean;
}

/**
 * The conversations with messages that came while the user of a session was not connected, the one with the latest message
 * last. Only the first call returns any. Runs in steps, one for each conversation.
 *
 * @param characters About the most characters of all messages together: each conversation has an equal share, and at least
 *   one message.
 * @throws {ChatError} `history-unreadable`
 */
export function* takeMissedConversations(
  chat: Chat,
  session: Session,
  characters: number,
): Steps<MissedConversation[]> {
  const { member, missedPrivateSince: since } = session;
  session.missedPrivateSince = undefined;
  if (since === undefined) return [];
  const found = (yield* chat.history.conversations(member)).filter(({ line }) => line.time >= since);
  found.sort((a, b) => a.line.id - b.line.id);
  const missed: MissedConversation[] = [];
  const latest = found.slice(-MISSED_CONVERSATIONS);
  for (const { with: folded, line } of latest) {
    const after = chat.history.firstIdSince(since, member, [folded]) - 1;
    const page = (count: number, before?: number) => {
      const range = { after, before, count, characters: characters / latest.length };
      return chat.history.conversation(member, folded, range);
    };
    const all = page(MISSED_PRIVATE);
    const more = page(1, all[0]?.id).length > 0;
    const lines = all.filter((each) => !isOwn(each, member));
    if (lines.length > 0) missed.push({ nick: partner(line, member, folded), lines, more });
    yield;
  }
  return missed;
}

/** Whether a line was said by a member, under whatever nickname if it is logged in. */
export function isOwn({ who, account }: Line, { nick, fullAccount }: Member): boolean {
  return account === undefined ? fold(who) === fold(nick) : isAccount(account, fullAccount);
}

/** The other user of a conversation: spelled as in its latest message, if that is the same nickname. */
export function partner(line: Line, member: Member, folded: string): string {
  const other = line.kind === "whispered" && isOwn(line, member) ? line.to : line.who;
  return fold(other) === folded ? other : folded;
}
