/** Runs batches, beginning with a seed, up to a number of inputs or seconds: see `watched.ts`. */
import { campaign } from "./campaign.ts";
import type { Sign } from "./watched.ts";

const [seed, most, seconds] = Deno.args.map(Number) as [number, number, number];
const end = performance.now() + seconds * 1000;
const report = (sign: Sign) => console.log(JSON.stringify(sign));
const outcome = await campaign(
  seed,
  (inputs) => inputs >= most || performance.now() >= end,
  (batch) => report({ batch }),
);
report({ report: { ...outcome, memory: Deno.memoryUsage().rss } });
Deno.exit(); // connections that never end are found earlier: see `web_port.ts`
