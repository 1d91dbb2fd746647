/**
 * How long a frame of the terminal client takes: a conversation on 200 by 60 cells, drawn as views do it, that is cleared and
 * put again for each frame. `deno bench tests/bench/terminal_bench.ts`
 */
import { LineEditor, TEXT_MAX } from "../../src/client/terminal/line_editor.ts";
import { Screen } from "../../src/client/terminal/screen.ts";
import type { Span, Style } from "../../src/client/terminal/style.ts";
import { graphemes, widthOf } from "../../src/client/terminal/width.ts";
import { wrapSpans } from "../../src/client/terminal/wrap.ts";

const COLUMNS = 200;
const ROWS = 60;
const TIME: Style = { dim: true };
const NAMES: readonly Style[] = Array.from({ length: 12 }, (_, i) => ({ color: 1 + i, bold: true }));

/** A message as a row of spans. */
function message(i: number, text: string): Span[] {
  const second = String(i % 60).padStart(2, "0");
  const link = { link: `https://example.org/${i}`, underline: true };
  return [
    { text: `12:34:${second} `, style: TIME },
    { text: `alice${i % 12} `, style: NAMES[i % 12]! },
    { text, style: {} },
    { text: ` example.org/${i}`, style: link },
  ];
}

const ASCII = "the quick brown fox jumps over the lazy dog ".repeat(3);
const MIXED = "Grüße aus 東京 👋🏽 — naïve café, привет мир 👨‍👩‍👧 ".repeat(2);

function draw(screen: Screen, first: number, text: string, typed: string): void {
  screen.clear();
  screen.fill(0, 0, COLUMNS, { reverse: true });
  screen.put(0, 1, [{ text: "#lobby", style: { reverse: true, bold: true } }]);
  for (let row = 1; row < ROWS - 1; row++) screen.put(row, 0, message(first + row, text));
  screen.put(ROWS - 1, 0, [{ text: `> ${typed}`, style: {} }]);
  screen.setCursor(ROWS - 1, 2 + widthOf(typed));
}

for (const [name, text] of [["ASCII", ASCII], ["mixed scripts", MIXED]] as const) {
  const screen = new Screen(COLUMNS, ROWS, { colors: 256, links: true, unicode: true });
  let count = 0;
  Deno.bench(`200x60, ${name}: a character is typed`, () => {
    draw(screen, 0, text, "x".repeat(count++ % 80));
    screen.render();
  });
  Deno.bench(`200x60, ${name}: a line scrolls in`, () => {
    draw(screen, count++, text, "");
    screen.render();
  });
  Deno.bench(`200x60, ${name}: nothing changes`, () => {
    draw(screen, 0, text, "");
    screen.render();
  });
  Deno.bench(`200x60, ${name}: all is drawn again`, () => {
    screen.invalidate();
    draw(screen, 0, text, "");
    screen.render();
  });
  Deno.bench(`wrapping a message, ${name}`, () => {
    wrapSpans(message(count++, text), 60, 15);
  });
  Deno.bench(`graphemes of a message, ${name}`, () => {
    graphemes(text);
  });
}

const editor = new LineEditor();
editor.text = "x y ".repeat(TEXT_MAX / 4 - 10_000);
const key = { name: "a", ctrl: false, alt: false, shift: false, text: "a" };
Deno.bench("typing into 60,000 characters or more, with the layout", () => {
  editor.handle(key);
  editor.layout(80);
});
