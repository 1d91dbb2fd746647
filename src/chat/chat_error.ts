/**
 * What cannot be done, and why, in a form that each protocol puts into words of its own.
 */

/** Why something was refused. */
export type ChatErrorCode =
  | "nick-invalid"
  | "nick-taken" // by another member
  | "nick-registered" // to an account that the member is not logged in to
  | "nick-confusable" // it looks like the nickname of another member
  | "no-such-user"
  | "room-invalid"
  | "no-such-room"
  | "not-in-room" // the member itself
  | "user-not-in-room" // the member that the request names
  | "already-in-room" // likewise
  | "too-many-rooms" // for this member
  | "rooms-full" // the server has as many rooms as it may have
  | "rooms-too-fast" // too many rooms created from this network
  | "nicks-too-fast" // too many changes of nickname
  | "banned" // from the room
  | "invite-only"
  | "wrong-key"
  | "keys-too-fast" // too many wrong keys from this network
  | "room-full"
  | "cannot-speak" // the room is moderated, or the member is banned from it
  | "not-operator" // of the room
  | "mask-invalid"
  | "masks-full" // the room's lists of masks
  | "key-invalid"
  | "topic-too-long" // in characters
  | "reason-too-long" // in characters: to part, quit, kick, kill or ban, or an away message
  | "text-too-long" // in bytes: a topic or a reason
  | "not-stored" // the history cannot store the line
  | "stored-too-much" // the network or account has used up its storage rate
  | "muted" // by a server operator
  | "server-banned"
  | "not-server-operator"
  | "ban-invalid" // neither an address nor a mask, or one that matches every client
  | "bans-full" // the server's bans
  | "duration-invalid"
  | "no-such-ban"
  | "not-muted"
  | "history-unreadable"
  | "too-many-waiting"; // too many commands of this network are queued

/** Thrown by the hub when somebody asks for what cannot be done. Nothing has changed then. */
export class ChatError extends Error {
  override name = "Refusal";
  readonly code: ChatErrorCode;
  /** What it is about: mostly a name, or the limit. */
  readonly subject: string;
  /** The room that it is about, beside somebody's name. */
  readonly room: string;
  /** The mode that it is about, if it is one of a room's lists. */
  readonly mode: string;

  constructor(code: ChatErrorCode, subject: string, room = "", mode = "") {
    super(`Cannot do it: ${code} "${subject}"`);
    this.code = code;
    this.subject = subject;
    this.room = room;
    this.mode = mode;
  }
}
