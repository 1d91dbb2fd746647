/**
 * `deno task fuzz`: fuzzes tincan for TINCAN_FUZZ_SECONDS (default 3600) from TINCAN_FUZZ_SEED (default: the time).
 * Failing cases are reduced and stored in `cases/`, which `fuzz_test.ts` replays.
 */
import { watched } from "./watched.ts";

/** The time between two reports of progress, in seconds. */
const REPORT = 60;

const seconds = Number(Deno.env.get("TINCAN_FUZZ_SECONDS") || 3600);
const end = performance.now() + seconds * 1000;
let seed = Number(Deno.env.get("TINCAN_FUZZ_SEED") || Math.floor(Date.now() / 1000) * 1000);

let all = 0;
let found = 0;
while (performance.now() < end) {
  const left = Math.min(REPORT, (end - performance.now()) / 1000);
  const first = seed;
  const { inputs, told, took, slowest, memory, cases } = await watched(seed, { seconds: left });
  seed += inputs || 1_000_000; // more than the batches so far, so that no seed is repeated
  all += inputs;
  const rate = Math.round(inputs / took);
  console.log(JSON.stringify({
    seed: first,
    inputs,
    rate,
    told,
    slowest: Math.round(slowest),
    memory: Math.round(memory / 1e6),
    cases: cases.length,
  }));
  for (const each of cases) {
    const name = `${first}-${found++}.json`;
    await Deno.writeTextFile(new URL(`cases/${name}`, import.meta.url), JSON.stringify(each, undefined, 2) + "\n");
    console.log(`tests/fuzz/cases/${name}: ${each.what}`);
  }
}
console.log(`${all} inputs in ${seconds} seconds; ${found} of them break something`);
Deno.exit(found > 0 ? 1 : 0);
