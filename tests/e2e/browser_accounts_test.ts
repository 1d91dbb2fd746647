/**
 * Tests of the server password and of accounts on the page: passwords are requested when needed, and stored nowhere that lasts.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures of it are written there.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Locator } from "../dependencies.ts";
import { hashPassword } from "../../src/accounts/password.ts";
import { CUT_OFF, missing, type Visitor, within, type World } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, type Form, source } from "./harness.ts";
import { Directory } from "./history_store.ts";

const SERVER_PASSWORD = "let everybody in";
const OWN = "open-sesame";
const OTHER = "close-sesame";

/** All passwords of these tests, right and wrong ones. */
const SECRETS = [SERVER_PASSWORD, OWN, OTHER, "wrong-one", "wrong-two", "wrong-three"];

/** What the page says when the server is gone. The second text follows soon after the first. */
const LOST = /^(The connection was lost|Cannot reach the server)\.$/;

/** Arguments that are replaced by the paths of files. */
const FILES = new Set(["PASSWORD", "OPERATORS"]);

const LOOKS = {
  "a wide screen": {},
  "a dark screen": { colorScheme: "dark" as const },
  "the narrowest phone": { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
};

/** A user of the page, and the lines that the page has sent. */
interface Watched {
  visitor: Visitor;
  sent: string[];
}

/** Registers a test with a browser and a server that has accounts. */
function browse(name: string, body: (world: World, directory: Directory) => Promise<void>, args: string[] = []): void {
  test(
    name,
    async (form: Form) => {
      await using directory = await Directory.make();
      await Deno.writeTextFile(directory.file("password"), `${SERVER_PASSWORD}\n`);
      await Deno.writeTextFile(directory.file("operators"), `root ${await hashPassword(OTHER)}\n`);
      const given = args.map((arg) => FILES.has(arg) ? directory.file(arg.toLowerCase()) : arg);
      await within(form, (world) => body(world, directory), ["--data", directory.path, ...given]);
    },
    missing,
    [source],
  );
}

/** Opens a window, and records what the page sends. */
async function watched(world: World, options = {}): Promise<Watched> {
  const sent: string[] = [];
  const visitor = await world.visitor("", options, (page) => {
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => void sent.push(String(payload))));
    return Promise.resolve();
  });
  return { visitor, sent };
}

/** Registers a nickname over the text protocol, and stays connected. */
async function owner({ server }: World, name: string): Promise<Client> {
  const client = new Client(await Deno.connect({ port: server.port }));
  if ((await client.until(/-- (Password|Welcome)/)).endsWith("-- Password, please:")) {
    await client.send(SERVER_PASSWORD);
    await client.until(/^-- Welcome/);
  }
  await client.send(`/nick ${name}`, `/register ${OWN}`);
  await client.until(new RegExp(`^-- ${name} is now registered`));
  return client;
}

function alert(visitor: Visitor, text: string | RegExp): Promise<void> {
  return visitor.page.getByRole("alert").getByText(text).waitFor();
}

function field(visitor: Visitor, label: string): Locator {
  return visitor.page.getByLabel(label, { exact: true }).and(visitor.page.locator(":visible"));
}

function press(visitor: Visitor, name: string): Promise<void> {
  return visitor.page.getByRole("button", { name, exact: true }).click();
}

async function openSettings({ page }: Visitor): Promise<void> {
  await page.getByRole("button", { name: /your name and settings/ }).click();
}

async function closeSettings(visitor: Visitor): Promise<void> {
  await visitor.dialog("You").getByRole("button", { name: "Close" }).click();
}

/** Fails if a password is in permanent storage, drafts, the address, the page or its fields. */
async function assertNowhere({ page }: Visitor): Promise<void> {
  const places = await page.evaluate(() => ({
    localStorage: JSON.stringify(localStorage),
    drafts: JSON.stringify(Object.entries(sessionStorage).filter(([key]) => key.startsWith("tincan.draft"))),
    address: location.href + JSON.stringify(history.state),
    page: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll("input, textarea")].map((it) => (it as HTMLInputElement).value).join("\n"),
  }));
  for (const [place, text] of Object.entries(places)) {
    for (const secret of SECRETS) assert(!text.includes(secret), `${secret} is in ${place}`);
  }
}

/** Fails if the input is stored as a draft. */
async function assertDraftless({ page }: Visitor): Promise<void> {
  assertEquals(await page.evaluate(() => sessionStorage.getItem("tincan.draft.#lobby")), null);
}

/** Checks accessibility and layout, and takes a picture if TINCAN_SCREENSHOTS names a directory. */
async function look(visitor: Visitor, state: string): Promise<void> {
  await visitor.assertAccessible(state);
  await visitor.assertFits(state);
  const directory = Deno.env.get("TINCAN_SCREENSHOTS");
  if (directory) await visitor.page.screenshot({ path: `${directory}/accounts ${state}.png` });
}

browse(
  "page: the server password is asked for on the first visit, and not again while the tab is open",
  async (world, directory) => {
    const { visitor: alice, sent } = await watched(world);
    const password = field(alice, "Server password");
    await alice.name.fill("alice");
    assertEquals(await password.count(), 0);
    await press(alice, "Join");
    await alert(alice, "This server needs a password.");
    assertEquals(await password.evaluate((it) => it === document.activeElement), true);
    assert(!sent.some((line) => line.startsWith("PASS")), "a password was sent before it was asked for");
    assertEquals(await alice.name.inputValue(), "alice");

    for (const [n, wrong] of ["wrong-one", "wrong-two", "wrong-three"].entries()) {
      await password.fill(wrong);
      await alice.page.keyboard.press("Enter");
      await alert(alice, "Wrong server password.");
      assertEquals(sent.filter((line) => line.startsWith("PASS")).length, n + 1);
    }
    await assertNowhere(alice);
    await password.fill(SERVER_PASSWORD);
    await alice.page.keyboard.press("Enter");
    await alice.isIn("#lobby");
    await assertNowhere(alice);

    await alice.page.reload();
    await alice.isIn("#lobby");

    // A restart of the server is not noticed, but a new password is asked for.
    alice.foreseen.push(CUT_OFF);
    const ports = ["--web-port", String(world.server.webPort), "--data", directory.path];
    await world.kill();
    await alice.page.getByText(LOST).waitFor();
    await world.restart([...ports, "--password-file", directory.file("password")]);
    await alice.isIn("#lobby");
    await world.kill();
    await alice.page.getByText(LOST).waitFor();
    await Deno.writeTextFile(directory.file("password"), `${OTHER}\n`);
    await world.restart([...ports, "--password-file", directory.file("password")]);
    await alert(alice, "Wrong server password.");
    await password.fill(OTHER);
    await alice.page.keyboard.press("Enter");
    await alice.isIn("#lobby");
    await assertNowhere(alice);

    // Another window has no stored password.
    const { visitor: bob, sent: sentByBob } = await watched(world);
    await bob.name.fill("bob");
    await press(bob, "Join");
    await alert(bob, "This server needs a password.");
    assert(!sentByBob.some((line) => line.startsWith("PASS")));
  },
  ["--password-file", "PASSWORD"],
);

browse(
  "page: a nickname is registered, is denied to others, and its owner logs in again after a reload",
  async (world) => {
    const alice = await world.guest("alice");
    await openSettings(alice);
    await alice.page.getByText("Register this name", { exact: true }).click();
    await field(alice, "New password").fill("short");
    await field(alice, "Repeat the password").fill(OWN);
    await press(alice, "Register");
    await alert(alice, "The passwords do not match.");
    await field(alice, "Repeat the password").fill("short");
    await press(alice, "Register");
    await alert(alice, "Password too short: at least 8 characters.");
    // With the keyboard only.
    await field(alice, "New password").fill(OWN);
    await alice.page.keyboard.press("Tab");
    await alice.page.keyboard.press("Control+A");
    await alice.page.keyboard.type(OWN);
    await alice.page.keyboard.press("Enter");
    await alice.dialog("You").getByRole("heading", { name: "You are logged in as alice" }).waitFor();
    await alice.dialog("You").getByText(/^alice is now registered\./).waitFor();
    await assertNowhere(alice);
    await alice.page.keyboard.press("Escape");

    // Another user cannot use it, whether she is online or not.
    await alice.say("/quit");
    await alice.page.getByText("You have disconnected.").waitFor();
    await world.server.logged(/ disconnected .*nick=alice/); // the page shows it before the server has closed the connection
    const { visitor: mallory, sent } = await watched(world);
    const password = field(mallory, "Password for this name");
    await mallory.name.fill("Alice");
    await press(mallory, "Join");
    await alert(mallory, "This name is registered. If it is yours, enter its password; otherwise choose another name.");
    assertEquals(await password.evaluate((it) => it === document.activeElement), true);
    assert(!sent.some((line) => line.startsWith("AUTHENTICATE")), "a password was sent before it was asked for");
    await password.fill("wrong-one");
    await mallory.page.keyboard.press("Enter");
    await alert(mallory, "Wrong password for this name. Try again, or choose another name.");
    await assertNowhere(mallory);
    await mallory.name.fill("mallory");
    await password.waitFor({ state: "hidden" });
    await mallory.page.keyboard.press("Enter");
    await mallory.isIn("#lobby");
    await mallory.say("/nick alice");
    await mallory.sees("alice is registered. If it is yours: /login alice PASSWORD");
    assertEquals(await mallory.page.getByText("NickServ").and(mallory.page.locator(":visible")).count(), 0);

    // She can use it in another window, and the tab logs in again after a reload.
    const { visitor: again } = await watched(world);
    await again.name.fill("alice");
    await press(again, "Join");
    await field(again, "Password for this name").fill(OWN);
    await again.page.keyboard.press("Enter");
    await again.isIn("#lobby");
    await assertNowhere(again);
    await mallory.say("/whois alice");
    await mallory.sees("alice is logged in as alice.");
    await again.page.reload();
    await again.isIn("#lobby");
    await openSettings(again);
    await again.dialog("You").getByRole("heading", { name: "You are logged in as alice" }).waitFor();

    // After logging out she is a guest, also after a reload.
    await press(again, "Log out");
    await again.dialog("You").getByRole("heading", { name: /^guest\d+ is not registered$/ }).waitFor();
    await closeSettings(again);
    await again.sees(/^You are guest\d+ now$/);
    await again.page.reload();
    await again.isIn("#lobby");
    await again.rooms.getByRole("button", { name: /^guest\d+/ }).waitFor();

    // Changing to a registered nickname asks for its password.
    await openSettings(again);
    await again.dialog("You").getByRole("textbox", { name: "Your name" }).fill("alice");
    await press(again, "Change");
    await alert(again, "This name is registered. If it is yours, enter its password.");
    await field(again, "Password for this name").fill("wrong-two");
    await press(again, "Log in");
    await alert(again, "Wrong password for this name.");
    await field(again, "Password for this name").fill(OWN);
    await again.page.keyboard.press("Enter");
    await again.dialog("You").waitFor({ state: "hidden" });
    await again.sees("You are alice now");

    // The tab stores the new password.
    await openSettings(again);
    await again.page.getByText("Change the password", { exact: true }).click();
    await field(again, "New password").fill(OTHER);
    await field(again, "Repeat the password").fill(OTHER);
    await press(again, "Change password");
    await again.dialog("You").getByText("Your password is changed.").waitFor();
    await assertNowhere(again);
    await again.page.reload();
    await again.isIn("#lobby");
    await again.rooms.getByRole("button", { name: /^alice/ }).waitFor();

    // After the account is deleted, another user can have the nickname.
    await openSettings(again);
    await again.page.getByText("Delete the registration", { exact: true }).click();
    await field(again, "Password").fill("wrong-three");
    await press(again, "Delete");
    await alert(again, "Wrong password.");
    await field(again, "Password").fill(OTHER);
    await press(again, "Delete");
    await again.dialog("You").getByText("alice is no longer registered.").waitFor();
    await again.dialog("You").getByRole("heading", { name: "alice is not registered" }).waitFor();
    await closeSettings(again);
    await assertNowhere(again);
    await again.say("/nick other");
    await again.sees("You are other now");
    await mallory.say("/nick alice");
    await mallory.sees("You are alice now");
  },
);

browse(
  "page: passwords in commands are not shown or recalled, and the owner of a nickname in use logs in to it",
  async (world) => {
    using _nc = await owner(world, "alice");
    const { visitor: bob, sent } = await watched(world);
    await bob.name.fill("alice");
    await press(bob, "Join");
    await alert(bob, "This name is registered. If it is yours, enter its password; otherwise choose another name.");
    await field(bob, "Password for this name").fill("wrong-three");
    await bob.page.keyboard.press("Enter");
    await alert(bob, "Wrong password for this name.");
    await bob.enter("bob");
    await bob.say("/register");
    await bob.dialog("You").waitFor();
    await closeSettings(bob);
    await bob.say("what can be taken up again");
    await bob.sees("what can be taken up again");
    const secret = async (line: string, answer: string | RegExp, before = "what can be taken up again") => {
      const answered = await bob.onceMore(answer); // some replies are there already
      await bob.composer.fill(line);
      await assertDraftless(bob);
      await bob.composer.press("Enter");
      await answered();
      await bob.composer.press("ArrowUp");
      assertEquals(await bob.composer.inputValue(), before);
      await bob.composer.fill("");
      await assertNowhere(bob);
    };
    await secret("/register short", "Password too short: at least 8 characters.");
    await secret("/login alice wrong-one", "Wrong password for this name.");
    await secret("/msg NickServ IDENTIFY alice wrong-two", "Wrong password.");
    await secret(`/login alice ${OWN}`, "You are logged in as alice.");
    await bob.sees("You are alice now");
    await secret(`/ghost alice ${OWN}`, "You are alice.");

    // Input that contains such a command, but would be sent as a message, is not sent.
    const before = sent.length;
    for (
      const text of [
        ` /login alice ${OWN}`,
        `\t/GHOST alice ${OWN}`,
        `/login alice ${OWN}\nand so on`,
        `look:\n /msg nickserv IDENTIFY ${OWN}`,
        ` /oper root ${OTHER}`,
      ]
    ) {
      await bob.composer.fill(text);
      await assertDraftless(bob);
      await bob.composer.press("Enter");
      await alert(
        bob,
        "Not sent, because it may contain a password. Write the command on a single line that begins with /.",
      );
      assertEquals(await bob.composer.inputValue(), text);
      await bob.composer.fill("");
      await assertNowhere(bob);
    }
    assertEquals(sent.slice(before).filter((line) => /PRIVMSG|sesame/.test(line)), []);

    await bob.say("/logout");
    await bob.sees("You are logged out.");
    await bob.rooms.getByRole("button", { name: /^guest\d+/ }).waitFor();
    await bob.isIn("#lobby");
    await bob.say("/nick bob");
    await bob.sees("You are bob now");
    await secret(`/register ${OWN}`, /^bob is now registered\. .*\/login bob PASSWORD$/, "/nick bob");
    assertEquals(await bob.rooms.getByRole("button", { name: "NickServ" }).count(), 0);

    // The owner of a nickname in use is the same user in another window.
    const { visitor: again } = await watched(world);
    await again.name.fill("bob");
    await press(again, "Join");
    await field(again, "Password for this name").fill(OWN);
    await again.page.keyboard.press("Enter");
    await again.isIn("#lobby");
    await again.rooms.getByRole("button", { name: /^bob/ }).waitFor();
    await again.say("from another window");
    await bob.sees("from another window");
  },
);

browse(
  "page: the login is repeated after a restart, and a confusable nickname is rejected",
  async (world, directory) => {
    const bob = await world.guest("bob");
    await bob.say(`/register ${OWN}`);
    await bob.sees(/^bob is now registered/);
    bob.foreseen.push(CUT_OFF);
    const ports = ["--web-port", String(world.server.webPort), "--data", directory.path];
    await world.kill();
    await bob.page.getByText(LOST).waitFor();
    await world.restart(ports);
    await bob.isIn("#lobby");
    await bob.say("/whois bob");
    await bob.sees("bob is logged in as bob.");
    const eve = await world.visitor();
    await eve.name.fill("b0b");
    await press(eve, "Join");
    await alert(eve, "b0b looks like another nickname. Choose another name.");
  },
);

browse("page: unanswered requests fail with a message when the connection is lost", async (world, directory) => {
  const args = ["--data", directory.path, "--web-port", String(world.server.webPort)];
  const bob = await world.guest("bob");
  bob.foreseen.push(CUT_OFF);
  const lose = async () => {
    await world.kill();
    await bob.page.locator("#banner-text").getByText(LOST).waitFor();
  };
  // The dialog is loaded after the page is online.
  await bob.page.evaluate('import(new URL("views/search.js", document.baseURI).href).then(() => {})');
  world.server.kill("SIGSTOP"); // nothing is answered
  await bob.say("/search tea");
  const status = bob.dialog("Search").getByRole("status");
  await status.getByText("Searching …").waitFor();
  await lose();
  await status.getByText("The connection was lost.", { exact: true }).waitFor();
  await bob.dialog("Search").getByRole("button", { name: "Close" }).click();
  await world.restart(args);
  await bob.isIn("#lobby");

  await openSettings(bob);
  await bob.page.getByText("Register this name", { exact: true }).click();
  await field(bob, "New password").fill(OWN);
  await field(bob, "Repeat the password").fill(OWN);
  world.server.kill("SIGSTOP");
  await press(bob, "Register");
  await bob.dialog("You").getByRole("textbox", { name: "Your name" }).fill("robert");
  await press(bob, "Change");
  await lose();
  await world.restart(args);
  const told = bob.dialog("You").getByRole("alert").getByText("The connection was lost.", { exact: true });
  for (const each of [told.first(), told.nth(1)]) await each.waitFor();
});

browse(
  "page: a muted or banned user is told why, and the page does not reconnect after a ban",
  async (world) => {
    const eve = await world.guest("eve");
    using root = new Client(await Deno.connect({ port: world.server.ircPort }));
    await root.send("NICK root", "USER root 0 * root", `OPER root ${OTHER}`, "MUTE eve");
    await root.until(/ 381 /);
    await root.until(/muted/i);
    await eve.say("can you hear me?");
    await eve.sees("A server operator has muted you: you can read, but not send.");
    await root.send("KLINE evil!*@* :no names like that");
    await root.until(/Banned /);
    await eve.say("/nick evil");
    await eve.sees("With that nickname you would be banned from this server: no names like that.");
    const evil = await world.visitor();
    await evil.name.fill("evil");
    await press(evil, "Join");
    await alert(evil, "You are banned from this server: no names like that.");
    assertEquals(await evil.page.locator("#banner-now").textContent(), "Reconnect"); // it does not reconnect by itself
  },
  ["--operators", "OPERATORS"],
);

browse(
  "page: the wanted nickname is used again as soon as it is free",
  async (world) => {
    const alice = await world.guest("alice");
    const { page } = alice;
    using root = new Client(await Deno.connect({ port: world.server.ircPort }));
    await root.send("NICK root", "USER root 0 * root", `OPER root ${OTHER}`);
    await root.until(/ 381 /);
    using bob = await Client.join(world.server.port);
    const taken = alice.line("alice is in use, so your name is alice_ for now.");
    for (const [n, as] of ["alice", "alice_", "alice_"].entries()) {
      await root.send(`KILL ${as} :once more`);
      await page.getByRole("status").getByText("You were disconnected by root: once more.", { exact: true }).waitFor();
      await bob.send(n < 2 ? "/nick alice" : "/nick bob", "/ping");
      await bob.until("-- Pong.");
      await press(alice, "Reconnect");
      await alice.isIn("#lobby");
      await alice.rooms.getByRole("button", { name: n < 2 ? /^alice_ / : /^alice / }).waitFor();
      assertEquals(await taken.count(), Math.min(n + 1, 2));
    }
  },
  ["--operators", "OPERATORS"],
);

browse(
  "page: no reconnection after a ban of the address, whether connected or not",
  async (world) => {
    const eve = await world.guest("eve");
    using root = new Client(await Deno.connect({ port: world.server.ircPort }));
    await root.send("NICK root", "USER root 0 * root", `OPER root ${OTHER}`, "KLINE 127.0.0.1 :spam");
    await root.until(/Banned /);
    const banned = eve.page.getByRole("status").getByText("You are banned from this server: spam.", { exact: true });
    await banned.waitFor();
    // The page is served because the ban is on the client's address, and the connection comes from the proxy.
    await press(eve, "Reconnect");
    await world.server.logged(/ refused .*door=web reason=banned/);
    await eve.until(eve.page.locator("#banner-wait"), ({ textContent }) => textContent, ""); // it does not reconnect
    await banned.waitFor();
    const again = await world.visitor();
    await again.name.fill("eve");
    await press(again, "Join");
    await again.page.getByRole("alert").getByText("You are banned from this server: spam.", { exact: true }).waitFor();
    for (const { page } of [eve, again]) {
      assertEquals(await page.locator("#banner-now").textContent(), "Reconnect"); // it does not reconnect by itself
    }
  },
  ["--operators", "OPERATORS", "--trust-proxy", "127.0.0.1"],
);

browse(
  "page: the reason of the server is shown and retries are slow when the server is full; a stopping server is announced",
  async (world) => {
    const alice = await world.guest("alice");
    const bob = await world.visitor();
    await bob.name.fill("bob");
    const began = performance.now();
    await press(bob, "Join");
    const why = "Too many connections from your address. Close one first.";
    await alert(bob, `${why} Trying again automatically.`);
    assertEquals(await bob.page.locator("#banner-text").textContent(), why);
    const [, seconds] = /^Trying again in (\d+) s\.$/.exec(await bob.page.locator("#banner-wait").innerText()) ?? [];
    const wait = Number(seconds) + (performance.now() - began) / 1000; // the banner counts down
    assert(wait >= 15, `it is tried again after ${wait} s`);
    alice.foreseen.push(CUT_OFF);
    bob.foreseen.push(CUT_OFF);
    const told = await alice.lookOut("#banner-text", "The server is stopping.");
    world.server.kill("SIGTERM");
    await told();
  },
  ["--trust-proxy", "127.0.0.1", "--max-per-ip", "1"],
);

browse("page: the longest nicknames fit into the settings on a narrow phone", async (world) => {
  const { visitor } = await watched(world, LOOKS["the narrowest phone"]);
  await visitor.enter("W".repeat(30));
  await visitor.say(`/register ${OWN}`);
  await visitor.sees(/ is now registered/);
  await visitor.say(`/nick ${"x".repeat(30)}`);
  await visitor.sees(/^You are x+ now$/);
  await visitor.say("/register");
  await visitor.dialog("You").getByRole("button", { name: /^Use W+$/ }).waitFor();
  await look(visitor, "the longest names");
});

for (const [name, options] of Object.entries(LOOKS)) {
  browse(`page: the dialogs fit and are accessible on ${name}`, async (world) => {
    (await owner(world, "alice"))[Symbol.dispose]();
    await world.server.logged(/ disconnected .*nick=alice/);
    const { visitor } = await watched(world, options);
    await visitor.name.fill("bob");
    await press(visitor, "Join");
    await alert(visitor, "This server needs");
    await look(visitor, `server password on ${name}`);
    await field(visitor, "Server password").fill(SERVER_PASSWORD);
    await visitor.name.fill("alice");
    await press(visitor, "Join");
    await alert(visitor, "This name is registered.");
    await look(visitor, `name on ${name}`);
    await field(visitor, "Password for this name").fill("wrong-one");
    await visitor.page.keyboard.press("Enter");
    await alert(visitor, "Wrong password for this name.");
    await look(visitor, `wrong on ${name}`);
    await visitor.name.fill("bob");
    await visitor.page.keyboard.press("Enter");
    await visitor.isIn("#lobby");
    if (options && "isMobile" in options) await visitor.page.getByRole("button", { name: "Rooms" }).first().click();
    await openSettings(visitor);
    await look(visitor, `settings on ${name}`);
    await visitor.page.getByText("Register this name", { exact: true }).click();
    await look(visitor, `own on ${name}`);
    const tops = ["Help", "Close"].map((label) =>
      visitor.dialog("You").getByRole("button", { name: label }).evaluate((it) => it.getBoundingClientRect().top)
    );
    assertEquals(await tops[0], await tops[1], "Help and Close are side by side");
    await field(visitor, "New password").fill(OWN);
    await field(visitor, "Repeat the password").fill(OTHER);
    await visitor.page.keyboard.press("Enter");
    await alert(visitor, "The passwords do not match.");
    await look(visitor, `two passwords on ${name}`);
    const [wrong, other] = ["account-own-problem", "settings-problem"].map((id) =>
      visitor.page.locator(`#${id}`).evaluate((it) => getComputedStyle(it).color)
    );
    assertEquals(await wrong, await other, "errors have the same colour everywhere");
    await field(visitor, "Repeat the password").fill(OWN);
    await visitor.page.keyboard.press("Enter");
    await visitor.dialog("You").getByRole("heading", { name: "You are logged in as bob" }).waitFor();
    await look(visitor, `logged in on ${name}`);
    await visitor.page.getByText("Delete the registration", { exact: true }).click();
    await look(visitor, `give up on ${name}`);
  }, ["--password-file", "PASSWORD"]);
}
