/**
 * Checks the model of the cluster's log, `cluster.pml`, with spin: all its states have all its properties, and each rule that
 * is taken out costs one of them.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { notInstalled } from "../e2e/harness.ts";

const MODEL = new URL("cluster.pml", import.meta.url).pathname;

const missing = notInstalled("spin", "gcc");

/** The rules that a macro takes out, and a property that is lost with each. */
const RULES = {
  NO_NUMBER_CHECK: "AT_MOST_ONCE",
  NO_INCARNATION_CHECK: "APPLIED",
  NO_GONE_CHECK: "GONE_IS_FINAL",
  NO_ORDER: "AGREEMENT",
  SNAPSHOT_WITHOUT_NUMBERS: "AGREEMENT",
  WINNER_BY_ACKNOWLEDGEMENT: "SINGLE_WINNER",
  GONE_THOUGH_HEARD: "LEASE_IS_LOGGED",
  LEASE_BY_CLOCK: "LEASE_IS_LOGGED",
  NO_CLOSE_WHEN_GONE: "CLIENT_KNOWS",
};

/** Runs a program, and returns what it has printed. */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const output = await new Deno.Command(command, { args, cwd }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!output.success) throw new Error(`${command} failed:\n${stdout}${stderr}`);
  return stdout!;
}

/** Searches all states of the model with some macros, and returns the report. */
async function check(...macros: string[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "tincan-model-" });
  try {
    await run(folder, "spin", "-a", ...macros.map((macro) => `-D${macro}`), MODEL);
    await run(folder, "gcc", "-O1", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2000", "-o", "pan", "pan.c");
    return await run(folder, "./pan", "-m2000", "-w22");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A test that needs spin and gcc. */
function test(name: string, body: () => Promise<void>): void {
  Deno.test({
    name: `model: ${name}${missing === undefined ? "" : ` (${missing})`}`,
    ignore: missing !== undefined,
    fn: body,
  });
}

/** Requires that a search was complete, and has found nothing. */
function assertHolds(report: string): void {
  assertMatch(report, /errors: 0\n/);
  assertEquals(/Search not completed|max search depth too small|violated/.exec(report)?.[0], undefined, report);
  const [, states] = /(\d+) states, stored/.exec(report)!;
  assertEquals(Number(states) > 100_000, true, `only ${states} states`);
}

test("all states have all properties when two nodes use a log", async () => assertHolds(await check()));

test("all states have all properties when nodes join an empty log", async () => {
  assertHolds(await check("EMPTY", "ENTRIES=5"));
});

for (const [rule, property] of Object.entries(RULES)) {
  test(`${property} is lost when the model is checked with ${rule}`, async () => {
    const value = new RegExp(`^#define ${property} (\\d+)$`, "m").exec(await Deno.readTextFile(MODEL))?.[1];
    assertStringIncludes(await check(rule, `PROPERTY=${property}`), `assertion violated (((${value}&${value})==0)`);
  });
}
