/** Private messages over the nodes of a cluster, and the ignore lists that apply to them. */
import { assert, assertEquals } from "@std/assert";
import { CHECKPOINT_INTERVAL } from "../../src/cluster/cluster_limits.ts";
import { clustered, PASSWORD, User } from "./cluster_users.ts";
import { Client } from "./harness.ts";
import { ask, Directory, eventually } from "./history_store.ts";

const ALWAYS = "timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z";

/** The names in the reply to CHATHISTORY TARGETS, with the times of the latest messages. */
function targets(user: User): Promise<string[]> {
  return user.find(/ CHATHISTORY TARGETS (.*)/, `CHATHISTORY TARGETS ${ALWAYS} 50`);
}

/** The conversation with another user: ids, times and texts. */
async function conversation(user: User, name: string): Promise<string[]> {
  await user.settled();
  const from = user.received.length;
  await user.ask(`CHATHISTORY LATEST ${name} * 50`);
  const lines = user.received.slice(from).split("\n").filter((line) => line.includes(" PRIVMSG "));
  return lines.map((line) =>
    `${/msgid=[^; ]+/.exec(line)![0]} ${/time=[^; ]+/.exec(line)![0]} ${line.replace(/^@\S+ /, "").trimEnd()}`
  );
}

clustered(
  "private messages reach users of other nodes, and absent accounts when they log in to any",
  2,
  async (a, b, cluster) => {
    using alice = await User.withAccount(a, "alice");
    using bob = await User.withAccount(b, "bob");
    await alice.send("PRIVMSG bob :hello bob");
    await bob.until(/:alice!\S+ PRIVMSG bob :hello bob$/);
    await bob.send("PRIVMSG alice :\x01ACTION waves\x01");
    await alice.until(/:bob!\S+ PRIVMSG alice :.ACTION waves.$/);
    await alice.send("PRIVMSG bob,#nowhere :to two");
    await bob.until(/PRIVMSG bob :to two$/);
    await bob.send("TAGMSG alice");
    await alice.ask("NOTICE bob :note");
    await bob.until(/ NOTICE bob :note$/);

    await bob.quit();
    await alice.catchUp();
    await b.logged(/ disconnected .*nick=bob /);
    await alice.send("MONITOR + bob");
    await alice.until(/ 731 \S+ :bob$/);
    assertEquals(await alice.find(/ 301 \S+ bob :(.*)/, "PRIVMSG bob :for later"), ["Offline, and will see it"]);
    using text = await Client.join(b.port);
    await text.send(`/login bob ${PASSWORD}`);
    await text.until(/^-- 1 private message from alice while you were away:$/);
    await text.until(/^\[\d\d:\d\d\] \*alice\* for later$/);
    await ask(text, "/msg alice I was away");
    await alice.until(/:bob!\S+ PRIVMSG alice :I was away$/);

    // Both nodes have stored the same.
    using laptop = await User.logIn(a, "bob");
    using phone = await User.logIn(b, "bob");
    await phone.catchUp();
    const [here, there] = [await conversation(laptop, "alice"), await conversation(phone, "alice")];
    assertEquals(there, here);
    assertEquals(here.map((line) => line.slice(line.indexOf(" :", line.indexOf(" PRIVMSG ")) + 2)), [
      "hello bob",
      "\x01ACTION waves\x01",
      "to two",
      "for later",
      "I was away",
    ]);
    const found = await targets(phone);
    assertEquals(found.map((line) => line.split(" ")[0]), ["alice"]);
    assertEquals(await targets(laptop), found);

    // A node that joins later gets them, too.
    await cluster.startNode(2);
    const data = new Directory(cluster.dataOf(2));
    const joined = performance.now();
    await eventually("end of catching up", () => data.query("SELECT progress FROM catch_up").length === 0);
    assert(performance.now() - joined < CHECKPOINT_INTERVAL, "peers answer before they have stored a checkpoint");
    using tablet = await User.logIn(cluster.nodes[2]!, "bob");
    assertEquals(await conversation(tablet, "alice"), here);
    assertEquals(await targets(tablet), found);
  },
);

clustered(
  "the ignore list of an account is the same on all nodes, and holds back what users of any say",
  2,
  async (a, b) => {
    using alice = await User.withAccount(a, "alice");
    using phone = await User.logIn(b, "alice");
    using bob = await User.withAccount(b, "bob");
    await alice.ask("SILENCE +bob");
    await phone.catchUp();
    assertEquals(await phone.find(/ 271 \S+ \S+ (\S+)/, "SILENCE"), ["bob"]);
    await bob.ask("PRIVMSG alice :psst");
    await bob.send("INVITE alice #den");
    using dave = await User.connect(a, "dave"); // appends later, so both have applied it
    await bob.ask("PRIVMSG dave :sync");
    await dave.until(/PRIVMSG dave :sync$/);
    for (const device of [alice, phone]) {
      await device.catchUp();
      assert(!/psst|INVITE/.test(device.received), device.received);
    }
    await phone.ask("SILENCE -bob");
    await alice.catchUp();
    assertEquals(await alice.find(/ 271 /, "SILENCE"), []);
    await bob.send("PRIVMSG alice :heard again");
    for (const device of [alice, phone]) await device.until(/PRIVMSG alice :heard again$/);
    assertEquals((await conversation(phone, "bob")).length, 1);
  },
);
