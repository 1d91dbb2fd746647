/** Applies the commands that concern users who are always on, and restores them after a restart. */
import { ABSENT_MESSAGE, EXPIRE_STEP } from "./always_on.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import { loadIgnored } from "./ignore_commands.ts";
import type { Member } from "./member.ts";
import { addMember, removeMember } from "./member_commands.ts";
import { NEW_ROOM, type Rank } from "./modes.ts";
import { fold } from "./names.ts";
import { setFlag, updateAway } from "./presence.ts";
import type { PresenceStore, SavedMember } from "./presence_store.ts";
import { rankOf } from "./roles.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { notify } from "./tell.ts";

/** @throws {ChatError} `account-required` or `absent-full` */
export function setAlwaysOn(state: ChatState, { member: id, choice }: CommandOf<"always-on">): void {
  const member = state.requireMember(id);
  const { fullAccount: account } = member;
  if (account === undefined) throw new ChatError("account-required", member.nick);
  const { alwaysOn, limits, storage } = state;
  const was = alwaysOn.status(account);
  const isFull = alwaysOn.absent.size >= limits.maxAbsent;
  if (choice === true && !was.on && isFull) throw new ChatError("absent-full", String(limits.maxAbsent));
  alwaysOn.choose(account, choice);
  if (choice !== was.choice) storage.presence.saveChoice(account, choice);
  if (state.isAlwaysOn(member)) state.saveMember(member);
  else storage.presence.delete(account);
  for (const each of [...member.sessions]) notify(each, (handlers) => handlers.alwaysOnChanged?.());
}

/** Does nothing when the session has disconnected. */
export function attend(state: ChatState, { session: id, on }: CommandOf<"attend">): void {
  const session = state.sessions.get(id);
  if (session === undefined) return;
  session.attended = on;
  updateAway(state, session.member);
}

/** Removes up to {@linkcode EXPIRE_STEP} members. Returns whether there may be more. */
export function expire(state: ChatState, { before }: CommandOf<"expire">): boolean {
  let removed = 0;
  for (const member of state.alwaysOn.absent) {
    if (member.lastSeen >= before) continue;
    if (removed++ === EXPIRE_STEP) return true;
    removeMember(state, member, "Not seen for a long time", false);
  }
  return false;
}

/**
 * Forgets the choice, the read markers, the private conversations and what waits for an account that was deleted, and removes
 * its member if that has no session.
 */
export function forgetAccount(state: ChatState, account: string): void {
  state.alwaysOn.choose(account, undefined);
  state.storage.presence.saveChoice(account, undefined);
  if (state.waiting.take(account) !== undefined) state.storage.presence.saveWaiting(account, undefined);
  state.storage.presence.delete(account);
  state.storage.forgetMarkers(account);
  state.storage.forgetConversations(account);
  state.storage.forgetMentions(account);
  state.nicknames.unregistered(account);
  const member = state.byAccount.get(fold(account));
  if (member?.sessions.length === 0) removeMember(state, member, "Account deleted", false);
}

/**
 * Restores the members that were always on in an earlier run, without sessions.
 *
 * @returns How many there are. Their ids are 1 and so on.
 */
export function restoreMembers(state: ChatState, store: PresenceStore): number {
  const { absent } = state.alwaysOn;
  for (const saved of store.members()) {
    state.storage.presence.noteStored(saved.account);
    const isWanted = state.alwaysOn.status(saved.account).on && state.nicknames.isRegistered(saved.account);
    if (isWanted && absent.size < state.limits.maxAbsent) {
      const member = restoreMember(state, saved, absent.size + 1);
      absent.add(member);
      loadIgnored(state, member);
    } else state.storage.presence.delete(saved.account);
  }
  return absent.size;
}

function restoreMember(state: ChatState, saved: SavedMember, id: number): Member {
  const { user, host, realname, account, since } = saved;
  const member = addMember(state, id, freeNick(state, saved), { user, host, realname, account }, since);
  setFlag(state, member, "bot", saved.bot);
  member.attended = false;
  // While the server was down, the member has missed nothing.
  member.lastSeen = saved.lastSeen ?? state.now;
  member.away = ABSENT_MESSAGE;
  member.awayByServer = true;
  for (const { name, ranks } of saved.rooms) {
    let room = state.rooms.get(fold(name));
    if (room === undefined) {
      if (state.rooms.size >= state.limits.maxRooms) continue;
      room = state.createRoom(name, state.now);
      for (const mode of NEW_ROOM) room.switches.add(mode);
    }
    room.members.add(member);
    member.rooms.set(room.key, room);
    state.emptyRooms.delete(room);
    restoreRanks(room, member, ranks);
  }
  return member;
}

/** Gives a restored member the rank of its role, and where no account owns the room the ranks that it had. */
function restoreRanks(room: Room, member: Member, ranks: readonly Rank[]) {
  const rank = rankOf(room.roleOf(member));
  if (rank !== undefined) room.ranks[rank].add(member);
  if (room.roles.owned) return;
  for (const each of ranks) if (each !== "owner") room.ranks[each].add(member);
  room.ruled ||= room.ranks.op.has(member); // its modes end with the last operator
}

/** The stored nickname, or else a guest's name: the server may have another name now, which looks like it. */
function freeNick(state: ChatState, { nick, account }: SavedMember): string {
  try {
    state.nicknames.requireAvailable(nick, undefined, account);
    return nick;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    return state.nicknames.guestName();
  }
}
