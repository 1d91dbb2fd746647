/**
 * Writes `src/web/emoji.txt`, the emoji that the page completes: `deno task emoji`. See `docs/decisions/emoji-data.md`.
 *
 * The package is named here alone. It is not a dependency of tincan, as it takes 49 MB and the file 100 KB.
 */

/** Emoji of Unicode 17, with the shortcodes of GitHub and more. */
const PACKAGE = "npm:emojibase-data@17.0.0";

/** The groups of emoji by their number in the package. Group 2 has parts of emoji, such as skin tones. */
const GROUPS = ["smileys", "people", "", "nature", "food", "travel", "activities", "objects", "symbols", "flags"];

interface Emoji {
  hexcode: string;
  unicode: string;
  group?: number;
  order?: number;
  tags?: string[];
}

/** Loads a file of the package. Not a constant specifier, so that nothing is downloaded to check the types of this file. */
async function load<T>(file: string): Promise<T> {
  const { default: data } = await import(`${PACKAGE}/en/${file}.json`, { with: { type: "json" } }) as { default: T };
  return data;
}

const [emoji, github, others] = await Promise.all([
  load<Emoji[]>("compact"),
  load<Record<string, string | string[]>>("shortcodes/github"),
  load<Record<string, string | string[]>>("shortcodes/emojibase"),
]);

const lines = [`# ${PACKAGE}, MIT licence: see .ci/emoji.ts`];
for (const [number, group] of GROUPS.entries()) {
  if (group === "") continue;
  lines.push(`= ${group}`);
  const members = emoji.filter((each) => each.group === number);
  for (const { hexcode, unicode, tags = [] } of members.sort((a, b) => (a.order ?? 0) - (b.order ?? 0))) {
    const names = [...new Set([github[hexcode] ?? [], others[hexcode] ?? []].flat())];
    const known = new Set(names.flatMap((name) => [name, ...name.split("_")]));
    const words = tags.flatMap((tag) => tag.toLowerCase().split(/[^\p{L}\p{N}+-]+/u)).filter((word) => word.length > 1);
    const more = [...new Set(words)].filter((word) => !known.has(word));
    if (names.length > 0) {
      lines.push([unicode, names.join(" "), ...more.length === 0 ? [] : [more.join(" ")]].join("\t"));
    }
  }
}
await Deno.writeTextFile(new URL("../src/web/emoji.txt", import.meta.url), `${lines.join("\n")}\n`);
