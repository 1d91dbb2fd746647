/** Matching of masks, in which `*` stands for any text and `?` for any character, in linear time. */

/** Masks of up to this many words (of 32 elements) and different characters are matched without allocation. */
const WORDS = 8;
const CHARACTERS = 128;

const STAR = 0x2a;
const QUESTION = 0x3f;

/** Row number of each character of the current mask; 0 for all other characters. */
const rowOf = new Uint16Array(0x1_0000);
const reusedRows = new Int32Array(CHARACTERS * WORDS);
const reusedStates = new Int32Array(2 * WORDS);

/**
 * Whether a text matches a mask. Case-sensitive: fold both first.
 *
 * There is no backtracking: each character of the text is read at most three times and costs one step per 32 characters
 * of the mask.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { matchesMask } from "./mask.ts";
 *
 * assert(matchesMask("*!*@evil.*", "bob!~b@evil.example"));
 * assert(!matchesMask("b?b", "bb"));
 * ```
 */
export function matchesMask(mask: string, text: string): boolean {
  // The parts before the first star and after the last one decide nearly always.
  let from = 0;
  for (; from < mask.length && mask.charCodeAt(from) !== STAR; from++) {
    if (from === text.length || !fits(mask, from, text, from)) return false;
  }
  if (from === mask.length) return from === text.length;
  let maskEnd = mask.length;
  let textEnd = text.length;
  for (; mask.charCodeAt(maskEnd - 1) !== STAR; maskEnd--, textEnd--) {
    if (textEnd === from || !fits(mask, maskEnd - 1, text, textEnd - 1)) return false;
  }
  let elements = 0;
  for (let i = from; i < maskEnd; i++) if (mask.charCodeAt(i) !== STAR) elements++;
  if (elements === 0) return true;
  if (elements > textEnd - from) return false;
  return matchesBetweenStars(mask.slice(from, maskEnd), elements, text, from, textEnd);
}

function fits(mask: string, inMask: number, text: string, inText: number): boolean {
  const code = mask.charCodeAt(inMask);
  return code === QUESTION || code === text.charCodeAt(inText);
}

/**
 * Whether a part of a text matches a mask that begins and ends with a star. The elements of the mask (its characters
 * except stars) are the states of an automaton, a bit each: bit n is set while the first n elements match what was read.
 * So one step advances 32 states (the Shift-And algorithm of Baeza-Yates and Gonnet, with stars).
 */
function matchesBetweenStars(mask: string, elements: number, text: string, from: number, end: number): boolean {
  const words = (elements >>> 5) + 1; // bits 0 to `elements`
  const states = words <= WORDS ? reusedStates : new Int32Array(2 * words); // followed by the bits of states before a star
  const size = (Math.min(elements, rowOf.length - 1) + 1) * words;
  const rows = size <= reusedRows.length ? reusedRows : new Int32Array(size); // row 0 is for `?`
  let used = 1;
  for (let i = 0, bit = 0; i < mask.length; i++) {
    const code = mask.charCodeAt(i);
    if (code === STAR) states[words + (bit >>> 5)]! |= 1 << bit;
    else {
      bit++;
      const row = code === QUESTION ? 0 : rowOf[code] ||= used++;
      rows[row * words + (bit >>> 5)]! |= 1 << bit;
    }
  }
  const last = elements >>> 5;
  const lastBit = 1 << elements;
  states[0] = 1;
  for (let at = from; at < end && (states[last]! & lastBit) === 0; at++) {
    const row = rowOf[text.charCodeAt(at)]! * words;
    let carry = 0;
    for (let word = 0; word < words; word++) {
      const before = states[word]!;
      const moved = (before << 1) | carry;
      carry = before >>> 31;
      states[word] = (moved & (rows[row + word]! | rows[word]!)) | (before & states[words + word]!);
    }
  }
  const matched = (states[last]! & lastBit) !== 0;
  for (let i = 0; i < mask.length; i++) rowOf[mask.charCodeAt(i)] = 0;
  for (let i = 0; i < used * words; i++) rows[i] = 0;
  for (let i = 0; i < 2 * words; i++) states[i] = 0;
  return matched;
}
