import { assertEquals } from "@std/assert";
import { nearest, nearestOf } from "../../src/util/nearest.ts";

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

Deno.test("nearest: an item is found by its name, the one with the fewest errors, and one without a name does not count", () => {
  const items = [{ id: 1, name: "history" }, { id: 2, name: "invites" }, { id: 3, name: "invited" }, { id: 4 }];
  const find = (word: string) => nearestOf(word, items, ({ name }) => name)?.id;
  assertEquals(["invitee", "invtied", "histroy", "hist", "undefined"].map(find), [2, 3, 1, 1, undefined]);
});

Deno.test("nearest: agrees with the full table of the distance for all pairs of short words", () => {
  const words = ["a", "b"].flatMap((a) => ["a", "b", ""].flatMap((b) => ["a", "b"].map((c) => a + b + c)));
  const longer = words.flatMap((a) => words.map((b) => `${a}c${b}`));
  for (const word of longer) {
    const max = word.length <= 4 ? 1 : 2;
    for (const name of longer) {
      const isNear = name.startsWith(word) || fullDistance(word, name) <= max;
      assertEquals(nearest(word, [name]), isNear ? name : undefined, `${word} ${name}`);
    }
  }
});

/** The optimal string alignment distance by its definition. */
function fullDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return fullDistance(restA, restB);
  const ways = [fullDistance(restA, b), fullDistance(a, restB), fullDistance(restA, restB)];
  if (a[0] === b[1] && a[1] === b[0]) ways.push(fullDistance(a.slice(2), b.slice(2)));
  return 1 + Math.min(...ways);
}
