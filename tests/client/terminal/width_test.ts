import { assert, assertEquals } from "@std/assert";
import { fit, graphemes, MARKS_MAX, widthOf } from "../../../src/client/terminal/width.ts";
import { fc } from "../../dependencies.ts";
import { Emulator } from "./emulator.ts";

const WIDTHS: readonly (readonly [name: string, text: string, width: number])[] = [
  ["nothing", "", 0],
  ["ASCII", "hello", 5],
  ["umlauts", "Grüße", 5],
  ["Cyrillic", "привет", 6],
  ["a combining accent", "e\u0301", 1],
  ["Vietnamese with two marks", "e\u0302\u0301", 1],
  ["Chinese", "世界", 4],
  ["Japanese with a voiced mark", "か\u3099", 2],
  ["Korean", "한국", 4],
  ["Korean in conjoining letters", "\u1112\u1161\u11ab", 2],
  ["fullwidth letters", "Ｈｉ", 4],
  ["halfwidth kana", "ｶﾞ", 2],
  ["ideographs beyond the BMP", "𠮷", 2],
  ["Thai with a vowel after the consonant", "น้ำ", 2],
  ["Hindi", "नि", 2],
  ["Hebrew with points", "שָׁ", 1],
  ["an emoji", "😀", 2],
  ["an emoji with a skin tone", "👍🏽", 2],
  ["a family", "👨‍👩‍👧‍👦", 2],
  ["a flag", "🇩🇪", 2],
  ["two flags", "🇩🇪🇫🇷", 4],
  ["the flag of Scotland", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", 2],
  ["a heart as text", "❤", 1],
  ["a heart as emoji", "❤️", 2],
  ["a keycap", "1️⃣", 2],
  ["a digit with a variation selector", "1\ufe0f", 1],
  ["a letter with a variation selector", "a\ufe0f", 1],
  ["zero-width space, word joiner, soft hyphen", "a\u200bb\u2060c\u00add", 4],
  ["directional controls", "a\u202eb\u2066c", 3],
  ["an Arabic sign of the category of formats", "\u0600", 1],
  ["a joiner between Persian letters", "می\u200cخواهم", 7],
  ["box drawing", "┌─┐", 3],
];

for (const [name, text, width] of WIDTHS) {
  Deno.test(`width: ${name} takes ${width} columns`, () => {
    assertEquals(widthOf(text), width);
  });
}

Deno.test("width: xterm.js gives text that is certain the same columns", async () => {
  const emulator = new Emulator(40, 1);
  for (const [name, text, width] of WIDTHS) {
    if (!graphemes(text).every(({ certain }) => certain)) continue;
    await emulator.write(`\r\x1b[K${graphemes(text).map((each) => each.text).join("")}`);
    assertEquals(emulator.cursor.column, width, name);
  }
  emulator.close();
});

Deno.test("width: an emoji sequence and a letter with marks are one grapheme each", () => {
  assertEquals(graphemes("👨‍👩‍👧x").map(({ text }) => text), ["👨‍👩‍👧", "x"]);
  assertEquals(graphemes("ae\u0301b").map(({ text }) => text), ["a", "e\u0301", "b"]);
});

Deno.test("width: control characters, escape sequences and lone surrogates are replaced", () => {
  const text = "\x1b[31m\x07\x9b2J\x00\x7f\ud800\r";
  const shown = graphemes(text).map((each) => each.text).join("");
  assertEquals(shown, "\ufffd[31m\ufffd\ufffd2J\ufffd\ufffd\ufffd\ufffd");
  assertEquals(graphemes("a\tb\nc").map((each) => each.text).join(""), "a    b c");
});

Deno.test(`width: a character keeps at most ${MARKS_MAX} marks`, () => {
  const [first, ...rest] = graphemes("a" + "\u0301".repeat(100_000));
  assertEquals(first?.text.length, 1 + MARKS_MAX);
  assertEquals(rest, []);
});

Deno.test("width: a mark that follows nothing is drawn on a space of its own", () => {
  assertEquals(graphemes("\u0301").map(({ text, width }) => [text, width]), [["\u00a0\u0301", 1]]);
});

Deno.test("width: no text gives control characters, and widths add up, whatever the text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
      const found = graphemes(text);
      for (const each of found) {
        // deno-lint-ignore no-control-regex -- control characters must not be there
        assert(!/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/.test(each.text));
        assert(each.text.isWellFormed());
        assert(each.width > 0 && each.width <= 2);
      }
      assertEquals(widthOf(text), found.reduce((sum, { width }) => sum + width, 0));
      const joined = found.map((each) => each.text).join("");
      assertEquals(widthOf(joined), widthOf(text), "splitting again changes nothing");
    }),
    { numRuns: 1000 },
  );
});

Deno.test("width: of a very long text only what fits is looked at", () => {
  for (const unit of ["x", "世", "👨‍👩‍👧", "ก", "\u200b"]) {
    const text = unit.repeat(unit === "\u200b" ? 10_000 : 1_000_000);
    const start = performance.now();
    for (let i = 0; i < 20; i++) {
      assert(graphemes(text, 80).length <= 82);
      fit(text, 80);
    }
    // All of it takes seconds each time. Invisible characters have no columns that could end the text.
    if (unit !== "\u200b") assert(performance.now() - start < 2000, `${unit}: ${performance.now() - start} ms`);
  }
});

Deno.test("width: no sequence is divided in a long text", () => {
  assertEquals(new Set(graphemes("a" + "👨‍👩‍👧‍👦".repeat(1000)).map((each) => each.text)), new Set(["a", "👨‍👩‍👧‍👦"]));
});

Deno.test("width: graphemes up to a number of columns are the first of all", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.nat(40), (text, columns) => {
    const all = graphemes(text);
    const some = graphemes(text, columns);
    assertEquals(some, all.slice(0, some.length));
    const width = some.reduce((sum, each) => sum + each.width, 0);
    assert(some.length === all.length || width > columns);
  }));
});

Deno.test("width: a text that fits is not cut, and a longer one ends in …", () => {
  assertEquals(fit("hello", 5), "hello");
  assertEquals(fit("hello", 4), "hel…");
  assertEquals(fit("世界", 4), "世界");
  assertEquals(fit("世界", 3), "世…");
  assertEquals(fit("世界", 2), "…");
  assertEquals(fit("👨‍👩‍👧👨‍👩‍👧", 3), "👨‍👩‍👧…");
  assertEquals(fit("x", 0), "");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(12), (text, columns) => {
    assert(widthOf(fit(text, columns)) <= columns);
  }));
});
