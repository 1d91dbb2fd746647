import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SLICE, Turns } from "../../src/protocol/turns.ts";
import { type Chat, type Client, test } from "./irc/harness.ts";

/** Turns on whose clock all takes as long as there is time for at once. */
function slow(): Turns {
  let now = 0;
  return new Turns(() => now += SLICE);
}

/** Turns that never come by themselves, once they are held. */
class Held extends Turns {
  held = false;
  readonly #waiting: (() => void)[] = [];

  override run<T>(work: () => T): T | Promise<Awaited<T>> {
    if (!this.held) return work();
    return new Promise((resolve) => this.#waiting.push(() => resolve(work() as Awaited<T>)));
  }

  /** Lets all have theirs who wait; returns how many those were. */
  release(): number {
    const waiting = this.#waiting.splice(0);
    for (const run of waiting) run();
    return waiting.length;
  }
}

Deno.test("what there is time for is done at once, and the rest in the order it came in", async () => {
  const turns = slow();
  const done: number[] = [];
  const all = [1, 2, 3, 4].map((number) => turns.run(() => done.push(number)));
  assertEquals([all[0], done], [1, [1]]);
  assertEquals(await Promise.all(all), [1, 2, 3, 4]);
  assertEquals(done, [1, 2, 3, 4]);
});

Deno.test("what costs little is done at once, however much it is", () => {
  const turns = new Turns(() => 0);
  for (let i = 0; i < 100; i++) assertEquals(turns.run(() => i), i);
});

Deno.test("how long it is done at a time can be said", () => {
  let now = 0;
  const turns = new Turns(() => now += SLICE, 3 * SLICE);
  assertEquals([1, 2, 3].map((number) => turns.run(() => number)), [1, 2, 3]);
  assert(turns.run(() => 4) instanceof Promise);
});

Deno.test("what goes wrong is told to whoever wanted it, and the next has its turn", async () => {
  const turns = slow();
  const fail = () => {
    throw new Error("no");
  };
  assertThrows(() => turns.run(fail), Error, "no");
  const [failing, next] = [turns.run(fail), turns.run(() => "done")];
  await assertRejects(async () => await failing, Error, "no");
  assertEquals(await next, "done");
});

Deno.test("sockets are read between what takes long", async () => {
  const turns = slow();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using socket = await listener.accept();
  let done = 0;
  const sent: number[] = []; // when, by what was done by then
  const all = Array.from({ length: 200 }, () =>
    turns.run(() => {
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

let turns = new Held();

/** Registers a test in which turns can be held. */
function testHeld(name: string, run: (chat: Chat) => Promise<void>) {
  test(name, run, () => ({ turns: turns = new Held() }));
}

testHeld("on both doors, what looks through much waits for its turn, and what else is said does not", async (chat) => {
  const people: Record<string, Client> = { irc: await chat.irc("alice"), text: await chat.text("bob") };
  await chat.join("#tea", people.irc!);
  await people.irc!.says("PRIVMSG #tea :tea");
  turns.held = true;
  const long = {
    irc: [
      "LIST",
      "NAMES #tea",
      "WHO #tea",
      "CHATHISTORY LATEST #tea * 5",
      "SEARCH text=tea",
      "WHOWAS carol",
      "JOIN #milk",
    ],
    text: ["LIST", "/list", "/rooms", "/who", "/history", "/search tea"],
  };
  for (const [door, lines] of Object.entries(long)) {
    for (const line of lines) {
      chat.quiet();
      const asked = people[door]!.says(line);
      for (const other of Object.values(people)) if (other !== people[door]) await other.says("PING :still there");
      assertEquals([people[door]!.gets(), turns.release()], [[], 1], `${door}: ${line}`);
      await asked;
      assert(people[door]!.gets().length > 0, `${door}: ${line}`);
    }
  }
});

testHeld("an answer that had to wait has its label, and what was said meanwhile has none", async (chat) => {
  const [alice, bob] = [await chat.irc("alice", "labeled-response", "batch"), await chat.irc("bob")];
  await chat.join("#tea", alice, bob);
  turns.held = true;
  const asked = alice.says("@label=a LIST #nowhere");
  await bob.says("PRIVMSG #tea :hello");
  assertEquals(alice.gets(), [":bob!~bob@host PRIVMSG #tea :hello"]);
  turns.release();
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
  turns.held = true;
  const asked = [alice.says("JOIN #tea"), bob.says("/list")];
  await carol.says("PING :after them");
  alice.member.outlet.close("killed");
  for (const { member } of [alice, bob]) chat.hub.disconnect(member);
  chat.quiet();
  assertEquals(turns.release(), 2);
  assertEquals([...chat.hub.rooms].map(({ name }) => name), ["#lobby"]);
  await Promise.all(asked);
  assertEquals([alice.gets(), bob.gets()], [[], []]);
});
