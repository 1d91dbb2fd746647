/** Finds lines by the time at which they were said. */
import { firstId } from "../chat/ids.ts";
import type { Statements } from "./statements.ts";
import type { Targets } from "./targets.ts";

/** The columns that the search by time reads. */
interface LineTime {
  readonly id: number;
  readonly time: number;
}

/**
 * The first line of a target that was said in a period; Infinity if there is none.
 *
 * An id is never earlier than the time of its line, but it may be later: ids only grow, also after the system clock was
 * set back. So the lines with ids up to those of `now` are in the order of their times, and a binary search finds the
 * first one. The lines with greater ids that were said by `now` are all in the partial index `message_ahead`. Lines said
 * after `now` come from a wrong clock, and are ignored.
 *
 * @param from The start of the period, in milliseconds since 1970.
 * @param now The end of the period, inclusive.
 * @returns The id of the line.
 */
export function firstSaidSince(sql: Statements, targets: Targets, target: number, from: number, now: number): number {
  const end = firstId(now + 1);
  const firstFrom = (id: number) => {
    const query = "SELECT id, time FROM message WHERE target = ? AND id >= ? ORDER BY id LIMIT 1";
    const line = sql.get<LineTime>(query, target, id);
    return line !== undefined && line.id < end ? line : undefined;
  };
  const line = firstFrom(Math.max(0, Math.min(firstId(from), end))); // all lines before it were said before
  if (line !== undefined && line.time >= from) return line.id; // the usual case
  let first = Infinity;
  if (line !== undefined) {
    for (let low = targets.firstId(target), high = Math.min(targets.lastId(target), end - 1); low <= high;) {
      const middle = low + Math.floor((high - low) / 2);
      const line = firstFrom(middle);
      if (line !== undefined && line.time < from) low = line.id + 1;
      else {
        first = line?.id ?? first;
        high = middle - 1;
      }
    }
  }
  if (first < Infinity) return first;
  const ahead = sql.get<{ id: number }>(
    `SELECT id FROM message WHERE target = ? AND time >= ? AND time <= ? AND id >= (time + 1) * 1024
      ORDER BY time LIMIT 1`,
    target,
    from,
    now,
  );
  return ahead?.id ?? Infinity;
}
