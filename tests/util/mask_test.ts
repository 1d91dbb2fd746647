import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { matchesMask } from "../../src/util/mask.ts";

/** What a mask means, as plainly as it can be written. */
function matchesPlainly(mask: string, text: string): boolean {
  if (mask === "") return text === "";
  if (mask[0] === "*") {
    return matchesPlainly(mask.slice(1), text) || (text !== "" && matchesPlainly(mask, text.slice(1)));
  }
  return text !== "" && (mask[0] === "?" || mask[0] === text[0]) && matchesPlainly(mask.slice(1), text.slice(1));
}

/** A text, and how often one of its characters was read. */
function counted(text: string): { text: string; reads: () => number } {
  let reads = 0;
  const get = (_: object, key: string) => {
    if (key === "length") return text.length;
    if (/^\d+$/.test(key)) return reads++, text[Number(key)];
    if (key === "charCodeAt") return (at: number) => (reads++, text.charCodeAt(at));
    throw new TypeError(`Cannot count what ${key} reads`);
  };
  return { text: new Proxy({}, { get } as ProxyHandler<object>) as string, reads: () => reads };
}

const few = (alphabet: string[], maxLength: number, minLength = 0) =>
  fc.array(fc.constantFrom(...alphabet), { minLength, maxLength }).map((characters) => characters.join(""));

Deno.test("mask: agrees with the definition for masks and texts of few different characters", () => {
  fc.assert(
    fc.property(few(["a", "b", "é", "?", "*"], 9), few(["a", "b", "é"], 12), (mask, text) => {
      assertEquals(matchesMask(mask, text), matchesPlainly(mask, text), `${mask} ${text}`);
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("mask: agrees with the definition for masks longer than 32 elements", () => {
  const text = few(["a", "b"], 140, 61);
  // A mask that is made of the text matches nearly always; with one character changed it hardly ever does.
  fc.assert(
    fc.property(
      text,
      fc.array(fc.nat({ max: 139 }), { maxLength: 12 }),
      fc.nat({ max: 139 }),
      (text, places, changed) => {
        const mask = [...text].map((character, i) => places.includes(i) ? "?" : character).join("");
        assert(matchesMask(`*${mask}*`, `b${text}a`));
        assert(matchesMask(`*${mask.slice(0, 50)}*${mask.slice(51)}*`, `b${text}a`));
        const at = changed % text.length;
        const other = `${text.slice(0, at)}c${text.slice(at + 1)}`;
        assertEquals(matchesMask(`*${mask}*`, other), mask[at] === "?");
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("mask: matching a mask does not affect the next one", () => {
  assert(matchesMask("*ab*", "xaby"));
  assert(!matchesMask("*cd*", "xaby"));
  assert(matchesMask("*?d*", "xady"));
  assert(!matchesMask("*ad*", "xaby"));
});

Deno.test("mask: each character of a text is read at most three times", () => {
  const text = "a".repeat(2000);
  for (
    const mask of [
      "*".repeat(500),
      "*a".repeat(500) + "b",
      `*${"a".repeat(900)}b*`,
      `*${"?".repeat(900)}b*`,
      `${"a*".repeat(400)}b${"*a".repeat(400)}`,
      `*${"a?".repeat(100)}*${"a".repeat(100)}b*`,
    ]
  ) {
    const { text: watched, reads } = counted(text);
    matchesMask(mask, watched);
    assert(reads() <= 3 * text.length, `${reads()} reads for ${mask.slice(0, 20)}`);
  }
});
