/** Errors of the log, whose messages are sentences for the operator, without credentials. */

/**
 * Why the log cannot be used:
 * `address`, the address of a NATS server is not valid; `unreachable`, no server accepts the connection; `stream`, the
 * stream cannot be created or used; `trimmed`, the next batch is no longer stored; `behind`, the log ends before a batch
 * that was applied already; `replaced`, the log was deleted or created anew; `worker`, the worker has failed; `closed`, by its owner.
 */
export type LogErrorKind =
  | "address"
  | "unreachable"
  | "stream"
  | "trimmed"
  | "behind"
  | "replaced"
  | "worker"
  | "closed";

const KINDS: ReadonlySet<string> = new Set<LogErrorKind>([
  "address",
  "unreachable",
  "stream",
  "trimmed",
  "behind",
  "replaced",
  "worker",
  "closed",
]);

/** An error of the log. */
export class LogError extends Error {
  override name = "LogError";

  constructor(readonly kind: LogErrorKind, message: string) {
    super(message);
  }
}

/** Reads a kind that the worker has sent. */
export function logErrorKind(text: string): LogErrorKind {
  return KINDS.has(text) ? text as LogErrorKind : "worker";
}
