import { setImmediate } from "node:timers";
import type { Clock } from "../../src/transport/line_connection.ts";

/** A clock that shows how long connections have waited: each wait takes no real time, and advances it. */
export class VirtualClock implements Clock {
  /** The sum of all waits that have begun, in milliseconds. */
  time = 0;

  now(): number {
    return this.time;
  }

  callAfter(milliseconds: number, callback: () => void): () => void {
    this.time += milliseconds;
    let cancelled = false;
    setImmediate(() => cancelled || callback());
    return () => cancelled = true;
  }
}
