/** The rows of the tables `message`, `target`, `mask` and `role`, and the lines and rooms that they are converted to. */
import type { Said, Style, Whispered } from "../chat/events.ts";
import type { List, Switch } from "../chat/modes.ts";
import type { Role } from "../chat/roles.ts";
import type { Line, SavedRoom } from "../chat/store.ts";

/** A row of `message`. */
export interface MessageRow {
  readonly target: number;
  readonly id: number;
  readonly time: number;
  /** An index into the styles; see {@linkcode styleCode}. */
  readonly style: number;
  readonly origin: string;
  /** The recipient of a private line; null for a line in a room. */
  readonly recipient: string | null;
  readonly text: string;
  readonly tags: string;
  readonly bot: number;
  readonly account: string | null;
  /** The id of the line that it replies to. */
  readonly reply: number | null;
  readonly deleted_by: string | null;
  /** Whether it may have reactions or mentions: 0 or 1. */
  readonly extras: number;
}

/** A row of `target`. */
export interface TargetRow {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly since: number;
  readonly topic: string | null;
  readonly topic_by: string | null;
  readonly topic_at: number | null;
  readonly switches: string;
  readonly password: string | null;
  readonly limit: number | null;
  readonly changed: number;
}

/** A row of `mask`. */
export interface MaskRow {
  readonly target: number;
  readonly list: List;
  readonly mask: string;
  readonly by: string;
  readonly at: number;
  readonly nick: string | null;
}

/** A row of `role`. */
export interface RoleRow extends Role {
  readonly target: number;
  readonly key: string;
}

/** The styles in the order of their codes in the file. The order is part of the file format. */
const STYLES: readonly Style[] = ["say", "action", "notice"];

/** The code of a style in the column `style`. */
export function styleCode(style: Style): number {
  return STYLES.indexOf(style);
}

/**
 * Converts a row to a line, without its reply, reactions and mentions: see `line_extras.ts`.
 *
 * @param room The name of the room, for a line in a room.
 */
export function lineOf(row: MessageRow, room: string): Line {
  const { id, time, origin, text, tags } = row;
  const account = row.account === null ? {} : { account: row.account };
  const [style, bot] = [STYLES[row.style]!, row.bot === 1];
  const deleted = row.deleted_by === null ? {} : { deletedBy: row.deleted_by };
  const speech = { who: nickOf(origin), origin, ...account, id, text, style, time, tags, bot, ...deleted };
  if (row.recipient === null) return { kind: "said", ...speech, room } satisfies Said;
  return { kind: "whispered", ...speech, to: row.recipient } satisfies Whispered;
}

/** Converts a row, and the masks and roles of the room, to a room. */
export function savedRoomOf(row: TargetRow, masks: SavedRoom["masks"], roles: readonly Role[]): SavedRoom {
  const { name, since, topic, topic_by, topic_at, switches, password, limit } = row;
  return {
    name,
    since,
    topic: topic === null ? undefined : { text: topic, by: topic_by ?? "", at: topic_at ?? 0 },
    switches: [...switches] as Switch[],
    password: password ?? undefined,
    limit: limit ?? Infinity,
    masks,
    roles,
  };
}

/** The nickname in `nick!user@host`. */
export function nickOf(origin: string): string {
  return origin.slice(0, origin.indexOf("!"));
}

/** Converts a number of rows for `LIMIT`: SQLite rejects Infinity, and takes a negative number for no limit. */
export function rowLimit(count: number): number {
  return Math.max(0, Math.min(count, Number.MAX_SAFE_INTEGER));
}
