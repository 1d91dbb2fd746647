/**
 * Counts the timers of a program that is started with `deno run --preload` of this file. On SIGUSR2 it prints their number,
 * and whether the program has dropped its permissions, as it does after the warm-up.
 *
 * It counts timers made by the global functions, which are the only ones that tincan uses.
 */
const live = new Set<unknown>();
const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;

type Run = (...args: unknown[]) => void;

const counted: unknown[] = [
  (run: Run, time?: number, ...args: unknown[]) => {
    const timer: unknown = setTimeout(() => {
      live.delete(timer);
      run(...args);
    }, time);
    live.add(timer);
    return timer;
  },
  (run: Run, time?: number, ...args: unknown[]) => {
    const timer: unknown = setInterval(run, time, ...args);
    live.add(timer);
    return timer;
  },
  (timer: number) => {
    live.delete(timer);
    clearTimeout(timer);
  },
  (timer: number) => {
    live.delete(timer);
    clearInterval(timer);
  },
];
globalThis.setTimeout = counted[0] as typeof setTimeout;
globalThis.setInterval = counted[1] as typeof setInterval;
globalThis.clearTimeout = counted[2] as typeof clearTimeout;
globalThis.clearInterval = counted[3] as typeof clearInterval;

Deno.addSignalListener("SIGUSR2", () => {
  const { state } = Deno.permissions.querySync({ name: "net" });
  console.error(`timers=${live.size} warm=${state !== "granted"}`);
});
