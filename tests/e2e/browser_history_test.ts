/** Tests of the history on the page, from a file or from memory: coming back, scrolling to the beginning, private messages. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { CUT_OFF, DEADLINE, missing, within } from "./browser.ts";
import {
  assertInARow,
  browse,
  DAY,
  DelayingProxy,
  forget,
  goBack,
  inView,
  manyLines,
  numbers,
  offset,
  onNc,
  registerBoth,
  said,
  say,
  searchOn,
  shown,
  UNBOUND,
} from "./browser_history.ts";
import { executable, test } from "./forms.ts";
import { source } from "./harness.ts";
import { Disk, noDisk } from "./history_disk.ts";

browse(
  "page: missed messages are shown in order after a restart of the server",
  async (world, directory) => {
    const args = ["--data", directory.path, ...UNBOUND];
    const fixed = ["--web-port", String(world.server.webPort)];
    const alice = await world.guest("alice", "#tea");
    alice.foreseen.push(CUT_OFF);
    await alice.isIn("#tea");
    {
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, "/me puts the kettle on", "line 1", "line 2");
      await alice.sees("line 2");
    }
    await alice.say("line 3");
    await alice.page.locator(".sending").waitFor({ state: "detached" });
    await world.kill();
    await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();

    await world.restart(args); // on another port, so that the page does not reconnect
    {
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, "line 4", "line 5", "alice, are you there?");
    }
    await world.kill();
    await world.restart([...args, ...fixed]);
    await alice.sees("alice, are you there?");
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, "line 7");
    await alice.sees("line 7");
    const all = ["bob puts the kettle on", "line 1", "line 2", "line 3", "line 4", "line 5", "alice, are you there?"];
    const found = [...all.slice(0, 4), "-- New messages", ...all.slice(4), "line 7"];
    assertEquals(
      (await shown(alice)).filter((text) => !/^(bob|You) (put|gave|made)/.test(text) || all.includes(text)),
      found,
    );
    assertEquals(await alice.log.getByText(/were away are not shown/).count(), 0);

    // A new window shows the whole history, and counts none of it as new.
    const carol = await world.guest("carol", "#tea");
    await carol.sees("line 7");
    assertEquals(await shown(carol), [...all, "line 7"]);
    await carol.titled("#tea · tincan");
    await carol.sees("This is where the room begins.");
  },
  { forms: [source, executable] },
);

const LONG = 5000;
const PAST = manyLines("#tea", LONG);

browse(
  "page: 5,000 messages can be scrolled to the beginning and to the end, and visible lines do not move",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    const { page, log } = alice;
    await alice.isIn("#tea");
    await inView(alice, `line ${LONG - 1}`);
    assertEquals((await shown(alice)).length, 100);

    // With the wheel and with keys, from the input field and from the messages.
    const first = async () => numbers(await shown(alice))[0]!;
    const older = async (what: string, go: () => Promise<void>) => {
      const before = await first();
      const ends = Date.now() + DEADLINE;
      while (await first() === before) {
        if (Date.now() > ends) throw new Error(`No older message with ${what} within ${DEADLINE / 1000} s`);
        await go();
        await alice.frame();
      }
      assertInARow(await shown(alice));
    };
    await alice.until(alice.composer, (element) => element === document.activeElement, true);
    await older("PageUp in the input field", () => page.keyboard.press("PageUp"));
    await log.focus();
    await older("PageUp", () => page.keyboard.press("PageUp"));
    await older("Home", () => page.keyboard.press("Home"));
    await log.hover();
    await older("the wheel", () => page.mouse.wheel(0, -2000));
    await page.keyboard.press("End");
    await alice.until(log, (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 1, true);
    await inView(alice, `line ${LONG - 1}`);

    const { pages, most } = await goBack(alice);
    assert(pages >= 50, `${pages} pages`);
    assert(most <= 2100, `${most} lines`);
    await inView(alice, "line 0");
    const texts = await shown(alice);
    assertEquals(texts[0], "line 0");
    assertInARow(texts);
    // By the browser's calendar, and without the year, which some days have around New Year.
    const days = await page.evaluate((times) => {
      const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
      return [...new Set(times.map((time) => day.format(time)))];
    }, PAST.lines.slice(0, texts.length).map(({ time }) => time));
    assert(days.length > 1);
    const told = await log.getByRole("separator").allTextContents();
    const plain = (day: string) => day.replace(",", "").replace(/ \d{4}$/, "");
    assertEquals(told.map(plain), days.map(plain));

    // New messages are counted, and not appended to old ones.
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, `line ${LONG}`, `line ${LONG + 1}`);
    const latest = page.getByRole("button", { name: "2 new messages", exact: true });
    await latest.waitFor();
    await alice.titled("• #tea · tincan");
    assertInARow(await shown(alice));

    // Scrolling down from there loads the lines that the page has dropped.
    const last = async () => numbers(await shown(alice)).at(-1)!;
    for (let n = await last(); n < 2400; n = await last()) {
      await page.keyboard.press("End");
      await alice.frame();
    }
    assertInARow(await shown(alice));
    assert((await shown(alice)).length <= 2100);
    await latest.click();
    await inView(alice, `line ${LONG + 1}`);
    await alice.titled("#tea · tincan");
    assertInARow(await shown(alice));
    await say(bob, `line ${LONG + 2}`);
    await inView(alice, `line ${LONG + 2}`);
  },
  { past: [PAST] },
);

browse("page: messages sent while the history is loading are shown once, in their place", async (world) => {
  const people = new Map<string, DelayingProxy>();
  using bob = await onNc(world, "bob", "#tea");
  await say(bob, "line 0", "line 1");
  for (const [name, holds] of [["alice", "delaysRequests"], ["carol", "delaysAnswers"]] as const) {
    // Requests delayed: the new messages are in the answer. Answers delayed: they are not.
    const proxy = new DelayingProxy();
    people.set(name, proxy);
    proxy[holds] = true;
    const visitor = await world.visitor("#tea", {}, (page) => proxy.between(page));
    await visitor.name.fill(name);
    await visitor.page.keyboard.press("Enter");
    await proxy.delaying();
    await visitor.people.getByRole("button", { name: "bob" }).waitFor();
    const before = name === "alice" ? 2 : 4;
    await say(bob, `line ${before}`, `line ${before + 1}`);
    assertEquals(await shown(visitor), [], "new messages are queued until the history is loaded");
    proxy.release();
    await visitor.sees(`line ${before + 1}`);
    const texts = (await shown(visitor)).filter((text) => /^line|^--/.test(text));
    assertEquals(numbers(texts), Array.from({ length: before + 2 }, (_, n) => n));
  }
});

browse("page: history and search are not offered when the server has none", async (world) => {
  const alice = await world.visitor("#tea", {}, (page) => new DelayingProxy().between(page, true));
  await alice.enter("alice");
  await alice.isIn("#tea");
  await alice.sees("You joined here. Earlier messages are not shown.");
  await alice.page.getByRole("button", { name: "Search" }).waitFor({ state: "hidden" });
  await alice.say("/search anything");
  await alice.page.getByRole("alert").getByText("This server does not support search.").waitFor();
  alice.foreseen.push(CUT_OFF);
  await world.kill();
  await alice.sees("Messages sent while you were away are not shown here.");
});

const WORDS = Array.from({ length: 300 }, (_, n) => `word${n}`).join(" ");

browse(
  "page: a message of several lines is shown, counted and found as one",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    await alice.sees("after");
    const all = ["before", WORDS, "after"];
    assertEquals(await shown(alice), all);
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, ...all);
    await alice.until(alice.log, (log) => log.querySelectorAll(".say .text").length, 2 * all.length);
    assertEquals(await shown(alice), [...all, ...all]);
    await alice.say("/search word299");
    const result = alice.dialog("Search").getByRole("listitem");
    await result.getByText(/^… .* word299$/).first().waitFor();
    // The message sent just now may be found already.
    assert([1, 2].includes(await result.count()));
    assertEquals(await result.locator("mark").allTextContents(), Array(await result.count()).fill("word299"));
  },
  { past: [{ room: "#tea", since: Date.now() - DAY, lines: said("before", WORDS, "after") }] },
);

browse(
  "page: visible lines do not move, and lines are dropped, when many messages arrive while the user reads old ones",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    const { log } = alice;
    await inView(alice, "line 1999");
    await goBack(alice);
    await inView(alice, "line 0");
    await alice.page.getByRole("button", { name: "To the end" }).click();
    await inView(alice, "line 1999");
    // Scroll up so far that the beginning of the loaded lines is near.
    while (await log.locator(".line").count() < 1000) {
      await log.evaluate((log) => void (log.scrollTop = 0));
      await alice.frame();
    }
    await log.evaluate((log) => void (log.scrollTop = 1000));
    await alice.frame();
    const seen = await log.evaluate((log) => {
      const edge = log.getBoundingClientRect().top;
      const line = [...log.querySelectorAll(".line .text")].find((line) => line.getBoundingClientRect().top >= edge)!;
      return line.textContent!;
    });
    const before = await offset(alice, seen);
    using bob = await onNc(world, "bob", "#tea");
    for (let n = 0; n < 1500; n += 100) {
      await say(bob, ...Array.from({ length: 100 }, (_, i) => `line ${2000 + n + i}`));
    }
    await alice.page.getByRole("button", { name: "1500 new messages", exact: true }).waitFor();
    assert(Math.abs((await offset(alice, seen) ?? NaN) - before!) <= 1);
    assert(await log.locator(".line").count() <= 2100);
    assertInARow(await shown(alice));
    await alice.page.getByRole("button", { name: "1500 new messages", exact: true }).click();
    await inView(alice, "line 3499");

    // The user's own message is shown, with those before it.
    await alice.line("line 3450").waitFor();
    await log.evaluate((log) => void (log.scrollTop = 0));
    await inView(alice, "line 3450");
    await alice.page.getByRole("button", { name: "To the end" }).waitFor();
    await say(bob, ...Array.from({ length: 2100 }, (_, n) => `line ${n + 3500}`));
    await alice.page.getByRole("button", { name: "2100 new messages", exact: true }).waitFor();
    await alice.say("line 5600");
    await inView(alice, "line 5600");
    await alice.page.locator(".sending").waitFor({ state: "detached" });
    assertInARow(await shown(alice));
    await inView(alice, "line 5600");
  },
  { past: [manyLines("#tea", 2000)] },
);

test(
  "page: the history is in memory, and lost with the server, when --data is not given",
  (form) =>
    within(form, async (world) => {
      const args = [...UNBOUND, "--web-port", String(world.server.webPort)];
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, ...Array.from({ length: 250 }, (_, n) => `line ${n}`));
      const alice = await world.guest("alice", "#tea");
      await inView(alice, "line 249");
      await goBack(alice);
      await inView(alice, "line 0");
      assertInARow(await shown(alice));
      await alice.page.reload();
      await inView(alice, "line 249");
      await alice.titled("#tea · tincan");
      await alice.say("/search 42");
      const result = alice.dialog("Search").getByRole("listitem");
      await result.getByText("line 42").waitFor();
      await result.getByRole("button").click();
      await inView(alice, "line 42");
      assertInARow(await shown(alice));
      await alice.page.getByRole("button", { name: "To the end" }).click();
      await inView(alice, "line 249");

      alice.foreseen.push(CUT_OFF);
      await world.kill();
      await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();
      await world.restart(args);
      await alice.sees(
        "The server has lost its history: messages from before you came back may be missing here.",
      );
      using carol = await onNc(world, "carol", "#tea");
      await say(carol, "line 250");
      await inView(alice, "line 250");
      await alice.sees("line 249");
    }, UNBOUND),
  missing,
  [source],
);

browse("page: private messages are shown after a reload when the server stores them", async (world) => {
  const alice = await world.guest("alice");
  using bob = await onNc(world, "bob", "#lobby");
  await registerBoth(alice, bob);
  await say(bob, "/msg alice psst");
  await alice.tab("bob").click();
  await alice.sees("psst");
  await alice.say("what is it?");
  await bob.until("*alice* what is it?");
  await alice.page.reload();
  await alice.tab("bob").click();
  await alice.sees("what is it?");
  assertEquals(await shown(alice), ["psst", "what is it?"]);
  await alice.sees("Only the two of you can read this.");
  await alice.titled("bob · tincan");

  // A closed conversation stays closed until there is a new message.
  await alice.say("/part");
  await alice.tab("bob").waitFor({ state: "detached" });
  await alice.page.reload();
  await alice.isIn("#lobby");
  await alice.say("hello");
  await alice.page.locator(".sending").waitFor({ state: "detached" }); // earlier requests are answered, too
  assertEquals(await alice.tab("bob").count(), 0);
  await alice.say("/msg bob now?");
  await alice.sees("now?");
  await alice.sees("what is it?"); // older messages come a moment later
  assertEquals(await shown(alice), ["psst", "what is it?", "now?"]);
});

browse(
  "page: messages deleted on the server are skipped, and a jump to one says that it no longer exists",
  async (world, directory) => {
    const args = ["--data", directory.path, ...UNBOUND, "--web-port", String(world.server.webPort)];
    const alice = await world.guest("alice", "#tea");
    alice.foreseen.push(CUT_OFF);
    await inView(alice, "line 199");
    using bob = await onNc(world, "bob", "#tea");
    await say(bob, "mine");
    await alice.say("/search line");
    const dialog = alice.dialog("Search");
    await searchOn(dialog);
    await dialog.getByText(/^200 messages/).waitFor();
    await world.kill();
    await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();
    // The old messages are deleted, and a few later ones are there.
    await forget(directory, "past");
    await world.restart(args);
    await alice.page.getByRole("status").getByText(/The connection was lost|Cannot reach/).waitFor({ state: "hidden" });
    await alice.isIn("#tea");
    const result = (text: string) => dialog.getByRole("button", { name: new RegExp(`${text}$`) });
    await result("line 150").click();
    await inView(alice, "line 150"); // the page still has it
    await alice.log.evaluate((log) => void (log.scrollTop = 0));
    await alice.sees("This is where the room begins.");
    assertEquals((await shown(alice))[0], "line 100");
    await alice.page.keyboard.press("Control+Shift+F");
    await result("line 50").click();
    await alice.page.getByRole("alert").getByText("That message no longer exists.").waitFor();
    await alice.line("line 199").waitFor({ state: "detached" }); // the remaining messages are drawn a moment later
    assertEquals(await shown(alice), ["mine"]);
  },
  { past: [manyLines("#tea", 200)] },
);

test(
  "page: a message is marked as not sent, and can be sent again, when the server cannot store it",
  async (form) => {
    await using disk = await Disk.mount(4096);
    await within(form, async (world) => {
      const alice = await world.guest("alice", "#tea");
      await alice.say("line 0");
      await alice.page.locator(".sending").waitFor({ state: "detached" });
      const failed = alice.page.locator(".failed");
      for (let n = 1; await failed.count() === 0; n++) {
        await disk.fill(); // again, as the file has space for a few lines, and a checkpoint frees some of the disk
        await alice.say(`line ${n}`);
        await alice.page.locator(".sending").waitFor({ state: "detached" });
      }
      await failed.getByText("Not sent. The server cannot store messages right now. Try again later.")
        .waitFor();
      await disk.free();
      await failed.getByRole("button", { name: "Send again" }).click();
      await failed.waitFor({ state: "detached" });
      await alice.page.locator(".sending").waitFor({ state: "detached" });
      const texts = await shown(alice);
      await alice.page.reload();
      await alice.sees(texts.at(-1)!);
      assertEquals(await shown(alice), texts);
      assertInARow(texts);
    }, ["--data", disk.path, ...UNBOUND]);
  },
  missing ?? noDisk,
  [source],
);
