/**
 * The record of who was refused in the chat what they may not do: who, from where, what about and why, and nothing of what
 * they said.
 *
 * Whoever only mistakes a name is not on it. Of each network the log has a few lines a minute; the next one says how many
 * were left out.
 */
import { LOGGED_MAX, LogLimiter } from "../accounts/login_throttle.ts";
import type { Caller } from "../accounts/auth.ts";
import type { ChatError, ChatErrorCode } from "../chat/chat_error.ts";
import type { Log } from "../monitoring/log.ts";
import { networksOf } from "../util/address_ranges.ts";

const MINUTE = 60_000;

/** What is on record, and whether what it is about is: a name that is nobody's can be a password. */
const ON_RECORD: ReadonlyMap<ChatErrorCode, "about" | "alone"> = new Map([
  ["nick-registered", "about"],
  ["nick-confusable", "alone"],
  ["banned", "about"],
  ["invite-only", "about"],
  ["wrong-key", "about"],
  ["cannot-speak", "about"],
  ["not-operator", "about"],
  ["not-server-operator", "alone"],
  ["muted", "alone"],
  ["stored-too-much", "alone"],
]);

/** Codes whose metric label and `reason` in the log are older than the code, and stay as dashboards know them. */
const LABELS: ReadonlyMap<ChatErrorCode, string> = new Map([
  ["nick-registered", "nick-owned"],
  ["cannot-speak", "may-not-speak"],
]);

/** See the head of this file. */
export class RejectionLog {
  /** How many there were, by the label of the code; of those, too, who did something too often. */
  readonly counts = new Map<string, number>();
  readonly #log: Pick<Log, "info">;
  readonly #allowance: LogLimiter;

  /** @param now When it is, in milliseconds, on a clock that is never set. */
  constructor(log: Pick<Log, "info">, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#allowance = new LogLimiter(LOGGED_MAX, MINUTE, { now });
  }

  /** Takes one: counts it, and puts it on record, if it is one that has a place there. */
  add({ address, peer, nick }: Caller, { code, subject }: ChatError): void {
    const how = ON_RECORD.get(code);
    if (how === undefined) return;
    this.count(code);
    const log = this.#allowance.take(networksOf(address));
    if (log === undefined) return;
    const about = how === "about" ? subject : undefined;
    this.#log.info("not allowed", { peer, nick, about, reason: labelOf(code), unlogged: log.missed || undefined });
  }

  /** Counts one. */
  count(code: ChatErrorCode): void {
    const label = labelOf(code);
    this.counts.set(label, (this.counts.get(label) ?? 0) + 1);
  }
}

function labelOf(code: ChatErrorCode): string {
  return LABELS.get(code) ?? code;
}
