/** A line of a room as rows of the terminal: time, nickname, text, and what belongs to it. */
import { isMessage, type Line, type Reaction } from "../../web/lines.js";
import { deletedText, quoteText } from "../../web/quoted.js";
import type { Names } from "../../web/mentions.js";
import type { Span, Style } from "../terminal/style.ts";
import { fit, widthOf } from "../terminal/width.ts";
import { widthOfSpans, wrapSpans } from "../terminal/wrap.ts";
import { lineSpans, messageRows } from "./message_spans.ts";
import { ACCENT, BOLD, DIM, ERROR, FOUND, nickStyle, PLAIN, SELECTED } from "./theme.ts";

/** A message with more rows than `FOLD_FROM` is folded to `FOLDED_ROWS`. */
const FOLD_FROM = 24;
const FOLDED_ROWS = 12;

/** The least columns that are left for text. */
const TEXT_MIN = 8;

/**
 * The columns between nickname and text, in which a mention is marked. Without a column for nicknames, it is one column after
 * the time.
 */
const GAP = 3;
const MARK = "▌ ";
const NARROW_MARK = "▌";

/** How a line is drawn. */
export interface RowOptions {
  readonly columns: number;
  readonly colors: number;
  /** Whether it continues the block of the line before, and needs no name. */
  readonly follows: boolean;
  readonly names: Names;
  /** The line that it replies to; `null` if it is gone, `undefined` while it is being loaded. */
  readonly quoted?: Line | null;
  readonly isSelected: boolean;
  readonly isFound: boolean;
  readonly isUnfolded: boolean;
  /** Of a message that is not confirmed: why it was not sent, or the empty string. */
  readonly pending?: string;
}

/** The columns of time and nickname, for a width. */
export interface Columns {
  readonly time: number;
  /** 0: the nickname is part of the text. */
  readonly nick: number;
}

/** The columns for a width: narrow windows have neither. */
export function columnsFor(columns: number): Columns {
  if (columns >= 72) return { time: 6, nick: columns >= 120 ? 16 : 12 };
  return { time: columns >= 44 ? 6 : 0, nick: 0 };
}

/** The rows of a line. */
export function lineRows(line: Line, options: RowOptions): Span[][] {
  const { time, nick: nickColumns } = columnsFor(options.columns);
  const indent = time + (nickColumns === 0 ? 0 : nickColumns + GAP);
  const columns = Math.max(TEXT_MIN, options.columns - indent);
  const body = bodyRows(line, { ...options, columns }, nickColumns === 0);
  const highlight = options.isSelected ? SELECTED : options.isFound ? FOUND : undefined;
  const isMarked = line.mention === true && !line.own && indent > 0;
  const mark = !isMarked ? "" : nickColumns === 0 ? NARROW_MARK : MARK;
  return body.map((row, i) => {
    const head = i === 0 ? headSpans(line, options, nickColumns) : [];
    const gap = indent - widthOfSpans(head);
    const all = [...head, space(gap - mark.length), { text: mark, style: ACCENT }, ...row];
    if (highlight === undefined) return all;
    const lit = [...all, space(options.columns - widthOfSpans(all))];
    return lit.map(({ text, style }) => ({ text, style: { ...style, ...highlight } }));
  });
}

/** The time and, in its column, the nickname. */
function headSpans(line: Line, { columns, follows, colors }: RowOptions, nickColumns: number): Span[] {
  const { kind, nick = "", time } = line;
  const clock: Span[] = columnsFor(columns).time === 0 ? [] : [{ text: timeText(time), style: DIM }];
  if (nickColumns === 0) return clock;
  if (!isMessage(line)) {
    return [...clock, { text: " ".repeat(nickColumns - 1), style: PLAIN }, { text: "--", style: DIM }];
  }
  if (kind === "action") return [...clock, { text: " ".repeat(nickColumns), style: PLAIN }, { text: "*", style: DIM }];
  if (follows) return clock;
  const name = fit(nick, nickColumns);
  return [...clock, { text: " ".repeat(1 + nickColumns - widthOf(name)), style: PLAIN }, {
    text: name,
    style: nickStyle(nick, colors),
  }];
}

function bodyRows(line: Line, options: RowOptions, isInline: boolean): Span[][] {
  const { columns, colors, follows, names, pending } = options;
  const { kind, nick = "", text } = line;
  const isPending = pending !== undefined;
  const base: Style = isPending ? DIM : PLAIN;
  if (!isMessage(line)) {
    const style = kind === "error" ? ERROR : DIM;
    return text.split("\n").flatMap((each) => {
      return wrapSpans(lineSpans(each, { columns, colors, base: style }, false), columns, 2);
    });
  }
  const rows: Span[][] = [];
  if (line.reply !== undefined) rows.push(quoteRow(options));
  const by: Span[] = kind === "action"
    ? [{ text: `${isInline ? "* " : ""}${nick} `, style: nickStyle(nick, colors) }]
    : isInline && !follows
    ? [{ text: `${nick}: `, style: nickStyle(nick, colors) }]
    : [];
  if (line.deletedBy !== undefined) {
    rows.push(...wrapSpans([...by, { text: deletedText(line), style: { dim: true, italic: true } }], columns, 2));
  } else if (by.length > 0) rows.push(...namedRows(by, text, { columns, colors, names, base }));
  else rows.push(...messageRows(text, { columns, colors, names, base }));
  const folded = options.isUnfolded || rows.length <= FOLD_FROM ? rows : foldRows(rows, columns);
  const reactions = line.reactions ?? [];
  if (reactions.length > 0) folded.push(...wrapSpans(reactionSpans(reactions), columns));
  if (pending) folded.push(...wrapSpans([{ text: `${pending} /resend or /discard.`, style: ERROR }], columns));
  return folded;
}

/** The rows of a message that begins with a name; what does not fit into its first row goes below. */
function namedRows(by: Span[], text: string, options: Parameters<typeof messageRows>[1]): Span[][] {
  const [first = "", ...others] = text.split("\n");
  if (/^\s*```|^>(?: |$)/.test(first)) return [...wrapSpans(by, options.columns), ...messageRows(text, options)];
  const rows = wrapSpans([...by, ...lineSpans(first, options)], options.columns, 2);
  return others.length === 0 ? rows : [...rows, ...messageRows(others.join("\n"), options)];
}

function foldRows(rows: Span[][], columns: number): Span[][] {
  const hidden = rows.length - FOLDED_ROWS;
  const hint = `… ${hidden} more rows. Alt+Up selects the message, and Enter opens it.`;
  return [...rows.slice(0, FOLDED_ROWS), ...wrapSpans([{ text: hint, style: DIM }], columns)];
}

/** The message that the line replies to, in one row. */
function quoteRow({ quoted, columns, colors }: RowOptions): Span[] {
  const edge: Span = { text: "╭ ", style: DIM };
  const sentence = (text: string): Span[] => [edge, { text: fit(text, columns - 2), style: DIM }];
  if (quoted === undefined) return sentence("An earlier message");
  if (quoted === null) return sentence("A message that is gone");
  const name = fit(quoted.nick ?? "", Math.min(20, columns >> 1));
  const said = fit(quoteText(quoted).replaceAll("\n", " "), Math.max(1, columns - widthOf(name) - 4));
  return [edge, { text: `${name} `, style: { ...nickStyle(quoted.nick ?? "", colors), dim: true } }, {
    text: said,
    style: DIM,
  }];
}

function reactionSpans(reactions: readonly Reaction[]): Span[] {
  return reactions.flatMap(({ text, nicks, own }): Span[] => [
    { text: `${text} ${nicks.size}`, style: own ? BOLD : DIM },
    { text: "  ", style: PLAIN },
  ]);
}

/** `14:05`, by the clock of this machine. */
export function timeText(time: Date): string {
  return `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
}

function space(columns: number): Span {
  return { text: " ".repeat(Math.max(0, columns)), style: PLAIN };
}
