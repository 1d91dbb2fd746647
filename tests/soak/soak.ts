/**
 * Churns against a real program for an hour, or TINCAN_SOAK_SECONDS, and says whether anything grew, leaked, got lost or
 * slowed down: a report for people, and as the last line of stdout all figures as JSON. Exits with 1 if something did.
 */
import { executable } from "../e2e/forms.ts";
import { source, start } from "../e2e/harness.ts";
import { Churn, KEPT } from "./churn.ts";
import { compared, growthOf } from "./figures.ts";

/** What part of the time is for caches to fill and for code to be compiled. Nothing is measured in it. */
const WARM_UP = 0.3;

/** How much slower it may be at the end, and how many milliseconds are no difference. */
const SLOWER_MAX = 1.2;
const SLACK = 1;

/** How long all may take to be over when everybody has gone, in milliseconds. */
const END_TIME = 30_000;

/** Threads that may be there in the end and were not before: the runtime's, which wait for more to do. */
const THREADS_MORE = 4;

const seconds = Number(Deno.env.get("TINCAN_SOAK_SECONDS") || 3600);
const seed = Number(Deno.env.get("TINCAN_SOAK_SEED") || Date.now() % 1e9);
const form = executable.missing === undefined ? executable : source;
const data = await Deno.makeTempDir({ prefix: "tincan-soak-" });
await using server = await start(form, [
  ...["--data", data, "--rate", "off", "--max-per-ip", "off", "--max-line", "1024", "--send-buffer", "256KiB"],
  ...["--log-level", "debug", "--log-rate", "1", "--keep-lines", `${KEPT}`],
]);

/** What `/metrics` says of something. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.webPort}/metrics`, { headers: { connection: "close" } }))
    .text();
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))) sum += Number(value);
  return sum;
}

const files = () => [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
const threads = () => [...Deno.readDirSync(`/proc/${server.pid}/task`)].length;

/** What must be so in the end; what is not. */
const wrong: string[] = [];
function must(right: boolean, otherwise: string) {
  if (!right) wrong.push(otherwise);
}

/** Waits until something is so, or for too long. */
async function eventually(right: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + END_TIME;
  while (!await right()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}

const churn = new Churn(server, seed);
await server.warm();
await churn.fill();
const gone = async () => await metric("tincan_members") + await metric("tincan_connections") === 0;
await eventually(gone);
const before = { files: files(), threads: threads() };
const began = performance.now();
const running = churn.run();
const samples: [number, number][] = [];
const sampling = setInterval(() => samples.push([(performance.now() - began) / 1000, server.memory()]), 500);
let waiting = 0; // the most bytes that were seen to wait for somebody
const watching = setInterval(async () => waiting = Math.max(waiting, await metric("tincan_outbox_bytes")), 5000);
let timer: ReturnType<typeof setTimeout> | undefined;
// It may end before its time, by going wrong: what that was is said below, with all else.
await Promise.race([running.catch(() => {}), new Promise((resolve) => timer = setTimeout(resolve, seconds * 1000))]);
clearTimeout(timer);
clearInterval(sampling);
clearInterval(watching);
churn.stop();
try {
  await running;
} catch (error) {
  must(false, (error as Error).message);
}
const took = (performance.now() - began) / 1000;

must(waiting > 0, "nobody was too slow to read");
must(await eventually(gone), `${await metric("tincan_members")} people are still there`);
must(await metric("tincan_outbox_bytes") === 0, "something still waits for somebody");
must(await eventually(() => files() <= before.files), `${files()} files are open, and there were ${before.files}`);
must(
  await eventually(() => threads() <= before.threads + THREADS_MORE),
  `${threads()} threads, and there were ${before.threads}`,
);
must(!/ error /.test(server.log.all), `the log has errors: ${server.log.all.slice(0, 1000)}`);

const measured = samples.filter(([at]) => at >= WARM_UP * took);
const memory = growthOf(measured);
const mean = measured.reduce((sum, [, bytes]) => sum + bytes, 0) / measured.length;
must(!memory.real, `memory grew by ${(100 * memory.part).toFixed(1)} % of what it is`);

const latencies = churn.arrivals.since(began + WARM_UP * took * 1000);
const { first, last } = compared(latencies);
must(last <= SLOWER_MAX * first + SLACK, `p99 was ${first.toFixed(1)} ms, and is ${last.toFixed(1)} ms`);

const round = (number: number, digits = 2) => Number(number.toFixed(digits));
const figures = {
  form: form.name,
  seconds: round(took, 0),
  seed,
  ...churn.done,
  arrivals: churn.arrivals.length,
  memoryMB: round(mean / 1e6, 1),
  slopeMBPerHour: round(memory.slope * 3600 / 1e6, 1),
  slopeErrorMBPerHour: round(memory.error * 3600 / 1e6, 1),
  growth: round(memory.part, 3),
  outboxMB: round(waiting / 1e6),
  filesBefore: before.files,
  filesAfter: files(),
  threadsBefore: before.threads,
  threadsAfter: threads(),
  p99First: round(first),
  p99Last: round(last),
  wrong,
};
console.log(
  `${figures.connects} came and went in ${figures.seconds} s, and ${figures.arrivals} lines arrived, each once and in order
memory: ${figures.memoryMB} MB; slope ${figures.slopeMBPerHour} ± ${figures.slopeErrorMBPerHour} MB an hour
open files: ${before.files} before, ${files()} after; threads: ${before.threads} before, ${threads()} after
p99 of ${latencies.length} lines: ${figures.p99First} ms in the beginning, ${figures.p99Last} ms in the end`,
);
for (const each of wrong) console.log(`WRONG: ${each}`);
console.log(JSON.stringify(figures));
await server[Symbol.asyncDispose]();
await Deno.remove(data, { recursive: true });
Deno.exit(wrong.length > 0 ? 1 : 0);
