/** Users who stay in the chat without a session, as protocols see them. */
import type { AlwaysOn, AlwaysOnPolicy, AlwaysOnStatus } from "./always_on.ts";
import type { Answer } from "./answer.ts";
import type { CommandOf, Op, Results } from "./commands.ts";
import type { Member, Session } from "./member.ts";
import { requireScope } from "./scope.ts";
import type { Sized } from "./state.ts";

/** Which accounts are always on, and the members without a session. */
export interface AlwaysOnUsers {
  /** Which accounts may be always on. */
  readonly policy: AlwaysOnPolicy;
  /** The members without a session: their accounts are always on. */
  readonly absent: Sized<Member>;
  /** Whether an account, in any case, is always on, and what it has chosen. */
  status(account: string): AlwaysOnStatus;
  /**
   * Has the account of a member stay in the chat without a session, or not; `undefined` for the default of the server.
   *
   * @throws {ChatError} `account-required` or `absent-full`
   */
  choose(member: Member, choice: boolean | undefined): Answer<void>;
  /** Notes whether a person is at a session. A member without such a session is shown as away. */
  attend(session: Session, on: boolean): Answer<void>;
  /**
   * Removes some of the members without a session that were last here before a time, in milliseconds since 1970.
   *
   * @returns Whether there may be more.
   */
  expire(before: number): Answer<boolean>;
}

/** Submits the commands. */
export class AuthoredAlwaysOnUsers implements AlwaysOnUsers {
  readonly #state: AlwaysOn;
  readonly #submit: <O extends Op>(command: CommandOf<O>) => Answer<Results[O]>;

  /** @param submit Submits a command. @throws {ChatError} if it is rejected. */
  constructor(state: AlwaysOn, submit: <O extends Op>(command: CommandOf<O>) => Answer<Results[O]>) {
    this.#state = state;
    this.#submit = submit;
  }

  get policy(): AlwaysOnPolicy {
    return this.#state.policy;
  }

  get absent(): Sized<Member> {
    return this.#state.absent;
  }

  status(account: string): AlwaysOnStatus {
    return this.#state.status(account);
  }

  choose(member: Member, choice: boolean | undefined): Answer<void> {
    requireScope(member);
    return this.#submit({ op: "always-on", member: member.id, choice });
  }

  attend(session: Session, on: boolean): Answer<void> {
    if (session.attended !== on) return this.#submit({ op: "attend", session: session.id, on });
  }

  expire(before: number): Answer<boolean> {
    return this.#submit({ op: "expire", before });
  }
}
