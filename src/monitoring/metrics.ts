/**
 * What the server counts, in Prometheus' text format (version 0.0.4), each with its HELP and TYPE.
 */

/** One metric. */
export interface Metric {
  /** With the unit and `_total` as Prometheus' conventions have it. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Values by labels as they are written, `{door="irc"}`; by "" where there are none. */
  readonly values: () => Iterable<readonly [labels: string, value: number]>;
}

/** How many of something were at most so large. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds In ascending order; what is over the last one counts as well. */
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

  /** Its lines. */
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

/** The lines of a metric. */
export function render({ name, type, help, values }: Metric): string {
  const lines = [...values()].map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** A label as it is written: `{reason="too slow to read"}`. */
export function label(name: string, value: string): string {
  return `{${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"}`;
}

/** What the server knows of itself when it is asked. */
export interface Snapshot {
  /** Connections that are open, by door. */
  readonly connections: ReadonlyMap<string, number>;
  /** Connections that ended, by reason. */
  readonly disconnects: ReadonlyMap<string, number>;
  readonly members: number;
  readonly rooms: number;
  /** Names that are owned. */
  readonly accounts: number;
  /** Passwords that were said, by what came of it. */
  readonly passwords: Readonly<Record<string, number>>;
  /** Connections and requests that were refused, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** Unregistered connections that were ended to let others in, by the limit that was reached. */
  readonly evicted: ReadonlyMap<string, number>;
  /** What was denied to who said or chose a password, but for a wrong one: by code. */
  readonly denied: ReadonlyMap<string, number>;
  /** What members were refused as they may not do it, or did it too often, by code. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Lines that the history has kept, and those that it could not. */
  readonly kept: number;
  readonly lost: number;
  /** Lines and bytes that went through. */
  readonly traffic: { readonly linesIn: number; readonly linesOut: number; readonly bytesOut: number };
  /** Bytes that wait for clients. */
  readonly queued: number;
  /** How long rounds of writing took, in seconds. */
  readonly rounds: Histogram;
  /** How late the event loop was, in seconds. */
  readonly delay: number;
  /** In bytes. */
  readonly memory: { readonly rss: number; readonly heapUsed: number };
}

/** All that the server tells of itself. */
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
      help: "Connections that are open, by door.",
      values: () => [...now.connections].map(([door, count]) => [label("door", door), count]),
    }),
    render({
      name: "tincan_disconnects_total",
      type: "counter",
      help: "Connections that ended, by reason.",
      values: () => [...now.disconnects].map(([reason, count]) => [label("reason", reason), count]),
    }),
    render({
      name: "tincan_refused_total",
      type: "counter",
      help: "Connections that were not let in, and requests that were refused, by reason.",
      values: () => [...now.refused].map(([reason, count]) => [label("reason", reason), count]),
    }),
    render({
      name: "tincan_evicted_total",
      type: "counter",
      help: "Unregistered connections that were ended to let others in, by the limit that was reached.",
      values: () => [...now.evicted].map(([reason, count]) => [label("reason", reason), count]),
    }),
    render({
      name: "tincan_refusals_total",
      type: "counter",
      help: "What people in the chat were not allowed, or did too often, by code.",
      values: () => [...now.refusals].map(([code, count]) => [label("code", code), count]),
    }),
    gauge("tincan_members", "People in the chat.", now.members),
    gauge("tincan_rooms", "Rooms there are.", now.rooms),
    gauge("tincan_accounts", "Names that are somebody's own.", now.accounts),
    render({
      name: "tincan_passwords_total",
      type: "counter",
      help: "Passwords that were said, by what came of it.",
      values: () => Object.entries(now.passwords).map(([result, count]) => [label("result", result), count]),
    }),
    render({
      name: "tincan_denials_total",
      type: "counter",
      help: "Passwords that there was no time or no room for, or too many of, by code.",
      values: () => [...now.denied].map(([code, count]) => [label("code", code), count]),
    }),
    counter("tincan_messages_kept_total", "Lines that were written to --data.", now.kept),
    counter("tincan_messages_refused_total", "Lines that could not be, so that nobody got them.", now.lost),
    counter("tincan_messages_received_total", "Lines from clients.", traffic.linesIn),
    counter("tincan_deliveries_total", "Lines queued for clients.", traffic.linesOut),
    counter("tincan_sent_bytes_total", "Bytes queued for clients.", traffic.bytesOut),
    gauge("tincan_outbox_bytes", "Bytes that wait for clients, what queueing costs included.", now.queued),
    gauge("tincan_event_loop_delay_seconds", "How late the event loop was when last measured.", now.delay),
    gauge("process_resident_memory_bytes", "Resident memory.", memory.rss),
    gauge("tincan_heap_bytes", "JavaScript heap in use.", memory.heapUsed),
    rounds.render("tincan_flush_duration_seconds", "How long it took to write all that was to be written in one go."),
  ].join("");
}
