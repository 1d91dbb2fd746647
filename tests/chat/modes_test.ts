import { assert, assertEquals, assertMatch } from "@std/assert";
import { fc } from "../dependencies.ts";
import { completeMask, matchesMask, matchesUser } from "../../src/chat/modes.ts";
import { readModes } from "../../src/protocol/modes.ts";

/** The regular expression that is equivalent to a mask. */
function pattern(mask: string): RegExp {
  const parts = Array.from({ length: mask.length }, (_, at) => {
    const unit = mask.charAt(at);
    if (unit === "*" || unit === "?") return unit === "*" ? ".*" : ".";
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

Deno.test("masks: * matches anything, ? one character, and others themselves", () => {
  const yes = ["", "*", "**", "a*", "*a", "?", "a?c", "*b*", "a*b*c", "*!*@*", "a.c", "\\*", "*\n?"];
  const texts = ["", "", "x", "abc", "ba", "x", "abc", "abc", "aXbYc", "a!b@c", "a.c", "\\x", "a\nb"];
  for (const [at, mask] of yes.entries()) assert(matchesMask(mask, texts[at]!), mask);
  const no = [["", "a"], ["a", ""], ["?", ""], ["b?b", "bb"], ["a.c", "abc"], ["A", "a"], ["a*b", "abc"], ["*?", ""]];
  for (const [mask, text] of no) assert(!matchesMask(mask!, text!), `${mask} ${text}`);
});

Deno.test("masks: they match like the equivalent regular expression", () => {
  const few = (...units: string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 10, size: "max" });
  const masks = fc.oneof(few("a", "b", "*", "?"), few("a", "*", "!", "@", "😀", "[", "\\", "\n"), fc.string());
  const texts = fc.oneof(few("a", "b"), few("a", "*", "!", "@", "😀", "[", "\\", "\n"), fc.string());
  fc.assert(
    fc.property(masks, texts, (mask, text) => assertEquals(matchesMask(mask, text), pattern(mask).test(text))),
    { numRuns: 2000 },
  );
});

Deno.test("masks: a text matches itself with parts replaced by wildcards", () => {
  const part = fc.tuple(fc.string({ maxLength: 4 }), fc.constantFrom("as it is", "*", "?"));
  fc.assert(fc.property(fc.array(part), (parts) => {
    const text = parts.map(([part]) => part).join("");
    const mask = parts.map(([part, how]) => how === "as it is" ? part : how === "*" ? "*" : "?".repeat(part.length));
    assert(matchesMask(mask.join(""), text));
  }));
});

Deno.test("masks: masks with many wildcards are matched without backtracking, which would not end", () => {
  for (const piece of ["*a", "*?", "*a?", "**a", "*aa"]) {
    const mask = `${piece.repeat(60)}b`;
    assert(!matchesMask(mask, "a".repeat(500)), mask);
    assert(matchesMask(`${mask}*`, `${"a".repeat(500)}b`), mask);
  }
});

Deno.test("masks: nicknames, hosts and partial masks are completed", () => {
  const masks: Record<string, string> = {
    "bob": "bob!*@*",
    "b?b*": "b?b*!*@*",
    "*": "*!*@*",
    "*.example.org": "*!*@*.example.org",
    "192.0.2.7": "*!*@192.0.2.7",
    "2001:db8:*": "*!*@2001:db8:*",
    "~bob@host": "*!~bob@host",
    "@host": "*!*@host",
    "~bob@": "*!~bob@*",
    "bob!~bob": "bob!~bob@*",
    "bob!": "bob!*@*",
    "!~bob": "*!~bob@*",
    "bob!@": "bob!*@*",
    "!@": "*!*@*",
    "bob!~bob@host": "bob!~bob@host",
    "bob!~bob@host.example": "bob!~bob@host.example",
    "a!b!c@d@e": "a!b!c@d@e",
  };
  for (const [text, mask] of Object.entries(masks)) assertEquals(completeMask(text), mask, text);
});

Deno.test("masks: one for accounts matches no nickname, and others match no account", () => {
  assertEquals(completeMask("~a:bob"), "~a:bob");
  assert(matchesUser("~a:b*", "x!y@z", "bob"));
  assert(!matchesUser("~a:*", "x!y@z", undefined));
  assert(!matchesUser("bob!*@*", "x!y@z", "bob"));
  assert(!matchesUser("~a:x!*", "~a:x!y@z", undefined));
});

Deno.test("masks: completing a mask twice changes nothing", () => {
  const text = fc.oneof(fc.string({ unit: fc.constantFrom(..."!@.:*?ab"), minLength: 1 }), fc.string({ minLength: 1 }));
  fc.assert(fc.property(text, (text) => {
    const mask = completeMask(text);
    assertMatch(mask, /^[^!]+!.+@.+$/s);
    assertEquals(completeMask(mask), mask);
  }));
});

Deno.test("modes: changes are parsed as written on IRC", () => {
  const { changes, lists, unknown } = readModes([
    "+im-t+k-k+l-lov-v+b-e+I",
    "KEY",
    "KEY",
    "5",
    "ann",
    "ben",
    "cid",
    ..."xyz",
  ]);
  assertEquals(changes, [
    { on: true, mode: "i" },
    { on: true, mode: "m" },
    { on: false, mode: "t" },
    { on: true, mode: "k", key: "KEY" },
    { on: false, mode: "k", key: "KEY" },
    { on: true, mode: "l", limit: 5 },
    { on: false, mode: "l" },
    { on: false, mode: "o", nick: "ann" },
    { on: false, mode: "v", nick: "ben" },
    { on: false, mode: "v", nick: "cid" },
    { on: true, mode: "b", mask: "x" },
    { on: false, mode: "e", mask: "y" },
    { on: true, mode: "I", mask: "z" },
  ]);
  assertEquals([lists, unknown], [[], []]);
});

Deno.test("modes: a parameter that is missing or no limit is told apart, a list asks for itself, -k needs nothing", () => {
  const nothing = { changes: [], lists: [], unknown: [], lacking: [], limits: [] };
  for (const letters of ["+o", "-o", "+v", "-v", "+k", "+l"]) {
    assertEquals(readModes([letters]), { ...nothing, lacking: [letters.at(-1)!] }, letters);
  }
  for (const letters of ["+z", "B"]) assertEquals(readModes([letters]), { ...nothing, unknown: [letters.at(-1)!] });
  for (const limit of ["0", "-1", "1.5", "1e3", "ten", "5x", " 5", "", "1".repeat(10)]) {
    assertEquals(readModes(["+l", limit]), { ...nothing, limits: [limit] }, limit);
  }
  assertEquals(readModes(["+l", "0005"]).changes, [{ on: true, mode: "l", limit: 5 }]);
  for (const letters of ["b", "+b", "-b", "bb"]) assertEquals(readModes([letters]).lists, ["b"]);
  assertEquals(readModes(["beI"]), { ...nothing, lists: ["b", "e", "I"] });
  assertEquals(readModes(["-k"]).changes, [{ on: false, mode: "k", key: "" }]);
  assertEquals(readModes([]), nothing);
});

Deno.test("modes: no more changes are parsed than allowed", () => {
  assertEquals(readModes(["+imnst"], 3).changes.map(({ mode }) => mode), ["i", "m", "n"]);
});
