/**
 * Makes the files of a release: for each platform an archive with the executable and the documents, and SHA256SUMS.
 *
 *     deno task release                                       all platforms
 *     deno task release --target x86_64-unknown-linux-gnu     only this one; may be given more than once
 *
 * They go to dist/release, which is emptied first. Takes `tar`, and `zip` for Windows' archive.
 */
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };

const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

/** What an archive contains beside the executable: the README, and all files that its relative links lead to. */
const DOCUMENTS = ["README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "docs"];

const DIRECTORY = "dist/release";
const STAGE = `${DIRECTORY}/stage`; // the content of the next archive

/** Why a release cannot be made, in one line. */
class ReleaseError extends Error {
  override name = "ReleaseError";
}

/** Copies a file, or a folder with everything in it. */
async function copy(from: URL, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(new URL(name, `${from}/`), `${to}/${name}`);
}

/** Copies the documents of an archive into a directory. */
export async function copyDocuments(directory: string): Promise<void> {
  for (const name of DOCUMENTS) await copy(new URL(`../${name}`, import.meta.url), `${directory}/${name}`);
}

/** Runs a program. Its own error messages go to stderr. */
async function run(what: string, program: string, args: string[], cwd = "."): Promise<void> {
  try {
    const { code } = await new Deno.Command(program, { args, cwd, stdout: "inherit", stderr: "inherit" }).output();
    if (code !== 0) throw new ReleaseError(`Cannot ${what}: ${program} exited with ${code}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ReleaseError(`Cannot ${what}: ${program} is not installed`);
  }
}

/** Compiles tincan for a platform into the stage. */
async function compile(target: string, name: string): Promise<void> {
  if (Deno.env.has("DENORT_BIN") && target !== Deno.build.target) {
    // Deno would use that runtime, and the executable would be one for this platform.
    throw new ReleaseError(`Cannot compile for "${target}": DENORT_BIN is a runtime for this platform`);
  }
  // The command of the task, for the same permissions and flags, with the platform and another output.
  const command = project.tasks.compile.command
    .replace("deno compile ", `deno compile --frozen --target ${target} `)
    .replace("--output dist/tincan ", `--output ${STAGE}/${name} `);
  if (!command.includes(target) || !command.includes(STAGE)) {
    throw new ReleaseError('Cannot compile: the task "compile" in deno.json has changed; adapt .ci/release.ts');
  }
  await run(`compile for "${target}"`, Deno.execPath(), ["task", "--eval", command]);
}

/** Makes the archive for a platform, and returns its name. */
async function pack(target: string): Promise<string> {
  const windows = target.includes("windows");
  const files = [windows ? "tincan.exe" : "tincan", ...DOCUMENTS];
  const archive = `tincan-${project.version}-${target}${windows ? ".zip" : ".tar.gz"}`;
  await Deno.mkdir(STAGE, { recursive: true });
  await compile(target, files[0]!);
  await copyDocuments(STAGE);
  const [program, ...options] = windows ? ["zip", "-q", "-X", "-r"] : ["tar", "-czf"];
  await run(`pack "${archive}"`, program!, [...options, `../${archive}`, ...files], STAGE);
  await Deno.remove(STAGE, { recursive: true });
  return archive;
}

/** A line of SHA256SUMS, as `sha256sum --check` reads it. */
async function checksum(archive: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${DIRECTORY}/${archive}`));
  return `${new Uint8Array(hash).toHex()}  ${archive}\n`;
}

/** Returns the platforms to make archives for. */
function readTargets(args: string[]): string[] {
  let targets;
  try {
    targets = parseArgs({ args, options: { target: { type: "string", multiple: true } } }).values.target ?? TARGETS;
  } catch (error) {
    throw new ReleaseError(`Cannot make a release: ${(error as Error).message}`);
  }
  for (const target of targets) {
    if (TARGETS.includes(target)) continue;
    throw new ReleaseError(`Cannot make a release for "${target}": it must be one of ${TARGETS.join(", ")}`);
  }
  return targets;
}

if (import.meta.main) {
  try {
    const targets = readTargets(Deno.args);
    await Deno.remove(DIRECTORY, { recursive: true }).catch(() => {}); // it may not exist
    let sums = "";
    for (const target of targets) sums += await checksum(await pack(target));
    await Deno.writeTextFile(`${DIRECTORY}/SHA256SUMS`, sums);
    console.log(`\n${sums}`);
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
