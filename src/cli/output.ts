/**
 * Writes to stdout and stderr, each of which may be full, closed, or a pipe without a reader.
 */

/** How long to wait before writing again to a non-blocking pipe that is full, in milliseconds. */
const RETRY_DELAY = 10;

/** Writing to stdout failed. The message is one line, for the person who ran tincan. */
export class OutputError extends Error {
  override name = "OutputError";
}

/**
 * Writes all of a text to stdout.
 *
 * @param what What fails if the text cannot be written, as in `Cannot export: …`.
 * @returns Whether stdout still has a reader. A pipe that was closed at its other end is no error.
 * @throws {OutputError} for any other error, such as a full disk.
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
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  }
  return true;
}

/** Writes a line to stderr. Never throws: if it cannot be written, the exit code alone reports the error. */
export function tellError(line: string): void {
  try {
    let bytes = new TextEncoder().encode(`${line}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch {
    // stderr is full or closed.
  }
}
