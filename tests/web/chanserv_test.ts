/** Tests of requests to ChanServ on the page, with the texts that the server writes. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import type { Member } from "../../src/chat/member.ts";
import { Roles } from "../../src/chat/roles.ts";
import type { Room as ServerRoom } from "../../src/chat/room.ts";
import { listBans, listRoles, type RoomAdminContext } from "../../src/protocol/room_admin.ts";
import { loadBans, loadRoles, parseBan, parseRole } from "../../src/web/chanserv.js";
import type { ChatContext, PendingRequest } from "../../src/web/context.ts";
import { receive } from "../../src/web/handlers.js";
import { parse } from "../../src/web/irc.js";
import { Model } from "../../src/web/model.js";

const SINCE = Date.UTC(2026, 10, 20, 14, 5);

/** A page of alice in #tea, and the requests that it has sent. */
class Page {
  readonly model = new Model();
  readonly room = this.model.open("#tea");
  readonly sent: { line: string; request: PendingRequest | undefined }[] = [];
  readonly chat = {
    model: this.model,
    online: true,
    request: (command: string, params: string[], request?: PendingRequest) =>
      this.sent.push({ line: [command, ...params].join(" "), request }) > 0,
  } as unknown as ChatContext;

  constructor() {
    this.model.nick = "alice";
    this.model.setState(this.room, "in");
    this.model.show(this.room);
  }

  /** Receives the lines of an answer in a batch, and its end. */
  answer(request: PendingRequest | undefined, ...lines: string[]): void {
    for (const line of lines) receive(this.chat, parse(`@batch=1 ${line}`), request);
    receive(this.chat, parse("BATCH -1"), request);
  }

  get shown(): string[] {
    return this.room.lines.map(({ kind, text }) => `${kind}: ${text}`);
  }
}

const notice = (text: string) => `:ChanServ!services@irc.test NOTICE alice :${text}`;

Deno.test("chanserv: each role is read from the line that the server writes", () => {
  const by = "alice";
  const roles = new Roles([
    { account: "alice", role: "owner", since: SINCE, by },
    { account: "[x]^y", role: "op", since: SINCE + 1, by },
    { account: "Арина", role: "voice", since: SINCE + 2, by },
    { account: "dave", role: "member", since: SINCE + 3, by },
  ]);
  const room = { name: "#tea", roles, has: () => true } as unknown as ServerRoom;
  const lines = listRoles({ member: {} as Member } as RoomAdminContext, room);
  const since = new Date(SINCE);
  assertEquals(lines.map(parseRole), [
    { name: "alice", role: "owner", since },
    { name: "[x]^y", role: "operator", since },
    { name: "Арина", role: "voice", since },
    { name: "dave", role: "member", since },
  ]);
  const unowned = { name: "#tea", roles: new Roles(), has: () => true } as unknown as ServerRoom;
  assertEquals(listRoles({ member: {} as Member } as RoomAdminContext, unowned).map(parseRole), [undefined]);
});

Deno.test("chanserv: each ban is read from the line that the server writes, with the nickname if it has one", () => {
  const room = (bans: { mask: string; nick?: string }[]) => {
    const entries = bans.map((ban) => [ban.mask, { ...ban, by: "alice!~a@host", at: SINCE }] as const);
    return { name: "#tea", lists: { b: new Map(entries) } } as unknown as ServerRoom;
  };
  const masks = [
    { mask: "*!*@host", nick: "eve" },
    { mask: "~a:bob" },
    { mask: "~a:b*" },
    { mask: "*!*@a,b" },
  ];
  assertEquals(listBans(room(masks)).map((line) => parseBan(line)?.name), ["eve", "bob", "~a:b*", "*!*@a,b"]);
  assertEquals(parseBan(listBans(room(masks))[0] ?? ""), {
    name: "eve",
    mask: "*!*@host",
    by: "alice",
    since: new Date(SINCE),
  });
  assertEquals(listBans(room([])).map(parseBan), [undefined]);
});

Deno.test("chanserv: a list is complete at the end of the answer, and not shown in the room", () => {
  const page = new Page();
  const lists: unknown[] = [];
  loadRoles(page.chat, page.room, (roles) => lists.push(roles.map(({ name }) => name)));
  loadBans(page.chat, page.room, (bans) => lists.push(bans.map(({ name }) => name)));
  assertEquals(page.sent.map(({ line }) => line), ["CS MEMBERS #tea", "CS BANS #tea"]);
  const [roles, bans] = page.sent;
  page.answer(
    roles?.request,
    notice("~alice, an owner since 2026-11-20 14:05"),
    notice("bob, a member since 2026-11-20 14:05"),
  );
  receive(page.chat, parse(`@label=2 ${notice("#tea has no bans.")}`), bans?.request); // a line without a batch
  assertEquals([lists, page.shown], [[["alice", "bob"], []], []]);
});

Deno.test("chanserv: a list that the server refuses is not an empty one", () => {
  const page = new Page();
  const lists: unknown[] = [];
  loadRoles(page.chat, page.room, (roles) => lists.push(roles));
  receive(page.chat, parse("@label=1 442 alice #tea :You're not on that channel"), page.sent[0]?.request);
  assertEquals(lists, []);
});

Deno.test("chanserv: without a request, what it says is shown in the room, and no conversation is opened", () => {
  const page = new Page();
  receive(page.chat, parse(notice("bob owns #tea now.")), undefined);
  receive(page.chat, parse(notice("alice owns #tea now.")), { room: page.room });
  receive(page.chat, parse(notice("To revoke it: /msg ChanServ UNLINK #tea 1")), { room: page.room });
  assertEquals(page.shown, ["info: bob owns #tea now.", "info: alice owns #tea now.", "info: To revoke it: /unlink 1"]);
  assertEquals(page.model.tabs.length, 1);
});

Deno.test("rooms: RENAME keeps the tab, its messages and its place, and closes a tab with the new name", () => {
  const page = new Page();
  page.model.open("#den");
  page.model.setState(page.model.open("#Coffee"), "out");
  const changes: string[] = [];
  page.model.listen((change, room) => changes.push(`${change} ${room?.name}`));
  receive(page.chat, parse(":bob!~b@h RENAME #TEA #coffee :new \x02beans"), undefined);
  assertEquals(page.model.tabs.map(({ name }) => name), ["#coffee", "#den"]);
  assertEquals([page.model.find("#coffee"), page.model.find("#tea")], [page.room, undefined]);
  assertEquals(page.shown, ["info: bob renamed the room from #TEA to #coffee (new beans)"]);
  for (const change of ["tabs undefined", "room #coffee", "read #coffee"]) {
    assertEquals(changes.includes(change), true, change);
  }
  assertEquals(changes.includes("current #coffee"), false, "what is typed stays");
  receive(page.chat, parse(":bob!~b@h RENAME #coffee #COFFEE :"), undefined);
  assertEquals(page.model.tabs.map(({ name }) => name), ["#COFFEE", "#den"]);
  receive(page.chat, parse(":bob!~b@h RENAME #other #void :"), undefined);
  assertEquals(page.model.tabs.length, 2);
});

Deno.test("rooms: the settings are those of 324, and follow MODE", () => {
  const page = new Page();
  const silent = { room: page.room, silent: true };
  receive(page.chat, parse("324 alice #tea +ntkl key 20"), silent);
  receive(page.chat, parse("329 alice #tea 1"), silent);
  assertEquals([[...page.room.modes], page.shown], [[["n", ""], ["t", ""], ["k", "key"], ["l", "20"]], []]);
  receive(page.chat, parse(":bob!~b@h MODE #tea -t+i-k+bl key *!*@x 30"), undefined);
  assertEquals([...page.room.modes], [["n", ""], ["l", "30"], ["i", ""]]);
  page.room.lines.length = 0;
  receive(page.chat, parse("324 alice #tea +n"), { room: page.room });
  assertEquals(page.shown, ["info: Modes of #tea: +n"]);
});
