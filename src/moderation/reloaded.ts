/** What came of reading the files again that flags name. */
export interface Reloaded {
  /** What was read again: `motd`, `operators`, `password`, `certificate`. */
  readonly done: readonly string[];
  /** What was not, and why, in a sentence; what was read before stays in force. */
  readonly failed: readonly { readonly what: string; readonly why: string }[];
}
