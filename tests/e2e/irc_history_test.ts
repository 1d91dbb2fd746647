/**
 * Earlier messages on IRC: requests as in the examples of the `chathistory` specification, search, and joins without a
 * request.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { Client, notInstalled, start } from "./harness.ts";
import { Bot, type EventData, Irssi, undated } from "./irc_clients.ts";

const CAPABILITIES = ["draft/chathistory", "soju.im/search", "standard-replies"];
const PASSWORD = "open-sesame";

/** Connects a bot that requests history by itself. */
async function connect(port: number, nick: string, login: EventData = {}): Promise<Bot> {
  const bot = new Bot();
  bot.client.requestCap(CAPABILITIES);
  bot.start(port, nick, { enable_echomessage: true, ...login });
  await bot.next("registered");
  return bot;
}

/** Sends a request and returns the messages in the batch of the reply. */
async function request(bot: Bot, line: string, type: string): Promise<{ target: unknown; said: EventData[] }> {
  bot.client.raw(...line.split(" "));
  const { params, commands } = await bot.next(`batch end ${type}`) as {
    params: string[];
    commands: { command: string; nick: string; params: string[]; tags: Record<string, string> }[];
  };
  const said = commands.map(({ command, nick, params, tags: { batch: _, ...tags } }) => ({
    command,
    nick,
    params,
    tags,
  }));
  return { target: params[0], said };
}

/** Sender, target and text of each message. */
function contents(said: readonly EventData[]): string[] {
  return said.map(({ nick, params }) => `${nick} ${(params as string[]).join(" ")}`);
}

function tag(line: EventData | undefined, name: string): string {
  return (line?.["tags"] as Record<string, string>)[name] ?? "";
}

test("irc: CHATHISTORY returns missed messages of channels and private conversations to a bot", async (form) => {
  const data = await Deno.makeTempDir();
  try {
    {
      await using server = await start(form, ["--data", data]);
      await using alice = await connect(server.ircPort, "alice");
      await using bob = await connect(server.ircPort, "bob");
      for (const each of [alice, bob]) {
        each.client.raw("NS", "REGISTER", PASSWORD);
        await each.settle();
      }
      await alice.join("#tea");
      await bob.join("#tea");
      alice.client.say("#tea", "message");
      alice.client.notice("#tea", "a notice");
      alice.client.action("#tea", "waves");
      bob.client.say("alice", "hello");
      await bob.settle(); // the order across two sockets is not defined otherwise
      alice.client.say("bob", "hi! how are you?");
      await alice.settle();
      await bob.settle();
    }
    await using server = await start(form, ["--data", data]);
    await using alice = await connect(server.ircPort, "alice", {
      account: { account: "alice", password: PASSWORD },
      sasl_mechanism: "PLAIN",
    });
    assertEquals([alice.client.network.supports("CHATHISTORY"), alice.client.network.supports("MSGREFTYPES")], [
      "100",
      "msgid,timestamp",
    ]);
    await alice.join("#tea");
    await alice.settle();
    assert(!alice.rest.includes("batch start chathistory"), "history was replayed to a bot with draft/chathistory");

    // "Requesting the latest conversation upon joining a channel"
    const latest = await request(alice, "CHATHISTORY LATEST #tea * 50", "chathistory");
    assertEquals(latest.target, "#tea");
    assertEquals(contents(latest.said), [
      "alice #tea message",
      "alice #tea a notice",
      "alice #tea \x01ACTION waves\x01",
    ]);
    assertEquals(latest.said.map(({ command }) => command), ["PRIVMSG", "NOTICE", "PRIVMSG"]);
    const [first, second, third] = latest.said;

    // "Requesting further message history than our client currently has"
    const before = await request(alice, `CHATHISTORY BEFORE #tea msgid=${tag(third, "msgid")} 50`, "chathistory");
    assertEquals(before.said, [first!, second!]);
    const time = tag(third, "time");
    const direct = await request(
      alice,
      `CHATHISTORY BEFORE bob timestamp=${time.replace(/^..../, "9999")} 50`,
      "chathistory",
    );
    assertEquals(direct.target, "bob");
    assertEquals(contents(direct.said), ["bob alice hello", "alice bob hi! how are you?"]);

    const after = await request(alice, `CHATHISTORY AFTER #tea msgid=${tag(first, "msgid")} 1`, "chathistory");
    assertEquals(after.said, [second!]);
    const around = await request(alice, `CHATHISTORY AROUND #tea msgid=${tag(second, "msgid")} 3`, "chathistory");
    assertEquals(around.said, latest.said);
    const [from, to] = [tag(third, "msgid"), tag(first, "msgid")];
    const between = await request(alice, `CHATHISTORY BETWEEN #tea msgid=${from} msgid=${to} 50`, "chathistory");
    assertEquals(between.said, [second!]);

    // "To use TARGETS to retrieve missed direct messages on reconnection"
    const range = "timestamp=9999-01-01T00:00:00.000Z timestamp=2020-01-01T00:00:00.000Z";
    const targets = await request(alice, `CHATHISTORY TARGETS ${range} 50`, "draft/chathistory-targets");
    const found = targets.said.map(({ command, params }) => [command, ...(params as string[]).slice(0, 2)].join(" "));
    assertEquals(found, ["CHATHISTORY TARGETS #tea", "CHATHISTORY TARGETS bob"]);

    // A third client receives nothing of the private conversation.
    await using carol = await connect(server.ircPort, "carol");
    const nothing = await request(carol, "CHATHISTORY LATEST bob * 50", "chathistory");
    assertEquals(nothing.said, []);
    carol.client.raw("CHATHISTORY", "LATEST", "#tea", "*", "50");
    // irc-framework reports FAIL as an unknown command.
    let answer = await carol.next("unknown command");
    while (answer["command"] !== "FAIL") answer = await carol.next("unknown command");
    const text = "Messages could not be retrieved";
    assertEquals(answer["params"], ["CHATHISTORY", "INVALID_TARGET", "LATEST", "#tea", text]);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

test("irc: SEARCH returns the messages that contain all words once they are indexed", async (form) => {
  const data = await Deno.makeTempDir();
  try {
    await using server = await start(form, ["--data", data]);
    await using alice = await connect(server.ircPort, "alice");
    await alice.join("#tea");
    alice.client.say("#tea", "Green tea");
    alice.client.say("#tea", "black TEA, no sugar");
    alice.client.say("#tea", "coffee");
    // Messages are indexed when the server is idle; an earlier search finds fewer, and no others.
    const all = ["alice #tea Green tea", "alice #tea black TEA, no sugar"];
    for (let found: string[] = []; found.length < all.length;) {
      found = contents((await request(alice, "SEARCH in=#tea;text=tea", "soju.im/search")).said);
      assertEquals(found, all.slice(0, found.length));
      await alice.settle();
    }
    assertEquals(contents((await request(alice, "SEARCH text=tea\\ssugar", "soju.im/search")).said), [all[1]!]);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

test(
  "irssi: earlier messages are shown when requested, and not as new messages on joining",
  async (form) => {
    await using server = await start(form);
    using alice = await Client.join(server.port);
    await alice.send("/nick alice", "Lunch at one?", "/me is hungry");
    await alice.until("* alice is hungry");
    await using carol = await Irssi.start(server.ircPort, "carol");
    await carol.type("/join #lobby");
    await carol.until((screen) => screen.some((line) => line.includes("Users #lobby")));
    await alice.send("Is carol here?");
    const before = await carol.until((screen) => screen.some((line) => line.includes("Is carol here?")));
    assert(!before.some((line) => line.includes("hungry")), before.join("\n"));
    await carol.type("/quote CHATHISTORY LATEST #lobby * 20");
    const screen = undated(await carol.until((screen) => screen.some((line) => line.includes("is hungry"))));
    // irssi requests server-time and shows the times in a separate column.
    const said = screen.filter((line) => line.includes("Lunch") || line.includes("hungry"));
    assertEquals(said, ["< alice> Lunch at one?", " * alice is hungry"]);
  },
  notInstalled("irssi", "tmux"),
);
