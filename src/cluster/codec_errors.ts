/** The errors of the encoding of commands: a command that cannot be written, and bytes that cannot be read. */

/** Why a command cannot be encoded. */
export type EncodeErrorCode =
  | "not-in-version" // the active version has no encoding for the command, or for one of its values
  | "too-large" // the command exceeds a limit
  | "invalid"; // a value is not of its type

/** Thrown for a command that cannot be encoded. The command is in no batch then, so its author can reject the request. */
export class EncodeError extends Error {
  override name = "EncodeError";
  readonly code: EncodeErrorCode;

  constructor(code: EncodeErrorCode, why: string, cause?: unknown) {
    super(`Cannot encode the command: ${why}`, { cause });
    this.code = code;
  }
}

/** Why a batch cannot be decoded. */
export type DecodeErrorCode =
  | "newer-version" // a newer program has written it
  | "unknown-code" // it contains a command, or one of a few values, that its version does not have
  | "too-large" // it exceeds a limit
  | "malformed"; // no program has written it

/**
 * A batch cannot be decoded. A node that gets it from another one must exit: if it skipped the batch, its state would differ from
 * that of the nodes that can decode it.
 */
export class DecodeError extends Error {
  override name = "DecodeError";
  readonly code: DecodeErrorCode;
  /** What is wrong. */
  readonly why: string;

  /** @param where The part of the batch, if it is known. */
  constructor(
    code: DecodeErrorCode,
    why: string,
    { where = "the batch", cause }: { where?: string; cause?: unknown } = {},
  ) {
    super(`Cannot decode ${where}: ${why}`, { cause });
    this.code = code;
    this.why = why;
  }
}
