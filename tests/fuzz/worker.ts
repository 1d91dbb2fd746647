/** Runs so many inputs from a seed on, and prints what came of it as a line of JSON: for `fuzz_test.ts`. */
import { campaign } from "./campaign.ts";

let unhandled: string | undefined;
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  unhandled ??= event.reason instanceof Error ? event.reason.stack : String(event.reason);
});

const [seed, most] = Deno.args.map(Number) as [number, number];
const { cases, ...outcome } = await campaign(seed, (inputs) => inputs >= most || unhandled !== undefined);
const shown = cases.map((each) => JSON.stringify(each));
console.log(JSON.stringify({ ...outcome, cases: shown, unhandled, memory: Deno.memoryUsage().rss }));
