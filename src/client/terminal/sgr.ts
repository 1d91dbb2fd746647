/** Escape sequences for styles (SGR) and links (OSC 8). */
import type { Capabilities, Color, Style } from "./style.ts";

/** The limit of a link's URL, in bytes. VTE and Windows Terminal ignore longer ones. */
export const LINK_MAX = 2000;

/** The schemes of links. Others, such as `file:`, could make a click do harm. */
const SCHEME = /^(?:https?|ircs?|wss?|mailto|xmpp|matrix|gemini):/i;

/** A URL as it can be in OSC 8: printable ASCII alone; `undefined` if it is no link that should be opened. */
export function sanitizeLink(url: string): string | undefined {
  if (url.length > LINK_MAX || !SCHEME.test(url)) return undefined;
  try {
    const safe = url.replace(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));
    return safe.length > LINK_MAX || !/^[\x21-\x7e]+$/.test(safe) ? undefined : safe;
  } catch {
    return undefined; // half a surrogate pair
  }
}

/** Red, green and blue of the first 16 colours, as xterm has them. */
const BASIC: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

/** Red, green and blue of a fixed colour. */
function channels(color: number): readonly [number, number, number] {
  if (color < 16) return BASIC[color]!;
  if (color >= 232) {
    const grey = 8 + 10 * (color - 232);
    return [grey, grey, grey];
  }
  const level = (step: number) => step === 0 ? 0 : 55 + 40 * step;
  const index = color - 16;
  return [level(Math.floor(index / 36)), level(Math.floor(index / 6) % 6), level(index % 6)];
}

/** The one of the first 16 colours that is most like a fixed one. */
function nearestBasic(color: number): number {
  const [red, green, blue] = channels(color);
  let best = 0;
  let least = Infinity;
  for (const [index, [r, g, b]] of BASIC.entries()) {
    // The eye is most sensitive to green and least to blue.
    const distance = 3 * (red - r) ** 2 + 4 * (green - g) ** 2 + 2 * (blue - b) ** 2;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

/** A colour that the terminal has, -1 for its default. */
function available(color: Color | undefined, { colors }: Capabilities): number {
  if (color === undefined || colors === 0 || !Number.isInteger(color) || color < 0 || color > 255) return -1;
  return colors === 16 && color > 15 ? nearestBasic(color) : color;
}

/** The attributes of a style as the terminal has them: numbers that can be compared. */
export interface Attributes {
  readonly color: number;
  readonly background: number;
  /** Bold 1, dim 2, italic 4, underline 8, strike 16, reverse 32. */
  readonly flags: number;
  readonly link: string;
}

/** The SGR parameters that set and reset each flag, and what the reset turns off beside it. */
const FLAGS = [
  { bit: 1, set: "1", reset: "22", resets: 3 },
  { bit: 2, set: "2", reset: "22", resets: 3 },
  { bit: 4, set: "3", reset: "23", resets: 4 },
  { bit: 8, set: "4", reset: "24", resets: 8 },
  { bit: 16, set: "9", reset: "29", resets: 16 },
  { bit: 32, set: "7", reset: "27", resets: 32 },
] as const;

/** The attributes of a style on a terminal. */
export function attributesOf(style: Style, capabilities: Capabilities): Attributes {
  const flags = (style.bold ? 1 : 0) | (style.dim ? 2 : 0) | (style.italic ? 4 : 0) | (style.underline ? 8 : 0) |
    (style.strike ? 16 : 0) | (style.reverse ? 32 : 0);
  return {
    color: available(style.color, capabilities),
    background: available(style.background, capabilities),
    flags,
    link: style.link !== undefined && capabilities.links ? sanitizeLink(style.link) ?? "" : "",
  };
}

/** The SGR parameter of a colour, from 30 for text and 40 for the background on. */
function colorParameter(color: number, base: 30 | 40): string {
  if (color < 0) return String(base + 9);
  if (color < 8) return String(base + color);
  return color < 16 ? String(base + 60 + color - 8) : `${base + 8};5;${color}`;
}

/** The shortest SGR sequence that turns one style into another, without its link. */
export function transition(from: Attributes, to: Attributes): string {
  const anew: string[] = [];
  const changes: string[] = [];
  let flags = from.flags;
  for (const { bit, set, reset, resets } of FLAGS) {
    if ((to.flags & bit) !== 0) anew.push(set);
    if ((flags & bit) !== 0 && (to.flags & bit) === 0) {
      changes.push(reset);
      flags &= ~resets;
    }
  }
  for (const { bit, set } of FLAGS) if ((to.flags & bit) !== 0 && (flags & bit) === 0) changes.push(set);
  if (to.color >= 0) anew.push(colorParameter(to.color, 30));
  if (to.background >= 0) anew.push(colorParameter(to.background, 40));
  if (from.color !== to.color) changes.push(colorParameter(to.color, 30));
  if (from.background !== to.background) changes.push(colorParameter(to.background, 40));
  if (changes.length === 0) return "";
  const short = anew.length === 0 ? "\x1b[m" : `\x1b[0;${anew.join(";")}m`;
  const incremental = `\x1b[${changes.join(";")}m`;
  return short.length < incremental.length ? short : incremental;
}
