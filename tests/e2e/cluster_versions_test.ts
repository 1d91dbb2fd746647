/** Nodes of different versions: an older one beside a newer one, which this test plays. */
import { assert, assertEquals } from "@std/assert";
import { decodeBatch, encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import type { LogCommand } from "../../src/cluster/cluster_commands.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";
import { Log } from "../../src/cluster/log.ts";
import { Cluster, IrcClient, settleAll } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { run } from "./harness.ts";

/** The version of the encoding that the newer node knows. */
const NEWER = CODEC_VERSION + 1;

/** What the log tells of a node with a newer version, as far as others notice it. */
class NewerNode implements Disposable {
  /** The versions of all batches so far. */
  readonly versions = new Set<number>();
  #log!: Log;
  #incarnation = 0;
  #number = 0;
  #beats: ReturnType<typeof setInterval> | undefined;
  #work = Promise.resolve<unknown>(undefined);

  /** Joins a cluster, and beats from then on. */
  static async join(cluster: Cluster): Promise<NewerNode> {
    const node = new NewerNode();
    node.#log = await Log.open({ servers: cluster.urls, cluster: "tincan", replicas: 1 }, {
      batch: (_, bytes) => void node.versions.add(decodeBatch(bytes, NEWER).version),
    });
    await node.#log.start(node.#log.first);
    const settings = await settingsOf(cluster);
    node.#incarnation = await node.append(
      { op: "hello", nonce: "n", name: "new", version: "9.9.9", codec: NEWER, settings, founding: false },
      CODEC_VERSION,
    );
    node.#beats = setInterval(() => void node.append({ op: "beat" }, CODEC_VERSION), 250);
    return node;
  }

  /** Appends a batch with one command. Resolves to its sequence. */
  append(command: LogCommand, version: number): Promise<number> {
    const done = this.#work.then(() => {
      const number = command.op === "hello" ? 1 : ++this.#number;
      const head = { version, incarnation: this.#incarnation, number, time: Date.now() };
      return this.#log.append(packBatches(head, [encodeCommand(command, CODEC_VERSION)])[0]!);
    });
    this.#work = done.catch(() => {});
    return done;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beats);
    this.#log.close();
  }
}

/** The settings in the hello with which the cluster was founded. */
async function settingsOf(cluster: Cluster): Promise<readonly (readonly [string, string])[]> {
  const found = Promise.withResolvers<readonly (readonly [string, string])[]>();
  const log = await Log.open({ servers: cluster.urls, cluster: "tincan", replicas: 1 }, {
    batch: (_, bytes) => {
      const [command] = decodeBatch(bytes, NEWER).commands;
      if (command?.op === "hello") found.resolve(command.settings);
    },
  });
  await log.start(log.first);
  const settings = await found.promise;
  log.close();
  return settings;
}

test(
  "cluster: an older node goes on beside a newer one, ends when it cannot read a command, and is refused later",
  async (form) => {
    await using cluster = await Cluster.start(form, 2);
    const clients = await Promise.all(
      cluster.nodes.map(({ ircPort }, n) => IrcClient.register(ircPort, `c${n}`, "echo-message")),
    );
    using newer = await NewerNode.join(cluster);
    await cluster.nodes[0]!.logged(/node joined .*node=new .*version=9\.9\.9/);
    await settleAll(clients);
    assertEquals([...newer.versions], [CODEC_VERSION]); // the newest that all know
    const sequence = await newer.append({ op: "beat" }, NEWER);
    for (const [n, node] of cluster.nodes.entries()) {
      assertEquals(await node.code(), 1);
      const sentence = node.log.all.trimEnd().split("\n").at(-1)!;
      assert(sentence.startsWith(`Cannot read batch ${sequence} of the log: `), sentence);
      assert(sentence.endsWith(" A newer tincan has written it: update tincan on this node."), sentence);
      assert((await clients[n]!.rest()).some((line) => line.startsWith("ERROR ")), "its client is told");
    }
    const { code, stderr } = await run(form, cluster.argsOf(0));
    assertEquals([code, stderr.includes("update tincan on this node")], [1, true], stderr);
  },
  undefined,
  [executable],
);
