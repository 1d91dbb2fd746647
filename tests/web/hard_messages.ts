/**
 * Messages in which links are hard to find. `tests/bench/hostile_bench.ts` measures how long that takes: such a message must
 * not block the page.
 */

/** The texts, and the number of links in each. The first one is easy, for comparison. */
export const HARD_MESSAGES: readonly { readonly text: string; readonly links: number }[] = [
  ...[".", ")", "]", "}", "）", "（", "「」", "\u0301", "。"].map((end) => ({
    text: `http://x/a${end.repeat(5000 / end.length)}`,
    links: 1,
  })),
  { text: "http://x/aを".repeat(500), links: 500 },
  { text: "http://[".repeat(500), links: 0 },
  { text: "http://".repeat(500), links: 1 },
];
