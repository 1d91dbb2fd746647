/** Changes ranks and roles: by MODE, by the commands about roles, and when a member joins, logs in or leaves. */
import { requireOwner, requirePowerOver } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import { type Actor, SERVER } from "./events.ts";
import type { Member } from "./member.ts";
import { type List, LISTS, MODE_OF, type ModeChange, type Rank, RANK_OF, type RankMode, type Switch } from "./modes.ts";
import { fold } from "./names.ts";
import { isLower, rankOf, type Role, type RoleName } from "./roles.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { copyString } from "../util/copy_string.ts";

/** The modes without a parameter that end when a room without an owner loses its last operator: no member could end them. */
const RULES: readonly Switch[] = ["i", "m", "M", "R"];

/**
 * Gives or takes a rank (modes `q`, `o` and `v`). In a room that has an owner, the account of a member that is logged in gets
 * the role, or loses it.
 *
 * @returns The changes that were made, also to the rank of another account that owns the room now.
 * @throws {ChatError} `no-such-user`, `user-not-in-room`, `not-owner`, `no-account` or `roles-full`
 */
export function changeRank(
  state: ChatState,
  member: Member,
  room: Room,
  { on, mode, nick }: ModeChange & { mode: RankMode },
): ModeChange[] {
  const target = state.findIn(room, nick);
  const account = target.fullAccount;
  const rank = RANK_OF[mode];
  if (rank === "owner" && !room.holds(member, "owner")) throw new ChatError("not-owner", room.name);
  if (!on) requirePowerOver(room, member, target);
  const changes: ModeChange[] = [];
  const role = room.roles.of(account);
  if (on && account !== undefined && isLower(role, rank) && room.roles.owned) {
    give(state, room, account, rank, member);
    changes.push(...setRank(state, room, account, rank, true));
    if (changes.length === 0) changes.push({ on, mode, nick: target.nick }); // it is for good now
  } else if (on && rank === "owner" && account === undefined) throw new ChatError("no-account", target.nick);
  else if (!on && account !== undefined && role === rank) changes.push(...takeRole(state, room, account));
  if (room.ranks[rank].has(target) !== on) {
    if (on) room.ranks[rank].add(target);
    else room.ranks[rank].delete(target);
    changes.push({ on, mode, nick: target.nick });
  }
  room.ruled ||= on && rank === "op" && !room.roles.owned;
  return changes;
}

/**
 * Gives an account a role in place of the one that it has, and its member in the room the rank.
 *
 * @returns The changes of ranks.
 * @throws {ChatError} `roles-full`
 */
export function giveRole(state: ChatState, room: Room, account: string, role: RoleName, by: Member): ModeChange[] {
  const before = rankOf(room.roles.of(account));
  const after = rankOf(role);
  give(state, room, account, role, by);
  if (before === after) return [];
  return [
    ...(before === undefined ? [] : setRank(state, room, account, before, false)),
    ...(after === undefined ? [] : setRank(state, room, account, after, true)),
  ];
}

/**
 * Takes the role of an account, and the rank of its member in the room. When the last owner loses it, the operator that has
 * been one for longest becomes owner.
 *
 * @returns The changes of ranks.
 */
export function takeRole(state: ChatState, room: Room, account: string): ModeChange[] {
  const before = rankOf(room.roles.of(account));
  const changes = before === undefined ? [] : setRank(state, room, account, before, false);
  const next = room.roles.take(account, state.now);
  if (next !== undefined) {
    changes.push(...setRank(state, room, next, "op", false), ...setRank(state, room, next, "owner", true));
  }
  room.ruled ||= !room.roles.owned;
  state.storage.saveRoom(room);
  return changes;
}

/**
 * Makes a user that creates a room its owner, if it is logged in; else its operator for as long as it stays. It is in the
 * room already.
 */
export function foundRoom(state: ChatState, room: Room, member: Member): void {
  if (member.fullAccount === undefined) {
    room.ranks.op.add(member);
    room.ruled = true;
    return;
  }
  give(state, room, member.fullAccount, "owner", member);
  room.ranks.owner.add(member);
}

/** Gives a member that has joined the rank of its role, and announces it to the others. */
export function restoreRank(room: Room, member: Member): void {
  const rank = rankOf(room.roleOf(member));
  if (rank === undefined) return;
  room.ranks[rank].add(member);
  room.sessions.announce(
    { kind: "modes", room: room.name, ...SERVER, changes: [rankChange(member, rank, true)] },
    member.sessions,
  );
}

/** Gives a member that has logged in or out the ranks of its account, and announces them. @param before The last `fullAccount`. */
export function followAccount(member: Member, before: string | undefined): void {
  for (const room of member.rooms.values()) {
    room.recheckBans(member);
    const lost = rankOf(room.roles.of(before));
    const won = rankOf(room.roleOf(member));
    if (lost === won) continue;
    const changes: ModeChange[] = [];
    if (lost !== undefined && room.ranks[lost].delete(member)) changes.push(rankChange(member, lost, false));
    if (won !== undefined && !room.ranks[won].has(member)) {
      room.ranks[won].add(member);
      changes.push(rankChange(member, won, true));
    }
    announceModes(room, SERVER, changes);
  }
}

/** Announces changes of modes, if there are any. */
export function announceModes(room: Room, by: Actor, changes: readonly ModeChange[]): void {
  if (changes.length > 0) room.sessions.announce({ kind: "modes", room: room.name, ...by, changes });
}

/**
 * Ends `+i`, `+k`, `+l`, `+m`, `+M`, `+R` and the lists of masks of a room that no account owns, when it has lost its last
 * operator: no member could end them. To be called when a member has left, or has lost its rank.
 */
export function endPower(state: ChatState, room: Room): void {
  if (!room.ruled || room.operators.size > 0) return;
  room.ruled = false;
  if (room.roles.owned) return;
  const changes: ModeChange[] = [];
  for (const mode of RULES) if (room.switches.delete(mode)) changes.push({ on: false, mode });
  if (room.password !== undefined) changes.push({ on: false, mode: "k", key: room.password });
  if (room.limit !== Infinity) changes.push({ on: false, mode: "l" });
  room.password = undefined;
  room.limit = Infinity;
  for (const mode of LISTS) changes.push(...clearList(room, mode));
  room.recheckBans();
  if (changes.length > 0) state.storage.saveRoom(room);
  announceModes(room, SERVER, changes);
}

function clearList(room: Room, mode: List): ModeChange[] {
  const changes = [...room.lists[mode].values()].map(({ mask }) => ({ on: false, mode, mask }));
  room.lists[mode].clear();
  return changes;
}

/**
 * The account that a user means by a name: that of the user with this nickname, or a registered one.
 *
 * @throws {ChatError} `no-account`
 */
export function accountOf(state: ChatState, name: string): string {
  const member = state.nicknames.get(name);
  if (member?.account !== undefined) return member.account;
  if (state.nicknames.isRegistered(name)) return copyString(name);
  throw new ChatError("no-account", member?.nick ?? name);
}

/** Checks that a member may give and take roles: that of an operator or owner, in the room or by its account. @throws {ChatError} `not-operator` */
export function requireRoleGiver(room: Room, member: Member): void {
  const role = room.roleOf(member);
  if (role !== "owner" && role !== "op" && !room.holds(member, "op")) throw new ChatError("not-operator", room.name);
}

/** Checks that a member may take the role of an account. @throws {ChatError} `not-operator` or `not-owner` */
export function requireRoleTaker(room: Room, member: Member, account: string): void {
  if (room.roles.of(account) === "owner") requireOwner(room, member);
  else requireRoleGiver(room, member);
}

/** @throws {ChatError} `roles-full` */
function give(state: ChatState, room: Room, account: string, role: RoleName, by: Member) {
  if (!room.roles.hasPlaceFor(account)) throw new ChatError("roles-full", room.name);
  const given: Role = { account: copyString(account), role, since: state.now, by: by.account ?? by.nick };
  room.roles.give(given);
  state.storage.saveRoom(room);
}

/** Gives or takes a rank of the member of an account, if it is in a room. */
function setRank(state: ChatState, room: Room, account: string, rank: Rank, on: boolean): ModeChange[] {
  const member = state.byAccount.get(fold(account));
  if (member === undefined || !room.has(member) || room.ranks[rank].has(member) === on) return [];
  if (on) room.ranks[rank].add(member);
  else room.ranks[rank].delete(member);
  return [rankChange(member, rank, on)];
}

function rankChange({ nick }: Member, rank: Rank, on: boolean): ModeChange {
  return { on, mode: MODE_OF[rank], nick };
}
