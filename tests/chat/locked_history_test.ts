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
  const { fixture, history, troubles } = lasting({ keepPrivate: "all", observer: { storeLocked: () => void again++ } });
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  const tea = fixture.chat.findRoom(TEA);
  fixture.say(alice, TEA, "before");
  for (const each of [alice, bob]) fixture.heard(each);
  history.take();
  history.locked = true;
  fixture.say(alice, TEA, "1");
  assertEquals([fixture.heard(bob), fixture.heard(alice), again], [[], [], 2]);
  sessionOf(alice).settle(); // as before a direct line
  assertEquals(fixture.told(alice), []);
  assertEquals(fixture.said(TEA), ["before"], "the committed lines");
  assertRejected("not-stored", "bob", () => fixture.chat.whisper(alice, "bob", "psst"));
  fixture.say(bob, TEA, "2");
  fixture.chat.setTopic(alice, tea, "green");
  clock.now += 999;
  assertEquals([fixture.heard(bob), history.take(), troubles], [[], [], []]);
  history.locked = false;
  const all = ["said #tea alice 1 say", "said #tea bob 2 say", "topic #tea alice green"];
  assertEquals([fixture.heard(bob), fixture.heard(alice)], [all, all]);
  assertEquals([history.take(), fixture.chat.linesLost], [[[TEA, "1", "2"]], 1]);
});

Deno.test("locked history: a member is told of its kick at once", () => {
  using _clock = stopClock();
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  fixture.say(alice, TEA, "before");
  for (const each of [alice, bob]) fixture.heard(each);
  history.locked = true;
  fixture.say(alice, TEA, "1");
  fixture.chat.kick(alice, fixture.chat.findRoom(TEA), "bob");
  assertEquals(fixture.told(bob), ["kicked #tea alice bob"], "without the pending line");
  history.locked = false;
  assertEquals(fixture.heard(alice), ["said #tea alice 1 say", "kicked #tea alice bob"]);
});

Deno.test("locked history: a change of format waits for the queued lines", () => {
  using _clock = stopClock();
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  fixture.heard(alice);
  history.locked = true;
  fixture.say(alice, TEA, "1");
  fixture.chat.reformat(sessionOf(bob), new CountingFormat(() => "another format"));
  fixture.say(alice, TEA, "2");
  history.locked = false;
  assertEquals(fixture.heard(bob).slice(-2), ["said #tea alice 1 say", "said #tea alice 2 say"]);
  fixture.say(alice, TEA, "3");
  assertEquals(fixture.heard(bob), ["another format"]);
});

Deno.test("locked history: lines are rolled back after a second, or at the final flush", () => {
  using clock = stopClock();
  for (const last of [false, true]) {
    const { fixture, history, troubles } = lasting();
    const alice = fixture.enter("alice", TEA);
    fixture.say(alice, TEA, "before");
    fixture.heard(alice);
    history.locked = true;
    fixture.say(alice, TEA, "1");
    assertEquals(fixture.heard(alice), []);
    if (!last) clock.now += 1000;
    fixture.chat.flush(last);
    assertEquals(fixture.heard(alice), ["not-stored #tea alice 1"]);
    fixture.say(alice, TEA, "2");
    assertEquals([fixture.heard(alice), troubles], last ? [[], ["locked"]] : [["not-stored #tea alice 2"], ["locked"]]);
    history.locked = false;
    fixture.say(alice, TEA, "3");
    assertEquals(fixture.heard(alice).slice(-1), ["said #tea alice 3 say"]);
  }
});
