/** What the page marks in what was found: what the server searches for. */
import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { wordsOf, wordsSought } from "../../src/history/tokenizer.ts";
import { highlightWords } from "../../src/web/highlight.js";

/** With what was found in brackets. */
function marked(text: string, words: string): string {
  return highlightWords(text, words).map(({ text, found }) => found ? `[${text}]` : text).join("");
}

Deno.test("words are found whatever their case and accents, and whole", () => {
  assertEquals(
    marked("The kettle, Kettle and KE\u0301TTLE: no kettles", "kéttle"),
    "The [kettle], [Kettle] and [KE\u0301TTLE]: no kettles",
  );
  assertEquals(marked("L'été à Zürich", "ete ZURICH"), "L'[été] à [Zürich]");
  assertEquals(marked("今日は雨", "日 雨"), "今[日]は[雨]");
  assertEquals(marked("an oﬃce", "office"), "an [oﬃce]");
  assertEquals(marked("nothing", ""), "nothing");
});

Deno.test("of a long text, there is what is around the first word", () => {
  const found = marked(`${"before ".repeat(100)}needle ${"after ".repeat(200)}`, "needle");
  assertEquals(/^… (.*)\[needle\] (.*) …$/s.exec(found)?.slice(1).map(({ length }) => length < 420), [true, true]);
});

Deno.test("what the server finds in a text is marked, and nothing is lost of a short one", () => {
  const word = fc.constantFrom("été", "Tea", "日本", "ﬁ", "x2", "naïve", "ÅNGSTRÖM", "กา", "<b>", "e\u0301");
  const text = fc.array(fc.oneof(word, fc.constantFrom(" ", ", ", "\n", "-", "!")), { maxLength: 12 }).map((all) =>
    all.join("")
  );
  fc.assert(fc.property(text, text, (text, words) => {
    const parts = highlightWords(text, words);
    assertEquals(parts.map(({ text }) => text).join(""), text);
    const there = new Set(wordsOf(text));
    const found = wordsSought(words).filter((word) => there.has(word));
    const shown = new Set(parts.flatMap(({ text, found }) => found ? wordsOf(text) : []));
    for (const word of found) assertEquals(shown.has(word), true, `${word} in ${text}`);
  }));
});
