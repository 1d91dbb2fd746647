/** The moderation that tests give to protocols. */
import { Bans } from "../../src/moderation/bans.ts";
import type { ModerationContext } from "../../src/protocol/moderation.ts";

/** @param audits Receives the entries of the audit log. */
export function fakeModeration(audits: string[] = []): ModerationContext {
  const bans = new Bans();
  return {
    bans,
    audit(what, { nick, operatorName }, about) {
      const who = operatorName === undefined ? nick : `${nick} (${operatorName})`;
      audits.push([what, who, about].filter((word) => word !== undefined).join(" "));
    },
    linkUrl: (code) => `https://chat.test/i/${code}`,
    rejected() {},
    stats: () => ["All is well."],
    reload: () => Promise.resolve({ done: ["motd"], failed: [] }),
    makeBan(_by, ban) {
      bans.add(ban);
      return Promise.resolve({ disconnected: 0, includesCaller: false });
    },
  };
}
