/**
 * A worker that is watched: it says which batch, or which case, it begins, and is ended when it does not come back. What
 * it was busy with then is kept as a case, since a loop without end is found by nobody inside of it.
 */
import { batch, type Case, kindOf } from "./campaign.ts";

/** How long one batch may take, in milliseconds: a thousand times what it takes, and room to make a case of it small. */
export const DEADLINE = 60_000;

/** What came of a worker. */
export interface Report {
  readonly inputs: number;
  readonly told: number;
  /** In seconds. */
  readonly took: number;
  readonly slowest: number;
  /** In bytes, at the end. */
  readonly memory: number;
  readonly cases: readonly Case[];
}

/** What it says on the way. */
export type Sign = { readonly batch: number } | { readonly report: Report };

/**
 * Has a worker run batches from a seed on.
 *
 * @param limits How many inputs it is to have, or for how many seconds.
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
  let timer = setTimeout(end, DEADLINE); // to start is no batch, and a busy machine takes its time for it
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
