/** Limits of accounts and logins that the command line names: it loads them without the code that enforces them. */

/** The most accounts, by default. */
export const ACCOUNTS_MAX = 10_000;

/** After how many wrong passwords a client is disconnected, by default. */
export const FAILURES_MAX = 3;
