/**
 * A rolling checksum of the commands that a node has applied, and of what they led to.
 *
 * Nodes that have applied the same log have the same value. It costs less than 100 ns a command, as it does not read the state:
 * it mixes in the command, why it was rejected, and some numbers that soon differ when states do.
 */
import { ChatError } from "./chat_error.ts";
import type { Command } from "./commands.ts";
import { type Json, RecordReader, type SnapshotSection } from "./snapshot_records.ts";

/** What is mixed in of the state: `Hub` has it. */
export interface DigestedState {
  readonly ids: { readonly last: number };
  readonly members: { readonly size: number };
  readonly rooms: { readonly size: number };
}

/** The fields with names of users, rooms and accounts that commands have. */
interface Named {
  readonly member?: number;
  readonly session?: number | undefined;
  readonly room?: string;
  readonly nick?: string;
  readonly name?: string;
  readonly account?: string;
}

/** Whether a result is the same on all nodes, and short. Each node ends bans of the server by its own clock. */
function isShared({ op }: Command, result: unknown): boolean {
  return op !== "server-unban" && (typeof result === "boolean" || typeof result === "string");
}

/** A checksum of 53 bits, which a snapshot contains. */
export class StateDigest implements SnapshotSection {
  readonly name = "digest";
  #low = 0x811c9dc5 | 0;
  #high = 0x9e3779b1 | 0;

  /** The checksum, a safe integer from 0. */
  get value(): number {
    return (this.#high >>> 11) * 2 ** 32 + (this.#low >>> 0);
  }

  /**
   * Mixes in a command that was applied.
   *
   * @param result What `Hub.apply` has returned.
   * @param state The state after the command.
   */
  add(command: Command, result: unknown, { ids, members, rooms }: DigestedState): void {
    this.#mixText(command.op);
    const { member, session, room, nick, name, account } = command as Named;
    if (member !== undefined) this.#mixNumber(member);
    if (session !== undefined) this.#mixNumber(session);
    if (room !== undefined) this.#mixText(room);
    if (nick !== undefined) this.#mixText(nick);
    if (name !== undefined) this.#mixText(name);
    if (account !== undefined) this.#mixText(account);
    if (result instanceof ChatError) this.#mixText(result.code);
    else if (isShared(command, result)) this.#mixText(String(result));
    this.#mixNumber(ids.last);
    this.#mix(members.size, rooms.size);
  }

  *take(): Iterable<Json> {
    yield [this.#low, this.#high];
  }

  restore(records: Iterable<Json>): void {
    [this.#low, this.#high] = [0x811c9dc5 | 0, 0x9e3779b1 | 0];
    for (const record of records) {
      const reader = new RecordReader(record);
      [this.#low, this.#high] = [reader.int32(), reader.int32()];
      reader.end();
    }
  }

  #mixText(text: string) {
    let hash = 0;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.#mix(hash, text.length);
  }

  /** Mixes in a safe integer: both halves. */
  #mixNumber(value: number) {
    this.#mix(value | 0, value / 2 ** 32 | 0);
  }

  /** The steps are invertible, so that no difference in what was mixed in before is lost. */
  #mix(one: number, other: number) {
    const low = Math.imul(this.#low ^ one, 0x85ebca6b);
    this.#low = low ^ low >>> 15;
    const high = Math.imul(this.#high ^ other ^ this.#low, 0xc2b2ae35);
    this.#high = high ^ high >>> 13;
  }
}
