/**
 * Runs seeded batches of inputs, each in its own world, and reduces a failing batch to the smallest case.
 */
import { setImmediate } from "node:timers";
import { AuthService } from "../../src/accounts/auth.ts";
import type { HistoryStore } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { AuthFixture } from "../accounts/helpers.ts";
import { LastingHistory } from "../chat/helpers.ts";
import { Random } from "./random.ts";
import { SECRETS } from "./secrets.ts";
import { webBytes } from "./web_words.ts";
import { anyLine, ircCommand, latin1, mutated, scene, textCommand } from "./words.ts";
import { Broken, type Input, SLOTS, SLOW, withClock, World } from "./world.ts";

/** The inputs of a batch, after which all clients leave. */
export const BATCH = 400;

/** The limit of accounts: low enough to be reached. */
const NAMES_MAX = 6;

/** The time limit of the reduction of a case, in milliseconds: a slow case is stored as far as it is reduced by then. */
const SMALLEST_TIME = 20_000;

/** The inputs between two consistency checks of the world. */
const CHECK = 20;

/** The kinds of input with their weights: those close to the protocols find most. */
const LEVELS: readonly (readonly [often: number, make: (random: Random, slot: number) => Input[]])[] = [
  [60, (random, slot) => [[slot, "line", grammar(slot)(random)]]],
  [4, (random, slot) => scene(random, SLOTS[slot]!).map((line) => [slot, "line", line])],
  [15, (random, slot) => [[slot, "line", anyLine(random)]]],
  [20, (random, slot) => [[slot, "bytes", latin1(mutated(random, grammar(slot)))]]],
  [4, (random, slot) => [[slot, "web", webBytes(random)]]],
  [1, (_, slot) => [[slot, "leave"]]],
  [1, (random, slot) => [[slot, "wait", random.pick([1, 1000, 60_000, 86_400_000])]]],
];
const ALL = LEVELS.reduce((sum, [often]) => sum + often, 0);

/** The configuration of a world. */
export interface Kind {
  /** Whether the history is persistent. */
  readonly lasting: boolean;
  /** Whether there are accounts. */
  readonly accounts?: boolean;
  /** Whether there is a server password. */
  readonly locked?: boolean;
  /** Whether the chat answers later, as in a cluster. */
  readonly delayed?: boolean;
}

/** A failing case, as it is stored in `cases/`. */
export interface Case extends Kind {
  /** The failure. */
  readonly what: string;
  readonly inputs: readonly Input[];
}

/** The result of several batches. */
export interface Outcome {
  readonly inputs: number;
  /** Lines sent to clients. */
  readonly told: number;
  /** In seconds. */
  readonly took: number;
  /** The time of the slowest input, in milliseconds. */
  readonly slowest: number;
  readonly cases: readonly Case[];
}

/** The inputs of the batch with a seed. */
export function batch(seed: number): Input[] {
  const random = new Random(seed);
  const inputs: Input[] = [];
  while (inputs.length < BATCH) {
    let left = random.int(ALL);
    const [, make] = LEVELS.find(([often]) => (left -= often) < 0)!;
    inputs.push(...make(random, random.int(SLOTS.length)));
  }
  return inputs;
}

/** The configuration for a seed: successive seeds cycle through all of them. */
export function kindOf(seed: number): Kind {
  return { lasting: (seed & 3) === 0, accounts: (seed & 4) !== 0, locked: (seed & 8) !== 0, delayed: seed % 5 === 4 };
}

/** Runs inputs in a new world. Returns the failure, if there is one. */
export async function replay(
  inputs: readonly Input[],
  { lasting, accounts = false, locked = false, delayed = false }: Kind,
  count: (world: World) => void = () => {},
): Promise<string | undefined> {
  const history: HistoryStore = lasting ? new LastingHistory() : new MemoryHistory();
  await using fixture = accounts ? await AuthFixture.open({ ...World.auth(locked), max: NAMES_MAX }) : undefined;
  fixture?.file.db.exec("PRAGMA synchronous = OFF"); // nothing has to survive a crash
  const world = new World(history, fixture?.auth ?? new AuthService(World.auth(locked)), fixture, delayed);
  let unhandled: string | undefined;
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled ??= `a rejection was not handled: ${event.reason?.stack ?? event.reason}`;
  };
  globalThis.addEventListener("unhandledrejection", onUnhandled);
  try {
    for (const [i, input] of inputs.entries()) {
      await world.take(input);
      if (i % CHECK !== 0) continue;
      world.check();
      for (const secret of Object.values(SECRETS)) {
        if (fixture?.log.some((line) => line.includes(secret))) throw new Broken("a password is in the log");
      }
    }
    await world.end();
    count(world);
    await new Promise((resolve) => setImmediate(resolve)); // unhandled rejections have been reported by then
    return unhandled;
  } catch (error) {
    return error instanceof Broken ? error.message : `something was thrown: ${(error as Error).stack}`;
  } finally {
    globalThis.removeEventListener("unhandledrejection", onUnhandled);
    history.close();
  }
}

/**
 * Runs batches.
 *
 * @param seed The seed of the first batch; it increases by one for each.
 * @param enough Called with the number of inputs so far; ends the campaign when it returns true.
 * @param onBatch Called with the seed of each batch before it runs.
 */
export function campaign(
  seed: number,
  enough: (inputs: number) => boolean,
  onBatch: (seed: number) => void = () => {},
): Promise<Outcome> {
  return withClock(async () => {
    const began = performance.now();
    const cases: Case[] = [];
    let [inputs, told, slowest] = [0, 0, 0];
    for (; !enough(inputs) && cases.length < 10; seed++) {
      onBatch(seed);
      const made = batch(seed);
      const kind = kindOf(seed);
      const what = await replay(made, kind, (world) => {
        told += world.told;
        slowest = Math.max(slowest, world.slowest);
      });
      inputs += made.length;
      // A second run is not slow when only the machine was busy; everything else is deterministic.
      if (what?.startsWith(SLOW) && await replay(made, kind) === undefined) continue;
      if (what !== undefined) cases.push(await smallest(made, kind, what));
    }
    return { inputs, told, took: (performance.now() - began) / 1000, slowest, cases };
  });
}

/** Reduces inputs to the fewest and shortest that still fail (delta debugging). */
async function smallest(inputs: readonly Input[], kind: Kind, what: string): Promise<Case> {
  const end = performance.now() + SMALLEST_TIME;
  const breaks = async (some: readonly Input[]) => performance.now() < end && await replay(some, kind) !== undefined;
  let reduced = inputs;
  for (let size = reduced.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < reduced.length;) {
      const fewer = [...reduced.slice(0, at), ...reduced.slice(at + size)];
      if (await breaks(fewer)) reduced = fewer;
      else at += size;
    }
  }
  for (let i = 0; i < reduced.length; i++) {
    const [slot, kind, data] = reduced[i]!;
    if (kind === "leave" || kind === "wait") continue;
    let short: string = data as string;
    for (let size = short.length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < short.length;) {
        const shorter = short.slice(0, at) + short.slice(at + size);
        const tried = reduced.with(i, [slot, kind, shorter]);
        if (await breaks(tried)) {
          reduced = tried;
          short = shorter;
        } else at += size;
      }
    }
  }
  return { what: await replay(reduced, kind) ?? what, ...kind, inputs: reduced };
}

function grammar(slot: number): (random: Random) => string {
  return SLOTS[slot] === "text" ? textCommand : ircCommand;
}
