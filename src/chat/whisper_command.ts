/** Applies the command that delivers private messages, also to accounts that have no member in the chat. */
import { isMuted } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import { accountPrefix, conversationName, conversationTarget, type KeepPrivate } from "./conversations.ts";
import type { Style, Whispered } from "./events.ts";
import type { Member } from "./member.ts";
import { fold, isNick, prepareName } from "./names.ts";
import { takesPrivate } from "./scope.ts";
import type { ChatState } from "./state.ts";
import { tellOthers } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { isStored } from "./write_behind.ts";

/** To whom a private message goes. */
export interface Receiver {
  /** The nickname, as it is written in the message. */
  readonly nick: string;
  /** The member; `undefined` if the nickname is that of an account that has none: then the message waits for it. */
  readonly member: Member | undefined;
  /** Whether the message is stored. */
  readonly stored: boolean;
}

/**
 * Finds to whom a member's private message goes: the member with the nickname; else the account of that name, which may be in
 * the chat under another nickname, or absent if the message is stored.
 *
 * @throws {ChatError} `no-such-user`; `no-private-messages`; or `login-to-leave` if the message would be stored if its author
 *   was logged in
 */
export function findReceiver(state: ChatState, author: Member, name: string, style: Style): Receiver {
  const { keeps } = state.storage;
  const isLine = isStored({ style });
  const account = state.nicknames.isRegistered(name) ? prepareName(name) : undefined;
  const named = state.nicknames.get(name);
  const member = named ?? (account === undefined ? undefined : state.byAccount.get(fold(account)));
  if (member !== undefined) {
    if (!takesPrivate(member)) throw new ChatError("no-private-messages", member.nick);
    const stored = isLine && isStoredBetween(keeps, author, member);
    // No session would ever get it: the user has no session now, and nothing is stored until it has one.
    const isLost = isLine && !stored && keeps !== "off" && member.sessions.length === 0;
    if (isLost && author.fullAccount === undefined) throw new ChatError("login-to-leave", member.nick);
    return { nick: named?.nick ?? copyString(account!), member, stored };
  }
  if (account === undefined || !isNick(account) || !isLine || keeps === "off") {
    throw new ChatError("no-such-user", name);
  }
  if (author.fullAccount === undefined) throw new ChatError("login-to-leave", account);
  return { nick: copyString(account), member: undefined, stored: true };
}

/** To whom a member's private message goes; `undefined` if the message is not to be stored, or is rejected. */
export function storedReceiver(state: ChatState, author: Member, name: string, style: Style): Receiver | undefined {
  if (isMuted(state.muted, author)) return undefined;
  try {
    const receiver = findReceiver(state, author, name, style);
    return receiver.stored ? receiver : undefined;
  } catch (error) {
    if (error instanceof ChatError) return undefined;
    throw error;
  }
}

/** Whether the messages between two members are stored. */
function isStoredBetween(keeps: KeepPrivate, a: Member, b: Member): boolean {
  if (keeps === "accounts") return a.fullAccount !== undefined && b.fullAccount !== undefined;
  return keeps === "all";
}

/**
 * Delivers a message to each of some users. All copies are committed at once, which costs as much as one commit.
 *
 * @returns For each nickname: the message, `undefined` if the text is blank, or a ChatError: `muted`, `no-such-user`,
 *   `no-private-messages`, `login-to-leave` or `not-stored`.
 */
export function whisper(state: ChatState, command: CommandOf<"whisper">): (Whispered | ChatError | undefined)[] {
  const member = state.requireMember(command.member);
  const messages = command.to.map((nick) => prepareMessage(state, member, nick, command));
  const count =
    messages.filter((message) => message !== undefined && !(message instanceof ChatError) && message.to.stored).length;
  const committed = count === 0 || state.storage.commitPrivate(count);
  return messages.map((message) => {
    if (message === undefined || message instanceof ChatError) return message;
    const { to, event, ignored } = message;
    if (to.stored && !committed) return new ChatError("not-stored", to.nick);
    member.spokeAt = event.time;
    if (!ignored && to.member !== undefined) deliver(to.member, event);
    if (to.member !== member) tellOthers(member, command.session, { ...event, forAuthor: true });
    const waits = to.stored && (to.member === undefined || to.member.sessions.length === 0);
    return waits ? { ...event, waits } : event;
  });
}

/** The receiver gets the message under the nickname that it has, also when the author has named its account. */
function deliver(to: Member, event: Whispered) {
  to.tell(event.to === to.nick ? event : { ...event, to: to.nick });
  for (const session of to.sessions) session.noteShown(event.who, event.time);
}

/** A message that is not delivered yet. */
interface Message {
  readonly to: Receiver;
  readonly event: Whispered;
  /** Whether the receiver ignores the author: then only the author has a copy, and is not told. */
  readonly ignored: boolean;
}

function prepareMessage(
  state: ChatState,
  author: Member,
  name: string,
  { text, style, tags, ignoredBy, reply }: CommandOf<"whisper">,
): Message | ChatError | undefined {
  if (isMuted(state.muted, author)) return new ChatError("muted", author.nick);
  let to;
  try {
    to = findReceiver(state, author, name, style);
  } catch (error) {
    if (error instanceof ChatError) return error;
    throw error;
  }
  if (text.trim() === "") return undefined;
  const event: Whispered = {
    kind: "whispered",
    to: to.nick,
    ...author.actor(),
    id: state.ids.next(state.now),
    text: copyString(text),
    style,
    time: state.now,
    tags: copyString(tags),
    bot: author.bot,
    reply,
  };
  const { member } = to;
  const ignored = member === undefined ? ignoredBy.includes(fold(to.nick)) : state.ignores.ignores(member, event);
  if (to.stored) {
    const name = conversationName(author);
    const targets = [conversationTarget(author, member === undefined ? to.nick : conversationName(member))];
    if (member === undefined && !ignored) {
      targets.push(accountPrefix(to.nick) + fold(name));
      if (state.waiting.note(to.nick, state.now)) state.storage.presence.saveWaiting(to.nick, state.now);
    } else if (member !== undefined && member !== author && !ignored) {
      targets.push(conversationTarget(member, name));
    }
    state.storage.addPrivate(targets, event);
  }
  return { to, event, ignored };
}
