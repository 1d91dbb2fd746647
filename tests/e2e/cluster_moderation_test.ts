/** Server operators of a cluster: what one does on a node is in force on the others. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { clustered, isAccepted, joinRoot, PASSWORD, User } from "./cluster_users.ts";
import { Guest } from "./guest.ts";
import type { Program } from "./harness.ts";
import { ask, askIrc } from "./history_store.ts";

const SETTINGS = { operator: true };

/** A user on the text port, connected from an address of its own. */
async function joinFrom(node: Program, from: string, nick: string): Promise<Guest> {
  const client = await Guest.from(from, node.port);
  await client.send(`/nick ${nick}`);
  await client.until(new RegExp(` is now ${nick}$`));
  return client;
}

/** The first line that a client from an address is sent. */
async function greeting({ port }: Program, from: string): Promise<string> {
  using client = await Guest.from(from, port);
  return (await client.raw("greeting"))?.trimEnd() ?? "nothing";
}

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
  "a ban on one node disconnects clients of another, and rejects them on both until it is lifted",
  2,
  async (a, b) => {
    using root = await joinRoot(a);
    using watch = await User.connect(b, "watch");
    using bob = await joinFrom(b, "127.0.0.2", "bob");
    using spam = await User.connect(b, "SpamBot");
    using alice = await User.withAccount(b, "alice");

    // An address.
    await root.send("/ban 127.0.0.2 1h too loud");
    await root.until(/^-- 127\.0\.0\.2 is banned from this server; /);
    assertEquals((await bob.rest()).at(-1), "-- You are banned from this server: too loud");
    await watch.catchUp();
    for (const node of [a, b]) {
      assertEquals(await greeting(node, "127.0.0.2"), "-- You are banned from this server: too loud");
      assertMatch(await greeting(node, "127.0.0.3"), /^-- Welcome/);
    }

    // A mask.
    await root.send("/ban spam*!*@*");
    await root.until(/^-- spam\*!\*@\* is banned from this server; /);
    assertMatch((await spam.rest()).at(-1)!, /^ERROR :Closing link: \(SpamBot\) \[Banned: no reason given\]$/);
    await watch.catchUp();
    for (const node of [a, b]) {
      using guest = await joinFrom(node, "127.0.0.3", node === a ? "first" : "second");
      await guest.send("/nick spammer");
      await guest.until("-- You are banned from this server: no reason given");
    }

    // An account.
    await root.send("/ban ~a:alice");
    await root.until(/^-- ~a:alice is banned from this server; /);
    assertMatch((await alice.rest()).at(-1)!, /^ERROR :Closing link: \(alice\) \[Banned: no reason given\]$/);
    await watch.catchUp();
    for (const node of [a, b]) {
      using guest = await Guest.from("127.0.0.3", node.port);
      await guest.send(`/login alice ${PASSWORD}`);
      await guest.until("-- You are banned from this server: no reason given");
    }

    // All are listed on both, and lifted on the other one.
    using other = await User.connect(b, "other");
    await other.send(`OPER root :${PASSWORD}`);
    await other.until(/ 381 /);
    const list = async () => (await other.find(/ 216 \S+ \S+ (\S+)/, "STATS k")).length;
    assertEquals(await list(), 3);
    assertEquals((await ask(root, "/bans")).filter((line) => line.includes(", by root")).length, 3);
    for (const what of ["127.0.0.2", "spam*!*@*", "~a:alice"]) await other.ask(`UNKLINE ${what}`);
    await ask(root, "/msg watch lifted");
    for (const node of [a, b]) {
      assertMatch(await greeting(node, "127.0.0.2"), /^-- Welcome/);
      assert(await isAccepted(node, { account: "alice", secret: PASSWORD }));
    }
    assertEquals(await list(), 0);
  },
  SETTINGS,
);

clustered("a ban of a nickname on one node disconnects all sessions of its user on any node", 2, async (a, b) => {
  using root = await joinRoot(a);
  using bob = await joinFrom(b, "127.0.0.2", "bob");
  await bob.send(`/register ${PASSWORD}`, "/set always-on on");
  await bob.until(/^-- You stay in the chat now/);
  using phone = await joinFrom(a, "127.0.0.3", "phone");
  await phone.send(`/login bob ${PASSWORD}`);
  await phone.until("-- You are logged in as bob.");
  await root.send("/ban bob 1h enough");
  for (const client of [bob, phone]) {
    assertEquals((await client.rest()).at(-1), "-- You are banned from this server: enough");
  }
  await root.until(/^-- bob left #lobby/);
  using watch = await User.connect(b, "watch");
  assertEquals((await watch.find(/ 401 \S+ bob /, "WHOIS bob")).length, 1);
  for (const node of [a, b]) {
    assertEquals(await greeting(node, "127.0.0.2"), "-- You are banned from this server: enough");
    assert(!await isAllowed(node));
  }
}, SETTINGS);

/** Whether bob may log in from an address that is not banned. */
async function isAllowed(node: Program): Promise<boolean> {
  using guest = await Guest.from("127.0.0.9", node.port);
  await guest.send(`/login bob ${PASSWORD}`);
  return (await guest.until(/logged in as bob|^-- You are banned/)).includes("logged in");
}

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
    await root.send("/mute bob 12s");
    await bob.until(/ has muted you for 12s\. /);
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
      assert(Date.now() - began >= 12_000, "the mute ended too early");
    }
  },
  SETTINGS,
);
