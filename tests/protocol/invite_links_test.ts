/** Invite links on nc and IRC: how they are made, listed and revoked, and what a code does as a password, a key and a room. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { AuthService } from "../../src/accounts/auth.ts";
import { LoginThrottle } from "../../src/accounts/login_throttle.ts";
import { prepare } from "../../src/accounts/password.ts";
import { drawCode } from "../../src/chat/link_code.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { text } from "../../src/protocol/text/session.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { AuthFixture, exhaust } from "../accounts/helpers.ts";
import { Client, clock, ProtocolFixture } from "./irc/harness.ts";

const PASSWORD = "open sesame";
const DAY = 86_400_000;
const PROMPT = "-- Password, please:";
const UNKNOWN = "This invite link is not valid: it was mistyped or revoked, or its room is gone. Ask for a new one.";
const EXPIRED = "This invite link has expired. Ask for a new one.";
const USED_UP = "This invite link has been used as often as it may be. Ask for a new one.";

/** A server, with a password unless it is the empty string. */
class Invited implements AsyncDisposable {
  readonly throttle = new LoginThrottle();
  readonly fixture: ProtocolFixture;

  constructor(password = PASSWORD) {
    const chat = new LocalChat({ history: new MemoryHistory() });
    const auth = new AuthService({
      password: prepare(password) || undefined,
      links: chat.links,
      throttle: this.throttle,
    });
    this.fixture = new ProtocolFixture({ chat, auth });
  }

  /** Connects a text client. */
  text(address = "192.0.2.1"): Client {
    const options = { ...this.fixture.options, registrationTime: 30_000, format: textFormat(100) };
    const client = new Client(
      this.fixture,
      (connection, onRegistered) => text(connection, options, onRegistered),
      address,
    );
    this.fixture.clients.push(client);
    return client;
  }

  /** Registers an IRC client with a password. */
  async irc(nick: string, password: string, ...capabilities: string[]): Promise<Client> {
    const client = this.fixture.connect();
    if (capabilities.length > 0) await client.says(`CAP REQ :${capabilities.join(" ")}`);
    await client.says(`PASS :${password}`, `NICK ${nick}`, `USER ${nick} 0 * :${nick}`, "CAP END");
    return client;
  }

  /** An operator in a closed room. */
  async operator(): Promise<Client> {
    const ann = await this.irc("ann", PASSWORD, "standard-replies");
    await ann.says("JOIN #tea", "MODE #tea +ik key");
    ann.gets();
    return ann;
  }

  /** Makes a link, and returns its code. */
  async link(ann: Client, more = ""): Promise<string> {
    const [line = ""] = await ann.asks(`CS LINK #tea ${more}`);
    const [, code] = /https:\/\/chat\.test\/i\/([a-z2-7]{20})$/.exec(line) ?? [];
    assert(code !== undefined, line);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fixture.close();
  }
}

Deno.test("invite links: PASS with a code lets an IRC client in without the password, and into the room", async () => {
  await using server = new Invited();
  const ann = await server.operator();
  const code = await server.link(ann);
  const bob = await server.irc("bob", code, "standard-replies");
  const lines = bob.hears();
  assert(lines.includes(":bob!~bob@host JOIN #tea"), lines.join("\n"));
  assertEquals(lines.at(-1), "NOTE PASS INVITED #tea :You came by an invite link to #tea");
  assertEquals(ann.hears(), [":bob!~bob@host JOIN #tea"]);
});

Deno.test("invite links: a code at the password prompt lets nc in, and into the room", async () => {
  await using server = new Invited();
  const code = await server.link(await server.operator());
  const bob = server.text();
  assertEquals(bob.gets(), [PROMPT]);
  await bob.says(`https://chat.test/i/${code}`);
  const lines = bob.gets();
  assertMatch(lines[0]!, /^-- Welcome to irc\.test\. You are guest1, alone in #lobby/);
  assert(lines.includes("-- You are in #tea with 1 other."), lines.join("\n"));
});

Deno.test("invite links: a wrong, an expired and a used-up code are rejected on both protocols, each with its sentence", async () => {
  await using server = new Invited();
  const ann = await server.operator();
  const [usedUp, expired] = [await server.link(ann, "7d 1 use"), await server.link(ann, "1d")];
  await server.irc("bob", usedUp);
  clock.now += DAY;
  const elsewhere = "198.51.100.7"; // bob himself could come again
  for (const [code, sentence] of [[drawCode(), UNKNOWN], [expired, EXPIRED], [usedUp, USED_UP]] as const) {
    const nc = server.text(elsewhere);
    assertEquals(await nc.asks(code), [`-- ${sentence}`, PROMPT]);
    const irc = server.fixture.connect(elsewhere);
    assertEquals(await irc.asks(`PASS ${code}`), ["464 * :Password incorrect", `NOTICE * :${sentence}`]);
    await irc.says("NICK carol", "USER carol 0 * :Carol");
    assertEquals(irc.member, undefined);
  }
});

Deno.test("invite links: the user of a used-up link can connect again under the same name, and other users of the host cannot", async () => {
  await using server = new Invited();
  const ann = await server.operator();
  const code = await server.link(ann, "1");
  const bob = await server.irc("bob", code);
  await bob.leave();
  const carol = await server.irc("carol", code);
  assertEquals(carol.hears().slice(-3), [
    "464 carol :Password incorrect",
    `NOTICE carol :${USED_UP}`,
    `ERROR :Closing link: (carol) [${USED_UP}]`,
  ]);
  assertEquals(server.fixture.chat.get("carol"), undefined);
  const nc = server.text(); // becomes guest1: the prompt cannot know
  await nc.says(code);
  assertEquals(nc.gets(), [PROMPT, `-- ${USED_UP}`]);
  assert(!nc.connection.open);
  const again = await server.irc("bob", code);
  assert(again.hears().includes(":bob!~bob@host JOIN #tea"));
});

Deno.test("invite links: a guest without a name of its own counts each time", async () => {
  await using server = new Invited();
  const code = await server.link(await server.operator(), "1");
  const first = server.text();
  await first.says(code);
  assertEquals(first.member.nick, "guest1");
  await first.leave();
  const second = server.text();
  assertEquals(await second.asks(code), [`-- ${USED_UP}`, PROMPT]);
});

Deno.test("invite links: guesses are limited as wrong passwords are, and end the connection", async () => {
  await using server = new Invited();
  const code = await server.link(await server.operator());
  const nc = server.text();
  for (let i = 0; i < 3; i++) await nc.says(drawCode());
  assertEquals(nc.gets().at(-1), "-- Too many wrong passwords.");
  assert(!nc.connection.open);
  assertEquals(server.throttle.counts.wrong, 3);
  await exhaust(server.throttle);
  const later = server.fixture.connect();
  assertMatch((await later.asks(`PASS ${code}`)).join("\n"), /464 [\s\S]*Too many wrong passwords/);
});

Deno.test("invite links: without a server password, PASS with a code joins the room, and a wrong one is only told", async () => {
  await using server = new Invited("");
  const code = await server.link(await server.operator());
  const bob = await server.irc("bob", code);
  assert(bob.hears().includes(":bob!~bob@host JOIN #tea"));
  const carol = server.fixture.connect();
  assertEquals(await carol.asks(`PASS ${drawCode()}`), [`NOTICE * :${UNKNOWN}`]);
  await carol.says("NICK carol", "USER carol 0 * :Carol");
  assert(carol.member !== undefined);
  assertEquals(await carol.asks("JOIN #tea"), ["473 carol #tea :Cannot join channel (+i)"]);
});

Deno.test("invite links: a code works as the key of JOIN and /join, and in place of the room", async () => {
  await using server = new Invited("");
  const code = await server.link(await server.operator());
  const bob = await server.fixture.irc("bob", "standard-replies");
  await bob.expect(`JOIN #tea ${drawCode()}`, `FAIL JOIN LINK_UNKNOWN :${UNKNOWN}`);
  assert((await bob.asks(`JOIN #tea ${code}`)).includes(":bob!~bob@host JOIN #tea"));
  for (const arg of [`#tea ${code}`, code, `https://chat.test/i/${code}`]) {
    const nc = server.text();
    assertMatch((await nc.asks(`/join ${arg}`)).join("\n"), /^-- You are in #tea with \d others\./m);
  }
  const nc = server.text();
  assertEquals((await nc.asks(`/join ${drawCode()}`)).at(-1), `-- ${UNKNOWN}`);
  assertMatch((await nc.asks("/join abcdefghij")).join("\n"), /in #abcdefghij/); // a room as before
});

Deno.test("invite links: /link prints the link with a QR code, /links lists it, /unlink revokes it, and all is logged", async () => {
  await using server = new Invited("");
  const ann = server.text();
  await ann.says("/nick ann", "/join #tea");
  const [first = "", second, ...code] = await ann.asks("/link 1d 5 uses");
  assertMatch(first, /^-- Invite link to #tea, valid for 1d, for 5 users: https:\/\/chat\.test\/i\/[a-z2-7]{20}$/);
  assertEquals(second, "-- It also works as the server password, and as the key of the room. To revoke it: /unlink 1");
  assertEquals(code.length, 17); // 29 modules and a margin, two a line
  for (const line of code) assertMatch(line, /^-- [ ▀▄█]{33}$/);
  assertMatch((await ann.asks("/links")).join(), /^-- 1: #tea, by ann, used 0 of 5 times, until 2026-01-03 03:04$/);
  assertEquals(await ann.asks("/unlink 2"), ["-- No such invite link: 2. /links lists yours."]);
  assertEquals(await ann.asks("/unlink x"), ["-- No such invite link: x. /links lists yours."]);
  assertEquals(await ann.asks("/unlink 1"), ["-- Invite link 1 to #tea is revoked."]);
  assertEquals(await ann.asks("/links"), ["-- There are no invite links. /link makes one."]);
  assertEquals(server.fixture.audits, ["link made ann #tea 1", "link revoked ann #tea 1"]);
});

Deno.test("invite links: /link rejects invalid arguments, and users without the permission", async () => {
  await using server = new Invited("");
  const ann = await server.operator();
  const bob = server.text();
  await bob.says("/nick bob");
  bob.gets();
  for (
    const [line, answer] of [
      ["/link soon", "-- Usage: /link [#ROOM] [7d] [5 uses] – make an invite link to a room."],
      ["/link 7x", "-- Invalid time: an invite link is valid from 1m to 90d."],
      ["/link", "-- You need an account for that. Register your nickname: /register"],
      ["/link #tea", "-- You are not in #tea. Join it first: /join #tea"],
      ["/link #none", "-- No such room: #none. /rooms lists the rooms, /join creates one."],
    ] as const
  ) assertEquals(await bob.asks(line), [answer], line);
  await ann.expect(
    "CS LINK #tea 91d",
    "FAIL CHANSERV LINK_TIME_INVALID :Invalid time: an invite link is valid from 1m to 90d.",
  );
  await ann.expect("CS LINK #tea 0 uses", "FAIL CHANSERV LINK_USES_INVALID :Invalid number of uses: from 1 to 100.");
  await ann.expect(
    "CS LINK #tea 99999999999999999999",
    "FAIL CHANSERV LINK_USES_INVALID :Invalid number of uses: from 1 to 100.",
  );
  const dan = await server.fixture.irc("dan", "standard-replies");
  await dan.expect("CS LINK #tea", "442 dan #tea :You're not on that channel");
});

Deno.test("invite links: ChanServ lists and revokes the links of a channel", async () => {
  await using server = new Invited("");
  const ann = await server.operator();
  await server.link(ann, "1d");
  const notice = (text: string) => `:ChanServ!services@irc.test NOTICE ann :${text}`;
  await ann.expect("CS LINKS #tea", notice("1: #tea, by ann, used 0 times, until 2026-01-03 03:04"));
  await ann.expect("CS UNLINK #tea 1", notice("Invite link 1 to #tea is revoked."));
  await ann.expect("CS LINKS #tea", notice("#tea has no invite links that you may see."));
  await ann.expect("CS UNLINK #tea 1", "FAIL CHANSERV NO_SUCH_LINK 1 :No such invite link");
});

Deno.test("invite links: those of an account end with it, so that the next owner of the name has none", async () => {
  await using office = await AuthFixture.open();
  const fixture = new ProtocolFixture({ chat: office.chat({ history: new MemoryHistory() }), auth: office.auth });
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  await alice.says("NS REGISTER open-sesame", "JOIN #tea", "CS LINK #tea");
  await bob.says("JOIN #tea");
  await alice.says("MODE #tea +o bob");
  assertEquals(fixture.chat.links.list(bob.member).map(({ maker }) => maker), ["~alice"]);
  await alice.says("NS DROP open-sesame");
  assertEquals(fixture.chat.links.list(bob.member), []);
  await fixture.close();
});
