/**
 * The architecture, read off the imports of `src/`: which part may import which, no cycles, and no long files. What the
 * parts are is in `docs/architecture.md`.
 */
import { assertEquals } from "@std/assert";
import { dirname, join, relative } from "node:path/posix";

const ROOT = join(import.meta.dirname!.replaceAll("\\", "/"), "..");

/** How long a file of code may be, in lines. Style sheets and pages are no code. */
const LINES_MAX = 600;

/** What each folder of `src/` may import beside itself: folders, or single files. */
const ALLOWED: Record<string, readonly string[]> = {
  util: [],
  chat: ["util"],
  accounts: ["chat", "monitoring", "util"],
  moderation: ["accounts", "chat", "monitoring", "util"],
  history: ["accounts", "chat", "moderation", "util"],
  monitoring: ["util"],
  transport: ["util"],
  protocol: ["accounts", "chat", "moderation", "transport/connection.ts", "util"],
  web: ["protocol/http/site.ts"],
  cli: ["accounts", "chat", "history", "moderation", "monitoring", "protocol", "transport", "util"],
  server: ["accounts", "chat", "cli", "history", "moderation", "monitoring", "protocol", "transport", "util", "web"],
};

/** The files of code in `src/`, by their path below it, with the files of `src/` that each imports. */
async function modules(folder = join(ROOT, "src")): Promise<Map<string, { lines: number; imports: string[] }>> {
  const found = new Map<string, { lines: number; imports: string[] }>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) { for (const [file, module] of await modules(path)) found.set(file, module); }
    if (!/\.[jt]s$/.test(name)) continue;
    const text = await Deno.readTextFile(path);
    const code = text.replace(/^\s*(?:\/\*\*?[\s\S]*?\*\/|\/\/.*)$/gm, ""); // an example in a comment imports nothing
    const imports = [...code.matchAll(/(?:from|^import|\bimport\()\s*"(\.[^"]+)"/gm)].map(([, specifier]) =>
      specifier!
    );
    found.set(relative(join(ROOT, "src"), path), {
      lines: text.split("\n").length - 1,
      imports: imports.map((specifier) => relative(join(ROOT, "src"), join(dirname(path), specifier))),
    });
  }
  return found;
}

/** The cycles of a graph, each once, as the nodes that reach each other. */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map([...edges.keys()].map((node) => [node, new Set<string>()]));
  for (const [node, targets] of reached) {
    const queue = [...edges.get(node) ?? []];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (targets.has(next)) continue;
      targets.add(next);
      queue.push(...edges.get(next) ?? []);
    }
  }
  const groups = new Set<string>();
  for (const [node, targets] of reached) {
    if (!targets.has(node)) continue;
    groups.add([...targets].filter((other) => reached.get(other)?.has(node)).sort().join(" "));
  }
  return [...groups].map((group) => group.split(" "));
}

const folderOf = (file: string) => file.split("/")[0]!;
const src = await modules();

Deno.test("architecture: every file of src/ belongs to a part, when it is no declaration of types", () => {
  const loose = [...src.keys()].filter((file) => !(folderOf(file) in ALLOWED) && !file.endsWith(".d.ts"));
  assertEquals(loose, []);
});

Deno.test("architecture: a part imports only what is below it", () => {
  const breaches: string[] = [];
  for (const [file, { imports }] of src) {
    const folder = folderOf(file);
    for (const target of imports) {
      const allowed = folderOf(target) === folder ||
        ALLOWED[folder]?.some((each) => each === folderOf(target) || each === target);
      if (!allowed) breaches.push(`${file} imports ${target}`);
    }
  }
  assertEquals(breaches.sort(), []);
});

Deno.test("architecture: no folder imports itself by way of others", () => {
  const edges = new Map<string, string[]>();
  for (const [file, { imports }] of src) {
    const folder = folderOf(file);
    edges.set(folder, (edges.get(folder) ?? []).concat(imports.map(folderOf).filter((other) => other !== folder)));
  }
  assertEquals(cycles(edges), []);
});

Deno.test("architecture: no file imports itself by way of others, not even for a type", () => {
  assertEquals(cycles(new Map([...src].map(([file, { imports }]) => [file, imports]))), []);
});

Deno.test(`architecture: no file of code is longer than ${LINES_MAX} lines`, () => {
  const long = [...src].filter(([, { lines }]) => lines > LINES_MAX).map(([file, { lines }]) => `${file}: ${lines}`);
  assertEquals(long, []);
});
