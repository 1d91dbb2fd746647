/** How text looks on a terminal, and what a terminal can show. */

/** A colour of the terminal's palette: 0 to 15 are those of the user's theme, 16 to 255 the fixed ones. */
export type Color = number;

/** Attributes of text. Attributes that are not given are the terminal's defaults. */
export interface Style {
  readonly color?: Color;
  readonly background?: Color;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly strike?: boolean;
  readonly reverse?: boolean;
  /** A URL, for OSC 8. */
  readonly link?: string;
}

/** Text of one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** What the terminal can show: found from TERM, COLORTERM, NO_COLOR, LANG. */
export interface Capabilities {
  readonly colors: 0 | 16 | 256;
  readonly links: boolean;
  readonly unicode: boolean;
}

/** True if two styles look the same. */
export function equalStyles(a: Style, b: Style): boolean {
  return a === b || a.color === b.color && a.background === b.background && !a.bold === !b.bold && !a.dim === !b.dim &&
      !a.italic === !b.italic && !a.underline === !b.underline && !a.strike === !b.strike &&
      !a.reverse === !b.reverse &&
      a.link === b.link;
}
