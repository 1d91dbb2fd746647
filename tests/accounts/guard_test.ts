import { assert, assertEquals } from "@std/assert";
import {
  Allowance,
  DELAY,
  DELAY_MAX,
  DELAY_MAX_WIDER,
  FORGET_TIME,
  FREE_MISTAKES,
  FREE_MISTAKES_WIDER,
  Guard,
  HOLD_MAX,
  LOGGED_MAX,
  NETWORKS_MAX,
} from "../../src/accounts/guard.ts";
import { FakeClock } from "./helpers.ts";

const ADDRESS = "192.0.2.1";
const wrong = () => Promise.resolve(false);
const right = () => Promise.resolve(true);

Deno.test("the first wrong passwords cost nothing; then each costs twice as long as the one before", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < FREE_MISTAKES; i++) assertEquals(await guard.try(ADDRESS, wrong), "wrong");
  assertEquals(clock.waits, []);
  for (let i = 0; i < 3; i++) assertEquals(await guard.try(ADDRESS, wrong), "wrong");
  assertEquals(clock.waits, [DELAY, 2 * DELAY, 4 * DELAY]);
  assertEquals(HOLD_MAX, 4 * DELAY);
  let tried = false;
  const verify = () => {
    tried = true;
    return right();
  };
  assertEquals(await guard.try(ADDRESS, verify), { wait: 8 });
  assert(!tried, "what would take longer is not tried at all");
  clock.time += 8000 - HOLD_MAX;
  assertEquals(await guard.try(ADDRESS, verify), "right");
  assertEquals(guard.counts, { right: 1, wrong: FREE_MISTAKES + 3, delayed: 1 });
});

Deno.test("a delay grows no further than it may, and is forgotten after a while without a mistake", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < 20; i++) {
    clock.time += DELAY_MAX;
    assertEquals(await guard.try(ADDRESS, wrong), "wrong");
  }
  assertEquals(await guard.try(ADDRESS, wrong), { wait: DELAY_MAX / 1000 });
  clock.time += FORGET_TIME + 1;
  for (let i = 0; i < FREE_MISTAKES; i++) assertEquals(await guard.try(ADDRESS, wrong), "wrong");
  assertEquals(clock.waits, []);
});

Deno.test("a right password forgives no wrong ones: it may be the guesser's own", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < FREE_MISTAKES; i++) {
    await guard.try(ADDRESS, wrong);
    assertEquals(await guard.try(ADDRESS, right), "right");
  }
  assertEquals(clock.waits, [DELAY]);
});

Deno.test("nobody waits for another network, whatever goes on there", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  const never = Promise.withResolvers<boolean>();
  const stuck = guard.try(ADDRESS, () => never.promise);
  const behind = guard.try(ADDRESS, right);
  assertEquals(await guard.try("192.0.2.2", right), "right");
  assertEquals(await guard.try("2001:db8::1", right), "right");
  never.resolve(false);
  assertEquals([await stuck, await behind], ["wrong", "right"]);
});

Deno.test("an IPv6 network of 64 bits is one, and the next one is another", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < FREE_MISTAKES; i++) await guard.try(`2001:db8::${i}`, wrong);
  await guard.try("2001:db8::ffff", right);
  assertEquals(clock.waits, [DELAY]);
  await guard.try("2001:db8:0:1::1", right);
  assertEquals(clock.waits, [DELAY]);
});

Deno.test("an IPv6 network of 48 bits is one that has more patience, and the next one is another", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < FREE_MISTAKES_WIDER; i++) await guard.try(`2001:db8:0:${i}::1`, wrong);
  await guard.try("2001:db8:0:ffff::1", wrong);
  await guard.try("2001:db8:0:fffe::1", right);
  assertEquals(clock.waits, [DELAY, 2 * DELAY]);
  await guard.try("2001:db8:1::1", right);
  for (let i = 0; i <= FREE_MISTAKES_WIDER; i++) await guard.try(`192.0.2.${i}`, wrong); // these are dear
  assertEquals(clock.waits, [DELAY, 2 * DELAY]);
  assertEquals(guard.counts, { right: 2, wrong: 2 * FREE_MISTAKES_WIDER + 2, delayed: 0 });
});

Deno.test("whoever is wrong for ever keeps nobody else of the same 48 bits waiting for long", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  let longest = 0;
  for (let n = 0; n < 100; n++, clock.time += DELAY_MAX) {
    assertEquals(await guard.try("2001:db8::1", wrong), "wrong");
    const verdict = await guard.try("2001:db8:0:1::1", right);
    if (typeof verdict !== "string") longest = Math.max(longest, verdict.wait);
  }
  assertEquals(longest, DELAY_MAX_WIDER / 1000);
});

Deno.test("whoever waits in one network holds up no other one of the same 48 bits", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < FREE_MISTAKES; i++) await guard.try("2001:db8::1", wrong);
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.wait = () => promise;
  const waiting = guard.try("2001:db8::1", right);
  assertEquals(await guard.try("2001:db8:0:1::1", right), "right");
  resolve();
  assertEquals(await waiting, "right");
});

Deno.test("of one network one password is tried at a time", async () => {
  const guard = new Guard(new FakeClock());
  let under = 0;
  let most = 0;
  const verify = async () => {
    most = Math.max(most, ++under);
    await Promise.resolve();
    under--;
    return true;
  };
  await Promise.all(Array.from({ length: 10 }, () => guard.try(ADDRESS, verify)));
  assertEquals(most, 1);
});

Deno.test("a try that fails for another reason is none, and does not hold up the next", async () => {
  const guard = new Guard(new FakeClock());
  const failed = await guard.try(ADDRESS, () => Promise.reject(new Error("disk"))).catch((error) => error.message);
  assertEquals(failed, "disk");
  assertEquals(await guard.try(ADDRESS, right), "right");
  assertEquals(guard.counts, { right: 1, wrong: 0, delayed: 0 });
});

Deno.test("no more networks are remembered than may be, and of who made no mistake, none", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  for (let i = 0; i < 10; i++) await guard.try(`198.51.100.${i}`, right);
  assertEquals(guard.size, 0);
  for (let i = 0; i < NETWORKS_MAX + 5; i++) await guard.try(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, wrong);
  assertEquals(guard.size, NETWORKS_MAX);
  // The first ones are forgotten, the last ones are not.
  for (let i = 1; i < FREE_MISTAKES; i++) await guard.try("10.0.39.20", wrong); // 10,004
  await guard.try("10.0.39.20", right);
  assertEquals(clock.waits, [DELAY]);
});

Deno.test("an allowance is had so often in a time, by each, and what could not be had is counted", () => {
  const clock = new FakeClock();
  const allowance = new Allowance(2, 1000, clock);
  assertEquals([allowance.take("a"), allowance.take("a")], [{ missed: 0 }, { missed: 0 }]);
  assertEquals([allowance.take("a"), allowance.take("a")], [undefined, undefined]);
  assertEquals(allowance.take("b"), { missed: 0 });
  clock.time = 1000;
  assertEquals([allowance.take("a"), allowance.take("a"), allowance.take("a")], [
    { missed: 2 },
    { missed: 0 },
    undefined,
  ]);
});

Deno.test("the log has a few lines a minute of one network, and of each", () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  const logged = Array.from({ length: 50 }, () => guard.mayLog(ADDRESS)).filter((log) => log !== undefined);
  assertEquals(logged.length, LOGGED_MAX);
  assertEquals(guard.mayLog("192.0.2.2"), { missed: 0 });
  clock.time += 60_000;
  assertEquals(guard.mayLog(ADDRESS), { missed: 50 - LOGGED_MAX });
});
