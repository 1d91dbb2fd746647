/**
 * Private conversations on the page: with users who are offline, after a reload and on other devices, and with guests.
 *
 * With TINCAN_SCREENSHOTS naming a directory, pictures are written there.
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { CUT_OFF, type Visitor } from "./browser.ts";
import { browse, shown, UNBOUND } from "./browser_history.ts";
import { PASSWORD, PHONE, register, signIn } from "./browser_sign_in.ts";

/** Writes a picture, if pictures are wanted. */
async function picture({ page }: Visitor, name: string): Promise<void> {
  const directory = Deno.env.get("TINCAN_SCREENSHOTS");
  if (directory) await page.screenshot({ path: `${directory}/private-${name}.png` });
}

browse(
  "page: a message to an absent account is there after kill -9, on each of its devices",
  async (world, directory) => {
    const args = ["--data", directory.path, ...UNBOUND, "--web-port", String(world.server.webPort)];
    for (const name of ["alice", "bob"]) await register(world, name);
    const alice = await signIn(world, "alice");
    await alice.say("/msg bob see you at nine");
    await alice.sees("see you at nine");
    await alice.sees("bob is offline and will see it.");
    await alice.sees("Only the two of you can read this.");
    await alice.page.locator(".sending").waitFor({ state: "detached" });
    await picture(alice, "offline");
    alice.foreseen.push(CUT_OFF);
    world.server.kill("SIGKILL");
    await world.server.code();
    await world.restart(args);

    const bob = await signIn(world, "bob");
    await bob.until(bob.tab("alice"), ({ textContent }) => textContent, "alice1 unread");
    await bob.tab("alice").click();
    await bob.sees("see you at nine");
    await bob.say("I come at ten");
    await bob.page.locator(".sending").waitFor({ state: "detached" });
    const phone = await signIn(world, "bob", PHONE);
    await phone.page.getByRole("button", { name: "Rooms" }).click();
    await phone.tab("alice").click();
    await phone.sees("I come at ten");
    // Where the new messages begin depends on whether the laptop has said already that they are read.
    const messages = (await shown(phone)).filter((line) => line !== "-- New messages");
    assertEquals(messages, ["see you at nine", "I come at ten"]);
    await picture(phone, "phone");
    await alice.page.reload();
    await alice.tab("bob").click();
    await alice.sees("I come at ten");

    // A closed conversation stays closed on that device, until there is a new message.
    await bob.say("/leave");
    await bob.tab("alice").waitFor({ state: "detached" });
    await bob.page.reload();
    await bob.isIn("#lobby");
    await bob.say("hello");
    await bob.page.locator(".sending").waitFor({ state: "detached" }); // earlier requests are answered, too
    assertEquals(await bob.tab("alice").count(), 0);
    const address = bob.page.url();
    await bob.page.goto("about:blank");
    await alice.say("are you there?");
    await alice.page.locator(".sending").waitFor({ state: "detached" });
    await bob.page.goto(address);
    await bob.tab("alice").click();
    await bob.sees("are you there?");
  },
);

browse(
  "page: a conversation with or of a guest says that it is not kept, and that of two accounts does not",
  async (world) => {
    await register(world, "alice");
    const alice = await signIn(world, "alice", { colorScheme: "dark" });
    const guest = await world.guest("dave");
    await guest.say("/msg alice hi");
    await guest.sees("Messages of guests are not kept. Log in to keep them.");
    await picture(guest, "guest");
    await alice.tab("dave").click();
    await alice.sees("Messages with guests are not kept.");
    await picture(alice, "with-guest");
    await guest.say(`/register ${PASSWORD}`);
    await guest.sees(/ is now registered\./);
    await guest.page.getByText("Messages of guests are not kept.").waitFor({ state: "detached" });
    await guest.say("now I have an account");
    await alice.sees("now I have an account");
    await alice.page.getByText("Messages with guests are not kept.").waitFor({ state: "detached" });
    await alice.sees("Only the two of you can read this.");

    // A conversation that is opened without a message asks who the other is.
    await world.guest("erin");
    await alice.say("/msg erin");
    await alice.titled("erin · tincan");
    await alice.sees("Messages with guests are not kept.");
  },
);

browse("page: a guest who writes to an account that is offline is told to log in", async (world) => {
  await register(world, "bob");
  const guest = await world.guest("dave");
  await guest.say("/msg bob hi");
  await guest.sees("Not sent. bob is offline. To leave a message, log in first: /login NAME PASSWORD");
  await picture(guest, "login-to-leave");
});
