import { assertEquals } from "@std/assert";
import {
  RENAMES_SHARE,
  ROOMS_MADE_SHARES,
  WRONG_KEYS_AGAIN,
  WRONG_KEYS_AT_ONCE,
  WRONG_KEYS_MAX,
  WRONG_KEYS_SHARES,
} from "../../src/chat/rate_limits.ts";
import { networksOf } from "../../src/util/address_ranges.ts";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import { assertRejected, ChatFixture } from "./helpers.ts";

/** A member that connects from an address. */
function from(fixture: ChatFixture, address: string, nick?: string) {
  return fixture.arrive(nick ?? fixture.chat.guestName(), [], { host: address, networks: networksOf(address) });
}

/** The code of the error that a request is rejected with, if it is. */
function rejectionOf(run: () => unknown): ChatErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ChatError) return error.code;
    throw error;
  }
}

/** A monotonic clock that stands still until `now` is set. */
class FakeTime implements Disposable {
  now = performance.now();
  readonly #real = performance.now;

  constructor() {
    performance.now = () => this.now;
  }

  [Symbol.dispose](): void {
    performance.now = this.#real;
  }
}

/** Creates a room with the key `sesame`. */
function locked(fixture: ChatFixture, room: string) {
  const owner = fixture.arrive(`owner-${room.slice(1)}`, [], { host: "owner" });
  fixture.chat.join(owner, room);
  fixture.mode(owner, room, "+k sesame");
}

Deno.test("rate limits: each rejection is reported once", () => {
  const told: string[] = [];
  const fixture = new ChatFixture({
    renames: 1,
    roomsMade: 1,
    observer: { rateLimited: ({ nick }, code) => void told.push(`${nick} ${code}`) },
  });
  const alice = fixture.enter("alice");
  fixture.chat.rename(alice, "alicia");
  fixture.chat.join(alice, "#one");
  assertEquals(told, []);
  assertRejected("nicks-too-fast", "alba", () => fixture.chat.rename(alice, "alba"));
  assertRejected("rooms-too-fast", "#two", () => fixture.chat.join(alice, "#two"));
  assertRejected("rooms-too-fast", "#two", () => fixture.chat.join(alice, "#two"));
  assertEquals(told, ["alicia nicks-too-fast", "alicia rooms-too-fast", "alicia rooms-too-fast"]);
});

Deno.test("rate limits: nickname changes are limited per minute, and a change to the same one does not count", () => {
  const fixture = new ChatFixture({ renames: 2 });
  const alice = fixture.enter("alice");
  fixture.chat.rename(alice, "alicia");
  fixture.chat.rename(alice, "alicia");
  fixture.chat.rename(alice, "alison");
  assertRejected("nicks-too-fast", "alba", () => fixture.chat.rename(alice, "alba"));
  assertEquals(alice.nick, "alison");
  fixture.chat.rename(fixture.enter("bob"), "bobby");
});

Deno.test("rate limits: new rooms are limited per host and hour, and joining existing ones is not", () => {
  const fixture = new ChatFixture({ roomsMade: 2 });
  const [alice, bob] = [fixture.enter("alice"), fixture.enter("bob")];
  fixture.chat.join(alice, "#one");
  fixture.chat.join(bob, "#two");
  assertRejected("rooms-too-fast", "#three", () => fixture.chat.join(alice, "#three"));
  fixture.chat.join(alice, "#two");
  const elsewhere = fixture.arrive("carol", [], { host: "elsewhere" });
  fixture.chat.join(elsewhere, "#three");
  assertEquals(fixture.rooms(), ["#lobby", "#one", "#two", "#three"]);
});
Deno.test("rate limits: members that guess keys do not lock out others of their network", () => {
  const told: string[] = [];
  const fixture = new ChatFixture({ observer: { rateLimited: ({ nick }, code) => void told.push(`${nick} ${code}`) } });
  locked(fixture, "#den");
  const bob = from(fixture, "192.0.2.1", "bob");
  for (let n = 0; n <= WRONG_KEYS_AGAIN - 1; n++) {
    assertRejected("wrong-key", "#den", () => fixture.chat.join(bob, "#den", `guess${n}`));
    assertRejected("wrong-key", "#den", () => fixture.chat.join(bob, "#den")); // without a key, it does not count
  }
  assertEquals(told, []);
  for (let n = 0; n < 1000; n++) {
    assertRejected("keys-too-fast", "#den", () => fixture.chat.join(bob, "#den", `more${n}`));
  }
  assertRejected("keys-too-fast", "#den", () => fixture.chat.join(bob, "#den", "sesame"));
  assertEquals(new Set(told), new Set(["bob keys-too-fast"]));
  for (let n = 0; n < 30; n++) {
    const guesser = from(fixture, "192.0.2.1");
    assertRejected("wrong-key", "#den", () => fixture.chat.join(guesser, "#den", `guess${n}`));
    assertRejected("keys-too-fast", "#den", () => fixture.chat.join(guesser, "#den", "again"));
  }
  fixture.chat.join(from(fixture, "192.0.2.1", "carol"), "#den", "sesame");
});

Deno.test("rate limits: wrong keys are limited per network and room", () => {
  using time = new FakeTime();
  const fixture = new ChatFixture({});
  locked(fixture, "#den");
  locked(fixture, "#cave");
  const guess = () => rejectionOf(() => fixture.chat.join(from(fixture, "192.0.2.1"), "#den", "guess"));
  const guesses = () => {
    for (let count = 0;; count++) if (guess() !== "wrong-key") return count;
  };
  assertEquals(guesses(), WRONG_KEYS_AT_ONCE);
  time.now += 60_000;
  assertEquals(guesses(), WRONG_KEYS_MAX);
  fixture.chat.join(from(fixture, "192.0.2.1"), "#cave", "sesame"); // each room has a limit of its own
  fixture.chat.join(from(fixture, "198.51.100.1"), "#den", "sesame");
  const dave = from(fixture, "192.0.2.1", "dave");
  fixture.chat.invite(fixture.chat.find("owner-den"), fixture.chat.findRoom("#den"), "dave"); // an invited member needs no key
  fixture.chat.join(dave, "#den");
});

Deno.test("rate limits: the networks of an IPv6 /48 share a limit of wrong keys", () => {
  const fixture = new ChatFixture({});
  locked(fixture, "#den");
  let count = 0;
  for (let n = 0; n < 2000; n++) {
    const guesser = from(fixture, `2001:db8:0:${n.toString(16)}::1`);
    if (rejectionOf(() => fixture.chat.join(guesser, "#den", `guess${n}`)) === "wrong-key") count++;
  }
  assertEquals(count, WRONG_KEYS_SHARES[2]! * WRONG_KEYS_AT_ONCE);
});

Deno.test("rate limits: the networks of an IPv6 /48 share a limit of new rooms", () => {
  const fixture = new ChatFixture({ roomsMade: 2 });
  let count = 0;
  for (let n = 0; n < 500; n++) {
    const member = from(fixture, `2001:db8:0:${(100 * n).toString(16)}::1`);
    if (rejectionOf(() => fixture.chat.join(member, `#room${n}`)) === undefined) count++;
  }
  assertEquals(count, ROOMS_MADE_SHARES[2]! * 2);
  fixture.chat.join(from(fixture, "2001:db9::1"), "#elsewhere");
});

Deno.test("rate limits: the members of a network share a limit of nickname changes, also after reconnecting", () => {
  const fixture = new ChatFixture({ renames: 2 });
  let count = 0;
  for (let n = 0; n < 100; n++) {
    const member = from(fixture, "192.0.2.1");
    if (rejectionOf(() => fixture.chat.rename(member, `name${n}`)) === undefined) count++;
    fixture.chat.remove(member);
  }
  assertEquals(count, RENAMES_SHARE * 2);
  fixture.chat.rename(from(fixture, "198.51.100.1"), "other");
});
