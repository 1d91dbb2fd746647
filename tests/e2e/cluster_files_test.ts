/** Uploads to one node of a cluster, opened on another one. */
import { assertEquals } from "@std/assert";
import { png } from "../files/samples.ts";
import { Cluster } from "./cluster.ts";
import { test } from "./forms.ts";
import { Client } from "./harness.ts";

test("cluster: a file that was uploaded to one node is shown by another one, also when the first is gone", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  const [first, second] = [cluster.nodes[0]!, cluster.nodes[1]!];
  using bob = await Client.join(second.port);
  using alice = await Client.join(first.port);
  await alice.send("/nick alice", "/register open-sesame");
  await alice.until(/^-- alice is now registered/);
  const bytes = new Uint8Array([...png(30, 20), ...new Uint8Array(200_000)]);
  const answer = await fetch(`http://127.0.0.1:${first.webPort}/rooms/lobby/files/a.png`, {
    method: "PUT",
    body: bytes,
    headers: { authorization: `Basic ${btoa("alice:open-sesame")}` },
  });
  const { path } = await answer.json();
  await bob.until(new RegExp(`^<alice> http://.*${path}$`));
  const get = () => fetch(`http://127.0.0.1:${second.webPort}${path}`);
  const got = await get();
  assertEquals([got.status, got.headers.get("content-type"), await got.bytes()], [200, "image/png", bytes]);
  const missing = await fetch(`http://127.0.0.1:${second.webPort}/f/${"a".repeat(22)}/a.png`);
  assertEquals([missing.status, (await missing.json()).status], [404, 404]);
  await first[Symbol.asyncDispose]();
  assertEquals((await (await get()).bytes()).length, bytes.length);
});
