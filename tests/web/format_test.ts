/** Tests of IRC formatting on the page. */
import { assertEquals } from "@std/assert";
import { formattingRuns, plainText } from "../../src/web/format.js";

/** The runs of a text, as `classes:text`. */
function runs(text: string): string[] {
  return formattingRuns(text).map(({ text, classes }) => `${classes}:${text}`);
}

Deno.test("format: each character switches a class on and off, and \\x0f removes all", () => {
  const characters = "\x02\x1d\x1f\x1e\x11\x16";
  const names = ["bold", "italic", "underline", "strike", "mono", "reverse"];
  for (const [i, name] of names.entries()) {
    assertEquals(runs(`a${characters[i]}b${characters[i]}c`), [":a", `${name}:b`, ":c"]);
  }
  assertEquals(runs("\x02a\x1db\x02c\x0fd"), ["bold:a", "bold italic:b", "italic:c", ":d"]);
  assertEquals(runs("\x02\x0304,05a\x0fb"), ["bold ink4 paper5:a", ":b"]);
  assertEquals(runs("plain"), [":plain"]);
  assertEquals(runs(""), []);
});

Deno.test("format: a colour has up to two digits and a background, and only the first sixteen are shown", () => {
  assertEquals(runs("\x034a\x0307b\x03123"), ["ink4:a", "ink7:b", "ink12:3"]);
  assertEquals(runs("\x034,12a\x035b\x03c"), ["ink4 paper12:a", "ink5 paper12:b", ":c"]);
  assertEquals(runs("\x0315a\x0316b\x0399,15c\x034,99d"), ["ink15:a", ":b", "paper15:c", "ink4:d"]);
  assertEquals(runs("\x03,5a"), [":,5a"]);
  assertEquals(runs("\x034,a"), ["ink4:,a"]);
});

Deno.test("format: hexadecimal colours are ignored, and plain text has no formatting", () => {
  assertEquals(runs("\x04ff0000a\x0400FF00,0000ffb\x04c"), [":a", ":b", ":c"]);
  assertEquals(plainText("\x02b\x02 \x0304,12r\x03 \x04ff0000h\x0f u"), "b r h u");
});
