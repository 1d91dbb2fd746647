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
