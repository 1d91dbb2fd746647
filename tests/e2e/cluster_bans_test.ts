/** Bans of the server in a cluster: one that is made on a node is in force on the others. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { clustered, isAccepted, joinRoot, PASSWORD, User } from "./cluster_users.ts";
import { Guest, joinFrom } from "./guest.ts";
import type { Program } from "./harness.ts";
import { ask } from "./history_store.ts";

const SETTINGS = { operator: true };

/** The first line that a client from an address is sent. */
async function greeting({ port }: Program, from: string): Promise<string> {
  using client = await Guest.from(from, port);
  return (await client.raw("greeting"))?.trimEnd() ?? "nothing";
}

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
