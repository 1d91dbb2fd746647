/** Accounts by messages to NickServ and by REGISTER; the server password. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ChatError } from "../../../src/chat/chat_error.ts";
import type { Derive } from "../../../src/accounts/password.ts";
import { NICKNAME_RECLAIMED, WRONG_PASSWORD } from "../../../src/protocol/accounts.ts";
import { REGISTRATION_TIME, REGISTRATION_TIMEOUT } from "../../../src/protocol/irc/keepalive.ts";
import { AuthFixture, CALLER, cheap, exhaust } from "../../accounts/helpers.ts";
import { type Client, ProtocolFixture, test, testAccounts } from "./harness.ts";

const PASSWORD = "open sesame";

/** Returns the notices of NickServ for a line. */
async function told(client: Client, line: string): Promise<string[]> {
  return (await client.asks(line)).map((each) => {
    return each.replace(/^:NickServ!services@irc.test NOTICE \S+ :/, "NickServ: ");
  });
}

testAccounts(
  "NickServ: REGISTER, LOGOUT, IDENTIFY, SET PASSWORD, INFO and DROP work in turn",
  async (fixture, { auth }) => {
    const alice = await fixture.irc("alice", "echo-message");
    const say = async (line: string, ...answer: string[]) => {
      assertEquals(await told(alice, `PRIVMSG NickServ :${line}`), answer, line);
    };
    await say("INFO", "NickServ: alice is not registered.");
    await say("REGISTER short", "NickServ: Password too short: at least 8 characters.");
    await say(
      `REGISTER ${PASSWORD}`,
      "900 alice alice!~alice@host alice :You are now logged in as alice",
      "NickServ: alice is now registered. /msg NickServ SET always-on on keeps you in the chat when you disconnect. To log in later: /msg NickServ IDENTIFY alice PASSWORD",
    );
    await say(
      "REGISTER again and again",
      "NickServ: You are already logged in as alice. First: /msg NickServ LOGOUT",
    );
    await say("INFO ALICE", "NickServ: alice has been registered since 2026-01-02, and is online.");
    await say(
      "SET PASSWORD close sesame",
      "NickServ: Your password is changed. All other devices and bots are signed out.",
    );
    await say(
      "LOGOUT",
      ":alice!~alice@host NICK guest1",
      "901 guest1 guest1!~alice@host :You are now logged out",
      "NickServ: You are logged out.",
    );
    await say("LOGOUT", "NickServ: You are not logged in. First: /msg NickServ IDENTIFY NAME PASSWORD");
    await say("INFO alice", "NickServ: alice has been registered since 2026-01-02.");
    await say("identify alice open sesame", "NickServ: Wrong password.");
    await say(
      "identify ALICE close sesame",
      "900 guest1 guest1!~alice@host alice :You are now logged in as alice",
      "NickServ: You are logged in as alice.",
    );
    await alice.expect("NICK alice", ":guest1!~alice@host NICK alice");
    await say(
      "DROP close sesame",
      "901 alice alice!~alice@host :You are now logged out",
      "NickServ: alice is no longer registered.",
    );
    assertEquals([alice.member.account, alice.member.nick, auth.size], [undefined, "alice", 0]);
  },
);

testAccounts(
  "NickServ: a request that fails has a standard reply for clients that know those, and else a notice",
  async (fixture) => {
    const alice = await fixture.irc("alice", "standard-replies");
    const bob = await fixture.irc("bob");
    const why = "You are not logged in. First: /msg NickServ IDENTIFY NAME PASSWORD";
    await alice.expect("NS LOGOUT", `FAIL NICKSERV NOT_LOGGED_IN :${why}`);
    await alice.expect(`NS SET PASSWORD ${PASSWORD}`, `FAIL NICKSERV NOT_LOGGED_IN :${why}`);
    assertEquals(await told(bob, "NS LOGOUT"), [`NickServ: ${why}`]);
  },
);

testAccounts(
  "NickServ: its nick is reserved, its aliases work, and a NOTICE gets no reply",
  async (fixture) => {
    const alice = await fixture.irc("alice", "message-tags", "echo-message");
    await alice.expect("NICK nickserv", "433 alice nickserv :Nickname is already in use");
    await alice.expect(`NOTICE NickServ :REGISTER ${PASSWORD}`);
    await alice.expect("PRIVMSG NickServ :\x01VERSION\x01");
    await alice.expect("@+typing=active TAGMSG NickServ");
    assertEquals(alice.member.account, undefined);
    const help = await told(alice, "NICKSERV HELP");
    assertEquals(await told(alice, "NS"), help);
    assertEquals(await told(alice, "PRIVMSG nickserv :help"), help);
    assertEquals((await told(alice, "NS nonsense"))[0], "NickServ: Unknown request. Requests:");
    assertEquals(await told(alice, "NS constructor"), await told(alice, "NS nonsense"));
    assertEquals(await told(alice, "NS REGISTER"), [
      "NickServ: Write REGISTER PASSWORD - register your current nickname.",
    ]);
    const registered = (await told(alice, "NS REGISTER long-enough me@example.org")).at(-1);
    assertMatch(registered!, /^NickServ: The address was not stored\. alice is now registered\./);
    await alice.says("NS LOGOUT", "NICKSERV ID alice long-enough");
    assertEquals(alice.member.account, "alice", "the address is no part of the password");
  },
);

testAccounts(
  "NickServ: a password has all its spaces, colons and at signs, in a message and in the command",
  async (fixture, { clock }) => {
    const alice = await fixture.irc("alice");
    const registrations = {
      "NS REGISTER open  sesame": "open  sesame",
      "NS :REGISTER open  sesame": "open  sesame",
      "NICKSERV REGISTER :open  sesame": "open  sesame",
      "NS  register  a :b : c  d ": "a b : c  d", // a colon at the beginning of the last parameter is IRC syntax
      "PRIVMSG NickServ :REGISTER a :b : c  d": "a :b : c  d",
      "NS REGISTER opensesame p@ss": "opensesame p@ss",
      "NS REGISTER open  sesame me@example.org": "open  sesame",
      "NS REGISTER open sesame  me@example.org": "open sesame",
    };
    for (const [line, password] of Object.entries(registrations)) {
      clock.time += 3600_000; // registrations are limited by the hour
      await alice.says(line);
      await alice.says(`PRIVMSG NickServ :DROP ${password}`);
      assertEquals(
        alice.hears().at(-1),
        ":NickServ!services@irc.test NOTICE alice :alice is no longer registered.",
      );
    }
  },
);

testAccounts("NickServ: three wrong passwords close the connection, after the last reply", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  await alice.says(`NS REGISTER ${PASSWORD}`);
  const wrong = "NickServ: Wrong password.";
  for (let i = 0; i < 2; i++) assertEquals(await told(bob, "NS IDENTIFY alice wrong words"), [wrong]);
  assertEquals(await told(bob, "NS IDENTIFY alice wrong words"), [
    wrong,
    "ERROR :Closing link: (bob) [Too many wrong passwords]",
  ]);
  assert(!bob.connection.open);
});

test("NickServ: INFO, REGISTER, IDENTIFY and GHOST are rejected when the server has no accounts", async (fixture) => {
  const alice = await fixture.irc("alice");
  const none = "NickServ: This server has no accounts.";
  for (const request of ["INFO", "REGISTER long-enough", "IDENTIFY long-enough", "GHOST bob long-enough"]) {
    assertEquals(await told(alice, `NS ${request}`), [none], request);
  }
});

testAccounts("NickServ: DROP logs out all users of the account, and tells the others", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  await alice.says(`NS REGISTER ${PASSWORD}`);
  await bob.says(`NS IDENTIFY alice ${PASSWORD}`);
  fixture.quiet();
  assertEquals(await told(alice, `NS DROP ${PASSWORD}`), [
    "901 alice alice!~alice@host :You are now logged out",
    "NickServ: alice is no longer registered.",
  ]);
  assertEquals(bob.hears(), [
    ":alice!~alice@host NICK guest1",
    "901 guest1 guest1!~bob@host :You are now logged out",
    "NOTICE * :alice is no longer registered.",
  ]);
});

testAccounts("NickServ: the response to a labeled message has its label", async (fixture) => {
  const alice = await fixture.irc("alice", "batch", "labeled-response", "echo-message");
  const lines = await alice.asks("@label=x PRIVMSG NickServ :INFO");
  assertEquals(lines, ["@label=x :NickServ!services@irc.test NOTICE alice :alice is not registered."]);
});

testAccounts(
  "NickServ: GHOST and REGAIN disconnect the user of the nick, and give it back",
  async (fixture, { auth, log }) => {
    const lost = await fixture.irc("alice");
    const bob = await fixture.irc("bob");
    await fixture.join("#tea", lost, bob);
    await auth.register(CALLER, "alice", PASSWORD, () => true, lost.member.id); // but its session is not logged in
    const alice = await fixture.irc("alice_");
    assertEquals(await told(alice, "NS GHOST alice"), [
      "NickServ: You are not logged in as alice. If it is yours: /msg NickServ GHOST alice PASSWORD",
    ]);
    assertEquals(await told(alice, "NS GHOST alice wrong"), ["NickServ: Wrong password."]);
    bob.hears();
    assertEquals(await told(alice, `NS REGAIN alice ${PASSWORD}`), [
      "900 alice_ alice_!~alice_@host alice :You are now logged in as alice",
      ":alice_!~alice_@host NICK alice",
      "NickServ: The nickname alice is yours again.",
    ]);
    assertEquals(bob.hears(), [":alice!~alice@host QUIT :alice_ reclaimed the nickname"]);
    assertEquals(lost.hears(), [
      "NOTICE * :You were disconnected: alice_ reclaimed the nickname",
      "ERROR :Closing link: (alice) [alice_ reclaimed the nickname]",
    ]);
    assertEquals([lost.connection.open, lost.connection.closeReason], [false, NICKNAME_RECLAIMED]);
    assertEquals(await told(alice, "NS GHOST alice"), ["NickServ: You are alice."]);
    assertEquals(await told(alice, "NS GHOST bob"), [
      "NickServ: You are not logged in as bob. If it is yours: /msg NickServ GHOST bob PASSWORD",
    ]);
    assert(log.some((line) => line.startsWith("info reclaimed nickname")), log.join("\n"));
  },
);

testAccounts(
  "NickServ: LOGOUT makes the user a guest when the nick looks like a registered one",
  async (fixture) => {
    const evil = await fixture.irc("alice", "draft/account-registration");
    await evil.says(`NS REGISTER ${PASSWORD}`, "NICK a1ice");
    assertEquals(await told(evil, "NS LOGOUT"), [
      ":a1ice!~alice@host NICK guest1",
      "901 guest1 guest1!~alice@host :You are now logged out",
      "NickServ: You are logged out.",
    ]);
    assertEquals((await evil.asks("NICK a1ice"))[0]?.slice(0, 3), "433");
    assertEquals(evil.member.nick, "guest1");
  },
);

/** A password hash that finishes on demand, so that a test can act while a password is checked. */
class Slow {
  readonly #begun: PromiseWithResolvers<void>[] = [];
  readonly #gates: PromiseWithResolvers<void>[] = [];
  #asked = 0;

  readonly derive: Derive = async (password, salt) => {
    const { begun, gate } = this.#step(this.#asked++);
    begun.resolve();
    await gate.promise;
    return cheap(password, salt);
  };

  /** Resolves when the derivation of that number has begun. */
  begun(number: number): Promise<void> {
    return this.#step(number).begun.promise;
  }

  /** Lets it finish. */
  finish(number: number): void {
    this.#step(number).gate.resolve();
  }

  #step(number: number) {
    this.#begun[number] ??= Promise.withResolvers();
    this.#gates[number] ??= Promise.withResolvers();
    return { begun: this.#begun[number]!, gate: this.#gates[number]! };
  }
}

const race = new Slow();
testAccounts(
  "NickServ: of two clients that register a nick, the one that has it when its password is hashed gets it",
  async (fixture, { auth }) => {
    const [one, two] = [await fixture.irc("alice"), await fixture.irc("bob")];
    const first = one.says(`NS REGISTER ${PASSWORD}`);
    await race.begun(0);
    fixture.chat.rename(one.member, "carol");
    fixture.chat.rename(two.member, "alice");
    const second = two.says("NS REGISTER another password");
    await race.begun(1);
    race.finish(0);
    await first;
    race.finish(1);
    assert(one.gets().some((line) => line.endsWith(":alice has been taken in the meantime. Choose another nickname.")));
    await second;
    assertEquals([one.member.account, two.member.account, auth.size], [undefined, "alice", 1]);
  },
  { derive: race.derive },
);

const gone = new Slow();
testAccounts("NickServ: a client that disconnects while its password is checked is not logged in", async (fixture) => {
  const alice = await fixture.irc("alice");
  gone.finish(0);
  await alice.says(`NS REGISTER ${PASSWORD}`, "NS LOGOUT");
  void alice.says(`NS IDENTIFY alice ${PASSWORD}`);
  await gone.begun(1);
  fixture.chat.remove(alice.member);
  alice.connection.close();
  gone.finish(1);
  await alice.over;
  assertEquals(alice.member.account, undefined);
}, { derive: gone.derive });

testAccounts(
  "NickServ: GHOST replies with the error of the chat when it cannot give the nickname back",
  async (fixture) => {
    const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
    await alice.says(`NS REGISTER ${PASSWORD}`, "NS LOGOUT");
    await bob.says(`NS IDENTIFY alice ${PASSWORD}`);
    fixture.chat.reclaim = () => {
      throw new ChatError("server-banned", "spam");
    };
    await bob.expect("NS GHOST alice", "465 bob :You are banned from this server (spam)");
  },
);

const late = new Slow();
testAccounts(
  "NickServ: a client that disconnects while its password is checked does not get its nickname back",
  async (fixture) => {
    const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
    late.finish(0);
    await alice.says(`NS REGISTER ${PASSWORD}`);
    void bob.says(`NS GHOST alice ${PASSWORD}`);
    await late.begun(1);
    fixture.chat.disconnect(bob.session);
    bob.connection.close();
    late.finish(1);
    await bob.over;
    assertEquals([bob.member.account, fixture.chat.get("alice") === alice.member], [undefined, true]);
  },
  { derive: late.derive },
);

const early = new Slow();
testAccounts(
  "NickServ: nothing is registered when the client disconnects while its password is hashed",
  async (fixture, office) => {
    const alice = await fixture.irc("alice");
    void alice.says(`NS REGISTER ${PASSWORD}`);
    await early.begun(0);
    fixture.chat.disconnect(alice.session);
    alice.connection.close();
    early.finish(0);
    await alice.over;
    assertEquals([office.auth.size, alice.member.account], [0, undefined]);
  },
  { derive: early.derive },
);

testAccounts(
  "NickServ: DROP forgets roles and conversations in steps, and then at once the roles that were given meanwhile",
  async (fixture) => {
    const alice = await fixture.irc("alice");
    await alice.says(`NS REGISTER ${PASSWORD}`);
    let tasks = 0;
    const seen: (readonly [what: string, tasks: number])[] = [];
    const counting = (what: string) =>
      function* () {
        for (let step = 0; step < 2; step++) {
          setTimeout(() => tasks++);
          yield;
          seen.push([what, tasks]);
        }
      };
    fixture.chat.admin.forgetRoles = counting("roles");
    fixture.chat.history.forgetConversations = counting("conversations");
    await alice.says(`NS DROP ${PASSWORD}`);
    const inSteps = [["roles", 1], ["roles", 2], ["conversations", 3], ["conversations", 4]] as const;
    const atOnce = [["roles", 4], ["roles", 4]] as const; // the command forgets the other conversations;
    assertEquals(seen, [...inSteps, ...atOnce], "a task of the event loop runs after each step of the first pass");
    await new Promise((resolve) => setTimeout(resolve)); // for the tasks of the second pass
  },
);

testAccounts("REGISTER: replies with the codes of the specification", async (fixture) => {
  const alice = await fixture.irc("alice", "draft/account-registration");
  const name = "The account name must be your nickname";
  await alice.expect("REGISTER bob * longenough", `FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK bob :${name}`);
  await alice.expect(
    "REGISTER * * short",
    "FAIL REGISTER WEAK_PASSWORD alice :Password too short: at least 8 characters.",
  );
  await alice.expect(
    `REGISTER * * ${"x".repeat(201)}`,
    "FAIL REGISTER UNACCEPTABLE_PASSWORD alice :Password too long: at most 200 characters.",
  );
  await alice.expect(
    `REGISTER Alice me@example.org :${PASSWORD}`,
    "900 alice alice!~alice@host alice :You are now logged in as alice",
    "REGISTER SUCCESS alice :The address was not stored. alice is now registered. " +
      "/msg NickServ SET always-on on keeps you in the chat when you disconnect. To log in later: " +
      "/msg NickServ IDENTIFY alice PASSWORD",
  );
  await alice.expect(
    "REGISTER * * longenough",
    "FAIL REGISTER ALREADY_AUTHENTICATED alice :You are already logged in as alice. First: /msg NickServ LOGOUT",
  );
  const guest = await fixture.irc("guest5", "draft/account-registration");
  await guest.expect(
    "REGISTER * * longenough",
    "FAIL REGISTER BAD_ACCOUNT_NAME guest5 :guest5 cannot be registered. Choose another nickname first.",
  );
});

Deno.test("REGISTER: replies with ACCOUNT_EXISTS when the nickname has an account, and says how to log in", async () => {
  await using office = await AuthFixture.open();
  const fixture = new ProtocolFixture({ auth: office.auth }); // its users can have any nickname
  try {
    await office.accounts.register("alice", PASSWORD);
    const alice = await fixture.irc("alice");
    await alice.expect(
      "REGISTER * * longenough",
      "FAIL REGISTER ACCOUNT_EXISTS alice :alice is a registered nickname. If it is yours: " +
        "/msg NickServ IDENTIFY alice PASSWORD",
    );
  } finally {
    await fixture.close();
  }
});

/** A chat with a server password. */
async function locked(run: (fixture: ProtocolFixture, office: AuthFixture) => Promise<void>): Promise<void> {
  await using office = await AuthFixture.open({ password: PASSWORD });
  const fixture = new ProtocolFixture({ auth: office.auth });
  try {
    await run(fixture, office);
  } finally {
    await fixture.close();
  }
}

Deno.test("PASS: the right password registers the client, before or after NICK and USER", () => {
  return locked(async (fixture) => {
    const orders = [
      [`PASS :${PASSWORD}`, "NICK a", "USER a 0 * :A"],
      ["NICK a", `PASS :${PASSWORD}`, "USER a 0 * :A"],
      ["CAP LS 302", "NICK a", "USER a 0 * :A", `PASS :${PASSWORD}`, "CAP END"],
      [`PASS :${PASSWORD}`, "CAP LS 302", "NICK a", "USER a 0 * :A", "CAP END"],
    ];
    for (const lines of orders) {
      const client = fixture.connect();
      await client.says(...lines);
      assert(client.hears().some((line) => line.startsWith("001 a ")), lines.join());
      await client.expect(`PASS :${PASSWORD}`, "462 a :You may not reregister");
      await client.leave();
    }
  });
});

Deno.test("PASS: a client is not registered, and not announced, when the password is missing or wrong", () => {
  return locked(async (fixture, { log, throttle }) => {
    const inside = fixture.connect();
    await inside.says(`PASS :${PASSWORD}`, "NICK inside", "USER a 0 * :A", "JOIN #lobby", "MONITOR + a");
    inside.hears();
    const missing = fixture.connect();
    await missing.says("NICK a");
    await missing.expect("USER a 0 * :A", "464 a :Password incorrect", "ERROR :Closing link: (a) [Password wanted]");
    const wrong = fixture.connect();
    await wrong.says("CAP LS 302", "NICK a");
    wrong.hears();
    await wrong.expect("PASS alice:open", "464 a :Password incorrect");
    await wrong.says("CAP END", "USER a 0 * :A");
    await wrong.expect("PASS open", "464 a :Password incorrect");
    await wrong.expect("JOIN #lobby", "451 a :You have not registered");
    await wrong.expect(
      "PASS x",
      "464 a :Password incorrect",
      "ERROR :Closing link: (a) [Too many wrong passwords]",
    );
    const sasl = fixture.connect();
    await sasl.says("CAP REQ sasl");
    sasl.hears();
    await sasl.expect("AUTHENTICATE PLAIN", "904 * :SASL authentication failed: PASS comes first");
    for (const { member, connection } of [missing, wrong]) {
      assertEquals([member === undefined, connection.open], [true, false]);
    }
    assertEquals([inside.hears(), fixture.chat.members.size, throttle.counts.wrong], [[], 1, 3]);
    assertEquals(log, [
      ...Array(3).fill("warn password refused peer=127.0.0.1:50000 by=server password reason=wrong password"),
    ]);
  });
});

Deno.test("PASS: the right password registers the client after a wrong one", () => {
  return locked(async (fixture) => {
    const client = fixture.connect();
    await client.says("PASS wrong", "NICK a", "USER a 0 * :A");
    assertEquals(client.hears(), ["464 * :Password incorrect"]);
    await client.says(`PASS :${PASSWORD}`);
    assert(client.hears()[0]?.startsWith("001 a "));
    const choosing = fixture.connect();
    await choosing.says("CAP REQ sasl", "PASS wrong", "NICK b", "USER b 0 * :B", `PASS :${PASSWORD}`);
    assertEquals(choosing.hears().slice(1), ["464 * :Password incorrect"]);
    await choosing.says("CAP END");
    assert(choosing.hears()[0]?.startsWith("001 b "));
  });
});

Deno.test("PASS: a wrong password is the reason for the close when the client does not register in time", () => {
  return locked((fixture) => timedOut(fixture, "PASS wrong", WRONG_PASSWORD));
});

Deno.test("PASS: a password that was not checked is not the reason for the close", () => {
  return locked(async (fixture, { throttle }) => {
    await exhaust(throttle);
    await timedOut(fixture, `PASS :${PASSWORD}`, REGISTRATION_TIMEOUT);
  });
});

/** Asserts the reason when a client sends a line, NICK and USER, and is not registered by its timeout. */
async function timedOut(fixture: ProtocolFixture, line: string, reason: string): Promise<void> {
  const client = fixture.connect();
  await client.says(line, "NICK a", "USER a 0 * :A");
  client.hears();
  fixture.options.keepalive.check(performance.now() + REGISTRATION_TIME);
  assertEquals(client.hears(), [`ERROR :Closing link: (a) [${reason}]`]);
  await client.over;
  assertEquals(client.connection.closeReason, reason);
}

Deno.test("PASS: a client is not registered when its connection is closed while the password is checked", () => {
  return locked(async (fixture, { throttle }) => {
    const client = fixture.connect();
    await client.says("PASS wrong", "NICK a", "USER a 0 * :A");
    client.hears();
    const look = throttle.try.bind(throttle);
    throttle.try = async (...args) => {
      const verdict = await look(...args);
      fixture.options.keepalive.check(performance.now() + REGISTRATION_TIME);
      return verdict;
    };
    await client.expect(`PASS :${PASSWORD}`, "ERROR :Closing link: (a) [Wrong password]");
    assertEquals([client.member, throttle.counts.right], [undefined, 1]);
  });
});

Deno.test("PASS: replies with the time to wait after too many wrong passwords from the address", () => {
  return locked(async (fixture, { throttle }) => {
    await exhaust(throttle);
    const client = fixture.connect();
    const rejected = [
      "464 * :Password incorrect",
      "NOTICE * :Too many wrong passwords from your address. Try again in 10 seconds.",
    ];
    for (let i = 0; i < 10; i++) await client.expect(`PASS :${PASSWORD}`, ...rejected); // a password that was not checked is not counted
    const elsewhere = fixture.connect("198.51.100.1");
    await elsewhere.expect(`PASS :${PASSWORD}`);
  });
});
