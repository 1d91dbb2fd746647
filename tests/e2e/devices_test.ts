/**
 * One user on three devices: an IRC client that logs in by SASL, nc, and the page in Chromium.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Locator } from "../dependencies.ts";
import { missing as browserMissing, type Visitor, within, type World } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, notInstalled, type Program, source, start } from "./harness.ts";
import { ask, Directory } from "./history_store.ts";
import { Bot, Nc } from "./irc_clients.ts";

const PASSWORD = "open-sesame";

const missing = browserMissing ?? notInstalled("nc");

/** Registers a test with a browser and a server that has accounts. */
function browse(name: string, body: (world: World, directory: Directory) => Promise<void>): void {
  test(
    name,
    async (form) => {
      await using directory = await Directory.make();
      await within(form, (world) => body(world, directory), ["--data", directory.path]);
    },
    missing,
    [source],
  );
}

/** Connects nc, registers an account, and stays connected. */
async function registered(server: Program, name: string): Promise<Nc> {
  const client = new Nc(server.port);
  await client.until(/^-- Welcome/);
  await client.send(`/nick ${name}`, `/register ${PASSWORD}`);
  await client.until(new RegExp(`^-- ${name} is now registered`));
  return client;
}

/** Connects an IRC client that logs in by SASL. */
function onIrc({ ircPort }: Program, account: string): Promise<Bot> {
  return Bot.connect(ircPort, account, { account: { account, password: PASSWORD } });
}

/** Opens the page and logs in there. */
async function onPage(world: World, account: string): Promise<Visitor> {
  const visitor = await world.visitor();
  await visitor.name.fill(account);
  await visitor.page.keyboard.press("Enter");
  await visitor.dialog(/welcome/i).getByLabel("Password for this name", { exact: true }).fill(PASSWORD);
  await visitor.page.keyboard.press("Enter");
  await visitor.isIn("#lobby");
  return visitor;
}

/** The line of the current room that the page shows as the user's own. */
function own(visitor: Visitor, text: string): Locator {
  return visitor.page.locator(".line.own:visible").filter({ hasText: text });
}

/** Waits until the page shows that a user owns the current room. */
async function owns(visitor: Visitor, name: string): Promise<void> {
  await visitor.people.getByRole("button", { name: new RegExp(`^${name}\\s*owner`) }).waitFor();
}

/** Takes messages of an IRC client up to the one with a text, and returns who sent that to where. */
async function heard(bot: Bot, text: string): Promise<string> {
  while (true) {
    const { message, nick, target } = await bot.next("message");
    if (message === text) return `${nick} ${target}`;
  }
}

browse("devices: IRC, nc and the page are one user, and each shows what the others do", async (world) => {
  const { server } = world;
  await using nc = await registered(server, "alice");
  await using irc = await onIrc(server, "alice");
  assertEquals(irc.client.user.nick, "alice");
  await irc.expect("join", { nick: "alice", channel: "#lobby" });
  await irc.join("#tea");
  irc.client.say("#tea", "said before");
  await irc.settle();
  const page = await onPage(world, "alice");
  using bob = await Client.join(server.port);
  await bob.send("/nick bob");
  assertEquals(await ask(bob, "/list"), [
    "-- guest1 is now bob",
    "-- Online: 2 users",
    "-- Client 1: alice in #lobby, #tea",
    "-- Client 2: bob in #lobby (you)",
  ]);

  // What one says.
  const say: [text: string, send: () => void | Promise<void>][] = [
    ["by nc", () => nc.send("by nc")],
    ["by IRC", () => irc.client.say("#lobby", "by IRC")],
    ["by the page", () => page.say("by the page")],
  ];
  for (const [text, send] of say) {
    await send();
    await bob.until(`<alice> ${text}`);
    await nc.until(`<alice> ${text}`);
    if (text !== "by IRC") assertEquals(await heard(irc, text), "alice #lobby");
    await own(page, text).waitFor();
    assertEquals(await own(page, text).count(), 1);
  }

  // Private messages, and those of the user to bob.
  await bob.send("/msg alice psst");
  await nc.until("*bob* psst");
  assertEquals(await heard(irc, "psst"), "bob alice");
  await page.tab("bob").click();
  await page.sees("psst");
  irc.client.say("bob", "by IRC, to bob");
  await bob.until("*alice* by IRC, to bob");
  await nc.until("-> *bob* by IRC, to bob");
  await own(page, "by IRC, to bob").waitFor();
  await nc.send("/msg bob by nc, to bob");
  assertEquals(await heard(irc, "by nc, to bob"), "alice bob");
  await own(page, "by nc, to bob").waitFor();

  // Rooms: the page and IRC show all, nc its own one alone.
  await page.tab("#tea").click();
  await page.isIn("#tea");
  await page.sees("said before");
  await owns(page, "alice");
  irc.client.say("#tea", "nc is not here");
  await own(page, "nc is not here").waitFor();
  irc.client.say("#lobby", "nc is here");
  await nc.until("<alice> nc is here");
  assert(!nc.received.includes("nc is not here"), nc.received);
  await nc.send("/join #den");
  await nc.until("-- You are an owner of #den.");
  await page.tab("#den").click();
  await page.isIn("#den");
  await owns(page, "alice");
  while ((await irc.next("join")).channel !== "#den");
  await page.say("/leave");
  await page.tab("#den").waitFor({ state: "detached" });
  await irc.expect("part", { nick: "alice", channel: "#den" });
  await nc.until("-- You left #den on another device.");

  // Of the three, bob sees the last one leave.
  await nc.send("/quit");
  await nc.until("-- Goodbye.");
  await page.say("/quit");
  await page.page.getByText("You have disconnected.").waitFor();
  await bob.send("/list");
  await bob.until("-- Client 1: alice in #lobby, #tea");
  irc.client.quit();
  await irc.next("close");
  await bob.until(/^-- alice left #lobby/);
  assertEquals(bob.received.match(/^-- alice (left|joined)/gm)?.length, 1, bob.received);
});

browse(
  "devices: a user owns a room again after a reload and a restart, whoever entered first, and its modes let it in",
  async (world, directory) => {
    const alice = await world.guest("alice");
    await alice.say(`/register ${PASSWORD}`);
    await alice.sees(/^alice is now registered/);
    await alice.join("#tea");
    await alice.say("for the record");
    await alice.sees("for the record");
    await alice.join("#den");
    await alice.say("/mode +ik sesame");
    await alice.sees("alice made the room invite-only");
    await alice.page.reload();
    await alice.isIn("#den");
    await owns(alice, "alice");
    await alice.say("/names");
    await alice.sees("In #den: ~alice");
    await alice.page.close();

    await world.kill();
    await world.restart(["--web-port", String(world.server.webPort), "--data", directory.path]);
    using eve = await Client.join(world.server.port);
    await eve.send("/nick eve", "/join #den", "/join #den sesame", "/join #tea", "/mode +m", "/who");
    for (let n = 0; n < 2; n++) await eve.until(/^-- #den is invite-only\./);
    await eve.until(/^-- Only operators of #tea can do that\./);
    await eve.until("-- eve (you)");
    const again = await onPage(world, "alice");
    for (const room of ["#den", "#tea"]) {
      await again.join(room);
      await owns(again, "alice");
    }
    await eve.until("-- alice is an owner of #tea");
    await again.people.getByRole("button", { name: /^eve$/ }).waitFor();
    await again.say("/kick eve");
    await eve.until("-- alice kicked eve from #tea");
  },
);

browse(
  "devices: a kick and a ban put out all devices of a user, also after a change of its nickname",
  async (world) => {
    const { server } = world;
    await using owner = await registered(server, "alice");
    await using nc = await registered(server, "bob");
    await using irc = await onIrc(server, "bob");
    const page = await onPage(world, "bob");
    await owner.send("/join #tea");
    await owner.until("-- You are an owner of #tea.");
    const enter = async () => {
      await nc.send("/join #tea");
      await nc.until(/^-- You are in #tea with 1 other/);
      while ((await irc.next("join")).channel !== "#tea");
      await page.tab("#tea").click();
      await page.isIn("#tea");
    };
    const out = page.page.getByRole("form", { name: "Not in this room" });
    await enter();

    await owner.send("/kick bob be nice");
    await nc.until("-- alice kicked bob from #tea (be nice)");
    await irc.expect("kick", { nick: "alice", kicked: "bob", channel: "#tea", message: "be nice" });
    await out.getByText("alice kicked you from #tea: be nice.").waitFor();
    await enter();

    await owner.send("/ban bob");
    await nc.until("-- alice kicked bob from #tea (Banned)");
    await irc.expect("kick", { nick: "alice", kicked: "bob", channel: "#tea", message: "Banned" });
    await out.getByText("alice kicked you from #tea: Banned.").waitFor();
    await owner.send("/who");
    await owner.until("-- In #tea: 1 user");

    await nc.send("/nick bobby");
    await nc.until("-- bob is now bobby");
    await irc.expect("nick", { nick: "bob", new_nick: "bobby" });
    await page.rooms.getByRole("button", { name: /^bobby/ }).waitFor();
    const sentence = "You are banned from #tea.";
    await nc.send("/join #tea");
    await nc.until(`-- ${sentence} Ask an operator of the room to lift the ban.`);
    irc.client.join("#tea");
    await irc.expect("irc error", { error: "banned_from_channel", channel: "#tea" });
    await out.getByRole("button", { name: "Rejoin" }).click();
    await out.getByText(sentence).waitFor();
    await owner.send("/who");
    await owner.until("-- In #tea: 1 user");
  },
);

test("devices: the eleventh connection of an account is rejected with a sentence", async (form) => {
  await using directory = await Directory.make();
  await using server = await start(form, ["--data", directory.path, "--connect-rate", "off"]);
  await using alice = await registered(server, "alice");
  const sentence = "Your account is connected 10 times, which is the limit. Close one of the others first";
  const login = ["CAP REQ :sasl", "NICK alice", "USER alice 0 * :alice", "AUTHENTICATE PLAIN"];
  const devices: Client[] = [];
  const onIrc = async () => {
    const client = new Client(await Deno.connect({ port: server.ircPort }));
    devices.push(client);
    await client.send(...login, `AUTHENTICATE ${Buffer.from(`\0alice\0${PASSWORD}`).toString("base64")}`, "CAP END");
    return client;
  };
  try {
    for (let n = 2; n <= 10; n++) await (await onIrc()).until(/ 001 alice /);
    assertEquals((await (await onIrc()).rest()).at(-1), `ERROR :Closing link: (*) [${sentence}]`);
    using text = await Client.join(server.port);
    await text.send(`/login alice ${PASSWORD}`);
    await text.until(`-- ${sentence}.`);
    await devices[0]!.send("QUIT");
    await devices[0]!.until(/^ERROR /);
    await text.send(`/login alice ${PASSWORD}`);
    await text.until("-- You are logged in as alice.");
    await text.send("to all of them");
    await alice.until("<alice> to all of them");
  } finally {
    for (const device of devices) device[Symbol.dispose]();
  }
}, notInstalled("nc"));

test("devices: one that reads nothing is disconnected alone, and its user stays", async (form) => {
  const limits = ["--rate", "off", "--max-per-ip", "off", "--send-buffer", "128KiB"];
  await using server = await start(form, limits);
  using laptop = await Client.join(server.port);
  await laptop.send("/nick alice", `/register ${PASSWORD}`);
  await laptop.until(/^-- alice is now registered/);
  using bob = await Client.join(server.port);
  using phone = await Deno.connect({ port: server.port });
  await phone.write(new TextEncoder().encode(`/login alice ${PASSWORD}\n`));
  await server.logged(/ logged in .*account=alice/);
  let gone = false;
  const disconnected = server.logged(/ disconnected .*reason="too slow to read"/).then(() => gone = true);
  for (let n = 0; !gone; n++) {
    await bob.send(`${n} ${"x".repeat(8000)}`);
    await laptop.until(new RegExp(`^<guest\\d+> ${n} `));
  }
  await disconnected;
  await laptop.send("still here");
  assert((await bob.until(/^<alice> still here$|^-- alice left/)).endsWith("still here"));
});
