/** Tests what the page reads of a search before it sends it. */
import { assertEquals } from "@std/assert";
import { parseSearch } from "../../src/protocol/search.ts";
import { parseDateTime } from "../../src/util/datetime.ts";
import { queryTerms } from "../../src/util/tokenizer.ts";
import { withTimesInUtc, wordsOf } from "../../src/web/search_words.js";

const NOW = new Date(2026, 10, 22, 9, 30).getTime();

Deno.test("search words: conditions are no words, by the same rules as the server's", () => {
  for (
    const text of [
      "tea from:alice",
      'x before:"2026-11-20 14:05" y',
      "re:from https://in:x",
      "HAS:link tea",
      "(in:x) (from:y)",
    ]
  ) {
    assertEquals(queryTerms(wordsOf(text)), parseSearch(text, NOW).terms, text);
  }
});

Deno.test("search words: times in the time zone of the user are sent in UTC", () => {
  const iso = (...[hour, minute, day = 20]: number[]) => new Date(2026, 10, day, hour, minute).toISOString();
  assertEquals(withTimesInUtc("tea before:2026-11-20", NOW), `tea before:${iso(0, 0)}`);
  assertEquals(withTimesInUtc("After:2026-11-20T14:05 tea", NOW), `After:${iso(14, 5)} tea`);
  assertEquals(withTimesInUtc('before:"2026-11-20 14:05" x', NOW), `before:${iso(14, 5)} x`);
  assertEquals(withTimesInUtc("before:14:05 after:8:15", NOW), `before:${iso(14, 5, 21)} after:${iso(8, 15, 22)}`);
});

Deno.test("search words: a time is the same as for the server, in its time zone", () => {
  for (const text of ["2026-11-20", "2026-11-20 14:05", "2026-11-20T9:05", "14:05", "9:30", "23:59", "0:00"]) {
    const sent = withTimesInUtc(`before:"${text}"`, NOW);
    assertEquals(sent, `before:${new Date(parseDateTime(text, NOW)!).toISOString()}`, text);
  }
});

Deno.test("search words: what is no valid time is left for the server to reject", () => {
  for (
    const text of [
      "before:",
      'before:""',
      "before:noon",
      "before:2026-02-30",
      "before:25:00",
      "xbefore:14:05",
      "before:14:05x",
      "before",
    ]
  ) {
    assertEquals(withTimesInUtc(text, NOW), text);
  }
  const [day, rest] = withTimesInUtc("before:2026-11-20 14:05", NOW).split(" ");
  assertEquals(
    [day, rest],
    [`before:${new Date(2026, 10, 20).toISOString()}`, "14:05"],
    "a time behind a space is a word",
  );
});
