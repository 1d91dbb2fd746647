/** The conversation as clients get it that join when it is over, each in its form, and the results of searches in it. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { World } from "./browser.ts";
import { checkLooks } from "./browser_looks.ts";
import { Client, type Program } from "./harness.ts";
import { WeeChat } from "./irc_clients.ts";
import type { Conversation } from "./messages_story.ts";
import { type Batch, connectBot, makeLink, message, shows, TEA } from "./messages_story_clients.ts";

/** The link of an uploaded file, up to its name. */
const LINK = /http:\/\/127\.0\.0\.1:\d+\/f\/[\w-]{22}\/\d+x\d+\/(?=[\w.]+)/g;

/** The conversation on nc, without times. */
const PLAYED_TO_NC = `<alice> one

        three
<erin> first

       last
<bob> on: [push]
        jobs:

      end
-- alice deleted this message
<bob to alice> (deleted): main
<erin to bob> "main": the main one
-- erin reacted 👍
<bob to erin> "the main one":
      built
      in 3 s
<frank> @alice and @bob: tea?
<alicia> our garden
<alicia> LINKgarden.png
-- bob deleted this message
<CI> Deployed build 7 (https://ci.example/7) :tada:
     Tests
     all *passed*
<carol> see www.example.org, a mistake
-- erin deleted this message of carol
`.split("\n");

/** The conversation as a bot with all capabilities gets it. */
const PLAYED_TO_BOT = [
  "BATCH alice draft/multiline",
  "BATCH erin draft/multiline",
  "BATCH bob draft/multiline",
  "PRIVMSG alice (deleted)",
  "REDACT alice",
  "PRIVMSG bob main",
  "PRIVMSG erin the main one",
  "TAGMSG erin 👍",
  "BATCH bob draft/multiline",
  "PRIVMSG frank @alice and @bob: tea?",
  "PRIVMSG alicia our garden",
  "PRIVMSG alicia LINKgarden.png",
  "PRIVMSG bob (deleted)",
  "REDACT bob",
  "BATCH CI draft/multiline",
  "PRIVMSG carol see www.example.org, a mistake",
  "PRIVMSG carol (deleted)",
  "REDACT erin",
];

/** The conversation as an IRC client without those capabilities gets it. */
const PLAYED_AS_LINES = [
  "PRIVMSG alice one",
  "PRIVMSG alice three",
  "PRIVMSG erin first",
  "PRIVMSG erin last",
  "PRIVMSG bob on: [push]",
  "PRIVMSG bob   jobs:",
  "PRIVMSG bob end",
  "PRIVMSG bob main",
  "PRIVMSG erin the main one",
  "PRIVMSG bob built",
  "PRIVMSG bob in 3 s",
  "PRIVMSG frank @alice and @bob: tea?",
  "PRIVMSG alicia our garden",
  "PRIVMSG alicia LINKgarden.png",
  "PRIVMSG CI Deployed build 7 (https://ci.example/7) :tada:",
  "PRIVMSG CI Tests",
  "PRIVMSG CI all *passed*",
  "PRIVMSG carol see www.example.org, a mistake",
];

/** The conversation on the page. In place of `GARDEN`: no text but the picture if it is of the same origin, else the link. */
const PLAYED_TO_PAGE = [
  "one\n\nthree",
  "first\n\nlast",
  "on: [push]\n  jobs:\n\nend",
  "In reply to bob on: [push]\n  jobs:\n\nend | Deleted",
  "In reply to alice Deleted message | main",
  "In reply to bob main | the main one | 👍 1",
  "In reply to erin the main one | built\nin 3 s",
  "@alice and @bob: tea?",
  "our garden",
  "GARDEN",
  "Deleted",
  "Deployed build 7 (https://ci.example/7) :tada:\nTests\nall passed",
  "see www.example.org, a mistake",
  "Deleted by erin",
];

/** Searches, and the texts that they find. */
const SEARCHES: readonly (readonly [query: string, found: readonly string[]])[] = [
  ["from:carol has:link mist", ["see www.example.org, a mistake"]],
  ["in:#tea gard", ["our garden", "LINKgarden.png"]],
  ["from:erin ma", ["the main one"]],
  ["teapots", []],
  ["which bran", []],
];

/** Checks the playback of the conversation on a server, for each kind of client. */
export async function playBack({ alice, world, garden }: Conversation, server: Program): Promise<void> {
  const code = await makeLink(alice);
  await playToNc(server, code);
  await playToBots(server, code);
  await playToWeeChat(server, code);
  await playToPage(world, server, code, garden);
}

async function playToNc(server: Program, code: string): Promise<void> {
  using nc = await Client.join(server.port);
  await nc.send(`/join #tea ${code}`);
  await nc.until("-- Earlier messages:");
  await nc.send("/ping");
  await nc.until("-- Pong.");
  const shown = nc.received.split("-- Earlier messages:\n")[1]!.replace("-- Pong.\n", "");
  const undatedLines = shown.replaceAll(/^\[\d\d:\d\d\] /gm, "").replaceAll(/^ {8}/gm, "").replaceAll(LINK, "LINK");
  assertEquals(undatedLines.split("\n"), PLAYED_TO_NC);
  for (const [query, found] of SEARCHES) {
    await nc.send(`/search ${query}`, "/ping");
    const from = nc.received.length;
    await nc.until("-- Pong.");
    const results = nc.received.slice(from).split("\n").filter((line) => line.startsWith("["));
    assertEquals(results.map((line) => line.replace(/^.*?> (?:".*": )?/, "").replace(LINK, "LINK")), found, query);
  }
}

async function playToBots(server: Program, code: string): Promise<void> {
  await using late = await connectBot(server, "late");
  await late.join("#tea", code);
  late.client.raw("CHATHISTORY", "LATEST", "#tea", "*", "100");
  const { commands } = await late.next("batch end chathistory") as unknown as Batch;
  const isBegin = ({ command, params }: Batch["commands"][number]) => command !== "BATCH" || params[0]!.startsWith("+");
  assertEquals(commands.filter(isBegin).map(played), PLAYED_TO_BOT);
  await using plain = await connectBot(server, "plain", []);
  await plain.join("#tea", code);
  assertEquals((await plain.next("batch end chathistory") as unknown as Batch).commands.map(played), PLAYED_AS_LINES);
  for (const [query, found] of SEARCHES) {
    late.client.raw(`SEARCH in=#tea;text=${query.replaceAll(" ", "\\s")}`);
    const { commands } = await late.next("batch end soju.im/search") as unknown as Batch;
    assertEquals(commands.map(({ params }) => params[1]!.replace(LINK, "LINK")), found, query);
  }
}

async function playToWeeChat(server: Program, code: string): Promise<void> {
  await using weechat = await WeeChat.start(server.ircPort, "tardy");
  await weechat.type(`/join #tea ${code}`, "server.tincan");
  const buffer = weechat.buffer(TEA);
  await buffer.until(/\(.*normals?\)/);
  await weechat.type("/quote CHATHISTORY LATEST #tea * 100", TEA);
  for (const line of PLAYED_AS_LINES) {
    const [, nick, text] = /^PRIVMSG (\S+) (.*)$/.exec(line)!;
    await buffer.until((shown) => shown.replace(LINK, "LINK").replace(/^[~@]/, "") === `${nick}\t${text}`);
  }
}

async function playToPage(world: World, server: Program, code: string, garden: string): Promise<void> {
  const url = `http://127.0.0.1:${server.webPort}/i/${code}`;
  const visitor = await world.visitor("", {}, undefined, url);
  await visitor.enter("henry");
  await visitor.isIn("#tea");
  await message(visitor, "main").locator(".quote").first().waitFor();
  await shows(visitor, garden);
  const lines = visitor.log.locator(".line:visible");
  const shown = await lines.evaluateAll((all) =>
    all.map((line) => {
      const of = (selector: string) => line.querySelector(selector)?.textContent ?? "";
      return [of(".quote"), of(".text"), of(".reaction")].filter((text) => text !== "").join(" | ");
    })
  );
  const link = new URL(garden).origin === new URL(url).origin ? "" : garden;
  assertEquals(shown, PLAYED_TO_PAGE.map((text) => text === "GARDEN" ? link : text));
  for (const [query, found] of SEARCHES) {
    await visitor.say(`/search ${query}`);
    const dialog = visitor.dialog("Search");
    await dialog.getByText(found.length === 0 ? "No messages found." : /\d+ messages? with/).waitFor();
    const results = await dialog.getByRole("list", { name: "Search results" }).locator(".said").allTextContents();
    assertEquals(results.map((text) => text.replace(LINK, "LINK")).toReversed(), found, query);
    await dialog.getByRole("button", { name: "Close" }).click();
  }
  await checkLooks(visitor, "messages-story");
}

/** A command of a batch, in short. */
function played({ command, nick, params, tags }: Batch["commands"][number]): string {
  if (command === "PRIVMSG") return `PRIVMSG ${nick} ${params[1]!.replace(LINK, "LINK")}`;
  if (command === "BATCH") return `BATCH ${nick} ${params[1]}`;
  return `${command} ${nick} ${tags["+draft/react"] ?? ""}`.trimEnd();
}
