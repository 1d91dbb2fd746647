/**
 * A node of a cluster: appends the commands of this process to the log, and applies those of all nodes to its replica.
 *
 * A command is over when the log hands it back. Its author gets the result then, ahead of the next command.
 */
import { ChatError } from "../chat/chat_error.ts";
import type { CheckpointHead, CheckpointStore, Json } from "../chat/checkpoint_store.ts";
import type { ClusterFigures, ClusterHealth, ClusterView, NodeView } from "../chat/cluster_view.ts";
import type { Command } from "../chat/commands.ts";
import { StoreLost } from "../chat/store.ts";
import { Applier, type ApplierEvents } from "./applier.ts";
import { Author, type AuthorHost } from "./author.ts";
import { encodeCommand, packBatches } from "./batches.ts";
import { Checksums } from "./checksums.ts";
import type { Checksum, LogCommand } from "./cluster_commands.ts";
import { DecodeError } from "./codec_errors.ts";
import { CLOCK_AHEAD_MAX } from "./cluster_limits.ts";
import { CODEC_VERSION } from "./command_codec.ts";
import type { Entry } from "./command_queue.ts";
import { type Checkpoint, findState, JoinError, SNAPSHOT_TOPIC } from "./join.ts";
import { Lease } from "./lease.ts";
import { LogError } from "./log_error.ts";
import type { LivingNode, Rejection } from "./membership.ts";
import { NODE_TIMES, type NodeLog, type NodeOptions, type NodeTimes } from "./node_options.ts";
import type { Answer } from "./peer_requests.ts";
import { nodeNumberOf, positionOf } from "./replica.ts";
import { inSlices } from "./slices.ts";
import { packSnapshot, writeHead } from "./snapshot.ts";

/** The version of the encoding of a hello, which all programs know. */
const HELLO_VERSION = 1;

/** How often a node opens the log to join, as the state of the cluster has changed meanwhile. */
const ATTEMPTS_MAX = 5;

/** Why a node does not join that would lose its state. */
const OTHER_CHAT =
  "Cannot join the cluster: the directory of --data has another chat, which would be lost. Use an empty directory.";

/** How many records of a checkpoint are written in one transaction. */
const RECORDS_TOGETHER = 200;

/** What became of a hello of this node. */
type Greeting = LivingNode | Rejection;

/** A node of a cluster. `Own` is what it keeps with its own commands. */
export class ClusterNode<Own = unknown> implements ClusterView {
  readonly #options: NodeOptions<Own>;
  readonly #times: NodeTimes;
  readonly #codec: number;
  readonly #now: () => number;
  readonly #applier: Applier<Own>;
  readonly #author: Author<Own>;
  readonly #lease: Lease;
  readonly #checksums = new Checksums();
  #log: NodeLog | undefined;
  #self: LivingNode | undefined; // while it takes part
  #attempts = 0; // to join
  #joining: PromiseWithResolvers<never> | undefined; // while it joins for the first time
  #isPristine = true; // the state was not changed by an attempt
  #isLeaving = false;
  #ended = false;
  #greeting: { readonly nonce: string; readonly result: PromiseWithResolvers<Greeting> } | undefined;
  #replaced: PromiseWithResolvers<"replaced"> | undefined; // while it joins for the first time
  #catchUp: { readonly sequence: number; readonly reached: () => void } | undefined; // before the first hello
  #isBeating = false; // a beat of this node waits or is under way
  #declared = new Set<number>(); // nodes that this one is about to declare gone
  readonly #early = new Set<number>(); // nodes whose clock is too far ahead
  #ownChecksum: Checksum | undefined; // of the last own beat
  #exclusive: Promise<void> | undefined; // while a batch is applied, or a snapshot taken
  #lastApplied = performance.now();
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #checkpointTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: NodeOptions<Own>) {
    this.#options = options;
    this.#times = { ...NODE_TIMES, ...options.times };
    this.#codec = options.codec ?? CODEC_VERSION;
    this.#now = options.now ?? Date.now;
    this.#lease = new Lease(this.#times.lease);
    this.#applier = new Applier(options.replica, this.#codec, this.#applierEvents());
    this.#author = new Author(this.#authorHost());
  }

  get name(): string {
    return this.#options.cluster;
  }

  get health(): ClusterHealth {
    const status = this.#log?.status;
    if (status?.connected === false) return "no connection to NATS";
    if (this.#self === undefined) return "joining";
    return status?.silent ? "no news from the log" : "ok";
  }

  get nodes(): NodeView[] {
    return this.#applier.membership.nodes.map((node) => this.#view(node));
  }

  /** This node, while it takes part. */
  get self(): LivingNode | undefined {
    return this.#self;
  }

  /** Whether the node cannot go on, or was stopped. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Whether this node gives the commands that are needed once in the whole cluster. */
  get isOnDuty(): boolean {
    return this.#self !== undefined && this.#applier.membership.onDuty?.incarnation === this.#self.incarnation;
  }

  /** The active version of the encoding: all nodes know it. */
  get codec(): number {
    return this.#applier.membership.version;
  }

  get figures(): ClusterFigures {
    const { appended, appendedBytes, appendTime, slowestAppend } = this.#author.figures;
    const { sequence, batches, commands } = this.#applier;
    const { resent = 0, filled = 0 } = this.#log ?? {};
    const { waiting } = this.#author;
    const silence = performance.now() - this.#lastApplied;
    const { compared: checksums } = this.#checksums;
    return {
      ...{ sequence, batches, commands, appended, appendedBytes, appendTime, slowestAppend },
      ...{ waiting, silence, resent, filled, checksums },
    };
  }

  nodeOf({ id }: { readonly id: number }): NodeView | undefined {
    const number = nodeNumberOf(id);
    const node = this.#applier.membership.nodes.find((each) => each.number === number);
    return node && this.#view(node);
  }

  /**
   * Joins the cluster. Resolves when the node takes part.
   *
   * @throws {JoinError | LogError} if it cannot; the message is a sentence for the operator.
   */
  async join(): Promise<void> {
    const { checkpoints } = this.#options;
    let checkpoint = checkpoints?.load();
    const joining = this.#joining = Promise.withResolvers<never>();
    try {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
        const outcome = await Promise.race([this.#attempt(checkpoint), joining.promise]);
        if (outcome === "joined") return;
        this.#log?.close();
        if (outcome === "replaced") {
          checkpoint = undefined;
          checkpoints?.clear();
        }
      }
      throw new JoinError("Cannot join the cluster: its log changes too fast. Start this node again.");
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      this.#joining = undefined;
    }
  }

  /**
   * Has a command applied on all nodes.
   *
   * @param own Given to the replica with the command, on this node alone.
   * @returns The result. Code that awaits this very promise continues ahead of the next command.
   * @throws {ChatError} `cluster-busy` at once, if the node does not take part now, or too many commands wait. The promise
   * rejects with it if the outcome is not known, and with the error of the replica if the command is rejected.
   * @throws {EncodeError} if the command cannot be encoded.
   */
  submit(command: Command, own?: Own): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#add({ command, own, waits: true, applied: resolve, rejected: reject });
    return promise;
  }

  /** Has a command applied whose result no code awaits. Throws like `submit`. `settled` is called once, with the error if there is one. */
  post(command: Command, own: Own | undefined, settled: (error?: unknown) => void): void {
    let isSettled = false;
    const once = (error?: unknown) => {
      if (!isSettled) settled(error);
      isSettled = true;
    };
    this.#add({ command, own, waits: false, applied: () => once(), rejected: once });
  }

  /**
   * Asks a peer, and yields its answer in chunks. The node must have joined, and not serve the topic: else it may be the one
   * that is asked.
   *
   * @throws {PeerError} if no peer answers, or not completely.
   */
  ask(topic: string, question: Uint8Array<ArrayBuffer>): AsyncIterable<Uint8Array> {
    return this.#log!.ask(topic, question);
  }

  /** Answers the questions of peers on a topic from now on. The node must have joined. A question may be its own: see `ask`. */
  serve(topic: string, answer: Answer): void {
    this.#log!.serve(topic, answer);
  }

  /** Appends a beat, unless the last one has not come back. */
  beat(): void {
    if (this.#self === undefined || this.#isBeating || this.#isLeaving) return;
    this.#isBeating = true;
    const done = () => void (this.#isBeating = false);
    this.#author.addOwn({ op: "beat", checksum: this.#ownChecksum }, done);
  }

  /** Stores a checkpoint, if the node keeps its state in a file. */
  async checkpoint(): Promise<void> {
    const { checkpoints } = this.#options;
    if (checkpoints === undefined || this.#log === undefined || this.#ended) return;
    try {
      await this.#writeCheckpoint(checkpoints, this.#log.created);
    } catch (error) {
      this.fail(`Cannot store a checkpoint: ${(error as Error).message}`);
    }
  }

  /** Leaves the cluster: the other nodes see it at once. Resolves when the node has ended. */
  async stop(): Promise<void> {
    if (this.#isLeaving || this.#ended) return this.#end();
    this.#isLeaving = true;
    if (this.#self !== undefined) {
      const left = Promise.withResolvers<void>();
      this.#author.addOwn({ op: "gone", node: this.#self.incarnation, last: Number.MAX_SAFE_INTEGER }, left.resolve);
      const timer = setTimeout(left.resolve, this.#times.leave);
      await left.promise;
      clearTimeout(timer);
      if (this.#self === undefined) await this.checkpoint();
    }
    const joining = this.#joining;
    this.#end();
    joining?.reject(new LogError("closed", "The node was stopped while it joined the cluster"));
  }

  /** Ends the node at once, as the process cannot go on. While it joins, `join` rejects with the sentence. */
  fail(sentence: string): void {
    if (this.#ended) return;
    const joining = this.#joining;
    this.#end();
    if (joining === undefined) this.#options.events.fatal?.(sentence);
    else joining.reject(new JoinError(sentence));
  }

  #view({ name, number, since, version }: LivingNode): NodeView {
    const isSelf = this.#self?.number === number;
    return { name, number, since, version, sessions: this.#options.replica.sessions(number), isSelf };
  }

  // ---- joining

  /** Tries to join. `again`: another node was faster; `replaced`: the state of this node is not that of the cluster. */
  async #attempt(checkpoint: Checkpoint | undefined): Promise<"joined" | "again" | "replaced"> {
    const { events } = this.#options;
    const replaced = Promise.withResolvers<"replaced">();
    this.#replaced = replaced;
    const attempt = ++this.#attempts;
    let wasConnected = true;
    const isCurrent = () => !this.#ended && attempt === this.#attempts;
    const log = await this.#options.open({
      batch: (sequence, bytes) => isCurrent() ? this.#batch(sequence, bytes) : undefined,
      status: ({ connected, reason }) => {
        if (isCurrent() && !connected && wasConnected) events.warn?.(`The connection to NATS is lost: ${reason}`);
        wasConnected = connected;
      },
      lost: (error) => isCurrent() ? this.fail(error.message) : undefined,
      trouble: (message) => events.warn?.(message),
    });
    if (this.#ended) {
      log.close();
      throw new LogError("closed", "The node was stopped while it joined the cluster");
    }
    this.#log = log;
    let asked: number | undefined;
    const start = await findState({
      log,
      checkpoint,
      isDurable: this.#options.checkpoints !== undefined,
      isPristine: this.#isPristine,
      restore: (head, records, origin) => {
        if (this.#isPristine && this.#options.hasOtherChat) throw new JoinError(OTHER_CHAT);
        if (origin === "peer") asked = this.#now();
        this.#isPristine = false;
        this.#checksums.clear();
        this.#applier.restore(head, records, origin);
      },
      warn: (message) => events.warn?.(message),
    }, this.#times);
    try {
      return await Promise.race([
        start.founds ? this.#found(log, start.after) : this.#enter(log, asked),
        replaced.promise,
      ]);
    } catch (error) {
      if (error instanceof LogError && (error.kind === "trimmed" || error.kind === "behind")) return "again";
      throw error;
    } finally {
      this.#replaced = undefined;
    }
  }

  /** Founds the cluster with the state of this node. */
  async #found(log: NodeLog, after: number): Promise<"joined" | "again"> {
    const nonce = crypto.randomUUID();
    this.#applier.found(after, nonce);
    // Should the node end before the next checkpoint, it knows by this one that it has founded the cluster.
    const { checkpoints } = this.#options;
    if (checkpoints !== undefined) await this.#writeCheckpoint(checkpoints, log.created);
    await log.start(after + 1);
    const greeting = this.#greet(nonce);
    const sequence = await log.appendAfter(after, this.#hello(nonce, true));
    if (sequence === undefined) return "again";
    return this.#joined(await greeting);
  }

  /**
   * Enters a cluster whose state was restored.
   *
   * @param asked When a peer has given the state, by the clock of this node: then the time of the log is that of living nodes.
   */
  async #enter(log: NodeLog, asked: number | undefined): Promise<"joined"> {
    // Its state may turn out to be void. So it says hello only when it has applied what there was.
    const reached = Promise.withResolvers<void>();
    this.#catchUp = { sequence: log.last, reached: reached.resolve };
    await log.start(this.#applier.sequence + 1);
    if (this.#applier.sequence < log.last) await reached.promise;
    this.#catchUp = undefined;
    if (asked !== undefined) requireClock(asked, this.#applier.now);
    return this.#joined(await this.#sayHello(log));
  }

  /** Says hello until this node takes part. @throws {JoinError} if the cluster rejects it. */
  async #sayHello(log: NodeLog): Promise<LivingNode> {
    const { membership } = this.#applier;
    const end = performance.now() + this.#times.name;
    let begin: number | undefined; // the sequence of the first hello that was rejected
    let silent: readonly LivingNode[] = [];
    this.#lease.reset();
    for (;;) {
      const nonce = crypto.randomUUID();
      const greeting = this.#greet(nonce);
      await log.append(this.#hello(nonce, false, silent));
      const result = await greeting;
      if (!("code" in result)) return result;
      // A node that seems to live may have been killed, such as this one before a restart. If all were, none declares them
      // gone. Each hello that comes back is as good as a beat: in the time of the log, a node was silent for the lease.
      begin ??= this.#applier.sequence;
      silent = this.#lease.beat(membership.nodes);
      const lives = membership.nodes.some(({ heard }) => heard > begin!);
      if ((lives && result.code !== "name") || performance.now() >= end) throw new JoinError(result.sentence);
      await new Promise((resolve) => setTimeout(resolve, 2 * this.#times.ask));
    }
  }

  /** Resolves to what becomes of a hello. */
  #greet(nonce: string): Promise<Greeting> {
    this.#greeting = { nonce, result: Promise.withResolvers() };
    return this.#greeting.result.promise;
  }

  #hello(nonce: string, founding: boolean, silent: readonly LivingNode[] = []): Uint8Array<ArrayBuffer> {
    const { name, version, settings } = this.#options;
    const departed = silent.map(({ incarnation, last }) => ({ node: incarnation, last }));
    const gone = departed.length > 0 ? departed : undefined;
    const command: LogCommand = { op: "hello", nonce, name, version, codec: this.#codec, settings, founding, gone };
    const head = { version: HELLO_VERSION, incarnation: 0, number: 1, time: this.#now() };
    return packBatches(head, [encodeCommand(command, HELLO_VERSION)])[0]!;
  }

  #joined(greeting: Greeting): "joined" {
    if ("code" in greeting) throw new JoinError(greeting.sentence);
    this.#log!.serve(SNAPSHOT_TOPIC, () => this.#serveSnapshot());
    if (this.#times.beat > 0) this.#beatTimer = setInterval(() => this.beat(), this.#times.beat);
    if (this.#times.checkpoint > 0) {
      this.#checkpointTimer = setInterval(() => void this.checkpoint(), this.#times.checkpoint);
    }
    void this.checkpoint();
    return "joined";
  }

  // ---- snapshots

  async *#serveSnapshot(): AsyncGenerator<Uint8Array, void, void> {
    if (this.#self === undefined) throw new Error("it does not take part in the cluster now");
    yield* await this.#snapshot(this.#log!.created);
  }

  #snapshot(created: string): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#alone(() => packSnapshot(this.#applier.head(created), this.#options.replica.snapshot("peer")));
  }

  async #writeCheckpoint(checkpoints: CheckpointStore, created: string): Promise<void> {
    await this.#alone(async () => {
      const { replica } = this.#options;
      const head = this.#applier.head(created, this.#applier.founding);
      const position = positionOf(head.sequence);
      replica.settle(position);
      const writer = checkpoints.begin();
      let records: Json[] = [];
      await inSlices(replica.snapshot("checkpoint"), (record) => {
        if (records.push(record as Json) < RECORDS_TOGETHER) return;
        writer.write(records);
        records = [];
      });
      writer.write(records);
      if (!writer.finish({ ...writeHead(head), position } as unknown as CheckpointHead)) {
        this.#options.events.warn?.("A checkpoint was not stored, as the file lacks what was applied before");
      }
    });
  }

  /** Works while no batch is applied. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exclusive = promise;
    try {
      return await work();
    } finally {
      this.#exclusive = undefined;
      resolve();
    }
  }

  // ---- applying

  async #batch(sequence: number, bytes: Uint8Array): Promise<void> {
    try {
      await this.#alone(() => this.#applier.apply(sequence, bytes));
    } catch (error) {
      this.fail(sentenceOf(error, sequence));
    }
    this.#lastApplied = performance.now();
    if (this.#catchUp !== undefined && sequence >= this.#catchUp.sequence) this.#catchUp.reached();
  }

  #applierEvents(): ApplierEvents<Own> {
    const { events } = this.#options;
    return {
      entries: (head) => this.#author.entriesOf(head),
      hello: ({ nonce }, result) => {
        if (this.#greeting?.nonce !== nonce || result === undefined) return;
        const { resolve } = this.#greeting.result;
        this.#greeting = undefined;
        if (!("code" in result)) this.#begin(result);
        resolve(result);
      },
      replaced: () => {
        if (this.#replaced !== undefined) return this.#replaced.resolve("replaced");
        this.fail("Another node has founded the cluster anew. This node has to start again to get its state.");
      },
      heard: (node, time) => {
        this.#lease.heard(node.incarnation);
        this.#checkClock(node, time);
      },
      beat: (node, checksum) => this.#applyBeat(node, checksum),
      checksum: ({ incarnation }, checksum) => {
        this.#checksums.remember(checksum);
        if (incarnation === this.#self?.incarnation) this.#ownChecksum = checksum;
      },
      gone: (node) => {
        this.#lease.gone(node.incarnation);
        this.#early.delete(node.incarnation);
        this.#declared.delete(node.incarnation);
        if (node.incarnation === this.#self?.incarnation) this.#lost();
      },
      ignored: (sequence, { why }) => {
        events.warn?.(`Message ${sequence} of the log is not from tincan, and is ignored: ${why}`);
      },
      failed: ({ op }, error) => {
        const text = error instanceof Error ? error.stack ?? error.message : String(error);
        events.warn?.(`A bug: applying the command "${op}" has failed: ${text}`);
      },
    };
  }

  /** This node takes part from now on. */
  #begin(self: LivingNode): void {
    this.#self = self;
    this.#author.begin();
    this.#ownChecksum = undefined;
    this.#lease.reset();
    this.#declared.clear();
    this.#options.events.joined?.(self.number);
  }

  /** This node was declared gone, or has left. */
  #lost(): void {
    this.#self = undefined;
    if (this.#isLeaving) return;
    this.#options.events.expelled?.();
    this.#author.rejectAll();
    this.#author.wake();
  }

  #applyBeat(node: LivingNode, checksum: Checksum | undefined): void {
    const { membership } = this.#applier;
    const isSelf = node.incarnation === this.#self?.incarnation;
    if (isSelf) {
      const others = membership.nodes.filter(({ incarnation }) => incarnation !== node.incarnation);
      for (const { incarnation, last } of this.#lease.beat(others)) this.#declareGone(incarnation, last);
    } else if (checksum !== undefined) this.#compare(node, checksum);
  }

  /** Warns once of a node whose clock is far ahead. It may be that of this one that is wrong. */
  #checkClock({ incarnation, name }: LivingNode, time: number): void {
    const ahead = time - this.#now();
    if (ahead <= CLOCK_AHEAD_MAX || this.#self === undefined || this.#early.has(incarnation)) return;
    this.#early.add(incarnation);
    const seconds = Math.round(ahead / 1000);
    this.#options.events.warn?.(`The clock of the node ${name} is ${seconds} seconds ahead of that of this node.`);
  }

  #declareGone(node: number, last: number): void {
    if (this.#declared.has(node) || this.#isLeaving) return;
    this.#declared.add(node);
    this.#author.addOwn({ op: "gone", node, last }, () => this.#declared.delete(node));
  }

  /** Compares a checksum with that of this node. The node on duty is right, so that one node at least goes on. */
  #compare(node: LivingNode, checksum: Checksum): void {
    const own = this.#checksums.differing(checksum);
    if (own === undefined) return;
    const what =
      `after batch ${checksum.sequence} the checksum of its state is ${checksum.value}, and here it is ${own}`;
    if (this.#applier.membership.onDuty?.incarnation !== node.incarnation) {
      return this.#options.events.warn?.(`The node ${node.name} has another state: ${what}.`);
    }
    this.#options.checkpoints?.clear();
    this.fail(`A bug: this node has another state than the node ${node.name}: ${what}. It has to start again.`);
  }

  // ---- appending

  #add(entry: Entry<Own>): void {
    if (this.#self === undefined || this.#isLeaving || this.#ended) throw new ChatError("cluster-busy", "");
    this.#author.add(entry);
  }

  #authorHost(): AuthorHost {
    return {
      state: () => {
        if (this.#ended) return undefined;
        return { incarnation: this.#self?.incarnation ?? 0, version: this.codec, time: this.#now() };
      },
      append: (bytes) => this.#log!.append(bytes),
      rejoin: async () => {
        if (this.#isLeaving) return false;
        await this.#sayHello(this.#log!);
        return true;
      },
      failed: (error) => {
        const isSentence = error instanceof JoinError || error instanceof LogError;
        this.fail(isSentence ? error.message : `Cannot append to the log: ${error.message}`);
      },
    };
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#self = undefined;
    clearInterval(this.#beatTimer);
    clearInterval(this.#checkpointTimer);
    this.#log?.close();
    this.#author.rejectAll();
    this.#greeting?.result.promise.catch(() => {});
    this.#greeting?.result.reject(new LogError("closed", "The node has ended"));
  }
}

/** @throws {JoinError} if the clock of this node is so far ahead of that of the cluster that it would move the time of the log. */
function requireClock(own: number, others: number): void {
  const ahead = own - others;
  if (ahead <= CLOCK_AHEAD_MAX) return;
  const difference = `the clock of this machine is ${Math.round(ahead / 1000)} seconds ahead of those of its nodes`;
  throw new JoinError(`Cannot join the cluster: ${difference}. Set it right first.`);
}

/** Why a batch could not be applied, for the operator. */
function sentenceOf(error: unknown, sequence: number): string {
  if (error instanceof StoreLost) return `${error.message}.`;
  if (!(error instanceof DecodeError)) return `Cannot apply batch ${sequence} of the log: ${(error as Error).message}`;
  const isNewer = error.code === "newer-version" || error.code === "unknown-code";
  const help = isNewer ? " A newer tincan has written it: update tincan on this node." : "";
  return `Cannot read batch ${sequence} of the log: ${error.why}.${help}`;
}
