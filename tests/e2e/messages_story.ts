/**
 * One conversation with each kind of message, between two pages, nc, irssi, WeeChat, a bot and curl. Its clients are spread over two
 * servers, which may be the same one. Each act builds on those before it: `begin` and `goOn` run them in order.
 */
/// <reference lib="dom" />
import { Buffer as Bytes } from "node:buffer";
import { assertEquals } from "@std/assert";
import { png } from "../files/samples.ts";
import { missing as browserMissing, type Visitor, type World } from "./browser.ts";
import { PASSWORD, PHONE } from "./browser_sign_in.ts";
import { until } from "./cluster.ts";
import { notInstalled, type Program } from "./harness.ts";
import { curl, Follower } from "./http_api.ts";
import { type Bot, type EventData, Irssi, Nc, undated, WeeChat, weechatCannot } from "./irc_clients.ts";
import {
  type Batch,
  choose,
  connectBot,
  makeLink,
  message,
  shows,
  status,
  type Tags,
  TEA,
} from "./messages_story_clients.ts";

/** What a test of the conversation needs and this machine lacks. */
export const storyMissing = browserMissing ??
  notInstalled("nc", "irssi", "tmux", "weechat-headless", "tail", "curl") ?? weechatCannot();

/** A screen of irssi that has room for the whole conversation. */
const SIZE = "140x200";

/** How clients show the three messages of several lines. */
const SEVERAL = { page: "one\n\nthree", bot: "first\n\nlast", nc: "on: [push]\n  jobs:\n\nend" };

/** The clients and their servers. */
interface Cast {
  readonly world: World;
  /** The server of alice's page, irssi, the bot and the stream. */
  readonly here: Program;
  /** The server of nc, WeeChat, the phone and curl. */
  readonly there: Program;
  /** A page on a wide dark screen: the owner of the room. */
  readonly alice: Visitor;
  readonly bob: Nc;
  readonly carol: Irssi;
  readonly dave: WeeChat;
  readonly erin: Bot;
  /** A page on a light phone. */
  readonly frank: Visitor;
  readonly stream: Follower;
}

/** The clients of a conversation, in a closed room to which alice has made a link. */
export class Conversation implements AsyncDisposable {
  /** Ids of messages, by a name that the story gives them. */
  readonly ids: Record<string, string> = {};
  /** The token of bob's account. */
  token = "";
  #hook = "";
  /** The link of alice's file. */
  garden = "";
  /** The path of bob's file. */
  #file = "";

  readonly world: World;
  readonly here: Program;
  readonly there: Program;
  readonly alice: Visitor;
  readonly bob: Nc;
  readonly carol: Irssi;
  readonly dave: WeeChat;
  readonly erin: Bot;
  readonly frank: Visitor;
  readonly stream: Follower;
  readonly #stack: AsyncDisposableStack;

  private constructor(cast: Cast, stack: AsyncDisposableStack) {
    this.world = cast.world;
    this.here = cast.here;
    this.there = cast.there;
    this.alice = cast.alice;
    this.bob = cast.bob;
    this.carol = cast.carol;
    this.dave = cast.dave;
    this.erin = cast.erin;
    this.frank = cast.frank;
    this.stream = cast.stream;
    this.#stack = stack;
  }

  /** Opens the room, and lets all clients in by the link. `here` is the server of the world. */
  static async open(world: World, there: Program): Promise<Conversation> {
    await using stack = new AsyncDisposableStack();
    const here = world.server;
    const site = (server: Program) => `http://127.0.0.1:${server.webPort}/`;
    const alice = await world.visitor("", { colorScheme: "dark", viewport: { width: 1280, height: 800 } });
    await alice.enter("alice");
    await alice.say(`/register ${PASSWORD}`);
    await alice.sees(/is now registered/);
    await alice.join("#tea");
    await alice.say("/mode +i");
    await alice.sees(/ made the room invite-only/);
    const code = await makeLink(alice);

    const bob = stack.use(new Nc(there.port));
    await bob.until(/^-- Welcome/);
    await bob.type("/nick bob");
    await bob.until(/^-- .* is now bob$/);
    await bob.type(`/register ${PASSWORD}`);
    await bob.until(/^-- bob is now registered/);
    await bob.type(`/join ${site(there)}i/${code}`);
    await bob.until(/^-- You are in #tea/);
    await bob.type("/devices add curl");
    const token = await bob.until(/^tincan_/);
    await bob.type("/devices add ci #tea");
    const hook = await bob.until(/^tincan_/);

    const frank = await world.visitor("", { ...PHONE, colorScheme: "light" }, undefined, `${site(there)}i/${code}`);
    await frank.page.getByText("You are invited. Choose a name to join.").waitFor();
    await frank.enter("frank");
    await frank.isIn("#tea");
    const carol = stack.use(await Irssi.start(here.ircPort, "carol", SIZE));
    await carol.type(`/join #tea ${code}`);
    const dave = stack.use(await WeeChat.start(there.ircPort, "dave"));
    await dave.type(`/join #tea ${code}`, "server.tincan");
    await dave.buffer(TEA).until(/\(.*normals?\)/);
    const erin = stack.use(await connectBot(here, "erin"));
    await erin.join("#tea", code);
    await alice.say("/op erin");
    await bob.until("-- alice made erin an operator of #tea");
    const stream = stack.use(
      new Follower(`curl -sSN -H 'Authorization: Bearer ${token}' ${site(here)}rooms/tea/stream?since=2020-01-01`),
    );
    const cast = { world, here, there, alice, bob, carol, dave, erin, frank, stream };
    const conversation = new Conversation(cast, stack.move());
    conversation.token = token;
    conversation.#hook = hook;
    return conversation;
  }

  /** Runs the acts up to the first replies. */
  async begin(): Promise<void> {
    await this.#sendSeveralLines();
    await this.#sendReplies();
  }

  /** Runs the acts from the first reaction to the last deletion, and checks what the pages and the stream show. */
  async goOn(): Promise<void> {
    await this.#react();
    await this.#type();
    await this.#mention();
    await this.#share();
    await this.#postToHook();
    await this.#delete();
    await this.#look();
    await this.#checkStream();
  }

  /** Messages of several lines from a page, a bot and nc. */
  async #sendSeveralLines(): Promise<void> {
    const { alice, bob, erin } = this;
    await alice.composer.focus();
    const { keyboard } = alice.page;
    for (const [n, line] of SEVERAL.page.split("\n").entries()) {
      if (n > 0) await keyboard.press("Shift+Enter");
      await keyboard.type(line);
    }
    await keyboard.press("Enter");
    this.ids.page = await this.#severalLines("alice", SEVERAL.page);

    erin.client.raw("BATCH", "+p", "draft/multiline", "#tea");
    for (const text of SEVERAL.bot.split("\n")) erin.client.raw(`@batch=p PRIVMSG #tea :${text}`);
    erin.client.raw("BATCH", "-p");
    this.ids.bot = await this.#severalLines("erin", SEVERAL.bot);

    await bob.send("/paste", ...SEVERAL.nc.split("\n"), ".");
    this.ids.nc = await this.#severalLines("bob", SEVERAL.nc);
  }

  /** Replies from a page, nc, a bot and curl. */
  async #sendReplies(): Promise<void> {
    const { alice, bob, erin, ids } = this;
    await choose(alice, "jobs:", "Reply");
    await alice.say("which branch?");
    const quoteOfBob = "on: [push] jobs: end";
    ids.which = await this.#reply("alice", "bob", quoteOfBob, ids.nc!, "which branch?");
    await bob.type("/reply alice main");
    ids.main = await this.#reply("bob", "alice", "which branch?", ids.which, "main");
    erin.client.raw(`@+reply=${ids.main} PRIVMSG #tea :the main one`);
    ids.mainOne = await this.#reply("erin", "bob", "main", ids.main, "the main one");
    const body = JSON.stringify({ text: "built\nin 3 s", reply_to: ids.mainOne });
    const posted = JSON.parse(
      await curl(
        ...["-H", "Content-Type: application/json", "-H", `Authorization: Bearer ${this.token}`],
        ...["-d", body, `http://127.0.0.1:${this.there.webPort}/rooms/tea`],
      ),
    );
    assertEquals([posted.from, posted.text, posted.reply_to?.id ?? posted.reply_to], [
      "bob",
      "built\nin 3 s",
      ids.mainOne,
    ]);
    ids.built = posted.id;
    await bob.until('<bob to erin> "the main one":');
    await bob.until("      built");
    await bob.until("      in 3 s");
    await message(this.frank, "built").locator(".quote").getByText("the main one").waitFor();
    await this.#onIrc("bob", ["built", "in 3 s"]);
    assertEquals((await this.#batch()).commands.map(({ params }) => params[1]), ["built", "in 3 s"]);
    const last = await this.#last();
    assertEquals(last, posted);
  }

  /** Reactions from a phone, nc and a bot, of which some are taken back. */
  async #react(): Promise<void> {
    const { alice, bob, erin, frank, ids } = this;
    await message(frank, "the main one").locator(".text").tap();
    await message(frank, "the main one").getByRole("button", { name: "React with 👍" }).tap();
    await this.#reaction("frank", "👍", ids.mainOne!);
    await bob.until('-- frank reacted 👍 to "the main one"');
    await bob.type("/react alice 🎉");
    await this.#reaction("bob", "🎉", ids.which!);
    await bob.until('-- bob reacted 🎉 to "which branch?"');
    erin.client.raw(`@+draft/react=👍;+reply=${ids.mainOne} TAGMSG #tea`);
    await this.#reaction("erin", "👍", ids.mainOne!);
    await alice.page.getByRole("button", { name: "frank and erin reacted with 👍" }).waitFor();
    await frank.page.getByRole("button", { name: "frank and erin reacted with 👍", pressed: true }).waitFor();
    await bob.until('-- erin reacted 👍 to "the main one"');
    await alice.page.getByRole("button", { name: "bob reacted with 🎉" }).waitFor();

    // All but erin's and one of alice's are taken back.
    await alice.page.getByRole("button", { name: "bob reacted with 🎉" }).click();
    await this.#reaction("alice", "🎉", ids.which!);
    await bob.type("/unreact");
    await this.#reaction("bob", "🎉", ids.which!, false);
    await bob.until('-- bob took back 🎉 from "which branch?"');
    await frank.page.getByRole("button", { name: "alice reacted with 🎉" }).waitFor();
    await frank.page.getByRole("button", { name: "frank and erin reacted with 👍" }).tap();
    await this.#reaction("frank", "👍", ids.mainOne!, false);
    await alice.page.getByRole("button", { name: "erin reacted with 👍" }).waitFor();
    await bob.until('-- frank took back 👍 from "the main one"');
    erin.client.raw(`@+draft/react=🦄;+reply=${ids.nc} TAGMSG #tea`);
    await this.#reaction("erin", "🦄", ids.nc!);
    erin.client.raw(`@+draft/unreact=🦄;+reply=${ids.nc} TAGMSG #tea`);
    await this.#reaction("erin", "🦄", ids.nc!, false);
    await alice.page.getByRole("button", { name: /🦄/ }).waitFor({ state: "detached" });
  }

  /** Typing is shown on pages, and the bot gets it; the other clients get nothing of it. */
  async #type(): Promise<void> {
    const { alice, erin, frank } = this;
    erin.client.raw("@+typing=active TAGMSG #tea");
    await alice.page.getByText("erin is typing …").waitFor();
    await frank.page.getByText("erin is typing …").waitFor();
    erin.client.raw("@+typing=done TAGMSG #tea");
    await alice.page.getByText("erin is typing …").waitFor({ state: "detached" });
    await frank.composer.pressSequentially("hm");
    await alice.page.getByText("frank is typing …").waitFor();
    await this.#tagged((nick, tags) => nick === "frank" && tags["+typing"] === "active");
    await frank.composer.fill("");
    await alice.page.getByText("frank is typing …").waitFor({ state: "detached" });
  }

  /** Mentions are kept for accounts: after a change of nickname, and after a reload. */
  async #mention(): Promise<void> {
    const { alice, bob, frank } = this;
    await frank.say("@alice and @bob: tea?");
    await bob.until("<frank> @alice and @bob: tea?");
    await alice.line("tea?").locator("mark").getByText("alice").waitFor();
    await this.#onIrc("frank", ["@alice and @bob: tea?"]);
    await alice.say("/nick alicia");
    await bob.until("-- alice is now alicia");
    await alice.sees("You are alicia now"); // and the page has stored the name
    await alice.page.reload();
    await alice.isIn("#tea");
    await alice.page.locator(".line.mention", { hasText: "tea?" }).waitFor();
    await bob.type("/nick robert");
    await bob.until("-- bob is now robert");
    await bob.type("/mentions");
    await bob.until(/^\[\d\d:\d\d\] #tea <frank> @alice and @bob: tea\?$/);
  }

  /** Files from a page and curl: all clients get links, and pages show pictures. */
  async #share(): Promise<void> {
    const { alice, bob, frank } = this;
    const [chooser] = await Promise.all([
      alice.page.waitForEvent("filechooser"),
      alice.page.getByRole("button", { name: "Add files" }).click(),
    ]);
    await chooser.setFiles([{ name: "garden.png", mimeType: "image/png", buffer: Bytes.from(png(400, 200)) }]);
    await alice.page.getByRole("list", { name: "Files to send" }).getByText("ready to send").waitFor();
    await alice.composer.fill("our garden");
    await alice.page.keyboard.press("Enter");
    await bob.until("<alicia> our garden");
    const link = /http\S+\/f\/\S+$/.exec(await bob.until(/\/f\/[\w-]{22}\/400x200\/garden\.png$/))![0];
    this.garden = link;
    for (const page of [alice, frank]) await shows(page, link);
    await this.#onIrc("alicia", ["our garden", link]);
    await this.#privmsg("alicia", link);

    const file = await Deno.makeTempFile({ suffix: ".png" });
    await Deno.writeFile(file, png(300, 200));
    const site = `http://127.0.0.1:${this.there.webPort}`;
    const answer = await curl(
      "-H",
      `Authorization: Bearer ${this.token}`,
      "-T",
      file,
      `${site}/rooms/tea/files/cat.png`,
    );
    await Deno.remove(file);
    const { url, path } = JSON.parse(answer);
    this.#file = path;
    await bob.until(`<bob> ${url}`); // under the name of the account
    for (const page of [alice, frank]) await shows(page, url);
    await this.#onIrc("bob", [url]);
    await this.#privmsg("bob", url);
    for (const server of [this.here, this.there]) assertEquals(await status(server, path), 200);
  }

  /** A webhook as for Slack. */
  async #postToHook(): Promise<void> {
    const payload = {
      username: "CI",
      text: "Deployed <https://ci.example/7|build 7> :tada:",
      attachments: [{ color: "good", title: "Tests", text: "all *passed*" }],
    };
    const post = () =>
      curl("-d", JSON.stringify(payload), `http://127.0.0.1:${this.there.webPort}/hooks/${this.#hook}`);
    assertEquals(await post(), "ok\n"); // though #tea is invite-only: the token is that of its owner
    await this.bob.until(/^<CI> Deployed build 7 .*https:\/\/ci\.example\/7/);
    for (const page of [this.alice, this.frank]) await page.line("Deployed").waitFor();
    await this.carol.until((screen) => undated(screen).some((line) => line.includes("CI> Deployed build 7")));
    await this.dave.buffer(TEA).until(/^CI\tDeployed build 7/);
  }

  /** Deletions by the author on a page and on nc, and by an operator on IRC. */
  async #delete(): Promise<void> {
    const { alice, bob, carol, erin, frank, ids } = this;
    await choose(alice, "which branch?", "Delete");
    await message(alice, "which branch?").getByRole("button", { name: "Delete for all?" }).click();
    await bob.until('-- alicia deleted: "which branch?"');
    assertEquals((await this.#redaction())["params"], ["#tea", ids.which]);
    for (const page of [alice, frank]) {
      await page.page.locator(".line.deleted").first().waitFor();
      await page.line("main").locator(".quote").getByText("Deleted message").first().waitFor();
      assertEquals(await page.page.getByText("which branch?").count(), 0);
    }

    await carol.type("see www.example.org, a mistake");
    await bob.until("<carol> see www.example.org, a mistake");
    await this.#privmsg("carol", "see www.example.org, a mistake");
    await carol.type("see www.example.org, teapots");
    const { tags } = await this.#privmsg("carol", "see www.example.org, teapots");
    ids.teapots = tags.msgid!;
    erin.client.raw("REDACT", "#tea", ids.teapots, "spam");
    assertEquals((await this.#redaction())["params"], ["#tea", ids.teapots, "spam"]);
    await bob.until('-- erin deleted a message of carol: "see www.example.org, teapots" (spam)');

    await bob.type("/delete cat.png");
    await bob.until(/^-- robert deleted: "http.*cat\.png"$/);
    await this.#redaction();
    for (const page of [alice, frank]) {
      await page.page.locator(".files img[alt='cat.png']").waitFor({ state: "detached" });
    }
    for (const server of [this.here, this.there]) await until(async () => await status(server, this.#file) === 404);
  }

  /** Both pages, as their users see them. If TINCAN_SCREENSHOTS names a directory, pictures are written there. */
  async #look(): Promise<void> {
    const pictures = Deno.env.get("TINCAN_SCREENSHOTS");
    for (const [name, visitor] of Object.entries({ alice: this.alice, frank: this.frank })) {
      await visitor.assertFits(name);
      await visitor.assertAccessible(name);
      if (pictures !== undefined) await visitor.page.screenshot({ path: `${pictures}/messages-story-${name}.png` });
    }
  }

  /** The stream of the conversation, as curl has received it. */
  async #checkStream(): Promise<void> {
    const { stream, ids } = this;
    await stream.until(/event: redacted[^]*event: redacted[^]*event: redacted[^]*\n\n$/);
    const events = stream.received.split("\n\n").flatMap((event) => {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      return data === undefined ? [] : [{ kind: /^event: (.*)$/m.exec(event)?.[1], ...JSON.parse(data) }];
    });
    const of = (kind?: string) => events.filter((event) => event.kind === kind);
    assertEquals(of().map(({ from, text }) => `${from}: ${String(text).split("\n")[0]!.split(" ")[0]}`), [
      "alice: one",
      "erin: first",
      "bob: on:",
      "alice: which",
      "bob: main",
      "erin: the",
      "bob: built",
      "frank: @alice",
      "alicia: our",
      `alicia: ${of()[9].text}`,
      `bob: ${of()[10].text}`,
      "CI: Deployed",
      "carol: see",
      "carol: see",
    ]);
    assertEquals(of("reacted").map(({ from, text, on, line }) => [from, text, on, line]), [
      ["frank", "👍", true, ids.mainOne],
      ["bob", "🎉", true, ids.which],
      ["erin", "👍", true, ids.mainOne],
      ["alice", "🎉", true, ids.which],
      ["bob", "🎉", false, ids.which],
      ["frank", "👍", false, ids.mainOne],
      ["erin", "🦄", true, ids.nc],
      ["erin", "🦄", false, ids.nc],
    ]);
    assertEquals(of("redacted").slice(0, 2).map(({ from, line, reason }) => [from, line, reason]), [
      ["alicia", ids.which, undefined],
      ["erin", ids.teapots, "spam"],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** Waits until all show a message of several lines. Returns its id. */
  async #severalLines(who: string, text: string): Promise<string> {
    const lines = text.split("\n");
    const indent = " ".repeat(who.length + 3);
    assertEquals(await this.bob.until(`<${who}> ${lines[0]}`), `<${who}> ${lines[0]}`);
    assertEquals(await this.bob.lines(lines.length - 1), lines.slice(1).map((line) => line && indent + line));
    for (const page of [this.alice, this.frank]) {
      const shown = page.line(lines.at(-1)!).locator(".text").last();
      await page.until(shown, (element) => element.textContent, text);
    }
    await this.#onIrc(who, lines.filter((line) => line !== ""));
    const { params, commands } = await this.#batch();
    assertEquals([params, commands.map(({ params }) => params[1])], [["#tea"], lines]);
    const last = await this.#last(); // irc-framework does not have the tags of a batch
    assertEquals([last.from, last.text], [who, text]);
    return last.id;
  }

  /** Waits until all show a reply. Returns its id. */
  async #reply(who: string, to: string, quote: string, id: string, text: string): Promise<string> {
    await this.bob.until(`<${who} to ${to}> "${quote}": ${text}`);
    for (const page of [this.alice, this.frank]) {
      await message(page, text).locator(".quote").getByText(to).waitFor();
    }
    await this.#onIrc(who, [text]);
    const { tags } = await this.#privmsg(who, text);
    assertEquals([tags["+draft/reply"], tags["+reply"]], [id, id]);
    return tags.msgid!;
  }

  /** Waits until irssi and WeeChat show lines. */
  async #onIrc(who: string, lines: readonly string[]): Promise<void> {
    const said = (line: string) => new RegExp(`^[~@]?${who}\t${line.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`);
    for (const line of lines) await this.dave.buffer(TEA).until(said(line));
    await this.carol.until((screen) => {
      const shown = undated(screen);
      return lines.every((line) => shown.some((each) => each.endsWith(`${who}> ${line}`)));
    });
  }

  /** The last message, as curl gets it. */
  async #last(): Promise<{ readonly id: string; readonly from: string; readonly text: string }> {
    const url = `http://127.0.0.1:${this.here.webPort}/rooms/tea?limit=1`;
    return JSON.parse(await curl("-H", `Authorization: Bearer ${this.token}`, url));
  }

  /** Takes the next message of several lines. */
  async #batch(): Promise<Batch> {
    return await this.erin.next("batch end draft/multiline") as unknown as Batch;
  }

  /** Takes messages up to one. */
  async #privmsg(nick: string, message: string): Promise<{ tags: Tags }> {
    for (;;) {
      const event = await this.erin.next("privmsg");
      if (event["nick"] === nick && event["message"] === message) return event as unknown as { tags: Tags };
    }
  }

  /** Takes TAGMSGs up to one. */
  async #tagged(fits: (nick: string, tags: Tags) => boolean): Promise<void> {
    for (;;) {
      const { nick, tags } = await this.erin.next("tagmsg");
      if (fits(String(nick), tags as Tags)) return;
    }
  }

  /** Waits until the bot is told of a reaction. */
  #reaction(who: string, text: string, id: string, on = true): Promise<void> {
    return this.#tagged((nick, tags) =>
      nick === who && tags[on ? "+draft/react" : "+draft/unreact"] === text && tags["+reply"] === id
    );
  }

  /** Takes events up to a REDACT, which irc-framework does not know. */
  async #redaction(): Promise<EventData> {
    for (;;) {
      const event = await this.erin.next("unknown command");
      if (event["command"] === "REDACT") return event;
    }
  }
}
