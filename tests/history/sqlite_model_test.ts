/** Compares the SQLite store with the history in memory, for random operations. */
import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { Ids } from "../../src/chat/ids.ts";
import { fold } from "../../src/chat/names.ts";
import type { HistoryStore, Line } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { queryTerms } from "../../src/util/tokenizer.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { both, Clock, MINUTE, NOON, Place, runMaintenance, said, whispered } from "./helpers.ts";

/** An operation on both stores. Ids are given by the number of a line, and an offset from its id. */
type Step =
  | { do: "say"; target: number; who: number; words: string[] }
  | { do: "commit" | "reopen" }
  | { do: "forget"; target: number }
  | { do: "wait"; time: number }
  | { do: "page"; target: number; after: Near; before: Near; first: boolean; count: number }
  | { do: "has"; target: number; id: Near }
  | { do: "search"; targets: number[]; words: string[]; from: number; after: Near; before: Near; count: number }
  | { do: "targets"; prefix: string };

type Near = readonly [line: number, off: number] | undefined;

const TARGETS = ["#a", "#b", "#a-b", "alice@host bob", "alice@host carol"];

const PEOPLE = ["alice", "Alice", "[b]`ob", "carol"];

/** Below this limit, lines are deleted at once, without a tolerance. */
const EXACT = 19;

const target = fc.nat(TARGETS.length - 1);

const near: fc.Arbitrary<Near> = fc.option(fc.tuple(fc.nat(20), fc.constantFrom(-1, 0, 1)), { nil: undefined });

const count = fc.constantFrom(0, 1, 2, 5, Infinity);

const words = fc.array(fc.constantFrom("tea", "Tea!", "the", '"', "AND", "été", "今日", "a_b", "👍"), {
  minLength: 1,
  maxLength: 5,
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("say"), target, who: fc.nat(PEOPLE.length - 1), words }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("commit") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("reopen") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget"), target }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("wait"),
      time: fc.constantFrom(-30, 10, 45, 120).map((time) => time * MINUTE),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("page"), target, after: near, before: near, first: fc.boolean(), count }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("has"), target, id: near }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("search"),
      targets: fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
      words: words.map((some) => some.slice(0, 2)),
      from: fc.integer({ min: -3, max: PEOPLE.length - 1 }),
      after: near,
      before: near,
      count,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("targets"),
      prefix: fc.constantFrom("", "#", "#a", "alice@host ", "never"),
    }),
  },
);

Deno.test("sqlite: results equal those of the history in memory for random operations", async () => {
  using clock = new Clock();
  const steps = fc.array(step, { maxLength: 60, size: "max" });
  const retention = fc.record({
    age: fc.constantFrom(Infinity, 60 * MINUTE),
    lines: fc.constantFrom(Infinity, 1, 4, EXACT),
  });
  const property = fc.asyncProperty(steps, retention, async (steps, retention) => {
    using place = new Place();
    clock.now = NOON;
    const model = new MemoryHistory(retention);
    const ids = new Ids(0);
    let history = await place.open(retention);
    let pending: { target: string; line: Line }[] = [];
    const given: number[] = [];
    const idNear = (near: Near) => near && given.length > 0 ? given[near[0] % given.length]! + near[1] : undefined;
    const commit = () => {
      assertEquals(history.commit(), pending.length > 0);
      for (const { target, line } of pending) model.add(target, line);
      pending = [];
      runMaintenance(history);
    };
    for (const step of steps) {
      if (step.do === "say") {
        const target = TARGETS[step.target]!;
        const speech = { id: ids.next(clock.now), who: PEOPLE[step.who]! };
        const text = step.words.join(" ");
        const line = target.startsWith("#") ? said(target, text, speech) : whispered("bob", text, speech);
        given.push(line.id);
        history.add(target, line);
        pending.push({ target, line });
        continue;
      }
      if (step.do === "forget") {
        const target = TARGETS[step.target]!;
        for (const each of [history, model]) each.deleteTarget(target);
        pending = pending.filter((each) => each.target !== target);
        continue;
      }
      if (step.do === "reopen") {
        history = await place.open(retention);
        pending = [];
        runMaintenance(history);
        continue;
      }
      commit(); // like the chat before it reads
      switch (step.do) {
        case "wait":
          clock.now += step.time;
          for (const each of [history, model]) runMaintenance(each);
          break;
        case "page": {
          const { first, count } = step;
          const range = { after: idNear(step.after), before: idNear(step.before), first, count };
          assertEquals(...both(history, model, (each) => each.page(TARGETS[step.target]!, range)));
          break;
        }
        case "has": {
          const id = idNear(step.id) ?? 1;
          assertEquals(...both(history, model, (each) => each.has(TARGETS[step.target]!, id)));
          break;
        }
        case "search": {
          const query = {
            terms: queryTerms(step.words.join(" ")),
            from: step.from < 0 ? undefined : fold(PEOPLE[step.from]!),
            after: idNear(step.after),
            before: idNear(step.before),
            count: step.count,
          };
          const rooms = step.targets.map((n) => TARGETS[n]!);
          assertEquals(...both(history, model, (each) => runToEnd(each.search(rooms, query))));
          break;
        }
        case "targets": {
          const inOrder = (each: HistoryStore) =>
            runToEnd(each.targets(step.prefix)).sort((a, b) => a.line.id - b.line.id);
          assertEquals(...both(history, model, inOrder));
        }
      }
    }
    commit();
    for (const target of TARGETS) {
      assertEquals(...both(history, model, (each) => each.page(target, { count: Infinity })));
    }
  });
  await fc.assert(property, { numRuns: 60 });
});
