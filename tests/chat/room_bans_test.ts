/** Bans of users from rooms: by account or host, so that another nickname does not end them. */
import { assertEquals } from "@std/assert";
import type { LocalChatOptions } from "../../src/chat/local_chat.ts";
import { MASKS_MAX } from "../../src/chat/modes.ts";
import { assertRejected, Chat, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";
const OPTIONS: Partial<LocalChatOptions> = { policy: { isRegistered: (nick) => ["bob", "carol"].includes(nick) } };

/** A chat where the guest `op` is operator of a room, with two more users. */
function room(chat = new Chat({ ...OPTIONS })) {
  const op = chat.enter("op", TEA);
  const bob = chat.arrive("bob", [TEA], { account: "bob", host: "bobs" });
  const eve = chat.arrive("eve", [TEA], { host: "eves" });
  for (const each of [op, bob, eve]) chat.heard(each);
  const room = chat.hub.findRoom(TEA);
  return { chat, op, bob, eve, room, admin: chat.hub.admin, masks: () => [...room.lists.b.values()].map(masksOf) };
}

const masksOf = ({ mask, nick }: { mask: string; nick?: string | undefined }) => `${mask} ${nick}`;

Deno.test("ban: a guest is banned by host and removed, and no nickname ends that", () => {
  const { chat, op, bob, eve, room: tea, admin, masks } = room();
  admin.ban(op, tea, "EVE");
  assertEquals(masks(), ["*!*@eves eve"]);
  assertEquals(chat.heard(bob), ["modes #tea op +b *!*@eves eve", "kicked #tea op eve Banned"]);
  chat.hub.rename(eve, "evelyn");
  assertRejected("banned", TEA, () => chat.hub.join(eve, TEA));
});

Deno.test("ban: a user that is logged in is banned by account, on all of its connections", () => {
  const { chat, op, bob, room: tea, admin, masks } = room();
  const other = chat.arrive("robert", [TEA], { account: "Bob", host: "elsewhere" });
  admin.ban(op, tea, "bob");
  assertEquals([masks(), tea.has(bob), tea.has(other)], [["~a:bob bob"], false, false]);
  assertRejected("banned", TEA, () => chat.hub.join(other, TEA));
  chat.hub.join(chat.arrive("guest9", [], { host: "bobs" }), TEA); // another user at the same host
});

Deno.test("ban: it applies to a member that logs in to the account, and ends when it logs out", () => {
  const { chat, op, eve, room: tea } = room();
  chat.mode(op, TEA, "+b ~a:carol");
  chat.say(eve, TEA, "as a guest");
  chat.hub.login(sessionOf(eve), "carol");
  assertRejected("cannot-speak", TEA, () => chat.say(eve, TEA, "as carol"));
  chat.mode(op, TEA, "+e ~a:CAR*");
  chat.say(eve, TEA, "as carol again");
  assertEquals(tea.lists.e.size, 1);
});

Deno.test("ban: a user that has left is banned by its account, or by the host that it had", () => {
  const { chat, op, bob, eve, room: tea, admin, masks } = room();
  for (const each of [bob, eve]) chat.hub.remove(each);
  admin.ban(op, tea, "bob");
  admin.ban(op, tea, "eve");
  admin.ban(op, tea, "stranger");
  assertEquals(masks(), ["~a:bob bob", "*!*@eves eve", "stranger!*@* undefined"]);
});

Deno.test("unban: a nickname undoes what it has done, also when the user is gone or called otherwise", () => {
  const { chat, op, bob, eve, room: tea, admin, masks } = room();
  for (const nick of ["bob", "eve", "stranger", "*!*@mask"]) admin.ban(op, tea, nick);
  chat.hub.rename(eve, "evelyn");
  chat.hub.remove(bob);
  assertEquals(admin.unban(op, tea, "nothing"), { made: [], rejected: [] });
  admin.unban(op, tea, "BOB");
  admin.unban(op, tea, "Eve");
  assertEquals(masks(), ["stranger!*@* undefined", "*!*@mask undefined"]);
  chat.hub.join(eve, TEA);
  admin.ban(op, tea, "evelyn");
  chat.hub.rename(eve, "ev");
  admin.unban(op, tea, "ev"); // the name that it has now
  admin.unban(op, tea, "stranger");
  admin.unban(op, tea, "*!*@MASK");
  assertEquals(masks(), []);
});

Deno.test("ban: a banned member keeps its nickname in the room, and cannot speak after it has left the name", () => {
  const { chat, op, eve, room: tea } = room();
  chat.mode(op, TEA, "+b eve");
  assertRejected("banned-nick", "evelyn", () => chat.hub.rename(eve, "evelyn"));
  assertRejected("cannot-speak", TEA, () => chat.say(eve, TEA, "hi"));
  chat.mode(op, TEA, "+v eve");
  chat.hub.rename(eve, "evelyn"); // a voice overrides the ban
  chat.hub.leave(eve, tea);
});

Deno.test("ban: only operators ban, and masks of accounts are valid without spaces and commas", () => {
  const { chat, op, bob, room: tea, admin } = room();
  assertRejected("not-operator", TEA, () => admin.ban(bob, tea, "eve"));
  assertRejected("not-operator", TEA, () => admin.unban(bob, tea, "eve"));
  for (const mask of ["~a:", "~a:a b", "~a:a,b", "~a:a!b@c", "~a:\x07"]) {
    assertRejected("mask-invalid", mask, () => admin.ban(op, tea, mask));
  }
  for (let n = 0; n < MASKS_MAX; n++) chat.mode(op, TEA, `+b m${n}`);
  assertRejected("masks-full", "*!*@eves", () => admin.ban(op, tea, "eve"));
  assertEquals(tea.has(chat.hub.find("eve")), true, "a rejected request changes nothing");
});

Deno.test("ban: the nickname of a ban is there after a restart", () => {
  const { chat, restart } = lasting(OPTIONS);
  const carol = chat.arrive("carol", [TEA], { account: "carol" });
  chat.enter("eve", TEA);
  chat.hub.admin.ban(carol, chat.hub.findRoom(TEA), "eve");
  chat.hub.flush();
  const later = restart(OPTIONS);
  const again = later.arrive("carol", [TEA], { account: "carol" });
  const made = [{ on: false, mode: "b", mask: "*!*@host", nick: "eve" }] as const;
  assertEquals(later.hub.admin.unban(again, later.hub.findRoom(TEA), "eve"), { made: [...made], rejected: [] });
});

Deno.test("mute: an account is muted, and a guest that logs in to it", () => {
  const { chat, bob, eve } = room();
  chat.hub.mutes.add("~a:bob", Infinity);
  assertRejected("muted", "bob", () => chat.say(bob, TEA, "hi"));
  chat.say(eve, TEA, "hi");
  chat.hub.remove(bob);
  chat.hub.logout(sessionOf(eve));
  chat.hub.login(sessionOf(eve), "BOB");
  assertRejected("muted", "eve", () => chat.say(eve, TEA, "hi"));
});
