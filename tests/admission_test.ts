import { assert, assertEquals } from "@std/assert";
import { Admission, type Limits, type Reason } from "../src/admission.ts";
import { Bans } from "../src/bans.ts";

const NONE: Limits = { clients: Infinity, perNetwork: Infinity, perMinute: Infinity, strangers: Infinity };

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

function admit(limits: Partial<Limits>, bans = new Bans()): Admission {
  return new Admission("tincan", { ...NONE, ...limits }, bans);
}

/** Has connections come in from some addresses; returns for each why it was refused, if it was. */
function enter(admission: Admission, ...addresses: string[]): (Reason | undefined)[] {
  return addresses.map((address) => {
    const before = new Map(admission.refused);
    const refused = admission.enter(address);
    const counted = [...admission.refused].filter(([reason, count]) => count !== (before.get(reason) ?? 0));
    if (refused === undefined) {
      assertEquals(counted, [], "who is let in is not counted as refused");
      return undefined;
    }
    assertEquals(counted.map(([reason, count]) => count - (before.get(reason) ?? 0)), [1], "counted once");
    const [[reason]] = counted as [[Reason, number]];
    assertEquals(refused, { told: SENTENCES[reason], reason }, "its owner's words are for who is refused alone");
    return reason;
  });
}

Deno.test("who is refused elsewhere is counted with those who are refused here", () => {
  const admission = admit({ clients: 0 });
  admission.enter("192.0.2.1");
  for (const cause of ["banned", "no TLS", "no TLS"] as const) admission.count(cause);
  assertEquals([...admission.refused], [["full", 1], ["banned", 1], ["no TLS", 2]]);
});

/** That many different addresses. */
function crowd(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
}

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

Deno.test("so many may not have said yet who they are; whoever has makes room for another", () => {
  const admission = admit({ strangers: 2 });
  const reason = "too many strangers";
  assertEquals(enter(admission, ...crowd(3)), [undefined, undefined, reason]);
  assertEquals([admission.connections, admission.strangers], [2, 2]);
  admission.introduced("10.0.0.0");
  assertEquals([admission.connections, admission.strangers], [2, 1]);
  assertEquals(enter(admission, ...crowd(2)), [undefined, reason]);
  admission.gone("10.0.0.0");
  admission.leave("10.0.0.0");
  assertEquals([admission.connections, admission.strangers], [2, 2]);
  admission.leave("10.0.0.1"); // one that never said it
  assertEquals([admission.connections, admission.strangers], [1, 1]);
  assertEquals(enter(admission, ...crowd(2)), [undefined, reason]);
});

Deno.test("one network is a tenth of the strangers at the most, and a wider one a quarter", () => {
  const admission = admit({ strangers: 40, perNetwork: 100 });
  const reason = "too many strangers";
  const enters = (address: string, count: number) => enter(admission, ...Array<string>(count).fill(address));
  const letIn = (count: number) => Array<undefined>(count).fill(undefined);
  for (const [of, net] of [["192.0.2", "."], ["2001:db8:7", ":"]] as const) {
    const address = (n: number) => net === "." ? `${of}.${n}` : `${of}:${n}::1`;
    assertEquals(enters(address(1), 5), [...letIn(4), reason], "of one network");
    assertEquals(enters(address(2), 5), [...letIn(4), reason], "of another");
    assertEquals(enters(address(3), 3), [...letIn(2), reason], "of both and this one");
    assertEquals(enters(address(4), 1), [reason], "of the wider network");
  }
  assertEquals(enter(admission, "192.0.3.1", "2001:db8:8::1"), [undefined, undefined], "others come in all the same");

  admission.introduced("192.0.2.1");
  assertEquals(enter(admission, "192.0.2.1", "192.0.2.1"), [undefined, reason], "who is no stranger counts no more");
  admission.leave("192.0.2.1");
  admission.gone("192.0.2.1");
  assertEquals(enter(admission, "192.0.2.1"), [reason], "one who was no stranger leaves as many of them");
  admission.leave("192.0.2.3");
  assertEquals(enter(admission, "192.0.2.4", "192.0.2.4"), [undefined, reason]);
});

Deno.test("where few strangers may be, each network may have one", () => {
  const admission = admit({ strangers: 3, perNetwork: 100 });
  const reason = "too many strangers";
  assertEquals(enter(admission, "192.0.2.1", "192.0.2.1", "192.0.3.1"), [undefined, reason, undefined]);
});

Deno.test("where all may come from one place, they may be all the strangers there are", () => {
  const admission = admit({ strangers: 20 });
  const reason = "too many strangers";
  assertEquals(enter(admission, ...Array<string>(21).fill("192.0.2.1")), [...Array(20).fill(undefined), reason]);
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
  assertEquals([admission.connections, admission.strangers, admission.refused.size], [5000, 5000, 0]);
  for (const address of addresses) admission.leave(address);
  assertEquals([admission.connections, admission.strangers], [0, 0]);
});

Deno.test("whom nobody is here from is forgotten beyond 100,000 networks, the oldest first, and nobody who is here", () => {
  using _watch = new Stopwatch();
  const admission = admit({ perNetwork: 1, perMinute: 1 });
  const [stays = "", oldest = "", ...others] = crowd(100_000);
  const comes = (address: string) => {
    assertEquals(admission.enter(address), undefined, address);
    admission.leave(address);
  };
  assertEquals(enter(admission, stays), [undefined]);
  for (const address of [oldest, ...others]) comes(address);
  const newest = others.at(-1)!;
  assertEquals(enter(admission, oldest, newest), ["too many a minute", "too many a minute"], "all are remembered");
  comes("192.0.2.1"); // one too many: half of them are forgotten
  assertEquals(enter(admission, stays, newest, "192.0.2.1"), [
    "too many from there",
    "too many a minute",
    "too many a minute",
  ]);
  assertEquals(enter(admission, oldest), [undefined]);
  admission.leave(stays);
  assert(admission.connections === 1);
});
