/**
 * Many inputs, in batches of which each has a world of its own and a seed; what breaks one is made as small as it can be.
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

/** How many inputs there are in a world before everybody leaves it. */
export const BATCH = 400;

/** The most names that can be owned there: so few that there are too many at times. */
const NAMES_MAX = 6;

/** How long a case may take to be made small, in milliseconds: one that is slow itself is kept as it is by then. */
const SMALLEST_TIME = 20_000;

/** After how many inputs the world is looked at as a whole. */
const CHECK = 20;

/** How often something is of each level: the ones that are near to what the doors understand find most. */
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

/** What a world is like. */
export interface Kind {
  /** Whether what is said outlives the process there … */
  readonly lasting: boolean;
  /** … whether names can be owned … */
  readonly accounts?: boolean;
  /** … and whether everybody has to say a password first. */
  readonly locked?: boolean;
}

/** A case that breaks something, as it is kept in `cases/`. */
export interface Case extends Kind {
  /** What was broken. */
  readonly what: string;
  readonly inputs: readonly Input[];
}

/** What came of some batches. */
export interface Outcome {
  readonly inputs: number;
  /** Lines that clients were told. */
  readonly told: number;
  /** In seconds. */
  readonly took: number;
  /** The input that took longest, in milliseconds. */
  readonly slowest: number;
  readonly cases: readonly Case[];
}

/** The inputs of a batch. */
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

/** What kind of world the batch of a seed is of: all kinds take turns. */
export function kindOf(seed: number): Kind {
  return { lasting: (seed & 3) === 0, accounts: (seed & 4) !== 0, locked: (seed & 8) !== 0 };
}

/** Does inputs in a world of their own. Returns what they break, if they do. */
export async function replay(
  inputs: readonly Input[],
  { lasting, accounts = false, locked = false }: Kind,
  count: (world: World) => void = () => {},
): Promise<string | undefined> {
  const history: HistoryStore = lasting ? new LastingHistory() : new MemoryHistory();
  await using office = accounts ? await AuthFixture.open({ ...World.auth(locked), max: NAMES_MAX }) : undefined;
  office?.file.db.exec("PRAGMA synchronous = OFF"); // nothing here has to survive anything
  const world = new World(history, office?.auth ?? new AuthService(World.auth(locked)));
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
        if (office?.log.some((line) => line.includes(secret))) throw new Broken("a password is on record");
      }
    }
    await world.end();
    count(world);
    await new Promise((resolve) => setImmediate(resolve)); // what is unhandled shows itself by then
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
 * @param seed Of the first; each one more for the next.
 * @param enough Asked after each whether there were enough of them.
 * @param onBatch Told of each before it is run.
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
      // Where the machine was busy with something else it is not slow a second time; all else is the same each time.
      if (what?.startsWith(SLOW) && await replay(made, kind) === undefined) continue;
      if (what !== undefined) cases.push(await smallest(made, kind, what));
    }
    return { inputs, told, took: (performance.now() - began) / 1000, slowest, cases };
  });
}

/** The fewest inputs that still break something, and the shortest (delta debugging). */
async function smallest(inputs: readonly Input[], kind: Kind, what: string): Promise<Case> {
  const end = performance.now() + SMALLEST_TIME;
  const breaks = async (some: readonly Input[]) => performance.now() < end && await replay(some, kind) !== undefined;
  let kept = inputs;
  for (let size = kept.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < kept.length;) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await breaks(fewer)) kept = fewer;
      else at += size;
    }
  }
  for (let i = 0; i < kept.length; i++) {
    const [slot, kind, data] = kept[i]!;
    if (kind === "leave" || kind === "wait") continue;
    let short: string = data as string;
    for (let size = short.length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < short.length;) {
        const shorter = short.slice(0, at) + short.slice(at + size);
        const tried = kept.with(i, [slot, kind, shorter]);
        if (await breaks(tried)) {
          kept = tried;
          short = shorter;
        } else at += size;
      }
    }
  }
  return { what: await replay(kept, kind) ?? what, ...kind, inputs: kept };
}

function grammar(slot: number): (random: Random) => string {
  return SLOTS[slot] === "text" ? textCommand : ircCommand;
}
