/**
 * The hub: a deterministic state machine that holds all members and rooms.
 *
 * `apply` is the only way to change the state. The effect of a command depends on the state, the command and the time that
 * comes with it, and on nothing else: no clock, no random number, and no content of the history. What members are told is
 * sent or queued while a command is applied.
 */
import { AlwaysOn, type AlwaysOnPolicy } from "./always_on.ts";
import * as alwaysOn from "./always_on_commands.ts";
import { ChatError } from "./chat_error.ts";
import { type CommandOf, IDS_OF_NODE, type MemberId, type Op, type Results, type SessionId } from "./commands.ts";
import type { KeepPrivate } from "./conversations.ts";
import { Delivery } from "./delivery.ts";
import type { Directory } from "./directory.ts";
import * as directory from "./directory_commands.ts";
import type { Style } from "./events.ts";
import { Ids } from "./ids.ts";
import { type Endpoint, type Member, REMOTE_ENDPOINT, type Session } from "./member.ts";
import * as links from "./invite_link_commands.ts";
import { LinkRegistry } from "./invite_links.ts";
import { ignore } from "./ignore_commands.ts";
import type { IgnoreLists, IgnoreStore } from "./ignore_lists.ts";
import * as lines from "./line_commands.ts";
import * as members from "./member_commands.ts";
import * as messages from "./message_commands.ts";
import * as moderation from "./moderation_commands.ts";
import type { MonitorLists } from "./monitor.ts";
import type { MutedHosts } from "./muted_hosts.ts";
import { fold, LOBBY } from "./names.ts";
import { Nicknames } from "./nicknames.ts";
import { type NodeState, nodeStateOf } from "./node_state.ts";
import type { ChatObserver } from "./observer.ts";
import type { Policy } from "./policy.ts";
import { post } from "./post_command.ts";
import * as markers from "./read_marker_commands.ts";
import { restorable, type Room } from "./room.ts";
import * as admin from "./room_admin_commands.ts";
import * as bans from "./room_ban_commands.ts";
import * as rooms from "./room_commands.ts";
import type { RoomNames } from "./room_names.ts";
import { NO_SERVER_BANS, type ServerBans } from "./server_bans.ts";
import { ChatState, type HubLimits, type Sized, sized } from "./state.ts";
import type { HistoryStore } from "./store.ts";
import { type RestoreOptions, restoreSnapshot } from "./restore_snapshot.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { Json, SnapshotSection } from "./snapshot_records.ts";
import type { Whowas } from "./whowas.ts";
import { Waiting } from "./waiting.ts";
import { type Receiver, storedReceiver, whisper } from "./whisper_command.ts";
import { WriteBehind } from "./write_behind.ts";

/** What a hub is made of. */
export interface HubOptions {
  /** Stores lines and rooms. The rooms in it are restored, and its last id is continued. */
  readonly history: HistoryStore;
  /** Whose private messages are stored. */
  readonly keepPrivate: KeepPrivate;
  readonly limits: HubLimits;
  /** Nicknames that no member may have. */
  readonly reserved: readonly string[];
  /** Which nicknames are registered. It has to change by commands of the same log only. */
  readonly policy: Pick<Policy, "isRegistered" | "registeredLike">;
  /** The accounts that commands change. */
  readonly directory?: Directory | undefined;
  /** Stores the ignore lists of accounts. Without it, they end with the connection. */
  readonly ignores?: IgnoreStore | undefined;
  readonly observer: ChatObserver;
  /** The bans of the server; none are kept, unless given. */
  readonly serverBans?: ServerBans | undefined;
  /** The invite links; there are none at first, unless given. */
  readonly links?: LinkRegistry | undefined;
  /** Which accounts may be always on. */
  readonly alwaysOn: AlwaysOnPolicy;
  /** When the lobby is created, if the history does not have it, and members are restored, in milliseconds since 1970. */
  readonly now: number;
}

/** What comes with a command. */
export interface ApplyContext {
  /**
   * When the command was given, in milliseconds since 1970. It may be earlier than that of the last command, when the system
   * clock was put back: lines then have the corrected time, and ids go on growing all the same.
   */
  readonly now: number;
  /** For `connect`: format and outlet, if the client is connected to this process. */
  readonly endpoint?: Endpoint | undefined;
}

/** Applies a command. @throws {ChatError} if it is rejected; then nothing has changed. */
type Handler<O extends Op> = (state: ChatState, command: CommandOf<O>, endpoint: Endpoint) => Results[O];

/** What each command does. */
const HANDLERS: { readonly [O in Op]: Handler<O> } = {
  "account-add": directory.addAccount,
  "account-password": directory.endLogins,
  "account-drop": directory.dropAccount,
  "token-add": directory.changeDirectory<"token-add">,
  "token-used": directory.changeDirectory<"token-used">,
  "token-remove": directory.endLogins,
  "word-add": directory.changeDirectory<"word-add">,
  "word-use": directory.changeDirectory<"word-use">,
  "certificate-add": directory.changeDirectory<"certificate-add">,
  "certificate-remove": directory.changeDirectory<"certificate-remove">,
  connect: members.connect,
  disconnect: members.disconnect,
  remove: members.remove,
  rename: members.rename,
  reclaim: members.reclaim,
  login: members.login,
  logout: members.logout,
  token: members.setToken,
  away: members.away,
  realname: members.realname,
  flag: members.flag,
  ignore,
  "always-on": alwaysOn.setAlwaysOn,
  attend: alwaysOn.attend,
  expire: alwaysOn.expire,
  "mark-read": markers.markRead,
  join: rooms.join,
  leave: rooms.leave,
  kick: rooms.kick,
  invite: rooms.invite,
  topic: rooms.topic,
  modes: rooms.modes,
  drop: rooms.drop,
  ban: bans.ban,
  unban: bans.unban,
  transfer: admin.transfer,
  role: admin.role,
  appoint: admin.appoint,
  disown: admin.disown,
  "rename-room": admin.renameRoom,
  destroy: admin.destroy,
  "link-add": links.addLink,
  "link-use": links.takeLink,
  "link-remove": links.removeLink,
  say: messages.say,
  post,
  whisper,
  tag: messages.tag,
  react: lines.react,
  redact: lines.redact,
  wallops: messages.wallops,
  notice: messages.notice,
  "server-ban": moderation.serverBan,
  "server-unban": moderation.serverUnban,
  mute: moderation.mute,
  unmute: moderation.unmute,
};

/** All members and rooms of the chat. */
export class Hub {
  readonly #state: ChatState;
  readonly members: Sized<Member>;
  readonly rooms: Sized<Room>;
  readonly roomNames: Pick<RoomNames, "isConfusable">;
  readonly limits: HubLimits;
  /** How many members have each user flag. */
  readonly flagCounts: ChatState["flagCounts"];
  /** The number of members that were restored from an earlier run. They have the ids 1 and so on. */
  readonly restored: number;

  constructor(options: HubOptions) {
    const { history, keepPrivate, limits, reserved, policy, observer, now } = options;
    const delivery = new Delivery(() => observer.flushWanted(), () => this.storage.commit());
    this.#state = new ChatState({
      nicknames: new Nicknames(policy, reserved),
      ids: new Ids(history.last),
      delivery,
      storage: new WriteBehind(history, keepPrivate, delivery, observer),
      observer,
      serverBans: options.serverBans ?? NO_SERVER_BANS,
      links: options.links ?? new LinkRegistry(),
      limits,
      alwaysOn: new AlwaysOn(options.alwaysOn, history.presence?.choices()),
      waiting: new Waiting(history.presence?.waiting()),
      directory: options.directory,
      storedIgnores: options.ignores,
    });
    this.members = sized(this.#state.members);
    this.rooms = sized(this.#state.rooms);
    this.roomNames = this.#state.roomNames;
    this.limits = limits;
    this.flagCounts = this.#state.flagCounts;
    for (const saved of history.rooms()) {
      const room = this.#state.createRoom(saved.name, saved.since, restorable(saved));
      if (room.key !== LOBBY) this.#state.emptyRooms.add(room);
    }
    if (!this.#state.rooms.has(LOBBY)) this.#state.createRoom(LOBBY, now).switches.add("n");
    this.#state.now = now;
    this.restored = history.presence === undefined ? 0 : alwaysOn.restoreMembers(this.#state, history.presence);
  }

  /**
   * Applies a command.
   *
   * @returns The result, or a `ChatError` that says why the command was rejected. A rejected command changes nothing.
   * @throws {StoreError} if the history cannot delete a room that the command closes, or the directory cannot be changed.
   */
  apply<O extends Op>(command: CommandOf<O>, { now, endpoint }: ApplyContext): Results[O] | ChatError {
    const state = this.#state;
    state.now = now;
    const handle = HANDLERS[command.op as O];
    try {
      return handle(state, command, endpoint ?? REMOTE_ENDPOINT);
    } catch (error) {
      if (error instanceof ChatError) return error;
      throw error;
    }
  }

  /**
   * The state that all nodes share, as records of plain JSON: see `snapshot.ts`. No command may be applied until all are taken,
   * but they may be taken in slices of time.
   *
   * @param sections What belongs to the state beside members and rooms.
   */
  snapshot(sections: readonly SnapshotSection[] = []): Generator<Json> {
    return takeSnapshot(this.#state, sections);
  }

  /**
   * Replaces the state by that of a snapshot. The caller has closed the connections of all sessions before, which are not told
   * anything, and has committed what was pending. Nothing is written to the history.
   *
   * @throws {SnapshotError} The state is incomplete then, until another snapshot is restored.
   */
  restore(records: Iterable<unknown>, options: RestoreOptions = {}): void {
    restoreSnapshot(this.#state, records, options);
  }

  /** The ids of the sessions of a node, in order of arrival. Takes a millisecond for 100,000 sessions. */
  sessionsOfNode(node: number): SessionId[] {
    const first = node * IDS_OF_NODE;
    return [...this.#state.sessions.keys().filter((id) => id >= first && id < first + IDS_OF_NODE)];
  }

  /**
   * What the history of a node is to have of the state.
   *
   * @param position The last command that is part of it.
   */
  nodeState(position: number): NodeState {
    return nodeStateOf(this.#state, position);
  }

  /** How many sessions a node has. */
  countSessionsOf(node: number): number {
    return this.#state.sessions.countOf(node);
  }

  /** The member with an id. */
  member(id: MemberId): Member | undefined {
    return this.#state.members.get(id);
  }

  /** The session with an id. */
  session(id: SessionId): Session | undefined {
    return this.#state.sessions.get(id);
  }

  /** The member with a nickname, in any case. */
  get(nick: string): Member | undefined {
    return this.#state.nicknames.get(nick);
  }

  /** The room with a name, in any case. */
  getRoom(name: string): Room | undefined {
    return this.#state.rooms.get(fold(name));
  }

  /** Whether a member is in the chat. */
  has(member: Member): boolean {
    return this.#state.members.get(member.id) === member;
  }

  /** To whom a private message of a member goes; `undefined` if the message is not to be stored, or is rejected. */
  storedReceiver(author: Member, nick: string, style: Style): Receiver | undefined {
    return storedReceiver(this.#state, author, nick, style);
  }

  /** Checks whether a line may be said now. @throws {ChatError} `muted`, `cannot-speak` or `not-in-room` */
  requireMaySay(command: CommandOf<"say">): void {
    messages.requireMaySay(this.#state, command);
  }

  /** Whether a session is connected. */
  hasSession(session: Session): boolean {
    return this.#state.sessions.get(session.id) === session;
  }

  /** The member that is logged in to an account, in any case. */
  getByAccount(account: string): Member | undefined {
    return this.#state.byAccount.get(fold(account));
  }

  /** Which accounts are always on, and the members without a session. */
  get alwaysOn(): AlwaysOn {
    return this.#state.alwaysOn;
  }

  /** The stored rooms without members, the one that is empty longest first. */
  get emptyRooms(): ReadonlySet<Room> {
    return this.#state.emptyRooms;
  }

  get nicknames(): Nicknames {
    return this.#state.nicknames;
  }

  get muted(): MutedHosts {
    return this.#state.muted;
  }

  get whowas(): Whowas {
    return this.#state.whowas;
  }

  /** The monitor lists of the members of this process. They are not part of the state that nodes share. */
  get monitor(): MonitorLists {
    return this.#state.monitor;
  }

  get links(): LinkRegistry {
    return this.#state.links;
  }

  get ignores(): IgnoreLists {
    return this.#state.ignores;
  }

  /** The time of the last command, in milliseconds since 1970. */
  get now(): number {
    return this.#state.now;
  }

  /** The most members at a time. */
  get peak(): number {
    return this.#state.peak;
  }

  get ids(): Ids {
    return this.#state.ids;
  }

  get storage(): WriteBehind {
    return this.#state.storage;
  }

  get delivery(): Delivery {
    return this.#state.delivery;
  }

  /** Has the lines of a room sent to a session. Which rooms a session is shown is not part of the state that nodes share. */
  show(session: Session, room: Room): void {
    rooms.show(this.#state, session, room);
  }

  /** No longer has the lines of a room sent to a session. */
  hide(session: Session, room: Room): void {
    rooms.hide(this.#state, session, room);
  }

  /** Drops what is cached for the commands of one round. To be called after each flush. */
  endRound(): void {
    this.#state.audiences.clear();
  }
}
