/** The steps that commands have in common when a member loses or gets sessions: away messages, and members without any. */
import { ABSENT_MESSAGE } from "./always_on.ts";
import type { UserFlag } from "./commands.ts";
import type { Away } from "./events.ts";
import type { Member, Session } from "./member.ts";
import type { ChatState } from "./state.ts";

/** The flags that a member without a session loses: the next session has to set them itself. */
const FLAGS_OF_SESSIONS = ["operator", "wallops"] as const satisfies readonly UserFlag[];

/** Whether a member that loses its last session stays: it is always on, and there are not too many without a session. */
export function mayBeAbsent(state: ChatState, member: Member): boolean {
  return state.isAlwaysOn(member) && state.alwaysOn.absent.size < state.limits.maxAbsent;
}

/** To be called when a member has lost a session: it is shown as away if no other one is attended. */
export function sessionLeft(state: ChatState, member: Member): void {
  if (member.sessions.length === 0) {
    state.alwaysOn.absent.add(member);
    for (const flag of FLAGS_OF_SESSIONS) setFlag(state, member, flag, false);
  }
  updateAway(state, member);
  state.saveMember(member);
}

/** To be called when a member has got a session: the away message of the server is removed if the session is attended. */
export function sessionCame(state: ChatState, session: Session): void {
  const { member } = session;
  if (state.alwaysOn.absent.delete(member)) member.networks = session.networks;
  session.missedSince = member.attended ? undefined : member.lastSeen;
  noteMissedPrivate(state, session);
  updateAway(state, member);
  state.saveMember(member);
}

/** To be called when a session has got a user, also by a login: notes which private messages have waited for it. */
export function noteMissedPrivate(state: ChatState, session: Session): void {
  if (!session.attended) return; // a person has to see them
  session.missedPrivateSince = session.missedSince;
  const { fullAccount: account } = session.member;
  if (account === undefined) return;
  const since = state.waiting.take(account);
  if (since === undefined) return;
  session.missedPrivateSince = Math.min(since, session.missedSince ?? Infinity);
  state.storage.presence.saveWaiting(account, undefined);
}

/** Sets or removes the away message of the server, as sessions of a member are attended or not. */
export function updateAway(state: ChatState, member: Member): void {
  const attended = member.sessions.some((session) => session.attended);
  if (member.attended && !attended) member.lastSeen = state.now;
  member.attended = attended;
  if (!attended && member.away === undefined) setAway(state, member, ABSENT_MESSAGE, true);
  else if (attended && member.awayByServer) setAway(state, member, undefined, false);
}

/** Sets or removes an away message, and announces it. */
export function setAway(state: ChatState, member: Member, message: string | undefined, byServer: boolean): void {
  member.awayByServer = byServer;
  if (message === member.away) return;
  member.away = message;
  const event: Away = { kind: "away", ...member.actor(), message };
  state.announceAround(member, event, false);
  state.monitor.changed(member, event);
}

/** Sets or clears a user flag, and counts it. */
export function setFlag(state: ChatState, member: Member, flag: UserFlag, on: boolean): void {
  if (member[flag] === on) return;
  member[flag] = on;
  state.flagCounts[flag] += on ? 1 : -1;
}
