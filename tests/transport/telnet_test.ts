/** Telnet: removal of commands, CR NUL, and hiding of typed input. */
import { assert, assertEquals } from "@std/assert";
import { listenTcp } from "../../src/transport/tcp.ts";
import { HIDE_INPUT, NO_TIMING_MARK, SHOW_INPUT, TelnetFilter } from "../../src/transport/telnet.ts";
import { tcpOptions } from "./ports.ts";

const DO_ECHO = [0xff, 0xfd, 0x01];

Deno.test("telnet: a client is recognized as telnet by a command", () => {
  const filter = new TelnetFilter();
  filter.filter(new TextEncoder().encode("hi\r\n"));
  assert(!filter.seen);
  assertEquals([...filter.filter(new Uint8Array([...DO_ECHO, 0x68]))], [0x68]);
  assert(filter.seen);
});

Deno.test("telnet: letters of CP1251 are not taken for a negotiation, and options are, however they are cut", () => {
  const cases: [number[], boolean][] = [
    [DO_ECHO, true],
    [[0xff, 0xfe, 0x01], true], // IAC DONT ECHO
    [[0xff, 0xfb, 0x1f, 0xff, 0xfa, 0x1f, 0, 80, 0, 24, 0xff, 0xf0], true], // IAC WILL NAWS, and the size
    [[0xff, 0xf4, 0xff, 0xfd, 0x06], true], // Ctrl-C
    [[0xff, 0xf1], false], // IAC NOP
    [[0xf1, 0xe8, 0xff, 0xfe, 0x20, 0xff, 0xfe, 0x0a], false], // ending in "яю"
    [[0xff, 0xfe, 0x0d, 0x0a, 0xff, 0xfd, 0x09, 0xff, 0xfb, 0xe0], false],
  ];
  for (const [bytes, negotiates] of cases) {
    for (let size = 1; size <= bytes.length; size++) {
      const filter = new TelnetFilter();
      for (let at = 0; at < bytes.length; at += size) filter.filter(new Uint8Array(bytes.slice(at, at + size)));
      assertEquals(filter.negotiates, negotiates, `${bytes}, ${size} at a time`);
    }
  }
});

Deno.test("telnet: a client that negotiates is known to show its own lines, any other is not", async () => {
  for (const [lineEnd, expected] of [["as the client", true], ["\r\n", false]] as const) {
    const listener = await listenTcp({ ...tcpOptions(), lineEnd });
    const client = await Deno.connect({ port: listener.port });
    const connection = (await listener[Symbol.asyncIterator]().next()).value!;
    const told: boolean[] = [];
    await client.write(new TextEncoder().encode("one\r\n"));
    for await (const lines of connection.lines) {
      for (const _ of lines) told.push(connection.echoesLocally);
      if (told.length === 2) break;
      await client.write(new Uint8Array([...DO_ECHO, 0x0a]));
    }
    assertEquals(told, [false, expected], lineEnd);
    connection.close();
    client.close();
    await connection.closed;
    listener.close();
  }
});

Deno.test("telnet: CR NUL ends a line like CRLF, however it is cut, even with a command within it", () => {
  const NOP = [0xff, 0xf1];
  const cases: [number[], string][] = [
    [[0x61, 0x0d, 0x00, 0x62, 0x0d, 0x0a, 0x63, 0x0a], "a\r\nb\r\nc\n"],
    [[0x61, 0x0d, ...NOP, 0x00, 0x62], "a\r\nb"],
    [[0x0d, 0x0d, 0x00, 0x00], "\r\r\n\0"],
    [[0x61, 0x00, 0x0d, 0x62, 0x00], "a\0\rb\0"], // neither is a line end
    [[0x0d, 0xff, 0xff, 0x00], "\r\xff\0"],
    [[0x0d, 0x0a, 0x00], "\r\n\0"],
  ];
  for (const [bytes, text] of cases) {
    for (let size = 1; size <= bytes.length; size++) {
      const filter = new TelnetFilter();
      const got: number[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        got.push(...filter.filter(new Uint8Array(bytes.slice(at, at + size))));
      }
      assertEquals(String.fromCharCode(...got), text, `${JSON.stringify(text)}, ${size} at a time`);
      assertEquals(filter.seen, bytes.includes(0xff), "NUL is not a command");
    }
  }
});

Deno.test("telnet: Ctrl-C is a line, and asks for a timing mark, however they are cut", () => {
  const bytes = [0x61, 0x0a, 0xff, 0xf4, 0xff, 0xfd, 0x06, 0x62, 0x0d, 0xff, 0xf4, 0x00];
  for (let size = 1; size <= bytes.length; size++) {
    const filter = new TelnetFilter();
    const got: number[] = [];
    let marks = 0;
    for (let at = 0; at < bytes.length; at += size) {
      got.push(...filter.filter(new Uint8Array(bytes.slice(at, at + size))));
      if (filter.timingMark) marks++;
    }
    assertEquals(String.fromCharCode(...got), "a\n\x03\nb\r\x03\n\0", `${size} at a time`);
    assertEquals(marks, 1);
  }
});

/** Returns what a client receives that is asked to hide input, sends a line, and is asked to show input. */
async function exchange(lineEnd: "\r\n" | "as the client", ...input: number[]): Promise<number[]> {
  const listener = await listenTcp({ ...tcpOptions(), lineEnd });
  const served = (async () => {
    for await (const connection of listener) {
      connection.hideInput(true);
      connection.send(["?"]);
      for await (const lines of connection.lines) {
        for (const line of lines) {
          connection.hideInput(false);
          connection.send([line]);
        }
      }
      connection.close();
      await connection.closed;
      return;
    }
  })();
  const client = await Deno.connect({ port: listener.port });
  await client.write(new Uint8Array([...input, 0x78, 0x0a])); // x
  await client.closeWrite();
  const got: number[] = [];
  for await (const bytes of client.readable) got.push(...bytes);
  await served;
  listener.close();
  return got;
}

Deno.test("telnet: every text client is asked to hide input, only telnet to show it again, and IRC clients are never asked", async () => {
  const prompt = [0x3f, 0x0d, 0x0a];
  assertEquals(await exchange("as the client"), [...HIDE_INPUT, ...prompt, 0x78, 0x0a]);
  assertEquals(await exchange("as the client", ...DO_ECHO), [...HIDE_INPUT, ...prompt, ...SHOW_INPUT, 0x78, 0x0a]);
  const mark = [0xff, 0xfd, 0x06];
  assertEquals(await exchange("as the client", ...mark, ...mark), [
    ...HIDE_INPUT,
    ...prompt,
    ...NO_TIMING_MARK,
    ...SHOW_INPUT,
    0x78,
    0x0a,
  ]);
  assertEquals(await exchange("\r\n"), [...prompt, 0x78, 0x0d, 0x0a]);
});

Deno.test("telnet: a client that ends its lines in CR NUL gets lines that end in CRLF", async () => {
  const listener = await listenTcp(tcpOptions());
  const served = (async () => {
    for await (const connection of listener) {
      for await (const lines of connection.lines) for (const line of lines) connection.send([`got ${line}`]);
      connection.close();
      return await connection.closed;
    }
  })();
  const client = await Deno.connect({ port: listener.port });
  const deadline = setTimeout(() => client.close(), 10_000);
  const decoder = new TextDecoder();
  const reader = client.readable.getReader();
  let got = "";
  for (
    const [sent, answer] of [["one\r\0", "got one\r\n"], ["two\n", "got two\n"], ["three\r\0", "got three\r\n"]]
  ) {
    for (const byte of new TextEncoder().encode(sent)) await client.write(new Uint8Array([byte]));
    for (got = ""; got.length < answer!.length;) got += decoder.decode((await reader.read()).value);
    assertEquals(got, answer);
  }
  clearTimeout(deadline);
  await client.closeWrite();
  await served;
  await reader.cancel();
  listener.close();
});
