/**
 * Applies batches to the membership and the replica, by rules that are the same on all nodes.
 *
 * A batch of a node that does not live, or whose number is not the next one, is ignored, and so is what is no batch: another
 * program may have published it. Time is `max(last, time of the batch)`.
 */
import { ChatError } from "../chat/chat_error.ts";
import { StoreLost } from "../chat/store.ts";
import { type BatchHead, type EncodedBatch, readBatch } from "./batches.ts";
import { type Checksum, type ClusterCommand, isClusterCommand, type LogCommand } from "./cluster_commands.ts";
import { DecodeError } from "./codec_errors.ts";
import type { Entry } from "./command_queue.ts";
import { type LivingNode, Membership, type Rejection } from "./membership.ts";
import { type Origin, positionOf, type Replica, type ReplicaContext } from "./replica.ts";
import { inSlices, Slices } from "./slices.ts";
import type { SnapshotHead } from "./snapshot.ts";

type Hello = Extract<ClusterCommand, { op: "hello" }>;

/** After how many commands the time is looked at. */
const COMMANDS_PER_LOOK = 64;

/** Through how many promises, at most, the result of a command gets to the code that has awaited it. Each costs 0.1 µs. */
const HOPS = 3;

/** The calls that an applier makes while it applies a batch. */
export interface ApplierEvents<Own> {
  /** The commands of a batch as this node has submitted them; `undefined` for a batch of another node. */
  entries(head: BatchHead): readonly Entry<Own>[] | undefined;
  /** A node has joined, or was rejected. `undefined`: the hello was stored twice. */
  hello(command: Hello, result: LivingNode | Rejection | undefined): void;
  /** Another node has founded the cluster anew: the state of this one is not that of the cluster. */
  replaced(): void;
  /** A batch of a node begins, which was made at a time by the clock of that node. */
  heard(node: LivingNode, time: number): void;
  /** A beat of a node, before the checksum of its sequence is known. */
  beat(node: LivingNode, checksum: Checksum | undefined): void;
  /** A batch with a beat of a node was applied. */
  checksum(node: LivingNode, checksum: Checksum): void;
  /** A node is gone. Its sessions are disconnected after this. */
  gone(node: LivingNode): void;
  /** A message of the log is no batch, and is ignored on all nodes. */
  ignored(sequence: number, error: DecodeError): void;
  /** A bug: applying a command has failed with something else than a `ChatError`, on this node as on all others. */
  failed(command: LogCommand, error: unknown): void;
}

/** Applies batches. */
export class Applier<Own> {
  readonly membership = new Membership();
  /** The last sequence that was applied. */
  sequence = 0;
  /** The time of the log, in milliseconds since 1970. */
  now = 0;
  batches = 0;
  commands = 0;
  /** The nonce of the hello by which this node founds the cluster. */
  founding: string | undefined;

  readonly #replica: Replica<Own>;
  readonly #events: ApplierEvents<Own>;
  readonly #codec: number;

  /** @param codec The newest version of the encoding that this node knows. */
  constructor(replica: Replica<Own>, codec: number, events: ApplierEvents<Own>) {
    this.#replica = replica;
    this.#codec = codec;
    this.#events = events;
  }

  /** What a snapshot of the state says of it. */
  head(created: string, founding?: string): SnapshotHead {
    return { created, sequence: this.sequence, now: this.now, membership: this.membership.toJson(), founding };
  }

  /** Replaces the state. */
  restore(head: SnapshotHead, records: Iterable<unknown>, origin: Origin): void {
    this.membership.fromJson(head.membership);
    this.sequence = head.sequence;
    this.now = head.now;
    this.founding = head.founding;
    this.#replica.restore(records, positionOf(head.sequence), origin);
  }

  /** Begins with the state as it is, after a sequence of the log. */
  found(sequence: number, nonce: string): void {
    this.membership.clear();
    this.sequence = sequence;
    this.founding = nonce;
    this.#replica.found(positionOf(sequence));
  }

  /**
   * Applies the batch after the last one. Call it again only after the promise is settled.
   *
   * @throws {DecodeError} if a node has written it, and it cannot be decoded. This node must end then.
   */
  async apply(sequence: number, bytes: Uint8Array): Promise<void> {
    const batch = this.#read(sequence, () => readBatch(bytes, this.#codec));
    this.sequence = sequence;
    this.batches++;
    if (batch === undefined) return;
    if (batch.incarnation === 0) {
      const hello = this.#read(sequence, batch.decode);
      return hello && this.#hello(hello, sequence, batch.time);
    }
    const author = this.membership.batch(batch.incarnation, batch.number, sequence);
    if (author === undefined) return;
    const commands = batch.decode();
    this.now = Math.max(this.now, batch.time);
    this.#events.heard(author, batch.time);
    const entries = this.#events.entries(batch);
    const slices = new Slices();
    for (const [index, command] of commands.entries()) {
      if (this.membership.node(author.incarnation) === undefined) break; // it has left
      this.commands++;
      const entry = entries?.[index];
      const context = { now: this.now, position: positionOf(sequence, index), own: entry?.own };
      if (isClusterCommand(command)) {
        await this.#applyClusterCommand(author, command, context);
        entry?.applied(undefined);
      } else this.#applyCommand(command, context, entry);
      // Code that has awaited the command continues now, before the next one changes what it sees.
      if (entry?.waits) { for (let hop = 0; hop < HOPS; hop++) await undefined; }
      if (index % COMMANDS_PER_LOOK === 0 && slices.isOver) await slices.rest();
    }
    if (commands.some(({ op }) => op === "beat")) {
      this.#events.checksum(author, { sequence, value: this.#replica.digest });
    }
  }

  /** Reads what any program may have published: `undefined` if tincan has not written it. */
  #read<T extends EncodedBatch | LogCommand[]>(sequence: number, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DecodeError) || error.code === "newer-version") throw error;
      this.#events.ignored(sequence, error);
      return undefined;
    }
  }

  async #hello([command, ...others]: readonly LogCommand[], sequence: number, time: number): Promise<void> {
    if (command?.op !== "hello" || others.length > 0) return;
    if (command.founding) {
      if (this.membership.nodes.some(({ nonce }) => nonce === command.nonce)) return;
      if (command.nonce !== this.founding) return this.#events.replaced();
      this.membership.clear();
    }
    this.commands++;
    this.now = Math.max(this.now, time);
    for (const { node, last } of command.gone ?? []) {
      await this.#gone(node, last, 0, { now: this.now, position: positionOf(sequence, 0), own: undefined });
    }
    this.#events.hello(command, this.membership.hello(command, sequence, this.now));
  }

  #applyCommand(
    command: Exclude<LogCommand, ClusterCommand>,
    context: ReplicaContext<Own>,
    entry: Entry<Own> | undefined,
  ): void {
    let result;
    try {
      result = this.#replica.apply(command, context);
    } catch (error) {
      if (error instanceof StoreLost) throw error; // the node has to leave
      if (!(error instanceof ChatError)) this.#events.failed(command, error);
      return entry?.rejected(error);
    }
    entry?.applied(result);
  }

  async #applyClusterCommand(
    author: LivingNode,
    command: ClusterCommand,
    context: ReplicaContext<Own>,
  ): Promise<void> {
    if (command.op === "beat") return this.#events.beat(author, command.checksum);
    if (command.op !== "gone") return; // a hello is a batch of its own
    await this.#gone(command.node, command.last, author.incarnation, context);
  }

  async #gone(incarnation: number, last: number, author: number, context: ReplicaContext<Own>): Promise<void> {
    const node = this.membership.gone(incarnation, last, author);
    if (node === undefined) return;
    this.#events.gone(node);
    const removal = this.#replica.removeNode(node.number, context);
    try {
      await inSlices(removal, () => {});
    } catch (error) {
      if (error instanceof StoreLost) throw error;
      this.#events.failed({ op: "gone", node: incarnation, last }, error);
    }
  }
}
