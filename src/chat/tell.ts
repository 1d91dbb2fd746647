/** Sends an event to several sessions at once. */
import { ChatError } from "./chat_error.ts";
import type { Closing, SessionId } from "./commands.ts";
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Member, Session, SessionHandlers } from "./member.ts";

/**
 * Sends an event to each of some sessions, after the lines that rooms have queued for them. It is rendered once per wire
 * format, and the sessions of a format are given the same array in a row, so that it is encoded once.
 */
export function tellEach(sessions: Iterable<Session>, event: ChatEvent): void {
  const byFormat = new Map<WireFormat, Session[]>();
  for (const session of sessions) {
    const others = byFormat.get(session.format);
    if (others === undefined) byFormat.set(session.format, [session]);
    else others.push(session);
  }
  for (const [format, some] of byFormat) {
    const rendered = format.render(event);
    if (rendered === undefined) continue;
    const lines = typeof rendered === "string" ? [rendered] : rendered;
    for (const session of some) session.send(lines);
  }
}

/**
 * Calls a handler of a session. Its error must not stop the command, which other nodes apply without it: it is reported, unless it is
 * that the protocol could not do now what it wanted to.
 */
export function notify({ handlers }: Session, call: (handlers: SessionHandlers) => void): void {
  try {
    call(handlers);
  } catch (error) {
    if (!(error instanceof ChatError)) reportError(error);
  }
}

/** All sessions of some members. */
export function* sessionsOf(members: Iterable<Member>): Generator<Session, void, void> {
  for (const { sessions } of members) yield* sessions;
}

/** Sends an event to the sessions of its author but the one that has caused it, whose protocol confirms it. */
export function tellOthers(author: Member, from: SessionId | undefined, event: ChatEvent): void {
  for (const session of author.sessions) if (session.id !== from) session.tell(event);
}

/** Tells sessions that they end. They are in the chat. */
export function announceClosing(sessions: Iterable<Session>, close: Closing | undefined): void {
  if (close !== undefined) { for (const session of sessions) session.tell({ kind: "notice", text: close.notice }); }
}

/** Closes the connections of sessions that have ended, as far as they are clients of this process. */
export function closeConnections(sessions: Iterable<Session>, close: Closing | undefined): void {
  if (close !== undefined) { for (const { outlet } of sessions) outlet.close(close.ending, close.words); }
}
