/**
 * The table of commands: what each does and which argument it takes.
 */

/** One command. */
interface CommandRow {
  /** What it does, for `--help`. */
  readonly help: string;
  /** The argument that follows it, for `--help`; without it there is none. */
  readonly argument?: string;
  /** Whether more words may follow the argument. */
  readonly takesMore?: boolean;
  /** Whether it works on the directory of `--data`. */
  readonly needsData?: boolean;
}

/** All commands, the default first. */
const COMMAND_TABLE = {
  serve: { help: "run the chat server; the default" },
  connect: {
    argument: "[TARGET]",
    takesMore: true,
    help: "chat here: HOST[:PORT], a URL or an invite link; a #ROOM may follow",
  },
  echo: { help: "run an echo server that answers every line with Hello, world!" },
  passwd: {
    argument: "NAME",
    help: "ask for a password and print a line for the file of --operators",
  },
  token: {
    argument: "ACTION",
    takesMore: true,
    needsData: true,
    help: "list NAME, add NAME DEVICE [read] [#ROOM], revoke NAME N: tokens in --data",
  },
  export: { needsData: true, help: "write the messages in --data to stdout" },
  import: { needsData: true, help: "read messages from stdin, as written by export --format jsonl, into --data" },
  forget: { argument: "NAME", needsData: true, help: "delete all messages of NAME from --data, and the account" },
} as const satisfies Readonly<Record<string, CommandRow>>;

/** The name of a command. */
export type CommandName = keyof typeof COMMAND_TABLE;

/** The command that runs if none is named. */
export const DEFAULT_COMMAND: CommandName = "serve";

/** The rows of the table, in the order of `--help`. */
export const COMMAND_ROWS: readonly (readonly [name: string, row: CommandRow])[] = Object.entries(COMMAND_TABLE);

/** Returns the row of a command. */
export function commandRow(name: CommandName): CommandRow {
  return COMMAND_TABLE[name];
}

/** Whether there is a command of that name. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMAND_TABLE, name);
}
