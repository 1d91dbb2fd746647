/** QR codes for terminals: two modules a character, one above the other, as terminals have characters twice as high as wide. */
import { generate } from "lean-qr/nano";

/** The light modules on each side of a code. The standard has four; scanners of phones do with two. */
const QUIET = 2;

/** The most characters of a text: the code of a longer one would not fit into common windows. */
export const QR_TEXT_MAX = 300;

/** The characters for a column of two modules, by whether the upper and the lower one are light. */
const BLOCKS = [" ", "▄", "▀", "█"];

/**
 * The lines of a QR code. Light modules are drawn, as most terminals have a dark background; scanners read inverted codes, too.
 *
 * @param width The most characters of a line.
 * @returns No lines if the code is wider, or the text is too long for one.
 */
export function qrLines(text: string, width: number): string[] {
  if (text.length > QR_TEXT_MAX) return [];
  const code = generate(text);
  const end = code.size + QUIET;
  if (end + QUIET > width) return [];
  const isLight = (x: number, y: number) => Number(!code.get(x, y) && y < end);
  const lines: string[] = [];
  for (let y = -QUIET; y < end; y += 2) {
    let line = "";
    for (let x = -QUIET; x < end; x++) line += BLOCKS[2 * isLight(x, y) + isLight(x, y + 1)];
    lines.push(line);
  }
  return lines;
}
