/** The maintenance of an SQLite file, in short steps: its tasks take turns. */
import type { CheckpointTable } from "./checkpoint_table.ts";
import type { FileTable } from "./file_table.ts";
import type { LineLimit } from "./line_limit.ts";
import type { Purge } from "./purge.ts";
import type { SizeLimit } from "./size_limit.ts";
import type { Statements } from "./statements.ts";
import type { Sweep } from "./sweep.ts";
import type { TargetDeletion } from "./target_deletion.ts";
import type { Usage } from "./usage.ts";
import type { WordIndex } from "./word_index.ts";

/** How long one step may enforce the limits of lines and size, in milliseconds. The part that runs then is finished. */
const STEP_TIME = 2;

/** How many free pages the file may have before it is vacuumed, and how many pages one step vacuums. */
const FREE_PAGES = 256;
const VACUUM_STEP = 32;

/** The parts that need maintenance. */
interface MaintainedParts {
  readonly sql: Statements;
  readonly index: WordIndex;
  readonly usage: Usage;
  readonly sweep: Sweep;
  readonly lineLimit: LineLimit;
  readonly sizeLimit: SizeLimit;
  readonly targetDeletion: TargetDeletion;
  readonly checkpoints: CheckpointTable;
  readonly files: FileTable;
  readonly purge: Purge;
}

/** Runs the steps. Errors are those of SQLite. */
export class MaintenanceSteps {
  readonly #parts: MaintainedParts;
  #isVacuuming = false;
  #skipLimits = false; // whether the next step leaves the limits out, so that other work is not delayed for ever
  #nextTask = 0; // tasks take turns: some of them always have something to do

  constructor(parts: MaintainedParts) {
    this.#parts = parts;
  }

  /** Whether more is stored than the limits allow. */
  get overdue(): boolean {
    const { lineLimit, sizeLimit, files } = this.#parts;
    return lineLimit.overdue || sizeLimit.overdue || files.overdue;
  }

  /** Runs one step: see `HistoryStore.runStep`. */
  run(onRoomExpired: (room: string) => void): boolean {
    const { index, usage, sweep, lineLimit, sizeLimit, targetDeletion, checkpoints, files, purge } = this.#parts;
    const merge = () => index.mergeStep();
    const tasks = [
      merge, // between all others, as each of them may add a segment to the index
      () => index.indexStep(),
      merge,
      () => usage.countStep(),
      merge,
      () => sweep.runStep(onRoomExpired),
      merge,
      () => this.#vacuum(),
      merge,
      () => targetDeletion.runStep(),
      merge,
      () => checkpoints.runStep(),
      merge,
      () => files.runStep(),
      merge,
      () => purge.runStep(),
    ];
    const end = performance.now() + STEP_TIME;
    while (lineLimit.runStep() || sizeLimit.runStep()) {
      if (performance.now() < end) continue;
      this.#skipLimits = !this.#skipLimits;
      if (this.#skipLimits) return true;
      break;
    }
    const more = tasks.some(() => tasks[this.#nextTask++ % tasks.length]!());
    return more || this.overdue || targetDeletion.hasPending;
  }

  /** Gives some free pages back to the disk; returns whether there are more. */
  #vacuum(): boolean {
    const { sql, checkpoints } = this.#parts;
    const free = sql.pragma("freelist_count") - Math.ceil(checkpoints.size / sql.pragma("page_size"));
    this.#isVacuuming = free > (this.#isVacuuming ? 0 : FREE_PAGES);
    if (this.#isVacuuming) sql.all(`PRAGMA incremental_vacuum(${VACUUM_STEP})`); // `get` would free one page only
    return this.#isVacuuming;
  }
}
