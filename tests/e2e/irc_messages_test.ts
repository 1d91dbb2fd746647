/** Messages of several lines, replies, reactions and deletions between bots made with irc-framework. */
import { assert, assertEquals } from "@std/assert";
import { test } from "./forms.ts";
import { type Program, start } from "./harness.ts";
import type { Bot, EventData } from "./irc_clients.ts";
import { type Batch, connectBot } from "./messages_story_clients.ts";

/** Connects a bot, and joins it to the room. */
async function connect(server: Program, nick: string, capabilities?: readonly string[]): Promise<Bot> {
  const bot = await connectBot(server, nick, capabilities);
  await bot.join("#tea");
  return bot;
}

/** The next event of a kind, and its tags. */
async function tagsOf(bot: Bot, kind: string): Promise<Record<string, string>> {
  return (await bot.next(kind))["tags"] as Record<string, string>;
}

/** Takes events until a REDACT, which irc-framework does not know. */
async function redaction(bot: Bot): Promise<EventData> {
  for (;;) {
    const event = await bot.next("unknown command");
    if (event["command"] === "REDACT") return event;
  }
}

test("irc: messages of several lines, replies, reactions and deletions reach each client as it can show them", async (form) => {
  await using server = await start(form, ["--redact-time", "1h"]);
  await using alice = await connect(server, "alice");
  await using bob = await connect(server, "bob");
  await using plain = await connect(server, "plain", []);

  alice.client.raw("@label=l1", "BATCH", "+p", "draft/multiline", "#tea");
  for (const text of ["one", "", "three"]) alice.client.raw(`@batch=p PRIVMSG #tea :${text}`);
  alice.client.raw("BATCH", "-p");
  for (const bot of [alice, bob]) {
    const { params, commands } = await bot.next("batch end draft/multiline") as unknown as Batch;
    assertEquals(params, ["#tea"]);
    assertEquals(commands.map(({ params }) => params[1]), ["one", "", "three"]);
  }
  const { id } = await firstOf(plain, "one");
  await plain.expect("privmsg", { message: "three", target: "#tea" });

  bob.client.raw(`@+reply=${id} PRIVMSG #tea :I agree`);
  const reply = await until(alice, "privmsg", ({ message }) => message === "I agree");
  assertEquals((reply["tags"] as Record<string, string>)["+draft/reply"], id);
  bob.client.raw(`@+draft/react=👍;+reply=${id} TAGMSG #tea`);
  for (const bot of [alice, bob, plain]) {
    const tags = await tagsOf(bot, "tagmsg");
    assertEquals([tags["+draft/react"], tags["+reply"]], ["👍", id]);
  }
  bob.client.raw("CHATHISTORY", "LATEST", "#tea", "*", "50");
  const { commands } = await bob.next("batch end chathistory") as unknown as Batch;
  const played = commands.map(({ command, tags }) => [command, tags["+draft/react"]]);
  assert(played.some(([command, react]) => command === "TAGMSG" && react === "👍"), JSON.stringify(played));

  alice.client.raw("REDACT", "#tea", id, "a mistake");
  for (const bot of [alice, bob]) {
    assertEquals((await redaction(bot))["params"], ["#tea", id, "a mistake"]);
  }
  bob.client.raw("REDACT", "#tea", id);
  const failure = await until(bob, "unknown command", ({ command }) => command === "FAIL");
  assertEquals((failure["params"] as string[]).slice(0, 4), ["REDACT", "UNKNOWN_MSGID", "#tea", id]);
  await plain.settle();
  assert(!plain.rest.includes("tagmsg"));
});

/** Takes events of a kind until one fits. */
async function until(bot: Bot, kind: string, fits: (event: EventData) => boolean): Promise<EventData> {
  for (;;) {
    const event = await bot.next(kind);
    if (fits(event)) return event;
  }
}

/** The id of the next message with a text. */
async function firstOf(bot: Bot, text: string): Promise<{ id: string }> {
  const event = await until(bot, "privmsg", ({ message }) => message === text);
  return { id: (event["tags"] as Record<string, string>)["msgid"]! };
}
