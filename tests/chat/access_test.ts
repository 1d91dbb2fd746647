import { assertEquals } from "@std/assert";
import {
  checksKey,
  isMuted,
  isNewRoomName,
  joinBar,
  mayForceEntry,
  requireIn,
  requireOperator,
  requireUnmuted,
  requireVoice,
} from "../../src/chat/access.ts";
import { BroadcastSet } from "../../src/chat/broadcast.ts";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import { Member, type Session } from "../../src/chat/member.ts";
import type { List } from "../../src/chat/modes.ts";
import { MutedHosts } from "../../src/chat/muted_hosts.ts";
import { Room } from "../../src/chat/room.ts";
import { assertRejected, IDENTITY } from "./helpers.ts";

/** A room with an operator, a voiced member and a plain one, and a member outside. */
function place() {
  const room = new Room("#Tea", new BroadcastSet<Session>(() => {}), 0);
  const [op, voice, plain, outside] = ["op", "voice", "plain", "outside"].map((nick) => {
    return new Member(nick, IDENTITY);
  }) as [Member, Member, Member, Member];
  for (const member of [op, voice, plain]) {
    room.members.add(member);
    member.rooms.set(room.key, room);
  }
  room.ranks.op.add(op);
  room.ranks.voice.add(voice);
  const add = (list: List, mask: string) => {
    room.lists[list].set(mask, { mask, by: "*", at: 0 });
    room.recheckBans();
  };
  return { room, op, voice, plain, outside, add };
}

/** The code of the error that a check throws, if it does. */
function codeOf(check: () => void): ChatErrorCode | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof ChatError) return error.code;
    throw error;
  }
}

Deno.test("access: only members of a room are in it, and only its operators are operators", () => {
  const { room, op, voice, outside } = place();
  requireIn(room, voice);
  requireOperator(room, op);
  assertRejected("not-in-room", "#Tea", () => requireIn(room, outside));
  assertRejected("not-in-room", "#Tea", () => requireOperator(room, outside));
  assertRejected("not-operator", "#Tea", () => requireOperator(room, voice));
});

Deno.test("access: who may speak in a room depends on modes m and n, bans and ranks", () => {
  type Codes = readonly (ChatErrorCode | undefined)[];
  const cases: [modes: string, ban: boolean, expected: Codes][] = [
    ["n", false, [undefined, undefined, undefined, "not-in-room"]],
    ["", false, [undefined, undefined, undefined, undefined]],
    ["mn", false, [undefined, undefined, "cannot-speak", "not-in-room"]],
    ["m", false, [undefined, undefined, "cannot-speak", "cannot-speak"]],
    ["n", true, [undefined, undefined, "cannot-speak", "not-in-room"]],
    ["", true, [undefined, undefined, "cannot-speak", "cannot-speak"]],
  ];
  for (const [modes, ban, expected] of cases) {
    const { room, op, voice, plain, outside, add } = place();
    for (const mode of modes) room.switches.add(mode as "m" | "n");
    if (ban) add("b", "*!*@*");
    const codes = [op, voice, plain, outside].map((member) => codeOf(() => requireVoice(room, member)));
    assertEquals(codes, expected, `+${modes} ${ban}`);
  }
});

Deno.test("access: a room rejects who is banned, not invited, without the key, or one too many", () => {
  const { room, outside, add } = place();
  const bars = (key?: string) => joinBar(room, outside, key);
  assertEquals(bars(), undefined);
  room.limit = 3;
  assertEquals(bars(), "room-full");
  room.password = "key";
  assertEquals([bars(), bars("guess"), bars("key")], ["wrong-key", "wrong-key", "room-full"]);
  room.switches.add("i");
  assertEquals(bars("key"), "invite-only");
  add("I", "out*!*@*");
  assertEquals(bars("key"), "room-full");
  add("b", "*!*@host");
  assertEquals(bars("key"), "banned");
  add("e", "outside!*@*");
  assertEquals(bars("key"), "room-full");
  outside.invitations.add(room.key);
  assertEquals(bars(), undefined);
});

Deno.test("access: a key is checked only where nothing else bars the member", () => {
  const { room, outside, add } = place();
  assertEquals(checksKey(room, outside), false, "no key");
  room.password = "key";
  assertEquals(checksKey(room, outside), true);
  outside.invitations.add(room.key);
  assertEquals(checksKey(room, outside), false, "invited");
  outside.invitations.clear();
  add("b", "outside!*@*");
  assertEquals(checksKey(room, outside), false, "banned");
});

Deno.test("access: a server operator may force its entry into an empty room only", () => {
  const { room, op, voice, plain, outside } = place();
  outside.operator = true;
  assertEquals(mayForceEntry(room, outside), false);
  for (const member of [op, voice, plain]) room.members.delete(member);
  assertEquals([mayForceEntry(room, outside), mayForceEntry(room, op)], [true, false]);
});

Deno.test("access: members of a muted host may not say anything, except for server operators", () => {
  const { plain } = place();
  const muted = new MutedHosts();
  assertEquals(isMuted(muted, plain), false);
  muted.mute("host");
  assertRejected("muted", "plain", () => requireUnmuted(muted, plain));
  plain.operator = true;
  requireUnmuted(muted, plain);
});

Deno.test("access: a new room may not look like the lobby", () => {
  for (const name of ["#tea", "#Tea"]) assertEquals(isNewRoomName(name), true, name);
  for (const name of ["tea", "#l0bby", "#1obby", "#a b", "#lobby"]) assertEquals(isNewRoomName(name), false, name);
});
