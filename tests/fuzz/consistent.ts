/**
 * Whether a hub agrees with itself: each thing that is known in two places is the same in both, and everything that
 * clients can make grow is within its bound.
 */
import { USER_FLAGS } from "../../src/chat/commands.ts";
import { type LocalChat, ROOMS_MAX } from "../../src/chat/local_chat.ts";
import { fold, isNick, isRoom, LOBBY, skeleton } from "../../src/chat/names.ts";
import { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../src/chat/lengths.ts";
import { MONITOR_MAX } from "../../src/chat/monitor.ts";
import type { Member } from "../../src/chat/member.ts";
import { KEY_MAX, LISTS, MASK_MAX, MASKS_MAX } from "../../src/chat/modes.ts";

/** What must be so, and is not, in a few words each. */
export function inconsistencies(
  hub: LocalChat,
  { maxRooms, lasting }: { maxRooms: number; lasting: boolean },
): string[] {
  const wrong: string[] = [];
  const must = (right: boolean, what: string) => {
    if (!right) wrong.push(what);
  };
  const long = (text: string | undefined) => [...text ?? ""].length;
  const looks = new Set<string>();
  const count = { invisible: 0, operator: 0, wallops: 0, bot: 0 };
  for (const member of hub.members) {
    const { nick } = member;
    must(isNick(nick), `"${nick}" is a nick`);
    must(found(hub, nick) === member, `${nick} is found by their name`);
    must(!looks.has(skeleton(nick)), `${nick} looks like nobody else`);
    looks.add(skeleton(nick));
    must(mayHave(hub, member), `${nick} may have the name that they have`);
    must(member.origin === `${nick}!${member.user}@${member.host}`, `${nick} comes from where they come from`);
    must(member.rooms.size <= ROOMS_MAX, `${nick} is in no more rooms than they may be`);
    must(member.invitations.size <= ROOMS_MAX, `${nick} has no more invitations than they may have`);
    must(hub.monitor.list(member).length <= MONITOR_MAX, `${nick} looks out for no more than they may`);
    must(long(member.realname) <= REALNAME_MAX, `${nick}'s real name is no longer than it may be`);
    must(long(member.away) <= REASON_MAX, `${nick}'s reason for being away is no longer than it may be`);
    for (const flag of USER_FLAGS) if (member[flag]) count[flag]++;
    for (const [key, room] of member.rooms) {
      must(foundRoom(hub, key) === room, `${nick}'s room ${key} is one that there is`);
    }
    for (const key of member.invitations) {
      must(foundRoom(hub, key)?.invited.has(member) === true, `${key} knows of ${nick}'s invitation`);
    }
  }
  for (const flag of USER_FLAGS) {
    must(hub.flagCounts[flag] === count[flag], `members with the flag ${flag} are counted`);
  }
  must(hub.peak >= hub.members.size, "there were never fewer than there are");
  must(hub.rooms.size <= Math.max(maxRooms, 1), "there are no more rooms than there may be");
  for (const room of hub.rooms) {
    const { name, key, members, ranks, lists } = room;
    must(key === fold(name) && foundRoom(hub, key) === room, `${name} is found by its name`);
    must(isRoom(name), `"${name}" is a room's name`);
    must([...members].length === members.size, `all are counted who are in ${name}`);
    must(members.size > 0 || lasting || key === LOBBY, `somebody is in ${name}`);
    for (const member of members) {
      must(hub.has(member) && member.rooms.get(key) === room, `who is in ${name} is here, and knows of it`);
    }
    for (const ranked of [...ranks.op, ...ranks.voice]) must(room.has(ranked), `who has a rank in ${name} is in it`);
    must(key !== LOBBY || ranks.op.size === 0, "nobody has a say in the lobby");
    for (const guest of room.invited) {
      must(hub.has(guest) && guest.invitations.has(key), `who was asked into ${name} is here, and knows of it`);
      must(!room.has(guest), `who was asked into ${name} has not come yet`);
    }
    const masks = LISTS.flatMap((list) => [...lists[list].values()]);
    must(masks.length <= MASKS_MAX, `${name} has no more masks than it may have`);
    must(masks.every(({ mask }) => mask.length <= MASK_MAX), `no mask of ${name} is longer than it may be`);
    must(long(room.password) <= KEY_MAX, `the key of ${name} is no longer than it may be`);
    must(long(room.topic?.text) <= TOPIC_MAX, `the topic of ${name} is no longer than it may be`);
  }
  return wrong;
}

function found(hub: LocalChat, nick: string): Member | undefined {
  try {
    return hub.find(nick);
  } catch {
    return undefined;
  }
}

function foundRoom(hub: LocalChat, name: string) {
  try {
    return hub.findRoom(name);
  } catch {
    return undefined;
  }
}

function mayHave(hub: LocalChat, member: Member): boolean {
  try {
    hub.requireNick(member.nick, member);
    return true;
  } catch {
    return false;
  }
}
