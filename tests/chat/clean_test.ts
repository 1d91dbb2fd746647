import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { clean } from "../../src/chat/clean.ts";

/** C0 but for the tab, DEL and C1, the line and paragraph separators, the byte order mark. */
function dangerous(code: number): boolean {
  return code < 0x20 && code !== 0x09 || code >= 0x7f && code <= 0x9f || [0x2028, 0x2029, 0xfeff].includes(code);
}

Deno.test("each control character but the tab is taken out, and no other character is", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    const expected = dangerous(code) ? "ab" : `a${character}b`;
    assertEquals(clean(`a${character}b`), expected, `U+${code.toString(16)}`);
  }
});

Deno.test("what is left is all that did no harm, in order", () => {
  const unit = fc.oneof(fc.constantFrom("\x1b", "\x9b", "\x07", "\r", "\n", "\t", "\u2028", "\ufeff"), fc.string());
  fc.assert(fc.property(fc.array(unit).map((units) => units.join("")), (text) => {
    assertEquals(clean(text), Array.from(text).filter((each) => !dangerous(each.codePointAt(0)!)).join(""));
  }));
});
