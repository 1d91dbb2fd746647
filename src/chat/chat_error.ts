/** The error of a request that was rejected, with a code that each protocol turns into a sentence or numeric of its own. */

/** Why a request was rejected. */
export type ChatErrorCode =
  // Nicknames
  | "nick-invalid" // not a valid nickname
  | "nick-taken" // in use
  | "nick-registered" // registered to an account that the client is not logged in to
  | "nick-confusable" // looks like a nickname in use or a registered one
  | "banned-nick" // banned from a room that the member is in, so that its nickname must stay
  | "nicks-too-fast" // rate limit of nickname changes
  | "no-such-user" // no member has the nickname
  | "login-to-leave" // the user is absent, and only members that are logged in can leave a message
  | "login-outdated" // the account was dropped, or its password or token changed, while the client logged in
  | "too-many-sessions" // the account has as many connections as allowed
  | "ignores-self" // the user to ignore is the member itself
  | "ignores-full" // the ignore list is full
  | "not-ignored" // the user is not on the ignore list
  | "ignores-unstored" // the ignore list of the account could not be read or changed
  | "account-required" // the member is not logged in to an account
  | "absent-full" // there are as many members without a session as allowed
  // Rooms
  | "room-invalid" // not a valid room name
  | "room-confusable" // looks like the name of another room
  | "no-such-room" // the room does not exist
  | "not-in-room" // the member is not in the room
  | "user-not-in-room" // the other member is not in the room
  | "already-in-room" // the other member is in the room already
  | "too-many-rooms" // the member is in as many rooms as allowed
  | "rooms-full" // there are as many rooms as allowed
  | "rooms-too-fast" // rate limit of new rooms
  | "banned" // matches a ban of the room (mode b)
  | "invite-only" // mode i
  | "wrong-key" // mode k
  | "login-required" // modes R and M
  | "keys-too-fast" // rate limit of wrong keys
  | "room-full" // mode l
  | "cannot-speak" // mode m, or a ban
  | "not-operator" // not an operator of the room
  | "not-owner" // not an owner of the room, or the other member is one
  | "no-account" // the user has no account that could have a role
  | "no-role" // the account has no role in the room
  | "roles-full" // the room has as many roles as allowed
  | "room-unowned" // no account owns the room, so that it has no lasting roles
  | "room-fixed" // the lobby
  | "room-taken" // there is a room of that name
  | "room-crowded" // the room has too many members to be renamed or deleted
  | "mask-invalid" // malformed or too long
  | "masks-full" // the lists of the room are full
  | "key-invalid" // malformed or too long
  // Invite links
  | "link-unknown" // there is no such link: the code is wrong, or the link was revoked, or its room is gone
  | "link-expired" // its time is over
  | "link-used-up" // as many users as allowed have used it
  | "link-time-invalid" // too short or too long
  | "link-uses-invalid" // not a number of users that a link can have
  | "links-full" // the server, the room or the member has as many links as allowed
  | "no-such-link" // the member can see no link with that number
  | "links-unstored" // the links could not be changed
  // Texts
  | "topic-too-long" // in characters
  | "reason-too-long" // in characters: of PART, QUIT, KICK, KILL, a ban or AWAY
  | "text-too-long" // topic or reason: in bytes
  | "not-stored" // the private message could not be stored, and so was not delivered
  | "stored-too-much" // limit of stored characters per network or account
  | "history-unreadable" // the history could not be read
  | "message-too-long" // a message of several lines has too many lines or bytes
  | "no-such-line" // the line does not exist any more, or the member may not read it
  | "line-deleted" // the line was deleted
  | "not-own-line" // the line is not of the member, which is not an operator of the room
  | "redact-too-late" // the line is too old to be deleted by its author
  | "reaction-invalid" // empty or too long
  | "reactions-full" // the line has as many reactions as allowed, or as many of the member
  // Tokens with a scope
  | "token-read-only" // the token permits to read alone
  | "token-room" // the token permits one room alone
  | "no-private-messages" // the token of the other member permits one room alone
  | "token-nick" // the token does not permit the nickname of its account
  // Moderation
  | "muted" // the host is muted by a server operator
  | "server-banned" // the origin is banned from the server
  | "not-server-operator" // not a server operator
  | "ban-invalid" // neither an address nor a mask, or too wide
  | "bans-full" // there are as many server bans as allowed
  | "duration-invalid" // a malformed duration
  | "no-such-ban" // there is no such ban
  | "not-muted" // the host is not muted
  | "too-many-waiting" // too many commands of the network wait for a time slice
  // Cluster
  | "cluster-busy"; // the node has no part in the cluster now, or too many of its commands wait for the log

/** A request was rejected, and has changed nothing. */
export class ChatError extends Error {
  override name = "ChatError";
  readonly code: ChatErrorCode;
  /** What the error is about: mostly a name, or the limit. */
  readonly subject: string;
  /** The room that it is about, where the subject is something else. */
  readonly room: string;
  /** The mode that it is about, if it is a list of masks. */
  readonly mode: string;

  constructor(code: ChatErrorCode, subject: string, room = "", mode = "") {
    super(`Cannot apply the request: ${code} "${subject}"`);
    this.code = code;
    this.subject = subject;
    this.room = room;
    this.mode = mode;
  }
}
