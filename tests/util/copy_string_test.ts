/** Copying of strings, and that stored chat state does not retain the messages it was cut from. */
import { assert, assertEquals } from "@std/assert";
import { Hub, LOBBY } from "../../src/chat/hub.ts";
import type { Member } from "../../src/chat/member.ts";
import { copyString } from "../../src/util/copy_string.ts";
import type { Room } from "../../src/chat/room.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { grownBy } from "../heap.ts";
import { CountingFormat, Inbox } from "../chat/helpers.ts";

/** Length of the message that each text is cut from. */
const MESSAGE = 64 * 1024;

/** Number of texts stored of each kind, and maximum memory for one in bytes: a sixth of the message. */
const COUNT = 100;
const MOST = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns a part of a long message to which nothing else refers: about 30 characters, different each time. */
function cut(words: string, n: number): string {
  const message = decoder.decode(encoder.encode(`:${words}${n}${"x".repeat(MESSAGE)}`));
  return message.slice(1, 1 + words.length + String(n).length);
}

Deno.test("copyString: returns an equal string", () => {
  for (const text of ["", "x", "hi", "😀", "grüße 茶 ".repeat(9), "\ud83d"]) assertEquals(copyString(text), text);
});

Deno.test("copyString: a copy does not retain the original string", async () => {
  const kept: string[] = [];
  for (let n = 0; n < 100_000; n++) copyString(`warm up, so that the code is optimized: ${n}`.slice(1));
  const grown = await grownBy(() => {
    for (let n = 0; n < COUNT; n++) kept.push(copyString(cut("a line of chat, with number ", n)));
  });
  assertEquals(kept.length, COUNT);
  assert(grown < COUNT * MOST, `${grown} bytes are retained by ${COUNT}`);
});

/**
 * Actions that store text, done by each of `COUNT` members. Names have capitals: V8 copies the folded names anyway, as it
 * uses them as keys of maps.
 */
const ACTIONS: Record<string, (hub: Hub, member: Member, room: Room, n: number) => void> = {
  "said": (hub, member, room, n) => hub.say(member, room, cut("a line of chat, with number ", n)),
  "tags": (hub, member, room, n) => hub.say(member, room, "hi", { tags: cut("@+draft/reply=message-no-", n) }),
  "whispered": (hub, member, _, n) => hub.whisper(member, member.nick, cut("a private message, number ", n)),
  "topic": (hub, member, room, n) => hub.setTopic(member, room, cut(" what we are talking about, ", n)),
  "away": (hub, member, _, n) => hub.setAway(member, cut("why I am not really there: ", n)),
  "realname": (hub, member, _, n) => hub.setRealname(member, cut("what I am called elsewhere ", n)),
  "nick": (hub, member, _, n) => hub.rename(member, cut("A_Name_As_Long_As_It_May_Be", n)),
  "mask": (hub, member, room, n) => {
    hub.setModes(member, room, [{ on: true, mode: "b", mask: cut("Some_nick!user@host.example.org", n) }]);
  },
  "key": (hub, member, room, n) => {
    hub.setModes(member, room, [{ on: true, mode: "k", key: cut("a-key-as-long-as-it-may-be", n) }]);
  },
  "room": (hub, member, _, n) => void hub.join(member, cut("#A-Room-With-A-Name-That-Is-Long-", n)),
  "monitor": (hub, member, _, n) => void hub.monitor.add(member, cut("A_Nick_To_Be_Monitored_", n)),
  "member": (hub, _member, _room, n) => {
    const identity = { user: cut("~a_user_name_", n), host: "host", realname: cut("another real name, no ", n) };
    const nick = cut("A_Nick_Of_A_New_Member_", n);
    hub.connect(nick, identity, new CountingFormat(() => undefined), new Inbox());
  },
};

for (const [kind, action] of Object.entries(ACTIONS)) {
  Deno.test(`chat: stored text does not retain the message it was cut from: ${kind}`, async () => {
    const history = new MemoryHistory();
    const hub = new Hub({ history, keepPrivate: true, onHeld: () => {} });
    const people = Array.from({ length: COUNT }, (_, n) => {
      const identity = { user: "~u", host: "host", realname: "" };
      const member = hub.connect(`n${n}`, identity, new CountingFormat(() => undefined), new Inbox());
      hub.join(member, LOBBY);
      return { member, room: hub.join(member, `#r${n}`) };
    });
    hub.flush();
    const grown = await grownBy(() => {
      for (const [n, { member, room }] of people.entries()) action(hub, member, room, n);
      hub.flush();
    });
    assert(grown < COUNT * MOST, `${grown} bytes are retained by ${COUNT}`);
    assertEquals(hub.findRoom(LOBBY).members.size, COUNT); // all members are still in the room
  });
}
