/**
 * The messages of the current room: scrolls, follows new lines at the end, loads history at the beginning, and lets the user
 * select a message.
 *
 * The position is that of the last visible row: a line, and how many of its rows are hidden below. So it stays where it is
 * when lines are added.
 */
import type { Chat } from "../../web/chat.js";
import { goToEnd, loadMore } from "../../web/history.js";
import { notKeptText } from "../../web/kept.js";
import { isMessage, type Line } from "../../web/lines.js";
import type { Names } from "../../web/mentions.js";
import { lineActions } from "../../web/quoted.js";
import { fold, type Room } from "../../web/room.js";
import type { Screen } from "../terminal/screen.ts";
import type { Capabilities, Span, Style } from "../terminal/style.ts";
import { widthOf } from "../terminal/width.ts";
import { wrapSpans } from "../terminal/wrap.ts";
import { lineRows } from "./line_rows.ts";
import { entriesOf, type Entry } from "./log_entries.ts";
import { ACCENT, DIM } from "./theme.ts";

/** How long a message that was jumped to is highlighted, in milliseconds. */
const FOUND_TIME = 3000;

/** The part of the height that stays above a message that was jumped to. */
const ABOVE_RATIO = 0.3;

/** Where the last visible row is: `hidden` rows of the line's entry are below it. */
interface Anchor {
  readonly line: Line | undefined;
  readonly kind: Entry["kind"];
  readonly hidden: number;
}

/** What is remembered of each room. */
interface RoomState {
  readonly actions: ReturnType<typeof lineActions>;
  /** `undefined`: at the end. */
  anchor: Anchor | undefined;
  /** What the next drawing scrolls to. */
  target: Line | "new" | undefined;
}

/** The area that the log was drawn into last. */
interface Area {
  readonly columns: number;
  readonly rows: number;
}

/** The log of the room that is shown. */
export class LogView {
  /** The selected message, if the user selects one. */
  selected: Line | undefined;
  readonly #chat: Chat;
  readonly #capabilities: Capabilities;
  readonly #changed: () => void;
  readonly #states = new WeakMap<Room, RoomState>();
  readonly #rows = new WeakMap<Line, { readonly key: string; readonly rows: Span[][] }>();
  readonly #unfolded = new WeakSet<Line>();
  #entries: Entry[] = [];
  #entriesOf: Room | undefined;
  #isStale = true;
  #area: Area = { columns: 80, rows: 20 };
  #found: Line | undefined;

  /** @param changed Called when it must be drawn again. */
  constructor(chat: Chat, capabilities: Capabilities, changed: () => void) {
    this.#chat = chat;
    this.#capabilities = capabilities;
    this.#changed = changed;
    chat.model.listen((change, room, line) => {
      if (room === undefined || change === "tabs" || change === "typing") return;
      if (change === "caught up" || change === "current") this.#stateOf(room).target ??= "new";
      if (change === "goto") this.#goTo(room, line);
      if (room === chat.model.current) this.#isStale = true;
      if (change === "current") this.selected = undefined;
    });
  }

  /** Draws the current room, and tells the model whether its end is visible. */
  draw(screen: Screen, top: number, left: number, columns: number, rows: number): void {
    const room = this.#chat.model.current;
    if (room === undefined || rows <= 0) return;
    if (columns !== this.#area.columns) this.#isStale = true;
    this.#area = { columns, rows };
    this.#update(room);
    const state = this.#stateOf(room);
    this.#applyTarget(room, state);
    const { visible, isTop } = this.#visible(state);
    const blank = rows - visible.length;
    for (const [i, row] of visible.entries()) screen.put(top + blank + i, left, row, columns);
    this.#chat.model.setAtEnd(state.anchor === undefined && room.newer === "none");
    if (isTop) this.#loadAtEdge(room, "older");
    if (state.anchor === undefined && room.newer !== "none") this.#loadAtEdge(room, "newer");
  }

  /** Whether the last message of the current room is visible. */
  get isAtEnd(): boolean {
    const room = this.#chat.model.current;
    return room === undefined || (this.#stateOf(room).anchor === undefined && room.newer === "none");
  }

  /** Scrolls by rows; negative ones go up. */
  scroll(rows: number): void {
    const room = this.#chat.model.current;
    if (room === undefined) return;
    this.#update(room);
    const state = this.#stateOf(room);
    state.anchor = this.#moved(state.anchor, rows);
    for (const side of ["older", "newer"] as const) if (room[side] === "failed") loadMore(this.#chat, room, side);
    this.#changed();
  }

  /** Scrolls by pages. */
  scrollPages(pages: number): void {
    this.scroll(Math.trunc(pages * Math.max(1, this.#area.rows - 2)));
  }

  /** Scrolls to the end, and loads the last messages if needed. */
  toEnd(): void {
    const room = this.#chat.model.current;
    if (room === undefined) return;
    this.selected = undefined;
    this.#stateOf(room).anchor = undefined;
    if (room.newer !== "none" && this.#chat.online) goToEnd(this.#chat, room);
    this.#changed();
  }

  /** Selects the message before or after the selected one; the first time the last visible one. */
  select(by: -1 | 1): void {
    const room = this.#chat.model.current;
    if (room === undefined) return;
    this.#update(room);
    const lines = room.lines.filter((line) => {
      return isMessage(line) && !line.ignored && line.id !== undefined && line.deletedBy === undefined;
    });
    const at = this.selected === undefined ? -1 : lines.indexOf(this.selected);
    if (at < 0) this.selected = by < 0 ? this.#lastVisible(room, lines) : undefined;
    else if (at + by >= lines.length) this.selected = undefined;
    else this.selected = lines[Math.max(0, at + by)];
    if (this.selected !== undefined) this.#reveal(room, this.selected);
    else if (by > 0) this.toEnd();
    this.#changed();
  }

  /** Opens a folded message of the current room, or folds it again, and scrolls so that it is visible from its beginning. */
  toggleFold(line: Line): void {
    if (!this.#unfolded.delete(line)) this.#unfolded.add(line);
    this.#rows.delete(line);
    const room = this.#chat.model.current;
    if (room !== undefined) {
      this.#update(room);
      this.#reveal(room, line);
    }
    this.#changed();
  }

  /** What the user can do with lines of a room. */
  actionsOf(room: Room): ReturnType<typeof lineActions> {
    return this.#stateOf(room).actions;
  }

  #stateOf(room: Room): RoomState {
    let state = this.#states.get(room);
    if (state === undefined) {
      const actions = lineActions(this.#chat, room, () => this.#changed());
      this.#states.set(room, state = { actions, anchor: undefined, target: undefined });
    }
    return state;
  }

  #update(room: Room): void {
    if (!this.#isStale && room === this.#entriesOf) return;
    const notKept = room.isRoom ? "" : notKeptText(this.#chat, room);
    this.#entries = entriesOf(room, this.#chat.model.nick, notKept);
    this.#entriesOf = room;
    this.#isStale = false;
  }

  #goTo(room: Room, line: Line | undefined): void {
    const state = this.#stateOf(room);
    state.target = line;
    if (line === undefined) state.anchor = undefined;
    if (line === undefined || line !== room.highlighted) return;
    this.#found = line;
    room.highlighted = undefined;
    setTimeout(() => {
      if (this.#found === line) this.#found = undefined;
      this.#changed();
    }, FOUND_TIME);
  }

  /** Scrolls to what was asked for: a line, or the first new message if it and the end do not fit. */
  #applyTarget(room: Room, state: RoomState): void {
    const { target } = state;
    if (target === undefined || room.queue !== undefined) return;
    state.target = undefined;
    if (target === "new") {
      const at = this.#entries.findIndex(({ kind }) => kind === "new");
      if (at < 0 || state.anchor !== undefined) return;
      state.anchor = this.#withTop(at);
      return;
    }
    const at = this.#entries.findIndex((entry) => entry.kind === "line" && entry.line === target);
    if (at < 0) return;
    state.anchor = this.#moved(this.#withTop(at), -Math.floor(this.#area.rows * ABOVE_RATIO));
  }

  /** The position at which an entry is at the top; the end if all after it is visible. */
  #withTop(at: number): Anchor | undefined {
    let left = this.#area.rows;
    for (let i = at; i < this.#entries.length; i++) {
      const count = this.#rowsOf(this.#entries[i]!).length;
      if (count >= left) return this.#anchor(i, count - left);
      left -= count;
    }
    return undefined;
  }

  /** The index of the last visible entry, and its rows below. */
  #placeOf(anchor: Anchor | undefined): { at: number; hidden: number } {
    const end = { at: this.#entries.length - 1, hidden: 0 };
    if (anchor === undefined) return end;
    const at = this.#entries.findLastIndex(({ line, kind }) => line === anchor.line && kind === anchor.kind);
    if (at >= 0) return { at, hidden: Math.min(anchor.hidden, this.#rowsOf(this.#entries[at]!).length - 1) };
    // Its line is gone: joins were joined to others, or old lines were dropped.
    const time = anchor.line?.time ?? new Date(0);
    const later = this.#entries.findIndex(({ line }) => line !== undefined && line.time >= time);
    return later < 0 ? end : { at: later, hidden: 0 };
  }

  #anchor(at: number, hidden: number): Anchor | undefined {
    if (at >= this.#entries.length - 1 && hidden <= 0) return undefined;
    const { line, kind } = this.#entries[at]!;
    return { line, kind, hidden };
  }

  /** A position moved by rows, but not beyond the end, nor so far up that rows would be blank. */
  #moved(anchor: Anchor | undefined, rows: number): Anchor | undefined {
    let { at, hidden } = this.#placeOf(anchor);
    hidden -= rows;
    while (hidden < 0) {
      if (at >= this.#entries.length - 1) return undefined;
      hidden += this.#rowsOf(this.#entries[++at]!).length;
    }
    for (let count = this.#rowsOf(this.#entries[at]!).length; hidden >= count && at > 0;) {
      hidden -= count;
      count = this.#rowsOf(this.#entries[--at]!).length;
    }
    const top = this.#withTop(0);
    const limit = this.#placeOf(top);
    if (at < limit.at || (at === limit.at && hidden > limit.hidden)) return top;
    return this.#anchor(at, hidden);
  }

  /** The rows that are visible, and whether the first entry is among them. */
  #visible({ anchor }: RoomState): { visible: Span[][]; isTop: boolean } {
    const place = this.#placeOf(anchor);
    const visible: Span[][] = [];
    let at = place.at;
    for (let hidden = place.hidden; at >= 0 && visible.length < this.#area.rows; at--, hidden = 0) {
      const rows = this.#rowsOf(this.#entries[at]!);
      for (let i = rows.length - 1 - hidden; i >= 0 && visible.length < this.#area.rows; i--) visible.push(rows[i]!);
    }
    return { visible: visible.reverse(), isTop: at < 0 };
  }

  #rowsOf(entry: Entry): Span[][] {
    const { columns } = this.#area;
    switch (entry.kind) {
      case "start":
      case "later":
        return entry.text === "" ? [[]] : wrapSpans([{ text: entry.text, style: DIM }], columns);
      case "day":
        return [separatorRow(entry.text, columns, DIM)];
      case "new":
        return [separatorRow(entry.text, columns, ACCENT)];
      case "quiet":
        return this.#lineRows({ ...entry.line, text: entry.text }, false);
      case "pending":
        return this.#lineRows(entry.line, entry.follows, entry.pending.error ?? "");
      case "line":
        return this.#cachedRows(entry.line, entry.follows);
    }
  }

  #cachedRows(line: Line, follows: boolean): Span[][] {
    const quoted = this.#quotedBy(line);
    const key = [
      this.#area.columns,
      follows,
      line.version,
      line.text.length,
      line === this.selected,
      line === this.#found,
      quoted === null ? "gone" : quoted?.id,
      quoted?.version,
    ].join();
    const known = this.#rows.get(line);
    if (known?.key === key) return known.rows;
    const rows = this.#lineRows(line, follows);
    this.#rows.set(line, { key, rows });
    return rows;
  }

  #quotedBy({ reply }: Line): Line | null | undefined {
    const room = this.#entriesOf;
    return reply === undefined || room === undefined ? undefined : this.#stateOf(room).actions.find(reply);
  }

  #lineRows(line: Line, follows: boolean, pending?: string): Span[][] {
    return lineRows(line, {
      columns: this.#area.columns,
      colors: this.#capabilities.colors,
      follows,
      names: this.#names(line),
      quoted: this.#quotedBy(line),
      isSelected: line === this.selected,
      isFound: line === this.#found,
      isUnfolded: this.#unfolded.has(line),
      pending,
    });
  }

  /** The names that are highlighted in a line. */
  #names({ own = false }: Line): Names {
    const room = this.#entriesOf;
    return {
      own: own ? "" : this.#chat.model.nick,
      member: (name) => {
        const folded = fold(name);
        if (room === undefined) return undefined;
        return room.members.get(folded)?.nick ?? (!room.isRoom && fold(room.name) === folded ? room.name : undefined);
      },
    };
  }

  /** The last of some lines that is visible. */
  #lastVisible(room: Room, lines: readonly Line[]): Line | undefined {
    const { at } = this.#placeOf(this.#stateOf(room).anchor);
    const shown = new Set(this.#entries.slice(0, at + 1).map(({ line }) => line));
    return lines.findLast((line) => shown.has(line)) ?? lines[0];
  }

  /** Scrolls so that all of a line is visible; of a line with more rows than the window, the beginning. */
  #reveal(room: Room, wanted: Line): void {
    const state = this.#stateOf(room);
    const index = this.#entries.findIndex(({ kind, line }) => kind === "line" && line === wanted);
    const { at, hidden } = this.#placeOf(state.anchor);
    if (index < 0) return;
    if (index > at || (index === at && hidden > 0)) state.anchor = this.#anchor(index, 0);
    let height = 0; // rows from the first of the line to the last visible one
    const last = this.#placeOf(state.anchor);
    for (let i = index; i <= last.at; i++) height += this.#rowsOf(this.#entries[i]!).length;
    if (height - last.hidden > this.#area.rows) state.anchor = this.#withTop(index);
  }

  #loadAtEdge(room: Room, side: "older" | "newer"): void {
    if (!this.#chat.online || room.state !== "in" || room.queue !== undefined || room[side] !== "more") return;
    loadMore(this.#chat, room, side);
  }
}

function separatorRow(text: string, columns: number, style: Style): Span[] {
  const label = ` ${text} `;
  const left = Math.max(2, Math.floor((columns - widthOf(label)) / 2));
  const right = Math.max(0, columns - left - widthOf(label));
  return [{ text: `${"─".repeat(left)}${label}${"─".repeat(right)}`, style }];
}
