/** Many clients at once: they lose their node together, or join together. */
import { assert, assertEquals } from "@std/assert";
import { Cluster, delay, IrcClient } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { Client } from "./harness.ts";

/** How many clients lose their node. Ten thousand: `TINCAN_LEAVING=10000`, with enough files (`ulimit -n`) and time. */
const LEAVING = Number(Deno.env.get("TINCAN_LEAVING") ?? 2000);

/** How many of them register at the same time. */
const TOGETHER = 100;

/** How many clients are in a room: each that joins is announced to all others there. */
const IN_ROOM = 100;

/** How many clients join at once. */
const JOINING = 300;

/** The longest that a client of another node may wait for a reply meanwhile, in milliseconds, on a busy machine. */
const REPLY_MAX = 1000;

/** How often the other client asks, in milliseconds. */
const PAUSE = 10;

/** Connects a client, which joins a room. What it receives after that is not looked at. */
async function connect(port: number, nick: string, room: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(16 * 1024);
  await connection.write(new TextEncoder().encode(`NICK ${nick}\nUSER ${nick} 0 * :${nick}\nJOIN ${room}\n`));
  for (let received = ""; !received.includes(" 353 ");) {
    const count = await connection.read(bytes);
    assert(count !== null, received);
    received = (received + decoder.decode(bytes.subarray(0, count), { stream: true })).slice(-32 * 1024);
  }
  void drain(connection, bytes);
  return connection;
}

/** The room of a client. */
function roomOf(client: number): string {
  return `#room${Math.floor(client / IN_ROOM)}`;
}

async function drain(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  try {
    while (await connection.read(bytes) !== null);
  } catch { /* it was reset */ }
}

test(
  `cluster: ${LEAVING} clients whose node is killed quit without a stall for the others`,
  async (form) => {
    await using cluster = await Cluster.start(form, 2, {
      args: ["--max-clients", "off", "--max-unregistered", "off", "--max-joined", "1000", "--room-rate", "off"],
    });
    using observer = await IrcClient.register(cluster.nodes[1]!.ircPort, "observer");
    const connections: Deno.TcpConn[] = [];
    try {
      while (connections.length < LEAVING) {
        const first = connections.length;
        const numbers = Array.from({ length: Math.min(TOGETHER, LEAVING - first) }, (_, n) => first + n);
        const { ircPort } = cluster.nodes[0]!;
        connections.push(...await Promise.all(numbers.map((n) => connect(ircPort, `c${n}`, roomOf(n)))));
      }
      for (let n = 0; n < LEAVING; n += IN_ROOM) await observer.enter(roomOf(n));
      observer.forget();
      await cluster.killNode(0);
      let longest = 0;
      let quits = 0;
      const begin = performance.now();
      for (let n = 0; quits < LEAVING; n++) {
        const sent = performance.now();
        await observer.send(`PING token${n}`);
        for (;;) {
          const line = await observer.until(/ QUIT | PONG /);
          if (!line.includes(" PONG ")) quits++;
          else if (line.includes(`token${n}`)) break;
        }
        longest = Math.max(longest, performance.now() - sent);
        assert(sent - begin < 120_000, `only ${quits} have quit`);
        await delay(PAUSE);
      }
      assertEquals(quits, LEAVING);
      assert(longest < REPLY_MAX, `a reply took ${Math.round(longest)} ms`);
    } finally {
      for (const connection of connections) connection.close();
    }
  },
  undefined,
  [executable],
);

test(`cluster: ${JOINING} clients that join at once on two nodes get different guest names`, async (form) => {
  await using cluster = await Cluster.start(form, 2);
  const clients = await Promise.all(
    Array.from({ length: JOINING }, (_, n) => Client.join(cluster.nodes[n % 2]!.port)),
  );
  const names = clients.map(({ received }) => /\bguest\d+\b/.exec(received)?.[0]);
  assert(!names.includes(undefined), clients[names.indexOf(undefined)]?.received);
  assertEquals(new Set(names).size, JOINING);
  for (const client of clients) client[Symbol.dispose]();
});
