/**
 * The lines that a client's messages refer to: replies (IRCv3, "reply") and reactions (IRCv3, "react", a draft).
 *
 * The server knows the lines of channels, and of private conversations that it stores. Tags that refer to other lines are passed
 * on as other client-only tags are.
 */
import type { Answer } from "../../chat/answer.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Reacted, Redacted } from "../../chat/events.ts";
import { readId } from "../../chat/ids.ts";
import type { Room } from "../../chat/room.ts";
import type { MemberContext } from "./context.ts";
import { lineFailure, replyError } from "./error_replies.ts";
import { word } from "./numerics.ts";

/** The names of the tag of a reply: that of the specification, and that of its draft. */
const REPLY_TAGS = ["+reply", "+draft/reply"] as const;

/** A reaction in the tags of a TAGMSG, or one that is taken back. */
export interface Reaction {
  readonly text: string;
  readonly on: boolean;
}

/** Whether a tag is that of a reply. */
export function isReplyTag(key: string): boolean {
  return key === REPLY_TAGS[0] || key === REPLY_TAGS[1];
}

/** The message id that the tags of a message reply to, as the client has sent it. */
export function replyReference(tags: ReadonlyMap<string, string>): string | undefined {
  return tags.get(REPLY_TAGS[0]) ?? tags.get(REPLY_TAGS[1]);
}

/** The reaction in the tags of a TAGMSG, if there is one; `invalid` if they both react and take a reaction back. */
export function reactionOf(tags: ReadonlyMap<string, string>): Reaction | "invalid" | undefined {
  const [added, removed] = [tags.get("+draft/react"), tags.get("+draft/unreact")];
  if (added !== undefined && removed !== undefined) return "invalid";
  if (added !== undefined) return { text: added, on: true };
  return removed === undefined ? undefined : { text: removed, on: false };
}

/** Whether the server stores what a client and the user of a nickname say to each other. */
export function isKept({ chat, auth, member }: MemberContext, nick: string): boolean {
  if (chat.keepPrivate !== "accounts") return chat.keepPrivate === "all";
  if (member.fullAccount === undefined) return false;
  const other = chat.get(nick) ?? chat.getByAccount(nick);
  return other === undefined ? auth.find(nick) !== undefined : other.fullAccount !== undefined;
}

/**
 * Finds the line that a message replies to. If there is none, the client is warned, and the message is said without it.
 *
 * @param reference As the client has sent it.
 */
export function findReply(
  context: MemberContext,
  place: Room | string,
  reference: string,
  command: string,
): number | undefined {
  const id = readId(reference);
  try {
    if (id !== undefined) return context.chat.lines.find(context.member, place, id).id;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    if (error.code !== "no-such-line" && error.code !== "history-unreadable") return undefined; // the message is rejected for it
  }
  warnOfReply(context, nameOf(place), reference, command);
  return undefined;
}

/** Warns a client that its message does not reply to a line. NOTICE never gets a reply (RFC 2812, section 3.3.2). */
export function warnOfReply(context: MemberContext, target: string, reference: string, command: string): void {
  if (command === "NOTICE") return;
  const text = "There is no such message any more: yours was sent without the reply";
  context.warn(command, "UNKNOWN_MSGID", text, word(target), word(reference));
}

/**
 * Adds a reaction of a client to a line of a channel or of a private conversation, or takes it back.
 *
 * @param place The channel, or the nickname of the other user.
 */
export async function react(
  context: MemberContext,
  place: Room | string,
  { text, on }: Reaction,
  reference: string | undefined,
): Promise<void> {
  const { chat: { lines }, member, session } = context;
  try {
    if (reference === undefined) {
      return context.fail("TAGMSG", "INVALID_REACTION", "A reaction needs the tag +reply with the id of a message");
    }
    const id = readId(reference);
    if (id === undefined) throw new ChatError("no-such-line", nameOf(place));
    await changeLine(context, place, () => lines.react(member, place, id, text, on, session));
  } catch (error) {
    failLine(context, error, "TAGMSG", nameOf(place), reference!);
  }
}

/**
 * Changes a line. In a channel, the event is part of the response. In private, those for the receiver and for the client's other
 * sessions are not, and the echo is.
 *
 * @param place The channel, or the nickname of the other user.
 */
export async function changeLine(
  context: MemberContext,
  place: Room | string,
  change: () => Answer<Reacted | Redacted | undefined>,
): Promise<void> {
  if (typeof place !== "string") return void await context.inResponse(change);
  const event = await context.outsideResponse(change);
  if (context.session.echo && event !== undefined) context.tell(event);
}

/**
 * Replies to an error that concerns a line, with the target and the message id that the client has sent, as "message-redaction"
 * has it; throws an error that is a bug on.
 */
export function failLine(
  context: MemberContext,
  error: unknown,
  command: string,
  target: string,
  reference: string,
): void {
  if (!(error instanceof ChatError)) throw error;
  const failure = lineFailure(error);
  if (failure === undefined) return replyError(context, error, command);
  context.options.moderation.rejected(context.caller, error);
  const window = error.code === "redact-too-late" ? [String(Math.floor(context.chat.lines.redactTime / 1000))] : [];
  context.fail(command, ...failure, word(target), word(reference), ...window);
}

function nameOf(place: Room | string): string {
  return typeof place === "string" ? place : place.name;
}
