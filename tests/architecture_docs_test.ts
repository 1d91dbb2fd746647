/**
 * Checks what the documents say of the source tree: the files and folders that they name, their links, and the tests that
 * they quote.
 */
import { assertEquals } from "@std/assert";
import { flagName, FLAGS } from "../src/cli/flags.ts";
import { CAPABILITIES } from "../src/protocol/irc/capabilities.ts";
import { commands as ircCommands } from "../src/protocol/irc/commands.ts";
import { commands as textCommands } from "../src/protocol/text/commands.ts";
import { sharedSettings } from "../src/server/cluster.ts";
import { parse } from "./cli/parse.ts";

const ROOT = new URL("../", import.meta.url);

/** The folders that paths in documents may be relative to. */
const BASES = ["", "src/", "tests/"];

interface Document {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** All Markdown files in the root and below `docs/`. */
async function documents(): Promise<Document[]> {
  const paths: string[] = [];
  for (const folder of ["", "docs/", "docs/decisions/"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(folder, ROOT))) {
      if (isFile && name.endsWith(".md")) paths.push(folder + name);
    }
  }
  return await Promise.all(
    paths.sort().map(async (path) => ({ path, text: await Deno.readTextFile(new URL(path, ROOT)) })),
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The first of some paths that exists. */
async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await exists(path)) return path;
  return undefined;
}

/** Code spans of a document that are paths of source files or, with a slash at the end, of folders. */
function pathsIn(text: string): string[] {
  const spans = [...text.replace(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
  return spans.filter((span) => /^[\w.-]+(?:\/[\w.-]+)*(?:\.(?:ts|js|css|html)|\/)$/.test(span));
}

/** The paths of all files below a folder. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) yield* filesBelow(`${folder}${name}/`);
    else yield folder + name;
  }
}

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

function anchorsIn(text: string): string[] {
  return [...text.replace(/^```.*?^```/gms, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
}

Deno.test("documents: every named file and folder exists", async () => {
  const names = new Set<string>(); // a file may be named without its folder
  for (const base of BASES.slice(1)) {
    for await (const path of filesBelow(base)) names.add(path.slice(path.lastIndexOf("/") + 1));
  }
  const missing: string[] = [];
  for (const { path, text } of await documents()) {
    for (const named of new Set(pathsIn(text))) {
      if (names.has(named)) continue;
      if (await firstExisting(BASES.map((base) => base + named)) === undefined) missing.push(`${path}: ${named}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("documents: every relative link leads to a file and, with a fragment, to a heading", async () => {
  const broken: string[] = [];
  const all = new Map((await documents()).map(({ path, text }) => [path, text]));
  for (const [path, text] of all) {
    for (const [, target] of text.replace(/^```.*?^```/gms, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      const url = new URL(target!, new URL(path, "file:///repository/"));
      if (url.protocol !== "file:" || !url.pathname.startsWith("/repository/")) continue; // another site
      const file = decodeURIComponent(url.pathname.slice("/repository/".length));
      const anchor = decodeURIComponent(url.hash.slice(1));
      const found = await exists(file) && (anchor === "" || anchorsIn(all.get(file) ?? "").includes(anchor));
      if (!found) broken.push(`${path}: ${target}`);
    }
  }
  assertEquals(broken, []);
});

Deno.test("documents: architecture.md names every folder of src/", async () => {
  const text = await Deno.readTextFile(new URL("docs/architecture.md", ROOT));
  for await (const { name, isDirectory } of Deno.readDir(new URL("src/", ROOT))) {
    if (isDirectory && !text.includes(`\`src/${name}/\``)) throw new Error(`docs/architecture.md lacks src/${name}/`);
  }
});

Deno.test("documents: docs/decisions/README.md lists every page of the folder", async () => {
  const index = await Deno.readTextFile(new URL("docs/decisions/README.md", ROOT));
  for await (const { name } of Deno.readDir(new URL("docs/decisions/", ROOT))) {
    if (name !== "README.md" && !index.includes(`(${name})`)) throw new Error(`docs/decisions/README.md lacks ${name}`);
  }
});

Deno.test("documents: cluster.md links every example, and examples use only flags that exist", async () => {
  const page = await Deno.readTextFile(new URL("docs/cluster.md", ROOT));
  const flags = new Set(Object.keys(FLAGS).map((name) => flagName(name as keyof typeof FLAGS)));
  const unknown: string[] = [];
  let examples = 0;
  for await (const { name } of Deno.readDir(new URL("docs/examples/", ROOT))) {
    examples++;
    if (!page.includes(`(examples/${name})`)) throw new Error(`docs/cluster.md has no link to docs/examples/${name}`);
    const text = await Deno.readTextFile(new URL(`docs/examples/${name}`, ROOT));
    const commands = /^(?:ExecStart=(?:.*\\\n)*.*| *command: .*"--node".*)$/gm;
    for (const [command] of text.matchAll(commands)) {
      for (const [, flag] of command.matchAll(/--([a-z-]+)/g)) {
        if (!flags.has(flag!)) unknown.push(`${name}: --${flag}`);
      }
    }
    for (const [, variable] of text.matchAll(/\bTINCAN_([A-Z_]+)[=:]/g)) {
      const flag = variable!.toLowerCase().replaceAll("_", "-");
      if (!flags.has(flag)) unknown.push(`${name}: TINCAN_${variable}`);
    }
  }
  assertEquals(unknown, []);
  assertEquals(examples > 3, true);
});

Deno.test("documents: cluster.md names every setting that all nodes must have the same", async () => {
  const page = await Deno.readTextFile(new URL("docs/cluster.md", ROOT));
  const names = sharedSettings(parse("")).map(([name]) => name);
  assertEquals(names.length > 5, true);
  assertEquals(names.filter((name) => !page.includes(`\`${name}\``)), []);
});

Deno.test("documents: the tests that SECURITY.md quotes exist", async () => {
  const missing: string[] = [];
  const text = await Deno.readTextFile(new URL("SECURITY.md", ROOT));
  for (const [, file, quotes] of text.matchAll(/`([\w/]+_test\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)) {
    const path = await firstExisting(BASES.map((base) => base + file));
    const source = path === undefined ? "" : await Deno.readTextFile(new URL(path, ROOT));
    for (const [, quote] of quotes!.matchAll(/"([^"]+?)…?"/g)) {
      if (!source.includes(`"${quote}`)) missing.push(`${file}: "${quote}"`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("documents: the guides name every command and every capability", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));
  const irc = await read("docs/irc.md");
  const text = await read("docs/user-guide.md") + await read("docs/deployment.md");
  /** Whether a code span begins with a name. */
  const names = (document: string, name: string) => new RegExp(`\`${name}[ \`]`).test(document);
  assertEquals(Object.keys(textCommands).filter((name) => !names(text, `/${name}`)), []);
  assertEquals([...ircCommands.keys(), ...CAPABILITIES].filter((name) => !names(irc, name)), []);
});

Deno.test("documents: http-api.md names every metric", async () => {
  const [page, ...sources] = await Promise.all(
    ["docs/http-api.md", "src/monitoring/metrics.ts", "src/monitoring/cluster_metrics.ts"].map((path) => {
      return Deno.readTextFile(new URL(path, ROOT));
    }),
  );
  const metrics = sources.flatMap((source) =>
    [...source.matchAll(/"((?:tincan|process)_\w+)"/g)].map(([, name]) => name!)
  );
  assertEquals(metrics.filter((name) => !page!.includes(`\`${name}\``)), []);
  assertEquals(metrics.length > 10, true);
});

Deno.test("documents: docs/decisions/lint-lock-files-unstable.md names every exception", async () => {
  const page = await Deno.readTextFile(new URL("docs/decisions/lint-lock-files-unstable.md", ROOT));
  const { unstable } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))) as { unstable: string[] };
  const rules = new Set<string>();
  for (const folder of ["src/", "tests/"]) {
    for await (const path of filesBelow(folder)) {
      if (!/\.(ts|js)$/.test(path)) continue;
      const source = await Deno.readTextFile(new URL(path, ROOT));
      for (const [, rule] of source.matchAll(/^\s*\/\/ deno-lint-ignore(?:-file)? ([\w-]+)/gm)) rules.add(rule!);
    }
  }
  assertEquals([...unstable, ...rules].filter((name) => !page.includes(`\`${name}\``)), []);
});

Deno.test("lock files: deno.lock lists only packages that deno.json names", async () => {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
  const { imports } = await read("deno.json") as { imports: Record<string, string> };
  const { specifiers } = await read("deno.lock") as { specifiers: Record<string, string> };
  const known = new Set(Object.values(imports).map((target) => /^npm:(?:@[^/]+\/)?[^/]+/.exec(target)?.[0]));
  assertEquals(Object.keys(specifiers).filter((specifier) => !known.has(specifier)), []);
});

Deno.test("documents: README.md has at most 150 lines, CONTRIBUTING.md at most 80", async () => {
  for (const [path, most] of [["README.md", 150], ["CONTRIBUTING.md", 80]] as const) {
    const lines = (await Deno.readTextFile(new URL(path, ROOT))).trimEnd().split("\n").length;
    if (lines > most) throw new Error(`${path} has ${lines} lines, and may have ${most}`);
  }
});
