/** Tests of what server operators can do on the page, with the replies of the server. */
/// <reference lib="dom" />
import { assertEquals, assertMatch } from "@std/assert";
import { AuthService } from "../../src/accounts/auth.ts";
import { LoginThrottle } from "../../src/accounts/login_throttle.ts";
import { hashPassword } from "../../src/accounts/password.ts";
import { Operators } from "../../src/moderation/operators.ts";
import { loadOwnModes } from "../../src/web/account.js";
import { runInput, type Ui } from "../../src/web/commands.js";
import {
  becomeOperator,
  lift,
  loadServerBans,
  loadStatistics,
  parseServerBans,
  sanction,
  type ServerBan,
} from "../../src/web/operator.js";
import { exhaust } from "../accounts/helpers.ts";
import { testModeration } from "../protocol/moderation_harness.ts";
import { type ProtocolFixture, test } from "../protocol/irc/harness.ts";
import { LinkedPage, PAGE_CAPABILITIES } from "./linked_page.ts";

const OPERATORS = Operators.read(`root ${await hashPassword("open sesame")}`);

const throttle = new LoginThrottle({ now: () => 0 });

/** A page of a user, who is in #tea, and what its requests were answered. */
class Page extends LinkedPage {
  readonly told: string[] = [];
  readonly answers: [(text: string) => void, (why: string) => void] = [
    (text) => void this.told.push(`done: ${text}`),
    (why) => void this.told.push(`failed: ${why}`),
  ];
  bans: ServerBan[] = [];

  static async open(fixture: ProtocolFixture, nick: string, isOperator = true): Promise<Page> {
    const client = await fixture.irc(nick, ...PAGE_CAPABILITIES);
    if (isOperator) fixture.chat.setFlag(client.member, "operator", true);
    const page = new Page(client);
    page.model.show(page.model.open("#tea"));
    page.request("JOIN", ["#tea"]);
    await page.settle();
    page.sent.length = 0;
    for (const { lines } of page.model.tabs) lines.length = 0;
    return page;
  }

  /** Runs a command that is typed in #tea. */
  async types(line: string): Promise<string | undefined> {
    const why = runInput(this.chat, {} as Ui, this.model.current!, line);
    await this.settle();
    return why;
  }

  async loadBans(): Promise<string[]> {
    loadServerBans(this.chat, (bans) => this.bans = bans, this.answers[1]);
    await this.settle();
    return this.bans.map(({ what, isMute, time, by, about }) =>
      `${isMute ? "mute" : "ban"} of ${what} ${time} by ${by}: ${about}`
    );
  }
}

testModeration(
  "operator page: people are disconnected, muted and banned, and bans are lifted",
  async (fixture, server) => {
    const page = await Page.open(fixture, "root");
    const bob = await fixture.irc("bob");
    const carol = await fixture.irc("carol");
    sanction(page.chat, "kill", "bob", { reason: "be nice" }, ...page.answers);
    await page.settle();
    assertEquals(bob.gets().at(-1), "ERROR :Closing link: (bob) [Killed (root (be nice))]");
    sanction(page.chat, "mute", "carol", { time: "12h" }, ...page.answers);
    sanction(page.chat, "ban", "10.0.0.0/8", { reason: "too loud" }, ...page.answers);
    sanction(page.chat, "ban", "troll", { time: "1w" }, ...page.answers);
    await page.settle();
    carol.gets();
    assertEquals(page.told.splice(0), [
      "done: ",
      "done: Muted carol and everyone else from host.",
      "done: Banned 10.0.0.0/8; 3 disconnected.",
      "done: Banned troll!*@*; 3 disconnected.",
    ]);
    assertEquals(await page.loadBans(), [
      "ban of 10.0.0.0/8 for good by root: too loud",
      "ban of troll!*@* for 1w more by root: no reason given",
      "mute of *!*@host for 12h more by root: carol",
    ]);
    for (const ban of page.bans) lift(page.chat, ban, ...page.answers);
    await page.settle();
    assertEquals(carol.gets(), [":irc.test NOTICE * :You can speak again."]);
    assertEquals([await page.loadBans(), server.bans.all, fixture.chat.mutes.all], [[], [], []]);
    assertEquals(page.told.splice(0), [
      "done: Lifted the ban of 10.0.0.0/8.",
      "done: Lifted the ban of troll!*@*.",
      "done: Unmuted carol.",
    ]);
    assertEquals(page.shown.filter((line) => !line.startsWith("quiet:")), [], "nothing is shown in the room beside it");
  },
);

testModeration("operator page: an error of the server is told once, and nothing is done", async (fixture) => {
  const page = await Page.open(fixture, "root");
  sanction(page.chat, "kill", "nobody", {}, ...page.answers);
  sanction(page.chat, "ban", "*", {}, ...page.answers);
  sanction(page.chat, "mute", "root", { time: "soon" }, ...page.answers);
  sanction(page.chat, "ban", "bob 12h", {}, ...page.answers);
  lift(page.chat, { what: "x!*@*", isMute: false, time: "", by: "", about: "" }, ...page.answers);
  await page.settle();
  assertEquals(page.told.splice(0), [
    "failed: A name, an address or a mask has no spaces.",
    "failed: No such user: nobody.",
    "failed: Invalid ban: give an address, a network or a mask that does not match everyone.",
    "failed: Invalid time: give minutes, or a duration such as 12h.",
    "failed: There is no such ban. /bans lists the bans of the server.",
  ]);
  page.online = false;
  sanction(page.chat, "kill", "bob", {}, ...page.answers);
  assertEquals(page.told, ["failed: Not connected. Try again when the connection is back."]);
});

testModeration("operator page: a long reason comes whole, in however many lines", async (fixture) => {
  const page = await Page.open(fixture, "root");
  const reason = "é".repeat(100) + " " + "ü".repeat(54);
  sanction(page.chat, "ban", `*!*@${"x".repeat(90)}`, { reason }, ...page.answers);
  await page.settle();
  await page.loadBans();
  assertEquals([page.told, page.bans.map(({ about }) => about)], [[page.told[0]!], [reason]]);
  const lines = ["a!*@* for good, by root: some ", "long words", "~a:b muted for 1h more"];
  assertEquals(parseServerBans(lines).map(({ what, about }) => [what, about]), [
    ["a!*@*", "some long words"],
    ["~a:b", ""],
  ]);
});

testModeration("operator page: commands do the same, and show the outcome where they were typed", async (fixture) => {
  const page = await Page.open(fixture, "root");
  await fixture.irc("bob");
  const carol = await fixture.irc("carol");
  const typed = [
    "/mute carol 12h",
    "/bans",
    "/unmute carol",
    "/kill bob",
    "/announce tea is ready",
    "/stats",
    "/nodes",
  ];
  for (const line of typed) {
    assertEquals(await page.types(line), undefined, line);
  }
  assertEquals(page.shown.filter((line) => !line.startsWith("quiet:")), [
    "info: Muted carol and everyone else from host",
    "info: *!*@host muted for 12h more, by root: carol",
    "info: Unmuted carol",
    "info: Announcement from root: tea is ready",
    "info: All is well.",
    "info: This server is not part of a cluster.",
  ]);
  assertEquals(carol.gets().at(-1), ":irc.test NOTICE * :Announcement from root: tea is ready");
  for (const line of ["/kill", "/mute", "/unmute", "/announce", "/owner #tea"]) {
    assertEquals(typeof await page.types(line), "string", line);
  }
  assertEquals(page.sent.length, typed.length);
  const state: string[][] = [];
  loadStatistics(page.chat, (lines) => state.push(lines), page.answers[1]);
  await page.settle();
  assertEquals(state, [["All is well."]]);
});

testModeration("operator page: it knows whether the user is a server operator, also one no longer", async (fixture) => {
  const page = await Page.open(fixture, "root");
  const changes: boolean[] = [];
  page.model.listen((change) => change === "user" && changes.push(page.model.isServerOperator));
  loadOwnModes(page.chat);
  await page.settle();
  loadOwnModes(page.chat);
  await page.settle();
  page.request("MODE", ["root", "-o"]);
  await page.settle();
  loadOwnModes(page.chat);
  await page.settle();
  assertEquals(changes, [true, false]);
  page.model.setServerOperator(true); // as it was when the list of operators was changed
  sanction(page.chat, "kill", "root", {}, ...page.answers);
  await page.settle();
  assertEquals([page.model.isServerOperator, page.told], [false, ["failed: Only a server operator can do that."]]);
  assertEquals(page.shown.filter((line) => !line.startsWith("quiet:")), ["info: Your modes: -o"]);
});

test(
  "operator page: the password makes a server operator, and a wrong one is told",
  async (fixture) => {
    const page = await Page.open(fixture, "alice", false);
    becomeOperator(page.chat, "root", "close sesame", ...page.answers);
    await page.settle();
    assertEquals([page.told.splice(0), page.model.isServerOperator], [["failed: Wrong password."], false]);
    becomeOperator(page.chat, "root", "open sesame", ...page.answers);
    await page.settle();
    assertEquals([page.told.splice(0), page.model.isServerOperator], [["done: You are a server operator now."], true]);
    assertEquals(page.shown.filter((line) => !line.startsWith("quiet:")), []);
    assertEquals(await page.types("/oper root open sesame"), undefined);
    assertEquals(page.shown.filter((line) => !line.startsWith("quiet:")), ["info: You are a server operator now."]);
    await exhaust(throttle);
    becomeOperator(page.chat, "nobody", "open sesame", ...page.answers);
    await page.settle();
    const why = /^failed: Wrong password\. Too many wrong passwords from your address\. .* in \d+ seconds\.$/;
    assertMatch(page.told.join("|"), why);
    becomeOperator(page.chat, "root", "open sesame", ...page.answers);
    page.lose();
    assertEquals(page.told.slice(1), ["failed: The connection was lost."]);
  },
  () => ({ auth: new AuthService({ operators: OPERATORS, throttle }) }),
);

test("operator page: a server without operators says so", async (fixture) => {
  const page = await Page.open(fixture, "alice", false);
  becomeOperator(page.chat, "root", "open sesame", ...page.answers);
  await page.settle();
  assertEquals(page.told, ["failed: This server has no server operators: it was started without --operators."]);
});
