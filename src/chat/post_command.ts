/** Applies the command by which a client speaks in a room without being a member of the chat. */
import { requireVoiceOf } from "./access.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandOf } from "./commands.ts";
import type { Said } from "./events.ts";
import { Member } from "./member.ts";
import { requireRevision } from "./member_commands.ts";
import { mentionsOf } from "./message_commands.ts";
import { fold, NICK_MAX } from "./names.ts";
import { isScoped } from "./scope.ts";
import type { ChatState } from "./state.ts";
import { requireVisitorUnmuted, visitorIn } from "./visitor_access.ts";
import { copyString } from "../util/copy_string.ts";

/** How many names are tried for an author whose name is not free, before it gets that of a guest. */
export const NAMES_TRIED = 10;

/**
 * Delivers a line to all members of a room, under a name that no member and no other account has.
 *
 * @throws {ChatError} `no-such-room`, `login-outdated`, `muted`, `cannot-speak`, or why the author cannot enter the room
 */
export function post(state: ChatState, command: CommandOf<"post">): Said {
  const { room: key, identity, revision, key: password, text, bot, reply } = command;
  const room = state.rooms.get(key);
  if (room === undefined) throw new ChatError("no-such-room", key);
  const { account, token } = identity;
  if (account !== undefined) requireRevision(state, account, token, revision);
  const find = (name: string) => state.byAccount.get(fold(name));
  const author = new Member(nameOf(state, command.nick, isScoped(token) ? undefined : account), identity);
  requireVisitorUnmuted(state.muted, author, find);
  const { client, known } = visitorIn(room, author.nick, identity, find);
  requireVoiceOf(client, known, room, password);
  const time = state.now;
  const said: Said = {
    kind: "said",
    who: copyString(author.nick),
    origin: copyString(author.origin),
    account: account === undefined ? undefined : copyString(account),
    id: state.ids.next(time),
    text: copyString(text),
    style: "say",
    time,
    tags: "",
    bot,
    reply,
    room: room.name,
    mentions: mentionsOf(state, { text, style: "say", reply }, author, room),
  };
  const pending = state.storage.addLine(room, said, author);
  room.sessions.announce(said, undefined, pending, state.ignores.audience(said, room));
  return said;
}

/**
 * The name of an author: the one that it wants, or that with a number, so that it is neither that of a member nor, but for its
 * own, that of an account, and looks like none of them.
 *
 * @param account Its own, if it may have the nickname of that.
 */
function nameOf({ nicknames, byAccount }: ChatState, wanted: string | undefined, account: string | undefined): string {
  if (wanted === undefined) return nicknames.guestName();
  const known = account === undefined ? undefined : byAccount.get(fold(account));
  for (let n = 1; n <= NAMES_TRIED; n++) {
    const name = n === 1 ? wanted : `${[...wanted].slice(0, NICK_MAX - String(n).length).join("")}${n}`;
    try {
      nicknames.requireAvailable(name, known, account);
      return name;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
    }
  }
  return nicknames.guestName();
}
