/** Runs batches from a seed on until there were so many inputs, or so many seconds are over: see `watched.ts`. */
import { campaign } from "./campaign.ts";
import type { Sign } from "./watched.ts";

const [seed, most, seconds] = Deno.args.map(Number) as [number, number, number];
const end = performance.now() + seconds * 1000;
const say = (sign: Sign) => console.log(JSON.stringify(sign));
const outcome = await campaign(
  seed,
  (inputs) => inputs >= most || performance.now() >= end,
  (batch) => say({ batch }),
);
say({ report: { ...outcome, memory: Deno.memoryUsage().rss } });
Deno.exit(); // what still runs after all has ended is found before: see `web_port.ts`
