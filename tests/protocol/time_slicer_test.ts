import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { type Outcome, type RunOptions, SLICE, type Steps, TimeSlicer } from "../../src/protocol/time_slicer.ts";
import { type Chat, type Client, test } from "./irc/harness.ts";

/** Turns on whose clock all takes as long as there is time for at once. */
function slow(): TimeSlicer {
  let now = 0;
  return new TimeSlicer(() => now += SLICE);
}

/** Turns that never come by themselves, once they are held. */
class Held extends TimeSlicer {
  held = false;
  readonly #waiting: (() => void)[] = [];

  override run<W>(work: () => W, options?: RunOptions): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    if (!this.held) return super.run(work, options);
    return new Promise((resolve) => this.#waiting.push(() => resolve(super.run(work, options))));
  }

  /** Lets all have theirs who wait; returns how many those were. */
  release(): number {
    const waiting = this.#waiting.splice(0);
    for (const run of waiting) run();
    return waiting.length;
  }
}

Deno.test("what there is time for is done at once, and the rest in the order it came in", async () => {
  const slicer = slow();
  const done: number[] = [];
  const all = [1, 2, 3, 4].map((number) => slicer.run(() => done.push(number)));
  assertEquals([all[0], done], [1, [1]]);
  assertEquals(await Promise.all(all), [1, 2, 3, 4]);
  assertEquals(done, [1, 2, 3, 4]);
});

Deno.test("what costs little is done at once, however much it is", () => {
  const slicer = new TimeSlicer(() => 0);
  for (let i = 0; i < 100; i++) assertEquals(slicer.run(() => i), i);
});

Deno.test("how long it is done at a time can be said", () => {
  let now = 0;
  const slicer = new TimeSlicer(() => now += SLICE, 3 * SLICE);
  assertEquals([1, 2, 3].map((number) => slicer.run(() => number)), [1, 2, 3]);
  assert(slicer.run(() => 4) instanceof Promise);
});

Deno.test("what goes wrong is told to whoever wanted it, and the next has its turn", async () => {
  const slicer = slow();
  const fail = () => {
    throw new Error("no");
  };
  assertThrows(() => slicer.run(fail), Error, "no");
  const [failing, next] = [slicer.run(fail), slicer.run(() => "done")];
  await assertRejects(async () => await failing, Error, "no");
  assertEquals(await next, "done");
});

/** Work of some steps, each of which is told of and takes a slice. */
function* steps(done: string[], name: string, count: number): Steps<string> {
  for (let n = 1; n <= count; n++) {
    done.push(`${name}${n}`);
    if (n < count) yield;
  }
  return name;
}

/** Turns that are busy for a slice, so that all that comes now waits; and what is done, in its order. */
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

Deno.test("slicer: a network waits for a second at the most when the process was stopped during its step", async () => {
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

Deno.test("slicer: what everybody needs does not wait for what looks through much, nor the other way round", async () => {
  const { done, ask } = busy();
  const long = ["a", "b"].map((name) => ask(name, 2, { lane: "long", networks: [name] }));
  await Promise.all([...long, ask("j", 1, { lane: "prompt", networks: ["a"] }), ask("k", 2, { lane: "prompt" })]);
  assertEquals(done.join(" "), "j1 a1 k1 b1 k2 a2 b2");
});

Deno.test("slicer: what is not wanted any more is dropped, whether it has begun or not", async () => {
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

Deno.test("slicer: a command is refused when too many from its network are waiting, and others are not", async () => {
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
    assertEquals(ask("f", 1, { networks: one! }) instanceof Promise, true, "there is room again");
  }
});

Deno.test("slicer: what everybody needs waits, and is not refused, however many of a network ask for it", async () => {
  const { done, ask } = busy(3);
  await Promise.all(Array.from({ length: 20 }, (_, n) => ask(`${n} `, 1, { lane: "prompt", networks: ["10.0.0"] })));
  assertEquals(done.length, 20);
});

Deno.test("sockets are read between what takes long", async () => {
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

/** Turns in which there is no room for anything more, for a while. */
class Full extends TimeSlicer {
  override run<W>(work: () => W, options?: RunOptions): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    if (full) throw new ChatError("too-many-waiting", "");
    return super.run(work, options);
  }
}

let slicer = new Held();

/** Registers a test in which slicer can be held. */
function testHeld(name: string, run: (chat: Chat) => Promise<void>) {
  test(name, run, () => ({ slicer: slicer = new Held() }));
}

testHeld("on both doors, what looks through much waits for its turn, and what else is said does not", async (chat) => {
  const people: Record<string, Client> = { irc: await chat.irc("alice"), text: await chat.text("bob") };
  await chat.join("#tea", people.irc!);
  await people.irc!.says("PRIVMSG #tea :tea");
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
      "AWAY :lunch", // which all who share a room are told, as of another name
      "NICK alicia",
    ],
    text: ["/join #milk", "/join #lobby", "LIST", "/list", "/rooms", "/who", "/history", "/search tea"],
  };
  for (const [door, lines] of Object.entries(long)) {
    for (const line of lines) {
      chat.quiet();
      const asked = people[door]!.says(line);
      for (const other of Object.values(people)) if (other !== people[door]) await other.says("PING :still there");
      assertEquals([people[door]!.gets(), slicer.release()], [[], 1], `${door}: ${line}`);
      await asked;
      assert(people[door]!.gets().length > 0, `${door}: ${line}`);
    }
  }
});

testHeld("an answer that had to wait has its label, and what was said meanwhile has none", async (chat) => {
  const [alice, bob] = [await chat.irc("alice", "labeled-response", "batch"), await chat.irc("bob")];
  await chat.join("#tea", alice, bob);
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

testHeld("who is out when their turn comes is told nothing, and is nowhere", async (chat) => {
  const [alice, bob, carol] = [await chat.irc("alice"), await chat.text("bob"), await chat.irc("carol")];
  slicer.held = true;
  const asked = [alice.says("JOIN #tea"), bob.says("/list")];
  await carol.says("PING :after them");
  alice.member.outlet.close("killed");
  for (const { member } of [alice, bob]) chat.hub.disconnect(member);
  chat.quiet();
  assertEquals(slicer.release(), 2);
  assertEquals([...chat.hub.rooms].map(({ name }) => name), ["#lobby"]);
  await Promise.all(asked);
  assertEquals([alice.gets(), bob.gets()], [[], []]);
});

test("on both doors, a command that cannot wait is answered with what to do", async (chat) => {
  const [alice, bob] = [await chat.irc("alice", "standard-replies"), await chat.text("bob")];
  full = true;
  await alice.expect("LIST", "263 alice LIST :Please wait a while and try again.");
  await alice.expect("WHO *", "263 alice WHO :Please wait a while and try again.");
  const later = "Too many commands from your network are waiting. Try again in a moment";
  await alice.expect("SEARCH text=tea", `FAIL SEARCH INTERNAL_ERROR :${later}`);
  await alice.expect("CHATHISTORY LATEST #lobby * 5", `FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :${later}`);
  assertEquals(await bob.asks("/rooms"), [`-- ${later}.`]);
  full = false;
}, () => ({ slicer: new Full() }));
