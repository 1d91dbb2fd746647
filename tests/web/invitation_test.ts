/** Tests of invite links on the page: the code in the address, how it is used, and the texts that the server writes. */
/// <reference lib="dom" />
import { assertEquals, assertMatch } from "@std/assert";
import type { InviteLink } from "../../src/chat/invite_links.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { listLinks, makeLink as makeOnServer } from "../../src/protocol/invite_links.ts";
import type { Chat } from "../../src/web/chat.js";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import {
  joinInvitation,
  loadLinks,
  makeLink,
  mayInvite,
  parseLink,
  revokeLink,
  takeInvitation,
  useInvitation,
} from "../../src/web/invitation.js";
import { parse } from "../../src/web/irc.js";
import { Model } from "../../src/web/model.js";
import { FakeConnection } from "../fake_connection.ts";
import { fakeModeration } from "../protocol/fake_moderation.ts";

const CODE = "abcdefghijklmnopqrst";

/** A page of alice in #tea, and the requests that it has sent. */
class Page {
  readonly model = new Model();
  readonly room = this.model.open("#tea");
  readonly sent: { line: string; request: PendingRequest | undefined }[] = [];
  readonly connection = { password: "", account: "", has: () => false };
  online = true;
  readonly chat = {
    model: this.model,
    online: true,
    connection: this.connection,
    request: (command: string, params: string[], request?: PendingRequest) => {
      if (this.online) this.sent.push({ line: [command, ...params].join(" "), request });
      return this.online;
    },
  } as unknown as ChatContext;

  constructor() {
    this.model.nick = "alice";
    this.model.setState(this.room, "in");
    this.model.show(this.room);
  }

  /** Answers the last request with notices of ChanServ. */
  answer(...texts: string[]) {
    const { request } = this.sent.at(-1)!;
    for (const text of texts) receive(this.chat, parse(`@batch=1 :ChanServ!s@irc.test NOTICE alice :${text}`), request);
    receive(this.chat, parse("BATCH -1"), request);
  }
}

/** Has the page at an address; returns the code and the address that is shown then. */
function at(pathname: string): [string, string | undefined] {
  let shown: string | undefined;
  const real = Object.getOwnPropertyDescriptor(globalThis, "location");
  const fakes = {
    location: { pathname, href: `https://chat.test${pathname}` },
    history: { replaceState: (_state: unknown, _title: string, url: string) => void (shown = url) },
  };
  for (const [name, value] of Object.entries(fakes)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    return [takeInvitation(), shown];
  } finally {
    if (real !== undefined) Object.defineProperty(globalThis, "location", real);
    else delete (globalThis as { location?: unknown }).location;
    delete (globalThis as { history?: unknown }).history;
  }
}

Deno.test("invitation: the code is taken out of the address, also behind a path", () => {
  assertEquals(at(`/i/${CODE}`), [CODE, "/"]);
  assertEquals(at(`/chat/i/${CODE.toUpperCase()}`), [CODE, "/chat/"]);
  for (const path of ["/", "/i/", `/i/${CODE}x`, `/j/${CODE}`]) assertEquals(at(path), ["", undefined], path);
});

Deno.test("invitation: the code is the password of a page that has none, and else is used once it is online", () => {
  const page = new Page();
  useInvitation(page.chat, "");
  joinInvitation(page.chat);
  assertEquals([page.connection.password, page.sent], ["", []]);
  useInvitation(page.chat, CODE);
  joinInvitation(page.chat);
  assertEquals([page.connection.password, page.sent], [CODE, []]);
  const other = new Page();
  other.connection.password = "secret";
  useInvitation(other.chat, CODE);
  joinInvitation(other.chat);
  joinInvitation(other.chat); // after it has reconnected
  assertEquals([other.connection.password, other.sent.map(({ line }) => line)], ["secret", [`JOIN ${CODE}`]]);
  receive(other.chat, parse(":alice!~a@h JOIN #den"), other.sent[0]!.request);
  assertEquals(other.model.current?.name, "#den");
});

Deno.test("invitation: the page shows the room that the server says it has come to", () => {
  const page = new Page();
  receive(page.chat, parse(":irc.test NOTE PASS INVITED #den :You came by an invite link to #den"), undefined);
  assertEquals(page.model.current?.name, "#den");
});

Deno.test("invitation: operators may invite, and in the lobby everyone with an account", () => {
  const page = new Page();
  const chat = page.chat as unknown as Chat;
  assertEquals([mayInvite(chat, page.room), mayInvite(chat, undefined)], [false, false]);
  page.model.addMember(page.room, "alice", "@", true);
  assertEquals(mayInvite(chat, page.room), true);
  page.model.setState(page.room, "out");
  assertEquals(mayInvite(chat, page.room), false);
  const lobby = page.model.open("#lobby");
  page.model.setState(lobby, "in");
  assertEquals(mayInvite(chat, lobby), false);
  page.connection.account = "alice";
  assertEquals(mayInvite(chat, lobby), true);
});

Deno.test("invitation: a link begins with the address of the page, even if the server has another one", async () => {
  const chat = new LocalChat({ history: new MemoryHistory() });
  const identity = { user: "~a", host: "h", realname: "" };
  const { member } = chat.connect("alice", identity, { render: () => "" }, new FakeConnection());
  const room = chat.join(member, "#tea");
  const made = await makeOnServer({ chat, moderation: fakeModeration(), member }, room, ["7d"], String);
  const page = new Page();
  let url = "";
  Object.defineProperty(globalThis, "location", { value: { href: "https://real.test/chat/#tea" }, configurable: true });
  try {
    makeLink(page.chat, page.room, { time: "7d", uses: "5" }, (made) => url = made, () => {});
    assertEquals(page.sent[0]!.line, "CS LINK #tea 7d 5");
    page.answer(...made!.sentences);
  } finally {
    delete (globalThis as { location?: unknown }).location;
  }
  assertMatch(url, /^https:\/\/real\.test\/chat\/i\/[a-z2-7]{20}$/);
});

Deno.test("invitation: each link is read from the line that the server writes", () => {
  const link: InviteLink = {
    ...{ id: 3, hash: "h", room: "#tea", by: "[x]^y", maker: "~a", since: 0, used: 2, guests: [] },
    until: Date.now() + 1e9,
    uses: 5,
  };
  const ends = [link, { ...link, id: 4, uses: undefined, until: 1 }, { ...link, id: 5, used: 5 }];
  const chat = { getRoom: () => undefined, links: { list: () => ends } };
  const lines = listLinks(
    { chat, moderation: fakeModeration(), member: {} } as unknown as Parameters<typeof listLinks>[0],
  );
  const links = lines.map(parseLink);
  assertEquals(links.map((each) => [each?.id, each?.by]), [["3", "[x]^y"], ["4", "[x]^y"], ["5", "[x]^y"]]);
  assertMatch(links[0]!.about, /^used 2 of 5 times, until .*20\d\d/);
  assertEquals(links.slice(1).map((each) => each?.about), ["used 2 times, expired", "used 5 of 5 times, used up"]);
  assertEquals(parseLink("#tea has no invite links that you may see."), undefined);
});

Deno.test("invitation: the links of a room are loaded and revoked, and without a connection that fails", () => {
  const page = new Page();
  const said: unknown[] = [];
  loadLinks(page.chat, page.room, (links) => said.push(links.map(({ id }) => id)));
  page.answer("1: #tea, by bob, used 0 times, expired", "2: #tea, by bob, used 0 times, expired");
  revokeLink(page.chat, page.room, "2", (text) => said.push(text), (why) => said.push(why));
  page.answer("Invite link 2 to #tea is revoked.");
  assertEquals(said, [["1", "2"], "Invite link 2 to #tea is revoked."]);
  assertEquals(page.sent.map(({ line }) => line), ["CS LINKS #tea", "CS UNLINK #tea 2"]);
  page.online = false;
  const offline = (why: string) => said.push(why);
  makeLink(page.chat, page.room, { time: "7d", uses: "" }, () => {}, offline);
  revokeLink(page.chat, page.room, "2", () => {}, offline);
  assertEquals(said.slice(2), Array(2).fill("Not connected. Try again when the connection is back."));
});
