/** The options of a cluster, and the rules that hold between their flags. */
import { LogError } from "../cluster/log_error.ts";
import { readNatsServers } from "../cluster/log_servers.ts";
import { type CommandName, DEFAULT_COMMAND } from "./command_table.ts";
import { flagName, FLAGS, type FlagValues } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The longest line of the text protocol in a cluster, in bytes. Escaped, and with what is beside it, it fits into a batch of
 * commands.
 */
export const LINE_MAX = 64 * 1024;

/** The flags that say which cluster, and as which node. They are one option, `cluster`. */
const CLUSTER_FLAGS = ["clusterCreds", "clusterCa", "clusterName", "clusterReplicas", "node"] as const;

/** The names of the options that become {@linkcode ClusterOptions}. */
export type ClusterFlag = "cluster" | typeof CLUSTER_FLAGS[number];

/** The cluster to join. */
export interface ClusterOptions {
  /** URLs of NATS servers, separated by commas. They may contain a password: see `formatServers` for what to show. */
  readonly servers: string;
  /** The path of a `.creds` file. */
  readonly credsFile: string | undefined;
  /** The path of the certificate that the servers' certificates are checked with. */
  readonly caFile: string | undefined;
  readonly name: string;
  readonly replicas: number;
  /** The name of this node; `undefined` for one that the cluster gives. */
  readonly node: string | undefined;
}

/**
 * Reads the flags of a cluster.
 *
 * @param os The operating system.
 * @throws {UsageError} if a rule is broken. The message contains no credentials.
 */
export function clusterOptions(
  values: FlagValues,
  command: CommandName,
  os: string = Deno.build.os,
): ClusterOptions | undefined {
  const { cluster: servers, clusterCreds, clusterCa, clusterName, clusterReplicas, node } = values;
  if (servers === undefined) {
    const given = CLUSTER_FLAGS.find((name) => values[name] !== defaultOf(name));
    if (given !== undefined) throw new UsageError(`Cannot use --${flagName(given)}: it needs --cluster URL`);
    if (values.reusePort) throw new UsageError("Cannot use --reuse-port: it needs --cluster URL");
    return undefined;
  }
  if (command === "echo") throw new UsageError("Cannot use --cluster: the echo server has nothing to share");
  if (values.reusePort && os !== "linux") throw new UsageError("Cannot use --reuse-port: it needs Linux");
  if (command === DEFAULT_COMMAND && values.maxLine > LINE_MAX) {
    throw new UsageError("Cannot use --max-line: with --cluster, it must be at most 64KiB");
  }
  try {
    readNatsServers(servers);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new UsageError(`Cannot use --cluster: ${error.message.replace(/^I/, "i")}`);
  }
  return {
    servers,
    credsFile: clusterCreds,
    caFile: clusterCa,
    name: clusterName,
    replicas: clusterReplicas,
    node,
  };
}

function defaultOf(name: typeof CLUSTER_FLAGS[number]): unknown {
  const flag = FLAGS[name];
  return "default" in flag ? flag.reader.read(flag.default) : undefined;
}
