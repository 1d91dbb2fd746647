/**
 * What a command sees of the session that runs it.
 */
import type { AuthError, AuthService, Caller, Login } from "../../accounts/auth.ts";
import type { Chat } from "../../chat/chat.ts";
import type { ChatEvent } from "../../chat/events.ts";
import type { Member, Session } from "../../chat/member.ts";
import type { Room } from "../../chat/room.ts";
import type { AccountContext } from "../accounts.ts";
import type { Lane, Outcome, Steps } from "../time_slicer.ts";
import type { Capability } from "./capabilities.ts";
import type { Handshake } from "./handshake.ts";
import type { IrcOptions } from "./options.ts";
import type { IrcMessage } from "./parser.ts";
import type { Replies } from "./replies.ts";

/** The client of a command, registered or not, and how to reply to it. */
export interface IrcContext extends Replies {
  readonly options: IrcOptions;
  readonly chat: Chat;
  readonly auth: AuthService;
  /** The client in the chat, once it has registered. */
  readonly session: Session | undefined;
  /** Its user. A login or logout may give it another one. */
  readonly member: Member | undefined;
  readonly handshake: Handshake;
  /** The capabilities that the client has enabled. */
  readonly capabilities: Set<Capability>;
  /** The client, for the auth service and its log. */
  readonly caller: Caller;
  /** The account that the client is logged in to, if any. */
  readonly account: string | undefined;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
  /** Returns a batch reference that is unique on this connection. */
  nextBatch(): string;
  /** Registers the client if it has sent all that is needed, and sends the welcome. */
  register(): Promise<void>;
  /** Logs the client in. */
  login(login: Login): Promise<void>;
  /** Counts a failed login; closes the connection after too many. */
  countFailure(error: AuthError): void;
  /**
   * Sends ERROR and closes the connection.
   *
   * @param ending The reason in the log. It must not contain what users have written.
   * @param text The reason for the client, if it is another.
   */
  close(ending: string, text?: string): void;
}

/** The registered client of a command. */
export interface MemberContext extends IrcContext {
  readonly session: Session;
  readonly member: Member;
  /** The client, for the account commands that all protocols share. */
  readonly accountContext: AccountContext;
  /** Whether the client was told how to read the history. */
  historyHintSent: boolean;
  /** The id from which on the client was sent the lines of a channel; none where it is not known. */
  readonly sentFrom: WeakMap<Room, number>;
  /**
   * Whether a command may be interrupted after a part of its response. One with a label may not: its response is sent as
   * a whole, and events from others would precede it.
   */
  readonly interruptible: boolean;
  /** Sends an event to the client as part of the response. */
  tell(event: ChatEvent): void;
  /** Runs a part of a command whose events are part of the response, as far as they are sent before `run` returns. */
  inResponse<T>(run: () => T): T;
  /** Runs a part of a command whose events are no part of the response. */
  outsideResponse<T>(run: () => T): T;
  /** Applies a command of the client that was under way: see `SessionHandlers.applying`. */
  applying(apply: () => void): void;
  /** Runs a part of a command in the time slicer, in `inResponse`. Gives `undefined` if the connection is closed first. */
  inSlice<W>(lane: Lane, work: () => W): Outcome<W> | undefined | Promise<Outcome<W> | undefined>;
}

/** Whether the client of a command has registered. */
export function isRegistered(context: IrcContext): context is MemberContext {
  return context.session !== undefined;
}

/**
 * Runs a command. The client's next line waits for a promise. Steps, which need a lane in the table of commands, are run in
 * slices of time.
 */
export type CommandHandler<Context> = (
  context: Context,
  params: readonly string[],
  message: IrcMessage,
) => void | Promise<void> | Steps<void | Promise<void>>;
