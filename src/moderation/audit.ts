/**
 * The audit log: a log line for each action of a server operator.
 */
import type { Member } from "../chat/member.ts";
import type { Log } from "../monitoring/log.ts";

/**
 * Logs an action of a server operator.
 *
 * @param action The log message: `banned`, `rehash`.
 * @param about The nickname, mask or room that the action concerns.
 */
export type Audit = (action: string, by: Member, about?: string) => void;

/** Returns an {@linkcode Audit} that writes warnings with the operator's nickname, operator name and peer address. */
export function auditTo(log: Pick<Log, "warn">): Audit {
  return (action, by, about) => {
    log.warn(action, { who: by.nick, operator: by.operatorName, peer: by.peer, about });
  };
}
