/**
 * Bytes as they come off a real network: cut anywhere, broken, too many. What is said is seen through a second client.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Program, resettable, start } from "./harness.ts";

/** Somebody who sends bytes, and somebody who sees what becomes of them. */
async function pair(server: Program) {
  const sender = await Client.join(server.port);
  const seer = await Client.join(server.port);
  await sender.until("-- guest2 joined #lobby");
  return { sender, seer, [Symbol.dispose]: () => [sender, seer].forEach((client) => client[Symbol.dispose]()) };
}

/** Sends bytes one by one. What the kernel joins is its business: each way to cut is tried in transport/lines_test.ts. */
async function trickle(sender: Client, bytes: Uint8Array<ArrayBuffer>) {
  for (const byte of bytes) await sender.write(new Uint8Array([byte]));
}

test("a line may come in any number of pieces", async (form) => {
  await using server = await start(form);
  using people = await pair(server);
  await trickle(people.sender, new TextEncoder().encode("grüße 😀\r\nsecond\n"));
  assertEquals(await people.seer.lines(2), ["<guest1> grüße 😀", "<guest1> second"]);
});

test("bytes that are not UTF-8 are replaced", async (form) => {
  await using server = await start(form);
  using people = await pair(server);
  await people.sender.write(new Uint8Array([0x61, 0xc3, 0x28, 0xf0, 0x9f, 0x0a, 0xfe, 0x62, 0x0a]));
  assertEquals(await people.seer.lines(2), ["<guest1> a\ufffd(\ufffd", "<guest1> \ufffdb"]);
});

test("irc: a line that is not UTF-8 is rejected, and nobody gets it", async (form) => {
  await using server = await start(form);
  using seer = await Client.join(server.port);
  using sender = new Client(await Deno.connect({ port: server.ircPort }));
  await sender.send("CAP REQ :batch labeled-response", "NICK alice", "USER alice 0 * :Alice", "CAP END", "JOIN #lobby");
  await sender.until(/ 366 /);
  const bytes = (text: string) => new TextEncoder().encode(text);
  await sender.write(new Uint8Array([...bytes("@label=x PRIVMSG #lobby :caf"), 0xe9, ...bytes("\r\n")]));
  await sender.until(/^@label=x :tincan FAIL \* INVALID_UTF8 :/);
  await sender.send("PRIVMSG #lobby :caf\u00e9 \ufffd");
  await seer.until("<alice> caf\u00e9 \ufffd");
  assert(!seer.received.includes("caf\ufffd"), seer.received);
});

test("telnet's negotiation is swallowed, wherever it stands and is cut", async (form) => {
  await using server = await start(form);
  using people = await pair(server);
  const bytes = [255, 253, 3, 104, 255, 250, 24, 10, 255, 255, 1, 255, 240, 105, 255, 241, 13, 10, 255, 244];
  await people.sender.write(new Uint8Array(bytes));
  await trickle(people.sender, new Uint8Array(bytes));
  assertEquals(await people.seer.lines(2), ["<guest1> hi", "<guest1> hi"]);
});

test("a last line without an end is said, and half a line of one who was cut off is not", async (form) => {
  await using server = await start(form);
  using seer = await Client.join(server.port);
  using polite = await Client.join(server.port);
  await polite.write("no end");
  await polite.end();
  await seer.until("<guest2> no end");
  await seer.until("-- guest2 left #lobby");
  const rude = await resettable(server.port);
  await seer.until("-- guest2 joined #lobby");
  rude.write("one\nhalf a li");
  await seer.until("<guest2> one");
  rude.resetAndDestroy();
  await seer.until("-- guest2 left #lobby (connection lost)");
  assert(!seer.received.includes("half a li"));
});

test("a line of --max-line bytes is said, and a longer one is refused", async (form) => {
  await using server = await start(form, ["--max-line", "100"]);
  using people = await pair(server);
  for (const end of ["\n", "\r\n"]) {
    await people.sender.write("x".repeat(100) + end);
    assertEquals(await people.seer.lines(1), ["<guest1> " + "x".repeat(100)]);
  }
  await people.sender.write("y".repeat(101) + "\nafter\n");
  await people.sender.until("-- Line too long, not sent: at most 100 bytes. Send it in parts.");
  await people.sender.until("<guest1> after");
  assertEquals(await people.seer.lines(1), ["<guest1> after"]);
});

test("10,000 empty lines say nothing", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  using people = await pair(server);
  await people.sender.write("\n".repeat(5_000) + "\r\n".repeat(5_000) + "still here\n");
  assertEquals(await people.seer.lines(1), ["<guest1> still here"]);
});

test("a line of 100 MB without an end takes no memory, and the next is heard", async (form) => {
  await using server = await start(form, ["--rate", "off", "--log-level", "debug"]);
  await server.warm();
  using people = await pair(server);
  const chunk = new Uint8Array(1_000_000).fill(0x61);
  for (let i = 0; i < 10; i++) await people.sender.write(chunk); // the reader is warm as well
  const before = server.memory();
  let most = before;
  for (let i = 0; i < 90; i++) {
    await people.sender.write(chunk);
    most = Math.max(most, server.memory());
  }
  await people.sender.send("", "and then");
  assertEquals(await people.seer.lines(1), ["<guest1> and then"]);
  assert(most - before < 30_000_000, `grew by ${most - before} bytes`);
}, Deno.build.os === "linux" ? undefined : "there is no /proc to read it from");
