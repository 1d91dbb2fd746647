/** Invite links: permissions to make and revoke them, what they do for their users, when they end, and limits. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import {
  type InviteLink,
  type InviteLinkStore,
  LINK_TIME,
  LINK_TIME_MAX,
  LINK_USES_MAX,
  LinkRegistry,
  LINKS_OF_MAKER_MAX,
  LINKS_OF_ROOM_MAX,
  LINKS_TOTAL,
} from "../../src/chat/invite_links.ts";
import { drawCode, hashCode, readCode } from "../../src/chat/link_code.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Identity, Member } from "../../src/chat/member.ts";
import type { ModeChange } from "../../src/chat/modes.ts";
import { WRONG_KEYS_AGAIN } from "../../src/chat/rate_limits.ts";
import { StoreError } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { IDENTITY, Inbox, spell } from "./helpers.ts";
import { START, TwoNodes } from "./two_nodes.ts";

const DAY = 86_400_000;

function createChat(links = new LinkRegistry()): LocalChat {
  return new LocalChat({
    history: new MemoryHistory(),
    links,
    policy: { isRegistered: (nick) => ["alice", "erin"].includes(nick.toLowerCase()) },
  });
}

function arrive(chat: LocalChat, nick: string, identity: Partial<Identity> = {}): Member {
  return chat.connect(nick, { ...IDENTITY, ...identity }, { render: spell }, new Inbox()).member;
}

function assertRejected(code: ChatErrorCode, run: () => unknown) {
  assertEquals(assertThrows(run, ChatError).code, code);
}

/** A closed room with its operator, and a guest outside of it. */
function closedRoom(...changes: ModeChange[]) {
  const chat = createChat();
  const [ann, bob] = [arrive(chat, "ann"), arrive(chat, "bob")];
  const room = chat.join(ann, "#tea");
  chat.setModes(ann, room, [{ on: true, mode: "i" }, { on: true, mode: "k", key: "sesame" }, ...changes]);
  return { chat, ann, bob, room };
}

Deno.test("invite links: a code opens a room with +i, +k, +l and +R, in place of the key or of the name", () => {
  const { chat, ann, bob, room } = closedRoom({ on: true, mode: "l", limit: 1 }, { on: true, mode: "R" });
  assertRejected("login-required", () => chat.join(bob, "#tea", "sesame"));
  const { code, link } = chat.links.add(ann, room);
  assertEquals([link.id, link.room, link.by, link.until - link.since], [1, "#tea", "ann", LINK_TIME]);
  assertEquals(chat.join(bob, "#tea", code), room);
  assert(room.has(bob));
  assertEquals(chat.links.list(ann)[0]?.used, 1);
  for (const written of [code, code.toUpperCase(), `https://chat.example.org/i/${code}`]) {
    assertEquals(chat.join(arrive(chat, chat.guestName()), written), room);
  }
});

Deno.test("invite links: a code is not used by a member that needs none, and opens no other room", () => {
  const { chat, ann, bob, room } = closedRoom();
  const { code } = chat.links.add(ann, room);
  const other = chat.join(ann, "#milk");
  chat.join(bob, "#milk", code); // open: the key does not matter
  assert(other.has(bob));
  chat.leave(bob, other);
  chat.setModes(ann, other, [{ on: true, mode: "i" }]);
  assertRejected("link-unknown", () => chat.join(bob, "#milk", code));
  chat.join(ann, "#tea", code); // is in it
  assertEquals(chat.links.list(ann)[0]?.used, 0);
});

Deno.test("invite links: a link for one user is used up by the first one, which may come again; a second one is rejected", () => {
  const { chat, ann, bob, room } = closedRoom();
  const carol = arrive(chat, "carol");
  const { code } = chat.links.add(ann, room, DAY, 1);
  chat.join(bob, code);
  assertRejected("link-used-up", () => chat.join(carol, code));
  chat.leave(bob, room);
  chat.join(bob, code);
  assert(room.has(bob) && !room.has(carol));
  assertEquals(chat.links.list(ann)[0]?.used, 1);
  assertEquals(chat.links.check(code, IDENTITY.host), hashCode(code)); // bob may connect again
  assertRejected("link-used-up", () => chat.links.check(code, "elsewhere"));
});

Deno.test("invite links: a link does not override a ban, and does not count then", () => {
  const { chat, ann, bob, room } = closedRoom();
  const { code } = chat.links.add(ann, room);
  chat.setModes(ann, room, [{ on: true, mode: "b", mask: "bob!*@*" }]);
  assertRejected("banned", () => chat.join(bob, code));
  assertEquals([chat.links.list(ann)[0]?.used, bob.invitations.size], [0, 0]);
});

Deno.test("invite links: only operators make links to a room, and accounts and server operators to the lobby", () => {
  const { chat, ann, bob, room } = closedRoom();
  assertRejected("not-in-room", () => chat.links.add(bob, room));
  const { code } = chat.links.add(ann, room);
  chat.join(bob, code);
  assertRejected("not-operator", () => chat.links.add(bob, room));
  const lobby = chat.join(bob, "#lobby");
  assertRejected("account-required", () => chat.links.add(bob, lobby));
  chat.setFlag(bob, "operator", true);
  assertEquals(chat.links.add(bob, lobby).link.room, "#lobby");
  assertEquals(chat.links.add(bob, room).link.room, "#tea");
  const alice = arrive(chat, "alice", { account: "alice" });
  assertEquals(chat.links.add(alice, lobby).link.maker, "~alice");
  chat.mutes.add(alice.host, Infinity);
  assertRejected("muted", () => chat.links.add(alice, lobby));
});

Deno.test("invite links: an account with a role makes links to a room that it is not in", () => {
  const chat = createChat();
  const alice = arrive(chat, "alice", { account: "alice" });
  const room = chat.join(alice, "#tea");
  chat.leave(alice, room);
  assertEquals(chat.links.add(alice, room).link.room, "#tea");
});

Deno.test("invite links: the time is 1 minute to 90 days, and the users are 1 to LINK_USES_MAX", () => {
  const { chat, ann, room } = closedRoom();
  for (const time of [59_999, LINK_TIME_MAX + 1, Infinity, NaN]) {
    assertRejected("link-time-invalid", () => chat.links.add(ann, room, time));
  }
  for (const uses of [0, -1, LINK_USES_MAX + 1, Infinity, NaN]) {
    assertRejected("link-uses-invalid", () => chat.links.add(ann, room, DAY, uses));
  }
  assertEquals(chat.links.list(ann), []);
  chat.links.add(ann, room, 60_000, LINK_USES_MAX);
  chat.links.add(ann, room, LINK_TIME_MAX, 1);
  assertEquals(chat.links.list(ann).length, 2);
});

Deno.test("invite links: makers, operators of the room and server operators see and revoke a link, others do not", () => {
  const { chat, ann, bob, room } = closedRoom();
  const [carol, dan] = [arrive(chat, "carol"), arrive(chat, "dan")];
  const { code, link } = chat.links.add(ann, room);
  for (const each of [bob, carol]) chat.join(each, code);
  chat.setModes(ann, room, [{ on: true, mode: "o", nick: "bob" }]);
  chat.setFlag(dan, "operator", true);
  assertEquals([ann, bob, carol, dan].map((each) => chat.links.list(each).length), [1, 1, 0, 1]);
  assertRejected("no-such-link", () => chat.links.remove(carol, link.id));
  assertRejected("no-such-link", () => chat.links.remove(ann, 7));
  assertEquals(chat.links.remove(bob, link.id).id, link.id);
  assertRejected("no-such-link", () => chat.links.remove(dan, link.id));
  assertRejected("link-unknown", () => chat.join(dan, code));
  assertRejected("link-unknown", () => chat.links.check(code, IDENTITY.host));
});

Deno.test("invite links: a link leads to its room after that was renamed, and ends with it", () => {
  const chat = createChat();
  const alice = arrive(chat, "alice", { account: "alice" });
  const bob = arrive(chat, "bob");
  const room = chat.join(alice, "#tea");
  chat.setModes(alice, room, [{ on: true, mode: "i" }]);
  const { code } = chat.links.add(alice, room);
  chat.admin.rename(alice, room, "#Coffee");
  assertEquals(chat.join(bob, code).name, "#Coffee");
  const squatter = arrive(chat, "mallory");
  chat.join(squatter, "#tea"); // another room under the old name
  assertEquals(chat.links.list(squatter), []);
  chat.admin.destroy(alice, room);
  assertEquals(chat.links.list(alice), []);
  assertRejected("link-unknown", () => chat.join(bob, code));
});

Deno.test("invite links: a link ends with a room that its last member has left", () => {
  const { chat, ann, bob, room } = closedRoom();
  const { code } = chat.links.add(ann, room);
  chat.leave(ann, room);
  assertRejected("link-unknown", () => chat.join(bob, code));
});

Deno.test("invite links: wrong codes are limited as wrong keys are", () => {
  const { chat, ann, bob, room } = closedRoom();
  const { code } = chat.links.add(ann, room);
  for (let i = 0; i <= WRONG_KEYS_AGAIN; i++) {
    const wrong = i % 2 === 0 ? () => chat.join(bob, drawCode()) : () => chat.join(bob, "#tea", drawCode());
    assertRejected(i < WRONG_KEYS_AGAIN ? "link-unknown" : "keys-too-fast", wrong);
  }
  assertRejected("keys-too-fast", () => chat.join(bob, code));
  assertEquals(chat.join(arrive(chat, "carol"), code), room); // she has not guessed
});

Deno.test("invite links: a link ends when its time is over, with a reason of its own", () => {
  const real = Date.now;
  try {
    let now = START;
    Date.now = () => now;
    const { chat, ann, bob, room } = closedRoom();
    const { code } = chat.links.add(ann, room, DAY);
    now += DAY - 1;
    assertEquals(chat.links.check(code, "h"), hashCode(code));
    now++;
    assertRejected("link-expired", () => chat.links.check(code, "h"));
    assertRejected("link-expired", () => chat.join(bob, code));
  } finally {
    Date.now = real;
  }
});

const LINK: Omit<InviteLink, "id" | "used" | "guests"> = {
  hash: "",
  room: "#tea",
  by: "ann",
  maker: "ann@h",
  since: START,
  until: START + DAY,
  uses: undefined,
};

function fill(links: LinkRegistry, count: number, change: (i: number) => Partial<InviteLink>) {
  for (let i = 0; i < count; i++) links.add({ ...LINK, hash: `${links.all.length}-${i}`, ...change(i) });
}

Deno.test("invite links: there are at most LINKS_OF_ROOM_MAX of a room, and one that has ended makes room", () => {
  const links = new LinkRegistry();
  fill(links, LINKS_OF_ROOM_MAX, (i) => ({ maker: `m${i}@h${i}` }));
  assertRejected("links-full", () => links.add({ ...LINK, hash: "new" }));
  const later = { ...LINK, hash: "new", since: START + DAY, until: START + 2 * DAY };
  assertEquals(links.add(later).id, LINKS_OF_ROOM_MAX + 1);
  assertEquals([links.all.length, links.get(1)], [LINKS_OF_ROOM_MAX, undefined]);
});

Deno.test("invite links: there are at most LINKS_OF_MAKER_MAX of an account, or of the guests of a host", () => {
  for (const maker of [() => "~alice", (i: number) => `guest${i}@host`]) {
    const links = new LinkRegistry();
    fill(links, LINKS_OF_MAKER_MAX, (i) => ({ room: `#r${i}`, maker: maker(i) }));
    assertRejected("links-full", () => links.add({ ...LINK, hash: "new", maker: maker(99) }));
    links.add({ ...LINK, hash: "new", maker: "bob@other" });
  }
});

Deno.test("invite links: there are at most LINKS_TOTAL, and one that is used up makes room", () => {
  const links = new LinkRegistry();
  fill(links, LINKS_TOTAL, (i) => ({ room: `#r${i}`, maker: `m@h${i}`, uses: 1 }));
  assertRejected("links-full", () => links.add({ ...LINK, hash: "new" }));
  links.use(links.get(500)!, "bob@h");
  links.add({ ...LINK, hash: "new" });
  assertEquals([links.all.length, links.get(500)], [LINKS_TOTAL, undefined]);
});

Deno.test("invite links: nothing changes when the store cannot be written", () => {
  let isFull = false;
  const store: InviteLinkStore = {
    links: () => [],
    saveLink() {
      if (isFull) throw new StoreError("the disk is full");
    },
    removeLink() {
      if (isFull) throw new StoreError("the disk is full");
    },
    replaceLinks() {},
  };
  const chat = createChat(new LinkRegistry(store));
  const [ann, bob] = [arrive(chat, "ann"), arrive(chat, "bob")];
  const room = chat.join(ann, "#tea");
  chat.setModes(ann, room, [{ on: true, mode: "i" }]);
  const { code, link } = chat.links.add(ann, room, DAY, 1);
  isFull = true;
  assertRejected("links-unstored", () => chat.links.add(ann, room));
  assertRejected("links-unstored", () => chat.links.remove(ann, link.id));
  assertRejected("links-unstored", () => chat.join(bob, code));
  assertEquals(chat.links.list(ann).map(({ id, used }) => [id, used]), [[1, 0]]);
  assert(!room.has(bob));
});

Deno.test("invite links: two nodes together cannot exceed the number of users", () => {
  const nodes = new TwoNodes({ links: new LinkRegistry() }, { links: new LinkRegistry() });
  const [ann, bob, carol] = [nodes.connect(0, "ann"), nodes.connect(0, "bob"), nodes.connect(1, "carol")];
  nodes.apply<"join">({ op: "join", member: ann.id, session: ann.id, room: "#tea", key: undefined });
  nodes.apply({ op: "link-add", member: ann.id, room: "#tea", hash: "h", time: DAY, uses: 1 });
  // Both nodes have seen that the link was not used up.
  assertEquals(nodes.apply<"link-use">({ op: "link-use", member: carol.id, hash: "h" }), ["#tea", "#tea"]);
  assertRejected("link-used-up", () => nodes.apply({ op: "link-use", member: bob.id, hash: "h" }));
  for (const hub of nodes.hubs) assertEquals(hub.links.all.map(({ used, guests }) => [used, guests.length]), [[1, 1]]);
});

Deno.test("invite links: a code has 100 random bits, and is found in a URL", () => {
  const codes = Array.from({ length: 100 }, drawCode);
  assertEquals(new Set(codes).size, 100);
  for (const code of codes) {
    assertEquals(code.length, 20);
    assertEquals(readCode(`http://[::1]:8080/i/${code}`), code);
  }
  for (const text of ["", "abc", "#abcdefghijklmnopqrst", `${codes[0]}a`, `/j/${codes[0]}`, `a b/i/${codes[0]}`]) {
    assertEquals(readCode(text), undefined);
  }
});
