/** The styles of the terminal client: nicknames, marks in messages, bars. They fit to dark and light terminals. */
import type { Color, Style } from "../terminal/style.ts";
import { colour } from "../../web/colours.js";

export const PLAIN: Style = {};
export const DIM: Style = { dim: true };
export const BOLD: Style = { bold: true };
export const ERROR: Style = { color: 1 };
export const LINK: Style = { underline: true };
export const CODE: Style = { color: 6 };
export const ROOM_NAME: Style = { color: 6 };
/** The user's own name in a message of another user. */
export const OWN_NAME: Style = { bold: true, color: 3 };
/** The mark of messages that mention the user, and the separator of new messages. */
export const ACCENT: Style = { color: 3, bold: true };
export const FOUND: Style = { reverse: true };
export const SELECTED: Style = { reverse: true };
/** Bars: tabs and status. */
export const BAR: Style = { reverse: true };
export const BAR_CURRENT: Style = { bold: true };
export const BAR_MENTION: Style = { reverse: true, bold: true };

/** The colours of nicknames, in the order of the classes `c0` to `c11` of the page: readable on dark and on light. */
const NICK_COLORS: readonly Color[] = [166, 136, 70, 36, 38, 33, 62, 98, 134, 169, 167, 102];

/** The same on a terminal of 16 colours. */
const NICK_COLORS_16: readonly Color[] = [1, 3, 2, 6, 6, 4, 4, 5, 5, 5, 1, 2];

/** The colour of each of the 16 colours of IRC formatting (modern.ircdocs.horse, "Formatting"). */
const IRC_COLORS: readonly Color[] = [15, 0, 4, 2, 9, 1, 5, 3, 11, 10, 6, 14, 12, 13, 8, 7];

/** The style of a nickname: the same colour as on the page. @param colors How many the terminal has. */
export function nickStyle(nick: string, colors: number): Style {
  const index = Number(colour(nick).slice(1));
  return { bold: true, color: (colors >= 256 ? NICK_COLORS : NICK_COLORS_16)[index]! };
}

/** The style of classes that `inlineParts` gives to a part of a message. @param classes Separated by spaces. */
export function styleOf(classes: string): Style {
  let style: Style = PLAIN;
  for (const name of classes.split(" ")) {
    const [, ground, number] = /^(ink|paper)(\d+)$/.exec(name) ?? [];
    if (ground === "ink") style = { ...style, color: IRC_COLORS[Number(number)]! };
    else if (ground === "paper") style = { ...style, background: IRC_COLORS[Number(number)]! };
    else if (name === "mono") style = { ...style, ...CODE };
    else if (/^(?:bold|italic|underline|strike|reverse)$/.test(name)) style = { ...style, [name]: true };
  }
  return style;
}
