import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { Said } from "../../src/chat/events.ts";
import { MemoryHistory } from "../../src/history/memory.ts";

/** What a line counts beside its text. */
const LINE = 200;

function said(text: string): Said {
  const deed = { who: "alice", origin: "alice!~a@host", id: text, tags: "", bot: false };
  return { kind: "said", room: "#room", ...deed, text, style: "say", time: 0 };
}

function texts(history: MemoryHistory, room: string, count = Infinity): string[] {
  return history.latest(room, count).map(({ text }) => text);
}

/** A history in which these lines were said, one room after the other. */
function historyOf(rooms: Record<string, string[]>, roomLines?: number, total?: number): MemoryHistory {
  const history = new MemoryHistory(roomLines, total);
  for (const [room, lines] of Object.entries(rooms)) for (const line of lines) history.add(room, said(line));
  return history;
}

Deno.test("a room's last lines are kept, the oldest first, and no more of them than the limit", () => {
  const history = new MemoryHistory(3);
  const all = ["1", "2", "3", "4", "5", "6", "7", "8"];
  for (const [index, text] of all.entries()) {
    history.add("#room", said(text));
    const kept = all.slice(Math.max(0, index - 2), index + 1);
    assertEquals(texts(history, "#room"), kept);
    assertEquals(texts(history, "#room", 2), kept.slice(-2));
  }
});

Deno.test("the very events are kept", () => {
  const event = said("hi");
  const history = new MemoryHistory();
  history.add("#room", event);
  assert(history.latest("#room", 1)[0] === event);
});

Deno.test("no lines are had of a room where nothing was said, nor when none are asked for", () => {
  const history = historyOf({ "#room": ["1", "2"] });
  assertEquals(texts(history, "#other"), []);
  assertEquals(texts(history, "#room", 0), []);
});

Deno.test("what is had does not change when more is said", () => {
  const history = historyOf({ "#room": ["1", "2"] }, 2);
  const before = history.latest("#room", 2);
  history.add("#room", said("3"));
  assertEquals(before.map(({ text }) => text), ["1", "2"]);
});

Deno.test("a forgotten room is empty, the others are not, and its characters count no more", () => {
  const history = historyOf({ "#a": ["12345"], "#b": ["1"] });
  assertEquals(history.size, 2 * LINE + 6);
  history.forget("#a");
  history.forget("#never");
  assertEquals([texts(history, "#a"), texts(history, "#b"), history.size], [[], ["1"], LINE + 1]);
  history.add("#a", said("new"));
  assertEquals(texts(history, "#a"), ["new"]);
});

Deno.test("when there is too much in all, the largest room loses its older half and the small ones lose nothing", () => {
  const large = ["1", "2", "3", "4", "5"];
  const history = historyOf({ "#small": ["x", "y"], "#large": large }, 1000, 8 * LINE);
  assertEquals(texts(history, "#large"), large);
  history.add("#small", said("z"));
  assertEquals(texts(history, "#large"), ["4", "5"]);
  assertEquals(texts(history, "#small"), ["x", "y", "z"]);
});

Deno.test("the largest room is the one with most characters, not with most lines", () => {
  const history = historyOf({ "#many": ["1", "2", "3"], "#long": ["x".repeat(2000)], "#new": ["4"] }, 1000, 2900);
  assertEquals(["#many", "#long", "#new"].map((room) => texts(history, room)), [["1", "2", "3"], [], ["4"]]);
});

Deno.test("a room that lost its older half keeps its order when it fills up and wraps around again", () => {
  const history = historyOf({ "#room": ["1", "2", "3", "4", "5", "6"] }, 4, 4 * LINE + 4);
  history.add("#other", said("x")); // 3 and 4 go
  history.forget("#other");
  for (const text of ["7", "8", "9"]) history.add("#room", said(text));
  assertEquals(texts(history, "#room"), ["6", "7", "8", "9"]);
});

Deno.test("a line that is longer than all there may be is not kept, and does not stop the next", () => {
  const history = historyOf({ "#room": ["x".repeat(1000), "short"] }, 10, 500);
  assertEquals(texts(history, "#room"), ["short"]);
});

Deno.test("whatever is said and forgotten, the bounds hold and what is kept is what a plain list would keep", () => {
  const room = fc.constantFrom("#a", "#b", "#c");
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.tuple(room, fc.nat({ max: 300 })) },
    { weight: 1, arbitrary: fc.tuple(room) },
  );
  const steps = fc.array(step, { maxLength: 80, size: "max" });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 4000 }), (steps, most, total) => {
      const history = new MemoryHistory(most, total);
      const rooms = new Map<string, string[]>();
      const size = (lines: string[]) => lines.reduce((sum, line) => sum + line.length + LINE, 0);
      for (const [index, [room, length]] of steps.entries()) {
        if (length === undefined) {
          history.forget(room);
          rooms.delete(room);
          continue;
        }
        const text = `${index}`.padEnd(length, ".");
        history.add(room, said(text));
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
