/**
 * Makes the terms that the full-text index has for a line, and those to look up for a query.
 *
 * FTS5 reads a term of its index in small parts, from the newest line on, but not all terms with a common beginning. So the index
 * contains the beginnings of words as terms of their own, and of runs without spaces each character, each sequence of two, and each of
 * three letters. See docs/decisions/search.md.
 */
import { isRun, tokenize } from "../util/tokenizer.ts";

/** How many characters of a word are in the index: each of these beginnings. Longer ones are compared with the text. */
const BEGINNINGS = [2, 3, 4, 5, 6, 8, 11, 16, 24, 32];

/** Scripts with so many characters that two of them are as rare as three letters of an alphabet. */
const MANY_CHARACTERS = /[\p{Script=Han}\p{Script=Hangul}]/u;

/**
 * How many terms of a line are in the index: those of the beginning of a very long line, as FTS5 adds a line at once, and takes some
 * 1.5 µs for a term. The terms of the last word may be a few more.
 */
export const LINE_TERMS_MAX = 4000;

/** The most terms that are looked up for one query. The text of each line that they find is compared with the others. */
export const LOOKUPS_MAX = 16;

/** Where to look for the terms of a query. */
export interface Lookup {
  /** Each line that matches the query has all of these in the index. */
  readonly terms: readonly string[];
  /** Whether each line that has all of these matches the query. */
  readonly exact: boolean;
}

/** The terms of a text in the index. */
export function indexTerms(text: string): Set<string> {
  const all = new Set<string>();
  for (const term of tokenize(text)) {
    if (all.size >= LINE_TERMS_MAX) break;
    if (isRun(term)) addSequences(all, charactersOf(term));
    else addBeginnings(all, term);
  }
  return all;
}

/**
 * Where to look for terms from `queryTerms`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lookUp } from "./index_terms.ts";
 *
 * assertEquals(lookUp(["tea", "kettlewell"]), { terms: ["tea", "kettlewe"], exact: false });
 * assertEquals(lookUp(["ke", "今日"]), { terms: ["ke", "今日"], exact: true });
 * assertEquals(lookUp(["今日はいい"]), { terms: ["今日", "はいい"], exact: false });
 * ```
 */
export function lookUp(terms: readonly string[]): Lookup {
  const all = new Set<string>();
  let exact = true;
  for (const term of terms) {
    const characters = charactersOf(term);
    const parts = isRun(term) ? coveringSequences(characters) : [longestBeginning(characters)];
    for (const part of parts) {
      if (all.size < LOOKUPS_MAX) all.add(part);
      else exact = false;
    }
    if (parts.length > 1 || parts[0] !== term) exact = false;
  }
  return { terms: [...all], exact };
}

function addSequences(all: Set<string>, characters: Characters) {
  for (let at = 0; at < characters.length && all.size < LINE_TERMS_MAX; at++) {
    all.add(characters[at]!);
    if (at + 1 < characters.length) all.add(characters[at]! + characters[at + 1]!);
    if (areLetters(characters, at)) all.add(characters[at]! + characters[at + 1]! + characters[at + 2]!);
  }
}

/** Whether the three characters at a place exist and are letters of alphabets, so that they are in the index as one sequence. */
function areLetters(characters: Characters, at: number): boolean {
  if (at < 0 || at + 3 > characters.length) return false;
  for (let n = at; n < at + 3; n++) if (MANY_CHARACTERS.test(characters[n]!)) return false;
  return true;
}

function addBeginnings(all: Set<string>, word: string) {
  const characters = charactersOf(word);
  if (characters.length === 1) all.add(word);
  for (const length of BEGINNINGS) {
    if (length > characters.length) break;
    all.add(beginning(characters, length));
  }
}

/** Sequences that together cover a run. */
function coveringSequences(characters: Characters): string[] {
  const { length } = characters;
  if (length === 1) return [characters[0]!];
  const all: string[] = [];
  for (let at = 0; at < length;) {
    let size = areLetters(characters, at) ? 3 : 2;
    if (at + size > length) {
      size = areLetters(characters, length - 3) ? 3 : 2;
      at = length - size;
    }
    all.push(beginning(characters.slice(at), size));
    at += size;
  }
  return all;
}

function longestBeginning(characters: Characters): string {
  const length = BEGINNINGS.findLast((each) => each <= characters.length) ?? characters.length;
  return beginning(characters, length);
}

function beginning(characters: Characters, length: number): string {
  const part = characters.slice(0, length);
  return typeof part === "string" ? part : part.join("");
}

/** The characters of a term: the term itself, which is faster, unless a character takes two of its units. */
type Characters = readonly string[] | string;

function charactersOf(term: string): Characters {
  return /[\ud800-\udfff]/.test(term) ? [...term] : term;
}
