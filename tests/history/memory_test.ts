import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { MemoryHistory, SEARCH_BUDGET } from "../../src/history/memory.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Clock, DAY, runMaintenance, said, texts, whispered } from "./helpers.ts";

/** What a line costs in addition to its text. */
const LINE = 200;

/** A history with some lines. */
function historyOf(rooms: Record<string, string[]>, lines?: number, total?: number): MemoryHistory {
  const history = new MemoryHistory(lines === undefined ? {} : { lines }, total);
  for (const [room, all] of Object.entries(rooms)) for (const text of all) history.add(room, said(room, text));
  return history;
}

Deno.test("memory: the newest lines of a room are stored, up to the limit, oldest first", () => {
  const history = new MemoryHistory({ lines: 3 });
  const all = ["1", "2", "3", "4", "5", "6", "7", "8"];
  for (const [index, text] of all.entries()) {
    history.add("#room", said("#room", text));
    const stored = all.slice(Math.max(0, index - 2), index + 1);
    assertEquals(texts(history, "#room"), stored);
    assertEquals(texts(history, "#room", 2), stored.slice(-2));
  }
});

Deno.test("memory: the default limit is 1,000 lines", () => {
  const history = new MemoryHistory();
  for (let n = 0; n <= 1000; n++) history.add("#room", said("#room", `${n}`, { id: n + 1 }));
  assertEquals(history.page("#room", { count: Infinity }).length, 1000);
  assertEquals(history.page("#room", { first: true, count: 1 })[0]!.text, "1");
});

Deno.test("memory: the stored lines are the same objects", () => {
  const event = said("#room", "hi");
  const history = new MemoryHistory();
  history.add("#room", event);
  assert(history.page("#room", { count: 1 })[0] === event);
});

Deno.test("memory: an unknown room and a count of 0 give no lines", () => {
  const history = historyOf({ "#room": ["1", "2"] });
  assertEquals(texts(history, "#other"), []);
  assertEquals(texts(history, "#room", 0), []);
});

Deno.test("memory: a returned page does not change when lines are added", () => {
  const history = historyOf({ "#room": ["1", "2"] }, 2);
  const before = history.page("#room", { count: 2 });
  history.add("#room", said("#room", "3"));
  assertEquals(before.map(({ text }) => text), ["1", "2"]);
});

Deno.test("memory: a page is the first or last lines between two ids, which are excluded", () => {
  const history = new MemoryHistory({ lines: 6 });
  const lines = Array.from({ length: 9 }, (_, n) => said("#room", `${n}`, { id: 10 * n }));
  for (const line of lines) history.add("#room", line); // the ring has wrapped around: 3 to 8 are left
  const page = (range: { after?: number; before?: number; first?: boolean }, count = 2) =>
    history.page("#room", { ...range, count }).map(({ text }) => text).join("");
  assertEquals(page({}), "78");
  assertEquals(page({ first: true }), "34");
  assertEquals(page({ before: 70 }), "56");
  assertEquals(page({ before: 70, first: true }), "34");
  assertEquals(page({ after: 40 }), "78");
  assertEquals(page({ after: 40, first: true }), "56");
  assertEquals(page({ after: 40, before: 80 }), "67");
  assertEquals(page({ after: 40, before: 80, first: true }, 9), "567");
  assertEquals(page({ after: 45, before: 65 }, Infinity), "56", "ids that nothing has");
  assertEquals(page({ after: 40, before: 50 }) + page({ after: 70, before: 30 }) + page({ before: 30 }), "");
  assertEquals(page({ after: 80 }) + page({ after: 0, before: 10 ** 15 }, 0), "");
});

Deno.test("memory: has() is true while a line is stored, and false for other targets", () => {
  const history = new MemoryHistory({ lines: 2 });
  for (const id of [10, 20, 30]) history.add("#room", said("#room", "x", { id }));
  assertEquals([10, 20, 25, 30].map((id) => history.has("#room", id)), [false, true, false, true]);
  assertEquals(history.has("#other", 20), false);
});

Deno.test("memory: a search finds the newest lines with all terms in the given rooms", () => {
  const history = historyOf({
    "#a": ["Tea, please", "green tea", "tea tea tea", "teapot"],
    "#b": ["GREEN tea here", "coffee"],
    "#c": ["secret green tea"],
  });
  const found = (words: string[], count = 10, rooms = ["#b", "#a", "#never"]) =>
    runToEnd(history.search(rooms, { terms: words, count })).lines.map(({ text }) => text);
  assertEquals(found(["tea"]), ["Tea, please", "green tea", "tea tea tea", "teapot", "GREEN tea here"]);
  assertEquals(found(["tea"], 2), ["teapot", "GREEN tea here"]);
  assertEquals(found(["tea", "green"]), ["green tea", "GREEN tea here"]);
  assertEquals(found(["green", "coffee"]), []);
  assertEquals(found([]), []);
  assertEquals(found(["tea"], 0), []);
  assertEquals(found(["tea"], 10, []), []);
  assertEquals(found(["teap"]), ["teapot"]);
  assertEquals(found(["t", "ea", "pot"]), [], "only the beginning of a word finds it, from two letters on");
});

Deno.test("memory: a search can be limited to an author and to a range of ids", () => {
  const history = new MemoryHistory();
  for (const [n, who] of ["Alice", "bob", "alice", "alice_", "ALICE"].entries()) {
    history.add("#room", said("#room", `word ${n}`, { who, id: n + 1 }));
  }
  const found = (query: { from?: string; after?: number; before?: number }) =>
    runToEnd(history.search(["#room"], { terms: ["word"], count: 10, ...query })).lines.map(({ id }) => id);
  assertEquals(found({ from: "alice" }), [1, 3, 5]);
  assertEquals(found({ from: "alice", after: 1, before: 5 }), [3]);
  assertEquals(found({ after: 1, before: 4 }), [2, 3]);
  assertEquals(found({ from: "nobody" }), []);
});

Deno.test("memory: a search stops at its budget, from the newest line of all rooms to the oldest", () => {
  const history = new MemoryHistory({ lines: 5000 });
  const rooms = ["#a", "#b"];
  const long = "今".repeat(10_000);
  const most = Math.ceil(SEARCH_BUDGET / (10_007 + 10)); // lines of this length, and the one that exceeds the budget
  const lines = most + 20;
  for (let n = 0; n < lines; n++) {
    history.add(rooms[n % 2]!, said(rooms[n % 2]!, `w${10_000 + n} ${long}`, { id: n + 1 }));
  }
  const found = (n: number, where = rooms) =>
    runToEnd(history.search(where, { terms: [`w${10_000 + n}`], count: 1 })).lines.length;
  assertEquals([found(lines - 1), found(lines - most + 1), found(lines - most - 1), found(0)], [1, 1, 0, 0]);
  assertEquals(found(0, ["#a"]), 1, "of one room alone there is not so much");
  const short = new MemoryHistory();
  for (let n = 0; n < 50_000; n++) {
    short.add(`#${n % 50}`, said("#x", `w${n} is what somebody said here`, { id: n + 1 }));
  }
  const all = Array.from({ length: 50 }, (_, n) => `#${n}`);
  assertEquals(
    runToEnd(short.search(all, { terms: ["w0"], count: 1 })).lines.length,
    1,
    "short lines are looked through, all of them",
  );
});

Deno.test("memory: a search reads few lines in one step, and reports where it stopped", () => {
  const history = new MemoryHistory({ lines: 100_000 });
  for (let n = 0; n < 10_000; n++) history.add("#a", said("#a", `word${n} ${"今".repeat(2500)}`, { id: n + 1 }));
  const search = history.search(["#a"], { terms: ["never"], count: 1 });
  let steps = 0;
  for (;;) {
    const { done, value } = search.next();
    if (done) {
      assert(value.unsearched > 1000 && value.unsearched < 9000, `${value.unsearched}`);
      break;
    }
    steps++;
  }
  assert(steps > SEARCH_BUDGET / 20_000, `${steps} steps`);
  history.add("#b", said("#b", "new", { id: 20_000 }));
  const meanwhile = history.search(["#b"], { terms: ["new"], count: 5 });
  meanwhile.next();
  history.add("#b", said("#b", "new", { id: 20_001 }));
  assertEquals(runToEnd(meanwhile).lines.map(({ id }) => id), [20_000], "what is added meanwhile is not looked at");
});

Deno.test("memory: targets() returns targets with a prefix and their newest lines", () => {
  const history = historyOf({ "#a": ["1", "2"], "#b": ["3"] });
  history.add("bob@host carol", whispered("carol", "4"));
  history.add("bob@host dave", whispered("dave", "5"));
  history.add("bobby@host dave", whispered("dave", "6"));
  const found = (prefix: string) =>
    runToEnd(history.targets(prefix)).map(({ target, line }) => `${target}: ${line.text}`).sort();
  assertEquals(found("bob@host "), ["bob@host carol: 4", "bob@host dave: 5"]);
  assertEquals(found("#"), ["#a: 2", "#b: 3"]);
  assertEquals(found("never"), []);
});

Deno.test("memory: nothing is persistent: no last id, no rooms, a new secret each time", () => {
  const history = historyOf({ "#room": ["1"] });
  assertEquals([history.persistent, history.last, history.rooms(), history.commit()], [false, 0, [], false]);
  assertEquals(history.secret.length, 32);
  assert(new MemoryHistory().secret.join() !== history.secret.join());
});

Deno.test("memory: a deleted room is empty and no longer counted, and other rooms stay", () => {
  const history = historyOf({ "#a": ["12345"], "#b": ["1"] });
  assertEquals(history.size, 2 * LINE + 6);
  history.deleteTarget("#a");
  history.deleteTarget("#never");
  assertEquals([texts(history, "#a"), texts(history, "#b"), history.size], [[], ["1"], LINE + 1]);
  history.add("#a", said("#a", "new"));
  assertEquals(texts(history, "#a"), ["new"]);
});

Deno.test("memory: lines after an id are counted up to a limit, without the line with the id", () => {
  const history = new MemoryHistory();
  for (const id of [1, 2, 4]) history.add("#room", said("#room", "x", { id }));
  const counted = [[0, 9], [1, 9], [3, 9], [4, 9], [0, 2]].map(([id, max]) => history.countAfter("#room", id!, max!));
  assertEquals([...counted, history.countAfter("#other", 0, 9)], [3, 2, 1, 0, 2, 0]);
});

Deno.test("memory: lines that are added while a search is under way are not found", () => {
  const history = historyOf({ "#old": ["tea"], "#new": ["tea"] });
  const search = history.search(["#old", "#new"], { terms: ["tea"], count: 9 });
  assert(!search.next().done, "one room was searched, and the other one is next");
  for (const room of ["#old", "#new"]) history.add(room, said(room, "more tea"));
  const { lines } = runToEnd(search);
  assertEquals(lines.map(({ text }) => text), ["tea", "tea"]);
});

Deno.test("memory: a room has the name of its lines, or the last one that it was given, and a new room its own", () => {
  using clock = new Clock();
  const history = new MemoryHistory({ age: DAY });
  const say = (room: string) => history.add(room.toLowerCase(), said(room, "x"));
  const names = (key: string) => history.page(key, { count: 9 }).map((line) => line.kind === "said" ? line.room : "");
  say("#Tea");
  history.renameRoom("#tea", "#WATER");
  history.renameRoom("#water", "#Milk");
  say("#Water"); // another room
  assertEquals([names("#milk"), names("#water"), names("#tea")], [["#Milk"], ["#Water"], []]);
  history.deleteTarget("#milk");
  say("#milk");
  assertEquals(names("#milk"), ["#milk"]);
  history.renameRoom("#water", "#JUICE");
  clock.now += 2 * DAY;
  runMaintenance(history);
  say("#juice");
  assertEquals(names("#juice"), ["#juice"]);
});

Deno.test("memory: targets() looks at two thousand targets in one step, and at no target whose lines have expired", () => {
  using clock = new Clock();
  const history = new MemoryHistory({ age: DAY });
  for (let n = 0; n < 4001; n++) history.add(`#${n}`, said(`#${n}`, "x", { id: n + 1 }));
  const steps = () => [...history.targets("never")].length;
  assertEquals(steps(), 2);
  clock.now += 2 * DAY;
  runMaintenance(history);
  assertEquals(steps(), 0);
});

Deno.test("memory: no line expires while the process is younger than the age limit, whatever the time is", () => {
  using time = new Clock();
  const clock = { now: () => time.now, reached: () => time.now + 10 * DAY, monotonic: 0, age: DAY - 1 };
  const history = new MemoryHistory({ age: DAY }, undefined, clock);
  history.add("#room", said("#room", "1"));
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["1"]);
  clock.age = DAY;
  runMaintenance(history);
  assertEquals(texts(history, "#room"), []);
});

Deno.test("memory: runStep deletes expired lines to the millisecond, and they are no longer counted", () => {
  using clock = new Clock();
  const history = new MemoryHistory({ age: DAY, lines: 3 });
  for (const text of ["1", "2", "3", "4"]) {
    history.add("#room", said("#room", text));
    clock.now++;
  }
  history.add("#old", said("#old", "x", { time: clock.now - 4 }));
  clock.now += DAY - 3; // 2 is a day old, and 1 has expired
  assertEquals([runMaintenance(history), texts(history, "#room"), texts(history, "#old")], [[], ["2", "3", "4"], []]);
  clock.now += 1;
  assertEquals([texts(history, "#room"), runMaintenance(history), texts(history, "#room")], [["2", "3", "4"], [], [
    "3",
    "4",
  ]]);
  assertEquals(history.size, 2 * LINE + 2);
  history.add("#room", said("#room", "5"));
  history.add("#room", said("#room", "6"));
  assertEquals(texts(history, "#room"), ["4", "5", "6"]);
  clock.now += 2 * DAY;
  runMaintenance(history);
  assertEquals([history.size, runToEnd(history.targets(""))], [0, []]);
});

Deno.test("memory: lines never expire without an age limit", () => {
  using clock = new Clock();
  const history = historyOf({ "#room": ["1"] });
  clock.now += 100_000 * DAY;
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["1"]);
});

Deno.test("memory: the largest room loses its older half when all rooms together are full", () => {
  const large = ["1", "2", "3", "4", "5"];
  const history = historyOf({ "#small": ["x", "y"], "#large": large }, 1000, 8 * LINE);
  assertEquals(texts(history, "#large"), large);
  history.add("#small", said("#small", "z"));
  assertEquals(texts(history, "#large"), ["4", "5"]);
  assertEquals(texts(history, "#small"), ["x", "y", "z"]);
});

Deno.test("memory: client tags count like text for the total", () => {
  const total = 100_000;
  const history = new MemoryHistory({}, total);
  const tags = `+a=${"x".repeat(3997)}`;
  for (let n = 0; n < 100; n++) history.add(`#${n % 5}`, said(`#${n % 5}`, "x", { tags }));
  const stored = [0, 1, 2, 3, 4].flatMap((n) => history.page(`#${n}`, { count: Infinity }));
  assertEquals(history.size, stored.length * (LINE + 1 + 4000));
  assert(history.size <= total && stored.length > 0, `${stored.length} lines`);
});

Deno.test("memory: the largest room is the one with the most characters, not lines", () => {
  const history = historyOf({ "#many": ["1", "2", "3"], "#long": ["x".repeat(2000)], "#new": ["4"] }, 1000, 2900);
  assertEquals(["#many", "#long", "#new"].map((room) => texts(history, room)), [["1", "2", "3"], [], ["4"]]);
});

Deno.test("memory: tags count like text for the size of a room", () => {
  const history = historyOf({ "#room": ["12"] });
  history.add("#room", said("#room", "345", { tags: "@+a=b " }));
  assertEquals(history.size, 2 * LINE + 2 + 3 + 6);
});

Deno.test("memory: a room keeps its order when it lost lines and fills up again", () => {
  const history = historyOf({ "#room": ["1", "2", "3", "4", "5", "6"] }, 4, 4 * LINE + 4);
  history.add("#other", said("#other", "x")); // 3 and 4 are deleted
  history.deleteTarget("#other");
  for (const text of ["7", "8", "9"]) history.add("#room", said("#room", text));
  assertEquals(texts(history, "#room"), ["6", "7", "8", "9"]);
});

Deno.test("memory: a line above the total limit is dropped, and the next one is stored", () => {
  const history = historyOf({ "#room": ["x".repeat(1000), "short"] }, 10, 500);
  assertEquals(texts(history, "#room"), ["short"]);
  const none = historyOf({ "#room": ["x".repeat(1000)] }, 10, 500);
  assertEquals([
    runToEnd(none.targets("#")),
    none.page("#room", { count: 1 }),
    runToEnd(none.search(["#room"], { terms: ["x"], count: 1 })).lines,
  ], [
    [],
    [],
    [],
  ]);
});

Deno.test("memory: a closed store is empty", () => {
  const history = historyOf({ "#room": ["1"] });
  history.close();
  assertEquals([texts(history, "#room"), history.size], [[], 0]);
});

Deno.test("memory: the limits hold, and the stored lines equal those of a plain list, for random operations", () => {
  const room = fc.constantFrom("#a", "#b", "#c");
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.tuple(room, fc.nat({ max: 300 })) },
    { weight: 1, arbitrary: fc.tuple(room) },
  );
  const steps = fc.array(step, { maxLength: 80, size: "max" });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 4000 }), (steps, most, total) => {
      const history = new MemoryHistory({ lines: most }, total);
      const rooms = new Map<string, string[]>();
      const size = (lines: string[]) => lines.reduce((sum, line) => sum + line.length + LINE, 0);
      for (const [index, [room, length]] of steps.entries()) {
        if (length === undefined) {
          history.deleteTarget(room);
          rooms.delete(room);
          continue;
        }
        const text = `${index}`.padEnd(length, ".");
        history.add(room, said(room, text));
        rooms.set(room, [...rooms.get(room) ?? [], text].slice(-most));
        for (let all = [...rooms.values()]; size(all.flat()) > total; all = [...rooms.values()]) {
          const largest = all.reduce((a, b) => size(b) > size(a) ? b : a);
          largest.splice(0, Math.ceil(largest.length / 2));
        }
        assert(history.size <= total, "over the bound");
        assertEquals(history.size, size([...rooms.values()].flat()));
        for (const [name, lines] of rooms) assertEquals(texts(history, name), lines);
      }
    }),
  );
});
