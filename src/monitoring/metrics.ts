/**
 * Renders metrics in the Prometheus text format, version 0.0.4.
 */

/** One metric. */
export interface Metric {
  /** The name, with unit and `_total` by the conventions of Prometheus. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Returns the values by rendered labels, `{door="irc"}`, or "" for a metric without labels. */
  readonly values: () => Iterable<readonly [labels: string, value: number]>;
}

/** Counts observed values by upper bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds The upper bounds, inclusive, in ascending order; `+Inf` is added. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    this.#sum += value;
    let i = 0;
    while (i < this.#bounds.length && value > this.#bounds[i]!) i++;
    this.#counts[i]!++;
  }

  /** Renders the histogram. */
  render(name: string, help: string): string {
    let total = 0;
    const buckets = this.#counts.map((count, i) => {
      total += count;
      return `${name}_bucket{le="${this.#bounds[i] ?? "+Inf"}"} ${total}\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${
      buckets.join("")
    }${name}_sum ${this.#sum}\n${name}_count ${total}\n`;
  }
}

/** Renders a metric with its `HELP` and `TYPE`. */
export function render({ name, type, help, values }: Metric): string {
  const lines = [...values()].map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** Renders a label: `{reason="too slow to read"}`. */
export function label(name: string, value: string): string {
  return `{${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"}`;
}

/** The figures of the server at one moment. */
export interface Snapshot {
  /** Open connections, by listener. */
  readonly connections: ReadonlyMap<string, number>;
  /** Ended connections, by reason. */
  readonly disconnects: ReadonlyMap<string, number>;
  readonly members: number;
  /** Members without a session. */
  readonly absent: number;
  readonly rooms: number;
  /** Registered nicknames. */
  readonly accounts: number;
  /** Checked passwords, by result. */
  readonly logins: Readonly<Record<string, number>>;
  /** Rejected connections and HTTP requests, by reason. */
  readonly rejectedConnections: ReadonlyMap<string, number>;
  /** Unregistered connections that were evicted for others, by the limit that was reached. */
  readonly evicted: ReadonlyMap<string, number>;
  /** Logins and account changes that were rejected for another reason than a wrong password, by code. */
  readonly rejectedLogins: ReadonlyMap<string, number>;
  /** Requests of members that were rejected for want of permission or for coming too often, by code. */
  readonly rejectedRequests: ReadonlyMap<string, number>;
  /** Messages that were stored, and those that could not be. */
  readonly stored: number;
  readonly unstored: number;
  /** Lines received, lines sent, bytes sent. */
  readonly traffic: { readonly linesIn: number; readonly linesOut: number; readonly bytesOut: number };
  /** Bytes in the outboxes of all clients. */
  readonly queued: number;
  /** The duration of rounds of writes, in seconds. */
  readonly rounds: Histogram;
  /** The delay of the event loop when it was last measured, in seconds. */
  readonly delay: number;
  /** In bytes. */
  readonly memory: { readonly rss: number; readonly heapUsed: number };
}

/** Renders all metrics of the server. */
export function renderAll(now: Snapshot): string {
  const gauge = (name: string, help: string, value: number) => {
    return render({ name, type: "gauge", help, values: () => [["", value]] });
  };
  const counter = (name: string, help: string, value: number) => {
    return render({ name, type: "counter", help, values: () => [["", value]] });
  };
  const { traffic, memory, rounds } = now;
  return [
    render({
      name: "tincan_connections",
      type: "gauge",
      help: "Open connections, by listener.",
      values: () => [...now.connections].map(([door, count]) => [label("door", door), count]),
    }),
    render({
      name: "tincan_disconnects_total",
      type: "counter",
      help: "Ended connections, by reason.",
      values: () => [...now.disconnects].map(([reason, count]) => [label("reason", reason), count]),
    }),
    render({
      name: "tincan_refused_total",
      type: "counter",
      help: "Rejected connections and HTTP requests, by reason.",
      values: () => [...now.rejectedConnections].map(([reason, count]) => [label("reason", reason), count]),
    }),
    render({
      name: "tincan_evicted_total",
      type: "counter",
      help: "Unregistered connections that were evicted for new ones, by the limit that was reached.",
      values: () => [...now.evicted].map(([reason, count]) => [label("reason", reason), count]),
    }),
    render({
      name: "tincan_refusals_total",
      type: "counter",
      help: "Requests in the chat that were not allowed or came too often, by code.",
      values: () => [...now.rejectedRequests].map(([code, count]) => [label("code", code), count]),
    }),
    gauge("tincan_members", "Members of the chat.", now.members),
    gauge("tincan_absent_members", "Members that are always on and not connected now.", now.absent),
    gauge("tincan_rooms", "Rooms.", now.rooms),
    gauge("tincan_accounts", "Registered nicknames.", now.accounts),
    render({
      name: "tincan_passwords_total",
      type: "counter",
      help: "Checked passwords, by result.",
      values: () => Object.entries(now.logins).map(([result, count]) => [label("result", result), count]),
    }),
    render({
      name: "tincan_denials_total",
      type: "counter",
      help: "Logins and account changes rejected by a limit, by code.",
      values: () => [...now.rejectedLogins].map(([code, count]) => [label("code", code), count]),
    }),
    counter("tincan_messages_kept_total", "Messages stored.", now.stored),
    counter("tincan_messages_refused_total", "Messages that could not be stored and were not delivered.", now.unstored),
    counter("tincan_messages_received_total", "Lines received from clients.", traffic.linesIn),
    counter("tincan_deliveries_total", "Lines queued for clients.", traffic.linesOut),
    counter("tincan_sent_bytes_total", "Bytes queued for clients.", traffic.bytesOut),
    gauge("tincan_outbox_bytes", "Bytes queued for clients now, with the overhead of queueing.", now.queued),
    gauge("tincan_event_loop_delay_seconds", "Delay of the event loop when last measured.", now.delay),
    gauge("process_resident_memory_bytes", "Resident memory.", memory.rss),
    gauge("tincan_heap_bytes", "JavaScript heap in use.", memory.heapUsed),
    rounds.render("tincan_flush_duration_seconds", "Duration of a round of writes."),
  ].join("");
}
