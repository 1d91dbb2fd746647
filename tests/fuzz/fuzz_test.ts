/**
 * A million hostile inputs, and all those that once broke something.
 *
 * There are as many in each run, and others in each: the seed is told, so that a run can be had again. How long that may
 * take is for who runs it to say: TINCAN_FUZZ_INPUTS are fewer, or more.
 */
import { assert, assertEquals } from "@std/assert";
import { start, test } from "../e2e/harness.ts";
import { type Case, replay } from "./campaign.ts";
import { besiege } from "./program.ts";
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
    const { inputs, lasting } = JSON.parse(await Deno.readTextFile(new URL(name, CASES))) as Case;
    assertEquals(await withClock(() => replay(inputs, lasting)), undefined);
  });
}

Deno.test(`${INPUTS} inputs from seed ${seed} on break nothing, and nobody else notices any`, async () => {
  const outcomes = await Promise.all(
    Array.from({ length: WORKERS }, (_, i) => work(seed + i * INPUTS, Math.ceil(INPUTS / WORKERS))),
  );
  for (const { inputs, told, memory, cases, unhandled } of outcomes) {
    assertEquals(cases, []);
    assertEquals(unhandled, undefined);
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

/** What a process of its own has found. */
interface Report {
  readonly inputs: number;
  readonly told: number;
  readonly memory: number;
  readonly cases: readonly string[];
  readonly unhandled?: string;
}

async function work(seed: number, inputs: number): Promise<Report> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--no-check",
      new URL("worker.ts", import.meta.url).href,
      String(seed),
      String(inputs),
    ],
    stdin: "null",
  }).output();
  const last = new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1)!;
  if (last === "") throw new Error(`The worker ended without a report: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(last);
}
