/** Tests of search on the page: queries, results, and going to them. */
/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CUT_OFF } from "./browser.ts";
import {
  browse,
  DAY,
  DEVICES,
  goBack,
  inView,
  manyLines,
  MINUTE,
  onNc,
  said,
  say,
  searchOn,
  shown,
  UNBOUND,
} from "./browser_history.ts";
import { executable } from "./forms.ts";
import { source } from "./harness.ts";

/** The messages that are searched. */
const TALK = [
  { room: "#tea", since: Date.now() - 3 * DAY, lines: manyLines("#tea", 400, topic).lines },
  { room: "#cake", since: Date.now() - 3 * DAY, lines: said("no kettle, but a CAKE") },
];

/** Messages with a kettle are more than a day old, so results show their date. */
function topic(n: number): string {
  if (n === 57) return "the Kettle is broken";
  if (n === 250) return "kéttle, the new one: \x02bold\x02 and red";
  return n % 4 === 3 ? `about the pot ${n}` : `line ${n}`;
}

browse(
  "page: search in one room or all rooms finds messages, and goes to them",
  async (world) => {
    const alice = await world.guest("alice", "#cake");
    const { page } = alice;
    const { keyboard } = page;
    await alice.join("#tea");
    await inView(alice, "about the pot 399");

    // With keys only.
    await keyboard.press("Control+Shift+F");
    const dialog = alice.dialog("Search");
    const words = dialog.getByRole("searchbox", { name: "Words" });
    const status = dialog.getByRole("status");
    const results = dialog.getByRole("list", { name: "Search results" }).getByRole("button");
    await alice.until(words, (element) => element === document.activeElement, true);
    await keyboard.press("Enter");
    await status.getByText("Enter the words to search for.").waitFor();
    await keyboard.type("KETTLE");
    await keyboard.press("Enter");
    await status.getByText("2 messages with these words.").waitFor();
    const texts = () => results.locator(".said").allTextContents();
    assertEquals(await texts(), ["kéttle, the new one: bold and red", "the Kettle is broken"]);
    assertEquals(await results.locator("mark").allTextContents(), ["kéttle", "Kettle"]);
    for (const about of await results.locator(".about").allTextContents()) {
      assertMatch(about, /^past\s+\d+ \w+ \d+, \d+:\d\d$/);
    }
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");
    await alice.until(results.last(), (element) => element === document.activeElement, true);
    const lit = await alice.lookOut(".line.found .text", "the Kettle is broken");
    await keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await inView(alice, "the Kettle is broken");
    const line = alice.line("the Kettle is broken");
    await alice.until(line, (element) => element === document.activeElement, true);
    await lit();
    await alice.until(line, (element) => element.classList.contains("found"), false);

    // The messages around it are loaded, and scrolling loads more in both directions.
    const around = await shown(alice);
    const at = around.indexOf("the Kettle is broken");
    assertEquals(around.slice(at - 2, at + 3), [55, 56, 57, 58, 59].map(topic));
    await page.getByRole("button", { name: "To the end" }).waitFor();
    await goBack(alice);
    await inView(alice, topic(0));
    while (!(await shown(alice)).includes(topic(399))) {
      await keyboard.press("End");
      await alice.frame();
    }
    assertEquals(await shown(alice), Array.from({ length: 400 }, (_, n) => topic(n).replaceAll("\x02", "")));

    // In all rooms, by a command. The results are still there when the dialog is opened again.
    await alice.say("/search kettle");
    await dialog.getByRole("radio", { name: "All your rooms" }).check();
    await status.getByText("3 messages with these words.").waitFor();
    assertEquals(await results.locator(".where").allTextContents(), ["#cake", "#tea", "#tea"]);
    await results.first().click();
    await alice.isIn("#cake");
    await inView(alice, "no kettle, but a CAKE");
    await page.getByRole("button", { name: "Search" }).click();
    await status.getByText("3 messages with these words.").waitFor();

    // More results than one page.
    await dialog.getByRole("button", { name: "Close" }).click();
    await alice.tab("#tea").click();
    await alice.say("/search POT about");
    await status.getByText("The last 50 messages with these words.").waitFor();
    await searchOn(dialog);
    await status.getByText(/^100 messages with these words.$/).waitFor();
    assertEquals(await texts(), Array.from({ length: 100 }, (_, i) => topic(399 - 4 * i)));

    await dialog.getByRole("radio", { name: "#tea" }).check();
    // Words that do not occur, no words at all, and query syntax of databases.
    for (
      const [sought, answer] of [
        ["kettle cake", "No messages found."],
        ["unheard", "No messages found."],
        ["kettle OR pot", "No messages found."],
        ['ettle* "', "No messages found."],
        ['NEAR("the" kettle', "No messages found."],
        ["; -- \\", "Nothing to search for: use words, from:NAME or has:link (punctuation and emoji are not indexed)."],
      ] as const
    ) {
      await words.fill("");
      await keyboard.press("Enter");
      await status.getByText("Enter the words to search for.").waitFor();
      await words.fill(sought);
      await keyboard.press("Enter");
      await status.getByText(answer).waitFor();
    }
    await words.fill('"kettle" (broken)');
    await keyboard.press("Enter");
    await status.getByText("1 message with these words.").waitFor();

    // Beginnings of words, and conditions.
    await words.fill("bro KETT after:2020-01-01");
    await keyboard.press("Enter");
    await status.getByText("1 message with these words.").waitFor();
    assertEquals(await results.locator("mark").allTextContents(), ["Kett", "bro"]);
    await words.fill("kett before:2020-01-01");
    await keyboard.press("Enter");
    await status.getByText("No messages found.").waitFor();
    await words.fill("in:#cake cak");
    await keyboard.press("Enter");
    await alice.until(results, (element) => element.textContent?.includes("#cake") ?? false, true);
    assertEquals(await results.locator("mark").allTextContents(), ["CAK"]);
    await words.fill("has:photo");
    await keyboard.press("Enter");
    await status.getByText("Only links can be found so: has:link.").waitFor();

    // Without a connection.
    alice.foreseen.push(CUT_OFF);
    await world.kill();
    await alice.until(status, () => document.getElementById("banner")!.hidden, false);
    await words.press("Enter");
    await status.getByText("Not connected. Try again when the connection is back.").waitFor();
  },
  { past: TALK, forms: [source, executable] },
);

for (const [device, options] of Object.entries(DEVICES)) {
  browse(`page: history and search fit and are accessible on ${device}, in light and dark`, async (world) => {
    const alice = await world.guest("alice", "#tea", options);
    const { page } = alice;
    await inView(alice, "about the pot 399");
    using bob = await onNc(world, "bob", "#tea");
    await page.goto("about:blank");
    await bob.until(/^-- alice left #/);
    await say(bob, ...Array.from({ length: 120 }, (_, n) => `news ${n}`));
    await page.goto(`${world.url}#tea`);
    await inView(alice, "news 119");
    await page.getByRole("button", { name: /More than 100 new messages since/ }).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await alice.assertAccessible(`unread messages on ${device}, ${colorScheme}`);
      await alice.assertFits(`unread messages on ${device}`);
    }
    const search = page.getByRole("button", { name: "Search" });
    await search.click();
    const dialog = alice.dialog("Search");
    await dialog.getByRole("searchbox").fill("kettle");
    await dialog.getByRole("button", { name: "Search", exact: true }).click();
    await dialog.getByText("2 messages with these words.").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await alice.assertAccessible(`search results on ${device}, ${colorScheme}`);
      await alice.assertFits(`search results on ${device}`);
    }
    await dialog.getByRole("button", { name: /broken/ }).click();
    await inView(alice, "the Kettle is broken");
    await alice.assertAccessible(`a found message on ${device}`);
    await alice.assertFits(`a found message on ${device}`);
    await page.getByRole("button", { name: "To the end" }).click();
    await inView(alice, "news 119");
    await goBack(alice);
    await alice.assertAccessible(`at the beginning, on ${device}`);
  }, { past: TALK });
}

/** Two messages in an answer, and three messages sent in the same millisecond. */
const FEW = ["--max-history", "2"];
const TOGETHER = [0, 1, 2, 2, 2, 3, 4].map((at, n) => ({ time: Date.now() - 60 * MINUTE + at, text: `old line ${n}` }));

browse(
  "page: history and search reach the beginning when the server returns few messages at a time",
  async (world, directory) => {
    const args = ["--data", directory.path, ...UNBOUND, ...FEW];
    const fixed = ["--web-port", String(world.server.webPort)];
    const fresh = Array.from({ length: 5 }, (_, n) => `line ${n + 7}`);
    const alice = await world.guest("alice", "#tea");
    await inView(alice, "old line 6");
    alice.foreseen.push(CUT_OFF);
    await world.kill();
    await alice.page.getByText(/The connection was lost|Cannot reach the server/).first().waitFor();
    await world.restart(args); // on another port, so that the page does not reconnect
    {
      using bob = await onNc(world, "bob", "#tea");
      await say(bob, ...fresh);
    }
    await world.kill();
    await world.restart([...args, ...fixed]);
    await inView(alice, "line 11");
    await alice.sees("This is where the room begins."); // what fits on the screen is loaded by itself
    const old = TOGETHER.map(({ text }) => text);
    const seen = (await shown(alice)).filter((text) => /line|may be missing/.test(text));
    assertEquals(seen, [...old, ...fresh]);

    // Of the messages of one millisecond, only as many as one answer has are found; earlier ones are.
    await alice.say("/search old");
    const dialog = alice.dialog("Search");
    await dialog.getByText("The last 2 messages with these words.").waitFor();
    await searchOn(dialog);
    const found = await dialog.getByRole("listitem").locator(".said").allTextContents();
    assertEquals(found, old.toReversed().filter((text) => text !== "old line 2"));
  },
  { past: [{ room: "#tea", since: Date.now() - DAY, lines: TOGETHER }], args: FEW },
);

/** Messages that would do harm if they were interpreted as HTML. */
const HARM = [
  "<script>document.title = 'hacked'</script> needle",
  "needle <img src=x onerror=document.title='hacked'>",
  "<style>*{display:none!important}</style>needle",
  "<mark>needle</mark><svg/onload=document.title='hacked'>",
  "&lt;b&gt; &#60;i> needle </li></ul></div></body>",
];

browse(
  "page: scripts and styles in messages and search results are shown as text",
  async (world) => {
    const alice = await world.guest("alice", "#tea");
    for (const text of HARM) await alice.sees(text);
    await alice.say("/search needle");
    const dialog = alice.dialog("Search");
    await dialog.getByText(`${HARM.length} messages with these words.`).waitFor();
    assertEquals(await dialog.locator(".said").allTextContents(), HARM.toReversed());
    assertEquals(await dialog.locator("mark").allTextContents(), HARM.map(() => "needle"));
    const strange = await alice.page.evaluate(() => {
      const found = document.querySelectorAll(
        "script:not([src]), style, [role=log] :is(img, mark), #search :is(img, svg, mark *), [style], [onerror], [onload]",
      );
      return [...found].map(({ outerHTML }) => outerHTML);
    });
    assertEquals(strange, []);
    assert(!(await alice.page.title()).includes("hacked"));
  },
  { past: [{ room: "#tea", since: Date.now() - DAY, lines: said(...HARM) }] },
);
