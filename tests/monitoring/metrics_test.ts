import { assertEquals } from "@std/assert";
import { Histogram, label, render, renderAll, type Snapshot } from "../../src/monitoring/metrics.ts";

Deno.test("metrics: a metric is rendered with its help, its type, and a line for each value", () => {
  const values = () => [[label("door", "irc"), 2], [label("door", "web"), 0.5]] as const;
  const text = render({ name: "tincan_x", type: "gauge", help: "So many.", values });
  assertEquals(
    text,
    '# HELP tincan_x So many.\n# TYPE tincan_x gauge\ntincan_x{door="irc"} 2\ntincan_x{door="web"} 0.5\n',
  );
});

Deno.test("metrics: special characters in a label are escaped", () => {
  assertEquals(label("reason", 'a "b" \\ c\nd'), '{reason="a \\"b\\" \\\\ c\\nd"}');
});

Deno.test("metrics: a histogram counts values up to each bound, inclusive, and all values", () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0.5, 1, 1.5, 3]) histogram.observe(value);
  assertEquals(histogram.render("h", "Help.").split("\n"), [
    "# HELP h Help.",
    "# TYPE h histogram",
    'h_bucket{le="1"} 2',
    'h_bucket{le="2"} 3',
    'h_bucket{le="+Inf"} 4',
    "h_sum 6",
    "h_count 4",
    "",
  ]);
});

Deno.test("metrics: all figures of the server are rendered", () => {
  const now: Snapshot = {
    connections: new Map([["text", 1]]),
    disconnects: new Map([["quit", 2]]),
    rejectedConnections: new Map([["full", 17]]),
    rejectedRequests: new Map([["nicks-too-fast", 18]]),
    evicted: new Map([["full", 20]]),
    members: 3,
    absent: 21,
    rooms: 4,
    stored: 5,
    unstored: 6,
    accounts: 14,
    logins: { right: 15, wrong: 16 },
    rejectedLogins: new Map([["busy", 19]]),
    traffic: { linesIn: 7, linesOut: 8, bytesOut: 9 },
    queued: 10,
    rounds: new Histogram([]),
    delay: 11,
    memory: { rss: 12, heapUsed: 13 },
  };
  const lines = renderAll(now).split("\n");
  const types = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ").slice(2).join(" "));
  const values = lines.filter((line) => line !== "" && !line.startsWith("#"));
  assertEquals(types, [
    "tincan_connections gauge",
    "tincan_disconnects_total counter",
    "tincan_refused_total counter",
    "tincan_evicted_total counter",
    "tincan_refusals_total counter",
    "tincan_members gauge",
    "tincan_absent_members gauge",
    "tincan_rooms gauge",
    "tincan_accounts gauge",
    "tincan_passwords_total counter",
    "tincan_denials_total counter",
    "tincan_messages_kept_total counter",
    "tincan_messages_refused_total counter",
    "tincan_messages_received_total counter",
    "tincan_deliveries_total counter",
    "tincan_sent_bytes_total counter",
    "tincan_outbox_bytes gauge",
    "tincan_event_loop_delay_seconds gauge",
    "process_resident_memory_bytes gauge",
    "tincan_heap_bytes gauge",
    "tincan_flush_duration_seconds histogram",
  ]);
  assertEquals(values.map((line) => Number(line.split(" ").at(-1))), [
    1,
    2,
    17,
    20,
    18,
    3,
    21,
    4,
    14,
    15,
    16,
    19,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    0,
    0,
    0,
  ]);
});
