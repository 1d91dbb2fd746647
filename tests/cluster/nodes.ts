/** Nodes for tests, with a toy as their replica, and what they have reported. */
import { ClusterNode } from "../../src/cluster/node.ts";
import type { NodeLog, NodeOptions } from "../../src/cluster/node_options.ts";
import type { FakeLog } from "./fake_log.ts";
import { type ToyCheckpoints, ToyReplica } from "./toy_replica.ts";

/** Times that no test waits for. Beats are appended when a test says so. */
export const QUICK = { beat: 0, checkpoint: 0, watch: 60, snapshot: 500, ask: 5, name: 0, leave: 500 };

/** Options of a node of a test. */
export type TestOptions = Partial<Omit<NodeOptions<string>, "open" | "checkpoints">> & {
  readonly checkpoints?: ToyCheckpoints;
};

/** A node, and what it has reported. */
export class TestNode implements Disposable {
  readonly node: ClusterNode<string>;
  readonly replica: ToyReplica;
  readonly joins: number[] = [];
  readonly warnings: string[] = [];
  expulsions = 0;
  fatal: string | undefined;
  log!: NodeLog;

  constructor(open: NodeOptions<string>["open"], options: TestOptions = {}) {
    this.replica = options.replica as ToyReplica ?? new ToyReplica();
    this.node = new ClusterNode<string>({
      cluster: "test",
      name: "",
      version: "0.1.0",
      settings: [],
      now: () => 1000,
      ...options,
      times: { ...QUICK, ...options.times },
      replica: this.replica,
      open: async (handlers) => {
        this.log = await open(handlers);
        return this.log;
      },
      events: {
        joined: (number) => void this.joins.push(number),
        expelled: () => void this.expulsions++,
        fatal: (sentence) => void (this.fatal = sentence),
        warn: (message) => void this.warnings.push(message),
      },
    });
  }

  /** A node that takes part. */
  static async join(open: NodeOptions<string>["open"], options: TestOptions = {}): Promise<TestNode> {
    const node = new TestNode(open, options);
    await node.node.join();
    return node;
  }

  get fake(): FakeLog {
    return this.log as FakeLog;
  }

  /** Has a line written by all nodes. */
  say(text: string, own?: string): Promise<unknown> {
    return this.node.submit({ op: "notice", text }, own);
  }

  /** Has a session connected. */
  connect(number: number): Promise<unknown> {
    const id = this.node.self!.number * 2 ** 33 + number;
    return this.node.submit({ op: "connect", id, nick: "x", identity: { user: "x", host: "x", realname: "x" } });
  }

  /** Appends a beat, and waits until it has come back. */
  async beat(): Promise<void> {
    this.node.beat();
    const { figures } = this.node;
    await this.until(() => this.node.figures.waiting === 0 && this.node.figures.sequence > figures.sequence);
  }

  /** Resolves when a condition holds. Fails if the node ends before. */
  async until(condition: () => boolean): Promise<void> {
    await until(() => condition() || this.fatal !== undefined);
    if (!condition()) throw new Error(`The node has ended: ${this.fatal}`);
  }

  /** Ends the node, as a crash of the process would. */
  crash(): void {
    this.log?.close();
  }

  [Symbol.dispose](): void {
    this.node.fail("the test is over");
  }
}

/** Resolves when all nodes have applied the same batches. */
export async function inStep(nodes: readonly TestNode[]): Promise<void> {
  const last = () => Math.max(...nodes.map(({ node }) => node.figures.sequence));
  for (const each of nodes) {
    await until(() => each.fatal !== undefined || each.node.figures.sequence >= last());
  }
}

/** Resolves when a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await soon();
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
