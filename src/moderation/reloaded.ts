/** The result of reading the files again that flags name. */
export interface Reloaded {
  /** The files that were read: `motd`, `operators`, `password`, `certificate`. */
  readonly done: readonly string[];
  /** The files that could not be used, each with the reason in a sentence; their earlier contents stay in use. */
  readonly failed: readonly { readonly what: string; readonly why: string }[];
}
