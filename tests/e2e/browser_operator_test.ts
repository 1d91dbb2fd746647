/**
 * Tests of server operators on the page, without commands; of being always on; and of roles that come back without a line.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures of the dialogs are written there.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Locator } from "../dependencies.ts";
import { hashPassword } from "../../src/accounts/password.ts";
import { missing, type Visitor, within, type World } from "./browser.ts";
import { checkLooks } from "./browser_looks.ts";
import { test } from "./forms.ts";
import { Client, type Form, source } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "open-sesame";
const OPERATOR_PASSWORD = "close-sesame";

/** Registers a test with a browser and a server that has accounts and the operator `root`. */
function browse(name: string, body: (world: World) => Promise<void>): void {
  const run = async (form: Form) => {
    await using directory = await Directory.make();
    await Deno.writeTextFile(directory.file("operators"), `root ${await hashPassword(OPERATOR_PASSWORD)}\n`);
    await within(form, body, ["--data", directory.path, "--operators", directory.file("operators")]);
  };
  test(name, run, missing, [source]);
}

/** Connects a user on nc, with an account if wanted. */
async function onNc({ server }: World, name: string, registered = false): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`, ...registered ? [`/register ${PASSWORD}`] : []);
  await client.until(registered ? /^-- .* is now registered/ : new RegExp(`^-- guest\\d+ is now ${name}`));
  return client;
}

async function openSettings({ page }: Visitor): Promise<void> {
  await page.getByRole("button", { name: /your name and settings/ }).click();
}

/** Opens the dialog of server operators from the settings. */
async function openOperator(visitor: Visitor): Promise<Locator> {
  await openSettings(visitor);
  await visitor.dialog("You").getByRole("button", { name: "Server operator …" }).click();
  return visitor.dialog("Server operator");
}

/** The id of the focused element. */
function focused({ page }: Visitor): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.id);
}

browse("page: a server operator mutes, disconnects and bans people without commands, and lifts it", async (world) => {
  const root = await world.guest("root");
  const { page } = root;
  using bob = await onNc(world, "bob");
  using eve = await onNc(world, "eve");
  await root.people.getByRole("button", { name: "eve" }).click();
  await root.dialog("eve").waitFor();
  assertEquals(await root.dialog("eve").getByText("On this server").isVisible(), false);
  await page.keyboard.press("Escape");
  await root.dialog("eve").waitFor({ state: "hidden" });

  let dialog = await openOperator(root);
  assertEquals(await focused(root), "operator-name");
  await checkLooks(root, "operator-login");
  const password = dialog.getByLabel("Operator password");
  await password.fill("wrong-one");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("Wrong password.").waitFor();
  assertEquals([await focused(root), await password.inputValue()], ["operator-password", ""]);
  await password.fill(OPERATOR_PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").getByText("You are a server operator now.").waitFor();
  assertEquals(await focused(root), "operator-title");
  await checkLooks(root, "operator");
  for (const place of ["localStorage", "sessionStorage"] as const) {
    const stored = await page.evaluate((place) => JSON.stringify(globalThis[place]), place);
    assert(!stored.includes(OPERATOR_PASSWORD), place);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  // A person: muted for a day, then disconnected with a reason.
  await root.people.getByRole("button", { name: "bob" }).click();
  await checkLooks(root, "operator-person");
  await root.dialog("bob").getByRole("button", { name: "Mute …" }).click();
  const mute = root.dialog("Mute bob");
  assertEquals(await mute.getByLabel(/^Reason/).isVisible(), false);
  await mute.getByLabel("For how long").selectOption("1 day");
  await checkLooks(root, "operator-mute");
  await mute.getByRole("button", { name: "Mute", exact: true }).click();
  await root.sees("Muted bob and everyone else from");
  await bob.until(/^-- root has muted you for 1d\./);
  await root.people.getByRole("button", { name: "eve" }).click();
  await root.dialog("eve").getByRole("button", { name: "Disconnect …" }).click();
  const kill = root.dialog("Disconnect eve");
  assertEquals(await kill.getByLabel("For how long").isVisible(), false);
  await kill.getByLabel(/^Reason/).fill("be nice");
  await kill.getByRole("button", { name: "Disconnect", exact: true }).click();
  await root.sees("eve is disconnected.");
  await eve.until(/^-- You were disconnected by root: be nice/);

  // Bans of the server, and lifting them.
  dialog = await openOperator(root);
  await dialog.locator("summary", { hasText: "Bans and mutes" }).click();
  const bans = dialog.getByRole("list", { name: "Bans and mutes of the server" });
  await bans.getByRole("listitem").filter({ hasText: /^bob muted.*by root/ }).waitFor();
  await dialog.getByRole("textbox", { name: "Ban from the server" }).fill("203.0.113.0/24");
  await page.keyboard.press("Enter");
  const ban = root.dialog("Ban 203.0.113.0/24 from the server");
  await ban.getByLabel("For how long").selectOption("1 week");
  await ban.getByLabel(/^Reason/).fill("spam");
  await checkLooks(root, "operator-ban");
  await page.keyboard.press("Escape");
  await ban.waitFor({ state: "hidden" });
  assertEquals([await focused(root), await bans.getByRole("listitem").count()], ["operator-ban", 1]);
  await page.keyboard.press("Enter");
  await ban.getByLabel(/^Reason/).fill("spam");
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").getByText("Banned 203.0.113.0/24; 0 disconnected.").waitFor();
  await bans.getByRole("listitem").filter({ hasText: /203\.0\.113\.0\/24 banned.*by root: spam/ }).waitFor();
  await checkLooks(root, "operator-bans");
  await dialog.getByRole("button", { name: "Unban 203.0.113.0/24" }).click();
  await bans.getByRole("listitem").filter({ hasText: "203.0.113.0" }).waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: /^Unmute / }).focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("There are no bans and no mutes.").waitFor();
  assertEquals(await page.evaluate(() => document.activeElement?.textContent), "Bans and mutes");
  await bob.until("-- You can speak again.");
  await dialog.getByRole("button", { name: "Step down" }).click();
  await dialog.getByRole("status").getByText("You are no longer a server operator.").waitFor();
  await dialog.getByLabel("Operator password").waitFor();
});

browse("page: a server operator announces, helps with a lost password and appoints an owner", async (world) => {
  const root = await world.guest("root", "#tea");
  const { page } = root;
  await root.isIn("#tea");
  using bob = await onNc(world, "bob", true);
  await bob.send("/join #tea");
  await root.people.getByRole("button", { name: "bob" }).waitFor();
  await root.say("/oper root");
  let dialog = root.dialog("Server operator");
  await dialog.waitFor();
  assertEquals(await focused(root), "operator-password");
  await dialog.getByLabel("Operator password").fill(OPERATOR_PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.locator("summary", { hasText: "Announce" }).click();
  await dialog.getByLabel(/^Everyone on the server/).fill("tea is ready");
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").getByText("Announced.").waitFor();
  await bob.until("-- Announcement from root: tea is ready");
  await root.sees("Announcement from root: tea is ready");
  await checkLooks(root, "operator-announce");

  await dialog.locator("summary", { hasText: "State of the server" }).click();
  await dialog.getByRole("list", { name: "State of the server" }).getByRole("listitem").nth(2).waitFor();
  await dialog.getByRole("button", { name: "Reload the config files" }).click();
  await dialog.getByRole("status").getByText("Reloaded: operators.").waitFor();
  await checkLooks(root, "operator-state");
  await dialog.getByRole("button", { name: "Close" }).click();

  await root.people.getByRole("button", { name: "bob" }).click();
  await root.dialog("bob").getByRole("button", { name: "Lost password …" }).click();
  dialog = root.dialog("Server operator");
  assertEquals(await dialog.getByLabel("Registered name").and(page.locator(":focus")).inputValue(), "bob");
  await page.keyboard.press("Enter");
  const word = await dialog.locator("#operator-word code").textContent();
  await bob.until(/^-- root has made a one-time word/);
  await checkLooks(root, "operator-reset");
  await dialog.locator("summary", { hasText: "Owner of a room" }).click();
  await dialog.getByRole("textbox", { name: "Registered name" }).fill("nobody");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("no account").waitFor();
  await checkLooks(root, "operator-owner");
  await dialog.getByRole("button", { name: "Close" }).click();

  // The room that is shown, by the dialog about the person.
  await root.people.getByRole("button", { name: "bob" }).click();
  await root.dialog("bob").getByRole("button", { name: "Make owner of #tea" }).click();
  await root.people.getByRole("button", { name: "bob owner" }).waitFor();
  await root.sees("bob is an owner of #tea now.");

  using again = await onNc(world, "anyone");
  await again.send(`/login bob ${word}`);
  await again.until(/^-- You are logged in as bob\./);
});

browse("page: a user who has registered switches always on, and stays in the chat", async (world) => {
  const alice = await world.guest("alice");
  using bob = await onNc(world, "bob");
  const { page } = alice;
  await openSettings(alice);
  const dialog = alice.dialog("You");
  const box = dialog.getByRole("checkbox", { name: "Stay in the chat when I close this page" });
  await checkLooks(alice, "settings-guest");
  assertEquals(await box.isVisible(), false);
  await dialog.getByText("Register this name").click();
  await dialog.getByLabel("New password").and(page.locator(":visible")).fill(PASSWORD);
  await dialog.getByLabel("Repeat the password").and(page.locator(":visible")).fill(PASSWORD);
  await checkLooks(alice, "settings-register");
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").getByText("Do you want to stay in the chat when you close this page?").waitFor();
  await alice.until(box, (it) => (it as HTMLInputElement).checked, false);
  await checkLooks(alice, "settings-registered");
  await box.click();
  await alice.until(box, (it) => (it as HTMLInputElement).checked, true);
  await page.goto("about:blank");
  await world.server.logged(/ disconnected .*nick=alice/);
  await bob.send("/who");
  await bob.until(/^-- .*\balice\b/);
  await page.goto(world.url);
  await alice.isIn("#lobby");
  await openSettings(alice);
  await alice.until(box, (it) => (it as HTMLInputElement).checked, true);
  await checkLooks(alice, "settings-always-on");
  await box.click();
  await alice.until(box, (it) => (it as HTMLInputElement).checked, false);
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.goto("about:blank");
  await bob.until(/^-- alice left/);
});

browse("page: a role that comes back with its owner is not told in the room, and a new one is", async (world) => {
  const alice = await world.guest("alice");
  await alice.say(`/register ${PASSWORD}`);
  await alice.sees(/is now registered/);
  await alice.join("#tea");
  const bob = await world.guest("bob", "#tea");
  await bob.isIn("#tea");
  await bob.say("one");
  await alice.sees("one");
  await alice.page.reload();
  await alice.isIn("#tea");
  await alice.people.getByRole("button", { name: "alice owner" }).waitFor();
  await bob.people.getByRole("button", { name: "alice owner" }).waitFor();
  await alice.say("/voice bob");
  for (const visitor of [alice, bob]) {
    await visitor.sees("alice gave voice to bob");
    assertEquals(await visitor.log.getByText(/made alice/).count(), 0);
  }
});
