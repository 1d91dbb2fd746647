/** Tests of unread messages on the page: how many, where they begin, and the read markers that the browser stores. */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "../dependencies.ts";
import { assertInARow, browse, inView, manyLines, onNc, say, shown } from "./browser_history.ts";
import { executable } from "./forms.ts";
import { source } from "./harness.ts";

browse(
  "page: unread messages and mentions are counted and marked after coming back",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    const { page } = alice;
    await inView(alice, "line 299");
    await alice.titled("#tea · tincan"); // older messages are not new on the first visit
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, "line 300");
    await inView(alice, "line 300");

    // The next day.
    const away = async () => {
      await page.goto("about:blank");
      await bob.until(/^-- alice left #/);
    };
    const back = () => page.goto(`${world.url}#tea`);
    await away();
    await say(
      bob,
      ...Array.from({ length: 8 }, (_, n) => `line ${n + 301}`),
      "/join #lobby",
      "alice: lobby 0",
      "lobby 1",
    );
    await back();
    await inView(alice, "line 308");
    assertEquals(
      (await shown(alice)).slice(-10),
      [
        "line 299",
        "line 300",
        "-- New messages",
        ...Array.from({ length: 8 }, (_, n) => `line ${n + 301}`),
      ].slice(-10),
    );
    await alice.titled("(1) #tea · tincan");
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea");
    await alice.until(alice.tab("#lobby"), ({ textContent }) => textContent, "#lobby2 unread, 1 for you");
    await alice.tab("#lobby").click();
    await inView(alice, "lobby 1");
    await alice.titled("#lobby · tincan");
    assertEquals((await shown(alice)).slice(-3), ["-- New messages", "alice: lobby 0", "lobby 1"]);

    // Messages that were read are not new again.
    await away();
    await back();
    await inView(alice, "line 308");
    await alice.titled("#tea · tincan");
    assertEquals(await alice.page.getByRole("separator", { name: "New messages" }).count(), 0);

    // More than fit on the screen: the log starts at the first new one, and they are unread until the end was visible.
    await away();
    const many = Array.from({ length: 60 }, (_, n) => `line ${n + 309}`);
    await say(bob, "/join #tea", ...many);
    await back();
    await inView(alice, "line 309");
    const mark = page.getByRole("separator", { name: "New messages" });
    const box = await mark.evaluate((mark) => {
      return mark.getBoundingClientRect().top - mark.parentElement!.getBoundingClientRect().top;
    });
    assert(box >= 0 && box < 100, `the separator is at ${box}`);
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea60 unread");
    await away();
    await back();
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea60 unread");
    await page.getByRole("button", { name: "60 new messages", exact: true }).click();
    await inView(alice, "line 368");
    await alice.until(alice.tab("#tea"), ({ textContent }) => textContent, "#tea");
    const earliest = page.getByRole("button", { name: /new messages since/ });
    assertEquals(await earliest.count(), 0, "the beginning was visible");

    // More than are loaded at first: a button leads to the first new one.
    await away();
    await say(bob, ...Array.from({ length: 150 }, (_, n) => `line ${n + 369}`));
    await back();
    await inView(alice, "line 518");
    await alice.titled("#tea · tincan");
    assertEquals(await mark.count(), 0);
    // With the weekday if midnight has passed since.
    assertMatch(await earliest.textContent() ?? "", /^\s*More than 100 new messages since (?:\w+, )?\d+:\d\d\s*$/);
    await alice.assertAccessible("with the way to what is new");
    await earliest.click();
    await inView(alice, "line 369");
    await mark.waitFor();
    await earliest.waitFor({ state: "hidden" });
    const texts = await shown(alice);
    assertEquals(texts[texts.indexOf("-- New messages") + 1], "line 369");
    assertInARow(texts);
    // Scroll down from there.
    const toEnd = page.getByRole("button", { name: "To the end" });
    while (await toEnd.isVisible()) {
      await page.keyboard.press("End");
      await alice.frame();
    }
    await inView(alice, "line 518");
    assertInARow(await shown(alice));
    await say(bob, "line 519");
    await inView(alice, "line 519");
  },
  { past: [manyLines("#tea", 300)], forms: [source, executable] },
);

browse("page: read markers of 200 rooms are stored, and invalid stored data is ignored", async (world) => {
  const alice = await world.guest("alice", "#tea");
  await alice.page.evaluate(() => {
    const rows: unknown[] = Array.from({ length: 300 }, (_, n) => [`#room${n}`, `id${n}`, n]);
    rows.push("nonsense", [1, 2, 3], ["#x", "y", "z"], null);
    localStorage.setItem("tincan.read", JSON.stringify(rows));
  });
  const remembered = (page: Page) => {
    return page.evaluate(() => JSON.parse(localStorage.getItem("tincan.read") ?? "[]") as [string][]);
  };
  await alice.say("something");
  await alice.page.locator(".sending").waitFor({ state: "detached" });
  await alice.page.waitForFunction(() => localStorage.getItem("tincan.read")?.includes('"#tea"'));
  const rows = await remembered(alice.page);
  assert(rows.every((row) => row.map((each) => typeof each).join() === "string,string,number"), JSON.stringify(rows));
  const rooms = rows.map(([room]) => room);
  assertEquals(rooms.length, 200);
  assert(rooms.includes("#room299") && !rooms.includes("#room0"), rooms.join(" "));

  await alice.page.evaluate(() => localStorage.setItem("tincan.read", "{nonsense"));
  await alice.page.reload();
  await alice.isIn("#tea");
  await alice.sees("something");
  await alice.titled("#tea · tincan");
});
