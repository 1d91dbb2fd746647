import { assert, assertEquals } from "@std/assert";
import type { Span } from "../../../src/client/terminal/style.ts";
import { graphemes } from "../../../src/client/terminal/width.ts";
import { widthOfSpans, wrapSpans } from "../../../src/client/terminal/wrap.ts";
import { fc } from "../../dependencies.ts";

const plain = (text: string): Span[] => [{ text, style: {} }];
const textOf = (row: readonly Span[]) => row.map(({ text }) => text).join("");
const wrapped = (text: string, columns: number, indent = 0) => wrapSpans(plain(text), columns, indent).map(textOf);

Deno.test("wrap: rows are broken at spaces, which are left out there", () => {
  assertEquals(wrapped("the quick brown fox", 10), ["the quick", "brown fox"]);
  assertEquals(wrapped("the quick brown fox", 9), ["the quick", "brown fox"]);
  assertEquals(wrapped("the   quick", 5), ["the", "quick"]);
});

Deno.test("wrap: spaces after a full row begin no row", () => {
  assertEquals(wrapped("abcd  ", 4), ["abcd"]);
  assertEquals(wrapped("abcd  \n  e", 4), ["abcd", "  e"]);
  assertEquals(wrapped("abcd  efg", 4), ["abcd", "efg"]);
});

Deno.test("wrap: words longer than a row are broken anywhere", () => {
  assertEquals(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  assertEquals(wrapped("a bcdefghij", 4), ["a", "bcde", "fghi", "j"]);
});

Deno.test("wrap: later rows are indented", () => {
  assertEquals(wrapped("the quick brown fox", 10, 2), ["the quick", "  brown", "  fox"]);
  assertEquals(wrapped("abcdefghij", 4, 1), ["abcd", " efg", " hij"]);
  assertEquals(wrapped("ab cdefghijkl", 6, 3), ["ab", "   cde", "   fgh", "   ijk", "   l"]);
});

Deno.test("wrap: newlines begin a row, and empty rows stay", () => {
  assertEquals(wrapped("a\n\nb\r\nc\n", 10, 2), ["a", "", "  b", "  c", ""]);
});

Deno.test("wrap: spaces at the start of a line stay, as in code", () => {
  assertEquals(wrapped("if x:\n    y", 20), ["if x:", "    y"]);
});

Deno.test("wrap: wide characters are not divided, and ideographs are broken anywhere", () => {
  assertEquals(wrapped("世界世界", 5), ["世界", "世界"]);
  assertEquals(wrapped("ab 世界世界", 7), ["ab 世界", "世界"]);
  assertEquals(wrapped("世", 1), ["?"]);
});

Deno.test("wrap: styles are kept", () => {
  const bold = { bold: true };
  assertEquals(wrapSpans([{ text: "one ", style: {} }, { text: "two three", style: bold }], 7), [
    [{ text: "one ", style: {} }, { text: "two", style: bold }],
    [{ text: "three", style: bold }],
  ]);
});

Deno.test("wrap: no row is too wide and no character is lost, whatever the text", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", " ", " ", "\n", "世", "👨‍👩‍👧", "é", "e\u0301", "\x1b", "\t", "ก", "ำ"),
    maxLength: 60,
  });
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 4 }),
      fc.integer({ min: 2, max: 20 }),
      fc.nat(12),
      (texts, columns, indent) => {
        const spans = texts.map((each, i) => ({ text: each, style: i % 2 === 0 ? {} : { bold: true } }));
        const rows = wrapSpans(spans, columns, indent);
        for (const row of rows) assert(widthOfSpans(row) <= columns, `${JSON.stringify(row)} is too wide`);
        const characters = (text: string) => graphemes(text).map((each) => each.text).join("").replaceAll(" ", "");
        assertEquals(characters(rows.map(textOf).join("")), texts.map(characters).join(""));
      },
    ),
    { numRuns: 2000 },
  );
});
