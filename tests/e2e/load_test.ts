/**
 * Guarantees under load and against hostile clients: no line is lost or out of order, no client delays the others, and
 * the memory that one client can use is bounded. Speed is not tested here.
 */
import { assert, assertEquals } from "@std/assert";
import { listenTcp } from "../../src/transport/tcp.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { tcpOptions } from "../transport/ports.ts";
import { test } from "./forms.ts";
import { Client, notInstalled, type Program, start, within } from "./harness.ts";

/** Number of clients on the machine that stops. */
const STOPPED = 1000;

const UNLIMITED = ["--rate", "off", "--max-per-ip", "off", "--log-rate", "off"];

/** Connects many clients and reads the welcome of each. */
async function connectMany(server: Program, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(50, count - clients.length) }, () => Client.join(server.port));
    clients.push(...await Promise.all(some));
  }
  return clients;
}

function disposeAll(clients: Client[]) {
  for (const client of clients) client[Symbol.dispose]();
}

test("load: each line is delivered once and in the order of its sender when all clients talk", async (form) => {
  await using server = await start(form, [...UNLIMITED, "--announce", "0"]);
  const clients = await connectMany(server, 300);
  const count = 20; // lines from each
  await Promise.all(clients.map(async (client, who) => {
    for (let n = 0; n < count; n++) await client.send(`${who} ${n}`);
  }));
  const orders = await Promise.all(
    clients.slice(0, 30).map(async (client) => {
      const next = new Map<string, number>(); // by sender, the number of the next line
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
  assertEquals(new Set(orders).size, 1, "all clients received the same lines in the same order");
  disposeAll(clients);
});

test("load: a reply does not overtake earlier messages of the room", async (form) => {
  await using server = await start(form, UNLIMITED);
  const clients = await connectMany(server, 50);
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
  disposeAll(clients);
});

test("load: clients that flood without reading are disconnected, and the others keep talking", async (form) => {
  await using server = await start(form, [...UNLIMITED, "--log-level", "debug"]);
  await server.warm();
  const clients = await connectMany(server, 2);
  const [alice, bob] = clients as [Client, Client];
  const before = server.memory();
  const flood = new TextEncoder().encode("flood\n".repeat(10_000));
  const flooders = await Promise.all(Array.from({ length: 10 }, () => Deno.connect({ port: server.port })));
  const flooding = flooders.map(async (socket) => {
    try {
      while (true) await socket.write(flood); // until the server disconnects it
    } catch {
      // Disconnected by the server.
    }
  });
  // At half of --send-buffer the server stops reading from them; messages of others fill the rest.
  let gone = 0;
  const allGone = (async () => {
    for (; gone < flooders.length; gone++) await server.logged(/disconnected .*reason="too slow to read"/);
  })();
  for (let n = 0; gone < flooders.length; n++) {
    await alice.send(`still here ${n} ${"x".repeat(8000)}`);
    await bob.until(new RegExp(`^<guest1> still here ${n} `));
  }
  await allGone;
  const grown = server.memory() - before;
  assert(grown < 100e6, `memory grew by ${grown} bytes`);
  flooders.forEach((socket) => socket.close());
  await Promise.all(flooding);
  disposeAll(clients);
}, Deno.build.os === "linux" ? undefined : "there is no /proc to read memory from");

test("load: a client receives all pending lines after it has closed its sending side", async (form) => {
  await using server = await start(form, UNLIMITED);
  using alice = await Client.join(server.port);
  const lines = Array.from({ length: 500 }, (_, n) => `line ${n}`);
  await alice.send(...lines, "/history 500");
  await alice.end();
  const got = await alice.rest();
  assertEquals(got.filter((line) => line.startsWith("<")), lines.map((line) => `<guest1> ${line}`));
  assertEquals(got.filter((line) => line.startsWith("[")).length, 500);
  await server.logged(/disconnected .*reason=left/);
});

test("load: a client that reads a byte at a time is disconnected, and the others keep talking", async (form) => {
  await using server = await start(form, [...UNLIMITED, "--send-buffer", "128KiB"]);
  const clients = await connectMany(server, 2);
  const [alice, bob] = clients as [Client, Client];
  using slow = await Deno.connect({ port: server.port });
  const byte = new Uint8Array(1);
  let gone = false;
  const disconnected = server.logged(/disconnected .*reason="too slow to read"/).then(() => gone = true);
  for (let n = 0; !gone; n++) {
    await alice.send(`${n} ${"x".repeat(8000)}`);
    await bob.until(new RegExp(`^<guest1> ${n} `));
    if (!gone) await slow.read(byte).catch(() => {}); // disconnected just now
  }
  await disconnected;
  disposeAll(clients);
});

test("load: clients on a stopped machine are disconnected at --send-buffer and delay no others", async (form) => {
  await using server = await start(form, [...UNLIMITED, "--send-buffer", "128KiB", "--announce", "0"]);
  const clients = await connectMany(server, 2);
  const [alice, bob] = clients as [Client, Client];
  // A stopped process holds 1,000 sockets: it does not read, and the sockets stay open.
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
  disposeAll(clients);
}, notInstalled("kill"));

Deno.test("tcp: a client that reads nothing is disconnected after the stall time, below the outbox limit", async () => {
  const options = { ...tcpOptions(), sendBuffer: 100e6, stallTime: 50 };
  const listener = await listenTcp(options);
  using stalled = await Deno.connect({ port: listener.port });
  const connection = (await listener[Symbol.asyncIterator]().next()).value as Connection;
  connection.send(["x".repeat(20e6)]); // more than the kernel takes
  await within(connection.closed, () => "end of the connection");
  assertEquals(connection.closeReason, "too slow to read");
  listener.close();
  void stalled;
});

test("load: joins and leaves are not announced in a room larger than --announce", async (form) => {
  await using server = await start(form, [...UNLIMITED, "--announce", "3"]);
  const clients = await connectMany(server, 5);
  const [alice] = clients as [Client];
  await alice.send("now");
  await alice.until("<guest1> now");
  assertEquals(alice.received.match(/ joined /g)?.length, 2, "the second and the third");
  disposeAll(clients.slice(1));
  await server.logged(/disconnected .*nick=guest[2-5]/);
  await alice.until(/^-- guest[2-5] left #lobby$/);
});
