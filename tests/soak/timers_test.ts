import { assert } from "@std/assert";
import { test } from "../e2e/forms.ts";
import { source, start } from "../e2e/harness.ts";
import { Churn, CHURN_FLAGS } from "./churn.ts";

/** Connections before the load is stopped. */
const CONNECTS = 200;

/** The time within which the timers of closed connections must end, in milliseconds: less than the timeout of a stalled reader. */
const END_TIME = 20_000;

/** The program with its timers counted. */
const counted = {
  ...source,
  command: source.command.toSpliced(2, 0, `--preload=${new URL("timers.ts", import.meta.url).pathname}`),
};

test(
  "timers: none remain after clients have connected and disconnected in various ways",
  async (form) => {
    const data = await Deno.makeTempDir();
    try {
      await using server = await start(form, ["--data", data, ...CHURN_FLAGS, "--log-level", "warn"]);
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
      assert(most > before.count, "no timers were set during the load");
      for (const [kind, count] of Object.entries(churn.done)) assert(count > 0, `no ${kind} during the load`);
      const lines = await (await fetch(`http://127.0.0.1:${server.webPort}/rooms/churn?limit=500`)).text();
      for (const kind of ['"reply_to":', '"reactions":', '"deleted_by":', "one\\n\\ntwo", "one\\ntwo", "/small.bin"]) {
        assert(lines.includes(kind), `no ${kind} during the load`);
      }
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
