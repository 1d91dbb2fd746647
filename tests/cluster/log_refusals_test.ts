/** Reasons why a log cannot be opened, and the sentences that say so. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "@nats-io/transport-node";
import {
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { Certificates } from "../certificates.ts";
import { LogError } from "../../src/cluster/log_error.ts";
import type { LogOptions } from "../../src/cluster/log.ts";
import { Cable } from "./cable.ts";
import { Account } from "./creds.ts";
import { RecordedLog } from "./helpers.ts";
import { NatsServer } from "./nats.ts";

/** The message of the error when a log is opened. */
async function refusal(servers: string, options: Partial<LogOptions> = {}): Promise<string> {
  const error = await assertRejects(async () => {
    using _log = await RecordedLog.open(servers, options);
  }, LogError);
  return error.message;
}

/** Acts on a server as its administrator. */
async function administer<T>(url: string, act: (manager: JetStreamManager) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await act(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

Deno.test("log: a stream that is not stored in files, or has other settings, is refused with the setting", async () => {
  await using nats = await NatsServer.start();
  const right: Partial<StreamConfig> = await administer(nats.url, async (manager) => {
    using _log = await RecordedLog.open(nats.url);
    const { config } = await manager.streams.info("TINCAN_test");
    await manager.streams.delete("TINCAN_test");
    return config;
  });
  const cases: [change: Partial<StreamConfig>, why: string][] = [
    [{ storage: StorageType.Memory }, 'its storage is "memory", and must be "file"'],
    [
      { subjects: ["tincan.test.>"], republish: undefined },
      'its subjects is ["tincan.test.>"], and must be ["tincan.test.log"]',
    ],
    [{ retention: RetentionPolicy.Workqueue }, 'its retention is "workqueue", and must be "limits"'],
    [{ max_age: 60e9, duplicate_window: 60e9 }, "its max_age is 60000000000, and must be 86400000000000"],
    [{ max_bytes: 1024 ** 2 }, "its max_bytes is 1048576, and must be 1073741824"],
    [{ max_msgs: 10 }, "its max_msgs is 10, and must be -1"],
    [{ max_msg_size: 1024 }, "its max_msg_size is 1024, and must be 525312"],
    [{ deny_delete: false }, "its deny_delete is false, and must be true"],
    [{ deny_purge: false }, "its deny_purge is false, and must be true"],
    [{ allow_direct: false }, "its allow_direct is false, and must be true"],
    [
      { republish: undefined },
      'its republish is not set, and must be {"src":"tincan.test.log","dest":"tincan.test.out"}',
    ],
    [{ republish: { src: "tincan.test.log", dest: "tincan.test.out", headers_only: true } }, "its republish is"],
    [{ no_ack: true }, "it must not have no_ack"],
  ];
  for (const [change, why] of cases) {
    await administer(nats.url, (manager) => manager.streams.add({ ...right, ...change, name: "TINCAN_test" }));
    const message = await refusal(nats.url);
    assert(message.startsWith(`Cannot use the stream TINCAN_test: ${why}`), message);
    assert(message.endsWith(". Delete the stream, or choose another name for the cluster."), message);
    await administer(nats.url, (manager) => manager.streams.delete("TINCAN_test"));
  }
  using _log = await RecordedLog.open(nats.url);
});

Deno.test("log: a node with another number of replicas is told which, and not to delete the stream", async () => {
  await using nats = await NatsServer.start();
  using _log = await RecordedLog.open(nats.url);
  assertEquals(
    await refusal(nats.url, { replicas: 3 }),
    "Cannot use the stream TINCAN_test: it has 1 replica, and --cluster-replicas is 3. Use the same on all nodes.",
  );
});

Deno.test("log: three replicas are refused by a single server", async () => {
  await using nats = await NatsServer.start();
  assertEquals(
    await refusal(nats.url, { replicas: 3 }),
    "Cannot use the stream TINCAN_test: replicas > 1 not supported in non-clustered mode",
  );
});

Deno.test("log: a server without JetStream is refused", async () => {
  await using nats = await NatsServer.start({ jetstream: false });
  assertEquals(await refusal(nats.url), `Cannot use NATS at ${nats.url}: JetStream is not enabled there`);
});

Deno.test("log: a server that accepts small messages only is refused", async () => {
  await using nats = await NatsServer.start({ config: "max_payload: 64KB" });
  const why = "it accepts messages of 65536 bytes only; set max_payload to 1MB there";
  assertEquals(await refusal(nats.url), `Cannot use NATS at ${nats.url}: ${why}`);
});

Deno.test("log: user and password, or a token, must be right, and are in no message", async () => {
  const rejected = "the server rejected the credentials";
  {
    await using nats = await NatsServer.start({ config: "authorization { user: ann, password: secret }" });
    for (const credentials of ["", "ann:wrong@", "t0ken@"]) {
      const url = `nats://${credentials}${nats.host}`;
      assertEquals(await refusal(url), `Cannot reach NATS at ${nats.url}: ${rejected}`);
    }
    using _log = await RecordedLog.open(`nats://ann:secret@${nats.host}`);
  }
  await using nats = await NatsServer.start({ config: "authorization { token: t0ken }" });
  assertEquals(await refusal(`nats://wrong@${nats.host}`), `Cannot reach NATS at ${nats.url}: ${rejected}`);
  using _log = await RecordedLog.open(`nats://t0ken@${nats.host}`);
});

Deno.test("log: a user who may not read or append is told so", async () => {
  const may = (permissions: string) => ({
    config: `authorization { users: [{ user: ann, password: secret, permissions: { ${permissions} } }] }`,
  });
  {
    await using nats = await NatsServer.start(may('publish: { deny: "$JS.>" }'));
    const why = 'Permissions Violation for Publish to "$JS.API.STREAM.INFO.TINCAN_test"';
    assertEquals(await refusal(`nats://ann:secret@${nats.host}`), `Cannot use the stream TINCAN_test: ${why}`);
  }
  {
    await using nats = await NatsServer.start(may('subscribe: { deny: "tincan.>" }'));
    const error = await assertRejects(() => RecordedLog.start(`nats://ann:secret@${nats.host}`), LogError);
    const why = 'Permissions Violation for Subscription to "tincan.test.out"';
    assertEquals(error.message, `Cannot use NATS at ${nats.url}: ${why}`);
  }
  await using nats = await NatsServer.start(may('publish: { deny: "tincan.>" }'));
  using log = await RecordedLog.start(`nats://ann:secret@${nats.host}`);
  const append = log.append("a").catch(() => {});
  await log.until(() => log.troubles.length > 0);
  assertEquals(log.troubles, ['Cannot append to the log yet: Permissions Violation for Publish to "tincan.test.log"']);
  log.log.close();
  await append;
});

Deno.test("log: a .creds file must be right and not expired, and is in no message", async () => {
  const account = new Account();
  await using nats = await NatsServer.start({ config: account.config });
  using log = await RecordedLog.start(nats.url, { creds: account.creds() });
  await log.append("a");
  const expired = account.creds(Math.floor(Date.now() / 1000) - 60);
  const cases: [creds: string, why: string][] = [
    [expired, "the server rejected the credentials"],
    [new Account().creds(), "the server rejected the credentials"],
    ["nonsense", "the credentials file is not valid"],
    ["", "the server rejected the credentials"],
  ];
  for (const [creds, why] of cases) {
    assertEquals(await refusal(nats.url, { creds }), `Cannot reach NATS at ${nats.url}: ${why}`);
  }
});

Deno.test("log: it is disconnected when its credentials expire, and says why", async () => {
  const account = new Account();
  await using nats = await NatsServer.start({ config: account.config });
  using log = await RecordedLog.start(nats.url, { creds: account.creds(Math.floor(Date.now() / 1000) + 2) });
  await log.until(() => !log.log.status.connected);
  assertEquals(log.log.status.reason, "the credentials have expired");
});

Deno.test("log: an address where no server is, or another one, is refused with the reason", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const replies = ["HTTP/1.1 400 Bad Request\r\n\r\n", ""];
  const answering = (async () => {
    for (const reply of replies) {
      const connection = await listener.accept();
      await connection.write(new TextEncoder().encode(reply));
      connection.close();
    }
  })();
  const url = `nats://127.0.0.1:${port}`;
  assertEquals(await refusal(url), `Cannot reach NATS at ${url}: it is not a NATS server`);
  assertEquals(
    await refusal(url),
    `Cannot reach NATS at ${url}: the connection was closed before the greeting of a NATS server`,
  );
  await answering;
  listener.close();
  assertEquals(await refusal(url), `Cannot reach NATS at ${url}: connection refused`);
  await using nats = await NatsServer.start();
  await using cable = new Cable(nats.port);
  cable.cut();
  assertEquals(await refusal(cable.url), `Cannot reach NATS at ${cable.url}: no answer`);
});

Deno.test("log: it opens with a server that is there when others are not, and reaches those later", async () => {
  await using nats = await NatsServer.start();
  await using first = new Cable(nats.port);
  const down = new Cable(nats.port);
  await down[Symbol.asyncDispose]();
  using log = await RecordedLog.start(`${down.url},${first.url}`);
  await log.append("a");
  await using _second = new Cable(nats.port, down.port);
  first.close();
  first.drop();
  await log.until(() => log.statuses.length >= 2);
  assertEquals(log.statuses.map(({ connected }) => connected), [false, true]);
  await log.append("b");
  assertEquals(log.texts, ["a", "b"]);
});

Deno.test("log: a name of a cluster that is no word is refused", async () => {
  for (const cluster of ["", "a.b", "a b", ">", "x".repeat(33)]) {
    const message = `Invalid cluster name "${cluster}": use 1 to 32 letters, digits, "_" or "-"`;
    assertEquals(await refusal("nats://127.0.0.1:1", { cluster }), message);
  }
});

Deno.test("log: with TLS, the server's certificate must be signed by the given authority", async () => {
  await using certificates = await Certificates.make();
  const { cert, key } = await certificates.issue("nats");
  const ca = await Deno.readTextFile(certificates.authority);
  await using nats = await NatsServer.start({ config: `tls { cert_file: "${cert}", key_file: "${key}" }` });
  const url = `tls://localhost:${nats.port}`;
  for (const servers of [url, `nats://localhost:${nats.port}`]) {
    using log = await RecordedLog.start(servers, { ca });
    await log.append("a");
  }
  await using others = await Certificates.make();
  const otherCa = await Deno.readTextFile(others.authority);
  for (const options of [{}, { ca: otherCa }]) {
    const why = "its certificate is not signed by a known authority";
    assertEquals(await refusal(url, options), `Cannot reach NATS at ${url}: ${why}`);
  }
  const verify = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${certificates.authority}", verify: true }`;
  await using asking = await NatsServer.start({ config: verify });
  const asked = `tls://localhost:${asking.port}`;
  const why = "no answer; a server that asks for client certificates (verify: true) is not supported";
  assertEquals(await refusal(asked, { ca }), `Cannot reach NATS at ${asked}: ${why}`);
  await using plain = await NatsServer.start();
  for (const [servers, options] of [[`tls://${plain.host}`, {}], [plain.url, { ca }]] as const) {
    assert((await refusal(servers, options)).endsWith(": server does not support 'tls'"));
  }
});
