/** The type of a row in the table of flags: see `flags.ts`. */
import type { Reader } from "./readers.ts";

/** One flag. */
export interface Flag {
  /** Placeholder for the value in `--help`; empty for a switch, which is given without a value. */
  readonly value: string;
  readonly reader: Reader<unknown>;
  /**
   * What is read if neither the flag nor its variable is set, and not shown if it is empty. Without a default the option
   * is `undefined`.
   */
  readonly default?: string;
  /** What the flag sets: a few words for `--help`. */
  readonly help: string;
  /** What `docs/configuration.md` adds: whole sentences, in Markdown. */
  readonly details?: string;
  /** The only commands that take the flag; such a flag has no environment variable. */
  readonly commands?: readonly string[];
}

/** Rows of the table, by the name of their option. */
export type Flags = Readonly<Record<string, Flag>>;
