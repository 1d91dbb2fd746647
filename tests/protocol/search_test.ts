/** Tests how the searches of users are read, the same for all protocols. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseSearch, SearchError, type SearchWords } from "../../src/protocol/search.ts";
import { QUERY_TERMS_MAX } from "../../src/util/tokenizer.ts";
import { fc } from "../dependencies.ts";

/** Nine o'clock, in the time zone of the server. */
const NOW = new Date(2026, 10, 22, 9, 0).getTime();

const parse = (text: string): Partial<SearchWords> => parseSearch(text, NOW);

Deno.test("search words: words and conditions may come in any order and case", () => {
  assertEquals(parse("green tea"), { terms: ["green", "tea"], hasLink: false });
  assertEquals(parse("from:alice"), { terms: [], from: "alice", hasLink: false });
  assertEquals(parse("green FROM:Alice_ tea In:#Tea has:Link"), {
    terms: ["green", "tea"],
    from: "Alice_",
    in: "#Tea",
    hasLink: true,
  });
  assertEquals(parse("in:lobby  어제"), { terms: ["어제"], in: "lobby", hasLink: false });
});

Deno.test("search words: times are those of the server, or in UTC, and may contain a space in quotes", () => {
  const day = new Date(2026, 10, 20).getTime();
  const yesterday = new Date(2026, 10, 21, 14, 5).getTime();
  assertEquals([parse("before:2026-11-20").before, parse("after:2026-11-20").after], [day, day]);
  assertEquals(parse("x before:14:05 after:2026-11-20T14:05"), {
    terms: ["x"],
    before: yesterday,
    after: day + (14 * 60 + 5) * 60_000,
    hasLink: false,
  });
  assertEquals(parse('before:"2026-11-20 14:05"').before, day + (14 * 60 + 5) * 60_000);
  assertEquals(parse("before:2026-11-20T14:05:06.789Z").before, Date.UTC(2026, 10, 20, 14, 5, 6, 789));
});

Deno.test("search words: other words with colons are words", () => {
  for (
    const text of ["https://in:out@x", "xfrom:alice", "re:before", "subject:tea", ":from", "from : alice", "(in:x)"]
  ) {
    const { terms = [], ...others } = parse(text);
    assertEquals([terms.length > 0, others], [true, { hasLink: false }], text);
  }
});

Deno.test("search words: a condition that is not valid is rejected with its name", () => {
  const reject = (text: string, about: string) => {
    assertEquals(assertThrows(() => parse(text), SearchError, undefined, text).about, about);
  };
  for (const text of ["tea from:", 'tea from:"" x', 'from:" "', "from: alice", "from:a from:b"]) reject(text, "from");
  for (const text of ["in:", "in:#a in:#b"]) reject(text, "in");
  for (const text of ["has:", "has:photo", "has:link has:link"]) reject(text, "has");
  for (const time of ["", "noon", "25:00", "2026-02-30", "2026-11-20x", "2026-11-20T14:05:61Z", "9".repeat(500)]) {
    reject(`before:${time}`, "before");
    reject(`after:${time} tea`, "after");
  }
});

Deno.test("search words: every text is read or rejected, with at most sixteen terms", () => {
  const part = fc.constantFrom(
    "from:",
    "in:#x",
    "before:",
    "after:14:05",
    "has:link",
    '"',
    " ",
    "tea",
    "今日",
    "\0",
    "9",
  );
  fc.assert(fc.property(fc.array(fc.oneof(part, fc.string({ unit: "binary" })), { maxLength: 40 }), (parts) => {
    try {
      assertEquals(parse(parts.join("")).terms!.length <= QUERY_TERMS_MAX, true);
    } catch (error) {
      if (!(error instanceof SearchError)) throw error;
    }
  }));
});
