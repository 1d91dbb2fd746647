/**
 * Checks the architecture by the imports of `src/`: which part may import which, no cycles, and no long files.
 * `docs/architecture.md` describes the parts.
 */
import { assertEquals } from "@std/assert";
import { dirname, join, relative } from "node:path/posix";

const ROOT = join(import.meta.dirname!.replaceAll("\\", "/"), "..");

/** The limit of a code file, in lines. Style sheets and HTML are not code. */
const LINES_MAX = 600;

/** The folders and files that each folder of `src/` may import beside itself. */
const ALLOWED: Record<string, readonly string[]> = {
  util: [],
  chat: ["util"],
  accounts: ["chat", "monitoring", "util"],
  files: ["chat", "util"],
  cluster: ["chat", "files", "util"],
  moderation: ["accounts", "chat", "monitoring", "util"],
  history: ["accounts", "chat", "files", "moderation", "util"],
  monitoring: ["util"],
  transport: ["util"],
  protocol: ["accounts", "chat", "files", "moderation", "transport/connection.ts", "util"],
  web: ["protocol/http/site.ts"],
  client: ["util", "web"],
  cli: ["accounts", "chat", "cluster", "files", "history", "moderation", "monitoring", "protocol", "transport", "util"],
  server: [
    "accounts",
    "chat",
    "cli",
    "cluster",
    "files",
    "history",
    "moderation",
    "monitoring",
    "protocol",
    "transport",
    "util",
    "web",
  ],
};

interface Module {
  readonly lines: number;
  /** The files of `src/` that it imports. */
  readonly imports: readonly string[];
  /** The packages of NATS that it imports. */
  readonly packages: readonly string[];
}

/** The code files of `src/` by their path in it. */
async function modules(folder = join(ROOT, "src")): Promise<Map<string, Module>> {
  const found = new Map<string, Module>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) { for (const [file, module] of await modules(path)) found.set(file, module); }
    if (!/\.[jt]s$/.test(name)) continue;
    const text = await Deno.readTextFile(path);
    const code = text.replace(/^\s*(?:\/\*\*?[\s\S]*?\*\/|\/\/.*)$/gm, ""); // imports in comments are examples
    const imports = [...code.matchAll(/(?:from|^import|\bimport\()\s*"(\.[^"]+)"/gm)].map(([, specifier]) =>
      specifier!
    );
    found.set(relative(join(ROOT, "src"), path), {
      packages: [...code.matchAll(/(?:from|^import|\bimport\()\s*"(@nats-io\/[^"]+)"/gm)].map(([, name]) => name!),
      lines: text.split("\n").length - 1,
      imports: imports.map((specifier) => relative(join(ROOT, "src"), join(dirname(path), specifier))),
    });
  }
  return found;
}

/** The cycles of a graph, as sets of nodes that reach each other. */
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

Deno.test("architecture: every file of src/ belongs to a part, except type declarations", () => {
  const loose = [...src.keys()].filter((file) => !(folderOf(file) in ALLOWED) && !file.endsWith(".d.ts"));
  assertEquals(loose, []);
});

Deno.test("architecture: a part imports only the parts that it may import", () => {
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

Deno.test("architecture: the library of NATS is loaded by the worker of the log alone", () => {
  /** The files that import the library, among those that are loaded with some files. */
  const users = (entries: readonly string[]) => {
    const loaded = new Set(entries);
    for (const file of loaded) for (const target of src.get(file)?.imports ?? []) loaded.add(target);
    return [...loaded].filter((file) => (src.get(file)?.packages.length ?? 0) > 0).sort();
  };
  const files = [...src.keys()];
  assertEquals(users(["cluster/nats_worker.ts"]), users(files));
  assertEquals(users(files.filter((file) => !file.startsWith("cluster/nats_"))), []);
});

Deno.test("architecture: the terminal client is loaded when it is used, and not before", async () => {
  const importers = [...src].filter(([file, { imports }]) => {
    return folderOf(file) !== "client" && imports.some((target) => folderOf(target) === "client");
  });
  assertEquals(importers.map(([file]) => file), []);
  const main = await Deno.readTextFile(join(ROOT, "main.ts"));
  assertEquals([...main.matchAll(/^.*\.\/src\/client\/.*$/gm)].map(([line]) => line.trim()), [
    'const { runConnect } = await import("./src/client/run.ts");',
  ]);
});

Deno.test("architecture: folders have no import cycle", () => {
  const edges = new Map<string, string[]>();
  for (const [file, { imports }] of src) {
    const folder = folderOf(file);
    edges.set(folder, (edges.get(folder) ?? []).concat(imports.map(folderOf).filter((other) => other !== folder)));
  }
  assertEquals(cycles(edges), []);
});

Deno.test("architecture: files have no import cycle, including type imports", () => {
  assertEquals(cycles(new Map([...src].map(([file, { imports }]) => [file, imports]))), []);
});

Deno.test(`architecture: no file of code is longer than ${LINES_MAX} lines`, () => {
  const long = [...src].filter(([, { lines }]) => lines > LINES_MAX).map(([file, { lines }]) => `${file}: ${lines}`);
  assertEquals(long, []);
});
