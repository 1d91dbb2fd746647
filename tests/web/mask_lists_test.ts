/** Tests of the exceptions of a room on the page, with the replies of the server. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { type Exception, loadExceptions, maskFor } from "../../src/web/mask_lists.js";
import { test, THEN } from "../protocol/irc/harness.ts";
import { LinkedPage, PAGE_CAPABILITIES } from "./linked_page.ts";

test("exceptions: each list is loaded with names, and only for operators of the room", async (fixture) => {
  const page = new LinkedPage(await fixture.irc("alice", ...PAGE_CAPABILITIES));
  const bob = new LinkedPage(await fixture.irc("bob", ...PAGE_CAPABILITIES));
  const tea = page.model.open("#tea");
  page.request("JOIN", ["#tea"]);
  page.request("MODE", ["#tea", "+eee", "~a:carol", "dave", "*!*@host"]);
  await page.settle();
  tea.lines.length = 0;
  const lists: Exception[][] = [];
  for (const list of ["e", "I"] as const) loadExceptions(page.chat, tea, list, (found) => lists.push(found));
  await page.settle();
  const by = { by: "alice", since: new Date(THEN * 1000) };
  assertEquals(lists, [[
    { name: "carol", mask: "~a:carol", ...by },
    { name: "dave", mask: "dave!*@*", ...by },
    { name: "*!*@host", mask: "*!*@host", ...by },
  ], []]);
  assertEquals(page.shown, []);
  bob.request("JOIN", ["#tea"]);
  loadExceptions(bob.chat, bob.model.open("#tea"), "e", (found) => lists.push(found));
  await bob.settle();
  assertEquals(lists.length, 2, "what the server refuses is not an empty list");
});

test("exceptions: a name is that of an account, unless the server has none", async (fixture) => {
  const page = new LinkedPage(await fixture.irc("alice", ...PAGE_CAPABILITIES));
  const masks = ["bob", "bob!*@*", "*@host", "~a:b*", "b?b"];
  assertEquals(masks.map((mask) => maskFor(page.chat, mask)), ["~a:bob", ...masks.slice(1)]);
  page.connection.has = () => false;
  assertEquals(masks.map((mask) => maskFor(page.chat, mask)), masks);
});
