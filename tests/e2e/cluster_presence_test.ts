/** Users of a cluster as others see them: MONITOR, AWAY, SETNAME, WHO, WHOIS and WHOWAS over nodes; and the nodes themselves. */
import { assertEquals, assertMatch } from "@std/assert";
import { clustered, joinRoot, PASSWORD, User } from "./cluster_users.ts";
import { ask } from "./history_store.ts";

clustered("MONITOR on one node tells of users of another: when they come, change and go", 2, async (a, b) => {
  using watch = await User.connect(a, "watch", "extended-monitor", "away-notify", "setname", "account-notify");
  await watch.send("MONITOR + alice,dave");
  await watch.until(/ 731 \S+ :alice,dave$/);
  using alice = await User.withAccount(b, "alice", "setname");
  await watch.until(/ 730 \S+ :alice!~alice@/);
  await watch.until(/:alice!\S+ ACCOUNT alice$/);
  await alice.send("AWAY :at lunch");
  await watch.until(/:alice!\S+ AWAY :at lunch$/);
  assertEquals(await watch.find(/ 301 \S+ alice :(.*)/, "WHOIS alice"), ["at lunch"]);
  assertEquals(await watch.find(/ 301 \S+ alice :(.*)/, "PRIVMSG alice :hungry?"), ["at lunch"]);
  await alice.send("AWAY");
  await watch.until(/:alice!\S+ AWAY$/);
  await alice.send("SETNAME :Alice of Wonderland");
  await watch.until(/:alice!\S+ SETNAME :Alice of Wonderland$/);
  await alice.send("NICK alicia");
  await watch.until(/ 731 \S+ :alice$/);
  await alice.send("NICK dave");
  await watch.until(/ 730 \S+ :dave!~alice@/);
  assertEquals(await watch.find(/ 73[01] \S+ :(\w+)/, "MONITOR S"), ["dave", "alice"]);
  await alice.quit();
  await watch.until(/ 731 \S+ :dave$/);
  assertEquals(
    await watch.find(/ 314 \S+ (\S+ \S+ \* :.*|\S+ \S+ \S+ \* :.*)/, "WHOWAS alicia", "WHOWAS dave").then((found) =>
      found.map((each) => each.replace(/\S+\.hidden/, "HOST"))
    ),
    [
      "alicia ~alice HOST * :Alice of Wonderland",
      "dave ~alice HOST * :Alice of Wonderland",
    ],
  );
  using same = await User.connect(b, "same");
  await same.catchUp();
  const entries = async (user: User) => (await user.ask("WHOWAS dave")).map((line) => line.replace(user.nick, "NICK"));
  assertEquals(await entries(same), await entries(watch));
});

clustered(
  "WHO and WHOIS name the node of each user, and LUSERS, LINKS and NODES count them",
  3,
  async (a, b, cluster) => {
    const c = cluster.nodes[2]!;
    using root = await joinRoot(a);
    using alice = await User.withAccount(b, "alice");
    using bob = await User.connect(c, "bob");
    using carol = await User.connect(c, "carol");
    for (const user of [alice, bob, carol]) await user.enter("#tea");
    for (const user of [alice, bob, carol]) await user.catchUp();
    for (const user of [alice, bob]) {
      assertEquals(await user.find(/ 352 \S+ #tea \S+ \S+ (\S+ \S+ \S+)/, "WHO #tea"), [
        "n1 alice H~",
        "n2 bob H",
        "n2 carol H",
      ]);
      assertEquals(await user.find(/ 354 \S+ (.*)/, "WHO #tea %sna"), ["n1 alice alice", "n2 bob 0", "n2 carol 0"]);
      assertEquals(await user.find(/ 312 \S+ (\S+ \S+)/, "WHOIS alice,bob,root"), ["alice n1", "bob n2", "root n0"]);
    }
    assertEquals(await bob.find(/ (?:251|252|254|255|266) \S+ (.*)/, "LUSERS"), [
      ":There are 4 users and 0 invisible on 3 servers",
      "1 :operator(s) online",
      "2 :channels formed",
      ":I have 2 clients and 2 servers",
      "4 4 :Current global users 4, max 4",
    ]);
    assertEquals(await bob.find(/ 364 \S+ (\S+ \S+ :\d)/, "LINKS"), ["n0 n2 :1", "n1 n2 :1", "n2 n2 :0"]);
    const nodes = (lines: string[]) => {
      return lines.flatMap((line) => /(n\d) {2}number (\d), .* (\d) connections?/.exec(line)?.slice(1).join(" ") ?? []);
    };
    assertEquals(nodes(await ask(root, "/nodes")), ["n0 1 1", "n1 2 1", "n2 3 2"]);
    await bob.send(`OPER root :${PASSWORD}`);
    await bob.until(/ 381 /);
    assertEquals(nodes(await bob.ask("NODES")), ["n0 1 1", "n1 2 1", "n2 3 2"]);
    assertEquals((await alice.find(/ 481 \S+ /, "NODES")).length, 1);

    await carol.send("MONITOR + alice");
    await carol.until(/ 730 \S+ :alice!/);
    await cluster.killNode(1);
    await bob.until(/:alice!\S+ QUIT :/);
    await carol.until(/ 731 \S+ :alice$/);
    assertEquals(nodes(await bob.ask("NODES")), ["n0 1 1", "n2 3 2"]);
    assertEquals(await bob.find(/ 364 \S+ (\S+ \S+ :\d)/, "LINKS"), ["n0 n2 :1", "n2 n2 :0"]);
    assertMatch((await carol.find(/ 251 \S+ (.*)/, "LUSERS"))[0]!, /^:There are 3 users and 0 invisible on 2 servers/);
  },
  { operator: true },
);
