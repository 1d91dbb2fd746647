/**
 * Sends earlier messages to a client that does not ask for them, in batches (IRCv3, "chathistory"): the latest ones of a
 * channel that it has joined, and what its user has missed.
 */
import { ChatError } from "../../chat/chat_error.ts";
import type { Said } from "../../chat/events.ts";
import type { Room } from "../../chat/room.ts";
import { takeMissedConversations } from "../missed_private.ts";
import type { Steps } from "../time_slicer.ts";
import type { MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { renderMessages, replyBatch } from "./message_batch.ts";

/** The number of messages. */
const REPLAYED = 20;

/** The most messages of a channel that a user gets who was not connected: the latest ones. */
export const MISSED_MAX = 100;

/**
 * Replays a channel's latest messages.
 *
 * Without `batch` they would look like new ones, and bots would answer them: such a client is told once how to request
 * them. A bot gets nothing; nor does a client with `draft/chathistory`, which requests what it has missed.
 */
export function replay(context: MemberContext, room: Room): void {
  context.sentFrom.delete(room);
  if (context.has("draft/chathistory") || context.member.bot) return;
  const batched = context.has("batch");
  if (!batched && context.historyHintSent) return noteSent(context, room);
  try {
    const lines = context.chat.history.latest(room, batched ? REPLAYED : 1);
    context.sentFrom.set(room, batched ? lines[0]?.id ?? 0 : idAfter(lines[0]));
    if (lines.length === 0) return;
    if (batched) return replyBatch(context, `chathistory ${room.name}`, renderMessages(context, lines));
    context.historyHintSent = true;
    context.reply(
      `NOTICE ${context.name} :To read earlier messages of ${room.name}: /quote CHATHISTORY LATEST ${room.name} * ${REPLAYED}`,
    );
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    replyError(context, error, "JOIN");
  }
}

/** Notes that a client is sent the lines of a channel from now on, and has not been sent those before. */
export function noteSent(context: MemberContext, room: Room): void {
  try {
    const [last] = context.chat.history.latest(room, 1);
    context.sentFrom.set(room, idAfter(last));
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    context.sentFrom.delete(room); // a replay may repeat lines, but misses none
  }
}

/** The first id of lines that are said after a line; 0 if there is none yet. */
function idAfter(last: Said | undefined): number {
  return last === undefined ? 0 : last.id + 1;
}

/**
 * Replays what was said in a channel since a user who is always on was last here, without what the client was sent already.
 * Without `batch`, each message has its time, so that it does not look like a new one. A bot gets nothing; nor does a client
 * with `draft/chathistory`.
 *
 * @param since In milliseconds since 1970.
 */
export function replayMissed(context: MemberContext, room: Room, since: number): void {
  const { chat: { history }, member } = context;
  if (context.has("draft/chathistory") || member.bot) return;
  try {
    const after = history.firstIdSince(since, member, [room]) - 1;
    const lines = history.page(room, { after, before: context.sentFrom.get(room), count: MISSED_MAX });
    if (lines.length === 0) return;
    context.sentFrom.set(room, lines[0]!.id);
    replyBatch(context, `chathistory ${room.name}`, renderMessages(context, lines));
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    replyError(context, error, "JOIN");
  }
}

/**
 * Replays the private messages that came while the user was not connected, as `replayMissed` does with those of channels,
 * once each time the user comes back.
 */
export function replayMissedPrivate(context: MemberContext): void {
  const { session, member } = context;
  if (session.missedPrivateSince === undefined) return;
  if (context.has("draft/chathistory") || member.bot) {
    session.missedPrivateSince = undefined;
    return;
  }
  const steps = function* (): Steps<void> {
    try {
      const characters = context.options.answerMax / 4; // nicknames, times and tags take more
      for (const { nick, lines } of yield* takeMissedConversations(context.chat, session, characters)) {
        context.outsideResponse(() => replyBatch(context, `chathistory ${nick}`, renderMessages(context, lines)));
        session.noteShown(nick, lines.at(-1)!.time);
        yield;
      }
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      context.outsideResponse(() => replyError(context, error, "PRIVMSG"));
    }
  };
  void context.inSlice("prompt", steps);
}
