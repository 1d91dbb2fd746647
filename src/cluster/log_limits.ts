/** Limits of the log: sizes in bytes, times in milliseconds. */

/** The largest batch. The stream rejects larger ones from other programs, too. */
export const BATCH_MAX = 512 * 1024;

/** The room for the headers of a batch. */
export const HEADERS_MAX = 1024;

/** How far ahead of the next batch others may wait for it, and the most bytes of them. */
export const EARLY_MAX = 1024;
export const EARLY_BYTES_MAX = 8 * 1024 * 1024;

/** The most batches, and the most bytes of them, that the main thread has not handled yet. */
export const UNHANDLED_MAX = 256;
export const UNHANDLED_BYTES_MAX = 8 * 1024 * 1024;

/** The most missing batches that are fetched at the same time, and the bytes of them, by the size of those before. */
export const FETCHES_MAX = 256;
export const FETCH_BYTES_MAX = 8 * 1024 * 1024;

/** How long the main thread hands out batches before it lets other events in. */
export const SLICE = 4;

/** The largest question to a peer, and the largest chunk of an answer. */
export const CHUNK_MAX = 512 * 1024;

/** The largest answer of a peer: a snapshot of 100,000 clients has 14 MB. */
export const ANSWER_MAX = 64 * 1024 * 1024;

/** The most questions to peers at the same time; the most questions of peers that are answered at the same time. */
export const QUESTIONS_MAX = 16;
export const ANSWERS_MAX = 4;

/** How long a peer may take for the next chunk, or for asking for it. */
export const CHUNK_TIMEOUT = 5000;

/** How long the log may deliver nothing before it counts as silent. */
export const SILENCE = 3000;

/** How long opening the stream may take, and beginning to follow it. */
export const OPEN_TIMEOUT = 10_000;
