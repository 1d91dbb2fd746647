/** What the tests of moderation share: a server with bans and an audit log, and its operators. */
import { Bans } from "../../src/moderation/bans.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { type Client, type ProtocolFixture, test } from "./irc/harness.ts";
import type { ModerationContext } from "../../src/protocol/moderation.ts";
import { fakeModeration } from "./fake_moderation.ts";

/** The moderation of a server. */
export class ModeratedServer {
  readonly audits: string[] = [];
  readonly bans = new Bans();
  /** The members and peers that a ban has kept from connecting or from a nickname. */
  readonly rejected: string[] = [];
  /** How often clients were to be disconnected because of a ban. */
  disconnects = 0;
  /** Resolves when those clients are disconnected. */
  disconnected: Promise<unknown> = Promise.resolve();
  /** Whether the bans match the operator as well. */
  includesCaller = false;

  /** The entries of the audit log since the last call. */
  takeAudits(): string[] {
    return this.audits.splice(0);
  }

  /** Connects a server operator by IRC with capabilities. */
  async ircOperator(fixture: ProtocolFixture, ...capabilities: string[]): Promise<Client> {
    const root = await fixture.irc("root", ...capabilities);
    fixture.chat.setFlag(root.member, "operator", true);
    return root;
  }

  /** Connects a server operator by the text protocol. */
  async textOperator(fixture: ProtocolFixture, nick = "root"): Promise<Client> {
    const root = await fixture.text(nick);
    fixture.chat.setFlag(root.member, "operator", true);
    return root;
  }
}

/** Registers a test with such a server of its own. A ban there always claims to disconnect three clients. */
export function testModeration(
  name: string,
  run: (fixture: ProtocolFixture, server: ModeratedServer) => Promise<void>,
): void {
  let server = new ModeratedServer();
  test(name, (fixture) => run(fixture, server), () => {
    server = new ModeratedServer();
    const { audits, bans, rejected } = server;
    const chat = new LocalChat({
      history: new MemoryHistory(),
      serverBans: bans,
      policy: { banReason: (origin, account) => bans.findByOrigin(origin, account)?.reason },
      observer: { banned: (origin, { peer }) => void rejected.push(`${origin} ${peer}`) },
    });
    const makeBan: ModerationContext["makeBan"] = async (_by, ban) => {
      await chat.serverBans.add(ban);
      server.disconnects++;
      await server.disconnected;
      return { disconnected: 3, includesCaller: server.includesCaller };
    };
    return { chat, moderation: { ...fakeModeration(audits), bans, makeBan } };
  });
}
