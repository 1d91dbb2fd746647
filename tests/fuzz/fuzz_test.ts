/**
 * A million hostile inputs, and all those that once broke something.
 *
 * There are as many in each run, and others in each: the seed is told, so that a run can be had again. How long that may
 * take is for who runs it to say: TINCAN_FUZZ_INPUTS are fewer, or more.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "../e2e/forms.ts";
import { start } from "../e2e/harness.ts";
import { batch, type Case, kindOf, replay } from "./campaign.ts";
import { besiege } from "./program.ts";
import { watched } from "./watched.ts";
import { withClock } from "./world.ts";

/** All inputs together, but for what goes over sockets. */
const INPUTS = Number(Deno.env.get("TINCAN_FUZZ_INPUTS") || 1_000_000);

/** Over how many processes they are spread: as many as a small machine has cores. */
const WORKERS = 2;

/** Inputs over sockets, to each form of the program. */
const OVER_SOCKETS = 5000;

/** The most memory that a worker may take in the end, in bytes: it has had half a million inputs, and keeps nothing of them. */
const MEMORY_MAX = 700e6;

const CASES = new URL("cases/", import.meta.url);
const seed = Number(Deno.env.get("TINCAN_FUZZ_SEED") || Math.floor(Date.now() / 1000) * 1000);

for (const { name } of Deno.readDirSync(CASES)) {
  if (!name.endsWith(".json")) continue;
  Deno.test(`what once broke something breaks nothing now: ${name}`, async () => {
    const { inputs, ...kind } = JSON.parse(await Deno.readTextFile(new URL(name, CASES))) as Case;
    assertEquals(await withClock(() => replay(inputs, kind)), undefined);
  });
}

Deno.test(`${INPUTS} inputs from seed ${seed} on break nothing, and nobody else notices any`, async () => {
  const outcomes = await Promise.all(
    Array.from({ length: WORKERS }, (_, i) => watched(seed + i * INPUTS, { inputs: Math.ceil(INPUTS / WORKERS) })),
  );
  for (const { inputs, told, memory, cases } of outcomes) {
    assertEquals(cases, []);
    assert(
      inputs >= INPUTS / WORKERS && told > inputs,
      `${inputs} inputs, and only ${told} lines of what came of them`,
    );
    assert(memory < MEMORY_MAX, `${memory} bytes of memory after ${inputs} inputs`);
  }
});

test(`${OVER_SOCKETS} inputs over sockets break nothing, and two who talk notice nothing`, async (form) => {
  await using server = await start(form, ["--rate", "off", "--max-per-ip", "off"]);
  assert(await besiege(server, seed, OVER_SOCKETS) >= OVER_SOCKETS);
});

Deno.test("a batch that never ends is kept as a case, and so is a rejection that nobody handles", async () => {
  const worker = new URL("stuck_worker.ts", import.meta.url).href;
  const { cases: [kept] } = await watched(7, { inputs: 1 }, { deadline: 3000, worker });
  assertEquals(kept, { what: "a batch was not over after 3000 ms", ...kindOf(8), inputs: batch(8) });
  const forgotten = () => void Promise.reject(new Error("nobody cares"));
  const what = await withClock(() => replay([[0, "line", "hello"]], kindOf(1), forgotten));
  assertMatch(what ?? "", /^a rejection was not handled: Error: nobody cares/);
});
