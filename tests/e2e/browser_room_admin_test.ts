/**
 * Tests of the dialogs about a room and about a person in Chromium: settings, roles, bans, renaming and deleting.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures of them are written there.
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Locator } from "../dependencies.ts";
import { missing, type Visitor, within, type World } from "./browser.ts";
import { checkLooks } from "./browser_looks.ts";
import { test } from "./forms.ts";
import { Client, source } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "open-sesame";

/** Registers a test with a browser and a server that has accounts. */
function browse(name: string, body: (world: World) => Promise<void>): void {
  test(
    name,
    async (form) => {
      await using directory = await Directory.make();
      await within(form, body, ["--data", directory.path]);
    },
    missing,
    [source],
  );
}

/** Connects a user on nc, with an account if wanted, who joins a room. */
async function onNc({ server }: World, name: string, room: string, registered = false): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`, ...registered ? [`/register ${PASSWORD}`] : [], `/join ${room}`);
  await client.until(new RegExp(`^-- You are (already |alone )?in ${room}\\b`));
  return client;
}

/** A user of the page who is logged in, and owns a room. */
async function owner(world: World, name: string, room: string): Promise<Visitor> {
  const visitor = await world.guest(name);
  await visitor.say(`/register ${PASSWORD}`);
  await visitor.sees(/is now registered/);
  await visitor.join(room);
  await visitor.people.getByRole("button", { name: `${name} owner` }).waitFor();
  return visitor;
}

/** Opens the dialog about the current room. */
async function about(visitor: Visitor, room: string): Promise<Locator> {
  await visitor.page.locator("#about").click();
  const dialog = visitor.dialog(room);
  await dialog.waitFor();
  return dialog;
}

/** Opens a section of the dialog. */
function section(dialog: Locator, name: string): Promise<void> {
  return dialog.locator("summary", { hasText: name }).click();
}

browse("page: an owner sets up a room, changes roles and lifts a ban without commands", async (world) => {
  const alice = await owner(world, "alice", "#tea");
  using bob = await onNc(world, "bob", "#tea", true);
  using eve = await onNc(world, "eve", "#tea");
  const { page } = alice;
  let dialog = await about(alice, "#tea");
  await checkLooks(alice, "room");

  await section(dialog, "Settings");
  const moderated = dialog.getByRole("checkbox", { name: /^Moderated/ });
  await moderated.click();
  await bob.until(/^-- alice moderated #tea/);
  await alice.until(moderated, (box) => (box as HTMLInputElement).checked, true);
  await moderated.click();
  await bob.until("-- alice let everyone speak in #tea");
  await dialog.getByRole("textbox", { name: /^Key/ }).fill("no comma, no space");
  await dialog.getByRole("button", { name: "Set the key" }).click();
  await dialog.getByRole("alert").getByText("Invalid key").waitFor();
  await dialog.getByRole("spinbutton", { name: /^Limit/ }).fill("20");
  await dialog.getByRole("button", { name: "Set the limit" }).click();
  await bob.until("-- alice limited #tea to 20 members");
  await checkLooks(alice, "room-settings");

  // Roles: of a registered user by the dialog about that person, and with the list in the dialog about the room.
  await section(dialog, "Owners and members");
  const roles = dialog.getByRole("list", { name: "Owners, operators and members" });
  await roles.getByText("alice").waitFor();
  await dialog.getByRole("textbox", { name: /always enter/ }).fill("nobody");
  await dialog.getByRole("button", { name: "Add as a member" }).click();
  await dialog.getByRole("alert").getByText("no account").waitFor();
  await dialog.getByRole("textbox", { name: /always enter/ }).fill("bob");
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").getByText("bob is a member of #tea").waitFor();
  await roles.getByRole("listitem").filter({ hasText: "bob member" }).waitFor();
  await checkLooks(alice, "room-roles");
  await dialog.getByRole("button", { name: "Change the role of bob" }).click();
  const person = alice.dialog("bob");
  await person.getByRole("heading", { name: "In #tea" }).waitFor();
  await checkLooks(alice, "person");
  await person.getByRole("button", { name: "Make operator" }).click();
  await bob.until(/^-- alice made bob an operator/);
  await alice.people.getByRole("button", { name: "bob operator" }).waitFor();

  // Bans.
  await alice.people.getByRole("button", { name: "eve" }).click();
  await alice.dialog("eve").getByRole("button", { name: "Ban", exact: true }).click();
  await eve.until(/^-- alice kicked eve/);
  dialog = await about(alice, "#tea");
  await section(dialog, "Bans");
  const bans = dialog.getByRole("list", { name: "Bans" });
  await bans.getByRole("listitem").filter({ hasText: /^eve\*!\*@/ }).waitFor();
  await checkLooks(alice, "room-bans");
  await dialog.getByRole("button", { name: "Unban eve" }).focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("No one is banned.").waitFor();
  assertEquals(await page.evaluate(() => document.activeElement?.textContent), "Bans and exceptions");
  await eve.send("/join #tea");
  await eve.until(/^-- You are in #tea/);

  // Exceptions: of an account by its name, of others by a mask.
  const excepted = dialog.getByRole("list", { name: "Never banned" });
  await dialog.getByRole("textbox", { name: "Except a person from all bans" }).fill("bob");
  await page.keyboard.press("Enter");
  await excepted.getByText(/^by alice, /).waitFor();
  const invited = dialog.getByRole("list", { name: "Need no invitation" });
  await dialog.getByRole("textbox", { name: "Let a person enter without an invitation" }).fill("*!*@host");
  await dialog.getByRole("button", { name: "Add to those who need no invitation" }).click();
  await invited.getByRole("listitem").filter({ hasText: "*!*@host" }).waitFor();
  await checkLooks(alice, "room-exceptions");
  await bob.until("-- alice exempted ~a:bob from the bans of #tea");
  await excepted.getByRole("button", { name: "Remove bob" }).click();
  await excepted.getByRole("listitem").waitFor({ state: "detached" });
  await invited.getByRole("button", { name: "Remove *!*@host" }).click();
  await invited.getByRole("listitem").waitFor({ state: "detached" });

  // Who is banned is let in again by the dialog about that person, too.
  await dialog.getByRole("button", { name: "Close" }).click();
  await eve.send("hello there");
  await alice.say("/ban eve");
  await eve.until(/^-- alice kicked eve/);
  await alice.line("hello there").locator(".nick").click();
  await alice.dialog("eve").getByRole("button", { name: "Lift the ban" }).click();
  await alice.sees("alice lifted the ban on");
});

browse("page: an owner renames, hands over and deletes a room, and is asked twice", async (world) => {
  const alice = await owner(world, "alice", "#tea");
  using bob = await onNc(world, "bob", "#tea", true);
  await alice.say("about tea");
  await bob.until("<alice> about tea");
  await alice.composer.fill("half a thought");
  const dialog = await about(alice, "#tea");
  await section(dialog, "Rename");
  await dialog.getByRole("textbox", { name: /^New name/ }).fill("coffee");
  await dialog.getByRole("button", { name: "Rename", exact: true }).click();
  const renamed = alice.dialog("#coffee");
  await renamed.waitFor();
  await bob.until(/#coffee/);
  assertEquals(await alice.page.evaluate(() => location.hash), "#coffee");
  await checkLooks(alice, "room-own");
  const erase = renamed.locator("#room-delete");
  await erase.click();
  await renamed.getByText("This cannot be undone.").waitFor();
  assertEquals(await erase.textContent(), "Yes, delete #coffee for good");
  await checkLooks(alice, "room-delete");
  await renamed.getByRole("button", { name: "Close" }).click();
  await alice.sees("about tea");
  await alice.isIn("#coffee");
  assertEquals(await alice.composer.inputValue(), "half a thought");
  await alice.page.reload();
  await alice.isIn("#coffee");
  assertEquals(await alice.composer.inputValue(), "half a thought");
  await alice.people.getByRole("button", { name: "alice owner" }).waitFor();
  await alice.composer.fill("");

  const again = await about(alice, "#coffee");
  await section(again, "Rename");
  await erase.click();
  await erase.click();
  await bob.until(/The room was deleted/);
  await alice.tab("#coffee").waitFor({ state: "detached" });
  await alice.isIn("#lobby");

  // Handing over.
  await alice.join("#tea");
  await bob.send("/join #tea");
  const tea = await about(alice, "#tea");
  await section(tea, "Rename");
  await tea.getByRole("textbox", { name: /^New owner/ }).fill("bob");
  await tea.getByRole("button", { name: "Hand over" }).click();
  await tea.getByRole("status").getByText("bob owns #tea now.").waitFor();
  await tea.locator("summary", { hasText: "Rename" }).waitFor({ state: "hidden" });
  await tea.getByRole("button", { name: "Close" }).click();
  await alice.people.getByRole("button", { name: "bob owner" }).waitFor();
});

browse(
  "page: a member reads the settings of a room, and a guest who opens a room has no lasting roles",
  async (world) => {
    const alice = await owner(world, "alice", "#tea");
    await alice.say("/mode +i-t");
    await alice.say("/invite bob");
    await alice.say("/mode -i+s");
    const bob = await world.guest("bob", "#tea");
    await bob.people.getByRole("button", { name: "alice owner" }).waitFor();
    let dialog = await about(bob, "#tea");
    await section(dialog, "Settings");
    await dialog.getByText("Only operators of the room can change this.").waitFor();
    const secret = dialog.getByRole("checkbox", { name: /^Secret/ });
    await bob.until(secret, (box) => (box as HTMLInputElement).checked, true);
    assertEquals([await secret.isDisabled(), await dialog.locator("summary:visible").count()], [true, 3]);
    await section(dialog, "Owners");
    await dialog.getByRole("listitem").filter({ hasText: "alice owner" }).waitFor();
    assertEquals(await dialog.getByRole("button", { name: /^(Remove|Change|Add)/ }).count(), 0);
    await checkLooks(bob, "room-member");
    await dialog.getByRole("button", { name: "Close" }).click();
    await bob.people.getByRole("button", { name: "alice" }).click();
    await bob.dialog("alice").getByRole("button", { name: "Ignore" }).click();
    await bob.sees("You ignore alice now.");

    await bob.join("#den");
    await bob.people.getByRole("button", { name: "bob operator" }).waitFor();
    dialog = await about(bob, "#den");
    await section(dialog, "Owners");
    await dialog.getByText("This room belongs to no account.").waitFor();
    await dialog.getByRole("listitem").filter({ hasText: "bob operator" }).waitFor();
    assertEquals(await dialog.locator("summary", { hasText: "Rename" }).isVisible(), false);
  },
);
