/** What a committed transaction of the database survives. */

/** `normal` the end of the process, `full` a power cut as well. */
export const SYNCS = ["normal", "full"] as const;
export type Sync = typeof SYNCS[number];
