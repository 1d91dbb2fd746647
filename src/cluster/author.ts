/**
 * The author's side of a node: appends its commands to the log, in batches of which one is under way at a time.
 *
 * All commands of a turn of the event loop are in one batch, and so are all that come while a batch is under way.
 */
import { setImmediate } from "node:timers";
import { ChatError } from "../chat/chat_error.ts";
import { type BatchHead, packBatches } from "./batches.ts";
import type { LogCommand } from "./cluster_commands.ts";
import { CommandQueue, type Entry } from "./command_queue.ts";
import { AppendFigures } from "./figures.ts";

/** What an author needs of its node. */
export interface AuthorHost {
  /** What is in the head of a batch that is made now; `undefined` once the node has ended. `incarnation`: 0 while it does not take part. */
  state(): { readonly incarnation: number; readonly version: number; readonly time: number } | undefined;
  /** Appends a batch. Resolves when it was handed back and applied. */
  append(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Takes part again. Resolves to whether it does. */
  rejoin(): Promise<boolean>;
  failed(error: Error): void;
}

/** A batch that was appended, and not handed back yet. */
interface UnderWay<Own> {
  readonly incarnation: number;
  readonly number: number;
  readonly entries: readonly Entry<Own>[];
}

/** Appends the commands of a node. */
export class Author<Own> {
  readonly figures = new AppendFigures();
  readonly #host: AuthorHost;
  readonly #queue = new CommandQueue<Own>();
  #number = 0; // of the last batch
  #underWay: UnderWay<Own> | undefined;
  #isRunning = false; // appending, or about to

  constructor(host: AuthorHost) {
    this.#host = host;
  }

  /** How many commands wait, or are under way. */
  get waiting(): number {
    return this.#queue.length + (this.#underWay?.entries.length ?? 0);
  }

  /** The node takes part from now on: its batches are counted from 1. */
  begin(): void {
    this.#number = 0;
  }

  /**
   * Adds a command.
   *
   * @throws {ChatError} `cluster-busy` if too many wait.
   * @throws {EncodeError} if it cannot be encoded.
   */
  add(entry: Entry<Own>): void {
    const state = this.#host.state();
    if (state === undefined) throw new ChatError("cluster-busy", "");
    this.#queue.add(entry, state.version);
    this.wake();
  }

  /** Adds a command of the node itself. `done` is called once, however it ends. */
  addOwn(command: LogCommand, done: () => void): void {
    let isDone = false;
    const once = () => {
      if (!isDone) done();
      isDone = true;
    };
    try {
      this.add({ command, own: undefined, waits: false, applied: once, rejected: once });
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      once(); // too many wait: the next one will do
    }
  }

  /** The commands of a batch that was handed back, if it is the one under way. */
  entriesOf({ incarnation, number }: BatchHead): readonly Entry<Own>[] | undefined {
    const batch = this.#underWay;
    return batch?.incarnation === incarnation && batch.number === number ? batch.entries : undefined;
  }

  /** Rejects all commands, as the node does not take part any longer. What becomes of the batch under way is not known. */
  rejectAll(): void {
    this.#reject([...this.#underWay?.entries ?? [], ...this.#queue.clear()]);
  }

  /** Appends what waits at the end of this turn of the event loop; joins again if the node does not take part. */
  wake(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(async () => {
      try {
        await this.#run();
      } catch (error) {
        return this.#host.failed(error as Error); // nothing is appended any more
      }
      this.#isRunning = false;
      if (this.#queue.length > 0) this.wake(); // added after the last look
    });
  }

  async #run(): Promise<void> {
    for (;;) {
      const state = this.#host.state();
      if (state === undefined) return;
      if (state.incarnation === 0) {
        if (!await this.#host.rejoin()) return this.rejectAll();
        continue;
      }
      const { entries, encoded } = this.#queue.take(state.version);
      if (entries.length === 0) return;
      await this.#append(state, entries, encoded);
    }
  }

  async #append(
    state: Omit<BatchHead, "number">,
    entries: readonly Entry<Own>[],
    encoded: readonly string[],
  ): Promise<void> {
    const number = ++this.#number;
    const [bytes] = packBatches({ ...state, number }, encoded);
    this.#underWay = { incarnation: state.incarnation, number, entries };
    const size = bytes!.length; // the log takes the bytes
    const begin = performance.now();
    try {
      await this.#host.append(bytes!);
    } catch (error) {
      this.#reject(entries);
      throw error;
    } finally {
      this.#underWay = undefined;
    }
    this.figures.add(size, performance.now() - begin);
  }

  /** An entry that was settled ignores it. */
  #reject(entries: readonly Entry<Own>[]): void {
    for (const entry of entries) entry.rejected(new ChatError("cluster-busy", ""));
  }
}
