/**
 * How long the hot functions take: those that run for every line, or for every line and member.
 *
 * Run by `deno task bench`. Nothing here touches a socket; `load.ts` does.
 */
import { BroadcastSet } from "../../src/chat/broadcast.ts";
import type { Said } from "../../src/chat/events.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { type Identity, Member, type Outlet, Session } from "../../src/chat/member.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { copyString } from "../../src/util/copy_string.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { textFormat } from "../../src/protocol/text/render.ts";
import { Framer, splitLines } from "../../src/transport/lines.ts";

/** Bytes of a line, its end included. */
const LINE_SIZE = 64;

/** The most bytes of a line, as in the server by default. */
const MAX_LINE = 8192;

const TEXT = "x".repeat(LINE_SIZE - 1);
const SAID: Said = {
  kind: "said",
  room: LOBBY,
  who: "alice",
  origin: "alice!~guest@0123456789ab.hidden",
  id: 1_830_000_000_000_000,
  text: TEXT,
  style: "say",
  time: 0,
  tags: "",
  bot: false,
};
const IDENTITY: Identity = { user: "~guest", host: "0123456789ab.hidden", realname: "" };

const format = textFormat(100);
const nowhere: Outlet = { peer: "", send: () => {}, close: () => {} };
const nobody = () => {};

function setOf(size: number, onHeld: (set: BroadcastSet<Session>) => void): BroadcastSet<Session> {
  const set = new BroadcastSet(onHeld);
  for (let n = 0; n < size; n++) {
    set.add(new Session(n, new Member(`guest${n}`, IDENTITY), IDENTITY, { format, outlet: nowhere }));
  }
  return set;
}

{
  const chunk = new TextEncoder().encode(`${TEXT}\n`.repeat(8));
  const framer = new Framer(MAX_LINE);
  const decoder = new TextDecoder();

  Deno.bench("find the line ends", { group: "8 lines of 64 bytes, read at once" }, () => {
    framer.push(chunk);
  });

  Deno.bench("find the line ends, decode, split", { group: "8 lines of 64 bytes, read at once" }, () => {
    splitLines(decoder.decode(framer.push(chunk)));
  });
}

Deno.bench("make a line of what was said", { group: "rendering" }, () => {
  format.render(SAID);
});

for (const name of ["#lobby", "Alice", "Zoë"]) {
  Deno.bench(`fold ${name}`, { group: "names" }, () => {
    fold(name);
  });
}

{
  const line = `PRIVMSG #lobby :${TEXT}`;

  Deno.bench("make a part of a line a string of its own", { group: "the chat" }, () => {
    copyString(line.slice(16));
  });
}

{
  const set = setOf(1000, nobody);

  Deno.bench("10 lines to a room of 1,000", { group: "handing out" }, () => {
    for (let n = 0; n < 10; n++) set.announce(SAID);
    set.flush();
  });
}

/** The author whose lines are ignored: the one that speaks, or another one; and the number of members that ignore it. */
const IGNORED = { "no member ignores any other": [0, 0], "another author is ignored": [1, 1] } as const;
const BY_MANY = { "the author is ignored by 1": [0, 1], "the author is ignored by 500": [0, 500] } as const;

for (const [name, [ignored, count]] of Object.entries({ ...IGNORED, ...BY_MANY })) {
  const chat = new LocalChat({ history: new MemoryHistory() });
  const members = Array.from({ length: 1000 }, () => chat.connect(chat.guestName(), IDENTITY, format, nowhere).member);
  for (const member of members) {
    chat.join(member, LOBBY);
    member.sessions[0]!.hidesIgnored = true;
  }
  for (const member of members.slice(2, 2 + count)) chat.ignores.add(member, members[ignored]!.nick);
  const room = chat.findRoom(LOBBY);
  chat.flush();

  Deno.bench(name, { group: "say 10 lines in a room of 1,000, and hand them out" }, () => {
    for (let n = 0; n < 10; n++) chat.say(members[0]!, room, TEXT);
    chat.flush();
  });
}

{
  const held: BroadcastSet<Session>[] = [];
  const sets = Array.from({ length: 1000 }, () => setOf(5, (set) => held.push(set)));

  Deno.bench("a line to each of 1,000 rooms of 5", { group: "handing out" }, () => {
    for (const set of sets) set.announce(SAID);
    for (const set of held) set.flush();
    held.length = 0;
  });
}

{
  const chat = new LocalChat({ history: new MemoryHistory() });
  const members = Array.from({ length: 100 }, () => chat.connect(chat.guestName(), IDENTITY, format, nowhere).member);
  for (const member of members) chat.join(member, LOBBY);
  const room = chat.findRoom(LOBBY);
  chat.flush();

  Deno.bench("say 10 lines in a room of 100, and hand them out", { group: "the chat" }, () => {
    for (let n = 0; n < 10; n++) chat.say(members[n]!, room, TEXT);
    chat.flush();
  });
}
