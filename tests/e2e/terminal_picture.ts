/** Pictures of a terminal: turns a screen with escape sequences, as tmux captures it, into a page, and takes it with Chromium. */
import { graphemes } from "../../src/client/terminal/width.ts";
import { chromium } from "../dependencies.ts";
import { CHROMIUM } from "./browser.ts";

/** The colours 0 to 15 of a dark theme, text and background. */
const PALETTE = ["#21252b", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4"]
  .concat(["#7f848e", "#ef8891", "#b5dd95", "#f2d399", "#8cc8ff", "#dd9cf0", "#7fd3de", "#ffffff"]);
const TEXT = "#d7dae0";
const DIM_TEXT = "#8b919c";
const GROUND = "#1b1e24";

/** A sequence that sets the look, or text. */
const SGR_OR_TEXT = new RegExp(String.raw`\x1b\[([\d;]*)m|([^\x1b]+|\x1b)`, "g");

/** A picture: the screen, its size, and where the cursor is. */
export interface Shot {
  readonly rows: readonly string[];
  readonly columns: number;
  readonly cursor: readonly [column: number, row: number];
  /** In pixels. */
  readonly fontSize: number;
}

/** Takes pictures of screens. @returns PNG images. */
export async function takePictures(shots: readonly Shot[]): Promise<Uint8Array[]> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });
  try {
    const taken: Uint8Array[] = [];
    for (const shot of shots) {
      const page = await browser.newPage({ viewport: { width: 2000, height: 1400 } });
      await page.setContent(pageOf(shot));
      taken.push(await page.locator("main").screenshot({ type: "png" }));
    }
    return taken;
  } finally {
    await browser.close();
  }
}

function pageOf({ rows, columns, cursor: [column, row], fontSize }: Shot): string {
  const height = Math.round(fontSize * 1.35);
  const width = Math.round(fontSize * 0.6); // whole pixels, so that no gaps are between backgrounds
  let look: Look = {}; // tmux goes on with the look of the row before
  const lines = rows.map((text) => {
    const row = rowOf(text, columns, look);
    look = row.look;
    return `<div>${row.html}</div>`;
  }).join("");
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: ${GROUND} }
    main { position: relative; display: inline-block; padding: ${fontSize}px; background: ${GROUND}; color: ${TEXT};
      font: ${fontSize}px/${height}px "DejaVu Sans Mono", "Noto Color Emoji", monospace; letter-spacing: calc(${width}px - 1ch) }
    div { width: ${columns * width}px; height: ${height}px; white-space: pre; overflow: hidden }
    span { display: inline-block; height: ${height}px; vertical-align: top }
    .wide { width: ${2 * width}px; overflow: hidden }
    .cursor { position: absolute; width: 2px; margin-top: 1px; height: ${height - 2}px; background: ${TEXT};
      left: ${fontSize + column * width}px; top: ${fontSize + row * height}px }
  </style><main>${lines}<span class="cursor"></span></main>`;
}

/** What SGR sequences set. */
interface Look {
  color?: string | undefined;
  ground?: string | undefined;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  reverse?: boolean;
  strike?: boolean;
}

/** A row as HTML, and the look at its end. */
function rowOf(row: string, columns: number, begin: Look): { html: string; look: Look } {
  let look = begin;
  let html = "";
  let used = 0;
  for (const [, codes, text = ""] of row.matchAll(SGR_OR_TEXT)) {
    if (codes !== undefined) {
      look = changed(look, codes);
      continue;
    }
    const cells = graphemes(text);
    used += cells.reduce((sum, { width }) => sum + width, 0);
    const inner = cells.map(({ text, width }) =>
      width === 2 ? `<span class="wide">${escape(text)}</span>` : escape(text)
    );
    html += `<span style="${styleOf(look)}">${inner.join("")}</span>`;
  }
  const rest = look.reverse ? " ".repeat(Math.max(0, columns - used)) : "";
  return { html: `${html}<span style="${styleOf(look)}">${rest}</span>`, look };
}

function changed(look: Look, codes: string): Look {
  const next = { ...look };
  const numbers = codes.split(";").map(Number);
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i]!;
    if (code === 0) { for (const name of Object.keys(next)) delete next[name as keyof Look]; }
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 7) next.reverse = true;
    else if (code === 9) next.strike = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 27) next.reverse = false;
    else if (code === 29) next.strike = false;
    else if (code >= 30 && code <= 37) next.color = PALETTE[code - 30];
    else if (code >= 90 && code <= 97) next.color = PALETTE[code - 82];
    else if (code >= 40 && code <= 47) next.ground = PALETTE[code - 40];
    else if (code >= 100 && code <= 107) next.ground = PALETTE[code - 92];
    else if (code === 38 || code === 48) {
      next[code === 38 ? "color" : "ground"] = colorOf(numbers[i + 2]!);
      i += 2; // 5;N
    } else if (code === 39) next.color = undefined;
    else if (code === 49) next.ground = undefined;
  }
  return next;
}

/** A colour of the palette of 256, as xterm has it. */
function colorOf(index: number): string {
  if (index < 16) return PALETTE[index]!;
  if (index >= 232) return `rgb(${Array(3).fill(8 + 10 * (index - 232))})`;
  const level = (step: number) => step === 0 ? 0 : 55 + 40 * step;
  const n = index - 16;
  return `rgb(${[Math.floor(n / 36), Math.floor(n / 6) % 6, n % 6].map(level)})`;
}

function styleOf({ color, ground, bold, dim, italic, underline, reverse, strike }: Look): string {
  const front = color ?? (dim ? DIM_TEXT : TEXT);
  const back = ground ?? GROUND;
  const lines = [underline && "underline", strike && "line-through"].filter(Boolean).join(" ");
  return [
    `color:${reverse ? back : front}`,
    reverse || ground !== undefined ? `background:${reverse ? front : back}` : "",
    bold ? "font-weight:bold" : "",
    italic ? "font-style:italic" : "",
    lines === "" ? "" : `text-decoration:${lines}`,
    dim && color !== undefined ? "opacity:0.7" : "",
  ].filter(Boolean).join(";");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
