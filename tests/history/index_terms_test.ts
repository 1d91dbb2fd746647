/** Tests what the full-text index contains, and where terms are looked up in it. */
import { assert, assertEquals } from "@std/assert";
import { indexTerms, LINE_TERMS_MAX, lookUp, LOOKUPS_MAX } from "../../src/history/index_terms.ts";
import { queryTerms, TermMatcher } from "../../src/util/tokenizer.ts";
import { fc } from "../dependencies.ts";

Deno.test("index terms: the beginnings of words, and sequences of runs", () => {
  const terms = (text: string) => [...indexTerms(text)];
  assertEquals(terms("A tea, a teapot"), ["a", "te", "tea", "teap", "teapo", "teapot"]);
  assertEquals(terms("今日は"), ["今", "今日", "日", "日は", "は"]);
  assertEquals(terms("한국어"), ["한", "한국", "국", "국어", "어"]);
  assertEquals(terms("ไทย"), ["ไ", "ไท", "ไทย", "ท", "ทย", "ย"]);
  assertEquals(terms("\u{10400}\u{10401}"), ["\u{10428}\u{10429}"], "characters of two units are not cut");
  const long = terms("x".repeat(100));
  assertEquals([long.length, long.at(-1)?.length], [10, 32]);
  assertEquals(terms("?!"), []);
});

Deno.test("index terms: only the beginning of a very long line is in the index", () => {
  const han = Array.from({ length: 5000 }, (_, n) => String.fromCharCode(0x4e00 + n)).join("");
  const words = Array.from({ length: 5000 }, (_, n) => `${10_000 + n}`).join(" ");
  for (const [text, first, last] of [[han, "一丁", han.slice(-2)], [words, "10000", "14999"]] as const) {
    const terms = indexTerms(text);
    assert(terms.size >= LINE_TERMS_MAX && terms.size < LINE_TERMS_MAX + 10, `${terms.size} terms`);
    assertEquals([terms.has(first), terms.has(last)], [true, false]);
  }
});

Deno.test("index terms: few terms are looked up, and texts are compared where they are not enough", () => {
  assertEquals(lookUp(["tea", "a"]), { terms: ["tea", "a"], exact: true });
  assertEquals(lookUp(["teapots"]), { terms: ["teapot"], exact: false });
  assertEquals(lookUp(["x".repeat(100)]), { terms: ["x".repeat(32)], exact: false });
  assertEquals(lookUp(["今日", "ไทย"]), { terms: ["今日", "ไทย"], exact: true });
  assertEquals(lookUp(["今日は"]), { terms: ["今日", "日は"], exact: false });
  assertEquals(lookUp(["ภาษาไทย"]), { terms: ["ภาษ", "าไท", "ไทย"], exact: false });
  assertEquals(lookUp([]), { terms: [], exact: true });
  const many = [Array.from({ length: 40 }, (_, n) => String.fromCharCode(0x4e00 + n)).join("")];
  assertEquals([lookUp(many).terms.length, lookUp(many).exact], [LOOKUPS_MAX, false]);
  const distinct = Array.from({ length: LOOKUPS_MAX + 1 }, (_, n) => `t${n + 10}`);
  assertEquals(lookUp(distinct).exact, false, "the last one is not looked up");
});

const PIECE = fc.oneof(
  fc.constantFrom(
    "tea",
    "teapot",
    "kettle",
    "Kettlewell",
    "été",
    "a",
    "b2",
    "今日は",
    "日本語",
    "コーヒー",
    "ภาษาไทย",
    "한국어",
    "국어",
  ),
  fc.string({ unit: fc.constantFrom(..."abé今日はコーงาไท국어한\u{10400}\u{20bb7}"), maxLength: 12 }),
);
const TEXT = fc.array(fc.oneof(PIECE, fc.constantFrom(" ", ", ", "。")), { maxLength: 8 }).map((all) => all.join(""));

Deno.test("index terms: a line that matches has all terms that are looked up, and where they are exact, no other line has", () => {
  fc.assert(fc.property(TEXT, TEXT, fc.nat(20), fc.nat(20), (text, query, from, length) => {
    for (const each of [query, text, [...text].slice(from, from + length).join("")]) {
      const terms = queryTerms(each);
      const matches = new TermMatcher(terms).matches(text);
      const { terms: sought, exact } = lookUp(terms);
      const there = indexTerms(text);
      const isFound = sought.every((term) => there.has(term));
      assert(sought.length <= LOOKUPS_MAX);
      if (matches) assert(isFound, `${JSON.stringify(each)} in ${JSON.stringify(text)}`);
      if (exact) assertEquals(isFound, matches, `${JSON.stringify(each)} in ${JSON.stringify(text)}`);
    }
  }));
});
