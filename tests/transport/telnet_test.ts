/** Telnet's own bytes: what is taken out, and what is asked of it. */
import { assert, assertEquals } from "@std/assert";
import { listenTcp } from "../../src/transport/tcp.ts";
import { HIDE_INPUT, SHOW_INPUT, TelnetFilter } from "../../src/transport/telnet.ts";
import { tcpOptions } from "./ports.ts";

const DO_ECHO = [0xff, 0xfd, 0x01];

Deno.test("who has sent a command is a telnet, and nobody else is", () => {
  const filter = new TelnetFilter();
  filter.filter(new TextEncoder().encode("hi\r\n"));
  assert(!filter.seen);
  assertEquals([...filter.filter(new Uint8Array([...DO_ECHO, 0x68]))], [0x68]);
  assert(filter.seen);
});

/** What a client gets that is asked to hide what it types, says something, and is asked to show it. */
async function exchange(lineEnd: "\r\n" | "as the client", ...says: number[]): Promise<number[]> {
  const listener = listenTcp({ ...tcpOptions(), lineEnd });
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
  await client.write(new Uint8Array([...says, 0x78, 0x0a])); // x
  await client.closeWrite();
  const got: number[] = [];
  for await (const bytes of client.readable) got.push(...bytes);
  await served;
  listener.close();
  return got;
}

Deno.test("a client is asked to hide what it types, and only a telnet to show it again; IRC is never asked", async () => {
  const prompt = [0x3f, 0x0d, 0x0a];
  assertEquals(await exchange("as the client"), [...HIDE_INPUT, ...prompt, 0x78, 0x0a]);
  assertEquals(await exchange("as the client", ...DO_ECHO), [...HIDE_INPUT, ...prompt, ...SHOW_INPUT, 0x78, 0x0a]);
  assertEquals(await exchange("\r\n"), [...prompt, 0x78, 0x0d, 0x0a]);
});
