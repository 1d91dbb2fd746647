/** The commands that are about nodes, and all commands that the log of a cluster contains. */
import type { Command } from "../chat/commands.ts";

/** A setting that all nodes of a cluster must have the same, by the name that an operator knows. */
export type Setting = readonly [name: string, value: string];

/** A checksum of the state after all batches up to a sequence. */
export interface Checksum {
  readonly sequence: number;
  readonly value: number;
}

/** A node that is declared gone: its incarnation, and the number of its last batch that the author knew. */
export interface Departed {
  readonly node: number;
  readonly last: number;
}

/** The commands that change which nodes take part. */
export type ClusterCommand =
  /**
   * A node joins: a batch of its own, of incarnation 0. The sequence of the batch is the incarnation of the node.
   *
   * `nonce`: chosen at random, so that the node knows its own. `name`: empty for one that is made of its number. `version`: of
   * tincan. `codec`: the newest version of the encoding that it knows. `founding`: its state is that of the cluster from now on.
   * `gone`: nodes that were silent for the lease while it said hello; as no node may live that could declare them gone.
   */
  | {
    readonly op: "hello";
    readonly nonce: string;
    readonly name: string;
    readonly version: string;
    readonly codec: number;
    readonly settings: readonly Setting[];
    readonly founding: boolean;
    readonly gone?: readonly Departed[] | undefined;
  }
  /** A node is alive. `checksum`: of its state at an earlier sequence. */
  | { readonly op: "beat"; readonly checksum?: Checksum | undefined }
  /**
   * A node is gone: its author has not heard it for the length of the lease, or is the node itself.
   *
   * `node`: its incarnation. `last`: the number of its last batch that the author knew; ignored if there is a later one.
   */
  | { readonly op: "gone"; readonly node: number; readonly last: number };

/** All commands of the log. */
export type LogCommand = Command | ClusterCommand;

/** Whether a command is about nodes, and not for the chat. */
export function isClusterCommand(command: LogCommand): command is ClusterCommand {
  return command.op === "hello" || command.op === "beat" || command.op === "gone";
}
