/** The bars of the terminal client: tabs with their unread counts, the topic, people, and the status above the input. */
import type { Model } from "../../web/model.js";
import type { Room } from "../../web/room.js";
import type { Screen } from "../terminal/screen.ts";
import type { Capabilities, Span } from "../terminal/style.ts";
import { fit, widthOf } from "../terminal/width.ts";
import { wrapSpans } from "../terminal/wrap.ts";
import { lineSpans } from "./message_spans.ts";
import { ACCENT, BAR, BAR_CURRENT, BAR_MENTION, DIM, ERROR, nickStyle, PLAIN } from "./theme.ts";

/** Tabs up to this one have a number: Alt and the digit show them. */
const NUMBERED = 9;

/** The list of people has so many columns, with its edge. */
export const PEOPLE_COLUMNS = 20;

/** Draws the tabs, as many as fit around the current one. */
export function drawTabs(screen: Screen, row: number, columns: number, model: Model): void {
  screen.fill(row, 0, columns, BAR);
  const rooms = model.tabs;
  const tabs = rooms.map((room, i) => tabSpan(room, i, room === model.current));
  const widths = tabs.map(({ text }) => widthOf(text));
  const current = Math.max(0, rooms.findIndex((room) => room === model.current));
  let first = current;
  let used = widths[current] ?? 0;
  while (first > 0 && used + widths[first - 1]! <= columns - 2) used += widths[--first]!;
  const hasMore = first > 0;
  const edge = (text: string, hidden: readonly Room[]): Span => {
    return { text, style: hidden.some(({ unread }) => unread > 0) ? BAR_MENTION : BAR };
  };
  let column = hasMore ? screen.put(row, 0, [edge("‹", rooms.slice(0, first))], columns) : 0;
  for (const tab of tabs.slice(first)) {
    if (column >= columns) break;
    column = screen.put(row, column, [tab], columns - column);
  }
  let end = first;
  for (let width = Number(hasMore); end < rooms.length && width + widths[end]! <= columns; end++) width += widths[end]!;
  if (end < rooms.length) screen.put(row, columns - 1, [edge("›", rooms.slice(end))]);
}

/** ` 2 #tea 3 `: the number of the tab, its name, and how many messages are unread; `!` if one of them is for the user. */
function tabSpan({ name, unread, mentions, isRoom }: Room, index: number, isCurrent: boolean): Span {
  const number = index < NUMBERED ? `${index + 1} ` : "";
  const count = unread === 0 ? "" : ` ${unread > 99 ? "99+" : unread}${isRoom && mentions > 0 ? "!" : ""}`;
  const isForUser = mentions > 0 || (!isRoom && unread > 0);
  return {
    text: ` ${number}${fit(name, 24)}${count} `,
    style: isCurrent ? BAR_CURRENT : isForUser ? BAR_MENTION : BAR,
  };
}

/** Draws the topic of a room in one row. */
export function drawTopic(screen: Screen, row: number, columns: number, room: Room, colors: number): void {
  const spans = lineSpans(room.topic, { columns, colors, base: DIM }, false);
  screen.put(row, 0, [{ text: `${room.name}: `, style: DIM }, ...spans], columns);
}

/** Draws the members at the right edge. */
export function drawPeople(
  screen: Screen,
  { top, left, rows }: { readonly top: number; readonly left: number; readonly rows: number },
  room: Room,
  { colors, unicode }: Capabilities,
): void {
  const members = room.sortedMembers;
  const shown = members.length > rows ? members.slice(0, rows - 1) : members;
  for (let i = 0; i < rows; i++) {
    const member = shown[i];
    const edge: Span = { text: unicode ? "│" : "|", style: DIM };
    const rest = i === shown.length && members.length > shown.length ? `+${members.length - shown.length} more` : "";
    const name: Span = member === undefined ? { text: rest, style: DIM } : {
      text: `${member.prefixes.slice(0, 1)}${fit(member.nick, PEOPLE_COLUMNS - 3)}`,
      style: member.away ? DIM : nickStyle(member.nick, colors),
    };
    screen.put(top + i, left, [edge, { text: " ", style: PLAIN }, name], PEOPLE_COLUMNS);
  }
}

/** What the status row says. */
export interface Status {
  /** At the left: who types, the message that is replied to, or the state of the connection. */
  readonly text: string;
  readonly kind: "plain" | "accent" | "error";
  /** Whether the text is shown in several rows if it needs them, as errors are. */
  readonly isWhole?: boolean;
  /** At the right. */
  readonly hint: string;
}

/** The most rows of the status. A longer text ends in …. */
const STATUS_ROWS_MAX = 3;

/** A terminal with fewer rows shows one row of the status. */
const TALL_FROM = 10;

/** The rows of the status in a terminal of so many columns and rows. Errors and the reasons of questions may have several. */
export function statusRows({ text, kind, isWhole = kind === "error" }: Status, columns: number, rows: number): number {
  if (!isWhole || rows < TALL_FROM) return 1;
  return Math.max(1, Math.min(STATUS_ROWS_MAX, wrapSpans([{ text, style: ERROR }], columns).length));
}

/** Draws the rows above the input. A text of several rows leaves no place for the hint. */
export function drawStatus(
  screen: Screen,
  { top, rows, columns }: { readonly top: number; readonly rows: number; readonly columns: number },
  { text, kind, hint }: Status,
): void {
  const style = kind === "error" ? ERROR : kind === "accent" ? ACCENT : DIM;
  if (rows > 1) {
    const lines = wrapSpans([{ text, style }], columns).map((line) => line.map((span) => span.text).join(""));
    const last = fit(lines.slice(rows - 1).join(" "), columns);
    for (const [i, line] of [...lines.slice(0, rows - 1), last].entries()) {
      screen.put(top + i, 0, [{ text: line, style }], columns);
    }
    return;
  }
  const isWide = widthOf(text) + widthOf(hint) + 1 > columns;
  const right = isWide && kind === "error" ? "" : fit(hint, Math.floor(columns / 2));
  const left = fit(text, Math.max(0, right === "" ? columns : columns - widthOf(right) - 1));
  screen.put(top, 0, [{ text: left, style }], columns);
  screen.put(top, columns - widthOf(right), [{ text: right, style: DIM }]);
}
