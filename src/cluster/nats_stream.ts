/** The stream that stores the log: creates it, or checks that its settings are right. Runs in the worker. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig, type StreamInfo } from "@nats-io/jetstream";
import { LogError } from "./log_error.ts";
import { BATCH_MAX, HEADERS_MAX, OPEN_TIMEOUT } from "./log_limits.ts";
import type { OpenOrder } from "./log_messages.ts";
import type { NatsClient } from "./nats_client.ts";
import { isUnanswered, JETSTREAM_ERROR, jetstreamCode } from "./nats_errors.ts";
import { formatServers } from "./log_servers.ts";

/** The header of a batch with its sender and number: `nonce:number`. */
export const APPEND_HEADER = "Tincan";

/** How long the stream keeps a batch, in nanoseconds: 24 hours. */
const AGE_MAX = 24 * 60 * 60 * 1e9;

/** How many bytes the stream keeps. */
const BYTES_MAX = 1024 ** 3;

/** How long to wait before a request is repeated that JetStream could not carry out yet, in milliseconds. */
const RETRY_DELAY = 200;

/** Errors of JetStream that pass: servers of a cluster have not found each other yet, or have no leader. */
const PASSING: ReadonlySet<number> = new Set([
  JETSTREAM_ERROR.noPeers,
  JETSTREAM_ERROR.unavailable,
  JETSTREAM_ERROR.streamOffline,
]);

/** The names of a cluster in NATS. */
export interface Names {
  readonly stream: string;
  /** The subject that batches are published on. */
  readonly log: string;
  /** The subject on which the stream repeats each stored batch. */
  readonly out: string;
  /** The subject on which peers answer questions on a topic. */
  readonly topic: (topic: string) => string;
}

/** The names of a cluster. */
export function namesOf(cluster: string): Names {
  const subject = `tincan.${cluster}`;
  return {
    stream: `TINCAN_${cluster}`,
    log: `${subject}.log`,
    out: `${subject}.out`,
    topic: (topic) => `${subject}.${topic}`,
  };
}

/** The position of the stream. */
export interface StreamState {
  /** The first sequence that is stored; that of the next batch if none is. */
  readonly first: number;
  /** The last sequence that was given out, or 0. */
  readonly last: number;
  /** When the stream was created, which tells it from another of the same name. */
  readonly created: string;
}

function stateOf({ state, created }: StreamInfo): StreamState {
  const first = state.messages === 0 ? state.last_seq + 1 : state.first_seq;
  return { first, last: state.last_seq, created };
}

/**
 * Asks JetStream for the state of the stream.
 *
 * @throws {Error} if the stream has no leader now: the server that answers then may lack the newest batches.
 */
export async function readState(client: NatsClient, stream: string): Promise<StreamState> {
  const info = await client.manager.streams.info(stream);
  if (info.cluster !== undefined && !info.cluster.leader) throw new Error("the stream has no leader");
  return stateOf(info);
}

/** The settings that the stream must have. */
function settingsOf({ stream, log, out }: Names, replicas: number) {
  return {
    name: stream,
    subjects: [log],
    storage: StorageType.File,
    num_replicas: replicas,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: AGE_MAX,
    max_bytes: BYTES_MAX,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: BATCH_MAX + HEADERS_MAX,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
    republish: { src: log, dest: out },
  } satisfies Partial<StreamConfig>;
}

/** Settings that make a stream another thing, and must not be there. */
const FORBIDDEN = ["mirror", "sources", "sealed", "no_ack", "subject_transform"] as const;

/** Why a stream cannot be the log; `undefined` if it can. */
export function objection(found: Partial<StreamConfig>, names: Names, replicas: number): string | undefined {
  for (const [name, wanted] of Object.entries(settingsOf(names, replicas))) {
    const value = (found as Record<string, unknown>)[name];
    if (same(value, wanted)) continue;
    return `its ${name} is ${JSON.stringify(value) ?? "not set"}, and must be ${JSON.stringify(wanted)}`;
  }
  const extra = FORBIDDEN.find((name) => !same(found[name] || undefined, undefined));
  return extra === undefined ? undefined : `it must not have ${extra}`;
}

/** Whether two settings are equal; objects may have more fields than wanted if those are not set. */
function same(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  if (typeof value !== "object" || value === null) return false;
  const keys = new Set([...Object.keys(value), ...Object.keys(wanted)]);
  return [...keys].every((key) =>
    same((value as Record<string, unknown>)[key] || undefined, (wanted as Record<string, unknown>)[key] || undefined)
  );
}

function otherReplicas(stream: string, stored: number, wanted: number): string {
  const replicas = stored === 1 ? "1 replica" : `${stored} replicas`;
  return `Cannot use the stream ${stream}: it has ${replicas}, and --cluster-replicas is ${wanted}. Use the same on all nodes.`;
}

/**
 * Creates the stream if it is missing, and checks its settings if it is there.
 *
 * @throws {LogError} if it cannot be used.
 */
export async function openStream(client: NatsClient, order: OpenOrder): Promise<StreamState> {
  const names = namesOf(order.cluster);
  const end = performance.now() + OPEN_TIMEOUT;
  for (;;) {
    try {
      const info = await findOrCreate(client, names, order.replicas);
      const why = objection(info.config, names, order.replicas);
      if (why !== undefined) {
        const { num_replicas: stored } = info.config;
        const isForReplicas = stored !== order.replicas && objection(info.config, names, stored) === undefined;
        if (isForReplicas) throw new LogError("stream", otherReplicas(names.stream, stored, order.replicas));
        const hint = "Delete the stream, or choose another name for the cluster.";
        throw new LogError("stream", `Cannot use the stream ${names.stream}: ${why}. ${hint}`);
      }
      return stateOf(info);
    } catch (error) {
      if (error instanceof LogError) throw error;
      const passes = PASSING.has(jetstreamCode(error)) || (error as Error).name === "TimeoutError" || !client.connected;
      if (passes && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
        continue;
      }
      const where = `Cannot use NATS at ${formatServers(order)}`;
      const isOff = isUnanswered(error) || jetstreamCode(error) === JETSTREAM_ERROR.notEnabled;
      if (isOff) throw new LogError("stream", `${where}: ${client.reasonOf(error)}`);
      throw new LogError("stream", `Cannot use the stream ${names.stream}: ${client.reasonOf(error)}`);
    }
  }
}

async function findOrCreate(client: NatsClient, names: Names, replicas: number): Promise<StreamInfo> {
  try {
    return await client.manager.streams.info(names.stream);
  } catch (error) {
    if (jetstreamCode(error) !== JETSTREAM_ERROR.streamMissing) throw error;
  }
  try {
    return await client.manager.streams.add(settingsOf(names, replicas));
  } catch (error) {
    // Another node was faster.
    if (jetstreamCode(error) !== JETSTREAM_ERROR.streamExists) throw error;
    return await client.manager.streams.info(names.stream);
  }
}
