/** Invite links of a cluster: made on one node, used on another, and revoked everywhere. */
import { assertEquals, assertMatch } from "@std/assert";
import { clustered, User } from "./cluster_users.ts";
import { IrcClient } from "./cluster.ts";
import type { Program } from "./harness.ts";

/** Connects an IRC client with a code as the password. */
async function arrive(node: Program, nick: string, code: string): Promise<IrcClient> {
  const client = new IrcClient(await Deno.connect({ hostname: "127.0.0.1", port: node.ircPort }));
  await client.send(`PASS ${code}`, `NICK ${nick}`, `USER ${nick} 0 * :${nick}`);
  return client;
}

clustered("an invite link that is made on one node is used, counted and revoked on all", 2, async (a, b, cluster) => {
  using alice = await User.withAccount(a, "alice");
  await alice.enter("#tea");
  await alice.ask("MODE #tea +i");
  const [code = ""] = await alice.find(/\/i\/([a-z2-7]{20})$/, "CS LINK #tea 1d 2");
  using bob = await User.connect(b, "bob");
  await bob.catchUp();
  await bob.send(`JOIN #tea ${code}`);
  await alice.until(/:bob!\S+ JOIN #tea/);
  using carol = await arrive(b, "carol", code);
  await carol.until(/:carol!\S+ JOIN #tea/);
  assertEquals(await alice.find(/NOTICE alice :(1: .*), until/, "CS LINKS #tea"), []);
  assertMatch((await alice.find(/NOTICE alice :(1: .*)$/, "CS LINKS #tea"))[0]!, /used 2 of 2 times, used up$/);
  using dan = await User.connect(b, "dan", "standard-replies");
  assertEquals((await dan.find(/FAIL JOIN LINK_USED_UP/, `JOIN #tea ${code}`)).length, 1);

  // A node that joins later knows the links.
  const late = await cluster.startNode(2);
  using erin = await User.connect(late, "erin", "standard-replies");
  assertEquals((await erin.find(/FAIL JOIN LINK_USED_UP/, `JOIN #tea ${code}`)).length, 1);
  const [other = ""] = await alice.find(/\/i\/([a-z2-7]{20})$/, "CS LINK #tea");
  await erin.catchUp();
  await alice.ask("CS UNLINK #tea 2");
  await erin.catchUp();
  assertEquals((await erin.find(/FAIL JOIN LINK_UNKNOWN/, `JOIN #tea ${other}`)).length, 1);
});
