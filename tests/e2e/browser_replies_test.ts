/**
 * Tests of what users of the page do with messages: reply, react, delete, and see typing notifications, each with the pointer, by
 * touch and by keyboard.
 */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { CUT_OFF, missing, type Visitor, within, type World } from "./browser.ts";
import { onNc, say, UNBOUND } from "./browser_history.ts";
import { test } from "./forms.ts";
import { source } from "./harness.ts";

/** Registers a test with a browser. */
function browse(name: string, body: (world: World) => Promise<void>, args: string[] = []): void {
  test(name, (form) => within(form, body, args), missing, [source]);
}

/** Opens the menu of a message with the pointer, and presses a button of it. */
async function choose(visitor: Visitor, text: string, action: string): Promise<void> {
  await visitor.line(text).hover();
  await visitor.line(text).getByRole("button", { name: action, exact: true }).click();
}

/** The reactions that a message shows, with `*` if the user has them. */
async function reactions(visitor: Visitor, text: string): Promise<string[]> {
  const chips = visitor.line(text).locator(".reaction");
  return await chips.evaluateAll((all) =>
    all.map((chip) => chip.textContent + (chip.ariaPressed === "true" ? "*" : ""))
  );
}

browse("page: a reaction is counted on all pages, and the same button takes it back", async (world) => {
  const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
  await alice.say("Lunch at one?");
  await bob.sees("Lunch at one?");
  await choose(bob, "Lunch at one?", "React with 👍");
  const chip = alice.page.getByRole("button", { name: "bob reacted with 👍" });
  await chip.click();
  await alice.page.getByRole("button", { name: "bob and alice reacted with 👍", pressed: true }).waitFor();
  await bob.page.getByRole("button", { name: "bob and alice reacted with 👍", pressed: true }).waitFor();
  assertEquals(await reactions(bob, "Lunch at one?"), ["👍 2*"]);
  await bob.page.getByRole("button", { name: "bob and alice reacted with 👍" }).click();
  await alice.page.getByRole("button", { name: "alice reacted with 👍", pressed: true }).waitFor();
  await alice.assertAccessible("with reactions");
  await alice.assertFits("with reactions");

  // A page that is loaded again has them from the history.
  await alice.page.reload();
  await alice.sees("Lunch at one?");
  assertEquals(await reactions(alice, "Lunch at one?"), ["👍 1*"]);
});

browse("page: any emoji is a reaction, found by its name or typed", async (world) => {
  const alice = await world.guest("alice");
  await alice.say("done");
  await alice.line("done").and(alice.page.locator(":not(.sending)")).waitFor();
  await choose(alice, "done", "Other reaction");
  const picker = alice.dialog("Choose a reaction");
  await picker.getByRole("textbox").fill(":rocket");
  await picker.getByRole("button", { name: "rocket", exact: true }).waitFor();
  await alice.assertAccessible("with the picker");
  await alice.page.keyboard.press("Enter");
  await alice.page.getByRole("button", { name: "alice reacted with 🚀" }).waitFor();
  await choose(alice, "done", "Other reaction");
  await picker.getByRole("textbox").fill("🦄");
  await picker.getByRole("button", { name: "🦄" }).waitFor();
  await alice.page.keyboard.press("Enter");
  await alice.page.getByRole("button", { name: "alice reacted with 🦄" }).waitFor();
  await choose(alice, "done", "Other reaction");
  await picker.getByRole("textbox").press("Escape");
  await picker.waitFor({ state: "detached" });
});

browse("page: a reply quotes the message, and the quote leads to it, also when that is far back", async (world) => {
  const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
  await alice.say("Lunch at one?");
  await bob.sees("Lunch at one?");
  await choose(bob, "Lunch at one?", "Reply");
  await bob.page.getByText("Reply to alice Lunch at one?").waitFor();
  await bob.assertAccessible("while replying");
  await bob.page.keyboard.press("Escape");
  await bob.page.locator("#reply").waitFor({ state: "hidden" });
  await choose(bob, "Lunch at one?", "Reply");
  await bob.say("yes, **gladly**");
  await bob.page.locator("#reply").waitFor({ state: "hidden" });
  await alice.line("gladly").locator(".quote").getByText("Lunch at one?").waitFor();

  // The page of carol has the reply alone, and asks for the rest.
  for (let n = 0; n < 120; n++) await bob.say(`filler ${n}`);
  await alice.sees("filler 119");
  await choose(alice, "filler 119", "Reply");
  await alice.say("enough");
  const carol = await world.guest("carol");
  await carol.line("enough").locator(".quote").getByText("filler 119").click();
  await carol.page.locator(".found").filter({ hasText: "filler 119" }).waitFor();
});

browse(
  "page: the message that is replied to stays chosen when the page is loaded again, unless it is gone",
  async (world) => {
    const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
    for (const text of ["Lunch at one?", "yes"]) await bob.say(text);
    await alice.sees("yes");
    await choose(alice, "Lunch at one?", "Reply");
    await alice.composer.fill("gladly");
    await alice.page.reload();
    await alice.page.getByText("Reply to bob Lunch at one?").waitFor();
    await alice.composer.press("Enter");
    await bob.line("gladly").locator(".quote").getByText("Lunch at one?").waitFor();
    await alice.page.locator("#reply").waitFor({ state: "hidden" });

    await choose(alice, "yes", "Reply");
    await alice.page.goto("about:blank");
    const own = bob.page.locator(".line.own").filter({ hasText: "yes" });
    await own.hover();
    await own.getByRole("button", { name: "Delete", exact: true }).click();
    await own.getByRole("button", { name: "Delete for all?" }).click();
    await bob.page.locator(".line.deleted").waitFor();
    await alice.page.goto(world.url);
    await alice.page.locator(".line.deleted").waitFor();
    await alice.page.locator("#reply").waitFor({ state: "hidden" });
    assertEquals(await alice.page.evaluate(() => sessionStorage.getItem("tincan.reply.#lobby")), null);
  },
);

browse(
  "page: the quote of a message that is not loaded comes after a lost connection, and goes when it is deleted",
  async (world) => {
    using bob = await onNc(world, "bob", "#tea");
    using dave = await onNc(world, "dave", "#tea");
    await say(bob, "the original");
    // A page loads a hundred messages: of these, the answer is the first.
    await say(dave, "/reply bob the answer", ...Array.from({ length: 99 }, (_, n) => `filler ${n}`));
    let cut = false;
    const alice = await world.visitor("#tea", {}, (page) =>
      page.routeWebSocket(/\/irc$/, (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((frame) => {
          if (cut || !/ AROUND #tea \S+ 1$/.test(String(frame))) return server.send(frame);
          cut = true;
          void socket.close();
          void server.close();
        });
      }));
    alice.foreseen.push(CUT_OFF, /already in CLOSING/); // what it sends at that moment
    await alice.enter("alice");
    const quote = alice.line("the answer").locator(".quote");
    await quote.getByText("the original").waitFor();
    assertEquals(cut, true);
    await alice.tab("#lobby").click();
    await alice.isIn("#lobby");
    await say(bob, "/delete the original");
    await dave.until('-- bob deleted: "the original"');
    await alice.tab("#tea").click();
    await quote.getByText("Deleted message").waitFor();
  },
  UNBOUND,
);

browse("page: a deleted message is gone from all pages and their quotes, and stays as deleted", async (world) => {
  const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
  await alice.say("oops, a secret");
  await bob.sees("oops, a secret");
  await choose(bob, "oops, a secret", "Reply");
  await bob.say("I saw that");
  await alice.sees("I saw that");
  await bob.line("oops, a secret").first().hover();
  assertEquals(await bob.line("oops, a secret").first().getByRole("button", { name: "Delete" }).count(), 0);
  const own = alice.page.locator(".line.own").filter({ hasText: "oops, a secret" });
  await own.hover();
  await own.getByRole("button", { name: "Delete", exact: true }).click();
  await own.getByRole("button", { name: "Delete for all?" }).click();
  for (const visitor of [alice, bob]) {
    await visitor.page.locator(".line.deleted").getByText("Deleted", { exact: true }).waitFor();
    await visitor.line("I saw that").locator(".quote").getByText("Deleted message").waitFor();
    assertEquals(await visitor.page.getByText("a secret").count(), 0);
  }
  await bob.page.reload();
  await bob.page.locator(".line.deleted").getByText("Deleted", { exact: true }).waitFor();
  await bob.sees("I saw that");
  assertEquals(await bob.page.getByText("a secret").count(), 0);
  await bob.assertAccessible("with a deleted message");
});

browse("page: the arrow keys go from message to message, and Enter opens the menu", async (world) => {
  const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
  for (const text of ["first", "second"]) await bob.say(text);
  await alice.sees("second");
  await alice.log.focus();
  for (const key of ["ArrowUp", "ArrowUp", "Enter", "Enter"]) await alice.page.keyboard.press(key);
  await bob.page.getByRole("button", { name: "alice reacted with 👍" }).waitFor();
  assertEquals(await reactions(bob, "first"), ["👍 1"]);
  await alice.page.keyboard.press("ArrowDown"); // the focus has stayed at the message
  await alice.line("second").getByRole("toolbar").waitFor();
  await alice.log.focus();
  await alice.page.keyboard.press("ArrowUp");
  await alice.page.keyboard.press("Enter");
  for (let n = 0; n < 4; n++) await alice.page.keyboard.press("ArrowRight");
  await alice.page.keyboard.press("Enter");
  await alice.page.getByText("Reply to bob second").waitFor();
  assertEquals(await alice.page.evaluate(() => document.activeElement?.id), "words");
});

browse("page: on a phone, a tap opens the menu of a message", async (world) => {
  const phone = await world.guest("alice", "", {
    viewport: { width: 360, height: 640 },
    hasTouch: true,
    isMobile: true,
  });
  const bob = await world.guest("bob");
  await bob.say("tap me, I am a message that takes up two lines on a phone at least");
  await phone.line("tap me").locator(".text").tap();
  await phone.line("tap me").getByRole("button", { name: "React with ❤️" }).waitFor();
  await phone.assertFits("with the menu of a message");
  await phone.line("tap me").getByRole("button", { name: "React with ❤️" }).tap();
  await bob.page.getByRole("button", { name: "alice reacted with ❤️" }).waitFor();
});

browse("page: others see that a user is typing, until the message comes or the user stops", async (world) => {
  const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
  await bob.composer.pressSequentially("hel");
  const typing = alice.page.getByText("bob is typing …");
  await typing.waitFor();
  await alice.assertAccessible("while bob is typing");
  await bob.say("hello");
  await alice.sees("hello");
  await typing.waitFor({ state: "detached" });
  await bob.composer.pressSequentially("/me");
  await bob.composer.fill("");
  await bob.composer.pressSequentially("x");
  await typing.waitFor();
  await bob.composer.fill("");
  await typing.waitFor({ state: "detached" });
});

browse(
  "page: on a narrow phone, quotes, reactions, menu, picker and typing line stay within the window",
  async (world) => {
    const phone = await world.guest("alice", "", {
      viewport: { width: 320, height: 568 },
      hasTouch: true,
      isMobile: true,
    });
    const bob = await world.guest("bob");
    const text = "words that are many more than those that fit into a row of a phone ".repeat(2).trim();
    await bob.say(text);
    await phone.line(text).locator(".text").tap();
    await phone.line(text).getByRole("button", { name: "Reply" }).tap();
    await phone.say("an answer");
    await bob.line("an answer").locator(".quote").waitFor();
    for (const action of ["React with 👍", "React with 😂"]) await choose(bob, "an answer", action);
    await phone.line("an answer").locator(".reaction").nth(1).waitFor();
    await choose(bob, "an answer", "Reply");
    await bob.say("```\nand a quote of it\n```");
    await phone.line("and a quote of it").locator(".quote").getByText("an answer").waitFor();
    await phone.assertFits("with quotes and reactions");
    const own = phone.page.locator(".line.own");
    await own.locator(".text").tap();
    await own.getByRole("button", { name: "Delete", exact: true }).tap();
    await phone.assertFits("with the question of the menu");
    await phone.line("and a quote of it").locator(".quote").evaluate((quote) => quote.parentElement!.focus());
    await phone.line("and a quote of it").getByText("and a quote of it").tap();
    await phone.line("and a quote of it").getByRole("button", { name: "Other reaction" }).tap();
    const picker = phone.dialog("Choose a reaction");
    await picker.waitFor();
    const inside = await picker.evaluate((element) => {
      const [box, log] = [element.getBoundingClientRect(), element.closest("[role=log]")!.getBoundingClientRect()];
      return box.top >= log.top && box.bottom <= log.bottom && box.left >= 0 && box.right <= innerWidth;
    });
    assertEquals(inside, true);
    await phone.page.keyboard.press("Escape");
    await bob.composer.pressSequentially("hm");
    await phone.page.getByText("bob is typing …").waitFor();
    const free = await phone.page.evaluate(() =>
      document.querySelector("#typing")!.getBoundingClientRect().top -
      document.querySelector(".field")!.getBoundingClientRect().bottom
    );
    assertEquals(free >= -1, true, `the typing line begins ${free} px below the field`);
  },
);

browse("page: the menu of a message that begins above the window is visible", async (world) => {
  const [alice, bob] = [await world.guest("alice"), await world.guest("bob")];
  await bob.say(Array.from({ length: 12 }, (_, n) => `row ${n}`).join("\n"));
  for (let n = 0; n < 30; n++) await bob.say(`filler ${n}`);
  await alice.sees("filler 29");
  const line = alice.line("row 11");
  await line.evaluate((element) => {
    element.closest("[role=log]")!.scrollTop = (element as HTMLElement).offsetTop + 100;
  });
  await alice.frame();
  await line.locator(".text").hover({ position: { x: 20, y: 200 } });
  const menu = line.getByRole("toolbar");
  await menu.waitFor();
  const hidden = await menu.evaluate((element) =>
    element.closest("[role=log]")!.getBoundingClientRect().top - element.getBoundingClientRect().top
  );
  assertEquals(hidden <= 0, true, `${hidden} px are hidden`);
});
