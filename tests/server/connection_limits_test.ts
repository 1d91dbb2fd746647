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

/** What is said to whom for what reason. */
const SENTENCES: Readonly<Record<Reason, string>> = {
  "banned": "You are banned from this server: spam",
  "full": "tincan is full. Come back later.",
  "too many from there": "Too many connections from your address. Close one first.",
  "too many strangers": "Too many are coming in to tincan at once. Try again in a moment.",
  "too many a minute": "You connect too often. Try again in a minute.",
};

/** A monotonic clock that stands still until it is set. */
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

/** A connection that has nothing behind it. */
class Visitor implements Evictable {
  evicted = false;

  constructor(readonly peer: string) {}

  evict(): void {
    this.evicted = true;
  }
}

/** An admission, and who is in. */
class Admitted {
  readonly admission: ConnectionLimits;
  /** Why connections were evicted, after the addresses of these. */
  readonly told: string[] = [];
  readonly #inside: Visitor[] = [];

  constructor(limits: Partial<ConnectionLimitOptions>, bans: Bans) {
    const onEvicted = (peer: string, reason: Reason) => void this.told.push(`${peer} ${reason}`);
    this.admission = new ConnectionLimits("tincan", { ...NONE, ...limits }, bans, onEvicted);
  }

  get connections(): number {
    return this.admission.connections;
  }

  get unregistered(): number {
    return this.admission.unregistered;
  }

  get refused(): ConnectionLimits["refused"] {
    return this.admission.refused;
  }

  enter(address: string): Rejection | undefined {
    const visitor = new Visitor(address);
    const refused = this.admission.enter(address, visitor);
    if (refused === undefined) this.#inside.push(visitor);
    return refused;
  }

  /** The first one from an address that has not registered does. */
  registers(address: string): void {
    const visitor = this.#inside.find((each) => each.peer === address && !each.evicted)!;
    this.admission.registered(visitor);
    this.#inside.push(...this.#inside.splice(this.#inside.indexOf(visitor), 1)); // the last one of this address now
  }

  /** Who comes in from an address and registers at once. */
  joins(address: string): Rejection | undefined {
    const refused = this.enter(address);
    if (refused === undefined) this.admission.registered(this.#inside.at(-1)!);
    return refused;
  }

  /** The last one from an address leaves. */
  leave(address: string): void {
    const at = this.#inside.findLastIndex((each) => each.peer === address && !each.evicted);
    this.admission.leave(address, this.#inside[at]!);
    this.#inside.splice(at, 1);
  }
}

function admit(limits: Partial<ConnectionLimitOptions>, bans = new Bans()): Admitted {
  return new Admitted(limits, bans);
}

/** Has connections come in from some addresses and register; returns for each why it was refused, if it was. */
function enter(admission: Admitted, ...addresses: string[]): (Reason | undefined)[] {
  return addresses.map((address) => {
    const before = new Map(admission.refused);
    const refused = admission.joins(address);
    const counted = [...admission.refused].filter(([reason, count]) => count !== (before.get(reason) ?? 0));
    if (refused === undefined) {
      assertEquals(counted, [], "who is let in is not counted as refused");
      return undefined;
    }
    assertEquals(counted.map(([reason, count]) => count - (before.get(reason) ?? 0)), [1], "counted once");
    const [[reason]] = counted as [[Reason, number]];
    assertEquals(refused, { message: SENTENCES[reason], reason }, "its owner's words are for who is refused alone");
    return reason;
  });
}

Deno.test("who is refused elsewhere is counted with those who are refused here", () => {
  const admission = admit({ clients: 0 });
  admission.enter("192.0.2.1");
  for (const cause of ["banned", "no TLS", "no TLS"] as const) admission.admission.count(cause);
  assertEquals([...admission.refused], [["full", 1], ["banned", 1], ["no TLS", 2]]);
});

Deno.test("so many are let in in all, and another when one has left", () => {
  const admission = admit({ clients: 2 });
  assertEquals(enter(admission, "192.0.2.1", "192.0.2.2", "192.0.2.3"), [undefined, undefined, "full"]);
  assertEquals(admission.connections, 2);
  admission.leave("192.0.2.1");
  assertEquals(enter(admission, "192.0.2.3", "192.0.2.3"), [undefined, "full"]);
  assertEquals([...admission.refused], [["full", 2]]);
});

Deno.test("so many are let in from one address, whoever comes from others", () => {
  const admission = admit({ perNetwork: 2 });
  const reason = "too many from there";
  assertEquals(
    enter(admission, "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1"),
    [undefined, undefined, reason, undefined, reason],
  );
  admission.leave("::ffff:192.0.2.1");
  assertEquals(enter(admission, "192.0.2.1", "192.0.2.1"), [undefined, reason]);
});

Deno.test("64 bits of IPv6 count as one address, and the next 64 bits as another", () => {
  const admission = admit({ perNetwork: 1 });
  const reason = "too many from there";
  assertEquals(
    enter(admission, "2001:db8:0:7::1", "2001:db8:0:7:ffff::2", "2001:DB8::7:0:0:0:3", "2001:db8:0:8::1"),
    [undefined, reason, reason, undefined],
  );
  admission.leave("2001:db8:0:7::1");
  assertEquals(enter(admission, "2001:db8:0:7::9"), [undefined]);
});

Deno.test("one address comes in so often a minute: at once, and then as time passes", () => {
  using watch = new Stopwatch();
  const admission = admit({ perMinute: 3 });
  const often = "too many a minute";
  const comes = () => enter(admission, "192.0.2.1")[0];
  const visit = () => {
    const reason = comes();
    if (reason === undefined) admission.leave("192.0.2.1"); // to leave gives nothing back
    return reason;
  };
  assertEquals([visit(), visit(), visit(), visit()], [undefined, undefined, undefined, often]);
  assertEquals(enter(admission, "192.0.2.2"), [undefined], "others are not held up");
  watch.now += 19_900;
  assertEquals(visit(), often);
  watch.now += 100;
  assertEquals([visit(), visit()], [undefined, often], "one every 20 seconds");
  watch.now += 3_600_000;
  assertEquals([visit(), visit(), visit(), visit()], [undefined, undefined, undefined, often], "saved up: no more");
  watch.now -= 86_400_000;
  assertEquals(visit(), often, "a clock that went back gives nothing");
});

Deno.test("who is refused for another reason has not used up what it may do in a minute", () => {
  using _watch = new Stopwatch();
  const admission = admit({ perMinute: 2, perNetwork: 1 });
  const address = "192.0.2.1";
  const full = "too many from there";
  assertEquals(enter(admission, address, address, address, address), [undefined, full, full, full]);
  admission.leave(address);
  assertEquals(enter(admission, address), [undefined]);
  admission.leave(address);
  assertEquals(enter(admission, address), ["too many a minute"]);
});

/** Has connections come in from some addresses that do not register; returns how many were not refused. */
function enterOnly(admission: Admitted, ...addresses: string[]): number {
  return addresses.filter((address) => admission.enter(address) === undefined).length;
}

Deno.test("admission: one more unregistered connection than may be evicts the oldest of the heaviest network", () => {
  const admission = admit({ unregistered: 30, perNetwork: 100 });
  const scattered = Array.from({ length: 24 }, (_, n) => `10.${n}.0.1`);
  const many = Array.from({ length: 5 }, (_, n) => `2001:db8:0:${n}::1`);
  assertEquals(enterOnly(admission, "192.0.2.1", ...scattered, ...many), 30);
  assertEquals(enterOnly(admission, "203.0.113.9"), 1);
  assertEquals([admission.unregistered, admission.connections], [30, 30]);
  assertEquals(admission.told, ["2001:db8:0:0::1 too many strangers"]);
  assertEquals([...admission.admission.evicted], [["too many strangers", 1]]);
});

Deno.test("admission: a thousand silent connections of ten addresses keep nobody out, from there or elsewhere", () => {
  const admission = admit({ unregistered: 1000, perNetwork: 100 });
  const silent = Array.from({ length: 1000 }, (_, n) => `127.0.0.${10 + n % 10}`);
  assertEquals(enterOnly(admission, ...silent), 1000);
  for (const address of ["127.0.0.1", "127.0.0.2", "192.0.2.1", "2001:db8::1"]) {
    admission.told.length = 0;
    assertEquals(admission.joins(address), undefined, address);
    assert(admission.told.every((told) => /^127.0.0.1\d /.test(told)), admission.told.join());
  }
  assertEquals(admission.joins("127.0.0.10"), undefined);
});

Deno.test("admission: one that comes from where silent ones are stays, and they go, the oldest first", () => {
  const admission = admit({ unregistered: 100, perNetwork: 1000 });
  assertEquals(enterOnly(admission, "192.0.2.1", ...Array<string>(50).fill("192.0.2.2")), 51);
  assertEquals(admission.told.length, 50 - 100 * UNREGISTERED_SHARES[0]!);
  assert(admission.told.every((told) => told === "192.0.2.2 too many strangers"));
});

Deno.test("admission: networks and those around them have shares of the unregistered connections", () => {
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
    const admission = admit({ unregistered: 200, perNetwork: 1000 });
    for (let n = 0; n < 600; n++) admission.enter(address(n));
    assertEquals(admission.unregistered, 200 * UNREGISTERED_SHARES[level]!, address(1));
  }
});

Deno.test("admission: where few may be unregistered, each network may have one", () => {
  const admission = admit({ unregistered: 3, perNetwork: 100 });
  assertEquals(enterOnly(admission, "192.0.2.1", "192.0.2.1", "198.51.100.1"), 2);
  assertEquals([admission.told, [...admission.refused]], [[], [["too many strangers", 1]]]);
});

Deno.test("admission: where all may come from one place, they may be all the unregistered there are", () => {
  const admission = admit({ unregistered: 20 });
  enterOnly(admission, ...Array<string>(25).fill("192.0.2.1"));
  assertEquals([admission.unregistered, admission.told.length], [20, 5]);
});

Deno.test("admission: one that has registered is not evicted, by whatever limit", () => {
  const admission = admit({ clients: 3, perNetwork: 2, unregistered: 10 });
  assertEquals(enter(admission, "192.0.2.1", "192.0.2.1", "192.0.2.1"), [undefined, undefined, "too many from there"]);
  assertEquals(enterOnly(admission, "198.51.100.1"), 1);
  assertEquals(admission.joins("203.0.113.1"), undefined);
  assertEquals(admission.told, ["198.51.100.1 full"]);
  assertEquals(enter(admission, "203.0.113.2"), ["full"]);
  assertEquals(admission.connections, 3);
});

Deno.test("admission: an unregistered connection of an address goes for another of the same one", () => {
  const admission = admit({ perNetwork: 2 });
  assertEquals(enterOnly(admission, "192.0.2.1", "192.0.2.1", "192.0.2.1"), 3);
  assertEquals(admission.told, ["192.0.2.1 too many from there"]);
  admission.registers("192.0.2.1");
  assertEquals(admission.unregistered, 1);
});

Deno.test("admission: the only unregistered connection of an address does not go for another of the same one", () => {
  for (const limit of [{ clients: 1 }, { perNetwork: 1 }, { unregistered: 1 }]) {
    const admission = admit(limit);
    assertEquals(enterOnly(admission, "192.0.2.1", "192.0.2.1"), 1);
    assertEquals(admission.told, []);
  }
});

Deno.test("admission: one that is evicted and then closed is counted out once", () => {
  const admission = admit({ unregistered: 1 }).admission;
  const [first, next] = [new Visitor("a"), new Visitor("b")];
  admission.enter("192.0.2.1", first);
  admission.enter("192.0.2.2", next);
  assert(first.evicted && !next.evicted);
  admission.registered(first);
  admission.leave("192.0.2.1", first);
  assertEquals([admission.connections, admission.unregistered], [1, 1]);
  admission.leave("192.0.2.2", next);
  assertEquals([admission.connections, admission.unregistered], [0, 0]);
});

Deno.test("admission: one that connects too often evicts nobody", () => {
  using _watch = new Stopwatch();
  const admission = admit({ unregistered: 1, perMinute: 1 });
  assertEquals(enterOnly(admission, "192.0.2.1", "198.51.100.1", "198.51.100.1"), 2);
  assertEquals(admission.told, ["192.0.2.1 too many strangers"]);
});

Deno.test("admission: the networks around one have shares of connections at a time, and a minute", () => {
  using _watch = new Stopwatch();
  for (const limits of [{ perNetwork: 2 }, { perMinute: 2 }]) {
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
      const admission = admit(limits);
      for (let n = 0; n < 600; n++) admission.joins(address(n));
      assertEquals(admission.connections, 2 * SHARES[level]!, address(1));
      assertEquals(admission.joins("203.0.113.1"), undefined);
    }
  }
});

Deno.test("whoever is banned is refused before anything else, in the words of the ban, until it is over", () => {
  const bans = new Bans();
  const admission = admit({ clients: 1 }, bans);
  const ban = { by: "root", reason: "spam", since: 0, until: Infinity };
  bans.add({ what: "10.0.0.0/8", ...ban });
  bans.add({ what: "troll!*@*", ...ban });
  assertEquals(
    enter(admission, "10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "10.1.2.3", "192.0.2.1"),
    ["banned", "banned", undefined, "banned", "full"],
  );
  assertEquals([...admission.refused], [["banned", 3], ["full", 1]]);
  admission.leave("192.0.2.1");
  bans.remove("10.0.0.0/8");
  assertEquals(enter(admission, "10.1.2.3"), [undefined]);
});

Deno.test("without limits everybody is let in, as often as they like", () => {
  const admission = admit({});
  const addresses = Array(5000).fill("192.0.2.1");
  assertEquals(new Set(enter(admission, ...addresses)), new Set([undefined]));
  assertEquals([admission.connections, admission.unregistered, admission.refused.size], [5000, 0, 0]);
  for (const address of addresses) admission.leave(address);
  assertEquals([admission.connections, admission.unregistered], [0, 0]);
});
