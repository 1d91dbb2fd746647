/** Searches the lines of an SQLite file: reads for `search.ts` what it needs from the index and the lines. */
import { fold } from "../chat/names.ts";
import type { FoundLines, SearchQuery } from "../chat/store.ts";
import type { Steps } from "../util/steps.ts";
import type { LineExtras } from "./line_extras.ts";
import { type MessageRow, nickOf, rowLimit } from "./rows.ts";
import { type SearchSource, type SearchTarget, searchTargets } from "./search.ts";
import type { Statements } from "./statements.ts";
import { isRoomKey, type Targets } from "./targets.ts";
import { lookUp } from "./index_terms.ts";
import { hasLink } from "../util/links.ts";
import { TermMatcher } from "../util/tokenizer.ts";
import { linkTerm, nickTerm, wordTerm } from "./word_index.ts";

/**
 * The greatest ids of a term, between two ids, in descending order. node:sqlite binds numbers as REAL; FTS5 stops at the
 * ends of the range only if they are INTEGER. Reading one JSON array is three times as fast as reading row by row.
 */
const IDS_OF_TERM = `SELECT json_group_array(id) AS ids FROM (SELECT rowid AS id FROM word
  WHERE word MATCH ? AND rowid > CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER) ORDER BY rowid DESC LIMIT ?)`;

/** How many units of `TermMatcher` are a microsecond. */
const COSTS_PER_MICROSECOND = 100;

/** Searches some targets: see `HistoryStore.search`. Errors are those of SQLite. */
export function* searchFile(
  sql: Statements,
  targets: Targets,
  extras: LineExtras,
  keys: readonly string[],
  { terms, from, hasLink: withLink = false, after = 0, before = Infinity, count }: SearchQuery,
): Steps<FoundLines> {
  if ((terms.length === 0 && from === undefined && !withLink) || count <= 0) return { lines: [], unsearched: 0 };
  const lookup = lookUp(terms);
  const matcher = new TermMatcher(terms);
  const names = new Map<number, string>();
  const places = keys.flatMap((key): SearchTarget[] => {
    const target = targets.find(key);
    if (target === undefined || !isRoomKey(key)) return [];
    names.set(target.id, target.name);
    const first = targets.firstId(target.id);
    if (first === 0) return [];
    const indexed = lookup.terms.map((term) => wordTerm(target.id, term));
    if (from !== undefined) indexed.push(nickTerm(target.id, from));
    if (withLink) indexed.push(linkTerm(target.id));
    // Lines that are added during the search are ignored. They may be of another room that has got the same number.
    const last = targets.lastId(target.id);
    const range = { after: Math.max(after, first - 1), before: Math.min(before, last + 1) };
    return [{ id: target.id, terms: indexed, exact: lookup.exact, indexed: targets.indexed(target.id), ...range }];
  });
  const source: SearchSource<MessageRow> = {
    ids: (term, after, before, count) =>
      JSON.parse(sql.get<{ ids: string }>(IDS_OF_TERM, `"${term}"`, after, before, rowLimit(count))!.ids),
    line: (target, id) => {
      const one = "SELECT * FROM message WHERE target = ? AND id = ? AND deleted_by IS NULL";
      return sql.get<MessageRow>(one, target, id);
    },
    lines: (target, after, before, count) => {
      const newest = "SELECT * FROM message WHERE target = ? AND id > ? AND id < ? ORDER BY id DESC LIMIT ?";
      return sql.all<MessageRow>(newest, target, after, before, count).map((line) => ({ id: line.id, line }));
    },
    get cost() {
      return matcher.cost / COSTS_PER_MICROSECOND;
    },
    matches: ({ text, origin, deleted_by: deletedBy }) =>
      deletedBy === null && (from === undefined || fold(nickOf(origin)) === from) && (!withLink || hasLink(text)) &&
      matcher.matches(text),
  };
  const { found, unsearched } = yield* searchTargets(source, places, { count });
  const lines = found.reverse().map(({ line }) => extras.linesOf(line.target, [line], names.get(line.target)!)[0]!);
  return { lines, unsearched };
}
