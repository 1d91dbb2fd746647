import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CONCURRENT_MAX,
  FAILURE_SHARES,
  FAILURES_BURST,
  FAILURES_PER_TIME,
  FAILURES_TIME,
  KNOWN_NETWORKS_MAX,
  LOGGED_MAX,
  type LoginAttempt,
  LoginThrottle,
  LogLimiter,
  MISSED_MAX,
  QUEUE_TIME_MAX,
  QUEUED_MAX,
  REPEATED_FAILURES_BURST,
} from "../../src/accounts/login_throttle.ts";
import { BusyError } from "../../src/util/fair_queue.ts";
import { FakeClock } from "./helpers.ts";

const ADDRESS = "192.0.2.1";
const FIRST: LoginAttempt = {};
const MISTAKEN: LoginAttempt = { hasFailed: true };
const wrong = () => Promise.resolve(false);
const right = () => Promise.resolve(true);

/** Tries wrong passwords until none is looked at any more; returns how many were. */
async function guesses(
  throttle: LoginThrottle,
  what: LoginAttempt = FIRST,
  address: (n: number) => string = () => ADDRESS,
) {
  for (let n = 0;; n++) if (await throttle.try(address(n), wrong, what) !== "wrong") return n;
}

Deno.test("login throttle: one address is wrong so often at once, and then some hundred times an hour", async () => {
  const clock = new FakeClock();
  const throttle = new LoginThrottle(clock);
  assertEquals(await guesses(throttle), FAILURES_BURST);
  let more = 0;
  for (let minute = 0; minute < 60; minute++) {
    clock.time += 60_000;
    more += await guesses(throttle);
  }
  assertEquals(more, FAILURES_PER_TIME * 3600_000 / FAILURES_TIME);
  assert(more <= 500);
  assertEquals(throttle.counts, { right: 0, wrong: FAILURES_BURST + more, delayed: 61 });
});

Deno.test("login throttle: what comes too often is not looked at, and is told how long to wait", async () => {
  const clock = new FakeClock();
  const throttle = new LoginThrottle(clock);
  await guesses(throttle);
  let tried = false;
  const verify = () => {
    tried = true;
    return right();
  };
  assertEquals(await throttle.try(ADDRESS, verify), { wait: 10, reconnect: false });
  assert(!tried);
  clock.time += 10_000;
  assertEquals(await throttle.try(ADDRESS, verify), "right");
});

Deno.test("login throttle: clients that go on guessing keep the right password of another connection out of nothing", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  assertEquals(await guesses(throttle, MISTAKEN), REPEATED_FAILURES_BURST);
  for (let n = 0; n < 1000; n++) assertEquals(await throttle.try(ADDRESS, right), "right");
  assertEquals(await throttle.try(ADDRESS, right, MISTAKEN), { wait: 10, reconnect: true });
});

Deno.test("login throttle: a hundred connections may each be wrong from one address, and the next one is right", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  for (let n = 0; n < 100; n++) {
    assertEquals(await throttle.try(ADDRESS, wrong), "wrong");
    for (let again = 0; again < 2; again++) await throttle.try(ADDRESS, wrong, MISTAKEN);
  }
  assertEquals(await throttle.try(ADDRESS, right), "right");
});

Deno.test("login throttle: a right password costs nothing, and forgives no wrong one", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  for (let n = 0; n < FAILURES_BURST; n++) {
    assertEquals(await throttle.try(ADDRESS, right), "right");
    assertEquals(await throttle.try(ADDRESS, wrong), "wrong");
  }
  assertEquals(await guesses(throttle), 0);
});

for (
  const [bits, share, address] of [
    ["64 bits of IPv6", 1, (n) => `2001:db8::${n.toString(16)}`],
    ["56 bits of IPv6", FAILURE_SHARES[1]!, (n) => `2001:db8:0:${(n % 256).toString(16)}::1`],
    ["48 bits of IPv6", FAILURE_SHARES[2]!, (n) => `2001:db8:0:${n.toString(16)}::1`],
    ["32 bits of IPv6", FAILURE_SHARES[3]!, (n) => `2001:db8:${n.toString(16)}::1`],
    ["24 bits of IPv4", FAILURE_SHARES[2]!, (n) => `192.0.2.${n % 256}`],
    ["16 bits of IPv4", FAILURE_SHARES[3]!, (n) => `192.0.${n % 256}.${n >> 8}`],
  ] as readonly [string, number, (n: number) => string][]
) {
  Deno.test(`login throttle: ${bits} are wrong so often together, and the next network is another`, async () => {
    const throttle = new LoginThrottle(new FakeClock());
    let count = 0;
    for (let n = 0; n < 5000; n++) if (await throttle.try(address(n), wrong) === "wrong") count++;
    assertEquals(count, share * FAILURES_BURST);
    for (const other of ["2001:db9::1", "198.51.100.1"]) assertEquals(await throttle.try(other, wrong), "wrong");
  });
}

Deno.test("login throttle: an owner is looked at where they have logged in from, whatever others do there", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  assertEquals(await throttle.try(ADDRESS, right, { owner: "alice" }), "right");
  await guesses(throttle, { owner: "bob" });
  assertEquals(await throttle.try(ADDRESS, right, { owner: "bob" }), { wait: 10, reconnect: false });
  assertEquals(await throttle.try(ADDRESS, right, { owner: "alice" }), "right");
  assertEquals(
    await guesses(throttle, { owner: "alice" }),
    FAILURES_BURST,
    "nor do they guess this one without a limit",
  );
});

Deno.test("login throttle: an owner is remembered in the networks of their last logins, and no guess makes one of these", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  const owner = "alice";
  for (let n = 0; n <= KNOWN_NETWORKS_MAX; n++) await throttle.try(`10.${n}.0.1`, right, { owner });
  await throttle.try("10.200.0.1", wrong, { owner });
  for (const [network, known] of [[0, false], [1, true], [KNOWN_NETWORKS_MAX, true], [200, false]] as const) {
    const address = `10.${network}.0.1`;
    await guesses(throttle, FIRST, () => address);
    assertEquals(await throttle.try(address, right, { owner }) === "right", known, address);
  }
});

/** A password that is looked at until the test says what it is. */
class Held {
  readonly #result = Promise.withResolvers<boolean>();
  begun = false;

  readonly verify = () => {
    this.begun = true;
    return this.#result.promise;
  };

  end(): void {
    this.#result.resolve(false);
  }
}

/** Has as many passwords looked at as can be at a time. */
function fillUp(throttle: LoginThrottle): { readonly held: Held[]; readonly tries: Promise<unknown>[] } {
  const held = Array.from({ length: CONCURRENT_MAX }, () => new Held());
  return { held, tries: held.map(({ verify }) => throttle.try("100.64.0.1", verify)) };
}

/** Has what was resolved go on. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("login throttle: derivations are done in turns of networks, and what takes none waits for none", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  const { held, tries } = fillUp(throttle);
  const many = Array.from({ length: 100 }, () => new Held());
  for (const { verify } of many) tries.push(throttle.try(ADDRESS, verify));
  const next = new Held();
  tries.push(throttle.try("198.51.100.1", next.verify));
  assertEquals(await throttle.try(ADDRESS, right, { quick: true }), "right");
  for (const each of held) each.end();
  await settled();
  assert(many.at(-1)!.begun && next.begun && !many.at(-2)!.begun);
  for (const each of [...held, ...many, next]) each.end();
  assert((await Promise.all(tries)).every((verdict) => verdict === "wrong"));
});

Deno.test("login throttle: an owner waits for one derivation of other networks, however many want theirs", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  await throttle.try(ADDRESS, right, { owner: "alice" });
  const { held, tries } = fillUp(throttle);
  const many = Array.from({ length: 200 }, () => new Held());
  for (const [n, { verify }] of many.entries()) tries.push(throttle.try(`10.${n}.0.1`, verify, { owner: "alice" }));
  const owner = new Held();
  tries.push(throttle.try(ADDRESS, owner.verify, { owner: "alice" }));
  for (const each of held) each.end();
  await settled();
  assert(owner.begun);
  for (const each of [...held, ...many, owner]) each.end();
  await Promise.all(tries);
});

Deno.test("login throttle: where too many wait, the heaviest network loses one, and gets its try back", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  const { held, tries } = fillUp(throttle);
  const lost: unknown[] = [];
  for (let n = 0; n < QUEUED_MAX + 50; n++) {
    tries.push(throttle.try(`10.0.${n % 3}.1`, right).catch((error) => void lost.push(error)));
  }
  const other = throttle.try("203.0.113.1", right);
  await settled();
  assertEquals(lost.length, 51);
  assert(lost.every((error) => error instanceof BusyError));
  for (const each of held) each.end();
  assertEquals(await other, "right");
  await Promise.all(tries);
  assertEquals(await guesses(throttle, FIRST, () => "10.0.0.1"), FAILURES_BURST);
});

Deno.test("login throttle: what has waited for too long is not tried any more", async () => {
  const clock = new FakeClock();
  const throttle = new LoginThrottle(clock);
  const { held, tries } = fillUp(throttle);
  const late = assertRejects(() => throttle.try(ADDRESS, right), BusyError);
  clock.time += QUEUE_TIME_MAX + 1;
  const soon = throttle.try(ADDRESS, right);
  for (const each of held) each.end();
  await late;
  assertEquals(await soon, "right");
  await Promise.all(tries);
});

Deno.test("login throttle: a try that fails for another reason is none, and does not hold up the next", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  for (let n = 0; n <= FAILURES_BURST; n++) {
    const failed = await throttle.try(ADDRESS, () => Promise.reject(new Error("disk"))).catch((error) => error.message);
    assertEquals(failed, "disk");
  }
  assertEquals(await throttle.try(ADDRESS, right), "right");
  assertEquals(throttle.counts, { right: 1, wrong: 0, delayed: 0 });
});

Deno.test("login throttle: an allowance is had so often in a time, by each, and what could not be had is counted", () => {
  const clock = new FakeClock();
  const allowance = new LogLimiter(2, 1000, clock);
  const take = (name: string) => allowance.take([name]);
  assertEquals([take("a"), take("a")], [{ missed: 0 }, { missed: 0 }]);
  assertEquals([take("a"), take("a")], [undefined, undefined]);
  assertEquals(take("b"), { missed: 0 });
  clock.time = 1000;
  assertEquals([take("a"), take("a"), take("a")], [{ missed: 2 }, { missed: 0 }, undefined]);
});

Deno.test("login throttle: of no more networks than that, what could not be had is remembered", () => {
  const clock = new FakeClock();
  const allowance = new LogLimiter(1, 1000, clock);
  for (const name of ["a", "a"]) allowance.take([name, "all"]);
  for (let n = 0; n < MISSED_MAX + 3; n++) allowance.take([`${n}`, "all"]); // three of them are logged
  clock.time = 10_000;
  assertEquals([allowance.take(["a", "all"]), allowance.take(["3", "all"])], [{ missed: 0 }, { missed: 1 }]);
});

Deno.test("login throttle: the log has a few lines a minute of one network, and of each", () => {
  const clock = new FakeClock();
  const throttle = new LoginThrottle(clock);
  const logged = Array.from({ length: 50 }, () => throttle.mayLog(ADDRESS)).filter((log) => log !== undefined);
  assertEquals(logged.length, LOGGED_MAX);
  assertEquals(throttle.mayLog("192.0.2.2"), { missed: 0 });
  clock.time += 60_000;
  assertEquals(throttle.mayLog(ADDRESS), { missed: 50 - LOGGED_MAX });
});
