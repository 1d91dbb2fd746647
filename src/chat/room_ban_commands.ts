/** Applies the commands that ban a user from a room, whatever nickname the user takes, and that lift such a ban. */
import { requireOperator } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf, ModesResult } from "./commands.ts";
import type { Member } from "./member.ts";
import { changeMode } from "./mode_changes.ts";
import { accountMask, completeMask, type ModeChange } from "./modes.ts";
import { fold, isNick } from "./names.ts";
import { isAccount } from "./nicknames.ts";
import { announceModes, endPower } from "./role_changes.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { notify } from "./tell.ts";

/** The reason of the kick that comes with a ban. */
const REASON = "Banned";

/**
 * Bans a user from a room, and removes it: by its account if it is logged in, else by its host. A nickname that is not in use
 * stands for the registered one, or for the host of its last user. Any other text is a mask.
 *
 * @throws {ChatError} `not-in-room`, `not-operator`, `not-owner`, `muted`, `mask-invalid` or `masks-full`
 */
export function ban(state: ChatState, { member: id, room: key, name }: CommandOf<"ban">): ModesResult {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireOperator(room, member);
  const target = state.nicknames.get(name);
  if (room.roles.of(target === undefined ? name : target.account) === "owner") {
    throw new ChatError("not-owner", room.name); // no ban applies to an owner
  }
  const mask = maskFor(state, name);
  const nick = mask === undefined ? undefined : target?.nick ?? name;
  const change = { on: true, mode: "b", mask: mask ?? name, ...(nick === undefined ? {} : { nick }) } as const;
  const made = changeMode(state, member, room, change);
  announceModes(room, member.actor(), made);
  if (made.length > 0) state.storage.saveRoom(room);
  if (target !== undefined) remove(state, room, member, target);
  return { made, rejected: [] };
}

/**
 * Lifts the bans that were made by a nickname or a mask, and those of the user that has the nickname now.
 *
 * @throws {ChatError} `not-in-room` or `not-operator`
 */
export function unban(state: ChatState, { member: id, room: key, name }: CommandOf<"unban">): ModesResult {
  const member = state.requireMember(id);
  const room = state.requireRoom(key);
  requireOperator(room, member);
  const folded = fold(name);
  const masks = new Set([completeMask(name), maskFor(state, name) ?? name, accountMask(name)].map(fold));
  const made: ModeChange[] = [];
  for (const [key, { mask, nick }] of room.lists.b) {
    if (!masks.has(key) && (nick === undefined || fold(nick) !== folded)) continue;
    made.push(...changeMode(state, member, room, { on: false, mode: "b", mask }));
  }
  announceModes(room, member.actor(), made);
  if (made.length > 0) state.storage.saveRoom(room);
  return { made, rejected: [] };
}

/** The mask that matches the user with a nickname, or the last one that had it; `undefined` for any other text. */
function maskFor(state: ChatState, name: string): string | undefined {
  if (!isNick(name)) return undefined;
  const member = state.nicknames.get(name);
  if (member !== undefined) return member.account === undefined ? hostMask(member.host) : accountMask(member.account);
  if (state.nicknames.isRegistered(name)) return accountMask(name);
  const [last] = state.whowas.find(name);
  return last === undefined ? undefined : hostMask(last.host);
}

function hostMask(host: string): string {
  return `*!*@${host}`;
}

/** Removes a user from a room: the member, or all members of its account. */
function remove(state: ChatState, room: Room, by: Member, target: Member) {
  const actor = by.actor();
  const removed = [...room.members].filter((each) => each === target || isAccount(each.account ?? "", target.account));
  for (const each of removed) {
    room.sessions.announce({ kind: "kicked", room: room.name, ...actor, whom: each.nick, reason: REASON });
    state.removeFromRoom(each, room);
  }
  state.audiences.clear();
  endPower(state, room);
  state.closeIfEmpty(room);
  // Last, as a handler may give another command.
  for (const { sessions } of removed) {
    for (const each of [...sessions]) {
      notify(each, (handlers) => handlers.kicked?.(room));
    }
  }
}
