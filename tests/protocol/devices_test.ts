/** Staying signed in, on the text port and by IRC: tokens, their scopes, one-time words, certificates, and asking for passwords. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { TOKENS_MAX } from "../../src/accounts/tokens.ts";
import type { AuthFixture } from "../accounts/helpers.ts";
import { type Client, type ProtocolFixture, testAccounts } from "./irc/harness.ts";

const PASSWORD = "open sesame";
const REMOVED = "Signed out: this device was removed from the account. Log in again with the password.";

/** Makes a token over the text protocol. */
async function newToken(client: Client, device: string): Promise<string> {
  const [, secret = ""] = await client.asks(`/devices add ${device}`);
  assertMatch(secret, /^tincan_[\w-]{43}$/);
  return secret;
}

/** Registers alice on the text port. */
async function alice(fixture: ProtocolFixture, { accounts }: AuthFixture): Promise<Client> {
  await accounts.register("alice", PASSWORD);
  const client = await fixture.text("x");
  await client.says(`/login alice ${PASSWORD}`);
  client.hears();
  return client;
}

/** The SASL PLAIN message of a login. */
function plain(name: string, password: string): string {
  return btoa(`\0${name}\0${password}`);
}

/** Logs in by SASL PLAIN during registration. */
async function byPlain(
  fixture: ProtocolFixture,
  nick: string,
  secret: string,
  ...capabilities: string[]
): Promise<Client> {
  const client = fixture.connect();
  await client.says(`CAP REQ :sasl ${capabilities.join(" ")}`, `NICK ${nick}`, `USER ${nick} 0 * :x`);
  await client.says("AUTHENTICATE PLAIN", `AUTHENTICATE ${plain("alice", secret)}`, "CAP END");
  return client;
}

testAccounts("devices: only a token that may speak in one room is offered as a webhook", async (fixture, office) => {
  const owner = await alice(fixture, office);
  await owner.says("/join #tea");
  const offered = async (device: string) =>
    (await owner.asks(`/devices add ${device}`)).some((line) => /hook/.test(line));
  assertEquals([await offered("a"), await offered("b #tea"), await offered("c read #tea")], [false, true, false]);
});

testAccounts(
  "devices: /devices lists, adds and revokes, and a revoked token ends its sessions",
  async (fixture, office) => {
    const owner = await alice(fixture, office);
    assertEquals(await owner.asks("/devices"), [
      "-- No devices or bots have a token. To make one: /devices add NAME",
    ]);
    const secret = await newToken(owner, "build bot");
    const bot = await byPlain(fixture, "bot", secret);
    assertEquals([bot.member.account, bot.session.token?.id], ["alice", 1]);
    const friend = await fixture.text("friend");
    await friend.says(`/login alice ${secret}`);
    assertEquals(friend.member.account, "alice");
    const away = await fixture.irc("bob");
    await away.says(`NS IDENTIFY alice ${secret}`);
    assertEquals(away.member.account, "alice");
    assertEquals(await owner.asks("/devices"), [
      "-- 1: build bot, last used 2026-01-02 03:04 UTC from host, made 2026-01-02",
    ]);
    assert((await away.asks("NS DEVICES")).at(-1)!.endsWith(", this device"));
    fixture.quiet();
    assertEquals(
      (await owner.asks("/devices revoke 1")).at(-1),
      "-- build bot is signed out. Its 3 sessions are closed.",
    );
    for (const client of [bot, friend, away]) await client.over;
    assertEquals(bot.hears().at(-1), `ERROR :Closing link: (alice) [${REMOVED}]`);
    assertEquals(friend.hears().at(-1), `-- ${REMOVED}`);
    assertEquals([...fixture.chat.members].map(({ nick }) => nick), ["alice"]);
    await owner.expect("/devices revoke 1", "-- No such device: 1. For a list: /devices");
    await owner.expect("/devices revoke x", "-- No such device: x. For a list: /devices");
    const late = await byPlain(fixture, "late", secret);
    assert(late.hears().some((line) => line.startsWith("904 ")), "the token is not valid any more");
  },
);

testAccounts("devices: /ghost with a token counts as a login with it", async (fixture, office) => {
  const owner = await alice(fixture, office);
  const secret = await newToken(owner, "bot");
  const friend = await fixture.text("friend");
  await friend.says(`/ghost alice ${secret}`);
  assertEquals([friend.member.account, friend.session.token?.id], ["alice", 1]);
  await owner.expect("/devices revoke 1", "-- bot is signed out. Its session is closed.");
  await friend.over;
});

testAccounts("devices: /login leaves a bot, and a user with other devices, their nickname", async (fixture, office) => {
  const owner = await alice(fixture, office);
  const reading = await newToken(owner, "reader read");
  await owner.says("/nick lisa");
  const bot = await fixture.text("bot");
  assertEquals((await bot.asks(`/login alice ${reading}`)).at(-1), "-- You are logged in as alice.");
  assertEquals(bot.member.nick, "bot");
  const phone = await fixture.text("phone");
  assert((await phone.asks(`/login alice ${PASSWORD}`)).includes("-- You are logged in as alice."));
  assertEquals([phone.member, phone.member.nick], [owner.member, "lisa"]);
});

testAccounts("devices: a token that is revoked during registration logs nobody in", async (fixture, office) => {
  const owner = await alice(fixture, office);
  const secret = await newToken(owner, "bot");
  const client = fixture.connect();
  await client.says("CAP REQ sasl", "NICK bot", "USER bot 0 * :x", "AUTHENTICATE PLAIN");
  await client.says(`AUTHENTICATE ${plain("alice", secret)}`);
  await owner.says("/devices revoke 1");
  await newToken(owner, "another with the same number");
  await client.says("CAP END");
  assertEquals([client.member.account, client.session.token], [undefined, undefined]);
});

testAccounts("devices: the limit of tokens is told with what to do", async (fixture, office) => {
  const owner = await alice(fixture, office);
  for (let n = 0; n < TOKENS_MAX; n++) await newToken(owner, `bot ${n}`);
  const most = `You have ${TOKENS_MAX} devices and bots, which is the most.`;
  await owner.expect("/devices add x", `-- ${most} Remove one first: /devices revoke N`);
  const irc = await fixture.irc("bob");
  await irc.says(`NS IDENTIFY alice ${PASSWORD}`);
  assertEquals(await irc.asks("TOKEN STAY :x"), [
    `FAIL TOKEN TOO_MANY_TOKENS :${most} Remove one first: /msg NickServ REVOKE N`,
  ]);
});

testAccounts("devices: a bot with a scope gets a clear error on each protocol", async (fixture, office) => {
  const owner = await alice(fixture, office);
  const reading = await newToken(owner, "reader read");
  const inRoom = await newToken(owner, "ci bot #CI");
  assertEquals((await owner.asks("/devices")).map((line) => line.replace(/,.*/, "")), [
    "-- 1: reader (read only)",
    "-- 2: ci bot (#ci)",
  ]);
  await owner.says("/join #ci");
  const irc = await byPlain(fixture, "reader", reading, "standard-replies");
  await irc.says("JOIN #lobby");
  const readOnly = "Your token permits you to read, but not to write";
  for (
    const line of ["PRIVMSG #lobby :hi", "PRIVMSG alice :hi", "NICK other", "TOPIC #lobby :x", "AWAY :x", "JOIN #new"]
  ) {
    await irc.expect(line, `FAIL ${line.split(" ")[0]} TOKEN_READ_ONLY :${readOnly}`);
  }
  await irc.expect("NOTICE #lobby :hi");
  const text = await fixture.text("t");
  const entered = await text.asks(`/login alice ${inRoom}`);
  assert(entered.some((line) => line.startsWith("-- You are in #ci with 1 other")), entered.join("\n"));
  assert(entered.includes("-- You left #lobby as your token does not permit it."), entered.join("\n"));
  assertEquals([...text.member.rooms.keys()], ["#ci"]);
  const elsewhere = "-- Your token is for #ci alone. For the rest, log in with your password first.";
  await text.expect("/join #lobby", elsewhere);
  await text.expect("/msg alice hi", elsewhere);
  await text.says("done");
  assert(owner.hears().some((line) => line.endsWith("> done")));
  await text.expect("/devices", "-- Your token does not permit that. Log in with your password first.");
  await text.expect("/password close sesame", "-- Your token does not permit that. Log in with your password first.");
});

testAccounts(
  "devices: a bot with a scope is a user of its own, and revoking it leaves its owner's devices",
  async (fixture, office) => {
    const owner = await alice(fixture, office);
    const secret = await newToken(owner, "reader read");
    const bot = await byPlain(fixture, "alice", secret, "account-tag");
    const denied = "Your token does not permit the nickname of its account, choose another one";
    assertEquals(bot.hears().at(-1), `433 * alice :${denied}`);
    await bot.expect("NICK ALICE", `433 * ALICE :${denied}`);
    await bot.says("NICK reader");
    assertEquals([bot.member.nick, bot.member.account, bot.member.sessions.length], ["reader", "alice", 1]);
    const bob = await fixture.irc("bob", "account-tag", "extended-join");
    fixture.quiet();
    await bob.says("PRIVMSG alice :psst");
    assertEquals([bot.hears(), owner.hears()], [[], ["*bob* psst"]]);
    await bob.says("JOIN #lobby");
    await bot.says("JOIN #lobby");
    assertEquals(bob.hears().at(-1), "@account=alice :reader!~alice@host JOIN #lobby alice :x");
    const phone = await byPlain(fixture, "phone", PASSWORD);
    fixture.quiet();
    await owner.expect(
      "/devices revoke 1",
      "-- reader left #lobby (Signed out)",
      "-- reader is signed out. Its session is closed.",
    );
    await bot.over;
    assertEquals(owner.member.sessions, [owner.session, phone.session]);
    const other = await newToken(owner, "laptop");
    const laptop = await byPlain(fixture, "x", other);
    assertEquals(laptop.member, owner.member);
    await owner.expect("/devices revoke 1", "-- laptop is signed out. Its session is closed.");
    await laptop.over;
    assertEquals(owner.member.sessions, [owner.session, phone.session], "the same user stays with its other devices");
  },
);

testAccounts("devices: senders of private messages to a bot for one room are told", async (fixture, office) => {
  const owner = await alice(fixture, office);
  const bot = await byPlain(fixture, "bot", await newToken(owner, "bot #tea"));
  await bot.says("JOIN #tea");
  bot.hears();
  const bob = await fixture.irc("bob", "message-tags");
  const told = "531 bob bot :You cannot send a private message to a bot whose token is for one channel";
  await bob.expect("PRIVMSG bot :hi", told);
  await bob.expect("@+typing=active TAGMSG bot", told);
  await bob.expect("NOTICE bot :hi");
  await owner.expect("/msg bot hi", "-- bot takes no private messages: it is a bot whose token is for one room.");
  assertEquals(bot.hears(), []);
});

testAccounts("devices: a new password signs out all other sessions, and the reply says so", async (fixture, office) => {
  const owner = await alice(fixture, office);
  const secret = await newToken(owner, "laptop");
  const [laptop, same] = [await byPlain(fixture, "laptop", secret), await byPlain(fixture, "same", secret)];
  const byPassword = await fixture.irc("desktop");
  await byPassword.says(`NS IDENTIFY alice ${PASSWORD}`);
  fixture.quiet();
  const changed = "Your password is changed. All other devices and bots are signed out.";
  assertEquals((await laptop.asks("NS SET PASSWORD close sesame")).at(-1)?.split(" :")[1], changed);
  for (const client of [owner, byPassword]) await client.over;
  assertMatch(byPassword.hears().at(-1)!, /\[Signed out: the password of the account was changed\./);
  assertEquals(
    [...fixture.chat.sessionsOf("alice")].length,
    2,
    "the session that changed it, and the other of the same device",
  );
  await same.leave();
  assertEquals((await byPlain(fixture, "again", secret)).member.account, "alice", "its own token stays");
});

testAccounts("TOKEN: LIST, ADD, STAY and REVOKE are for programs", async (fixture, office) => {
  await office.accounts.register("alice", PASSWORD);
  const page = await fixture.irc("page", "standard-replies");
  await page.expect(
    "TOKEN LIST",
    "FAIL TOKEN ACCOUNT_REQUIRED :You are not logged in. First: /msg NickServ IDENTIFY NAME PASSWORD",
  );
  await page.says(`NS IDENTIFY alice ${PASSWORD}`);
  const [stay = ""] = await page.asks("TOKEN STAY :Firefox on Linux");
  assertMatch(stay, /^TOKEN ADDED 1 tincan_[\w-]{43} :Firefox on Linux$/);
  const [add = ""] = await page.asks("TOKEN ADD :phone");
  const time = "2026-01-02T03:04:05.000Z";
  await page.expect(
    "TOKEN LIST",
    `TOKEN DEVICE 1 ${time} ${time} host * * :Firefox on Linux`,
    `TOKEN DEVICE 2 ${time} ${time} host - * :phone`,
    "TOKEN END",
  );
  const other = await byPlain(fixture, "other", stay.split(" ")[3]!);
  const phone = await byPlain(fixture, "phone", add.split(" ")[3]!);
  await page.expect("TOKEN REVOKE 2", "TOKEN REVOKED 2 :phone is signed out. Its session is closed.");
  await phone.over;
  await page.expect("TOKEN REVOKE 2", "FAIL TOKEN NO_SUCH_TOKEN :No such device: 2. For a list: /msg NickServ DEVICES");
  await page.expect(
    "TOKEN REVOKE *",
    "901 page page!~page@host :You are now logged out",
    "TOKEN REVOKED * :You are logged out.",
  );
  await other.over;
  assertEquals([page.member.account, page.session.token], [undefined, undefined]);
  assertEquals(office.accounts.tokens.list("alice"), []);
});

testAccounts("TOKEN: revoking the session's own token by its number ends the session, too", async (fixture, office) => {
  await office.accounts.register("alice", PASSWORD);
  const page = await fixture.irc("page");
  await page.says(`NS IDENTIFY alice ${PASSWORD}`, "TOKEN STAY :x");
  const lines = await page.asks("TOKEN REVOKE 1");
  await page.over;
  assertEquals(lines.at(-1), `ERROR :Closing link: (page) [${REMOVED}]`);
});

testAccounts(
  "resetpass: a server operator makes a word, with which the owner chooses a new password, once",
  async (fixture, office) => {
    const owner = await alice(fixture, office);
    const boss = await fixture.text("boss");
    await boss.expect("/resetpass alice", "-- Only server operators can do that. If you are one: /oper NAME");
    fixture.chat.setFlag(boss.member, "operator", true);
    await boss.expect("/resetpass nobody", "-- nobody is not registered.");
    const [intro, word = "", hint] = await boss.asks("/resetpass ALICE");
    assertEquals(intro, "-- The one-time word of alice, valid for an hour:");
    assertMatch(word, /^once(-[a-z2-7]{4}){4}$/);
    assert(hint!.startsWith("-- Give it to its owner in private."));
    assertEquals(fixture.audits, ["password reset boss alice"]);
    assertEquals(owner.hears().at(-1), "-- boss has made a one-time word to reset the password of alice.");
    assert(!office.log.join().includes(word));
    const lost = await fixture.text("lost");
    const hints = await lost.asks(`/login alice ${word}`);
    const used = "The one-time word is used up. Choose a new password now:";
    assert(
      hints.some((line) => line.includes(`You are logged in as alice. ${used} /password`)),
      hints.join("\n"),
    );
    await lost.says("/password close sesame");
    await owner.over;
    const again = await fixture.text("again");
    assertEquals((await again.asks(`/login alice ${word}`)).at(-1), "-- Wrong password.");
    const [, second = ""] = await boss.asks("/resetpass alice");
    const irc = await byPlain(fixture, "irc", second);
    const told = irc.hears().find((line) => line.includes("one-time word"));
    assertEquals(told, `:NickServ!services@irc.test NOTICE irc :${used} /msg NickServ SET PASSWORD PASSWORD`);
  },
);

testAccounts(
  "cert: a certificate of an account logs in by SASL EXTERNAL, and no other does",
  async (fixture, office) => {
    const fingerprint = "ab".repeat(32);
    await office.accounts.register("alice", PASSWORD);
    const connect = async (certificate: string | undefined) => {
      const client = fixture.connect();
      client.connection.certificate = certificate;
      await client.says("CAP LS 302");
      const list = client.hears().join();
      await client.says(
        "CAP REQ sasl",
        "NICK x",
        "USER x 0 * :x",
        "AUTHENTICATE EXTERNAL",
        "AUTHENTICATE +",
        "CAP END",
      );
      return { client, list };
    };
    const { client: none, list } = await connect(undefined);
    assert(list.includes("sasl=PLAIN,SCRAM-SHA-256 "), list);
    assertEquals(none.hears().find((line) => /^90/.test(line))?.slice(0, 4), "908 ", "there is no such mechanism");
    await none.leave();
    const { client, list: more } = await connect(fingerprint);
    assert(more.includes("sasl=EXTERNAL,PLAIN,SCRAM-SHA-256 "), more);
    assertEquals(client.member.account, undefined);
    await client.says(`NS IDENTIFY alice ${PASSWORD}`);
    const told = async (line: string) => (await client.asks(line)).map((each) => each.split(" :").at(-1));
    assertEquals(await told("NS CERT LIST"), [
      `This connection has ${fingerprint}. To log in with it from now on: /msg NickServ CERT ADD`,
    ]);
    assertEquals(await told("NS CERT ADD"), [
      `${fingerprint} is added. Clients with this certificate can log in by SASL EXTERNAL.`,
    ]);
    assertEquals(await told("NS CERT LIST"), [`${fingerprint}, added 2026-01-02, this connection`]);
    await client.leave();
    const { client: again } = await connect(fingerprint);
    assertEquals(again.member.account, "alice");
    const { client: other } = await connect("cd".repeat(32));
    assertEquals(other.member?.account, undefined);
    const text = await fixture.text("t");
    await text.says(`/login alice ${PASSWORD}`);
    await text.expect(`/cert remove ${fingerprint.toUpperCase()}`, "-- The certificate is removed.");
    await text.expect("/cert", "-- Your account has no certificates. To add one: /cert add FINGERPRINT");
  },
);

testAccounts(
  "REGISTER: works before the connection is complete, with the codes of the specification",
  async (fixture) => {
    const early = fixture.connect();
    await early.says("CAP LS 302");
    assert(early.hears().join().includes("draft/account-registration=before-connect"));
    await early.says("CAP REQ draft/account-registration");
    early.hears();
    await early.expect(
      `REGISTER * * ${PASSWORD}`,
      "FAIL REGISTER NEED_NICK * :Choose a nickname first: NICK comes first",
    );
    await early.says("NICK eve");
    await early.expect(
      `REGISTER bob * ${PASSWORD}`,
      "FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK bob :The account name must be your nickname",
    );
    await early.expect("REGISTER * * x", "FAIL REGISTER WEAK_PASSWORD eve :Password too short: at least 8 characters.");
    await early.expect(
      `REGISTER * * ${PASSWORD}`,
      "900 eve eve!*@host eve :You are now logged in as eve",
      "REGISTER SUCCESS eve :eve is now registered. /msg NickServ SET always-on on keeps you in the chat when you disconnect. To log in later: /msg NickServ IDENTIFY eve PASSWORD",
    );
    await early.expect(
      `REGISTER * * ${PASSWORD}`,
      "FAIL REGISTER ALREADY_AUTHENTICATED eve :You are already logged in as eve. First: /msg NickServ LOGOUT",
    );
    await early.says("USER eve 0 * :Eve", "CAP END");
    assertEquals([early.member.nick, early.member.account], ["eve", "eve"]);
    const second = fixture.connect();
    await second.says("CAP LS 302", "NICK dan");
    await fixture.irc("dan"); // has taken the nickname meanwhile
    second.hears();
    const [taken = ""] = await second.asks(`REGISTER * * ${PASSWORD}`);
    assertEquals(taken.split(" :")[0], "FAIL REGISTER TEMPORARILY_UNAVAILABLE dan");
  },
);

testAccounts(
  "REGISTER: needs the server password, too, before the connection is complete",
  async (fixture, { auth }) => {
    const early = fixture.connect();
    await early.says("CAP LS 302", "NICK eve");
    early.hears();
    await early.expect(
      `REGISTER * * ${PASSWORD}`,
      "FAIL REGISTER TEMPORARILY_UNAVAILABLE eve :This server needs a password. Send it first.",
    );
    assertEquals(auth.size, 0);
  },
  { password: "let me in" },
);

testAccounts(
  "accounts: /register, /login and /password ask for the password, and telnet hides it",
  async (fixture, { auth }) => {
    const client = await fixture.text("alice");
    const steps = async (...lines: [line: string, answer: string, hidden: boolean][]) => {
      for (const [line, answer, hidden] of lines) {
        assertEquals([(await client.asks(line)).at(-1), client.connection.hidden], [answer, hidden], line);
      }
    };
    await steps(
      ["/register", "-- New password, please:", true],
      [PASSWORD, "-- Once more, please:", true],
      ["another one", "-- New password, please (an empty line cancels):", true],
      ["short", "-- New password, please (an empty line cancels):", true],
      ["", "-- Cancelled.", false],
      ["/register", "-- New password, please:", true],
      [PASSWORD, "-- Once more, please:", true],
      [
        PASSWORD,
        "-- alice is now registered. /set always-on on keeps you in the chat when you disconnect. To log in later: /login alice",
        false,
      ],
      ["/logout", "-- You are logged out.", false],
      ["/login alice", "-- Password of alice, please:", true],
      ["wrong", "-- Password of alice, please (an empty line cancels):", true],
      [PASSWORD, "-- You are logged in as alice.", false],
      ["/password", "-- New password, please:", true],
      ["close sesame", "-- Once more, please:", true],
      ["close sesame", "-- Your password is changed. All other devices and bots are signed out.", false],
      ["/drop", "-- Your password, please:", true],
      ["close sesame", "-- alice is no longer registered.", false],
    );
    assertEquals(auth.size, 0);
    const bob = await fixture.text("bob");
    await client.says("/login bob");
    client.connection.onTooLong();
    assertEquals(client.connection.hidden, false, "a line that is too long cancels the request");
    assertEquals(bob.hears(), []);
    await client.says("said again");
    assert(bob.hears().some((line) => line.endsWith("> said again")));
  },
);
