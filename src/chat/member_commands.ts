/** Applies the commands that concern one member: its sessions, nickname, account and flags. */
import { isMuted, requireNickChange, requireUnmuted } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import { type CommandOf, type MemberId, USER_FLAGS } from "./commands.ts";
import type { ChatEvent, Left, Renamed } from "./events.ts";
import { clipRealname, isReason, requireReason } from "./lengths.ts";
import { loadIgnored } from "./ignore_commands.ts";
import { ignoreName } from "./ignore_lists.ts";
import { type Endpoint, type Identity, Member, Session } from "./member.ts";
import { MODE_OF, RANKS } from "./modes.ts";
import { fold } from "./names.ts";
import { isAccount } from "./nicknames.ts";
import { mayBeAbsent, noteMissedPrivate, sessionCame, sessionLeft, setAway, setFlag } from "./presence.ts";
import { adoptMarkers } from "./read_marker_commands.ts";
import type { Room } from "./room.ts";
import { announceModes, endPower, followAccount, restoreRank } from "./role_changes.ts";
import { leave } from "./room_commands.ts";
import { isScoped, type Scope, scopeOf, type SessionToken } from "./scope.ts";
import type { ChatState } from "./state.ts";
import { StoreError } from "./store.ts";
import { announceClosing, closeConnections, notify } from "./tell.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";

/**
 * Adds a session: to the member that is logged in to its account, or to a new one.
 *
 * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered`, `too-many-sessions` or
 *   `login-outdated`
 */
export function connect(
  state: ChatState,
  { id, nick, identity, attended = true, revision }: CommandOf<"connect">,
  endpoint: Endpoint,
): Session {
  if (identity.account !== undefined) requireRevision(state, identity.account, identity.token, revision);
  const account = isScoped(identity.token) ? undefined : identity.account;
  const known = account === undefined ? undefined : state.byAccount.get(fold(account));
  if (known !== undefined) requireSessionFree(state, known);
  else if (nick !== undefined) state.nicknames.requireAvailable(nick, undefined, account);
  const own = { ...identity, user: copyString(identity.user) };
  const member = known ??
    addMember(state, id, nick === undefined ? state.nicknames.guestName() : copyString(nick), own);
  const session = new Session(id, member, own, endpoint);
  session.attended = attended;
  member.sessions.push(session);
  state.sessions.set(id, session);
  sessionCame(state, session);
  if (known === undefined && account !== undefined) loadIgnored(state, member);
  return session;
}

/** Does nothing when the session has disconnected already. */
export function disconnect(state: ChatState, { session: id, reason, own, close }: CommandOf<"disconnect">): void {
  const session = state.sessions.get(id);
  if (session === undefined) return;
  const { member } = session;
  announceClosing([session], close);
  if (member.sessions.length === 1 && !mayBeAbsent(state, member)) removeMember(state, member, reason, own);
  else {
    removeSession(state, session);
    forget(state, session);
    sessionLeft(state, member);
  }
  closeConnections([session], close);
}

/** Does nothing when the member is gone already. */
export function remove(state: ChatState, { member: id, reason, close }: CommandOf<"remove">): void {
  const member = state.members.get(id);
  if (member === undefined) return;
  announceClosing(member.sessions, close);
  removeMember(state, member, reason, false);
  closeConnections(member.sessions, close);
}

/** @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered`, `muted` or `banned-nick` */
export function rename(state: ChatState, { member: id, nick }: CommandOf<"rename">): void {
  const member = state.requireMember(id);
  state.nicknames.requireAvailable(nick, member);
  if (nick === member.nick) return;
  requireNickChange(member, nick);
  // A nickname can be a message. The member's own one is not.
  if (!isAccount(nick, member.fullAccount)) requireUnmuted(state.muted, member);
  setNick(state, member, nick);
}

/** @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable` or `nick-registered` */
export function reclaim(
  state: ChatState,
  { member: id, nick, reason, close }: CommandOf<"reclaim">,
): Member | undefined {
  const member = state.requireMember(id);
  const holder = state.nicknames.get(nick);
  if (!isAccount(nick, member.fullAccount)) throw new ChatError("nick-registered", nick);
  state.nicknames.requireFree(nick, holder ?? member);
  if (holder === member) return undefined;
  if (holder !== undefined) remove(state, { op: "remove", member: holder.id, reason, close });
  setNick(state, member, nick);
  return holder;
}

/**
 * @throws {ChatError} `too-many-sessions` if the account has a member with as many as there may be, or `login-outdated` if it
 *   has changed since the author has checked it
 */
export function login(state: ChatState, command: CommandOf<"login">): void {
  const { session: sessionId, account, token, id, revision } = command;
  const session = state.requireSession(sessionId);
  requireRevision(state, account, token, revision);
  const scope = scopeOf(token);
  const known = scope === undefined ? state.byAccount.get(fold(account)) : undefined;
  const { fullAccount: before } = session.member;
  if (known !== undefined && known !== session.member) {
    const names = before === undefined ? state.ignores.list(session.member) : []; // of the guest that it was
    attach(state, session, known, command);
    if (names.length > 0) loadIgnored(state, known, names);
    return;
  }
  session.token = token;
  if (known !== undefined) return notifyAccount(known);
  if (staysWithout(state, session)) detach(state, session, id);
  setAccount(state, session.member, account, scope);
  if (scope === undefined) loadIgnored(state, session.member);
  noteMissedPrivate(state, session);
  if (scope !== undefined) confine(state, session.member, scope);
  notifyAccount(session.member);
}

export function logout(state: ChatState, { session: sessionId, id }: CommandOf<"logout">): void {
  const session = state.requireSession(sessionId);
  session.token = undefined;
  if (staysWithout(state, session)) detach(state, session, id);
  else setAccount(state, session.member, undefined);
  state.ignores.clear(session.member);
  notifyAccount(session.member);
}

/**
 * @throws {ChatError} `account-required` if the session is not logged in to the account with all that this permits, or
 *   `login-outdated` if there is no such token
 */
export function setToken(state: ChatState, { session: id, account, token }: CommandOf<"token">): void {
  const session = state.requireSession(id);
  const { fullAccount, nick } = session.member;
  if (isScoped(token) || !isAccount(account, fullAccount)) throw new ChatError("account-required", nick);
  requireRevision(state, account, token, revisionOf(state, account, token));
  session.token = token;
}

/**
 * Checks that an account has not been dropped, and that its password is the same, or the token not revoked, since the author of
 * a login has checked it.
 *
 * @throws {ChatError} `login-outdated`
 */
export function requireRevision(
  state: ChatState,
  account: string,
  token: SessionToken | undefined,
  revision: string | undefined,
) {
  if (state.directory === undefined) return;
  const current = revisionOf(state, account, token);
  if (current === undefined || current !== revision) throw new ChatError("login-outdated", account);
}

/** The current revision; `undefined` if there is none, or it cannot be read. @throws {StoreLost} in place of that in a cluster. */
function revisionOf({ directory, storage }: ChatState, account: string, token: SessionToken | undefined) {
  try {
    return storage.require(() => directory?.revision(account, token?.id));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return undefined;
  }
}

/** Takes from a member what its new scope does not permit. */
function confine(state: ChatState, member: Member, { room: only }: Scope) {
  setFlag(state, member, "operator", false);
  if (only === undefined) return;
  for (const { key } of [...member.rooms.values()]) {
    if (key !== only) {
      leave(state, { op: "leave", member: member.id, session: undefined, room: key, reason: undefined });
    }
  }
}

function notifyAccount({ sessions }: Member) {
  for (const each of [...sessions]) notify(each, (handlers) => handlers.accountChanged?.());
}

/** @throws {ChatError} `muted`, `reason-too-long` or `text-too-long` */
export function away(state: ChatState, { member: id, message }: CommandOf<"away">): void {
  const member = state.requireMember(id);
  if (message !== undefined) requireUnmuted(state.muted, member);
  const text = message === undefined ? undefined : copyString(sanitize(message));
  if (text !== undefined) requireReason(text);
  setAway(state, member, text, false);
}

/** @throws {ChatError} `muted` */
export function realname(state: ChatState, { member: id, realname }: CommandOf<"realname">): void {
  const member = state.requireMember(id);
  requireUnmuted(state.muted, member);
  member.realname = copyString(clipRealname(sanitize(realname)));
  announceChange(state, member, { kind: "realname", ...member.actor(), realname: member.realname }, true);
  state.saveMember(member);
}

/** Does nothing when the member has disconnected. */
export function flag(state: ChatState, { member: id, flag, on, name }: CommandOf<"flag">): void {
  const member = state.members.get(id);
  if (member === undefined) return;
  setFlag(state, member, flag, on);
  if (flag === "operator") member.operatorName = on ? name : undefined;
  if (flag === "bot") state.saveMember(member);
}

/** Adds a member without sessions, in no room, with a nickname that is free. */
export function addMember(
  state: ChatState,
  id: MemberId,
  nick: string,
  identity: Identity,
  since: number = state.now,
): Member {
  const realname = copyString(clipRealname(sanitize(identity.realname)));
  const member = new Member(nick, { ...identity, realname }, id, since);
  state.members.set(id, member);
  if (member.fullAccount !== undefined) state.byAccount.set(fold(member.fullAccount), member);
  state.nicknames.add(member);
  state.peak = Math.max(state.peak, state.members.size);
  state.monitor.online(member);
  return member;
}

function requireSessionFree(state: ChatState, member: Member) {
  if (member.sessions.length < state.limits.maxSessions) return;
  throw new ChatError("too-many-sessions", String(state.limits.maxSessions));
}

/** Takes a session from its member. Lines that are queued for it are sent. */
function removeSession(state: ChatState, session: Session) {
  const { member } = session;
  for (const { sessions } of member.rooms.values()) sessions.delete(session);
  member.sessions.splice(member.sessions.indexOf(session), 1);
  state.audiences.clear();
}

/** Forgets a session that has disconnected. */
function forget(state: ChatState, session: Session) {
  state.sessions.delete(session.id);
  state.delivery.remove(session);
  state.monitor.clear(session);
}

/** Whether the member of a session stays in the chat when it loses that session. */
function staysWithout(state: ChatState, { member }: Session): boolean {
  return member.sessions.length > 1 || mayBeAbsent(state, member);
}

/** The rooms that a session is shown. Only its node knows them: no change of the state may depend on this. */
export function shownTo(session: Session): Room[] {
  return [...session.member.rooms.values()].filter(({ sessions }) => sessions.has(session));
}

/**
 * Gives a session to another member, the one that is logged in to its account. The member joins the rooms that the session
 * is shown according to the command, as far as it may, and inherits the rank there. The session's last member disconnects if it was its only one.
 *
 * @throws {ChatError} `too-many-sessions`
 */
function attach(state: ChatState, session: Session, to: Member, { token, shown: keys }: CommandOf<"login">) {
  requireSessionFree(state, to);
  session.token = token;
  const from = session.member;
  const shown = shownTo(session);
  const isKept = staysWithout(state, session);
  removeSession(state, session);
  const joined: Room[] = [];
  for (const key of keys) {
    const room = from.rooms.get(key);
    if (room === undefined || room.has(to) || to.rooms.size >= state.limits.maxJoined || room.bans(to)) continue;
    joined.push(room);
    state.addToRoom(to, room);
    restoreRank(room, to);
    inheritRank(from, to, room);
  }
  for (const room of joined) for (const each of [...to.sessions]) notify(each, (handlers) => handlers.joined?.(room));
  adoptMarkers(state, from, to.fullAccount!);
  if (isKept) sessionLeft(state, from);
  else removeMember(state, from, `Logged in as ${to.nick}`, false);
  session.member = to;
  to.sessions.push(session);
  sessionCame(state, session);
  for (const room of shown) if (room.has(to)) room.sessions.add(session);
  state.audiences.clear();
  notify(session, (handlers) => handlers.moved?.(from, shown, joined.filter((room) => shown.includes(room))));
  notify(session, (handlers) => handlers.accountChanged?.());
}

/** Gives a session of a member that has others a member of its own: a guest that is in no room. */
function detach(state: ChatState, session: Session, id: MemberId) {
  const from = session.member;
  const shown = shownTo(session);
  removeSession(state, session);
  const { user, host, networks } = session;
  const member = addMember(state, id, state.nicknames.guestName(), { user, host, networks, realname: from.realname });
  session.member = member;
  member.sessions.push(session);
  sessionLeft(state, from);
  sessionCame(state, session);
  notify(session, (handlers) => handlers.moved?.(from, shown, []));
}

/** Gives a member the rank of a guest, for as long as it is in the room. Those of an account are its roles. */
function inheritRank(from: Member, to: Member, room: Room) {
  if (from.account !== undefined) return;
  const rank = RANKS.find((rank) => room.ranks[rank].has(from));
  if (rank === undefined || room.ranks[rank].has(to)) return;
  room.ranks[rank].add(to);
  announceModes(room, from.actor(), [{ on: true, mode: MODE_OF[rank], nick: to.nick }]);
}

/**
 * Removes a member with its sessions from the chat, and announces once to each other member that it has quit. Its sessions stay
 * listed, so that their connections can be closed.
 */
export function removeMember(state: ChatState, member: Member, reason: string | undefined, own: boolean): void {
  state.members.delete(member.id);
  state.alwaysOn.absent.delete(member);
  const told = reason === undefined || (own && isMuted(state.muted, member)) ? undefined : sanitize(reason);
  // A client that is gone cannot be asked for a shorter reason.
  const why = own && told !== undefined && !isReason(told) ? undefined : told;
  for (const flag of USER_FLAGS) setFlag(state, member, flag, false);
  const rooms = [...member.rooms.values()];
  for (const room of rooms) state.removeFromRoom(member, room);
  const actor = member.actor();
  for (const { room, audience } of state.audiences.of(rooms)) {
    const { name, members, sessions } = room;
    const event: Left = { kind: "left", ...actor, room: name, reason: why, size: members.size, quit: true, own };
    sessions.announce(event, undefined, false, audience);
  }
  for (const room of rooms) {
    endPower(state, room);
    state.closeIfEmpty(room);
  }
  for (const key of member.invitations) state.withdrawInvitation(member, key);
  state.nicknames.remove(member);
  state.whowas.add(member, state.now);
  state.monitor.offline(member);
  for (const session of member.sessions) forget(state, session);
  state.ignores.clear(member);
  if (member.fullAccount === undefined) return;
  state.byAccount.delete(fold(member.fullAccount));
  state.storage.presence.delete(member.fullAccount);
}

/** Announces a change of a member in its rooms, and to those that monitor it. `self`: whether it is told, too. */
function announceChange(state: ChatState, member: Member, event: ChatEvent, self: boolean) {
  state.announceAround(member, event, self);
  state.monitor.changed(member, event);
}

/** Gives a member a nickname that is free, and announces it. */
function setNick(state: ChatState, member: Member, nick: string) {
  const event: Renamed = { kind: "renamed", ...member.actor(), to: nick };
  const isSame = fold(nick) === fold(member.nick);
  state.nicknames.remove(member);
  if (!isSame) {
    state.whowas.add(member, state.now);
    state.monitor.offline(member);
  }
  member.nick = copyString(nick);
  state.nicknames.add(member);
  state.ignores.delete(member, ignoreName(member)); // of a guest that it has ignored, and whose nickname it has now
  for (const room of member.rooms.values()) room.recheckBans(member);
  state.announceAround(member, event, true);
  if (!isSame) state.monitor.online(member);
  state.saveMember(member);
}

/** Logs a member in or out. It becomes a guest if its nickname is, or looks like, that of an account that is not its own. */
export function setAccount(state: ChatState, member: Member, account: string | undefined, scope?: Scope): void {
  const { account: shown, fullAccount: before } = member;
  member.account = account;
  member.scope = scope;
  const { fullAccount } = member;
  if (shown === account && before === fullAccount) return;
  if (before !== undefined) {
    state.ignores.clear(member);
    state.byAccount.delete(fold(before));
    state.storage.presence.delete(before);
  }
  if (fullAccount !== undefined) {
    state.byAccount.set(fold(fullAccount), member);
    adoptMarkers(state, member, fullAccount);
    member.readMarkers = undefined;
  }
  state.saveMember(member);
  if (shown !== account) announceChange(state, member, { kind: "account", ...member.actor() }, false);
  followAccount(member, before);
  if (state.nicknames.registrationConflict(member.nick, fullAccount) !== undefined) {
    setNick(state, member, state.nicknames.guestName());
  }
}
