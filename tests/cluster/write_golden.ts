/** Writes the entries of the golden file that no release has, and leaves the others as they are: see `golden.ts`. */
import { encodeSamples, type Entry, readGolden, RELEASED, writeGolden } from "./golden.ts";

/** The entries that a release has. */
async function released(): Promise<Entry[]> {
  if (RELEASED === 0) return [];
  return (await readGolden()).filter(({ version }) => version <= RELEASED);
}

const kept = await released();
const titles = new Set(kept.map(({ title }) => title));
const added = encodeSamples().filter(({ title, version }) => version > RELEASED && !titles.has(title));
await writeGolden([...kept, ...added]);
console.log(`${kept.length} entries of releases kept, ${added.length} others written`);
