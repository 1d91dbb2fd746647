/**
 * When a client of the text port is greeted: at its first line, or after a moment of silence; never if it is gone before, or
 * speaks another protocol.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { type AuthOptions, AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { FakeTimers } from "../../fake_timers.ts";
import { orderly } from "../orderly.ts";

/** A length that no other timer has, in milliseconds. */
const DELAY = 47;

/** One client of a text port that waits before it greets. */
class Arrival {
  readonly hub = new LocalChat({ history: new MemoryHistory() });
  readonly connection = new FakeConnection();
  readonly over: Promise<void>;

  constructor(options: AuthOptions = {}) {
    const door = {
      chat: this.hub,
      auth: new AuthService(options),
      moderation: orderly(),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      greetingDelay: DELAY,
      registrationTime: 30_000,
      format: textFormat(100),
      hostOf: () => "host",
      name: "tincan",
      motd: () => [],
      answerMax: 1e6,
    };
    this.over = text(this.connection, door, () => {});
  }

  /** What it was sent since the last time. */
  hears(): string[] {
    this.hub.flush();
    return this.connection.take();
  }

  /** Lets the delay go by. The second step of it is a timer of 0, which is real. */
  async wait(timers: FakeTimers): Promise<void> {
    timers.pass(DELAY);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async leave(): Promise<void> {
    this.connection.leave();
    await this.over;
  }
}

Deno.test("text: a client that says nothing is greeted after the delay, and not before", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  assertEquals([arrival.hears(), arrival.hub.members.size], [[], 0]);
  await arrival.wait(timers);
  assertMatch(arrival.hears()[0]!, /^-- Welcome to tincan\. You are guest1/);
  assertEquals(timers.size, 0);
  await arrival.leave();
});

Deno.test("text: a client is greeted at once when its first line comes, and the line is said", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  await arrival.connection.says("", "hello");
  assertEquals(timers.size, 0);
  const [greeting, said] = arrival.hears();
  assertMatch(greeting!, /^-- Welcome/);
  assertEquals(said, "<guest1> hello");
  await arrival.leave();
});

Deno.test("text: a first line that is too long has the client greeted and told", async () => {
  using _timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  arrival.connection.onTooLong();
  const [greeting, told] = arrival.hears();
  assertMatch(greeting!, /^-- Welcome/);
  assertMatch(told!, /^-- That line had more than 64 bytes/);
  await arrival.leave();
});

Deno.test("text: no room is told of a client that is rejected or leaves before it is greeted", async () => {
  for (const end of [(it: FakeConnection) => it.reject("HTTP"), (it: FakeConnection) => it.leave()]) {
    using timers = new FakeTimers(DELAY);
    const arrival = new Arrival();
    let members = 0;
    const connect = arrival.hub.connect.bind(arrival.hub);
    arrival.hub.connect = (...all) => (members++, connect(...all));
    end(arrival.connection);
    await arrival.over;
    await arrival.wait(timers);
    assertEquals([members, arrival.hears(), timers.size], [0, [], 0]);
  }
});

Deno.test("text: a client that is closed, and not yet gone, is not greeted any more", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  arrival.connection.ending = "server stopping"; // what is queued goes out, and the client may take its time to hang up
  await arrival.wait(timers);
  assertEquals([arrival.hears(), arrival.hub.members.size], [[], 0]);
  await arrival.leave();
});

Deno.test("text: where a password is wanted, a client that is rejected is neither asked for it nor counted as wrong", async () => {
  using timers = new FakeTimers(DELAY);
  const rejected = new Arrival({ password: "open sesame" });
  rejected.connection.reject("HTTP");
  await rejected.over;
  assertEquals([rejected.connection.hidden, rejected.hears()], [false, []]);

  const silent = new Arrival({ password: "open sesame" });
  await silent.wait(timers);
  assertEquals([silent.connection.hidden, silent.hears()], [true, ["-- Password, please:"]]);
  await silent.leave();
});
