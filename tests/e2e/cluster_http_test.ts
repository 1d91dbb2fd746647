/** The HTTP API on two nodes: a message that is posted on one is streamed by the other, and rules hold on both. */
import { assertEquals, assertMatch } from "@std/assert";
import { clustered, User } from "./cluster_users.ts";
import { Client } from "./harness.ts";
import { curl, Follower, makeTokens } from "./http_api.ts";

clustered("a line that is posted to one node is streamed by the other, once, and has the same id", 2, async (a, b) => {
  const [there, here] = [a, b].map(({ webPort }) => `http://127.0.0.1:${webPort}`);
  using bob = await User.connect(b, "bob");
  await bob.enter("#lobby");
  const { token, hook } = await makeTokens(a, "alice", "#lobby");
  await bob.catchUp();
  await using follower = new Follower(`curl -sSN ${here}/rooms/lobby/stream?since=2020-01-01`);
  const posted = JSON.parse(
    await curl("-d", "one\ntwo", "-H", `Authorization: Bearer ${token}`, `${there}/rooms/lobby`),
  );
  await curl("-d", '{"text":"three","username":"bob"}', `${there}/hooks/${hook}`);
  await curl("-d", "four", "-H", `Authorization: Bearer ${token}`, `${here}/rooms/lobby`); // the token is known here, too
  await follower.until(/"text":"four"\}\n\n/);
  const events = [...follower.received.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
  assertEquals(events.map(({ from, text, bot }) => [from, text, bot]), [
    ["alice", "one\ntwo", undefined],
    ["bob2", "three", true],
    ["alice", "four", undefined],
  ]);
  assertEquals(events[0], posted);
  const read = await Promise.all([there, here].map((url) => curl(`${url}/rooms/lobby`)));
  assertEquals(read[0], read[1]);
  using guest = await Client.join(a.port);
  await guest.send("/join #locked", "/mode +k secret", "/ping");
  await guest.until("-- Pong.");
  await bob.catchUp();
  assertMatch(await curl("-d", "hi", `${here}/rooms/locked`), /"status":403/);
});
