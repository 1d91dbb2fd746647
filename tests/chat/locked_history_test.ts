/** A chat whose history is locked by another process for some time. */
import { assertEquals } from "@std/assert";
import { assertRejected, CountingFormat, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";

/** Stops the monotonic clock, which `now` sets. */
function stopClock() {
  const real = performance.now;
  const clock = { now: 0, [Symbol.dispose]: () => void (performance.now = real) };
  performance.now = () => clock.now;
  return clock;
}

Deno.test("locked history: lines wait in order and nothing blocks", () => {
  using clock = stopClock();
  let again = 0;
  const { chat, history, troubles } = lasting({ keepPrivate: true, observer: { storeLocked: () => void again++ } });
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  const tea = chat.hub.findRoom(TEA);
  chat.say(alice, TEA, "before");
  for (const each of [alice, bob]) chat.heard(each);
  history.take();
  history.locked = true;
  chat.say(alice, TEA, "1");
  assertEquals([chat.heard(bob), chat.heard(alice), again], [[], [], 2]);
  sessionOf(alice).settle(); // as before a direct line
  assertEquals(chat.told(alice), []);
  assertEquals(chat.said(TEA), ["before"], "the committed lines");
  assertRejected("not-stored", "bob", () => chat.hub.whisper(alice, "bob", "psst"));
  chat.say(bob, TEA, "2");
  chat.hub.setTopic(alice, tea, "green");
  clock.now += 999;
  assertEquals([chat.heard(bob), history.take(), troubles], [[], [], []]);
  history.locked = false;
  const all = ["said #tea alice 1 say", "said #tea bob 2 say", "topic #tea alice green"];
  assertEquals([chat.heard(bob), chat.heard(alice)], [all, all]);
  assertEquals([history.take(), chat.hub.linesLost], [[[TEA, "1", "2"]], 1]);
});

Deno.test("locked history: a member is told of its kick at once", () => {
  using _clock = stopClock();
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  chat.say(alice, TEA, "before");
  for (const each of [alice, bob]) chat.heard(each);
  history.locked = true;
  chat.say(alice, TEA, "1");
  chat.hub.kick(alice, chat.hub.findRoom(TEA), "bob");
  assertEquals(chat.told(bob), ["kicked #tea alice bob"], "without the pending line");
  history.locked = false;
  assertEquals(chat.heard(alice), ["said #tea alice 1 say", "kicked #tea alice bob"]);
});

Deno.test("locked history: a change of format waits for the queued lines", () => {
  using _clock = stopClock();
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  chat.heard(alice);
  history.locked = true;
  chat.say(alice, TEA, "1");
  chat.hub.reformat(sessionOf(bob), new CountingFormat(() => "another format"));
  chat.say(alice, TEA, "2");
  history.locked = false;
  assertEquals(chat.heard(bob).slice(-2), ["said #tea alice 1 say", "said #tea alice 2 say"]);
  chat.say(alice, TEA, "3");
  assertEquals(chat.heard(bob), ["another format"]);
});

Deno.test("locked history: lines are rolled back after a second, or at the final flush", () => {
  using clock = stopClock();
  for (const last of [false, true]) {
    const { chat, history, troubles } = lasting();
    const alice = chat.enter("alice", TEA);
    chat.say(alice, TEA, "before");
    chat.heard(alice);
    history.locked = true;
    chat.say(alice, TEA, "1");
    assertEquals(chat.heard(alice), []);
    if (!last) clock.now += 1000;
    chat.hub.flush(last);
    assertEquals(chat.heard(alice), ["not-stored #tea alice 1"]);
    chat.say(alice, TEA, "2");
    assertEquals([chat.heard(alice), troubles], last ? [[], ["locked"]] : [["not-stored #tea alice 2"], ["locked"]]);
    history.locked = false;
    chat.say(alice, TEA, "3");
    assertEquals(chat.heard(alice).slice(-1), ["said #tea alice 3 say"]);
  }
});
