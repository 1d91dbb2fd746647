import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { Member } from "../../src/chat/member.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import { isAccount, Nicknames } from "../../src/chat/nicknames.ts";
import { assertRejected, ChatFixture, dropAccount, IDENTITY } from "./helpers.ts";

function memberOf(nick: string, account?: string): Member {
  return new Member(nick, { ...IDENTITY, account });
}

/** An index in which some nicknames are registered and others in use. */
function nicknamesWith(registered: readonly string[], used: readonly string[], reserved: readonly string[] = []) {
  const nicknames = new Nicknames({
    isRegistered: (nick) => registered.includes(nick.toLowerCase()),
    registeredLike: (look) => registered.find((name) => skeleton(name) === look),
  }, reserved);
  const members = used.map((nick) => memberOf(nick));
  for (const member of members) nicknames.add(member);
  return { nicknames, members };
}

Deno.test("nicknames: a member is found in any case until it is removed", () => {
  const { nicknames, members: [bob] } = nicknamesWith([], ["Bob"]);
  for (const nick of ["bob", "BOB", "Bob"]) assert(nicknames.get(nick) === bob, nick);
  nicknames.remove(bob!);
  assertEquals(nicknames.get("bob"), undefined);
});

Deno.test("nicknames: a nickname is rejected when it is invalid, taken, reserved or looks like another", () => {
  const { nicknames } = nicknamesWith(["carol"], ["alice"], ["Tincan"]);
  const rejected = {
    "1st": "nick-invalid",
    "": "nick-invalid",
    "Alice": "nick-taken",
    "a1ice": "nick-confusable",
    "tinCAN": "nick-taken",
    "t1ncan": "nick-confusable",
    "Ca rol": "nick-invalid",
  } as const;
  for (const [nick, code] of Object.entries(rejected)) assertRejected(code, nick, () => nicknames.requireFree(nick));
  nicknames.requireFree("carol"); // registration does not matter here
  assertRejected("nick-registered", "carol", () => nicknames.requireAvailable("carol"));
  assertRejected("nick-confusable", "car0l", () => nicknames.requireAvailable("car0l"));
});

Deno.test("nicknames: a member may keep its nickname, change its case, and look like itself", () => {
  const { nicknames, members: [alice] } = nicknamesWith([], ["alice"]);
  for (const nick of ["alice", "ALICE", "a1ice"]) nicknames.requireAvailable(nick, alice);
});

Deno.test("nicknames: a registered nickname, and those that look like it, are for its account alone", () => {
  const { nicknames } = nicknamesWith(["alice"], []);
  nicknames.requireAvailable("Alice", undefined, "alice");
  nicknames.requireAvailable("a1ice", undefined, "ALICE");
  assertEquals(nicknames.registrationConflict("alice", "bob"), "nick-registered");
  assertEquals(nicknames.registrationConflict("a1ice", "bob"), "nick-confusable");
  assertEquals(nicknames.registrationConflict("bob", undefined), undefined);
  assert(isAccount("Alice", "aLICE") && !isAccount("alice", undefined) && !isAccount("alice", "bob"));
});

Deno.test("nicknames: a guest gets the lowest free number, whatever nicknames come and go", () => {
  const nick = fc.constantFrom("guest1", "guest2", "GUEST3", "guestl", "guest4", "guest10", "alice");
  fc.assert(fc.property(fc.array(nick, { maxLength: 30 }), (steps) => {
    const { nicknames } = nicknamesWith(["guest2"], []);
    const used = new Map<string, Member>(); // by skeleton
    for (const nick of steps) {
      const shape = skeleton(nick);
      const holder = used.get(shape);
      if (holder === undefined) {
        const member = memberOf(nick);
        nicknames.add(member);
        used.set(shape, member);
      } else {
        nicknames.remove(holder);
        used.delete(shape);
      }
      let number = 1;
      while (used.has(skeleton(`guest${number}`)) || number === 2) number++;
      assertEquals(nicknames.guestName(), `guest${number}`);
    }
  }));
});

Deno.test("nicknames: registered guest names are not tried again when one of them was free for a moment", () => {
  let asked = 0;
  const registered = new Set(Array.from({ length: 500 }, (_, n) => `guest${n + 1}`));
  const fixture = new ChatFixture({
    policy: {
      isRegistered: (nick) => {
        asked++;
        return registered.has(nick);
      },
    },
  });
  assertEquals(fixture.chat.guestName(), "guest501");
  const owner = fixture.arrive("guest1", [], { account: "guest1" });
  fixture.chat.remove(owner);
  asked = 0;
  assertEquals(fixture.chat.guestName(), "guest501");
  assert(asked < 5, String(asked));
});

Deno.test("nicknames: the name of a guest is used again when the guest has disconnected", () => {
  const fixture = new ChatFixture();
  const [one] = [fixture.enter(), fixture.enter()];
  fixture.chat.remove(one!);
  assertEquals(fixture.chat.guestName(), "guest1");
});

Deno.test("nicknames: the number of a registered guest name is free when the account is deleted, whoever asked before", () => {
  const registered = new Set(["guest1", "guestz", "guest2"]);
  const policy = { isRegistered: (nick: string) => registered.has(nick), registeredLike: () => undefined };
  const [asked, other] = [new ChatFixture({ policy }), new ChatFixture({ policy })];
  assertEquals(asked.chat.guestName(), "guest3");
  registered.delete("guest1");
  for (const { chat } of [asked, other]) {
    dropAccount(chat, "guestz");
    dropAccount(chat, "guest1");
    assertEquals(chat.guestName(), "guest1");
  }
});
