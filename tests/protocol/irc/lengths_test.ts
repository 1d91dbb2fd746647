/** Limits on texts: every client gets an accepted text whole, with names of any length around it. */
import { assert, assertEquals } from "@std/assert";
import { Formats } from "../../../src/protocol/irc/format.ts";
import { byteLength } from "../../../src/util/bytes.ts";
import { type Client, ProtocolFixture, test } from "./harness.ts";

/** The longest names that are possible. */
const SERVER = "s".repeat(63);
const [ALICE, BOB] = ["é".repeat(30), "ж".repeat(30)];
const HOST = "0123456789ab.hidden";
const ROOMS = [`#${"x".repeat(49)}`, `#${"é".repeat(49)}`, `#${"茶".repeat(33)}`];

const options = () => ({ name: SERVER, formats: new Formats(SERVER), hostOf: () => HOST });

/** Repeats a letter up to a number of characters and bytes. */
function widest(letter: string, characters: number, size: number): string {
  return letter.repeat(Math.min(characters, Math.floor(size / byteLength(letter))));
}

const LETTERS = ["x", "é", "茶", "😀"];

/** Returns two members of a channel, the first its operator, with the longest names and the capabilities that make lines longer. */
async function pair(fixture: ProtocolFixture, room: string): Promise<[Client, Client]> {
  const clients: Client[] = [];
  for (const nick of [ALICE, BOB]) {
    const client = fixture.connect();
    await client.says(
      "CAP REQ :extended-join away-notify setname",
      `NICK ${nick}`,
      `USER ${"u".repeat(9)} 0 * :x`,
      "CAP END",
    );
    await client.says(`JOIN ${room}`);
    clients.push(client);
  }
  fixture.quiet();
  return clients as [Client, Client];
}

/** Asserts that all lines fit, and that one of them ends in a text. */
function assertWhole(lines: readonly string[], text: string, about: string): void {
  for (const line of lines) ProtocolFixture.assertSound(line);
  assert(lines.some((line) => line.endsWith(text)), `${about}:\n${lines.join("\n")}`);
}

test("lengths: every client gets the whole topic, or none when it is rejected", async (fixture) => {
  for (const room of ROOMS) {
    const [alice, bob] = await pair(fixture, room);
    const carol = await fixture.text("carol");
    await carol.says(`/join ${room}`);
    await alice.says(`MODE ${room} -t`);
    for (const letter of LETTERS) {
      const topic = widest(letter, 360, 370 - byteLength(room));
      fixture.quiet();
      await carol.says(`/topic ${topic}`);
      assertWhole(bob.gets(), ` :${topic}`, "TOPIC");
      await bob.says(`TOPIC ${room}`);
      assertWhole(bob.gets(), ` :${topic}`, "332");
      await bob.says("LIST");
      assertWhole(bob.gets(), ` :${topic}`, "322");
      assert((await carol.asks(`/topic ${topic}${letter}`))[0]!.startsWith("-- "), "rejected where it is said");
      assertEquals(bob.gets(), []);
    }
    for (const client of [alice, bob, carol]) await client.leave();
  }
}, options);

test("lengths: every client gets the whole reason, or it is rejected", async (fixture) => {
  for (const room of ROOMS) {
    for (const letter of LETTERS) {
      const reason = widest(letter, 200, 340 - byteLength(room));
      const [alice, bob] = await pair(fixture, room);
      for (const line of [`KICK ${room} ${BOB} :`, `PART ${room} :`]) {
        if (byteLength(line + reason + letter) <= 510) {
          assert((await alice.asks(line + reason + letter))[0]!.startsWith(`:${SERVER} NOTICE `), line);
          assertEquals(bob.gets(), []);
        }
        if (byteLength(line + reason) > 510) continue; // no client can send it
        await alice.says(line + reason);
        assertWhole(alice.gets(), ` :${reason}`, line);
        await bob.says(`JOIN ${room}`);
        fixture.quiet();
      }
      for (const client of [alice, bob]) await client.leave();
    }
  }
}, options);

test("lengths: every client gets the whole reason of a QUIT, or the text client's is rejected", async (fixture) => {
  for (const letter of LETTERS) {
    const reason = widest(letter, 200, 310);
    const [alice, bob] = await pair(fixture, "#lobby");
    const tom = await fixture.text("tom");
    assert((await tom.asks(`/quit ${reason}${letter}`))[0]!.includes("too long"));
    assertEquals(alice.gets(), []);
    await tom.says(`/quit ${reason}`);
    assertWhole(alice.gets(), ` QUIT :Quit: ${reason}`, "QUIT");
    fixture.quiet();
    await bob.says(`QUIT :${reason}${letter}`);
    assertWhole(alice.gets(), " QUIT :Quit", "QUIT without a reason");
    assert(bob.gets()[0]!.endsWith("[Quit, the reason was too long]"));
    await alice.leave();
  }
}, options);

test("lengths: every client gets the whole away message, or it is rejected", async (fixture) => {
  const [alice, bob] = await pair(fixture, "#tea");
  for (const letter of LETTERS) {
    const reason = widest(letter, 200, 310);
    fixture.quiet();
    await alice.says(`AWAY :${reason}${letter}`);
    assert(alice.gets()[0]!.includes(" NOTICE "), "rejected");
    assertEquals(bob.gets(), []);
    await alice.says(`AWAY :${reason}`);
    assertWhole(bob.gets(), ` AWAY :${reason}`, "AWAY");
    await bob.says(`PRIVMSG ${ALICE} :hi`);
    assertWhole(bob.gets(), ` :${reason}`, "301");
  }
}, options);

test("lengths: every client gets the whole real name", async (fixture) => {
  for (const room of ROOMS) {
    const [alice, bob] = await pair(fixture, room);
    for (const letter of LETTERS) {
      const realname = widest(letter, 150, 210);
      fixture.quiet();
      await alice.says(`SETNAME :${realname}${letter}`);
      assert(alice.gets()[0]!.includes(" FAIL SETNAME INVALID_REALNAME "));
      await alice.says(`SETNAME :${realname}`);
      assertWhole(bob.gets(), ` SETNAME :${realname}`, "SETNAME");
      await bob.says(`WHO ${room}`);
      assertWhole(bob.gets(), ` ${realname}`, "352");
      await bob.says(`WHOIS ${ALICE}`);
      assertWhole(bob.gets(), ` :${realname}`, "311");
      await alice.says(`PART ${room}`, `JOIN ${room}`);
      assertWhole(bob.gets(), ` :${realname}`, "JOIN");
    }
    for (const client of [alice, bob]) await client.leave();
  }
}, options);

test("lengths: every client gets the whole reason of a server operator", async (fixture) => {
  for (const letter of LETTERS) {
    const [alice, bob] = await pair(fixture, "#tea");
    fixture.chat.setFlag(alice.member, "operator", true);
    const reason = widest(letter, 200, 310);
    await alice.says(`KLINE ${"m".repeat(60)}!*@* :${reason}`);
    fixture.quiet();
    await alice.says("STATS k");
    const lines = alice.gets();
    lines.forEach(ProtocolFixture.assertSound);
    const told = lines.filter((line) => line.includes(" 216 ")).map((line) => line.slice(line.indexOf(" :") + 2)).join(
      "",
    );
    assert(told.endsWith(`: ${reason}`), told);
    await alice.says(`KILL ${BOB} :${reason}`);
    assertWhole(alice.gets(), ` QUIT :Killed (${ALICE} (${reason}))`, "QUIT");
    assertWhole(bob.gets(), `[Killed (${ALICE} (${reason}))]`, "ERROR");
    fixture.options.moderation.bans.remove(`${"m".repeat(60)}!*@*`);
    await alice.leave();
  }
}, options);

test("lengths: every line of the welcome fits with the longest names", async (fixture) => {
  const client = fixture.connect();
  await client.says(
    "CAP LS 302",
    `NICK ${ALICE}`,
    `USER ${"u".repeat(9)} 0 * :x`,
    "CAP END",
    "CAP LS 302",
    "HELP",
    "INFO",
  );
  const lines = client.gets();
  lines.forEach(ProtocolFixture.assertSound);
  const tokens = lines.filter((line) => line.includes(" 005 "));
  assert(tokens.every((line) => line.endsWith(" :are supported by this server")));
}, options);

test("lengths: of the longest nicks, USERHOST and ISON list as many as fit, each whole", async (fixture) => {
  const nicks = [..."абвгдклн"].map((letter) => letter.repeat(30));
  for (const nick of nicks) {
    await fixture.connect().says(`NICK ${nick}`, `USER ${"u".repeat(9)} 0 * :x`);
  }
  const client = fixture.connect();
  await client.says(`NICK ${BOB}`, "USER bob 0 * :x");
  for (const [command, most] of [["USERHOST", 4], ["ISON", 6]] as const) {
    client.gets();
    await client.says(`${command} ${nicks.join(" ")}`);
    const [line = ""] = client.gets();
    ProtocolFixture.assertSound(line);
    const listed = line.slice(line.indexOf(" :") + 2).split(" ");
    assertEquals(listed.map((each) => each.slice(0, 30)), nicks.slice(0, most), command);
  }
}, options);
