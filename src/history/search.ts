/**
 * Finds lines with some terms in a full-text index: from the newest line to the oldest, in steps of less than a
 * millisecond, and within a budget.
 *
 * FTS5 can intersect terms by itself, but cannot be interrupted: sixteen terms that never occur together took it 130 ms in
 * 200,000 lines, whatever range of ids it was given. So each term is read separately, a part at a time, and the parts are
 * intersected here. The rarest term decides how far a part reaches. Where a term is so common that its part covers only a
 * few of the candidates, their texts are checked instead. See docs/decisions/search.md.
 */
import type { Steps } from "../util/steps.ts";

/** The most that one search may cost, in microseconds of processor time, as estimated by the three costs below. */
export const SEARCH_BUDGET = 1_000_000;

/** The cost of finding a place in the index, of reading an id there, and of checking the text of a line, likewise. */
const SEEK_COST = 100;
const ID_COST = 0.4;
const TEXT_COST = 20;

/** How many ids of a term one step reads: few at first, as the newest lines may be enough. */
const FIRST_PART = 64;
export const LARGEST_PART = 1024;

/** The most candidates whose texts are checked faster than a part of another term is read. */
const FEW = 16;

/** The most lines that one step reads, and what checking their texts may cost, in microseconds. The last text is checked. */
export const TEXTS_STEP = 16;
const TEXTS_STEP_COST = 1000;

/** Reads the index and the lines for a search. */
export interface SearchSource<Found> {
  /** The greatest ids of a term between two ids, which are excluded, in descending order. */
  ids(term: string, after: number, before: number, count: number): number[];
  /** A line of a target, if it exists. */
  line(target: number, id: number): Found | undefined;
  /** The lines of a target with the greatest ids between two ids, which are excluded, in descending order. */
  lines(target: number, after: number, before: number, count: number): { readonly id: number; readonly line: Found }[];
  /** Whether a line matches the query. */
  matches(line: Found): boolean;
  /** What all calls of `matches` have cost, in microseconds. */
  readonly cost: number;
}

/** A target to be searched. */
export interface SearchTarget {
  readonly id: number;
  /** The terms that the index must have for a line. */
  readonly terms: readonly string[];
  /** Whether a line for which the index has all of them matches the query. If not, its text is checked. */
  readonly exact: boolean;
  /** Lines with greater ids are not in the index, so their texts are checked. */
  readonly indexed: number;
  /** Only lines with greater ids. */
  readonly after: number;
  /** Only lines with smaller ids. */
  readonly before: number;
}

/** The result of a search. */
export interface SearchResult<Found> {
  /** The newest first. */
  readonly found: { readonly id: number; readonly line: Found }[];
  /** Lines with smaller ids were not searched, as the budget was used up; 0 if all were searched. */
  readonly unsearched: number;
}

/** A search in one target, during its course. */
export interface Search<Found> {
  /** Lines with this id or a greater one were searched. */
  readonly before: number;
  /** Lines with this id or a smaller one are not to be searched. */
  readonly after: number;
  /** Searches the next part, and stops above the id `oldest`; returns what it found, the newest first. */
  part(oldest: number): Steps<{ readonly id: number; readonly line: Found }[]>;
}

/**
 * Continues the searches in some targets until the newest lines are found, or the budget is used up.
 *
 * @param count The most lines to find.
 * @param left Returns what is left of the budget.
 */
export function* newestOf<Found>(
  all: readonly Search<Found>[],
  count: number,
  left: () => number,
): Steps<SearchResult<Found>> {
  let found: { readonly id: number; readonly line: Found }[] = [];
  for (;;) {
    // Continue the search that has got least far: so the result is complete down to that place.
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

/** Finds the newest lines of some targets that contain all terms. */
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
  readonly #exact: boolean;
  readonly #indexed: number;
  readonly #known = new Map<string, { readonly ids: number[]; readonly reach: number }>(); // what was read last, by term
  #terms: string[]; // the rarest first, once they are ranked
  #ranked: boolean;
  #part: number;

  constructor(
    source: SearchSource<Found>,
    { id, terms, exact, indexed, after, before }: SearchTarget,
    count: number,
    cost: { left: number },
  ) {
    this.#source = source;
    this.#target = id;
    this.#terms = [...terms];
    this.#exact = exact;
    this.#indexed = indexed;
    this.#ranked = terms.length === 1;
    this.#part = terms.length === 1 ? count : FIRST_PART;
    this.#count = count;
    this.#cost = cost;
    this.after = after;
    this.before = before;
  }

  *part(oldest: number): Steps<{ id: number; line: Found }[]> {
    const after = Math.max(this.after, oldest);
    if (this.before - 1 > Math.max(after, this.#indexed)) return yield* this.#scan(Math.max(after, this.#indexed));
    if (!this.#ranked) {
      yield* this.#rank();
      if (this.before - 1 <= this.after) return [];
    }
    const [rarest, ...others] = this.#terms as [string, ...string[]];
    const { ids, reach } = yield* this.#read(rarest, after, this.before);
    let candidates = ids;
    let [end, checked] = [reach, this.#exact];
    for (const term of others) {
      if (candidates.length <= FEW) {
        checked = false;
        break;
      }
      const part = yield* this.#read(term, end - 1, candidates[0]! + 1);
      const covered = candidates.filter((id) => id >= part.reach);
      if (covered.length < candidates.length && covered.length <= FEW) {
        checked = false; // the term is in nearly all lines
        continue;
      }
      end = part.reach;
      const set = new Set(part.ids);
      candidates = covered.filter((id) => set.has(id));
      if (set.size < covered.length) this.#promote(term);
    }
    const found: { id: number; line: Found }[] = [];
    let stepEnd = this.#source.cost + TEXTS_STEP_COST;
    for (const [n, id] of candidates.entries()) {
      if (n % TEXTS_STEP === TEXTS_STEP - 1 || this.#source.cost >= stepEnd) {
        yield;
        stepEnd = this.#source.cost + TEXTS_STEP_COST;
      }
      this.#cost.left -= TEXT_COST;
      const line = this.#source.line(this.#target, id);
      if (line !== undefined && (checked || this.#matches(line))) found.push({ id, line });
      if (found.length < this.#count && this.#cost.left > 0) continue;
      end = id;
      break;
    }
    this.before = end;
    this.#part = Math.min(2 * this.#part, LARGEST_PART);
    return found;
  }

  /** Checks the texts of some lines that are not in the index yet. */
  *#scan(after: number): Steps<{ readonly id: number; readonly line: Found }[]> {
    const lines = this.#source.lines(this.#target, after, this.before, TEXTS_STEP);
    this.before = lines.length < TEXTS_STEP ? after + 1 : lines.at(-1)!.id;
    const found: { readonly id: number; readonly line: Found }[] = [];
    let stepEnd = this.#source.cost + TEXTS_STEP_COST;
    for (const each of lines) {
      this.#cost.left -= TEXT_COST;
      if (this.#matches(each.line)) found.push(each);
      if (this.#source.cost < stepEnd) continue;
      yield;
      stepEnd = this.#source.cost + TEXTS_STEP_COST;
    }
    yield;
    return found;
  }

  #matches(line: Found): boolean {
    const before = this.#source.cost;
    const matches = this.#source.matches(line);
    this.#cost.left -= this.#source.cost - before;
    return matches;
  }

  /**
   * Sorts the terms by how far back a few ids of each reach. If a term does not occur, the search is done; if only few lines have
   * it, the other terms are not read.
   */
  *#rank(): Steps<void> {
    this.#ranked = true;
    const reaches: { term: string; reach: number; count: number }[] = [];
    for (const term of this.#terms) {
      const { ids, reach } = yield* this.#read(term, this.after, this.before);
      if (ids.length === 0) {
        this.before = this.after + 1;
        return;
      }
      if (reach === this.after + 1 && ids.length <= FEW) return this.#promote(term);
      reaches.push({ term, reach, count: ids.length });
    }
    this.#terms = reaches.sort((a, b) => a.reach - b.reach || a.count - b.count).map(({ term }) => term);
  }

  /** Treats a term as the rarest one from now on. */
  #promote(term: string) {
    this.#terms = [term, ...this.#terms.filter((each) => each !== term)];
  }

  /** Reads a part of the ids of a term, but none of them again. `reach` is the id from which on these are all. */
  *#read(term: string, after: number, before: number): Steps<{ ids: number[]; reach: number }> {
    const known = this.#known.get(term) ?? { ids: [], reach: before };
    let { ids, reach } = { ids: known.ids.filter((id) => id < before), reach: Math.min(known.reach, before) };
    const wanted = this.#part - ids.length;
    if (reach > after + 1 && wanted >= this.#part / 2) {
      const more = this.#source.ids(term, after, reach, wanted);
      this.#cost.left -= SEEK_COST + ID_COST * more.length;
      [ids, reach] = [ids.concat(more), more.length < wanted ? after + 1 : more.at(-1)!];
      yield;
    }
    this.#known.set(term, { ids, reach });
    return { ids: ids.filter((id) => id > after), reach: Math.max(reach, after + 1) };
  }
}
