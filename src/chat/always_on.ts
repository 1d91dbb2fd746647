/**
 * Always on: users who stay in the chat, in their rooms, without a session. An absent member is one without a session.
 *
 * Each account chooses for itself, as far as the server allows it. A choice is part of the state, like the members.
 */
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { SavedMember } from "./presence_store.ts";
import { RANKS } from "./modes.ts";

/** What the server allows: `off` for no account, `opt-in` for those that choose it, `on` for those that do not decline it. */
export const ALWAYS_ON_POLICIES = ["off", "opt-in", "on"] as const;
export type AlwaysOnPolicy = typeof ALWAYS_ON_POLICIES[number];

/** The most absent members, by default. */
export const ALWAYS_ON_MAX = 10_000;

/** The away message of a member without an attended session that has given none itself. */
export const ABSENT_MESSAGE = "Not connected";

/** The most members that one `expire` command removes: each tells all who share a room with it. */
export const EXPIRE_STEP = 8;

/** Whether an account is always on, and what it has chosen. */
export interface AlwaysOnStatus {
  /** The choice; `undefined` for the default of the server. */
  readonly choice: boolean | undefined;
  /** Whether its user stays in the chat without a session. */
  readonly on: boolean;
}

/** The choices of accounts, and the absent members. */
export class AlwaysOn {
  readonly policy: AlwaysOnPolicy;
  /** The members without a session, the one that left first first. */
  readonly absent = new Set<Member>();
  readonly #choices: Map<string, boolean>; // by folded account

  /** @param choices Those from an earlier run, by folded account. */
  constructor(policy: AlwaysOnPolicy, choices: Iterable<readonly [string, boolean]> = []) {
    this.policy = policy;
    this.#choices = new Map(choices);
  }

  /** Whether an account, in any case, is always on. */
  status(account: string): AlwaysOnStatus {
    const choice = this.#choices.get(fold(account));
    return { choice, on: this.policy !== "off" && (choice ?? this.policy === "on") };
  }

  /** Sets the choice of an account; `undefined` for the default. */
  choose(account: string, choice: boolean | undefined): void {
    if (choice === undefined) this.#choices.delete(fold(account));
    else this.#choices.set(fold(account), choice);
  }

  /** Removes all choices and absent members. */
  clear(): void {
    this.absent.clear();
    this.#choices.clear();
  }

  /** All choices, by folded account. */
  get choices(): ReadonlyMap<string, boolean> {
    return this.#choices;
  }
}

/** A member that is always on, as it is stored. */
export function savedMember(member: Member): SavedMember {
  const { account, nick, user, host, realname, bot, since, lastSeen, sessions } = member;
  const rooms = [...member.rooms.values()].map((room) => {
    return { name: room.name, ranks: RANKS.filter((rank) => room.ranks[rank].has(member)) };
  });
  const left = sessions.length === 0 ? lastSeen : undefined;
  return { account: account!, nick, user, host, realname, bot, since, lastSeen: left, rooms };
}
