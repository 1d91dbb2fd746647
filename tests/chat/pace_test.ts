import { assert, assertEquals } from "@std/assert";
import { WRONG_KEYS_MAX } from "../../src/chat/hub.ts";
import { Pace, Paces } from "../../src/chat/pace.ts";
import { Chat, refused } from "./helpers.ts";

Deno.test("something may be done so often at once, and as often again in its time", () => {
  const pace = new Pace(3, 60_000, 0);
  assertEquals([0, 0, 0, 0].map((now) => pace.take(now)), [true, true, true, false]);
  assertEquals([19_999, 20_000, 20_001].map((now) => pace.take(now)), [false, true, false]);
  assertEquals([200_000, 200_000, 200_000, 200_000].map((now) => pace.take(now)), [true, true, true, false]);
});

Deno.test("who rests is as fresh as at first; who may do it as often as they like always is", () => {
  const pace = new Pace(2, 1000, 0);
  pace.take(0);
  assert(!pace.rested(499) && pace.rested(500));
  const free = new Pace(Infinity, 1000, 0);
  for (let i = 0; i < 1000; i++) assert(free.take(0));
});

Deno.test("each has a pace of its own, and no more are remembered than there may be", () => {
  const paces = new Paces(1, 1000, 3);
  assertEquals(["a", "b", "a", "b"].map((who) => paces.take(who, 0)), [true, true, false, false]);
  paces.take("c", 600);
  paces.take("d", 1100); // a and b are as if they had never been
  assertEquals(paces.size, 2);
  assert(!paces.take("c", 1100));
  for (const who of ["e", "f", "g", "h"]) paces.take(who, 1100);
  assertEquals(paces.size, 3);
});

Deno.test("who asks for names and rooms too often is told of, once each time", () => {
  const told: string[] = [];
  const chat = new Chat({
    renames: 1,
    roomsMade: 1,
    onTooFast: ({ nick }, code) => told.push(`${nick} ${code}`),
  });
  const alice = chat.enter("alice");
  chat.hub.rename(alice, "alicia");
  chat.hub.join(alice, "#one");
  assertEquals(told, []);
  refused("nicks-too-fast", "alba", () => chat.hub.rename(alice, "alba"));
  refused("rooms-too-fast", "#two", () => chat.hub.join(alice, "#two"));
  refused("rooms-too-fast", "#two", () => chat.hub.join(alice, "#two"));
  assertEquals(told, ["alicia nicks-too-fast", "alicia rooms-too-fast", "alicia rooms-too-fast"]);
});

Deno.test("whether it could be done once more can be asked, and costs nothing", () => {
  const paces = new Paces(1, 1000, 3);
  assert(paces.mayGoOn("a", 0) && paces.mayGoOn("a", 0));
  assertEquals(paces.size, 0);
  paces.take("a", 0);
  assert(!paces.mayGoOn("a", 999) && paces.mayGoOn("a", 1000) && paces.mayGoOn("b", 0));
});

Deno.test("who has guessed too many keys comes in with none, nor does anybody from there; others do", () => {
  const told: string[] = [];
  const chat = new Chat({ onTooFast: ({ nick }, code) => told.push(`${nick} ${code}`) });
  const [alice, bob, carol] = [chat.enter("alice"), chat.enter("bob"), chat.enter("carol")];
  chat.hub.join(alice, "#den");
  chat.mode(alice, "#den", "+k sesame");
  for (let n = 0; n < WRONG_KEYS_MAX; n++) {
    refused("wrong-key", "#den", () => chat.hub.join(bob, "#den", `guess${n}`));
    refused("wrong-key", "#den", () => chat.hub.join(bob, "#den")); // no guess
  }
  assertEquals(told, []);
  refused("keys-too-fast", "#den", () => chat.hub.join(bob, "#den", "sesame"));
  refused("keys-too-fast", "#den", () => chat.hub.join(carol, "#den", "sesame"));
  chat.hub.join(alice, "#cave");
  chat.mode(alice, "#cave", "+k sesame");
  chat.hub.join(carol, "#cave", "sesame"); // another room has nothing to do with it
  assertEquals(told, ["bob keys-too-fast", "carol keys-too-fast"]);
  chat.hub.join(chat.arrive("dave", [], { host: "elsewhere" }), "#den", "sesame");
  chat.hub.invite(alice, chat.hub.findRoom("#den"), "bob"); // who is asked in needs none
  chat.hub.join(bob, "#den");
});

Deno.test("a name can be changed so often a minute; to the same one always", () => {
  const chat = new Chat({ renames: 2 });
  const alice = chat.enter("alice");
  chat.hub.rename(alice, "alicia");
  chat.hub.rename(alice, "alicia");
  chat.hub.rename(alice, "alison");
  refused("nicks-too-fast", "alba", () => chat.hub.rename(alice, "alba"));
  assertEquals(alice.nick, "alison");
  chat.hub.rename(chat.enter("bob"), "bobby");
});

Deno.test("from one host so many rooms can be made an hour; to come into one that is there is always possible", () => {
  const chat = new Chat({ roomsMade: 2 });
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  chat.hub.join(alice, "#one");
  chat.hub.join(bob, "#two");
  refused("rooms-too-fast", "#three", () => chat.hub.join(alice, "#three"));
  chat.hub.join(alice, "#two");
  const elsewhere = chat.arrive("carol", [], { host: "elsewhere" });
  chat.hub.join(elsewhere, "#three");
  assertEquals(chat.rooms(), ["#lobby", "#one", "#two", "#three"]);
});
