/**
 * What can happen in the chat, and what it looks like to nobody in particular.
 *
 * The hub announces events; a wire format, one for each kind of client, makes lines of an event. Names are strings here,
 * as they were when it happened: somebody may have another one by the time that somebody else reads of it.
 */
import type { ModeChange, Rank } from "./modes.ts";

/**
 * How something is said: as speech, as what one does (`/me`), as a notice, which nobody answers automatically, or from
 * one program to another (CTCP), asking or answering.
 */
export type Style = "say" | "action" | "notice" | "ctcp" | "ctcp-reply";

/** What all that somebody does has in common. */
export interface Actor {
  /** Who did it: a nick. */
  readonly who: string;
  /** Who did it, in full: `nick!user@host`. */
  readonly origin: string;
  /** The name that they have shown to be theirs, if any. */
  readonly account?: string | undefined;
}

/** What all that is said has in common. */
interface Speech extends Actor {
  /** Its own name, which nothing else that is said has, and which is greater than those before: see `ids.ts`. */
  readonly id: number;
  readonly text: string;
  readonly style: Style;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  /** What clients say to each other about it, `key=value;…`, in IRC's form, passed on as it is; or nothing. */
  readonly tags: string;
  /** Whether a program says it, not a person. */
  readonly bot: boolean;
}

/** Somebody said something in a room, or did something there. */
export interface Said extends Speech {
  readonly kind: "said";
  readonly room: string;
  /** It is for those only who have this rank, or a higher one. */
  readonly least?: Rank | undefined;
}

/** Somebody said something to one other alone, who is told. */
export interface Whispered extends Speech {
  readonly kind: "whispered";
  readonly to: string;
}

/** Somebody's client said something to other clients, without any words: that somebody is typing, for one. */
export interface Tagged extends Omit<Speech, "text" | "style"> {
  readonly kind: "tagged";
  /** A nick or a room. */
  readonly to: string;
  readonly least?: Rank | undefined;
}

/** Somebody came into a room. Those who were there already are told. */
export interface Joined extends Actor {
  readonly kind: "joined";
  readonly room: string;
  readonly realname: string;
  /** Why they are not really there, if so. */
  readonly away: string | undefined;
  /** How many are in the room now. */
  readonly size: number;
}

/** Somebody left a room. Those who stay are told. */
export interface Left extends Actor {
  readonly kind: "left";
  readonly room: string;
  readonly reason: string | undefined;
  /** How many are in the room now. */
  readonly size: number;
  /** Whether they left the chat altogether. All who share a room with them are told, each of one room only. */
  readonly quit: boolean;
  /** Whether the reason is their own, not the server's. */
  readonly own: boolean;
}

/** Somebody was put out of a room. Everybody there is told, they themselves too. */
export interface Kicked extends Actor {
  readonly kind: "kicked";
  readonly room: string;
  readonly whom: string;
  readonly reason: string | undefined;
}

/** Somebody has another name. All who share a room with them are told, and they themselves. */
export interface Renamed extends Actor {
  readonly kind: "renamed";
  readonly to: string;
}

/** A room has another topic. */
export interface TopicSet extends Actor {
  readonly kind: "topic";
  readonly room: string;
  readonly topic: string;
}

/** A room has other modes. */
export interface ModesSet extends Actor {
  readonly kind: "modes";
  readonly room: string;
  readonly changes: readonly ModeChange[];
}

/** Somebody was asked into a room. They are told, and those who have a say in the room. */
export interface Invited extends Actor {
  readonly kind: "invited";
  readonly room: string;
  readonly whom: string;
  /** Whether this is for those who have a say in the room, not for the one who is asked. */
  readonly overheard: boolean;
}

/** Somebody is away, or is back. All who share a room with them are told. */
export interface Away extends Actor {
  readonly kind: "away";
  /** Why; `undefined` when they are back. */
  readonly message: string | undefined;
}

/** Somebody gave another real name. All who share a room with them are told, and they themselves. */
export interface RealnameSet extends Actor {
  readonly kind: "realname";
  readonly realname: string;
}

/** Somebody has shown that a name is theirs, or has put it down: `account` says which. All who share a room with them are told. */
export interface AccountSet extends Actor {
  readonly kind: "account";
}

/** Somebody who was looked out for is there. */
export interface Online extends Actor {
  readonly kind: "online";
}

/** Somebody who was looked out for is gone. */
export interface Offline {
  readonly kind: "offline";
  readonly who: string;
}

/** A server operator has something to say to all who want to hear it. */
export interface Wallops extends Actor {
  readonly kind: "wallops";
  readonly text: string;
}

/** Something that somebody said was not kept, and so nobody got it. They are told. */
export interface Unsaid {
  readonly kind: "unsaid";
  /** Who said it. */
  readonly who: string;
  readonly room: string;
  readonly text: string;
}

/** The server has something to say to everybody. */
export interface Notice {
  readonly kind: "notice";
  readonly text: string;
}

/** Whatever can happen. */
export type ChatEvent =
  | Said
  | Whispered
  | Tagged
  | Joined
  | Left
  | Kicked
  | Renamed
  | TopicSet
  | ModesSet
  | Invited
  | Away
  | RealnameSet
  | AccountSet
  | Online
  | Offline
  | Wallops
  | Unsaid
  | Notice;

/**
 * How one kind of client is told what happened.
 *
 * One object serves all clients of a kind: a room renders an event once for all members that have the same one.
 */
export interface WireFormat {
  /**
   * @param event What happened.
   * @returns A line without its end, or several, or `undefined` when clients of this kind are not told.
   */
  render(event: ChatEvent): string | readonly string[] | undefined;
}
