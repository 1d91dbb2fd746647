/** Nodes under random interleavings of commands, batches that are stored twice, outages, crashes and restarts. */
import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { FakeStream } from "./fake_log.ts";
import { inStep, TestNode } from "./nodes.ts";
import { ToyCheckpoints } from "./toy_replica.ts";

const NODES = 3;

/** A step of a run: what happens, and to which node. */
type Step = readonly [
  what: "say" | "connect" | "beat" | "pause" | "resume" | "crash" | "leave" | "restart" | "checkpoint" | "turn",
  node: number,
];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant("say" as const) },
    { weight: 2, arbitrary: fc.constant("connect" as const) },
    { weight: 8, arbitrary: fc.constant("beat" as const) },
    { weight: 6, arbitrary: fc.constant("turn" as const) },
    { weight: 1, arbitrary: fc.constantFrom("pause" as const, "crash" as const, "leave" as const) },
    { weight: 3, arbitrary: fc.constantFrom("resume" as const, "restart" as const, "checkpoint" as const) },
  ),
  fc.nat(NODES - 1),
);

/** The nodes of a run. */
class Run {
  readonly stream = new FakeStream();
  readonly stores = Array.from({ length: NODES }, () => new ToyCheckpoints());
  readonly nodes: (TestNode | undefined)[] = [];
  /** The lines whose author knows that they were applied. */
  readonly known: string[] = [];
  #lines = 0;

  async start(index: number): Promise<void> {
    const times = { lease: 4, watch: 1000, snapshot: 10_000 };
    this.nodes[index] = await TestNode.join(this.stream.open, { checkpoints: this.stores[index]!, times });
  }

  async take([what, index]: Step): Promise<void> {
    const node = this.nodes[index];
    if (what === "turn") return await new Promise((resolve) => setTimeout(resolve));
    if (what === "restart") {
      if (node === undefined) await this.start(index);
      return;
    }
    if (node === undefined) return;
    const isLast = this.nodes.filter((each) => each !== undefined).length === 1;
    switch (what) {
      case "say": {
        if (node.node.self === undefined) return;
        const text = `line ${++this.#lines}`;
        return void node.say(text).then(() => this.known.push(text), () => {});
      }
      case "connect":
        if (node.node.self !== undefined) void node.connect(++this.#lines).catch(() => {});
        return;
      case "beat":
        return node.node.beat();
      case "pause":
        return isLast ? undefined : node.fake.pause();
      case "resume":
        return node.fake.resume();
      case "checkpoint":
        return await node.node.checkpoint();
      case "crash":
        node.crash();
        return void (this.nodes[index] = undefined);
      case "leave":
        node.fake.resume();
        await node.node.stop();
        return void (this.nodes[index] = undefined);
    }
  }

  /** Lets all nodes take part, and returns them when they have applied the same. */
  async end(): Promise<TestNode[]> {
    for (const node of this.nodes) node?.fake.resume();
    for (let index = 0; index < NODES; index++) if (this.nodes[index] === undefined) await this.start(index);
    const nodes = this.nodes as TestNode[];
    // Until those that have crashed are gone.
    for (let beat = 0; beat < 12; beat++) {
      for (const each of nodes) {
        await each.until(() => each.node.self !== undefined);
        await each.beat();
      }
      await inStep(nodes);
    }
    return nodes;
  }
}

Deno.test("node: all nodes have the same state after any interleaving of commands, duplicates, outages and crashes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 80 }),
      fc.infiniteStream(fc.boolean()),
      async (steps, duplicates) => {
        const run = new Run();
        run.stream.duplicate = () => duplicates.next().value === true;
        try {
          for (let index = 0; index < NODES; index++) await run.start(index);
          for (const each of steps) await run.take(each);
          const nodes = await run.end();
          const [one] = nodes;
          for (const each of nodes) {
            assertEquals(each.fatal, undefined);
            assertEquals(each.replica.lines, one!.replica.lines);
            assertEquals([...each.replica.connected].sort(), [...one!.replica.connected].sort());
            assertEquals(
              each.node.nodes.map(({ number, name }) => [number, name]),
              one!.node.nodes.map(({ number, name }) => [number, name]),
            );
            assertEquals(each.node.nodes.length, NODES);
            assertEquals(new Set(each.replica.positions).size, each.replica.positions.length);
          }
          // What its author knows is there, once.
          const lines = one!.replica.lines.map((line) => line.split(":")[1]);
          assertEquals(run.known.filter((text) => lines.filter((line) => line === text).length !== 1), []);
        } finally {
          for (const node of run.nodes) node?.[Symbol.dispose]();
        }
      },
    ),
    { numRuns: 25 },
  );
});
