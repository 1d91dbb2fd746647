/** Invite links, tested end to end on nc and IRC: past the server password, after a restart, and in the log. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "./forms.ts";
import { Client, type Program, start } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "the-server-password";

/** Connects a client that has not sent anything. */
async function connect(port: number): Promise<Client> {
  return new Client(await Deno.connect({ hostname: "127.0.0.1", port }));
}

/** Makes a link to a closed room, and returns its code. */
async function makeLink(server: Program, more: string): Promise<string> {
  using alice = await connect(server.port);
  await alice.send(PASSWORD, "/nick alice", "/register open-sesame", "/join #tea", "/mode +i", `/link ${more}`);
  const url = await alice.until(/^-- Invite link to #tea/);
  await alice.until(/^-- █+$/);
  await alice.send("said before", "/quit");
  await alice.until(/^-- Goodbye/);
  return /\/i\/([a-z2-7]{20})$/.exec(url)![1]!;
}

test("invite links: one made before kill -9 lets nc and IRC in afterwards, and counts on", async (form) => {
  await using directory = await Directory.make();
  const file = directory.file("password");
  await Deno.writeTextFile(file, PASSWORD);
  const args = ["--data", directory.path, "--password-file", file, "--public-url", "https://chat.example.org/"];
  let code: string;
  {
    await using server = await start(form, args);
    code = await makeLink(server, "7d 2 uses");
    await server.logged(/ warn link made who=alice .*about="#tea 1"/);
    using bob = await connect(server.port);
    await bob.send(code);
    await bob.until(/^-- You are alone in #tea\./);
    await server.logged(/ info invite link used .*nick=guest\d+ room=#tea link=1/);
    assert(!server.log.all.includes(code), "the code is in the log");
    server.kill("SIGKILL");
    await server.code();
  }
  await using server = await start(form, args);
  using carol = await connect(server.ircPort);
  await carol.send(`PASS ${code}`, "NICK carol", "USER carol 0 * :Carol");
  await carol.until(/^:carol!\S+ JOIN #tea/);
  using dan = await connect(server.port);
  await dan.send(code);
  assertEquals(
    await dan.until(/invite link/),
    "-- This invite link has been used as often as it may be. Ask for a new one.",
  );
  using alice = await connect(server.port);
  await alice.send(PASSWORD, "/login alice open-sesame", "/links", "/unlink 1", "/links");
  assertMatch(await alice.until(/^-- 1: /), /^-- 1: #tea, by alice, used 2 of 2 times, used up$/);
  await alice.until(/^-- There are no invite links/);
});

test("invite links: the URL is that of --public-url, else that of the web port", async (form) => {
  for (
    const [args, url] of [
      [["--public-url", "https://chat.example.org/x/"], /: https:\/\/chat\.example\.org\/x\/i\/[a-z2-7]{20}$/],
      [[], /: http:\/\/127\.0\.0\.1:\d+\/i\/[a-z2-7]{20}$/],
      [["--host", "0.0.0.0"], /: http:\/\/HOST:\d+\/i\/[a-z2-7]{20}$/],
      [["--web-port", "off"], /: \/i\/[a-z2-7]{20}$/],
    ] as const
  ) {
    await using server = await start(form, [...args]);
    using alice = await Client.join(server.port);
    await alice.send("/join #tea", "/link");
    assertMatch(await alice.until(/^-- Invite link/), url);
  }
});
