import { assert } from "@std/assert";
import { test } from "../e2e/forms.ts";
import { source, start } from "../e2e/harness.ts";
import { Churn } from "./churn.ts";

/** How many come before they stop. */
const CONNECTS = 200;

/** How long what the last ones have left may take to be over, in milliseconds: less than a reader that stalls has. */
const END_TIME = 20_000;

/** A program of which the timers are counted. */
const counted = {
  ...source,
  command: source.command.toSpliced(2, 0, `--preload=${new URL("timers.ts", import.meta.url).pathname}`),
};

test(
  "whoever comes and goes, in whatever manner, leaves no timer behind",
  async (form) => {
    const data = await Deno.makeTempDir();
    try {
      const unbound = ["--rate", "off", "--max-per-ip", "off", "--log-level", "warn"];
      await using server = await start(form, ["--data", data, "--send-buffer", "256KiB", ...unbound]);
      const timers = async () => {
        server.kill("SIGUSR2");
        const [, count, warm] = /timers=(\d+) warm=(\w+)/.exec(await server.logged(/^timers=/))!;
        return { count: Number(count), warm: warm === "true" };
      };
      let before = await timers();
      while (!before.warm) before = await timers();
      const churn = new Churn(server, 1);
      await churn.fill();
      const running = churn.run();
      let most = 0;
      while (churn.done.connects < CONNECTS) most = Math.max(most, (await timers()).count);
      churn.stop();
      await running;
      assert(most > before.count, "there were none to be left behind");
      const end = performance.now() + END_TIME;
      for (let { count } = await timers(); count > before.count; { count } = await timers()) {
        assert(performance.now() < end, `${count} timers, and there were ${before.count}`);
      }
    } finally {
      await Deno.remove(data, { recursive: true });
    }
  },
  Deno.build.os === "windows" ? "there is no SIGUSR2" : undefined,
  [counted],
);
