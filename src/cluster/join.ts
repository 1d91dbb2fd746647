/**
 * How a node that joins gets the state of the cluster: from its own checkpoint, from a peer, or by founding the cluster.
 *
 * A node founds a cluster only if the log is empty, or no node lives and none can have a state that the log continues from.
 */
import type { CheckpointStore } from "../chat/checkpoint_store.ts";
import { ASK_INTERVAL, SNAPSHOT_TIMEOUT, WATCH_TIME } from "./cluster_limits.ts";
import { ANSWER_MAX } from "./log_limits.ts";
import { PeerError } from "./peer_requests.ts";
import type { Origin } from "./replica.ts";
import { readHead, readSnapshot, type SnapshotHead } from "./snapshot.ts";

/** The topic on which nodes ask each other for snapshots. */
export const SNAPSHOT_TOPIC = "snap";

/** If the log takes longer than this to answer, its nodes may have been cut off from it, too; in milliseconds. */
const PROMPT = 1000;

/** A checkpoint as it is stored. */
export type Checkpoint = NonNullable<ReturnType<CheckpointStore["load"]>>;

/** The log, for a node that joins. */
export interface JoinLog {
  readonly created: string;
  readonly first: number;
  readonly last: number;
  range(): Promise<{ first: number; last: number }>;
  ask(topic: string, question: Uint8Array<ArrayBuffer>): AsyncIterable<Uint8Array>;
}

/** What a node that joins has, and can do. */
export interface JoinHost {
  readonly log: JoinLog;
  readonly checkpoint: Checkpoint | undefined;
  /** Whether the node keeps its state in a file. */
  readonly isDurable: boolean;
  /** Whether the state is as it was at the start. */
  readonly isPristine: boolean;
  restore(head: SnapshotHead, records: Iterable<unknown>, origin: Origin): void;
  /** Tells the operator. */
  warn(message: string): void;
}

/** How long the steps take, in milliseconds. */
export interface JoinTimes {
  readonly watch: number;
  readonly snapshot: number;
  readonly ask: number;
}

export const JOIN_TIMES: JoinTimes = { watch: WATCH_TIME, snapshot: SNAPSHOT_TIMEOUT, ask: ASK_INTERVAL };

/** How a node goes on: with a state that was restored, or with its own as the first one. */
export type Start = { readonly founds: false } | { readonly founds: true; readonly after: number };

/** A node cannot join. Its message is a sentence for the operator. */
export class JoinError extends Error {
  override name = "JoinError";
}

/**
 * Gets the state of the cluster.
 *
 * @throws {JoinError} if there is none that this node can have.
 */
export async function findState(host: JoinHost, times: JoinTimes): Promise<Start> {
  const { log, checkpoint } = host;
  const head = checkpoint?.head;
  const isContinued = head !== undefined && head.created === log.created && head.sequence + 1 >= log.first &&
    head.sequence <= log.last;
  if (isContinued && restoreCheckpoint(host, checkpoint!)) return { founds: false };
  if (log.last === 0) {
    requirePristine(host);
    if (checkpoint !== undefined) {
      host.warn("The log of the cluster is new, and the old one is gone. This node founds the cluster with its state.");
    }
    return { founds: true, after: 0 };
  }
  const last = await askWhileNodesLive(host, times);
  if (last === undefined) return { founds: false };
  const isLost = head !== undefined && head.created === log.created && !isContinued;
  if (host.isDurable && !isLost) {
    throw new JoinError(
      "Cannot join the cluster: no node answers, and this node has no state of it. Start a node that was in it first.",
    );
  }
  requirePristine(host);
  host.warn(
    isLost
      ? "The log of the cluster does not continue the state of this node, and no node answers. This node founds the cluster anew with its state."
      : "No node of the cluster answers. This node founds the cluster anew: it has no state of it.",
  );
  return { founds: true, after: last };
}

/** Returns whether it could be read. */
function restoreCheckpoint(host: JoinHost, { head, records }: Checkpoint): boolean {
  try {
    host.restore(readHead(head), records(), "checkpoint");
    return true;
  } catch (error) {
    host.warn(`Cannot use the checkpoint of this node: ${(error as Error).message}`);
    return false;
  }
}

/**
 * Asks peers until one has answered: then the state is restored. Returns the last sequence of the log if no node lives.
 *
 * @throws {JoinError} if nodes live, and do not answer.
 */
async function askWhileNodesLive(host: JoinHost, times: JoinTimes): Promise<number | undefined> {
  const { log } = host;
  const begin = performance.now();
  let { last } = log;
  let watch = begin; // since when the log was watched without a break
  let lives = false;
  for (;;) {
    const asked = await ask(log);
    const before = performance.now();
    const range = await log.range();
    const now = performance.now();
    if (now - before > PROMPT) watch = now;
    if (range.last > last) lives = true;
    last = range.last;
    if (asked !== undefined) {
      const { created, sequence } = asked.head;
      if (created === log.created && sequence + 1 >= range.first && sequence <= range.last) {
        host.restore(asked.head, asked.records, "peer");
        return undefined;
      }
    }
    if (!lives && now - watch >= times.watch) return last;
    if (lives && now - begin >= times.snapshot) {
      throw new JoinError("Cannot join the cluster: it has nodes, and none of them gives this one the state.");
    }
    await new Promise<void>((resolve) => setTimeout(resolve, times.ask));
  }
}

/** Asks a peer for a snapshot; `undefined` if none answers completely. */
async function ask(log: JoinLog): Promise<ReturnType<typeof readSnapshot> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of log.ask(SNAPSHOT_TOPIC, new Uint8Array())) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ANSWER_MAX) return undefined;
    }
    return readSnapshot(chunks);
  } catch (error) {
    if (error instanceof PeerError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function requirePristine(host: JoinHost): void {
  if (host.isPristine) return;
  throw new JoinError("Cannot join the cluster: no node answers any more. Start this node again.");
}
