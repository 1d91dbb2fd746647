import { assert, assertEquals, assertMatch } from "@std/assert";
import { fc } from "../dependencies.ts";
import {
  type Fields,
  type Level,
  Log,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogSink,
} from "../../src/monitoring/log.ts";

/** Fails on bytes that are not UTF-8. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Collects what is written to it, asynchronously, and at most so many bytes at once. */
class SlowSink implements LogSink {
  writes = 0;
  readonly #most: number;
  readonly #bytes: number[] = [];

  constructor(most = Infinity) {
    this.#most = most;
  }

  get lines(): string[] {
    const lines = decoder.decode(new Uint8Array(this.#bytes)).split("\n");
    assertEquals(lines.pop(), "", "the last line has no end");
    return lines;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve));
    const taken = bytes.subarray(0, this.#most);
    for (const byte of taken) this.#bytes.push(byte);
    this.writes++;
    return taken.length;
  }
}

/** Logs an event and returns the written lines. */
async function logged(
  format: LogFormat,
  fields: Fields,
  level: Level = "info",
  least: Level = "debug",
): Promise<string[]> {
  const sink = new SlowSink();
  const log = new Log(least, format, sink);
  log[level]("it happened", fields);
  await log.flushed();
  return sink.lines;
}

Deno.test("log: events below the level are not logged", async () => {
  for (const [least, name] of LOG_LEVELS.entries()) {
    for (const format of LOG_FORMATS) {
      for (const [index, level] of LOG_LEVELS.entries()) {
        const lines = await logged(format, {}, level, name);
        assertEquals(lines.length, index >= least ? 1 : 0, `${level} at ${name}`);
        for (const line of lines) assert(line.includes(level));
      }
    }
  }
});

Deno.test("log: a text line has the local time, the level, the message and the fields in order", async () => {
  const before = Date.now();
  const fields = { peer: "127.0.0.1:50312", port: 0, nick: "[bot]-1", room: "#tea", gone: undefined, rate: 0.5 };
  const [line = ""] = await logged("text", fields);
  const rest = " info it happened peer=127.0.0.1:50312 port=0 nick=[bot]-1 room=#tea rate=0.5";
  assertEquals(line.slice(19), rest);
  const local = (time: number) => new Date(time).toLocaleString("sv-SE"); // 2026-11-22 14:05:09
  assertMatch(local(before), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  const since = Array.from({ length: Date.now() - before + 1 }, (_, passed) => local(before + passed));
  assert(since.includes(line.slice(0, 19)), line);
});

Deno.test("log: a JSON line is one object, with the time in UTC", async () => {
  const before = Date.now();
  const fields = { peer: "127.0.0.1:50312", port: 0, gone: undefined, reason: 'too "slow"' };
  const [line = ""] = await logged("json", fields);
  const { time, ...rest } = JSON.parse(line) as Record<string, string>;
  assertEquals(rest as unknown, {
    level: "info",
    message: "it happened",
    peer: "127.0.0.1:50312",
    port: 0,
    reason: 'too "slow"',
  });
  assertMatch(time!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert(Date.parse(time!) >= before && Date.parse(time!) <= Date.now());
});

Deno.test("log: a value that is not one plain word is quoted", async () => {
  const values: [string, string][] = [
    ["", '""'],
    ["two words", '"two words"'],
    ["a=b", '"a=b"'],
    ['say "hi"', String.raw`"say \"hi\""`],
    ["back\\slash", String.raw`"back\\slash"`],
    ["line\nlevel=error", String.raw`"line\nlevel=error"`],
    ["\x1b[31m\x7f\x9b", String.raw`"\u001b[31m\u007f\u009b"`],
    ["café", '"café"'],
    ["{}|^`", '"{}|^`"'],
  ];
  for (const [value, quoted] of values) {
    const [line = ""] = await logged("text", { value });
    assertEquals(line.slice(20), `info it happened value=${quoted}`);
  }
});

Deno.test("log: no value can look like another field or line, or contain a control character", async () => {
  const nasty = fc.constantFrom(
    "\n",
    "\r",
    " ",
    "=",
    '"',
    "\\",
    "\0",
    "\x1b",
    "\x7f",
    "\x9b",
    "\x85",
    "\u2028",
    "\u202e",
    "\u{e0001}",
    " b=2",
    "\ud800",
  );
  const value = fc.array(fc.oneof(nasty, fc.string({ maxLength: 4 }))).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(value, fc.constantFrom(...LOG_FORMATS), async (value, format) => {
      const lines = await logged(format, { a: value, b: 1 });
      assertEquals(lines.length, 1);
      const [line = ""] = lines;
      assert(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line), JSON.stringify(line));
      if (format === "json") {
        const { time: _, ...fields } = JSON.parse(line) as Record<string, unknown>;
        assertEquals(fields, { level: "info", message: "it happened", a: value, b: 1 });
      } else {
        const [, written = ""] = /^.{19} info it happened a=([^ ="]+|"(?:[^"\\]|\\.)*") b=1$/.exec(line) ?? [];
        assertEquals(written.startsWith('"') ? JSON.parse(written) as unknown : written, value);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("log: lines of one tick are written together, in order", async () => {
  const sink = new SlowSink();
  const log = new Log("info", "text", sink);
  for (const n of [1, 2, 3]) log.info("line", { n });
  await log.flushed();
  assertEquals(sink.lines.map((line) => line.slice(20)), ["info line n=1", "info line n=2", "info line n=3"]);
  assertEquals(sink.writes, 1);
});

Deno.test("log: many lines are written in several pieces, so that a long queue is not copied into one text", async () => {
  const sizes: number[] = [];
  const log = new Log("info", "text", {
    write: (bytes) => {
      sizes.push(bytes.length);
      return Promise.resolve(bytes.length);
    },
  });
  for (let n = 0; n < 100; n++) log.info("line", { text: "x".repeat(1000) });
  await log.flushed();
  assertEquals(sizes.length, 2);
  assert(Math.max(...sizes) <= 64 * 1024 + 1100, sizes.join());
});

Deno.test("log: a sink that takes a few bytes at a time gets all of them", async () => {
  const sink = new SlowSink(7);
  const log = new Log("info", "text", sink);
  log.info("line", { text: "茶 für alle" });
  log.info("last");
  await log.flushed();
  assertEquals(sink.lines.map((line) => line.slice(20)), ['info line text="茶 für alle"', "info last"]);
});

Deno.test("log: flushed resolves after lines that were logged during a write, too", async () => {
  const sink = new SlowSink();
  const log = new Log("info", "text", sink);
  await log.flushed();
  log.info("first");
  const flushed = log.flushed();
  await undefined;
  log.info("second");
  await flushed;
  assertEquals(sink.lines.map((line) => line.slice(20)), ["info first", "info second"]);
});

Deno.test("log: lines above the bound are dropped and counted while the sink is stuck, and the count is logged", async () => {
  const stuck = Promise.withResolvers<void>();
  const sink = new SlowSink();
  const log = new Log("info", "text", {
    write: async (bytes) => {
      await stuck.promise;
      return sink.write(bytes);
    },
  }, Infinity);
  for (let n = 1; n <= 10_025; n++) log.info("line", { n });
  log.debug("below the level, so not counted");
  stuck.resolve();
  await log.flushed();
  const lines = sink.lines.map((line) => line.slice(20));
  const kept = lines.filter((line) => line.startsWith("info"));
  assertEquals(kept.length, 10_000);
  assert(kept.every((line, index) => line === `info line n=${index + 1}`), "the first lines, in order");
  assertEquals(lines.at(-1), "warn log lines dropped count=25", "the count is where the lines are missing");

  log.info("and on");
  await log.flushed();
  assertEquals(sink.lines.slice(10_001).map((line) => line.slice(20)), ["info and on"]);
});

Deno.test("log: lines with the same message are limited per minute, and the next line has the number suppressed", async () => {
  const sink = new SlowSink();
  const log = new Log("info", "text", sink, 3);
  const { now } = performance;
  let clock = 0;
  performance.now = () => clock;
  try {
    for (let n = 1; n <= 10; n++) log.info("refused", { n });
    log.info("another");
    clock = 20_000;
    log.info("refused", { n: 11 });
    log.info("refused", { n: 12 });
    clock = 200_000;
    log.info("refused", { n: 13 });
    log.info("refused", { n: 14 });
  } finally {
    performance.now = now;
  }
  await log.flushed();
  assertEquals(sink.lines.map((line) => line.slice(25)), [
    "refused n=1",
    "refused n=2",
    "refused n=3",
    "another",
    "refused n=11 suppressed=7",
    "refused n=13 suppressed=1",
    "refused n=14",
  ]);
});

Deno.test("log: errors of the sink are ignored, and the sink is used again", async () => {
  const sink = new SlowSink();
  let broken = true;
  const log = new Log("info", "text", {
    write: (bytes) => broken ? Promise.reject(new Deno.errors.BrokenPipe("no reader")) : sink.write(bytes),
  });
  log.info("lost");
  await log.flushed();
  broken = false;
  log.info("found");
  await log.flushed();
  assertEquals(sink.lines.map((line) => line.slice(20)), ["info found"]);
});
