// @ts-check
/**
 * Finds links in messages: http and https only, also without a scheme if they begin with `www.`.
 *
 * A link may contain letters of every script in its host and path. It ends before the punctuation of the sentence around it,
 * in any script, and before text that follows it without a space, as in Chinese, Japanese or Korean.
 */

const START = /\bhttps?:\/\/|(?<![\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{N}@._\/-])www\.(?=[\p{L}\p{N}])/giu;

/** Without a scheme, a link has a dot in its host after `www.`: "www.example" alone is no address. */
const WWW = /^www\.[^./?#:]+\.[\p{L}\p{N}]/iu;

/**
 * Never part of a link: spaces, control characters, invisible characters (except the joiners that Persian and Hindi need),
 * opening and closing quotes, and non-ASCII punctuation that ends a sentence or a part of one.
 */
const OUTSIDE_LINK = /[\s\p{Cc}<>"“”„‟«»‹›]|[^\P{Cf}\u200c\u200d]|[^\P{Terminal_Punctuation}!-~]/u;

/** Never the last character of a link: punctuation, except ASCII punctuation that URLs end with, and similar symbols. */
const NOT_AT_END = /[.,:;!?'"*_~`|([{´｀⋯～＜＞❓-❗❛-❟\u200c\u200d]|[^\P{P}!-~]/u;

/** Combining marks, which belong to the character before them. */
const COMBINING = /\p{M}/u;

/** Pairs of brackets. A link may contain one only with its counterpart. */
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

/** Scripts without spaces between words: their text may follow a link directly. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Bopomofo}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}「『【〔〈《〖｢・]/u;

/** After one of these, such text ends the link; after others, as in `/wiki/東京` or `?q=東京`, it belongs to the link. */
const ASCII_WORD = /[\da-z]/i;

/**
 * Splits a text into links and the text between them.
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
    const href = /^www/i.test(found) ? WWW.test(found) ? safeHref(`http://${found}`) : undefined : safeHref(found);
    if (href === undefined) continue;
    if (start.index > from) parts.push({ text: text.slice(from, start.index) });
    parts.push({ text: found, href });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/**
 * Finds the end of a link, in time proportional to its length, so that no message can block the page.
 *
 * @param {string} text
 * @param {number} from The index of its host.
 * @returns {{ end: number, stop: number }} The index after the link, and the index from which the next link may begin.
 */
function endOf(text, from) {
  /** @type {string[]} */
  const characters = [];
  /** @type {Map<string, number>} Open brackets, counted by the opening one; negative if too many are closed. */
  const open = new Map();
  const count = (/** @type {string} */ bracket, /** @type {number} */ by) => {
    open.set(bracket, (open.get(bracket) ?? 0) + by);
  };
  let dotted = false; // whether there was a dot, or the end of the host: only then the link can be complete
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
  // Remove what belongs to the sentence: a full stop, or a closing bracket whose counterpart is before the link.
  let [end, left] = [stop, stop];
  for (const character of characters.reverse()) {
    left -= character.length;
    if (COMBINING.test(character)) continue; // belongs to the character before it
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
