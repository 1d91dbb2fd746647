/** Suggests users and rooms for mistyped names. Only those are suggested that `/list` and `/rooms` show to the user. */
import type { ChatError } from "../../chat/chat_error.ts";
import type { Member } from "../../chat/member.ts";
import { fold } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import { nearestOf } from "../../util/nearest.ts";
import type { CommandContext } from "./context.ts";
import { didYouMean, errorLine } from "./error_texts.ts";

/** The most users, or rooms, that a word is compared with, so that a reply takes some milliseconds at most. */
const COMPARED_MAX = 5000;

/** The reply to a request that was rejected. If it names a user or a room that does not exist, it suggests the nearest one. */
export function errorReply(context: CommandContext, error: ChatError): string {
  switch (error.code) {
    case "no-such-user":
      return errorLine(error, nearestUser(context, error.subject));
    case "no-such-room":
      return errorLine(error, nearestRoom(context, error.subject));
    default:
      return errorLine(error);
  }
}

/**
 * Returns the nickname of another user that is nearest to a word. Members of the room of the client come first among equally near
 * ones. A name that differs in digits alone is no typing error: `guest1` is another user than `guest2`.
 */
export function nearestUser(context: CommandContext, word: string): string | undefined {
  const folded = fold(word);
  const letters = /\d/.test(folded) ? withoutDigits(folded) : undefined;
  return nearestOf(folded, visibleUsers(context), ({ nick }) => {
    const name = fold(nick);
    return letters !== undefined && withoutDigits(name) === letters ? undefined : name;
  })?.nick;
}

/** The question whether another name was meant, for one that is neither a user nor a registered nickname. */
export function suggestUser(context: CommandContext, nick: string): string | undefined {
  const { auth, chat } = context;
  if (chat.get(nick) !== undefined || auth.find(nick) !== undefined) return undefined;
  return didYouMean(nearestUser(context, nick));
}

/** Returns the name of the room that is nearest to a word, which begins with `#`. */
export function nearestRoom({ chat, member }: CommandContext, word: string): string | undefined {
  const compared = Iterator.from(chat.rooms).take(COMPARED_MAX);
  const isListed = (room: Room) => !room.switches.has("s") || room.has(member);
  const nameOf = (room: Room) => isListed(room) ? room.key.slice(1) : undefined;
  return nearestOf(fold(word).slice(1), compared, nameOf)?.name;
}

function withoutDigits(name: string): string {
  return name.replace(/\d/g, "");
}

/** The users that this one may know of: the members of its room first. Each costs the same, in however many rooms it is. */
function* visibleUsers({ chat, member: self, room }: CommandContext): Generator<Member> {
  let left = COMPARED_MAX;
  for (const [users, isVisible] of [[room.members, room.has(self)], [chat.members, false]] as const) {
    for (const user of users) {
      if (left-- === 0) return;
      if (user !== self && (isVisible || !user.invisible)) yield user;
    }
  }
}
