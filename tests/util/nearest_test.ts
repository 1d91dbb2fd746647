import { assertEquals } from "@std/assert";
import { nearest } from "../../src/util/nearest.ts";

const NAMES = ["join", "part", "history", "invite", "inviter"];

Deno.test("nearest: a word of up to four letters may have one typing error, a longer one two", () => {
  const cases: Record<string, string | undefined> = {
    "jion": "join",
    "jin": "join",
    "joinn": "join",
    "jon": "join",
    "xyin": undefined,
    "hsitroy": "history",
    "histry": "history",
    "hxstxry": "history",
    "hxsxxry": undefined,
  };
  for (const [word, name] of Object.entries(cases)) assertEquals(nearest(word, NAMES), name, word);
});

Deno.test("nearest: an abbreviation counts as no error, and the first of several equally near names is returned", () => {
  assertEquals(nearest("invi", NAMES), "invite");
  assertEquals(nearest("pa", NAMES), "part");
  assertEquals(nearest("b", ["bb"]), undefined);
  assertEquals(nearest("abd", ["abc", "abe"]), "abc");
  assertEquals(nearest("abd", ["xbc", "abe", "abc"]), "abe");
  assertEquals(nearest("x".repeat(21), ["x".repeat(21)]), undefined);
});
