/** The chat of a node of a cluster: its commands go through the log that all nodes share. */
import { AuthoredChat } from "../chat/authored_chat.ts";
import type { ChatOptions } from "../chat/chat_options.ts";
import type { NodeHistory } from "../chat/node_history.ts";
import type { SnapshotSection } from "../chat/snapshot_records.ts";
import { ChatReplica } from "./chat_replica.ts";
import { LogSink, type Own } from "./log_sink.ts";
import { ClusterNode } from "./node.ts";
import type { NodeOptions } from "./node_options.ts";

/** What a chat of a cluster is made of. */
export interface ClusterChatOptions {
  readonly chat: ChatOptions;
  /** That of the chat, as a node uses it. */
  readonly history: NodeHistory;
  readonly node: Omit<NodeOptions<Own>, "replica">;
  /** What belongs to the state of the cluster beside members and rooms. */
  readonly sections: readonly SnapshotSection[];
}

/** The chat of a node. It can be used once `cluster` has joined. */
export class ClusterChat extends AuthoredChat {
  /** This node. */
  readonly cluster: ClusterNode<Own>;

  constructor({ chat, history, node: options, sections }: ClusterChatOptions) {
    const { node, createSink } = prepare(history, options, sections);
    super(chat, createSink);
    this.cluster = node();
  }

  /** The node with the lowest number is on duty. */
  override get onDuty(): boolean {
    return this.cluster.isOnDuty;
  }
}

/** The node needs the hub, which is created with the chat. */
function prepare(
  history: NodeHistory,
  options: ClusterChatOptions["node"],
  sections: readonly SnapshotSection[],
) {
  let node: ClusterNode<Own> | undefined;
  return {
    node: () => node!,
    createSink: (hub: ConstructorParameters<typeof LogSink>[0]): LogSink => {
      const replica = new ChatReplica(hub, history, sections);
      const joined = (number: number) => {
        sink.node = number;
        options.events.joined?.(number);
      };
      node = new ClusterNode({ ...options, replica, events: { ...options.events, joined } });
      const sink = new LogSink(hub, node);
      return sink;
    },
  };
}
