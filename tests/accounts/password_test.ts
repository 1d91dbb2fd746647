import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import { normalizedTexts } from "../normalized_texts.ts";
import {
  BusyError,
  choose,
  DERIVATIONS_QUEUED_MAX,
  derive,
  equalInConstantTime,
  hashPassword,
  isHash,
  PASSWORD_MAX,
  PasswordError,
  prepare,
  queueDerivation,
  SerialQueue,
  verifyPassword,
} from "../../src/accounts/password.ts";
import { deriveKeys } from "../../src/accounts/scram.ts";
import { cheap } from "./helpers.ts";

Deno.test("password: a hash verifies its password and no other", async () => {
  const hash = await hashPassword("correct horse", cheap);
  assert(isHash(hash));
  assert(await verifyPassword("correct horse", hash, cheap));
  for (const wrong of ["", "correct hors", "Correct horse", hash]) {
    assert(!await verifyPassword(wrong, hash, cheap), wrong);
  }
  assertNotEquals(await hashPassword("correct horse", cheap), hash);
});

Deno.test("password: verifying without a hash derives a key and fails", async () => {
  const derived: [string, number][] = [];
  const counting: typeof derive = (password, salt) => {
    derived.push([password, salt.length]);
    return Promise.resolve(new Uint8Array(32)); // the key of the placeholder hash
  };
  const hash = await hashPassword("x", cheap);
  assert(!await verifyPassword("secret", hash, counting));
  assert(!await verifyPassword("secret", undefined, counting));
  assertEquals(derived, [["secret", 16], ["secret", 16]]);
});

Deno.test("password: one with 65,536 marks is rejected without sorting them, and the longest one is prepared", () => {
  const marks = "\u0345".repeat(32_768) + "\u0334".repeat(32_768);
  const texts = normalizedTexts(() => assertThrows(() => choose(`a${marks}`), PasswordError));
  assertEquals(texts, []);
  const longest = "\u1f82".repeat(PASSWORD_MAX); // four characters in decomposed form
  assertEquals(prepare(longest.normalize("NFD")), longest);
});

Deno.test("password: prepare returns the same for all ways to type a password", () => {
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

Deno.test("password: prepare does not change a prepared password", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const prepared = prepare(text);
    if (prepared !== undefined) assertEquals(prepare(prepared), prepared);
  }));
});

Deno.test("password: equalInConstantTime compares texts", () => {
  assert(equalInConstantTime("", "") && equalInConstantTime("a", "a"));
  assert(!equalInConstantTime("a", "b") && !equalInConstantTime("a", "aa") && !equalInConstantTime("", "a"));
});

Deno.test("password: a serial queue runs tasks in order, even after a failure, and rejects tasks above its limit", async () => {
  const queue = new SerialQueue(3);
  const events: string[] = [];
  const blocked = Promise.withResolvers<void>();
  const one = queue.run(async () => {
    events.push("one begins");
    await blocked.promise;
    events.push("one ends");
    return 1;
  });
  const two = queue.run(() => {
    events.push("two");
    return Promise.reject(new Error("two"));
  });
  const three = queue.run(() => Promise.resolve(events.push("three")));
  await assertRejects(() => queue.run(() => Promise.resolve(events.push("four"))), BusyError);
  blocked.resolve();
  assertEquals(await one, 1);
  await assertRejects(() => two, Error, "two");
  await three;
  assertEquals(events, ["one begins", "one ends", "two", "three"]);
  assertEquals(await queue.run(() => Promise.resolve(5)), 5);
});

Deno.test("password: scrypt and SCRAM derivations share one queue, which rejects them above its limit", async () => {
  const blocked = Promise.withResolvers<void>();
  const held = Array.from({ length: DERIVATIONS_QUEUED_MAX }, () => queueDerivation(() => blocked.promise));
  await assertRejects(() => derive("x", new Uint8Array(16)), BusyError);
  await assertRejects(() => deriveKeys("x"), BusyError);
  blocked.resolve();
  await Promise.all(held);
  assertEquals((await derive("x", new Uint8Array(16))).length, 32);
});
