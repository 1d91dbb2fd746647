/**
 * Logs and counts requests that the chat rejects for want of permission: the member, the room or name, the error code, and
 * never what the member said.
 *
 * A mistyped name is not logged. Each network has a few log lines a minute; the next line says how many were left out.
 */
import type { Caller } from "../accounts/auth.ts";
import type { ChatError, ChatErrorCode } from "../chat/chat_error.ts";
import type { Log } from "../monitoring/log.ts";
import { LINES_PER_MINUTE, LogLimiter } from "../monitoring/log_limiter.ts";
import { networksOf } from "../util/address_ranges.ts";

/** The codes that are logged, and whether the subject is logged too: an unknown name may be a mistyped password. */
const LOGGED: ReadonlyMap<ChatErrorCode, "with subject" | "without subject"> = new Map([
  ["nick-registered", "with subject"],
  ["nick-confusable", "without subject"],
  ["banned", "with subject"],
  ["invite-only", "with subject"],
  ["wrong-key", "with subject"],
  ["cannot-speak", "with subject"],
  ["login-required", "with subject"],
  ["banned-nick", "without subject"],
  ["not-operator", "with subject"],
  ["not-owner", "with subject"],
  ["not-server-operator", "without subject"],
  ["muted", "without subject"],
  ["stored-too-much", "without subject"],
]);

/** Codes whose label in the metrics and `reason` in the log is older than the code: dashboards know it. */
const LABELS: ReadonlyMap<ChatErrorCode, string> = new Map([
  ["nick-registered", "nick-owned"],
  ["cannot-speak", "may-not-speak"],
]);

/** The rejected requests of a server. */
export class RejectionLog {
  /** How many requests were rejected, by the label of the code; those that came too often are counted here too. */
  readonly counts = new Map<string, number>();
  readonly #log: Pick<Log, "info">;
  readonly #limiter: LogLimiter;

  /** @param now The time in milliseconds, on a monotonic clock. */
  constructor(log: Pick<Log, "info">, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#limiter = new LogLimiter(LINES_PER_MINUTE, 60_000, { now });
  }

  /** Counts and logs an error, if its code is one that is logged. */
  add({ address, peer, nick }: Caller, { code, subject }: ChatError): void {
    const logged = LOGGED.get(code);
    if (logged === undefined) return;
    this.count(code);
    const line = this.#limiter.take(networksOf(address));
    if (line === undefined) return;
    const about = logged === "with subject" ? subject : undefined;
    this.#log.info("not allowed", { peer, nick, about, reason: labelOf(code), unlogged: line.missed || undefined });
  }

  /** Counts an error without logging it. */
  count(code: ChatErrorCode): void {
    const label = labelOf(code);
    this.counts.set(label, (this.counts.get(label) ?? 0) + 1);
  }
}

function labelOf(code: ChatErrorCode): string {
  return LABELS.get(code) ?? code;
}
