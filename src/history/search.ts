/**
 * Finds lines with some words in the full-text index of a file: from the newest line to the oldest, in steps of less than a
 * millisecond, and within a budget.
 *
 * FTS5 can intersect words by itself, but only in one piece: sixteen words that never occur together took it 130 ms in
 * 200,000 lines, whatever range of ids it was given. So each word is read on its own, a part at a time, and the parts are
 * intersected here. What decides how far a part reaches is the rarest word; where a word is so common that its part covers
 * few of the candidates, the texts of these are looked at instead. See docs/decisions/search.md.
 */
import type { Steps } from "../util/steps.ts";

/** What one search may cost, in microseconds of processor time, as estimated by the three costs below. */
export const SEARCH_BUDGET = 1_000_000;

/** What it costs to find a place in the index, to read an id there, and to look at the text of a line, likewise. */
const SEEK_COST = 100;
const ID_COST = 0.4;
const TEXT_COST = 20;

/** How many ids of a word are read in one step: few at first, as the newest lines may be all that is wanted. */
const FIRST_PART = 64;
export const LARGEST_PART = 1024;

/** Of how many candidates it is faster to look at the texts than to read a part of another word. */
const FEW = 16;

/** How many texts are looked at, or lines read, in one step. */
export const TEXTS_STEP = 16;

/** Reads what a search needs of a file. */
export interface SearchSource<Found> {
  /** The ids under which a term is in the index, between two ids: the greatest ones, in descending order. */
  ids(term: string, after: number, before: number, count: number): number[];
  /** A line of a target, if it is there. */
  line(target: number, id: number): Found | undefined;
  /** Whether a line has all words, and the author that was asked for. */
  matches(line: Found): boolean;
}

/** Where is searched. */
export interface SearchTarget {
  readonly id: number;
  /** What has to be in the index for a line, all of it. */
  readonly terms: readonly string[];
  /** Lines between these two ids are wanted, neither of which is among them. */
  readonly after: number;
  readonly before: number;
}

/** What was found, the newest first. */
export interface SearchResult<Found> {
  readonly found: { readonly id: number; readonly line: Found }[];
  /** Lines with smaller ids were not looked at, as that would have cost too much; 0 if all were. */
  readonly unsearched: number;
}

/** A search in one target that is under way. */
export interface Search<Found> {
  /** All lines from here on were looked at … */
  readonly before: number;
  /** … and up to here, none is wanted. */
  readonly after: number;
  /** Looks at the next part, down to a line at the most; returns what was found there, the newest first. */
  part(oldest: number): Steps<{ readonly id: number; readonly line: Found }[]>;
}

/**
 * Goes on with the searches in some targets until the newest lines are found, or the budget is used up.
 *
 * @param left What is left of the budget.
 */
export function* newestOf<Found>(
  all: readonly Search<Found>[],
  count: number,
  left: () => number,
): Steps<SearchResult<Found>> {
  let found: { readonly id: number; readonly line: Found }[] = [];
  for (;;) {
    // The one that has come least far goes on: so what was found is complete down to that place.
    const next = all.reduce<Search<Found> | undefined>((most, each) => {
      return each.before - 1 > each.after && each.before > (most?.before ?? 0) ? each : most;
    }, undefined);
    const oldest = found.length < count ? 0 : found.at(-1)!.id;
    if (next === undefined || next.before - 1 <= oldest) return { found, unsearched: 0 };
    if (left() <= 0) return { found: found.filter(({ id }) => id >= next.before), unsearched: next.before };
    const more = yield* next.part(oldest);
    if (more.length > 0) found = [...found, ...more].sort((a, b) => b.id - a.id).slice(0, count);
  }
}

/** Finds the newest lines of some targets in which all terms are. */
export function searchTargets<Found>(
  source: SearchSource<Found>,
  targets: readonly SearchTarget[],
  { count, budget = SEARCH_BUDGET }: { count: number; budget?: number },
): Steps<SearchResult<Found>> {
  const cost = { left: budget };
  const all = targets.map((target) => new TargetSearch(source, target, count, cost));
  return newestOf(all, count, () => cost.left);
}

/** The search in one target. */
class TargetSearch<Found> implements Search<Found> {
  before: number;
  readonly after: number;
  readonly #source: SearchSource<Found>;
  readonly #target: number;
  readonly #count: number;
  readonly #cost: { left: number };
  #terms: string[]; // the rarest first
  #ranked: boolean;
  #part: number;

  constructor(
    source: SearchSource<Found>,
    { id, terms, after, before }: SearchTarget,
    count: number,
    cost: { left: number },
  ) {
    this.#source = source;
    this.#target = id;
    this.#terms = [...terms];
    this.#ranked = terms.length === 1;
    this.#part = terms.length === 1 ? count : FIRST_PART;
    this.#count = count;
    this.#cost = cost;
    this.after = after;
    this.before = before;
  }

  *part(oldest: number): Steps<{ id: number; line: Found }[]> {
    const after = Math.max(this.after, oldest);
    if (!this.#ranked) {
      yield* this.#rank();
      if (this.before - 1 <= this.after) return [];
    }
    const [rarest, ...others] = this.#terms as [string, ...string[]];
    const { ids, reach } = yield* this.#read(rarest, after, this.before);
    let candidates = ids;
    let [end, checked] = [reach, true];
    for (const term of others) {
      if (candidates.length <= FEW) {
        checked = false;
        break;
      }
      const there = yield* this.#read(term, end - 1, candidates[0]! + 1);
      const covered = candidates.filter((id) => id >= there.reach);
      if (covered.length < candidates.length && covered.length <= FEW) {
        checked = false; // it is in nearly all lines
        continue;
      }
      end = there.reach;
      const set = new Set(there.ids);
      candidates = covered.filter((id) => set.has(id));
      if (set.size < covered.length) this.#promote(term);
    }
    const found: { id: number; line: Found }[] = [];
    for (const [n, id] of candidates.entries()) {
      if (n % TEXTS_STEP === TEXTS_STEP - 1) yield;
      this.#cost.left -= TEXT_COST;
      const line = this.#source.line(this.#target, id);
      if (line !== undefined && (checked || this.#source.matches(line))) found.push({ id, line });
      if (found.length === this.#count) break;
    }
    this.before = found.length === this.#count ? found.at(-1)!.id : end;
    this.#part = Math.max(this.#part, Math.min(2 * this.#part, LARGEST_PART));
    return found;
  }

  /** Puts the terms in order by how far back a few ids of each reach. What has a term that is nowhere is done. */
  *#rank(): Steps<void> {
    this.#ranked = true;
    const reaches: { term: string; reach: number; count: number }[] = [];
    for (const term of this.#terms) {
      const { ids, reach } = yield* this.#read(term, this.after, this.before);
      if (ids.length === 0) {
        this.before = this.after + 1;
        return;
      }
      reaches.push({ term, reach, count: ids.length });
    }
    this.#terms = reaches.sort((a, b) => a.reach - b.reach || a.count - b.count).map(({ term }) => term);
  }

  /** From here on, a term is taken for the rarest one. */
  #promote(term: string) {
    this.#terms = [term, ...this.#terms.filter((each) => each !== term)];
  }

  /** Reads a part of the ids of a term; also returns from which id on these are all. */
  *#read(term: string, after: number, before: number): Steps<{ ids: number[]; reach: number }> {
    const ids = this.#source.ids(term, after, before, this.#part);
    this.#cost.left -= SEEK_COST + ID_COST * ids.length;
    yield;
    return { ids, reach: ids.length < this.#part ? after + 1 : ids.at(-1)! };
  }
}
