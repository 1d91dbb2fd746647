/** What a door needs so that server operators can keep order, where a test is about something else, or looks at it. */
import { Bans } from "../../src/moderation/bans.ts";
import type { ModerationContext } from "../../src/protocol/moderation.ts";

/** @param audits What is put on record goes there, a line each. */
export function orderly(audits: string[] = []): ModerationContext {
  return {
    bans: new Bans(),
    audit(what, { nick, operatorName }, about) {
      const who = operatorName === undefined ? nick : `${nick} (${operatorName})`;
      audits.push([what, who, about].filter((word) => word !== undefined).join(" "));
    },
    refused() {},
    stats: () => ["All is well."],
    reload: () => Promise.resolve({ done: ["motd"], failed: [] }),
    // deno-lint-ignore require-yield -- it stands in for steps, and has only one
    *disconnect() {
      return { disconnected: 0, includesCaller: false };
    },
  };
}
