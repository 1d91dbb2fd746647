/** The decisions that the chat leaves to other parts of the server: registered nicknames and server bans. */

/** Answers questions about nicknames and origins. All methods are called often and must not block. */
export interface Policy {
  /** Whether a nickname, in any case, belongs to an account and is closed to everyone else. */
  isRegistered(nick: string): boolean;
  /** The folded registered nickname that has this skeleton (see `names.ts`), if there is one. */
  registeredLike(skeleton: string): string | undefined;
  /** The reason of the server ban that `nick!user@host` or an account matches, if there is one. */
  banReason(origin: string, account: string | undefined): string | undefined;
}

/** No nickname is registered, and no origin is banned. */
export const OPEN_POLICY: Policy = {
  isRegistered: () => false,
  registeredLike: () => undefined,
  banReason: () => undefined,
};
