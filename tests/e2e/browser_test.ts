/**
 * Tests of the page in Chromium: joining, talking, losing the connection and reconnecting; phones, dark mode, keyboard.
 */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import { WRONG_KEYS_MAX } from "../../src/chat/rate_limits.ts";
import { CUT_OFF, missing, within, type World } from "./browser.ts";
import { executable, test } from "./forms.ts";
import { Client, type Form, source } from "./harness.ts";

const PHONE = { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true };
const NARROW = { ...PHONE, viewport: { width: 320, height: 568 } };

/** Registers a test with a browser. */
function browse(name: string, body: (world: World) => Promise<void>, forms: readonly Form[] = [source]): void {
  test(name, (form) => within(form, body), missing, forms);
}

/** Joins over the text protocol. */
async function onNc({ server }: World, name: string): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`);
  await client.until(new RegExp(name)); // until the server confirms the nickname
  return client;
}

browse(
  "page: two users of the page and one on nc talk in a room and in private",
  async (world) => {
    const alice = await world.guest("alice");
    using bob = await onNc(world, "bob");
    await alice.sees("guest1 is bob now");

    // A nickname in use is asked for again, and the field keeps its text.
    const carol = await world.visitor();
    await carol.name.fill("ALICE");
    await carol.page.getByRole("button", { name: "Join", exact: true }).click();
    await carol.page.getByRole("alert").getByText("ALICE is already in use. Choose another name.").waitFor();
    assertEquals(await carol.name.inputValue(), "ALICE");
    await carol.name.fill("no way");
    await carol.page.keyboard.press("Enter");
    await carol.page.getByRole("alert").getByText(/^Invalid nickname: use 1 to 30 letters/).waitFor();
    assertEquals(await carol.name.inputValue(), "no way");
    await carol.enter("carol");
    await carol.dialog(/welcome/i).waitFor({ state: "hidden" });
    await bob.until("-- carol joined #lobby");

    await alice.say("hello from the page");
    await bob.until("<alice> hello from the page");
    await carol.sees("hello from the page");
    await alice.say("/me waves");
    await bob.until("* alice waves");
    await carol.sees("alice waves");
    await bob.send("hello from nc", "/me nods");
    for (const person of [alice, carol]) {
      await person.sees("hello from nc");
      await person.sees("bob nods");
    }

    // A message is pending until the server confirms it, and shown once.
    world.server.kill("SIGSTOP");
    await alice.say("is it there?");
    const sending = alice.page.locator(".sending");
    await sending.getByText("is it there?").waitFor();
    world.server.kill("SIGCONT");
    await sending.waitFor({ state: "detached" });
    await alice.sees("is it there?");
    assertEquals(await alice.line("is it there?").count(), 1);
    await bob.until("<alice> is it there?");

    // People.
    for (const name of ["alice", "bob", "carol"]) await alice.people.getByRole("button", { name }).waitFor();
    await alice.people.getByRole("heading", { name: "3 people" }).waitFor();

    // A mention in another room, and a text that is none.
    await alice.join("#tea");
    await bob.send("malice is no mention", "Alice: tea?");
    await alice.titled("(1) #tea · tincan");
    await alice.until(alice.tab("#lobby"), ({ textContent }) => textContent, "#lobby2 unread, 1 for you");
    await alice.tab("#lobby").click();
    await alice.titled("#lobby · tincan");
    await alice.page.getByRole("separator", { name: "New messages" }).waitFor();
    const [plain, mention] = await Promise.all(
      ["malice is no", "Alice: tea?"].map((text) =>
        alice.line(text).evaluate((element) => getComputedStyle(element).backgroundColor)
      ),
    );
    assert(plain !== mention, `both lines are on ${plain}`);
    await alice.until(alice.tab("#lobby"), ({ textContent }) => textContent, "#lobby");

    // A private conversation has a tab of its own.
    await bob.send("/msg alice psst");
    await alice.titled("(1) #lobby · tincan");
    await alice.tab("bob").click();
    await alice.sees("psst");
    await alice.sees("Only the two of you can read this.");
    await alice.say("what is it?");
    await bob.until("*alice* what is it?");
    assertEquals(await carol.log.getByText("psst").count(), 0);

    // The topic, set on the page and on nc.
    await alice.tab("#lobby").click();
    await alice.page.getByRole("button", { name: "#lobby", exact: true }).and(alice.page.locator("h1 *")).click();
    const about = alice.dialog("#lobby");
    await about.getByRole("textbox", { name: "Topic" }).fill("Lunch at two");
    await about.getByRole("button", { name: "Set" }).click();
    await carol.page.locator("header p", { hasText: "Lunch at two" }).waitFor();
    await bob.until(/Lunch at two/);
    await bob.send("/topic Lunch at one");
    await carol.page.locator("header p", { hasText: "Lunch at one" }).waitFor();

    // A user leaves.
    await bob.send("/quit tea");
    await carol.sees(/bob left/);
    await carol.people.getByRole("heading", { name: "2 people" }).waitFor();
  },
  [source, executable],
);

browse("page: a full server is announced, and joining works when there is space again", async (world) => {
  const alice = await world.visitor();
  alice.foreseen.push(CUT_OFF, /Refused to apply style from '[^']*\/dialogs\.css'/); // its one connection is the WebSocket
  await alice.name.waitFor();
  await world.kill();
  await world.restart(["--web-port", String(world.server.webPort), "--max-clients", "1"]);
  {
    using _bob = await onNc(world, "bob");
    await alice.name.fill("alice");
    await alice.page.keyboard.press("Enter");
    const problem = alice.dialog(/welcome/i).getByRole("alert");
    await problem.getByText("tincan is full. Try again later. Trying again automatically.").waitFor();
  }
  await world.server.logged(/ disconnected .*nick=bob/);
  await alice.page.getByRole("button", { name: "Join", exact: true }).click();
  await alice.isIn("#lobby");
});

browse("page: the input is kept and the page reconnects when the server was gone for a while", async (world) => {
  const args = ["--web-port", String(world.server.webPort)];
  const alice = await world.guest("alice");
  alice.foreseen.push(CUT_OFF);
  await alice.join("#tea");
  await alice.say("before");
  await alice.sees("before");
  await alice.page.locator(".sending").waitFor({ state: "detached" }); // so that only the next message is unconfirmed

  world.server.kill("SIGSTOP"); // the next message is never confirmed
  await alice.say("into the void");
  await alice.page.locator(".sending").getByText("into the void").waitFor();
  await alice.composer.fill("half a thought");
  await world.kill();
  const status = alice.page.getByRole("status");
  await status.getByText(/The connection was lost|Cannot reach the server/).waitFor();
  await alice.sees("Possibly not sent: the connection was lost.");
  await alice.composer.press("Enter");
  await alice.page.getByRole("alert").getByText("Not connected. Your text stays here until the connection is back.")
    .waitFor();
  assertEquals(await alice.composer.inputValue(), "half a thought");
  await alice.assertAccessible("offline");

  await world.restart(args);
  using bob = await onNc(world, "bob");
  await bob.send("/join #tea"); // before or after the page, which reconnects by itself
  await alice.people.getByRole("button", { name: "bob" }).waitFor();
  await bob.until(/^-- alice joined #tea$|^-- You are in #tea with 1 other\.$/);
  await status.getByText(/The connection was lost|Cannot reach the server/).waitFor({ state: "hidden" });
  assertEquals(await alice.composer.inputValue(), "half a thought");
  await alice.log.getByRole("button", { name: "Send again" }).click();
  await bob.until("<alice> into the void");
  await alice.page.locator(".failed").waitFor({ state: "detached" });
  assertEquals(await alice.line("into the void").count(), 1);
  await alice.composer.press("Enter");
  await bob.until("<alice> half a thought");
  await alice.tab("#lobby").click();
  await alice.isIn("#lobby");
});

browse("page: draft and nickname survive a reload", async (world) => {
  const alice = await world.guest("alice");
  await alice.join("#tea");
  await alice.composer.fill("half a thought");
  await alice.page.reload();
  await alice.isIn("#tea");
  assertEquals(await alice.composer.inputValue(), "half a thought");
  await alice.tab("#lobby").click();
  await alice.isIn("#lobby");
  assertEquals(await alice.composer.inputValue(), "");
});

browse("page: a link joins its room, a key is asked for, and the reason is shown when joining fails", async (world) => {
  const alice = await world.visitor("#tea");
  await alice.dialog(/welcome/i).getByText("to join #tea").waitFor();
  await alice.enter("alice");
  await alice.isIn("#tea");
  assertEquals(new URL(alice.page.url()).hash, "#tea");
  const doors = { vault: "/mode +k sesame", full: "/mode +l 1", closed: "/mode +i", shut: "/ban mallory!*@*" };
  for (const [room, command] of Object.entries(doors)) {
    await alice.join(`#${room}`);
    await alice.say(command);
    await alice.log.getByText(/set a key|limited the room|made the room invite-only|banned mallory/).waitFor();
  }

  const mallory = await world.visitor("#vault");
  await mallory.name.fill("mallory");
  await mallory.page.keyboard.press("Enter");
  const trouble = mallory.page.getByRole("form", { name: "Not in this room" });
  await trouble.getByText("#vault needs a key. Enter it to join.").waitFor();
  await mallory.assertAccessible("a room that asks for its key");
  await trouble.getByLabel("Key").fill("open");
  await mallory.page.keyboard.press("Enter");
  await trouble.getByText("Wrong key for #vault.").waitFor();
  await trouble.getByLabel("Key").fill("sesame");
  await mallory.page.keyboard.press("Enter");
  await mallory.isIn("#vault");
  const sentences = {
    full: "#full is full. Try again later.",
    closed: "#closed is invite-only. Ask an operator of the room for an invitation.",
    shut: "You are banned from #shut.",
  };
  for (const [room, sentence] of Object.entries(sentences)) {
    await mallory.page.evaluate((room) => void (location.hash = `#${room}`), room);
    await trouble.getByText(sentence).waitFor();
  }
  await trouble.getByRole("button", { name: "Close this tab" }).click();
  await trouble.getByText("#closed is invite-only.").or(mallory.composer).first().waitFor();
  // After too many wrong keys, the right one is rejected for a while.
  using bob = await onNc(world, "bob");
  await alice.tab("#vault").click();
  await alice.say("/kick mallory");
  await mallory.tab("#vault").click();
  await trouble.getByRole("button", { name: "Rejoin" }).click();
  await trouble.getByText("#vault needs a key. Enter it to join.").waitFor();
  await trouble.getByLabel("Key").fill("sesame");
  // Only now, as one more may be tried every few seconds.
  await bob.send(...Array.from({ length: WRONG_KEYS_MAX }, (_, n) => `/join #vault guess${n}`), "/ping");
  await bob.until("-- Pong.");
  await mallory.page.keyboard.press("Enter");
  await trouble.getByText("Too many wrong keys from your address. Try again in a minute.").waitFor();
  await trouble.getByLabel("Key").waitFor();
  // An invitation allows joining.
  await alice.say("/invite mallory #closed");
  await mallory.tab("#closed").click();
  await trouble.getByText("alice invites you to #closed.").waitFor();
  await trouble.getByRole("button", { name: "Join", exact: true }).click();
  await mallory.isIn("#closed");
});

for (const [device, options] of [["a phone", PHONE], ["the narrowest phone", NARROW]] as const) {
  browse(`page: everything fits and the drawers open and close on ${device}`, async (world) => {
    const alice = await world.visitor("#tea", options);
    await alice.assertFits("the first dialog");
    await alice.enter("alice");
    await alice.isIn("#tea");
    await alice.say("/mode -t");
    await alice.sees("alice lets everyone set the topic");
    using bob = await onNc(world, "x".repeat(30));
    await bob.send("/join #tea", "/topic " + "a long topic ".repeat(20), "w".repeat(300));
    await bob.send("https://example.org/" + "path/".repeat(40), "/me " + "dances ".repeat(30));
    await alice.sees(/dances/);
    await alice.say("/whois " + "x".repeat(30));
    await alice.assertFits("a room with long words");

    const { page } = alice;
    await alice.join("#" + "r".repeat(49));
    const cut = await page.getByRole("heading", { level: 1 }).evaluate((it) => it.scrollWidth > it.clientWidth);
    assertEquals(cut, false, "a long room's name ends in an ellipsis, and not in half a letter");
    await alice.assertFits("a room with a long name");
    await page.getByRole("button", { name: "Rooms" }).click();
    await alice.tab("#tea").click();
    await alice.isIn("#tea");
    await page.getByRole("button", { name: "Rooms" }).click();
    await alice.rooms.getByText("#lobby").waitFor();
    await alice.assertFits("with the rooms");
    await alice.assertAccessible(`the rooms on ${device}`);
    await alice.tab("#lobby").click();
    await alice.isIn("#lobby");
    await alice.until(alice.rooms, (element) => element.checkVisibility({ visibilityProperty: true }), false);
    await bob.send("/join #lobby", "alice, are you there?");
    await alice.sees("alice, are you there?");
    await page.getByRole("button", { name: "People" }).click();
    await alice.people.getByRole("button", { name: "x".repeat(30) }).click();
    const person = alice.dialog("x".repeat(30));
    await person.waitFor();
    await alice.assertFits("about a person");
    await alice.assertAccessible(`about a person on ${device}`);
    await person.getByRole("button", { name: "Close" }).click();
    await alice.until(alice.people, (element) => element.checkVisibility({ visibilityProperty: true }), false);

    await alice.composer.fill("/");
    await alice.assertFits("with hints");
    await alice.composer.fill("");
    await page.getByRole("button", { name: "Rooms" }).click();
    await page.getByRole("button", { name: /your name and settings/ }).click();
    await alice.assertFits("the settings");
    await alice.dialog("You").getByRole("button", { name: "Help" }).click();
    await alice.dialog("Help").waitFor();
    await alice.assertFits("the help");
  });
}

browse("page: axe finds no serious violation in light and dark", async (world) => {
  const alice = await world.visitor();
  const backgrounds: number[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await alice.page.emulateMedia({ colorScheme });
    await alice.assertAccessible(`the first dialog, ${colorScheme}`);
  }
  await alice.enter("alice");
  using bob = await onNc(world, "bob");
  using dave = await onNc(world, "dave");
  await bob.send("see https://example.org/ \x02bold\x02 \x0304red\x03", "alice: a mention", "/me waves", "/join #tea");
  await alice.sees("bob waves");
  await bob.until(/^-- You are alone in #tea\b/); // the first member is the operator
  await alice.join("#tea");
  await bob.send("unread, alice");
  await dave.send("more");
  await alice.sees("unread, alice");
  await alice.say("/ban nobody!*@*");
  await alice.sees(/Only operators of #tea/);
  await bob.send("/msg alice psst");
  await alice.tab("bob").waitFor();
  await alice.tab("#lobby").click();
  await alice.say("/topic talk of everything");
  await alice.sees(/set the topic/);
  for (const colorScheme of ["light", "dark"] as const) {
    const state = (text: string) => `${text}, ${colorScheme}`;
    await alice.page.emulateMedia({ colorScheme });
    backgrounds.push(await alice.page.evaluate(brightness));
    await alice.assertAccessible(state("a room"));
    await alice.composer.fill("/");
    await alice.assertAccessible(state("hints"));
    await alice.composer.fill("");
    await alice.page.getByRole("button", { name: /your name and settings/ }).click();
    await alice.assertAccessible(state("settings"));
    await alice.dialog("You").getByRole("button", { name: "Help" }).click();
    await alice.assertAccessible(state("help"));
    await alice.page.keyboard.press("Escape");
    await alice.page.keyboard.press("Control+k");
    await alice.dialog("Go to a room").getByRole("button", { name: /#tea/ }).waitFor();
    await alice.assertAccessible(state("going to a room"));
    await alice.page.keyboard.press("Escape");
    await alice.page.getByRole("heading", { level: 1 }).getByRole("button").click();
    await alice.assertAccessible(state("about the room"));
    await alice.page.keyboard.press("Escape");
  }
  assert(backgrounds[0]! > 200 && backgrounds[1]! < 60, `light is ${backgrounds[0]}, dark is ${backgrounds[1]}`);
});

browse("page: everything works with the keyboard only", async (world) => {
  const alice = await world.visitor("", { viewport: { width: 900, height: 700 } });
  const { keyboard } = alice.page;
  await alice.until(alice.name, (element) => element === document.activeElement, true);
  await keyboard.type("alice");
  await keyboard.press("Enter");
  await alice.isIn("#lobby");
  using bob = await onNc(world, "bob");
  await alice.sees("guest1 is bob now");
  const focused = (label: RegExp) =>
    alice.page.waitForFunction(
      (label) => {
        const element = document.activeElement;
        // Without a focus, activeElement is the whole page, which contains every text.
        if (element === null || element === document.body) return false;
        return new RegExp(label).test(`${element.ariaLabel ?? ""} ${element.textContent}`);
      },
      label.source,
    );
  const writing = () => alice.until(alice.composer, (element) => element === document.activeElement, true);
  await writing();
  await keyboard.type("hello");
  await keyboard.press("Enter");
  await bob.until("<alice> hello");

  // Tab completes nicknames and commands.
  await keyboard.type("bo");
  await keyboard.press("Tab");
  await keyboard.type("how are you?");
  await keyboard.press("Enter");
  await bob.until("<alice> bob: how are you?");
  await keyboard.type("/j");
  await keyboard.press("Tab");
  await keyboard.type("#tea");
  await keyboard.press("Enter");
  await alice.isIn("#tea");

  // Between rooms, by keys and by the dialog.
  await keyboard.press("Alt+ArrowUp");
  await alice.isIn("#lobby");
  await keyboard.press("Alt+ArrowDown");
  await alice.isIn("#tea");
  await keyboard.press("Control+k");
  await alice.dialog("Go to a room").waitFor();
  await keyboard.type("lob");
  await keyboard.press("Enter");
  await alice.isIn("#lobby");
  await writing();

  // To the list of people, back, and to a user.
  const toPeople = async () => {
    for (let i = 0; i < 10; i++) {
      await keyboard.press("Shift+Tab");
      const { name, inside } = await alice.page.evaluate(() => ({
        name: document.activeElement?.textContent?.trim() ?? "",
        inside: document.activeElement?.getAttribute("aria-controls") ?? "",
      }));
      if (inside === "people") return assertMatch(name, /People\s+2/);
    }
    throw new Error("Shift Tab does not reach the list of people");
  };
  await toPeople();
  await keyboard.press("Enter");
  await focused(/alice/);
  await keyboard.press("Escape");
  await alice.until(alice.people, (element) => element.checkVisibility({ visibilityProperty: true }), false);
  await writing();
  await toPeople();
  await keyboard.press("Space");
  await focused(/alice/);
  await keyboard.press("ArrowDown");
  await focused(/bob/);
  await keyboard.press("Enter");
  await alice.dialog("bob").waitFor();
  await focused(/Talk in private/);
  await keyboard.press("Enter");
  await alice.sees("Only the two of you can read this.");
  await writing();
  await keyboard.type("psst");
  await keyboard.press("Enter");
  await bob.until("*alice* psst");

  // ArrowUp recalls the last message.
  await keyboard.press("ArrowUp");
  assertEquals(await alice.composer.inputValue(), "psst");
});

/** The brightness of the page, from 0 to 255. Runs on the page. */
function brightness(): number {
  const canvas = document.createElement("canvas").getContext("2d")!;
  canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((sum, each) => sum + each, 0) / 3;
}
