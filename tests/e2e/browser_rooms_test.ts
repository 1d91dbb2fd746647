/**
 * Tests of the page in Chromium: going between rooms by dialog and keys, input methods, pending messages, and the name of the
 * server.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Locator } from "../dependencies.ts";
import { shown } from "./browser_history.ts";
import { CUT_OFF, missing, type Visitor, within, type World } from "./browser.ts";
import { test } from "./forms.ts";
import { Client, source } from "./harness.ts";

/** Registers a test with a browser. */
function browse(name: string, body: (world: World) => Promise<void>, args: string[] = []): void {
  test(name, (form) => within(form, body, args), missing, [source]);
}

/** Joins over the text protocol. */
async function onNc({ server }: World, name: string): Promise<Client> {
  const client = await Client.join(server.port);
  await client.send(`/nick ${name}`);
  await client.until(`-- guest1 is now ${name}`);
  return client;
}

browse(
  "page: the dialog of rooms goes to a room when a word is typed, and to a user when a nickname is",
  async (world) => {
    using _bob = await onNc(world, "bob");
    const alice = await world.guest("alice");
    const { keyboard } = alice.page;
    const go = async (typed: string) => {
      await alice.rooms.getByRole("button", { name: "Join a room" }).click();
      await alice.dialog("Go to a room").waitFor();
      await keyboard.type(typed);
      await alice.assertAccessible(`going to ${typed}`);
      await keyboard.press("Enter");
    };
    await go("kitchen");
    await alice.isIn("#kitchen");
    await go("lob");
    await alice.isIn("#lobby");
    await go("BOB");
    await alice.page.getByRole("heading", { level: 1, name: "bob" }).waitFor();
    await alice.sees("Only the two of you can read this.");
    await go("@bob");
    await go("tea room");
    await alice.isIn("#tea-room");
    await go("#garden");
    await alice.isIn("#garden");
    assertEquals(await alice.tab("garden").count() + await alice.tab("kitchen").count(), 0);
    // Commands do the same.
    await alice.say("/join cellar,#attic");
    await alice.isIn("#attic");
    await alice.tab("#cellar").waitFor();
    await alice.say("/names kitchen");
    await alice.sees("In #kitchen: @alice");
    await alice.say("/list");
    await alice.sees("Online: bob, alice");
    await alice.say("/laeve");
    const unknown = "No such command: /laeve. Did you mean /leave? To send it as a message, write //laeve.";
    await alice.page.getByText(unknown).waitFor();
  },
);

/** Presses a key that an input method handles, as Safari reports it right after the composition has ended. */
async function compose(page: Visitor["page"], key: string, modifiers = 0): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const text = key === "Enter" ? { text: "\r" } : {};
  const event = { key, code: key, windowsVirtualKeyCode: 229, modifiers, ...text };
  await session.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
  await session.send("Input.dispatchKeyEvent", { type: "keyUp", ...event, text: undefined });
  await session.detach();
}

browse("page: a key that an input method handles sends nothing, closes nothing and leaves no field", async (world) => {
  const alice = await world.visitor();
  const { page } = alice;
  const CONTROL = 2;
  const has = (field: Locator) => alice.until(field, (element) => element === document.activeElement, true);
  const keys = async (field: Locator, state: () => Promise<void>) => {
    await has(field);
    for (const key of ["Enter", "Escape", "Tab", "ArrowDown", "ArrowUp"]) {
      await compose(page, key);
      await has(field);
      await state();
    }
  };
  await alice.name.fill("alice");
  await keys(alice.name, () => alice.dialog(/welcome/i).waitFor());
  await alice.enter("alice");
  using bob = await onNc(world, "bob");
  await alice.say("first");
  await bob.until("<alice> first");
  await alice.composer.fill("b");
  await keys(alice.composer, async () => assertEquals(await alice.composer.inputValue(), "b"));
  await alice.composer.fill("");
  await compose(page, "ArrowUp");
  assertEquals(await alice.composer.inputValue(), "");
  await compose(page, "k", CONTROL);
  assertEquals(await alice.dialog("Go to a room").count(), 0);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("tea");
  await keys(page.getByRole("textbox", { name: /^Room/ }), () => alice.dialog("Go to a room").waitFor());
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+f");
  await page.keyboard.type("first");
  const words = page.getByRole("searchbox", { name: "Words" });
  await keys(words, async () => assertEquals(await alice.dialog("Search").getByRole("status").textContent(), ""));
  await alice.dialog("Search").getByRole("button", { name: "Close" }).click();
  await alice.rooms.getByRole("button", { name: /your name and settings/ }).click();
  const nick = alice.dialog("You").getByRole("textbox", { name: "Your name" });
  await nick.fill("eve");
  await keys(nick, () => alice.dialog("You").waitFor());
  await page.keyboard.press("Escape");

  // During the composition, key events have a flag.
  await alice.composer.fill("half");
  await alice.composer.evaluate((element) => {
    const event = { key: "Enter", isComposing: true, bubbles: true, cancelable: true };
    element.dispatchEvent(new KeyboardEvent("keydown", event));
  });
  assertEquals(await alice.composer.inputValue(), "half");
  await page.keyboard.press("Enter");
  assertEquals(await bob.lines(1), ["<alice> half"]);
});

/** The elements within another one at which Tab stops, in order. */
async function stopsIn(alice: Visitor, locator: Locator): Promise<string[]> {
  const { page } = alice;
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const stops: string[] = [];
  const seen = new Set<string>();
  while (true) {
    await page.keyboard.press("Tab");
    const stop = await locator.evaluate((element) => {
      const { activeElement } = document;
      (globalThis as { stops?: (Element | null)[] }).stops ??= [];
      const { stops } = globalThis as unknown as { stops: (Element | null)[] };
      if (!stops.includes(activeElement)) stops.push(activeElement);
      const name = activeElement?.textContent?.trim().replaceAll(/\s+/g, " ") ?? "";
      return { key: String(stops.indexOf(activeElement)), name, inside: element.contains(activeElement) };
    });
    if (seen.has(stop.key)) return stops;
    seen.add(stop.key);
    if (stop.inside) stops.push(stop.name);
  }
}

browse("page: rooms and people are one stop of Tab each, and the arrow keys move among them", async (world) => {
  using _bob = await onNc(world, "bob");
  const alice = await world.guest("alice");
  const { page } = alice;
  const names = Array.from({ length: 44 }, (_, n) => `#r${String(n).padStart(2, "0")}`);
  await alice.say(`/join ${names.join(",")}`);
  await alice.isIn("#r43");
  await alice.say("/msg bob hi");
  await alice.sees("Only the two of you can read this.");
  const shown = (name: string) =>
    alice.until(alice.tab(name), (element) => {
      const [inner, outer] = [element, element.closest(".tabs")!].map((each) => each.getBoundingClientRect());
      return inner!.top >= outer!.top && inner!.bottom <= outer!.bottom;
    }, true);
  await shown("bob");
  await alice.say("/join #r30");
  await alice.isIn("#r30");
  await shown("#r30");
  for (let n = 0; n < 31; n++) await page.keyboard.press("Alt+ArrowUp");
  await alice.isIn("#lobby");
  await shown("#lobby");
  await alice.assertAccessible("44 rooms");

  const inRooms = await stopsIn(alice, alice.rooms);
  assertEquals(inRooms.map((name) => name.replace(/^alice.*/, "alice")), [
    "#lobby",
    "Join a roomCtrl K",
    "bob",
    "alice",
  ]);
  assertEquals((await stopsIn(alice, alice.people)).length, 1);

  await page.keyboard.press("Control+k");
  const go = alice.dialog("Go to a room");
  await go.getByRole("button").nth(45).waitFor();
  assertEquals((await stopsIn(alice, go)).sort(), ["", "#lobby"]); // the field and the list
  await page.keyboard.press("Escape");
  await go.waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement?.id === "words"); // it gets the focus when the dialog has closed

  const focused = (name: string) =>
    page.waitForFunction((name) => document.activeElement?.textContent?.startsWith(name) === true, name);
  await alice.tab("#lobby").focus();
  const moves = [
    ["ArrowDown", "#r00"],
    ["ArrowDown", "#r01"],
    ["ArrowUp", "#r00"],
    ["End", "#r43"],
    ["ArrowDown", "#r43"],
    ["Home", "#lobby"],
    ["ArrowUp", "#lobby"],
    ["End", "#r43"],
  ] as const;
  for (const [key, name] of moves) {
    await page.keyboard.press(key);
    await focused(name);
  }
  await page.keyboard.press("Tab");
  await focused("");
  await page.keyboard.press("Shift+Tab");
  await focused("#lobby"); // the current room
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await alice.isIn("#r43");
  await alice.tab("#lobby").click();

  // People: the focus stays when others join or leave, and moves to the next button when its own is removed.
  const button = (name: string) => alice.people.getByRole("button", { name });
  await button("alice").focus();
  await page.keyboard.press("ArrowDown");
  await focused("bob");
  using carol = await onNc(world, "aaron");
  await button("aaron").waitFor();
  await focused("bob");
  await page.keyboard.press("Home");
  await focused("aaron");
  await carol.send("/quit");
  await button("aaron").waitFor({ state: "detached" });
  await focused("alice");
});

browse("page: a line that a hung server delivers later is no longer offered to send again", async (world) => {
  const alice = await world.visitor("", {}, (page) => page.clock.install());
  alice.foreseen.push(CUT_OFF);
  await alice.enter("alice");
  using bob = await onNc(world, "bob");
  await alice.say("before");
  await bob.until("<alice> before");
  await alice.page.locator(".sending").waitFor({ state: "detached" });
  world.server.kill("SIGSTOP");
  await alice.say("is it there?");
  await alice.page.clock.fastForward(40_000); // a PING is sent …
  await alice.page.clock.fastForward(40_000); // … and not answered
  await alice.page.getByRole("button", { name: "Send again" }).waitFor();
  await alice.sees(/^Possibly not sent: /);
  world.server.kill("SIGCONT");
  await bob.until("<alice> is it there?");
  const again = alice.page.getByRole("button", { name: "Try now" });
  if (await again.isVisible()) await again.click();
  await alice.page.locator(".failed").waitFor({ state: "detached" });
  assertEquals(await alice.line("is it there?").count(), 1);
});

browse(
  "page: lines of an ignored user are hidden, also after a reload, until the user is no longer ignored",
  async (world) => {
    const alice = await world.guest("alice");
    using bob = await onNc(world, "bob");
    await bob.send("one");
    await alice.sees("one");
    await alice.say("/ignore bob");
    await alice.sees("You ignore bob now. To see again what bob says: /unignore bob");
    await bob.send("two", "/msg alice psst");
    await bob.until("-> *alice* psst");
    await alice.say("three");
    await alice.sees("three");
    assertEquals(await shown(alice), ["You ignore bob now. To see again what bob says: /unignore bob", "three"]);
    await alice.page.reload();
    await alice.isIn("#lobby");
    await alice.sees("three");
    assertEquals(await shown(alice), ["three"]);
    await bob.send("/msg alice psst");
    await bob.until("-> *alice* psst");
    await alice.say("/unignore bob");
    await alice.sees("You no longer ignore bob.");
    assertEquals(await shown(alice), ["one", "two", "three", "You no longer ignore bob."]);
    assertEquals(await alice.tab("bob").count(), 0, "no private message has come");
  },
);

browse("page: a kicked user who cannot rejoin is not told of a lost connection", async (world) => {
  const alice = await world.guest("alice");
  await alice.join("#tea");
  const eve = await world.guest("eve");
  await eve.join("#tea");
  await alice.say("hello eve");
  await eve.sees("hello eve");
  await alice.say("/kick eve be nice");
  const trouble = eve.page.getByRole("form", { name: "Not in this room" });
  await trouble.getByText("alice kicked you from #tea: be nice.").waitFor();
  await alice.say("/mode +i");
  await alice.sees(/made the room invite-only/);
  await trouble.getByRole("button", { name: "Rejoin" }).click();
  await trouble.getByText("#tea is invite-only. Ask an operator of the room for an invitation.").waitFor();
  await eve.log.and(eve.page.locator("[aria-busy=false]")).waitFor();
  assertEquals(await eve.log.getByText(/disconnected|connection|were away/).count(), 0);
});

browse("page: the server's name stands in the title, the heading and the welcome, as text", async (world) => {
  const name = `a<b>&"c`;
  const alice = await world.visitor();
  await alice.titled(`#lobby · ${name}`);
  await alice.dialog(`Welcome to ${name}`).waitFor();
  await alice.enter("alice");
  await alice.titled(`#lobby · ${name}`);
  await alice.rooms.getByText(name, { exact: true }).waitFor();
  assertEquals(await alice.page.getByText(/tincan/i).count(), 0);
  assert(!(await (await fetch(world.url)).text()).includes("tincan"));
}, ["--name", `a<b>&"c`]);
