/** Server operators of a cluster: what one does on a node reaches users of the others. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { clustered, joinRoot, PASSWORD, User } from "./cluster_users.ts";
import { joinFrom } from "./guest.ts";

const SETTINGS = { operator: true };

clustered("KILL, announcements and WALLOPS of a server operator reach users of all nodes", 3, async (a, b, cluster) => {
  const c = cluster.nodes[2]!;
  using root = await joinRoot(a);
  using bob = await joinFrom(b, "127.0.0.2", "bob");
  using carol = await User.connect(c, "carol");
  using ida = await User.connect(b, "ida");
  await root.send("/announce tea is ready");
  for (const text of [root, bob]) await text.until("-- Announcement from root: tea is ready");
  for (const irc of [carol, ida]) await irc.until(/ NOTICE \S+ :Announcement from root: tea is ready$/);

  await carol.ask("MODE carol +w");
  using oper = await User.connect(b, "oper");
  await oper.send(`OPER root :${PASSWORD}`);
  await oper.until(/ 381 /);
  assertEquals(await carol.find(/ 313 \S+ (\S+)/, "WHOIS oper", "WHOIS root"), ["oper", "root"]);
  await oper.send("WALLOPS :who watches?");
  await carol.until(/:oper!\S+ WALLOPS :who watches\?$/);

  await root.send("/kill bob go away");
  assertEquals((await bob.rest()).at(-1), "-- You were disconnected by root: go away");
  await oper.ask("KILL carol :and you");
  assertMatch((await carol.rest()).at(-1)!, /^ERROR :Closing link: \(carol\) \[Killed \(oper \(and you\)\)\]$/);
  await root.until("-- bob left #lobby (Killed (root (go away)))");
  assertEquals(await ida.find(/ 401 \S+ (\S+)/, "WHOIS bob", "WHOIS carol"), ["bob", "carol"]);
  assert(!ida.received.includes("who watches"), ida.received);
  using again = await User.connect(b, "bob");
  await again.ask("PRIVMSG root :back");
  await root.until("*bob* back");
}, SETTINGS);

clustered(
  "a mute on one node holds on the others, and ends in time though that node was killed",
  3,
  async (a, b, cluster) => {
    const c = cluster.nodes[2]!;
    using root = await joinRoot(a);
    using bob = await joinFrom(b, "127.0.0.2", "bob");
    using carol = await joinFrom(c, "127.0.0.2", "carol"); // from the same host
    using dave = await joinFrom(c, "127.0.0.3", "dave");
    const began = Date.now();
    await root.send("/mute bob 7s");
    await bob.until(/ has muted you for 7s\. /);
    const muted = "-- A server operator has muted you. You can read, but not write.";
    await dave.send("synchronized");
    for (const client of [bob, carol]) await client.until("<dave> synchronized");
    for (const client of [bob, carol]) {
      await client.send("/me speaks");
      await client.until(muted);
    }
    await cluster.killNode(0);
    for (const client of [bob, carol]) {
      while (true) {
        await client.send("hello?");
        if ((await client.until(/^<(bob|carol)> hello\?$|^-- A server operator/)).startsWith("<")) break;
        assert(Date.now() - began < 50_000, "the mute has not ended");
      }
      assert(Date.now() - began >= 7000, "the mute ended too early");
    }
  },
  SETTINGS,
);
