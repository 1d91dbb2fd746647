/** Replacements in ASCII for terminals without Unicode. */

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

/** Text of so many columns in ASCII: letters without their accents, signs that look alike, or question marks. */
export function asciiOf(text: string, width: number): string {
  const [first = ""] = text.normalize("NFKD");
  const found = REPLACEMENTS[text] ?? (/^[\x20-\x7e]$/.test(first) ? first : /^[\u2500-\u257f]/.test(text) ? "+" : "?");
  return found === "?" ? "?".repeat(width) : found.padEnd(width);
}
