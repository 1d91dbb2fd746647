/** Tests when maintenance runs. Timers are fake: they fire when a test lets time pass. */
import { assert, assertEquals } from "@std/assert";
import { type HistoryStore, StoreError } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Maintenance } from "../../src/history/maintenance.ts";
import { FakeTimers } from "../fake_timers.ts";
import { reported } from "../reported.ts";

/** Maintenance of a store whose steps a test defines. */
class Fixture implements Disposable {
  readonly timers = new FakeTimers();
  /** Replaces `runStep` of the store. */
  runStep: HistoryStore["runStep"] = () => false;
  busy = false;
  overdue = false;
  steps = 0;
  readonly expired: string[] = [];
  readonly errors: string[] = [];
  readonly maintenance: Maintenance;

  constructor() {
    const history: HistoryStore = new MemoryHistory();
    Object.defineProperty(history, "overdue", { get: () => this.overdue });
    history.runStep = (onRoomExpired) => {
      this.steps++;
      return this.runStep(onRoomExpired);
    };
    this.maintenance = new Maintenance(history, {
      busy: () => this.busy,
      onRoomExpired: (room) => this.expired.push(room),
      onError: ({ message }) => this.errors.push(message),
    });
  }

  /** The number of steps that run while some milliseconds pass. */
  stepsIn(time: number): number {
    const before = this.steps;
    this.timers.pass(time);
    return this.steps - before;
  }

  [Symbol.dispose](): void {
    this.maintenance.stop();
    this.timers[Symbol.dispose]();
  }
}

Deno.test("maintenance: a step runs once a second when there is nothing to do", () => {
  using fixture = new Fixture();
  assertEquals([fixture.steps, fixture.stepsIn(999), fixture.stepsIn(1)], [0, 0, 1]);
  assertEquals(fixture.stepsIn(10_000), 10);
});

Deno.test("maintenance: steps follow each other after a short delay until all work is done", () => {
  using fixture = new Fixture();
  let left = 3;
  fixture.runStep = () => --left > 0;
  assertEquals([fixture.stepsIn(1000), fixture.stepsIn(19), fixture.stepsIn(1), fixture.stepsIn(20)], [1, 0, 1, 1]);
  assertEquals([left, fixture.stepsIn(999), fixture.stepsIn(1)], [0, 0, 1]);
});

Deno.test("maintenance: a step is put off while the server is busy, at most five times", () => {
  using fixture = new Fixture();
  fixture.runStep = () => true;
  fixture.busy = true;
  assertEquals([fixture.stepsIn(1099), fixture.stepsIn(1)], [0, 1], "after the idle delay and five delayed steps");
  assertEquals([fixture.stepsIn(119), fixture.stepsIn(1)], [0, 1], "again after each step");
  assertEquals(fixture.stepsIn(60), 0);
  fixture.busy = false;
  assertEquals([fixture.stepsIn(20), fixture.stepsIn(200)], [1, 10]);
  fixture.busy = true;
  assertEquals([fixture.stepsIn(119), fixture.stepsIn(1)], [0, 1], "whatever was delayed before");
});

Deno.test("maintenance: a step is not put off when a limit is exceeded", () => {
  using fixture = new Fixture();
  fixture.runStep = () => true;
  fixture.timers.pass(1000);
  fixture.busy = fixture.overdue = true;
  assertEquals([fixture.stepsIn(19), fixture.stepsIn(1), fixture.stepsIn(1000)], [0, 1, 50]);
  fixture.overdue = false;
  assertEquals([fixture.stepsIn(119), fixture.stepsIn(1)], [0, 1]);
});

Deno.test("maintenance: expired rooms are reported", () => {
  using fixture = new Fixture();
  fixture.runStep = (onRoomExpired) => {
    onRoomExpired("#a");
    onRoomExpired("#b");
    return false;
  };
  fixture.timers.pass(1000);
  assertEquals(fixture.expired, ["#a", "#b"]);
});

Deno.test("maintenance: an error is reported once, and steps are retried every ten seconds", () => {
  using fixture = new Fixture();
  const fail = (message: string) => () => {
    throw new StoreError(message);
  };
  fixture.runStep = fail("the disk is full");
  assertEquals([fixture.stepsIn(1000), fixture.errors], [1, ["the disk is full"]]);
  assertEquals([fixture.stepsIn(9999), fixture.stepsIn(1), fixture.errors.length], [0, 1, 1]);
  assertEquals([fixture.stepsIn(50_000), fixture.errors.length], [5, 1]);
  fixture.runStep = () => false;
  assertEquals([fixture.stepsIn(9999), fixture.stepsIn(1), fixture.stepsIn(1000)], [0, 1, 1]);
  fixture.runStep = fail("the disk fails");
  fixture.timers.pass(1000);
  assertEquals(fixture.errors, ["the disk is full", "the disk fails"]);
});

Deno.test("maintenance: an exception other than StoreError is reported as a bug, and steps continue", async () => {
  using fixture = new Fixture();
  const bug = new TypeError("a bug");
  fixture.runStep = () => {
    throw bug;
  };
  const reports = await reported(() => {
    assertEquals([fixture.stepsIn(1000), fixture.stepsIn(9999), fixture.stepsIn(1)], [1, 0, 1]);
  });
  assertEquals([reports, fixture.errors], [[bug, bug], []]);
});

Deno.test("maintenance: no step runs after stop", () => {
  using fixture = new Fixture();
  fixture.runStep = () => true;
  assert(fixture.stepsIn(2000) > 1);
  fixture.maintenance.stop();
  assertEquals([fixture.stepsIn(60_000), fixture.timers.size], [0, 0]);
});
