/** A client is greeted at its first line or after a delay; never, if it has left or speaks another protocol. */
import { assertEquals, assertMatch } from "@std/assert";
import { type AuthOptions, AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { FakeTimers } from "../../fake_timers.ts";
import { fakeModeration } from "../fake_moderation.ts";

/** The delay in milliseconds. No other timer has this length. */
const DELAY = 47;

/** One client of a text port that waits before it greets. */
class Arrival {
  readonly chat = new LocalChat({ history: new MemoryHistory() });
  readonly connection = new FakeConnection();
  readonly over: Promise<void>;

  constructor(auth: AuthOptions = {}) {
    const options = {
      chat: this.chat,
      auth: new AuthService(auth),
      moderation: fakeModeration(),
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
    this.over = text(this.connection, options, () => {});
  }

  /** What it has received since the last call. */
  hears(): string[] {
    this.chat.flush();
    return this.connection.take();
  }

  /** Lets the delay pass. Its second timer, of 0, is a real one. */
  async wait(timers: FakeTimers): Promise<void> {
    timers.pass(DELAY);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async leave(): Promise<void> {
    this.connection.leave();
    await this.over;
  }
}

Deno.test("greeting: a silent client is greeted after the delay, and not before", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  assertEquals([arrival.hears(), arrival.chat.members.size], [[], 0]);
  await arrival.wait(timers);
  const [welcome, client, ...more] = arrival.hears();
  assertMatch(welcome!, /^-- Welcome to tincan\. You are guest1/);
  assertEquals([client, ...more], ["-- More comfortable than nc and telnet: tincan connect HOST"]);
  assertEquals(timers.size, 0);
  await arrival.leave();
});

Deno.test("greeting: a client is greeted at its first line, without a hint at another client, and the line is said", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  await arrival.connection.says("");
  assertEquals([arrival.hears(), timers.size], [[], 1]);
  await arrival.connection.says("hello");
  assertEquals(timers.size, 0);
  const [greeting, ...said] = arrival.hears();
  assertMatch(greeting!, /^-- Welcome/);
  assertEquals(said, ["<guest1> hello"]);
  await arrival.leave();
});

Deno.test("greeting: /nick as the first line gives the nickname, before the greeting or after it", async () => {
  for (const waits of [false, true]) {
    using timers = new FakeTimers(DELAY);
    const arrival = new Arrival();
    if (waits) await arrival.wait(timers);
    await arrival.connection.says("/nick alice", "hello");
    assertEquals(arrival.hears().slice(waits ? 2 : 1), ["-- guest1 is now alice", "<alice> hello"]);
    await arrival.leave();
  }
});

Deno.test("greeting: a client that has waited for the password prompt is told of a better client, after the password", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival({ password: "open sesame" });
  await arrival.wait(timers);
  await arrival.connection.says("open sesame", "hello");
  const [prompt, welcome, client, said] = arrival.hears();
  assertEquals([prompt, welcome!.slice(0, 10)], ["-- Password, please:", "-- Welcome"]);
  assertMatch(client!, /tincan connect HOST$/);
  assertEquals(said, "<guest1> hello");
  await arrival.leave();
});

Deno.test("greeting: a client whose first line is too long is greeted and gets a reply", async () => {
  using _timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  arrival.connection.onTooLong();
  const [greeting, told] = arrival.hears();
  assertMatch(greeting!, /^-- Welcome/);
  assertMatch(told!, /^-- Line too long, not sent: at most 64 bytes/);
  await arrival.leave();
});

Deno.test("greeting: a client that is rejected or leaves before the delay never becomes a member", async () => {
  for (const end of [(it: FakeConnection) => it.reject("HTTP"), (it: FakeConnection) => it.leave()]) {
    using timers = new FakeTimers(DELAY);
    const arrival = new Arrival();
    let members = 0;
    const connect = arrival.chat.connect.bind(arrival.chat);
    arrival.chat.connect = (...all) => (members++, connect(...all));
    end(arrival.connection);
    await arrival.over;
    await arrival.wait(timers);
    assertEquals([members, arrival.hears(), timers.size], [0, [], 0]);
  }
});

Deno.test("greeting: a late event loop reads first what the client has sent in the meantime", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  timers.pass(DELAY);
  arrival.connection.reject("HTTP");
  await arrival.over;
  assertEquals([arrival.hears(), arrival.chat.peak], [[], 0]);
});

Deno.test("greeting: a client whose connection is closing is not greeted", async () => {
  using timers = new FakeTimers(DELAY);
  const arrival = new Arrival();
  arrival.connection.closeReason = "server stopping"; // queued lines are still sent, so the connection lasts
  await arrival.wait(timers);
  assertEquals([arrival.hears(), arrival.chat.members.size], [[], 0]);
  await arrival.leave();
});

Deno.test("greeting: a client that is rejected is not asked for the server password", async () => {
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
