/** The bans of the server, as far as commands change them. What they match is decided by the author of a command. */

/** A ban. */
export interface ServerBan {
  /** An IP address, a network (`10.0.0.0/8`), a mask (`nick!user@host`), or an account (`~a:alice`). */
  readonly what: string;
  /** The nickname of the server operator who made the ban. */
  readonly by: string;
  readonly reason: string;
  /** When it was made, and when it ends, in milliseconds since 1970; Infinity for a permanent ban. */
  readonly since: number;
  readonly until: number;
  /** The nickname of the user that was banned, if the ban was made from it: the ban can be lifted by it. */
  readonly nick?: string | undefined;
}

/** The bans of a node. Each node ends a ban by its own clock. */
export interface ServerBans {
  /** Adds a ban; replaces one of the same address, network, mask or account. */
  add(ban: ServerBan): void;
  /** Removes a ban; returns whether there was one. */
  remove(what: string): boolean;
}

/** Keeps no bans. */
export const NO_SERVER_BANS: ServerBans = { add: () => {}, remove: () => false };
