/**
 * Mentions: which members of a room a text names, by nickname or account, with or without `@`.
 *
 * A name is found as a word of its own; where words are not separated, as in Japanese or before a Korean particle, also as a
 * part of one. Each word takes a look-up in the index of nicknames, so the size of the room does not matter.
 */
import type { Member } from "./member.ts";
import { NICK_MAX } from "./names.ts";

/** The most accounts that one line mentions. Further names are ordinary words. */
export const MENTIONED_MAX = 20;

/** The most look-ups for one line: a text of several thousand words costs no more. */
export const LOOKUPS_MAX = 500;

/** What can be a name: the characters of nicknames, see `isNick`. */
const WORDS = /[\p{L}\p{M}\p{N}_[\]{}\\|^`-]+/gu;

/** Characters of scripts in which words are not separated, or have endings that are not. */
const UNSEPARATED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** Punctuation that nicknames may contain, and that texts have around words: `alice`, [alice] and alice- name alice as well. */
const AROUND: ReadonlySet<string> = new Set("[]{}\\|^`_-");

/**
 * The accounts of the members that a text mentions, apart from its author, in the order of their first mention.
 *
 * @param find The member with a nickname or account, in any case.
 * @param room Only members of it count.
 * @returns `undefined` if there are none.
 */
export function mentionedAccounts(
  text: string,
  author: Member,
  room: { has(member: Member): boolean },
  find: (name: string) => Member | undefined,
): string[] | undefined {
  let accounts: string[] | undefined;
  let left = LOOKUPS_MAX;
  const isDone = () => left <= 0 || (accounts?.length ?? 0) >= MENTIONED_MAX;
  const look = (name: string) => {
    if (isDone()) return;
    left--;
    const member = find(name);
    const account = member?.fullAccount;
    if (account === undefined || member === author || account === author.fullAccount || !room.has(member!)) return;
    accounts ??= [];
    if (!accounts.includes(account)) accounts.push(account);
  };
  for (const [word] of text.matchAll(WORDS)) {
    if (isDone()) break;
    if (word.length <= 2 * NICK_MAX) look(word);
    const bare = withoutAround(word);
    if (bare !== word && bare !== "") look(bare);
    if (!UNSEPARATED.test(word)) continue;
    // Names in other scripts, such as those before a particle.
    for (const part of word.split(UNSEPARATED)) if (part.length >= 2) look(withoutAround(part) || part);
    lookWithin(word, look, isDone);
  }
  return accounts;
}

/** A word without the punctuation around it. A regular expression would take quadratic time for a long run of it inside. */
function withoutAround(word: string): string {
  let [start, end] = [0, word.length];
  while (start < end && AROUND.has(word[start]!)) start++;
  while (end > start && AROUND.has(word[end - 1]!)) end--;
  return word.slice(start, end);
}

/** Looks up all parts of a word of at least two characters. */
function lookWithin(word: string, look: (name: string) => void, isDone: () => boolean) {
  const characters = [...word];
  for (let start = 0; start < characters.length && !isDone(); start++) {
    if (!UNSEPARATED.test(characters[start]!)) continue;
    for (let end = Math.min(characters.length, start + NICK_MAX); end >= start + 2 && !isDone(); end--) {
      look(characters.slice(start, end).join(""));
    }
  }
}
