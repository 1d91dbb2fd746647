/** Accounts in a cluster: what is changed on one node is in force on another. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { clustered, isAccepted, PASSWORD, User } from "./cluster_users.ts";
import { Client } from "./harness.ts";
import { ask } from "./history_store.ts";

const NEW_PASSWORD = "close-sesame";
const FINGERPRINT = "ab".repeat(32);

clustered("an account that was registered on one node is on another: logins, tokens, certificates", 2, async (a, b) => {
  using watch = await User.connect(b, "watch");
  using alice = await User.withAccount(a, "alice");
  await watch.catchUp();
  for (const mechanism of ["PLAIN", "SCRAM-SHA-256"] as const) {
    assert(await isAccepted(b, { account: "alice", secret: PASSWORD, mechanism }), mechanism);
    assert(!await isAccepted(b, { account: "alice", secret: "wrong-one", mechanism }), mechanism);
  }
  using text = await Client.join(b.port);
  await text.send(`/login alice ${PASSWORD}`);
  await text.until("-- You are logged in as alice.");

  const [id, token] = (await alice.find(/TOKEN ADDED (\S+ \S+) :laptop/, "TOKEN ADD :laptop"))[0]!.split(" ");
  await alice.ask(`NS CERT ADD ${FINGERPRINT}`);
  await watch.catchUp();
  using laptop = await User.logIn(b, "alice", token);
  assertEquals(await laptop.find(/TOKEN DEVICE \S+/, "TOKEN LIST"), [`TOKEN DEVICE ${id}`]);
  assertMatch((await ask(text, "/cert")).join("\n").replaceAll(":", "").toLowerCase(), new RegExp(FINGERPRINT));
  await alice.ask(`TOKEN REVOKE ${id}`);
  assertMatch((await laptop.rest()).at(-1)!, /^ERROR .*Signed out: this device was removed/);
  assert(!await isAccepted(b, { account: "alice", secret: token! }));
});

clustered(
  "a password that is changed on one node is the only one on another, whose sessions are signed out",
  2,
  async (a, b) => {
    using watch = await User.connect(b, "watch");
    using alice = await User.withAccount(a, "alice");
    await watch.catchUp();
    using phone = await User.logIn(b, "alice");
    using text = await Client.join(b.port);
    await text.send(`/login alice ${PASSWORD}`);
    await text.until("-- You are logged in as alice.");
    await alice.ask(`NS SET PASSWORD ${NEW_PASSWORD}`);
    assertMatch((await phone.rest()).at(-1)!, /^ERROR .*Signed out: the password of the account was changed/);
    assertMatch((await text.rest()).at(-1)!, /^-- Signed out: the password of the account was changed/);
    await watch.catchUp();
    for (const mechanism of ["PLAIN", "SCRAM-SHA-256"] as const) {
      assert(!await isAccepted(b, { account: "alice", secret: PASSWORD, mechanism }), mechanism);
      assert(await isAccepted(b, { account: "alice", secret: NEW_PASSWORD, mechanism }), mechanism);
    }
    await alice.catchUp(); // and is connected still
  },
);

clustered(
  "an account that is dropped on one node has ended on another, and its name is free there",
  2,
  async (a, b) => {
    using watch = await User.connect(b, "watch");
    using alice = await User.withAccount(a, "alice");
    await alice.ask("JOIN #tea", "PRIVMSG #tea :mine");
    await watch.catchUp();
    using phone = await User.logIn(b, "alice");
    await alice.ask(`NS DROP ${PASSWORD}`);
    await phone.until(/NickServ.* :alice is no longer registered\.$|NOTICE \S+ :alice is no longer registered\.$/);
    await watch.catchUp();
    assert(!await isAccepted(b, { account: "alice", secret: PASSWORD }));
    assertEquals((await phone.find(/ 330 /, "WHOIS alice")).length, 0);
    await alice.quit();
    await phone.quit();
    await watch.catchUp();
    using other = await User.withAccount(b, "alice"); // and does not inherit the roles
    assertEquals(await other.find(/ 353 \S+ . #tea :(.*)/, "JOIN #tea"), ["alice"]);
  },
);
