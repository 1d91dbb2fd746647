/** A replica for tests: it writes down what it is given, and knows sessions and the last lines of each. */
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Command } from "../../src/chat/commands.ts";
import type { CheckpointHead, CheckpointStore, CheckpointWriter, Json } from "../../src/chat/checkpoint_store.ts";
import { nodeNumberOf, type Replica, type ReplicaContext } from "../../src/cluster/replica.ts";
import type { Steps } from "../../src/util/steps.ts";

/** The state: lines in order, and sessions. */
export class ToyReplica implements Replica<string> {
  lines: string[] = [];
  readonly connected = new Set<number>();
  /** What was submitted with own commands. */
  readonly own: string[] = [];
  positions: number[] = [];
  foundedAt: number | undefined;
  /** Added to the digest, for a state that differs. */
  flaw = 0;
  onApply: (command: Command) => void = () => {};

  get digest(): number {
    let hash = this.flaw + this.connected.size;
    for (const line of this.lines) for (const char of line) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
    return hash;
  }

  apply(command: Command, { position, own, now }: ReplicaContext<string>): unknown {
    this.onApply(command);
    this.positions.push(position);
    if (own !== undefined) this.own.push(own);
    switch (command.op) {
      case "connect":
        this.connected.add(command.id);
        return command.id;
      case "notice":
        if (command.text === "reject") throw new ChatError("banned", "x");
        if (command.text === "bug") throw new TypeError("a bug");
        this.lines.push(`${now}:${command.text}`);
        return this.lines.length;
      default:
        throw new Error(`unknown ${command.op}`);
    }
  }

  *removeNode(number: number): Steps<void> {
    for (const id of [...this.connected].filter((each) => nodeNumberOf(each) === number)) {
      this.connected.delete(id);
      this.lines.push(`${id} quits`);
      yield;
    }
  }

  sessions(number: number): number {
    return [...this.connected].filter((each) => nodeNumberOf(each) === number).length;
  }

  *snapshot(): Iterable<unknown> {
    yield [...this.connected];
    for (const line of this.lines) yield line;
  }

  restore(records: Iterable<unknown>, position: number): void {
    const [connected, ...lines] = records;
    this.connected.clear();
    for (const id of connected as number[]) this.connected.add(id);
    this.lines = lines as string[];
    this.positions = [position];
  }

  settle(): void {}

  found(position: number): void {
    this.foundedAt = position;
  }
}

/** Checkpoints in memory, which a node that is started again gets. */
export class ToyCheckpoints implements CheckpointStore {
  stored: { readonly head: CheckpointHead; readonly all: readonly Json[]; records(): Iterable<Json> } | undefined;
  readonly all: NonNullable<ToyCheckpoints["stored"]>[] = [];
  cleared = 0;

  load(): ToyCheckpoints["stored"] {
    return this.stored;
  }

  begin(): CheckpointWriter {
    const all: Json[] = [];
    return {
      write: (records) => void all.push(...records),
      finish: (head) => {
        this.stored = { head, all, records: () => all };
        this.all.push(this.stored);
        return true;
      },
    };
  }

  clear(): void {
    this.stored = undefined;
    this.cleared++;
  }
}
