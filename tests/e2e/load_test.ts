/**
 * The promises under load, and clients that do all they can to break them. No speed is tested here: only that nothing is
 * lost or out of order, nobody is held up, and what one client can make the server keep is bounded.
 */
import { assert, assertEquals } from "@std/assert";
import { listenTcp } from "../../src/transport/tcp.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { tcpOptions } from "../transport/ports.ts";
import { test } from "./forms.ts";
import { Client, notInstalled, type Program, start, within } from "./harness.ts";

/** How many clients are on the machine that stops. */
const STOPPED = 1000;

const UNBOUND = ["--rate", "off", "--max-per-ip", "off", "--log-rate", "off"];

/** Connects many clients, and reads the greeting of each. */
async function crowd(server: Program, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(50, count - clients.length) }, () => Client.join(server.port));
    clients.push(...await Promise.all(some));
  }
  return clients;
}

function leave(clients: Client[]) {
  for (const client of clients) client[Symbol.dispose]();
}

test("each line arrives once, in the order of its sender, while everybody talks", async (form) => {
  await using server = await start(form, [...UNBOUND, "--announce", "0"]);
  const clients = await crowd(server, 300);
  const count = 20; // lines from each
  await Promise.all(clients.map(async (client, who) => {
    for (let n = 0; n < count; n++) await client.send(`${who} ${n}`);
  }));
  const orders = await Promise.all(
    clients.slice(0, 30).map(async (client) => {
      const next = new Map<string, number>(); // of each sender, the number that comes next
      const order: string[] = [];
      for (let got = 0; got < count * clients.length; got++) {
        const line = await client.until(/^<guest\d+> \d+ \d+$/);
        const [, who = "", n] = /> (\d+) (\d+)$/.exec(line)!;
        assertEquals(Number(n), next.get(who) ?? 0, `of client ${who}`);
        next.set(who, Number(n) + 1);
        order.push(line);
      }
      return order.join("\n");
    }),
  );
  assertEquals(new Set(orders).size, 1, "everybody got the same lines in the same order");
  leave(clients);
});

test("an answer does not overtake what the room has said before", async (form) => {
  await using server = await start(form, UNBOUND);
  const clients = await crowd(server, 50);
  const [alice] = clients as [Client];
  for (let n = 0; n < 200; n++) await alice.send(`before ${n}`, "/ping", `/msg guest1 after ${n}`);
  for (let n = 0; n < 200; n++) {
    const seen = [];
    while (seen.length < 4) {
      const line = await alice.until(/before|Pong|after/);
      seen.push(line.replace(/ \d+$/, ""));
    }
    assertEquals(seen, ["<guest1> before", "-- Pong.", "*guest1* after", "-> *guest1* after"]);
  }
  leave(clients);
});

test("who floods without reading is bounded, and the others talk on", async (form) => {
  await using server = await start(form, [...UNBOUND, "--log-level", "debug"]);
  await server.warm();
  const clients = await crowd(server, 2);
  const [alice, bob] = clients as [Client, Client];
  const before = server.memory();
  const flood = new TextEncoder().encode("flood\n".repeat(10_000));
  const rude = await Promise.all(Array.from({ length: 10 }, () => Deno.connect({ port: server.port })));
  const flooding = rude.map(async (socket) => {
    try {
      while (true) await socket.write(flood); // until it is thrown out
    } catch {
      // That is the end of it.
    }
  });
  // Once half of what may wait for them is full they are read from no more; what others say fills the rest.
  let gone = 0;
  const allGone = (async () => {
    for (; gone < rude.length; gone++) await server.logged(/disconnected .*reason="too slow to read"/);
  })();
  for (let n = 0; gone < rude.length; n++) {
    await alice.send(`still here ${n} ${"x".repeat(8000)}`);
    await bob.until(new RegExp(`^<guest1> still here ${n} `));
  }
  await allGone;
  const grown = server.memory() - before;
  assert(grown < 100e6, `memory grew by ${grown} bytes`);
  rude.forEach((socket) => socket.close());
  await Promise.all(flooding);
  leave(clients);
}, Deno.build.os === "linux" ? undefined : "there is no /proc to read memory from");

test("who hangs up one way still gets what was on the way", async (form) => {
  await using server = await start(form, UNBOUND);
  using alice = await Client.join(server.port);
  const lines = Array.from({ length: 500 }, (_, n) => `line ${n}`);
  await alice.send(...lines, "/history 500");
  await alice.end();
  const got = await alice.rest();
  assertEquals(got.filter((line) => line.startsWith("<")), lines.map((line) => `<guest1> ${line}`));
  assertEquals(got.filter((line) => line.startsWith("[")).length, 500);
  await server.logged(/disconnected .*reason=left/);
});

test("who reads a byte at a time is bounded, and the others talk on", async (form) => {
  await using server = await start(form, [...UNBOUND, "--send-buffer", "128KiB"]);
  const clients = await crowd(server, 2);
  const [alice, bob] = clients as [Client, Client];
  using slow = await Deno.connect({ port: server.port });
  const byte = new Uint8Array(1);
  let gone = false;
  const thrownOut = server.logged(/disconnected .*reason="too slow to read"/).then(() => gone = true);
  for (let n = 0; !gone; n++) {
    await alice.send(`${n} ${"x".repeat(8000)}`);
    await bob.until(new RegExp(`^<guest1> ${n} `));
    if (!gone) await slow.read(byte).catch(() => {}); // thrown out just now
  }
  await thrownOut;
  leave(clients);
});

test("clients whose machines stop, without a word, hold up nobody and are gone past their bound", async (form) => {
  await using server = await start(form, [...UNBOUND, "--send-buffer", "128KiB", "--announce", "0"]);
  const clients = await crowd(server, 2);
  const [alice, bob] = clients as [Client, Client];
  // A process that holds 1,000 sockets and is stopped: nobody reads, acknowledges past the window, or hangs up.
  const holder = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `for (let i = 0; i < ${STOPPED}; i++) await Deno.connect({ port: ${server.port} }); console.log(); await new Promise((r) => setTimeout(r, 1e9));`,
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const held = holder.stdout.getReader();
  await held.read();
  Deno.kill(holder.pid, "SIGSTOP");
  try {
    let gone = 0;
    const allGone = (async () => {
      while (gone < STOPPED) {
        await server.logged(/disconnected .*reason="too slow to read"/);
        gone++;
      }
    })();
    const text = "x".repeat(8000);
    for (let n = 0; gone < STOPPED; n++) {
      await alice.send(`${n} ${text}`);
      await bob.until(new RegExp(`^<guest1> ${n} `));
    }
    await allGone;
  } finally {
    Deno.kill(holder.pid, "SIGKILL");
    await holder.status;
    await held.cancel();
  }
  leave(clients);
}, notInstalled("kill"));

Deno.test("a client that takes nothing of what waits for it is gone after its time, however little that is", async () => {
  const options = { ...tcpOptions(), sendBuffer: 100e6, stallTime: 50 };
  const listener = listenTcp(options);
  using deaf = await Deno.connect({ port: listener.port });
  const connection = (await listener[Symbol.asyncIterator]().next()).value as Connection;
  connection.send(["x".repeat(20e6)]); // more than the kernel takes
  await within(connection.closed, () => "it is still there");
  assertEquals(connection.closeReason, "too slow to read");
  listener.close();
  void deaf;
});

test("comings and goings are not announced in a room that is too large for it", async (form) => {
  await using server = await start(form, [...UNBOUND, "--announce", "3"]);
  const clients = await crowd(server, 5);
  const [alice] = clients as [Client];
  await alice.send("now");
  await alice.until("<guest1> now");
  assertEquals(alice.received.match(/ joined /g)?.length, 2, "the second and the third");
  leave(clients.slice(1));
  await server.logged(/disconnected .*nick=guest[2-5]/);
  await alice.until(/^-- guest[2-5] left #lobby$/);
});
