import { assertEquals } from "@std/assert";
import { LogLimiter, MISSED_MAX } from "../../src/monitoring/log_limiter.ts";

Deno.test("log limiter: each network has its own limit, and the lines left out are counted", () => {
  const clock = { time: 0, now: () => clock.time };
  const limiter = new LogLimiter(2, 1000, clock);
  const take = (name: string) => limiter.take([name]);
  assertEquals([take("a"), take("a")], [{ missed: 0 }, { missed: 0 }]);
  assertEquals([take("a"), take("a")], [undefined, undefined]);
  assertEquals(take("b"), { missed: 0 });
  clock.time = 1000;
  assertEquals([take("a"), take("a"), take("a")], [{ missed: 2 }, { missed: 0 }, undefined]);
});

Deno.test("log limiter: the oldest count is forgotten when there are too many networks", () => {
  const clock = { time: 0, now: () => clock.time };
  const limiter = new LogLimiter(1, 1000, clock);
  for (const name of ["a", "a"]) limiter.take([name, "all"]);
  for (let n = 0; n < MISSED_MAX + 3; n++) limiter.take([`${n}`, "all"]); // three of them are logged
  clock.time = 10_000;
  assertEquals([limiter.take(["a", "all"]), limiter.take(["3", "all"])], [{ missed: 0 }, { missed: 1 }]);
});
