import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { type Outcome, type RunOptions, SLICE, type Steps, TimeSlicer } from "../../src/protocol/time_slicer.ts";
import { type Client, type ProtocolFixture, test } from "./irc/harness.ts";

/** A slicer on whose clock every step takes a whole slice. */
function slow(): TimeSlicer {
  let now = 0;
  return new TimeSlicer(() => now += SLICE);
}

/** A slicer that can be held. */
class Held extends TimeSlicer {
  held = false;
  readonly #waiting: (() => void)[] = [];

  override run<W>(work: () => W, options?: RunOptions): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    if (!this.held) return super.run(work, options);
    return new Promise((resolve) => this.#waiting.push(() => resolve(super.run(work, options))));
  }

  /** Runs all work that waits; returns how much that was. */
  release(): number {
    const waiting = this.#waiting.splice(0);
    for (const run of waiting) run();
    return waiting.length;
  }
}

Deno.test("slicer: work runs at once while the slice has time, and the rest in order", async () => {
  const slicer = slow();
  const done: number[] = [];
  const all = [1, 2, 3, 4].map((number) => slicer.run(() => done.push(number)));
  assertEquals([all[0], done], [1, [1]]);
  assertEquals(await Promise.all(all), [1, 2, 3, 4]);
  assertEquals(done, [1, 2, 3, 4]);
});

Deno.test("slicer: any amount of work that takes no time runs at once", () => {
  const slicer = new TimeSlicer(() => 0);
  for (let i = 0; i < 100; i++) assertEquals(slicer.run(() => i), i);
});

Deno.test("slicer: the length of a slice can be set", () => {
  let now = 0;
  const slicer = new TimeSlicer(() => now += SLICE, 3 * SLICE);
  assertEquals([1, 2, 3].map((number) => slicer.run(() => number)), [1, 2, 3]);
  assert(slicer.run(() => 4) instanceof Promise);
});

Deno.test("slicer: an error goes to the caller, and the next work runs", async () => {
  const slicer = slow();
  let runs = 0;
  const fail = () => {
    runs++;
    throw new Error("no");
  };
  assertThrows(() => slicer.run(fail), Error, "no");
  const [failing, next] = [slicer.run(fail), slicer.run(() => "done")];
  await assertRejects(async () => await failing, Error, "no");
  assertEquals(await next, "done");
  for (let n = 0; n < 2; n++) await Promise.all([1, 2].map((number) => slicer.run(() => number)));
  assertEquals(runs, 2, "work that has failed is not run again");
});

/** Work of some steps. Each is noted, and takes a slice. */
function* steps(done: string[], name: string, count: number): Steps<string> {
  for (let n = 1; n <= count; n++) {
    done.push(`${name}${n}`);
    if (n < count) yield;
  }
  return name;
}

/** A slicer that is busy, so that new work is queued, and the steps that it has run. */
function busy(
  most?: number,
): { slicer: TimeSlicer; done: string[]; ask: (name: string, count: number, by: RunOptions) => unknown } {
  let now = 0;
  const slicer = new TimeSlicer(() => now += SLICE, SLICE, most);
  for (const lane of ["prompt", "long"] as const) slicer.run(() => {}, { lane });
  const done: string[] = [];
  return { slicer, done, ask: (name, count, by) => slicer.run(() => steps(done, name, count), by) };
}

Deno.test("slicer: a command is run in slices when it is a generator", async () => {
  const slicer = slow();
  const done: string[] = [];
  const asked = slicer.run(() => steps(done, "a", 3));
  assertEquals(done, ["a1"]);
  assertEquals([await asked, done], ["a", ["a1", "a2", "a3"]]);
  assertEquals(new TimeSlicer(() => 0).run(() => steps([], "b", 3)), "b", "at once, where there is time");
});

Deno.test("slicer: each network has an equal share when one of them has many commands waiting", async () => {
  const { done, ask } = busy();
  const many = ["a", "b", "c"].map((name) => ask(name, 2, { networks: ["10.0.0", "10.0.0.1"] }));
  await Promise.all([...many, ask("z", 2, { networks: ["10.0.1", "10.0.1.1"] })]);
  assertEquals(done.join(" "), "a1 z1 b1 z2 c1 a2 b2 c2");
});

Deno.test("slicer: a wide network has one share, however many narrow ones are in it", async () => {
  const { done, ask } = busy();
  const many = ["a", "b", "c", "d"].map((name) => ask(name, 1, { networks: ["2001:db8:1", `2001:db8:1:${name}`] }));
  await Promise.all([...many, ask("z", 2, { networks: ["2001:db8:2", "2001:db8:2:0"] })]);
  assertEquals(done.join(" "), "a1 z1 b1 z2 c1 d1");
});

Deno.test("slicer: shares are of time, not of steps", async () => {
  const done: string[] = [];
  let now = 0;
  const slicer = new TimeSlicer(() => now);
  slicer.run(() => now += SLICE);
  const ask = (name: string, cost: number) =>
    slicer.run(function* () {
      for (let n = 0; n < 8; n++) {
        done.push(name);
        now += cost * SLICE;
        yield;
      }
    }, { networks: [name] });
  await Promise.all([ask("a", 4), ask("b", 1)]);
  const count = (name: string) => done.slice(0, 10).filter((each) => each === name).length;
  assertEquals([count("a"), count("b")], [2, 8]);
});

Deno.test("slicer: a network waits for at most a second when the process was suspended during its step", async () => {
  const done: string[] = [];
  let now = 0;
  const slicer = new TimeSlicer(() => now);
  slicer.run(() => now += SLICE);
  const ask = (name: string, first: number, count: number) =>
    slicer.run(function* () {
      for (let n = 0; n < count; n++) {
        done.push(name);
        now += n === 0 ? first : 100;
        yield;
      }
    }, { networks: [name] });
  await Promise.all([ask("a", 1e6, 2), ask("b", 100, 20)]);
  assert(done.lastIndexOf("a") < 15, done.join(""));
});

Deno.test("slicer: the lanes do not wait for each other", async () => {
  const { done, ask } = busy();
  const long = ["a", "b"].map((name) => ask(name, 2, { lane: "long", networks: [name] }));
  await Promise.all([...long, ask("j", 1, { lane: "prompt", networks: ["a"] }), ask("k", 2, { lane: "prompt" })]);
  assertEquals(done.join(" "), "j1 a1 k1 b1 k2 a2 b2");
});

Deno.test("slicer: work that is no longer wanted is dropped, whether it has started or not", async () => {
  const { slicer, done, ask } = busy();
  let wanted = true;
  let ended = false;
  const begun = slicer.run(function* () {
    try {
      for (;;) {
        done.push("a");
        wanted = false;
        yield;
      }
    } finally {
      ended = true;
    }
  }, { wanted: () => wanted });
  const waiting = ask("b", 1, { wanted: () => wanted });
  assertEquals([await begun, await waiting, done, ended], [undefined, undefined, ["a"], true]);
});

Deno.test("slicer: a command is rejected when too many of its network are queued, and those of others are not", async () => {
  for (
    const [one, another] of [[["10.0.0", "10.0.0.1"], ["10.0.0", "10.0.0.2"]], [["f:1", "f:1:1"], ["f:2", "f:2:2"]]]
  ) {
    const { ask } = busy(3);
    const all = ["a", "b", "c"].map((name, n) => ask(name, 1, { networks: n < 2 ? one! : another! }));
    const more = () => ask("d", 1, { networks: one! });
    if (one![0] === another![0]) assertEquals(assertThrows(more, ChatError).code, "too-many-waiting");
    else all.push(more());
    all.push(ask("e", 1, { networks: ["elsewhere", "elsewhere"] }));
    await Promise.all(all);
    assertEquals(ask("f", 1, { networks: one! }) instanceof Promise, true, "the queue has room again");
  }
});

Deno.test("slicer: the lane prompt queues any number of commands of a network", async () => {
  const { done, ask } = busy(3);
  await Promise.all(Array.from({ length: 20 }, (_, n) => ask(`${n} `, 1, { lane: "prompt", networks: ["10.0.0"] })));
  assertEquals(done.length, 20);
});

Deno.test("slicer: sockets are read between slices", async () => {
  const slicer = slow();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using socket = await listener.accept();
  let done = 0;
  const sent: number[] = []; // when, by what was done by then
  const all = Array.from({ length: 200 }, () =>
    slicer.run(() => {
      if (++done % 33 !== 0) return;
      sent.push(done);
      void client.write(new Uint8Array(1));
    }));
  for (let i = 0; i < 6; i++) {
    await socket.read(new Uint8Array(1));
    const late = done - sent[i]!;
    assert(late < 10, `${late} were done before it was read`);
  }
  await Promise.all(all);
});

let full = false;

/** A slicer whose queue can be made full. */
class Full extends TimeSlicer {
  override run<W>(work: () => W, options?: RunOptions): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    if (full) throw new ChatError("too-many-waiting", "");
    return super.run(work, options);
  }
}

let slicer = new Held();

/** Registers a test with a slicer that can be held. */
function testHeld(name: string, run: (fixture: ProtocolFixture) => Promise<void>) {
  test(name, run, () => ({ slicer: slicer = new Held() }));
}

testHeld("slicer: expensive commands of both protocols wait in the slicer, and other lines do not", async (fixture) => {
  const clients: Record<string, Client> = { irc: await fixture.irc("alice"), text: await fixture.text("bob") };
  await fixture.join("#tea", clients.irc!);
  await clients.irc!.says("PRIVMSG #tea :tea");
  slicer.held = true;
  const long = {
    irc: [
      "LIST",
      "NAMES #tea",
      "WHO #tea",
      "CHATHISTORY LATEST #tea * 5",
      "SEARCH text=tea",
      "WHOWAS carol",
      "JOIN #milk",
      "AWAY :lunch", // announced to all who share a room, as NICK is
      "NICK alicia",
    ],
    text: ["/join #milk", "/join #lobby", "LIST", "/list", "/rooms", "/who", "/history", "/search tea"],
  };
  for (const [protocol, lines] of Object.entries(long)) {
    for (const line of lines) {
      fixture.quiet();
      const asked = clients[protocol]!.says(line);
      for (const other of Object.values(clients)) {
        if (other !== clients[protocol]) await other.says("PING :still there");
      }
      assertEquals([clients[protocol]!.gets(), slicer.release()], [[], 1], `${protocol}: ${line}`);
      await asked;
      assert(clients[protocol]!.gets().length > 0, `${protocol}: ${line}`);
    }
  }
});

testHeld("slicer: a reply that had to wait has its label, and lines said meanwhile have none", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "labeled-response", "batch"), await fixture.irc("bob")];
  await fixture.join("#tea", alice, bob);
  slicer.held = true;
  const asked = alice.says("@label=a LIST #nowhere");
  await bob.says("PRIVMSG #tea :hello");
  assertEquals(alice.gets(), [":bob!~bob@host PRIVMSG #tea :hello"]);
  slicer.release();
  await asked;
  assertEquals(alice.hears(), [
    "@label=a BATCH +b0 labeled-response",
    "@batch=b0 321 alice Channel :Users  Name",
    "@batch=b0 323 alice :End of /LIST",
    "BATCH -b0",
  ]);
});

testHeld("slicer: a queued command of a client that has left is dropped", async (fixture) => {
  const [alice, bob, carol] = [await fixture.irc("alice"), await fixture.text("bob"), await fixture.irc("carol")];
  slicer.held = true;
  const asked = [alice.says("JOIN #tea"), bob.says("/list")];
  await carol.says("PING :after them");
  alice.session.outlet.close("killed");
  for (const { member } of [alice, bob]) fixture.chat.remove(member);
  fixture.quiet();
  assertEquals(slicer.release(), 2);
  assertEquals([...fixture.chat.rooms].map(({ name }) => name), ["#lobby"]);
  await Promise.all(asked);
  assertEquals([alice.gets(), bob.gets()], [[], []]);
});

test("slicer: a command that cannot be queued is rejected on both protocols", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", "standard-replies"), await fixture.text("bob")];
  full = true;
  await alice.expect("LIST", "263 alice LIST :Please wait a while and try again.");
  await alice.expect("WHO *", "263 alice WHO :Please wait a while and try again.");
  const later = "Too many commands from your network are waiting. Try again in a moment";
  await alice.expect("SEARCH text=tea", `FAIL SEARCH INTERNAL_ERROR :${later}`);
  await alice.expect("CHATHISTORY LATEST #lobby * 5", `FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :${later}`);
  assertEquals(await bob.asks("/rooms"), [`-- ${later}.`]);
  full = false;
}, () => ({ slicer: new Full() }));
