/**
 * Batches: the commands that a node has appended to the log at once, as bytes.
 *
 * A batch is JSON in UTF-8, an array: `[version, incarnation, number, time, [[code, ...fields], …]]`. The version stands first
 * in all versions.
 */
import type { LogCommand } from "./cluster_commands.ts";
import { DecodeError, EncodeError } from "./codec_errors.ts";
import { integer } from "./codecs.ts";
import { CODEC_VERSION, commandCodec } from "./command_codec.ts";
import { BATCH_MAX } from "./log_limits.ts";
import { byteLength } from "../util/bytes.ts";

/** The most commands of a batch: they are decoded at once, and nothing else happens meanwhile. */
export const COMMANDS_MAX = 2_000;

/** The most bytes of a batch without its commands: four safe integers, four commas, and four brackets. */
const HEAD_MAX = 4 * 16 + 4 + 4;

/** The most bytes of a command. */
export const COMMAND_MAX = BATCH_MAX - HEAD_MAX;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a batch says of its commands. */
export interface BatchHead {
  /** The version of the encoding: the active one when the batch was made. */
  readonly version: number;
  /** Identifies its author: the sequence of the `hello` of the node; 0 before that. */
  readonly incarnation: number;
  /** Counts the batches of the author. */
  readonly number: number;
  /** When the batch was made by the clock of its author, in milliseconds since 1970. */
  readonly time: number;
}

/** Commands of one author, in order. */
export interface Batch extends BatchHead {
  readonly commands: readonly LogCommand[];
}

/**
 * Encodes a command for {@linkcode packBatches}.
 *
 * @param version The active version. It must not change before the command is packed.
 * @throws {EncodeError} if the version has no encoding for the command, or it is too large.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeCommand } from "./batches.ts";
 *
 * assertEquals(encodeCommand({ op: "rename", member: 7, nick: "Zoë" }, 1), '["n",7,"Zoë"]');
 * ```
 */
export function encodeCommand(command: LogCommand, version: number): string {
  const encoded = JSON.stringify(commandCodec.encode(command, version));
  if (3 * encoded.length > COMMAND_MAX && byteLength(encoded) > COMMAND_MAX) {
    throw new EncodeError("too-large", `it has more than ${COMMAND_MAX} bytes`);
  }
  return encoded;
}

/**
 * Packs commands into as few batches as possible, in order, each of at most {@linkcode BATCH_MAX} bytes and
 * {@linkcode COMMANDS_MAX} commands. Without commands there is no batch.
 *
 * @param head Of the first batch. Each further one has the next number.
 * @param commands What {@linkcode encodeCommand} has returned for `head.version`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeBatch, encodeCommand, packBatches } from "./batches.ts";
 *
 * const head = { version: 1, incarnation: 12, number: 3, time: 1_800_000_000_000 };
 * const command = { op: "drop", room: "#tea", seen: 0 } as const;
 * const [bytes] = packBatches(head, [encodeCommand(command, head.version)]);
 * assertEquals(new TextDecoder().decode(bytes), '[1,12,3,1800000000000,[["dr","#tea",0]]]');
 * assertEquals(decodeBatch(bytes!), { ...head, commands: [command] });
 * ```
 */
export function packBatches(head: BatchHead, commands: readonly string[]): Uint8Array<ArrayBuffer>[] {
  const { version, incarnation, time } = head;
  const batches: Uint8Array<ArrayBuffer>[] = [];
  let first = 0;
  let size = 0;
  const pack = (end: number) => {
    const list = commands.slice(first, end).join();
    batches.push(encoder.encode(`[${version},${incarnation},${head.number + batches.length},${time},[${list}]]`));
    first = end;
    size = 0;
  };
  for (const [i, command] of commands.entries()) {
    const more = byteLength(command) + 1; // and a comma
    if (i > first && (size + more > COMMAND_MAX || i - first >= COMMANDS_MAX)) pack(i);
    size += more;
  }
  if (first < commands.length) pack(commands.length);
  return batches;
}

/** A batch of which only the head is decoded. */
export interface EncodedBatch extends BatchHead {
  /** @throws {DecodeError} */
  decode(): LogCommand[];
}

/**
 * Decodes a batch. Nothing is assumed of the bytes.
 *
 * @param newest The newest version of the encoding that this program knows; tests give others.
 * @throws {DecodeError} if any part of it cannot be decoded. The node must exit then: see there.
 */
export function decodeBatch(bytes: Uint8Array, newest = CODEC_VERSION): Batch {
  const { decode, ...head } = readBatch(bytes, newest);
  return { ...head, commands: decode() };
}

/**
 * Decodes the head of a batch.
 *
 * @param newest As for {@linkcode decodeBatch}.
 * @throws {DecodeError} `malformed` if no version of tincan has written it.
 */
export function readBatch(bytes: Uint8Array, newest = CODEC_VERSION): EncodedBatch {
  if (bytes.length > BATCH_MAX) throw new DecodeError("too-large", `it has more than ${BATCH_MAX} bytes`);
  const json = parse(bytes);
  if (!Array.isArray(json)) throw new DecodeError("malformed", "it is not an array");
  const [version, incarnation, number, time, commands] = json;
  if (!Number.isSafeInteger(version) || version < 1) throw new DecodeError("malformed", "it has no version");
  if (version > newest) {
    throw new DecodeError(
      "newer-version",
      `it has version ${version}, and this program knows ${newest} at most`,
    );
  }
  if (json.length !== 5 || !Array.isArray(commands)) throw new DecodeError("malformed", "it has not the five parts");
  return {
    version,
    incarnation: integer.decode(incarnation, version),
    number: integer.decode(number, version),
    time: integer.decode(time, version),
    decode: () => decodeCommands(commands, version),
  };
}

function decodeCommands(list: readonly unknown[], version: number): LogCommand[] {
  if (list.length > COMMANDS_MAX) throw new DecodeError("too-large", `it has more than ${COMMANDS_MAX} commands`);
  const commands: LogCommand[] = [];
  try {
    for (const each of list) commands.push(commandCodec.decode(each, version));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DecodeError(error.code, error.why, {
      where: `command ${commands.length + 1} of the batch`,
      cause: error,
    });
  }
  return commands;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new DecodeError("malformed", "it is not JSON in UTF-8", { cause });
  }
}
