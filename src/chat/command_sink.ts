/** Where the commands of this process go: to its own hub at once, or first to the log that the nodes of a cluster share. */
import type { Answer } from "./answer.ts";
import type { CommandOf, Op, Results } from "./commands.ts";
import type { Endpoint, Session } from "./member.ts";

/** Takes commands. */
export interface CommandSink {
  /** Chooses the id of a session or a member: no other one in the whole chat has had it. */
  nextId(): number;
  /**
   * Has a command applied.
   *
   * @param endpoint For `connect`: how the client is reached.
   * @returns The result.
   * @throws {ChatError} if it is rejected, at once or by the promise.
   */
  submit<O extends Op>(command: CommandOf<O>, endpoint?: Endpoint): Answer<Results[O]>;
  /**
   * Has a line said. If it is rejected later, `session.handlers.rejected` is called.
   *
   * @throws {ChatError} if it is rejected at once.
   */
  say(command: CommandOf<"say">, session: Session | undefined): void;
  /** See `Chat.underWay`. */
  underWay(session: Session, most?: number): Promise<void> | undefined;
}
