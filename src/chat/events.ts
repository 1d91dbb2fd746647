/**
 * What can happen in the chat, and what it looks like to nobody in particular.
 *
 * The hub announces events; a wire format, one for each kind of client, makes a line of an event. Names are strings
 * here, as they were when it happened: somebody may have another one by the time that somebody else reads of it.
 */

/** Somebody said something in a room, or did something there (`/me`). */
export interface Said {
  readonly kind: "said";
  readonly room: string;
  readonly from: string;
  readonly text: string;
  /** Whether `text` is what `from` does rather than says. */
  readonly action: boolean;
  /** When, in milliseconds since 1970. */
  readonly time: number;
}

/** Somebody said something to one other alone, who is told. */
export interface Whispered {
  readonly kind: "whispered";
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly time: number;
}

/** Somebody came into a room. Those who were there already are told. */
export interface Joined {
  readonly kind: "joined";
  readonly room: string;
  readonly who: string;
  /** How many are in the room now. */
  readonly size: number;
}

/** Somebody left a room. Those who stay are told. */
export interface Left {
  readonly kind: "left";
  readonly room: string;
  readonly who: string;
  readonly reason: string | undefined;
  /** How many are in the room now. */
  readonly size: number;
}

/** Somebody has another name. All who share a room with them are told, and they themselves. */
export interface Renamed {
  readonly kind: "renamed";
  readonly from: string;
  readonly to: string;
}

/** A room has another topic. */
export interface TopicSet {
  readonly kind: "topic";
  readonly room: string;
  readonly who: string;
  readonly topic: string;
}

/** The server has something to say to everybody. */
export interface Notice {
  readonly kind: "notice";
  readonly text: string;
}

/** Whatever can happen. */
export type ChatEvent = Said | Whispered | Joined | Left | Renamed | TopicSet | Notice;

/**
 * How one kind of client is told what happened.
 *
 * One object serves all clients of a kind: a room renders an event once for all members that have the same one.
 */
export interface WireFormat {
  /**
   * @param event What happened.
   * @returns A line without its end, or `undefined` when clients of this kind are not told.
   */
  render(event: ChatEvent): string | undefined;
}
