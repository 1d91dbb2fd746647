import { assertEquals, assertMatch } from "@std/assert";
import { fc } from "../dependencies.ts";
import { sanitize, stripFormatting } from "../../src/util/sanitize.ts";

/** What IRC clients format text with: bold, colours, reset, monospace, reverse, italics, underline, strike-through. */
const FORMATTING = [0x02, 0x03, 0x04, 0x0f, 0x11, 0x16, 0x1d, 0x1e, 0x1f];

/**
 * C0 but for the tab and formatting, DEL and C1, the line and paragraph separators, what turns text around, the byte order
 * mark.
 */
function dangerous(code: number): boolean {
  if (code === 0x09 || FORMATTING.includes(code)) return false;
  return code < 0x20 || code >= 0x7f && code <= 0x9f || code >= 0x2028 && code <= 0x202e ||
    code >= 0x2066 && code <= 0x206f || code === 0xfeff;
}

Deno.test("sanitize: removes each control character except the tab and formatting, and no other character", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    const expected = dangerous(code) ? "ab" : `a${character}b`;
    assertEquals(sanitize(`a${character}b`), expected, `U+${code.toString(16)}`);
  }
});

Deno.test("sanitize: keeps all other characters in order", () => {
  const unit = fc.oneof(fc.constantFrom("\x1b", "\x9b", "\x07", "\r", "\n", "\t", "\u2028", "\ufeff"), fc.string());
  fc.assert(fc.property(fc.array(unit).map((units) => units.join("")), (text) => {
    assertEquals(sanitize(text), Array.from(text).filter((each) => !dangerous(each.codePointAt(0)!)).join(""));
  }));
});

Deno.test("plain: removes formatting with its colours, and no other digits", () => {
  const texts: Record<string, string> = {
    "\x02bold\x02": "bold",
    "\x0304red": "red",
    "\x034red": "red",
    "\x03123": "3",
    "\x0304,12red": "red",
    "\x0304,red": ",red",
    "\x03,12": ",12",
    "\x03": "",
    "\x04ff00FFred": "red",
    "\x04ff00ff,00ff00red": "red",
    "\x04ff00f": "ff00f",
    "a\x0fb\x11c\x16d\x1de\x1ef\x1fg": "abcdefg",
    "tab\tand 04,12": "tab\tand 04,12",
  };
  for (const [text, left] of Object.entries(texts)) assertEquals(stripFormatting(text), left, JSON.stringify(text));
});

Deno.test("sanitize and plain: remove all control characters except the tab, and nothing else", () => {
  const unit = fc.oneof(
    fc.constantFrom(..."\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f\x1b\t,0aF".split("")),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(fc.property(fc.array(unit).map((units) => units.join("")), (text) => {
    const left = stripFormatting(sanitize(text));
    assertMatch(left, /^[\t\P{Cc}]*$/u);
    assertEquals(stripFormatting(left), left);
    if (/^[\t\P{Cc}]*$/u.test(text)) assertEquals(stripFormatting(text), text);
  }));
});
