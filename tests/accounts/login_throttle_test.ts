import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CONCURRENT_MAX,
  FAILURE_SHARES,
  FAILURES_BURST,
  FAILURES_PER_TIME,
  FAILURES_TIME,
  KNOWN_NETWORKS_MAX,
  type LoginAttempt,
  LoginThrottle,
  QUEUE_TIME_MAX,
  QUEUED_MAX,
  REPEATED_FAILURES_BURST,
  type RetryLater,
} from "../../src/accounts/login_throttle.ts";
import { LINES_PER_MINUTE } from "../../src/monitoring/log_limiter.ts";
import { BusyError } from "../../src/util/fair_queue.ts";
import { FakeClock } from "./helpers.ts";

const ADDRESS = "192.0.2.1";
const FIRST: LoginAttempt = {};
const FAILED: LoginAttempt = { hasFailed: true };
const wrong = () => Promise.resolve(false);
const right = () => Promise.resolve(true);

/** Sends wrong passwords until one is not checked; returns how many were checked. */
async function guesses(
  throttle: LoginThrottle,
  what: LoginAttempt = FIRST,
  address: (n: number) => string = () => ADDRESS,
) {
  for (let n = 0;; n++) if (await throttle.try(address(n), wrong, what) !== "wrong") return n;
}

Deno.test("login throttle: one address may fail a number of times at once, and then at most 500 times an hour", async () => {
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

Deno.test("login throttle: a password above the limit is not checked, and the result says how long to wait", async () => {
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

Deno.test("login throttle: connections that have failed do not use up the limit of connections that have not", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  assertEquals(await guesses(throttle, FAILED), REPEATED_FAILURES_BURST);
  for (let n = 0; n < 1000; n++) assertEquals(await throttle.try(ADDRESS, right), "right");
  assertEquals(await throttle.try(ADDRESS, right, FAILED), { wait: 10, reconnect: true });
});

Deno.test("login throttle: the right password is checked after a hundred connections from the same address have failed", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  for (let n = 0; n < 100; n++) {
    assertEquals(await throttle.try(ADDRESS, wrong), "wrong");
    for (let again = 0; again < 2; again++) await throttle.try(ADDRESS, wrong, FAILED);
  }
  assertEquals(await throttle.try(ADDRESS, right), "right");
});

Deno.test("login throttle: a right password neither counts nor resets the count", async () => {
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
  Deno.test(`login throttle: ${bits} share a limit, and other networks do not`, async () => {
    const throttle = new LoginThrottle(new FakeClock());
    let count = 0;
    for (let n = 0; n < 5000; n++) if (await throttle.try(address(n), wrong) === "wrong") count++;
    assertEquals(count, share * FAILURES_BURST);
    for (const other of ["2001:db9::1", "198.51.100.1"]) assertEquals(await throttle.try(other, wrong), "wrong");
  });
}

Deno.test("login throttle: an owner is checked in a known network after others there have reached the limit", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  assertEquals(await throttle.try(ADDRESS, right, { owner: "alice" }), "right");
  await guesses(throttle, { owner: "bob" });
  assertEquals(await throttle.try(ADDRESS, right, { owner: "bob" }), { wait: 10, reconnect: false });
  assertEquals(await throttle.try(ADDRESS, right, { owner: "alice" }), "right");
  assertEquals(
    await guesses(throttle, { owner: "alice" }),
    FAILURES_BURST,
    "guesses for this account are limited, too",
  );
});

Deno.test("login throttle: the networks of the last logins are remembered, and those of failures are not", async () => {
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

Deno.test("login throttle: the network forgotten first is the one without a login for longest", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  const owner = "alice";
  const address = (n: number) => `10.${n}.0.1`;
  for (let n = 0; n < KNOWN_NETWORKS_MAX; n++) await throttle.try(address(n), right, { owner });
  for (const n of [0, KNOWN_NETWORKS_MAX]) await throttle.try(address(n), right, { owner });
  for (const [n, known] of [[0, true], [1, false], [2, true]] as const) {
    await guesses(throttle, FIRST, () => address(n));
    assertEquals(await throttle.try(address(n), right, { owner }) === "right", known, address(n));
  }
});

Deno.test("login throttle: a new connection does not help when the whole limit is used up", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  await guesses(throttle);
  const { reconnect } = await throttle.try(ADDRESS, right, FAILED) as RetryLater;
  assert(!reconnect);
});

/** A password check that ends when the test says so; the password is wrong. */
class PendingCheck {
  readonly #result = Promise.withResolvers<boolean>();
  started = false;

  readonly verify = () => {
    this.started = true;
    return this.#result.promise;
  };

  end(): void {
    this.#result.resolve(false);
  }
}

/** Starts as many checks as can run at a time. */
function occupy(throttle: LoginThrottle): { readonly running: PendingCheck[]; readonly tries: Promise<unknown>[] } {
  const running = Array.from({ length: CONCURRENT_MAX }, () => new PendingCheck());
  return { running, tries: running.map(({ verify }) => throttle.try("100.64.0.1", verify)) };
}

/** Resolves after all resolved promises have been handled. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("login throttle: networks take turns for derivations, and quick checks do not wait", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  const { running, tries } = occupy(throttle);
  const many = Array.from({ length: 100 }, () => new PendingCheck());
  for (const { verify } of many) tries.push(throttle.try(ADDRESS, verify));
  const next = new PendingCheck();
  tries.push(throttle.try("198.51.100.1", next.verify));
  assertEquals(await throttle.try(ADDRESS, right, { quick: true }), "right");
  for (const each of running) each.end();
  await settled();
  assert(many.at(-1)!.started && next.started && !many.at(-2)!.started);
  for (const each of [...running, ...many, next]) each.end();
  assert((await Promise.all(tries)).every((verdict) => verdict === "wrong"));
});

Deno.test("login throttle: an owner in a known network waits for at most one derivation of other networks", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  await throttle.try(ADDRESS, right, { owner: "alice" });
  const { running, tries } = occupy(throttle);
  const many = Array.from({ length: 200 }, () => new PendingCheck());
  for (const [n, { verify }] of many.entries()) tries.push(throttle.try(`10.${n}.0.1`, verify, { owner: "alice" }));
  const owner = new PendingCheck();
  tries.push(throttle.try(ADDRESS, owner.verify, { owner: "alice" }));
  for (const each of running) each.end();
  await settled();
  assert(owner.started);
  for (const each of [...running, ...many, owner]) each.end();
  await Promise.all(tries);
});

Deno.test("login throttle: a full queue rejects an attempt of the heaviest network, which does not count", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  const { running, tries } = occupy(throttle);
  const lost: unknown[] = [];
  for (let n = 0; n < QUEUED_MAX + 50; n++) {
    tries.push(throttle.try(`10.0.${n % 3}.1`, right).catch((error) => void lost.push(error)));
  }
  const other = throttle.try("203.0.113.1", right);
  await settled();
  assertEquals(lost.length, 51);
  assert(lost.every((error) => error instanceof BusyError));
  for (const each of running) each.end();
  assertEquals(await other, "right");
  await Promise.all(tries);
  assertEquals(await guesses(throttle, FIRST, () => "10.0.0.1"), FAILURES_BURST);
});

Deno.test("login throttle: an attempt that has waited too long is rejected", async () => {
  const clock = new FakeClock();
  const throttle = new LoginThrottle(clock);
  const { running, tries } = occupy(throttle);
  const late = assertRejects(() => throttle.try(ADDRESS, right), BusyError);
  clock.time += QUEUE_TIME_MAX + 1;
  const soon = throttle.try(ADDRESS, right);
  for (const each of running) each.end();
  await late;
  assertEquals(await soon, "right");
  await Promise.all(tries);
});

Deno.test("login throttle: an attempt whose check throws does not count", async () => {
  const throttle = new LoginThrottle(new FakeClock());
  for (let n = 0; n <= FAILURES_BURST; n++) {
    const failed = await throttle.try(ADDRESS, () => Promise.reject(new Error("disk"))).catch((error) => error.message);
    assertEquals(failed, "disk");
  }
  assertEquals(await throttle.try(ADDRESS, right), "right");
  assertEquals(throttle.counts, { right: 1, wrong: 0, delayed: 0 });
});

Deno.test("login throttle: log lines are limited per minute and network", () => {
  const clock = new FakeClock();
  const throttle = new LoginThrottle(clock);
  const logged = Array.from({ length: 50 }, () => throttle.mayLog(ADDRESS)).filter((log) => log !== undefined);
  assertEquals(logged.length, LINES_PER_MINUTE);
  assertEquals(throttle.mayLog("192.0.2.2"), { missed: 0 });
  clock.time += 60_000;
  assertEquals(throttle.mayLog(ADDRESS), { missed: 50 - LINES_PER_MINUTE });
});
