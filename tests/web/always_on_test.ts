/** Tests of accounts on the page, with the replies of the server: always on, and requests to NickServ that fail. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { changePassword, dropAccount, loadAlwaysOn, register, setAlwaysOn } from "../../src/web/account.js";
import { testAccounts } from "../protocol/irc/harness.ts";
import { LinkedPage, PAGE_CAPABILITIES } from "./linked_page.ts";

const PASSWORD = "open sesame";

const ACCOUNT_REQUIRED = "You need an account for that. Register your nickname: /register";

testAccounts("always on: the page shows the state of the account, and changes it", async (fixture) => {
  const page = new LinkedPage(await fixture.irc("alice", ...PAGE_CAPABILITIES, "draft/persistence"));
  const wrong: string[] = [];
  loadAlwaysOn(page.chat);
  assertEquals(page.sent, [], "a guest has no state");
  setAlwaysOn(page.chat, true, (why) => wrong.push(why));
  await page.settle();
  assertEquals([wrong.splice(0), page.model.alwaysOn], [[ACCOUNT_REQUIRED], undefined]);
  register(page.chat, PASSWORD, (text) => wrong.push(text), () => {});
  await page.settle();
  assertEquals(/always-on/.test(wrong.splice(0).join()), true, "the page offers it if the server mentions it");
  page.connection.account = "alice";
  loadAlwaysOn(page.chat);
  await page.settle();
  assertEquals(page.model.alwaysOn, { on: false, wanted: false });
  setAlwaysOn(page.chat, true, (why) => wrong.push(why));
  await page.settle();
  assertEquals(page.model.alwaysOn, { on: true, wanted: true });
  setAlwaysOn(page.chat, false, (why) => wrong.push(why));
  await page.settle();
  assertEquals([page.model.alwaysOn, wrong, page.shown], [{ on: false, wanted: false }, [], []]);
  page.online = false;
  setAlwaysOn(page.chat, true, (why) => wrong.push(why));
  assertEquals(wrong, ["Not connected. Try again when the connection is back."]);
});

testAccounts("account: the page tells a request that failed from one that was successful", async (fixture) => {
  const page = new LinkedPage(await fixture.irc("alice", ...PAGE_CAPABILITIES));
  const told: string[] = [];
  const answers = [(text: string) => told.push(`done: ${text}`), (why: string) => told.push(`failed: ${why}`)] as const;
  changePassword(page.chat, PASSWORD, ...answers);
  await page.settle();
  register(page.chat, PASSWORD, () => {}, () => {});
  await page.settle();
  changePassword(page.chat, "close sesame", ...answers);
  dropAccount(page.chat, PASSWORD, ...answers);
  dropAccount(page.chat, "close sesame", ...answers);
  await page.settle();
  assertEquals(told, [
    "failed: You are not logged in. First: /login NAME PASSWORD",
    "done: Your password is changed. All other devices and bots are signed out.",
    "failed: Wrong password.",
    "done: alice is no longer registered.",
  ]);
});
