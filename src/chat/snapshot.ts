/**
 * Writes the state that all nodes share as a snapshot: records of plain JSON, each of bounded size, in an order in which
 * `restore_snapshot.ts` can read them.
 *
 * The order of members, rooms and sessions is observable (in lists, and in what is dropped first), so it is in the snapshot.
 *
 * Not in it, as it follows from the rest: indexes by nickname and account, names of rooms, counts of flags, which members
 * ignore an author, cached bans and audiences. Not in it, as it belongs to one node: outlets, formats and handlers, what
 * protocols set (`echo`, `hidesIgnored`, `readsShown`, `shownPrivate`, `extendedMonitor`), which rooms a
 * session is shown, monitor lists, queued lines, what is still to be written to the history, how many lines it has stored, and
 * limits (`storageCredit`). Limits, policies and reserved names are settings.
 */
import { USER_FLAGS } from "./commands.ts";
import type { Member, Session } from "./member.ts";
import { RANKS } from "./modes.ts";
import type { Room } from "./room.ts";
import type { SessionToken } from "./scope.ts";
import { FORMAT, type Json, RECORDS, type SnapshotSection } from "./snapshot_records.ts";
import type { ChatState } from "./state.ts";

/** The most ids in a record. */
export const IDS_MAX = 500;

/**
 * Takes a snapshot. The state must not change meanwhile; each step takes far less than a millisecond.
 *
 * @param sections What belongs to the state beside members and rooms.
 */
export function* takeSnapshot(state: ChatState, sections: readonly SnapshotSection[]): Generator<Json> {
  let count = 0;
  for (const record of records(state, sections)) {
    count++;
    yield record;
  }
  yield [RECORDS.end, count];
}

function* records(state: ChatState, sections: readonly SnapshotSection[]): Generator<Json> {
  yield [RECORDS.start, FORMAT];
  // First, as accounts decide which members are always on.
  for (const section of sections) {
    yield [RECORDS.section, section.name];
    for (const item of section.take()) yield [RECORDS.item, item];
  }
  yield [RECORDS.totals, state.now, state.peak, state.ids.last, state.nicknames.nextGuest];
  for (const [host, { until, action }] of state.muted) {
    yield [RECORDS.muted, host, until ?? null, action ? [action.who, action.by] : null];
  }
  for (const [{ nick, user, host, realname, at }, networks] of state.whowas.entries()) {
    yield [RECORDS.whowas, nick, user, host, realname, at, networks];
  }
  for (const networks of state.whowas.ranking()) yield [RECORDS.rank, networks];
  for (const [account, choice] of state.alwaysOn.choices) yield [RECORDS.choice, account, choice];
  for (const [account, since] of state.waiting) yield [RECORDS.waiting, account, since];
  yield* roomRecords(state);
}

function* roomRecords(state: ChatState): Generator<Json> {
  const indexes = new Map<Room, number>();
  for (const room of state.rooms.values()) {
    indexes.set(room, indexes.size);
    yield roomRecord(room);
  }
  for (const member of state.members.values()) {
    yield memberRecord(member, indexes);
    const ignored = state.ignores.list(member);
    if (ignored.length > 0) yield [RECORDS.ignored, member.id, ignored];
    if (member.readMarkers !== undefined) yield markersRecord(member, indexes);
  }
  for (const session of state.sessions.values()) yield sessionRecord(session);
  for (const [room, index] of indexes) {
    for (const [crowd, members] of crowdsOf(room)) {
      for (const ids of chunks(members, ({ id }) => id)) yield [RECORDS.crowd, index, crowd, ids];
    }
  }
  for (const empty of chunks(state.emptyRooms, (room) => indexes.get(room)!)) yield [RECORDS.empty, empty];
  for (const absent of chunks(state.alwaysOn.absent, ({ id }) => id)) yield [RECORDS.absent, absent];
}

/** The members that concern a room, by the name in records. */
function crowdsOf({ members, ranks, invited }: Room) {
  return [["members", members], ...RANKS.map((rank) => [rank, ranks[rank]] as const), ["invited", invited]] as const;
}

function roomRecord({ saved, stored, hasLines, ruled, lastLine }: Room): Json {
  const { name, since, topic, switches, password, limit, masks, roles } = saved;
  return [
    RECORDS.room,
    name,
    since,
    topic === undefined ? null : [topic.text, topic.by, topic.at],
    [...switches],
    password ?? null,
    limit === Infinity ? null : limit,
    masks.map(({ list, mask, by, at, nick }) => [list, mask, by, at, nick ?? null]),
    roles.map(({ account, role, since, by }) => [account, role, since, by]),
    stored,
    hasLines ?? null,
    ruled,
    lastLine,
  ];
}

function memberRecord(member: Member, indexes: ReadonlyMap<Room, number>): Json {
  const { id, nick, user, host, networks, realname, account, scope, away, since, spokeAt, lastSeen } = member;
  return [
    RECORDS.member,
    id,
    nick,
    user,
    host,
    networks.length === 1 && networks[0] === host ? null : networks,
    realname,
    account ?? null,
    scope === undefined ? null : [scope.readOnly, scope.room ?? null],
    away ?? null,
    member.awayByServer,
    member.attended,
    USER_FLAGS.filter((flag) => member[flag]),
    member.operatorName ?? null,
    since,
    spokeAt === since ? null : spokeAt,
    lastSeen === since ? null : lastSeen,
    [...member.rooms.values()].map((room) => indexes.get(room)!),
    [...member.invitations],
    member.sessions.map((session) => session.id),
  ];
}

/** Markers of rooms that do not exist any more count, as there is a limit. */
function markersRecord({ id, readMarkers }: Member, indexes: ReadonlyMap<Room, number>): Json {
  const markers = [...readMarkers!].map(([where, time]) => {
    if (typeof where === "string") return ["nick", where, time];
    const index = indexes.get(where);
    return index === undefined ? ["closed", where.name, time] : ["room", index, time];
  });
  return [RECORDS.markers, id, markers];
}

/** What is as for the member is left out. */
function sessionRecord(session: Session): Json {
  const { id, member, user, host, networks, token, attended, missedSince, missedPrivateSince } = session;
  return [
    RECORDS.session,
    id,
    member.id,
    user === member.user ? null : user,
    host === member.host ? null : host,
    isSame(networks, member.networks) ? null : networks,
    token === undefined ? null : tokenRecord(token),
    attended,
    missedSince ?? null,
    missedPrivateSince ?? null,
  ];
}

function tokenRecord({ id, readOnly, room }: SessionToken): Json {
  return [id, readOnly, room ?? null];
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some === others || (some.length === others.length && some.every((each, index) => each === others[index]));
}

/** Ids or indexes in lists of at most {@linkcode IDS_MAX}. */
function* chunks<T>(items: Iterable<T>, number: (item: T) => number): Generator<number[]> {
  let chunk: number[] = [];
  for (const item of items) {
    chunk.push(number(item));
    if (chunk.length < IDS_MAX) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
