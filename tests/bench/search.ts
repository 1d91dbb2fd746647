/**
 * Measures the search in an SQLite store with a million messages in several scripts: how long a whole search takes, and its
 * longest step, for beginnings of words, words, and sequences of scripts without spaces, with authors, times and links. Also
 * measures the cost of the index: its size, and the time that maintenance takes for a line. Prints Markdown tables. Exits with 1
 * if a search takes longer than its limit.
 *
 * ```sh
 * deno run --allow-all tests/bench/search.ts            # a million messages
 * deno run --allow-all tests/bench/search.ts 100000     # fewer
 * deno run --allow-all tests/bench/search.ts 1000000 DIRECTORY   # keeps the file there, or uses it again
 * ```
 *
 * The messages are random: few words and authors are very common, and most are rare (Zipf's law). Nine of ten messages are in
 * one room, and the others in fifty. Words to be searched for are taken from texts of the same kind. The file is in the
 * cache of the operating system, so processor time is as long as a search takes when nothing else runs.
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { firstId, Ids } from "../../src/chat/ids.ts";
import type { Line, SearchQuery } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { queryTerms } from "../../src/util/tokenizer.ts";
import { Random } from "../fuzz/random.ts";

const MESSAGES = 1_000_000;
const SMALL_ROOMS = 50;
const AUTHORS = 500;

/** The period that the messages are spread over, in milliseconds. */
const PERIOD = 80 * 24 * 3600_000;

/** How many messages are committed at once while the store is filled. */
const BATCH = 1000;

/** How many searches there are of each kind, how many before them are not counted, and how many lines each of them finds at most. */
const RUNS = 200;
const WARM_UP = 10;
const COUNT = 50;

/** The limits for the 99th percentile of a search, and for its longest step, in milliseconds. */
const SEARCH_MAX = 20;
const STEP_MAX = 10;

const counted = new Intl.NumberFormat("en");

const random = new Random(1);

/** A random integer from `from` up to `to`, which is excluded. */
function between(from: number, to: number): number {
  return from + random.int(to - from);
}

function oneOf<T>(all: ArrayLike<T>): T {
  return all[between(0, all.length)]!;
}

/** Chooses one of 0, 1, 2 …, by Zipf's law. */
function zipf(size: number): () => number {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let n = 0; n < size; n++) sums[n] = sum += 1 / (n + 1);
  return () => {
    const sought = random.next() * sum;
    let [low, high] = [0, size - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < sought) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** The characters from one to another. */
function characters(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => String.fromCodePoint(from + n));
}

/** Different words of a number of parts, which tends to be larger for rarer words. */
function vocabulary(size: number, parts: [fewest: number, most: number], part: () => string): string[] {
  const all = new Set<string>();
  while (all.size < size) {
    const most = parts[0] + (parts[1] - parts[0]) * Math.sqrt(all.size / size);
    let text = "";
    for (let n = between(parts[0], Math.round(most) + 1); n > 0; n--) text += part();
    all.add(text);
  }
  return [...all];
}

/** Letters of some languages, or parts of words; common ones several times. */
const ONSETS = "b c d f g h j k l m n p r s t v w st th tr pr ch sh s t m c r n d".split(" ");
const VOWELS = "a e i o u a e i o e ea ou ai".split(" ");
const CODAS = ["", "", "", "n", "r", "s", "t", "l", "ng", "st", "nd"];
const latin = () => oneOf(ONSETS) + oneOf(VOWELS) + oneOf(CODAS);
const cyrillic = () => oneOf("бвгдзклмнпрстш") + oneOf("аеиоуя") + oneOf(["", "", "н", "т", "й", "сь"]);
const common = <T>(all: readonly T[]) => {
  const choose = zipf(all.length);
  return () => all[choose()]!;
};
const han = common(characters(0x4e00, 0x4e00 + 3000));
const kana = common(characters(0x3042, 0x3093));
const hangul = common(characters(0xac00, 0xac00 + 1800).filter((_, n) => n % 2 === 0));
const thai = common(characters(0x0e01, 0x0e2e).concat([..."าะเแโไ"]));

/** A language of the messages: its share of all messages, its words, and the text between them. */
interface Language {
  readonly name: string;
  readonly part: number;
  readonly words: readonly string[];
  readonly choose: () => number;
  readonly space: string;
  /** The fewest and the most words of a message. */
  readonly length: readonly [number, number];
}

function language(
  name: string,
  part: number,
  words: readonly string[],
  space: string,
  length: [number, number],
): Language {
  return { name, part, words, choose: zipf(words.length), space, length };
}

const LANGUAGES: readonly Language[] = [
  language("Latin", 0.5, vocabulary(30_000, [1, 5], latin), " ", [3, 35]),
  language("Cyrillic", 0.1, vocabulary(20_000, [1, 5], cyrillic), " ", [3, 30]),
  language("Chinese", 0.12, vocabulary(20_000, [1, 3], han), "", [2, 30]),
  language("Japanese", 0.1, vocabulary(20_000, [1, 3], () => random.next() < 0.4 ? han() : kana()), "", [2, 30]),
  language("Korean", 0.1, vocabulary(20_000, [1, 4], hangul), " ", [2, 15]),
  language("Thai", 0.08, vocabulary(10_000, [2, 6], thai), "", [2, 25]),
];

const someAuthor = zipf(AUTHORS);
const authors = vocabulary(AUTHORS, [2, 3], latin);

/** How many texts the words of searches are taken from. */
const SAMPLES = 20_000;

/** A random message. */
function message(id: number, time: number): Line & { readonly room: string } {
  const { text } = sample();
  const who = authors[someAuthor()]!;
  const room = random.next() < 0.9 ? "#all" : `#room-${between(0, SMALL_ROOMS)}`;
  const origin = `${who}!~${who}@0123456789ab.hidden`;
  return { kind: "said", room, who, origin, id, text, style: "say", time, tags: "", bot: false };
}

function sample(): { text: string; language: Language } {
  let left = random.next();
  const language = LANGUAGES.find(({ part }) => (left -= part) < 0) ?? LANGUAGES[0]!;
  const words = Array.from({ length: between(language.length[0], language.length[1] + 1) }, () => {
    return language.words[language.choose()]!;
  });
  if (random.next() < 0.03) words.push(` https://${oneOf(authors)}.example/${oneOf(authors)}`);
  return { text: words.join(language.space), language };
}

/** Fills a store, and prints the cost. */
async function make(directory: string, messages: number): Promise<SqliteHistory> {
  const file = await Database.open(directory);
  const history = new SqliteHistory(file);
  const ids = new Ids(0);
  const start = Date.now() - PERIOD;
  let [indexing, bytes, longest] = [0, 0, 0];
  for (let n = 0; n < messages; n++) {
    const time = Math.floor(start + n * (PERIOD / messages));
    const said = message(ids.next(time), time);
    bytes += new TextEncoder().encode(said.text).length;
    history.add(said.room, said);
    if ((n + 1) % BATCH > 0 && n + 1 < messages) continue;
    history.commit();
    for (let more = true; more;) {
      const began = processorTime();
      more = history.runStep(() => {});
      const took = processorTime() - began;
      indexing += took;
      longest = Math.max(longest, took);
    }
  }
  file.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const { size } = await Deno.stat(file.path);
  const index = file.db.prepare("SELECT sum(length(block)) AS size FROM word_data").get() as { size: number };
  console.log(markdown([
    ["messages", "bytes of text", "the file", "the index in it", "maintenance for a message", "its longest step"],
    [
      counted.format(messages),
      `${(bytes / messages).toFixed(0)} each`,
      `${(size / messages).toFixed(0)} B each`,
      `${(index.size / messages).toFixed(0)} B each`,
      `${(indexing / messages * 1000).toFixed(0)} µs`,
      `${longest.toFixed(1)} ms`,
    ],
  ]));
  return history;
}

/** A kind of search. */
interface Kind {
  readonly title: string;
  readonly query: () => Partial<SearchQuery> & { readonly words?: string };
}

/** A word of a message in a language, which is at least as long as given. */
function wordOf(name: string, length: number): string {
  for (;;) {
    const sample = oneOf(samples);
    if (sample.language.name !== name) continue;
    const word = oneOf(sample.text.split(/[ :/.]+/));
    if ([...word].length >= length) return word;
  }
}

/** A part of a message in a language without spaces. */
function partOf(name: string, length: number): string {
  const whole = [...wordOf(name, length)];
  const from = between(0, whole.length - length + 1);
  return whole.slice(from, from + length).join("");
}

const samples = Array.from({ length: SAMPLES }, sample);

const start = (name: string, length: number) => [...wordOf(name, length)].slice(0, length).join("");
const author = () => authors[someAuthor()]!;
const before = () => firstId(Date.now() - random.next() * PERIOD);

const KINDS: readonly Kind[] = [
  { title: "2 letters", query: () => ({ words: start("Latin", 2) }) },
  { title: "3 letters", query: () => ({ words: start("Latin", 3) }) },
  { title: "2 letters each of two words", query: () => ({ words: `${start("Latin", 2)} ${start("Latin", 2)}` }) },
  { title: "9 letters of a long word", query: () => ({ words: start("Latin", 9) }) },
  { title: "a word", query: () => ({ words: wordOf("Latin", 2) }) },
  { title: "two words", query: () => ({ words: `${wordOf("Latin", 2)} ${wordOf("Latin", 2)}` }) },
  { title: "three words", query: () => ({ words: Array.from({ length: 3 }, () => wordOf("Latin", 2)).join(" ") }) },
  { title: "3 letters, Cyrillic", query: () => ({ words: start("Cyrillic", 3) }) },
  ...["Chinese", "Japanese", "Korean", "Thai"].flatMap((name) => [
    { title: `1 character, ${name}`, query: () => ({ words: partOf(name, 1) }) },
    { title: `2 characters, ${name}`, query: () => ({ words: partOf(name, 2) }) },
    { title: `4 characters, ${name}`, query: () => ({ words: partOf(name, name === "Korean" ? 3 : 4) }) },
  ]),
  { title: "8 characters, Thai", query: () => ({ words: partOf("Thai", 8) }) },
  { title: "from:", query: () => ({ from: author() }) },
  { title: "2 letters from:", query: () => ({ words: start("Latin", 2), from: author() }) },
  { title: "a word from:", query: () => ({ words: wordOf("Latin", 2), from: author() }) },
  { title: "2 letters before:", query: () => ({ words: start("Latin", 2), before: before() }) },
  { title: "a word before:", query: () => ({ words: wordOf("Latin", 2), before: before() }) },
  { title: "has:link", query: () => ({ hasLink: true }) },
  { title: "has:link from: before:", query: () => ({ hasLink: true, from: author(), before: before() }) },
  { title: "a word has:link", query: () => ({ words: wordOf("Latin", 2), hasLink: true }) },
  {
    title: "2 characters, Thai, from: before: has:link",
    query: () => ({ words: partOf("Thai", 2), from: author(), before: before(), hasLink: true }),
  },
];

const PLACES = [["#all"], ["#all", ...Array.from({ length: SMALL_ROOMS }, (_, n) => `#room-${n}`)]];

/** Runs all searches of a kind in some rooms; returns `p50 / p99` and the longest step, in milliseconds. */
function measure(history: SqliteHistory, rooms: readonly string[], { query }: Kind): [number, number, number, number] {
  const all: number[] = [];
  let [longest, found] = [0, 0];
  for (let n = -WARM_UP; n < RUNS; n++) {
    if (n === 0) [longest, found, all.length] = [0, 0, 0];
    const { words = "", ...others } = query();
    const began = processorTime();
    const steps = history.search(rooms, { terms: queryTerms(words), ...others, count: COUNT });
    for (let last = began;;) {
      const { done, value } = steps.next();
      const now = processorTime();
      longest = Math.max(longest, now - last);
      last = now;
      if (!done) continue;
      found += (value as { lines: unknown[] }).lines.length;
      break;
    }
    all.push(processorTime() - began);
  }
  all.sort((a, b) => a - b);
  return [all[Math.floor(RUNS / 2)]!, all[Math.floor(RUNS * 0.99)]!, longest, found / RUNS];
}

/** The processor time of this process so far, in milliseconds. Other processes of the machine do not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A table, formatted like `deno fmt` does. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

async function main(): Promise<number> {
  const messages = Number(Deno.args[0] ?? MESSAGES);
  const kept = Deno.args[1];
  const directory = kept ?? Deno.makeTempDirSync({ prefix: "tincan-bench-" });
  const slow: string[] = [];
  try {
    const isMade = kept !== undefined && existsSync(`${kept}/tincan.db`);
    const history = isMade ? new SqliteHistory(await Database.open(kept)) : await make(directory, messages);
    while (history.runStep(() => {})); // a kept file may be of an earlier version, so that it is indexed again
    const rows = [["processor time in ms, p50 / p99 / longest step", "one room", "51 rooms", "found"]];
    for (const kind of KINDS) {
      const all = PLACES.map((rooms) => measure(history, rooms, kind));
      const cells = all.map(([p50, p99, longest]) => {
        if (p99 > SEARCH_MAX) slow.push(`${kind.title}: p99 is ${p99.toFixed(1)} ms, and may be ${SEARCH_MAX}`);
        if (longest > STEP_MAX) slow.push(`${kind.title}: a step took ${longest.toFixed(1)} ms, and may ${STEP_MAX}`);
        return [p50, p99, longest].map((time) => time.toFixed(1)).join(" / ");
      });
      console.error(kind.title, ...cells);
      rows.push([kind.title, ...cells, all[0]![3].toFixed(1)]);
    }
    console.log(`\n${markdown(rows)}`);
    history.close();
  } finally {
    if (kept === undefined) Deno.removeSync(directory, { recursive: true });
  }
  for (const each of slow) console.error(`Too slow: ${each}`);
  return slow.length > 0 ? 1 : 0;
}

Deno.exit(await main());
