import { assert, assertEquals } from "@std/assert";
import { Bans, type BanStore } from "../../src/moderation/bans.ts";
import type { Ban } from "../../src/moderation/bans.ts";
import { Mutes } from "../../src/chat/mutes.ts";
import { Database, knownTime } from "../../src/history/database.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { CATCH_UP, TRUST_TIME, TrustedClock } from "../../src/util/trusted_clock.ts";
import { commitLines, DAY, MINUTE, NOON, Place, runMaintenance, said, texts, whispered } from "../history/helpers.ts";

const HOUR = 60 * MINUTE;
const YEAR = 365 * DAY;

/** A machine whose clocks are set by the test. */
class Machine {
  wall: number;
  monotonic = 1000;
  readonly clocks = { wall: () => this.wall, monotonic: () => this.monotonic };

  constructor(wall = NOON) {
    this.wall = wall;
  }

  /** Advances both clocks, and reads some trusted clocks each second. */
  pass(time: number, ...clocks: TrustedClock[]): void {
    for (const end = this.monotonic + time; this.monotonic < end;) {
      const step = Math.min(1000, end - this.monotonic);
      this.wall += step;
      this.monotonic += step;
      for (const clock of clocks) clock.reached();
    }
  }

  /** Sets the system clock ahead or back for a time. */
  jump(by: number, time: number, ...clocks: TrustedClock[]): void {
    this.wall += by;
    this.pass(time, ...clocks);
    this.wall -= by;
  }
}

Deno.test("trusted clock: follows a steady system clock and small adjustments at once", () => {
  const machine = new Machine();
  const clock = new TrustedClock(Infinity, machine.clocks);
  machine.pass(HOUR, clock);
  assertEquals([clock.now(), clock.reached(), clock.age], [NOON + HOUR, NOON + HOUR, HOUR]);
  for (let n = 0; n < 100; n++) {
    machine.wall += 500;
    machine.pass(1000, clock);
  }
  assertEquals(clock.now(), machine.wall);
});

Deno.test("trusted clock: a jump in either direction for less than ten minutes is ignored", () => {
  for (const by of [YEAR, -YEAR]) {
    for (const time of [1, 2000, TRUST_TIME - 1]) {
      const machine = new Machine();
      const clock = new TrustedClock(Infinity, machine.clocks);
      machine.pass(HOUR, clock);
      machine.jump(by, time, clock);
      assertEquals([clock.now(), clock.reached()], [NOON + HOUR + time, NOON + HOUR + time], `${by} for ${time}`);
      machine.pass(HOUR, clock);
      assertEquals(clock.now(), machine.wall);
    }
  }
});

Deno.test("trusted clock: repeated jumps are never adopted", () => {
  const machine = new Machine();
  const clock = new TrustedClock(Infinity, machine.clocks);
  for (let n = 0; n < 20; n++) machine.jump(YEAR + n * HOUR, TRUST_TIME - 1000, clock);
  assertEquals(clock.now(), machine.wall);
});

Deno.test("trusted clock: a lasting jump is adopted, and reached() catches up by an hour per minute", () => {
  const machine = new Machine();
  const clock = new TrustedClock(NOON, machine.clocks);
  machine.pass(HOUR, clock);
  machine.wall += 10 * HOUR; // the machine was suspended
  machine.pass(TRUST_TIME - 1000, clock);
  assert(clock.reached() < machine.wall - 9 * HOUR);
  machine.pass(2000, clock);
  assertEquals(clock.now(), machine.wall);
  assert(clock.reached() < machine.wall - 9 * HOUR, "not at once");
  machine.pass(11 * HOUR / CATCH_UP, clock);
  assertEquals(clock.reached(), machine.wall);
});

Deno.test("trusted clock: after a month off, reached() starts at the known time and catches up within a day", () => {
  const machine = new Machine(NOON + 30 * DAY);
  const clock = new TrustedClock(NOON, machine.clocks);
  machine.pass(TRUST_TIME - 1000, clock);
  assertEquals(clock.reached(), NOON + TRUST_TIME - 1000);
  machine.pass(DAY, clock);
  assertEquals(clock.reached(), machine.wall);
});

Deno.test("trusted clock: a clock that is set after the start is adopted at once, up to the known time", () => {
  for (const known of [NOON - DAY, Infinity]) {
    const machine = new Machine(0);
    const clock = new TrustedClock(known, machine.clocks);
    machine.pass(30_000, clock);
    assert(clock.reached() < DAY);
    machine.wall = NOON;
    assertEquals([clock.now(), clock.reached()], [NOON, Math.min(NOON, known)]);
    machine.pass(DAY, clock);
    assertEquals(clock.reached(), machine.wall);
  }
});

/** Runs a test on two stores with a retention of 90 days, a line that is 80 days old, and one of today. */
async function withStores(test: (store: MemoryHistory | SqliteHistory, clock: TrustedClock, machine: Machine) => void) {
  using place = new Place();
  const machine = new Machine();
  for (const which of ["memory", "file"]) {
    const file = await Database.open(`${place.path}/${which}`);
    try {
      const old = new SqliteHistory(file);
      commitLines(old, said("#room", "old", { time: NOON - 80 * DAY }), said("#room", "new", { time: NOON }));
      old.add("alice@host bob", whispered("bob", "old", { time: NOON - 80 * DAY }));
      old.commit();
      assertEquals(knownTime(file), NOON);
      const clock = new TrustedClock(knownTime(file), machine.clocks);
      const history = which === "file"
        ? new SqliteHistory(file, { age: 90 * DAY }, clock)
        : new MemoryHistory({ age: 90 * DAY }, undefined, clock);
      if (which === "memory") {
        commitLines(history, said("#room", "old", { time: NOON - 80 * DAY }), said("#room", "new", { time: NOON }));
      }
      test(history, clock, machine);
    } finally {
      file.close();
    }
  }
}

Deno.test("stores: a clock that is a year ahead for two seconds or nine minutes erases nothing", async () => {
  await withStores((history, clock, machine) => {
    for (const time of [2000, 9 * MINUTE]) {
      machine.wall += YEAR;
      commitLines(history, said("#room", "said then", { time: machine.wall }));
      runMaintenance(history);
      machine.pass(time, clock);
      runMaintenance(history);
      machine.wall -= YEAR;
      machine.pass(HOUR, clock);
      runMaintenance(history);
    }
    assertEquals(texts(history, "#room"), ["old", "new", "said then", "said then"]);
  });
});

Deno.test("stores: a clock that is a year ahead for an hour erases at most a few days of lines", async () => {
  await withStores((history, clock, machine) => {
    machine.wall += YEAR;
    machine.pass(HOUR, clock);
    runMaintenance(history);
    assertEquals(texts(history, "#room"), ["old", "new"]);
  });
});

Deno.test("file: lines expire after a month off, later than usual", async () => {
  using place = new Place();
  const file = await Database.open(place.path);
  const once = new SqliteHistory(file);
  commitLines(once, said("#room", "old", { time: NOON - 80 * DAY }), said("#room", "new", { time: NOON }));
  const machine = new Machine(NOON + 30 * DAY);
  const clock = new TrustedClock(knownTime(file), machine.clocks);
  const history = new SqliteHistory(file, { age: 90 * DAY }, clock);
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["old", "new"], "the clock is not trusted yet");
  machine.pass(DAY, clock);
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["new"]);
  file.close();
});

Deno.test("file: a machine that starts in 1970 erases nothing when its clock is set", async () => {
  for (const empty of [true, false]) {
    using place = new Place();
    const file = await Database.open(place.path);
    const before = new SqliteHistory(file);
    if (!empty) {
      commitLines(before, said("#room", "old", { time: NOON - 80 * DAY }), said("#room", "new", { time: NOON - DAY }));
    }
    const machine = new Machine(0);
    const last = before.page("#room", { count: 1 })[0]?.id ?? 0;
    const run = (wait: number, text: string, id: number) => {
      const clock = new TrustedClock(knownTime(file), machine.clocks);
      const history = new SqliteHistory(file, { age: 90 * DAY }, clock);
      runMaintenance(history);
      commitLines(history, said("#room", `${text} in 1970`, { time: machine.wall, id: last + id }));
      history.saveRoom({
        name: `#${text}`,
        since: machine.wall,
        topic: undefined,
        switches: [],
        password: undefined,
        limit: Infinity,
        masks: [],
        roles: [],
      });
      history.commit();
      machine.pass(30_000, clock);
      machine.wall = NOON;
      commitLines(history, said("#room", `${text} now`, { time: machine.wall, id: last + id + 1 }));
      machine.pass(wait, clock);
      assertEquals(runMaintenance(history), [], text);
    };
    run(DAY, "first", 1);
    machine.wall = 0;
    run(DAY, "second", 3);
    assertEquals(texts(before, "#room"), [
      ...(empty ? [] : ["old", "new"]),
      "first in 1970",
      "first now",
      "second in 1970",
      "second now",
    ]);
    file.close();
  }
});

Deno.test("file: nothing is erased when the server restarts while its clock is a year ahead", async () => {
  using place = new Place();
  const file = await Database.open(place.path);
  const once = new SqliteHistory(file);
  commitLines(once, said("#room", "old", { time: NOON - 80 * DAY }), said("#room", "new", { time: NOON }));
  const machine = new Machine();
  const run = (text: string) => {
    const clock = new TrustedClock(knownTime(file), machine.clocks);
    const history = new SqliteHistory(file, { age: 90 * DAY }, clock);
    runMaintenance(history);
    commitLines(history, said("#room", text, { time: machine.wall }));
    machine.pass(9 * MINUTE, clock);
    runMaintenance(history);
  };
  machine.wall += YEAR;
  run("ahead");
  run("still ahead");
  machine.wall -= YEAR;
  run("right");
  assertEquals(texts(once, "#room").sort(), ["ahead", "new", "old", "right", "still ahead"]);
  machine.wall += 30 * DAY;
  const clock = new TrustedClock(knownTime(file), machine.clocks);
  const history = new SqliteHistory(file, { age: 90 * DAY }, clock);
  machine.pass(2 * DAY, clock);
  runMaintenance(history);
  assert(!texts(once, "#room").includes("old"), "expired lines are erased");
  file.close();
});

Deno.test("file: lines with a short retention expire in the same run with any clock", async () => {
  using place = new Place();
  const file = await Database.open(place.path);
  const machine = new Machine();
  const clock = new TrustedClock(knownTime(file), machine.clocks);
  const history = new SqliteHistory(file, { age: MINUTE }, clock);
  commitLines(history, said("#room", "old", { time: NOON }));
  machine.pass(59_000, clock);
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["old"]);
  machine.pass(11 * MINUTE, clock);
  runMaintenance(history);
  assertEquals(texts(history, "#room"), []);
  file.close();
});

/** A ban store in memory. */
class Shelf implements BanStore {
  readonly kept = new Map<string, Ban>();
  bans = () => [...this.kept.values()];
  addBan = (ban: Ban) => void this.kept.set(ban.what, ban);
  removeBan = (what: string) => void this.kept.delete(what);
}

function ban(bans: Bans, time: number): void {
  const now = bans.now();
  bans.add({ what: "192.0.2.7", by: "root", reason: "spam", since: now, until: now + time });
}

Deno.test("bans: a clock that is a year ahead for two seconds lifts no ban of this run or an earlier one", () => {
  const [machine, shelf] = [new Machine(), new Shelf()];
  const bans = new Bans(shelf, undefined, new TrustedClock(Infinity, machine.clocks));
  ban(bans, DAY);
  const clock = new TrustedClock(NOON, machine.clocks);
  const later = new Bans(shelf, undefined, clock);
  for (const each of [bans, later]) {
    machine.wall += YEAR;
    assert(each.findByAddress("192.0.2.7") !== undefined);
    machine.wall -= YEAR;
    assert(each.findByAddress("192.0.2.7") !== undefined);
  }
  assertEquals(shelf.kept.size, 1);
});

Deno.test("bans: a ban ends by the monotonic clock, independently of the system clock", () => {
  for (const by of [YEAR, -YEAR, 0]) {
    const machine = new Machine();
    const clock = new TrustedClock(Infinity, machine.clocks);
    const bans = new Bans(new Shelf(), undefined, clock);
    ban(bans, HOUR);
    machine.wall += by;
    machine.pass(HOUR - 1, clock);
    assertEquals(bans.left(bans.all[0]!), 1, `${by}`);
    machine.pass(1, clock);
    assertEquals(bans.all, [], `${by}`);
  }
});

Deno.test("bans: a ban made while the clock was wrong ends at the right time after a restart", () => {
  const [machine, shelf] = [new Machine(0), new Shelf()];
  const clock = new TrustedClock(Infinity, machine.clocks);
  const bans = new Bans(shelf, undefined, clock);
  ban(bans, DAY);
  machine.pass(30_000, clock);
  machine.wall = NOON;
  assertEquals(bans.all.length, 1);
  assertEquals(shelf.bans()[0]!.until, NOON + DAY - 30_000);
});

Deno.test("bans: expired bans are lifted after a month off, later than usual", () => {
  const [machine, shelf] = [new Machine(), new Shelf()];
  ban(new Bans(shelf, undefined, new TrustedClock(Infinity, machine.clocks)), DAY);
  machine.wall += 30 * DAY;
  const clock = new TrustedClock(NOON, machine.clocks);
  const bans = new Bans(shelf, undefined, clock);
  assertEquals(bans.all.length, 1, "the clock is not trusted yet");
  machine.pass(HOUR, clock);
  assertEquals([bans.all.length, shelf.kept.size], [0, 0]);
});

Deno.test("mutes: a mute ends by the monotonic clock, independently of the system clock", () => {
  const machine = new Machine();
  const clock = new TrustedClock(Infinity, machine.clocks);
  const mutes = new Mutes(clock);
  mutes.add("host", mutes.now() + HOUR);
  machine.wall += YEAR;
  machine.pass(HOUR - 1, clock);
  assert(mutes.has("host"));
  machine.pass(1, clock);
  assert(!mutes.has("host"));
});
