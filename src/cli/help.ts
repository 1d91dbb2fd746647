/**
 * The text of `--help`, made from the tables of commands and flags.
 */
import type { Flag } from "./flag.ts";
import { FLAG_GROUPS, flagName, variableName } from "./flags.ts";
import { COMMAND_ROWS } from "./command_table.ts";

/** The width of the first column, in characters. */
const NAMES_WIDTH = 23;

/** Returns the text of `--help`, without a newline at its end. Its lines have at most 100 characters. */
export function helpText(): string {
  const lines = [
    "tincan – a chat server for nc, telnet, IRC clients and browsers, all in the same rooms",
    "",
    "Usage: tincan [COMMAND] [FLAGS]",
    "",
    "Commands:",
    ...COMMAND_ROWS.map(([name, { argument = "", help }]) => row(`${name} ${argument}`, help)),
  ];
  for (const [title, flags] of Object.entries(FLAG_GROUPS)) {
    lines.push("", `${title}:`, ...Object.entries(flags).map(([name, flag]) => flagRow(name, flag)));
  }
  lines.push("", "Other:", row("-h, --help", "show this help"), row("-V, --version", "show the version"), "");
  lines.push(`Environment variables set flags too: ${variableName("maxLine")} stands for --${flagName("maxLine")}.`);
  return lines.join("\n");
}

function flagRow(name: string, flag: Flag): string {
  const shown = shownDefault(flag);
  return row(`--${flagName(name)} ${flag.value}`, shown === undefined ? flag.help : `${flag.help} [${shown}]`);
}

/** The default as it is shown to people; `undefined` for none, for an empty list and for a switch. */
export function shownDefault({ default: byDefault, value }: Flag): string | undefined {
  return value === "" ? undefined : byDefault || undefined;
}

function row(names: string, help: string): string {
  return `  ${names.padEnd(NAMES_WIDTH)} ${help}`;
}
