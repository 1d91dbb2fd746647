/** Invite links on the page: the dialog that makes, shows, lists and revokes them, and the page that is opened by one. */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import { missing, type Visitor, within } from "./browser.ts";
import { PHONE, register, signIn } from "./browser_sign_in.ts";
import { test } from "./forms.ts";
import { Directory } from "./history_store.ts";

const SCREENSHOTS = Deno.env.get("TINCAN_SCREENSHOTS");
const PASSWORD = "the-server-password";

async function picture(visitor: Visitor, name: string) {
  if (SCREENSHOTS) await visitor.page.screenshot({ path: `${SCREENSHOTS}/invite-${name}.png` });
}

/** Joins under a name on a server with a password. */
async function join(visitor: Visitor, name: string) {
  await visitor.name.fill(name);
  await visitor.page.keyboard.press("Enter");
  await visitor.dialog("Welcome to tincan").getByLabel("Server password").fill(PASSWORD);
  await visitor.page.keyboard.press("Enter");
  await visitor.isIn("#lobby");
}

/** Makes a link to the current room in the dialog, and returns it. */
async function makeLink(visitor: Visitor, uses = ""): Promise<string> {
  await visitor.page.getByRole("button", { name: "Invite people" }).click();
  const dialog = visitor.dialog(/^Invite people to /);
  await dialog.getByLabel("How many people").selectOption(uses);
  await dialog.getByRole("button", { name: "Make a link" }).click();
  await dialog.getByRole("img", { name: "QR code of the link" }).waitFor();
  return await dialog.getByLabel("Invite link", { exact: true }).inputValue();
}

test(
  "page: an invite link is made with a QR code, lets a guest past the password into a closed room, and is revoked",
  async (form) => {
    await using directory = await Directory.make();
    await Deno.writeTextFile(directory.file("password"), PASSWORD);
    await within(form, async (world) => {
      const alice = await world.visitor();
      await join(alice, "alice");
      await alice.join("#tea");
      await alice.say("/mode +i");
      await alice.sees(/invite-only/);
      const url = await makeLink(alice, "1");
      assertMatch(url, new RegExp(`^${world.url}i/[a-z2-7]{20}$`));
      const dialog = alice.dialog("Invite people to #tea");
      await dialog.getByText("by alice, used 0 of 1 time, until").waitFor();
      await alice.assertAccessible("invite people");
      await picture(alice, "dialog");

      const bob = await world.visitor("", PHONE, undefined, url);
      await bob.page.getByText("You are invited. Choose a name to join.").waitFor();
      assertEquals(new URL(bob.page.url()).pathname, "/");
      await bob.assertAccessible("invited");
      await bob.assertFits("invited");
      await picture(bob, "welcome");
      await bob.name.fill("bob");
      await bob.page.keyboard.press("Enter");
      await bob.isIn("#tea");
      await bob.say("hello, I am invited");
      await picture(bob, "phone");

      // After a reload, bob is let in again: the link remembers him.
      await bob.page.reload();
      await bob.isIn("#tea");

      const carol = await world.visitor("", {}, undefined, url);
      await carol.name.fill("carol");
      await carol.page.keyboard.press("Enter");
      const problem = (visitor: Visitor, text: string) => visitor.dialog("Welcome to tincan").getByText(text).waitFor();
      await problem(carol, "This invite link has been used as often as it may be. Ask for a new one.");
      await picture(carol, "used-up");

      await dialog.getByRole("button", { name: "Close" }).click();
      const other = await makeLink(alice);
      await dialog.getByRole("button", { name: "Revoke link 2" }).click();
      await dialog.getByText("Invite link 2 to #tea is revoked.").waitFor();
      await picture(alice, "revoked");
      const dan = await world.visitor("", {}, undefined, other);
      await dan.name.fill("dan");
      await dan.page.keyboard.press("Enter");
      await problem(dan, "This invite link is not valid");
    }, ["--password-file", directory.file("password")]);
  },
  missing,
);

test("page: without a server password, a link takes a user who is known to the page into the room", async (form) => {
  await within(form, async (world) => {
    await register(world, "alice");
    const alice = await signIn(world, "alice", { colorScheme: "dark" });
    await alice.join("#tea");
    await alice.say("/mode +i");
    const url = await makeLink(alice);
    await picture(alice, "dark");
    const bob = await world.guest("bob");
    await bob.page.goto(url);
    await bob.page.getByText("You are invited.").waitFor();
    assertEquals(await bob.name.inputValue(), "bob");
    await bob.page.keyboard.press("Enter");
    await bob.isIn("#tea");
    const response = await fetch(url);
    assert((await response.text()).includes('src="../main.js"'));
    assertEquals(
      ["referrer-policy", "cache-control"].map((name) => response.headers.get(name)),
      ["no-referrer", "no-store"],
    );
    assertMatch(response.headers.get("content-security-policy")!, /script-src 'self'/);
    await bob.page.goto(`${world.url}i/${"a".repeat(20)}`);
    await bob.page.keyboard.press("Enter");
    await bob.sees(/^This invite link is not valid/);
  });
}, missing);
