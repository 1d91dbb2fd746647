/**
 * Framing of real network input: split anywhere, malformed or too long. A second client observes what is delivered.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Program, resettable, start } from "./harness.ts";

/** Connects a client that sends bytes and one that receives the result. */
async function connectPair(server: Program) {
  const sender = await Client.join(server.port);
  const receiver = await Client.join(server.port);
  await sender.until("-- guest2 joined #lobby");
  return { sender, receiver, [Symbol.dispose]: () => [sender, receiver].forEach((client) => client[Symbol.dispose]()) };
}

/** Sends bytes one by one. The kernel may join them; transport/lines_test.ts tries each way to split. */
async function trickle(sender: Client, bytes: Uint8Array<ArrayBuffer>) {
  for (const byte of bytes) await sender.write(new Uint8Array([byte]));
}

test("text: a line is delivered whole when it arrives byte by byte", async (form) => {
  await using server = await start(form);
  using clients = await connectPair(server);
  await trickle(clients.sender, new TextEncoder().encode("grüße 😀\r\nsecond\n"));
  assertEquals(await clients.receiver.lines(2), ["<guest1> grüße 😀", "<guest1> second"]);
});

test("text: invalid UTF-8 is replaced with U+FFFD", async (form) => {
  await using server = await start(form);
  using clients = await connectPair(server);
  await clients.sender.write(new Uint8Array([0x61, 0xc3, 0x28, 0xf0, 0x9f, 0x0a, 0xfe, 0x62, 0x0a]));
  assertEquals(await clients.receiver.lines(2), ["<guest1> a\ufffd(\ufffd", "<guest1> \ufffdb"]);
});

test("irc: a line is rejected and not delivered when it is not UTF-8", async (form) => {
  await using server = await start(form);
  using receiver = await Client.join(server.port);
  using sender = new Client(await Deno.connect({ port: server.ircPort }));
  await sender.send("CAP REQ :batch labeled-response", "NICK alice", "USER alice 0 * :Alice", "CAP END", "JOIN #lobby");
  await sender.until(/ 366 /);
  const bytes = (text: string) => new TextEncoder().encode(text);
  await sender.write(new Uint8Array([...bytes("@label=x PRIVMSG #lobby :caf"), 0xe9, ...bytes("\r\n")]));
  await sender.until(/^@label=x :tincan FAIL \* INVALID_UTF8 :/);
  await sender.send("PRIVMSG #lobby :caf\u00e9 \ufffd");
  await receiver.until("<alice> caf\u00e9 \ufffd");
  assert(!receiver.received.includes("caf\ufffd"), receiver.received);
});

test("text: telnet negotiation is removed wherever it stands or is split", async (form) => {
  await using server = await start(form);
  using clients = await connectPair(server);
  const bytes = [255, 253, 3, 104, 255, 250, 24, 10, 255, 255, 1, 255, 240, 105, 255, 241, 13, 10, 255, 244];
  await clients.sender.write(new Uint8Array(bytes));
  await trickle(clients.sender, new Uint8Array(bytes));
  assertEquals(await clients.receiver.lines(2), ["<guest1> hi", "<guest1> hi"]);
});

test("text: an unterminated last line is delivered after an orderly end, and dropped after a reset", async (form) => {
  await using server = await start(form);
  using receiver = await Client.join(server.port);
  using orderly = await Client.join(server.port);
  await orderly.write("no end");
  await orderly.end();
  await receiver.until("<guest2> no end");
  await receiver.until("-- guest2 left #lobby");
  const aborted = await resettable(server.port);
  await receiver.until("-- guest2 joined #lobby");
  aborted.write("one\nhalf a li");
  await receiver.until("<guest2> one");
  aborted.resetAndDestroy();
  await receiver.until("-- guest2 left #lobby (connection lost)");
  assert(!receiver.received.includes("half a li"));
});

test("text: a line of --max-line bytes is delivered, and a longer one is rejected", async (form) => {
  await using server = await start(form, ["--max-line", "100"]);
  using clients = await connectPair(server);
  for (const end of ["\n", "\r\n"]) {
    await clients.sender.write("x".repeat(100) + end);
    assertEquals(await clients.receiver.lines(1), ["<guest1> " + "x".repeat(100)]);
  }
  await clients.sender.write("y".repeat(101) + "\nafter\n");
  await clients.sender.until("-- Line too long, not sent: at most 100 bytes. Send it in parts.");
  await clients.sender.until("<guest1> after");
  assertEquals(await clients.receiver.lines(1), ["<guest1> after"]);
});

test("text: empty lines are ignored when a client sends 10,000 of them", async (form) => {
  await using server = await start(form, ["--rate", "off"]);
  using clients = await connectPair(server);
  await clients.sender.write("\n".repeat(5_000) + "\r\n".repeat(5_000) + "still here\n");
  assertEquals(await clients.receiver.lines(1), ["<guest1> still here"]);
});

test("text: an unterminated line of 100 MB takes no memory, and the next line is delivered", async (form) => {
  await using server = await start(form, ["--rate", "off", "--log-level", "debug"]);
  await server.warm();
  using clients = await connectPair(server);
  const chunk = new Uint8Array(1_000_000).fill(0x61);
  for (let i = 0; i < 10; i++) await clients.sender.write(chunk); // warms up the reader
  const before = server.memory();
  let most = before;
  for (let i = 0; i < 90; i++) {
    await clients.sender.write(chunk);
    most = Math.max(most, server.memory());
  }
  await clients.sender.send("", "and then");
  assertEquals(await clients.receiver.lines(1), ["<guest1> and then"]);
  assert(most - before < 30_000_000, `grew by ${most - before} bytes`);
}, Deno.build.os === "linux" ? undefined : "there is no /proc to read memory from");
