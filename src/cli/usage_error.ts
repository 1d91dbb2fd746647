/**
 * The error for a command line that cannot be used.
 */

/** The command line cannot be used. The message is one line, for the person who wrote it; the exit code is 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
