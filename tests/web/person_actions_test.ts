/** Tests of what the dialog about a person offers, by the ranks of both. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Chat } from "../../src/web/chat.js";
import { Model } from "../../src/web/model.js";
import { personActions, serverActions } from "../../src/web/person_actions.js";

/** A page of alice in #tea, with her prefixes and the others'. */
class Page {
  readonly model = new Model();
  readonly room = this.model.open("#tea");
  readonly did: string[] = [];
  accounts = true;
  readonly chat = {
    model: this.model,
    connection: { has: () => this.accounts },
    request: (command: string, params: string[]) => this.did.push([command, ...params].join(" ")),
    openTab: (name: string) => this.did.push(`open ${name}`),
    part: ({ name }: { name: string }) => this.did.push(`part ${name}`),
  } as unknown as Chat;

  constructor(...members: string[]) {
    this.model.nick = "alice";
    this.model.setState(this.room, "in");
    for (const each of members) {
      const [, prefixes = "", nick = ""] = /^([~@+]*)(.*)$/.exec(each) ?? [];
      this.model.addMember(this.room, nick, prefixes);
    }
  }

  of(nick: string, banned = false, room = this.room) {
    return personActions(this.chat, room, nick, { banned, mention: (nick) => void this.did.push(`mention ${nick}`) });
  }

  /** The labels for an operator. */
  moderation(nick: string, banned = false): string[] {
    return this.of(nick, banned).moderation.map(({ label }) => label);
  }

  /** Presses a button, and returns what it does. */
  press(nick: string, label: string, banned = false, room = this.room): string[] {
    const { actions, moderation } = this.of(nick, banned, room);
    [...actions, ...moderation].find((action) => action.label === label)?.run();
    return this.did.splice(0);
  }
}

const LEAVE = ["Kick", "Ban"];

Deno.test("person: without a rank, there is nothing for operators", () => {
  for (const own of ["alice", "+alice"]) {
    const { actions, moderation, why } = new Page(own, "bob").of("bob");
    assertEquals(actions.map(({ label }) => label), ["Talk in private", "Mention", "Who is this?", "Ignore"], own);
    assertEquals([moderation, why], [[], ""], own);
  }
  assertEquals(new Page("alice").of("alice").actions.map(({ label }) => label), ["Mention", "Who is this?"]);
});

Deno.test("person: an operator changes roles below owner, kicks and bans", () => {
  const page = new Page("@alice", "bob", "+carol", "@dave", "~eve");
  assertEquals(page.moderation("bob"), ["Make operator", "Give voice", "Make member", ...LEAVE]);
  page.accounts = false;
  assertEquals(page.moderation("bob"), ["Make operator", "Give voice", ...LEAVE]);
  page.accounts = true;
  assertEquals(page.moderation("carol"), ["Make operator", "Remove voice", ...LEAVE]);
  assertEquals(page.moderation("dave"), ["Remove as operator", ...LEAVE]);
  assertEquals(page.moderation("alice"), ["Remove as operator"]);
  assertEquals([page.moderation("eve"), page.of("eve").why], [[], "Only owners of the room can act against an owner."]);
});

Deno.test("person: an owner makes owners, and does not end being one here", () => {
  const page = new Page("~alice", "bob", "+carol", "@dave", "~eve");
  assertEquals(page.moderation("bob").slice(0, 2), ["Make owner", "Make operator"]);
  assertEquals(page.moderation("dave"), ["Make owner", "Remove as operator", ...LEAVE]);
  assertEquals(page.moderation("eve"), ["Make operator", "Remove as owner", "Kick"]);
  assertEquals(page.moderation("alice"), []);
});

Deno.test("person: a user who has left the room can be banned, and a banned one let in again", () => {
  const page = new Page("@alice");
  assertEquals(page.moderation("bob"), ["Ban"]);
  assertEquals(page.moderation("bob", true), ["Lift the ban"]);
  assertEquals(page.press("bob", "Lift the ban", true), ["UNBAN #tea bob"]);
});

Deno.test("person: each button does what it says", () => {
  const page = new Page("~alice", "bob", "+carol", "@dave", "~eve");
  const presses: [nick: string, label: string, did: string][] = [
    ["bob", "Talk in private", "open bob"],
    ["bob", "Mention", "mention bob"],
    ["bob", "Who is this?", "WHOIS bob"],
    ["bob", "Ignore", "SILENCE +bob"],
    ["bob", "Make owner", "MODE #tea +q bob"],
    ["bob", "Make operator", "MODE #tea +o bob"],
    ["bob", "Give voice", "MODE #tea +v bob"],
    ["bob", "Make member", "CS MEMBER #tea ADD bob"],
    ["bob", "Kick", "KICK #tea bob"],
    ["bob", "Ban", "BAN #tea bob"],
    ["carol", "Remove voice", "MODE #tea -v carol"],
    ["dave", "Remove as operator", "MODE #tea -o dave"],
    ["eve", "Make operator", "MODE #tea -q+o eve eve"],
    ["eve", "Remove as owner", "MODE #tea -q eve"],
  ];
  for (const [nick, label, did] of presses) assertEquals(page.press(nick, label), [did], `${nick}: ${label}`);
});

Deno.test("person: who is ignored by nickname or by account is ignored no longer", () => {
  const page = new Page("alice", "bob", "bobby", "carol");
  page.model.setIgnored(["BOB", "carol!*@host"]);
  assertEquals(page.press("bob", "Stop ignoring"), ["SILENCE -bob"]);
  assertEquals(page.press("carol", "Stop ignoring"), ["SILENCE -carol"]);
  page.model.add(page.room, { kind: "say", nick: "bobby", text: "hi", time: new Date(), author: "bobby!*@host" });
  assertEquals(page.press("bobby", "Stop ignoring"), []);
  // A message tells that bobby has the account bob.
  page.model.add(page.room, { kind: "say", nick: "bobby", text: "hi", time: new Date(), author: "bob" });
  assertEquals(page.press("bobby", "Stop ignoring"), ["SILENCE -bobby"]);
});

Deno.test("person: a private conversation can be closed, and has nothing for operators", () => {
  const page = new Page("@alice", "bob");
  const bob = page.model.open("bob");
  const { actions, moderation } = page.of("bob", false, bob);
  assertEquals(actions.map(({ label }) => label), ["Who is this?", "Ignore", "Close this tab"]);
  assertEquals([moderation, page.press("bob", "Close this tab", false, bob)], [[], ["part bob"]]);
});

Deno.test("person: server operators have more, and others nothing", () => {
  const page = new Page("alice", "bob", "~carol");
  const labels = (nick: string, room = page.room) =>
    serverActions(page.chat, room, nick, () => {}).map(({ label }) => label);
  assertEquals(labels("bob"), []);
  page.model.setServerOperator(true);
  const all = ["Mute …", "Disconnect …", "Ban from the server …", "Lost password …"];
  assertEquals(labels("bob"), [...all, "Make owner of #tea"]);
  assertEquals(labels("carol"), all, "she owns it already");
  assertEquals(labels("ALICE"), []);
  assertEquals(labels("bob", page.model.open("bob")), all);
  assertEquals(labels("bob", page.model.open("#Lobby")), all, "the lobby can have no owner");
  const opened: string[] = [];
  for (const { run } of serverActions(page.chat, page.room, "bob", (kind) => opened.push(kind))) run();
  assertEquals([opened, page.did], [["mute", "kill", "ban", "reset"], ["CS OWNER #tea bob"]]);
  page.accounts = false;
  assertEquals(labels("bob"), all.slice(0, 3));
});
