/** The commands of this node that wait to be appended to the log, encoded. */
import { ChatError } from "../chat/chat_error.ts";
import { COMMAND_MAX, COMMANDS_MAX, encodeCommand } from "./batches.ts";
import type { LogCommand } from "./cluster_commands.ts";
import { COMMANDS_QUEUED_BYTES_MAX, COMMANDS_QUEUED_MAX } from "./cluster_limits.ts";
import { byteLength } from "../util/bytes.ts";

/** A command of this node. */
export interface Entry<Own> {
  readonly command: LogCommand;
  /** Given to the replica with the command, on this node alone. */
  readonly own: Own | undefined;
  /** Whether code continues when it is settled, ahead of the next command. */
  readonly waits: boolean;
  applied(result: unknown): void;
  rejected(error: unknown): void;
}

interface Queued<Own> {
  readonly entry: Entry<Own>;
  encoded: string;
  version: number;
  size: number;
}

/** Holds commands in order. */
export class CommandQueue<Own> {
  #queue: Queued<Own>[] = [];
  #bytes = 0;

  get length(): number {
    return this.#queue.length;
  }

  /**
   * Adds a command.
   *
   * @param version The active version of the encoding.
   * @throws {ChatError} `cluster-busy` if too many wait.
   * @throws {EncodeError} if it cannot be encoded.
   */
  add(entry: Entry<Own>, version: number): void {
    const isFull = this.#queue.length >= COMMANDS_QUEUED_MAX || this.#bytes >= COMMANDS_QUEUED_BYTES_MAX;
    if (isFull) throw new ChatError("cluster-busy", "");
    const encoded = encodeCommand(entry.command, version);
    const size = byteLength(encoded) + 1; // and a comma
    this.#queue.push({ entry, encoded, version, size });
    this.#bytes += size;
  }

  /** Takes as many commands as fit into one batch. Those that the active version cannot encode any more are rejected. */
  take(version: number): { entries: Entry<Own>[]; encoded: string[] } {
    const entries: Entry<Own>[] = [];
    const encoded: string[] = [];
    let size = 0;
    let taken = 0;
    for (; taken < this.#queue.length && entries.length < COMMANDS_MAX; taken++) {
      const queued = this.#queue[taken]!;
      const before = queued.size;
      if (queued.version !== version && !encodeAgain(queued, version)) {
        this.#bytes -= before;
        continue;
      }
      this.#bytes += queued.size - before;
      if (entries.length > 0 && size + queued.size > COMMAND_MAX) break;
      size += queued.size;
      entries.push(queued.entry);
      encoded.push(queued.encoded);
    }
    this.#queue = this.#queue.slice(taken);
    this.#bytes -= size;
    return { entries, encoded };
  }

  /** Takes all commands out. */
  clear(): Entry<Own>[] {
    const entries = this.#queue.map(({ entry }) => entry);
    this.#queue = [];
    this.#bytes = 0;
    return entries;
  }
}

/** Encodes a command for the version that is active now; rejects it if that fails. */
function encodeAgain<Own>(queued: Queued<Own>, version: number): boolean {
  try {
    queued.encoded = encodeCommand(queued.entry.command, version);
    queued.version = version;
    queued.size = byteLength(queued.encoded) + 1;
    return true;
  } catch (error) {
    queued.entry.rejected(error);
    return false;
  }
}
