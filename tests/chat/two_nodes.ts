/** Two nodes of a cluster: hubs that are given the same commands, and each have clients of their own. */
import { assert, assertEquals } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { CommandOf, Op, Results } from "../../src/chat/commands.ts";
import { Hub, type HubOptions } from "../../src/chat/hub.ts";
import type { Identity, Member, Outlet, Session } from "../../src/chat/member.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { IDENTITY, spell } from "./helpers.ts";

/** When the first command is given, in milliseconds since 1970. */
export const START = 1_800_000_000_000;

/** A client: what it was sent, until its connection was closed. */
export class NodeClient implements Outlet {
  readonly peer = "192.0.2.1:5";
  /** Identifies its session and its first member. */
  readonly id: number;
  readonly #lines: string[] = [];

  constructor(id: number) {
    this.id = id;
  }

  send(lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  close(ending: string, words?: string): void {
    this.#lines.push(`closed ${ending}: ${words}`);
  }

  /** What it was sent since the last call. */
  take(): string[] {
    return this.#lines.splice(0);
  }
}

/** Two nodes, called 0 and 1. */
export class TwoNodes {
  now = START;
  readonly hubs: readonly [Hub, Hub];
  #lastId = 0;

  /** @param options Those of each node that are not the default. */
  constructor(...options: readonly Partial<HubOptions>[]) {
    const create = (node: number) =>
      new Hub({
        history: new MemoryHistory(),
        keepPrivate: "all",
        limits: { maxRooms: 100, maxJoined: 10, maxSessions: 10, maxAbsent: 10 },
        reserved: [],
        policy: { isRegistered: () => false, registeredLike: () => undefined },
        observer: NO_OBSERVER,
        alwaysOn: "opt-in",
        now: START,
        ...options[node],
      });
    this.hubs = [create(0), create(1)];
  }

  /** Gives both nodes a command, and returns its result on each. @throws {ChatError} if it is rejected. */
  apply<O extends Op>(command: CommandOf<O>): [Results[O], Results[O]] {
    const context = { now: this.now };
    return this.hubs.map((hub) => accepted(hub.apply<O>(command, context))) as [Results[O], Results[O]];
  }

  /** Connects a client to a node. */
  connect(node: 0 | 1, nick: string, identity: Partial<Identity> = {}): NodeClient {
    const client = new NodeClient(++this.#lastId);
    const command = { op: "connect", id: client.id, nick, identity: { ...IDENTITY, ...identity } } as const;
    const endpoint = { format: { render: spell }, outlet: client };
    for (const [each, hub] of this.hubs.entries()) {
      accepted(hub.apply<"connect">(command, { now: this.now, endpoint: each === node ? endpoint : undefined }));
    }
    return client;
  }

  /** The member of a client, as a node sees it. */
  member(node: 0 | 1, client: NodeClient): Member {
    return this.session(node, client).member;
  }

  /** The session of a client, as a node sees it. */
  session(node: 0 | 1, { id }: NodeClient): Session {
    for (const { sessions } of this.hubs[node].members) for (const each of sessions) if (each.id === id) return each;
    throw new Error(`no session ${id}`);
  }

  /** The nicknames of the members, which have to be the same on both nodes. */
  get nicks(): string[] {
    const [one, other] = this.hubs.map((hub) => [...hub.members].map(({ nick }) => nick));
    assertEquals(one, other);
    assert(one !== undefined);
    return one;
  }
}

function accepted<T>(result: T | ChatError): T {
  if (result instanceof ChatError) throw result;
  return result;
}
