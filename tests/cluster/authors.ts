/** Logs under load: authors who append numbered batches, and a check that none is lost. */
import { assert, assertEquals } from "@std/assert";
import type { RecordedLog } from "./helpers.ts";

/** Appends numbered batches to a log until it is stopped. */
export class Author {
  /** How many appends are over. */
  over = 0;
  readonly log: RecordedLog;
  readonly name: string;
  readonly #work: Promise<void>;
  #stopped = false;
  #progress = Promise.withResolvers<void>();

  constructor(log: RecordedLog, name: string) {
    this.log = log;
    this.name = name;
    this.#work = this.#run();
  }

  /** Resolves when so many more appends are over. */
  async appends(count: number): Promise<void> {
    const end = this.over + count;
    while (this.over < end) await this.#progress.promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.log.append(`${this.name}:${this.over + 1}`);
      this.over++;
      this.#progress.resolve();
      this.#progress = Promise.withResolvers();
    }
  }
}

/** Checks that logs were handed the same, and that of each author everything is there once: as the applier counts. */
export async function checkAll(authors: readonly Author[], logs: readonly RecordedLog[]): Promise<void> {
  for (const author of authors) await author.stop();
  const last = Math.max(...logs.map((log) => log.last));
  await Promise.all(logs.map((log) => log.until(() => log.last >= last)));
  const [first, ...others] = logs;
  assertEquals(first!.batches.findIndex(({ sequence }, index) => sequence !== index + 1), -1);
  for (const other of others) {
    assertEquals(other.batches.length, first!.batches.length);
    const difference = other.batches.findIndex(({ sequence, text }, index) => {
      return sequence !== index + 1 || text !== first!.batches[index]!.text;
    });
    assertEquals(difference, -1, `the batches at ${difference} differ`);
  }
  // An applier ignores a batch whose number is not the next of its author: one that is stored twice.
  const counts = new Map<string, number>();
  let duplicates = 0;
  for (const text of first!.texts) {
    const [name = "", number] = text.split(":");
    const next = (counts.get(name) ?? 0) + 1;
    if (Number(number) === next) counts.set(name, next);
    else duplicates++;
    assert(Number(number) <= next, `${text} comes before ${name}:${next}`);
  }
  for (const { name, over } of authors) assertEquals([name, counts.get(name)], [name, over]);
  const resent = authors.reduce((sum, { log }) => sum + log.log.resent, 0);
  assert(duplicates <= resent, `${duplicates} duplicates after ${resent} batches were sent again`);
  for (const log of logs) assertEquals(log.error, undefined);
}
