/** What the chat keeps of a line is all that it keeps of it: V8 would keep the whole message that the line was cut from. */
import { assert, assertEquals } from "@std/assert";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import type { Member } from "../../src/chat/member.ts";
import { copyString } from "../../src/util/copy_string.ts";
import type { Room } from "../../src/chat/room.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { grownBy } from "../heap.ts";
import { CountingFormat, Inbox } from "../chat/helpers.ts";

/** Characters of the message that each word is cut from. */
const MESSAGE = 64 * 1024;

/** How many are kept of each kind, and the most that one may take: a sixth of the message. */
const COUNT = 100;
const MOST = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A part of a long message that nothing else refers to: some 30 characters, other ones each time. */
function cut(words: string, n: number): string {
  const message = decoder.decode(encoder.encode(`:${words}${n}${"x".repeat(MESSAGE)}`));
  return message.slice(1, 1 + words.length + String(n).length);
}

Deno.test("what is made a string of its own is the same text", () => {
  for (const text of ["", "x", "hi", "😀", "grüße 茶 ".repeat(9), "\ud83d"]) assertEquals(copyString(text), text);
});

Deno.test("a part of a string that was copied keeps nothing of the whole", async () => {
  const kept: string[] = [];
  for (let n = 0; n < 100_000; n++) copyString(`warm, as it is in a server that has run for long: ${n}`.slice(1));
  const grown = await grownBy(() => {
    for (let n = 0; n < COUNT; n++) kept.push(copyString(cut("what somebody has said, the ", n)));
  });
  assertEquals(kept.length, COUNT);
  assert(grown < COUNT * MOST, `${grown} bytes are kept of ${COUNT}`);
});

/**
 * What people do with words, for each of `COUNT` people. Names have capitals: what they are folded to, V8 copies of its own
 * accord as it makes keys of maps of them.
 */
const DEEDS: Record<string, (chat: LocalChat, member: Member, room: Room, n: number) => void> = {
  "said": (chat, member, room, n) => chat.say(member, room, cut("what somebody has said, the ", n)),
  "tags": (chat, member, room, n) => chat.say(member, room, "hi", { tags: cut("@+draft/reply=somebody-", n) }),
  "whispered": (chat, member, _, n) => chat.whisper(member, member.nick, cut("what nobody else is to know ", n)),
  "topic": (chat, member, room, n) => chat.setTopic(member, room, cut(" what we are talking about, ", n)),
  "away": (chat, member, _, n) => chat.setAway(member, cut("why I am not really there: ", n)),
  "realname": (chat, member, _, n) => chat.setRealname(member, cut("what I am called elsewhere ", n)),
  "nick": (chat, member, _, n) => chat.rename(member, cut("A_Name_As_Long_As_It_May_Be", n)),
  "mask": (chat, member, room, n) => {
    chat.setModes(member, room, [{ on: true, mode: "b", mask: cut("Somebody_there!from@somewhere.else", n) }]);
  },
  "key": (chat, member, room, n) => {
    chat.setModes(member, room, [{ on: true, mode: "k", key: cut("a-key-as-long-as-it-may-be", n) }]);
  },
  "room": (chat, member, _, n) => void chat.join(member, cut("#A-Room-With-A-Name-That-Is-Long-", n)),
  "lookout": (chat, member, _, n) => void chat.monitor.add(member.sessions[0]!, cut("Somebody_To_Look_Out_For_", n)),
  "somebody": (chat, _member, _room, n) => {
    const identity = { user: cut("~a_user_name_", n), host: "host", realname: cut("somebody else, by name ", n) };
    const nick = cut("Another_One_Who_Comes_In_", n);
    chat.connect(nick, identity, new CountingFormat(() => undefined), new Inbox());
  },
};

for (const [kind, deed] of Object.entries(DEEDS)) {
  Deno.test(`what is kept of a long message is no more than the part that is needed: ${kind}`, async () => {
    const history = new MemoryHistory();
    const chat = new LocalChat({ history, keepPrivate: "all" });
    const people = Array.from({ length: COUNT }, (_, n) => {
      const identity = { user: "~u", host: "host", realname: "" };
      const { member } = chat.connect(`n${n}`, identity, new CountingFormat(() => undefined), new Inbox());
      chat.join(member, LOBBY);
      return { member, room: chat.join(member, `#r${n}`) };
    });
    chat.flush();
    const grown = await grownBy(() => {
      for (const [n, { member, room }] of people.entries()) deed(chat, member, room, n);
      chat.flush();
    });
    assert(grown < COUNT * MOST, `${grown} bytes are kept of ${COUNT}`);
    assertEquals(chat.findRoom(LOBBY).members.size, COUNT); // and all of them are still there
  });
}
