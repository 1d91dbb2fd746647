/** The moderation that tests give to protocols. */
import { Bans } from "../../src/moderation/bans.ts";
import type { ModerationContext } from "../../src/protocol/moderation.ts";

/** @param audits Receives the entries of the audit log. */
export function fakeModeration(audits: string[] = []): ModerationContext {
  return {
    bans: new Bans(),
    audit(what, { nick, operatorName }, about) {
      const who = operatorName === undefined ? nick : `${nick} (${operatorName})`;
      audits.push([what, who, about].filter((word) => word !== undefined).join(" "));
    },
    rejected() {},
    stats: () => ["All is well."],
    reload: () => Promise.resolve({ done: ["motd"], failed: [] }),
    // deno-lint-ignore require-yield -- the type demands a generator, and this fake has nothing to wait for
    *disconnect() {
      return { disconnected: 0, includesCaller: false, done: Promise.resolve() };
    },
  };
}
