/**
 * A million hostile inputs, and the stored cases that once failed.
 *
 * Each run has other inputs; its title shows the seed, so that a run can be repeated with TINCAN_FUZZ_SEED.
 * TINCAN_FUZZ_INPUTS sets their number.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "../e2e/forms.ts";
import { start } from "../e2e/harness.ts";
import { batch, type Case, kindOf, replay } from "./campaign.ts";
import { attack } from "./program.ts";
import { watched } from "./watched.ts";
import { withClock } from "./world.ts";

/** Inputs of all workers, without those over sockets. */
const INPUTS = Number(Deno.env.get("TINCAN_FUZZ_INPUTS") || 1_000_000);

/** Worker processes: as many as a small machine has cores. */
const WORKERS = 2;

/** Inputs over sockets, for each form of the program. */
const OVER_SOCKETS = 5000;

/**
 * The memory limit of a worker at its end, in bytes: it has run half a million inputs and should retain none. The largest batches
 * take 1 GB, which the process keeps (the heap has 20 MB after a collection); a leak of 1 kB for each input would be seen.
 */
const MEMORY_MAX = 1.5e9;

const CASES = new URL("cases/", import.meta.url);
const seed = Number(Deno.env.get("TINCAN_FUZZ_SEED") || Math.floor(Date.now() / 1000) * 1000);

for (const { name } of Deno.readDirSync(CASES)) {
  if (!name.endsWith(".json")) continue;
  Deno.test(`fuzz: the stored case ${name} passes`, async () => {
    const { inputs, ...kind } = JSON.parse(await Deno.readTextFile(new URL(name, CASES))) as Case;
    assertEquals(await withClock(() => replay(inputs, kind)), undefined);
  });
}

Deno.test(`fuzz: ${INPUTS} inputs from seed ${seed} cause no failure and disturb no other client`, async () => {
  const outcomes = await Promise.all(
    Array.from({ length: WORKERS }, (_, i) => watched(seed + i * INPUTS, { inputs: Math.ceil(INPUTS / WORKERS) })),
  );
  for (const { inputs, told, memory, cases } of outcomes) {
    assertEquals(cases, []);
    assert(
      inputs >= INPUTS / WORKERS && told > inputs,
      `${inputs} inputs, and only ${told} lines sent to clients`,
    );
    assert(memory < MEMORY_MAX, `${memory} bytes of memory after ${inputs} inputs`);
  }
});

test(`fuzz: ${OVER_SOCKETS} inputs over sockets cause no failure and disturb no chatting client`, async (form) => {
  // Without accounts, as the clients would wait for the hashes of their passwords. The inputs without sockets try accounts.
  await using server = await start(form, ["--rate", "off", "--max-per-ip", "off", "--max-accounts", "0"]);
  assert(await attack(server, seed, OVER_SOCKETS) >= OVER_SOCKETS);
});

Deno.test("fuzz: a batch that never ends becomes a case, and an unhandled rejection is a failure", async () => {
  const worker = new URL("stuck_worker.ts", import.meta.url).href;
  const { cases: [found] } = await watched(7, { inputs: 1 }, { deadline: 3000, worker });
  assertEquals(found, { what: "a batch was not over after 3000 ms", ...kindOf(8), inputs: batch(8) });
  const forgotten = () => void Promise.reject(new Error("nobody cares"));
  const what = await withClock(() => replay([[0, "line", "hello"]], kindOf(1), forgotten));
  assertMatch(what ?? "", /^a rejection was not handled: Error: nobody cares/);
});
