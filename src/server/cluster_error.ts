/** The error of a node that cannot join its cluster, or cannot stay in it. */
import { JoinError } from "../cluster/join.ts";
import { LogError } from "../cluster/log_error.ts";

/** The beginning of the message when the error is one at the start. */
const CANNOT_JOIN = "Cannot join the cluster: ";

/** A node cannot join its cluster, or cannot stay in it. The message is one line for the operator, without credentials. */
export class ClusterError extends Error {
  override name = "ClusterError";
}

/**
 * Runs an action that is a part of joining, and throws an error for the operator as a {@linkcode ClusterError}.
 *
 * @throws {ClusterError} if the log cannot be used, or the node cannot join.
 */
export async function withClusterErrors<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof JoinError) throw new ClusterError(error.message);
    if (!(error instanceof LogError)) throw error;
    throw new ClusterError(
      CANNOT_JOIN + error.message.replace(/^[CIT](?=annot |nvalid |he )/, (letter) => letter.toLowerCase()),
    );
  }
}
