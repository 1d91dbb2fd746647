/**
 * The chat on the side of the author of commands: checks what authors have to check, and submits each command.
 *
 * What is checked here is known to this process alone, and so must not decide in the hub: rate limits, server bans, the
 * storage limit, the state of the history, and the clock. Where commands go is decided by a {@linkcode CommandSink}.
 */
import { ALWAYS_ON_MAX } from "./always_on.ts";
import { type AlwaysOnUsers, AuthoredAlwaysOnUsers } from "./always_on_users.ts";
import { requireUnmuted, requireVoice } from "./access.ts";
import { type Answer, then } from "./answer.ts";
import type { Chat, ServerBanList } from "./chat.ts";
import { type ChatOptions, ROOMS_MAX, ROOMS_TOTAL, SESSIONS_MAX } from "./chat_options.ts";
import { ChatReader } from "./chat_reader.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandSink } from "./command_sink.ts";
import type { Closing, CommandOf, Invitee, ModesResult, Op, Results, SayOptions, UserFlag } from "./commands.ts";
import { type Directory, type DirectorySink, knownRevision, policyOf } from "./directory.ts";
import type { Tagged, Whispered, WireFormat } from "./events.ts";
import { Hub } from "./hub.ts";
import type { Identity, Member, Outlet, Session } from "./member.ts";
import { AccountIgnores } from "./account_ignores.ts";
import { AuthoredLines, REDACT_TIME } from "./lines.ts";
import { messageText } from "./message_text.ts";
import { AuthoredInviteLinks } from "./invite_link_users.ts";
import type { ModeChange, Rank } from "./modes.ts";
import { shownTo } from "./member_commands.ts";
import { Mutes, type MuteTarget } from "./mutes.ts";
import { fold, prepareName } from "./names.ts";
import { NewRooms } from "./new_rooms.ts";
import { isAccount } from "./nicknames.ts";
import { type ChatObserver, NO_OBSERVER } from "./observer.ts";
import { OPEN_POLICY, type Policy } from "./policy.ts";
import { RateLimits } from "./rate_limits.ts";
import { AuthoredReadMarkers } from "./read_markers.ts";
import type { Room } from "./room.ts";
import { AuthoredRoomAdmin, type RoomAdmin } from "./room_admin.ts";
import {
  isScoped,
  requireOtherNick,
  requireReadable,
  requireScope,
  requireWritable,
  type SessionToken,
} from "./scope.ts";
import { StorageLimit } from "./storage_limit.ts";
import { AuthoredVisitors } from "./visitors.ts";
import type { Receiver } from "./whisper_command.ts";
import { isStored } from "./write_behind.ts";

/** The chat, for any sink of commands. The methods are documented in the interface. */
export class AuthoredChat extends ChatReader implements Chat {
  readonly mutes: Mutes;
  readonly serverBans: ServerBanList;
  readonly lines: AuthoredLines;
  readonly admin: RoomAdmin;
  readonly links: AuthoredInviteLinks;
  readonly visitors: AuthoredVisitors;
  readonly alwaysOn: AlwaysOnUsers;
  readonly ignores: AccountIgnores;
  readonly readMarkers: AuthoredReadMarkers;
  /** Takes the commands of the directory. */
  readonly directory: DirectorySink;

  readonly #hub: Hub;
  readonly #policy: Policy;
  readonly #directory: Directory | undefined;
  readonly #observer: ChatObserver;
  readonly #limits: RateLimits;
  readonly #newRooms: NewRooms;
  readonly #storageLimit: StorageLimit | undefined;
  readonly #sink: CommandSink;

  /** @param createSink Returns where commands go, for the hub that they are applied to. */
  constructor(options: ChatOptions, createSink: (hub: Hub) => CommandSink) {
    const { history, keepPrivate = "accounts", reserved = [], storage } = options;
    const { directory } = options;
    const policy = { ...OPEN_POLICY, ...directory && policyOf(directory), ...options.policy };
    const observer = { ...NO_OBSERVER, ...options.observer };
    const limits = {
      maxRooms: options.maxRooms ?? ROOMS_TOTAL,
      maxJoined: options.maxJoined ?? ROOMS_MAX,
      maxSessions: options.maxSessions ?? SESSIONS_MAX,
      maxAbsent: options.maxAbsent ?? ALWAYS_ON_MAX,
    };
    const { alwaysOn = "opt-in", serverBans, links } = options;
    const stores = { history, directory, ignores: options.ignores, serverBans, links };
    const hub = new Hub({ ...stores, keepPrivate, limits, reserved, policy, observer, alwaysOn, now: Date.now() });
    super(hub, history);
    this.#hub = hub;
    this.#sink = createSink(hub);
    this.#directory = directory;
    this.directory = { submit: (command) => this.#submit(command) };
    this.#policy = policy;
    this.#observer = observer;
    this.alwaysOn = new AuthoredAlwaysOnUsers(hub.alwaysOn, (command) => this.#submit(command));
    this.ignores = new AccountIgnores(options.ignores, hub.ignores, {
      find: (nick) => this.get(nick),
      isRegistered: (nick) => policy.isRegistered(nick),
      requireConnected: (member) => this.#requireConnected(member),
      submit: (command) => this.#submit(command),
    });
    this.readMarkers = new AuthoredReadMarkers(
      history.readMarkers,
      this.history,
      hub.nicknames,
      (command) => this.#submit(command),
    );
    this.serverBans = {
      add: ({ until, nick, ...ban }) => {
        return this.#submit({ op: "server-ban", ...ban, until: until === Infinity ? undefined : until, nick });
      },
      remove: (what) => this.#submit({ op: "server-unban", what }),
    };
    const muteTarget: MuteTarget = {
      mute: (host, until, action) => this.#submit({ op: "mute", host, action, until }),
      unmute: (host, until) => this.#submit({ op: "unmute", host, until }),
    };
    this.mutes = new Mutes(options.clock, hub.muted, muteTarget, () => this.onDuty);
    this.#limits = new RateLimits(
      options.renames ?? Infinity,
      options.roomsMade ?? Infinity,
      (member, code) => observer.rateLimited(member, code),
    );
    this.#storageLimit = history.persistent && storage !== undefined ? new StorageLimit(storage) : undefined;
    const muted = () => {
      this.mutes.expire();
      return hub.muted;
    };
    this.lines = new AuthoredLines({
      history: this.history,
      muted,
      isLocked: () => hub.storage.isLocked(),
      get: (nick) => this.get(nick),
      redactTime: options.redactTime ?? REDACT_TIME,
      submit: (command) => this.#submit(command),
      requireStorage: (member, from, where, characters) => {
        this.#storageLimit?.require(member, from, where, characters);
      },
    });
    this.visitors = new AuthoredVisitors({
      hub,
      history: this.history,
      directory,
      muted,
      submit: (command) => this.#submit<"post">(command),
      requireUnbanned: (nick, identity, outlet, account) => this.#requireUnbanned(nick, identity, outlet, account),
      takeKey: (client, room, key) => this.#limits.takeKey(client, room, key),
      requireStorage: (client, where, characters) => this.#storageLimit?.requireOnce(client, where, characters),
    });
    this.admin = new AuthoredRoomAdmin({
      rooms: hub.rooms,
      submit: (command) => this.#submit(command),
      keyOf,
      commit: () => hub.storage.commit(),
      takeRoom: (member, name) => this.#limits.takeRoom(member, name),
    });
    this.links = new AuthoredInviteLinks({
      links: hub.links,
      getRoom: (key) => hub.getRoom(key),
      submit: (command) => this.#submit(command),
      keyOf,
      takeCode: (member, isRight) => this.#limits.takeCode(member, isRight),
    });
    this.#newRooms = new NewRooms({
      hub,
      history: this.history,
      takeRoom: (member, name) => this.#limits.takeRoom(member, name),
      drop: (key) => this.dropRoom(key),
    });
  }

  get onDuty(): boolean {
    return true;
  }

  connect(
    name: string | undefined,
    identity: Identity,
    format: WireFormat,
    outlet: Outlet,
    attended = true,
  ): Answer<Session> {
    const nick = name && prepareName(name);
    const account = isScoped(identity.token) ? undefined : identity.account;
    if (account === undefined && nick !== undefined) requireOtherNick(nick, identity.account);
    const known = account === undefined ? undefined : this.getByAccount(account);
    if (known === undefined && nick !== undefined) this.requireNick(nick, undefined, account);
    this.#requireUnbanned(known?.nick ?? nick ?? this.guestName(), identity, outlet, identity.account);
    this.mutes.expire();
    const id = this.#sink.nextId();
    const { account: named, token } = identity;
    const revision = named === undefined ? undefined : knownRevision(this.#directory, named, token);
    return this.#sink.submit({ op: "connect", id, nick, identity, attended, revision }, { format, outlet });
  }

  disconnect(session: Session, reason?: string, own = false, close?: Closing): Answer<void> {
    this.readMarkers.sessionsEnd(session.member, [session]);
    const told = own && session.member.scope?.readOnly ? undefined : reason; // a reason is a message, too
    return this.#submit({ op: "disconnect", session: session.id, reason: told, own, close });
  }

  remove(member: Member, reason?: string, close?: Closing): Answer<void> {
    this.readMarkers.sessionsEnd(member, member.sessions);
    return this.#submit({ op: "remove", member: member.id, reason, close });
  }

  setFlag(member: Member, flag: UserFlag, on: boolean, name?: string): Answer<void> {
    if (flag === "operator" && on) requireScope(member); // no scope permits that
    return this.#submit({ op: "flag", member: member.id, flag, on, name });
  }

  rename(member: Member, name: string): Answer<void> {
    this.#requireConnected(member);
    requireWritable(member);
    const nick = prepareName(name);
    if (member.scope !== undefined) requireOtherNick(nick, member.account);
    this.requireNick(nick, member);
    this.#requireMemberUnbanned(nick, member);
    if (nick === member.nick) return undefined;
    this.mutes.expire();
    if (!isAccount(nick, member.fullAccount)) requireUnmuted(this.#hub.muted, member);
    this.#limits.takeRename(member, nick);
    return this.#identified(this.#submit({ op: "rename", member: member.id, nick }), () => member.sessions);
  }

  reclaim(member: Member, nick: string, reason: string, close?: Closing): Answer<Member | undefined> {
    this.#requireConnected(member);
    requireScope(member); // it disconnects another session of the account
    if (isAccount(nick, member.fullAccount)) { // else the hub rejects it
      this.requireFree(nick, this.get(nick) ?? member);
      this.#requireMemberUnbanned(nick, member);
    }
    const reclaiming = this.#submit({ op: "reclaim", member: member.id, nick, reason, close });
    return this.#identified(reclaiming, () => member.sessions);
  }

  login(session: Session, account: string, token?: SessionToken): Answer<void> {
    this.#requireConnected(session.member);
    const isFull = !isScoped(token);
    const known = isFull ? this.getByAccount(account) : undefined;
    const { member } = session;
    const { nick, operator } = known ?? member;
    if (!(operator && isFull)) this.#requireUnbanned(nick, session, session.outlet, account); // as when a ban is made
    const revision = knownRevision(this.#directory, account, token);
    const shown = shownTo(session).map(({ key }) => key);
    const id = this.#sink.nextId();
    const loggingIn = this.#submit({ op: "login", session: session.id, account, token, id, shown, revision });
    return this.#identified(loggingIn, () => [session]);
  }

  logout(session: Session): Answer<void> {
    this.#requireConnected(session.member);
    this.readMarkers.sessionsEnd(session.member, [session]);
    return this.#submit({ op: "logout", session: session.id, id: this.#sink.nextId() });
  }

  setToken(session: Session, account: string, token: SessionToken): Answer<void> {
    return this.#submit({ op: "token", session: session.id, account, token });
  }

  setAway(member: Member, message: string | undefined): Answer<void> {
    requireWritable(member);
    return this.#submit({ op: "away", member: member.id, message });
  }

  setRealname(member: Member, realname: string): Answer<void> {
    requireWritable(member);
    return this.#submit({ op: "realname", member: member.id, realname });
  }

  join(member: Member, chosen: string, key?: string, from: Session | undefined = member.sessions[0]): Answer<Room> {
    this.#requireConnected(member);
    const name = prepareName(chosen);
    const room = this.#hub.getRoom(name);
    const link = this.links.codeFor(member, name, key);
    if (link !== undefined) return then(this.links.use(member, link), (linked) => this.join(member, linked, "", from));
    if (member.scope !== undefined) {
      requireReadable(member, fold(name));
      if (room === undefined) requireWritable(member); // it would be created
    }
    if (member.rooms.size < this.maxJoined) { // else the hub rejects it
      if (room === undefined) this.#newRooms.prepare(member, name);
      else if (key !== undefined && !room.has(member)) this.#limits.takeKey(member, room, key);
    }
    return this.#submit({ op: "join", member: member.id, session: from?.id, room: name, key });
  }

  show(session: Session, room: Room): void {
    if (room.has(session.member) && this.hasSession(session)) this.#hub.show(session, room);
  }

  hide(session: Session, room: Room): void {
    this.readMarkers.roomLeft(session.member, room, [session]);
    this.#hub.hide(session, room);
  }

  leave(member: Member, room: Room, reason?: string, from: Session | undefined = member.sessions[0]): Answer<void> {
    const told = member.scope?.readOnly ? undefined : reason;
    if (from !== undefined) this.readMarkers.roomLeft(member, room, [from]);
    return this.#submit({ op: "leave", member: member.id, session: from?.id, room: keyOf(room), reason: told });
  }

  kick(member: Member, room: Room, nick: string, reason?: string): Answer<Member> {
    requireScope(member, room.key);
    return this.#submit({ op: "kick", member: member.id, room: keyOf(room), nick, reason });
  }

  invite(member: Member, room: Room, nick: string): Answer<Invitee> {
    requireScope(member, room.key);
    return this.#submit({ op: "invite", member: member.id, room: keyOf(room), nick });
  }

  setTopic(member: Member, room: Room, topic: string): Answer<void> {
    requireScope(member, room.key);
    return this.#submit({ op: "topic", member: member.id, room: keyOf(room), topic });
  }

  setModes(member: Member, room: Room, changes: readonly ModeChange[]): Answer<ModesResult> {
    requireScope(member, room.key);
    return this.#submit({ op: "modes", member: member.id, room: keyOf(room), changes });
  }

  dropRoom(key: string): Answer<void> {
    const { storage, ids } = this.#hub;
    if (storage.hasPending(key)) return; // the store did not know of these lines
    return this.#submit({ op: "drop", room: key, seen: ids.last });
  }

  say(
    member: Member,
    room: Room,
    text: string,
    { style = "say", tags = "", minRank, reply: id, from = member.sessions[0] }: SayOptions = {},
  ): void {
    const key = keyOf(room);
    requireScope(member, key);
    const clean = messageText(text);
    const reply = this.lines.quote(member, room, id);
    this.mutes.expire();
    if (this.#storageLimit !== undefined && minRank === undefined && isStored({ style })) {
      requireUnmuted(this.#hub.muted, member); // before the line counts
      requireVoice(room, member);
      if (clean.trim() !== "") this.#storageLimit.require(member, from, room.name, clean.length + tags.length);
    }
    const session = from?.id;
    this.#sink.say(
      { op: "say", member: member.id, session, room: key, text: clean, style, tags, minRank, reply },
      from,
    );
  }

  whisper(member: Member, nick: string, text: string, options: SayOptions = {}): Answer<Whispered | undefined> {
    return then(this.whisperEach(member, [nick], text, options), ([result]) => {
      if (result instanceof ChatError) throw result;
      return result;
    });
  }

  whisperEach(
    member: Member,
    nicks: readonly string[],
    text: string,
    { style = "say", tags = "", reply: id, from = member.sessions[0] }: SayOptions = {},
  ): Answer<(Whispered | ChatError | undefined)[]> {
    requireScope(member);
    const clean = messageText(text);
    const reply = nicks.length === 1 ? this.lines.quote(member, nicks[0]!, id) : undefined;
    this.mutes.expire();
    const ignoredBy: string[] = [];
    const size = 2 * (clean.length + tags.length); // a copy for each of the two
    const rejected = nicks.map((nick) => {
      const receiver = clean.trim() === "" ? undefined : this.#hub.storedReceiver(member, nick, style);
      return receiver && this.#rejectStored(member, from, receiver, size, ignoredBy);
    });
    const to = nicks.filter((_, i) => rejected[i] === undefined);
    const message = { text: clean, style, tags, ignoredBy, reply };
    const whispering = this.#submit({ op: "whisper", member: member.id, session: from?.id, to, ...message });
    return then(whispering, (results) => {
      if (from?.readsShown) this.readMarkers.written(member, results);
      let next = 0;
      return rejected.map((error) => error ?? results[next++]);
    });
  }

  tag(
    member: Member,
    to: Member | Room,
    tags: string,
    minRank?: Rank,
    from: Session | undefined = member.sessions[0],
  ): Answer<Tagged> {
    requireScope(member, "key" in to ? to.key : undefined);
    const target = "key" in to ? { room: keyOf(to) } : { member: to.id };
    return this.#submit({ op: "tag", member: member.id, session: from?.id, to: target, tags, minRank });
  }

  sayWallops(member: Member, text: string): Answer<void> {
    requireScope(member);
    return this.#submit({ op: "wallops", member: member.id, text });
  }

  notice(text: string, to?: Member | Session): Answer<void> {
    const addressee = to && ("sessions" in to ? { member: to.id } : { session: to.id });
    return this.#submit({ op: "notice", text, to: addressee });
  }

  underWay(session: Session, most?: number): Promise<void> | undefined {
    return this.#sink.underWay(session, most);
  }

  reformat(session: Session, format: WireFormat): void {
    this.#hub.delivery.setFormat(session, format, this.#hub.storage.isLocked());
  }

  flush(final = false, resting = false): void {
    const { storage, delivery } = this.#hub;
    if (!final && storage.isLocked()) return this.#observer.storeLocked();
    storage.commit(final);
    if (delivery.flush(resting)) this.#hub.endRound();
  }

  /** Submits a command. @throws {ChatError} if it is rejected. */
  #submit<O extends Op>(command: CommandOf<O>): Answer<Results[O]> {
    if (command.op !== "unmute") this.mutes.expire();
    return this.#sink.submit(command);
  }

  /** Acting for a disconnected member is a bug in a protocol. @throws {TypeError} */
  #requireConnected(member: Member) {
    if (!this.#hub.has(member)) throw new TypeError(`Cannot act for "${member.nick}": not connected`);
  }

  #requireUnbanned(
    nick: string,
    { user, host }: { readonly user: string; readonly host: string },
    outlet: Outlet,
    account: string | undefined,
  ) {
    const origin = `${nick}!${user}@${host}`;
    const reason = this.#policy.banReason(origin, account);
    if (reason === undefined) return;
    this.#observer.banned(origin, outlet, account);
    throw new ChatError("server-banned", reason);
  }

  /** Has the bans checked again after a command that was under way. */
  #identified<T>(answer: Answer<T>, sessions: () => readonly Session[]): Answer<T> {
    if (!(answer instanceof Promise)) return answer;
    return answer.then((result) => {
      for (const session of [...sessions()]) this.#observer.identified?.(session);
      return result;
    });
  }

  #requireMemberUnbanned(nick: string, { sessions, account }: Member) {
    for (const session of sessions) this.#requireUnbanned(nick, session, session.outlet, account);
  }

  /**
   * The error of a private message that cannot be stored now. The hub makes all other checks.
   *
   * @param ignoredBy The receiver is added to it, by its folded name, if it is not in the chat and ignores the author.
   */
  #rejectStored(author: Member, from: Session | undefined, to: Receiver, characters: number, ignoredBy: string[]) {
    const { nick, member } = to;
    if (this.#hub.storage.isLocked()) { // the author gets its answer at once
      this.#hub.storage.lost++;
      return new ChatError("not-stored", nick);
    }
    try {
      if (member === undefined && this.ignores.isIgnoredBy(nick, author)) ignoredBy.push(fold(nick));
      this.#storageLimit?.require(author, from, nick, characters);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return error.code === "ignores-unstored" ? new ChatError("not-stored", nick) : error;
    }
    return undefined;
  }
}

/** The key of a room. @throws {ChatError} `not-in-room` if the room does not exist any more. */
function keyOf(room: Room): string {
  if (room.closed) throw new ChatError("not-in-room", room.name);
  return room.key;
}
