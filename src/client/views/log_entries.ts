/** What the log of a room shows, in order: messages, joins and parts as one line, days, the mark of new messages. */
import { isContinued, type Line, membershipText } from "../../web/lines.js";
import type { Pending, Room } from "../../web/room.js";

/**
 * An entry of the log. `line` is the line by which scrolling finds the entry again: no two entries have the same line and
 * kind.
 */
export type Entry =
  | { readonly kind: "line"; readonly line: Line; readonly follows: boolean }
  | { readonly kind: "pending"; readonly line: Line; readonly follows: boolean; readonly pending: Pending }
  | { readonly kind: "quiet"; readonly line: Line; readonly text: string }
  | { readonly kind: "day" | "new"; readonly line: Line; readonly text: string }
  | { readonly kind: "start" | "later"; readonly line: undefined; readonly text: string };

/**
 * The entries of a room, the oldest first.
 *
 * @param nick The user's nickname.
 * @param notKept Shown at the beginning of a private conversation; empty if its messages are stored.
 */
export function entriesOf(room: Room, nick: string, notKept: string): Entry[] {
  const entries: Entry[] = [{ kind: "start", line: undefined, text: startText(room, notKept) }];
  let previous: Line | undefined;
  let group: Line[] = [];
  const endGroup = () => {
    const [first] = group;
    if (first !== undefined) entries.push({ kind: "quiet", line: first, text: cut(membershipText(group)) });
    group = [];
  };
  let day = "";
  for (const line of room.lines) {
    if (line.ignored) continue;
    const today = line.time.toDateString();
    const isNew = line === room.firstNewLine;
    const alone = today !== day || isNew;
    if (alone || line.kind !== "quiet") endGroup();
    if (today !== day) entries.push({ kind: "day", line, text: dayText(line.time) });
    if (isNew) entries.push({ kind: "new", line, text: "New messages" });
    if (line.kind === "quiet") group.push(line);
    else entries.push({ kind: "line", line, follows: !alone && isContinued(previous, line) });
    previous = line;
    day = today;
  }
  endGroup();
  if (room.newer === "none") entries.push(...pendingEntries(room, nick, previous));
  else entries.push({ kind: "later", line: undefined, text: laterText(room) });
  return entries;
}

/** The most characters about joins, parts and changes of names that follow each other. */
const QUIET_MAX = 1000;

function cut(text: string): string {
  return text.length > QUIET_MAX ? `${text.slice(0, QUIET_MAX)}…` : text;
}

function* pendingEntries({ pending }: Room, nick: string, previous: Line | undefined): Generator<Entry> {
  for (const each of pending) {
    const line: Line = { ...each, nick, own: true };
    yield { kind: "pending", line, follows: isContinued(previous, line), pending: each };
    previous = line;
  }
}

/** What the log says above its first line. */
function startText(room: Room, notKept: string): string {
  const { isRoom, state, older, queue } = room;
  if (state === "out") return ""; // the status row says why
  if (older === "failed") return "Earlier messages could not be loaded. PgUp tries again.";
  if (older === "more" || older === "loading" || queue !== undefined) return "Loading …";
  if (!isRoom) return `Only the two of you can read this.${notKept === "" ? "" : ` ${notKept}`}`;
  if (state === "joining") return "";
  return older === "none" ? `This is where ${room.name} begins.` : "You joined here. Earlier messages are not shown.";
}

function laterText({ newer }: Room): string {
  return newer === "failed" ? "Later messages could not be loaded. PgDn tries again." : "Loading …";
}

/** A day as the user's language writes it: `Monday, 30 November 2026`. */
function dayText(time: Date): string {
  return time.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}
