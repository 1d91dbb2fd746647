/** Rooms of a cluster: what is done to one on a node is seen and in force on another. */
import { assertEquals, assertMatch } from "@std/assert";
import { clustered, PASSWORD, User } from "./cluster_users.ts";
import { Client } from "./harness.ts";
import { ask } from "./history_store.ts";

clustered(
  "modes, topic and roles of a room that are set on one node are seen and in force on another",
  2,
  async (a, b) => {
    using alice = await User.withAccount(a, "alice");
    using bob = await User.withAccount(b, "bob");
    using carol = await User.connect(b, "carol");
    for (const user of [alice, bob, carol]) await user.enter("#tea");
    await alice.ask("TOPIC #tea :Lunch at one", "MODE #tea +mv bob", "MODE #tea +o bob");
    const seen = await bob.catchUp();
    const own = (name: string) =>
      seen.filter((line) => line.includes(` ${name} #tea `)).map((line) => line.split(`${name} #tea `)[1]);
    assertEquals(own("TOPIC"), [":Lunch at one"]);
    assertEquals(own("MODE"), ["+mv bob", "+o bob"]);
    assertEquals(await carol.find(/ 332 \S+ #tea :(.*)/, "TOPIC #tea"), ["Lunch at one"]);
    assertEquals(await carol.find(/ 324 \S+ #tea (.*)/, "MODE #tea"), ["+ntm"]);
    assertEquals((await carol.find(/ 404 \S+ #tea /, "PRIVMSG #tea :may I?")).length, 1);
    assertEquals((await carol.find(/ 482 \S+ #tea /, "TOPIC #tea :no")).length, 1);
    await bob.ask("MODE #tea +v carol", "PRIVMSG carol :now");
    await carol.until(/PRIVMSG carol :now$/);
    await carol.send("PRIVMSG #tea :I may");
    await alice.until(/:carol!\S+ PRIVMSG #tea :I may$/);
    assertEquals(await alice.find(/ 353 \S+ . #tea :(.*)/, "NAMES #tea"), ["~alice @bob +carol"]);

    await alice.ask("MODE #tea -m+kl sesame 3");
    await carol.catchUp();
    using dave = await User.connect(b, "dave");
    for (const key of ["", "wrong"]) assertEquals((await dave.find(/ 475 \S+ #tea /, `JOIN #tea ${key}`)).length, 1);
    assertEquals((await dave.find(/ 471 \S+ #tea /, "JOIN #tea sesame")).length, 1);
    await alice.ask("MODE #tea -l+iI dave!*@*");
    await carol.catchUp();
    assertEquals(await bob.find(/ 346 \S+ #tea (\S+)/, "MODE #tea I"), ["dave!*@*"]);
    await dave.ask("JOIN #tea sesame");
    await alice.until(/:dave!\S+ JOIN #tea/);

    // Roles are those of the account, on whatever node it is.
    await bob.quit();
    await alice.until(/:bob!\S+ QUIT/);
    using again = await User.logIn(a, "bob");
    await again.send("JOIN #tea");
    await carol.until(/ MODE #tea \+ov? bob/);
  },
);

clustered("bans, invitations and kicks of a room on one node concern users of another", 2, async (a, b) => {
  using alice = await User.withAccount(a, "alice");
  using bob = await User.connect(b, "bob");
  using carol = await User.connect(b, "carol");
  for (const user of [alice, bob]) await user.enter("#tea");
  await alice.send("KICK #tea bob :be nice");
  await bob.until(/:alice!\S+ KICK #tea bob :be nice$/);
  assertEquals((await bob.find(/ 442 \S+ #tea /, "PRIVMSG #tea :still here?", "PART #tea")).length, 1);
  await alice.ask("MODE #tea +b bob!*@*");
  await bob.catchUp();
  assertEquals((await bob.find(/ 474 \S+ #tea /, "JOIN #tea")).length, 1);
  assertEquals(await bob.find(/ 367 \S+ #tea (\S+)/, "MODE #tea b"), ["bob!*@*"]);
  await alice.ask("MODE #tea +i-b bob!*@*");
  await bob.catchUp();
  for (const user of [bob, carol]) assertEquals((await user.find(/ 473 \S+ #tea /, "JOIN #tea")).length, 1);
  await alice.send("INVITE carol #tea");
  await carol.until(/:alice!\S+ INVITE carol :?#tea$/);
  await carol.enter("#tea");
  await alice.until(/:carol!\S+ JOIN #tea/);
  assertEquals((await bob.find(/ 473 \S+ #tea /, "JOIN #tea")).length, 1);

  // A ban by /ban removes the user, and finds it under another nickname.
  await alice.send("BAN #tea carol");
  await carol.until(/:alice!\S+ KICK #tea carol :Banned$/);
  await alice.ask("MODE #tea -i");
  await carol.ask("NICK caroline");
  assertEquals((await carol.find(/ 474 \S+ #tea /, "JOIN #tea")).length, 1);
  await alice.ask("UNBAN #tea carol");
  await bob.catchUp();
  await carol.enter("#tea");
});

clustered(
  "a room that is renamed on one node has its members and its history on both, and can be given away",
  2,
  async (a, b) => {
    using alice = await User.withAccount(a, "alice", "draft/channel-rename");
    using bob = await User.withAccount(b, "bob", "draft/channel-rename");
    using carol = await User.connect(b, "carol");
    for (const user of [alice, bob, carol]) await user.enter("#tea");
    await alice.ask("PRIVMSG #tea :before");
    await bob.ask("PRIVMSG #tea :also before");
    await alice.send("RENAME #tea #coffee :better");
    await bob.until(/:alice!\S+ RENAME #tea #coffee :better$/);
    await carol.until(/:carol!\S+ JOIN #coffee/); // without the capability
    await carol.send("PRIVMSG #coffee :after");
    await alice.until(/PRIVMSG #coffee :after$/);
    const histories = [];
    for (const user of [alice, bob]) {
      histories.push(await user.find(/ PRIVMSG #coffee :(.*)/, "CHATHISTORY LATEST #coffee * 10"));
      assertEquals((await user.find(/ 403 \S+ #tea /, "TOPIC #tea")).length, 1);
    }
    assertEquals(histories, [["before", "also before", "after"], ["before", "also before", "after"]]);

    await alice.ask("PRIVMSG ChanServ :TRANSFER #coffee bob");
    await bob.until(/ MODE #coffee \S*q\S* bob/);
    assertEquals(await carol.find(/ 353 \S+ . #coffee :(.*)/, "NAMES #coffee"), ["@alice ~bob carol"]);

    const drop = "PRIVMSG ChanServ :DROP #coffee";
    await bob.ask(drop, drop);
    await alice.until(/ KICK #coffee alice |:alice!\S+ PART #coffee/);
    assertEquals((await alice.find(/ 403 \S+ #coffee /, "TOPIC #coffee")).length, 1);
    assertMatch((await alice.ask("CHATHISTORY LATEST #coffee * 10")).join("\n"), /FAIL CHATHISTORY/);
    await alice.enter("#coffee"); // a new room
    assertEquals(await alice.find(/ 353 \S+ . #coffee :(.*)/, "NAMES #coffee"), ["~alice"]);
    await bob.enter("#coffee");
    assertEquals(await bob.find(/ PRIVMSG #coffee :(.*)/, "CHATHISTORY LATEST #coffee * 10"), []);
  },
);

clustered("rooms, members and roles are the same on the text port of each node", 2, async (a, b) => {
  using alice = await Client.join(a.port);
  using bob = await Client.join(b.port);
  await ask(alice, "/nick alice", `/register ${PASSWORD}`, "/join #tea");
  await ask(bob, "/nick bob", `/register ${PASSWORD}`, "/join #tea");
  await ask(alice, "/member add bob", "/topic Lunch at one", "/mode +s");
  await bob.until("-- alice hid #tea from users outside it");
  for (const command of ["/members", "/who", "/mode", "/topic", "/rooms", "/list"]) {
    const [here, there] = [await ask(alice, command), await ask(bob, command)];
    const neutral = (lines: string[]) => lines.map((line) => line.replace(" (you)", ""));
    assertEquals(neutral(there), neutral(here), command);
  }
});
