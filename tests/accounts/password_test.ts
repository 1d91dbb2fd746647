import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { fc } from "../dependencies.ts";
import {
  BusyError,
  DERIVATIONS_QUEUED_MAX,
  derive,
  hashPassword,
  inTurn,
  isHash,
  prepare,
  Queue,
  same,
  verifyPassword,
} from "../../src/accounts/password.ts";
import { keysOf } from "../../src/accounts/scram.ts";
import { cheap } from "./helpers.ts";

Deno.test("a password fits its hash, and nothing else does", async () => {
  const hash = await hashPassword("correct horse", cheap);
  assert(isHash(hash));
  assert(await verifyPassword("correct horse", hash, cheap));
  for (const wrong of ["", "correct hors", "Correct horse", hash]) {
    assert(!await verifyPassword(wrong, hash, cheap), wrong);
  }
  assertNotEquals(await hashPassword("correct horse", cheap), hash);
});

Deno.test("where there is no hash, the same is derived, and nothing fits", async () => {
  const derived: [string, number][] = [];
  const counting: typeof derive = (password, salt) => {
    derived.push([password, salt.length]);
    return Promise.resolve(new Uint8Array(32)); // what stands in for a hash is this very key
  };
  const hash = await hashPassword("x", cheap);
  assert(!await verifyPassword("secret", hash, counting));
  assert(!await verifyPassword("secret", undefined, counting));
  assertEquals(derived, [["secret", 16], ["secret", 16]]);
});

Deno.test("passwords are the same however they were typed", () => {
  // RFC 4013, section 3, and its tables.
  assertEquals(prepare("I\u00adX"), "IX");
  assertEquals(prepare("user"), "user");
  assertEquals(prepare("USER"), "USER");
  assertEquals(prepare("\u00aa"), "a");
  assertEquals(prepare("\u2168"), "IX");
  assertEquals(prepare("cafe\u0301"), "caf\u00e9");
  assertEquals(prepare("a\u00a0b\u3000c\u1680d"), "a b c d");
  assertEquals(prepare("zero\u200bwidth\ufeff\ufe0f"), "zerowidth");
  assertEquals(prepare("p\u{1f600}ss"), "p\u{1f600}ss");
  for (
    const none of ["", "\u00ad", "a\x07", "a\0b", "\x7f", "\x85", "a\u2028b", "\u202ea", "\ud800", "\ue000", "\ufffd"]
  ) {
    assertEquals(prepare(none), undefined, JSON.stringify(none));
  }
});

Deno.test("what was prepared once stays as it is", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const prepared = prepare(text);
    if (prepared !== undefined) assertEquals(prepare(prepared), prepared);
  }));
});

Deno.test("two texts are the same, or not", () => {
  assert(same("", "") && same("a", "a"));
  assert(!same("a", "b") && !same("a", "aa") && !same("", "a"));
});

Deno.test("things are done one after the other, whatever becomes of them, and no more wait than may", async () => {
  const queue = new Queue(3);
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const one = queue.run(async () => {
    events.push("one begins");
    await gate.promise;
    events.push("one ends");
    return 1;
  });
  const two = queue.run(() => {
    events.push("two");
    return Promise.reject(new Error("two"));
  });
  const three = queue.run(() => Promise.resolve(events.push("three")));
  await assertRejects(() => queue.run(() => Promise.resolve(events.push("four"))), BusyError);
  gate.resolve();
  assertEquals(await one, 1);
  await assertRejects(() => two, Error, "two");
  await three;
  assertEquals(events, ["one begins", "one ends", "two", "three"]);
  assertEquals(await queue.run(() => Promise.resolve(5)), 5);
});

Deno.test("the process derives once at a time, whoever asks, and more than can wait are turned away", async () => {
  const gate = Promise.withResolvers<void>();
  const held = Array.from({ length: DERIVATIONS_QUEUED_MAX }, () => inTurn(() => gate.promise));
  await assertRejects(() => derive("x", new Uint8Array(16)), BusyError);
  await assertRejects(() => keysOf("x"), BusyError);
  gate.resolve();
  await Promise.all(held);
  assertEquals((await derive("x", new Uint8Array(16))).length, 32);
});
