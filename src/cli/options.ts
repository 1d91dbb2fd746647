/**
 * The options of one run: the values of all flags, and the rules that hold between them.
 */
import { FILE_SIZE_MAX } from "../files/file_store.ts";
import { IRC_LINE_MAX } from "../protocol/irc/format.ts";
import { type ClusterFlag, type ClusterOptions, clusterOptions } from "./cluster_options.ts";
import type { FlagValues } from "./flags.ts";
import { type CommandName, commandRow } from "./command_table.ts";
import { UsageError } from "./usage_error.ts";

/** What the command line asks for. {@linkcode FlagValues} has an option for each flag; `Infinity` means no limit. */
export interface Options extends Omit<FlagValues, ClusterFlag> {
  readonly command: CommandName;
  /** The argument of the command, if it takes one and one is given. */
  readonly argument: string | undefined;
  /** The words after the argument, for a command that takes them. */
  readonly more: readonly string[];
  /** The cluster to join; `undefined` for a single node. */
  readonly cluster: ClusterOptions | undefined;
}

/**
 * How many of the longest lines fit into a client's send buffer, at least. All lines of one round are queued together,
 * with the nicknames around them.
 */
export const LINES_IN_BUFFER = 8;

/**
 * Returns the options of a command line, and checks the rules between them.
 *
 * @throws {UsageError} if one is broken.
 */
export function optionsOf(
  command: CommandName,
  argument: string | undefined,
  more: readonly string[],
  values: FlagValues,
): Options {
  const {
    cluster: _,
    clusterCreds: _creds,
    clusterCa: _ca,
    clusterName: _name,
    clusterReplicas: _count,
    node: _node,
    ...rest
  } = values;
  const options: Options = { command, argument, more, ...rest, cluster: clusterOptions(values, command) };
  checkOptions(options);
  return options;
}

function checkOptions(options: Options): void {
  const { command, account, data, tlsCert, tlsKey } = options;
  if (tlsCert !== undefined && tlsKey === undefined) {
    throw new UsageError("Cannot use --tls-cert: it needs --tls-key FILE");
  }
  if (tlsKey !== undefined && tlsCert === undefined) {
    throw new UsageError("Cannot use --tls-key: it needs --tls-cert FILE");
  }
  if (ports(options).every((port) => port === "off")) {
    throw new UsageError("Cannot use --port off: no port would be open");
  }
  if (data === undefined && commandRow(command).needsData) {
    throw new UsageError(`Cannot ${command}: it needs --data DIR`);
  }
  if (data === undefined && account !== undefined) {
    throw new UsageError("Cannot use --account: it needs --data DIR");
  }
  if (options.maxFile > FILE_SIZE_MAX) throw new UsageError("Cannot use --max-file: it must be at most 1GiB");
  if (options.maxFile > options.maxFiles) {
    throw new UsageError("Cannot use --max-file: it must not be larger than --max-files");
  }
  checkSendBuffer(options);
}

/** The ports that the command would open. */
function ports({ command, port, ircPort, webPort }: Options): (number | "off")[] {
  return command === "echo" ? [port] : [port, ircPort, webPort];
}

function checkSendBuffer({ command, ircPort, webPort, maxLine, maxTags, sendBuffer }: Options) {
  const hasIrc = command === "serve" && (ircPort !== "off" || webPort !== "off");
  const longest = { "--max-line": maxLine, [`(--max-tags + ${IRC_LINE_MAX})`]: hasIrc ? maxTags + IRC_LINE_MAX : 0 };
  for (const [line, bytes] of Object.entries(longest)) {
    if (sendBuffer >= LINES_IN_BUFFER * bytes) continue;
    throw new UsageError(`Cannot use --send-buffer: it must be at least ${LINES_IN_BUFFER} times ${line}`);
  }
}
