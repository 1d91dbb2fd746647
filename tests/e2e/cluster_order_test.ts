/** Lines on several nodes: one order, the same ids and the same history everywhere. */
import { assert, assertEquals } from "@std/assert";
import { Cluster, IrcClient, messages } from "./cluster.ts";
import { test } from "./forms.ts";

const CAPABILITIES = ["message-tags", "server-time", "batch", "draft/chathistory", "echo-message", "labeled-response"];

test("cluster: lines of all nodes have one order and the same ids on each, live and in the history", async (form) => {
  await using cluster = await Cluster.start(form, 3);
  const clients = await Promise.all(
    cluster.nodes.flatMap(({ ircPort }, node) =>
      [0, 1, 2].map((n) => IrcClient.register(ircPort, `c${node}x${n}`, ...CAPABILITIES))
    ),
  );
  for (const client of clients) await client.enter("#tea");
  for (const client of clients) await client.settled();
  const lines = 40;
  await Promise.all(clients.map(async (client, author) => {
    for (let n = 0; n < lines; n++) await client.send(`PRIVMSG #tea :line ${n} of ${author}`);
    await client.send("PRIVMSG #tea :done");
  }));
  for (const client of clients) for (const _ of clients) await client.until(/PRIVMSG #tea :done$/);
  const [first, ...others] = clients.map(({ received }) => messages(received, "#tea"));
  assertEquals(first!.length, clients.length * (lines + 1));
  for (const other of others) assertEquals(other, first);
  for (const [author] of clients.entries()) { // each author's lines are in its own order
    const own = first!.filter((line) => line.endsWith(` of ${author}`)).map((line) =>
      Number(/line (\d+)/.exec(line)![1])
    );
    assertEquals(own, Array.from({ length: lines }, (_, n) => n));
  }
  const histories = await Promise.all(cluster.nodes.map(async ({ ircPort }, n) => {
    const reader = await IrcClient.register(ircPort, `reader${n}`, ...CAPABILITIES);
    await reader.enter("#tea");
    return await reader.history("#tea");
  }));
  assertEquals(histories[0]!.length, 100);
  for (const history of histories) assertEquals(history, first!.slice(-100));
});

test("cluster: replies come after the lines that were sent before them, and labels are answered", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice", ...CAPABILITIES);
  using bob = await IrcClient.register(cluster.nodes[1]!.ircPort, "bob", ...CAPABILITIES);
  for (const client of [alice, bob]) await client.enter("#tea");
  for (let n = 0; n < 50; n++) {
    await alice.send(`PRIVMSG #tea :${n}`, `PING token${n}`);
    const echo = await alice.until(new RegExp(`PRIVMSG #tea :${n}$|PONG .*token${n}$`));
    assert(echo.includes("PRIVMSG"), echo);
    await alice.until(new RegExp(`PONG .*token${n}$`));
  }
  await alice.send("@label=one PRIVMSG #tea :labeled", "@label=two TOPIC #tea :new topic", "@label=three PING x");
  assert(/label=one/.test(await alice.until(/PRIVMSG #tea :labeled$/)));
  assert(/label=two/.test(await alice.until(/TOPIC #tea :new topic$/)));
  assert(/label=three/.test(await alice.until(/PONG /)));
  await bob.until(/TOPIC #tea :new topic$/);
});

test("cluster: of thirty clients on three nodes that want one nickname, one gets it", async (form) => {
  await using cluster = await Cluster.start(form, 3);
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(Array.from({ length: 30 }, async (_, n) => {
      return await IrcClient.register(cluster.nodes[n % 3]!.ircPort, `c${round}x${n}`);
    }));
    const winners = await Promise.all(clients.map(async (client, n) => {
      await client.send(`NICK prize${round}`);
      const answer = await client.until(new RegExp(` 433 |:c${round}x${n}!\\S+ NICK `));
      return answer.includes(" NICK ");
    }));
    assertEquals(winners.filter((won) => won).length, 1, `round ${round}`);
    for (const client of clients) client[Symbol.dispose]();
  }
});

test("cluster: of thirty clients on three nodes that want one account, one owns it, and all nodes agree", async (form) => {
  await using cluster = await Cluster.start(form, 3);
  for (let round = 0; round < 3; round++) {
    const name = `owner${round}`;
    const clients = await Promise.all(Array.from({ length: 30 }, async (_, n) => {
      return await IrcClient.register(cluster.nodes[n % 3]!.ircPort, `r${round}x${n}`, "draft/account-registration");
    }));
    const owners = await Promise.all(clients.map(async (client) => {
      await client.send(`NICK ${name}`, `REGISTER ${name} * open-sesame-${round}`);
      return (await client.until(/ REGISTER SUCCESS | FAIL REGISTER /)).includes(" SUCCESS ");
    }));
    assertEquals(owners.filter((owns) => owns).length, 1, `round ${round}`);
    const passwords = owners.map((owns) => owns ? `open-sesame-${round}` : "wrong");
    assert(passwords.includes(`open-sesame-${round}`));
    for (const client of clients) client[Symbol.dispose]();
    for (const [n, { ircPort }] of cluster.nodes.entries()) { // each has the account, with its password
      using device = await IrcClient.register(ircPort, `d${round}x${n}`); // the last one may still be there
      await device.send(`PRIVMSG NickServ :IDENTIFY ${name} open-sesame-${round}`);
      await device.until(/ 900 /);
    }
  }
});
