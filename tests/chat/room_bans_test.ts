/** Bans of users from rooms: by account or host, so that another nickname does not end them. */
import { assertEquals } from "@std/assert";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { MASKS_MAX } from "../../src/chat/modes.ts";
import { assertRejected, ChatFixture, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";
const OPTIONS: Partial<ChatOptions> = { policy: { isRegistered: (nick) => ["bob", "carol"].includes(nick) } };

/** A chat where the guest `op` is operator of a room, with two more users. */
function room(fixture = new ChatFixture({ ...OPTIONS })) {
  const op = fixture.enter("op", TEA);
  const bob = fixture.arrive("bob", [TEA], { account: "bob", host: "bobs" });
  const eve = fixture.arrive("eve", [TEA], { host: "eves" });
  for (const each of [op, bob, eve]) fixture.heard(each);
  const room = fixture.chat.findRoom(TEA);
  return {
    fixture,
    op,
    bob,
    eve,
    room,
    admin: fixture.chat.admin,
    masks: () => [...room.lists.b.values()].map(masksOf),
  };
}

const masksOf = ({ mask, nick }: { mask: string; nick?: string | undefined }) => `${mask} ${nick}`;

Deno.test("ban: a guest is banned by host and removed, and no nickname ends that", () => {
  const { fixture, op, bob, eve, room: tea, admin, masks } = room();
  admin.ban(op, tea, "EVE");
  assertEquals(masks(), ["*!*@eves eve"]);
  assertEquals(fixture.heard(bob), ["modes #tea op +b *!*@eves eve", "kicked #tea op eve Banned"]);
  fixture.chat.rename(eve, "evelyn");
  assertRejected("banned", TEA, () => fixture.chat.join(eve, TEA));
});

Deno.test("ban: a user that is logged in is banned by account, on all of its connections", () => {
  const { fixture, op, bob, room: tea, admin, masks } = room();
  const other = fixture.arrive("robert", [TEA], { account: "Bob", host: "elsewhere" });
  admin.ban(op, tea, "bob");
  assertEquals([masks(), tea.has(bob), tea.has(other)], [["~a:bob bob"], false, false]);
  assertRejected("banned", TEA, () => fixture.chat.join(other, TEA));
  fixture.chat.join(fixture.arrive("guest9", [], { host: "bobs" }), TEA); // another user at the same host
});

Deno.test("ban: it applies to a member that logs in to the account, and ends when it logs out", () => {
  const { fixture, op, eve, room: tea } = room();
  fixture.mode(op, TEA, "+b ~a:carol");
  fixture.say(eve, TEA, "as a guest");
  fixture.chat.login(sessionOf(eve), "carol");
  assertRejected("cannot-speak", TEA, () => fixture.say(eve, TEA, "as carol"));
  fixture.mode(op, TEA, "+e ~a:CAR*");
  fixture.say(eve, TEA, "as carol again");
  assertEquals(tea.lists.e.size, 1);
});

Deno.test("ban: a user that has left is banned by its account, or by the host that it had", () => {
  const { fixture, op, bob, eve, room: tea, admin, masks } = room();
  for (const each of [bob, eve]) fixture.chat.remove(each);
  admin.ban(op, tea, "bob");
  admin.ban(op, tea, "eve");
  admin.ban(op, tea, "stranger");
  assertEquals(masks(), ["~a:bob bob", "*!*@eves eve", "stranger!*@* undefined"]);
});

Deno.test("unban: a nickname undoes what it has done, also when the user is gone or called otherwise", () => {
  const { fixture, op, bob, eve, room: tea, admin, masks } = room();
  for (const nick of ["bob", "eve", "stranger", "*!*@mask"]) admin.ban(op, tea, nick);
  fixture.chat.rename(eve, "evelyn");
  fixture.chat.remove(bob);
  assertEquals(admin.unban(op, tea, "nothing"), { made: [], rejected: [] });
  admin.unban(op, tea, "BOB");
  admin.unban(op, tea, "Eve");
  assertEquals(masks(), ["stranger!*@* undefined", "*!*@mask undefined"]);
  fixture.chat.join(eve, TEA);
  admin.ban(op, tea, "evelyn");
  fixture.chat.rename(eve, "ev");
  admin.unban(op, tea, "ev"); // the name that it has now
  admin.unban(op, tea, "stranger");
  admin.unban(op, tea, "*!*@MASK");
  assertEquals(masks(), []);
});

Deno.test("ban: a banned member keeps its nickname in the room, and cannot speak after it has left the name", () => {
  const { fixture, op, eve, room: tea } = room();
  fixture.mode(op, TEA, "+b eve");
  assertRejected("banned-nick", "evelyn", () => fixture.chat.rename(eve, "evelyn"));
  assertRejected("cannot-speak", TEA, () => fixture.say(eve, TEA, "hi"));
  fixture.mode(op, TEA, "+v eve");
  fixture.chat.rename(eve, "evelyn"); // a voice overrides the ban
  fixture.chat.leave(eve, tea);
});

Deno.test("ban: only operators ban, and masks of accounts are valid without spaces and commas", () => {
  const { fixture, op, bob, room: tea, admin } = room();
  assertRejected("not-operator", TEA, () => admin.ban(bob, tea, "eve"));
  assertRejected("not-operator", TEA, () => admin.unban(bob, tea, "eve"));
  for (const mask of ["~a:", "~a:a b", "~a:a,b", "~a:a!b@c", "~a:\x07"]) {
    assertRejected("mask-invalid", mask, () => admin.ban(op, tea, mask));
  }
  for (let n = 0; n < MASKS_MAX; n++) fixture.mode(op, TEA, `+b m${n}`);
  assertRejected("masks-full", "*!*@eves", () => admin.ban(op, tea, "eve"));
  assertEquals(tea.has(fixture.chat.find("eve")), true, "a rejected request changes nothing");
});

Deno.test("ban: the nickname of a ban is there after a restart", () => {
  const { fixture, restart } = lasting(OPTIONS);
  const carol = fixture.arrive("carol", [TEA], { account: "carol" });
  fixture.enter("eve", TEA);
  fixture.chat.admin.ban(carol, fixture.chat.findRoom(TEA), "eve");
  fixture.chat.flush();
  const later = restart(OPTIONS);
  const again = later.arrive("carol", [TEA], { account: "carol" });
  const made = [{ on: false, mode: "b", mask: "*!*@host", nick: "eve" }] as const;
  assertEquals(later.chat.admin.unban(again, later.chat.findRoom(TEA), "eve"), { made: [...made], rejected: [] });
});

Deno.test("mute: an account is muted, and a guest that logs in to it", () => {
  const { fixture, bob, eve } = room();
  fixture.chat.mutes.add("~a:bob", Infinity);
  assertRejected("muted", "bob", () => fixture.say(bob, TEA, "hi"));
  fixture.say(eve, TEA, "hi");
  fixture.chat.remove(bob);
  fixture.chat.logout(sessionOf(eve));
  fixture.chat.login(sessionOf(eve), "BOB");
  assertRejected("muted", "eve", () => fixture.say(eve, TEA, "hi"));
});
