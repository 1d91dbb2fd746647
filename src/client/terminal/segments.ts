/** Splitting of text into grapheme clusters. */

let segmenter: Intl.Segmenter | undefined;

/**
 * The grapheme clusters of a text. The segmenter is created for the first text that needs it: that takes 20 ms, as all
 * locales are loaded, and the first frame is often without.
 */
export function segments(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter.segment(text);
}
