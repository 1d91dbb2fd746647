/**
 * What cannot be done, and why, in a form that each protocol puts into words of its own.
 */

/** Why something was refused. */
export type ChatErrorCode =
  | "nick-impossible" // nobody can be called so
  | "nick-taken" // somebody else is called so
  | "nick-owned" // it is somebody's own, and they have not shown that they are that somebody
  | "nick-confusable" // somebody else is called something that looks like it
  | "nobody" // nobody is called so
  | "room-impossible" // no room can be called so
  | "no-room" // there is no such room
  | "not-in-room" // only who is in the room can do it
  | "not-there" // the person that it is about is not in the room
  | "there-already" // the person that it is about is in the room
  | "too-many-rooms" // nobody can be in more rooms at a time
  | "rooms-full" // there are as many rooms as there may be
  | "rooms-too-fast" // too many rooms were made from there lately
  | "nicks-too-fast" // they have chosen too many names lately
  | "banned" // banned from coming in
  | "invite-only" // only who was asked may come in
  | "wrong-key" // only who knows the key may come in
  | "keys-too-fast" // too many wrong keys came from there lately
  | "room-full" // as many are in it as may be
  | "may-not-speak" // the room's operators do not let them speak
  | "not-operator" // only the room's operators can do it
  | "mask-impossible" // nobody can match such a mask, or it is too long
  | "masks-full" // the room's lists are full
  | "key-impossible" // no key can be so
  | "topic-too-long"
  | "reason-too-long" // to part, quit, kick, kill or ban, or of an away message
  | "text-too-wide" // a topic or a reason has too many bytes
  | "not-kept" // what was said cannot be kept
  | "stored-too-much" // the network or the account has had too much stored lately
  | "muted" // a server operator lets them say nothing
  | "server-banned" // a server operator lets them be here no more
  | "not-server-operator" // only server operators can do it
  | "ban-impossible" // it is no address and no mask, or it is everybody's
  | "bans-full" // there can be no more bans of the server
  | "time-impossible" // it looks like a time, and is none
  | "no-ban" // nothing like that is banned
  | "not-muted" // they may speak
  | "history-unreadable" // what was said before cannot be read
  | "too-many-waiting"; // too many commands from their network are waiting for their turn

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
