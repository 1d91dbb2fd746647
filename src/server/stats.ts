/**
 * Collects the server's figures: `/metrics` for Prometheus, and sentences for server operators.
 */
import type { AuthService } from "../accounts/auth.ts";
import type { Chat } from "../chat/chat.ts";
import type { ClusterView } from "../chat/cluster_view.ts";
import type { Bans } from "../moderation/bans.ts";
import { renderCluster } from "../monitoring/cluster_metrics.ts";
import { Histogram, renderAll } from "../monitoring/metrics.ts";
import type { Traffic } from "../transport/line_connection.ts";
import { formatDuration } from "../util/duration.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import type { Connections } from "./connections.ts";
import type { RejectionLog } from "./rejection_log.ts";
import { counted } from "../util/counted.ts";

/** Upper bounds of the histogram of round durations, in seconds. */
const ROUND_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** How often the delay of the event loop is measured, in milliseconds. */
const DELAY_INTERVAL = 500;

/** The parts of the server that figures come from. */
export interface StatsSources {
  readonly chat: Pick<Chat, "members" | "alwaysOn" | "rooms" | "linesStored" | "linesLost" | "cluster">;
  readonly bans: Bans;
  readonly auth: AuthService;
  readonly limits: ConnectionLimits;
  readonly connections: Connections;
  readonly rejections: RejectionLog;
  readonly traffic: Traffic;
}

/** The figures of a server since its start. */
export class Stats {
  readonly #sources: StatsSources;
  readonly #since = performance.now();
  readonly #rounds = new Histogram(ROUND_BOUNDS);
  #delay = 0; // of the event loop when it was last measured, in seconds
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(sources: StatsSources) {
    this.#sources = sources;
  }

  /** Records how long a round of writes took, in milliseconds. */
  recordRound(milliseconds: number): void {
    this.#rounds.observe(milliseconds / 1000);
  }

  /** Measures the delay of the event loop from now on, until `stop`. */
  measureDelay(): void {
    let expected = performance.now() + DELAY_INTERVAL;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#delay = Math.max(0, now - expected) / 1000;
      expected = now + DELAY_INTERVAL;
    }, DELAY_INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Returns the figures for server operators, a sentence each. */
  sentences(): string[] {
    const { chat, bans, connections, traffic: { linesIn, linesOut, bytesOut } } = this.#sources;
    const uptime = formatDuration(performance.now() - this.#since);
    const [users, rooms] = [counted(chat.members.size, "user"), counted(chat.rooms.size, "room")];
    const absent = chat.alwaysOn.absent.size === 0 ? "" : ` (${chat.alwaysOn.absent.size} not connected)`;
    return [
      `Up for ${uptime}, with ${users}${absent} on ${counted(connections.size, "connection")} in ${rooms}.`,
      `${counted(linesIn, "line")} received, ${linesOut} sent (${megabytes(bytesOut)}); ` +
      `${chat.linesStored} stored, ${chat.linesLost} could not be stored.`,
      `${megabytes(Deno.memoryUsage().rss)} of memory in use. ${counted(bans.all.length, "ban")}.`,
      ...chat.cluster === undefined ? [] : clusterSentences(chat.cluster),
    ];
  }

  /**
   * Returns the body of `/metrics`.
   *
   * @param listeners The names of all listeners: those without connections count 0.
   */
  metrics(listeners: readonly string[]): string {
    const { chat, auth, limits, connections, rejections, traffic } = this.#sources;
    const open = new Map(listeners.map((name) => [name, 0]));
    let queued = 0;
    for (const [connection, { handler }] of connections) {
      open.set(handler.name, (open.get(handler.name) ?? 0) + 1);
      queued += connection.queued;
    }
    const all = renderAll({
      connections: open,
      disconnects: connections.ended,
      members: chat.members.size,
      absent: chat.alwaysOn.absent.size,
      rooms: chat.rooms.size,
      accounts: auth.size,
      logins: auth.throttle.counts,
      rejectedLogins: auth.rejected,
      rejectedConnections: limits.rejected,
      evicted: limits.evicted,
      rejectedRequests: rejections.counts,
      stored: chat.linesStored,
      unstored: chat.linesLost,
      traffic,
      queued,
      rounds: this.#rounds,
      delay: this.#delay,
      memory: Deno.memoryUsage(),
    });
    const { cluster } = chat;
    if (cluster === undefined) return all;
    return all + renderCluster({ ...cluster.figures, nodes: cluster.nodes.length, isHealthy: cluster.health === "ok" });
  }
}

/** The state of a cluster, and the work of this node on its log. */
function clusterSentences({ name, health, nodes, figures }: ClusterView): string[] {
  const self = nodes.find(({ isSelf }) => isSelf);
  const state = health === "ok" ? "" : ` It cannot take commands: ${health}.`;
  const { sequence, commands, appended, appendTime, slowestAppend, waiting, silence, resent, filled } = figures;
  return [
    `Node ${self?.name ?? "without a name yet"} of the cluster ${name}, which has ${
      counted(nodes.length, "node")
    }.${state}`,
    `The log is at ${sequence}, ${formatSeconds(silence)} ago; ${counted(commands, "command")} applied, ` +
    `${counted(appended, "batch", "batches")} appended, the last in ${
      Math.round(appendTime)
    } ms and the slowest of the ` +
    `last minute in ${Math.round(slowestAppend)} ms; ${waiting} waiting, ${resent} sent again, ${filled} fetched.`,
  ];
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
