// @ts-check
/// <reference lib="dom" />
/**
 * Emoji and their names, for completion and for pickers. The list is loaded when it is first needed: see
 * `docs/decisions/emoji-data.md`.
 */

/**
 * An emoji. `names`: the shortcodes, the best known one first, without colons. `words`: what it is about.
 *
 * @typedef {{ emoji: string, names: string[], words: string[], group: string }} Emoji
 */

/** @type {Promise<Emoji[]> | undefined} */
let loading;

/** Loads the text of the list. The page fetches it. */
let loadText = fetchList;

/** Loads the list in another way from now on: the terminal client has it in its file. @param {() => Promise<string>} load */
export function useEmojiList(load) {
  loadText = load;
  loading = undefined;
}

/** Loads all emoji, once, in the order of pickers. If that fails, there are none, and the next call tries again. @returns {Promise<Emoji[]>} */
export function loadEmoji() {
  return loading ??= loadText().then(parseEmoji).catch(() => {
    loading = undefined;
    return [];
  });
}

async function fetchList() {
  const response = await fetch("emoji.txt");
  if (!response.ok) throw new Error(`Cannot load the emoji: ${response.status}`);
  return await response.text();
}

/**
 * Parses the list: groups begin with a line `= name`; each emoji is a line of the emoji, its names and its words, separated
 * by tabs.
 *
 * @param {string} text
 */
export function parseEmoji(text) {
  /** @type {Emoji[]} */
  const all = [];
  let group = "";
  for (const line of text.split("\n")) {
    const [emoji = "", names, words] = line.split("\t");
    if (line.startsWith("= ")) group = line.slice(2);
    else if (names !== undefined) all.push({ emoji, names: names.split(" "), words: words?.split(" ") ?? [], group });
  }
  return all;
}

/**
 * The emoji that match a word: first those with this name, then those with a name that begins with it, then those with such
 * a word in a name or about them.
 *
 * @param {Emoji[]} all
 * @param {string} word In any case.
 * @param {number} most
 */
export function matchingEmoji(all, word, most) {
  const wanted = word.toLowerCase();
  const rank = (/** @type {Emoji} */ { names, words }) => {
    if (names[0] === wanted) return 0;
    if (names.includes(wanted)) return 1;
    if (names.some((name) => name.startsWith(wanted))) return 2;
    if (names.some((name) => name.includes(`_${wanted}`))) return 3;
    return words.some((word) => word.startsWith(wanted)) ? 4 : 5;
  };
  /** @type {Emoji[][]} */
  const ranked = [[], [], [], [], [], []];
  for (const emoji of all) ranked[rank(emoji)]?.push(emoji);
  return ranked.slice(0, 5).flat().slice(0, most);
}
