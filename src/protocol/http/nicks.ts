/** Makes nicknames of the names of tokens and webhooks. */
import { isNick, NICK_BYTES, NICK_MAX, prepareName } from "../../chat/names.ts";
import { byteLength } from "../../util/bytes.ts";

/** The nickname for a name without a valid character. */
const FALLBACK = "bot";

/** The most characters of a name that are read. */
const LOOKED_AT = 200;

/**
 * Makes a nickname of any text: other characters become `-`, and a long name is cut.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { toNick } from "./nicks.ts";
 *
 * assertEquals(toNick("GitHub Actions"), "GitHub-Actions");
 * assertEquals(toNick("3rd build (nightly)"), "rd-build-nightly");
 * assertEquals(toNick("Ünal's bot"), "Ünal-s-bot");
 * assertEquals(toNick("🤖"), "bot");
 * ```
 */
export function toNick(name: string): string {
  const text = prepareName(name.slice(0, LOOKED_AT));
  for (const others of [/[^\p{L}\p{M}\p{N}_[\]{}\\|^`-]+/gu, /[^A-Za-z0-9_[\]{}\\|^`-]+/g]) {
    const nick = cut(text.replace(others, "-").replace(/-{2,}/g, "-").replace(/^[-\p{Nd}]+/u, "")).replace(/-+$/, "");
    if (isNick(nick)) return nick;
  }
  return FALLBACK;
}

/** Cuts a text to the length of a nickname, between two characters. */
function cut(text: string): string {
  let characters = [...text].slice(0, NICK_MAX);
  while (byteLength(characters.join("")) > NICK_BYTES) characters = characters.slice(0, -1);
  return characters.join("");
}
