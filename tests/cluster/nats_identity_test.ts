/** Cases that a real server does not produce on demand: a stream without a leader, or without one of its batches. */
import { assertEquals } from "@std/assert";
import { JetStreamApiError } from "@nats-io/jetstream";
import { FakeTimers } from "../fake_timers.ts";
import type { NatsClient } from "../../src/cluster/nats_client.ts";
import { Identity, type Position } from "../../src/cluster/nats_identity.ts";

/** What NATS answers about a stream that it does not know. */
const MISSING = new JetStreamApiError({ code: 404, err_code: 10059, description: "stream not found" });

/** A stream that answers as it is told, and a check of it, with a clock of its own. */
class Harness implements Disposable {
  position: Position = { next: 6, firstMissing: 6, delivered: { sequence: 5, sender: "a:5" } };
  /** The state of the stream. */
  state = { first_seq: 1, last_seq: 5, messages: 5 };
  leader: string | undefined = "n1";
  created = "then";
  isMissing = false;
  /** The sender of each stored batch. */
  senders = new Map([[5, "a:5"]]);
  readonly events: string[] = [];
  readonly identity: Identity;
  readonly #timers = new FakeTimers();
  readonly #now = performance.now;
  #time = 0;

  constructor() {
    performance.now = () => this.#time;
    const streams = {
      info: () =>
        this.isMissing
          ? Promise.reject(MISSING)
          : Promise.resolve({ state: this.state, created: this.created, cluster: { leader: this.leader } }),
      getMessage: (_stream: string, { seq }: { seq: number }) => {
        const sender = this.senders.get(seq);
        return Promise.resolve(sender === undefined ? null : { header: new Map([["Tincan", sender]]) });
      },
    };
    const client = { connected: true, manager: { streams } } as unknown as NatsClient;
    this.identity = new Identity(client, "S", "then", () => this.position, {
      trusted: () => this.events.push("trusted"),
      stored: (last) => this.events.push(`stored ${last}`),
      lost: (kind, message) => this.events.push(`${kind}: ${message}`),
    });
  }

  /** Lets time pass, with the checks that it brings. */
  async pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      this.#time += 50;
      this.#timers.pass(50);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
    this.#timers[Symbol.dispose]();
  }
}

Deno.test("log identity: a stream without a leader is not believed", async () => {
  using harness = new Harness();
  harness.leader = undefined;
  harness.state = { first_seq: 1, last_seq: 2, messages: 2 };
  harness.identity.doubt();
  for (let count = 0; count < 100; count++) {
    assertEquals(await harness.identity.check(), undefined);
    await harness.pass(50);
  }
  assertEquals(harness.events, []);
  Object.assign(harness, { leader: "n2", state: { first_seq: 1, last_seq: 5, messages: 5 } });
  assertEquals(await harness.identity.check(), 5);
  assertEquals(harness.events, ["trusted", "stored 5"]);
});

Deno.test("log identity: a stream that seems to end too early is lost only when it does so for some time", async () => {
  using harness = new Harness();
  harness.state = { first_seq: 1, last_seq: 2, messages: 2 };
  await harness.identity.check();
  assertEquals(harness.identity.isTrusted, false);
  await harness.pass(2000);
  harness.state = { first_seq: 1, last_seq: 5, messages: 5 };
  await harness.pass(500);
  assertEquals([harness.identity.isTrusted, harness.identity.isLost], [true, false]);
  harness.state = { first_seq: 1, last_seq: 2, messages: 2 };
  await harness.identity.check();
  await harness.pass(2500);
  assertEquals(harness.identity.isLost, false);
  await harness.pass(1000);
  assertEquals(harness.events.at(-2), "behind: The stream S ends with batch 2, and batch 5 was delivered already.");
});

Deno.test("log identity: a stream that is missing is lost only when servers had time to load it", async () => {
  using harness = new Harness();
  harness.isMissing = true;
  await harness.identity.check();
  await harness.pass(14_000);
  assertEquals([harness.identity.isTrusted, harness.identity.isLost], [false, false]);
  harness.isMissing = false;
  await harness.pass(500);
  assertEquals([harness.identity.isTrusted, harness.identity.isLost], [true, false]);
  harness.isMissing = true;
  await harness.identity.check();
  await harness.pass(15_500);
  assertEquals(harness.events.at(-1), "replaced: The stream S was deleted.");
});

Deno.test("log identity: a stream that seems to be created again is lost only when servers had time to load it", async () => {
  using harness = new Harness();
  harness.created = "now";
  await harness.identity.check();
  await harness.pass(14_000);
  assertEquals([harness.identity.isTrusted, harness.identity.isLost], [false, false]);
  harness.created = "then";
  await harness.pass(500);
  assertEquals([harness.identity.isTrusted, harness.identity.isLost], [true, false]);
  harness.created = "now";
  await harness.identity.check();
  await harness.pass(15_500);
  assertEquals(
    harness.events.find((event) => event.startsWith("replaced")),
    "replaced: The stream S was deleted and created again.",
  );
});

Deno.test("log identity: a stream with another batch in the place of the last one is not trusted again", async () => {
  using harness = new Harness();
  harness.state = { first_seq: 1, last_seq: 9, messages: 9 };
  harness.senders.set(5, "b:1");
  harness.identity.doubt();
  await harness.pass(4000);
  assertEquals(harness.identity.isTrusted, false);
  assertEquals(
    harness.events.find((event) => event.startsWith("behind")),
    "behind: The stream S no longer has the batch 5 that was delivered already.",
  );
});

Deno.test("log identity: a doubt that comes up during a check is not settled by it", async () => {
  using harness = new Harness();
  const check = harness.identity.check();
  harness.identity.doubt();
  harness.identity.doubt(); // this one adds no check
  await check;
  assertEquals(harness.identity.isTrusted, false);
  await harness.identity.check();
  assertEquals(harness.identity.isTrusted, true);
});

Deno.test("log identity: a stream that has lost a batch between others is lost when the leader says so for some time", async () => {
  using harness = new Harness();
  harness.state = { first_seq: 1, last_seq: 9, messages: 8 };
  for (let passed = 0; passed < 3000; passed += 100) {
    await harness.identity.explain(6);
    assertEquals(harness.identity.isLost, false);
    await harness.pass(100);
  }
  await harness.identity.explain(6);
  assertEquals(harness.events.at(-1), "trimmed: The stream S has lost batch 6.");
});

Deno.test("log identity: a stream whose batches cannot be fetched for long is lost, as a permission may be missing", async () => {
  using harness = new Harness();
  harness.state = { first_seq: 1, last_seq: 9, messages: 9 };
  harness.senders.set(6, "a:6");
  for (let passed = 0; passed < 30_000; passed += 1000) {
    await harness.identity.explain(6);
    assertEquals(harness.identity.isLost, false);
    await harness.pass(1000);
  }
  await harness.identity.explain(6);
  assertEquals(
    harness.events.at(-1),
    "stream: NATS does not answer requests on $JS.API.DIRECT.GET.S. Permit the user of tincan to publish on it.",
  );
});

Deno.test("log identity: a stream that was trimmed up to a batch that was received already is not lost", async () => {
  using harness = new Harness();
  harness.position = { ...harness.position, firstMissing: 8 }; // 6 and 7 wait to be handled
  harness.state = { first_seq: 8, last_seq: 9, messages: 2 };
  await harness.identity.check();
  assertEquals(harness.identity.isTrusted, true);
  harness.state = { first_seq: 9, last_seq: 9, messages: 1 };
  await harness.identity.check();
  await harness.pass(4000);
  assertEquals(harness.events.at(-2), "trimmed: The stream S begins with batch 9 by now, and batch 8 is needed.");
});

Deno.test("log identity: a batch that the leader has, or that was received meanwhile, is not lost", async () => {
  using harness = new Harness();
  harness.state = { first_seq: 1, last_seq: 9, messages: 9 };
  harness.senders.set(6, "a:6");
  for (let count = 0; count < 100; count++) {
    await harness.identity.explain(6);
    await harness.pass(50);
  }
  harness.senders.delete(6);
  harness.position = { next: 7, firstMissing: 7, delivered: { sequence: 6, sender: "a:6" } };
  for (let count = 0; count < 100; count++) {
    await harness.identity.explain(6);
    await harness.pass(50);
  }
  assertEquals(harness.identity.isLost, false);
});
