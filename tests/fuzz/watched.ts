/**
 * Runs a worker process that reports each batch it begins, and kills it when a batch exceeds its deadline. That batch is
 * returned as a case, since an endless loop cannot be detected inside the process.
 */
import { batch, type Case, kindOf } from "./campaign.ts";

/** The time limit of a batch, in milliseconds: a thousand times the usual, with time to reduce a case. */
export const DEADLINE = 60_000;

/** The result of a worker. */
export interface Report {
  readonly inputs: number;
  readonly told: number;
  /** In seconds. */
  readonly took: number;
  readonly slowest: number;
  /** Resident memory at the end, in bytes. */
  readonly memory: number;
  readonly cases: readonly Case[];
}

/** A message of a worker on stdout. */
export type Sign = { readonly batch: number } | { readonly report: Report };

/**
 * Has a worker run batches, beginning with a seed.
 *
 * @param limits The number of inputs, or the time in seconds.
 */
export async function watched(
  seed: number,
  limits: { readonly inputs?: number; readonly seconds?: number },
  { deadline = DEADLINE, worker = new URL("worker.ts", import.meta.url).href } = {},
): Promise<Report> {
  const { inputs = Infinity, seconds = Infinity } = limits;
  const args = ["run", "--allow-all", "--no-check", worker, String(seed), String(inputs), String(seconds)];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
  let [current, late, report, rest] = [seed, false, undefined as Report | undefined, ""];
  const end = () => {
    late = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(end, DEADLINE); // the start has the full deadline, since it is slow on a busy machine
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    clearTimeout(timer);
    timer = setTimeout(end, deadline);
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const sign = JSON.parse(line) as Sign;
      if ("batch" in sign) current = sign.batch;
      else report = sign.report;
    }
  }
  const { code } = await child.status;
  clearTimeout(timer);
  if (report !== undefined && !late) return report;
  const what = late ? `a batch was not over after ${deadline} ms` : `the worker ended with ${code}`;
  const lost = { what, ...kindOf(current), inputs: batch(current) };
  return { inputs: 0, told: 0, took: 0, slowest: Infinity, memory: 0, cases: [lost] };
}
