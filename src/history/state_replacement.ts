/**
 * Replaces the rooms and the presence in a file by those of a snapshot, in steps.
 *
 * No checkpoint counts from the first step on. So after a crash in between, a node starts from a snapshot again.
 */
import { ACCOUNT_HOST } from "../chat/conversations.ts";
import { firstId } from "../chat/ids.ts";
import { fold } from "../chat/names.ts";
import type { NodeState } from "../chat/node_state.ts";
import type { SavedRoom } from "../chat/store.ts";
import type { Steps } from "../util/steps.ts";
import type { CheckpointTable } from "./checkpoint_table.ts";
import type { LineArchiveTable } from "./line_archive_table.ts";
import type { Position } from "./position.ts";
import type { ReadMarkerTable } from "./read_marker_table.ts";
import type { PresenceTable } from "./presence_table.ts";
import type { Statements } from "./statements.ts";
import type { TargetDeletion } from "./target_deletion.ts";
import type { Targets } from "./targets.ts";

/** How many rooms or members one step writes. */
const STEP = 50;

/** What is replaced. */
export interface ReplacedParts {
  readonly sql: Statements;
  readonly targets: Targets;
  readonly targetDeletion: TargetDeletion;
  readonly presence: PresenceTable;
  readonly readMarkers: ReadMarkerTable;
  readonly checkpoints: CheckpointTable;
  readonly archive: LineArchiveTable;
  readonly position: Position;
  /** The greatest id of the lines in the file. */
  readonly last: number;
}

/**
 * Replaces the state. Rooms that are not part of it are deleted with their lines, unless they have another name there, and so are
 * the private conversations of accounts that were deleted meanwhile; the accounts have been replaced before. Lines that are missing
 * have to be caught up on: see `LineArchive.catchUp`. The caches of rooms must be empty: to be called before commands are applied.
 *
 * @throws {StoreError}
 */
export function* replaceState(parts: ReplacedParts, state: NodeState): Steps<void> {
  const { sql, targets, targetDeletion, presence, readMarkers, checkpoints, archive, position, last } = parts;
  checkpoints.clear();
  if (state.last > last) archive.begin({ after: last, until: state.last, position: state.position });
  yield;
  for (const key of renameRooms(parts, state.rooms)) {
    targetDeletion.delete(key);
    yield;
  }
  for (const key of conversationsOfDeleted(sql)) {
    targetDeletion.delete(key);
    yield;
  }
  for (const rooms of slices(state.rooms)) {
    sql.write(() => {
      for (const room of rooms) targets.saveRoom(fold(room.name), room);
    });
    yield;
  }
  yield* readMarkers.replace();
  sql.write(() =>
    sql.db.exec("DELETE FROM presence; DELETE FROM presence_room; DELETE FROM always_on; DELETE FROM waiting")
  );
  const changes = [
    ...state.members.map(([account, member]) => () => presence.saveMember(account, member)),
    ...state.choices.map(([account, choice]) => () => presence.saveChoice(account, choice)),
    ...state.waiting.map(([account, since]) => () => presence.saveWaiting(account, since)),
  ];
  for (const some of slices(changes)) {
    for (const change of some) change();
    sql.write(() => presence.write());
    presence.confirm();
    yield;
  }
  position.replace(state.position);
}

/** The keys of the conversations of accounts that do not exist any more, or have had another owner when a line was said. */
function conversationsOfDeleted(sql: Statements): string[] {
  const mark = `@${ACCOUNT_HOST} `;
  return sql.all<{ key: string }>(
    `SELECT target.key FROM target
      LEFT JOIN account ON account.key = substr(target.key, 1, instr(target.key, ?1) - 1)
      WHERE target.key >= '$' AND instr(target.key, ?1) > 0 AND (account.key IS NULL
        OR (SELECT min(id) FROM message WHERE target = target.id) < account.since * ${firstId(1)})`,
    mark,
  ).map(({ key }) => key);
}

/** Gives rooms the names that they have in a state; returns the keys of those that it does not have. */
function renameRooms({ sql, targets }: ReplacedParts, rooms: readonly SavedRoom[]): string[] {
  const keys = new Map(rooms.map(({ name, since }) => [fold(name), since]));
  const bySince = Map.groupBy(rooms, ({ since }) => since);
  const stored = targets.rooms();
  const storedBySince = Map.groupBy(stored, ({ since }) => since);
  const others = stored.filter(({ name, since }) => keys.get(fold(name)) !== since);
  const moved: [from: string, name: string][] = [];
  const gone: string[] = [];
  for (const { name, since } of others) {
    const found = bySince.get(since) ?? [];
    // The time when a room was created identifies it, unless two were created at the same time.
    if (found.length === 1 && storedBySince.get(since)!.length === 1) moved.push([fold(name), found[0]!.name]);
    else gone.push(fold(name));
  }
  // First all get keys that no room can have, as names may have gone round.
  const passing = (key: string) => `#\u0001${key}`;
  sql.write(() => {
    for (const key of [...moved.map(([from]) => from), ...gone]) targets.rename(key, passing(key), key);
    for (const [from, name] of moved) targets.rename(passing(from), fold(name), name);
  });
  return gone.map(passing);
}

function* slices<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += STEP) yield all.slice(at, at + STEP);
}
