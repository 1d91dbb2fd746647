/**
 * Checks that a chat is consistent: data held in two places agrees, and everything that clients can make grow is within
 * its limit.
 */
import { USER_FLAGS } from "../../src/chat/commands.ts";
import { IGNORED_MAX } from "../../src/chat/ignore_lists.ts";
import { ROOMS_MAX } from "../../src/chat/chat_options.ts";
import type { LocalChat } from "../../src/chat/local_chat.ts";
import { fold, isNick, isRoom, LOBBY } from "../../src/chat/names.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../src/chat/lengths.ts";
import { MONITOR_MAX } from "../../src/chat/monitor.ts";
import type { Member } from "../../src/chat/member.ts";
import { KEY_MAX, LISTS, MASK_MAX, MASKS_MAX } from "../../src/chat/modes.ts";
import { GUEST_MARKERS_MAX } from "../../src/chat/read_marker_commands.ts";
import { ROLES_MAX } from "../../src/chat/roles.ts";

/** The violated invariants, each stated as what should hold. */
export function inconsistencies(
  chat: LocalChat,
  { maxRooms, lasting }: { maxRooms: number; lasting: boolean },
): string[] {
  const wrong: string[] = [];
  const must = (right: boolean, what: string) => {
    if (!right) wrong.push(what);
  };
  const long = (text: string | undefined) => [...text ?? ""].length;
  const looks = new Set<string>();
  const count = { invisible: 0, operator: 0, wallops: 0, bot: 0 };
  for (const member of chat.members) {
    const { nick } = member;
    must(isNick(nick), `"${nick}" is a valid nickname`);
    must(found(chat, nick) === member, `${nick} is found by nickname`);
    must(!looks.has(skeleton(nick)), `${nick} is not confusable with another member`);
    looks.add(skeleton(nick));
    must(mayHave(chat, member), `${nick} may use this nickname`);
    must(
      member.origin === `${nick}!${member.user}@${member.host}`,
      `the origin of ${nick} matches nickname, user and host`,
    );
    must(member.rooms.size <= ROOMS_MAX, `${nick} is within the limit of rooms`);
    must(member.invitations.size <= ROOMS_MAX, `${nick} is within the limit of invitations`);
    for (const session of member.sessions) {
      must(session.member === member, `a session of ${nick} is its own`);
      must(chat.monitor.list(session).length <= MONITOR_MAX, `${nick} is within the limit of the monitor list`);
    }
    must(chat.ignores.list(member).length <= IGNORED_MAX, `${nick} is within the limit of the ignore list`);
    must((member.readMarkers?.size ?? 0) <= GUEST_MARKERS_MAX, `${nick} is within the limit of read markers`);
    must(
      member.readMarkers === undefined || member.fullAccount === undefined,
      `${nick} has the read markers of its account`,
    );
    must(long(member.realname) <= REALNAME_MAX, `the real name of ${nick} is within its limit`);
    must(long(member.away) <= REASON_MAX, `the away reason of ${nick} is within its limit`);
    for (const flag of USER_FLAGS) if (member[flag]) count[flag]++;
    for (const [key, room] of member.rooms) {
      must(foundRoom(chat, key) === room, `the room ${key} of ${nick} exists`);
    }
    for (const key of member.invitations) {
      must(foundRoom(chat, key)?.invited.has(member) === true, `${key} lists the invitation of ${nick}`);
    }
  }
  for (const flag of USER_FLAGS) {
    must(chat.flagCounts[flag] === count[flag], `the count of members with the flag ${flag} is right`);
  }
  must(chat.peak >= chat.members.size, "the peak is at least the number of members");
  must(chat.rooms.size <= Math.max(maxRooms, 1), "the number of rooms is within its limit");
  for (const room of chat.rooms) {
    const { name, key, members, ranks, lists, roles } = room;
    must(key === fold(name) && foundRoom(chat, key) === room, `the room ${name} is found by name`);
    must(isRoom(name), `"${name}" is a valid room name`);
    must([...members].length === members.size, `the member count of ${name} is right`);
    must(members.size > 0 || lasting || key === LOBBY || roles.size > 0, `${name} has a member`);
    must(roles.size <= ROLES_MAX, `the roles of ${name} are within their limit`);
    must(roles.owned || [...roles].every(({ role }) => role !== "op"), `an operator of ${name} has an owner`);
    for (const member of members) {
      must(
        chat.has(member) && member.rooms.get(key) === room,
        `each member of ${name} is in the chat and lists the room`,
      );
    }
    for (const ranked of [...ranks.owner, ...ranks.op, ...ranks.voice]) {
      must(room.has(ranked), `each member with a rank in ${name} is in it`);
    }
    must(key !== LOBBY || room.operators.size === 0, "the lobby has no operators");
    for (const guest of room.invited) {
      must(
        chat.has(guest) && guest.invitations.has(key),
        `each user invited to ${name} is in the chat and lists the invitation`,
      );
      must(!room.has(guest), `no user invited to ${name} is a member of it`);
    }
    const masks = LISTS.flatMap((list) => [...lists[list].values()]);
    must(masks.length <= MASKS_MAX, `${name} is within the limit of masks`);
    must(masks.every(({ mask }) => mask.length <= MASK_MAX), `the masks of ${name} are within the limit of length`);
    must(long(room.password) <= KEY_MAX, `the key of ${name} is within its limit`);
    must(long(room.topic?.text) <= TOPIC_MAX, `the topic of ${name} is within its limit`);
  }
  return wrong;
}

function found(chat: LocalChat, nick: string): Member | undefined {
  try {
    return chat.find(nick);
  } catch {
    return undefined;
  }
}

function foundRoom(chat: LocalChat, name: string) {
  try {
    return chat.findRoom(name);
  } catch {
    return undefined;
  }
}

function mayHave(chat: LocalChat, member: Member): boolean {
  try {
    chat.requireNick(member.nick, member);
    return true;
  } catch {
    return false;
  }
}
