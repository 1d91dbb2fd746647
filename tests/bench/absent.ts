/**
 * Measures what the chat needs for sessions that say nothing, and for users who are always on and not connected: heap, the
 * time of a restart, and the longest commit when all of them lose their connections at once.
 *
 *     deno run --allow-all tests/bench/absent.ts
 */
import { LocalChat } from "../../src/chat/local_chat.ts";
import { Database } from "../../src/history/database.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { grownBy } from "../heap.ts";

const USERS = 10_000;
const ROOMS = ["#lobby", "#tea", "#den"];

const policy = { isRegistered: (nick: string) => nick.startsWith("user") };
const format = { render: () => undefined };
const outlet = { peer: "192.0.2.1:5", send: () => {}, close: () => {} };

/** Connects users, each with a host of its own, to three rooms. */
function connectAll(chat: LocalChat) {
  return Array.from({ length: USERS }, (_, n) => {
    const host = `${n.toString(36)}.disguised.example`;
    const identity = { user: `~user${n}`, host, networks: [host], realname: `User ${n}`, account: `user${n}` };
    const session = chat.connect(`user${n}`, identity, format, outlet);
    for (const room of ROOMS) chat.join(session.member, room);
    return session;
  });
}

/** Adds a session to each user, which is shown its rooms. */
function connectAgain(chat: LocalChat) {
  for (const { nick, account, user, host, realname } of [...chat.members]) {
    const session = chat.connect(nick, { user, host, networks: [host], realname, account }, format, outlet);
    for (const room of session.member.rooms.values()) chat.show(session, room);
  }
}

let kept: LocalChat | undefined; // so that it is not collected before the heap is measured
const first = await grownBy(() => {
  kept = new LocalChat({ history: new MemoryHistory(), policy });
  connectAll(kept);
  kept.flush();
});
const further = await grownBy(() => connectAgain(kept!));
const perUser = (heap: number) => `${Math.round(heap / USERS)} bytes`;
console.log(`heap per user with one session, in ${ROOMS.length} rooms: ${perUser(first)}`);
console.log(`heap per further session of a user: ${perUser(further)}`);
kept = undefined;

const heap = await grownBy(() => {
  const chat = kept = new LocalChat({ history: new MemoryHistory(), policy, alwaysOn: "on" });
  for (const session of connectAll(chat)) chat.disconnect(session);
  chat.flush();
});
console.log(
  `heap per user without a session, in ${ROOMS.length} rooms: ${Math.round(heap / kept!.alwaysOn.absent.size)} bytes`,
);

const directory = await Deno.makeTempDir();
try {
  const history = new SqliteHistory(await Database.open(directory));
  const chat = new LocalChat({ history, policy, alwaysOn: "on" });
  const sessions = connectAll(chat);
  chat.flush(true);
  for (const session of sessions) chat.disconnect(session);
  let [longest, commits] = [0, 0];
  for (; history.presence.hasPending || commits < USERS * (1 + ROOMS.length) / 500; commits++) {
    const start = performance.now();
    chat.flush();
    longest = Math.max(longest, performance.now() - start);
  }
  console.log(`all lose their connections at once: ${commits} commits, the longest ${longest.toFixed(1)} ms`);
  history.close();
  const again = new SqliteHistory(await Database.open(directory));
  const start = performance.now();
  const { absent } = new LocalChat({ history: again, policy, alwaysOn: "on" }).alwaysOn;
  console.log(`restart with ${absent.size} users: ${Math.round(performance.now() - start)} ms`);
  again.close();
} finally {
  await Deno.remove(directory, { recursive: true });
}
