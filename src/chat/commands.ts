/**
 * The commands: every change of the chat's state, as plain data.
 *
 * A command contains all that its effect depends on, so that the same commands lead to the same state on every node.
 * Members and sessions are named by id, rooms by key (the folded name); nicknames stand where a user writes one. Lengths, access and
 * uniqueness are checked when a command is applied. Rate limits and server bans are checked by its author beforehand.
 */
import type { ChatError } from "./chat_error.ts";
import type { DirectoryCommand, DirectoryResults } from "./directory_changes.ts";
import type { Quote, Reacted, Redacted, Said, Style, Tagged, Whispered } from "./events.ts";
import type { InviteLink } from "./invite_links.ts";
import type { Identity, Member, Session } from "./member.ts";
import type { ModeChange, Rank } from "./modes.ts";
import type { MuteAction } from "./muted_hosts.ts";
import type { Room } from "./room.ts";
import type { SessionToken } from "./scope.ts";

/** Identifies a session. Chosen by the author of `connect`; no session or member has it twice. */
export type SessionId = number;

/** How many ids of sessions and members each node has: those of node 0 begin with 0, those of node 1 with this number. */
export const IDS_OF_NODE = 2 ** 33;

/** Identifies a member: the id of its first session, or one that is chosen like those of sessions. */
export type MemberId = number;

/** A folded room name. */
export type RoomKey = string;

/** The user flags of members, all but `invisible` set by the server or the client's program. */
export const USER_FLAGS = ["invisible", "operator", "wallops", "bot"] as const;
export type UserFlag = typeof USER_FLAGS[number];

/** How a line is said. */
export interface SayOptions {
  readonly style?: Style;
  /** Client tags: see {@linkcode Said}. */
  readonly tags?: string;
  /** The lowest rank of the members that the line is for. */
  readonly minRank?: Rank | undefined;
  /** The message id of the line that it replies to, in the same room or conversation. */
  readonly reply?: number | undefined;
  /** The session that says it, which may want no echo; the first one of the member, unless given. */
  readonly from?: Session | undefined;
}

/** How sessions that a command ends are told so. Each node closes the connections of its own clients. */
export interface Closing {
  /** The reason in the log; contains nothing that a user wrote. */
  readonly ending: string;
  /** The reason that the clients are told, where the protocol has one. */
  readonly words: string;
  /** A notice that the sessions are sent before they end. */
  readonly notice: string;
}

/**
 * Where a line is: in a room, or in the private conversation with another member, or with an account that has none. Nicknames
 * may change hands until the command is applied.
 */
export type LinePlace = { readonly room: RoomKey } | { readonly member: MemberId } | { readonly account: string };

/** Who was invited to a room. */
export interface Invitee {
  readonly nick: string;
  /** `undefined` for an account that is not in the chat: it may enter the room from now on, and is not told. */
  readonly member: Member | undefined;
}

/** All commands, by `op`. */
export type Command =
  // Accounts
  | DirectoryCommand
  // Members
  /**
   * A client registers. It is a session of the member that is logged in to its account, if there is one; else of a new
   * member, which is in no room yet. One whose token has a scope is always a new member. Without a nickname the member is a
   * guest, whose number is chosen when the command is applied: many may come at once. `revision`: as in
   * `login`.
   */
  | {
    readonly op: "connect";
    readonly id: SessionId;
    readonly nick: string | undefined;
    readonly identity: Identity;
    /** Whether a person is at it; yes, unless given. */
    readonly attended?: boolean;
    readonly revision?: string | undefined;
  }
  /** A client is gone, and with its last session the member, unless that is always on. `own`: the reason was given by the client. */
  | {
    readonly op: "disconnect";
    readonly session: SessionId;
    readonly reason: string | undefined;
    readonly own: boolean;
    /** Given if the connection is still open. */
    readonly close?: Closing | undefined;
  }
  /** A member is removed from the chat with all its sessions. `close`: given if their connections are to be closed. */
  | {
    readonly op: "remove";
    readonly member: MemberId;
    readonly reason: string | undefined;
    readonly close?: Closing | undefined;
  }
  /** A member takes another nickname. */
  | { readonly op: "rename"; readonly member: MemberId; readonly nick: string }
  /** A member takes the nickname of its account; the member that has it is disconnected for `reason`. */
  | {
    readonly op: "reclaim";
    readonly member: MemberId;
    readonly nick: string;
    readonly reason: string;
    /** How the connections of that member are closed. */
    readonly close?: Closing | undefined;
  }
  /**
   * A session has logged in to an account. If a member is logged in to it already, it gets this session, unless the token
   * has a scope. Then it leaves the rooms that the token does not permit.
   * `id`: of the member that the session gets if it has to leave one that has others.
   * `shown`: the keys of the rooms that the session is shown, which only its node knows: the member that gets it joins them.
   * `revision`: of the account or the token when the author has checked it, if there is a directory.
   */
  | {
    readonly op: "login";
    readonly session: SessionId;
    readonly account: string;
    readonly token: SessionToken | undefined;
    readonly id: MemberId;
    readonly shown: readonly RoomKey[];
    readonly revision?: string | undefined;
  }
  /** A session has logged out. If its member stays without it, it gets a member of its own, which has this `id`. */
  | { readonly op: "logout"; readonly session: SessionId; readonly id: MemberId }
  /** A session counts as logged in with a token of its account that has no scope, from now on. */
  | {
    readonly op: "token";
    readonly session: SessionId;
    readonly account: string;
    readonly token: SessionToken;
  }
  /** A member is away, or back when there is no message. */
  | { readonly op: "away"; readonly member: MemberId; readonly message: string | undefined }
  /** A member changes its real name. */
  | { readonly op: "realname"; readonly member: MemberId; readonly realname: string }
  /** A member ignores a user, named as on ignore lists, or no longer. The list of an account is stored. */
  | { readonly op: "ignore"; readonly member: MemberId; readonly name: string; readonly on: boolean }
  /** A user flag is set or cleared. `name`: that of a new server operator in the operators file. */
  | {
    readonly op: "flag";
    readonly member: MemberId;
    readonly flag: UserFlag;
    readonly on: boolean;
    readonly name?: string | undefined;
  }
  // Always on
  /** The account of a member chooses whether it is always on; `undefined` for the default of the server. */
  | { readonly op: "always-on"; readonly member: MemberId; readonly choice: boolean | undefined }
  /** A person is at a session, or not any more. */
  | { readonly op: "attend"; readonly session: SessionId; readonly on: boolean }
  /** Some of the members without a session are removed that were last here before a time. */
  | { readonly op: "expire"; readonly before: number }
  // Read markers
  /**
   * A member has read a room that it is in, or its private conversation with a nickname, up to a time. Its author has checked
   * that the time is later than the last one; the store ignores an earlier one.
   */
  | {
    readonly op: "mark-read";
    readonly member: MemberId;
    readonly target: { readonly room: RoomKey } | { readonly nick: string };
    readonly time: number;
  }
  // Rooms
  /** A member joins a room, which is created if it does not exist. `room` is a name, in any case. */
  | {
    readonly op: "join";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly room: string;
    readonly key: string | undefined;
  }
  /** A member leaves a room. */
  | {
    readonly op: "leave";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly room: RoomKey;
    readonly reason: string | undefined;
  }
  /** An operator removes a member from a room. */
  | {
    readonly op: "kick";
    readonly member: MemberId;
    readonly room: RoomKey;
    readonly nick: string;
    readonly reason: string | undefined;
  }
  /** A member invites another, or an account that is not in the chat, to a room. */
  | { readonly op: "invite"; readonly member: MemberId; readonly room: RoomKey; readonly nick: string }
  /** A member sets the topic of a room; an empty one removes it. */
  | { readonly op: "topic"; readonly member: MemberId; readonly room: RoomKey; readonly topic: string }
  /** An operator changes the modes of a room. */
  | {
    readonly op: "modes";
    readonly member: MemberId;
    readonly room: RoomKey;
    readonly changes: readonly ModeChange[];
  }
  /** An operator bans a user from a room, by nickname or by a mask. */
  | { readonly op: "ban"; readonly member: MemberId; readonly room: RoomKey; readonly name: string }
  /** An operator lifts the ban of a user, or of a mask. */
  | { readonly op: "unban"; readonly member: MemberId; readonly room: RoomKey; readonly name: string }
  /** An owner makes another account the owner. `name`: a nickname in use, or an account. */
  | { readonly op: "transfer"; readonly member: MemberId; readonly room: RoomKey; readonly name: string }
  /** An operator lets an account always enter a room, or takes its role. */
  | {
    readonly op: "role";
    readonly member: MemberId;
    readonly room: RoomKey;
    readonly name: string;
    readonly on: boolean;
  }
  /** A server operator makes an account an owner of a room. */
  | { readonly op: "appoint"; readonly member: MemberId; readonly room: RoomKey; readonly name: string }
  /** An account loses its role in a room, as it is deleted. */
  | { readonly op: "disown"; readonly room: RoomKey; readonly account: string }
  /** An owner renames a room. */
  | {
    readonly op: "rename-room";
    readonly member: MemberId;
    readonly room: RoomKey;
    readonly name: string;
    readonly reason: string | undefined;
  }
  /** An owner deletes a room with its history. */
  | { readonly op: "destroy"; readonly member: MemberId; readonly room: RoomKey }
  /** A room without members is deleted, as its history has expired or a new room needs its place. */
  | {
    readonly op: "drop";
    readonly room: RoomKey;
    /** The greatest id that its author had seen: a room in which a line was said since stays. */
    readonly seen: number;
  }
  // Invite links
  /** A member makes an invite link to a room. `hash`: of its code; `time`: how long it is valid, in milliseconds. */
  | {
    readonly op: "link-add";
    readonly member: MemberId;
    readonly room: RoomKey;
    readonly hash: string;
    readonly time: number;
    readonly uses: number | undefined;
  }
  /** A member uses an invite link, which counts. It may join the room then. */
  | { readonly op: "link-use"; readonly member: MemberId; readonly hash: string }
  /** A member revokes an invite link, by its number. */
  | { readonly op: "link-remove"; readonly member: MemberId; readonly id: number }
  // Messages
  /** A member says something in a room. `text` is sanitized. `reply`: its author has found that line in its history. */
  | {
    readonly op: "say";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly room: RoomKey;
    readonly text: string;
    readonly style: Style;
    readonly tags: string;
    readonly minRank: Rank | undefined;
    readonly reply?: Quote | undefined;
  }
  /**
   * A client that is no member of the chat says something in a room: see `visitors.ts`. `text` is sanitized.
   * `nick`: the name that it wants; another one if that is not free, and that of a guest without one. `key`: of the room.
   * `revision`: as in `login`.
   */
  | {
    readonly op: "post";
    readonly room: RoomKey;
    readonly nick: string | undefined;
    readonly identity: Identity;
    readonly revision: string | undefined;
    readonly key: string | undefined;
    readonly text: string;
    readonly bot: boolean;
    readonly reply?: Quote | undefined;
  }
  /**
   * A member sends a private message to each of several users. `text` is sanitized.
   * `ignoredBy`: the folded names of accounts among them that have no member in the chat, and whose stored ignore lists the
   * author is on.
   */
  | {
    readonly op: "whisper";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly to: readonly string[];
    readonly text: string;
    readonly style: Style;
    readonly tags: string;
    readonly ignoredBy: readonly string[];
    readonly reply?: Quote | undefined;
  }
  /** A client sends tags without text (TAGMSG) to a member or a room. */
  | {
    readonly op: "tag";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly to: { readonly member: MemberId } | { readonly room: RoomKey };
    readonly tags: string;
    readonly minRank: Rank | undefined;
  }
  /**
   * A member reacts to a line, or takes that back. Its author has found the line in its history, and has checked that the
   * reaction is new and that there are not too many.
   */
  | {
    readonly op: "react";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly to: LinePlace;
    readonly line: Quote;
    readonly text: string;
    readonly on: boolean;
  }
  /**
   * A member deletes the text of a line. `own`: whether the line is one of its own, and young enough, as its author has found in its history;
   * else the member has to be an operator of the room, or a server operator.
   */
  | {
    readonly op: "redact";
    readonly member: MemberId;
    readonly session: SessionId | undefined;
    readonly to: LinePlace;
    readonly line: Quote;
    readonly own: boolean;
    readonly reason: string | undefined;
  }
  /** A server operator writes to all members that want it (WALLOPS). */
  | { readonly op: "wallops"; readonly member: MemberId; readonly text: string }
  /** The server writes to all members, or to one, or to one session; does nothing when that has disconnected. */
  | {
    readonly op: "notice";
    readonly text: string;
    readonly to?: { readonly member: MemberId } | { readonly session: SessionId } | undefined;
  }
  // Moderation
  /**
   * A server operator bans an address, a network, a mask or an account from the server. Its author has checked the number of bans.
   * `until`: without it, the ban is permanent.
   */
  | {
    readonly op: "server-ban";
    readonly what: string;
    readonly by: string;
    readonly reason: string;
    readonly since: number;
    readonly until: number | undefined;
    readonly nick: string | undefined;
  }
  /** A ban of the server is lifted. */
  | { readonly op: "server-unban"; readonly what: string }
  /**
   * A host is muted: its members may not say anything. `until`: when the node on duty is to unmute it, in milliseconds since
   * 1970; without it, the host stays muted.
   */
  | {
    readonly op: "mute";
    readonly host: string;
    readonly action: MuteAction | undefined;
    readonly until: number | undefined;
  }
  /** A host is unmuted; with `until`, only if its mute was to end then: an operator may have made another one meanwhile. */
  | { readonly op: "unmute"; readonly host: string; readonly until: number | undefined };

/** The result of each command when it is not rejected. */
export interface Results extends DirectoryResults {
  connect: Session;
  disconnect: void;
  remove: void;
  rename: void;
  /** The member that was disconnected, if any. */
  reclaim: Member | undefined;
  login: void;
  logout: void;
  token: void;
  away: void;
  realname: void;
  ignore: void;
  flag: void;
  "always-on": void;
  attend: void;
  /** Whether there may be more to remove. */
  expire: boolean;
  "mark-read": void;
  join: Room;
  leave: void;
  /** The member that was removed. */
  kick: Member;
  invite: Invitee;
  topic: void;
  modes: ModesResult;
  ban: ModesResult;
  unban: ModesResult;
  /** The account. */
  transfer: string;
  role: string;
  appoint: string;
  disown: void;
  "rename-room": void;
  destroy: void;
  drop: void;
  "link-add": InviteLink;
  /** The name of the room. */
  "link-use": string;
  /** The link that was revoked. */
  "link-remove": InviteLink;
  say: void;
  /** The line, as it was said. */
  post: Said;
  /** For each nickname, in order: the message, why it was rejected, or `undefined` if the text is blank. */
  whisper: (Whispered | ChatError | undefined)[];
  tag: Tagged;
  react: Reacted;
  redact: Redacted;
  wallops: void;
  notice: void;
  "server-ban": void;
  /** Whether there was such a ban. */
  "server-unban": boolean;
  mute: void;
  /** Whether the host was muted. */
  unmute: boolean;
}

/** The result of a list of mode changes. */
export interface ModesResult {
  /** The changes that were made, in order. Changes without effect are left out. */
  readonly made: ModeChange[];
  /** Why each of the others was rejected. */
  readonly rejected: ChatError[];
}

/** The names of the commands. */
export type Op = Command["op"];

/** The command of an op. */
export type CommandOf<O extends Op> = Extract<Command, { op: O }>;

/** The result of a command. */
export type ResultOf<C extends Command> = Results[C["op"]];
