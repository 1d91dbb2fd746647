/**
 * Counts the timers that a program has: `deno run --preload` has this run first. On SIGUSR2 it says how many there are, and
 * whether the program has given up what it may do, as it does once it is warm.
 *
 * Those are counted that are made by the globals, as all of tincan's are.
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
