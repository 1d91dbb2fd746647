import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { normalizedTexts } from "../normalized_texts.ts";
import { isRun, QUERY_TERMS_MAX, queryTerms, TermMatcher, tokenize } from "../../src/util/tokenizer.ts";

const WORDS: Record<string, string[]> = {
  "": [],
  "  \t ": [],
  "Hello, world!": ["hello", "world"],
  "tea tea Tea": ["tea", "tea", "tea"],
  "don't re-read foo_bar @bob #tea": ["don", "t", "re", "read", "foo", "bar", "bob", "tea"],
  "v2.10 0x1F": ["v2", "10", "0x1f"],
  "https://example.org/a?b=c": ["https", "example", "org", "a", "b", "c"],
  "Été à Zürich, Ångström": ["ete", "a", "zurich", "angstrom"],
  "e\u0301te\u0301": ["ete"], // with combining accents
  "ﬁne ﬀ Ⅷ ½ ２": ["fine", "ff", "viii", "1", "2", "2"], // compatibility characters are decomposed
  "İstanbul ISTANBUL": ["istanbul", "istanbul"],
  "STRASSE Straße": ["strasse", "straße"],
  "Привет, мир": ["привет", "мир"],
  "ΟΔΟΣ οδός": ["οδος", "οδος"],
  "שָׁלוֹם": ["שלום"],
  "今日は good です": ["今日は", "good", "てす"], // "de" is decomposed to "te" and a mark
  "ภาษา": ["ภาษา"],
  "น้ำตาล": ["นาตาล"], // without marks
  "コーヒー、ラーメン": ["コーヒー", "ラーメン"],
  "人々。": ["人々"],
  "한국어": ["한국어"],
  "ㅋㅋㅋ": ["ᄏᄏᄏ"],
  "word今word": ["word", "今", "word"],
  "👍 😀👩‍👩‍👧 ♥": [],
  "a\0b\x02c\u200bd": ["a", "b", "c", "d"],
  "\ud800lone\udc00": ["lone"],
  "𝕏 𠮷": ["x", "𠮷"],
};

for (const [text, words] of Object.entries(WORDS)) {
  Deno.test(`tokenizer: terms of ${JSON.stringify(text)}`, () => assertEquals(tokenize(text), words));
}

Deno.test("tokenizer: a query has each term once, up to the limit", () => {
  assertEquals(queryTerms("Tea, tea; coffee TEA"), ["tea", "coffee"]);
  assertEquals(queryTerms("?!"), []);
  const many = Array.from({ length: QUERY_TERMS_MAX + 5 }, (_, n) => `w${n}`);
  assertEquals(queryTerms(many.join(" ")), many.slice(0, QUERY_TERMS_MAX));
  assertEquals(queryTerms(`${"same ".repeat(100)}other`), ["same", "other"]);
});

/** Any text, but often one with terms in it. */
const TEXT = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...Object.keys(WORDS))).map((parts) => parts.join(" ")),
);

Deno.test("tokenizer: a term contains no query syntax, and is its own only term, for random texts", () => {
  fc.assert(fc.property(TEXT, (text) => {
    for (const word of tokenize(text)) {
      assert(/^[a-z0-9\P{ASCII}]+$/u.test(word), JSON.stringify(word));
      assertEquals(tokenize(word), [word]);
    }
  }));
});

Deno.test("tokenizer: case, normalization and surrounding punctuation do not change the terms", () => {
  fc.assert(fc.property(TEXT, (text) => {
    const words = tokenize(text);
    assertEquals(tokenize(` (${text}) `), words);
    assertEquals(tokenize(text.normalize("NFD")), words);
  }));
  fc.assert(fc.property(fc.string(), (text) => assertEquals(tokenize(text.toUpperCase()), tokenize(text))));
});

/** The terms of a text that is decomposed as a whole, as short texts are. */
function termsOfParts(text: string): string[] {
  return text.split(" ").flatMap((part) => tokenize(part));
}

Deno.test("tokenizer: marks that are removed before the decomposition of long texts do not change the terms", () => {
  const part = fc.oneof(
    fc.constantFrom(...Object.keys(WORDS).flatMap((text) => text.split(" "))),
    fc.string({
      unit: fc.constantFrom(..."aé\u0390\u0344\u0345\u0334\u0301\u0316\u0e33ｶﾞ\uff9f\u0f77が"),
      maxLength: 9,
    }),
  );
  fc.assert(fc.property(fc.array(part, { minLength: 20, maxLength: 60 }), (parts) => {
    const text = parts.join(" ") + " ".repeat(64);
    assertEquals(tokenize(text), termsOfParts(text));
  }));
  for (let code = 0; code <= 0x10ffff; code++) {
    const char = String.fromCodePoint(code);
    if (/\p{M}/u.test(char)) assert(/^\p{M}+$/u.test(char.normalize("NFKD")), `U+${code.toString(16)}`);
  }
});

Deno.test("tokenizer: a text with 65,536 marks is decomposed without them, as sorting them takes seconds", () => {
  const text = `a${"\u0345".repeat(32_768)}${"\u0334".repeat(32_768)}b`;
  const texts = normalizedTexts(() => assertEquals(tokenize(text), ["ab"]));
  assertEquals(texts, ["ab"]);
});

Deno.test("tokenizer: the faster way for ASCII gives the same terms", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assertEquals([...tokenize(text), "é"].slice(0, -1), tokenize(`${text} 今`).slice(0, -1));
  }));
});

/** Whether a word or a run matches a term, by the characters of both. */
function matchesTerm(word: string, term: string): boolean {
  if (isRun(term)) return isRun(word) && word.includes(term);
  return word === term || ([...term].length > 1 && word.startsWith(term));
}

Deno.test("tokenizer: a text matches if it has a word or run for each term", () => {
  fc.assert(fc.property(TEXT, TEXT, (text, other) => {
    const sought = queryTerms(other);
    const there = tokenize(text);
    const expected = sought.every((term) => there.some((word) => matchesTerm(word, term)));
    assertEquals(new TermMatcher(sought).matches(text), expected);
  }));
  const matches = (text: string, query: string) => new TermMatcher(queryTerms(query)).matches(text);
  for (const query of ["tea green", "te gr", "TEÁ"]) assert(matches("Green tea", query), query);
  for (const query of ["ea", "g tea", "teas", "green teapot"]) assert(!matches("Green tea", query), query);
  assert(matches("I see 𝕏 and \u{10400}\u{10401}", "i x"));
  assert(!matches("\u{10400}\u{10401}", "\u{10428}"), "one letter of two units matches no longer word");
  for (const query of ["日", "日は", "今日はいい"]) assert(matches("明日、今日はいい", query), query);
  assert(!matches("今、日", "今日"));
  for (const query of ["한국", "국어", "어"]) assert(matches("대한국어학회", query), query);
  assert(!matches("한국어", "한구"), "a syllable is not a part of another one");
  for (const query of ["ภาษา", "ไทย", "ษาไ"]) assert(matches("ภาษาไทย", query), query);
});

Deno.test("tokenizer: the cost depends on the decomposed text, and on whether it was split", () => {
  const cost = (text: string, word = "zz") => {
    const matcher = new TermMatcher([word]);
    matcher.matches("x");
    const before = matcher.cost;
    matcher.matches(text);
    return matcher.cost - before;
  };
  const nothing = cost("");
  assert(nothing > 0, "even an empty text has a cost");
  assertEquals(cost("x".repeat(8000)) - nothing, 1000);
  assertEquals(cost("今".repeat(8000)) - nothing, 8000);
  assertEquals(cost("\ufdfa".repeat(8000)) - nothing, 18 * 8000);
  assertEquals(cost("\u0390".repeat(8000)) - nothing, 3 * 8000); // two of the three characters are marks, which are removed
  assertEquals(cost("\u0345\u0334".repeat(4000)) - nothing, 8000);
  assertEquals(cost(`${"今".repeat(7997)}zzz`) - nothing, 9 * 8000 + 1, "two words are compared");
});
