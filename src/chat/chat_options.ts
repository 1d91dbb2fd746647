/** What a chat is made of, and its default limits. */
import type { AlwaysOnPolicy } from "./always_on.ts";
import type { KeepPrivate } from "./conversations.ts";
import type { Directory } from "./directory.ts";
import type { IgnoreStore } from "./ignore_lists.ts";
import type { ChatObserver } from "./observer.ts";
import type { LinkRegistry } from "./invite_links.ts";
import type { Policy } from "./policy.ts";
import type { ServerBans } from "./server_bans.ts";
import type { StorageLimits } from "./storage_limit.ts";
import type { HistoryStore } from "./store.ts";
import type { ExpiryClock } from "../util/trusted_clock.ts";

/** The most rooms that a member can be in, by default. */
export const ROOMS_MAX = 50;

/** The most sessions that a member can have, by default. */
export const SESSIONS_MAX = 10;

/** The most rooms, by default. */
export const ROOMS_TOTAL = 10_000;

/** What a chat is made of. */
export interface ChatOptions {
  /** Stores lines and rooms. */
  readonly history: HistoryStore;
  /** Whose private messages are stored; those between accounts by default. */
  readonly keepPrivate?: KeepPrivate;
  /** For how long authors may delete their lines, in milliseconds; Infinity for always, 0 for never. `REDACT_TIME` by default. */
  readonly redactTime?: number | undefined;
  /** The most rooms. {@linkcode ROOMS_TOTAL} by default. */
  readonly maxRooms?: number;
  /** The most rooms that a member can be in. {@linkcode ROOMS_MAX} by default. */
  readonly maxJoined?: number;
  /** The most sessions that a member can have. {@linkcode SESSIONS_MAX} by default. */
  readonly maxSessions?: number;
  /** Which accounts may stay in the chat without a session; `opt-in` by default. */
  readonly alwaysOn?: AlwaysOnPolicy;
  /** The most members without a session. {@linkcode ALWAYS_ON_MAX} by default. */
  readonly maxAbsent?: number;
  /** How often a member may change its nickname in a minute. No limit by default. */
  readonly renames?: number;
  /** How many rooms a network may create in an hour. No limit by default. */
  readonly roomsMade?: number;
  /** How much each network and account may have stored by a persistent history. No limit by default. */
  readonly storage?: StorageLimits | undefined;
  /** Nicknames that no member may have, such as the server's name. */
  readonly reserved?: readonly string[];
  /** Registered nicknames and server bans. None by default. */
  readonly policy?: Partial<Policy>;
  /** The accounts. Which nicknames are registered is asked here, unless the policy says it. */
  readonly directory?: Directory | undefined;
  /** Stores the ignore lists of accounts. Without it, they end with the connection. */
  readonly ignores?: IgnoreStore | undefined;
  readonly observer?: Partial<ChatObserver>;
  /** The bans of the server, to be changed. Which clients they reject, the policy decides. None are kept by default. */
  readonly serverBans?: ServerBans | undefined;
  /** The invite links; there are none at first by default. */
  readonly links?: LinkRegistry | undefined;
  /** Its monotonic time ends mutes. */
  readonly clock?: ExpiryClock;
}
