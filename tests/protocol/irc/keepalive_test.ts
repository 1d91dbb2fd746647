/** Keepalive: PING, ping timeout and registration timeout. */
import { assertEquals } from "@std/assert";
import {
  Keepalive,
  type KeepaliveTarget,
  PING_TIME,
  PONG_TIME,
  REGISTRATION_TIME,
  REGISTRATION_TIMEOUT,
  SAFE_RATE,
} from "../../../src/protocol/irc/keepalive.ts";

/** A client that records the calls. */
class Client implements KeepaliveTarget {
  heardAt = 0;
  pingedAt: number | undefined;
  queued = 0;
  readonly unregisteredReason = REGISTRATION_TIMEOUT;
  readonly log: string[] = [];

  constructor(public registered = true, readonly since = 0) {}

  ping(): void {
    this.log.push("ping");
  }

  close(ending: string, words?: string): void {
    this.log.push(words === undefined ? ending : `${ending}: ${words}`);
  }
}

/** Checks clients at some times, and returns what was done to each. */
function check(clients: readonly Client[], ...times: number[]): string[][] {
  const keepalive = new Keepalive();
  for (const client of clients) keepalive.add(client);
  for (const time of times) keepalive.check(time);
  for (const client of clients) keepalive.delete(client);
  return clients.map(({ log }) => log);
}

Deno.test("keepalive: sends one PING when a client has been silent for long enough", () => {
  assertEquals(check([new Client()], 0, PING_TIME - 1), [[]]);
  assertEquals(check([new Client()], PING_TIME, PING_TIME + 1, PING_TIME + PONG_TIME - 1), [["ping"]]);
});

Deno.test("keepalive: closes the connection when no reply comes in time after the PING, however late that was sent", () => {
  const late = PING_TIME + 4000;
  assertEquals(check([new Client()], late, late + PONG_TIME - 1), [["ping"]]);
  assertEquals(check([new Client()], late, late + PONG_TIME), [["ping", "ping timeout: Ping timeout: 184 seconds"]]);
});

Deno.test("keepalive: a client is never taken for silent when its lines are read no faster than SAFERATE promises", () => {
  const keepalive = new Keepalive();
  const client = new Client();
  keepalive.add(client);
  for (let time = 0; time < 10 * (PING_TIME + PONG_TIME); time += 1000 / SAFE_RATE) {
    client.heardAt = time;
    keepalive.check(time + 1000 / SAFE_RATE - 1);
  }
  assertEquals(client.log, []);
  keepalive.delete(client);
});

Deno.test("keepalive: the time to reply does not pass while lines wait to be sent to the client", () => {
  const keepalive = new Keepalive();
  const client = new Client();
  keepalive.add(client);
  keepalive.check(PING_TIME);
  client.queued = 8_000_000;
  const sent = PING_TIME + 10 * PONG_TIME;
  for (let time = PING_TIME; time <= sent; time += 5000) keepalive.check(time);
  client.queued = 0;
  keepalive.check(sent + PONG_TIME - 1);
  assertEquals(client.log, ["ping"], "the PING has only now reached it");
  keepalive.check(sent + PONG_TIME);
  assertEquals(client.log.length, 2);
  keepalive.delete(client);
});

Deno.test("keepalive: the time to reply goes on when lines have waited for a moment", () => {
  const keepalive = new Keepalive();
  const client = new Client();
  keepalive.add(client);
  keepalive.check(PING_TIME);
  keepalive.check(PING_TIME + PONG_TIME - 5000);
  client.queued = 1000;
  keepalive.check(PING_TIME + PONG_TIME);
  client.queued = 0;
  keepalive.check(PING_TIME + PONG_TIME + 4999);
  assertEquals(client.log, ["ping"]);
  keepalive.check(PING_TIME + PONG_TIME + 5000);
  assertEquals(client.log.length, 2);
  keepalive.delete(client);
});

Deno.test("keepalive: sends no other PING before another silence when the client has sent a line", () => {
  const keepalive = new Keepalive();
  const client = new Client();
  keepalive.add(client);
  keepalive.check(PING_TIME);
  client.heardAt = PING_TIME + 1000;
  client.pingedAt = undefined;
  keepalive.check(PING_TIME + PONG_TIME);
  keepalive.check(2 * PING_TIME + 999);
  assertEquals(client.log, ["ping"]);
  keepalive.check(2 * PING_TIME + 1000);
  assertEquals(client.log, ["ping", "ping"]);
  keepalive.delete(client);
});

Deno.test("keepalive: closes an unregistered connection some time after it was opened, without a PING", () => {
  assertEquals(check([new Client(false, 1000)], 1000 + REGISTRATION_TIME - 1), [[]]);
  assertEquals(check([new Client(false, 1000)], 1000 + REGISTRATION_TIME), [["Registration timed out"]]);
  const talkative = new Client(false);
  talkative.heardAt = REGISTRATION_TIME;
  assertEquals(check([talkative], 0, REGISTRATION_TIME), [["Registration timed out"]]);
});

Deno.test("keepalive: checks each client by its own times, and none that was removed", () => {
  const [silent, heard, gone] = [new Client(), new Client(), new Client()];
  heard.heardAt = 1;
  assertEquals(check([silent, heard], PING_TIME), [["ping"], []]);
  const keepalive = new Keepalive();
  keepalive.add(gone);
  keepalive.delete(gone);
  keepalive.delete(gone);
  keepalive.check(PING_TIME);
  assertEquals(gone.log, []);
});

Deno.test("keepalive: checks all others when a client is removed during the check", () => {
  const keepalive = new Keepalive();
  const [one, two] = [new Client(), new Client()];
  one.ping = () => keepalive.delete(one);
  keepalive.add(one);
  keepalive.add(two);
  keepalive.check(PING_TIME);
  assertEquals(two.log, ["ping"]);
  keepalive.delete(two);
});

Deno.test("keepalive: one timer runs while there are clients, at an interval that suits the registration time", () => {
  const { setInterval, clearInterval, performance } = globalThis;
  const timers = new Map<number, () => void>();
  const every: number[] = [];
  const now = performance.now;
  let made = 0;
  const make = (run: () => void, time: number) => {
    every.push(time);
    timers.set(++made, run);
    return made;
  };
  try {
    globalThis.setInterval = make as unknown as typeof setInterval;
    globalThis.clearInterval = (timer) => void timers.delete(Number(timer));
    performance.now = () => PING_TIME;
    const keepalive = new Keepalive();
    const [one, two] = [new Client(), new Client()];
    assertEquals(timers.size, 0);
    keepalive.add(one);
    keepalive.add(two);
    assertEquals([timers.size, made], [1, 1]);
    timers.get(1)!();
    assertEquals([one.log, two.log], [["ping"], ["ping"]]);
    keepalive.delete(one);
    assertEquals(timers.size, 1);
    keepalive.delete(two);
    assertEquals(timers.size, 0);
    keepalive.add(one);
    assertEquals([timers.size, made], [1, 2]);
    keepalive.delete(one);
    for (const time of [1000, 600_000]) {
      const other = new Keepalive(time);
      other.add(one);
      other.delete(one);
    }
    assertEquals(every, [3000, 3000, 100, 5000]);
  } finally {
    globalThis.setInterval = setInterval;
    globalThis.clearInterval = clearInterval;
    performance.now = now;
  }
});
