import { assertEquals } from "@std/assert";
import { Histogram, label, render } from "../src/metrics.ts";

Deno.test("a metric has its help, its type, and a line for each value", () => {
  const values = () => [[label("door", "irc"), 2], [label("door", "web"), 0.5]] as const;
  const text = render({ name: "tincan_x", type: "gauge", help: "So many.", values });
  assertEquals(
    text,
    '# HELP tincan_x So many.\n# TYPE tincan_x gauge\ntincan_x{door="irc"} 2\ntincan_x{door="web"} 0.5\n',
  );
});

Deno.test("what is in a label cannot end it", () => {
  assertEquals(label("reason", 'a "b" \\ c\nd'), '{reason="a \\"b\\" \\\\ c\\nd"}');
});

Deno.test("a histogram counts what was at most each bound, the bound included, and all of it", () => {
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
