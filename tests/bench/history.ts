/**
 * Measures the SQLite store with a million messages in a thousand rooms: typical reads and searches, start-up, memory and
 * the cost of a line. Prints Markdown tables. Exits with 1 if a read or the start-up takes longer than its limit.
 *
 * ```sh
 * deno run --allow-all tests/bench/history.ts
 * ```
 *
 * The messages are random: a few words and rooms are very common, and most are rare (Zipf's law). Each measurement runs in
 * a process of its own, so that its memory can be measured. The file is in the cache of the operating system: a disk would
 * add its own time to the first read of a page.
 */
import { firstId, Ids } from "../../src/chat/ids.ts";
import { Database, type Sync, SYNCS } from "../../src/history/database.ts";
import type { HistoryRange, Line } from "../../src/chat/store.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { runToEnd } from "../../src/util/steps.ts";

/** The number of messages in the large store and in the small one, and of rooms. */
const LARGE = 1_000_000;
const SMALL = 1000;
const ROOMS = 1000;

/** The exponent of Zipf's law for rooms: the largest room has a tenth of all messages. */
const ROOMS_EXPONENT = 0.914;

/** The number of different words, and the exponent of Zipf's law for them. */
const VOCABULARY = 20_000;
const WORDS_EXPONENT = 1;

/** The fewest and the most characters of a message. */
const SHORTEST = 20;
const LONGEST = 200;

/** The period that the messages are spread over, in milliseconds. */
const PERIOD = 80 * 24 * 3600_000;

/** How many messages are committed at once while the store is filled. */
const BATCH = 1000;

/** The limits for the 99th percentile of each kind of read from the large store, and for its start-up, in milliseconds. */
const ANSWER_MAX = 20;
const START_UP_MAX = 1000;

/** How often each measurement is repeated, and how many lines are read at once. */
const RUNS = 500;
const COUNT = 50;

/** The number of rooms for reads from several rooms: the largest ones. */
const SEARCHED = 50;

/** Which words are searched for, by their ranks. */
const COMMON = [0, 10] as const;
const MIDDLING = [50, 500] as const;
const RARE = [10_000, VOCABULARY] as const;

/** How many lines are committed in one transaction. */
const COMMITS = [1, 10, 50];

const counted = new Intl.NumberFormat("en");

/** A pseudorandom number generator with a fixed seed (mulberry32). */
function chanceFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chance = chanceFrom(1);

/** A random integer from `from` up to `to`, which is excluded. */
function between(from: number, to: number): number {
  return from + Math.floor(chance() * (to - from));
}

/** Chooses one of 0, 1, 2 …, by Zipf's law. */
function zipf(size: number, exponent: number): () => number {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let n = 0; n < size; n++) sums[n] = sum += (n + 1) ** -exponent;
  return () => {
    const sought = chance() * sum;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < sought) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** The word with a number, of one or more syllables. */
function word(number: number): string {
  const syllable = "bcdfghklmnprstw"[number % 15]! + "aeiou"[Math.floor(number / 15) % 5]!;
  return number < 75 ? syllable : syllable + word(Math.floor(number / 75) - 1);
}

function room(number: number): string {
  return `#room-${number}`;
}

const someRoom = zipf(ROOMS, ROOMS_EXPONENT);
const someWord = zipf(VOCABULARY, WORDS_EXPONENT);

/** A random message. */
function line(id: number, time: number): Line & { readonly room: string } {
  const length = between(SHORTEST, LONGEST + 1);
  let text = word(someWord());
  for (let next = word(someWord()); text.length + next.length < length; next = word(someWord())) text += ` ${next}`;
  const who = `user${between(0, 500)}`;
  const origin = `${who}!~${who}@0123456789ab.hidden`;
  return { kind: "said", room: room(someRoom()), who, origin, id, text, style: "say", time, tags: "", bot: false };
}

/** How long a function takes, in milliseconds. */
function timed(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** How long a function takes in each of many runs, in milliseconds. The time of `ready` is not included. */
function times<T>(ready: () => T, run: (what: T) => void): number[] {
  return Array.from({ length: RUNS }, () => {
    const what = ready();
    return timed(() => run(what));
  });
}

/** `p50 / p99`, in milliseconds. */
function spread(all: number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  return [0.5, 0.99].map((part) => sorted[Math.floor(sorted.length * part)]!.toFixed(2)).join(" / ");
}

function megabytes(bytes: number): string {
  return `${counted.format(Math.round(bytes / 2 ** 20))} MiB`;
}

/** Fills a store; returns the size of the file, and how long the steps of maintenance take. */
async function make(directory: string, messages: number): Promise<string[]> {
  const file = await Database.open(directory);
  const history = new SqliteHistory(file, { age: Infinity, lines: messages });
  const ids = new Ids(0);
  const start = Date.now() - PERIOD;
  const steps: number[] = [];
  for (let n = 0; n < messages; n++) {
    const time = Math.floor(start + n * (PERIOD / messages));
    const said = line(ids.next(time), time);
    history.add(said.room, said);
    if ((n + 1) % BATCH > 0 && n + 1 < messages) continue;
    history.commit();
    for (let more = true; more;) steps.push(timed(() => more = history.runStep(() => {})));
  }
  history.close();
  const { size } = await Deno.stat(file.path);
  const longest = steps.reduce((longest, time) => Math.max(longest, time));
  return [megabytes(size), `${spread(steps)} / ${longest.toFixed(2)} ms`];
}

/** Opens a store; returns the time of that, the memory before, after opening and after all reads, and the times of the reads. */
async function read(directory: string): Promise<string[]> {
  const memory = [Deno.memoryUsage().rss];
  const start = performance.now();
  const history = new SqliteHistory(await Database.open(directory));
  history.rooms();
  const startUp = performance.now() - start;
  memory.push(Deno.memoryUsage().rss);
  const answers = READS.flatMap(({ ready, ask }) => {
    return PLACES.map((rooms) => spread(times(ready, (what) => ask(history, rooms, what))));
  });
  memory.push(Deno.memoryUsage().rss);
  history.close();
  return [`${startUp.toFixed(0)} ms`, ...memory.map(megabytes), ...answers];
}

/** Adds lines to a store; returns the cost of a line. */
async function write(directory: string, sync: Sync): Promise<string[]> {
  const history = new SqliteHistory(await Database.open(directory, sync));
  const ids = new Ids(history.last);
  const costs = COMMITS.map((count) => {
    const ready = () => Array.from({ length: count }, () => line(ids.next(Date.now()), Date.now()));
    const all = times(ready, (lines) => {
      for (const line of lines) history.add(line.room, line);
      history.commit();
    });
    const mean = all.reduce((sum, time) => sum + time, 0) / RUNS / count;
    return `${(mean * 1000).toFixed(1)} us`;
  });
  history.close();
  return costs;
}

/** A kind of read. */
interface Read {
  readonly title: string;
  /** Chooses an id and words at random. */
  readonly ready: () => { id: number; words: string[] };
  readonly ask: (history: SqliteHistory, rooms: readonly string[], what: { id: number; words: string[] }) => void;
}

/** An id at a random time. */
function someId(): number {
  return firstId(Date.now() - chance() * PERIOD);
}

function page(title: string, ask: (id: number) => HistoryRange[]): Read {
  return {
    title,
    ready: () => ({ id: someId(), words: [] }),
    ask: (history, rooms, { id }) => {
      for (const range of ask(id)) for (const room of rooms) history.page(room, range);
    },
  };
}

function search(title: string, kinds: (readonly [number, number])[], before: () => number = () => Infinity): Read {
  return {
    title,
    ready: () => ({ id: before(), words: kinds.map(([from, to]) => word(between(from, to))) }),
    ask: (history, rooms, { id, words }) => runToEnd(history.search(rooms, { terms: words, before: id, count: COUNT })),
  };
}

const READS: readonly Read[] = [
  page("the latest", () => [{ count: COUNT }]),
  page("before a time", (id) => [{ before: id, count: COUNT }]),
  page("around a time", (id) => [{ before: id, count: COUNT / 2 }, { after: id - 1, first: true, count: COUNT / 2 }]),
  search("with a rare word", [RARE]),
  search("with a common word", [COMMON]),
  search("with a common word, before a time", [COMMON], someId),
  search("with two words", [MIDDLING, MIDDLING]),
  search("with a common word and a rare one", [COMMON, RARE]),
];

/** The rooms to read from. */
const PLACES = [[room(0)], [room(Math.floor(ROOMS * 0.8))], Array.from({ length: SEARCHED }, (_, n) => room(n))];
const PLACE_TITLES = ["the largest room", "a small room", `${SEARCHED} rooms`];

/** Ends the process that measures now, if there is one. */
let stop = () => {};

/** Runs one measurement in a process of its own. */
async function runApart(...args: string[]): Promise<string[]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--v8-flags=--max-semi-space-size=8", "--allow-all", import.meta.filename!, ...args], // like `deno task start`
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  });
  const child = command.spawn();
  stop = () => child.kill("SIGKILL");
  const { success, stdout } = await child.output();
  stop = () => {};
  if (!success) throw new Error(`Cannot go on: "${args.join(" ")}" failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** A table, formatted like `deno fmt` does. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** The start-up (`16 ms`) and the reads (`p50 / p99`) that exceed their limits. */
function tooSlow(startUp: string, answers: readonly string[]): string[] {
  const slow = answers.flatMap((answer, n) => {
    const p99 = Number(answer.split(" / ")[1]);
    const what = `${READS[Math.floor(n / PLACES.length)]!.title}, in ${PLACE_TITLES[n % PLACES.length]}`;
    return p99 <= ANSWER_MAX ? [] : [`${what}: p99 is ${p99} ms, and may be ${ANSWER_MAX}`];
  });
  if (!(parseFloat(startUp) <= START_UP_MAX)) slow.push(`start-up: ${startUp}, and may be ${START_UP_MAX}`);
  return slow;
}

/** Prints all tables; returns what exceeds its limit. */
async function compare(directory: string): Promise<string[]> {
  const columns: string[][] = [];
  const large = `${directory}/${LARGE}`;
  let answers: string[] = [];
  let slow: string[] = [];
  for (const messages of [SMALL, LARGE]) {
    const made = await runApart("make", `${directory}/${messages}`, `${messages}`);
    const [startUp, before, opened, used, ...rest] = await runApart("read", `${directory}/${messages}`);
    columns.push([counted.format(messages), ...made, startUp!, before!, opened!, used!]);
    answers = rest;
    slow = tooSlow(startUp!, answers); // the large store is the last
  }
  const titles = [
    "messages",
    "the file",
    "a step of maintenance: p50 / p99 / longest",
    "start-up",
    "memory before",
    "memory after start-up",
    "memory after all reads",
  ];
  console.log(`\n${markdown(titles.map((title, n) => [title, ...columns.map((column) => column[n]!)]))}`);

  const head = [`${COUNT} lines of ${counted.format(LARGE)}, p50 / p99 in ms`, ...PLACE_TITLES];
  const asked = READS.map(({ title }, n) => [title, ...answers.slice(n * PLACES.length, (n + 1) * PLACES.length)]);
  console.log(`\n${markdown([head, ...asked])}`);

  const costs: string[][] = [["a line, with", ...COMMITS.map((lines) => `${lines} in a transaction`)]];
  for (const sync of SYNCS) costs.push([`--sync ${sync}`, ...await runApart("write", large, sync)]);
  console.log(`\n${markdown(costs)}`);
  return slow;
}

async function main() {
  const [action, directory = "", argument = ""] = Deno.args;
  if (action === "make") return console.log(JSON.stringify(await make(directory, Number(argument))));
  if (action === "read") return console.log(JSON.stringify(await read(directory)));
  if (action === "write") return console.log(JSON.stringify(await write(directory, argument as Sync)));
  const temporary = await Deno.makeTempDir({ prefix: "tincan-bench-" });
  const cleanUp = () => Deno.removeSync(temporary, { recursive: true });
  if (Deno.build.os !== "windows") {
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      Deno.addSignalListener(signal, () => {
        stop();
        cleanUp();
        Deno.exit(code);
      });
    }
  }
  let slow: string[];
  try {
    slow = await compare(temporary);
  } finally {
    cleanUp();
  }
  for (const each of slow) console.error(`Too slow: ${each}`);
  Deno.exit(slow.length > 0 ? 1 : 0); // the signal listeners would keep the process running
}

await main();
