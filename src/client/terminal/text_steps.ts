/** The places in a text that a cursor moves to. All of them are indexes of UTF-16 code units. */
import { segments } from "./segments.ts";

const WORD = /[\p{L}\p{N}\p{M}_]/u;

/** A segment is looked for in so much of the text around an index, as segmenting all of a long text takes long. */
const AROUND = 100;

/** True between two characters that are never parts of one grapheme. */
function isPlainPair(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  const before = text.charCodeAt(index - 1);
  return code < 0x300 && before < 0x300 && !(before === 0x0d && code === 0x0a);
}

/** The start of the grapheme that ends at an index. */
export function previousGrapheme(text: string, index: number): number {
  if (index <= 1) return 0;
  if (isPlainPair(text, index - 1) && (index === text.length || isPlainPair(text, index))) return index - 1;
  const start = Math.max(index - AROUND, 0);
  return start + segments(text.slice(start, index + AROUND)).containing(index - 1 - start)!.index;
}

/** The end of the grapheme that begins at an index. */
export function nextGrapheme(text: string, index: number): number {
  if (index + 1 >= text.length) return text.length;
  if (isPlainPair(text, index + 1)) return index + 1;
  let end = Math.min(index + AROUND, text.length);
  for (;;) {
    const { segment } = segments(text.slice(index, end)).containing(0)!;
    if (index + segment.length < end || end === text.length) return index + segment.length;
    end = Math.min(end + (end - index), text.length);
  }
}

/** The character before an index. */
function before(text: string, index: number): string {
  return String.fromCodePoint(
    text.codePointAt(text.charCodeAt(index - 1) >>> 10 === 0x37 && index > 1 ? index - 2 : index - 1)!,
  );
}

/** The character at an index. */
function after(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index)!);
}

/** The start of the word that ends at or before an index, as Alt-B of readline has it. */
export function previousWord(text: string, index: number): number {
  while (index > 0 && !WORD.test(before(text, index))) index -= before(text, index).length;
  while (index > 0 && WORD.test(before(text, index))) index -= before(text, index).length;
  return index;
}

/** The end of the word that begins at or after an index, as Alt-F of readline has it. */
export function nextWord(text: string, index: number): number {
  while (index < text.length && !WORD.test(after(text, index))) index += after(text, index).length;
  while (index < text.length && WORD.test(after(text, index))) index += after(text, index).length;
  return index;
}

/** The start of the text without spaces that ends at or before an index, as Ctrl-W of readline has it. */
export function previousSpace(text: string, index: number): number {
  while (index > 0 && /\s/.test(text[index - 1]!)) index--;
  while (index > 0 && !/\s/.test(text[index - 1]!)) index--;
  return index;
}
