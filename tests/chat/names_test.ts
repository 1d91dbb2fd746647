import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { fold, isNick, isRoom, NICK_MAX, ROOM_MAX } from "../../src/chat/names.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST = LETTERS + "_[]{}\\|^`";
const NICK = FIRST + "0123456789-";

/** Strings of these characters, some of them a little longer than any name may be. */
const made = (characters: readonly string[], maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength, size: "max" });

Deno.test("a nick is 1 to 30 of the allowed characters, and neither a digit nor - first", () => {
  const nearly = fc.oneof(made([...NICK], 33), made([...NICK, ..." ,<>*#:\0\n\x7fé😀"], 8), fc.string());
  fc.assert(fc.property(nearly, (name) => {
    const right = name.length >= 1 && name.length <= 30 && [...name].every((each) => NICK.includes(each)) &&
      FIRST.includes(name.charAt(0));
    assertEquals(isNick(name), right);
  }));
});

Deno.test("no other character in all of Unicode's first plane can be in a nick", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    assertEquals(isNick(character), FIRST.includes(character), `U+${code.toString(16)} first`);
    assertEquals(isNick(`a${character}`), NICK.includes(character), `U+${code.toString(16)} later`);
  }
});

Deno.test("a room is # and 1 to 49 characters, none a space, a comma, a control or one that cannot be seen", () => {
  const good = ["#", "a", "Z", "0", "-", "<", "*", "é", "茶", "😀"];
  const bad = [" ", ",", "\0", "\t", "\n", "\x7f", "\x9f", "\u00a0", "\u200b", "\u202e", "\u2028", "\ufeff", "\ud800"];
  const nearly = fc.tuple(fc.constantFrom("", "#", "#", "#"), fc.oneof(made(good, 52), made([...good, ...bad], 8)));
  fc.assert(fc.property(nearly, ([mark, rest]) => {
    const [first, ...more] = mark + rest;
    const right = first === "#" && more.length >= 1 && more.length <= 49 && !more.some((each) => bad.includes(each));
    assertEquals(isRoom(mark + rest), right);
  }));
});

Deno.test("the longest names are as long as the limits say", () => {
  assertEquals([NICK_MAX, ROOM_MAX], [30, 50]);
  assert(isNick("a".repeat(30)) && !isNick("a".repeat(31)));
  assert(isRoom("#" + "a".repeat(49)) && !isRoom("#" + "a".repeat(50)));
  assert(isRoom("#" + "😀".repeat(49)) && !isRoom("#" + "😀".repeat(50)));
});

// Pairs elsewhere, but not here: é and É, { and [, s and U+017F (long s), K and U+212A (Kelvin).
const character = fc.constantFrom(..."abkszABKSZ0_-[{\\|^~Ééßİ茶😀\u017f\u212a");

Deno.test("folding changes no length, and nothing the second time", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: character }), fc.string({ unit: "grapheme" })), (name) => {
    assertEquals(fold(name).length, name.length);
    assertEquals(fold(fold(name)), fold(name));
  }));
});

Deno.test("two names are one if they differ in the case of A to Z only", () => {
  const one = (a: string, b: string) =>
    a === b || [a, b].every((each) => LETTERS.includes(each)) && a.toLowerCase() === b.toLowerCase();
  const swapped = (each: string) => each === each.toLowerCase() ? each.toUpperCase() : each.toLowerCase();
  const same = character.map((each) => [each, one(each, swapped(each)) ? swapped(each) : each]);
  const pairs = fc.oneof(fc.array(same), fc.array(fc.oneof(same, fc.tuple(character, character))));
  fc.assert(fc.property(pairs, (pairs) => {
    const [a, b] = [0, 1].map((side) => pairs.map((each) => each[side]).join(""));
    assertEquals(fold(a!) === fold(b!), pairs.every(([left, right]) => one(left!, right!)));
  }));
});
