/** Tests how lines, rooms and conversations expire in both stores, also when the clock is wrong. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { Said } from "../../src/chat/events.ts";
import { firstId, Ids } from "../../src/chat/ids.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import {
  both,
  Clock,
  commitLines,
  DAY,
  found,
  lines,
  MANY,
  MINUTE,
  NOON,
  Place,
  PLAIN_ROOM,
  runMaintenance,
  said,
  SWEEP_TIME,
  texts,
  tickingClock,
  whispered,
} from "./helpers.ts";

Deno.test("sqlite: expired lines are deleted to the millisecond, at the start and every ten minutes", async () => {
  using clock = new Clock();
  using place = new Place();
  let history = await place.open({ age: DAY, lines: Infinity });
  commitLines(
    history,
    said("#room", "old", { time: NOON - DAY - 1 }),
    said("#room", "a day old", { time: NOON - DAY }),
  );
  commitLines(history, said("#room", "new"));
  history.add("alice@host bob", whispered("bob", "old", { time: NOON - DAY - 1 }));
  history.commit();
  runMaintenance(history);
  assertEquals([texts(history, "#room"), texts(history, "alice@host bob")], [["a day old", "new"], []]);
  assertEquals(found(history, "old"), ["a day old"]);
  clock.now += SWEEP_TIME - 1;
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["a day old", "new"], "not yet");
  clock.now += 1;
  runMaintenance(history);
  assertEquals([texts(history, "#room"), found(history, "old")], [["new"], []]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 1);
  clock.now += DAY;
  history = await place.open({ age: DAY, lines: Infinity });
  runMaintenance(history);
  assertEquals(texts(history, "#room"), []);
});

Deno.test("sqlite: sweeps continue when the clock is set back", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  runMaintenance(history);
  clock.now -= 7 * DAY;
  commitLines(history, said("#room", "old", { time: clock.now - DAY - 1 }), said("#room", "new"));
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["new"]);
});

/** Lines with ascending ids, one of which is said while the clock is wrong. */
function saidWhile(clock: Clock, wrong: number): Said[] {
  const ids = new Ids(0);
  return [["1", NOON], ["2", NOON + 1], ["wrong", wrong], ["3", NOON + 2], ["4", NOON + DAY]].map(([text, time]) => {
    clock.now = Number(time);
    return said("#room", String(text), { id: ids.next(clock.now), time: clock.now });
  });
}

const FAR_AHEAD = NOON + 5000 * DAY;

for (const kind of ["memory", "sqlite"]) {
  Deno.test(`${kind}: lines after one from a wrong clock still expire`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory({ age: DAY }) : await place.open({ age: DAY });
    commitLines(history, ...saidWhile(clock, FAR_AHEAD));
    const swept = async () => {
      const each = kind === "memory" ? history : await place.open({ age: DAY }); // a restart begins with a sweep
      runMaintenance(each);
      return texts(each, "#room").join(" ");
    };
    const left: string[] = [];
    for (clock.now = NOON + DAY; clock.now < NOON + DAY + 4; clock.now++) left.push(await swept());
    assertEquals(left, ["1 2 wrong 3 4", "2 wrong 3 4", "wrong 3 4", "4"]);
    clock.now = NOON - 10_000 * DAY; // wrong again: all lines are from the future then, and stay
    assertEquals(await swept(), "4");
  });

  Deno.test(`${kind}: many lines from the future expire with the line after them`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory({ age: DAY }) : await place.open({ age: DAY });
    const ids = new Ids(0);
    const say = (time: number, text: string) => commitLines(history, said("#room", text, { time, id: ids.next(time) }));
    for (let n = 0; n < 250; n++) say(FAR_AHEAD + n, `wrong ${n}`);
    say(NOON, "right");
    say(NOON + 2, "later");
    const swept = async () => {
      const each = kind === "memory" ? history : await place.open({ age: DAY });
      runMaintenance(each);
      return texts(each, "#room").length;
    };
    clock.now = NOON + DAY;
    assertEquals(await swept(), 252);
    clock.now++;
    assertEquals(await swept(), 1);
  });

  Deno.test(`${kind}: firstSince() goes by the times of the lines, not by their ids`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory() : await place.open();
    const lines = saidWhile(clock, FAR_AHEAD);
    commitLines(history, ...lines);
    const since = (time: number) => lines.find(({ id }) => id === history.firstSince("#room", time))?.text;
    assertEquals([since(0), since(NOON), since(NOON + 1), since(NOON + 2)], ["1", "1", "2", "3"]);
    assertEquals([since(NOON + 3), since(NOON + DAY), since(NOON + DAY + 1)], ["4", "4", undefined]);
    assertEquals([history.firstSince("#room", FAR_AHEAD), history.firstSince("#never", 0)], [Infinity, Infinity]);
  });

  Deno.test(`${kind}: firstSince() finds the first line of a time when the ids are ahead of it`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory() : await place.open();
    const ids = new Ids(firstId(NOON + 60 * MINUTE)); // the clock was an hour ahead, and has been set back
    const times = [0, 5, 5, 6, 120].map((minute) => NOON + minute * MINUTE);
    const given = times.map((time) => said("#room", "x", { time, id: ids.next(time) }));
    commitLines(history, ...given);
    const since = (minute: number) => history.firstSince("#room", NOON + minute * MINUTE);
    assertEquals([since(0), since(1)], [given[0]!.id, Infinity]);
    clock.now = NOON + DAY; // now the ids are in the past as well
    const [first, second, , fourth, fifth] = given.map(({ id }) => id);
    assertEquals([0, 1, 5, 6, 10, 121].map(since), [first, second, second, fourth, fifth, Infinity]);
  });

  Deno.test(`${kind}: firstSince() ignores a line from a millisecond after now until the clock reaches it`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory() : await place.open();
    const [before, after] = [said("#room", "before", { time: NOON - 1 }), said("#room", "after", { time: NOON + 1 })];
    commitLines(history, before, after);
    assertEquals([NOON - 1, NOON, NOON + 1].map((time) => history.firstSince("#room", time)), [
      before.id,
      Infinity,
      Infinity,
    ]);
    clock.now++;
    assertEquals([NOON, NOON + 1, NOON + 2].map((time) => history.firstSince("#room", time)), [
      after.id,
      after.id,
      Infinity,
    ]);
  });
}

Deno.test("sqlite: firstSince() equals that of the history in memory for random times", async () => {
  const times = fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }).map((steps) => {
    let time = NOON;
    return steps.map((step) => time += step);
  });
  await fc.assert(
    fc.asyncProperty(times, fc.integer({ min: -1, max: 2000 }), fc.nat(3000), async (times, offset, ahead) => {
      using clock = new Clock();
      using place = new Place();
      clock.now = NOON + 10_000;
      const [file, memory] = [await place.open(), new MemoryHistory()];
      const ids = new Ids(firstId(NOON + ahead)); // the clock was ahead before, and has been set back
      for (const time of times) {
        const line = said("#room", "x", { time, id: ids.next(time) });
        commitLines(file, line);
        commitLines(memory, line);
      }
      assertEquals(...both(file, memory, (each) => each.firstSince("#room", NOON + offset)));
    }),
    { numRuns: 30 },
  );
});

Deno.test("sqlite: expired lines are deleted some at a time", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  const rooms = Array.from({ length: 10 }, (_, n) => `#${n}`);
  for (const room of rooms) commitLines(history, ...lines(room, MANY / 5));
  runMaintenance(history);
  const left = () => rooms.reduce((sum, room) => sum + texts(history, room).length, 0);
  clock.now += DAY + 1;
  let before = left();
  for (let more = true; more;) {
    more = history.runStep(() => {});
    const now = left();
    assert(before - now < MANY, `${before - now} lines in a step`);
    before = now;
  }
  assertEquals([before, place.number("SELECT count(*) FROM word_docsize")], [0, 0]);
});

Deno.test("sqlite: rooms without lines are reported when they expire, and stay until they are deleted", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  for (const name of ["#Silent", "#ruled", "#talk", "#new"]) {
    const topic = name === "#ruled" ? { text: "x", by: "alice!~a@host", at: NOON + DAY } : undefined;
    history.saveRoom({ ...PLAIN_ROOM, name, topic, since: name === "#new" ? NOON + DAY : NOON - DAY });
  }
  for (const name of ["#locked", "#named"]) history.saveRoom({ ...PLAIN_ROOM, name, since: NOON - DAY });
  commitLines(history, said("#talk", "later", { time: NOON + DAY }), said("#silent", "once"));
  assertEquals(runMaintenance(history), []);
  clock.now += DAY;
  history.saveRoom({ ...PLAIN_ROOM, name: "#locked", since: NOON - DAY, password: "sesame" });
  history.renameRoom("#named", "#renamed");
  history.commit();
  clock.now++;
  assertEquals(runMaintenance(history), ["#silent"]);
  const names = ["#Silent", "#ruled", "#talk", "#new", "#locked", "#renamed"];
  assertEquals(history.rooms().map(({ name }) => name), names);
  clock.now += SWEEP_TIME;
  assertEquals(runMaintenance(history), ["#silent"], "again, until it is deleted");
  history.deleteTarget("#silent");
  clock.now += DAY;
  assertEquals(runMaintenance(history), ["#ruled", "#talk", "#new", "#locked", "#renamed"]);
});

Deno.test("sqlite: no room expires without an age limit", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open();
  history.saveRoom({ ...PLAIN_ROOM, name: "#silent" });
  history.commit();
  clock.now += 100_000 * DAY;
  assertEquals([runMaintenance(history), history.rooms().length], [[], 1]);
});

Deno.test("sqlite: conversations without lines are deleted, and can start again", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  const say = (text: string) => {
    history.add("alice@host bob", whispered("bob", text));
    history.commit();
  };
  say("1");
  clock.now += DAY + 1;
  assertEquals(runMaintenance(history), []);
  assertEquals(place.number("SELECT count(*) FROM target"), 0);
  say("2");
  assertEquals(texts(history, "alice@host bob"), ["2"]);
});

Deno.test("sqlite: the lines of all rooms expire, however many rooms there are", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY });
  const rooms = Array.from({ length: 120 }, (_, n) => `#${n}`);
  const times = rooms.map((_, n) => n === 119 ? NOON : NOON + DAY);
  commitLines(history, ...rooms.map((room, n) => said(room, "x", { id: n + 1, time: times[n]! })));
  clock.now += DAY + 1;
  runMaintenance(history);
  assertEquals([place.number("SELECT count(*) FROM message"), texts(history, "#119")], [119, []]);
});

Deno.test("sqlite: a step that looks for expired lines ends when it takes too long, and the next one goes on", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY });
  const rooms = Array.from({ length: 40 }, (_, n) => `#${n}`);
  commitLines(history, ...rooms.map((room, n) => said(room, "x", { id: n + 1 })));
  runMaintenance(history);
  clock.now += SWEEP_TIME;
  using _clock = tickingClock(1); // a step may take two milliseconds
  let steps = 1;
  while (history.runStep(() => {})) steps++;
  assert(steps >= 40, `${steps} steps`);
});

/** A clock that runs for less time than the age limit of a day, and may be wrong. */
const youngClock = (reached: number) => ({ now: () => reached, reached: () => reached, monotonic: 0, age: DAY - 1 });

Deno.test("sqlite: lines of a process that is younger than the age limit stay, whatever the time is, and older lines go", async () => {
  using _clock = new Clock();
  using place = new Place();
  commitLines(await place.open(), said("#room", "before"));
  await place.open();
  const history = new SqliteHistory(place.database, { age: DAY }, youngClock(NOON + 10 * DAY));
  commitLines(history, said("#room", "now"), said("#new", "also now"));
  runMaintenance(history);
  assertEquals([texts(history, "#room"), texts(history, "#new")], [["now"], ["also now"]]);
});

Deno.test("sqlite: many lines from before the clock was set stay with the line after them, if that is of a young process", async () => {
  using clock = new Clock();
  using place = new Place();
  const before = await place.open();
  const ids = new Ids(0);
  for (clock.now = 1000; clock.now < 1150; clock.now++) {
    commitLines(before, said("#room", "x", { time: clock.now, id: ids.next(clock.now) }));
  }
  await place.open();
  const history = new SqliteHistory(place.database, { age: DAY }, youngClock(NOON + 10 * DAY));
  commitLines(history, said("#room", "set", { time: NOON, id: ids.next(NOON) }));
  runMaintenance(history);
  assertEquals(place.number("SELECT count(*) FROM message"), 151);
});

Deno.test("sqlite: a room that was changed before the clock was set stays while the process is young", async () => {
  using clock = new Clock();
  using place = new Place();
  await place.open();
  clock.now = 1000;
  const young = youngClock(NOON);
  const history = new SqliteHistory(place.database, { age: DAY }, young);
  history.saveRoom({ ...PLAIN_ROOM, name: "#room", since: 1000 });
  history.commit();
  assertEquals(runMaintenance(history), []);
  Object.assign(young, { age: DAY, monotonic: SWEEP_TIME });
  assertEquals(runMaintenance(history), ["#room"]);
});

Deno.test("sqlite: the time is saved for the next process, unless the clock was never set or is that of a command", async () => {
  using place = new Place();
  const saved = (history: SqliteHistory) => {
    runMaintenance(history);
    return place.number("SELECT reached FROM clock");
  };
  assertEquals(saved(await place.open()), 0);
  assertEquals(saved(new SqliteHistory(place.database, {}, youngClock(5000))), 0);
  assertEquals(saved(new SqliteHistory(place.database, {}, youngClock(NOON))), NOON);
});
