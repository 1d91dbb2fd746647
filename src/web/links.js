// @ts-check
/**
 * Finds links in what people say: http and https, nothing else.
 */

const LINK = /\bhttps?:\/\/[^\s<>"“”]+/gi;

/**
 * Cuts a text into what is a link and what is not.
 *
 * @param {string} text
 * @returns {{ text: string, href?: string }[]}
 */
export function findLinks(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const found = trimEnd(match[0]);
    const href = address(found);
    if (href === undefined) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: found, href });
    from = match.index + found.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** Without what belongs to the sentence: a full stop, or a bracket that was opened before. @param {string} link */
function trimEnd(link) {
  for (;;) {
    const last = link.at(-1) ?? "";
    const opening = { ")": "(", "]": "[", "}": "{" }[last];
    if (opening !== undefined) {
      if (link.split(opening).length >= link.split(last).length) return link;
    } else if (!/[.,:;!?'"’*_~]/.test(last)) return link;
    link = link.slice(0, -1);
  }
}

/** @param {string} link */
function address(link) {
  try {
    const { protocol, href } = new URL(link);
    return protocol === "http:" || protocol === "https:" ? href : undefined;
  } catch {
    return undefined;
  }
}
