import { assert, assertEquals, assertRejects } from "@std/assert";
import { networksOf } from "../../src/util/address_ranges.ts";
import { BusyError, FairQueue } from "../../src/util/fair_queue.ts";

/** A queue of tasks that end when the test says so. */
class Tasks {
  now = 0;
  readonly queue = new FairQueue({ runningMax: 1, waitingMax: 4, time: 1000, now: () => this.now });
  /** Addresses of started tasks, in order. */
  readonly begun: string[] = [];
  readonly #ends: (() => void)[] = [];

  add(address: string, preferred = false): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    return this.queue.run(networksOf(address), () => {
      this.begun.push(address);
      this.#ends.push(() => resolve(address));
      return promise;
    }, preferred);
  }

  /** Ends all tasks, each after it was started. */
  async end() {
    for (let n = 0; n < this.#ends.length; n++) {
      this.#ends[n]!();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

Deno.test("fair queue: tasks run one at a time, in round-robin order of their networks", async () => {
  const tasks = new Tasks();
  const all = ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.1.0.1"].map((address) => tasks.add(address));
  assertEquals(tasks.begun, ["10.0.0.1"]);
  await tasks.end();
  assertEquals(tasks.begun, ["10.0.0.1", "10.0.0.1", "10.1.0.1", "10.0.0.1"]);
  assertEquals(await Promise.all(all), ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.1.0.1"]);
});

Deno.test("fair queue: the newest task of a network runs first", async () => {
  const tasks = new Tasks();
  const order: number[] = [];
  const all = [0, 1, 2, 3].map((n) => tasks.add("10.0.0.1").then(() => order.push(n)));
  await tasks.end();
  await Promise.all(all);
  assertEquals(order, [0, 3, 2, 1]);
});

Deno.test("fair queue: at most runningMax tasks run at a time", async () => {
  const queue = new FairQueue({ runningMax: 2, waitingMax: 100, time: 1000, now: () => 0 });
  let [running, most] = [0, 0];
  await Promise.all(Array.from({ length: 20 }, () =>
    queue.run(["a"], async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
    })));
  assertEquals([running, most], [0, 2]);
});

Deno.test("fair queue: every second task that is started is a preferred one", async () => {
  const tasks = new Tasks();
  for (const network of [0, 1, 2]) void tasks.add(`10.${network}.0.1`);
  for (const network of [3, 4]) void tasks.add(`10.${network}.0.1`, true);
  await tasks.end();
  assertEquals(tasks.begun, ["10.0.0.1", "10.3.0.1", "10.1.0.1", "10.4.0.1", "10.2.0.1"]);
});

Deno.test("fair queue: the heaviest network loses its oldest task when the queue is full", async () => {
  const tasks = new Tasks();
  void tasks.add("10.9.0.1");
  const lost = assertRejects(() => tasks.add("10.0.0.1"), BusyError);
  for (const address of ["10.0.0.1", "10.0.0.1", "10.1.0.1", "10.2.0.1"]) void tasks.add(address);
  await lost;
  assertEquals(tasks.queue.waiting, 4);
  await tasks.end();
  assertEquals(tasks.begun, ["10.9.0.1", "10.0.0.1", "10.1.0.1", "10.2.0.1", "10.0.0.1"]);
});

Deno.test("fair queue: a task that has waited too long is rejected", async () => {
  const tasks = new Tasks();
  void tasks.add("10.0.0.1");
  const late = assertRejects(() => tasks.add("10.1.0.1"), BusyError);
  tasks.now = 1001;
  void tasks.add("10.2.0.1");
  await tasks.end();
  await late;
  assertEquals(tasks.begun, ["10.0.0.1", "10.2.0.1"]);
});

Deno.test("fair queue: a task that has waited exactly the maximum time is run", async () => {
  const tasks = new Tasks();
  const all = [tasks.add("10.0.0.1"), tasks.add("10.1.0.1")];
  tasks.now = 1000;
  await tasks.end();
  assertEquals(await Promise.all(all), ["10.0.0.1", "10.1.0.1"]);
});

Deno.test("fair queue: the error of a task reaches its caller, and the next task runs", async () => {
  const queue = new FairQueue({ runningMax: 2, waitingMax: 4, time: 1000, now: () => 0 });
  const failed = assertRejects(() => queue.run(["a"], () => Promise.reject(new Error("disk"))), Error, "disk");
  assert(await queue.run(["a"], () => Promise.resolve(true)));
  await failed;
});
