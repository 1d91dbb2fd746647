import { assertEquals, assertRejects } from "@std/assert";
import { JoinError } from "../../src/cluster/join.ts";
import { LogError } from "../../src/cluster/log_error.ts";
import { ClusterError, withClusterErrors } from "../../src/server/cluster_error.ts";
import { openLog } from "../../src/server/open_log.ts";

const CLUSTER = {
  servers: "nats://ann:secret@a,nats://b",
  credsFile: "a.creds",
  caFile: "ca.pem",
  name: "tea",
  replicas: 3,
  node: undefined,
};

/** A worker that answers each order with one report. */
function answering(report: unknown, orders: unknown[]): Worker {
  const worker = { onmessage: (_event: { data: unknown }) => {}, terminate() {}, postMessage };
  function postMessage(order: unknown) {
    orders.push(order);
    worker.onmessage({ data: report });
  }
  return worker as unknown as Worker;
}

Deno.test("open log: the worker gets the servers and the contents of the files", async () => {
  const orders: unknown[] = [];
  let allowed: readonly string[] = [];
  const opened = { type: "opened", created: "now", first: 1, last: 0 };
  const log = await openLog(CLUSTER, { creds: "key", ca: "pem" }, { batch() {} }, (hosts) => {
    allowed = hosts;
    return answering(opened, orders);
  });
  log.close();
  assertEquals(allowed, ["a:4222", "b:4222"]);
  assertEquals(orders[0], {
    type: "open",
    hosts: ["a:4222", "b:4222"],
    tls: false,
    user: "ann",
    password: "secret",
    token: "",
    creds: "key",
    ca: "pem",
    cluster: "tea",
    replicas: 3,
  });
});

Deno.test("open log: an error of the log is one sentence for the operator", async () => {
  const message = "Cannot reach NATS at nats://a:4222: connection refused";
  const failed = { type: "failed", kind: "unreachable", message };
  const open = () => openLog(CLUSTER, { creds: "", ca: "" }, { batch() {} }, () => answering(failed, []));
  const error = await assertRejects(() => withClusterErrors(open), ClusterError);
  const sentence = "Cannot join the cluster: cannot reach NATS at nats://a:4222: connection refused";
  assertEquals(error.message, sentence);
});

Deno.test("cluster errors: only errors of joining and of the log become one, with a sentence for the operator", async () => {
  const messages: Record<string, string> = {
    'Invalid NATS address "x": it is not a URL': 'invalid NATS address "x": it is not a URL',
    "NATS has no JetStream": "NATS has no JetStream",
    "The worker has failed": "the worker has failed",
  };
  for (const [message, expected] of Object.entries(messages)) {
    const action = () => Promise.reject(new LogError("stream", message));
    const error = await assertRejects(() => withClusterErrors(action), ClusterError);
    assertEquals(error.message, `Cannot join the cluster: ${expected}`);
  }
  const sentence = "Cannot join the cluster: it has 64 nodes, which is the limit.";
  const join = () => Promise.reject(new JoinError(sentence));
  assertEquals((await assertRejects(() => withClusterErrors(join), ClusterError)).message, sentence);
  const bug = new TypeError("x is not a function");
  assertEquals(await assertRejects(() => withClusterErrors(() => Promise.reject(bug))), bug);
  assertEquals(await withClusterErrors(() => Promise.resolve(7)), 7);
});
