/**
 * A smoke test of the program from source: one conversation over text, IRC and WebSocket, and the page. It is the only
 * end-to-end test of `deno task test`; `deno task test:all` runs all of them, on the executable as well.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Client, source, start } from "./e2e/harness.ts";
import { WebSocketClient } from "./websocket_client.ts";

Deno.test("smoke: text, IRC and WebSocket clients share a room, and the page is served, when tincan runs from source", async () => {
  await using server = await start(source);
  using alice = await Client.join(server.port);
  await alice.send("/nick alice");
  await alice.until("-- guest1 is now alice");

  using bob = new Client(await Deno.connect({ port: server.ircPort }));
  await bob.send("NICK bob", "USER bob 0 * :Bob", "JOIN #lobby");
  await alice.until("-- bob joined #lobby");

  using carol = await WebSocketClient.open(server.webPort, "/text");
  await carol.send("/nick carol");
  await alice.until("-- guest1 is now carol");

  await bob.send("PRIVMSG #lobby :hello from IRC");
  await alice.until("<bob> hello from IRC");
  await carol.send("hello from the web");
  await bob.until(/^:carol!\S+ PRIVMSG #lobby :hello from the web/);
  await alice.send("hello from nc");
  await bob.until(/^:alice!\S+ PRIVMSG #lobby :hello from nc/);

  const page = await fetch(`http://127.0.0.1:${server.webPort}/`);
  assertEquals(page.status, 200);
  assertStringIncludes(await page.text(), "<title>");
});
