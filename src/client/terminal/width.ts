/**
 * The columns that text takes on a terminal.
 *
 * Terminals add up the widths of code points (wcwidth), except for emoji sequences, which newer ones show in two columns.
 * So does this: the sum for text, two for emoji sequences. Where terminals differ, `certain` is false, and the screen sets
 * the cursor after the grapheme instead of relying on its width.
 */
import { eastAsianWidth } from "get-east-asian-width";
import { copyString } from "../../util/copy_string.ts";
import { segments } from "./segments.ts";

/** A piece of text that takes 0 to 2 columns and is drawn as a whole. */
export interface Grapheme {
  readonly text: string;
  /** 0, 1 or 2. Only text without anything visible has 0. */
  readonly width: number;
  /** True if all terminals agree on the width. */
  readonly certain: boolean;
}

/** The limit of marks (accents, vowels) on one character. Vietnamese has 2, Hebrew and Tibetan up to 5. */
export const MARKS_MAX = 8;

/** The limit of an emoji sequence, in code points: a kiss of two people with skin tones has 10. */
export const SEQUENCE_MAX = 16;

/** The limit of what `fit` looks at, in UTF-16 code units per column: a text may have many characters without a width. */
const UNITS_MAX = 40;

/** The limits of what is remembered of the segmenter's work: texts, and UTF-16 code units of each. */
const CACHE_MAX = 4096;
const REMEMBERED_MAX = 32;

/** The segmenter gets so many UTF-16 code units at once, so that it does not read all of a text of which a part is shown. */
const RUN_MAX = 1024;

/** Columns that a tab takes. It does not depend on the column, as text is wrapped and moved. */
const TAB_COLUMNS = 4;

/** Invisible characters that are removed: they have no effect on a terminal, or a different width on each. */
const REMOVED = /^(?![\u034f\u200c\u200d\ufe00-\ufe0f\u{e0020}-\u{e007f}])\p{Default_Ignorable_Code_Point}$/u;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u200c\u200d\u{e0020}-\u{e007f}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
const CONTROL = /^[\p{Cc}\p{Cs}]$/u;
const EMOJI_SEQUENCE =
  /^(?:\p{RI}{2}|[0-9#*]\ufe0f\u20e3|(?=\p{Emoji})\P{ASCII}(?:\ufe0f|\p{Emoji_Modifier}|\u200d\p{Extended_Pictographic}|[\u{e0020}-\u{e007f}]))/u;
/** A letter with accents that are as old as terminals with Unicode. */
const ACCENTED = /^[\p{L}\p{N}][\u0300-\u036f]+$/u;

/** True for characters of one code unit between which is always a grapheme boundary. Marks and emoji are none of them. */
function isSimple(code: number): boolean {
  if (code < 0x300) return code >= 0x20 && code < 0x7f || code >= 0xa0 && code !== 0xad;
  return code >= 0x370 && code < 0x483 || code >= 0x48a && code < 0x530 || // Greek, Cyrillic
    code >= 0x2010 && code < 0x2028 || code >= 0x2030 && code < 0x205f || code >= 0x20a0 && code < 0x20c0 ||
    code >= 0x2190 && code < 0x2300 || code >= 0x2500 && code < 0x2600 || // arrows, mathematics, boxes
    code >= 0x3001 && code < 0x302a || code >= 0x3041 && code < 0x3097 || code >= 0x309b && code < 0x3100 || // kana
    code >= 0x3400 && code < 0xa000 || code >= 0xac00 && code < 0xd7a4 || code >= 0xff01 && code < 0xff9e;
}

/** True if terminals have always given the character the same width. */
function isCertain(code: number, width: number): boolean {
  if (width === 1) return code < 0x2e80 && !(code >= 0x900 && code < 0x1100) || code === 0xfffd;
  // Hexagrams became wide with Unicode 16, and the wide characters below U+2E80 are emoji, wide since Unicode 9.
  return width === 2 && (code >= 0x2e80 && code < 0xfb00 && !(code >= 0x4dc0 && code < 0x4e00) ||
    code >= 0xff00 && code < 0xffe7 || code >= 0x20000 && code < 0x40000);
}

/** The columns of a code point that is not removed or replaced. */
function codePointWidth(character: string): number {
  return ZERO_WIDTH.test(character) ? 0 : eastAsianWidth(character.codePointAt(0)!);
}

/** True if there is a mark of a single code unit. */
function isMark(text: string, index: number): boolean {
  return ZERO_WIDTH.test(text[index]!);
}

const REPLACEMENT: Grapheme = { text: "\ufffd", width: 1, certain: true };
const SPACE: Grapheme = { text: " ", width: 1, certain: true };
const ASCII: readonly Grapheme[] = Array.from({ length: 0x7f }, (_, code) => {
  return code < 0x20 ? REPLACEMENT : { text: String.fromCharCode(code), width: 1, certain: true };
});

const simple = new Map<number, Grapheme>();
let runs = new Map<string, readonly Grapheme[]>();

/** The grapheme of a simple character. */
function ofSimple(code: number): Grapheme {
  let grapheme = simple.get(code);
  if (grapheme === undefined) {
    const text = String.fromCharCode(code);
    const width = codePointWidth(text);
    simple.set(code, grapheme = { text, width, certain: isCertain(code, width) });
  }
  return grapheme;
}

/** Splits a grapheme cluster into pieces of at most two columns. */
function split(cluster: string): readonly Grapheme[] {
  if (cluster === "\n" || cluster === "\r\n") return [SPACE];
  if (cluster === "\t") return Array(TAB_COLUMNS).fill(SPACE);
  if (EMOJI_SEQUENCE.test(cluster)) {
    const text = [...cluster].filter((each) => !REMOVED.test(each) && !CONTROL.test(each)).slice(0, SEQUENCE_MAX);
    return [{ text: text.join(""), width: 2, certain: false }];
  }
  const pieces: { text: string; width: number; marks: number }[] = [];
  for (let character of cluster) {
    if (REMOVED.test(character)) continue;
    if (CONTROL.test(character)) character = "\ufffd";
    else if (character === "\u2028" || character === "\u2029") character = " ";
    const width = codePointWidth(character);
    const last = pieces.at(-1);
    if (width === 0 && last !== undefined && last.width > 0) {
      if (last.marks++ < MARKS_MAX) last.text += character;
    } else if (width === 0) {
      // A mark that follows no character is drawn on a no-break space, as Unicode recommends.
      if (/\p{M}/u.test(character)) pieces.push({ text: `\u00a0${character}`, width: 1, marks: 1 });
    } else if (last !== undefined && last.width + width <= 2) {
      last.text += character;
      last.width += width;
    } else {
      pieces.push({ text: character, width, marks: 0 });
    }
  }
  return pieces.map(({ text, width }) => {
    const code = text.codePointAt(0)!;
    const isSingle = text.length === (code > 0xffff ? 2 : 1);
    return { text, width, certain: (isSingle || ACCENTED.test(text)) && isCertain(code, width) };
  });
}

/**
 * The pieces of a short text that has no simple characters, or begins with one that marks follow. They are remembered, as
 * the segmenter is slow.
 */
function ofRun(run: string): readonly Grapheme[] {
  const known = runs.get(run);
  if (known !== undefined) return known;
  const pieces = [...segments(run)].flatMap(({ segment }) => split(segment));
  if (runs.size >= CACHE_MAX) runs = new Map();
  runs.set(copyString(run), pieces);
  return pieces;
}

/**
 * Adds the pieces of a long text to others, until they have more than so many columns.
 *
 * @param isCut True if the text goes on: its last cluster may do so, too.
 * @returns The number of code units of which the pieces were added.
 */
function addLong(run: string, isCut: boolean, found: Grapheme[], columns: number): number {
  let width = 0;
  for (const { segment, index } of segments(run)) {
    if (isCut && index > 0 && index + segment.length === run.length) return index;
    for (const piece of split(segment)) {
      found.push(piece);
      if ((width += piece.width) > columns) return run.length;
    }
  }
  return run.length;
}

/**
 * Graphemes of a text with their columns (0, 1 or 2); control characters are replaced, so that nothing but text reaches
 * the terminal. Tabs become spaces, newlines a space; invisible characters are removed.
 *
 * @param columns The rest of the text is left out once the graphemes have more columns than this.
 */
export function graphemes(text: string, columns = Infinity): Grapheme[] {
  const found: Grapheme[] = [];
  const { length } = text;
  let width = 0;
  for (let i = 0; i < length && width <= columns;) {
    const code = text.charCodeAt(i);
    if (isSimple(code) && (i + 1 === length || isSimple(text.charCodeAt(i + 1)))) {
      const grapheme = code < 0x7f ? ASCII[code]! : ofSimple(code);
      found.push(grapheme);
      width += grapheme.width;
      i++;
      continue;
    }
    let end = i + 1; // until the next simple character, since marks belong to the character before them
    while (end < length && end - i < RUN_MAX && !isSimple(text.charCodeAt(end))) end++;
    const first = found.length;
    const run = text.slice(i, end);
    if (run.length > REMEMBERED_MAX) {
      i += addLong(run, run.length === RUN_MAX, found, columns - width);
      // Marks of a cluster that is longer than the run have no character of their own.
      if (i === end && run.length === RUN_MAX) { while (i < length && isMark(text, i)) i++; }
    } else {
      for (const piece of ofRun(run)) found.push(piece);
      i = end;
    }
    for (let k = first; k < found.length; k++) width += found[k]!.width;
  }
  return found;
}

/** The columns that a text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += grapheme.width;
  return width;
}

/** The text cut to so many columns, with … if something was cut. */
export function fit(text: string, columns: number): string {
  if (columns <= 0) return "";
  const most = (columns + 1) * UNITS_MAX;
  if (text.length > most) text = `${text.slice(0, most)}${" ".repeat(columns + 1)}`; // the spaces stand for what is cut
  if (text.length <= columns && /^[\x20-\x7e]*$/.test(text)) return text;
  let fitting = "";
  /** What fits together with the ellipsis. */
  let cut = "";
  let width = 0;
  for (const grapheme of graphemes(text, columns)) {
    if (width + grapheme.width > columns) return `${cut}…`;
    width += grapheme.width;
    fitting += grapheme.text;
    if (width < columns) cut = fitting;
  }
  return fitting;
}
