/** Commands that read many members or rooms run in steps. */
import { assert, assertEquals } from "@std/assert";
import { isSteps, type Outcome, type RunOptions, TimeSlicer } from "../../src/protocol/time_slicer.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { type Client, test } from "./irc/harness.ts";

/** A slicer that counts the steps of the last command. */
class CountingSlicer extends TimeSlicer {
  steps = 0;
  works = 0;

  override run<W>(work: () => W, options?: RunOptions): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    this.steps = 0;
    this.works++;
    return super.run(() => {
      const made = work();
      if (!isSteps(made)) return made;
      const counted = {
        [Symbol.iterator]: () => counted,
        next: () => (this.steps++, made.next()),
        return: (value: unknown) => made.return(value),
      };
      return counted as W;
    }, options);
  }
}

let counting = new CountingSlicer();

const counts = () => ({ slicer: counting = new CountingSlicer() });

/** Connects many members. */
function crowd(client: Client, chat: Parameters<Parameters<typeof test>[1]>[0]["chat"], count: number, room?: string) {
  const outlet = { peer: "192.0.2.1:5", send() {}, close() {} };
  for (let n = 0; n < count; n++) {
    const { member } = chat.connect(
      `m${n}`,
      { user: "u", host: `h${n}`, realname: "r" },
      client.session.format,
      outlet,
    );
    chat.join(member, room ?? `#room${n}`);
  }
  chat.flush();
}

test("irc: LIST and WHO run in many steps when they read much and find nothing", async (fixture) => {
  const alice = await fixture.irc("alice");
  crowd(alice, fixture.chat, 640);
  fixture.quiet();
  for (const line of [`LIST ${Array(7).fill("!*a*b*,").join("")}#nothing*`, "LIST >1", "WHO *nobody*", "WHO * o"]) {
    await alice.says(line);
    assert(counting.steps >= 640 / 32, `${line}: ${counting.steps} steps`);
    assert(alice.gets().length <= 2, line);
  }
}, counts);

test("irc: LIST, WHO and NAMES run in many steps when their reply is long", async (fixture) => {
  const alice = await fixture.irc("alice");
  crowd(alice, fixture.chat, 640);
  fixture.quiet();
  for (const line of ["LIST", "WHO *", "NAMES #room1,#room2,#room3"]) {
    await alice.says(line);
    assert(counting.steps >= (line.startsWith("NAMES") ? 3 : 640 / 32), `${line}: ${counting.steps} steps`);
  }
  assertEquals(alice.hears().filter((line) => line.startsWith("352 ")).length, 641);
}, counts);

test(
  "irc: JOIN runs as one job of the slicer for each channel, or one for all when its reply has a label",
  async (fixture) => {
    const alice = await fixture.irc("alice", "labeled-response", "batch");
    counting.works = 0;
    await alice.says("JOIN #a,#b,#c");
    assertEquals(counting.works, 3);
    await alice.says("@label=x JOIN #d,#e,#f");
    assertEquals(counting.works, 4);
    assertEquals(alice.member.rooms.size, 6);
  },
  counts,
);

/** A slicer that runs nothing until the test does. */
class HeldSlicer extends TimeSlicer {
  readonly waiting: (() => void)[] = [];

  override run<W>(work: () => W): Promise<Outcome<W> | undefined> {
    const { promise, resolve } = Promise.withResolvers<Outcome<W> | undefined>();
    this.waiting.push(() => resolve(work() as Outcome<W>));
    return promise;
  }
}

let departures = new HeldSlicer();

test(
  "departures: a member whose connection has ended is disconnected by the slicer",
  async (fixture) => {
    const options = { ...fixture.options, registrationTime: 1000, format: textFormat(100) };
    assert(options.departures === departures);
    const [alice, bob] = [await fixture.irc("alice"), await fixture.text("bob")];
    const over = [alice.leave("cut off"), bob.leave("cut off")];
    for (let tries = 0; departures.waiting.length < 2 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    assertEquals([fixture.chat.has(alice.member), fixture.chat.has(bob.member)], [true, true]);
    for (const depart of departures.waiting.splice(0)) depart();
    await Promise.all(over);
    assertEquals(fixture.chat.members.size, 0);
  },
  () => ({ departures: departures = new HeldSlicer() }),
);
