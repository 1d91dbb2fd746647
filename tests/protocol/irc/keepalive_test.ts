/** Who is still there: asked when silent, let go of when there is no answer, or no name. */
import { assertEquals } from "@std/assert";
import {
  Keepalive,
  type KeepaliveTarget,
  PING_TIME,
  PONG_TIME,
  REGISTRATION_TIME,
} from "../../../src/protocol/irc/keepalive.ts";

/** A client that writes down what is done to it. */
class Client implements KeepaliveTarget {
  heardAt = 0;
  pingedAt: number | undefined;
  readonly log: string[] = [];

  constructor(public registered = true, readonly since = 0) {}

  ping(): void {
    this.log.push("ping");
  }

  close(reason: string): void {
    this.log.push(reason);
  }
}

/** Has clients looked at, at some times, and stops looking. */
function look(clients: readonly Client[], ...times: number[]): string[][] {
  const keepalive = new Keepalive();
  for (const client of clients) keepalive.add(client);
  for (const time of times) keepalive.check(time);
  for (const client of clients) keepalive.delete(client);
  return clients.map(({ log }) => log);
}

Deno.test("who is silent is asked once, when it is time", () => {
  assertEquals(look([new Client()], 0, PING_TIME - 1), [[]]);
  assertEquals(look([new Client()], PING_TIME, PING_TIME + 1, PING_TIME + PONG_TIME - 1), [["ping"]]);
});

Deno.test("who does not answer is let go of; the time to do so begins with the question, however late that came", () => {
  const late = PING_TIME + 4000;
  assertEquals(look([new Client()], late, late + PONG_TIME - 1), [["ping"]]);
  assertEquals(look([new Client()], late, late + PONG_TIME), [["ping", "Ping timeout: 184 seconds"]]);
});

Deno.test("who answers, or says anything, is asked again only after another silence", () => {
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

Deno.test("who does not say who they are is let go of, counted from when they came, and is never asked", () => {
  assertEquals(look([new Client(false, 1000)], 1000 + REGISTRATION_TIME - 1), [[]]);
  assertEquals(look([new Client(false, 1000)], 1000 + REGISTRATION_TIME), [["Registration timed out"]]);
  const talkative = new Client(false);
  talkative.heardAt = REGISTRATION_TIME;
  assertEquals(look([talkative], 0, REGISTRATION_TIME), [["Registration timed out"]]);
});

Deno.test("each client has times of its own, and who is gone is looked at no more", () => {
  const [silent, heard, gone] = [new Client(), new Client(), new Client()];
  heard.heardAt = 1;
  assertEquals(look([silent, heard], PING_TIME), [["ping"], []]);
  const keepalive = new Keepalive();
  keepalive.add(gone);
  keepalive.delete(gone);
  keepalive.delete(gone);
  keepalive.check(PING_TIME);
  assertEquals(gone.log, []);
});

Deno.test("a client may go while all are looked at", () => {
  const keepalive = new Keepalive();
  const [one, two] = [new Client(), new Client()];
  one.ping = () => keepalive.delete(one);
  keepalive.add(one);
  keepalive.add(two);
  keepalive.check(PING_TIME);
  assertEquals(two.log, ["ping"]);
  keepalive.delete(two);
});

Deno.test("there is a timer for as long as there is a client, one for all, as fine as the time to register needs", () => {
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
