/** The password that everybody needs, and names that are one's own, on the text door. */
import { assert, assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import type { Member } from "../../../src/chat/member.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { AuthService } from "../../../src/accounts/auth.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { text } from "../../../src/protocol/text/session.ts";
import { TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { Office } from "../../accounts/helpers.ts";
import { orderly } from "../orderly.ts";
import { FakeConnection } from "../../fake_connection.ts";
import { FakeTimers } from "../../fake_timers.ts";

/** How long somebody has to say the password, in milliseconds. */
const GATE_TIME = 30_000;

const PASSWORD = "open sesame";
const PROMPT = "-- Password, please:";

/** A text door, and who comes to it. */
class Chat {
  readonly hub: LocalChat;

  constructor(readonly auth: AuthService) {
    const isRegistered = (nick: string) => auth.find(nick) !== undefined;
    this.hub = new LocalChat({ history: new MemoryHistory(), policy: { isRegistered } });
  }

  arrive(): Person {
    return new Person(this);
  }
}

class Person {
  readonly connection = new FakeConnection("192.0.2.1", 300);
  member?: Member;
  readonly over: Promise<void>;
  readonly #hub: LocalChat;

  constructor({ hub, auth }: Chat) {
    this.#hub = hub;
    const door = {
      chat: hub,
      auth,
      moderation: orderly(),
      slicer: new TimeSlicer(),
      departures: new TimeSlicer(),
      registrationTime: GATE_TIME,
      name: "tincan",
      motd: () => [],
      answerMax: 1e6,
      format: textFormat(100),
      hostOf: () => "host",
    };
    this.over = text(this.connection, door, (member) => this.member = member);
  }

  hears(): string[] {
    this.#hub.flush();
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
  run: (chat: Chat, office: Office) => Promise<void>,
  options: Parameters<typeof Office.open>[0] = {},
): Promise<void> {
  await using office = await Office.open(options);
  await run(new Chat(office.auth), office);
}

/** Asks one thing after the other, and compares what comes back. */
async function dialogue(person: Person, exchanges: readonly (readonly [string, ...string[]])[]): Promise<void> {
  for (const [line, ...answers] of exchanges) assertEquals(await person.asks(line), answers, line);
}

Deno.test("whoever does not know the password is nobody: not greeted, not announced, not counted", () => {
  return withOffice(async (chat) => {
    const inside = chat.arrive();
    await inside.connection.says(PASSWORD);
    assertEquals(inside.hears(), [
      PROMPT,
      "-- Welcome to tincan. You are guest1, alone in #lobby. Say something, or /help.",
    ]);
    const outside = chat.arrive();
    assertEquals([outside.hears(), outside.connection.hidden], [[PROMPT], true]);
    assertEquals(await outside.asks(""), []);
    assertEquals(await outside.asks("LIST"), ["-- That is not the password.", PROMPT]);
    assertEquals([inside.hears(), chat.hub.members.size, outside.member], [[], 1, undefined]);
    assertEquals(await outside.asks(PASSWORD), [
      "-- Welcome to tincan. You are guest2, in #lobby with 1 other. Say something, or /help.",
    ]);
    assertEquals([inside.hears(), outside.connection.hidden], [["-- guest2 joined #lobby"], false]);
    await outside.asks(PASSWORD); // is now said, as anything else would be
    assertEquals(inside.hears(), [`<guest2> ${PASSWORD}`]);
    for (const person of [inside, outside]) await person.leave();
  }, { password: PASSWORD });
});

Deno.test("three wrong passwords end the connection, with what was typed behind them unheard", () => {
  return withOffice(async (chat) => {
    const person = chat.arrive();
    await person.connection.feed(["1", "2", "3", PASSWORD]);
    await person.over;
    const wrong = "-- That is not the password.";
    assertEquals(person.hears(), [PROMPT, wrong, PROMPT, wrong, PROMPT, wrong, "-- Too many wrong passwords."]);
    assertEquals([person.connection.ending, person.member, chat.hub.peak], ["Too many wrong passwords", undefined, 0]);
  }, { password: PASSWORD });
});

Deno.test("whoever says nothing in time is let go of, and leaves no timer behind", async () => {
  await using office = await Office.open({ password: PASSWORD });
  using timers = new FakeTimers();
  const chat = new Chat(office.auth);
  const [slow, quick, gone] = [chat.arrive(), chat.arrive(), chat.arrive()];
  assertEquals(timers.size, 3);
  await quick.connection.says(PASSWORD);
  await gone.leave();
  timers.pass(GATE_TIME - 1);
  assertEquals([timers.size, slow.hears()], [1, [PROMPT]]);
  timers.pass(1);
  await slow.over;
  assertEquals([slow.hears(), slow.connection.ending], [["-- That took too long."], "no password in time"]);
  assertEquals(timers.size, 0);
  await quick.leave();
});

Deno.test("a line that is too long is no password, and does not end it", () => {
  return withOffice(async (chat) => {
    const person = chat.arrive();
    person.hears();
    person.connection.onTooLong();
    assertEquals(person.hears(), ["-- That is not the password.", PROMPT]);
    await person.connection.says(PASSWORD);
    person.connection.onTooLong();
    assert(person.hears().at(-1)!.startsWith("-- That line had more than 300 bytes"));
    await person.leave();
  }, { password: PASSWORD });
});

Deno.test("/register, /logout, /login, /password and /drop", () => {
  return withOffice(async (chat, { log }) => {
    const alice = chat.arrive();
    const bob = chat.arrive();
    await dialogue(alice, [
      ["/register", "-- Write /register PASSWORD – register your nickname, so that it is yours alone."],
      [`/register ${PASSWORD}`, "-- guest1 can be nobody's own name. Choose another one first."],
      ["/nick alice", "-- guest1 is now alice"],
      ["/register short", "-- A password has 8 characters at least."],
      [
        `/register ${PASSWORD}`,
        "-- alice is your own name now. With this password you can have it again: /login alice PASSWORD",
      ],
      ["/register another one", "-- You are logged in as alice already. First: /logout"],
      ["/nick ally", "-- alice is now ally"],
    ]);
    assertEquals(bob.hears().slice(1), ["-- guest1 is now alice", "-- alice is now ally"]);
    await dialogue(bob, [
      ["/nick ALICE", "-- ALICE is somebody's own name. If it is yours: /login ALICE PASSWORD"],
      ["/login wrong", "-- That is not the password."],
      ["/login alice wrong", "-- That is not the password."],
      ["/logout", "-- You are not logged in. First: /login NAME PASSWORD"],
      ["/password whatever", "-- You are not logged in. First: /login NAME PASSWORD"],
    ]);
    await dialogue(alice, [
      ["/nick alice", "-- ally is now alice"],
      ["/password close sesame", "-- Your password is another one now."],
      ["/logout", "-- alice is now guest1", "-- You are logged out."],
      ["/login", "-- Write /login [NAME] PASSWORD – log in, and take your registered nickname."],
      ["/login alice close sesame", "-- guest1 is now alice", "-- You are logged in as alice."],
      ["/login alice close sesame", "-- You are logged in as alice."],
      ["/drop wrong", "-- That is not the password."],
      ["/drop close sesame", "-- alice is nobody's own name any more."],
      ["/drop close sesame", "-- You are not logged in. First: /login NAME PASSWORD"],
    ]);
    assertEquals(alice.member?.nick, "alice");
    assert(!/sesame|wrong/.test(log.join().replaceAll("wrong password", "")), log.join("\n"));
    assertEquals(chat.hub.history.latest(alice.member!.rooms.get("#lobby")!, 10), []);
    for (const person of [alice, bob]) await person.leave();
  });
});

Deno.test("/login with the password alone is for the name that was refused last", () => {
  return withOffice(async (chat) => {
    const alice = chat.arrive();
    await alice.asks("/nick alice", "/register long-enough", "/logout");
    await dialogue(alice, [
      ["/nick alice", "-- alice is somebody's own name. If it is yours: /login alice PASSWORD"],
      ["/login long-enough", "-- guest1 is now alice", "-- You are logged in as alice."],
    ]);
    await alice.leave();
  });
});

Deno.test("a name that was refused is forgotten once somebody has another one, or has shown another to be theirs", () => {
  return withOffice(async (chat) => {
    const bob = chat.arrive();
    await bob.asks("/nick bob", "/register bobs-own-one");
    await bob.leave();
    const dave = chat.arrive();
    const [wrong, known] = ["-- That is not the password.", "-- You are logged in as dave."];
    const refused = "-- bob is somebody's own name. If it is yours: /login bob PASSWORD";
    dave.hears();
    await dialogue(dave, [
      ["/nick bob", refused],
      ["/nick dave", "-- guest1 is now dave"],
      ["/login bobs-own-one", wrong],
      ["/nick bob", refused],
      [
        "/register daves-own-one",
        "-- dave is your own name now. With this password you can have it again: /login dave PASSWORD",
      ],
      ["/login daves-own-one", known],
      ["/nick david", "-- dave is now david"],
      ["/login daves-own-one", "-- david is now dave", known],
      ["/nick bob", refused],
      ["/logout", "-- dave is now guest1", "-- You are logged out."],
      ["/login dave daves-own-one", "-- guest1 is now dave", known],
      ["/login daves-own-one", known],
    ]);
    await dave.leave();
  });
});

Deno.test("/ghost ends another connection that has one's name", () => {
  return withOffice(async (chat) => {
    const [lost, alice] = [chat.arrive(), chat.arrive()];
    await lost.asks("/nick alice", `/register ${PASSWORD}`);
    alice.hears();
    await dialogue(alice, [
      ["/ghost bob", "-- That is not your name. If it is: /ghost bob PASSWORD"],
      ["/ghost alice", "-- That is not your name. If it is: /ghost alice PASSWORD"],
      [
        `/login alice ${PASSWORD}`,
        "-- You are logged in as alice. Another connection has that name. To end it: /ghost alice",
      ],
      [
        "/ghost ALICE",
        "-- alice left #lobby (guest2 took the name back)",
        "-- guest2 is now alice",
        "-- alice is yours again.",
      ],
      ["/ghost alice", "-- You are alice already."],
    ]);
    assertEquals(lost.hears(), ["-- You were disconnected: guest2 took the name back"]);
    await lost.over;
    await alice.leave();
    const again = chat.arrive();
    again.hears();
    await dialogue(again, [[`/ghost alice ${PASSWORD}`, "-- guest1 is now alice", "-- alice is yours again."]]);
    await again.leave();
  });
});

Deno.test("a password behind a space is said to nobody", () => {
  return withOffice(async (chat) => {
    const [alice, bob] = [chat.arrive(), chat.arrive()];
    for (const person of [alice, bob]) person.hears();
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
      await dialogue(alice, [[slip, "-- That begins with a space, and nobody was told. Write it without."]]);
    }
    assertEquals(bob.hears(), []);
    await alice.asks(" /me waves");
    assertEquals(bob.hears(), ["<guest1>  /me waves"]);
    for (const person of [alice, bob]) await person.leave();
  });
});

Deno.test("three wrong passwords end a session, and everybody hears that it is over", () => {
  return withOffice(async (chat) => {
    const [alice, bob] = [chat.arrive(), chat.arrive()];
    for (const person of [alice, bob]) person.hears();
    await alice.connection.feed(["/login bob 1", "/login bob 2", "/login bob 3", "not said"]);
    await alice.over;
    const wrong = "-- That is not the password.";
    assertEquals(alice.hears(), [wrong, wrong, wrong, "-- Too many wrong passwords."]);
    assertEquals(bob.hears(), ["-- guest1 left #lobby (Too many wrong passwords)"]);
    await bob.leave();
  });
});

Deno.test("where names cannot be owned, each of these commands says so in one sentence", async () => {
  const chat = new Chat(new AuthService());
  const person = chat.arrive();
  person.hears();
  const sentence = "-- Names cannot be owned here: whoever runs this server has to start it with --data.";
  await person.asks("/nick alice");
  for (const line of ["/register long-enough", "/login a b", "/password long-enough", "/drop x", "/ghost a b"]) {
    await dialogue(person, [[line, sentence]]);
  }
  await person.leave();
});
