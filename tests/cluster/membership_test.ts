/** The membership: which nodes take part, and which hellos are rejected. */
import { assert, assertEquals } from "@std/assert";
import { NODES_MAX } from "../../src/cluster/cluster_limits.ts";
import { type Hello, type LivingNode, Membership, type Rejection } from "../../src/cluster/membership.ts";

let nonces = 0;

function hello(options: Partial<Hello> = {}): Hello {
  return { nonce: `n${++nonces}`, name: "", version: "0.1.0", codec: 1, settings: [], ...options };
}

function join(membership: Membership, sequence: number, options: Partial<Hello> = {}): LivingNode {
  const result = membership.hello(hello(options), sequence, 1000);
  assert(result !== undefined && !("code" in result), JSON.stringify(result));
  return result;
}

function rejects(membership: Membership, options: Partial<Hello>): Rejection {
  const before = JSON.stringify(membership.toJson());
  const result = membership.hello(hello(options), 99, 1000);
  assert(result !== undefined && "code" in result);
  assertEquals(JSON.stringify(membership.toJson()), before);
  return result;
}

Deno.test("membership: numbers go up and are not used again when nodes join and leave", () => {
  const membership = new Membership();
  const [one, two] = [join(membership, 1), join(membership, 2)];
  assertEquals([one.number, two.number, one.name, two.name], [1, 2, "node1", "node2"]);
  assertEquals(membership.gone(2, 0, 1)?.number, 2);
  assertEquals(join(membership, 3).number, 3);
  assertEquals(membership.onDuty?.number, 1);
  membership.gone(1, 0, 1);
  assertEquals(membership.onDuty?.number, 3);
});

Deno.test("membership: a batch is ignored when its node does not live or its number is not the next", () => {
  const membership = new Membership();
  join(membership, 5);
  assertEquals(membership.batch(4, 1, 6), undefined);
  assertEquals(membership.batch(5, 2, 6), undefined);
  assertEquals(membership.batch(5, 1, 7)?.heard, 7);
  assertEquals(membership.batch(5, 1, 8), undefined); // stored twice
  assertEquals(membership.batch(5, 2, 9)?.last, 2);
  membership.gone(5, 2, 1);
  assertEquals(membership.batch(5, 3, 10), undefined);
});

Deno.test("membership: a hello is ignored when it was stored twice", () => {
  const membership = new Membership();
  join(membership, 1, { nonce: "same" });
  assertEquals(membership.hello(hello({ nonce: "same" }), 2, 1000), undefined);
  assertEquals(membership.nodes.length, 1);
});

Deno.test("membership: a node is not gone when it was heard after the author of gone had looked", () => {
  const membership = new Membership();
  join(membership, 1);
  join(membership, 2);
  membership.batch(2, 1, 3);
  assertEquals(membership.gone(2, 0, 1), undefined);
  assertEquals(membership.gone(2, 1, 1)?.incarnation, 2);
  assertEquals(membership.gone(2, 1, 1), undefined); // gone already
  membership.batch(1, 1, 4);
  assertEquals(membership.gone(1, 0, 1)?.incarnation, 1); // it says so itself
});

Deno.test("membership: a hello with other settings is rejected with the first difference", () => {
  const membership = new Membership();
  join(membership, 1, { settings: [["--name", "tea"], ["--max-rooms", "10"]] });
  assertEquals(rejects(membership, { settings: [["--name", "tea"], ["--max-rooms", "20"]] }), {
    code: "settings",
    sentence:
      'Cannot join the cluster: --max-rooms is "20" here, and "10" on the other nodes. Use the same on all nodes.',
  });
  assertEquals(
    rejects(membership, { settings: [["--name", "tea"]] }).sentence,
    "Cannot join the cluster: the other nodes have the setting --max-rooms, and this one does not know it. " +
      "Use the same on all nodes.",
  );
  const more = [["--name", "tea"], ["--max-rooms", "10"], ["--new", "1"]] as const;
  assertEquals(
    rejects(membership, { settings: more }).sentence,
    "Cannot join the cluster: this node has the setting --new, and the other nodes do not know it. " +
      "Use the same on all nodes.",
  );
  membership.gone(1, 0, 1);
  join(membership, 2, { settings: [["--name", "coffee"]] }); // no node lives: its settings replace them
  assertEquals(rejects(membership, { settings: [["--name", "tea"]] }).code, "settings");
});

Deno.test("membership: a name that a living node has is rejected, and free when that node is gone", () => {
  const membership = new Membership();
  join(membership, 1, { name: "berlin" });
  assertEquals(
    rejects(membership, { name: "berlin" }).sentence,
    'Cannot join the cluster: another node is named "berlin". Choose another name with --node.',
  );
  join(membership, 2, { name: "node3" });
  assertEquals(join(membership, 3).name, "node3_");
  membership.gone(1, 0, 1);
  assertEquals(join(membership, 4, { name: "berlin" }).number, 4);
});

Deno.test("membership: at most NODES_MAX nodes take part", () => {
  const membership = new Membership();
  for (let sequence = 1; sequence <= NODES_MAX; sequence++) join(membership, sequence);
  assertEquals(rejects(membership, {}).code, "full");
  membership.gone(1, 0, 1);
  join(membership, NODES_MAX + 1);
});

Deno.test("membership: the active version is the lowest of the living nodes, and does not become lower", () => {
  const membership = new Membership();
  join(membership, 1, { codec: 1 });
  join(membership, 2, { codec: 3 });
  join(membership, 3, { codec: 2 });
  assertEquals(membership.version, 1);
  membership.gone(1, 0, 2);
  assertEquals(membership.version, 2);
  assertEquals(
    rejects(membership, { codec: 1 }).sentence,
    "Cannot join the cluster: its nodes run a newer tincan. Update this one.",
  );
  membership.gone(2, 0, 3);
  membership.gone(3, 0, 3);
  join(membership, 4, { codec: 1 });
  assertEquals(membership.version, 1);
});

Deno.test("membership: it is the same when it was stored and restored", () => {
  const membership = new Membership();
  join(membership, 1, { settings: [["a", "b"]], codec: 2 });
  join(membership, 2, { settings: [["a", "b"]], codec: 2, name: "berlin" });
  membership.batch(2, 1, 3);
  const copy = new Membership();
  copy.fromJson(JSON.parse(JSON.stringify(membership.toJson())));
  assertEquals(copy.toJson(), membership.toJson());
  for (const each of [membership, copy]) {
    each.batch(2, 2, 4);
    join(each, 5, { settings: [["a", "b"]], nonce: "x", codec: 2 });
  }
  assertEquals(copy.toJson(), membership.toJson());
  assertEquals(copy.version, 2);
});
