import { assert, assertEquals } from "@std/assert";
import type { HistoryStore } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { FLOOD_RATE, HOSTS_MAX, isFlood, Writers } from "../../src/history/writers.ts";
import { Clock, MINUTE, NOON, Place, runMaintenance, said, texts, whispered } from "./helpers.ts";

/** The most lines of a room in these tests. */
const LINES = 200;

/** Adds lines to a history, one after another. */
class Speaker {
  readonly #history: HistoryStore;
  #time = NOON;

  constructor(history: HistoryStore) {
    this.#history = history;
  }

  /** Adds lines that are `pause` milliseconds apart, to each of some rooms and by each of some nicks at a host in rotation. */
  say(rooms: string[], nicks: string[], host: string, count: number, text = "words", pause = 10, account?: string) {
    for (let n = 0; n < count; n++) {
      const [room, who] = [rooms[n % rooms.length]!, nicks[n % nicks.length]!];
      const change = { who, origin: `${who}!~guest@${host}`, account, time: this.#time += pause };
      this.#history.add(room, said(room, text, change));
    }
    this.#history.commit();
  }
}

const TROLLS = Array.from({ length: 95 }, (_, n) => `troll${n}`);

/** How many lines of a nick a room has. */
function countOf(history: HistoryStore, room: string, who: string): number {
  return history.page(room, { count: Infinity }).filter((line) => line.who.startsWith(who)).length;
}

/** Runs a test with both stores, with a limit of lines. */
async function withStores(test: (history: HistoryStore, which: string) => void) {
  using _clock = new Clock();
  test(new MemoryHistory({ lines: LINES }), "memory");
  using place = new Place();
  test(await place.open({ lines: LINES }), "file");
}

Deno.test("writers: a line counts for its account, or else for its network, host and nickname", () => {
  const writers = new Writers();
  assertEquals(writers.allOf({ origin: "Al!~a@h1.hidden" }), ["h1.hidden", "al@h1.hidden"]);
  writers.setNetwork("h1.hidden", "n1");
  assertEquals(writers.allOf({ origin: "Al!~a@h1.hidden" }), ["n1", "h1.hidden", "al@h1.hidden"]);
  assertEquals(writers.largestOf({ origin: "Al!~a@h1.hidden" }), "n1");
  assertEquals(writers.largestOf({ origin: "Al!~a@h2.hidden" }), "h2.hidden");
  for (const host of ["h1.hidden", "h2.hidden"]) {
    assertEquals(writers.allOf({ origin: `x!~a@${host}`, account: "Al" }), ["=al"]);
    assertEquals(writers.largestOf({ origin: `x!~a@${host}`, account: "Al" }), "=al");
  }
});

Deno.test("writers: a host keeps its network, as its lines were counted for that", () => {
  const writers = new Writers();
  writers.setNetwork("host", "one");
  writers.setNetwork("host", "other");
  assertEquals([writers.networkOf("host"), writers.size], ["one", 1]);
});

Deno.test("writers: the number of stored hosts is limited, and the oldest ones are removed first", () => {
  const writers = new Writers();
  for (let n = 0; n <= HOSTS_MAX; n++) writers.setNetwork(`h${n}`, "n");
  assertEquals(writers.size, HOSTS_MAX);
  assertEquals([writers.networkOf("h0"), writers.networkOf("h1")], [undefined, "n"]);
});

Deno.test("writers: a flood is many lines, a large share of the room, written fast", () => {
  assert(isFlood(300, 1000, 0, 9 * MINUTE));
  assert(!isFlood(300, 1000, 0, 300 / FLOOD_RATE * MINUTE), "written slowly");
  assert(!isFlood(250, 1000, 0, 0), "a quarter of the room");
  assert(!isFlood(20, 20, 0, 0), "few lines");
  assert(isFlood(300, 1000, MINUTE, 0), "a clock that was put back");
});

Deno.test("stores: lines of others survive when 95 connections of one network flood the room", async () => {
  await withStores((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#lobby"], ["alice"], "home", 50, "hello", MINUTE);
    for (let n = 0; n < 20; n++) {
      speaker.say(["#lobby"], TROLLS, "lair", LINES);
      speaker.say(["#lobby"], ["alice"], "home", 1, "still here");
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#lobby", "alice"), 70, which);
    assert(countOf(history, "#lobby", "troll") <= LINES * 1.1, which);
  });
});

Deno.test("stores: lines of others at the same address survive when 95 connections flood the room", async () => {
  await withStores((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#lobby"], ["alice"], "nat", 2, "hello", MINUTE);
    for (let n = 0; n < 20; n++) {
      speaker.say(["#lobby"], TROLLS.slice(0, 50), "nat", LINES);
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#lobby", "alice"), 2, which);
  });
});

Deno.test("stores: a flood from many hosts of one IPv6 network counts as one writer", async () => {
  await withStores((history, which) => {
    const speaker = new Speaker(history);
    const hosts = Array.from({ length: 50 }, (_, n) => `lair${n}`);
    for (const host of hosts) history.setNetwork(host, "lairs");
    speaker.say(["#lobby"], ["alice"], "home", 50, "hello", MINUTE);
    for (let n = 0; n < 20; n++) {
      for (const host of hosts) speaker.say(["#lobby"], TROLLS, host, LINES / 50);
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#lobby", "alice"), 50, which);
  });
});

Deno.test("stores: the oldest lines of a full room are deleted when there is no flood", async () => {
  await withStores((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#lobby"], ["alice"], "home", 50, "hello", MINUTE);
    for (let n = 0; n < 5; n++) {
      speaker.say(["#lobby"], ["bob", "carol", "dave"], "office", LINES / 4, "work", 10_000);
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#lobby", "alice"), 0, which);
  });
});

Deno.test("stores: a busy office behind one address loses only its oldest lines", async () => {
  await withStores((history, which) => {
    const speaker = new Speaker(history);
    for (let n = 0; n < 5 * LINES; n++) { // 20 a minute, half of them by one member; a few by a colleague elsewhere
      const nick = n % 2 === 0 ? "alice" : `member${n % 30}`;
      speaker.say(["#lobby"], [n % 25 === 0 ? "remote" : nick], n % 25 === 0 ? "home" : "office", 1, `${n}`, 3000);
      if (n % 20 === 0) runMaintenance(history);
    }
    runMaintenance(history);
    const numbers = texts(history, "#lobby").map(Number);
    assertEquals(numbers, Array.from(numbers, (_, i) => 5 * LINES - numbers.length + i), which);
  });
});

Deno.test("stores: an account's lines survive a flood from its own address", async () => {
  await withStores((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#lobby"], ["alice"], "nat", 50, "hello", MINUTE, "alice");
    for (let n = 0; n < 20; n++) {
      speaker.say(["#lobby"], TROLLS, "nat", LINES);
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#lobby", "alice"), 50, which);
  });
});

/** Runs a test with both stores, with a limit of the total size. */
async function withSmall(test: (history: HistoryStore, which: string) => void) {
  using _clock = new Clock();
  test(new MemoryHistory({}, 2 ** 20), "memory");
  using place = new Place();
  test(await place.open({ size: 2 ** 20 }), "file");
}

Deno.test("stores: a flood in many rooms loses its own lines when the store is full, and a larger room of others loses none", async () => {
  await withSmall((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#team"], ["alice", "bob"], "home", 150, "x".repeat(300));
    const rooms = Array.from({ length: 60 }, (_, n) => `#flood${n}`);
    for (let n = 0; n < 10; n++) {
      speaker.say(rooms, TROLLS, "lair", 300, "x".repeat(2000));
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#team", ""), 150, which);
    assert(rooms.every((room) => countOf(history, room, "") < 60), which);
  });
});

Deno.test("stores: the largest room of many writers loses lines when the store is full, and small rooms lose none", async () => {
  await withSmall((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#team"], ["alice", "bob"], "home", 150, "x".repeat(300));
    for (let n = 0; n < 10; n++) {
      for (let host = 0; host < 100; host++) speaker.say(["#lobby"], TROLLS, `bot${host}`, 3, "x".repeat(2000));
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#team", ""), 150, which);
    assert(countOf(history, "#lobby", "troll") > 100, which);
  });
});

Deno.test("stores: a writer of private lines loses its own lines when the store is full", async () => {
  await withSmall((history, which) => {
    const speaker = new Speaker(history);
    speaker.say(["#team"], ["alice", "bob"], "home", 150, "x".repeat(300));
    for (let n = 0; n < 4000; n++) {
      const target = `troll@lair victim${n % 50}`;
      const change = { who: "troll", origin: "troll!~guest@lair", time: NOON + 10_000 + n };
      history.add(target, whispered(`victim${n % 50}`, "x".repeat(1000), change));
      if (n % 500 !== 0) continue;
      history.commit();
      runMaintenance(history);
    }
    assertEquals(countOf(history, "#team", ""), 150, which);
  });
});

Deno.test("stores: the counts of each writer equal the stored lines after random deletions and restarts", async () => {
  using clock = new Clock();
  using place = new Place();
  const retention = { size: 2 ** 19, lines: 300, age: 1000 * MINUTE };
  let history = await place.open(retention);
  history.setNetwork("h1", "n");
  history.setNetwork("h2", "n");
  const sums = (sql: string) => place.database.db.prepare(sql).all().map((row) => Object.values(row).join(" "));
  const compare = () => {
    runMaintenance(history);
    const counted = sums(
      `SELECT target, writer, lines, bytes FROM usage WHERE target > 0 AND parent IN ('', 'n') AND writer <> 'n' ORDER BY 1, 2`,
    );
    const there = sums(
      `SELECT target, iif(account IS NULL, substr(origin, instr(origin, '@') + 1), '=' || lower(account)) AS writer, count(*),
        sum(octet_length(text) + octet_length(tags) + 150) FROM message GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    assertEquals(counted.filter((each) => !each.includes("@") && !each.includes("#")), there);
    const total = "SELECT writer, lines, bytes FROM usage WHERE target = 0 AND parent = '' ORDER BY 1";
    const sum =
      "SELECT writer, sum(lines), sum(bytes) FROM usage WHERE target > 0 AND parent = '' GROUP BY 1 ORDER BY 1";
    assertEquals(sums(total), sums(sum));
    const rooms = "SELECT writer, lines, bytes FROM usage WHERE target = 0 AND parent = '#' ORDER BY 1";
    assertEquals(
      sums(rooms),
      sums(
        "SELECT '#' || target, count(*), sum(octet_length(text) + octet_length(tags) + 150) FROM message GROUP BY 1 ORDER BY 1",
      ),
    );
  };
  for (let round = 0; round < 12; round++) {
    for (let n = 0; n < 200; n++, clock.now += 100) {
      const [host, account] = [`h${n % 5}`, n % 7 === 0 ? `Acc${n % 3}` : undefined];
      const change = { who: `Nick${n % 11}`, origin: `Nick${n % 11}!~guest@${host}`, account };
      const room = `#room${n % 4}`;
      if (n % 9 === 0) history.add("a@h b", whispered("b", "x".repeat(n * 10), change));
      else history.add(room, said(room, "é".repeat(n * round), change));
    }
    history.commit();
    compare();
    clock.now += 100 * MINUTE;
    if (round % 3 === 1) history.deleteTarget(`#room${round % 4}`);
    if (round % 4 === 2) history = await place.open(retention);
    compare();
  }
  history.recount();
  compare();
  assert(texts(history, "#room1").length > 0);
});
