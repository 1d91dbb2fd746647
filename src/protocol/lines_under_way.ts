/**
 * Upper bound on the lines of a session that are under way in a cluster: said, and not applied yet. The next line is read when
 * there are fewer, so a client that writes while the log cannot be reached is read no further.
 */
export const LINES_UNDER_WAY = 64;
