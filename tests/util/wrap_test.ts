/** Splitting of texts and lists by their length in UTF-8. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { clipBytes, ellipsize } from "../../src/util/clip.ts";
import { wrap, wrapList } from "../../src/util/wrap.ts";

const length = (text: string) => new TextEncoder().encode(text).length;
const text = fc.string({ unit: fc.constantFrom("a", " ", "é", "€", "😀"), maxLength: 60 });

Deno.test("wrap: the parts are the text, each of at most the given length, cut after a space if possible", () => {
  fc.assert(fc.property(text, fc.integer({ min: 4, max: 40 }), (text, most) => {
    const parts = wrap(text, most);
    assertEquals(parts.join(""), text);
    for (const [n, part] of parts.entries()) {
      assert(length(part) <= most, part);
      if (n < parts.length - 1) assert(part.endsWith(" ") || !part.includes(" "), JSON.stringify(parts));
    }
  }));
});

Deno.test("wrap: a character longer than the limit is a part of its own", () => {
  assertEquals(wrap("😀😀", 1), ["😀", "😀"]);
});

Deno.test("wrapList: the lines contain all items in order, as many in each as fit", () => {
  const items = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "€"), minLength: 1, maxLength: 10 }));
  fc.assert(fc.property(items, fc.integer({ min: 1, max: 40 }), (items, most) => {
    const lines = [...wrapList(items, most, ",")];
    assertEquals(lines.flatMap((line) => line.split(",")), items);
    for (const [n, line] of lines.entries()) {
      assert(length(line) <= most || !line.includes(","), line);
      const next = lines[n + 1]?.split(",")[0];
      if (next !== undefined) assert(length(`${line},${next}`) > most, `${next} fits after ${line}`);
    }
  }));
});

Deno.test("wrapList: items are taken only as needed", () => {
  let taken = 0;
  const items = function* () {
    for (;; taken++) yield "abc";
  };
  assertEquals(wrapList(items(), 7).next().value, "abc abc");
  assertEquals(taken, 2);
});

Deno.test("clipBytes: the longest beginning that fits is returned, of whole characters", () => {
  fc.assert(fc.property(text, fc.nat(40), (text, most) => {
    const clipped = clipBytes(text, most);
    assert(text.startsWith(clipped) && length(clipped) <= most);
    const next = [...text.slice(clipped.length)][0];
    if (next !== undefined) assert(length(clipped + next) > most);
  }));
  assertEquals(clipBytes("x".repeat(5000), 4000).length, 4000);
});

Deno.test("ellipsize: a text longer than the limit is cut and marked", () => {
  assertEquals([ellipsize("abc", 3), ellipsize("abcd", 3), ellipsize("", 3)], ["abc", "abc…", ""]);
});
