/** Joining words into lines. */
import { assert, assertEquals } from "@std/assert";
import { joinWords } from "../../../src/protocol/irc/join_words.ts";
import { byteLength } from "../../../src/util/bytes.ts";
import { fc } from "../../dependencies.ts";

Deno.test("joinWords: fills each line up to the limit in bytes", () => {
  assertEquals([...joinWords(["ab", "cd", "ef"], 5)], ["ab cd", "ef"]);
  assertEquals([...joinWords(["ab", "cd", "ef"], 4)], ["ab", "cd", "ef"]);
  assertEquals([...joinWords(["é", "é", "é"], 5)], ["é é", "é"]);
});

Deno.test("joinWords: a word that is too long is a line of its own", () => {
  assertEquals([...joinWords(["a", "long-word", "b"], 3)], ["a", "long-word", "b"]);
});

Deno.test("joinWords: takes no more words than its lines need", () => {
  let taken = 0;
  const words = function* () {
    for (;; taken++) yield "word";
  };
  assertEquals(joinWords(words(), 9).next().value, "word word");
  assertEquals(taken, 2);
});

Deno.test("joinWords: all words are in the lines, and no line is longer than the limit", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "é", "€", "😀"), minLength: 1, maxLength: 5 });
  fc.assert(fc.property(fc.array(word), fc.integer({ min: 20, max: 60 }), (words, max) => {
    const lines = [...joinWords(words, max)];
    assertEquals(lines.flatMap((line) => line.split(" ")), words);
    for (const line of lines) assert(byteLength(line) <= max, line);
  }));
});
