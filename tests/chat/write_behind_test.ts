import { assertEquals, assertThrows } from "@std/assert";
import { Delivery } from "../../src/chat/delivery.ts";
import type { Said } from "../../src/chat/events.ts";
import { REMOTE_ENDPOINT } from "../../src/chat/member.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { Room } from "../../src/chat/room.ts";
import { StoreError, StoreLost } from "../../src/chat/store.ts";
import { isStored, LOCK_TIMEOUT, WriteBehind } from "../../src/chat/write_behind.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { CountingFormat, Inbox, LastingHistory, memberWith } from "./helpers.ts";

/** A room with one member that says lines, over a history that can be made to fail. */
function place(history: LastingHistory | MemoryHistory = new LastingHistory()) {
  const log: string[] = [];
  const observer = {
    ...NO_OBSERVER,
    flushWanted: () => void log.push("flush"),
    storeFailed: ({ message }: Error) => void log.push(message),
    storeLost: ({ message }: Error) => void log.push(`lost: ${message}`),
    storeRecovered: () => void log.push("recovered"),
  };
  const delivery: Delivery = new Delivery(observer.flushWanted, () => writes.commit());
  const writes = new WriteBehind(history, "all", delivery, observer);
  const inbox = new Inbox();
  const alice = memberWith({}, "alice", new CountingFormat(), inbox);
  const room = new Room("#Tea", delivery.createSet(), 0);
  room.members.add(alice);
  room.sessions.add(alice.sessions[0]!);
  alice.rooms.set(room.key, room);
  let id = 0;
  const say = (text: string) => {
    const line = { id: ++id, text, style: "say", time: 0, tags: "", bot: false } as const;
    const said: Said = { kind: "said", room: room.name, who: "alice", origin: alice.origin, ...line };
    const pending = writes.addLine(room, said, alice);
    room.sessions.announce(said, undefined, pending);
    return pending;
  };
  const heard = () => {
    writes.commit();
    delivery.flush();
    return inbox.take();
  };
  return { history, writes, delivery, room, alice, inbox, say, heard, log };
}

/** A monotonic clock that stands still. */
function stopClock() {
  const real = performance.now;
  const clock = { now: 0, [Symbol.dispose]: () => void (performance.now = real) };
  performance.now = () => clock.now;
  return clock;
}

/** A monotonic clock by which every look takes a second. */
function advanceClock() {
  const clock = stopClock();
  performance.now = () => clock.now += 1000;
  return clock;
}

Deno.test("write-behind: a line of a history in memory is never pending", () => {
  const { writes, say, heard, room } = place(new MemoryHistory());
  assertEquals([say("hi"), writes.persistent, writes.stored, room.hasLines], [false, false, 0, true]);
  assertEquals(heard(), ["said #Tea alice hi say"]);
});

Deno.test("write-behind: a pending line is committed before it is delivered", () => {
  const { history, writes, say, heard, room } = place();
  assertEquals([say("1"), say("2"), writes.hasPending("#tea"), writes.stored], [true, true, true, 0]);
  assertEquals((history as LastingHistory).take(), []);
  assertEquals(heard(), ["said #Tea alice 1 say", "said #Tea alice 2 say"]);
  assertEquals((history as LastingHistory).take(), [["#Tea", "1", "2"]], "one commit, with the room");
  assertEquals([writes.stored, writes.lost, writes.hasPending("#tea"), room.stored], [2, 0, false, true]);
});

Deno.test("write-behind: a commit is asked for once for the lines of a room whose members are all on other nodes", () => {
  const { writes, say, heard, log, room, alice } = place();
  say("1");
  heard();
  room.sessions.delete(alice.sessions[0]!);
  const remote = memberWith({}, "bob", REMOTE_ENDPOINT.format, REMOTE_ENDPOINT.outlet);
  room.sessions.add(remote.sessions[0]!);
  log.length = 0;
  say("2");
  say("3");
  assertEquals(log, ["flush"]);
  writes.commit();
  say("4");
  assertEquals(log, ["flush", "flush"]);
});

Deno.test("write-behind: lines that cannot be committed are rolled back and their authors are told", () => {
  const lasting = new LastingHistory();
  const { writes, say, heard, log } = place(lasting);
  say("1");
  heard();
  log.length = 0;
  lasting.full = "the disk is full";
  say("2");
  assertEquals(writes.commit(), false);
  assertEquals(heard(), ["not-stored #Tea alice 2"]);
  say("3");
  assertEquals(heard(), ["not-stored #Tea alice 3"]);
  lasting.full = undefined;
  say("4");
  assertEquals(heard(), ["said #Tea alice 4 say"]);
  assertEquals(log.filter((entry) => entry !== "flush"), ["the disk is full", "recovered"], "each is reported once");
  assertEquals([writes.stored, writes.lost], [2, 2]);
});

Deno.test("write-behind: room settings that cannot be saved are saved by a later commit", () => {
  const { history, writes, room } = place();
  const lasting = history as LastingHistory;
  lasting.full = "the disk is full";
  writes.saveRoom(room);
  assertEquals([writes.commit(), lasting.rooms()], [false, []]);
  lasting.full = undefined;
  writes.commit();
  assertEquals(lasting.rooms().map(({ name }) => name), ["#Tea"]);
});

Deno.test("write-behind: while the history is locked nothing is committed, for a second at most", () => {
  using clock = stopClock();
  const { history, writes, say, heard } = place();
  const lasting = history as LastingHistory;
  lasting.locked = true;
  assertEquals(writes.isLocked(), false, "there is nothing to commit");
  say("1");
  assertEquals([writes.isLocked(), writes.commit(), writes.stored, writes.lost], [true, false, 0, 0]);
  clock.now = LOCK_TIMEOUT - 1;
  lasting.locked = false;
  assertEquals([writes.isLocked(), heard()], [false, ["said #Tea alice 1 say"]]);
  lasting.locked = true;
  say("2");
  assertEquals(writes.isLocked(), true, "the time begins anew");
  clock.now += LOCK_TIMEOUT;
  assertEquals([writes.isLocked(), writes.commit(), writes.lost], [false, false, 1]);
  say("3");
  assertEquals([writes.commit(true), writes.lost], [false, 2], "a final commit does not wait");
});

Deno.test("write-behind: private messages are committed at once and counted", () => {
  const { history, writes } = place();
  const lasting = history as LastingHistory;
  const line = { kind: "whispered", to: "bob", who: "alice", origin: "a!b@c", id: 1, text: "psst" } as const;
  const message = { ...line, style: "say", time: 0, tags: "", bot: false } as const;
  writes.addPrivate(["one", "other"], message);
  assertEquals([writes.commitPrivate(1), writes.stored, lasting.take()], [true, 1, [["psst", "psst"]]]);
  lasting.full = "the disk is full";
  writes.addPrivate(["one", "other"], message);
  assertEquals([writes.commitPrivate(1), writes.stored, writes.lost], [false, 1, 1]);
});

Deno.test("write-behind: a deleted room is not saved any more", () => {
  const { history, writes, room } = place();
  writes.saveRoom(room);
  writes.deleteRoom(room);
  writes.commit();
  assertEquals((history as LastingHistory).rooms(), []);
});

Deno.test("write-behind: what users say is stored, but not what their programs tell each other", () => {
  const styles = ["say", "action", "notice", "ctcp", "ctcp-reply"] as const;
  assertEquals(styles.map((style) => isStored({ style })), [true, true, true, false, false]);
});

/** A room of a node of a cluster that is applying a command. */
function nodePlace() {
  const history = new LastingHistory();
  history.position = 100;
  return { ...place(history), history };
}

Deno.test("write-behind: a node of a cluster whose history fails rolls nothing back, and delivers nothing more", () => {
  const { history, writes, say, heard, log, room, delivery, inbox } = nodePlace();
  history.full = "the disk is full";
  say("1");
  room.sessions.announce({ kind: "notice", text: "not pending" });
  log.length = 0;
  assertEquals([writes.commit(), heard(), log], [false, [], ["lost: the disk is full"]]);
  assertEquals([writes.failure?.message, writes.lost], ["the disk is full", 0]);
  history.full = undefined;
  say("2");
  assertEquals([writes.commit(), heard(), history.take()], [false, [], []]);
  delivery.flush();
  assertEquals([inbox.take(), log.filter((line) => line.startsWith("lost")).length], [[], 1]);
});

Deno.test("write-behind: a command of a cluster that cannot be stored has no answer, as other nodes may have stored it", () => {
  const acts = [
    ({ writes }: ReturnType<typeof nodePlace>) => writes.commitPrivate(1),
    ({ writes, room }: ReturnType<typeof nodePlace>) => writes.renameRoom(room, "#coffee"),
    ({ writes, room }: ReturnType<typeof nodePlace>) => writes.deleteRoom(room),
  ];
  using _time = advanceClock();
  for (const act of acts) {
    const node = nodePlace();
    const { history, writes, room, log, say } = node;
    say("1");
    writes.saveRoom(room);
    history.full = history.unreadable = "the disk is full";
    log.length = 0;
    assertThrows(
      () => act(node),
      StoreLost,
      "Cannot stay in the cluster: the history cannot be written: the disk is full",
    );
    assertEquals(log, ["lost: the disk is full"]);
    assertThrows(() => node.writes.commitPrivate(1), StoreLost);
  }
});

Deno.test("write-behind: a private message of a cluster waits while another process has the database locked, up to a limit", () => {
  const { history, writes, log } = nodePlace();
  using clock = stopClock();
  history.locked = true;
  let looks = 0;
  Object.defineProperty(history, "ready", {
    get: () => {
      clock.now += 100;
      if (++looks === 5) history.locked = false;
      return !history.locked;
    },
  });
  assertEquals([writes.commitPrivate(1), looks >= 5, log], [true, true, []]);
  looks = 100;
  history.locked = true;
  const line = { id: 9, text: "", style: "say", time: 0, tags: "", bot: false } as const;
  writes.addPrivate(["alice bob"], { kind: "whispered", to: "bob", who: "alice", origin: "a!b@c", ...line });
  const error = assertThrows(() => writes.commitPrivate(1), StoreLost);
  assertEquals((error.cause as StoreError).message, "locked");
  assertEquals([looks < 100 + 20, log], [true, ["lost: locked"]]);
});

Deno.test("write-behind: a room of a cluster is deleted when another process no longer has the database locked", () => {
  const { writes, room, say, log, history } = nodePlace();
  say("1");
  writes.commit();
  log.length = 0;
  let tries = 0;
  history.deleteTarget = () => {
    if (++tries < 3) throw new StoreError("locked");
  };
  writes.deleteRoom(room);
  assertEquals([tries, log, writes.failure], [3, [], undefined]);
});

Deno.test("write-behind: a line that is stored already is delivered without a commit when its command is applied again", () => {
  const { history, writes, say, heard, room } = nodePlace();
  history.storedPosition = 100;
  assertEquals([say("1"), heard(), room.hasLines, writes.stored], [false, ["said #Tea alice 1 say"], true, 0]);
  writes.saveRoom(room);
  assertEquals([room.stored, writes.commitPrivate(1), history.take()], [true, true, []]);
  history.position = 101;
  assertEquals([say("2"), writes.commit(), history.take()], [true, true, [["2"]]]);
});
