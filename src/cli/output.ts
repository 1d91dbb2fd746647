/**
 * What the program writes to stdout and stderr, either of which may be full, closed, or a pipe without a reader.
 */
/** How long writing waits until a pipe takes more that must not be waited for, in milliseconds. */
const RETRY_TIME = 10;

/** Stdout cannot be written to. The message is one line for the operator. */
export class OutputError extends Error {
  override name = "OutputError";
}

/**
 * Writes a text to stdout, all of it.
 *
 * @param what What the text is for, as in `Cannot export: …`.
 * @returns Whether there is still a reader: a pipe may be closed at its other end, which is no error.
 * @throws {OutputError}
 */
export async function writeOut(text: string, what = "write to stdout"): Promise<boolean> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(await Deno.stdout.write(bytes));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return false;
      if (!(error instanceof Deno.errors.WouldBlock)) {
        throw new OutputError(`Cannot ${what}: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_TIME));
    }
  }
  return true;
}

/** Writes a line to stderr. Never throws: where that cannot be done, the exit code has to say it. */
export function tellError(line: string): void {
  try {
    let bytes = new TextEncoder().encode(`${line}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch {
    // Stderr is full or closed.
  }
}
