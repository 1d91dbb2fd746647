/**
 * Lists what tincan is made of beside its own code, with versions and licences: all that deno.lock pins, byte by byte.
 *
 *     deno task licences
 *
 * Fails for a package whose licence is not one of those that let anybody use it for anything.
 */

/** By their names in SPDX's list. */
const FREE = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"]);

/** The folder with the packages that were downloaded. */
async function packages(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  for await (const { name } of Deno.readDir(npmCache)) return `${npmCache}/${name}`; // one for each registry
  throw new Error("Cannot list licences: nothing was downloaded yet; deno install does that");
}

const folder = await packages();
const lock = JSON.parse(await Deno.readTextFile("deno.lock")) as { npm: Record<string, { integrity: string }> };
let unknown = 0;
for (const [key, { integrity }] of Object.entries(lock.npm)) {
  const [, name = "", version = ""] = /^(.+?)@([^@_]+)(?:_.*)?$/.exec(key) ?? [];
  const manifest = JSON.parse(await Deno.readTextFile(`${folder}/${name}/${version}/package.json`)) as {
    license?: string;
  };
  const licence = manifest.license ?? "none";
  console.log(`${name.padEnd(28)} ${version.padEnd(10)} ${licence.padEnd(12)} ${integrity.slice(0, 20)}…`);
  if (!FREE.has(licence)) unknown++;
}
if (unknown > 0) {
  console.error(`Cannot vouch for ${unknown} of them`);
  Deno.exit(1);
}
