/**
 * How long an answer of the text door may be: a list of anything that can grow is cut there, and says so.
 */
import type { TextSession } from "./session.ts";

/** The most lines that one command answers with. */
export const ANSWER_MAX = 1000;

/** A text for each item, or for as many as one answer may have, and how many there are more. */
export function capped<T>(
  session: TextSession,
  items: readonly T[],
  line: (item: T, index: number) => string,
): string[] {
  const lines = fitting(session, items.slice(0, ANSWER_MAX), line);
  const more = items.length - lines.length;
  return more > 0 ? [...lines, `… and ${more} more`] : lines;
}

/**
 * Lines for as many items, from the first on, as are no longer together than one answer may be; one always fits. None is
 * made for the others: a short question must not cost more than its answer.
 */
export function fitting<T>(
  session: TextSession,
  items: readonly T[],
  line: (item: T, index: number) => string,
): string[] {
  const lines: string[] = [];
  let length = 0;
  for (const [i, item] of items.entries()) {
    const made = line(item, i);
    length += made.length;
    if (length > session.answerMax && i > 0) break;
    lines.push(made);
  }
  return lines;
}
