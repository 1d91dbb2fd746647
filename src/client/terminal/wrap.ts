/** Breaking of styled text into rows. */
import { equalStyles, type Span, type Style } from "./style.ts";
import { type Grapheme, graphemes, widthOf } from "./width.ts";

interface Piece {
  readonly grapheme: Grapheme;
  readonly style: Style;
}

const PLAIN: Style = {};

/** Joins graphemes of the same style to spans, after an indentation. */
function join(pieces: readonly Piece[], indent: number): Span[] {
  const spans: { text: string; style: Style }[] = [];
  if (indent > 0 && pieces.length > 0) spans.push({ text: " ".repeat(indent), style: PLAIN });
  for (const { grapheme, style } of pieces) {
    const last = spans.at(-1);
    if (last !== undefined && equalStyles(last.style, style)) last.text += grapheme.text;
    else spans.push({ text: grapheme.text, style });
  }
  return spans;
}

/** How many of the pieces fit into so many columns. */
function fitting(pieces: readonly Piece[], columns: number): number {
  let width = 0;
  const index = pieces.findIndex(({ grapheme }) => (width += grapheme.width) > columns);
  return index === -1 ? pieces.length : index;
}

/**
 * Breaks spans into rows of at most `columns` columns: at spaces, long words anywhere; later rows are indented. Keeps
 * styles. Newlines in the text begin a row.
 *
 * @param indent Columns before later rows; at most half of `columns` is used. The indentation is a span of its own.
 */
export function wrapSpans(spans: readonly Span[], columns: number, indent = 0): Span[][] {
  columns = Math.max(1, columns);
  indent = Math.max(0, Math.min(indent, columns >> 1, columns - 2)); // two columns remain for a wide character
  if (spans.every(({ text }) => /^[\x20-\x7e]*$/.test(text))) {
    if (spans.reduce((sum, { text }) => sum + text.length, 0) <= columns) {
      return [spans.filter(({ text }) => text !== "")];
    }
  }
  const rows: Span[][] = [];
  let row: Piece[] = [];
  let width = 0;
  /** The index in `row` after the last space: where the row can be broken. */
  let breakAt = 0;
  /** True at the start of a row that a break made: spaces there are left out. */
  let isBroken = false;
  /** True if a space was left out after a full row. */
  let isFull = false;
  const limit = () => rows.length === 0 ? columns : columns - indent;
  const widthFrom = (pieces: readonly Piece[]) => pieces.reduce((sum, { grapheme }) => sum + grapheme.width, 0);
  const finish = (rest: Piece[], byBreak: boolean) => {
    if (byBreak) { while (row.length > 0 && row.at(-1)!.grapheme.text === " ") row.pop(); }
    rows.push(join(row, rows.length === 0 ? 0 : indent));
    row = rest;
    width = widthFrom(rest);
    breakAt = 0;
    isBroken = byBreak;
    isFull = false;
  };
  for (const { text, style } of spans) {
    const lines = text.split(/\r\n|[\n\r]/);
    for (const [i, line] of lines.entries()) {
      if (i > 0) finish([], false);
      for (let grapheme of graphemes(line)) {
        if (grapheme.width > limit()) grapheme = { text: "?", width: 1, certain: true };
        if (grapheme.text === " ") {
          if (row.length === 0 && isBroken) continue;
          // A space beyond the edge is left out: the row is broken there if something follows.
          if (width >= limit()) {
            isFull = true;
            continue;
          }
          row.push({ grapheme, style });
          width++;
          breakAt = row.length;
          continue;
        }
        if (isFull) finish([], true);
        while (width + grapheme.width > limit()) {
          const isWord = breakAt > 0 && row.slice(0, breakAt).some((piece) => piece.grapheme.text !== " ");
          finish(row.splice(isWord ? breakAt : fitting(row, limit())), true);
        }
        row.push({ grapheme, style });
        width += grapheme.width;
        // Between ideographs a row can be broken anywhere.
        if (grapheme.width === 2 && grapheme.certain) breakAt = row.length;
      }
    }
  }
  finish([], false);
  return rows;
}

/** The columns that spans take. */
export function widthOfSpans(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + widthOf(text), 0);
}
