/**
 * Tests of what messages look like on the page, and of how they are written: formatting, code, names, several lines, and the
 * list of suggestions.
 */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { missing, type Visitor, within, type World } from "./browser.ts";
import { onNc } from "./browser_history.ts";
import { checkLooks } from "./browser_looks.ts";
import { test } from "./forms.ts";
import { source } from "./harness.ts";
import { MultilineServer } from "./multiline_server.ts";

/** Registers a test with a browser. */
function browse(name: string, body: (world: World) => Promise<void>): void {
  test(name, (form) => within(form, body), missing, [source]);
}

/** A user of a server that supports messages of several lines. */
async function withMultiline(world: World, name: string): Promise<{ visitor: Visitor; server: MultilineServer }> {
  const server = new MultilineServer();
  const visitor = await world.visitor("", {}, (page) => server.prepare(page));
  await visitor.enter(name);
  return { visitor, server };
}

const CODE = `Here is **how** it works, @bob:

\`\`\`ts
/** Adds two numbers. */
export function add(a: number, b: number): number {
  return a + b; // *not* bold
}
\`\`\`
> did you test it?
> on _all_ nodes?

- yes
- and in #tea, see www.example.org`;

browse("page: code, quotes, formatting, links and names of a message are shown", async (world) => {
  const { visitor: alice, server } = await withMultiline(world, "alice");
  using bob = await onNc(world, "bob", "#lobby");
  await alice.people.getByRole("button", { name: "bob" }).waitFor();
  server.say("carol", "#lobby", CODE);
  const line = alice.line("Here is how it works");
  await line.waitFor();
  assertEquals(await line.locator(".bold").allTextContents(), ["how"]);
  assertEquals(await line.locator("pre code").textContent(), CODE.split("\n").slice(3, 7).join("\n"));
  assertEquals(await line.locator("blockquote").textContent(), "did you test it?\non all nodes?");
  assertEquals(await line.locator("blockquote .italic").textContent(), "all");
  assertEquals(
    await line.getByRole("link", { name: "www.example.org" }).getAttribute("href"),
    "http://www.example.org/",
  );

  // The code is copied.
  await alice.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await line.getByRole("button", { name: "Copy the ts code" }).click();
  await line.getByText("Copied").waitFor();
  assertEquals(
    await alice.page.evaluate(() => navigator.clipboard.readText()),
    CODE.split("\n").slice(3, 7).join("\n"),
  );

  // Without HTTPS, pages have no access to the clipboard, but can copy what is selected.
  await alice.page.evaluate(async () => {
    Object.assign(globalThis, { clipboard: navigator.clipboard });
    await navigator.clipboard.writeText("other");
    Object.defineProperty(navigator, "clipboard", { value: undefined });
  });
  await line.getByText("Copy", { exact: true }).waitFor();
  await line.getByRole("button", { name: "Copy the ts code" }).click();
  await line.getByText("Copied").waitFor();
  assertEquals(
    await alice.page.evaluate(() => (globalThis as unknown as { clipboard: Clipboard }).clipboard.readText()),
    CODE.split("\n").slice(3, 7).join("\n"),
  );

  // A mention has a mark, and other lines have none.
  await bob.send("alice: **look** at `x`, <b>no</b>", "malice");
  await alice.sees("malice");
  assertEquals(await alice.log.locator("mark").allTextContents(), ["alice"]);
  await alice.line("<b>no</b>").locator(".bold", { hasText: "look" }).waitFor();

  await line.locator(".named", { hasText: "@bob" }).click();
  await alice.dialog("bob").getByRole("button", { name: "Close" }).click();
  await line.getByRole("link", { name: "#tea" }).click();
  await alice.isIn("#tea");
});

browse("page: several lines are sent as one message, and too many are not sent", async (world) => {
  const { visitor: alice, server } = await withMultiline(world, "alice");
  const { keyboard } = alice.page;
  await alice.composer.focus();
  await keyboard.type("one");
  await keyboard.press("Shift+Enter");
  await keyboard.press("Shift+Enter");
  await keyboard.type("/two");
  assertEquals(await alice.composer.inputValue(), "one\n\n/two");
  assertEquals(await alice.composer.getAttribute("rows"), "3");
  await keyboard.press("Enter");
  await alice.page.locator(".sending").waitFor({ state: "detached" });
  assertEquals(server.sent.map((line) => line.replace(/^@label=\S+ /, "").replaceAll(/([+-]|batch=)m\w+/g, "$1")), [
    "BATCH + draft/multiline #lobby",
    "@batch= PRIVMSG #lobby one",
    "@batch= PRIVMSG #lobby :",
    "@batch= PRIVMSG #lobby /two",
    "BATCH -",
  ]);
  assertEquals(await alice.line("one").locator(".text").textContent(), "one\n\n/two");

  const text = Array.from({ length: 101 }, (_, n) => `line ${n}`).join("\n");
  await alice.composer.fill(text);
  const why = alice.page.getByRole("alert").getByText("The message has 101 lines; at most 100 can be sent at once.");
  await why.waitFor();
  await alice.composer.press("Enter");
  await why.waitFor();
  assertEquals(await alice.composer.inputValue(), text);
  await alice.composer.fill(text.replace(/.*\n/, ""));
  await why.waitFor({ state: "detached" });
  await alice.composer.press("Enter");
  await alice.sees("line 100");
});

browse("page: a long message is folded, and the log stays where it is when it is unfolded", async (world) => {
  const { visitor: alice, server } = await withMultiline(world, "alice");
  const text = Array.from({ length: 60 }, (_, n) => `line ${n + 1}`).join("\n");
  server.say("carol", "#lobby", text.split("\n").slice(0, 12).join("\n"));
  server.say("carol", "#lobby", text);
  const line = alice.line("line 60");
  await line.waitFor();
  const more = line.getByRole("button", { name: "Show all 60 lines" });
  assertEquals(await alice.log.getByRole("button").count(), 1, "a message of twelve lines is not folded");
  assertEquals(await more.getAttribute("aria-expanded"), "false");
  const folded = await line.evaluate((element) => element.clientHeight);
  assert(folded < 400, `${folded} px`);
  await more.click();
  assert(await line.evaluate((element) => element.clientHeight) > 1000);
  const top = await alice.log.evaluate((element) => element.scrollTop);
  server.say("carol", "#lobby", "one more");
  await alice.page.getByRole("button", { name: "1 new message", exact: true }).waitFor();
  assertEquals(await alice.log.evaluate((element) => element.scrollTop), top);
  await line.getByRole("button", { name: "Show less" }).click();
  assertEquals(await line.evaluate((element) => element.clientHeight), folded);
});

browse("page: names and emoji are suggested, and chosen with keys and with the pointer", async (world) => {
  const alice = await world.guest("alice");
  using _bob = await onNc(world, "bob", "#lobby");
  using _bert = await onNc(world, "bert", "#lobby");
  using _zoe = await onNc(world, "Zoë", "#lobby");
  await alice.people.getByRole("button", { name: "Zoë" }).waitFor();
  const { page } = alice;
  const { keyboard } = page;
  const list = page.getByRole("listbox", { name: "Suggestions" });
  const options = list.getByRole("option");
  const field = page.locator("#words");
  const combobox = page.getByRole("combobox", { name: /^Message / });
  await alice.composer.focus();
  await keyboard.type("hi @b");
  await combobox.waitFor();
  assertEquals(await options.allTextContents(), ["@bert", "@bob"]);
  const selected = () => list.getByRole("option", { selected: true }).textContent();
  assertEquals(await selected(), "@bert");
  await keyboard.press("ArrowDown");
  assertEquals(await selected(), "@bob");
  const active = await field.getAttribute("aria-activedescendant");
  assertEquals(await page.locator(`#${active}`).textContent(), "@bob");
  await alice.assertAccessible("suggestions");
  await keyboard.press("Enter");
  assertEquals(await field.inputValue(), "hi @bob ");
  await list.waitFor({ state: "hidden" });
  await alice.composer.waitFor(); // a text field again
  await keyboard.type("and @ZO");
  await options.first().waitFor();
  await keyboard.press("Tab");
  assertEquals(await field.inputValue(), "hi @bob and @Zoë ");
  await keyboard.type("@be");
  await options.first().click();
  assertEquals(await field.inputValue(), "hi @bob and @Zoë @bert ");
  assertEquals(await page.evaluate(() => document.activeElement?.id), "words");

  await keyboard.type(":tad");
  await options.first().waitFor();
  assertEquals(await options.first().textContent(), "🎉:tada:");
  await keyboard.press("Escape");
  await list.waitFor({ state: "hidden" });
  await keyboard.type("a:"); // a whole name needs no list
  await alice.until(field, (element) => (element as HTMLTextAreaElement).value, "hi @bob and @Zoë @bert 🎉");
  await keyboard.press("Enter");
  await alice.sees("@bert 🎉");

  // Not in code, times or addresses, and not if nothing fits.
  for (const text of ["`@b", "12:30", "a@b", "@nobody", "@bob", "http://b"]) {
    await field.fill(text);
    await alice.frame();
    assertEquals(await list.isHidden(), true, text);
  }
});

browse("page: messages and suggestions fit on all screens, light and dark", async (world) => {
  const { visitor: alice, server } = await withMultiline(world, "alice");
  using bob = await onNc(world, "bob", "#lobby");
  using _bert = await onNc(world, "bert-with-a-very-long-nickname", "#lobby");
  await bob.send(
    "hello *everyone*, \x0304,02colours\x03 and \x1eno\x1e `code`",
    "alice: @bert-with-a-very-long-nickname asks",
  );
  await alice.sees("asks");
  server.say("carol", "#lobby", Array.from({ length: 20 }, (_, n) => `${n + 1}. a line of a longer text`).join("\n"));
  server.say("carol", "#lobby", `\`\`\`\n${"const word = 1; ".repeat(20)}\n${"x".repeat(200)}\n\`\`\``);
  server.say("carol", "#lobby", CODE);
  await alice.line("Here is how it works").waitFor();
  await checkLooks(alice, "messages");
  await alice.composer.fill("@b");
  await alice.page.getByRole("option").first().waitFor();
  await checkLooks(alice, "names");
  await alice.page.locator("#words").fill("first\nsecond\nthird :sm");
  await alice.page.getByRole("option").first().waitFor();
  await checkLooks(alice, "emoji");
});
