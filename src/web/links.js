// @ts-check
/**
 * Finds links in messages: http and https, nothing else.
 *
 * A link may have letters of every script in its host and path. It ends before the punctuation of the sentence around it,
 * in whatever script that is written, and before text that follows it without a space, as in Chinese, Japanese or Korean.
 */

const START = /\bhttps?:\/\//gi;

/**
 * Never part of a link: spaces, control characters, invisible ones (but for the joiners that Persian and Hindi are spelled
 * with), quotes that open or close, and whatever ends a sentence or a part of one, if it is not ASCII.
 */
const OUTSIDE_LINK = /[\s\p{Cc}<>"“”„‟«»‹›]|[^\P{Cf}\u200c\u200d]|[^\P{Terminal_Punctuation}!-~]/u;

/** Not the end of a link: punctuation, unless it is ASCII and URLs do end with it, and what looks like punctuation. */
const NOT_AT_END = /[.,:;!?'"*_~`|([{´｀⋯～＜＞❓-❗❛-❟\u200c\u200d]|[^\P{P}!-~]/u;

/** What belongs to the character before it. */
const COMBINING = /\p{M}/u;

/** The brackets that a link may contain, if both are there: each with its counterpart. */
const BRACKETS = [
  "()",
  "[]",
  "{}",
  "（）",
  "［］",
  "｛｝",
  "「」",
  "『』",
  "【】",
  "〔〕",
  "〈〉",
  "《》",
  "〖〗",
  "｢｣",
];
const OPENING = new Set(BRACKETS.map(([opening = ""]) => opening));
const OPENED_BY = new Map(BRACKETS.map(([opening = "", closing = ""]) => [closing, opening]));

/** What is written without spaces, and so follows a link directly. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Bopomofo}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}「『【〔〈《〖｢・]/u;

/** Behind one of these it does so; behind anything else, as in `/wiki/東京` or `?q=東京`, it belongs to the link. */
const ASCII_WORD = /[\da-z]/i;

/**
 * Splits a text into links and what is between them.
 *
 * @param {string} text
 * @returns {{ text: string, href?: string }[]}
 */
export function findLinks(text) {
  const parts = [];
  let from = 0;
  START.lastIndex = 0;
  for (let start = START.exec(text); start !== null; start = START.exec(text)) {
    const { end, stop } = endOf(text, START.lastIndex);
    START.lastIndex = stop;
    const found = text.slice(start.index, end);
    const href = safeHref(found);
    if (href === undefined) continue;
    if (start.index > from) parts.push({ text: text.slice(from, start.index) });
    parts.push({ text: found, href });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/**
 * Finds where a link ends, in time proportional to its length: no message can keep the page busy.
 *
 * @param {string} text
 * @param {number} from The index of its host.
 * @returns {{ end: number, stop: number }} The index behind it, and the index from which on another link may begin.
 */
function endOf(text, from) {
  /** @type {string[]} */
  const characters = [];
  /** @type {Map<string, number>} How many of each bracket are open, by the opening one; fewer than none if too many are closed. */
  const open = new Map();
  const count = (/** @type {string} */ bracket, /** @type {number} */ by) => {
    open.set(bracket, (open.get(bracket) ?? 0) + by);
  };
  let dotted = false; // whether it has a dot, or is past its host: only then can it be complete
  for (const character of text.slice(from)) {
    if (OUTSIDE_LINK.test(character)) break;
    if (dotted && ASCII_WORD.test(characters.at(-1) ?? "") && UNSPACED.test(character)) break;
    dotted ||= /[./?#:]/.test(character);
    const opening = OPENED_BY.get(character) ?? "";
    if (/[^\P{Pe}!-~]/u.test(character) && !open.get(opening)) break;
    if (opening !== "") count(opening, -1);
    else if (OPENING.has(character)) count(character, 1);
    characters.push(character);
  }
  const stop = from + characters.reduce((length, character) => length + character.length, 0);
  // What belongs to the sentence goes: a full stop, or a bracket that was opened before the link.
  let [end, left] = [stop, stop];
  for (const character of characters.reverse()) {
    left -= character.length;
    if (COMBINING.test(character)) continue; // goes or stays with the character before it
    const opening = OPENED_BY.get(character);
    if (opening === undefined ? !NOT_AT_END.test(character) : (open.get(opening) ?? 0) >= 0) break;
    if (opening !== undefined) count(opening, 1);
    else if (OPENING.has(character)) count(character, -1);
    end = left;
  }
  return { end, stop };
}

/** @param {string} link */
function safeHref(link) {
  try {
    const { protocol, href } = new URL(link);
    return protocol === "http:" || protocol === "https:" ? href : undefined;
  } catch {
    return undefined;
  }
}
