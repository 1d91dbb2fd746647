import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/chat/member.ts";
import { PAUSE_MAX, STORAGE_BURST, STORAGE_RATE, StorageLimit } from "../../src/chat/storage_limit.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { assertRejected, ChatFixture, LastingHistory } from "./helpers.ts";

const MINUTE = 60_000;

/** The most members that one network may have, or as many of different networks. */
function members(count: number, networks: (n: number) => string[] = () => ["net", "wide"]): Member[] {
  const fixture = new ChatFixture();
  return Array.from({ length: count }, (_, n) => fixture.arrive(`m${n}`, [], { networks: networks(n) }));
}

/** The characters that flooding members have stored in a time, each saying a line whenever its client is read. */
function flood(limit: StorageLimit, flooders: readonly Member[], length: number, time: number): number {
  let stored = 0;
  const readAt = new Map<Member, number>();
  for (let now = 0; now < time; now += 100) { // ten lines per second each
    for (const member of flooders) {
      if ((readAt.get(member) ?? 0) > now) continue;
      const pause = limit.take(member, length, now);
      if (pause !== undefined) stored += length;
      readAt.set(member, now + (pause ?? 0));
    }
  }
  return stored;
}

const limits = { rate: STORAGE_RATE, members: 100 };

Deno.test("storage limit: a team behind one address does not reach it", () => {
  const limit = new StorageLimit(limits);
  const team = members(100);
  for (let now = 0; now < 60 * MINUTE; now += 10_000) { // a line of each per ten seconds
    for (const member of team) assertEquals(limit.take(member, 300, now), 0);
  }
});

Deno.test("storage limit: 95 connections of a network store at most its burst and twice its rate", () => {
  const stored = flood(new StorageLimit(limits), members(95), 8192, 30 * MINUTE);
  const most = STORAGE_BURST + 2 * 30 * STORAGE_RATE;
  assert(stored <= most && stored >= STORAGE_BURST, `${stored} of ${most}`);
});

Deno.test("storage limit: a long paste is read more slowly, and no line is rejected", () => {
  const limit = new StorageLimit(limits);
  const [member] = members(1);
  let [now, paused] = [0, 0];
  for (let n = 0; n < 5000; n++) {
    const pause = limit.take(member!, 8192, now);
    assert(pause !== undefined && pause <= PAUSE_MAX, `line ${n}: ${pause}`);
    paused += pause;
    now += 100 + pause;
  }
  assert(paused > 10 * MINUTE, `${paused} ms`);
});

Deno.test("storage limit: a flood does not silence others at the same address", () => {
  const limit = new StorageLimit(limits);
  const [honest, ...flooders] = members(96);
  let refusals = 0;
  for (let now = 0; now < 30 * MINUTE; now += 100) {
    for (const member of flooders) limit.take(member, 8192, now);
    if (now % 10_000 === 0) refusals += limit.take(honest!, 300, now) === undefined ? 1 : 0;
  }
  assertEquals(refusals, 0);
});

Deno.test("storage limit: an account has one limit, whatever networks it writes from", () => {
  const limit = new StorageLimit(limits);
  const one = members(200, (n) => [`net${n}`]);
  for (const member of one) member.account = "Alice";
  const stored = flood(limit, one, 8192, MINUTE);
  const most = STORAGE_BURST + STORAGE_RATE + 200 * 1024 + MINUTE / 1000 * 200 * STORAGE_RATE / 6000;
  assert(stored <= most, `${stored} of ${most}`);
});

Deno.test("storage limit: the networks of a wider one share a multiple of the limit", () => {
  const limit = new StorageLimit(limits);
  const one = members(1000, (n) => [`net${n}`, "wide"]);
  const stored = flood(limit, one, 8192, 10 * MINUTE);
  const most = 2 * 4 * (STORAGE_BURST + 10 * STORAGE_RATE);
  assert(stored <= most, `${stored} of ${most}`);
});

Deno.test("storage limit: a line beyond it is rejected after the client was read more slowly", () => {
  const fixture = new ChatFixture({
    history: new LastingHistory(),
    storage: { rate: 60_000, members: 10 },
    keepPrivate: "all",
  });
  const [alice, bob] = [fixture.enter("alice", "#room"), fixture.enter("bob", "#room")];
  let pauses = 0;
  alice.sessions[0]!.outlet.pause = () => pauses++;
  const line = "x".repeat(4000);
  for (let n = 0; n < 200 && pauses < 1; n++) fixture.say(alice, "#room", line);
  assertEquals(pauses, 1);
  const says = () => {
    for (let n = 0; n < 200; n++) fixture.say(alice, "#room", line);
  };
  assertRejected("stored-too-much", "#room", says);
  fixture.heard(bob);
  assertRejected("stored-too-much", "#room", () => fixture.say(alice, "#room", line));
  assertRejected("stored-too-much", "bob", () => fixture.chat.whisper(alice, "bob", line));
  assertEquals(fixture.heard(bob), []);
  fixture.heard(alice);
  fixture.say(bob, "#room", "still here"); // from the same host
  assertEquals(fixture.heard(alice).length, 1);
});

Deno.test("storage limit: lines that are not stored on disk do not count", () => {
  for (const history of [new MemoryHistory(), new LastingHistory()]) {
    const storage = { rate: history.persistent ? Infinity : 1000, members: 10 };
    const fixture = new ChatFixture({ history, storage });
    const alice = fixture.enter("alice", "#room");
    for (let n = 0; n < 1000; n++) fixture.say(alice, "#room", "x".repeat(1000));
  }
});
