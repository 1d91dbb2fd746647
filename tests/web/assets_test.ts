/** Tests of the files of the page: which are loaded at first, and how much that is. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { assets, assetsFor } from "../../src/web/assets.ts";

/** The most bytes of the files of a first visit, compressed and without headers. */
const FIRST_VISIT_MAX = 83_200;

Deno.test("assets: a first visit loads less than 83.2 KB, and nothing that is loaded later", () => {
  const all = assetsFor("tincan");
  const html = all.find(({ path }) => path === "/")!.text;
  const linked = (path: string) => path === "/" || html.includes(`="${path.slice(1)}"`);
  const first = all.filter(({ path }) => linked(path));
  const size = first.reduce((sum, { text }) => sum + gzipSync(text).length, 0);
  assert(first.length > 20 && size < FIRST_VISIT_MAX, `${size} bytes in ${first.length} files`);
  for (
    const path of [
      "/emoji.txt",
      "/emoji.js",
      "/views/suggestions.js",
      "/dialogs.css",
      "/dialogs.html",
      "/views/line_menu.js",
    ]
  ) {
    assert(all.some((asset) => asset.path === path) && !linked(path), path);
  }
});

Deno.test("assets: the modules that a first visit loads import no others", () => {
  const all = assetsFor("tincan");
  const html = all.find(({ path }) => path === "/")!.text;
  const missing = all.filter(({ path }) => path.endsWith(".js") && html.includes(`="${path.slice(1)}"`))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:import|export) [^"]*from "([^"]+)"|^} from "([^"]+)"/gm)].map(([, one, two]) =>
        new URL(one ?? two!, `http://x${path}`).pathname
      )
    ).filter((path) => !html.includes(`="${path.slice(1)}"`));
  assertEquals(missing, []);
});

Deno.test("assets: scripts and styles are served without comments and indentation, and otherwise as they are", () => {
  for (const { path, type, text } of assets) {
    const served = assetsFor("tincan").find((asset) => asset.path === path)!.text;
    if (!/javascript|css/.test(type)) continue;
    assertEquals(served.split("\n").length, text.split("\n").length, path);
    assert(!/^[ \t]|^\/\/|^\/\*|[;{] \/\/ /m.test(served), path);
    // No text of the page goes over several lines, so that no indentation is part of one.
    const lines = served.split("\n").filter((line) => {
      const rest = line.replace(/`[^`]*`/g, "").replace(/"(?:[^"\\]|\\.)*"|\/(?:[^/\\]|\\.)*\/|\\`/g, "");
      return rest.includes("`") && !line.endsWith("${") && !line.startsWith("}");
    });
    assertEquals(lines, [], path);
  }
});
