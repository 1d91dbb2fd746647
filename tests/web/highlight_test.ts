/** Tests that the page marks the same terms in results as the server searches for. */
import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { queryTerms, TermMatcher } from "../../src/util/tokenizer.ts";
import { highlightWords } from "../../src/web/highlight.js";

/** The text with matches in brackets. */
function marked(text: string, words: string): string {
  return highlightWords(text, words).map(({ text, found }) => found ? `[${text}]` : text).join("");
}

Deno.test("highlight: beginnings of words match regardless of case and accents", () => {
  assertEquals(
    marked("The kettle, Kettle and KE\u0301TTLE: no kettles", "kéttle"),
    "The [kettle], [Kettle] and [KE\u0301TTLE]: no [kettle]s",
  );
  assertEquals(marked("L'été à Zürich", "ete ZURICH"), "L'[été] à [Zürich]");
  assertEquals(marked("今日は雨", "日 雨"), "今[日]は[雨]");
  assertEquals(marked("an oﬃce", "office"), "an [oﬃce]");
  assertEquals(marked("an oﬃce", "of"), "an [oﬃ]ce");
  assertEquals(marked("tea, a teapot, steam", "te t tea"), "[tea], a [tea]pot, steam");
  assertEquals(marked("t tea", "t"), "[t] tea");
  assertEquals(marked("e\u0301te\u0301s", "ete"), "[e\u0301te\u0301]s");
  assertEquals(marked("½ tea", "2"), "[½] tea"); // of a symbol that is several words, one is enough
  assertEquals(
    marked("from alice: tea https://tea.example", "tea from:alice in:#room has:link"),
    "from alice: [tea] https://[tea].example",
  );
  assertEquals(marked("before noon", 'before:"2026-11-20 14:05" after:x noon'), "before [noon]");
  assertEquals(marked("nothing", ""), "nothing");
  assertEquals(highlightWords("needle", "needle"), [{ text: "needle", found: true }]);
});

Deno.test("highlight: every part of a text matches in scripts without spaces, and in Korean", () => {
  assertEquals(marked("明日、今日はいい天気", "今日は"), "明日、[今日は]いい天気");
  assertEquals(marked("今日は雨、今日も雨", "今日 雨"), "[今日]は[雨]、[今日]も[雨]");
  assertEquals(marked("今今日", "今日 日"), "今[今日]");
  assertEquals(marked("コーヒーです", "コーヒ"), "[コーヒ]ーです");
  assertEquals(marked("がっこう", "か"), "[が]っこう"); // marks are ignored
  assertEquals(marked("ภาษาไทยน้ำ", "ไทยนา"), "ภาษา[ไทยน้ำ]");
  assertEquals(marked("대한국어학회", "국어"), "대한[국어]학회");
  assertEquals(marked("대한국어학회".normalize("NFD"), "국어"), `대한[국어]학회`.normalize("NFD"));
  assertEquals(marked("𠮷野家 𠮷", "𠮷"), "[𠮷]野家 [𠮷]");
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
    const shown = parts.filter(({ found }) => found).map(({ text }) => text).join(" ");
    for (const term of queryTerms(words)) {
      const isFound = new TermMatcher([term]).matches(text);
      assertEquals(new TermMatcher([term]).matches(shown), isFound, `${term} in ${text}`);
    }
  }));
});
