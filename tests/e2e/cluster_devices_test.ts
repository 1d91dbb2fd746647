/** Users of a cluster with sessions on several nodes, and users who are always on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { clustered, PASSWORD, User } from "./cluster_users.ts";
import { Client } from "./harness.ts";
import { ask, Directory } from "./history_store.ts";

clustered(
  "two sessions of a user on different nodes are one user with the same rooms and messages",
  2,
  async (a, b) => {
    using bob = await User.connect(b, "bob");
    using alice = await User.withAccount(a, "alice");
    await alice.enter("#tea");
    await bob.enter("#tea");
    using phone = await User.logIn(b, "alice", PASSWORD, "labeled-response");
    assertMatch(phone.received, /:alice!\S+ JOIN #tea/);
    assertEquals(await phone.find(/ 319 \S+ alice :(.*)/, "WHOIS alice"), ["~#tea"]);
    assertEquals(await bob.find(/ 353 \S+ . #tea :(.*)/, "NAMES #tea"), ["~alice bob"]);

    const ids: string[] = [];
    for (
      const [from, to, line] of [
        [alice, phone, "PRIVMSG #tea :by laptop"],
        [phone, alice, "PRIVMSG #tea :by phone"],
        [alice, phone, "PRIVMSG bob :by laptop, to bob"],
        [phone, alice, "PRIVMSG bob :by phone, to bob"],
        [bob, alice, "PRIVMSG alice :to both"],
      ] as const
    ) {
      await from.send(line);
      const end = new RegExp(`!\\S+ ${line}$`);
      const received = [await to.until(end)];
      if (from === bob) received.push(await phone.until(end));
      else received.push(await from.until(end), await bob.until(end));
      const [id, ...others] = received.map((each) => /msgid=([^; ]+)/.exec(each)![1]!);
      for (const other of others) assertEquals(other, id);
      ids.push(id!);
    }
    assertEquals(new Set(ids).size, ids.length);

    await phone.send("JOIN #den");
    await alice.until(/:alice!\S+ JOIN #den/);
    await alice.send("NICK alicia");
    await phone.until(/:alice!\S+ NICK :?alicia/);
    await phone.send("PART #den");
    await alice.until(/:alicia!\S+ PART #den/);

    await alice.quit();
    await a.logged(/ disconnected .*nick=alicia /);
    await phone.send("PRIVMSG #tea :still here");
    await bob.until(/:alicia!\S+ PRIVMSG #tea :still here$/);
    assert(!bob.received.includes(" QUIT "), bob.received);
    await phone.quit();
    await bob.until(/:alicia!\S+ QUIT /);
    assertEquals((await bob.find(/ 401 \S+ alicia /, "WHOIS alicia")).length, 1);
  },
);

clustered(
  "a read marker that is set on one node is told to the sessions on another, and stored on both",
  2,
  async (a, b, cluster) => {
    using alice = await User.withAccount(a, "alice", "draft/read-marker");
    await alice.enter("#tea");
    using phone = await User.logIn(b, "alice", PASSWORD, "draft/read-marker");
    await alice.send("PRIVMSG #tea :read me");
    const time = /time=([^; ]+)/.exec(await phone.until(/PRIVMSG #tea :read me$/))![1]!;
    await alice.send(`MARKREAD #tea timestamp=${time}`);
    await phone.until(new RegExp(` MARKREAD #tea timestamp=${time}$`));
    await phone.send(`MARKREAD bob timestamp=${time}`);
    await alice.until(new RegExp(` MARKREAD bob timestamp=${time}$`));
    assertEquals(await phone.find(/ MARKREAD #tea (\S+)$/, "MARKREAD #tea"), [`timestamp=${time}`]);
    assertEquals(await alice.find(/ MARKREAD bob (\S+)$/, "MARKREAD bob"), [`timestamp=${time}`]);
    for (const n of [0, 1]) assertEquals(await cluster.stopNode(n), 0);
    const markers = [0, 1].map((n) =>
      new Directory(cluster.dataOf(n)).query("SELECT nick, time FROM read_marker ORDER BY nick, time")
    );
    assertEquals(markers[0], markers[1]);
    assert(markers[0]!.length >= 1, "no marker is stored");
  },
);

clustered(
  "a user who is always on stays when the node is killed, and reads on another what was said",
  2,
  async (a, b, cluster) => {
    using bob = await User.connect(b, "bob", "away-notify");
    using alice = await User.withAccount(a, "alice");
    await alice.ask("NS SET ALWAYS-ON ON");
    await alice.enter("#tea");
    await bob.enter("#tea");
    await bob.send("PRIVMSG alice :are you there?");
    await alice.until(/are you there\?$/);
    await cluster.killNode(0);
    await bob.until(/:alice!\S+ AWAY :Not connected/);
    assertEquals(await bob.find(/ 353 \S+ . #tea :(.*)/, "NAMES #tea"), ["~alice bob"]);
    await bob.ask("PRIVMSG #tea :missed in the room");
    using text = await Client.join(b.port);
    await ask(text, "/nick carol", `/register ${PASSWORD}`, "/msg alice missed in private");
    using phone = await User.logIn(b, "alice");
    const room = await phone.ask("CHATHISTORY LATEST #tea * 5");
    assert(room.some((line) => line.endsWith("PRIVMSG #tea :missed in the room")), room.join("\n"));
    const own = await phone.ask("CHATHISTORY LATEST carol * 5");
    assert(own.some((line) => line.endsWith("PRIVMSG alice :missed in private")), own.join("\n"));
    await bob.until(/:alice!\S+ AWAY$/);

    await phone.quit(); // the last session; the user stays
    await bob.until(/:alice!\S+ AWAY :Not connected/);
    await cluster.startNode(0);
    using laptop = await User.logIn(cluster.nodes[0]!, "alice");
    assertMatch(laptop.received, /:alice!\S+ JOIN #tea/);
    await bob.send("PRIVMSG alice :back on the first node?");
    await laptop.until(/PRIVMSG alice :back on the first node\?$/);
  },
);
