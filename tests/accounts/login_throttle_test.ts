import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Allowance,
  Guard,
  GUESS_SHARES,
  HOLD_MAX,
  KNOWN_NETWORKS_MAX,
  LOGGED_MAX,
  MISSED_MAX,
  MISTAKEN_AT_ONCE,
  MISTAKES_AT_ONCE,
  MISTAKES_PER_TIME,
  MISTAKES_TIME,
  TRIES_AT_ONCE,
  TRIES_MAX,
  type Try,
} from "../../src/accounts/login_throttle.ts";
import { BusyError } from "../../src/util/fair_queue.ts";
import { FakeClock } from "./helpers.ts";

const ADDRESS = "192.0.2.1";
const FIRST: Try = {};
const MISTAKEN: Try = { mistaken: true };
const wrong = () => Promise.resolve(false);
const right = () => Promise.resolve(true);

/** Tries wrong passwords until none is looked at any more; returns how many were. */
async function guesses(guard: Guard, what: Try = FIRST, address: (n: number) => string = () => ADDRESS) {
  for (let n = 0;; n++) if (await guard.try(address(n), wrong, what) !== "wrong") return n;
}

Deno.test("login throttle: one address is wrong so often at once, and then some hundred times an hour", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  assertEquals(await guesses(guard), MISTAKES_AT_ONCE);
  let more = 0;
  for (let minute = 0; minute < 60; minute++) {
    clock.time += 60_000;
    more += await guesses(guard);
  }
  assertEquals(more, MISTAKES_PER_TIME * 3600_000 / MISTAKES_TIME);
  assert(more <= 500);
  assertEquals(guard.counts, { right: 0, wrong: MISTAKES_AT_ONCE + more, delayed: 61 });
});

Deno.test("login throttle: what comes too often is not looked at, and is told how long to wait", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  await guesses(guard);
  let tried = false;
  const verify = () => {
    tried = true;
    return right();
  };
  assertEquals(await guard.try(ADDRESS, verify), { wait: 10, reconnect: false });
  assert(!tried);
  clock.time += 10_000;
  assertEquals(await guard.try(ADDRESS, verify), "right");
});

Deno.test("login throttle: clients that go on guessing keep the right password of another connection out of nothing", async () => {
  const guard = new Guard(new FakeClock());
  assertEquals(await guesses(guard, MISTAKEN), MISTAKEN_AT_ONCE);
  for (let n = 0; n < 1000; n++) assertEquals(await guard.try(ADDRESS, right), "right");
  assertEquals(await guard.try(ADDRESS, right, MISTAKEN), { wait: 10, reconnect: true });
});

Deno.test("login throttle: a hundred connections may each be wrong from one address, and the next one is right", async () => {
  const guard = new Guard(new FakeClock());
  for (let n = 0; n < 100; n++) {
    assertEquals(await guard.try(ADDRESS, wrong), "wrong");
    for (let again = 0; again < 2; again++) await guard.try(ADDRESS, wrong, MISTAKEN);
  }
  assertEquals(await guard.try(ADDRESS, right), "right");
});

Deno.test("login throttle: a right password costs nothing, and forgives no wrong one", async () => {
  const guard = new Guard(new FakeClock());
  for (let n = 0; n < MISTAKES_AT_ONCE; n++) {
    assertEquals(await guard.try(ADDRESS, right), "right");
    assertEquals(await guard.try(ADDRESS, wrong), "wrong");
  }
  assertEquals(await guesses(guard), 0);
});

for (
  const [bits, share, address] of [
    ["64 bits of IPv6", 1, (n) => `2001:db8::${n.toString(16)}`],
    ["56 bits of IPv6", GUESS_SHARES[1]!, (n) => `2001:db8:0:${(n % 256).toString(16)}::1`],
    ["48 bits of IPv6", GUESS_SHARES[2]!, (n) => `2001:db8:0:${n.toString(16)}::1`],
    ["32 bits of IPv6", GUESS_SHARES[3]!, (n) => `2001:db8:${n.toString(16)}::1`],
    ["24 bits of IPv4", GUESS_SHARES[2]!, (n) => `192.0.2.${n % 256}`],
    ["16 bits of IPv4", GUESS_SHARES[3]!, (n) => `192.0.${n % 256}.${n >> 8}`],
  ] as readonly [string, number, (n: number) => string][]
) {
  Deno.test(`login throttle: ${bits} are wrong so often together, and the next network is another`, async () => {
    const guard = new Guard(new FakeClock());
    let count = 0;
    for (let n = 0; n < 5000; n++) if (await guard.try(address(n), wrong) === "wrong") count++;
    assertEquals(count, share * MISTAKES_AT_ONCE);
    for (const other of ["2001:db9::1", "198.51.100.1"]) assertEquals(await guard.try(other, wrong), "wrong");
  });
}

Deno.test("login throttle: an owner is looked at where they have logged in from, whatever others do there", async () => {
  const guard = new Guard(new FakeClock());
  assertEquals(await guard.try(ADDRESS, right, { owner: "alice" }), "right");
  await guesses(guard, { owner: "bob" });
  assertEquals(await guard.try(ADDRESS, right, { owner: "bob" }), { wait: 10, reconnect: false });
  assertEquals(await guard.try(ADDRESS, right, { owner: "alice" }), "right");
  assertEquals(
    await guesses(guard, { owner: "alice" }),
    MISTAKES_AT_ONCE,
    "nor do they guess this one without a limit",
  );
});

Deno.test("login throttle: an owner is remembered in the networks of their last logins, and no guess makes one of these", async () => {
  const guard = new Guard(new FakeClock());
  const owner = "alice";
  for (let n = 0; n <= KNOWN_NETWORKS_MAX; n++) await guard.try(`10.${n}.0.1`, right, { owner });
  await guard.try("10.200.0.1", wrong, { owner });
  for (const [network, known] of [[0, false], [1, true], [KNOWN_NETWORKS_MAX, true], [200, false]] as const) {
    const address = `10.${network}.0.1`;
    await guesses(guard, FIRST, () => address);
    assertEquals(await guard.try(address, right, { owner }) === "right", known, address);
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
function fillUp(guard: Guard): { readonly held: Held[]; readonly tries: Promise<unknown>[] } {
  const held = Array.from({ length: TRIES_AT_ONCE }, () => new Held());
  return { held, tries: held.map(({ verify }) => guard.try("100.64.0.1", verify)) };
}

/** Has what was resolved go on. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("login throttle: derivations are done in turns of networks, and what takes none waits for none", async () => {
  const guard = new Guard(new FakeClock());
  const { held, tries } = fillUp(guard);
  const many = Array.from({ length: 100 }, () => new Held());
  for (const { verify } of many) tries.push(guard.try(ADDRESS, verify));
  const next = new Held();
  tries.push(guard.try("198.51.100.1", next.verify));
  assertEquals(await guard.try(ADDRESS, right, { quick: true }), "right");
  for (const each of held) each.end();
  await settled();
  assert(many.at(-1)!.begun && next.begun && !many.at(-2)!.begun);
  for (const each of [...held, ...many, next]) each.end();
  assert((await Promise.all(tries)).every((verdict) => verdict === "wrong"));
});

Deno.test("login throttle: an owner waits for one derivation of other networks, however many want theirs", async () => {
  const guard = new Guard(new FakeClock());
  await guard.try(ADDRESS, right, { owner: "alice" });
  const { held, tries } = fillUp(guard);
  const many = Array.from({ length: 200 }, () => new Held());
  for (const [n, { verify }] of many.entries()) tries.push(guard.try(`10.${n}.0.1`, verify, { owner: "alice" }));
  const owner = new Held();
  tries.push(guard.try(ADDRESS, owner.verify, { owner: "alice" }));
  for (const each of held) each.end();
  await settled();
  assert(owner.begun);
  for (const each of [...held, ...many, owner]) each.end();
  await Promise.all(tries);
});

Deno.test("login throttle: where too many wait, the heaviest network loses one, and gets its try back", async () => {
  const guard = new Guard(new FakeClock());
  const { held, tries } = fillUp(guard);
  const lost: unknown[] = [];
  for (let n = 0; n < TRIES_MAX + 50; n++) {
    tries.push(guard.try(`10.0.${n % 3}.1`, right).catch((error) => void lost.push(error)));
  }
  const other = guard.try("203.0.113.1", right);
  await settled();
  assertEquals(lost.length, 51);
  assert(lost.every((error) => error instanceof BusyError));
  for (const each of held) each.end();
  assertEquals(await other, "right");
  await Promise.all(tries);
  assertEquals(await guesses(guard, FIRST, () => "10.0.0.1"), MISTAKES_AT_ONCE);
});

Deno.test("login throttle: what has waited for too long is not tried any more", async () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  const { held, tries } = fillUp(guard);
  const late = assertRejects(() => guard.try(ADDRESS, right), BusyError);
  clock.time += HOLD_MAX + 1;
  const soon = guard.try(ADDRESS, right);
  for (const each of held) each.end();
  await late;
  assertEquals(await soon, "right");
  await Promise.all(tries);
});

Deno.test("login throttle: a try that fails for another reason is none, and does not hold up the next", async () => {
  const guard = new Guard(new FakeClock());
  for (let n = 0; n <= MISTAKES_AT_ONCE; n++) {
    const failed = await guard.try(ADDRESS, () => Promise.reject(new Error("disk"))).catch((error) => error.message);
    assertEquals(failed, "disk");
  }
  assertEquals(await guard.try(ADDRESS, right), "right");
  assertEquals(guard.counts, { right: 1, wrong: 0, delayed: 0 });
});

Deno.test("login throttle: an allowance is had so often in a time, by each, and what could not be had is counted", () => {
  const clock = new FakeClock();
  const allowance = new Allowance(2, 1000, clock);
  const take = (name: string) => allowance.take([name]);
  assertEquals([take("a"), take("a")], [{ missed: 0 }, { missed: 0 }]);
  assertEquals([take("a"), take("a")], [undefined, undefined]);
  assertEquals(take("b"), { missed: 0 });
  clock.time = 1000;
  assertEquals([take("a"), take("a"), take("a")], [{ missed: 2 }, { missed: 0 }, undefined]);
});

Deno.test("login throttle: of no more networks than that, what could not be had is remembered", () => {
  const clock = new FakeClock();
  const allowance = new Allowance(1, 1000, clock);
  for (const name of ["a", "a"]) allowance.take([name, "all"]);
  for (let n = 0; n < MISSED_MAX + 3; n++) allowance.take([`${n}`, "all"]); // three of them are logged
  clock.time = 10_000;
  assertEquals([allowance.take(["a", "all"]), allowance.take(["3", "all"])], [{ missed: 0 }, { missed: 1 }]);
});

Deno.test("login throttle: the log has a few lines a minute of one network, and of each", () => {
  const clock = new FakeClock();
  const guard = new Guard(clock);
  const logged = Array.from({ length: 50 }, () => guard.mayLog(ADDRESS)).filter((log) => log !== undefined);
  assertEquals(logged.length, LOGGED_MAX);
  assertEquals(guard.mayLog("192.0.2.2"), { missed: 0 });
  clock.time += 60_000;
  assertEquals(guard.mayLog(ADDRESS), { missed: 50 - LOGGED_MAX });
});
