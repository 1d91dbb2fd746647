import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { TokenBucket } from "../../src/util/token_bucket.ts";

/** Takes a token if there is one; else how long to wait for it. */
function take(bucket: TokenBucket, now: number): number {
  const wait = bucket.wait(now);
  if (wait === 0) bucket.take();
  return wait;
}

Deno.test("token bucket: allows the burst at once, and then the rate", () => {
  const bucket = new TokenBucket(10, 3, 1000);
  const given: number[] = [];
  for (let now = 1000; now <= 2000; now++) if (take(bucket, now) === 0) given.push(now);
  // Three at once (a millisecond each, as this test asks but once in one), then one every 100 ms.
  assertEquals(given.length, 3 + 10);
  assertEquals(given.slice(0, 3), [1000, 1001, 1002]);
});

Deno.test("token bucket: a token is available after the wait, and never more than burst and rate allow", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 1000, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.nat(500), { maxLength: 200 }),
      (rate, burst, pauses) => {
        const bucket = new TokenBucket(rate, burst, 0);
        let now = 0;
        let taken = 0;
        for (const pause of pauses) {
          now += pause;
          const wait = take(bucket, now);
          if (wait > 0) {
            now += wait;
            assertEquals(take(bucket, now), 0, "after the wait");
          }
          taken++;
          assert(taken <= burst + now * rate / 1000 + 0.001, `${taken} in ${now} ms`);
        }
      },
    ),
  );
});

Deno.test("token bucket: a clock that goes back neither adds nor removes tokens", () => {
  const bucket = new TokenBucket(10, 2, 1000);
  assertEquals(take(bucket, 1000), 0);
  assertEquals(take(bucket, 0), 0);
  assertEquals(take(bucket, 0), 100);
  assertEquals(take(bucket, 100), 0);
});

Deno.test("token bucket: there is no wait with an infinite burst or a very high rate", () => {
  for (const bucket of [new TokenBucket(10, Infinity, 0), new TokenBucket(1e9, 1, 0)]) {
    for (let i = 1; i < 1000; i++) assertEquals(take(bucket, i), 0);
  }
});
