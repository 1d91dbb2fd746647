/** Replacements in ASCII for terminals without Unicode. */
import { type Grapheme, graphemes } from "./width.ts";

const REPLACEMENTS: Readonly<Record<string, string>> = {
  "─": "-",
  "━": "-",
  "│": "|",
  "┃": "|",
  "▎": "|",
  "▏": "|",
  "▌": "|",
  "…": ".",
  "•": "*",
  "·": ".",
  "●": "*",
  "○": "o",
  "✓": "v",
  "✔": "v",
  "✗": "x",
  "×": "x",
  "→": ">",
  "▸": ">",
  "›": ">",
  "←": "<",
  "‹": "<",
  "↑": "^",
  "▲": "^",
  "↓": "v",
  "▼": "v",
  "“": '"',
  "”": '"',
  "„": '"',
  "«": '"',
  "»": '"',
  "‘": "'",
  "’": "'",
  "‚": ",",
  "–": "-",
  "—": "-",
  "\u00a0": " ",
  "ß": "s",
  "æ": "a",
  "ø": "o",
  "ł": "l",
  "đ": "d",
};

/** Text in ASCII with a number of columns: letters without their accents, signs that look alike, or question marks. */
function asciiOf(text: string, width: number): string {
  const [first = ""] = text.normalize("NFKD");
  const found = REPLACEMENTS[text] ?? (/^[\x20-\x7e]$/.test(first) ? first : /^[\u2500-\u257f]/.test(text) ? "+" : "?");
  return found === "?" ? "?".repeat(width) : found.padEnd(width);
}

/** A grapheme in ASCII, with as many columns. */
export function asciiGrapheme(grapheme: Grapheme): Grapheme {
  if (grapheme.text.length === 1 && grapheme.text <= "~") return grapheme;
  return { text: asciiOf(grapheme.text, grapheme.width), width: grapheme.width, certain: true };
}

/** A text in printable ASCII, with as many columns. */
export function asciiText(text: string): string {
  return graphemes(text).map((grapheme) => asciiGrapheme(grapheme).text).join("");
}
