/** Users who are always on, across restarts of the program. */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, start } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "open-sesame";

test("always on: users and their rooms are there after kill -9, and after a normal stop", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  {
    await using server = await start(form, args);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`, "/set always-on on", "/join #tea");
    await alice.until(/^-- You are alone in #tea\./);
    await alice.send("/me arrives"); // committed after the room
    await alice.until("* alice arrives");
    server.kill("SIGKILL");
    await server.code();
  }
  {
    await using server = await start(form, args);
    using bob = await Client.join(server.port);
    await bob.send("/who #tea", "/join #tea", "while you were away");
    await bob.until("-- ~alice (away)");
    await bob.until("<guest1> while you were away");
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/login ${PASSWORD}`);
    await alice.until(/^-- 1 new message in #tea since .*\. To read them: \/join #tea$/);
    server.kill("SIGTERM");
    assertEquals(await server.code(), 0);
    assert(!/ (warn|error) /.test(server.log.all), server.log.all);
  }
  await using server = await start(form, args);
  using bob = await Client.join(server.port);
  await bob.send("/who #tea");
  await bob.until("-- ~alice (away)");
});
