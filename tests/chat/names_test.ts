import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import {
  fold,
  isNick,
  isRoom,
  isStoredRoom,
  NICK_BYTES,
  NICK_MAX,
  prepareName,
  ROOM_BYTES,
  ROOM_MAX,
} from "../../src/chat/names.ts";
import { byteLength } from "../../src/util/bytes.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST = LETTERS + "_[]{}\\|^`";
const NICK = FIRST + "0123456789-";

/** Strings of some characters, up to slightly longer than names may be. */
const made = (characters: readonly string[], maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength, size: "max" });

Deno.test("names: an ASCII nickname has 1 to 30 allowed characters, with neither a digit nor - first", () => {
  const nearly = fc.oneof(
    made([...NICK], 33),
    made([...NICK, ..." ,<>*#:\0\n\x7f…😀"], 8),
    fc.string({ unit: "grapheme-ascii" }),
  );
  fc.assert(fc.property(nearly, (name) => {
    const right = name.length >= 1 && name.length <= 30 && [...name].every((each) => NICK.includes(each)) &&
      FIRST.includes(name.charAt(0));
    assertEquals(isNick(name), right);
  }));
});

/** All characters of the first two planes, except most Chinese and Korean ones, which are all alike. */
function* characters(): Generator<string> {
  for (let code = 0; code <= 0x1ffff; code++) {
    if (code === 0x4f00) code = 0x9f00;
    if (code === 0xad00) code = 0xd700;
    yield String.fromCodePoint(code);
  }
}

Deno.test("names: a nickname has letters, marks and digits, and no other characters outside ASCII", () => {
  for (const character of characters()) {
    const label = `U+${character.codePointAt(0)!.toString(16)}`;
    if (character < "\x80") {
      assertEquals(isNick(character), FIRST.includes(character), `${label} first`);
      assertEquals(isNick(`a${character}`), NICK.includes(character), `${label} later`);
      continue;
    }
    if (isNick(character)) {
      // The signs that RFC 5892 (section 2.6) counts as letters.
      assert(/^(?:\p{L}|[\u0f0b\u06fd\u06fe\u3007])$/u.test(character), `${label} first`);
      assert(isNick(fold(character)) && prepareName(character) === character, `${label} folded and prepared`);
    }
    if (isNick(`a${character}`)) assert(/^[\p{L}\p{M}\u3007]$/u.test(character), `${label} later`);
  }
});

/** Names that are valid nicknames, by the script that they are written in. */
const VALID: Record<string, readonly string[]> = {
  "Latin": ["Zoë", "Đặng", "Łukasz_2", "ʻOkina", "İpek", "Straße", "[Müller]"],
  "Greek": ["Ζωή", "ΝΊΚΟΣ", "Νίκος"],
  "Cyrillic": ["Арина", "Ёлка-1", "Їжак"],
  "Japanese": ["田中さん", "佐々木", "ラーメン", "〇子", "鈴木Taro"],
  "Chinese": ["王小明", "ㄅㄆ", "\u{20bb7}野"],
  "Korean": ["김철수", "A한"],
  "Arabic": ["عمر", "مُحَمَّد", "علی۲", "ع٣"],
  "Hebrew": ["עומר", "עומר2", "עו-מר", "בְּרָכָה"],
  "Thai": ["ไทย", "น้ำ"],
  "Devanagari": ["हिंदी", "राम१"],
  "Tamil": ["தமிழ்"],
  "Tibetan": ["བསྟན་འཛིན"],
  "Adlam": ["\u{1e900}\u{1e921}"],
  "Georgian": ["ნინო"],
};

Deno.test("names: nicknames of one script are valid, and stay so when they are folded", () => {
  for (const [script, names] of Object.entries(VALID)) {
    for (const name of names) {
      assert(isNick(name), `${script}: ${name}`);
      assert(isNick(fold(name)), `${script}: ${fold(name)}`);
      assert(isRoom(`#${name}`), `${script}: #${name}`);
    }
  }
});

Deno.test("names: nicknames that mix scripts or directions, or have other characters, are invalid", () => {
  const invalid: Record<string, string> = {
    "Cyrillic yo among Latin": "Zo\u0451",
    "Latin among Cyrillic": "Apинa",
    "Greek among Latin": "Alice\u03b1",
    "Latin among Hebrew": "עומרa",
    "Latin among Thai": "ไทยa",
    "Korean among Japanese": "さん김",
    "two scripts of India": "हिতி",
    "Arabic digits after Latin": "ali\u0662",
    "two kinds of digits": "राम१2",
    "two kinds of Arabic digits": "ع\u0663\u06f3",
    "a digit of another script first": "१राम",
    "right-to-left, with punctuation last": "עומר_",
    "right-to-left, with punctuation first": "_עומר",
    "zero-width joiner": "Zo\u200dë",
    "zero-width non-joiner": "Zo\u200cë",
    "right-to-left override": "\u202eZoë",
    "isolate": "\u2066Zoë",
    "direction mark": "Zoë\u200e",
    "soft hyphen": "Zo\u00adë",
    "variation selector": "王\ufe00",
    "ideographic variation selector": "王\u{e0100}",
    "Hangul filler": "김\u3164",
    "old Hangul": "\u1112\u119e\u11ab",
    "emoji": "Zoë😀",
    "emoji alone": "😀",
    "ligature": "\ufb01n",
    "bold": "\u{1d400}\u{1d401}",
    "wide": "\uff41\uff42",
    "superscript": "Zoë²",
    "Roman numeral": "Louis\u2167",
    "number in a circle": "王\u2460",
    "decomposed": "Zoe\u0308",
    "a mark first": "\u0308a",
    "a mark after a digit": "a1\u0308",
    "a mark twice": "ж\u0301\u0301",
    "five marks": "ж\u0300\u0301\u0302\u0303\u0304",
    "enclosing mark": "я\u20dd",
    "tatweel": "عـمر",
    "click": "Zoë\u01c3",
    "a letter shape of the past": "\u1c80\u043e\u0432\u0430",
    "typographic punctuation": "D’Arcy",
    "space": "Zoë B",
    "no-break space": "Zoë\u00a0B",
    "lone surrogate": "Zoë\ud83d",
    "half of a letter": "\ud842王",
    "private use": "王\ue000",
    "unassigned": "王\u{2fffe}",
    "a script of the past": "\u{10330}\u{10331}",
  };
  for (const [what, name] of Object.entries(invalid)) assert(!isNick(name), what);
});

Deno.test("names: a room name is # and 1 to 49 characters, none a space, comma, control or invisible one", () => {
  const good = ["#", "a", "Z", "0", "-", "<", "*", "é", "茶", "😀"];
  const bad = [" ", ",", "\0", "\t", "\n", "\x7f", "\x9f", "\u00a0", "\u200b", "\u202e", "\u2028", "\ufeff", "\ud800"];
  const nearly = fc.tuple(fc.constantFrom("", "#", "#", "#"), fc.oneof(made(good, 52), made([...good, ...bad], 8)));
  fc.assert(fc.property(nearly, ([mark, rest]) => {
    const [first, ...more] = mark + rest;
    const isShort = more.length >= 1 && more.length <= 49 && byteLength(mark + rest) <= ROOM_BYTES;
    const right = first === "#" && isShort && !more.some((each) => bad.includes(each));
    assertEquals(isRoom(mark + rest), right);
  }));
});

Deno.test("names: names of the maximum length are valid, and longer ones are not", () => {
  assertEquals([NICK_MAX, NICK_BYTES, ROOM_MAX, ROOM_BYTES], [30, 60, 50, 100]);
  const nicks = { "a": 30, "é": 30, "茶": 20, "\u{20bb7}": 15 };
  for (const [letter, most] of Object.entries(nicks)) {
    assert(isNick(letter.repeat(most)) && !isNick(letter.repeat(most + 1)), letter);
  }
  // Ⱥ has 2 bytes, and ⱥ has 3.
  assert(isNick("Ⱥ".repeat(20)) && !isNick("Ⱥ".repeat(21)));
  const rooms = { "a": 49, "é": 49, "茶": 33, "😀": 24 };
  for (const [letter, most] of Object.entries(rooms)) {
    assert(isRoom(`#${letter.repeat(most)}`) && !isRoom(`#${letter.repeat(most + 1)}`), letter);
  }
  assert(isStoredRoom(`#${"茶".repeat(49)}`), "as an earlier version has stored it");
});

const LETTER = fc.constantFrom(
  ...Object.values(VALID).flat().join(""),
  ..."abkszABKSZ0_-[{\\|^~ßςΣ\u0301\u0308\u3099ａＺｱｶﾞﾊﾟ\u212a\u017f",
);
const TEXT = fc.oneof(fc.string({ unit: LETTER }), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));

Deno.test("names: folding and preparing are idempotent, and the same for all forms of a name", () => {
  fc.assert(fc.property(TEXT, (name) => {
    assertEquals(fold(fold(name)), fold(name));
    assertEquals(prepareName(prepareName(name)), prepareName(name));
    assertEquals(fold(prepareName(name)), fold(name));
    assertEquals(fold(name.normalize("NFD")), fold(name));
    assertEquals(prepareName(name.normalize("NFD")), prepareName(name));
  }));
});

Deno.test("names: of all letters, only capital and small ones fold to the same, and the two small sigmas", () => {
  const folded = new Map<string, string>();
  for (const letter of characters()) {
    if (!/\p{L}/u.test(letter) || !isNick(letter)) continue;
    if (letter.toLowerCase() !== letter) {
      assertEquals(fold(letter), fold(letter.toLowerCase()));
      continue;
    }
    const same = folded.get(fold(letter));
    assert(same === undefined || `${same}${letter}` === "ςσ", `${same} and ${letter}`);
    folded.set(fold(letter), letter);
  }
});

Deno.test("names: forms of one name are equal, and other names are not", () => {
  const equal = [
    ["Zoë", "ZOË", "zoe\u0308", "ＺＯË"],
    ["Νίκος", "ΝΊΚΟΣ", "νίκοσ"],
    ["Арина", "АРИНА"],
    ["ガク", "ｶﾞｸ", "カ\u3099ク"],
    ["#Tea", "#tea", "#ＴＥＡ"],
    ["हिंदी", "हिंदी".normalize("NFD")],
    ["한", "\u1112\u1161\u11ab"],
  ];
  for (const [name, ...more] of equal) for (const other of more) assertEquals(fold(other), fold(name!), other);
  const different = ["Zoe", "Zoë", "straße", "strasse", "{a", "[a", "~a", "^a", "ı", "i", "עומר", "עמר"];
  assertEquals(new Set(different.map(fold)).size, different.length);
});

Deno.test("names: ASCII is folded as before, in texts of any length", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii", maxLength: 600 }), (name) => {
    assertEquals(fold(name), name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
  }));
});

Deno.test("names: a long text with many marks is folded in no time", () => {
  const text = `A${"\u0315\u0300".repeat(100_000)}B`; // normalizing it takes minutes
  assertEquals(fold(text), text.replace("A", "a").replace("B", "b"));
  assertEquals(prepareName(text), text);
  assert(!isNick(text) && !isRoom(`#${text}`));
});

Deno.test("names: a folded nickname is not longer than a nickname may be", () => {
  const nick = fc.string({ unit: LETTER, maxLength: 40 }).filter(isNick);
  fc.assert(fc.property(nick, (name) => {
    assert(isNick(fold(name)) && byteLength(fold(name)) <= NICK_BYTES, name);
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
    "two directions": "#english-עברית",
    "right-to-left, with an emoji last": "#עברית🎉",
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
