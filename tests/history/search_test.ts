/** Tests the search in a full-text index: what it finds, and how little it reads for that. */
import { assert, assertEquals } from "@std/assert";
import {
  LARGEST_PART,
  newestOf,
  type Search,
  type SearchSource,
  searchTargets,
  TEXTS_STEP,
} from "../../src/history/search.ts";
import { runToEnd, type Steps } from "../../src/util/steps.ts";
import { fc } from "../dependencies.ts";

/** An index in memory that counts what is read. */
class Index implements SearchSource<{ id: number; words: ReadonlySet<string> }> {
  readonly #lines = new Map<number, { id: number; words: ReadonlySet<string> }>();
  readonly #ids = new Map<string, number[]>();
  #words: readonly string[] = [];
  /** Whether a line with all terms is one that the query asks for. */
  fulfils: (line: { id: number }) => boolean = () => true;
  /** How many ids and texts were read. */
  read = 0;
  texts = 0;
  cost = 0;

  /** Adds a line with the next id. */
  add(words: Iterable<string>): this {
    const line = { id: this.#lines.size + 1, words: new Set(words) };
    this.#lines.set(line.id, line);
    for (const word of line.words) this.#ids.set(word, [line.id, ...this.#ids.get(word) ?? []]);
    return this;
  }

  /** Adds many lines at once, which is faster. */
  fill(count: number, words: (n: number) => readonly string[]): this {
    for (let n = 0; n < count; n++) {
      const line = { id: n + 1, words: new Set(words(n)) };
      this.#lines.set(line.id, line);
      for (const word of line.words) {
        const ids = this.#ids.get(word) ?? [];
        ids.push(line.id);
        this.#ids.set(word, ids);
      }
    }
    for (const ids of this.#ids.values()) ids.reverse();
    return this;
  }

  ids(term: string, after: number, before: number, count: number): number[] {
    const ids = (this.#ids.get(term) ?? []).filter((id) => id > after && id < before).slice(0, count);
    this.read += ids.length;
    return ids;
  }

  line(_target: number, id: number) {
    this.texts++;
    return this.#lines.get(id);
  }

  lines(_target: number, after: number, before: number, count: number) {
    const found = [...this.#lines.values()].filter(({ id }) => id > after && id < before).slice(-count).reverse();
    this.texts += found.length;
    return found.map((line) => ({ id: line.id, line }));
  }

  matches({ id, words }: { id: number; words: ReadonlySet<string> }): boolean {
    return this.fulfils({ id }) && this.#words.every((word) => words.has(word));
  }

  search(
    words: readonly string[],
    { count = 10, before = Infinity, after = 0, budget = Infinity, exact = true, indexed = Infinity } = {},
  ) {
    this.#words = words;
    return searchTargets(this, [{ id: 1, terms: words, exact, indexed, after, before }], { count, budget });
  }

  /** The ids of the lines that are found, the newest first. */
  found(words: readonly string[], range = {}): number[] {
    return runToEnd(this.search(words, range)).found.map(({ id }) => id);
  }
}

/** Sixteen terms of one letter. */
const WORDS = Array.from({ length: 16 }, (_, n) => "abcdefghijklmnop"[n]!);

/** Lines that each lack one of the sixteen terms. */
function neverTogether(count: number): Index {
  return new Index().fill(count, (n) => WORDS.filter((_, word) => word !== n % 16));
}

/** Runs all steps; returns the most ids and the most texts that one of them has read. */
function most(index: Index, steps: Steps<unknown>): { ids: number; texts: number } {
  const all = { ids: 0, texts: 0 };
  for (let done = false; !done;) {
    const [read, texts] = [index.read, index.texts];
    done = steps.next().done ?? false;
    all.ids = Math.max(all.ids, index.read - read);
    all.texts = Math.max(all.texts, index.texts - texts);
  }
  return all;
}

Deno.test("search: the result equals that of a scan of all lines", () => {
  const line = fc.subarray(["a", "b", "c", "d"]);
  fc.assert(fc.property(
    fc.array(line, { maxLength: 300 }),
    fc.subarray(["a", "b", "c", "d"], { minLength: 1 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: 301 }),
    (lines, words, count, after, before) => {
      const index = new Index();
      for (const words of lines) index.add(words);
      const ids = lines.map((_, n) => n + 1).filter((id) => {
        return id > after && id < before && words.every((word) => lines[id - 1]!.includes(word as "a"));
      });
      assertEquals(index.found(words, { count, after, before }), ids.reverse().slice(0, count));
    },
  ));
});

Deno.test("search: terms that never occur together are searched in small steps", () => {
  const index = neverTogether(20_000);
  const { ids, texts } = most(index, index.search(WORDS));
  assert(ids <= LARGEST_PART && texts <= TEXTS_STEP, `${ids} ids and ${texts} texts were read in one step`);
  assert(index.read < 2 * 16 * 20_000, `${index.read} ids were read`);
});

Deno.test("search: the rarest term decides how much is read, whatever its position", () => {
  for (const words of [["common", "rare"], ["rare", "common"], ["common", "often", "rare"]]) {
    const index = new Index().fill(50_000, (n) => {
      return ["common", ...n % 2 === 0 ? ["often"] : [], ...n === 123 || n === 124 ? ["rare"] : []];
    });
    assertEquals(index.found(words), words.includes("often") ? [125] : [125, 124]);
    assert(index.read < words.length * 64, `${index.read} ids were read for "${words.join(" ")}"`);
  }
  const few = new Index().fill(1000, (n) => [...n % 20 === 0 ? ["fifty"] : [], ...n % 500 === 0 ? ["two"] : []]);
  assertEquals([few.found(["fifty", "two"]), few.read], [[501, 1], 50 + 2]);
  const first = new Index().fill(1000, (n) => ["all", ...n === 7 ? ["one"] : []]);
  assertEquals([first.found(["one", "all"]), first.read], [[8], 1], "the other terms of a rare one are not read");
});

Deno.test("search: no id of a term is read twice, even where one term has several times as many as the other", () => {
  const index = new Index().fill(20_000, (n) => [...n % 2 === 0 ? ["half"] : [], ...n % 5 === 0 ? ["fifth"] : []]);
  assertEquals(index.found(["half", "fifth"], { count: 5000 }).length, 2000);
  assert(index.read <= 10_000 + 4_000, `${index.read} ids were read`);
});

Deno.test("search: texts are checked instead of reading a very common term", () => {
  const index = new Index().fill(50_000, (n) => ["common", ...n % 500 === 0 ? ["seldom"] : []]);
  assertEquals(index.found(["common", "seldom"], { count: 1000 }).length, 100);
  assert(index.read < 2000, `${index.read} ids were read`);
  const { texts } = most(index, index.search(["common", "seldom"], { count: 1000 }));
  assert(texts <= TEXTS_STEP, `${texts} texts were read in one step`);
});

Deno.test("search: another term decides how much is read where it becomes the rarer one", () => {
  const index = new Index().fill(40_000, (n) => {
    const seldom = n % 200 === 0;
    return [
      ...n >= 20_000 || seldom ? ["new"] : [],
      ...n < 20_000 && n % 200 !== 0 || n >= 20_000 && seldom ? ["old"] : [],
    ];
  });
  assertEquals(index.found(["new", "old"], { count: 1000 }).length, 100);
  assert(index.read < 10_000, `${index.read} ids were read`);
});

Deno.test("search: a term that does not occur ends the search at once", () => {
  const index = neverTogether(10_000);
  assertEquals(index.found([...WORDS, "never"]), []);
  assert(index.read <= 16 * 64, `${index.read} ids were read`);
});

Deno.test("search: the newest lines are found first, without reading more", () => {
  const index = new Index().fill(50_000, () => WORDS);
  assertEquals(index.found(WORDS, { count: 3 }), [50_000, 49_999, 49_998]);
  assert(index.read <= 2 * 16 * 64, `${index.read} ids were read`);
  index.read = 0;
  assertEquals([index.found(["a"], { count: 3 }), index.read], [[50_000, 49_999, 49_998], 3]);
});

Deno.test("search: lines that are not in the index are found by their texts, in small steps", () => {
  const index = new Index().fill(1000, (n) => n % 100 === 0 ? ["a", "b"] : ["a"]);
  const range = { indexed: 800, count: 100 };
  assertEquals(index.found(["a", "b"], range), [901, 801, 701, 601, 501, 401, 301, 201, 101, 1]);
  assertEquals(index.found(["a", "b"], { ...range, before: 801 }).length, 8);
  assertEquals(index.found(["a", "b"], { ...range, after: 850 }), [901]);
  assertEquals(index.found(["a", "b"], { ...range, count: 1 }), [901]);
  assertEquals(index.found(["a"], { ...range, indexed: 0, count: 3 }), [1000, 999, 998]);
  const { texts } = most(index, index.search(["b"], { ...range, indexed: 0 }));
  assert(texts <= TEXTS_STEP, `${texts} texts were read in one step`);
  const { found, unsearched } = runToEnd(index.search(["b"], { ...range, indexed: 0, budget: 5000 }));
  assertEquals([found.length, unsearched > 600 && unsearched < 900], [2, true], `${unsearched}`);
});

Deno.test("search: texts are checked where the terms of the index are not enough", () => {
  const index = new Index().fill(100, (n) => n % 10 === 0 ? ["a", "b"] : ["a"]);
  index.fulfils = ({ id }) => id === 1 || id === 51 || id === 52;
  assertEquals(index.found(["a", "b"], { exact: false }), [51, 1]);
  assertEquals(index.found(["a"], { exact: false, count: 1 }), [52]);
});

Deno.test("search: checking long texts ends a step early, and uses up the budget", () => {
  const index = new Index().fill(1000, () => ["a"]);
  index.fulfils = () => {
    index.cost += 600;
    return false;
  };
  for (const options of [{ exact: false }, { indexed: 0 }]) {
    const steps = index.search(["a"], { ...options, budget: 100_000 });
    let [checked, last] = [0, index.cost];
    for (let done = false; !done; last = index.cost) {
      done = steps.next().done ?? false;
      checked = Math.max(checked, (index.cost - last) / 600);
    }
    assertEquals(checked, 2);
    assert(index.cost < 130_000, `${index.cost}`);
    index.cost = 0;
  }
});

Deno.test("search: the end of the budget is reported, and no line beyond it is returned", () => {
  const index = new Index().fill(20_000, (n) => WORDS.filter((_, word) => n < 10 || word !== n % 16));
  const { found, unsearched } = runToEnd(index.search(WORDS, { budget: 20_000 }));
  assertEquals(found, []);
  assert(unsearched > 10_000 && unsearched < 20_000, `${unsearched}`);
  assertEquals(runToEnd(index.search(WORDS)), { found: runToEnd(index.search(WORDS)).found, unsearched: 0 });
  assertEquals(index.found(WORDS), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  const before = index.found(WORDS, { before: unsearched });
  assertEquals(before.length, 10, "one can go on from there");
});

Deno.test("search: ids and texts use up the budget as well as places in the index", () => {
  const common = new Index().fill(50_000, (n) => ["common", ...n % 500 === 0 ? ["seldom"] : []]);
  const checked = runToEnd(common.search(["common", "seldom"], { count: 1000, budget: 1500 }));
  assert(checked.unsearched > 0 && common.texts <= 100, `${common.texts} texts were checked`);
  const index = neverTogether(20_000);
  runToEnd(index.search(WORDS, { budget: 20_000 }));
  assert(index.read < 60_000, `${index.read} ids were read`);
});

Deno.test("search: several targets are searched together from the newest line to the oldest", () => {
  const index = new Index().fill(4000, (n) => [n % 2 === 0 ? "1_a" : "2_a", n % 2 === 0 ? "1_b" : "2_b"]);
  const targets = [1, 2].map((id) => ({
    id,
    terms: [`${id}_a`],
    exact: true,
    indexed: Infinity,
    after: 0,
    before: Infinity,
  }));
  const { found } = runToEnd(searchTargets(index, targets, { count: 5 }));
  assertEquals(found.map(({ id }) => id), [4000, 3999, 3998, 3997, 3996]);
  const hard = [1, 2].map((id) => ({
    id,
    terms: [`${id}_a`, `${3 - id}_b`],
    exact: true,
    indexed: Infinity,
    after: 0,
    before: Infinity,
  }));
  const { unsearched } = runToEnd(searchTargets(index, hard, { count: 5, budget: 1500 }));
  assert(unsearched > 1000 && unsearched < 4000, `${unsearched}`);
});

/** A search that finds some lines in its only part. */
class OnePart implements Search<string> {
  readonly after = 0;

  constructor(public before: number, readonly ids: readonly number[], readonly reach: number) {}

  *part(): Steps<{ id: number; line: string }[]> {
    this.before = this.reach;
    yield;
    return this.ids.map((id) => ({ id, line: "" }));
  }
}

Deno.test("search: when the budget is used up, lines below the place that all targets have reached are left out", () => {
  let left = 1;
  const searches = [new OnePart(101, [100, 50, 10], 10), new OnePart(50, [], 1)];
  const { found, unsearched } = runToEnd(newestOf(searches, 9, () => left--));
  assertEquals([found.map(({ id }) => id), unsearched], [[100, 50], 50]);
});
