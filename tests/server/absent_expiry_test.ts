import { assertEquals } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { AbsentExpiry, CHECK_INTERVAL, STEP_DELAY } from "../../src/server/absent_expiry.ts";
import { FakeTimers } from "../fake_timers.ts";

const MONTH = 30 * 86_400_000;

Deno.test("absent expiry: it looks every minute for users whose time has certainly passed, until it is stopped", async () => {
  using timers = new FakeTimers();
  let now = MONTH;
  const asked: number[] = [];
  const users = { expire: (before: number) => asked.push(before) === 0 };
  const expiry = new AbsentExpiry(users, MONTH, { reached: () => now }, () => true);
  timers.pass(CHECK_INTERVAL - 1);
  assertEquals(asked, []);
  for (let minute = 0; minute < 3; minute++) {
    now++;
    timers.pass(CHECK_INTERVAL);
    await Promise.resolve();
  }
  assertEquals(asked, [1, 2, 3]);
  expiry.stop();
  timers.pass(10 * CHECK_INTERVAL);
  assertEquals([asked.length, timers.size], [3, 0]);
});

Deno.test("absent expiry: the next step follows soon while there are more", async () => {
  using timers = new FakeTimers();
  let left = 3;
  const expiry = new AbsentExpiry({ expire: () => Promise.resolve(--left > 0) }, 1, { reached: () => 0 }, () => true);
  timers.pass(CHECK_INTERVAL);
  for (let step = 1; step < 3; step++) {
    await Promise.resolve();
    await Promise.resolve();
    timers.pass(STEP_DELAY);
    assertEquals(left, 2 - step);
  }
  expiry.stop();
});

Deno.test("absent expiry: it goes on after the cluster was too busy for a command", async () => {
  using timers = new FakeTimers();
  let looks = 0;
  const users = {
    expire(): boolean {
      looks++;
      throw new ChatError("cluster-busy", "");
    },
  };
  const expiry = new AbsentExpiry(users, 1, { reached: () => 0 }, () => true);
  for (let minute = 0; minute < 2; minute++) {
    timers.pass(CHECK_INTERVAL);
    await Promise.resolve();
  }
  assertEquals(looks, 2);
  expiry.stop();
});

Deno.test("absent expiry: nothing expires when it is off", () => {
  using timers = new FakeTimers();
  new AbsentExpiry({ expire: () => false }, Infinity, { reached: () => 0 }, () => true);
  assertEquals(timers.size, 0);
});

Deno.test("absent expiry: nothing expires on a node that is not on duty, until it is", async () => {
  using timers = new FakeTimers();
  let onDuty = false;
  let asked = 0;
  const expiry = new AbsentExpiry({ expire: () => ++asked === 0 }, 1, { reached: () => 0 }, () => onDuty);
  for (const expected of [0, 1]) {
    timers.pass(CHECK_INTERVAL);
    await Promise.resolve();
    assertEquals(asked, expected);
    onDuty = true;
  }
  expiry.stop();
});

Deno.test("absent expiry: it goes on after a command was lost", async () => {
  using timers = new FakeTimers();
  let asked = 0;
  const expire = () => {
    asked++;
    return Promise.reject(new Error("no connection"));
  };
  const expiry = new AbsentExpiry({ expire }, 1, { reached: () => 0 }, () => true);
  for (const expected of [1, 2]) {
    timers.pass(CHECK_INTERVAL);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    assertEquals(asked, expected);
  }
  expiry.stop();
});
