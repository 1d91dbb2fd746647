/**
 * Snapshots: the state at a sequence as chunks of bytes, which peers send to each other and a checkpoint contains.
 *
 * The bytes of all chunks together are lines of JSON in UTF-8: the head, and the records of the replica.
 */
import { CHUNK_MAX } from "./log_limits.ts";
import type { MembershipJson } from "./membership.ts";
import { inSlices } from "./slices.ts";

/** The version of the format. */
const FORMAT = 1;

/** The size from which a chunk is given out, in UTF-16 units: with three bytes each it has at most `CHUNK_MAX` bytes. */
const CHUNK_UNITS = Math.floor(CHUNK_MAX / 3);

/** What a snapshot says of its records. */
export interface SnapshotHead {
  /** When the log was created, which tells it from others. */
  readonly created: string;
  /** The last batch that was applied. */
  readonly sequence: number;
  /** The time of the log, in milliseconds since 1970. */
  readonly now: number;
  readonly membership: MembershipJson;
  /** The nonce of the hello by which this node is about to found a cluster with this state. */
  readonly founding?: string | undefined;
}

/** A head as JSON, with the version of the format. */
export function writeHead(head: SnapshotHead): SnapshotHead & { readonly format: number } {
  return { format: FORMAT, ...head };
}

/** Packs a snapshot in slices. */
export async function packSnapshot(
  head: SnapshotHead,
  records: Iterable<unknown>,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const encoder = new TextEncoder();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let text = JSON.stringify(writeHead(head)) + "\n";
  await inSlices(records, (record) => {
    text += JSON.stringify(record) + "\n";
    for (; text.length >= CHUNK_UNITS;) {
      // Not between the halves of a surrogate pair, which would be replaced.
      const code = text.charCodeAt(CHUNK_UNITS - 1);
      const end = code >= 0xd800 && code < 0xdc00 ? CHUNK_UNITS - 1 : CHUNK_UNITS;
      chunks.push(encoder.encode(text.slice(0, end)));
      text = text.slice(end);
    }
  });
  if (text !== "") chunks.push(encoder.encode(text));
  return chunks;
}

/**
 * Reads a snapshot.
 *
 * @throws {SyntaxError} if it is not one; the records throw it when they are taken.
 */
export function readSnapshot(chunks: Iterable<Uint8Array>): { head: SnapshotHead; records: Iterable<unknown> } {
  const lines = readLines(chunks);
  const first = lines.next();
  const head = readHead(first.done ? undefined : JSON.parse(first.value));
  const records = function* (): Generator<unknown, void, void> {
    for (const line of lines) yield JSON.parse(line);
  };
  return { head, records: records() };
}

/**
 * Checks what comes from another program, or from a file.
 *
 * @throws {SyntaxError} if it is no head of a snapshot.
 */
export function readHead(value: unknown): SnapshotHead {
  if (!isHead(value)) throw new SyntaxError("The snapshot is not one of this version of tincan");
  return value;
}

function isHead(value: unknown): value is SnapshotHead {
  if (typeof value !== "object" || value === null) return false;
  const { format, created, sequence, now, membership } = value as Record<string, unknown>;
  return format === FORMAT && typeof created === "string" && Number.isSafeInteger(sequence) &&
    Number.isFinite(now) && typeof membership === "object" && membership !== null;
}

function* readLines(chunks: Iterable<Uint8Array>): Generator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "" || decoder.decode() !== "") throw new SyntaxError("The snapshot is cut off");
}
