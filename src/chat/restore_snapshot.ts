/** Restores a snapshot that `snapshot.ts` has written. Snapshots come over the network, so what is wrong with one is an error. */
import { USER_FLAGS } from "./commands.ts";
import { GenericRoom } from "./generic_room.ts";
import { type Endpoint, Member, REMOTE_ENDPOINT, Session } from "./member.ts";
import { type List, LISTS, type Mask, type Rank, RANKS, SWITCHES } from "./modes.ts";
import { fold, LOBBY } from "./names.ts";
import { setFlag } from "./presence.ts";
import { type Role, ROLES } from "./roles.ts";
import type { Room } from "./room.ts";
import type { Scope, SessionToken } from "./scope.ts";
import { FORMAT, type RecordReader, type RecordType, SnapshotError, type SnapshotSection } from "./snapshot_records.ts";
import { RecordStream } from "./snapshot_stream.ts";
import type { ChatState } from "./state.ts";

/** How a snapshot is restored. */
export interface RestoreOptions {
  /** All sections that the snapshot may have. */
  readonly sections?: readonly SnapshotSection[];
  /** The endpoints of sessions. By default, all are those of other nodes. */
  readonly endpointOf?: (session: number) => Endpoint;
}

/** The sets of a room that records name. */
const CROWDS = ["members", ...RANKS, "invited"] as const;

/**
 * Replaces a state by that of a snapshot.
 *
 * @param records What `takeSnapshot` has yielded, after a way through JSON.
 * @throws {SnapshotError} The state is incomplete then.
 */
export function restoreSnapshot(
  state: ChatState,
  records: Iterable<unknown>,
  { sections = [], endpointOf = () => REMOTE_ENDPOINT }: RestoreOptions,
): void {
  clearState(state);
  const input = new RecordStream(records);
  input.take("start", (reader) => {
    if (reader.integer() !== FORMAT) throw new SnapshotError("it has the format of another version");
  });
  restoreSections(input, sections);
  const restorer = new Restorer(state, endpointOf);
  while (!input.is("end")) input.take(input.type, (reader, type) => restorer.take(type, reader));
  const count = input.taken;
  input.take("end", (reader) => {
    if (reader.integer() !== count) throw new SnapshotError("some records are missing");
  });
  if (!input.done) throw new SnapshotError("there are records after the last one");
  restorer.finish();
}

/** Removes all members, sessions and rooms, the lobby too. */
function clearState(state: ChatState) {
  for (const room of state.rooms.values()) room.closed = true;
  for (const map of [state.members, state.sessions, state.byAccount, state.rooms]) map.clear();
  state.emptyRooms.clear();
  state.roomNames.clear();
  state.nicknames.reset();
  state.muted.clear();
  state.whowas.clear();
  state.monitor.reset();
  state.ignores.reset();
  state.alwaysOn.clear();
  state.waiting.clear();
  state.audiences.clear();
  state.delivery.reset();
  state.storage.reset();
  for (const flag of USER_FLAGS) state.flagCounts[flag] = 0;
}

function restoreSections(input: RecordStream, sections: readonly SnapshotSection[]) {
  const missing = new Map(sections.map((section) => [section.name, section]));
  while (input.is("section")) {
    const name = input.take("section", (reader) => reader.text());
    const section = missing.get(name);
    if (section === undefined) throw new SnapshotError(`it has an unknown section ${name}, or has it twice`);
    missing.delete(name);
    section.restore(input.items());
    if (input.is("item")) throw new SnapshotError(`the section ${name} has too many records`);
  }
  for (const section of missing.values()) section.restore([]);
}

/** Adds the records of members and rooms to an empty state. */
class Restorer {
  readonly #state: ChatState;
  readonly #endpointOf: (session: number) => Endpoint;
  readonly #rooms: Room[] = [];
  /** The sessions of each member, in order. */
  readonly #sessions = new Map<Member, readonly number[]>();
  #joined = 0;

  constructor(state: ChatState, endpointOf: (session: number) => Endpoint) {
    this.#state = state;
    this.#endpointOf = endpointOf;
  }

  take(type: RecordType, reader: RecordReader): void {
    const state = this.#state;
    switch (type) {
      case "totals":
        state.now = reader.number();
        state.peak = reader.integer();
        state.ids.restore(reader.integer());
        return state.nicknames.restore(reader.integer());
      case "muted":
        return state.muted.mute(
          reader.text(),
          reader.optional((each) => each.number()),
          reader.optional((each) => each.tuple(readAction)),
        );
      case "whowas":
        return this.#takeWhowas(reader);
      case "rank":
        return state.whowas.rank(reader.list(readText));
      case "choice":
        return state.alwaysOn.choose(reader.text(), reader.flag());
      case "waiting":
        return void state.waiting.note(reader.text(), reader.number());
      case "room":
        return this.#takeRoom(reader);
      case "member":
        return this.#takeMember(reader);
      case "ignored":
        return state.ignores.restore(this.#member(reader), reader.list(readText));
      case "markers":
        return this.#takeMarkers(reader);
      case "session":
        return this.#takeSession(reader);
      case "crowd":
        return this.#takeCrowd(reader);
      case "empty":
        for (const room of reader.list((each) => this.#room(each))) state.emptyRooms.add(room);
        return;
      case "absent":
        for (const member of reader.list((each) => this.#member(each))) state.alwaysOn.absent.add(member);
        return;
      default:
        throw new SnapshotError(`a record of type ${type} is out of place`);
    }
  }

  /** Checks that the state is complete, and gives members their sessions in order. */
  finish(): void {
    const { rooms, members, sessions, storage } = this.#state;
    if (!rooms.has(LOBBY)) throw new SnapshotError("it has no lobby");
    for (const [member, ids] of this.#sessions) {
      for (const id of ids) {
        const session = sessions.get(id);
        if (session?.member !== member) throw new SnapshotError(`the session ${id} is not there`);
        member.sessions.push(session);
      }
    }
    const owned = members.values().reduce((sum, member) => sum + member.sessions.length, 0);
    if (owned !== sessions.size) throw new SnapshotError("a session has no member");
    for (const room of rooms.values()) {
      for (const member of room.members) if (!room.has(member)) throw new SnapshotError(`${room.name} is ambiguous`);
      this.#joined -= room.members.size;
    }
    if (this.#joined !== 0) throw new SnapshotError("a room lacks a member");
    for (const member of members.values()) {
      if (this.#state.isAlwaysOn(member)) storage.presence.noteStored(member.fullAccount!);
    }
  }

  #takeWhowas(reader: RecordReader) {
    const [nick, user, host, realname] = [reader.text(), reader.text(), reader.text(), reader.text()];
    this.#state.whowas.restore({ nick, user, host, realname, at: reader.number() }, readNetworks(reader));
  }

  #takeRoom(reader: RecordReader) {
    const { rooms } = this.#state;
    const name = reader.text();
    if (rooms.has(fold(name))) throw new SnapshotError(`the room ${name} is there twice`);
    const since = reader.number();
    const room = this.#state.createRoom(name, since, {
      name,
      since,
      topic: reader.optional((each) =>
        each.tuple((topic) => ({ text: topic.text(), by: topic.text(), at: topic.number() }))
      ),
      switches: reader.list((each) => each.oneOf(SWITCHES)),
      password: reader.optional(readText),
      limit: reader.optional((each) => each.number()) ?? Infinity,
      masks: reader.list((each) => each.tuple(readMask)),
      roles: reader.list((each) => each.tuple(readRole)),
    });
    room.stored = reader.flag();
    room.hasLines = reader.optional((each) => each.flag());
    room.ruled = reader.flag();
    room.lastLine = reader.integer();
    this.#rooms.push(room);
  }

  #takeMember(reader: RecordReader) {
    const { members, byAccount, nicknames } = this.#state;
    const id = reader.integer();
    const nick = reader.text();
    if (members.has(id) || nicknames.get(nick) !== undefined) throw new SnapshotError(`${nick} is there twice`);
    const [user, host] = [reader.text(), reader.text()];
    const networks = reader.optional(readNetworks) ?? [host];
    const realname = reader.text();
    const account = reader.optional(readText);
    const scope = reader.optional((each) => each.tuple(readScope));
    const away = reader.optional(readText);
    const [awayByServer, attended] = [reader.flag(), reader.flag()];
    const flags = reader.list((each) => each.oneOf(USER_FLAGS));
    const operatorName = reader.optional(readText);
    const member = new Member(nick, { user, host, networks, realname, account }, id, reader.number());
    member.scope = scope;
    member.away = away;
    member.awayByServer = awayByServer;
    member.attended = attended;
    for (const flag of flags) setFlag(this.#state, member, flag, true);
    member.operatorName = operatorName;
    member.spokeAt = reader.optional((each) => each.number()) ?? member.since;
    member.lastSeen = reader.optional((each) => each.number()) ?? member.since;
    for (const room of reader.list((each) => this.#room(each))) member.rooms.set(room.key, room);
    this.#joined += member.rooms.size;
    for (const key of reader.list(readText)) member.invitations.add(key);
    this.#sessions.set(member, reader.list((each) => each.integer()));
    members.set(id, member);
    nicknames.add(member);
    if (member.fullAccount !== undefined) byAccount.set(fold(member.fullAccount), member);
  }

  #takeMarkers(reader: RecordReader) {
    const member = this.#member(reader);
    member.readMarkers = new Map(reader.list((each) =>
      each.tuple((marker) => {
        const kind = marker.oneOf(["room", "nick", "closed"]);
        const where = kind === "room" ? this.#room(marker) : marker.text();
        return [kind === "closed" ? this.#closedRoom(where as string) : where, marker.number()];
      })
    ));
  }

  #takeSession(reader: RecordReader) {
    const { sessions } = this.#state;
    const id = reader.integer();
    if (sessions.has(id)) throw new SnapshotError(`the session ${id} is there twice`);
    const member = this.#member(reader);
    const user = reader.optional(readText) ?? member.user;
    const host = reader.optional(readText) ?? member.host;
    const networks = reader.optional(readNetworks) ?? member.networks;
    const token = reader.optional((each) => each.tuple(readToken));
    const session = new Session(id, member, { user, host, networks, realname: "", token }, this.#endpointOf(id));
    session.attended = reader.flag();
    session.missedSince = reader.optional((each) => each.number());
    session.missedPrivateSince = reader.optional((each) => each.number());
    sessions.set(id, session);
  }

  #takeCrowd(reader: RecordReader) {
    const room = this.#room(reader);
    const crowd = reader.oneOf(CROWDS);
    const set = crowd === "members" || crowd === "invited" ? room[crowd] : room.ranks[crowd satisfies Rank];
    for (const member of reader.list((each) => this.#member(each))) set.add(member);
  }

  /** A room that a marker refers to, but nothing else. */
  #closedRoom(name: string): Room {
    const room: Room = new GenericRoom(name, this.#state.delivery.createSet(), 0);
    room.closed = true;
    return room;
  }

  #member(reader: RecordReader): Member {
    const id = reader.integer();
    const member = this.#state.members.get(id);
    if (member === undefined) throw new SnapshotError(`the member ${id} is not there`);
    return member;
  }

  #room(reader: RecordReader): Room {
    const index = reader.integer();
    const room = this.#rooms[index];
    if (room === undefined) throw new SnapshotError(`the room ${index} is not there`);
    return room;
  }
}

function readText(reader: RecordReader): string {
  return reader.text();
}

function readNetworks(reader: RecordReader): string[] {
  const networks = reader.list(readText);
  if (networks.length === 0) throw new SnapshotError("a client has no network");
  return networks;
}

function readAction(reader: RecordReader): { who: string; by: string } {
  return { who: reader.text(), by: reader.text() };
}

function readMask(reader: RecordReader): Mask & { readonly list: List } {
  const list = reader.oneOf(LISTS);
  const mask = { mask: reader.text(), by: reader.text(), at: reader.number(), list };
  const nick = reader.optional(readText);
  return nick === undefined ? mask : { ...mask, nick };
}

function readRole(reader: RecordReader): Role {
  return { account: reader.text(), role: reader.oneOf(ROLES), since: reader.number(), by: reader.text() };
}

function readScope(reader: RecordReader): Scope {
  return { readOnly: reader.flag(), room: reader.optional(readText) };
}

function readToken(reader: RecordReader): SessionToken {
  return { id: reader.integer(), ...readScope(reader) };
}
