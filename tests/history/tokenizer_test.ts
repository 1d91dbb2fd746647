import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { Finder, WORDS_MAX, wordsOf, wordsSought } from "../../src/history/tokenizer.ts";

const WORDS: Record<string, string[]> = {
  "": [],
  "  \t ": [],
  "Hello, world!": ["hello", "world"],
  "tea tea Tea": ["tea", "tea", "tea"],
  "don't re-read foo_bar @bob #tea": ["don", "t", "re", "read", "foo", "bar", "bob", "tea"],
  "v2.10 0x1F": ["v2", "10", "0x1f"],
  "https://example.org/a?b=c": ["https", "example", "org", "a", "b", "c"],
  "Été à Zürich, Ångström": ["ete", "a", "zurich", "angstrom"],
  "e\u0301te\u0301": ["ete"], // with combining accents, as some keyboards write them
  "ﬁne ﬀ Ⅷ ½ ２": ["fine", "ff", "viii", "1", "2", "2"], // what looks like other characters is those
  "İstanbul ISTANBUL": ["istanbul", "istanbul"],
  "STRASSE Straße": ["strasse", "straße"],
  "Привет, мир": ["привет", "мир"],
  "ΟΔΟΣ οδός": ["οδος", "οδος"],
  "שָׁלוֹם": ["שלום"],
  "今日は good です": ["今", "日", "は", "good", "て", "す"], // de is te with a mark
  "ภาษา": ["ภ", "า", "ษ", "า"],
  "한국어": ["한국어".normalize("NFKD")],
  "word今word": ["word", "今", "word"],
  "👍 😀👩‍👩‍👧 ♥": [],
  "a\0b\x02c\u200bd": ["a", "b", "c", "d"],
  "\ud800lone\udc00": ["lone"],
  "𝕏 𠮷": ["x", "𠮷"],
};

for (const [text, words] of Object.entries(WORDS)) {
  Deno.test(`the words of ${JSON.stringify(text)}`, () => assertEquals(wordsOf(text), words));
}

Deno.test("what is sought has each word once, and no more of them than there may be", () => {
  assertEquals(wordsSought("Tea, tea; coffee TEA"), ["tea", "coffee"]);
  assertEquals(wordsSought("?!"), []);
  const many = Array.from({ length: WORDS_MAX + 5 }, (_, n) => `w${n}`);
  assertEquals(wordsSought(many.join(" ")), many.slice(0, WORDS_MAX));
  assertEquals(wordsSought(`${"same ".repeat(100)}other`), ["same", "other"]);
});

/** Any text, but more often one in which there is something to find. */
const TEXT = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...Object.keys(WORDS))).map((parts) => parts.join(" ")),
);

Deno.test("whatever the text, a word has nothing in it that a query is made of, and is its own only word", () => {
  fc.assert(fc.property(TEXT, (text) => {
    for (const word of wordsOf(text)) {
      assert(/^[a-z0-9\P{ASCII}]+$/u.test(word), JSON.stringify(word));
      assertEquals(wordsOf(word), [word]);
    }
  }));
});

Deno.test("case, accents and what is around a text make no difference to its words", () => {
  fc.assert(fc.property(TEXT, (text) => {
    const words = wordsOf(text);
    assertEquals(wordsOf(` (${text}) `), words);
    assertEquals(wordsOf(text.normalize("NFD")), words);
  }));
  fc.assert(fc.property(fc.string(), (text) => assertEquals(wordsOf(text.toUpperCase()), wordsOf(text))));
});

Deno.test("texts in ASCII, which go a shorter way, have the words that they would have otherwise", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assertEquals([...wordsOf(text), "é"].slice(0, -1), wordsOf(`${text} 今`).slice(0, -1));
  }));
});

Deno.test("a text is found by the words that it has, all of them, and by no part of one", () => {
  fc.assert(fc.property(TEXT, TEXT, (text, other) => {
    const sought = wordsSought(other);
    const there = new Set(wordsOf(text));
    assertEquals(new Finder(sought).finds(text), sought.every((word) => there.has(word)));
  }));
  assert(new Finder(["tea", "green"]).finds("Green tea"));
  assert(!new Finder(["tea", "green"]).finds("green teapot"));
});

Deno.test("what it costs to look at a text depends on what becomes of it, and on whether its words are told apart", () => {
  const cost = (text: string, word = "zz") => {
    const finder = new Finder([word]);
    finder.finds("x");
    const before = finder.spent;
    finder.finds(text);
    return finder.spent - before;
  };
  const nothing = cost("");
  assert(nothing > 0, "even nothing costs something: there may be very many of it");
  assertEquals(cost("x".repeat(8000)) - nothing, 1000);
  assertEquals(cost("今".repeat(8000)) - nothing, 8000);
  assertEquals(cost("\ufdfa".repeat(8000)) - nothing, 18 * 8000);
  assertEquals(cost("\u0390".repeat(8000)) - nothing, 3 * 8000); // though only one of the three is left
  assertEquals(cost(`${"今".repeat(7997)}zzz`) - nothing, 9 * 8000);
});
