/** Users of nc, irssi, WeeChat and the page on three nodes, while a node, NATS, and the node of the page fail. */
import { assert, assertEquals } from "@std/assert";
import { CUT_OFF, missing, type Visitor, World } from "./browser.ts";
import { Cluster } from "./cluster.ts";
import { test } from "./forms.ts";
import { notInstalled } from "./harness.ts";
import { Irssi, Nc, undated, WeeChat, weechatCannot } from "./irc_clients.ts";

/** How often is looked whether a node has noticed that NATS is gone, in milliseconds. */
const POLL = 50;

const PASSWORD = "correct horse";

/** The screen of irssi has room for all of its lines. */
const SIZE = "120x200";

/** The users, each by how they type, how they see a line of another one, and how often they have seen it. */
interface User {
  type(text: string): Promise<void>;
  sees(who: string, text: string): Promise<void>;
  count(text: string): Promise<number>;
}

function ofNc(nc: Nc): User {
  return {
    type: (text) => nc.type(text),
    sees: async (who, text) => void await nc.until(`<${who}> ${text}`),
    count: (text) => Promise.resolve(nc.received.split(`> ${text}\n`).length - 1),
  };
}

function ofIrssi(irssi: Irssi): User {
  const lines = async () => undated(await irssi.screen());
  return {
    type: (text) => irssi.type(text),
    sees: async (who, text) => void await irssi.until((screen) => undated(screen).includes(`< ${who}> ${text}`)),
    count: async (text) => (await lines()).filter((line) => line.endsWith(`> ${text}`)).length,
  };
}

function ofWeeChat(weechat: WeeChat): User {
  const buffer = weechat.buffer("tincan.#lobby");
  return {
    type: (text) => weechat.type(text),
    sees: (who, text) => buffer.until(`${who}\t${text}`),
    count: (text) => Promise.resolve(buffer.shown.filter((line) => line.endsWith(`\t${text}`)).length),
  };
}

function ofPage(page: Visitor): User {
  return {
    type: (text) => page.say(text),
    sees: (_who, text) => page.sees(text),
    count: (text) => page.log.getByText(text, { exact: true }).count(),
  };
}

test("cluster: users of all clients talk on when a node, NATS and the node of the page fail", async (form) => {
  await using cluster = await Cluster.start(form, 1);
  await using world = await World.open(form, cluster.argsOf(1));
  await cluster.startNode(2);
  await using alice = new Nc(cluster.nodes[0]!.port);
  await alice.until(/^-- Welcome/);
  await alice.type("/nick alice");
  await alice.until("-- guest1 is now alice");
  await alice.type("/register");
  await alice.until(/New password/);
  await alice.type(PASSWORD);
  await alice.until(/Once more/);
  await alice.type(PASSWORD);
  await alice.until(/^-- alice is now registered/);
  await alice.type("/set always-on on");
  await alice.until(/^-- You stay in the chat now/);
  await using bob = await Irssi.start(world.server.ircPort, "bob", SIZE);
  await bob.type("/join #lobby");
  await alice.until("-- bob joined #lobby");
  await using first = await WeeChat.start(cluster.nodes[2]!.ircPort, "carol");
  await first.type("/join #lobby", "server.tincan");
  await alice.until("-- carol joined #lobby");
  const dave = await world.guest("dave");
  dave.foreseen.push(CUT_OFF);
  await alice.until("-- dave joined #lobby");
  const others = { alice: ofNc(alice), bob: ofIrssi(bob), dave: ofPage(dave) };
  await talk({ ...others, carol: ofWeeChat(first) }, "hello from");

  // The node of carol is killed. The others talk on, and see it after some seconds.
  await cluster.killNode(2);
  await first.buffer("tincan.#lobby").until(/disconnected from server/);
  await talk(others, "meanwhile from");
  assert(!alice.received.includes("carol left"), "nothing waits for the end of the lease");
  await alice.until("-- carol left #lobby (Node lost)");
  await bob.until((screen) => undated(screen).some((line) => /^-!- carol .* has quit \[Node lost\]/.test(line)));
  await dave.sees("carol left (Node lost)");
  await using second = await WeeChat.start(cluster.nodes[0]!.ircPort, "carol");
  await second.type("/join #lobby", "server.tincan");
  await alice.until("-- carol joined #lobby");
  const carol = ofWeeChat(second);
  await second.buffer("tincan.#lobby").until(/\(.*normals?\)/);
  await second.type("/quote CHATHISTORY LATEST #lobby * 10");
  await carol.sees("bob", "meanwhile from bob");
  const all = { ...others, carol };
  await talk(all, "again from");

  // NATS is gone for some time. All wait, and each line arrives once.
  const [nats] = cluster.nats;
  await nats!.kill();
  for (const node of [cluster.nodes[0]!, world.server]) {
    await until(async () => (await fetch(`http://127.0.0.1:${node.webPort}/healthz`)).status === 503);
  }
  for (const [name, user] of Object.entries(all)) await user.type(`patience from ${name}`);
  await nats!.start();
  await seen(all, "patience from");
  await talk(all, "finally from");
  await seen(all, "finally from"); // also the own lines
  for (const [name, user] of Object.entries(all)) {
    for (const text of ["again from", "patience from", "finally from"]) {
      for (const who of Object.keys(all)) {
        assertEquals(await user.count(`${text} ${who}`), 1, `${name} sees "${text} ${who}" once`);
      }
    }
  }

  // The node of the page is killed and started again. The page comes back by itself.
  const webPort = String(world.server.webPort);
  await world.kill();
  await dave.page.getByRole("status").filter({ hasText: "Cannot reach the server." }).waitFor();
  await all.alice.type("is dave there?");
  await alice.until("-- dave left #lobby (Node lost)");
  await world.restart([...cluster.argsOf(1), "--web-port", webPort]);
  await dave.sees("is dave there?");
  await alice.until("-- dave joined #lobby");
  assertEquals(await all.dave.count("is dave there?"), 1);

  // Alice stays, as she is always on.
  await alice.type("/quit");
  const people = dave.people.getByRole("listitem").getByRole("button");
  await people.filter({ hasText: "away" }).waitFor();
  assertEquals(await people.allInnerTexts(), ["alice\naway", "carol", "dave"]);
  world.assertQuiet();
}, missing ?? notInstalled("irssi", "tmux", "nc") ?? notInstalled("weechat-headless") ?? weechatCannot());

/** Each user says a line, one after the other, and all others see it. */
async function talk(users: Record<string, User>, text: string): Promise<void> {
  for (const [name, user] of Object.entries(users)) {
    await user.type(`${text} ${name}`);
    for (const each of Object.values(users)) if (each !== user) await each.sees(name, `${text} ${name}`);
  }
}

/** Waits until all users have seen the line of each, in whatever order. */
async function seen(users: Record<string, User>, text: string): Promise<void> {
  for (const user of Object.values(users)) {
    for (const name of Object.keys(users)) await until(async () => await user.count(`${text} ${name}`) > 0);
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!await isTrue()) await new Promise((resolve) => setTimeout(resolve, POLL));
}
