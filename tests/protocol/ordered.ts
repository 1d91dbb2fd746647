/** A server on which order is kept, for tests of how: its bans, what was put on record, and who runs it. */
import { Bans } from "../../src/moderation/bans.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import type { Steps } from "../../src/protocol/time_slicer.ts";
import { type Chat, type Client, test } from "./irc/harness.ts";
import { orderly } from "./orderly.ts";

/** See the head of this file. */
export class Station {
  readonly audits: string[] = [];
  readonly bans = new Bans();
  /** Who was refused as they are banned, and where they were. */
  readonly turnedAway: string[] = [];
  /** How often everybody who is banned was to be disconnected. */
  putOuts = 0;
  /** Whether whoever wants that is banned themselves. */
  own = false;

  /** What was put on record since the last time. */
  recorded(): string[] {
    return this.audits.splice(0);
  }

  /** Lets somebody in who is a server operator, by IRC with capabilities … */
  async root(chat: Chat, ...capabilities: string[]): Promise<Client> {
    const root = await chat.irc("root", ...capabilities);
    chat.hub.setFlag(root.member, "operator", true);
    return root;
  }

  /** … or by the text door. */
  async textRoot(chat: Chat): Promise<Client> {
    const root = await chat.text("root");
    chat.hub.setFlag(root.member, "operator", true);
    return root;
  }
}

/** Registers a test with such a server of its own. Whoever is put out there, it says that it was three. */
export function ordered(name: string, run: (chat: Chat, station: Station) => Promise<void>): void {
  let station = new Station();
  test(name, (chat) => run(chat, station), () => {
    station = new Station();
    const { audits, bans, turnedAway } = station;
    const hub = new LocalChat({
      history: new MemoryHistory(),
      policy: { banReason: (origin) => bans.ofOrigin(origin)?.reason },
      observer: { banned: (origin, { peer }) => void turnedAway.push(`${origin} ${peer}`) },
    });
    // deno-lint-ignore require-yield -- it stands in for steps, and has only one
    const disconnect = function* () {
      station.putOuts++;
      return { gone: 3, own: station.own };
    };
    return { chat: hub, moderation: { ...orderly(audits), bans, disconnect } };
  });
}

/** What steps come to in the end, when nothing comes between them. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done = false, value } = steps.next();
    if (done) return value as T;
  }
}
