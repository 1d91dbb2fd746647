/**
 * Tests of staying signed in on the page: by a token, which is the only secret that it stores, until the device is signed out.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures of the dialog are written there.
 */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Locator } from "../dependencies.ts";
import { missing, type Visitor, within, type World } from "./browser.ts";
import { givePassword, PASSWORD, register, signIn } from "./browser_sign_in.ts";
import { test } from "./forms.ts";
import { Client, type Form, source } from "./harness.ts";
import { Directory } from "./history_store.ts";

const NEW_PASSWORD = "close-sesame";
const KEY = "hush-hush";

const LOOKS = {
  "a wide screen": {},
  "a wide dark screen": { colorScheme: "dark" as const },
  "a phone": { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true },
  "a dark phone": {
    colorScheme: "dark" as const,
    viewport: { width: 320, height: 568 },
    isMobile: true,
    hasTouch: true,
  },
};

/** Registers a test with a browser and a server that has accounts. */
function browse(name: string, body: (world: World) => Promise<void>): void {
  const run = async (form: Form) => {
    await using directory = await Directory.make();
    await within(form, body, ["--data", directory.path]);
  };
  test(name, run, missing, [source]);
}

/** Everything that the browser stores. */
function stored({ page }: Visitor): Promise<string> {
  return page.evaluate(() => JSON.stringify([localStorage, sessionStorage, location.href, history.state]));
}

/** Waits until the page has stored a token, and returns it. */
async function token({ page }: Visitor): Promise<string> {
  await page.waitForFunction(() => localStorage.getItem("tincan.token") !== null);
  const [, token] = JSON.parse(await page.evaluate(() => localStorage.getItem("tincan.token")!));
  return token;
}

async function openDevices(visitor: Visitor): Promise<Locator> {
  const rooms = visitor.page.getByRole("button", { name: "Rooms" });
  if (await rooms.isVisible()) await rooms.click(); // a phone
  await visitor.page.getByRole("button", { name: /your name and settings/ }).click();
  await visitor.page.getByRole("button", { name: "Devices", exact: true }).click();
  return visitor.dialog("Devices");
}

browse(
  "page: a sign-in is kept by a token, and neither the password nor the key of a room is stored",
  async (world) => {
    await register(world, "alice");
    const alice = await signIn(world, "alice");
    assertMatch(await token(alice), /^tincan_[\w-]{43}$/);
    using other = await Client.join(world.server.port);
    await other.send("/join #vault", `/mode +k ${KEY}`); // an owner would need no key
    await other.until(/locked #vault/);
    await alice.say(`/join #vault ${KEY}`);
    await alice.isIn("#vault");
    for (const secret of [PASSWORD, KEY]) assert(!(await stored(alice)).includes(secret), secret);

    const first = await token(alice);
    await alice.page.reload();
    await alice.page.getByRole("form", { name: "Not in this room" }).getByText(/needs a key/).waitFor();
    await alice.tab("#lobby").click();
    await alice.say("/whois alice");
    await alice.sees("alice is logged in as alice.");
    assertEquals(await token(alice), first, "a reload needs no other token");

    // A user without an account has none, and a logout deletes it.
    const bob = await world.guest("bob");
    await bob.isIn("#lobby");
    assertEquals(await bob.page.evaluate(() => localStorage.getItem("tincan.token")), null);
    await alice.say("/logout");
    await alice.sees("You are logged out.");
    assert(!(await stored(alice)).includes(first));
    await other.send(`/login alice ${first}`);
    await other.until(/^-- Wrong password\./);
  },
);

browse("page: registering signs the device in, and the token comes from the server alone", async (world) => {
  const alice = await world.visitor("?token=tincan_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  await alice.enter("alice");
  await alice.say(`/register ${PASSWORD}`);
  await alice.sees(/^alice is now registered/);
  const own = await token(alice);
  assert(!own.includes("AAAAAAAA"));
  assert(!(await stored(alice)).includes(PASSWORD));
});

browse("page: the devices are listed, and one that is signed out asks for the password again", async (world) => {
  await register(world, "alice");
  const alice = await signIn(world, "alice", {
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
  });
  await token(alice);
  const phone = await signIn(world, "alice", {
    userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604",
  });
  await token(phone);

  const dialog = await openDevices(alice);
  const own = dialog.getByRole("listitem").filter({ hasText: "Firefox on Linux" });
  const other = dialog.getByRole("listitem").filter({ hasText: "Safari on iPhone" });
  await own.getByText("This device").waitFor();
  await other.getByText(/^Last used .* from /).waitFor();
  await other.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
  await dialog.getByText("Safari on iPhone is signed out. Its session is closed.").waitFor();
  await other.waitFor({ state: "detached" });

  const out = "This device was signed out. Enter the password to sign in again, or choose another name.";
  await phone.page.getByRole("alert").getByText(out).waitFor();
  assertEquals(await phone.page.evaluate(() => localStorage.getItem("tincan.token")), null);
  await givePassword(phone);

  // A token that was revoked while the device was away.
  const revoked = await token(phone);
  await phone.page.goto("about:blank");
  await dialog.getByRole("button", { name: "Close" }).click();
  await alice.say("/devices revoke 2");
  await alice.sees("Safari on iPhone is signed out.");
  await phone.page.goto(world.url);
  await phone.page.getByRole("alert").getByText(out).waitFor();
  assert(!(await stored(phone)).includes(revoked));
});

browse("page: a new password signs out all other devices, and not the one where it was chosen", async (world) => {
  await register(world, "alice");
  const alice = await signIn(world, "alice");
  const own = await token(alice);
  const other = await signIn(world, "alice");
  await token(other);
  await alice.page.getByRole("button", { name: /your name and settings/ }).click();
  await alice.page.getByText("Change the password", { exact: true }).click();
  await alice.page.getByLabel("New password").and(alice.page.locator(":visible")).fill(NEW_PASSWORD);
  await alice.page.getByLabel("Repeat the password").and(alice.page.locator(":visible")).fill(NEW_PASSWORD);
  await alice.page.keyboard.press("Enter");
  await alice.dialog("You").getByText("All other devices and bots are signed out.").waitFor();
  await other.page.getByRole("alert").getByText(/^The password was changed, so this device was signed out\./).waitFor();
  await alice.page.reload();
  await alice.isIn("#lobby");
  assertEquals(await token(alice), own);
});

browse("page: the list of devices is accessible and fits on all screens", async (world) => {
  await register(world, "alice");
  const tokens: Visitor[] = [];
  for (const [name, options] of Object.entries(LOOKS)) {
    const alice = await signIn(world, "alice", options);
    tokens.push(alice);
    await token(alice);
    if (tokens.length === 1) {
      await alice.say("/devices add a bot with a rather long name, for reports read #lobby");
      await alice.sees(/^This is the token of/);
    }
    const dialog = await openDevices(alice);
    await dialog.getByText("This device").waitFor();
    await alice.assertAccessible(name);
    await alice.assertFits(name);
    const directory = Deno.env.get("TINCAN_SCREENSHOTS");
    if (directory) await alice.page.screenshot({ path: `${directory}/devices on ${name}.png` });
  }
});
