/** Opens the log of the cluster that the options name. */
import type { ClusterOptions } from "../cli/cluster_options.ts";
import { Log, type LogHandlers } from "../cluster/log.ts";

/** The contents of the files that the options of a cluster name; empty if there is none. */
export interface ClusterFiles {
  readonly creds: string;
  readonly ca: string;
}

/**
 * Opens the log. Its worker gets the permission to connect to the NATS servers, and keeps it. The process itself must still
 * have it, and from source also that to read, as the worker is a file.
 *
 * @param start Starts the worker; tests use other workers.
 * @throws {LogError} if the log cannot be used: see `withClusterErrors`.
 */
export function openLog(
  { servers, name, replicas }: ClusterOptions,
  { creds, ca }: ClusterFiles,
  handlers: LogHandlers,
  start?: Parameters<typeof Log.open>[2],
): Promise<Log> {
  return Log.open({ servers, cluster: name, replicas, creds, ca }, handlers, start);
}
