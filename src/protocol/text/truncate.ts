/** Keeps replies short: lists are truncated, and say how many items are missing. */

/** The most lines in a reply to one command. */
export const ANSWER_MAX = 1000;

/** The most characters of a user's input that a reply repeats. */
const CLIP_MAX = 60;

/** Shortens user input so that a reply can repeat it. */
export function clip(text: string): string {
  return text.length <= CLIP_MAX ? text : `${text.slice(0, CLIP_MAX)}…`;
}

/**
 * Renders a list, a line for each item: at most {@linkcode ANSWER_MAX} lines and about `charactersMax` characters. If items
 * are left out, a last line says how many.
 */
export function truncateList<T>(
  items: readonly T[],
  charactersMax: number,
  render: (item: T, index: number) => string,
): string[] {
  const lines = renderFitting(items.slice(0, ANSWER_MAX), charactersMax, render);
  const more = items.length - lines.length;
  return more > 0 ? [...lines, `… and ${more} more`] : lines;
}

/**
 * Renders items from the first on, as long as all lines together have at most `charactersMax` characters; at least one is
 * rendered. At most one line is rendered and not sent, so that a request costs no more than its reply.
 */
export function renderFitting<T>(
  items: readonly T[],
  charactersMax: number,
  render: (item: T, index: number) => string,
): string[] {
  const lines: string[] = [];
  let length = 0;
  for (const [i, item] of items.entries()) {
    const line = render(item, i);
    length += line.length;
    if (length > charactersMax && i > 0) break;
    lines.push(line);
  }
  return lines;
}
