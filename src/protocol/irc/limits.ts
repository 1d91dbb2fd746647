/**
 * Limits on the parameters of commands, as RPL_ISUPPORT announces them.
 */

/** The most targets of PRIVMSG, NOTICE, TAGMSG and WHOIS. */
export const TARGETS_MAX = 4;

/** The most channels of NAMES: each can take many lines. */
export const NAMES_MAX = 4;

/** The most characters of a user name, its tilde included. A longer one is cut. */
export const USER_MAX = 10;

/** Upper bound on the messages in one response, by default. A request for more gets this many. */
export const HISTORY_MAX = 100;
