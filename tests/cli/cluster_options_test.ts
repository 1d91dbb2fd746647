import { assert, assertEquals, assertThrows } from "@std/assert";
import { clusterOptions, LINE_MAX } from "../../src/cli/cluster_options.ts";
import { FLAGS, type FlagValues, OPTION_NAMES } from "../../src/cli/flags.ts";
import type { Options } from "../../src/cli/options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { assertRejected, DEFAULTS, parse } from "./parse.ts";

const CLUSTER: NonNullable<Options["cluster"]> = {
  servers: "nats://localhost:4222",
  credsFile: undefined,
  caFile: undefined,
  name: "tincan",
  replicas: 1,
  node: undefined,
};

const SERVERS = "--cluster nats://localhost:4222";

Deno.test("cluster options: a single node has none, and --cluster has the defaults of the others", () => {
  assertEquals(parse("").cluster, undefined);
  assertEquals(parse(SERVERS), { ...DEFAULTS, cluster: CLUSTER });
});

Deno.test("cluster options: each flag and each variable sets its part", () => {
  const cases: [flag: string, texts: Record<string, Partial<typeof CLUSTER>>][] = [
    ["cluster-creds", { "a.creds": { credsFile: "a.creds" } }],
    ["cluster-ca", { "ca.pem": { caFile: "ca.pem" } }],
    ["cluster-name", { "Tea_1-x": { name: "Tea_1-x" }, ["x".repeat(32)]: { name: "x".repeat(32) } }],
    ["cluster-replicas", { "1": { replicas: 1 }, "3": { replicas: 3 } }],
    ["node", { "a.example.org": { node: "a.example.org" }, "n-1_x": { node: "n-1_x" } }],
  ];
  for (const [flag, texts] of cases) {
    for (const [text, expected] of Object.entries(texts)) {
      const options = { ...DEFAULTS, cluster: { ...CLUSTER, ...expected } };
      assertEquals(parse(`${SERVERS} --${flag} ${text}`), options);
      const variable = `TINCAN_${flag.toUpperCase().replaceAll("-", "_")}`;
      assertEquals(parse("", { TINCAN_CLUSTER: CLUSTER.servers, [variable]: text }), options);
    }
  }
});

Deno.test("cluster options: a name or a number of replicas that cannot be used is rejected", () => {
  const cases: [flag: string, accepts: string, texts: string[]][] = [
    ["cluster-name", "1 to 32 letters, digits, _ or -", ["a.b", "a*", "ä", "x".repeat(33)]],
    ["cluster-replicas", "1 or 3", ["0", "2", "5", "off"]],
    ["node", "1 to 32 letters, digits, dots, _ or -, and a letter or digit first", [":a", ".a", "a@b", "x".repeat(33)]],
  ];
  for (const [flag, accepts, texts] of cases) {
    for (const text of texts) {
      assertRejected(`${SERVERS} --${flag}=${text}`, `Cannot use --${flag} "${text}": it must be ${accepts}`);
    }
  }
});

Deno.test("cluster options: an invalid address is rejected, and its password is not repeated", () => {
  const cases: Record<string, string> = {
    "localhost": 'invalid NATS address "localhost": use nats://host:4222 or tls://host:4222',
    "http://ann:secret@a": 'invalid NATS address "…@a": use nats://host:4222 or tls://host:4222',
    "nats://ann:secret@a:x": 'invalid NATS address "…@a:x": it is not a URL',
  };
  for (const [text, why] of Object.entries(cases)) {
    assertRejected(`--cluster ${text}`, `Cannot use --cluster: ${why}`);
    assertRejected("", `Cannot use --cluster: ${why}`, { TINCAN_CLUSTER: text });
  }
});

Deno.test("cluster options: flags of a cluster are rejected without --cluster", () => {
  for (const flag of ["cluster-creds x", "cluster-ca x", "cluster-name x", "cluster-replicas 3", "node x"]) {
    const name = flag.split(" ")[0]!;
    assertRejected(`--${flag}`, `Cannot use --${name}: it needs --cluster URL`);
  }
  assertRejected("--reuse-port", "Cannot use --reuse-port: it needs --cluster URL");
  assertRejected("", "Cannot use --reuse-port: it needs --cluster URL", { TINCAN_REUSE_PORT: "yes" });
  assertRejected("", 'Cannot use TINCAN_NODE (--node) "a b": it must be ' + FLAGS.node.reader.accepts, {
    TINCAN_NODE: "a b",
  });
});

Deno.test("cluster options: --max-line is limited, and the echo server has no cluster", () => {
  assertEquals(parse(`${SERVERS} --max-line ${LINE_MAX}`).maxLine, LINE_MAX);
  const message = "Cannot use --max-line: with --cluster, it must be at most 64KiB";
  assertRejected(`${SERVERS} --max-line ${LINE_MAX + 1}`, message);
  assertEquals(parse(`passwd ${SERVERS} --max-line 1MiB --send-buffer 8MiB`).maxLine, 2 ** 20, "no server is started");
  assertRejected(`echo ${SERVERS}`, "Cannot use --cluster: the echo server has nothing to share");
});

Deno.test("cluster options: --reuse-port is a switch, and is rejected where the system does not spread connections", () => {
  const values = Object.fromEntries(OPTION_NAMES.map((name) => {
    const flag: { default?: string; reader: { read(text: string): unknown } } = FLAGS[name];
    return [name, flag.default === undefined ? undefined : flag.reader.read(flag.default)];
  })) as FlagValues;
  const shared = { ...values, cluster: CLUSTER.servers, reusePort: true };
  assertEquals(clusterOptions(shared, "serve", "linux"), CLUSTER);
  for (const os of ["darwin", "windows"]) {
    assertThrows(() => clusterOptions(shared, "serve", os), UsageError, "Cannot use --reuse-port: it needs Linux");
  }
  if (Deno.build.os !== "linux") return;
  assert(parse(`--reuse-port ${SERVERS}`).reusePort);
  assert(parse(`${SERVERS} --reuse-port`).reusePort);
  assert(!parse(`${SERVERS} --reuse-port=no`, { TINCAN_REUSE_PORT: "yes" }).reusePort);
  const message = 'Cannot use --reuse-port "on": it must be yes or no';
  assertRejected(`${SERVERS} --reuse-port=on`, message);
});
