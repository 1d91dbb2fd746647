/** Logins in a cluster that concern a nickname, an account or a word which another node has given out. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { clustered, isAccepted, joinRoot, PASSWORD, User } from "./cluster_users.ts";
import { ask } from "./history_store.ts";

clustered("a one-time word that was made on one node logs in on another, and once only", 2, async (a, b) => {
  using root = await joinRoot(a);
  using alice = await User.withAccount(b, "alice");
  await alice.quit();
  const lines = await ask(root, "/resetpass alice");
  const word = /\b[a-z0-9]+(?:-[a-z0-9]+){2,}\b|\btincan_\S+/.exec(lines.join("\n"))?.[0];
  assert(word !== undefined, lines.join("\n"));
  using again = await User.logIn(b, "alice", word);
  await again.catchUp();
  for (const node of [a, b]) assert(!await isAccepted(node, { account: "alice", secret: word }));
  await again.ask("NS SET PASSWORD close-sesame");
  await again.ask("PRIVMSG root :done");
  await root.until("*alice* done");
  assert(await isAccepted(a, { account: "alice", secret: "close-sesame" }));
  assert(!await isAccepted(a, { account: "alice", secret: PASSWORD }));
}, { operator: true });

clustered("the limit of sessions of an account counts those of all nodes", 2, async (a, b) => {
  using alice = await User.withAccount(a, "alice");
  using phone = await User.logIn(b, "alice");
  using tablet = await User.logIn(b, "alice");
  await alice.catchUp();
  for (const node of [a, b]) {
    const rejected = await User.logIn(node, "alice").then((user) => user.received, (error: Error) => error.message);
    assertMatch(rejected, /Your account is connected 3 times, which is the limit/);
  }
  await phone.quit();
  using text = await User.connect(a, "text");
  while ((await text.find(/ 900 /, `NS IDENTIFY alice ${PASSWORD}`)).length === 0); // until the other node is told
  assertEquals((await tablet.find(/ 311 \S+ alice /, "WHOIS alice")).length, 1);
}, { args: ["--max-sessions", "3"] });

clustered(
  "an account that is dropped leaves no private message on any node for the next owner of its name",
  2,
  async (a, b) => {
    using alice = await User.withAccount(a, "alice");
    using bob = await User.withAccount(b, "bob");
    await alice.ask("PRIVMSG bob :a secret");
    await bob.until(/ PRIVMSG bob :a secret$/);
    await alice.ask("SILENCE +eve", "MARKREAD bob timestamp=2026-01-01T00:00:00.000Z");
    await alice.ask(`NS DROP ${PASSWORD}`);
    await alice.quit();
    await bob.catchUp();
    using other = await User.withAccount(b, "alice");
    using phone = await User.logIn(a, "alice");
    for (const user of [other, phone]) {
      assertEquals(await user.find(/ PRIVMSG .*/, "CHATHISTORY LATEST bob * 10"), []);
      assertEquals(await user.find(/ 271 .*/, "SILENCE"), []);
    }
    assertEquals(await bob.find(/ PRIVMSG bob :(.*)/, "CHATHISTORY LATEST alice * 10"), ["a secret"]); // his own copy
  },
);

clustered("KILL of a user who is always on and not connected ends it on all nodes", 2, async (a, b) => {
  using root = await joinRoot(b);
  using alice = await User.withAccount(a, "alice");
  using watch = await User.connect(a, "watch");
  await alice.ask("NS SET ALWAYS-ON ON", "JOIN #tea");
  await watch.enter("#tea");
  await alice.quit();
  await ask(root, "/kill alice away with you");
  await watch.until(/:alice!\S+ QUIT :Killed \(root \(away with you\)\)$/);
  using other = await User.connect(b, "other");
  for (const user of [watch, other]) assertEquals((await user.find(/ 401 \S+ alice /, "WHOIS alice")).length, 1);
}, { operator: true });
