/** Tests that the page marks the same terms in results as the server searches for. */
import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { queryTerms, tokenize } from "../../src/util/tokenizer.ts";
import { highlightWords } from "../../src/web/highlight.js";

/** The text with matches in brackets. */
function marked(text: string, words: string): string {
  return highlightWords(text, words).map(({ text, found }) => found ? `[${text}]` : text).join("");
}

Deno.test("highlight: whole words match regardless of case and accents", () => {
  assertEquals(
    marked("The kettle, Kettle and KE\u0301TTLE: no kettles", "kéttle"),
    "The [kettle], [Kettle] and [KE\u0301TTLE]: no kettles",
  );
  assertEquals(marked("L'été à Zürich", "ete ZURICH"), "L'[été] à [Zürich]");
  assertEquals(marked("今日は雨", "日 雨"), "今[日]は[雨]");
  assertEquals(marked("an oﬃce", "office"), "an [oﬃce]");
  assertEquals(marked("½ tea", "2"), "[½] tea"); // of a symbol that is several words, one is enough
  assertEquals(marked("nothing", ""), "nothing");
  assertEquals(highlightWords("needle", "needle"), [{ text: "needle", found: true }]);
});

Deno.test("highlight: a long text is shortened to an excerpt around the first match", () => {
  const found = marked(`${"before ".repeat(100)}needle ${"after ".repeat(200)}`, "needle");
  assertEquals(/^… (.*)\[needle\] (.*) …$/s.exec(found)?.slice(1).map(({ length }) => length < 420), [true, true]);
});

Deno.test("highlight: a text is shortened only before a first match that is far from its start, and after 400 characters", () => {
  const words = (count: number) => "x ".repeat(count);
  assertEquals(marked(`${words(60)}needle`, "needle"), `${words(60)}[needle]`);
  assertEquals(marked(`${words(61)}needle`, "needle"), `… ${words(30)}[needle]`);
  assertEquals(marked(`needle ${words(100)}needle`, "needle"), `[needle] ${words(100)}[needle]`);
  const many = highlightWords("needle ".repeat(100), "needle").map(({ text }) => text).join("");
  assertEquals([many.length, many.indexOf("…")], [402, 401]);
});

Deno.test("highlight: all terms that the server finds are marked, and a short text stays complete", () => {
  const word = fc.constantFrom("été", "Tea", "日本", "ﬁ", "x2", "naïve", "ÅNGSTRÖM", "กา", "<b>", "e\u0301");
  const text = fc.array(fc.oneof(word, fc.constantFrom(" ", ", ", "\n", "-", "!")), { maxLength: 12 }).map((all) =>
    all.join("")
  );
  fc.assert(fc.property(text, text, (text, words) => {
    const parts = highlightWords(text, words);
    assertEquals(parts.map(({ text }) => text).join(""), text);
    const there = new Set(tokenize(text));
    const found = queryTerms(words).filter((word) => there.has(word));
    const shown = new Set(parts.flatMap(({ text, found }) => found ? tokenize(text) : []));
    for (const word of found) assertEquals(shown.has(word), true, `${word} in ${text}`);
  }));
});
