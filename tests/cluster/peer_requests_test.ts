/** Questions to peers, on a real server. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CHUNK_MAX, CHUNK_TIMEOUT, QUESTIONS_MAX } from "../../src/cluster/log_limits.ts";
import { PeerError } from "../../src/cluster/peer_requests.ts";
import { bytes, RecordedLog, textOf } from "./helpers.ts";
import { NatsServer } from "./nats.ts";

/** All chunks of an answer. */
async function answer(log: RecordedLog, topic: string, question = "?"): Promise<Uint8Array[]> {
  return await Array.fromAsync(log.log.ask(topic, bytes(question)));
}

Deno.test("peers: one of the peers that serve a topic answers, in chunks of any size up to the limit", async () => {
  await using nats = await NatsServer.start();
  using asker = await RecordedLog.open(nats.url);
  using one = await RecordedLog.open(nats.url);
  using two = await RecordedLog.open(nats.url);
  const largest = new Uint8Array(CHUNK_MAX).fill(7);
  const asked: string[] = [];
  for (const [name, peer] of Object.entries({ one, two })) {
    peer.log.serve("snap", function* (question) {
      asked.push(name);
      yield bytes(`for ${textOf(question)}`);
      yield new Uint8Array(0);
      yield largest;
    });
    await peer.log.range(); // the subscription is made before this is answered
  }
  for (let count = 0; count < 20; count++) {
    const [first, second, third, ...rest] = await answer(asker, "snap", "me");
    assertEquals([textOf(first!), second!.length, rest.length], ["for me", 0, 0]);
    assertEquals(third, largest);
  }
  assertEquals(asked.length, 20);
  assertEquals(new Set(asked), new Set(["one", "two"]));
});

Deno.test("peers: a question is rejected with the reason when no peer answers it", async () => {
  await using nats = await NatsServer.start();
  using asker = await RecordedLog.open(nats.url);
  using peer = await RecordedLog.open(nats.url);
  const rejected = async (topic: string) => (await assertRejects(() => answer(asker, topic), PeerError)).message;
  assertEquals(await rejected("snap"), "Cannot get an answer of a peer: no peer is there to answer");
  peer.log.serve("snap", () => {
    throw new Error("not joined yet");
  });
  peer.log.serve("partly", async function* () {
    yield bytes("a");
    await Promise.resolve();
    throw new Error("broken");
  });
  peer.log.serve("large", () => [new Uint8Array(CHUNK_MAX + 1)]);
  await peer.log.range();
  assertEquals(await rejected("snap"), "Cannot get an answer of a peer: not joined yet");
  assertEquals(await rejected("partly"), "Cannot get an answer of a peer: broken");
  assertEquals(await rejected("large"), "Cannot get an answer of a peer: a chunk has at most 524288 bytes");
  peer.log.serve("snap", undefined);
  await peer.log.range();
  assertEquals(await rejected("snap"), "Cannot get an answer of a peer: no peer is there to answer");
  await assertRejects(() => Array.fromAsync(asker.log.ask("snap", new Uint8Array(CHUNK_MAX + 1))), RangeError);
});

Deno.test("peers: an answer goes no faster than it is used, and ends when the asker leaves", async () => {
  await using nats = await NatsServer.start();
  using asker = await RecordedLog.open(nats.url);
  using peer = await RecordedLog.open(nats.url);
  let made = 0;
  const ended = Promise.withResolvers<void>();
  peer.log.serve("snap", function* () {
    try {
      for (;;) yield bytes(`${++made}`);
    } finally {
      ended.resolve();
    }
  });
  await peer.log.range();
  for await (const chunk of asker.log.ask("snap", bytes("?"))) {
    await Promise.all([asker.log.range(), peer.log.range()]);
    assertEquals([textOf(chunk), made], [`${made}`, made]);
    if (made === 3) break;
  }
  const left = performance.now();
  await ended.promise;
  assert(performance.now() - left < CHUNK_TIMEOUT / 2); // the peer was told, and did not wait for it
  assertEquals(made, 3);
});

Deno.test("peers: questions over the limit are rejected, and so are those that a busy peer gets", async () => {
  await using nats = await NatsServer.start();
  using asker = await RecordedLog.open(nats.url);
  using peer = await RecordedLog.open(nats.url);
  const go = Promise.withResolvers<void>();
  peer.log.serve("snap", async function* () {
    await go.promise;
    yield bytes("a");
  });
  await peer.log.range();
  const results = Array.from({ length: QUESTIONS_MAX + 3 }, () => answer(asker, "snap").then(() => "answered", String));
  // The rejections come before the answers.
  for (let rejected = 0; rejected < QUESTIONS_MAX + 3 - 4; rejected++) await Promise.race(results);
  await Promise.all([asker.log.range(), peer.log.range()]);
  go.resolve();
  const counts = Object.groupBy(await Promise.all(results), (result) => result);
  assertEquals(Object.fromEntries(Object.entries(counts).map(([text, all]) => [text, all!.length])), {
    "answered": 4,
    "PeerError: Cannot get an answer of a peer: the peer is busy": QUESTIONS_MAX - 4,
    "PeerError: Cannot get an answer of a peer: more than 16 questions at the same time": 3,
  });
});
