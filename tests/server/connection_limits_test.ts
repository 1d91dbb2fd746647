import { assert, assertEquals } from "@std/assert";
import {
  type ConnectionLimitOptions,
  ConnectionLimits,
  type Reason,
  UNREGISTERED_SHARES,
} from "../../src/server/connection_limits.ts";
import { Bans } from "../../src/moderation/bans.ts";
import type { Evictable, Rejection } from "../../src/transport/admission.ts";
import { SHARES } from "../../src/util/network_limiter.ts";

const NONE: ConnectionLimitOptions = {
  clients: Infinity,
  perNetwork: Infinity,
  perMinute: Infinity,
  unregistered: Infinity,
};

/** What a client is told, by reason. */
const SENTENCES: Readonly<Record<Reason, string>> = {
  "banned": "You are banned from this server: spam",
  "full": "tincan is full. Try again later.",
  "too many from there": "Too many connections from your address. Close one first.",
  "too many strangers": "Too many clients are connecting to tincan at once. Try again in a moment.",
  "too many a minute": "Too many new connections from your address. Try again in a minute.",
};

/** Replaces `performance.now` by a clock that tests set. */
class Stopwatch implements Disposable {
  now = 1000;
  readonly #real = performance.now;

  constructor() {
    performance.now = () => this.now;
  }

  [Symbol.dispose](): void {
    performance.now = this.#real;
  }
}

/** A connection without a socket. */
class FakeEntrant implements Evictable {
  evicted = false;

  constructor(readonly peer: string) {}

  evict(): void {
    this.evicted = true;
  }
}

/** Connection limits, and the connections that were accepted. */
class LimitsFixture {
  readonly limits: ConnectionLimits;
  /** The evicted connections: address and reason. */
  readonly evicted: string[] = [];
  readonly #accepted: FakeEntrant[] = [];

  constructor(limits: Partial<ConnectionLimitOptions>, bans: Bans) {
    const onEvicted = (peer: string, reason: Reason) => void this.evicted.push(`${peer} ${reason}`);
    this.limits = new ConnectionLimits("tincan", { ...NONE, ...limits }, bans, onEvicted);
  }

  get connections(): number {
    return this.limits.connections;
  }

  get unregistered(): number {
    return this.limits.unregistered;
  }

  get rejected(): ConnectionLimits["rejected"] {
    return this.limits.rejected;
  }

  enter(address: string): Rejection | undefined {
    const evictable = new FakeEntrant(address);
    const rejection = this.limits.admit(address, evictable);
    if (rejection === undefined) this.#accepted.push(evictable);
    return rejection;
  }

  /** Registers the first connection of an address. */
  register(address: string): void {
    const evictable = this.#accepted.find((each) => each.peer === address && !each.evicted)!;
    this.limits.registered(evictable);
    this.#accepted.push(...this.#accepted.splice(this.#accepted.indexOf(evictable), 1)); // it is the last one of this address now
  }

  /** Adds a connection that registers at once. */
  enterAndRegister(address: string): Rejection | undefined {
    const rejection = this.enter(address);
    if (rejection === undefined) this.limits.registered(this.#accepted.at(-1)!);
    return rejection;
  }

  /** Closes the last connection of an address. */
  leave(address: string): void {
    const at = this.#accepted.findLastIndex((each) => each.peer === address && !each.evicted);
    this.limits.release(address, this.#accepted[at]!);
    this.#accepted.splice(at, 1);
  }
}

function createLimits(limits: Partial<ConnectionLimitOptions>, bans = new Bans()): LimitsFixture {
  return new LimitsFixture(limits, bans);
}

/** Adds a registered connection for each address; returns the reason for each one that was rejected. */
function enter(limits: LimitsFixture, ...addresses: string[]): (Reason | undefined)[] {
  return addresses.map((address) => {
    const before = new Map(limits.rejected);
    const rejection = limits.enterAndRegister(address);
    const counted = [...limits.rejected].filter(([reason, count]) => count !== (before.get(reason) ?? 0));
    if (rejection === undefined) {
      assertEquals(counted, [], "an accepted connection is not counted as rejected");
      return undefined;
    }
    assertEquals(counted.map(([reason, count]) => count - (before.get(reason) ?? 0)), [1], "counted once");
    const [[reason]] = counted as [[Reason, number]];
    assertEquals(rejection, { message: SENTENCES[reason], reason });
    return reason;
  });
}

Deno.test("connection limits: connections rejected elsewhere are counted with those rejected here", () => {
  const limits = createLimits({ clients: 0 });
  limits.enter("192.0.2.1");
  for (const cause of ["banned", "no TLS", "no TLS"] as const) limits.limits.count(cause);
  assertEquals([...limits.rejected], [["full", 1], ["banned", 1], ["no TLS", 2]]);
});

Deno.test("connection limits: a connection above the total is rejected until one is closed", () => {
  const limits = createLimits({ clients: 2 });
  assertEquals(enter(limits, "192.0.2.1", "192.0.2.2", "192.0.2.3"), [undefined, undefined, "full"]);
  assertEquals(limits.connections, 2);
  limits.leave("192.0.2.1");
  assertEquals(enter(limits, "192.0.2.3", "192.0.2.3"), [undefined, "full"]);
  assertEquals([...limits.rejected], [["full", 2]]);
});

Deno.test("connection limits: a connection above the limit of its address is rejected, and others are not", () => {
  const limits = createLimits({ perNetwork: 2 });
  const reason = "too many from there";
  assertEquals(
    enter(limits, "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1"),
    [undefined, undefined, reason, undefined, reason],
  );
  limits.leave("::ffff:192.0.2.1");
  assertEquals(enter(limits, "192.0.2.1", "192.0.2.1"), [undefined, reason]);
});

Deno.test("connection limits: an IPv6 /64 counts as one address", () => {
  const limits = createLimits({ perNetwork: 1 });
  const reason = "too many from there";
  assertEquals(
    enter(limits, "2001:db8:0:7::1", "2001:db8:0:7:ffff::2", "2001:DB8::7:0:0:0:3", "2001:db8:0:8::1"),
    [undefined, reason, reason, undefined],
  );
  limits.leave("2001:db8:0:7::1");
  assertEquals(enter(limits, "2001:db8:0:7::9"), [undefined]);
});

Deno.test("connection limits: new connections of one address are limited to a rate", () => {
  using watch = new Stopwatch();
  const limits = createLimits({ perMinute: 3 });
  const often = "too many a minute";
  const comes = () => enter(limits, "192.0.2.1")[0];
  const visit = () => {
    const reason = comes();
    if (reason === undefined) limits.leave("192.0.2.1"); // closing it does not give anything back
    return reason;
  };
  assertEquals([visit(), visit(), visit(), visit()], [undefined, undefined, undefined, often]);
  assertEquals(enter(limits, "192.0.2.2"), [undefined], "other addresses are not limited");
  watch.now += 19_900;
  assertEquals(visit(), often);
  watch.now += 100;
  assertEquals([visit(), visit()], [undefined, often], "one every 20 seconds");
  watch.now += 3_600_000;
  assertEquals([visit(), visit(), visit(), visit()], [undefined, undefined, undefined, often], "saved up: no more");
  watch.now -= 86_400_000;
  assertEquals(visit(), often, "a clock that went back gives nothing");
});

Deno.test("connection limits: a connection rejected for another reason does not count for the rate", () => {
  using _watch = new Stopwatch();
  const limits = createLimits({ perMinute: 2, perNetwork: 1 });
  const address = "192.0.2.1";
  const full = "too many from there";
  assertEquals(enter(limits, address, address, address, address), [undefined, full, full, full]);
  limits.leave(address);
  assertEquals(enter(limits, address), [undefined]);
  limits.leave(address);
  assertEquals(enter(limits, address), ["too many a minute"]);
});

/** Adds an unregistered connection for each address; returns how many were accepted. */
function enterUnregistered(limits: LimitsFixture, ...addresses: string[]): number {
  return addresses.filter((address) => limits.enter(address) === undefined).length;
}

Deno.test("connection limits: above the limit of unregistered connections, the oldest of the heaviest network is evicted", () => {
  const limits = createLimits({ unregistered: 30, perNetwork: 100 });
  const scattered = Array.from({ length: 24 }, (_, n) => `10.${n}.0.1`);
  const many = Array.from({ length: 5 }, (_, n) => `2001:db8:0:${n}::1`);
  assertEquals(enterUnregistered(limits, "192.0.2.1", ...scattered, ...many), 30);
  assertEquals(enterUnregistered(limits, "203.0.113.9"), 1);
  assertEquals([limits.unregistered, limits.connections], [30, 30]);
  assertEquals(limits.evicted, ["2001:db8:0:0::1 too many strangers"]);
  assertEquals([...limits.limits.evicted], [["too many strangers", 1]]);
});

Deno.test("connection limits: a thousand silent connections from ten addresses keep no other client out", () => {
  const limits = createLimits({ unregistered: 1000, perNetwork: 100 });
  const silent = Array.from({ length: 1000 }, (_, n) => `127.0.0.${10 + n % 10}`);
  assertEquals(enterUnregistered(limits, ...silent), 1000);
  for (const address of ["127.0.0.1", "127.0.0.2", "192.0.2.1", "2001:db8::1"]) {
    limits.evicted.length = 0;
    assertEquals(limits.enterAndRegister(address), undefined, address);
    assert(limits.evicted.every((line) => /^127.0.0.1\d /.test(line)), limits.evicted.join());
  }
  assertEquals(limits.enterAndRegister("127.0.0.10"), undefined);
});

Deno.test("connection limits: a network at its share of unregistered connections loses its own oldest one", () => {
  const limits = createLimits({ unregistered: 100, perNetwork: 1000 });
  assertEquals(enterUnregistered(limits, "192.0.2.1", ...Array<string>(50).fill("192.0.2.2")), 51);
  assertEquals(limits.evicted.length, 50 - 100 * UNREGISTERED_SHARES[0]!);
  assert(limits.evicted.every((line) => line === "192.0.2.2 too many strangers"));
});

Deno.test("connection limits: networks of each width have a share of the unregistered connections", () => {
  for (
    const [level, address] of [
      [0, () => "192.0.2.1"],
      [1, (n: number) => `192.0.2.${n % 16}`],
      [2, (n: number) => `192.0.2.${n % 256}`],
      [3, (n: number) => `192.0.${n % 256}.1`],
      [0, (n: number) => `2001:db8::${n.toString(16)}`],
      [1, (n: number) => `2001:db8:0:${(n % 256).toString(16)}::1`],
      [2, (n: number) => `2001:db8:0:${(n * 100).toString(16)}::1`],
      [3, (n: number) => `2001:db8:${n.toString(16)}::1`],
    ] as readonly [number, (n: number) => string][]
  ) {
    const limits = createLimits({ unregistered: 200, perNetwork: 1000 });
    for (let n = 0; n < 600; n++) limits.enter(address(n));
    assertEquals(limits.unregistered, 200 * UNREGISTERED_SHARES[level]!, address(1));
  }
});

Deno.test("connection limits: each network may have one unregistered connection when the limit is small", () => {
  const limits = createLimits({ unregistered: 3, perNetwork: 100 });
  assertEquals(enterUnregistered(limits, "192.0.2.1", "192.0.2.1", "198.51.100.1"), 2);
  assertEquals([limits.evicted, [...limits.rejected]], [[], [["too many strangers", 1]]]);
});

Deno.test("connection limits: one address may have all unregistered connections when addresses have no limit", () => {
  const limits = createLimits({ unregistered: 20 });
  enterUnregistered(limits, ...Array<string>(25).fill("192.0.2.1"));
  assertEquals([limits.unregistered, limits.evicted.length], [20, 5]);
});

Deno.test("connection limits: a registered connection is never evicted", () => {
  const limits = createLimits({ clients: 3, perNetwork: 2, unregistered: 10 });
  assertEquals(enter(limits, "192.0.2.1", "192.0.2.1", "192.0.2.1"), [undefined, undefined, "too many from there"]);
  assertEquals(enterUnregistered(limits, "198.51.100.1"), 1);
  assertEquals(limits.enterAndRegister("203.0.113.1"), undefined);
  assertEquals(limits.evicted, ["198.51.100.1 full"]);
  assertEquals(enter(limits, "203.0.113.2"), ["full"]);
  assertEquals(limits.connections, 3);
});

Deno.test("connection limits: an unregistered connection is evicted for another one of the same address", () => {
  const limits = createLimits({ perNetwork: 2 });
  assertEquals(enterUnregistered(limits, "192.0.2.1", "192.0.2.1", "192.0.2.1"), 3);
  assertEquals(limits.evicted, ["192.0.2.1 too many from there"]);
  limits.register("192.0.2.1");
  assertEquals(limits.unregistered, 1);
});

Deno.test("connection limits: the only unregistered connection of an address is not evicted for another one of it", () => {
  for (const limit of [{ clients: 1 }, { perNetwork: 1 }, { unregistered: 1 }]) {
    const limits = createLimits(limit);
    assertEquals(enterUnregistered(limits, "192.0.2.1", "192.0.2.1"), 1);
    assertEquals(limits.evicted, []);
  }
});

Deno.test("connection limits: a connection that is evicted and then closed is subtracted once", () => {
  const limits = createLimits({ unregistered: 1 }).limits;
  const [first, next] = [new FakeEntrant("a"), new FakeEntrant("b")];
  limits.admit("192.0.2.1", first);
  limits.admit("192.0.2.2", next);
  assert(first.evicted && !next.evicted);
  limits.registered(first);
  limits.release("192.0.2.1", first);
  assertEquals([limits.connections, limits.unregistered], [1, 1]);
  limits.release("192.0.2.2", next);
  assertEquals([limits.connections, limits.unregistered], [0, 0]);
});

Deno.test("connection limits: a connection above the rate evicts no other one", () => {
  using _watch = new Stopwatch();
  const limits = createLimits({ unregistered: 1, perMinute: 1 });
  assertEquals(enterUnregistered(limits, "192.0.2.1", "198.51.100.1", "198.51.100.1"), 2);
  assertEquals(limits.evicted, ["192.0.2.1 too many strangers"]);
});

Deno.test("connection limits: wider networks have multiples of the limits of one network", () => {
  using _watch = new Stopwatch();
  for (const options of [{ perNetwork: 2 }, { perMinute: 2 }]) {
    for (
      const [level, address] of [
        [1, (n: number) => `192.0.2.${n % 16}`],
        [2, (n: number) => `192.0.2.${n % 256}`],
        [3, (n: number) => `192.0.${n % 256}.1`],
        [1, (n: number) => `2001:db8:0:${(n % 256).toString(16)}::1`],
        [2, (n: number) => `2001:db8:0:${(n * 100).toString(16)}::1`],
        [3, (n: number) => `2001:db8:${n.toString(16)}::1`],
      ] as readonly [number, (n: number) => string][]
    ) {
      const limits = createLimits(options);
      for (let n = 0; n < 600; n++) limits.enterAndRegister(address(n));
      assertEquals(limits.connections, 2 * SHARES[level]!, address(1));
      assertEquals(limits.enterAndRegister("203.0.113.1"), undefined);
    }
  }
});

Deno.test("connection limits: a banned address is rejected first, with the reason of the ban, until the ban ends", () => {
  const bans = new Bans();
  const limits = createLimits({ clients: 1 }, bans);
  const ban = { by: "root", reason: "spam", since: 0, until: Infinity };
  bans.add({ what: "10.0.0.0/8", ...ban });
  bans.add({ what: "troll!*@*", ...ban });
  assertEquals(
    enter(limits, "10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "10.1.2.3", "192.0.2.1"),
    ["banned", "banned", undefined, "banned", "full"],
  );
  assertEquals([...limits.rejected], [["banned", 3], ["full", 1]]);
  limits.leave("192.0.2.1");
  bans.remove("10.0.0.0/8");
  assertEquals(enter(limits, "10.1.2.3"), [undefined]);
});

Deno.test("connection limits: no connection is rejected without limits", () => {
  const limits = createLimits({});
  const addresses = Array(5000).fill("192.0.2.1");
  assertEquals(new Set(enter(limits, ...addresses)), new Set([undefined]));
  assertEquals([limits.connections, limits.unregistered, limits.rejected.size], [5000, 0, 0]);
  for (const address of addresses) limits.leave(address);
  assertEquals([limits.connections, limits.unregistered], [0, 0]);
});
