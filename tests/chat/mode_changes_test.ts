import { assertEquals } from "@std/assert";
import { KEY_MAX, MASK_MAX, MASKS_MAX, type ModeChange } from "../../src/chat/modes.ts";
import { ChatFixture } from "./helpers.ts";

/** A room with an operator and a plain member; `change` makes one change and returns it as made, or the error's code. */
function place() {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", "#tea"), fixture.enter("Bob", "#tea")];
  fixture.enter("outside");
  const room = fixture.chat.findRoom("#tea");
  const change = (change: ModeChange) => {
    const { made: [made], rejected: [error] } = fixture.chat.setModes(alice, room, [change]);
    return error?.code ?? made;
  };
  return { fixture, alice, bob, room, change };
}

Deno.test("modes: a switch is set and cleared, and setting it again is no change", () => {
  const { room, change } = place();
  assertEquals(change({ on: true, mode: "m" }), { on: true, mode: "m" });
  assertEquals(change({ on: true, mode: "m" }), undefined);
  assertEquals([room.switches.has("m"), change({ on: false, mode: "m" })], [true, { on: false, mode: "m" }]);
  assertEquals([room.switches.has("m"), change({ on: false, mode: "m" })], [false, undefined]);
});

Deno.test("modes: a rank is given to a member of the room under its nickname as it is written", () => {
  const { room, bob, change } = place();
  assertEquals(change({ on: true, mode: "v", nick: "BOB" }), { on: true, mode: "v", nick: "Bob" });
  assertEquals([room.holds(bob, "voice"), room.holds(bob, "op")], [true, false]);
  assertEquals(change({ on: true, mode: "v", nick: "bob" }), undefined);
  assertEquals(change({ on: true, mode: "o", nick: "outside" }), "user-not-in-room");
  assertEquals(change({ on: true, mode: "o", nick: "dave" }), "no-such-user");
  assertEquals(change({ on: false, mode: "o", nick: "Bob" }), undefined);
});

Deno.test("modes: a key is replaced, removed without knowing it, and rejected when it is malformed", () => {
  const { room, change } = place();
  assertEquals(change({ on: false, mode: "k", key: "" }), undefined);
  for (const key of ["", "a b", "a,b", ":a", "a\x07", "x".repeat(KEY_MAX + 1)]) {
    assertEquals(change({ on: true, mode: "k", key }), "key-invalid", key);
  }
  for (const key of ["one", "x".repeat(KEY_MAX)]) {
    assertEquals(change({ on: true, mode: "k", key }), { on: true, mode: "k", key });
  }
  assertEquals(change({ on: true, mode: "k", key: room.password! }), undefined);
  assertEquals(change({ on: false, mode: "k", key: "guess" }), { on: false, mode: "k", key: "x".repeat(KEY_MAX) });
  assertEquals(room.password, undefined);
});

Deno.test("modes: a limit is set, changed and removed", () => {
  const { room, change } = place();
  for (const limit of [5, 1]) assertEquals(change({ on: true, mode: "l", limit }), { on: true, mode: "l", limit });
  assertEquals([room.limit, change({ on: true, mode: "l", limit: 1 })], [1, undefined]);
  assertEquals(change({ on: false, mode: "l" }), { on: false, mode: "l" });
  assertEquals([room.limit, change({ on: false, mode: "l" })], [Infinity, undefined]);
});

Deno.test("modes: a mask is completed, found in any case, and takes effect on members at once", () => {
  const { room, bob, change } = place();
  assertEquals(room.bans(bob), false);
  assertEquals(change({ on: true, mode: "b", mask: "Bo\x07b" }), { on: true, mode: "b", mask: "Bob!*@*" });
  assertEquals([room.bans(bob), change({ on: true, mode: "b", mask: "bob!*@*" })], [true, undefined]);
  assertEquals(change({ on: true, mode: "e", mask: "*!*@host" }), { on: true, mode: "e", mask: "*!*@host" });
  assertEquals(room.bans(bob), false);
  assertEquals(change({ on: false, mode: "b", mask: "BOB" }), { on: false, mode: "b", mask: "BOB!*@*" });
  assertEquals(room.lists.b.size, 0);
});

Deno.test("modes: a mask is rejected when it is too long, has other characters, or is one too many", () => {
  const { change } = place();
  for (const mask of ["x".repeat(MASK_MAX + 1), "é".repeat(74), "é\u200b!*@*", "😀!*@*", "a b!*@*", ":a!*@*"]) {
    assertEquals(change({ on: true, mode: "b", mask }), "mask-invalid", mask);
  }
  for (let n = 0; n < MASKS_MAX; n++) change({ on: true, mode: n % 2 ? "b" : "I", mask: `m${n}` });
  assertEquals(change({ on: true, mode: "e", mask: "more" }), "masks-full");
  change({ on: false, mode: "b", mask: "m1" });
  assertEquals(change({ on: true, mode: "e", mask: "more" }), { on: true, mode: "e", mask: "more!*@*" });
});

Deno.test("modes: a muted operator may not write masks or keys, but may change other modes", () => {
  const { fixture, change } = place();
  fixture.chat.mutes.add("host", Infinity);
  assertEquals(change({ on: true, mode: "b", mask: "spam" }), "muted");
  assertEquals(change({ on: true, mode: "k", key: "spam" }), "muted");
  assertEquals(change({ on: true, mode: "m" }), { on: true, mode: "m" });
});
