/** Nodes of a cluster for tests of accounts: each has a hub and a database of its own, and all apply the commands of one log. */
import type { Accounts } from "../../src/accounts/accounts.ts";
import { AuthService } from "../../src/accounts/auth.ts";
import type { CommandOf, Op, Results } from "../../src/chat/commands.ts";
import type { ChatError } from "../../src/chat/chat_error.ts";
import type { DirectorySink } from "../../src/chat/directory.ts";
import { Hub } from "../../src/chat/hub.ts";
import type { Endpoint } from "../../src/chat/member.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { openAccounts } from "../../src/cli/accounts.ts";
import { Database } from "../../src/history/database.ts";
import { IgnoreTable } from "../../src/history/ignore_table.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { cheap } from "./helpers.ts";

/** When the log begins, in milliseconds since 1970. */
export const START = 1_800_000_000_000;

/** One node. */
export class Node implements Disposable {
  readonly file = Database.inMemory();
  readonly ignores = new IgnoreTable(this.file);
  readonly accounts: Accounts;
  readonly auth: AuthService;
  readonly hub: Hub;

  constructor(max?: number) {
    this.accounts = openAccounts(this.file, {
      ...{ secret: new Uint8Array(32), derive: cheap, iterations: 1, now: () => START },
      ...(max === undefined ? {} : { max }),
    });
    this.auth = new AuthService({ accounts: this.accounts });
    const { directory } = this.accounts;
    this.hub = new Hub({
      history: new MemoryHistory(),
      keepPrivate: "all",
      limits: { maxRooms: 9, maxJoined: 9, maxSessions: 9, maxAbsent: 9 },
      reserved: [],
      policy: {
        isRegistered: (nick) => directory.isRegistered(nick),
        registeredLike: (look) => directory.registeredLike(look),
      },
      directory,
      ignores: this.ignores,
      observer: NO_OBSERVER,
      alwaysOn: "opt-in",
      now: START,
    });
  }

  /** Applies a command. Returns the error if it is rejected. */
  apply<O extends Op>(command: CommandOf<O>, now = START, endpoint?: Endpoint): Results[O] | ChatError {
    return this.hub.apply<O>(command, { now, endpoint });
  }

  /** All accounts with what belongs to them. */
  records(): unknown[] {
    return [...this.accounts.directory.snapshot.take()];
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** Two nodes whose commands wait until the test has them applied, in an order that it chooses. */
export class TwoNodes implements Disposable {
  readonly nodes: readonly [Node, Node];
  /** For each node, what it has appended. */
  readonly #waiting: [(() => void)[], (() => void)[]] = [[], []];
  /** Whether commands are applied at once. */
  #isDirect = false;

  constructor(max?: number) {
    this.nodes = [new Node(max), new Node(max)];
    this.nodes.forEach(({ accounts }, i) => {
      const submit: DirectorySink["submit"] = (command) => {
        const apply = () => this.nodes.map((node) => node.apply(command))[i] as never;
        if (this.#isDirect) return apply();
        return new Promise((resolve) => this.#waiting[i]!.push(() => resolve(apply())));
      };
      accounts.submitTo({ submit });
    });
  }

  /** Runs a request on each node; when both have appended a command, the one of node `first` is applied first. */
  async race<T>(request: (node: Node, i: number) => Promise<T>, first: number): Promise<PromiseSettledResult<T>[]> {
    const running = Promise.allSettled(this.nodes.map(request));
    while (this.#waiting.some((commands) => commands.length === 0)) await new Promise((resolve) => setTimeout(resolve));
    for (const i of [first, 1 - first]) this.#waiting[i]!.shift()!();
    return await running;
  }

  /** Runs a request on the first node, and has its commands applied at once. */
  async run<T>(request: (node: Node) => Promise<T>): Promise<T> {
    this.#isDirect = true;
    try {
      return await request(this.nodes[0]);
    } finally {
      this.#isDirect = false;
    }
  }

  [Symbol.dispose](): void {
    for (const node of this.nodes) node[Symbol.dispose]();
  }
}
