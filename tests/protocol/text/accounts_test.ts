/** The server password, and account commands, on the text port. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import type { Member } from "../../../src/chat/member.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { NICKNAME_RECLAIMED, WRONG_PASSWORD } from "../../../src/protocol/accounts.ts";
import { AuthError, AuthService } from "../../../src/accounts/auth.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { AuthFixture, CALLER } from "../../accounts/helpers.ts";
import { fakeModeration } from "../fake_moderation.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { FakeTimers } from "../../fake_timers.ts";

/** How long a client has to give the server password, in milliseconds. */
const PASSWORD_TIME = 30_000;

const PASSWORD = "open sesame";
const PROMPT = "-- Password, please:";

/** What a client is told, once, that has written a password on the line of a command. */
function visible(command: string): string {
  return `-- Your password was visible. Next time write ${command} alone: telnet hides what it asks for.`;
}

/** A chat with a text port and accounts. */
class TextServer {
  readonly chat: LocalChat;

  constructor(readonly auth: AuthService, office?: AuthFixture) {
    const options = { history: new MemoryHistory() };
    this.chat = office?.chat(options) ?? new LocalChat(options);
  }

  arrive(): TextClient {
    return new TextClient(this);
  }
}

/** A client of it. */
class TextClient {
  readonly connection = new FakeConnection("192.0.2.1", 300);
  member?: Member;
  readonly over: Promise<void>;
  readonly #chat: LocalChat;

  constructor({ chat, auth }: TextServer) {
    this.#chat = chat;
    const options = {
      chat,
      auth,
      moderation: fakeModeration(),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      registrationTime: PASSWORD_TIME,
      name: "tincan",
      motd: () => [],
      answerMax: 1e6,
      format: textFormat(100),
      hostOf: () => "host",
    };
    this.over = text(this.connection, options, ({ member }) => this.member = member);
  }

  hears(): string[] {
    this.#chat.flush();
    return this.connection.take();
  }

  async asks(...lines: string[]): Promise<string[]> {
    this.hears();
    await this.connection.says(...lines);
    return this.hears();
  }

  async leave(): Promise<void> {
    this.connection.leave();
    await this.over;
  }
}

async function withOffice(
  run: (server: TextServer, office: AuthFixture) => Promise<void>,
  options: Parameters<typeof AuthFixture.open>[0] = {},
): Promise<void> {
  await using office = await AuthFixture.open(options);
  await run(new TextServer(office.auth, office), office);
}

/** Sends one line after the other, and compares what the client receives. */
async function dialogue(client: TextClient, exchanges: readonly (readonly [string, ...string[]])[]): Promise<void> {
  for (const [line, ...answers] of exchanges) assertEquals(await client.asks(line), answers, line);
}

Deno.test("server password: a client without it is not greeted, announced or counted", () => {
  return withOffice(async (server) => {
    const inside = server.arrive();
    await inside.connection.says(PASSWORD);
    assertEquals(inside.hears(), [
      PROMPT,
      "-- Welcome to tincan. You are guest1, alone in #lobby. Say something, or /help.",
    ]);
    const outside = server.arrive();
    assertEquals([outside.hears(), outside.connection.hidden], [[PROMPT], true]);
    assertEquals(await outside.asks("", "\x03"), []); // Ctrl-C
    assertEquals(await outside.asks("LIST"), ["-- Wrong password.", PROMPT]);
    assertEquals([inside.hears(), server.chat.members.size, outside.member], [[], 1, undefined]);
    assertEquals(await outside.asks(PASSWORD), [
      "-- Welcome to tincan. You are guest2, in #lobby with 1 other. Say something, or /help.",
    ]);
    assertEquals([inside.hears(), outside.connection.hidden], [["-- guest2 joined #lobby"], false]);
    await outside.asks(PASSWORD); // is now said, as anything else would be
    assertEquals(inside.hears(), [`<guest2> ${PASSWORD}`]);
    for (const client of [inside, outside]) await client.leave();
  }, { password: PASSWORD });
});

Deno.test("server password: three wrong passwords end the connection, and later lines are ignored", () => {
  return withOffice(async (server) => {
    const client = server.arrive();
    await client.connection.feed(["1", "2", "3", PASSWORD]);
    await client.over;
    const wrong = "-- Wrong password.";
    assertEquals(client.hears(), [PROMPT, wrong, PROMPT, wrong, PROMPT, wrong, "-- Too many wrong passwords."]);
    assertEquals([client.connection.closeReason, client.member, server.chat.peak], [
      "Too many wrong passwords",
      undefined,
      0,
    ]);
  }, { password: PASSWORD });
});

Deno.test("server password: a client that does not give it in time is disconnected, and no timer is left", async () => {
  await using office = await AuthFixture.open({ password: PASSWORD });
  using timers = new FakeTimers();
  const server = new TextServer(office.auth);
  const [slow, quick, gone, wrong] = [server.arrive(), server.arrive(), server.arrive(), server.arrive()];
  assertEquals(timers.size, 4);
  await wrong.connection.says("wrong");
  await quick.connection.says(PASSWORD);
  await gone.leave();
  timers.pass(PASSWORD_TIME - 1);
  assertEquals([timers.size, slow.hears()], [2, [PROMPT]]);
  timers.pass(1);
  await slow.over;
  assertEquals([slow.hears(), slow.connection.closeReason, slow.connection.hidden], [
    ["-- Timed out. Connect again to retry."],
    "no password in time",
    false,
  ]);
  await wrong.over;
  assertEquals([wrong.hears(), wrong.connection.closeReason], [
    [PROMPT, "-- Wrong password.", PROMPT, "-- Timed out. Connect again to retry."],
    WRONG_PASSWORD,
  ]);
  assertEquals(timers.size, 0);
  await quick.leave();
});

Deno.test("server password: the result of a check is ignored when the time is up before it", async () => {
  for (const right of [true, false]) {
    await using office = await AuthFixture.open({ password: PASSWORD });
    using timers = new FakeTimers(PASSWORD_TIME);
    const server = new TextServer(office.auth);
    const [begun, checked] = [Promise.withResolvers<void>(), Promise.withResolvers<undefined>()];
    office.auth.checkServerPassword = () => {
      begun.resolve();
      return checked.promise;
    };
    const client = server.arrive();
    const asked = client.connection.says(PASSWORD);
    await begun.promise;
    timers.pass(PASSWORD_TIME);
    if (right) checked.resolve(undefined);
    else checked.reject(new AuthError("wrong-password"));
    await asked;
    await client.over;
    assertEquals(client.hears(), [PROMPT, "-- Timed out. Connect again to retry."]);
    assertEquals([client.member, server.chat.peak], [undefined, 0]);
  }
});

Deno.test("server password: the auth service is told that a client has failed before", () => {
  return withOffice(async (server, { auth }) => {
    const check = auth.checkServerPassword.bind(auth);
    const failed: unknown[] = [];
    auth.checkServerPassword = (caller, password) => {
      failed.push(caller.hasFailed);
      return check(caller, password);
    };
    const client = server.arrive();
    await client.connection.says("wrong", "wrong", PASSWORD);
    assertEquals(failed, [false, true, true]);
    await client.leave();
  }, { password: PASSWORD });
});

Deno.test("server password: a bug in the check ends the session", () => {
  return withOffice(async (server, { auth }) => {
    auth.checkServerPassword = () => Promise.reject(new TypeError("a mistake"));
    const client = server.arrive();
    const over = client.over.catch((error: Error) => error.message);
    await client.connection.says(PASSWORD);
    assertEquals([await over, client.member], ["a mistake", undefined]);
  }, { password: PASSWORD });
});

Deno.test("server password: a line that is too long is not counted as a wrong password", () => {
  return withOffice(async (server) => {
    const client = server.arrive();
    client.hears();
    client.connection.onTooLong();
    assertEquals(client.hears(), ["-- Wrong password.", PROMPT]);
    await client.connection.says(PASSWORD);
    client.connection.onTooLong();
    assert(client.hears().at(-1)!.startsWith("-- Line too long, not sent: at most 300 bytes"));
    await client.leave();
  }, { password: PASSWORD });
});

Deno.test("accounts: /register, /logout, /login, /password and /drop", () => {
  return withOffice(async (server, { log }) => {
    const alice = server.arrive();
    const bob = server.arrive();
    await dialogue(alice, [
      [`/register ${PASSWORD}`, visible("/register"), "-- guest1 cannot be registered. Choose another nickname first."],
      ["/nick alice", "-- guest1 is now alice"],
      ["/register short", "-- Password too short: at least 8 characters."],
      [
        `/register ${PASSWORD}`,
        "-- alice is now registered. /set always-on on keeps you in the chat when you disconnect. To log in later: /login alice",
      ],
      ["/register another one", "-- You are already logged in as alice. First: /logout"],
      ["/nick ally", "-- alice is now ally"],
    ]);
    assertEquals(bob.hears().slice(1), ["-- guest1 is now alice", "-- alice is now ally"]);
    await dialogue(bob, [
      ["/nick ALICE", "-- ALICE is a registered nickname. If it is yours: /login ALICE"],
      ["/login wrong", visible("/login ALICE"), "-- Wrong password."],
      ["/login alice wrong", "-- Wrong password."],
      ["/logout", "-- You are not logged in. First: /login NAME"],
      ["/password whatever", "-- You are not logged in. First: /login NAME"],
    ]);
    await dialogue(alice, [
      ["/nick alice", "-- ally is now alice"],
      ["/password close sesame", "-- Your password is changed. All other devices and bots are signed out."],
      ["/logout", "-- alice is now guest1", "-- You are logged out."],
      ["/login alice close sesame", "-- guest1 is now alice", "-- You are logged in as alice."],
      ["/login alice close sesame", "-- You are logged in as alice."],
      ["/drop wrong", "-- Wrong password."],
      ["/drop #wrong", "-- Wrong password."], // there is no such room
      ["/drop close sesame", "-- alice is no longer registered."],
      ["/drop close sesame", "-- You are not logged in. First: /login NAME"],
    ]);
    assertEquals(alice.member?.nick, "alice");
    assert(!/sesame|wrong/.test(log.join().replaceAll("wrong password", "")), log.join("\n"));
    assertEquals(server.chat.history.latest(alice.member!.rooms.get("#lobby")!, 10), []);
    for (const client of [alice, bob]) await client.leave();
  });
});

Deno.test("accounts: /login PASSWORD means the registered nickname that was rejected last", () => {
  return withOffice(async (server) => {
    const alice = server.arrive();
    await alice.asks("/nick alice", "/register long-enough", "/logout");
    await dialogue(alice, [
      ["/nick alice", "-- alice is a registered nickname. If it is yours: /login alice"],
      ["/msg nobody hi", "-- No such user: nobody. /list shows who is here."], // no other error changes what is meant
      ["/login long-enouhg", "-- Wrong password."], // a mistyped password does not change what is meant
      ["/login long-enough", "-- guest1 is now alice", "-- You are logged in as alice."],
    ]);
    await alice.leave();
  });
});

Deno.test("accounts: a rejected nickname is forgotten after a change of nickname or a login", () => {
  return withOffice(async (server) => {
    const bob = server.arrive();
    await bob.asks("/nick bob", "/register bobs-own-one");
    await bob.leave();
    const dave = server.arrive();
    const [wrong, known] = ["-- Wrong password.", "-- You are logged in as dave."];
    const rejected = "-- bob is a registered nickname. If it is yours: /login bob";
    dave.hears();
    await dialogue(dave, [
      ["/nick bob", rejected],
      ["/nick dave", "-- guest1 is now dave"],
      ["/login bobs-own-one", visible("/login dave"), wrong],
      ["/nick bob", rejected],
      [
        "/register daves-own-one",
        "-- dave is now registered. /set always-on on keeps you in the chat when you disconnect. To log in later: /login dave",
      ],
      ["/login daves-own-one", known],
      ["/nick david", "-- dave is now david"],
      ["/login daves-own-one", "-- david is now dave", known],
      ["/nick bob", rejected],
      ["/logout", "-- dave is now guest1", "-- You are logged out."],
      ["/login dave daves-own-one", "-- guest1 is now dave", known],
      ["/login daves-own-one", known],
    ]);
    await dave.leave();
  });
});

Deno.test("accounts: /login keeps the spelling of a nickname that is the account's", () => {
  return withOffice(async (server) => {
    const alice = server.arrive();
    await alice.asks("/nick alice", `/register ${PASSWORD}`, "/nick ALICE");
    assertEquals(await alice.asks(`/login alice ${PASSWORD}`), ["-- You are logged in as alice."]);
    assertEquals(alice.member?.nick, "ALICE");
    await alice.leave();
  });
});

Deno.test("accounts: an error that is a bug ends the session, and is not hidden by the reply to /login", () => {
  return withOffice(async (server, { accounts }) => {
    await accounts.register("alice", PASSWORD);
    const client = server.arrive();
    server.chat.rename = () => {
      throw new TypeError("a bug");
    };
    const ended = assertRejects(() => client.over, TypeError, "a bug");
    await client.asks(`/login alice ${PASSWORD}`);
    client.connection.leave(); // so that the session ends in any case
    await ended;
  });
});

Deno.test("accounts: /ghost disconnects the other connection that uses the nickname", () => {
  return withOffice(async (server, { auth }) => {
    const [lost, alice] = [server.arrive(), server.arrive()];
    await lost.asks("/nick alice");
    await auth.register(CALLER, "alice", PASSWORD, () => true, lost.member!.id); // but its session is not logged in
    alice.hears();
    await dialogue(alice, [
      ["/ghost bob", "-- Password of bob, please:"],
      ["", "-- Cancelled."],
      ["/ghost bob", "-- Password of bob, please:"],
      ["\x03", "-- Cancelled."], // Ctrl-C
      [
        `/login alice ${PASSWORD}`,
        visible("/login alice"),
        "-- You are logged in as alice. Another connection uses that nickname. To end it: /ghost alice",
      ],
      [
        "/ghost ALICE",
        "-- alice left #lobby (guest2 reclaimed the nickname)",
        "-- guest2 is now alice",
        "-- The nickname alice is yours again.",
      ],
      ["/ghost alice", "-- You are alice."],
    ]);
    assertEquals(lost.hears(), ["-- You were disconnected: guest2 reclaimed the nickname"]);
    assertEquals(lost.connection.closeReason, NICKNAME_RECLAIMED);
    await lost.over;
    await alice.leave();
    const again = server.arrive();
    again.hears();
    await dialogue(again, [[
      `/ghost alice ${PASSWORD}`,
      visible("/ghost alice"),
      "-- guest1 is now alice",
      "-- The nickname alice is yours again.",
    ]]);
    await again.leave();
  });
});

Deno.test("accounts: a command with a password after a space is not said to the room", () => {
  return withOffice(async (server) => {
    const [alice, bob] = [server.arrive(), server.arrive()];
    for (const client of [alice, bob]) client.hears();
    for (
      const slip of [
        " /login alice secret",
        "\t/register secret",
        "  /PASSWORD secret",
        " /ghost a b",
        " /drop x",
        " /oper root secret",
      ]
    ) {
      await dialogue(alice, [[slip, "-- Not sent: remove the space before the command."]]);
    }
    assertEquals(bob.hears(), []);
    await alice.asks(" /me waves");
    assertEquals(bob.hears(), ["<guest1>  /me waves"]);
    for (const client of [alice, bob]) await client.leave();
  });
});

Deno.test("accounts: three wrong passwords end a session, and the room is told", () => {
  return withOffice(async (server) => {
    const [alice, bob] = [server.arrive(), server.arrive()];
    for (const client of [alice, bob]) client.hears();
    await alice.connection.feed(["/login bob 1", "/login bob 2", "/login bob 3", "not said"]);
    await alice.over;
    const wrong = "-- Wrong password.";
    assertEquals(alice.hears(), [visible("/login bob"), wrong, wrong, wrong, "-- Too many wrong passwords."]);
    assertEquals(bob.hears(), ["-- guest1 left #lobby (Too many wrong passwords)"]);
    await bob.leave();
  });
});

Deno.test("accounts: the auth service is told that a client has failed before", () => {
  return withOffice(async (server, { auth }) => {
    const alice = server.arrive();
    const login = auth.login.bind(auth);
    const failed: unknown[] = [];
    auth.login = (caller, ...rest) => {
      failed.push(caller.hasFailed);
      return login(caller, ...rest);
    };
    await alice.asks(
      "/nick alice",
      `/register ${PASSWORD}`,
      "/logout",
      "/login alice wrong",
      `/login alice ${PASSWORD}`,
    );
    assertEquals(failed, [false, true]);
    await alice.leave();
  });
});

Deno.test("accounts: without accounts, each command replies so in one sentence", async () => {
  const server = new TextServer(new AuthService());
  const client = server.arrive();
  client.hears();
  const sentence = "-- This server has no accounts.";
  await client.asks("/nick alice");
  const lines = ["/register long-enough", "/login a b", "/password long-enough", "/drop x", "/ghost a b"];
  for (const line of [...lines, "/register", "/login", "/password", "/drop", "/ghost a"]) {
    await dialogue(client, [[line, sentence]]);
  }
  await client.leave();
});
