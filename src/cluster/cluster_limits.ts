/** Limits of nodes and their work on the log: counts, sizes in bytes, times in milliseconds. */

/** The most nodes that live at the same time. */
export const NODES_MAX = 64;

/** The most commands of a node, and the most bytes of them, that wait for the log. */
export const COMMANDS_QUEUED_MAX = 20_000;
export const COMMANDS_QUEUED_BYTES_MAX = 16 * 1024 * 1024;

/** How often a node appends a beat. */
export const BEAT_INTERVAL = 500;

/** How many of its own beats a node must be handed back without a batch of another node, before it declares that one gone. */
export const LEASE_BEATS = 10;

/** How often a node stores a checkpoint. */
export const CHECKPOINT_INTERVAL = 30_000;

/** How long applying, removing a node, and taking a snapshot may block the event loop. */
export const APPLY_SLICE = 4;

/** The most sequences for which a node remembers its checksum: those with beats. */
export const CHECKSUMS_MAX = 1024;

/** The factor of a sequence in a position: more than a batch has commands. */
export const POSITIONS_PER_BATCH = 2 ** 13;

/** How long a node that joins watches the log for other nodes: longer than the lease. */
export const WATCH_TIME = 8_000;

/** How long a node that joins tries to get a snapshot of other nodes that live. */
export const SNAPSHOT_TIMEOUT = 60_000;

/** How long it waits before it asks again. */
export const ASK_INTERVAL = 250;

/** How long a node waits for a name that another living node has: that may be itself, before a restart. */
export const NAME_TIMEOUT = 15_000;

/** How far the clock of a node may be ahead of those of the others: the time of the log never goes back. */
export const CLOCK_AHEAD_MAX = 60_000;

/** How long a node that leaves waits until the log has taken its last commands. */
export const LEAVE_TIMEOUT = 3_000;
