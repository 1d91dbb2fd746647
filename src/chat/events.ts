/**
 * The events of the chat, and how wire formats render them.
 *
 * Events contain strings, not members and rooms: the names at the time of the event, which may have changed when a line of
 * the history is read.
 */
import type { ModeChange, Rank } from "./modes.ts";

/**
 * The kind of a line: text, an action (`/me`), a notice (which must not be answered automatically), or a message between
 * programs (CTCP), as a request or a reply.
 */
export type Style = "say" | "action" | "notice" | "ctcp" | "ctcp-reply";

/** The member that caused an event. */
export interface Actor {
  /** The nickname. */
  readonly who: string;
  /** `nick!user@host` */
  readonly origin: string;
  /** The account that the member is logged in to, if any. */
  readonly account?: string | undefined;
}

/** A line that another event refers to, with as much of it as clients show that have not kept it. */
export interface Quote {
  /** The message id. */
  readonly id: number;
  /** The nickname of the author. */
  readonly who: string;
  /** The first words, in one line: see `quotes.ts`. Empty if the line was deleted. */
  readonly text: string;
}

/** A reaction of a member to a line. A member has each reaction to a line once. */
export interface Reaction extends Actor {
  /** An emoji or a short word. */
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly time: number;
}

/** The server, as the cause of an event. */
export const SERVER: Actor = { who: "", origin: "" };

/** The fields that all lines have. */
interface Speech extends Actor {
  /** The message id, unique and greater than those before: see `ids.ts`. */
  readonly id: number;
  /** Has several lines, with `\n` between them, in messages of several lines: see `message_text.ts`. Empty if `deletedBy` is given. */
  readonly text: string;
  readonly style: Style;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** Client tags (IRCv3 message-tags), `+key=value;…`, as they were received; may be empty. */
  readonly tags: string;
  /** Whether the author is marked as a bot. */
  readonly bot: boolean;
  /** The line that this one replies to. */
  readonly reply?: Quote | undefined;
  /** The reactions to it, the oldest first; only lines of the history have them. */
  readonly reactions?: readonly Reaction[] | undefined;
  /** The nickname of the member that has deleted the text; only lines of the history have it. */
  readonly deletedBy?: string | undefined;
}

/** A line was said in a room. */
export interface Said extends Speech {
  readonly kind: "said";
  readonly room: string;
  /** The lowest rank of the members that the line is for. */
  readonly minRank?: Rank | undefined;
  /** The accounts of the members that the text mentions: see `mentions.ts`. */
  readonly mentions?: readonly string[] | undefined;
}

/** A private message. The receiver is told, and the other sessions of the author. */
export interface Whispered extends Speech {
  readonly kind: "whispered";
  /** The nickname of the receiver. */
  readonly to: string;
  /** Whether this copy is for another session of the author. */
  readonly forAuthor?: boolean;
  /** In the answer to the author: whether it is stored for a receiver that is not connected. */
  readonly waits?: boolean;
}

/** Client tags without text, such as a typing notification (TAGMSG). */
export interface Tagged extends Omit<Speech, "text" | "style" | "reply" | "reactions" | "deletedBy"> {
  readonly kind: "tagged";
  /** A nickname or a room. */
  readonly to: string;
  readonly minRank?: Rank | undefined;
}

/** What events that change a line of a room or of a private conversation have in common. */
interface LineChanged extends Actor {
  readonly line: Quote;
  /** A room, or the nickname of the other user in a private conversation: see `forAuthor`. */
  readonly to: string;
  /** The id of this event, of the same kind as those of messages. */
  readonly id: number;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** Whether this copy of a private event is for another session of its author: else `to` is the receiver. */
  readonly forAuthor?: boolean;
}

/** A member reacted to a line, or took the reaction back. */
export interface Reacted extends LineChanged {
  readonly kind: "reacted";
  /** An emoji or a short word. */
  readonly text: string;
  readonly on: boolean;
  readonly bot: boolean;
}

/**
 * Several reactions to a line of a room, within a short time, for clients that are not told of each. The text protocol announces it
 * to its clients on this node.
 */
export interface ReactionsFolded {
  readonly kind: "reactions-folded";
  readonly line: Quote;
  /** At least one, the oldest first. */
  readonly reactions: readonly Reaction[];
}

/** The text of a line was deleted, by its author or by an operator. */
export interface Redacted extends LineChanged {
  readonly kind: "redacted";
  readonly reason: string | undefined;
  /** Whether its author deleted it, also under another nickname. */
  readonly own?: boolean;
}

/** A member joined a room. The other members of the room are told. */
export interface Joined extends Actor {
  readonly kind: "joined";
  readonly room: string;
  readonly realname: string;
  /** The away message, if the member is away. */
  readonly away: string | undefined;
  /** The number of members of the room from now on. */
  readonly size: number;
}

/** A member left a room or the chat. The other members are told. */
export interface Left extends Actor {
  readonly kind: "left";
  readonly room: string;
  readonly reason: string | undefined;
  /** The number of members of the room from now on. */
  readonly size: number;
  /** Whether the member quit the chat. Members that share several rooms with it are told in one of them. */
  readonly quit: boolean;
  /** Whether the reason was given by the client and not by the server. */
  readonly own: boolean;
}

/** A member was kicked from a room. All members of the room are told, including that one. */
export interface Kicked extends Actor {
  readonly kind: "kicked";
  readonly room: string;
  /** The nickname of the member that was kicked. */
  readonly whom: string;
  readonly reason: string | undefined;
}

/** A member changed its nickname. It is told, and all that share a room with it. */
export interface Renamed extends Actor {
  readonly kind: "renamed";
  /** The new nickname. */
  readonly to: string;
}

/** The topic of a room was set, or removed when it is empty. */
export interface TopicSet extends Actor {
  readonly kind: "topic";
  readonly room: string;
  readonly topic: string;
}

/** A room has another name. */
export interface RoomRenamed extends Actor {
  readonly kind: "room-renamed";
  readonly from: string;
  readonly room: string;
  readonly reason: string | undefined;
}

/** Modes of a room were changed, by a member or by the server. */
export interface ModesSet extends Actor {
  readonly kind: "modes";
  readonly room: string;
  readonly changes: readonly ModeChange[];
}

/** A member was invited to a room. It is told, and the operators of the room. */
export interface Invited extends Actor {
  readonly kind: "invited";
  readonly room: string;
  /** The nickname of the member that was invited. */
  readonly whom: string;
  /** Whether this copy is for the operators and not for the member that was invited. */
  readonly forOperators: boolean;
}

/** A member is away or back. All that share a room with it are told. */
export interface Away extends Actor {
  readonly kind: "away";
  /** The away message; `undefined` when the member is back. */
  readonly message: string | undefined;
}

/** A member changed its real name. It is told, and all that share a room with it. */
export interface RealnameSet extends Actor {
  readonly kind: "realname";
  readonly realname: string;
}

/** A member logged in to `account`, or out when that is `undefined`. All that share a room with it are told. */
export interface AccountSet extends Actor {
  readonly kind: "account";
}

/** A member has put a user on its ignore list, or taken it off. The member is told, and all of its account. */
export interface IgnoreSet extends Actor {
  readonly kind: "ignore";
  /** The user, as on ignore lists. */
  readonly name: string;
  readonly on: boolean;
}

/** A monitored nickname is in use now. */
export interface Online extends Actor {
  readonly kind: "online";
}

/** A monitored nickname is not in use any more. */
export interface Offline {
  readonly kind: "offline";
  readonly who: string;
}

/** A server operator wrote to all members that receive WALLOPS. */
export interface Wallops extends Actor {
  readonly kind: "wallops";
  readonly text: string;
}

/** A line could not be stored, and so was not delivered. Its author is told. */
export interface NotStored {
  readonly kind: "not-stored";
  /** The nickname of the author. */
  readonly who: string;
  readonly room: string;
  readonly text: string;
}

/** The server wrote to all members. */
export interface Notice {
  readonly kind: "notice";
  readonly text: string;
}

/** All events. */
export type ChatEvent =
  | Said
  | Whispered
  | Tagged
  | Reacted
  | ReactionsFolded
  | Redacted
  | Joined
  | Left
  | Kicked
  | Renamed
  | TopicSet
  | ModesSet
  | RoomRenamed
  | Invited
  | Away
  | RealnameSet
  | AccountSet
  | IgnoreSet
  | Online
  | Offline
  | Wallops
  | NotStored
  | Notice;

/** Renders events for one kind of client. One object serves all clients of the kind: events are rendered once for all. */
export interface WireFormat {
  /**
   * @returns A line without its end, or several, or `undefined` if clients of this kind are not told of the event.
   */
  render(event: ChatEvent): string | readonly string[] | undefined;
}
