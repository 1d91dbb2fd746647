/** MARKREAD (IRCv3, "read-marker"): what clients are told of how far their user has read. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { StoreError } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { type Client, clock, ProtocolFixture, test, testAccounts, THEN } from "./harness.ts";

const CAPABILITY = "draft/read-marker";
const PASSWORD = "open sesame";

/** A time so many milliseconds before the beginning of the test, as MARKREAD writes it. */
const before = (milliseconds: number) => `timestamp=${new Date(THEN * 1000 - milliseconds).toISOString()}`;

/** Another client of alice, which has logged in by SASL, with what it receives from its first JOIN. */
async function again(fixture: ProtocolFixture, ...capabilities: string[]): Promise<[Client, string[]]> {
  const client = fixture.connect();
  const response = Buffer.from(`\0alice\0${PASSWORD}`).toString("base64");
  await client.says(`CAP REQ :sasl ${capabilities.join(" ")}`, "NICK alice", "USER alice 0 * :x");
  await client.says("AUTHENTICATE PLAIN", `AUTHENTICATE ${response}`, "CAP END");
  const lines = client.hears();
  const first = lines.findIndex((line) => line.startsWith(":alice!~alice@host JOIN"));
  return [client, first < 0 ? [] : lines.slice(first)];
}

/** Registers alice, who is in #tea. */
async function alice(fixture: ProtocolFixture, ...capabilities: string[]): Promise<Client> {
  const client = await fixture.irc("alice", ...capabilities);
  await client.says(`NS REGISTER ${PASSWORD}`, "JOIN #Tea");
  client.hears();
  return client;
}

test("MARKREAD: a marker is set, only advances, and is never in the future", async (fixture) => {
  const client = await fixture.irc("alice", CAPABILITY);
  await fixture.join("#Tea", client);
  await client.expect("MARKREAD #tea", "MARKREAD #Tea *");
  await client.expect(`MARKREAD #TEA ${before(50)}`, `MARKREAD #Tea ${before(50)}`);
  await client.expect(`MARKREAD #tea ${before(60)}`, `MARKREAD #Tea ${before(50)}`);
  await client.expect(`MARKREAD #tea ${before(50)}`, `MARKREAD #Tea ${before(50)}`);
  await client.expect("MARKREAD #tea", `MARKREAD #Tea ${before(50)}`);
  await client.expect(`MARKREAD #tea ${before(-50)}`, `MARKREAD #Tea ${before(0)}`);
  await client.expect("MARKREAD bob", "MARKREAD bob *");
  await client.expect(`MARKREAD Bob ${before(1)}`, `MARKREAD Bob ${before(1)}`);
  await client.expect("MARKREAD bob", `MARKREAD bob ${before(1)}`);
});

test("MARKREAD: replies with FAIL when a parameter is missing or not valid", async (fixture) => {
  const client = await fixture.irc("alice");
  await fixture.channel("#den", "bob");
  await fixture.join("#tea", client);
  await client.expect("MARKREAD", "FAIL MARKREAD NEED_MORE_PARAMS :Missing parameters");
  for (const target of ["#den", "#none", "1x", "a!b@c"]) {
    const text = `FAIL MARKREAD INVALID_PARAMS ${target} :Not a nickname or a channel that you are in`;
    await client.expect(`MARKREAD ${target}`, text);
    await client.expect(`MARKREAD ${target} ${before(1)}`, text);
  }
  for (const stamp of ["*", "timestamp=*", "timestamp=2026-01-02", "2026-01-02T03:04:05.000Z", "x"]) {
    await client.expect(
      `MARKREAD #tea ${stamp}`,
      `FAIL MARKREAD INVALID_PARAMS #tea ${stamp} :Invalid timestamp`,
    );
  }
  await client.expect("MARKREAD #tea", "MARKREAD #tea *");
});

test("MARKREAD: the marker comes after JOIN and before the end of the names, only with the capability", async (fixture) => {
  const client = await fixture.irc("alice", CAPABILITY);
  assertEquals(await client.asks("JOIN #tea"), [
    ":alice!~alice@host JOIN #tea",
    "MARKREAD #tea *",
    "353 alice = #tea :@alice",
    "366 alice #tea :End of /NAMES list",
  ]);
  const quiet = await fixture.irc("bob", CAPABILITY, "no-implicit-names");
  assertEquals(await quiet.asks("JOIN #tea"), [":bob!~bob@host JOIN #tea", "MARKREAD #tea *"]);
  await client.says("TOPIC #tea :tea", `MARKREAD #tea ${before(5)}`, "PART #tea");
  assertEquals((await client.asks("JOIN #tea")).filter((line) => !/^33[23] /.test(line)).slice(0, 2), [
    ":alice!~alice@host JOIN #tea",
    `MARKREAD #tea ${before(5)}`,
  ]);
  const other = await fixture.irc("carol");
  assert(!(await other.asks("JOIN #tea")).some((line) => line.includes("MARKREAD")));
});

testAccounts(
  "MARKREAD: a client that does not know RENAME gets the marker after the JOIN under the new name",
  async (fixture) => {
    const owner = await alice(fixture, CAPABILITY, "draft/channel-rename");
    const bob = await fixture.irc("bob", CAPABILITY);
    await fixture.join("#tea", bob);
    await bob.says(`MARKREAD #tea ${before(5)}`);
    fixture.quiet();
    assertEquals(await owner.asks("RENAME #tea #cave"), [":alice!~alice@host RENAME #Tea #cave :"]);
    assertEquals(bob.hears(), [
      ":bob!~bob@host PART #Tea",
      ":bob!~bob@host JOIN #cave",
      `MARKREAD #cave ${before(5)}`,
      "353 bob = #cave :~alice bob",
      "366 bob #cave :End of /NAMES list",
    ]);
  },
);

testAccounts("MARKREAD: each client of the user with the capability is told, and no other user", async (fixture) => {
  const client = await alice(fixture, CAPABILITY, "labeled-response", "batch");
  const bob = await fixture.irc("bob", CAPABILITY);
  await fixture.join("#tea", bob);
  const [phone, joined] = await again(fixture, CAPABILITY);
  assertEquals(joined.filter((line) => line.startsWith("MARKREAD")), ["MARKREAD #Tea *"]);
  const [old] = await again(fixture);
  fixture.quiet();
  await client.expect(`@label=x MARKREAD #tea ${before(5)}`, `@label=x MARKREAD #Tea ${before(5)}`);
  assertEquals([phone.hears(), old.hears(), bob.hears()], [[`MARKREAD #Tea ${before(5)}`], [], []]);
  await old.expect(`MARKREAD Bob ${before(4)}`, `MARKREAD Bob ${before(4)}`);
  assertEquals([phone.hears(), client.hears(), bob.hears()], [
    [`MARKREAD Bob ${before(4)}`],
    [`MARKREAD Bob ${before(4)}`],
    [],
  ]);
  await phone.expect(`MARKREAD #tea ${before(9)}`, `MARKREAD #Tea ${before(5)}`);
  assertEquals([client.hears(), bob.hears()], [[], []], "nothing has changed");
  await bob.expect("MARKREAD #tea", "MARKREAD #Tea *");
});

testAccounts("MARKREAD: markers are there after all clients have left, for each that comes back", async (fixture) => {
  const client = await alice(fixture, CAPABILITY);
  await client.says(`MARKREAD #tea ${before(5)}`, `MARKREAD bob ${before(6)}`, "NS SET ALWAYS-ON ON");
  await client.leave();
  const [back, lines] = await again(fixture, CAPABILITY);
  assertEquals(lines.filter((line) => line.startsWith("MARKREAD")), [`MARKREAD #Tea ${before(5)}`]);
  await back.expect("MARKREAD bob", `MARKREAD bob ${before(6)}`);
});

testAccounts("MARKREAD: a client that logs in or out is told the markers of its channels", async (fixture) => {
  const client = await alice(fixture, CAPABILITY);
  await client.says(`MARKREAD #tea ${before(5)}`);
  await client.leave();
  const guest = await fixture.irc("guest", CAPABILITY);
  await fixture.join("#tea,#den", guest);
  await guest.says(`MARKREAD #den ${before(7)}`, `MARKREAD #tea ${before(9)}`);
  const markers = (lines: string[]) => lines.filter((line) => line.startsWith("MARKREAD"));
  assertEquals(markers(await guest.asks(`NS IDENTIFY alice ${PASSWORD}`)).sort(), [
    `MARKREAD #Tea ${before(5)}`,
    `MARKREAD #den ${before(7)}`,
  ], "the later one of guest and account");
  assertEquals(markers(await guest.asks("NS LOGOUT")).sort(), ["MARKREAD #Tea *", "MARKREAD #den *"]);
});

testAccounts("MARKREAD: a client without the capability has read what it was shown when it ends", async (fixture) => {
  const client = await alice(fixture);
  const bob = await fixture.irc("bob");
  await fixture.join("#tea", bob);
  clock.now += 1000;
  await bob.says("PRIVMSG #tea :one");
  const said = `timestamp=${new Date(clock.now).toISOString()}`;
  clock.now += 1000;
  await client.leave();
  await bob.says("PRIVMSG #tea :two");
  const [phone, lines] = await again(fixture, CAPABILITY);
  assertEquals(lines, []);
  assert((await phone.asks("JOIN #tea")).includes(`MARKREAD #Tea ${said}`));
  await phone.leave(); // it would have marked it
  const [, more] = await again(fixture, CAPABILITY);
  assertEquals(more, []);
  const [last] = await again(fixture, CAPABILITY);
  assert((await last.asks("JOIN #tea")).includes(`MARKREAD #Tea ${said}`));
  await last.says(`CAP REQ :-${CAPABILITY}`, "PART #tea", `CAP REQ :${CAPABILITY}`);
  assert((await last.asks("JOIN #tea")).includes(`MARKREAD #Tea timestamp=${new Date(clock.now).toISOString()}`));
});

Deno.test("MARKREAD: replies with INTERNAL_ERROR when the history cannot be read, and JOIN works all the same", async () => {
  const readMarkers = {
    get() {
      throw new StoreError("damaged");
    },
    advance() {},
    forget() {},
    hasPending: false,
  };
  const history = Object.defineProperty(new MemoryHistory(), "readMarkers", { value: readMarkers });
  const policy = { isRegistered: (nick: string) => nick === "alice" };
  const fixture = new ProtocolFixture({ chat: new LocalChat({ history, policy }) });
  const client = await fixture.irc("guest", CAPABILITY);
  fixture.chat.login(client.session, "alice");
  const fail = "FAIL MARKREAD INTERNAL_ERROR #tea :The read timestamp could not be read. Try again later";
  assertEquals((await client.asks("JOIN #tea")).slice(0, 4), [
    ":guest!~guest@host JOIN #tea",
    "MODE #tea +q guest",
    fail,
    "353 guest = #tea :~guest",
  ]);
  for (const line of ["MARKREAD #tea", `MARKREAD #tea ${before(5)}`]) await client.expect(line, fail);
  await fixture.close();
});
