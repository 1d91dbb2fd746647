/** The session as commands of the text protocol see it. */
import type { Room } from "../../chat/room.ts";
import type { AccountContext } from "../accounts.ts";
import type { ModerationContext } from "../moderation.ts";
import type { TimeSlicer } from "../time_slicer.ts";
import type { ReactionFolds } from "./reaction_folds.ts";

/** Takes the lines of a client, in place of the session. */
export interface LineTaker {
  /** Takes a line, which may be empty. A promise keeps the next one waiting. */
  take(line: string): Promise<void> | void;
  /** A line was too long, and is lost. */
  tooLong(): void;
  /** The user has pressed Ctrl-C. */
  cancel(): void;
  /** No further line comes: it was replaced, or the client has disconnected. */
  close(): void;
}

/** What commands may use of a session. */
export interface CommandContext extends AccountContext {
  readonly moderation: ModerationContext;
  readonly slicer: TimeSlicer;
  /** The reactions that are not shown yet. */
  readonly folds: ReactionFolds | undefined;
  /** The networks of the client, the widest first: they share the time of the slicer. */
  readonly networks: readonly string[];
  /** Upper bound on the characters of one reply. */
  readonly answerMax: number;
  /** The room that the member is in. On the text port it is one at a time. */
  readonly room: Room;
  /** The registered nickname that was rejected last. `/login PASSWORD` means it. */
  rejectedNick: string | undefined;
  /** Whether the user was told that a password on the line is visible. */
  warnedOfPassword: boolean;
  /** Whether lines begin with the time. */
  showTimes: boolean;

  /** Sets whether the client is sent its own lines, whether or not its terminal shows them. */
  chooseEcho(on: boolean): void;

  /**
   * Asks the client for a secret. The next line is the answer, and is hidden where telnet can hide it; an empty line
   * cancels the request.
   *
   * @param prompt A sentence, such as `Password, please:`.
   * @param then May throw what a command may throw.
   */
  askSecret(prompt: string, then: (secret: string) => Promise<void> | void): void;
  /**
   * Has the next lines given to a taker, until it is replaced by `undefined`.
   *
   * `take` may throw what a command may throw.
   */
  setTaker(taker: LineTaker | undefined): void;
  /** Sends lines to this client alone. */
  reply(lines: readonly string[]): void;
  /** Puts the time before a message, if the client wants times. */
  withTimes(lines: string | string[]): string[];
  /**
   * Moves the member to another room.
   *
   * @param key The key of the room, if it has one.
   * @throws {ChatError} as `Chat.join`
   */
  enter(name: string, key?: string): Promise<void>;
  /**
   * Leaves the chat and closes the connection.
   *
   * @throws {ChatError} `reason-too-long` or `text-too-long`
   */
  quit(reason?: string): Promise<void>;
}
