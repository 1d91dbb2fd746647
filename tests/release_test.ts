/** The archives of a release. */
import { assert, assertEquals } from "@std/assert";
import { copyDocuments } from "../.ci/release.ts";

/** Yields the paths of all Markdown files below a directory, relative to it. */
async function* markdownBelow(directory: string, folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${directory}/${folder}`)) {
    if (isDirectory) yield* markdownBelow(directory, `${folder}${name}/`);
    else if (name.endsWith(".md")) yield folder + name;
  }
}

Deno.test("release: every relative link of a document leads to a file of the archive", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await copyDocuments(directory);
    const broken: string[] = [];
    let found = 0;
    for await (const path of markdownBelow(directory)) {
      const text = await Deno.readTextFile(`${directory}/${path}`);
      for (const [, target] of text.replace(/^```.*?^```/gms, "").matchAll(/\]\(([^)\s]+)\)/g)) {
        const url = new URL(target!, `file:///archive/${path}`);
        if (url.protocol !== "file:" || !url.pathname.startsWith("/archive/")) continue; // a page of another site
        found++;
        const file = directory + decodeURIComponent(url.pathname.slice("/archive".length));
        if (!await Deno.stat(file).then(() => true, () => false)) broken.push(`${path}: ${target}`);
      }
    }
    assertEquals(broken, []);
    assert(found > 20, `${found} links`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
