/** The chat of a single node: each command is applied at once. */
import { AuthoredChat } from "./authored_chat.ts";
import type { ChatOptions } from "./chat_options.ts";
import { ChatError } from "./chat_error.ts";
import type { CommandSink } from "./command_sink.ts";
import type { CommandOf, Op, Results } from "./commands.ts";
import type { Hub } from "./hub.ts";
import type { Endpoint } from "./member.ts";

/** Applies commands to the hub of this process. */
class LocalSink implements CommandSink {
  readonly #hub: Hub;
  readonly #context: { now: number; endpoint: Endpoint | undefined } = { now: 0, endpoint: undefined };
  #lastId: number;

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#lastId = hub.restored;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  submit<O extends Op>(command: CommandOf<O>, endpoint?: Endpoint): Results[O] {
    const context = this.#context;
    context.now = Date.now();
    context.endpoint = endpoint;
    const result = this.#hub.apply<O>(command, context);
    if (result instanceof ChatError) throw result;
    return result;
  }

  say(command: CommandOf<"say">): void {
    this.submit(command);
  }

  underWay(): undefined {}
}

/** The result of an `Answer` that is there at once. */
type Settled<R> = Exclude<R, Promise<unknown>>;

/** An object whose methods return their results at once. */
type Synchronous<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Settled<R> : T[K];
};

/** The parts of a chat by which members change something. */
type Part = "ignores" | "links" | "readMarkers" | "alwaysOn" | "lines";

/** The chat of a single node. The methods are documented in the interface `Chat`; all results are there at once. */
export type LocalChat =
  & Synchronous<Omit<AuthoredChat, Part>>
  & { [P in Part]: Synchronous<AuthoredChat[P]> };

// The cast says what the types cannot: that no answer is a promise if none of the sink is.
export const LocalChat = class extends AuthoredChat {
  constructor(options: ChatOptions) {
    super(options, (hub) => new LocalSink(hub));
  }
} as unknown as new (options: ChatOptions) => LocalChat;
