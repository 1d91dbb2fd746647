/** Tells whether a text has a link. */

const LINK = /\b(?:https?:\/\/|www\.)[^\s\p{Cc}<>"]/iu;

/** Whether a text contains `http://`, `https://` or `www.` with something behind it. */
export function hasLink(text: string): boolean {
  return LINK.test(text);
}
