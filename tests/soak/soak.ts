/**
 * `deno task soak`: runs the churn load against a server for an hour, or TINCAN_SOAK_SECONDS, and checks that nothing
 * grew, leaked, got lost or slowed down. Prints a report, and all figures as JSON in the last line; exits with 1 on failure.
 *
 * With `--source` the server is not the executable, and with `--tls` the load comes over TLS.
 */
import { Certificates } from "../certificates.ts";
import { executable } from "../e2e/forms.ts";
import { source, start } from "../e2e/harness.ts";
import { Churn, CHURN_FLAGS, HISTORY_LINES } from "./churn.ts";
import { compared, growthOf } from "./figures.ts";
import { TlsTunnels } from "./tls_tunnel.ts";

/** The part of the time in which caches fill and code is compiled; it is not measured. */
const WARM_UP = 0.3;

/** The allowed slowdown as a factor, and in milliseconds on top. */
const SLOWER_MAX = 1.2;
const SLACK = 1;

/** The time within which all resources must be freed after the load, in milliseconds. */
const END_TIME = 30_000;

/** Threads that the runtime may have started meanwhile, which wait for work. */
const THREADS_MORE = 4;

const seconds = Number(Deno.env.get("TINCAN_SOAK_SECONDS") || 3600);
const seed = Number(Deno.env.get("TINCAN_SOAK_SEED") || Date.now() % 1e9);
const form = Deno.args.includes("--source") || executable.missing !== undefined ? source : executable;
const certificates = Deno.args.includes("--tls") ? await Certificates.make() : undefined;
const certificate = await certificates?.issue("server");
const data = await Deno.makeTempDir({ prefix: "tincan-soak-" });
await using server = await start(form, [
  ...["--data", data, ...CHURN_FLAGS, "--max-line", "1024"],
  ...["--log-level", "debug", "--log-rate", "1", "--keep-lines", `${HISTORY_LINES}`],
  ...certificate === undefined ? [] : ["--tls-cert", certificate.cert, "--tls-key", certificate.key],
]);
const authority = certificates === undefined ? "" : await Deno.readTextFile(certificates.authority);
using tunnels = certificates === undefined ? undefined : await TlsTunnels.open(server, authority);
const ports = tunnels ?? server;

/** The value of a metric, summed over its labels. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.webPort}/metrics`, { headers: { connection: "close" } }))
    .text();
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))) sum += Number(value);
  return sum;
}

const files = () => [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
const threads = () => [...Deno.readDirSync(`/proc/${server.pid}/task`)].length;

/** The failed checks. */
const wrong: string[] = [];
function must(right: boolean, otherwise: string) {
  if (!right) wrong.push(otherwise);
}

/** Waits until a condition holds. Returns false when it does not within {@linkcode END_TIME}. */
async function eventually(right: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + END_TIME;
  while (!await right()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}

const churn = new Churn(ports, seed);
await server.warm();
await churn.fill();
const gone = async () => await metric("tincan_members") + await metric("tincan_connections") === 0;
await eventually(gone);
const before = { files: files(), threads: threads() };
const began = performance.now();
const running = churn.run();
const samples: [number, number][] = [];
const sampling = setInterval(() => samples.push([(performance.now() - began) / 1000, server.memory()]), 500);
let waiting = 0; // the largest size of all outboxes seen, in bytes
const watching = setInterval(async () => waiting = Math.max(waiting, await metric("tincan_outbox_bytes")), 5000);
let timer: ReturnType<typeof setTimeout> | undefined;
// The load may end early by an error, which is reported below.
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

must(waiting > 0, "no client was too slow to read");
must(await eventually(gone), `${await metric("tincan_members")} members remain`);
must(await metric("tincan_outbox_bytes") === 0, "an outbox is not empty");
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
  tls: certificates !== undefined,
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
await certificates?.[Symbol.asyncDispose]();
Deno.exit(wrong.length > 0 ? 1 : 0);
