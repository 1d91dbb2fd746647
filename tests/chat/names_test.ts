import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { fold, isNick, isRoom, NICK_MAX, ROOM_MAX, skeleton } from "../../src/chat/names.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST = LETTERS + "_[]{}\\|^`";
const NICK = FIRST + "0123456789-";

/** Strings of some characters, up to slightly longer than names may be. */
const made = (characters: readonly string[], maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength, size: "max" });

Deno.test("names: a nickname has 1 to 30 allowed characters, with neither a digit nor - first", () => {
  const nearly = fc.oneof(made([...NICK], 33), made([...NICK, ..." ,<>*#:\0\n\x7fé😀"], 8), fc.string());
  fc.assert(fc.property(nearly, (name) => {
    const right = name.length >= 1 && name.length <= 30 && [...name].every((each) => NICK.includes(each)) &&
      FIRST.includes(name.charAt(0));
    assertEquals(isNick(name), right);
  }));
});

Deno.test("names: a nickname has no other character of the Basic Multilingual Plane", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    assertEquals(isNick(character), FIRST.includes(character), `U+${code.toString(16)} first`);
    assertEquals(isNick(`a${character}`), NICK.includes(character), `U+${code.toString(16)} later`);
  }
});

Deno.test("names: a room name is # and 1 to 49 characters, none a space, comma, control or invisible one", () => {
  const good = ["#", "a", "Z", "0", "-", "<", "*", "é", "茶", "😀"];
  const bad = [" ", ",", "\0", "\t", "\n", "\x7f", "\x9f", "\u00a0", "\u200b", "\u202e", "\u2028", "\ufeff", "\ud800"];
  const nearly = fc.tuple(fc.constantFrom("", "#", "#", "#"), fc.oneof(made(good, 52), made([...good, ...bad], 8)));
  fc.assert(fc.property(nearly, ([mark, rest]) => {
    const [first, ...more] = mark + rest;
    const right = first === "#" && more.length >= 1 && more.length <= 49 && !more.some((each) => bad.includes(each));
    assertEquals(isRoom(mark + rest), right);
  }));
});

Deno.test("names: names of the maximum length are valid, and longer ones are not", () => {
  assertEquals([NICK_MAX, ROOM_MAX], [30, 50]);
  assert(isNick("a".repeat(30)) && !isNick("a".repeat(31)));
  assert(isRoom("#" + "a".repeat(49)) && !isRoom("#" + "a".repeat(50)));
  assert(isRoom("#" + "😀".repeat(49)) && !isRoom("#" + "😀".repeat(50)));
});

// Equal in other case mappings: é and É, { and [, s and U+017F (long s), K and U+212A (Kelvin).
const character = fc.constantFrom(..."abkszABKSZ0_-[{\\|^~Ééßİ茶😀\u017f\u212a");

Deno.test("names: folding keeps the length and is idempotent", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: character }), fc.string({ unit: "grapheme" })), (name) => {
    assertEquals(fold(name).length, name.length);
    assertEquals(fold(fold(name)), fold(name));
  }));
});

Deno.test("names: two names are equal if they differ in the case of A to Z only", () => {
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

Deno.test("names: exactly names that look alike have the same skeleton", () => {
  const alike = [
    ["alice", "a1ice", "aIice", "AIice", "al1ce", "AL1CE", "a|ice", "aiice"],
    ["bob", "b0b", "BOB", "B0b"],
    ["tim", "tirn", "Tirn", "t1m", "tlrn"],
    ["wanda", "vvanda", "VVanda"],
    ["morn", "rnom", "mom", "rnorn"],
  ];
  for (const [name = "", ...more] of alike) {
    for (const other of more) assertEquals(skeleton(other), skeleton(name), `${name} and ${other}`);
  }
  const names = [
    ...alike.map(([name]) => name!),
    "guest1",
    "guest10",
    "guest11",
    "alice_",
    "anna",
    "ann",
    "bobby",
    "sue",
  ];
  for (const [i, name] of names.entries()) {
    for (const other of names.slice(0, i)) assertNotEquals(skeleton(name), skeleton(other), `${name} and ${other}`);
  }
});

Deno.test("names: the skeleton is the same in any case and differs by digits", () => {
  const nick = made([...NICK], 30).filter(isNick);
  fc.assert(fc.property(nick, (name) => {
    assertEquals(skeleton(name.toUpperCase()), skeleton(name));
    assertEquals(skeleton(fold(name)), skeleton(name));
    assert(skeleton(name).length <= 2 * NICK_MAX);
  }));
  fc.assert(fc.property(fc.nat(), fc.nat(), (a, b) => {
    assertEquals(skeleton(`guest${a}`) === skeleton(`guest${b}`), a === b);
  }));
});

Deno.test("names: room names have no invisible or compatibility characters", () => {
  const impossible: Record<string, string> = {
    "zero-width space": "#lob\u200bby",
    "zero-width joiner": "#lob\u200dby",
    "soft hyphen": "#lob\u00adby",
    "word joiner": "#lob\u2060by",
    "right-to-left override": "#\u202eybbol",
    "isolate": "#\u2066lobby",
    "direction mark": "#lobby\u200e",
    "variation selector": "#lobby\ufe0f",
    "grapheme joiner": "#lob\u034fby",
    "Hangul filler": "#\u3164",
    "tag character": "#lobby\u{e0061}",
    "empty Braille cell": "#\u2800",
    "no-break space": "#lob\u00a0by",
    "Cyrillic o among Latin": "#l\u043ebby",
    "Greek omicron among Latin": "#l\u03bfbby",
    "wide letters": "#\uff4c\uff4f\uff42\uff42\uff59",
    "bold letters": "#\u{1d425}\u{1d428}\u{1d41b}\u{1d41b}\u{1d432}",
    "a letter and its accent apart": "#cafe\u0301",
    "hyphen": "#dev\u2010ops",
    "non-breaking hyphen": "#dev\u2011ops",
    "dash": "#dev\u2013ops",
    "small hyphen": "#dev\ufe63ops",
    "minus sign": "#dev\u2212ops",
    "hyphen bullet": "#dev\u2043ops",
    "wide digit": "#tea\uff11",
    "bold digit": "#tea\u{1d7cf}",
    "superscript digit": "#tea\u00b9",
    "digit in a circle": "#tea\u2460",
    "one dot leader": "#v1\u20242",
    "wide full stop": "#v1\uff0e2",
    "wide exclamation mark": "#tea\uff01",
    "ellipsis": "#tea\u2026",
  };
  for (const [what, name] of Object.entries(impossible)) assert(!isRoom(name), what);
  const possible = [
    "#café",
    "#linux-помощь",
    "#日本語",
    "#日本語！",
    "#น้ำ",
    "#և",
    "#カフェ",
    "#ελληνικά",
    "#한국어",
    "#हिन्दी",
    "#ไทย",
    "#עברית",
    "#❤",
    "#☕",
    "#tea-🫖-1",
    "#🈁",
    "#👩🏽",
    "#🇫🇷",
    "#ラーメン・寿司",
    "#תל־אביב",
    "#٣",
    "#l’été",
    "#über-uns",
    "#π-day",
  ];
  for (const name of possible) assert(isRoom(name), name);
});
