/**
 * The two forms of tincan, from source and as an executable, and a function that registers a test for both.
 */
import { type Form, ROOT, source, taskArguments } from "./harness.ts";

/** The executable that `TINCAN_BIN` names, or else one built as by `deno task compile`. */
export const executable: Form = await findExecutable();

/**
 * Registers a test for each form. A test that cannot run here is reported as ignored, with the reason.
 *
 * @param missing Why the test cannot run on this machine, if so.
 */
export function test(
  name: string,
  body: (form: Form, t: Deno.TestContext) => Promise<void>,
  missing?: string,
  forms: readonly Form[] = [source, executable],
): void {
  for (const form of forms) {
    const reason = form.missing ?? missing;
    const note = reason === undefined ? "" : ` (${reason})`;
    Deno.test({ name: `${form.name}: ${name}${note}`, ignore: reason !== undefined, fn: (t) => body(form, t) });
  }
}

/** The executable in `TINCAN_BIN`, or else one that is built once for all test files of a run. */
async function findExecutable(): Promise<Form> {
  const name = "executable";
  const given = Deno.env.get("TINCAN_BIN");
  if (given) return { name, command: [given] };
  await Deno.mkdir(`${ROOT}dist`, { recursive: true });
  using lock = await Deno.open(`${ROOT}dist/test.lock`, { read: true, write: true, create: true });
  await lock.lock(true);
  const path = `${ROOT}dist/tincan-under-test`;
  const outcome = `${path}.outcome`; // the run it was built in, and the build error, if any
  const [run, known] = (await Deno.readTextFile(outcome).catch(() => "")).split("\n");
  const thisRun = `${Deno.ppid}/${Deno.pid}`;
  const missing = run === thisRun && known !== undefined ? known : await compile(path);
  await Deno.writeTextFile(outcome, `${thisRun}\n${missing}`);
  return missing === "" ? { name, command: [path] } : { name, command: [], missing };
}

/** Compiles tincan. Returns the error, or an empty string. */
async function compile(output: string): Promise<string> {
  const compiler = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const args = taskArguments("compile").map((arg) => arg === "dist/tincan" ? output : arg);
  const env = { NO_COLOR: "1" };
  const { success, stderr } = await new Deno.Command(compiler, { args, cwd: ROOT, env, stdout: "null" }).output();
  if (success) return "";
  const causes = new TextDecoder().decode(stderr).split("Stack backtrace")[0]!.trim().split("\n");
  return `cannot compile: ${causes.at(-1)!.replace(/^\s*\d+: /, "")}`; // the last is the root cause
}
