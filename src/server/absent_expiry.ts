/** Removes users who are always on and have not been connected for a long time. */
import type { AlwaysOnUsers } from "../chat/always_on_users.ts";
import { ChatError } from "../chat/chat_error.ts";
import type { ExpiryClock } from "../util/trusted_clock.ts";

/** How often such users are looked for, in milliseconds. */
export const CHECK_INTERVAL = 60_000;

/** The delay before the next step when there are more, in milliseconds. */
export const STEP_DELAY = 20;

/** Removes such users from its construction until `stop`. */
export class AbsentExpiry {
  readonly #users: Pick<AlwaysOnUsers, "expire">;
  readonly #age: number;
  readonly #clock: Pick<ExpiryClock, "reached">;
  readonly #isOnDuty: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /**
   * @param age After what time they are removed, in milliseconds; Infinity for never.
   * @param clock Decides what time has passed.
   * @param isOnDuty Whether this node is to remove them.
   */
  constructor(
    users: Pick<AlwaysOnUsers, "expire">,
    age: number,
    clock: Pick<ExpiryClock, "reached">,
    isOnDuty: () => boolean,
  ) {
    this.#users = users;
    this.#age = age;
    this.#clock = clock;
    this.#isOnDuty = isOnDuty;
    if (age !== Infinity) this.#schedule(CHECK_INTERVAL);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delay: number) {
    this.#timer = setTimeout(() => void this.#run(), delay);
  }

  #expire() {
    try {
      return this.#isOnDuty() && this.#users.expire(this.#clock.reached() - this.#age);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error; // else too many commands of this node wait
      return false;
    }
  }

  async #run() {
    const more = this.#expire();
    // A command of a cluster may be lost: the next one is given in a minute.
    const delay = (more instanceof Promise ? await more.catch(() => false) : more) ? STEP_DELAY : CHECK_INTERVAL;
    if (!this.#stopped) this.#schedule(delay);
  }
}
