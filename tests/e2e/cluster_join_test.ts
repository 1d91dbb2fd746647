/** Nodes that join and start again: they have the state and the history of the others. */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../fuzz/random.ts";
import { Cluster, delay, IrcClient, messages, settleAll } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { source } from "./harness.ts";

const CAPABILITIES = ["message-tags", "server-time", "batch", "draft/chathistory", "echo-message"];

const ROOMS = ["#red", "#green", "#blue", "#tea"];

/** What a client is told of all rooms and members: lines without its own nickname, sorted where their order has no meaning. */
async function view(client: IrcClient): Promise<string[]> {
  const asked = [
    "LIST",
    "WHO *",
    ...ROOMS.flatMap((room) => [`WHO ${room}`, `NAMES ${room}`, `MODE ${room}`, `MODE ${room} +b`, `TOPIC ${room}`]),
  ];
  const views: string[] = [];
  for (const question of asked) {
    const before = client.received.length;
    await client.send(question);
    await client.settled();
    const lines = client.received.slice(before).split("\r\n").filter((line) => !/ PONG |^$/.test(line));
    const sorted = lines.flatMap((line) => {
      const [, numeric, rest] = /^:\S+ (\d{3}) \S+ (.*)$/.exec(line) ?? [];
      if (numeric === undefined) throw new Error(`not a reply to ${question}: ${line}`);
      if (numeric !== "353") return [`${numeric} ${rest}`];
      return rest!.slice(rest!.indexOf(":") + 1).trim().split(" ").map((name) => `353 ${name}`);
    });
    views.push(question, ...sorted.sort());
  }
  return views;
}

/** Clients of some nodes that change everything that `view` shows, until they are stopped. */
class Churn {
  readonly #random = new Random(7);
  readonly #work: Promise<unknown>;
  #stopped = false;
  rounds = 0;

  constructor(clients: readonly IrcClient[]) {
    this.#work = Promise.all(clients.map((client, n) => this.#run(client, n)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #run(client: IrcClient, n: number): Promise<void> {
    const random = this.#random;
    while (!this.#stopped) {
      const room = ROOMS[random.int(ROOMS.length)]!;
      const other = `x${random.int(6)}`;
      const kinds = [
        `JOIN ${room}`,
        `PART ${room}`,
        `TOPIC ${room} :topic ${random.int(1000)}`,
        `MODE ${room} ${random.chance(0.5) ? "+" : "-"}${["m", "t", "n", "i"][random.int(4)]!}`,
        `MODE ${room} +b bad${random.int(20)}!*@*`,
        `MODE ${room} +ov ${other} ${other}`,
        `KICK ${room} ${other} :out`,
        `NICK ${random.chance(0.5) ? `x${n}` : `y${random.int(50)}`}`,
        `AWAY${random.chance(0.5) ? " :out" : ""}`,
        `PRIVMSG ${room} :line ${random.int(1000)}`,
      ];
      await client.send(kinds[random.int(kinds.length)]!);
      this.rounds++;
      await delay(5);
    }
  }
}

test("cluster: a node that joins or starts again during a churn has the same members, rooms, topics and modes", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  const { nodes } = cluster;
  const clients = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((n) => IrcClient.register(nodes[n < 4 ? 0 : 1]!.ircPort, `x${n}`)),
  );
  const churn = new Churn(clients.slice(0, 4)); // those of the node that stays
  const doomed = new Churn(clients.slice(4));
  await delay(1000);
  await cluster.startNode(2);
  await delay(1000);
  await doomed.stop();
  await cluster.killNode(1);
  await delay(500);
  await cluster.startNode(1); // waits until its name is free
  await delay(1000);
  await cluster.stopNode(2);
  await cluster.startNode(2);
  await delay(500);
  await churn.stop();
  assert(churn.rounds > 500, `only ${churn.rounds} commands`);
  const observers = await Promise.all(nodes.map(({ ircPort }, n) => IrcClient.register(ircPort, `observer${n}`)));
  await settleAll(observers);
  for (const client of clients.slice(0, 4)) await client.send("PRIVMSG observer0,observer1,observer2 :that was all");
  for (const observer of observers) for (let n = 0; n < 4; n++) await observer.until(/:that was all$/);
  const [first, ...others] = await Promise.all(observers.map(view));
  assert(first!.length > 60, first!.join("\n"));
  for (const other of others) assertEquals(other, first);
});

test("cluster: a node that was killed has what the others have said meanwhile when it starts again", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice", ...CAPABILITIES);
  using bob = await IrcClient.register(cluster.nodes[1]!.ircPort, "bob", ...CAPABILITIES);
  for (const client of [alice, bob]) await client.enter("#tea");
  for (const client of [alice, bob]) for (let n = 0; n < 20; n++) await client.send(`PRIVMSG #tea :before ${n}`);
  await settleAll([alice, bob]);
  await cluster.killNode(1);
  for (let n = 0; n < 20; n++) await alice.send(`PRIVMSG #tea :without it ${n}`);
  const node = await cluster.startNode(1);
  using again = await IrcClient.register(node.ircPort, "bob", ...CAPABILITIES);
  await again.enter("#tea");
  await settleAll([alice, again]);
  assertEquals(messages(alice.received, "#tea").length, 60);
  assertEquals(await again.history("#tea"), messages(alice.received, "#tea"));
});

for (const [form, data] of [[source, true], [executable, true], [source, false]] as const) {
  const [with_, kept] = data ? ["", "with everything that was said"] : [" without --data", "with nothing"];
  test(
    `cluster: nodes${with_} that were all killed start again at once, ${kept}`,
    async (form) => {
      await using cluster = await Cluster.start(form, 3, { data });
      using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice", ...CAPABILITIES);
      await alice.enter("#tea");
      await alice.send("TOPIC #tea :kept", "MODE #tea +m");
      for (let n = 0; n < 20; n++) await alice.send(`PRIVMSG #tea :before ${n}`);
      await settleAll([alice]);
      await Promise.all([0, 1, 2].map((n) => cluster.killNode(n)));
      await Promise.all([0, 1, 2].map((n) => cluster.startNode(n)));
      const clients = await Promise.all(
        cluster.nodes.map(({ ircPort }, n) =>
          IrcClient.register(ircPort, n === 0 ? "alice" : `c${n}`, ...CAPABILITIES)
        ),
      );
      for (const client of clients) await client.enter("#tea");
      await settleAll(clients);
      const expected = data ? messages(alice.received, "#tea") : [];
      for (const client of clients) {
        assertEquals(await client.history("#tea"), expected);
        assertEquals(/ 332 \S+ #tea :kept/.test(client.received), data);
      }
      const [first, ...others] = await Promise.all(clients.map(view));
      for (const other of others) assertEquals(other, first);
    },
    undefined,
    [form],
  );
}

test(
  "cluster: a node without --data has the state and the history of the others when it starts again",
  async (form) => {
    await using cluster = await Cluster.start(form, 2, { data: false });
    using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice", ...CAPABILITIES);
    await alice.enter("#tea");
    await alice.send("TOPIC #tea :kept");
    for (let n = 0; n < 20; n++) await alice.send(`PRIVMSG #tea :before ${n}`);
    await settleAll([alice]);
    assertEquals(await cluster.stopNode(1), 0);
    const node = await cluster.startNode(1);
    using bob = await IrcClient.register(node.ircPort, "bob", ...CAPABILITIES);
    await bob.enter("#tea");
    assert(/ 332 bob #tea :kept/.test(bob.received), bob.received);
    await alice.send("PRIVMSG #tea :after");
    await settleAll([alice, bob]);
    assertEquals(await view(alice), await view(bob));
    assertEquals((await bob.history("#tea")).at(-1), messages(alice.received, "#tea").at(-1));
  },
  undefined,
  [source],
);
