/** Changes single modes of rooms. */
import { requireUnmuted } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { Member } from "./member.ts";
import { completeMask, isMask, KEY_MAX, type List, type ModeChange, type RankMode } from "./modes.ts";
import { fold, prepareName } from "./names.ts";
import { changeRank } from "./role_changes.ts";
import type { Room } from "./room.ts";
import type { ChatState } from "./state.ts";
import { copyString } from "../util/copy_string.ts";
import { sanitize } from "../util/sanitize.ts";

/** A key may have no spaces, commas or control characters, and no colon first: it is a parameter of MODE and JOIN. */
const KEY = /^[^\p{Z}\p{C},:][^\p{Z}\p{C},]*$/u;

/**
 * Makes one change of a room's modes. The caller has checked that the member is an operator.
 *
 * @returns The change as it was made, and those that come with it; none if nothing had to be changed.
 * @throws {ChatError} `muted`, `no-such-user`, `user-not-in-room`, `not-owner`, `no-account`, `roles-full`, `key-invalid`,
 *   `mask-invalid` or `masks-full`
 */
export function changeMode(
  state: ChatState,
  member: Member,
  room: Room,
  change: ModeChange,
): ModeChange[] {
  switch (change.mode) {
    case "q":
    case "o":
    case "v":
      return changeRank(state, member, room, change);
    default: {
      const made = changeSetting(state, member, room, change);
      return made === undefined ? [] : [made];
    }
  }
}

/** Makes a change that is no rank. */
function changeSetting(
  state: ChatState,
  member: Member,
  room: Room,
  change: Exclude<ModeChange, { mode: RankMode }>,
): ModeChange | undefined {
  // Masks and keys can contain messages.
  if (change.on && ("mask" in change || "key" in change)) requireUnmuted(state.muted, member);
  switch (change.mode) {
    case "b":
    case "e":
    case "I":
      return changeList(state, member, room, change);
    case "k":
      return changeKey(room, change);
    case "l": {
      const limit = change.on ? change.limit : Infinity;
      if (limit === room.limit) return undefined;
      room.limit = limit;
      return change;
    }
    default:
      if (room.switches.has(change.mode) === change.on) return undefined;
      if (change.on) room.switches.add(change.mode);
      else room.switches.delete(change.mode);
      return change;
  }
}

function changeKey(room: Room, change: ModeChange & { mode: "k" }): ModeChange | undefined {
  if (!change.on) {
    if (room.password === undefined) return undefined;
    const key = room.password;
    room.password = undefined;
    return { ...change, key };
  }
  const key = copyString(change.key);
  if (!KEY.test(key) || [...key].length > KEY_MAX) throw new ChatError("key-invalid", key, room.name);
  if (key === room.password) return undefined;
  room.password = key;
  return { ...change, key };
}

function changeList(
  state: ChatState,
  member: Member,
  room: Room,
  change: ModeChange & { mode: List },
): ModeChange | undefined {
  const list = room.lists[change.mode];
  const mask = completeMask(prepareName(sanitize(change.mask))); // a new string, which does not retain the client's line
  const key = fold(mask);
  if (list.has(key) === change.on) return undefined;
  if (change.on) {
    if (!isMask(mask)) {
      throw new ChatError("mask-invalid", change.mask, room.name, change.mode);
    }
    if (room.masksFull) throw new ChatError("masks-full", mask, room.name, change.mode);
    const nick = change.nick === undefined ? {} : { nick: copyString(change.nick) };
    list.set(key, { mask, by: member.origin, at: state.now, ...nick });
  }
  const nick = change.nick ?? list.get(key)?.nick;
  if (!change.on) list.delete(key);
  room.recheckBans();
  return { ...change, mask, ...(nick === undefined ? {} : { nick }) };
}
