/** Private messages to accounts that are absent, across a kill -9, with the clients that users run. */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, notInstalled, start } from "./harness.ts";
import { askIrc, Directory, joinIrc } from "./history_store.ts";
import { Bot, Irssi } from "./irc_clients.ts";

const PASSWORD = "open-sesame";
const CAPABILITIES = ["batch", "draft/chathistory", "server-time", "message-tags"];
const ALL = "timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 50";

/** Registers a nickname on the text port, and leaves. */
async function register(port: number, name: string): Promise<void> {
  using client = await Client.join(port);
  await client.send(`/nick ${name}`, `/register ${PASSWORD}`);
  await client.until(new RegExp(`^-- ${name} is now registered\\.`));
  await client.send("/quit");
  await client.until("-- Goodbye.");
}

test("private messages: what nc leaves for an absent account is there after kill -9, on nc, IRC and irc-framework", async (form) => {
  await using directory = await Directory.make();
  const args = ["--data", directory.path];
  {
    await using server = await start(form, args);
    await register(server.port, "bob");
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", `/register ${PASSWORD}`, "/msg bob see you at nine");
    await alice.until("-> *bob* see you at nine");
    await alice.until("-- bob is offline and will see it.");
    server.kill("SIGKILL");
    await server.code();
  }
  await using server = await start(form, args);
  using bob = await Client.join(server.port);
  await bob.send("/nick bob", `/login ${PASSWORD}`);
  await bob.until("-- You are logged in as bob.");
  await bob.until("-- 1 private message from alice while you were away:");
  await bob.until(/^\[\d\d:\d\d\] \*alice\* see you at nine$/);
  await bob.send("/msg alice I come at ten");
  await bob.until("-- alice is offline and will see it.");
  await bob.send("/history alice");
  await bob.until(/^\[\d\d:\d\d\] -> \*alice\* I come at ten$/);

  using other = await joinIrc(server, "bobs-phone", ...CAPABILITIES);
  const lines = await askIrc(other, `NS IDENTIFY bob ${PASSWORD}`, `CHATHISTORY TARGETS ${ALL}`);
  assert(lines.some((line) => line.includes(" CHATHISTORY TARGETS alice ")), lines.join("\n"));
  const texts = (await askIrc(other, "CHATHISTORY LATEST alice * 50")).map((line) => line.replace(/^@\S+ /, ""));
  assertEquals(texts.slice(1, -1).map((line) => line.replace(/!\S+/, "")), [
    ":alice PRIVMSG bob :see you at nine",
    ":bob PRIVMSG alice :I come at ten",
  ]);

  await using alice = await Bot.connect(server.ircPort, "alice", {
    account: { account: "alice", password: PASSWORD },
    sasl_mechanism: "PLAIN",
  });
  const { nick, message } = await alice.next("privmsg");
  assertEquals(nick, "bob");
  assert(/I come at ten$/.test(String(message)), String(message));
});

test("private messages: a guest cannot leave one, and --keep-private off keeps none", async (form) => {
  await using directory = await Directory.make();
  {
    await using server = await start(form, ["--data", directory.path]);
    await register(server.port, "bob");
    using guest = await Client.join(server.port);
    await guest.send("/msg bob psst");
    await guest.until("-- bob is offline. To leave a message, log in first: /login NAME");
  }
  await using server = await start(form, ["--data", directory.path, "--keep-private", "off"]);
  using bob = await Client.join(server.port);
  await bob.send("/nick alice", `/register ${PASSWORD}`, "/msg bob psst");
  await bob.until("-- No such user: bob. /list shows who is here.");
  using irc = await joinIrc(server, "dave");
  assert((await askIrc(irc, "VERSION")).some((line) => line.includes(" PRIVATEHISTORY=off ")));
});

test("irssi: a private message that was left for an absent account opens a query at the login", async (form) => {
  await using server = await start(form);
  await register(server.port, "carol");
  using alice = await Client.join(server.port);
  await alice.send("/nick alice", `/register ${PASSWORD}`, "/msg carol are you there?");
  await alice.until("-- carol is offline and will see it.");
  await using carol = await Irssi.start(server.ircPort, "carol", "100x40", {
    name: "carol",
    password: PASSWORD,
    mechanism: "PLAIN",
  });
  await carol.type("/window goto alice");
  await carol.until((screen) => screen.some((line) => /<alice> are you there\?/.test(line)));
  await alice.send("/quit");
  await alice.until("-- Goodbye.");
  await carol.type("/msg alice now I am");
  await carol.until((screen) => screen.some((line) => line.includes("alice is away: Offline, and will see it")));
}, notInstalled("irssi", "tmux"));
