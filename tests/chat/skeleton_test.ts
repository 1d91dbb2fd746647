import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { fold, isNick, NICK_BYTES, NICK_MAX, prepareName } from "../../src/chat/names.ts";
import { skeleton } from "../../src/chat/skeleton.ts";

const ASCII = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_[]{}\\|^`0123456789-";

Deno.test("skeleton: exactly names that look alike have the same skeleton", () => {
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

Deno.test("skeleton: it is the same in any case and differs by digits", () => {
  const nick = fc.string({ unit: fc.constantFrom(...ASCII), maxLength: 30, size: "max" }).filter(isNick);
  fc.assert(fc.property(nick, (name) => {
    assertEquals(skeleton(name.toUpperCase()), skeleton(name));
    assertEquals(skeleton(fold(name)), skeleton(name));
    assert(skeleton(name).length <= 2 * NICK_MAX);
  }));
  fc.assert(fc.property(fc.nat(), fc.nat(), (a, b) => {
    assertEquals(skeleton(`guest${a}`) === skeleton(`guest${b}`), a === b);
  }));
});

Deno.test("skeleton: names in other scripts look like Latin ones, as they are shown", () => {
  const alike = [
    ["paypal", "\u0440\u0430\u0443\u0440\u0430\u04cf"], // раураӏ
    ["ABC", "\u0410\u0412\u0421"], // АВС
    ["COCA", "\u0421\u041e\u0421\u0410"],
    ["Ivo", "\u0406\u0475\u043e"], // Іѵо
    ["AKAT", "\u0391\u039a\u0391\u03a4"], // Greek
    ["OTTO", "\u039f\u03a4\u03a4\u039f"],
    ["ooo", "\u0585\u0585\u0585"], // Armenian
    ["zoë", "zoe\u0308"],
  ];
  for (const [name = "", other = ""] of alike) assertEquals(skeleton(other), skeleton(name), `${name} and ${other}`);
  const names = [
    "abc",
    "\u0430\u0432\u0441",
    "zoe",
    "zoë",
    "Zoé",
    "Арина",
    "Ζωή",
    "田中",
    "由中",
    "김철수",
    "עומר",
    "עמר",
  ];
  for (const [i, name] of names.entries()) {
    for (const other of names.slice(0, i)) assertNotEquals(skeleton(name), skeleton(other), `${name} and ${other}`);
  }
});

Deno.test("skeleton: it is the same for all forms of a name, stable, and bounded", () => {
  const letters = fc.constantFrom(...ASCII, ..."ëéçßñЁёАВСрауαωΣςが한田ไทยنمעומהิंद\u0301\u0308");
  const name = fc.oneof(fc.string({ unit: letters, maxLength: 30 }), fc.string({ unit: "grapheme", maxLength: 30 }));
  fc.assert(fc.property(name, (name) => {
    assertEquals(skeleton(name.normalize("NFD")), skeleton(name));
    assertEquals(skeleton(prepareName(name)), skeleton(name));
    // Greek Ϛ takes the longest: it looks like ϛ, that like σ, and that like o.
    const third = skeleton(skeleton(skeleton(name)));
    assertEquals(skeleton(third), third);
    if (isNick(name)) assert(skeleton(name).length <= 20 * NICK_BYTES);
  }));
});
