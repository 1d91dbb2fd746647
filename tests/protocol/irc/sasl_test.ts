/** Login by SASL, before and after registration, and what other users are told. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fc } from "../../dependencies.ts";
import { SASL_MAX } from "../../../src/protocol/irc/sasl.ts";
import { exhaust, scramLast } from "../../accounts/helpers.ts";
import { type Client, SERVER, test, testAccounts } from "./harness.ts";

const PASSWORD = "open sesame";

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function plain(name: string, password: string, other = ""): string {
  return `AUTHENTICATE ${base64(`${other}\0${name}\0${password}`)}`;
}

/** Joins the chunks of a message from the server. */
function message(lines: readonly string[]): string {
  const pieces = lines.map((line) => /^AUTHENTICATE (.+)$/.exec(line)?.[1]);
  assert(pieces.every((piece) => piece !== undefined), lines.join("\n"));
  return Buffer.from(pieces.filter((piece) => piece !== "+").join(""), "base64").toString();
}

/** Runs SCRAM as far as the server lets it. */
async function scram(client: Client, name: string, password: string, end = "+"): Promise<string[]> {
  await client.expect("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE +");
  const first = `n,,n=${name},r=fyko+d2lbbFgONRv9qkxdawL`;
  const serverFirst = message(await client.asks(`AUTHENTICATE ${base64(first)}`));
  const { last, answer } = scramLast(first, serverFirst.replace("i=600000", "i=1"), password);
  const lines = await client.asks(`AUTHENTICATE ${base64(last)}`);
  if (!lines[0]?.startsWith("AUTHENTICATE")) return lines;
  assertEquals(message(lines), answer);
  return await client.asks(`AUTHENTICATE ${end}`);
}

/** Returns an unregistered client that has enabled sasl. */
async function negotiating(chat: { connect(): Client }, ...more: string[]): Promise<Client> {
  const client = chat.connect();
  await client.says("CAP LS 302", "NICK alice", "USER alice 0 * :Alice", `CAP REQ :${["sasl", ...more].join(" ")}`);
  client.hears();
  return client;
}

testAccounts("SASL: CAP LS lists sasl, and its mechanisms with version 302", async (fixture) => {
  const [old, recent] = [fixture.connect(), fixture.connect()];
  assertMatch((await old.asks("CAP LS"))[0]!, / sasl /);
  assertMatch((await recent.asks("CAP LS 302"))[0]!, / sasl=PLAIN,SCRAM-SHA-256 /);
  await recent.expect("CAP REQ :sasl draft/account-registration", "CAP * ACK :sasl draft/account-registration");
  assertMatch((await recent.asks("CAP LIST"))[0]!, /^CAP \* LIST :sasl draft\/account-registration$/);
});

test("SASL: is not available without accounts", async (fixture) => {
  const client = fixture.connect();
  assert(!/sasl|registration/.test((await client.asks("CAP LS 302"))[0]!));
  await client.expect("CAP REQ :sasl", "CAP * NAK :sasl");
  await client.expect("AUTHENTICATE PLAIN", "904 * :SASL authentication failed");
});

testAccounts("SASL: PLAIN before registration logs the member in from the start", async (fixture, { auth, log }) => {
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${PASSWORD}`);
  await owner.leave();
  const client = await negotiating(fixture);
  await client.expect("AUTHENTICATE plain", "AUTHENTICATE +");
  await client.expect(
    plain("ALICE", PASSWORD),
    "900 alice alice!~alice@host alice :You are now logged in as alice",
    "903 alice :SASL authentication successful",
  );
  assertEquals((await client.asks("CAP END"))[0], `001 alice :Welcome to the ${SERVER} network, alice!~alice@host`);
  assertEquals([client.member.account, auth.size], ["alice", 1]);
  assertMatch(log.at(-1)!, /^info logged in .* account=alice by=SASL PLAIN$/);
});

testAccounts("SASL: SCRAM-SHA-256 logs in, and the server proves that it knows the keys", async (fixture) => {
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${PASSWORD}`);
  await owner.leave();
  const client = await negotiating(fixture);
  assertEquals(await scram(client, "alice", "wrong"), ["904 alice :SASL authentication failed"]);
  assertEquals(await scram(client, "no-such-user", PASSWORD), ["904 alice :SASL authentication failed"]);
  const other = await negotiating(fixture);
  assertEquals(await scram(other, "alice", PASSWORD, base64("more")), ["904 alice :SASL authentication failed"]);
  assertEquals(await scram(client, "alice", PASSWORD), [
    "900 alice alice!~alice@host alice :You are now logged in as alice",
    "903 alice :SASL authentication successful",
  ]);
});

testAccounts(
  "SASL: a registered nick is only for clients that log in during capability negotiation",
  async (fixture) => {
    const owner = await fixture.irc("alice");
    await owner.says(`NS REGISTER ${PASSWORD}`);
    await owner.leave();
    const notice = ":NickServ!services@irc.test NOTICE * :" +
      "alice is a registered nickname. If it is yours: /msg NickServ IDENTIFY alice PASSWORD";
    const owned = "433 * alice :Nickname is registered: log in first";
    const other = fixture.connect();
    await other.expect("NICK alice", owned, notice);
    const client = await negotiating(fixture);
    await client.expect("CAP END", owned, notice);
    assertEquals((await client.asks("NICK bob"))[0]?.slice(0, 8), "001 bob ");
    await client.expect(
      "NICK Alice",
      owned.replace("* alice", "bob Alice"),
      notice.replace("* :alice", "bob :Alice").replace("IDENTIFY alice", "IDENTIFY Alice"),
    );
    assertEquals(client.member.nick, "bob");
  },
);

testAccounts(
  "SASL: a login after registration is announced by account-notify, and account-tag shows the account",
  async (fixture) => {
    const alice = await fixture.irc("alice", "sasl");
    await alice.says(`NS REGISTER ${PASSWORD}`, "NS LOGOUT", "NICK carol");
    const bob = await fixture.irc("bob", "account-notify", "account-tag", "extended-join");
    const dave = await fixture.irc("dave");
    await fixture.join("#tea", alice, bob, dave);
    await alice.expect("AUTHENTICATE PLAIN", "AUTHENTICATE +");
    await alice.expect(
      plain("alice", PASSWORD),
      "900 carol carol!~alice@host alice :You are now logged in as alice",
      "903 carol :SASL authentication successful",
    );
    assertEquals(bob.hears(), ["@account=alice :carol!~alice@host ACCOUNT alice"]);
    assertEquals(dave.hears(), []);
    await alice.says("PRIVMSG #tea :hi", "NICK alice", "PART #tea", "JOIN #tea", "MODE #tea +m", "PRIVMSG bob :psst");
    assertEquals(bob.hears(), [
      "@account=alice :carol!~alice@host PRIVMSG #tea :hi",
      "@account=alice :carol!~alice@host NICK alice",
      "@account=alice :alice!~alice@host PART #tea",
      "@account=alice :alice!~alice@host JOIN #tea alice :Real alice",
      "@account=alice :alice!~alice@host PRIVMSG bob :psst",
    ]);
    assertEquals(dave.hears(), [
      ":carol!~alice@host PRIVMSG #tea :hi",
      ":carol!~alice@host NICK alice",
      ":alice!~alice@host PART #tea",
      ":alice!~alice@host JOIN #tea",
    ]);
    const whois = await bob.asks("WHOIS alice");
    assert(whois.includes("330 bob alice alice :is logged in as"), whois.join("\n"));
    assertEquals((await bob.asks("WHO alice %na"))[0], "354 bob alice alice");
    assertEquals((await bob.asks("WHO dave %na"))[0], "354 bob dave 0");
    await alice.says("NS LOGOUT");
    assertEquals(bob.hears(), [":alice!~alice@host ACCOUNT *", ":alice!~alice@host NICK guest1"]);
  },
);

testAccounts("SASL: the client's own JOIN has its account with extended-join", async (fixture) => {
  const alice = await fixture.irc("alice", "extended-join", "account-tag");
  await alice.says(`NS REGISTER ${PASSWORD}`);
  assertEquals((await alice.asks("JOIN #tea"))[0], "@account=alice :alice!~alice@host JOIN #tea alice :Real alice");
});

testAccounts("SASL: rejects invalid exchanges, and an exchange can be aborted", async (fixture) => {
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${PASSWORD}`);
  await owner.leave();
  const failed = "904 alice :SASL authentication failed";
  const client = await negotiating(fixture);
  await client.expect("AUTHENTICATE NONSENSE", "908 alice PLAIN,SCRAM-SHA-256 :are available SASL mechanisms", failed);
  await client.expect("AUTHENTICATE PLAIN", "AUTHENTICATE +");
  await client.expect("AUTHENTICATE *", "906 alice :SASL authentication aborted");
  await client.expect("AUTHENTICATE *", "906 alice :SASL authentication aborted");
  await client.expect("AUTHENTICATE", "461 alice AUTHENTICATE :Not enough parameters");
  for (
    const bad of ["####", "YQ", "YQ=", "=", base64("\xff").slice(0, 3), Buffer.from([0xff, 0xfe]).toString("base64")]
  ) {
    await client.expect("AUTHENTICATE PLAIN", "AUTHENTICATE +");
    await client.expect(`AUTHENTICATE ${bad}`, failed);
  }
  await client.expect("AUTHENTICATE PLAIN", "AUTHENTICATE +");
  assertEquals((await client.asks("CAP END"))[0], "906 alice :SASL authentication aborted");
});

testAccounts("SASL: a message that is not UTF-8 is no wrong password", async (fixture, { throttle }) => {
  const client = await negotiating(fixture);
  const text = Buffer.from([0, 0x61, 0, 0xff]).toString("base64");
  for (let i = 0; i < 5; i++) {
    await client.says("AUTHENTICATE PLAIN");
    client.hears();
    await client.expect(`AUTHENTICATE ${text}`, "904 alice :SASL authentication failed");
  }
  assertEquals([throttle.counts.wrong, client.connection.open], [0, true]);
});

testAccounts("SASL: PLAIN fails when the message is malformed, or its two identities differ", async (fixture) => {
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${PASSWORD}`);
  await owner.leave();
  for (
    const text of [
      "",
      "alice",
      `alice\0${PASSWORD}`,
      "\0alice",
      `\0alice\0${PASSWORD}\0x`,
      `bob\0alice\0${PASSWORD}`,
      `\0\0${PASSWORD}`,
    ]
  ) {
    const client = await negotiating(fixture);
    await client.says("AUTHENTICATE PLAIN");
    client.hears();
    await client.expect(`AUTHENTICATE ${base64(text) || "+"}`, "904 alice :SASL authentication failed");
    await client.leave();
  }
  const client = await negotiating(fixture);
  await client.says("AUTHENTICATE PLAIN", plain("alice", PASSWORD, "ALICE"));
  assertEquals(client.hears().at(-1), "903 alice :SASL authentication successful");
  await client.expect("AUTHENTICATE PLAIN", "907 alice :You have already authenticated using SASL");
});

testAccounts("SASL: joins the chunks of a message, and rejects one that is too long", async (fixture) => {
  const owner = await fixture.irc("alice");
  const long = "x".repeat(200);
  await owner.says(`NS REGISTER ${long}`);
  await owner.leave();
  for (const other of ["", "alice"]) {
    const client = await negotiating(fixture);
    const text = base64(`${other}\0alice\0${long}`);
    await client.says("AUTHENTICATE PLAIN");
    await client.says(`AUTHENTICATE ${text}`);
    assertEquals(client.hears().at(-1), "903 alice :SASL authentication successful");
    await client.leave();
  }
  const client = await negotiating(fixture);
  const exact = base64(`\0alice\0${"y".repeat(300 - 7)}`);
  assertEquals(exact.length, 400);
  await client.says("AUTHENTICATE PLAIN");
  client.hears();
  await client.expect(`AUTHENTICATE ${exact}`); // the server waits for the next chunk
  await client.expect("AUTHENTICATE +", "904 alice :SASL authentication failed");
  await client.says("AUTHENTICATE PLAIN");
  client.hears();
  await client.expect(`AUTHENTICATE ${"A".repeat(401)}`, "905 alice :SASL message too long");
  await client.says("AUTHENTICATE PLAIN");
  client.hears();
  for (let said = 0; said < SASL_MAX; said += 400) await client.expect(`AUTHENTICATE ${"A".repeat(400)}`);
  await client.expect("AUTHENTICATE AAAA", "905 alice :SASL message too long");
});

testAccounts("SASL: a long message of the server is sent in chunks", async (fixture) => {
  const client = await negotiating(fixture);
  await client.says("AUTHENTICATE SCRAM-SHA-256");
  client.hears();
  for (const nonce of [190, 235, 236, 238, 239, 256]) {
    const lines = await client.asks(`AUTHENTICATE ${base64(`n,,n=a,r=${"x".repeat(nonce)}`)}`);
    if (lines.length === 0) lines.push(...await client.asks("AUTHENTICATE +")); // the first message was exactly one chunk
    const sent = lines.map((line) => line.replace("AUTHENTICATE ", ""));
    assert(sent.slice(0, -1).every((piece) => piece.length === 400) && sent.at(-1)!.length < 400, sent.join("\n"));
    assertMatch(message(lines), new RegExp(`^r=x{${nonce}}.{24},s=.{24},i=600000$`));
    await client.says("AUTHENTICATE *", "AUTHENTICATE SCRAM-SHA-256");
    client.hears();
  }
});

testAccounts("SASL: three wrong passwords close the connection, by any command", async (fixture, { throttle }) => {
  const client = await negotiating(fixture);
  await client.says("AUTHENTICATE PLAIN", plain("alice", "1"));
  await client.says("CAP END", "NS IDENTIFY alice 2");
  client.hears();
  await client.says("AUTHENTICATE PLAIN", plain("alice", "3"));
  assertEquals(client.hears().slice(-2), [
    "904 alice :SASL authentication failed",
    "ERROR :Closing link: (alice) [Too many wrong passwords]",
  ]);
  assertEquals([client.connection.closeReason, throttle.counts.wrong], ["Too many wrong passwords", 3]);
});

testAccounts("SASL: replies with the time to wait after too many wrong passwords", async (fixture, { throttle }) => {
  await exhaust(throttle);
  const client = await negotiating(fixture);
  await client.says("AUTHENTICATE PLAIN");
  client.hears();
  await client.expect(
    plain("alice", PASSWORD),
    "904 alice :SASL authentication failed: Too many wrong passwords from your address. Try again in 10 seconds.",
  );
});

testAccounts("SASL: a client registers without account when that was dropped in the meantime", async (fixture) => {
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${PASSWORD}`);
  const client = await negotiating(fixture);
  await client.says("NICK bob", "AUTHENTICATE PLAIN", plain("alice", PASSWORD));
  await owner.says(`NS DROP ${PASSWORD}`, "NS REGISTER another password");
  await client.says("CAP END");
  assertEquals([client.member.account, owner.member.account], [undefined, "alice"]);
});

testAccounts("SASL: SCRAM fails when the account is dropped before the client's last message", async (fixture) => {
  const owner = await fixture.irc("alice");
  await owner.says(`NS REGISTER ${PASSWORD}`);
  const client = await negotiating(fixture);
  await client.says("NICK bob");
  const begun = async () => {
    await client.expect("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE +");
    const first = "n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL";
    const serverFirst = message(await client.asks(`AUTHENTICATE ${base64(first)}`));
    const { last, answer } = scramLast(first, serverFirst.replace("i=600000", "i=1"), PASSWORD);
    assertEquals(message(await client.asks(`AUTHENTICATE ${base64(last)}`)), answer);
  };
  await begun();
  await owner.says(`NS DROP ${PASSWORD}`, "NS REGISTER another password");
  await client.expect("AUTHENTICATE +", "904 bob :SASL authentication failed");
  await owner.says("NS DROP another password", `NS REGISTER ${PASSWORD}`);
  await begun();
  assertEquals((await client.asks("AUTHENTICATE +")).at(-1), "903 bob :SASL authentication successful");
});

testAccounts("SASL: the session continues after any AUTHENTICATE", async (fixture) => {
  const word = fc.oneof(
    fc.constantFrom("PLAIN", "SCRAM-SHA-256", "*", "+", "EXTERNAL"),
    fc.base64String({ maxLength: 60 }),
    fc.stringMatching(/^[!-9;-~][!-~]{0,450}$/),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
      const client = await negotiating(fixture);
      await client.says(...words.map((word) => `AUTHENTICATE ${word}`));
      const lines = client.hears();
      assert(lines.every((line) => /^(AUTHENTICATE|90[4-8]|461|ERROR) /.test(line)), lines.join("\n"));
      if (client.connection.open) assertEquals((await client.asks("PING x")).at(-1), `PONG ${SERVER} :x`);
      await client.leave();
      fixture.clients.splice(fixture.clients.indexOf(client), 1);
    }),
    { numRuns: 50 },
  );
});
