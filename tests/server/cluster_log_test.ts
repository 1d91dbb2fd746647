import { assertEquals } from "@std/assert";
import type { NodeView } from "../../src/chat/cluster_view.ts";
import { CHECK_INTERVAL, ClusterLog } from "../../src/server/cluster_log.ts";
import { FakeCluster } from "../fake_cluster.ts";
import { FakeTimers } from "../fake_timers.ts";
import { recordingLog } from "./helpers.ts";

/** A cluster that a test changes, and what is logged of it. */
class Watched implements Disposable {
  readonly timers = new FakeTimers();
  readonly cluster = new FakeCluster();
  readonly #recording = recordingLog();
  #time = 0;
  readonly clusterLog: ClusterLog;
  #logged = 0;

  constructor() {
    this.cluster.health = "joining";
    this.cluster.nodes = [];
    this.clusterLog = new ClusterLog(this.cluster, this.#recording.log, () => this.#time);
  }

  /** Lets time pass, and returns the lines since the last call. */
  async after(milliseconds: number = CHECK_INTERVAL): Promise<string[]> {
    this.#time += milliseconds;
    this.timers.pass(milliseconds);
    const all = (await this.#recording.lines()).filter((line) => line !== "");
    return all.slice(this.#logged, this.#logged = all.length);
  }

  [Symbol.dispose](): void {
    this.clusterLog.stop();
    this.timers[Symbol.dispose]();
  }
}

/** A node that is another one, unless it is the first. */
function node(number: number): NodeView {
  return { name: `n${number}`, number, since: 0, version: "1.2", sessions: 0, isSelf: number === 1 };
}

Deno.test("cluster log: it says when this node joins, and when others join and are gone", async () => {
  using watched = new Watched();
  const { cluster } = watched;
  cluster.nodes = [node(2), node(3)]; // known from a snapshot
  assertEquals(await watched.after(), []);
  cluster.health = "ok";
  cluster.nodes = [node(1), node(2), node(3)];
  assertEquals(await watched.after(), ['info joined cluster=tea node=n1 number=1 others="n2 n3"']);
  assertEquals(await watched.after(10 * CHECK_INTERVAL), []);
  cluster.nodes = [node(1), node(3), node(4)];
  assertEquals(await watched.after(), [
    "warn node gone cluster=tea node=n2 number=2",
    "info node joined cluster=tea node=n4 number=4 version=1.2",
  ]);
});

Deno.test("cluster log: the first node joins alone, and joins again after the others have declared it gone", async () => {
  using watched = new Watched();
  const { cluster, clusterLog } = watched;
  cluster.nodes = [node(1)];
  cluster.health = "ok";
  assertEquals(await watched.after(), ["info joined cluster=tea node=n1 number=1"]);
  cluster.nodes = [node(2)];
  cluster.health = "joining";
  clusterLog.expelled();
  assertEquals(await watched.after(), [
    "warn declared gone by the other nodes: clients are disconnected cluster=tea",
  ]);
  cluster.nodes = [node(1), node(2)];
  cluster.health = "ok";
  assertEquals(await watched.after(), ["info joined cluster=tea node=n1 number=1 others=n2"]);
});

Deno.test("cluster log: trouble is reported once for each reason, and its end with the time of all of it", async () => {
  using watched = new Watched();
  const { cluster } = watched;
  cluster.nodes = [node(1)];
  cluster.health = "ok";
  await watched.after();
  cluster.health = "no news from the log";
  assertEquals(await watched.after(), ['warn no commands are taken cluster=tea reason="no news from the log"']);
  assertEquals(await watched.after(3000), []);
  cluster.health = "no connection to NATS";
  assertEquals(await watched.after(4000), ['warn no commands are taken cluster=tea reason="no connection to NATS"']);
  cluster.health = "ok";
  assertEquals(await watched.after(), ["info commands are taken again cluster=tea after=8s"]);
});

Deno.test("cluster log: warnings and the error that ends the node are logged, and nothing after it is stopped", async () => {
  using watched = new Watched();
  const { cluster, clusterLog, timers } = watched;
  clusterLog.warn("Cannot append.");
  clusterLog.fatal("The log was replaced.");
  assertEquals(await watched.after(0), [
    'warn trouble with the cluster cluster=tea error="Cannot append."',
    'error cannot stay in the cluster cluster=tea error="The log was replaced."',
  ]);
  clusterLog.stop();
  cluster.nodes = [node(1)];
  assertEquals([await watched.after(), timers.size], [[], 0]);
});
