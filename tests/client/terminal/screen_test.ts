import { assert, assertEquals } from "@std/assert";
import { Screen, STYLES_MAX } from "../../../src/client/terminal/screen.ts";
import type { Capabilities, Span, Style } from "../../../src/client/terminal/style.ts";
import { graphemes } from "../../../src/client/terminal/width.ts";
import { fc } from "../../dependencies.ts";
import { Emulator } from "./emulator.ts";

const FULL: Capabilities = { colors: 256, links: true, unicode: true };

const span = (text: string, style: Style = {}): Span[] => [{ text, style }];

/** A screen and an emulator that shows what it renders. */
function start(columns: number, rows: number, capabilities = FULL) {
  const screen = new Screen(columns, rows, capabilities);
  const emulator = new Emulator(columns, rows);
  return { screen, emulator, show: () => emulator.write(screen.render()) };
}

Deno.test("screen: shows text, styles and the cursor", async () => {
  const { screen, emulator, show } = start(20, 3);
  assertEquals(screen.put(0, 2, [{ text: "ab", style: { bold: true } }, { text: "世", style: { color: 3 } }]), 6);
  screen.setCursor(2, 5);
  await show();
  assertEquals(emulator.text, "  ab世");
  assertEquals(emulator.cell(0, 2).bold, true);
  assertEquals([emulator.cell(0, 4).text, emulator.cell(0, 4).color, emulator.cell(0, 6).color], ["世", 3, -1]);
  assertEquals(emulator.cursor, { row: 2, column: 5 });
  emulator.close();
});

Deno.test("screen: renders nothing when nothing has changed", () => {
  const screen = new Screen(20, 3, FULL);
  const draw = () => {
    screen.clear();
    screen.put(0, 0, span("hello", { bold: true }));
    screen.setCursor(1, 1);
  };
  draw();
  assert(screen.render() !== "");
  draw();
  assertEquals(screen.render(), "");
});

Deno.test("screen: renders the changed cells alone, in synchronized output", () => {
  const screen = new Screen(20, 3, FULL);
  screen.put(1, 0, span("hello world"));
  screen.render();
  screen.put(1, 6, span("there"));
  assertEquals(screen.render(), "\x1b[?2026h\x1b[2;7Hthe\x1b[Ce\x1b[?2026l".replace("\x1b[C", "r"));
});

Deno.test("screen: moves the cursor alone, or hides it, without a frame", () => {
  const screen = new Screen(20, 3, FULL);
  screen.setCursor(0, 0);
  screen.render();
  screen.setCursor(1, 2);
  assertEquals(screen.render(), "\x1b[2;3H");
  screen.hideCursor();
  assertEquals(screen.render(), "\x1b[?25l");
  screen.setCursor(1, 2);
  assertEquals(screen.render(), "\x1b[2;3H\x1b[?25h");
});

Deno.test("screen: cuts text at the right edge and at a number of columns, also in the middle of a wide character", async () => {
  const { screen, emulator, show } = start(6, 4);
  assertEquals(screen.put(0, 3, span("abcdef")), 6);
  assertEquals(screen.put(1, 1, span("ab世界")), 6);
  assertEquals(screen.put(2, 0, span("世界"), 3), 3);
  screen.put(3, 0, span("ab👨‍👩‍👧👨‍👩‍👧"));
  await show();
  assertEquals([0, 1, 2].map((row) => emulator.row(row)), ["   abc", " ab世", "世"]);
  emulator.close();
});

Deno.test("screen: overwriting half of a wide character leaves a blank in its other half", async () => {
  const { screen, emulator, show } = start(10, 2);
  screen.put(0, 0, span("世界世界"));
  await show();
  screen.put(0, 1, span("x"));
  screen.put(0, 4, span("y"));
  await show();
  assertEquals(emulator.row(0), " x界y 界");
  screen.put(0, 1, span("国"));
  await show();
  assertEquals(emulator.row(0), " 国 y 界");
  emulator.close();
});

Deno.test("screen: nothing happens outside of the grid", () => {
  const screen = new Screen(5, 2, FULL);
  screen.render();
  assertEquals(screen.put(-1, 0, span("x")), 0);
  assertEquals(screen.put(2, 3, span("x")), 3);
  assertEquals(screen.put(0, 5, span("x")), 5);
  assertEquals(screen.put(0, 1, span("xyz"), 0), 1);
  screen.fill(7, 0, 5, { reverse: true });
  screen.fill(0, 9, 5, { reverse: true });
  assertEquals(screen.render(), "");
});

Deno.test("screen: a grid without columns or rows, or of an absurd size, does no harm", () => {
  for (const [columns, rows] of [[0, 0], [0, 5], [5, 0], [1, 1], [NaN, -3]] as const) {
    const screen = new Screen(columns, rows, FULL);
    screen.put(0, 0, span("世x"));
    screen.fill(0, 0, 9, { reverse: true });
    screen.setCursor(4, 4);
    screen.render();
  }
  const screen = new Screen(1e9, 1e9, FULL);
  assert(screen.columns <= 1000 && screen.rows <= 1000);
});

Deno.test("screen: no control character or escape sequence of a text reaches the terminal", () => {
  const screen = new Screen(80, 2, FULL);
  screen.render();
  screen.put(0, 0, span("a\x1b]0;title\x07\x9b31mb\r\n\x08c\u202ed"));
  assertEquals(
    screen.render(),
    "\x1b[?2026h\x1b[Ha\ufffd]0;title\ufffd\ufffd31mb \ufffdcd\x1b[?2026l",
  );
});

Deno.test("screen: a link is opened and closed, and what could end it is encoded", () => {
  const screen = new Screen(20, 1, FULL);
  screen.render();
  screen.put(0, 0, span("x", { link: "https://example.org/ä\x1b\\\x07 \n?a=1;b" }));
  assertEquals(
    screen.render(),
    "\x1b[?2026h\x1b[H\x1b]8;;https://example.org/%C3%A4%1B\\%07%20%0A?a=1;b\x1b\\x\x1b]8;;\x1b\\\x1b[?2026l",
  );
});

Deno.test("screen: a link of another scheme, or one too long, is text", () => {
  const screen = new Screen(20, 1, FULL);
  screen.render();
  for (
    const link of ["file:///etc/passwd", "javascript:alert(1)", `https://${"x".repeat(3000)}`, "x", "https://\ud800"]
  ) {
    screen.clear();
    screen.put(0, 0, span("x", { link }));
    assert(!screen.render().includes("\x1b]8"), link);
    screen.clear();
    screen.render();
  }
});

Deno.test("screen: a terminal without links gets none", () => {
  const screen = new Screen(20, 1, { ...FULL, links: false });
  screen.render();
  screen.put(0, 0, span("x", { link: "https://example.org/" }));
  assertEquals(screen.render(), "\x1b[?2026h\x1b[Hx\x1b[?2026l");
});

Deno.test("screen: colours are reduced to 16, or left out", () => {
  const output = (colors: 0 | 16 | 256, style: Style) => {
    const screen = new Screen(5, 1, { ...FULL, colors });
    screen.render();
    screen.put(0, 0, span("x", style));
    // deno-lint-ignore no-control-regex -- the output of a screen is escape sequences
    return screen.render().replaceAll(/\x1b\[(?:\?2026.|H)/g, "");
  };
  assertEquals(output(256, { color: 208, background: 17 }), "\x1b[38;5;208;48;5;17mx\x1b[m");
  assertEquals(output(256, { color: 9, background: 4 }), "\x1b[91;44mx\x1b[m");
  assertEquals(output(16, { color: 196 }), "\x1b[91mx\x1b[m");
  assertEquals(output(16, { color: 232, background: 255 }), "\x1b[30;47mx\x1b[m");
  assertEquals(output(0, { color: 196, bold: true }), "\x1b[1mx\x1b[m");
  assertEquals(output(256, { color: 1e9, background: -1 }), "x");
});

Deno.test("screen: styles change by the shortest sequence", () => {
  const screen = new Screen(20, 1, FULL);
  screen.render();
  screen.put(0, 0, [
    { text: "a", style: { bold: true, color: 1 } },
    { text: "b", style: { bold: true, color: 2 } },
    { text: "c", style: { dim: true, color: 2 } },
    { text: "d", style: { dim: true, color: 2 } },
    { text: "e", style: {} },
  ]);
  assertEquals(
    screen.render(),
    "\x1b[?2026h\x1b[H\x1b[1;31ma\x1b[32mb\x1b[22;2mcd\x1b[me\x1b[?2026l",
  );
});

Deno.test("screen: without Unicode, letters lose their accents and other characters become signs", () => {
  const screen = new Screen(40, 1, { ...FULL, unicode: false });
  screen.render();
  screen.put(0, 0, span("café │ … 世 😀 “x”"));
  assertEquals(screen.render(), '\x1b[?2026h\x1b[Hcafe | . ?? ?? "x"\x1b[?2026l');
});

Deno.test("screen: after a resize all is drawn again in the new size", async () => {
  const { screen, emulator, show } = start(20, 3);
  screen.put(2, 0, span("below"));
  await show();
  emulator.resize(10, 2);
  screen.resize(10, 2);
  assertEquals([screen.columns, screen.rows], [10, 2]);
  screen.put(1, 0, span("abc"));
  await show();
  assertEquals(emulator.text, "\nabc");
  emulator.close();
});

Deno.test("screen: after invalidate() all is drawn again", async () => {
  const { screen, emulator, show } = start(20, 2);
  screen.put(0, 0, span("abc"));
  screen.setCursor(1, 0);
  await show();
  await emulator.write("\x1b[31mgarbage\x1b[2;3Hmore");
  screen.invalidate();
  await show();
  assertEquals(emulator.text, "abc");
  assertEquals(emulator.cell(0, 0).color, -1);
  assertEquals(emulator.cursor, { row: 1, column: 0 });
  emulator.close();
});

Deno.test(`screen: no more than ${STYLES_MAX} styles are remembered beyond those in use`, async () => {
  const { screen, emulator, show } = start(10, 2);
  for (let i = 0; i < 5000; i++) {
    screen.put(0, i % 10, span("x", { link: `https://example.org/${i}`, color: i % 256 }));
    if (i % 50 === 0) screen.render();
    assert(screen.styleCount <= STYLES_MAX + 100);
  }
  screen.put(1, 0, span("y", { color: 77 }));
  await show();
  assertEquals(Array.from({ length: 10 }, (_, i) => emulator.cell(0, i).color), [
    ...Array.from({ length: 10 }, (_, i) => (4990 + i) % 256),
  ]);
  assertEquals(emulator.cell(1, 0).color, 77);
  assertEquals(screen.render(), "");
  emulator.close();
});

Deno.test("screen: what follows an emoji sequence is in its column, even if the terminal shows the emoji in another width", async () => {
  // xterm.js shows every emoji of these in one column, or each person of a family.
  for (const emoji of ["👨‍👩‍👧‍👦", "❤️", "🇩🇪", "👍🏽", "1️⃣", "😀", "नि", "น้ำ"]) {
    const { screen, emulator, show } = start(20, 1);
    screen.put(0, 0, span("#".repeat(20)));
    await show();
    screen.clear();
    screen.put(0, 0, span(`ab${emoji}cd`));
    screen.put(0, 15, span("e"));
    await show();
    const cells = Array.from({ length: 20 }, (_, i) => emulator.cell(0, i).text);
    assert(!cells.includes("#"), `${emoji} leaves what was there`);
    assertEquals([...cells.slice(0, 2), ...cells.slice(4)].join(""), "abcd         e    ", emoji);
    screen.clear();
    screen.put(0, 0, span("abxyzd"));
    await show();
    assertEquals(emulator.text, "abxyzd");
    emulator.close();
  }
});

Deno.test("screen: cells that an emoji sequence covers on a terminal of another width are written again", async () => {
  const { screen, emulator, show } = start(20, 1);
  screen.put(0, 0, span("#".repeat(20)));
  await show();
  screen.put(0, 2, span("👨‍👩‍👧‍👦")); // xterm.js shows it in four columns
  await show();
  const cells = Array.from({ length: 20 }, (_, i) => emulator.cell(0, i).text);
  assertEquals([...cells.slice(0, 2), ...cells.slice(4)].join(""), "#".repeat(18));
  assertEquals(screen.render(), "");
  emulator.close();
});

/** A grid of cells as the API promises it, without any thought of speed. */
class Model {
  cells: { text: string; bold: boolean; color: number; background: number }[][];

  constructor(readonly columns: number, readonly rows: number) {
    this.cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => this.#blank()));
  }

  #blank(style: Style = {}) {
    return { text: " ", bold: style.bold ?? false, color: style.color ?? -1, background: style.background ?? -1 };
  }

  #set(row: number, column: number, text: string, width: number, style: Style) {
    const cells = this.cells[row]!;
    if (cells[column]!.text === "") cells[column - 1]!.text = " ";
    if (cells[column + width]?.text === "") cells[column + width]!.text = " ";
    cells[column] = { ...this.#blank(style), text };
    if (width === 2) cells[column + 1] = { ...this.#blank(style), text: "" };
  }

  put(row: number, column: number, spans: readonly Span[], columns: number) {
    if (row < 0 || row >= this.rows || column < 0) return;
    const end = Math.min(this.columns, column + columns);
    for (const { text, style } of spans) {
      for (const { text: character, width } of graphemes(text)) {
        if (column + width > end) {
          if (column < end) this.#set(row, column, " ", 1, style);
          return;
        }
        this.#set(row, column, character, width, style);
        column += width;
      }
    }
  }

  fill(row: number, column: number, columns: number, style: Style) {
    for (let at = column; at < Math.min(this.columns, column + columns); at++) {
      if (this.cells[row] !== undefined) this.#set(row, at, " ", 1, style);
    }
  }

  clear() {
    for (const row of this.cells) for (const i of row.keys()) row[i] = this.#blank();
  }
}

const STYLES: readonly Style[] = [{}, { bold: true }, { color: 1 }, { color: 200, background: 3 }, { background: 60 }];

const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "ä", "世", "界", "가", "e\u0301", "─"), maxLength: 12 });
const spans = fc.array(fc.record({ text, style: fc.constantFrom(...STYLES) }), { maxLength: 3 });
const at = { row: fc.integer({ min: -1, max: 5 }), column: fc.integer({ min: 0, max: 13 }) };

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), ...at, spans, columns: fc.nat(14) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("fill" as const),
      ...at,
      columns: fc.nat(14),
      style: fc.constantFrom(...STYLES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("render" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("invalidate" as const) }) },
);

Deno.test("screen: the emulator shows the grid after any operations", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 30 }), async (operations) => {
      const { screen, emulator, show } = start(12, 5);
      const model = new Model(12, 5);
      const compare = async () => {
        await show();
        for (const [row, cells] of model.cells.entries()) {
          const shown = cells.map((_, column) => {
            const { text, bold, color, background } = emulator.cell(row, column);
            return { text, bold, color, background };
          });
          assertEquals(shown, cells, `row ${row}`);
        }
        assertEquals(screen.render(), "");
      };
      for (const each of operations) {
        if (each.kind === "put") {
          screen.put(each.row, each.column, each.spans, each.columns);
          model.put(each.row, each.column, each.spans, each.columns);
        } else if (each.kind === "fill") {
          screen.fill(each.row, each.column, each.columns, each.style);
          model.fill(each.row, each.column, each.columns, each.style);
        } else if (each.kind === "clear") {
          screen.clear();
          model.clear();
        } else if (each.kind === "invalidate") screen.invalidate();
        else await compare();
      }
      await compare();
      emulator.close();
    }),
    { numRuns: 300 },
  );
});
