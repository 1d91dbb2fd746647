/**
 * A grid of cells, and the shortest output that turns what the terminal shows into it.
 *
 * The screen relies on little: cursor positions, SGR, and erasing to the end of a row. After a grapheme whose width is not
 * the same on all terminals it sets the cursor, and writes the cells again that the grapheme may have covered. A terminal
 * that gives the grapheme another width shows a gap there, and nothing else moves. Automatic wrapping is off.
 */
import { asciiGrapheme } from "./ascii.ts";
import { type Attributes, attributesOf, transition } from "./sgr.ts";
import type { Capabilities, Span, Style } from "./style.ts";
import { graphemes } from "./width.ts";

/** The limit of columns and of rows: a terminal may report any number. */
export const SIZE_MAX = 1000;

/** Above this number of styles, those that are not in use are forgotten: a server can send any number of links. */
export const STYLES_MAX = 1024;

/** The most unchanged cells that are written again because that is shorter than moving the cursor over them. */
const GAP_MAX = 4;

/** The text of the second cell of a wide character. */
const COVERED = "";

const DEFAULT: Style = {};

/** Rows of cells: texts and numbers of styles. */
class Grid {
  readonly texts: string[];
  readonly styles: Uint16Array;
  /** 1 for a cell whose text has not the same width on all terminals. */
  readonly uncertain: Uint8Array;

  constructor(size: number) {
    this.texts = Array(size).fill(" ");
    this.styles = new Uint16Array(size);
    this.uncertain = new Uint8Array(size);
  }

  /** Makes all cells blank. */
  clear(): void {
    this.texts.fill(" ");
    this.styles.fill(0);
    this.uncertain.fill(0);
  }
}

/** What a terminal is to show, drawn anew for each frame. */
export class Screen {
  #columns: number;
  #rows: number;
  readonly #capabilities: Capabilities;
  /** What is being drawn. */
  #next: Grid;
  /** What the terminal shows. */
  #shown: Grid;
  /** True if the terminal may show anything. */
  #isAllUnknown = true;
  #cursor: { row: number; column: number } | undefined;
  /** Where the terminal's cursor is shown, `undefined` if it is hidden or not known. */
  #shownCursor: { row: number; column: number } | undefined;
  /** The styles by their numbers; 0 is the default. */
  #attributes: Attributes[] = [];
  #styleNumbers = new Map<string, number>();
  #numbersOfObjects = new WeakMap<Style, number>();
  #transitions = new Map<number, string>();

  constructor(columns: number, rows: number, capabilities: Capabilities) {
    this.#capabilities = capabilities;
    this.#columns = sizeOf(columns);
    this.#rows = sizeOf(rows);
    this.#next = new Grid(this.#columns * this.#rows);
    this.#shown = new Grid(this.#columns * this.#rows);
    this.#numberOf(DEFAULT);
  }

  /** The number of columns. */
  get columns(): number {
    return this.#columns;
  }

  /** The number of rows. */
  get rows(): number {
    return this.#rows;
  }

  /** The number of styles that are remembered, for tests of their limit. */
  get styleCount(): number {
    return this.#attributes.length;
  }

  /** Sets another size. The grid is blank afterwards, and all is drawn again. */
  resize(columns: number, rows: number): void {
    this.#columns = sizeOf(columns);
    this.#rows = sizeOf(rows);
    this.#next = new Grid(this.#columns * this.#rows);
    this.#shown = new Grid(this.#columns * this.#rows);
    this.#cursor = undefined;
    this.invalidate();
  }

  /** Blanks the grid that is being drawn. */
  clear(): void {
    this.#next.clear();
  }

  /**
   * Writes spans from a cell on, cut at the right edge or after `columns`. Returns the column after it. Outside of the grid
   * nothing happens.
   */
  put(row: number, column: number, spans: readonly Span[], columns = Infinity): number {
    if (!(row >= 0 && row < this.#rows && column >= 0 && column < this.#columns)) return column;
    const end = Math.min(this.#columns, column + columns);
    const offset = row * this.#columns;
    for (const { text, style } of spans) {
      const number = this.#numberOf(style);
      for (const grapheme of graphemes(text, end - column)) {
        if (column + grapheme.width > end) {
          // Half of a wide character cannot be shown.
          if (column < end) this.#set(offset, column, " ", 1, false, number);
          return Math.max(column, end);
        }
        const shown = this.#capabilities.unicode ? grapheme : asciiGrapheme(grapheme);
        this.#set(offset, column, shown.text, shown.width, !shown.certain, number);
        column += grapheme.width;
      }
      if (column >= end) return column;
    }
    return column;
  }

  /** Fills cells of a row with blanks of a style. */
  fill(row: number, column: number, columns: number, style: Style): void {
    if (!(row >= 0 && row < this.#rows)) return;
    const number = this.#numberOf(style);
    const end = Math.min(this.#columns, column + columns);
    for (let at = Math.max(0, column); at < end; at++) this.#set(row * this.#columns, at, " ", 1, false, number);
  }

  /** Shows the cursor at a cell; outside of the grid it is at the nearest one. */
  setCursor(row: number, column: number): void {
    this.#cursor = {
      row: Math.max(0, Math.min(row, this.#rows - 1)),
      column: Math.max(0, Math.min(column, this.#columns - 1)),
    };
  }

  /** Shows no cursor. */
  hideCursor(): void {
    this.#cursor = undefined;
  }

  /** The terminal shows something else now: the next frame draws all again. */
  invalidate(): void {
    this.#isAllUnknown = true;
    this.#shownCursor = undefined;
  }

  /** The output since the last call; the empty string if nothing has changed. */
  render(): string {
    if (this.#rows === 0 || this.#columns === 0) return "";
    const isWhole = this.#isAllUnknown;
    if (isWhole) {
      this.#isAllUnknown = false;
      this.#shown.clear();
    }
    const output: string[] = [];
    const pen: Pen = { row: -1, column: -1, style: 0, link: "" };
    for (let row = 0; row < this.#rows; row++) this.#renderRow(row, pen, output);
    this.#setStyle(0, pen, output);
    if (this.#attributes.length > STYLES_MAX) this.#forgetStyles();
    const cursor = this.#cursor;
    const shown = this.#shownCursor;
    if (output.length === 0 && !isWhole) {
      if (cursor?.row === shown?.row && cursor?.column === shown?.column) return "";
      this.#shownCursor = cursor;
      if (cursor === undefined) return "\x1b[?25l";
      return `${moveTo(cursor.row, cursor.column)}${shown === undefined ? "\x1b[?25h" : ""}`;
    }
    this.#shownCursor = cursor;
    // Mode 2026 makes the terminal show the frame at once. Terminals that do not know it ignore it.
    return `\x1b[?2026h${isWhole || shown !== undefined ? "\x1b[?25l" : ""}${
      isWhole ? "\x1b]8;;\x1b\\\x1b[m\x1b[?7l\x1b[H\x1b[2J" : ""
    }${output.join("")}${cursor === undefined ? "" : `${moveTo(cursor.row, cursor.column)}\x1b[?25h`}\x1b[?2026l`;
  }

  /** Writes a grapheme into the grid that is being drawn. It has to fit. Wide characters that lose a half become blank. */
  #set(offset: number, column: number, text: string, width: number, uncertain: boolean, style: number): void {
    const { texts, styles, uncertain: flags } = this.#next;
    const at = offset + column;
    if (texts[at] === COVERED) {
      texts[at - 1] = " ";
      flags[at - 1] = 0;
    }
    const after = at + width;
    if (column + width < this.#columns && texts[after] === COVERED) texts[after] = " ";
    texts[at] = text;
    styles[at] = style;
    flags[at] = uncertain ? 1 : 0;
    if (width === 2) {
      texts[at + 1] = COVERED;
      styles[at + 1] = style;
      flags[at + 1] = 0;
    }
  }

  /** Writes the changed cells of a row. */
  #renderRow(row: number, pen: Pen, output: string[]): void {
    const { texts, styles, uncertain } = this.#next;
    const shown = this.#shown;
    const offset = row * this.#columns;
    const end = offset + this.#columns;
    /** Cells before this one are written even if they have not changed. */
    let forced = 0;
    /** The first of the blank cells at the end of the row. */
    let blank = -1;
    for (let at = offset; at < end; at++) {
      const text = texts[at]!;
      const style = styles[at]!;
      const isSame = text === shown.texts[at] && style === shown.styles[at];
      if (isSame && at >= forced) continue;
      if (text === COVERED) {
        shown.texts[at] = COVERED; // it was written with the cell before it
        shown.styles[at] = style;
        continue;
      }
      if (blank < 0) {
        for (blank = end; blank > offset && texts[blank - 1] === " " && styles[blank - 1] === 0;) blank--;
      }
      if (at >= blank) {
        this.#move(row, at - offset, pen, output);
        this.#setStyle(0, pen, output);
        output.push("\x1b[K");
        for (let rest = at; rest < end; rest++) {
          shown.texts[rest] = " ";
          shown.styles[rest] = 0;
        }
        return;
      }
      this.#write(row, at - offset, pen, output);
      if (uncertain[at] === 1) forced = at + 2 * text.length;
      shown.texts[at] = text;
      shown.styles[at] = style;
    }
  }

  /** Writes a cell. */
  #write(row: number, column: number, pen: Pen, output: string[]): void {
    const at = row * this.#columns + column;
    const text = this.#next.texts[at]!;
    const width = column + 1 < this.#columns && this.#next.texts[at + 1] === COVERED ? 2 : 1;
    this.#move(row, column, pen, output);
    this.#setStyle(this.#next.styles[at]!, pen, output);
    if (this.#next.uncertain[at] === 1) {
      // A terminal that shows it narrower leaves the second cell as it is.
      if (width === 2) output.push("  ", column === 0 ? "\r" : `\x1b[${column + 1}G`);
      output.push(text);
      pen.column = -1;
      return;
    }
    output.push(text);
    pen.column += width;
    // At the right edge terminals differ in where the cursor is.
    if (pen.column >= this.#columns) pen.column = -1;
  }

  /** Moves the terminal's cursor to a cell. */
  #move(row: number, column: number, pen: Pen, output: string[]): void {
    if (pen.row === row && pen.column === column) return;
    const isForward = pen.row === row && pen.column >= 0 && pen.column < column;
    if (isForward && column - pen.column <= GAP_MAX && this.#isPlain(row, pen.column, column, pen.style)) {
      output.push(...this.#next.texts.slice(row * this.#columns + pen.column, row * this.#columns + column));
    } else if (isForward) {
      output.push(column - pen.column === 1 ? "\x1b[C" : `\x1b[${column - pen.column}C`);
    } else {
      output.push(pen.row === row ? column === 0 ? "\r" : `\x1b[${column + 1}G` : moveTo(row, column));
    }
    pen.row = row;
    pen.column = column;
  }

  /** True if cells are single certain characters of a style, so that they can be written again. */
  #isPlain(row: number, from: number, to: number, style: number): boolean {
    const { texts, styles } = this.#next;
    for (let at = row * this.#columns + from; at < row * this.#columns + to; at++) {
      const text = texts[at]!;
      if (styles[at] !== style || text.length !== 1 || text > "~") return false;
    }
    return true;
  }

  /** Changes the style that the terminal writes with. */
  #setStyle(style: number, pen: Pen, output: string[]): void {
    if (style === pen.style) return;
    const key = pen.style * 65536 + style;
    const to = this.#attributes[style]!;
    let sequence = this.#transitions.get(key);
    if (sequence === undefined) {
      sequence = transition(this.#attributes[pen.style]!, to);
      if (this.#transitions.size >= STYLES_MAX) this.#transitions.clear();
      this.#transitions.set(key, sequence);
    }
    if (sequence !== "") output.push(sequence);
    if (to.link !== pen.link) output.push(`\x1b]8;;${to.link}\x1b\\`);
    pen.style = style;
    pen.link = to.link;
  }

  /** The number of a style. Styles that look the same have the same number. */
  #numberOf(style: Style): number {
    const known = this.#numbersOfObjects.get(style);
    if (known !== undefined) return known;
    const attributes = attributesOf(style, this.#capabilities);
    const key = `${attributes.color} ${attributes.background} ${attributes.flags} ${attributes.link}`;
    let number = this.#styleNumbers.get(key);
    if (number === undefined) {
      if (this.#attributes.length > 65535) this.#forgetStyles();
      number = this.#attributes.length;
      if (number > 65535) return 0;
      this.#attributes.push(attributes);
      this.#styleNumbers.set(key, number);
    }
    this.#numbersOfObjects.set(style, number);
    return number;
  }

  /** Forgets the styles that are in none of the cells. */
  #forgetStyles(): void {
    const old = this.#attributes;
    const renumbered = new Map([[0, 0]]);
    this.#attributes = [old[0]!];
    for (const { styles } of [this.#next, this.#shown]) {
      for (let i = 0; i < styles.length; i++) {
        let number = renumbered.get(styles[i]!);
        if (number === undefined) {
          renumbered.set(styles[i]!, number = this.#attributes.length);
          this.#attributes.push(old[styles[i]!]!);
        }
        styles[i] = number;
      }
    }
    this.#styleNumbers = new Map(this.#attributes.map(({ color, background, flags, link }, number) => {
      return [`${color} ${background} ${flags} ${link}`, number];
    }));
    this.#numbersOfObjects = new WeakMap();
    this.#transitions.clear();
  }
}

/** Where the terminal's cursor is while a frame is written, and the style it writes with; -1 for unknown positions. */
interface Pen {
  row: number;
  column: number;
  style: number;
  link: string;
}

/** A number of columns or rows within the limits. */
function sizeOf(count: number): number {
  return Number.isFinite(count) ? Math.max(0, Math.min(Math.floor(count), SIZE_MAX)) : 0;
}

/** Moves the cursor to a cell. */
function moveTo(row: number, column: number): string {
  return column === 0 ? row === 0 ? "\x1b[H" : `\x1b[${row + 1}H` : `\x1b[${row + 1};${column + 1}H`;
}
