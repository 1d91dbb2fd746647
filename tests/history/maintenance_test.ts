/**
 * When upkeep is done. Time is not real here: timers go off when a test says how much time goes by.
 */
import { assert, assertEquals } from "@std/assert";
import { type HistoryStore, StoreError } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Maintenance } from "../../src/history/maintenance.ts";
import { FakeTimers } from "../fake_timers.ts";
import { reported } from "../reported.ts";

/** An upkeep of a history of which tests say what there is to do, and its surroundings. */
class Household implements Disposable {
  readonly timers = new FakeTimers();
  /** What `runStep` does from now on. */
  runStep: HistoryStore["runStep"] = () => false;
  busy = false;
  overdue = false;
  steps = 0;
  readonly deserted: string[] = [];
  readonly troubles: string[] = [];
  readonly upkeep: Maintenance;

  constructor() {
    const history: HistoryStore = new MemoryHistory();
    Object.defineProperty(history, "overdue", { get: () => this.overdue });
    history.runStep = (onDeserted) => {
      this.steps++;
      return this.runStep(onDeserted);
    };
    this.upkeep = new Maintenance(history, {
      busy: () => this.busy,
      onDeserted: (room) => this.deserted.push(room),
      onTrouble: ({ message }) => this.troubles.push(message),
    });
  }

  /** How many steps are done while some time goes by, in milliseconds. */
  stepsIn(time: number): number {
    const before = this.steps;
    this.timers.pass(time);
    return this.steps - before;
  }

  [Symbol.dispose](): void {
    this.upkeep.stop();
    this.timers[Symbol.dispose]();
  }
}

Deno.test("when there is nothing to do it looks once a second", () => {
  using house = new Household();
  assertEquals([house.steps, house.stepsIn(999), house.stepsIn(1)], [0, 0, 1]);
  assertEquals(house.stepsIn(10_000), 10);
});

Deno.test("when there is more to do it goes on after a pause, until all is done", () => {
  using house = new Household();
  let left = 3;
  house.runStep = () => --left > 0;
  assertEquals([house.stepsIn(1000), house.stepsIn(19), house.stepsIn(1), house.stepsIn(20)], [1, 0, 1, 1]);
  assertEquals([left, house.stepsIn(999), house.stepsIn(1)], [0, 0, 1]);
});

Deno.test("while others are busy it waits, but not for ever", () => {
  using house = new Household();
  house.runStep = () => true;
  house.busy = true;
  assertEquals([house.stepsIn(1099), house.stepsIn(1)], [0, 1], "a second of rest, and five pauses more");
  assertEquals([house.stepsIn(119), house.stepsIn(1)], [0, 1], "and again, after each step");
  assertEquals(house.stepsIn(60), 0);
  house.busy = false;
  assertEquals([house.stepsIn(20), house.stepsIn(200)], [1, 10]);
  house.busy = true;
  assertEquals([house.stepsIn(119), house.stepsIn(1)], [0, 1], "however long it has waited before");
});

Deno.test("while more is kept than may be, it does not wait for others", () => {
  using house = new Household();
  house.runStep = () => true;
  house.timers.pass(1000);
  house.busy = house.overdue = true;
  assertEquals([house.stepsIn(19), house.stepsIn(1), house.stepsIn(1000)], [0, 1, 50]);
  house.overdue = false;
  assertEquals([house.stepsIn(119), house.stepsIn(1)], [0, 1]);
});

Deno.test("rooms that are deserted are told of", () => {
  using house = new Household();
  house.runStep = (onDeserted) => {
    onDeserted("#a");
    onDeserted("#b");
    return false;
  };
  house.timers.pass(1000);
  assertEquals(house.deserted, ["#a", "#b"]);
});

Deno.test("what goes wrong is told once, and it tries again every ten seconds, until it works", () => {
  using house = new Household();
  const fail = (message: string) => () => {
    throw new StoreError(message);
  };
  house.runStep = fail("the disk is full");
  assertEquals([house.stepsIn(1000), house.troubles], [1, ["the disk is full"]]);
  assertEquals([house.stepsIn(9999), house.stepsIn(1), house.troubles.length], [0, 1, 1]);
  assertEquals([house.stepsIn(50_000), house.troubles.length], [5, 1]);
  house.runStep = () => false;
  assertEquals([house.stepsIn(9999), house.stepsIn(1), house.stepsIn(1000)], [0, 1, 1]);
  house.runStep = fail("the disk fails");
  house.timers.pass(1000);
  assertEquals(house.troubles, ["the disk is full", "the disk fails"]);
});

Deno.test("a mistake of ours is not taken for trouble with the file, and does not end it", async () => {
  using house = new Household();
  const mistake = new TypeError("a mistake");
  house.runStep = () => {
    throw mistake;
  };
  const told = await reported(() => {
    assertEquals([house.stepsIn(1000), house.stepsIn(9999), house.stepsIn(1)], [1, 0, 1]);
  });
  assertEquals([told, house.troubles], [[mistake, mistake], []]);
});

Deno.test("once it is stopped nothing more is done", () => {
  using house = new Household();
  house.runStep = () => true;
  assert(house.stepsIn(2000) > 1);
  house.upkeep.stop();
  assertEquals([house.stepsIn(60_000), house.timers.size], [0, 0]);
});
